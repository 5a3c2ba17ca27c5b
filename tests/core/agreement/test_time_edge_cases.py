"""One test for each row of the table of edge cases that concerns time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from kit.span_tables import random_table

from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import TimeAgreement, time_metrics
from tslab.agreement.values import (
    NO_COMMON_TIME,
    NO_HYPOTHESIS,
    NO_REFERENCE,
    NO_VARIATION,
    NOT_ALL_PRESENT,
    NOTHING_MARKED,
    ONE_READER,
    Readers,
    Value,
)
from tslab.span_table import Extents, SpanTable

Spans = Sequence[tuple[int, int, int, int, int]]


def table_of(
    spans: Spans,
    seen: Sequence[tuple[int, int, int, int]] = ((0, 0, 0, 100), (0, 1, 0, 100)),
    labels: int = 2,
) -> SpanTable:
    """Spans are (task, annotator, label, start, end), what was seen (task, annotator, ...)."""
    rows = np.array(seen, np.int64).reshape(-1, 4)
    tasks, annotators = int(rows[:, 0].max()) + 1, int(rows[:, 1].max()) + 1
    columns = dict(
        zip(
            ("task", "annotator", "label", "start", "end"),
            np.array(spans, np.int64).reshape(-1, 5).T,
            strict=True,
        )
    )
    names = [f"t{i}" for i in range(tasks)], [f"a{i}" for i in range(annotators)]
    return SpanTable.of((*names, [f"l{i}" for i in range(labels)]), columns, Extents.of(*rows.T))


def measured(
    table: SpanTable, settings: TimeSettings | None = None, readers: Readers | None = None
) -> TimeAgreement:
    whole = readers or Readers(table.annotators)
    return time_metrics("tier", table, whole, settings or TimeSettings(draws=0))


def value(found: TimeAgreement, metric: str, by: str, *of: str) -> Value:
    hits = [
        row.value
        for row in found.rows
        if (row.metric, row.by, row.of) == (f"time/{metric}", by, of)
    ]
    assert len(hits) == 1, (metric, by, of)
    return hits[0]


def test_both_empty_is_undefined_and_adds_nothing() -> None:
    seen = [(task, who, 0, 100) for task in (0, 1) for who in (0, 1)]
    found = measured(table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 10)], seen))
    assert value(found, "iou", "task", "t1") == Value(None, NOTHING_MARKED)
    assert value(found, "iou", "task", "t0") == Value(1.0)
    assert value(found, "iou", "overall") == Value(1.0)
    assert value(found, "iou_task_mean", "overall") == Value(1.0)
    assert value(found, "dice", "task", "t1").reason == NOTHING_MARKED
    assert value(found, "jaccard", "task", "t1").reason == NOTHING_MARKED


def test_both_empty_is_one_for_a_task_where_that_is_asked_for() -> None:
    found = measured(table_of([]), TimeSettings(draws=0, empty_is_one=True))
    assert value(found, "iou", "task", "t0") == Value(1.0)
    row = next(r for r in found.rows if (r.metric, r.by) == ("time/iou", "task"))
    assert row.events == 0
    assert value(found, "iou", "overall") == Value(None, NOTHING_MARKED)


def test_one_empty_is_zero_and_its_side_is_undefined() -> None:
    readers = Readers(("a1",), "a0")
    found = measured(table_of([(0, 0, 0, 0, 10)]), readers=readers)
    assert value(found, "iou", "reference", "a1") == Value(0.0)
    assert value(found, "coverage_first", "reference", "a1") == Value(0.0)
    assert value(found, "coverage_second", "reference", "a1") == Value(None, NO_HYPOTHESIS)
    found = measured(table_of([(0, 1, 0, 0, 10)]), readers=readers)
    assert value(found, "coverage_first", "reference", "a1") == Value(None, NO_REFERENCE)


def test_who_did_not_submit_is_no_pair() -> None:
    seen = [(0, 0, 0, 100), (0, 1, 0, 100), (1, 0, 0, 100), (1, 2, 0, 100)]
    found = measured(table_of([(0, 0, 0, 0, 50), (1, 0, 0, 0, 50)], seen))
    assert {row.of for row in found.rows if row.by == "pair"} == {("a0", "a1"), ("a0", "a2")}
    assert value(found, "percent_agreement", "pair", "a0", "a1") == Value(0.5)
    assert value(found, "fleiss_kappa", "overall") == Value(None, NOT_ALL_PRESENT)
    assert value(found, "krippendorff_alpha", "overall").value is not None


def test_one_class_only_has_no_kappa_but_percent_and_ac1() -> None:
    found = measured(table_of([(0, 0, 0, 0, 100), (0, 1, 0, 0, 100)]))
    for metric in ("cohen_kappa", "scott_pi", "fleiss_kappa", "krippendorff_alpha"):
        assert value(found, metric, "overall") == Value(None, NO_VARIATION)
    assert value(found, "cohen_kappa", "pair", "a0", "a1") == Value(None, NO_VARIATION)
    assert value(found, "percent_agreement", "overall") == Value(1.0)
    assert value(found, "gwet_ac1", "overall") == Value(1.0)
    assert value(found, "gwet_ac1", "pair", "a0", "a1") == Value(1.0)


def test_one_class_of_each_is_agreement_by_chance() -> None:
    found = measured(table_of([(0, 0, 0, 0, 100)]))
    assert value(found, "cohen_kappa", "pair", "a0", "a1") == Value(0.0)
    assert value(found, "scott_pi", "pair", "a0", "a1") == Value(-1.0)


def test_instants_take_no_time() -> None:
    found = measured(table_of([(0, 0, 0, 5, 5), (0, 1, 0, 5, 5)]))
    assert value(found, "iou", "overall") == Value(None, NOTHING_MARKED)
    row = next(r for r in found.rows if (r.metric, r.by) == ("time/iou", "overall"))
    assert row.events == 0


def test_touching_spans_of_one_label_are_merged() -> None:
    found = measured(table_of([(0, 0, 0, 0, 10), (0, 0, 0, 10, 20), (0, 1, 0, 0, 20)]))
    assert value(found, "iou", "overall") == Value(1.0)


def test_overlap_of_one_label_by_one_annotator_is_a_union() -> None:
    spans = [(0, 0, 0, 0, 10), (0, 0, 0, 0, 10), (0, 0, 0, 5, 20), (0, 1, 0, 0, 40)]
    found = measured(table_of(spans))
    assert value(found, "iou", "overall") == Value(0.5)
    assert value(found, "dice", "overall").value == pytest.approx(40 / 60)


def test_labels_that_overlap_are_tracks_and_sets() -> None:
    spans = [(0, 0, 0, 0, 20), (0, 0, 1, 10, 30), (0, 1, 0, 0, 30)]
    found = measured(table_of(spans))
    assert found.states == ((), ("l0",), ("l1",), ("l0", "l1"))
    assert value(found, "iou", "label", "l0") == Value(20 / 30)
    assert value(found, "iou", "label", "l1") == Value(0.0)
    # Joint states: 10 of 30 marked ticks are the same, 10 are half the same.
    assert value(found, "percent_agreement", "overall") == Value(0.8)
    assert value(found, "jaccard", "overall") == Value(0.5)


def test_unlabelled_time_moves_kappa_and_not_iou() -> None:
    spans = [(0, 0, 0, 0, 40), (0, 1, 0, 10, 50)]
    short = measured(table_of(spans))
    long = measured(table_of(spans, [(0, 0, 0, 1000), (0, 1, 0, 1000)]))
    assert value(short, "iou", "overall") == value(long, "iou", "overall") == Value(0.6)
    kappas = [value(found, "cohen_kappa", "overall").value for found in (short, long)]
    assert kappas[0] is not None
    assert kappas[1] is not None
    assert kappas[0] < kappas[1]


def test_masked_time_counts_for_nothing() -> None:
    spans = [(0, 0, 0, 0, 40), (0, 1, 0, 20, 60)]
    seen = [(0, who, *part) for who in (0, 1) for part in ((0, 20), (30, 100))]
    found = measured(table_of(spans, seen))
    row = next(r for r in found.rows if (r.metric, r.by) == ("time/iou", "overall"))
    assert row.seconds == 90e-6
    assert row.value == Value(10 / 50)


def test_one_annotator_only_is_single_coverage() -> None:
    seen = [(0, 0, 0, 100), (0, 1, 0, 100), (1, 0, 0, 100)]
    found = measured(table_of([(0, 0, 0, 0, 9), (0, 1, 0, 0, 9), (1, 0, 0, 0, 9)], seen))
    assert value(found, "iou", "task", "t1") == Value(None, ONE_READER)
    assert value(found, "iou", "overall") == Value(1.0)
    row = next(r for r in found.rows if (r.metric, r.by) == ("time/iou", "overall"))
    assert (row.tasks, row.events) == (1, 2)


def test_ground_truth_is_no_annotator() -> None:
    table = random_table(7, annotators=4)
    among = measured(table, readers=Readers(("a0", "a1", "a2"), "a3"))
    alone = measured(table.without_annotators(["a3"]), readers=Readers(("a0", "a1", "a2")))
    for by in ("overall", "label", "pair", "task", "annotator"):
        rows = [row for row in among.rows if row.by == by]
        assert rows
        for row in rows:
            if row.metric != "time/gwet_ac1":  # sets of labels that only the truth has are classes
                twin = value(alone, row.metric.removeprefix("time/"), by, *row.of)
                assert row.value.value == pytest.approx(twin.value, abs=1e-12)
    assert {row.of for row in among.rows if row.by == "reference"} == {("a0",), ("a1",), ("a2",)}


def test_models_are_compared_with_people_and_truth() -> None:
    found = measured(random_table(7, annotators=4), readers=Readers(("a0", "a1"), "a2", ("a3",)))
    of = {row.of for row in found.rows if row.by == "model"}
    assert of == {("a2", "a3"), ("a0", "a3"), ("a1", "a3")}
    assert {row.of for row in found.rows if row.by == "pair"} == {("a0", "a1")}
    assert ("a2", "a3", "l0") in {row.of for row in found.rows if row.by == "model-label"}


def test_labels_that_nobody_used_are_undefined_and_out_of_the_mean() -> None:
    found = measured(table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 20)], labels=3))
    assert value(found, "iou", "label", "l2") == Value(None, NOTHING_MARKED)
    assert value(found, "cohen_kappa", "label", "l2") == Value(None, NO_VARIATION)
    assert value(found, "iou", "overall") == Value(0.5)
    row = next(r for r in found.rows if (r.metric, r.of) == ("time/iou", ("l2",)))
    assert row.events == 0


def test_ac1_counts_declared_labels_and_background() -> None:
    spans = [(0, 0, 0, 0, 40), (0, 1, 0, 20, 60)]
    for labels in (1, 2, 5):
        found = measured(table_of(spans, labels=labels))
        chance = 2 * (0.4 * 0.6) / labels  # classes - 1 = labels
        expected = (0.6 - chance) / (1 - chance)
        for by, of in (("overall", ()), ("pair", ("a0", "a1"))):
            assert value(found, "gwet_ac1", by, *of).value == pytest.approx(expected, abs=1e-15)


def test_different_extents_are_compared_on_what_both_saw() -> None:
    seen = [(0, 0, 0, 100), (0, 1, 50, 150), (0, 2, 0, 150)]
    spans = [(0, 0, 0, 0, 100), (0, 1, 0, 50, 60), (0, 2, 0, 60, 150)]
    found = measured(table_of(spans, seen))
    assert value(found, "percent_agreement", "pair", "a0", "a1") == Value(0.2)
    row = next(r for r in found.rows if (r.metric, r.of) == ("time/iou", ("a0", "a1")))
    assert row.seconds == 50e-6
    assert value(found, "iou", "pair", "a1", "a2") == Value(0.0)
    assert value(found, "iou", "pair", "a0", "a2") == Value(0.4)


def test_no_common_time() -> None:
    seen = [(0, 0, 0, 50), (0, 1, 50, 100)]
    found = measured(table_of([(0, 0, 0, 0, 50)], seen))
    assert value(found, "iou", "overall") == Value(None, NO_COMMON_TIME)
    assert value(found, "krippendorff_alpha", "overall") == Value(None, NO_COMMON_TIME)


def test_nobody_and_nothing() -> None:
    table = table_of([], [(0, 0, 0, 100)])
    found = measured(table, TimeSettings())
    assert value(found, "iou", "task", "t0") == Value(None, ONE_READER)
    assert value(found, "iou", "overall") == Value(None, NO_COMMON_TIME)
    assert found.notes == []


def test_more_sets_than_a_square_can_hold() -> None:
    table = random_table(5, labels=40, spans=40, annotators=2, tasks=5)
    found = measured(table)
    assert found.confusions == []
    assert value(found, "cohen_kappa", "overall").value is not None
