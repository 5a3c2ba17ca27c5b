"""Answers about tasks: kappas of pairs, alpha of the group, who did not answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tslab.agreement.attributes.metrics import AttributeSettings
from tslab.agreement.attributes.task_attributes import TaskAnswers, task_attribute_rows
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_ANSWER, ONE_READER, Readers, Row
from tslab.domain import Choice, TaskField
from tslab.spans import FieldValue

GOLDEN = json.loads((Path(__file__).parent / "golden" / "answers.json").read_text())
PLAIN = AttributeSettings(intervals=TimeSettings(draws=0))
STATE = TaskField(name="state", kind="choice", choices=tuple(Choice(value=v) for v in "1234"))
STARS = TaskField(name="stars", kind="rating")


def answers(
    table: Sequence[Sequence[FieldValue | None]], name: str = "state", *, absent: bool = True
) -> TaskAnswers:
    """Rows are annotators, columns tasks; None is absent, or submitted without an answer."""
    names = tuple("ABCDEF"[: len(table)])
    found: dict[tuple[int, int], dict[str, FieldValue]] = {}
    for who, row in enumerate(table):
        for task, value in enumerate(row):
            if value is not None:
                found[task, who] = {name: value}
            elif not absent:
                found[task, who] = {}
    tasks = tuple(f"t{n}" for n in range(len(table[0])))
    return TaskAnswers("view", tasks, names, Readers(names), found)


def rows_of(given: TaskAnswers, *fields: TaskField) -> dict[tuple[str, str, tuple[str, ...]], Row]:
    found = task_attribute_rows(given, fields, PLAIN)
    keyed = {(r.metric.removeprefix("task/"), r.by, r.of): r for r in found}
    assert len(keyed) == len(found)
    return keyed


@pytest.mark.parametrize("case", GOLDEN["several"])
def test_alphas_of_four_with_missing_ones_equal_krippendorff(case: dict[str, Any]) -> None:
    for convert, field, names in (
        (lambda v: str(v), STATE, {"nominal": "alpha"}),
        (float, STARS, {"ordinal": "alpha_ordinal", "interval": "alpha_interval"}),
    ):
        table = [[None if v is None else convert(v) for v in row] for row in case["ratings"]]
        rows = rows_of(answers(table, field.name), field)
        for level, name in names.items():
            value = rows[f"{name}:{field.name}", "overall", ()].value.value
            assert value == pytest.approx(case["alpha"][level], abs=5e-15)


@pytest.mark.parametrize("case", GOLDEN["several"][:5])
def test_kappas_of_pairs_equal_scikit_learn(case: dict[str, Any]) -> None:
    table = [[None if v is None else str(v) for v in row] for row in case["ratings"]]
    rows = rows_of(answers(table), STATE)
    known = [(a, b) for a, b in zip(table[0], table[2], strict=True) if a and b]
    expected = cohen_kappa_score(*zip(*known, strict=True))
    assert rows["kappa:state", "pair", ("A", "C")].value.value == pytest.approx(expected, abs=3e-16)


def test_joint_takes_no_answer_for_a_class() -> None:
    given = answers([["1", "2", None, None], ["1", None, "2", None]], absent=False)
    rows = rows_of(given, STATE)
    assert rows["percent:state", "overall", ()].value.value == 1
    assert rows["percent_joint:state", "overall", ()].value.value == 1 / 3
    assert rows["percent_joint:state", "overall", ()].events == 3


def test_whoever_never_saw_a_task_is_not_compared_on_it() -> None:
    rows = rows_of(answers([["1", "2", "1"], ["1", None, None]]), STATE)
    assert rows["percent_joint:state", "pair", ("A", "B")].events == 1
    assert rows["percent:state", "task", ("t1",)].value.reason == ONE_READER


def test_nothing_to_compare() -> None:
    assert rows_of(answers([["1", "2"]]), STATE) == {}
    assert rows_of(answers([["1"], ["2"]]), STARS) == {}
    apart = rows_of(answers([["1", None], [None, "2"]], absent=False), STATE)
    assert apart["alpha:state", "overall", ()].value.reason == NO_ANSWER


def test_ground_truth_is_no_annotator() -> None:
    given = answers([["1", "2", "1", "3"], ["1", "2", "2", "3"], ["1", "2", "1", "4"]])
    given = TaskAnswers(given.view, given.tasks, given.annotators, Readers(("A", "B"), "C"),
                        given.answers)  # fmt: skip
    rows = rows_of(given, STATE)
    assert rows["percent:state", "overall", ()].value.value == 0.75
    assert rows["percent:state", "reference", ("B",)].value.value == 0.5


def test_removing_an_annotator_is_never_having_had_him() -> None:
    table = GOLDEN["several"][0]["ratings"]
    told = [[None if v is None else str(v) for v in row] for row in table]
    gone: list[list[str | None]] = [*told[:3], [None] * len(told[0])]
    whole = answers(gone)
    less = answers(told[:3])
    values = [
        rows_of(TaskAnswers("v", g.tasks, g.annotators, Readers(tuple("ABC")), g.answers), STATE)[
            "alpha:state", "overall", ()
        ].value
        for g in (whole, less)
    ]
    assert values[0] == values[1]
    assert np.isfinite(values[0].value or np.nan)
