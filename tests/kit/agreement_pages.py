"""Small studies for the page of agreement, and one whose every name is an attack on it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.measure import Agreement, measure
from tslab.agreement.page.input import PageInput, ReviewItem
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import GROUND_TRUTH, Intake, TierTable
from tslab.agreement.values import Readers
from tslab.contracts import Finding
from tslab.domain import Choice, RegionField, TaskField
from tslab.recording import Recording, Signal
from tslab.span_table import Extents, SpanTable
from tslab.spans import FieldValue

EVIL = "</script><img src=x onerror=alert(1)>"
QUOTED = "\"><script>alert('2')</script>\u2028"
LENGTH = 100.0
SECRETS = ("anna", "bert", "carl", "net 7", "ward-1", "ward-2", "ward-3", "Station 9")

Mark = tuple[int, int, int, float, float]
"""Task, annotator, label, start and end in seconds."""

MARKS: Sequence[Mark] = (
    (0, 0, 0, 10, 20), (0, 0, 1, 40, 60), (0, 1, 0, 12, 20), (0, 1, 1, 40, 50),
    (0, 2, 0, 10, 21), (0, 3, 0, 10, 20), (0, 4, 0, 10, 20), (0, 4, 1, 40, 60),
    (1, 0, 1, 5, 15), (1, 1, 0, 5, 15), (1, 1, 1, 30, 35), (1, 3, 1, 5, 15),
    (2, 0, 0, 1, 2), (2, 1, 0, 1, 2),
)  # fmt: skip


def table(
    names: tuple[Sequence[str], Sequence[str], Sequence[str]],
    marks: Sequence[Mark],
    seen: Sequence[tuple[int, int, float, float]] = (),
) -> SpanTable:
    """A table of marks; everybody reviewed everything unless told otherwise."""
    whole = [(t, a, 0.0, LENGTH) for t in range(len(names[0])) for a in range(len(names[1]))]
    stretches = np.array(seen or whole, float).reshape(-1, 4)
    columns = np.array(marks, float).reshape(-1, 5)
    return SpanTable.of(
        names,
        {
            **dict(zip(("task", "annotator", "label"), columns[:, :3].T.astype(int), strict=True)),
            "start": np.rint(columns[:, 3] * 1e6).astype(np.int64),
            "end": np.rint(columns[:, 4] * 1e6).astype(np.int64),
        },
        Extents.of(
            *stretches[:, :2].T.astype(int), *np.rint(stretches[:, 2:] * 1e6).astype(np.int64).T
        ),
    )


def ranges(
    tasks: Sequence[str] = ("ward-1", "ward-2", "ward-3"),
    people: Sequence[str] = ("anna", "bert", "carl"),
    model: str = "net 7",
    labels: Sequence[str] = ("rest", "walk", "never"),
) -> TierTable:
    """Three people, a model and the ground truth; the third one saw half of the first task."""
    readers = (*people, model, GROUND_TRUTH)
    seen = [(t, a, 0.0, LENGTH) for t in range(3) for a in (0, 1, 3, 4)] + [(0, 2, 0.0, 50.0)]
    made = table((tasks, readers, labels), MARKS, seen)
    return TierTable(
        "activity", "intervals", made, Readers(tuple(people), GROUND_TRUTH, (model,)), 0.01
    )


def answered(field: str = "certainty", task_field: str = "quality") -> TierTable:
    """Two people who answer about their regions and tasks; the second one leaves a number out."""
    tasks = [f"ward-{n}" for n in range(1, 7)]
    marks = [(t, who, 0, 10.0 + who, 20.0) for t in range(6) for who in (0, 1)]
    made = table((tasks, ("anna", "bert"), ("rest",)), marks)
    said: dict[int, dict[str, FieldValue]] = {}
    for row, (task, who) in enumerate(
        zip(made.task.tolist(), made.annotator.tolist(), strict=True)
    ):
        own = said.setdefault(int(made.region[row]), {field: "sure" if task % (2 + who) else "not"})
        if task or not who:
            own["height"] = 40.0 + task + 0.5 * who
    readers = Readers(("anna", "bert"))
    about: dict[tuple[int, int], dict[str, FieldValue]] = {
        (task, who): {task_field: "good" if (task + who) % 3 else "bad", "same": "yes"}
        for task in range(6)
        for who in (0, 1)
    }
    asked = [Choice.model_construct(value=word) for word in ("sure", "not", "good", "bad", "yes")]
    fields = (
        RegionField.model_construct(name=field, kind="choice", choices=asked),
        RegionField(name="height", kind="number"),
    )
    return TierTable(
        "activity", "intervals", made, readers, 0.01, fields=said, region_fields=fields,
        task_fields=tuple(TaskField.model_construct(name=name, kind="choice", choices=asked)
                          for name in (task_field, "same")),
        task_answers=TaskAnswers("activity", tuple(tasks), readers.annotators, readers, about),
    )  # fmt: skip


def only_answers() -> TierTable:
    """A tier in which nothing can be marked: two people answered about whole tasks."""
    full = answered()
    none = SpanTable.of(
        (full.table.tasks, full.table.annotators, ()),
        dict.fromkeys(("task", "annotator", "label", "start", "end"), np.zeros(0, np.int64)),
        full.table.reviewed,
    )
    return replace(full, name="tasks", table=none, fields={}, region_fields=())


def instants(people: Sequence[str] = ("anna", "bert")) -> TierTable:
    """Beats that are 20 ms apart, and one that only the first one marks."""
    marks = [(0, 0, 0, t, t) for t in (1.0, 2.0, 3.0)]
    marks += [(0, 1, 0, t, t) for t in (1.02, 2.02)]
    made = table((("ward-1",), people, ("beat",)), marks)
    return TierTable("beats", "instants", made, Readers(tuple(people)), 0.05)


def crowded() -> TierTable:
    """Twenty labels of which people use nine and a model one more; two reds are nearly the same."""
    labels = [f"label {n}" for n in range(20)]
    people = [f"annotator-{n}@department.example.com" for n in range(3)]
    marks = [(0, a, n, 10.0 * n + a / 9, 10.0 * n + 9) for a in range(3) for n in range(9)]
    marks += [(0, 2, 3, 95, 98), (0, 3, 12, 30, 60)]
    made = table((("ward-1",), (*people, "net 7"), labels), marks)
    given = ("#D32F2F", "#2E7D32", "#B71C1C", "#F57C00")
    return TierTable(
        "rhythm", "intervals", made, Readers(tuple(people), models=("net 7",)), 0.01,
        colors=dict(zip(labels, given, strict=False)), sample=0.01,
    )  # fmt: skip


def study(*tiers: TierTable, findings: tuple[Finding, ...] = ()) -> Agreement:
    """The numbers of some tiers, with few draws."""
    return measure(Intake(tiers or (ranges(), instants()), findings), AgreementSettings(draws=50))


def wave(name: str) -> Recording:
    """A wave of one minute in a recording of `LENGTH` seconds; the rest was not measured."""
    values = np.full(int(LENGTH * 20), np.nan)
    values[:1200] = np.sin(np.arange(1200) / 9)
    signal = Signal.from_array("lead I", values, 20.0, "mV")
    return Recording(id=name, duration=LENGTH, signals=(signal,))


REVIEW = (
    ReviewItem("activity", "ward-1", 40, 60, "offset", 8.0, {"anna": "walk", "bert": "walk"}),
    ReviewItem("activity", "ward-2", 5, 15, "=label", 10.0, {"anna": "walk", "bert": "rest"}),
    ReviewItem("beats", "ward-1", 3.0, 3.0, "missed", 0.5, {"anna": "beat", "bert": "nothing"}),
)


def shown(**given: object) -> PageInput:
    """Everything that a page can show."""
    made: dict[str, object] = {
        "title": "Station 9",
        "review": REVIEW,
        "recording": wave,
        "link": lambda tier, task, start, end: (
            f"http://127.0.0.1:1/{tier}?task={task}&at={start:g}-{end:g}"
        ),
    }
    return PageInput(**{**made, **given})  # type: ignore[arg-type]


def hostile() -> tuple[Agreement, PageInput]:
    """Every name, address and note attacks the page."""
    tier = ranges((EVIL, QUOTED, "__proto__"), (EVIL, QUOTED, "constructor"), f"m{EVIL}",
                  (EVIL, QUOTED, "<!--"))  # fmt: skip
    finding = Finding("TSL083", "warning", EVIL, QUOTED, "")
    review = [ReviewItem("activity", EVIL, 1, 2, QUOTED, 1.0, {EVIL: QUOTED, "__proto__": EVIL})]
    given = PageInput(
        title=EVIL,
        created=QUOTED,
        review=review,
        recording=lambda task: Recording(
            id=task, duration=LENGTH,
            signals=(Signal.from_array(QUOTED, np.sin(np.arange(1000.0)), 10.0, EVIL),),
        ),
        link=lambda tier, task, start, end: "javascript:alert(3)",
    )  # fmt: skip
    return study(tier, answered(EVIL, QUOTED), findings=(finding,)), given


def data_of(content: bytes) -> dict[str, Any]:
    """What a page's script is given."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', content.decode())
    assert found is not None
    return dict(json.loads(found[1]))
