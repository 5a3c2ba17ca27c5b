"""A report whose every name is an attack on the page that shows it."""

from __future__ import annotations

from dataclasses import replace

from kit.small_models import example, made
from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.segmentation.evaluation.report import Report
from tslab.segmentation.evaluation.scores import score
from tslab.segmentation.models.card import ModelCard, describe
from tslab.spans import Span

EVIL = "</title><script>alert(1)</script>"
QUOTED = "\"><img src=x onerror='alert(1)'>"
HOSTILE = Domain(
    name="evil",
    title="Evil",
    tiers=(
        Tier(name="state", kind="states", labels=(Label(name=EVIL), Label(name=QUOTED))),
        Tier(name="beat", kind="instants", labels=(Label(name="N"),)),
        Tier(name="event", kind="intervals", labels=(Label(name="Leak"),)),
    ),
    open_channels=True,
)


def hostile_report() -> Report:
    spans = [
        Span(0, 10, EVIL, "state"), Span(10, 20, QUOTED, "state"), Span(30, 30, "N", "beat"),
    ]  # fmt: skip
    said = [
        Span(0, 9, EVIL, "state", 0.9), Span(11, 25, EVIL, "state", 0.4),
        Span(30.1, 30.1, "N", "beat", 0.7),
    ]  # fmt: skip
    reviewed = {"state": [(0, 60)], "beat": [(0, 60)], "event": [(0, 60)]}
    found = score([TrainingExample(made(EVIL), spans, reviewed)], {EVIL: said}, HOSTILE)
    return replace(found, notes=[EVIL], method=f"held out {QUOTED}")


def hostile_card() -> ModelCard:
    settings = {EVIL: EVIL, "long": list(range(1000))}
    return describe(("level", "x"), [example()], (EVIL, "h", [QUOTED]), settings, {}, 1.0)
