"""Intervals that say nothing are left out, and say why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.event_tables import table_of as spans_of

from tslab.agreement.intervals import ALIKE
from tslab.agreement.measure import Agreement, measure
from tslab.agreement.report.result_document import document
from tslab.agreement.report.result_text import agreement_text, rows_text
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.values import Readers, Value
from tslab.span_table import SpanTable

SETTINGS = AgreementSettings(draws=200)
Task = list[list[int]]
"""Annotator, label, start and end of each mark; times are microseconds up to 1000."""


def task(agree: bool, label: int = 0) -> Task:
    """Two who mark twice: they agree on one of the two marks, or on both."""
    last = [200, 300] if agree else [400, 480]
    return [[0, label, 0, 100], [0, label, 200, 300], [1, label, 0, 100], [1, label, *last]]


def table_of(tasks: list[Task]) -> SpanTable:
    rows = [[number, *mark] for number, marks in enumerate(tasks) for mark in marks]
    return spans_of(rows, tasks=len(tasks))


def measured(tasks: list[Task], kind: str = "intervals") -> Agreement:
    table, readers = table_of(tasks), Readers(("a0", "a1"))
    return measure(Intake((TierTable("t", kind, table, readers, 0.0),)), SETTINGS)


def value(found: Agreement, metric: str, by: str = "overall", of: tuple[str, ...] = ()) -> Value:
    row = found.row("t", metric, by, of)
    assert row is not None
    return row.value


@pytest.mark.parametrize("metric", ["event/f1@0.5", "time/iou", "time/cohen_kappa"])
@pytest.mark.parametrize("empty", [0, 30])
def test_five_tasks_with_marks_are_too_few_whatever_the_others(metric: str, empty: int) -> None:
    few = measured([*(task(n % 2 == 0) for n in range(5)), *[[]] * empty])
    for by, of in (("overall", ()), ("pair", ("a0", "a1")), ("annotator", ("a0",))):
        found = value(few, metric, by, of)
        assert found.value is not None
        assert (found.low, found.high) == (None, None)
        assert found.no_interval == "no interval: 5 tasks with marks, 6 are the least"
    enough = value(measured([*(task(n % 2 == 0) for n in range(6)), *[[]] * empty]), metric)
    assert enough.low is not None
    assert enough.high is not None
    assert enough.low < (enough.value or 0) < enough.high
    assert enough.no_interval == ""


def test_a_rare_label_has_no_interval_where_the_others_have() -> None:
    tasks = [*(task(n % 2 == 0) for n in range(10)), task(True, 1), task(False, 1)]
    found = measured(tasks)
    assert value(found, "event/f1@0.5", "label", ("L0",)).low is not None
    rare = value(found, "event/f1@0.5", "label", ("L1",))
    assert rare.no_interval.startswith("no interval: 2 tasks with marks")
    assert "some numbers have no interval" in found.tiers[0].notes[-1]


def test_draws_that_are_all_alike_are_no_certainty() -> None:
    found = measured([task(True)] * 12)
    assert value(found, "event/f1@0.5") == Value(1.0, no_interval=ALIKE)
    few = measured([task(True)] * 3)
    assert "3 tasks" in value(few, "event/f1@0.5").no_interval, "what helps is said first"


def test_it_is_said_wherever_the_number_stands() -> None:
    found = measured([task(True), task(False), task(True)])
    why = "no interval: 3 tasks with marks, 6 are the least"
    assert f"({why})" in agreement_text(found, 200)
    rows = [row for row in found.rows if row.metric == "event/f1@0.5" and row.by == "overall"]
    assert "3 tasks with marks, 6 are the least" in rows_text(rows, 200)
    (row,) = document(found, {"t": rows})["tiers"][0]["rows"]
    assert (row["low"], row["no_interval"]) == (None, why)


def test_without_draws_nothing_is_missing() -> None:
    table = table_of([task(True)])
    intake = Intake((TierTable("t", "intervals", table, Readers(("a0", "a1")), 0.0),))
    found = measure(intake, replace(SETTINGS, draws=0))
    assert not any(row.value.no_interval for row in found.rows)
    assert not [note for note in found.tiers[0].notes if "interval" in note]
