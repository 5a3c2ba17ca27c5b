"""How far apart instants may be is one number, whoever asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab.annotation import Annotation
from tslab.domain import Domain, Label, Tier
from tslab.files import json_bytes
from tslab.plugin_manager import load_domain
from tslab.project import Project
from tslab.span_table import Extents, SpanTable
from tslab.spans import Span, to_microseconds
from tslab.tolerances import instant_tolerance, table_tolerance, tier_tolerance

USUAL = Tier(name="beats", kind="instants", labels=(Label(name="N"),))
OWN = USUAL.model_copy(update={"tolerance_seconds": 0.15})


def marks(*rows: tuple[int, int, float]) -> SpanTable:
    """Instants of one label: task, annotator, second."""
    task, who, at = np.array(rows, float).reshape(-1, 3).T
    times = np.rint(at * 1e6).astype(np.int64)
    columns = {"task": task.astype(int), "annotator": who.astype(int), "label": 0 * times,
               "start": times, "end": times}  # fmt: skip
    seen = [(t, a, 0, 100_000_000) for t in range(2) for a in range(2)]
    return SpanTable.of((("t0", "t1"), ("a", "b"), ("N",)), columns, Extents.of(*np.array(seen).T))


def test_what_the_domain_declares_holds() -> None:
    rows = [[0, 2_000_000, 4_000_000]]
    assert tier_tolerance(OWN, rows) == 150_000
    assert table_tolerance(OWN, marks((0, 0, 1), (0, 0, 3))) == 150_000
    assert tier_tolerance(USUAL, rows) == 400_000


def test_a_table_and_its_rows_say_the_same() -> None:
    dice = np.random.default_rng(1)
    for _ in range(20):
        found = {(t, a): np.unique(np.round(dice.uniform(0, 99, dice.integers(0, 60)), 2))
                 for t in range(2) for a in range(2)}  # fmt: skip
        table = marks(*((t, a, s) for (t, a), row in found.items() for s in row.tolist()))
        rows = [[to_microseconds(s) for s in row.tolist()] for row in found.values()]
        assert table_tolerance(USUAL, table) == instant_tolerance(rows)
    assert table_tolerance(None, marks()) == 500_000


@pytest.mark.parametrize("wrong", [0, -1, 4000])
def test_a_tolerance_is_a_length(wrong: float) -> None:
    with pytest.raises(ValueError, match="tolerance_seconds"):
        Tier(name="beats", kind="instants", labels=(Label(name="N"),), tolerance_seconds=wrong)


def test_beats_of_an_ecg_match_as_ec57_says() -> None:
    _, domain = load_domain("ecg")
    assert domain.tier("beats").tolerance_seconds == 0.15
    assert Domain.model_validate(domain.model_dump()) == domain


def test_two_people_80_ms_apart_agree_in_every_command(shell: Any, tmp_path: Path) -> None:
    shell("init", shell.folder, "--domain", "ecg", "--view", "beats", project=False)
    path = tmp_path / "one.csv"
    path.write_text("time_s,II\n" + "".join(f"{n / 50:.2f},{n % 7}\n" for n in range(3000)))
    shell("add", path)
    project = Project.open(shell.folder)
    (key,) = project.entries()
    said = [
        Annotation(key, who, [Span(t + late, t + late, "Normal beat", "beats") for t in
                              np.arange(1, 50, 0.8).round(3).tolist()],
                   view="beats", extents=((0.0, 60.0),))
        for who, late in (("ann", 0.0), ("bob", 0.08))
    ]  # fmt: skip
    (shell.folder / "annotations").mkdir(exist_ok=True)
    (shell.folder / "annotations" / "annotations.json").write_bytes(json_bytes(said))
    (tier,) = shell.json("agreement", "--draws", 0)["tiers"]
    assert tier["headline"]["instant/f1"] == 1
    assert tier["tolerance"] == 0.15
    assert "instants within 0.15 s" in " ".join(shell("agreement", "--draws", 0).split())
    assert "instants within 0.15 s" in " ".join(shell("consensus").split())
    assert [tier["disputed"] for tier in shell.json("consensus")["tiers"]] == [0]
