"""One test for each row about events and instants in the table of edge cases."""

from __future__ import annotations

import pytest
from kit.event_tables import table_of

from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.events import Events, by_single_label
from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.events.matching import match_events
from tslab.agreement.events.metrics import EventSettings, event_metrics
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_HYPOTHESIS, NOTHING_MARKED, ONE_READER, Readers, Value
from tslab.span_table import Extents, SpanTable

QUICK = TimeSettings(draws=0)
Rows = dict[tuple[str, str, tuple[str, ...]], Value]


def events(table: SpanTable, readers: Readers | None = None) -> Rows:
    settings = EventSettings(intervals=QUICK)
    rows = event_metrics("tier", table, readers or Readers(table.annotators), settings).rows
    return {(row.metric, row.by, row.of): row.value for row in rows}


def instants(table: SpanTable, tolerance: int = 5) -> Rows:
    settings = InstantSettings(tolerance, intervals=QUICK)
    rows = instant_metrics("tier", table, Readers(table.annotators), settings).rows
    return {(row.metric, row.by, row.of): row.value for row in rows}


def f1(table: SpanTable, at: str = "0.5") -> Value:
    return events(table)[(f"event/f1@{at}", "overall", ())]


def test_both_empty_is_undefined_and_adds_nothing() -> None:
    alone = table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 10)], tasks=1)
    with_empty = table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 10)], tasks=2)
    assert f1(alone) == f1(with_empty) == Value(1.0)
    task = events(with_empty)[("event/f1@0.5", "task", ("t1",))]
    assert task == Value(None, NOTHING_MARKED)


def test_one_empty_is_no_agreement_and_has_no_precision() -> None:
    rows = events(table_of([(0, 0, 0, 0, 10)]))
    assert rows[("event/f1@0.5", "overall", ())] == Value(0.0)
    assert rows[("event/precision@0.5", "pair", ("a0", "a1"))] == Value(None, NO_HYPOTHESIS)
    assert rows[("event/recall@0.5", "pair", ("a0", "a1"))] == Value(0.0)


def test_a_pair_is_not_formed_with_who_did_not_submit() -> None:
    seen = Extents.of([0, 0], [0, 1], [0, 0], [50, 50])
    table = table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 10)], annotators=3, reviewed=seen)
    rows = events(table)
    assert {of for name, by, of in rows if by == "pair"} == {("a0", "a1")}
    assert rows[("event/f1@0.5", "overall", ())] == Value(1.0)


def test_an_instant_is_an_event_of_its_own_kind() -> None:
    table = table_of([(0, 0, 0, 5, 5), (0, 1, 0, 5, 5)])
    assert f1(table) == Value(None, NOTHING_MARKED)
    assert instants(table, 0)[("instant/f1", "overall", ())] == Value(1.0)


def test_an_instant_in_a_span_is_no_match() -> None:
    rows = instants(table_of([(0, 0, 0, 5, 5), (0, 1, 0, 0, 10)]))
    assert rows[("instant/f1", "overall", ())] == Value(0.0)


def test_touching_spans_of_one_label_are_two_events() -> None:
    split = table_of([(0, 0, 0, 0, 5), (0, 0, 0, 5, 10), (0, 1, 0, 0, 10)])
    rows = events(split)
    assert rows[("event/f1@0.5", "overall", ())].value == pytest.approx(2 / 3)
    assert rows[("event/splits", "pair", ("a0", "a1"))] == Value(0.0)
    assert rows[("event/merges", "pair", ("a0", "a1"))] == Value(1.0)
    assert rows[("event/fragments", "overall", ())] == Value(1.0)


def test_three_copies_against_one_are_one_match() -> None:
    value = f1(table_of([(0, 0, 0, 0, 10)] * 3 + [(0, 1, 0, 0, 10)]))
    assert value.value == pytest.approx(0.5)


def test_different_labels_at_one_time_are_matched_each_by_its_own() -> None:
    rows = [(0, who, label, 0, 10) for who in (0, 1) for label in (0, 1)]
    assert f1(table_of(rows)) == Value(1.0)


def test_a_region_of_two_labels_is_one_event_and_matches_by_its_set() -> None:
    pair = [(0, 0, 0, 0, 10, 1), (0, 0, 1, 0, 10, 1)]
    same = [(0, 1, 0, 0, 10, 2), (0, 1, 1, 0, 10, 2)]
    assert f1(table_of(pair + same)) == Value(1.0)
    assert f1(table_of([*pair, (0, 1, 0, 0, 10, 2)])) == Value(0.0)
    (loose,) = match_events(table_of([*pair, (0, 1, 0, 0, 10, 2)]), (0, 1), [Iou()], "similar")
    assert loose.counts.found.sum() == 1


def test_exactly_at_the_threshold_counts() -> None:
    table = table_of([(0, 0, 0, 0, 10), (0, 1, 0, 5, 10)])
    assert f1(table) == Value(1.0)


def test_low_thresholds_take_the_largest_matching_whatever_the_order() -> None:
    # The greedy choice, the best pair first, would leave two events without a partner.
    rows = [(0, 0, 0, 0, 10), (0, 0, 0, 10, 14), (0, 1, 0, 8, 13), (0, 1, 0, 13, 40)]
    assert f1(table_of([*rows, (0, 1, 0, 0, 3)]), "0.1").value == pytest.approx(4 / 5)
    assert f1(table_of([(0, 0, 0, 0, 3), *rows[::-1]]), "0.1") == f1(
        table_of([*rows, (0, 0, 0, 0, 3)]), "0.1"
    )


def test_masked_time_is_not_compared() -> None:
    seen = Extents.of([0, 0, 0, 0], [0, 0, 1, 1], [0, 60] * 2, [40, 100] * 2)
    table = table_of([(0, 0, 0, 42, 58), (0, 0, 0, 70, 80), (0, 1, 0, 70, 80)], reviewed=seen)
    assert f1(table) == Value(1.0)


def test_single_coverage_is_named() -> None:
    table = table_of([(0, 0, 0, 0, 10)], reviewed=Extents.of([0], [0], [0], [50]))
    assert events(table)[("event/f1@0.5", "task", ("t0",))] == Value(None, ONE_READER)


def test_the_ground_truth_is_a_reference_and_no_annotator() -> None:
    rows = [(0, who, 0, 0, 10) for who in (0, 1)] + [(0, 2, 0, 50, 60)]
    found = events(table_of(rows, annotators=3), Readers(("a0", "a1"), "a2"))
    assert found[("event/f1@0.5", "overall", ())] == Value(1.0)
    assert found[("event/f1@0.5", "reference", ("a0",))] == Value(0.0)
    assert ("event/f1@0.5", "annotator", ("a2",)) not in found


def test_one_annotator_next_to_the_ground_truth_has_no_agreement_overall() -> None:
    table = table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 10)])
    found = events(table, Readers(("a0",), "a1"))
    assert found[("event/f1@0.5", "reference", ("a0",))] == Value(1.0)
    for key, value in found.items():
        if key[1] in ("overall", "label", "task"):
            assert value == Value(None, ONE_READER), key


def test_a_label_that_nobody_used_is_undefined() -> None:
    rows = events(table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 10)]))
    assert rows[("event/f1@0.5", "label", ("L1",))] == Value(None, NOTHING_MARKED)
    assert rows[("event/mean_iou@0.5", "label", ("L1",))].reason == NOTHING_MARKED


def test_unlabelled_time_does_not_matter_to_events() -> None:
    rows = [(0, 0, 0, 0, 10), (0, 1, 0, 2, 10), (0, 1, 0, 20, 30)]
    values = [events(table_of(rows, until=until)) for until in (40, 120, 1000)]
    assert values[0] == values[1] == values[2]


def test_nothing_is_a_bare_zero_or_one_where_it_is_undefined() -> None:
    for rows in (events(table_of([])), instants(table_of([]))):
        for (name, _, _), value in rows.items():
            if name not in ("event/splits", "event/merges", "event/fragments"):
                assert value.value is None, name
                assert value.reason


def test_events_of_more_annotators_than_16_bits_count_stay_in_order() -> None:
    many = 2**15 + 2
    rows = [(0, who, 0, 10, 20 + who) for who in (0, 1, many - 2, many - 1)]
    table = table_of(rows, annotators=many, until=10**5)
    events = Events.of(table)
    assert events.annotator.tolist() == [0, 1, many - 2, many - 1]
    assert by_single_label(table).annotator.tolist() == events.annotator.tolist()
    (found,) = match_events(table, (many - 2, many - 1), [Iou(0.5)])
    assert found.iou.tolist() == [(10 + many - 2) / (10 + many - 1)]
