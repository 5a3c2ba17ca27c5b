"""Matching on the stream of overlaps equals matching from the table."""

from __future__ import annotations

import numpy as np
import pytest
from kit.event_tables import apart, table_of
from kit.span_tables import random_table

from tslab.agreement.events.boundaries import Borders
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.matching import match_events
from tslab.agreement.events.splits import SplitCounts, count_splits
from tslab.agreement.events.stream import EventTally, streams
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.kernels.stream import all_pairs, items_of, stream
from tslab.span_table import SpanTable

THRESHOLDS = (0.7, 0.1, 0.5)


def streamed(table: SpanTable) -> tuple[tuple[Matches, ...], Borders, SplitCounts, Matches]:
    runs = runs_of(table)
    assert streams(runs)
    items = items_of(runs.presence, all_pairs(table, table.annotators))
    tally = EventTally(runs, items, THRESHOLDS, main=2, loose=0.3)
    for batch in stream(runs, items):
        tally.add(batch)
    return *tally.result(), tally.splits(), tally.any_label()


def check_equal(table: SpanTable) -> None:
    found, borders, splits, loose = streamed(table)
    pairs = all_pairs(table, table.annotators)
    wanted = match_events(table, pairs, [Iou(threshold) for threshold in THRESHOLDS])
    slow_loose = match_events(table, pairs, [Iou(0.3)], "any")
    for one, other in zip((*found, loose), (*wanted, *slow_loose), strict=True):
        assert one.criterion == other.criterion
        for name in ("reference", "hypothesis", "found", "confirmed"):
            np.testing.assert_array_equal(getattr(one.counts, name), getattr(other.counts, name))
        np.testing.assert_allclose(one.counts.overlap, other.counts.overlap)
        np.testing.assert_array_equal(one.counts.items.task, other.counts.items.task)
        np.testing.assert_array_equal(one.counts.items.pair, other.counts.items.pair)
        assert sorted(_rows(one)) == sorted(_rows(other))
    main = Borders.of(wanted[2])
    np.testing.assert_array_equal(borders.ticks, main.ticks)
    assert sorted(_errors(borders)) == sorted(_errors(main))
    slow = count_splits(table, pairs)
    np.testing.assert_array_equal(splits.split, slow.split)
    np.testing.assert_array_equal(splits.merged, slow.merged)


def _errors(borders: Borders) -> list[tuple[int, ...]]:
    drawn = [np.ones(len(borders.cell), int) for _ in borders.undrawn]
    for mask, at in zip(drawn, borders.undrawn, strict=True):
        mask[at] = 0
    columns = (borders.cell, borders.onset, borders.offset, *drawn)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _rows(matches: Matches) -> list[tuple[int, ...]]:
    columns = (
        matches.item, matches.label, matches.hypothesis_label, matches.reference,
        matches.hypothesis, matches.onset, matches.offset,
    )  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_equals_matching_from_the_table(seed: int) -> None:
    check_equal(random_table(seed, tasks=5, annotators=4, overlapping=False, labels=2))


def test_equals_it_where_chains_are_long() -> None:
    rng = np.random.default_rng(1)
    rows = [
        (task, annotator, 0, *span)
        for task in range(20)
        for annotator in range(3)
        for span in apart(rng, 40, 120)
    ]
    check_equal(table_of(rows, tasks=20, annotators=3, labels=1))


def test_one_span_for_everybody_is_no_chain_over_several_pairs() -> None:
    check_equal(table_of([(0, annotator, 0, 0, 10) for annotator in range(4)], annotators=4))


def test_tables_with_overlaps_or_different_reviewed_times_are_left_to_the_table() -> None:
    assert not streams(runs_of(table_of([(0, 0, 0, 0, 10), (0, 0, 0, 5, 15)])))
    assert not streams(runs_of(random_table(3, overlapping=False, ragged=True)))


def test_nothing_is_no_error() -> None:
    check_equal(table_of([]))
