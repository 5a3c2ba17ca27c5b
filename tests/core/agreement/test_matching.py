"""Matching of events: against SciPy's assignment, mir_eval, and by hand."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from kit.event_tables import any_spans, apart, table_of
from kit.matchings import Spans, as_tasks, best_by_scipy, iou_matrix

from tslab.agreement.events.criteria import AnyOverlap, Collar, Criterion, Iou
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.matching import match_events, match_instants
from tslab.errors import DataError
from tslab.span_table import Extents

GOLDEN = Path(__file__).parent / "golden"
THRESHOLDS = (0.01, 0.1, 0.25, 0.3, 0.5, 0.51, 0.6, 0.75)


def spans_of(rng: np.random.Generator, cases: int, *, tangled: bool) -> list[tuple[Spans, Spans]]:
    make = any_spans if tangled else apart
    return [
        (make(rng, int(rng.integers(0, 9)), 60), make(rng, int(rng.integers(0, 9)), 60))
        for _ in range(cases)
    ]


@pytest.mark.parametrize("tangled", [False, True])
def test_nine_thousand_cases_equal_scipys_assignment(tangled: bool) -> None:
    rng = np.random.default_rng(4 + tangled)
    cases = spans_of(rng, 600, tangled=tangled)
    table = table_of(as_tasks(cases), tasks=len(cases))
    for found, threshold in zip(
        match_events(table, (0, 1), [Iou(t) for t in THRESHOLDS]), THRESHOLDS, strict=True
    ):
        count = np.bincount(found.item, minlength=len(cases))
        total = np.bincount(found.item, found.iou, minlength=len(cases))
        for task, (one, other) in enumerate(cases):
            score = iou_matrix(one, other)
            wanted = best_by_scipy(score, (score >= threshold) & (score > 0))
            assert count[task] == wanted[0]
            assert total[task] == pytest.approx(wanted[1], abs=1e-9)


@pytest.mark.parametrize("count", [1, 60])
def test_long_chains_equal_scipys_assignment(count: int) -> None:
    rng = np.random.default_rng(count)
    cases = []
    for _ in range(count):
        edges = np.cumsum(rng.integers(1, 20, 161)).tolist()
        moved = (np.array(edges) + 2 * rng.integers(1, 5)).tolist()
        thinned = moved[:: int(rng.integers(1, 4))]
        one = list(pairwise(edges))
        cases.append((one, list(pairwise(thinned))))
    table = table_of(as_tasks(cases), tasks=count, until=5000)
    (found,) = match_events(table, (0, 1), [Iou(0.05)])
    for task, (one, other) in enumerate(cases):
        score = iou_matrix(one, other)
        wanted = best_by_scipy(score, score >= 0.05)
        there = found.item == task
        assert (int(there.sum()), float(found.iou[there].sum())) == pytest.approx(wanted)


def test_an_event_is_matched_once_and_by_its_own_label() -> None:
    rng = np.random.default_rng(0)
    cases = spans_of(rng, 100, tangled=True)
    rows = [(*row[:2], int(rng.integers(3)), *row[3:]) for row in as_tasks(cases)]
    table = table_of(rows, tasks=100, labels=3)
    found, loose = (
        match_events(table, (0, 1), [AnyOverlap()], labels)[0] for labels in ("same", "any")
    )
    for matches in (found, loose):
        assert len(set(matches.reference.tolist())) == len(matches.reference)
        assert len(set(matches.hypothesis.tolist())) == len(matches.hypothesis)
        assert (table.task[matches.reference] == table.task[matches.hypothesis]).all()
        assert (table.annotator[matches.reference] == 0).all()
        assert (table.annotator[matches.hypothesis] == 1).all()
    assert (table.label[found.reference] == table.label[found.hypothesis]).all()
    assert len(loose.reference) > len(found.reference)


def test_spans_at_the_same_time_go_with_their_own_labels() -> None:
    rows = [(0, annotator, label, 0, 10) for annotator in (0, 1) for label in (0, 1, 2)]
    rows += [(0, 0, 0, 4, 16), (0, 1, 2, 4, 16)]
    (found,) = match_events(table_of(rows, labels=3), (0, 1), [Iou(0.5)], "any")
    assert sorted(zip(found.label.tolist(), found.hypothesis_label.tolist(), strict=True)) == [
        (0, 0), (0, 2), (1, 1), (2, 2),
    ]  # fmt: skip


def test_labels_any_equals_scipys_assignment_over_all_labels() -> None:
    rng = np.random.default_rng(8)
    cases = spans_of(rng, 150, tangled=True)
    rows = [(*row[:2], int(rng.integers(3)), *row[3:]) for row in as_tasks(cases)]
    (found,) = match_events(table_of(rows, tasks=150, labels=3), (0, 1), [Iou(0.2)], "any")
    for task, (one, other) in enumerate(cases):
        score = iou_matrix(one, other)
        count, total = best_by_scipy(score, (score >= 0.2) & (score > 0))
        there = found.item == task
        assert int(there.sum()) == count
        assert float(found.iou[there].sum()) == pytest.approx(total)


@pytest.mark.parametrize(("onset", "offset", "share"), [(2, 2, 0.0), (5, 1, 0.5), (30, 30, 0.0)])
def test_collars_equal_scipys_assignment(onset: int, offset: int, share: float) -> None:
    rng = np.random.default_rng(onset)
    cases = spans_of(rng, 300, tangled=False) + spans_of(rng, 100, tangled=True)
    table = table_of(as_tasks(cases), tasks=len(cases))
    (found,) = match_events(table, (0, 1), [Collar(onset, offset, share)])
    off = np.abs(found.onset) + np.abs(found.offset)
    for task, (one, other) in enumerate(cases):
        a, b = np.array(one).reshape(-1, 2), np.array(other).reshape(-1, 2)
        gaps = np.abs(a[:, None] - b[None])
        reach = np.maximum(offset, share * (a[:, 1] - a[:, 0]))[:, None]
        allowed = (gaps[..., 0] <= onset) & (gaps[..., 1] <= reach)
        wanted = best_by_scipy(-gaps.sum(axis=-1).astype(float), allowed)
        there = found.item == task
        assert (int(there.sum()), -float(off[there].sum())) == pytest.approx(wanted)


def test_collars_equal_sed_eval() -> None:
    studies = json.loads((GOLDEN / "sed_eval.json").read_text())["studies"]
    assert len(studies) >= 20
    for study in studies:
        rows = [(*row[:3], row[3] * 1000, row[4] * 1000) for row in study["spans"]]
        collar = round(study["collar"] * 1e6)
        rule = Collar(collar, collar, study["share"])
        (found,) = match_events(table_of(rows, labels=3, until=10**8), (0, 1), [rule])
        counts = found.counts
        ours = np.stack([counts.reference[0], counts.hypothesis[0], counts.found[0]], axis=1)
        assert ours.tolist() == study["counts"]
        f1 = 2 * counts.found.sum() / (counts.reference.sum() + counts.hypothesis.sum())
        assert f1 == pytest.approx(study["f1"], abs=2.3e-16)


def test_five_hundred_cases_of_instants_equal_mir_eval() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    rng = np.random.default_rng(5)
    cases = [
        tuple(np.sort(rng.choice(400, int(rng.integers(0, 40)), replace=False)) for _ in "ab")
        for _ in range(500)
    ]
    rows = [
        (task, annotator, 0, int(t), int(t))
        for task, sides in enumerate(cases)
        for annotator, times in enumerate(sides)
        for t in times
    ]
    found = match_instants(table_of(rows, tasks=500), (0, 1), 6)
    count = np.bincount(found.item, minlength=500)
    assert np.abs(found.onset).max() == 6
    for task, (one, other) in enumerate(cases):
        assert count[task] == len(mir_eval.util.match_events(one, other, 6))


def test_instants_take_the_closest_of_all_largest_matchings() -> None:
    rows = [(0, 0, 0, 100, 100), (0, 1, 0, 96, 96), (0, 1, 0, 100, 100)]
    assert match_instants(table_of(rows), (0, 1), 5).onset.tolist() == [0]


def test_the_tolerance_may_differ_by_label() -> None:
    rows = [(0, 0, 0, 10, 10), (0, 1, 0, 13, 13), (0, 0, 1, 50, 50), (0, 1, 1, 53, 53)]
    found = match_instants(table_of(rows), (0, 1), [2, 3])
    assert found.label.tolist() == [1]
    assert found.counts.found.tolist() == [[0, 1]]
    assert found.counts.reference.tolist() == [[1, 1]]


def test_an_instant_matches_a_span_only_where_that_is_asked_for() -> None:
    rows = [(0, 0, 0, 50, 50), (0, 1, 0, 40, 60), (0, 1, 0, 200, 300), (0, 0, 0, 210, 290)]
    table = table_of(rows)
    apart_ = match_instants(table, (0, 1), 5)
    assert apart_.counts.found.sum() == 0
    assert apart_.counts.reference.sum() == 1
    assert match_events(table, (0, 1), [AnyOverlap()])[0].counts.found.sum() == 1
    inside = match_instants(table, (0, 1), 5, instant_in_span=True)
    assert inside.counts.found.sum() == inside.counts.confirmed.sum() == 1
    # The two long spans hold no instant: they are no business of this measure.
    assert inside.counts.reference.sum() == inside.counts.hypothesis.sum() == 1


@pytest.mark.parametrize(("at", "found"), [(35, 1), (34, 0), (65, 1), (66, 0)])
def test_a_tolerance_reaches_beyond_the_borders_of_a_span(at: int, found: int) -> None:
    table = table_of([(0, 0, 0, at, at), (0, 1, 0, 40, 60)])
    for pair in ((0, 1), (1, 0)):
        matches = match_instants(table, pair, 5, instant_in_span=True)
        assert matches.counts.found.sum() == found


def test_exactly_at_the_threshold_is_a_match() -> None:
    table = table_of([(0, 0, 0, 0, 10), (0, 1, 0, 0, 3)])
    found = match_events(table, (0, 1), [Iou(0.3), Iou(0.3000001)])
    assert [len(matches.iou) for matches in found] == [1, 0]


def test_touching_spans_are_two_events() -> None:
    table = table_of([(0, 0, 0, 0, 10), (0, 0, 0, 10, 20), (0, 1, 0, 0, 20)])
    (found,) = match_events(table, (0, 1), [Iou(0.5)])
    assert found.counts.reference.tolist() == [[2, 0]]
    assert found.counts.found.tolist() == [[1, 0]]


def test_duplicates_count_each() -> None:
    table = table_of([(0, 0, 0, 0, 10)] * 3 + [(0, 1, 0, 0, 10)])
    (found,) = match_events(table, (0, 1), [Iou(0.5)])
    assert (found.counts.reference.sum(), found.counts.found.sum()) == (3, 1)


def test_a_region_with_several_labels_is_one_event() -> None:
    rows = [(0, 0, 0, 0, 10, 7), (0, 0, 1, 0, 10, 7), (0, 1, 0, 0, 10, 8), (0, 1, 1, 0, 10, 8)]
    table = table_of([*rows, (0, 1, 2, 0, 10, 9)], labels=3)
    (found,) = match_events(table, (0, 1), [Iou(0.5)])
    assert found.counts.sets == ((0,), (1,), (2,), (0, 1))
    assert found.counts.reference.tolist() == [[0, 0, 0, 1]]
    assert found.counts.hypothesis.tolist() == [[0, 0, 1, 1]]
    assert found.counts.found.tolist() == [[0, 0, 0, 1]]
    single = found.counts.by_label(3)
    assert single.reference.tolist() == [[1, 1, 0]]
    assert single.hypothesis.tolist() == [[1, 1, 1]]


def test_two_regions_at_the_same_time_stay_two_events() -> None:
    rows = [(0, 0, 0, 0, 10, 7), (0, 0, 1, 0, 10, 8), (0, 1, 0, 0, 10, 9), (0, 1, 1, 0, 10, 9)]
    strict, loose = (
        match_events(table_of(rows), (0, 1), [Iou(0.5)], labels)[0].counts
        for labels in ("same", "similar")
    )
    assert (strict.reference.sum(), strict.hypothesis.sum(), strict.found.sum()) == (2, 1, 0)
    assert loose.found.sum() == loose.confirmed.sum() == 1
    # The set of two labels shares half of itself with either label alone.
    assert loose.confirmed.tolist() == [[0, 0, 1]]


def test_a_pair_is_compared_on_what_both_reviewed() -> None:
    seen = Extents.of([0, 0, 1], [0, 1, 0], [0, 50, 0], [100, 200, 100])
    rows = [(0, 0, 0, 10, 20), (0, 0, 0, 40, 90), (0, 1, 0, 50, 90), (0, 1, 0, 150, 160)]
    table = table_of([*rows, (1, 0, 0, 1, 2)], tasks=2, reviewed=seen)
    (found,) = match_events(table, (0, 1), [Iou(0.9)])
    assert found.counts.items.task.tolist() == [0]
    assert found.counts.reference.tolist() == [[1, 0]]
    assert found.counts.hypothesis.tolist() == [[1, 0]]
    assert found.iou.tolist() == [1.0]
    assert found.onset.tolist() == [0]
    assert table.start[found.reference].tolist() == [40]


def test_all_pairs_at_once_equal_each_pair_alone() -> None:
    rng = np.random.default_rng(3)
    rows = [
        (task, annotator, int(rng.integers(2)), *span)
        for task in range(8)
        for annotator in range(3)
        for span in apart(rng, 6, 100)
    ]
    table = table_of(rows, tasks=8, annotators=3)
    pairs = [(0, 1), (0, 2), (1, 2), (2, 0)]
    together = match_events(table, pairs, [Iou(0.3), Collar(5, 5)])
    criteria: tuple[Criterion, ...] = (Iou(0.3), Collar(5, 5))
    for rule, criterion in enumerate(criteria):
        alone = [match_events(table, pair, [criterion])[0] for pair in pairs]
        assert _rows(together[rule]) == [row for matches in alone for row in _rows(matches)]
        found = np.concatenate([matches.counts.found for matches in alone])
        np.testing.assert_array_equal(together[rule].counts.found, found)
    assert together[0].counts.items.pair.tolist() == np.repeat(range(4), 8).tolist()


def test_nothing_to_match_is_no_error() -> None:
    table = table_of([])
    (found,) = match_events(table, (0, 1), [Iou(0.5)])
    assert found.counts.found.tolist() == [[0, 0]]
    assert len(found.item) == len(found.onset) == 0
    assert match_events(table, np.zeros((0, 2), int), [Iou(0.5)])[0].counts.found.shape == (0, 2)
    assert len(match_instants(table, (0, 1), 5).iou) == 0


def _rows(matches: Matches) -> list[tuple[int, int]]:
    return list(zip(matches.reference.tolist(), matches.hypothesis.tolist(), strict=True))


def test_more_time_than_fits_on_a_line_is_refused_with_a_remedy() -> None:
    far = 2**61
    rows = [(task, who, 0, start, start + 5) for task in (0, 1) for who in (0, 1)
            for start in (0, far)]  # fmt: skip
    with pytest.raises(DataError, match="several parts"):
        match_events(table_of(rows, tasks=2, until=far + 10), (0, 1), [Iou(0.5)])


def test_a_crowd_of_instants_is_matched_as_mir_eval_does() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    rng = np.random.default_rng(9)
    rows = [(0, who, 0, t, t) for who in (0, 1) for t in rng.integers(0, 10**5, 600).tolist()]
    table = table_of(rows, labels=1, until=10**5)
    times = [table.start[table.annotator == who].astype(float) for who in (0, 1)]
    for tolerance in (40, 200, 700):
        found = match_instants(table, (0, 1), tolerance)
        assert len(found.onset) == len(mir_eval.util.match_events(*times, tolerance))
