"""The benchmark of small steps does the work it names, and says which step is beyond its goal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest
from benchmarks import small_steps
from benchmarks.small_steps import Step


def test_every_region_is_looked_at() -> None:
    assert len(small_steps.predictions("wrong", "Sinuss", 1.0).work()) == 50_000
    assert small_steps.predictions("valid", "Sinus", 1.0).work() == []


def test_the_table_is_a_valid_one(tmp_path: Path) -> None:
    assert small_steps.table(tmp_path).work() == []


def test_the_best_turn_counts_and_a_missed_goal_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    turn = (9.0, 9.0)  # of the step and of the yardstick; the first one imports
    turns = [*turn, 4.0, 2.0, 3.0, 1.0, *turn * 3]
    clock = accumulate(part for seconds in turns * 2 for part in (0.0, seconds))
    monkeypatch.setattr(small_steps, "used", lambda: next(clock))

    def steps(folder: Path) -> Iterator[Step]:
        for goal in (3.5, 2.5):
            yield Step(f"goal {goal}", lambda: None, "nothing", lambda: None, goal)

    monkeypatch.setattr(small_steps, "steps", steps)
    assert small_steps.main() == 1
    _, fine, missed = capsys.readouterr().out.splitlines()
    assert fine.split() == ["goal", "3.5", "3000.0", "nothing", "1000.0", "3.00", "3.5"]
    assert missed.split()[-3:] == ["3.00", "2.5", "MISSED"]
