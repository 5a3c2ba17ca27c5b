"""Consensus of annotators: regions, support, spread, disputes; with real scorers, too."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.vote_tables import LABELS, grid, marks, names, table

from tslab.agreement.consensus.methods import Consensus, ConsensusSettings, Kind, consensus_of
from tslab.agreement.consensus.regions import Regions, without_overlap
from tslab.errors import DataError
from tslab.segmentation.examples.majority import Reading, majority
from tslab.span_table import Extents, SpanTable
from tslab.stretches import union

METHODS: tuple[Any, ...] = ("majority", "weighted", "dawid-skene", "staple", "median")


def said(found: Consensus) -> list[tuple[int, int, str]]:
    return [(a, b, LABELS[k]) for _, k, a, b in found.regions.rows()]


def agree(given: SpanTable, kind: Kind = "intervals", **settings: Any) -> Consensus:
    exhaustive = settings.pop("exhaustive", False)
    wanted = ConsensusSettings(**{"tolerance": 2, **settings})
    return consensus_of(given, kind, given.annotators, wanted, exhaustive=exhaustive)


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize("exclusive", [False, True])
def test_majority_equals_that_of_the_training_set(seed: int, exclusive: bool) -> None:
    """Two implementations, one result: time with one dispute, however many labels are in it."""
    given = _apart(table(seed)) if exclusive else table(seed)
    found = agree(given, "states" if exclusive else "intervals")
    seen = given.reviewed
    for task in range(2):
        readings = []
        for reader in range(len(given.annotators)):
            own = np.flatnonzero((given.task == task) & (given.annotator == reader))
            there = (seen.task == task) & (seen.annotator == reader)
            present = list(zip(seen.start[there].tolist(), seen.end[there].tolist(), strict=True))
            spans = [(int(given.start[n]), int(given.end[n]), LABELS[given.label[n]]) for n in own]
            readings.append(Reading(present, spans))
        agreed = majority(readings, exclusive=exclusive)
        disputed = [(a, b) for t, _, a, b in found.disputed.rows() if t == task]
        assert disputed == agreed.disputed
        mine = [(a, b, LABELS[k]) for t, k, a, b in found.regions.rows() if t == task]
        # The training set leaves out whole moments, this only the label that is disputed.
        assert set(_outside(mine, disputed)) == set(_outside(agreed.marks, disputed))


@pytest.mark.parametrize("seed", range(60))
def test_majority_splits_where_the_training_set_does(seed: int) -> None:
    """Three who reviewed everything are never at odds: the very same regions must come out."""
    dice = np.random.default_rng(seed)
    readings: list[list[tuple[int, int, str]]] = []
    for _ in range(3):
        edges = np.sort(dice.choice(np.arange(0, 100, 4), 12, replace=False)).tolist()
        own = [(a, b, LABELS[int(dice.integers(2))]) for a, b in itertools.pairwise(edges)]
        readings.append(own + [(4, 60, "z")] * int(dice.integers(2)) + [(60, 72, "z")])
    agreed = majority([Reading([(0, 100)], own) for own in readings], exclusive=False)
    assert not agreed.disputed
    assert sorted(said(agree(marks(*readings)))) == agreed.marks


def _apart(given: SpanTable) -> SpanTable:
    """Without the spans that begin before another one of their annotator ended."""
    kept = np.zeros(len(given), bool)
    reach: dict[tuple[int, int], int] = {}
    for n in range(len(given)):
        key = (given.task[n], given.annotator[n])
        if given.start[n] >= reach.get(key, 0):
            kept[n], reach[key] = True, given.end[n]
    return given.where(kept)


def _outside(
    rows: list[tuple[int, int, str]], gone: list[tuple[int, int]]
) -> list[tuple[int, str]]:
    inside = {time for a, b in gone for time in range(a, b)}
    return [(time, k) for a, b, k in rows for time in range(a, b) if time not in inside]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(15))
def test_states_never_overlap_and_have_no_hole_but_where_labels_tie(method: Any, seed: int) -> None:
    given = _apart(table(seed, readers=5))
    found = agree(given, "states", method=method, exhaustive=True)
    on, there = grid(given)
    covered = np.zeros((2, 100), int)
    for task, _, start, end in found.regions.rows():
        covered[task, start:end] += 1
    assert covered.max() == 1
    tied = np.zeros((2, 100), bool)
    for task, _, start, end in found.disputed.rows():
        tied[task, start:end] = True
    assert (covered[on.any(axis=(2, 3)) & ~tied] == 1).all()
    assert (covered[~there.any(axis=2)] == 0).all()
    open_states = agree(given, "states", method=method)
    for one, other in itertools.pairwise(open_states.regions.rows()):
        assert one[0] != other[0] or one[3] <= other[2]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["states", "intervals"])
def test_those_who_agree_are_repeated(method: Any, kind: Any) -> None:
    own = [(5, 20, "x"), (20, 30, "x"), (30, 44, "y"), (60, 61, "z")]
    found = agree(marks(own, own, own), kind, method=method)
    assert said(found) == own
    assert not len(found.disputed)
    np.testing.assert_allclose(found.support, 1.0, atol=1e-6)
    assert found.onset_spread.tolist() == [0.0] * 4
    assert found.source_region.tolist() == np.repeat(np.arange(4), 3).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_annotators_makes_no_difference(method: Any) -> None:
    for seed in range(10):
        given = table(seed, readers=5, ragged=False)
        one = agree(given, method=method)
        swapped = np.array([3, 0, 4, 1, 2])
        columns = {
            key: getattr(given, key) for key in ("task", "label", "start", "end", "region")
        } | {"annotator": swapped[given.annotator]}
        seen = given.reviewed
        extents = Extents.of(seen.task, swapped[seen.annotator], seen.start, seen.end)
        order = [given.annotators[n] for n in np.argsort(swapped)]
        other = agree(
            SpanTable.of((given.tasks, order, given.labels), columns, extents), method=method
        )
        assert one.regions.rows() == other.regions.rows()
        np.testing.assert_allclose(one.support, other.support, atol=1e-9)


def test_who_did_not_review_does_not_vote() -> None:
    given = marks([(10, 20, "x")], [(10, 20, "x")], [], [])
    assert said(agree(given)) == []
    assert agree(given).disputed.rows() == [(0, -1, 10, 20)]
    seen = given.reviewed
    partly = Extents.of(seen.task, seen.annotator, seen.start, [100, 100, 15, 10])
    assert said(agree(replace(given, reviewed=partly))) == [(10, 20, "x")]
    alone = given.without_annotators(["r1", "r2", "r3"])
    assert said(agree(alone)) == [(10, 20, "x")]


def test_median_borders_are_crisp_and_weighted() -> None:
    given = marks([(10, 30, "x")], [(12, 33, "x")], [(15, 32, "x"), (70, 80, "x")])
    found = agree(given, method="median")
    assert said(found) == [(12, 32, "x")]
    assert found.onset_spread[0] == pytest.approx(2e-6)
    assert found.offset_spread[0] == pytest.approx(1e-6)
    weights = {"r0": 1.0, "r1": 1.0, "r2": 5.0}
    assert said(agree(given, method="median", weights=weights)) == [(15, 32, "x"), (70, 80, "x")]
    assert said(agree(given, method="median", least=1)) == [(12, 32, "x"), (70, 80, "x")]
    two = marks([(10, 30, "x")], [(13, 30, "x")])
    assert said(agree(two, method="median")) == [(11, 30, "x")]


def test_median_of_what_half_of_them_see_is_disputed() -> None:
    found = agree(marks([(10, 30, "x")], []), method="median")
    assert said(found) == []
    assert found.disputed.rows() == [(0, -1, 10, 30)]


def test_median_keeps_neighbours_apart() -> None:
    ones = [(0, 20, "x"), (20, 40, "y")]
    others = [(0, 26, "x"), (26, 40, "y")]
    strange = [(0, 24, "x"), (22, 40, "y")]
    found = agree(marks(ones, others, strange), "states", method="median")
    assert said(found) == [(0, 23, "x"), (23, 40, "y")]


def test_two_marks_of_one_annotator_are_never_one_event() -> None:
    given = marks([(0, 10, "x"), (10, 20, "x")], [(0, 20, "x")], [(0, 20, "x")])
    found = agree(given, method="median")
    assert said(found) == [(0, 20, "x")]
    assert sorted(given.annotator[found.source_row].tolist()) == [0, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_instants_lie_at_the_median_of_their_cluster(method: Any) -> None:
    given = marks(
        [(10, 10, "x"), (50, 50, "x")], [(11, 11, "x"), (51, 51, "x")], [(12, 12, "x")], []
    )
    found = agree(given, "instants", method=method, weights=dict.fromkeys(names(4), 1.0))
    assert (11, 11, "x") in said(found)
    if method in ("majority", "weighted", "median"):
        assert said(found) == [(11, 11, "x")]
        assert found.disputed.rows() == [(0, -1, 50, 51)]
        assert found.support.tolist() == [0.75]
        assert found.onset_spread[0] == pytest.approx(1e-6)


def test_gaps_are_closed_before_short_regions_go() -> None:
    own = [(0, 10, "x"), (12, 20, "x"), (40, 42, "x"), (60, 61, "y")]
    assert said(agree(marks(own, own), gap=3, shortest=3)) == [(0, 20, "x")]
    assert said(agree(marks(own, own), gap=2)) == own
    between = [(0, 10, "x"), (10, 12, "y"), (12, 20, "x")]
    assert said(agree(marks(between, between), "states", gap=5)) == between


def test_a_tie_in_an_exhaustive_tier_is_shared_by_its_neighbours_or_left_open() -> None:
    given = marks([(0, 10, "x"), (10, 100, "y")], [(0, 20, "x"), (20, 100, "y")])
    found = agree(given, "states", exhaustive=True)
    assert said(found) == [(0, 15, "x"), (15, 100, "y")]
    assert found.disputed.rows() == [(0, -1, 10, 20)]
    inner = marks(
        [(0, 40, "x"), (40, 50, "y"), (50, 100, "x")], [(0, 40, "x"), (40, 50, "z"), (50, 100, "x")]
    )
    assert said(agree(inner, "states", exhaustive=True)) == [(0, 40, "x"), (50, 100, "x")]


@pytest.mark.parametrize("exhaustive", [False, True])
def test_the_union_of_states_is_what_nobody_contradicts(exhaustive: bool) -> None:
    """It was the majority under another name: two readers outvoted the third one's flutter."""
    given = marks(
        [(0, 50, "x"), (50, 60, "y")], [(0, 50, "x")], [(0, 20, "x"), (20, 30, "z"), (80, 90, "z")]
    )
    found = agree(given, "states", method="union", exhaustive=exhaustive)
    assert said(found) == [(0, 20, "x"), (30, 50, "x"), (50, 60, "y"), (80, 90, "z")]
    assert found.disputed.rows() == [(0, -1, 20, 30)]
    assert said(agree(given, "states", exhaustive=True))[0] == (0, 50, "x")


def test_weights_come_from_the_ground_truth() -> None:
    given = marks([(0, 50, "x")], [(0, 50, "x")], [(0, 90, "x")], [(0, 90, "x")])
    wanted = ConsensusSettings("weighted")
    found = consensus_of(given, "intervals", names(3), wanted, reference="r3")
    assert found.quality["weight"] == pytest.approx({"r0": 0.6, "r1": 0.6, "r2": 1.0})
    assert said(found) == [(0, 50, "x")]


def test_weights_of_strangers_and_of_nothing_are_refused() -> None:
    given = marks([(0, 50, "x")], [(0, 50, "x")])
    with pytest.raises(DataError, match="'bob', who does not vote"):
        agree(given, weights={"bob": 1.0})
    with pytest.raises(DataError, match="not above 0"):
        agree(given, weights={"r0": 0.0})
    with pytest.raises(DataError, match="nobody who votes"):
        consensus_of(given, "intervals", [])


def test_nothing_marked_is_a_consensus() -> None:
    for method in METHODS:
        found = agree(marks([], []), method=method)
        assert len(found.regions) == len(found.disputed) == 0


def test_states_that_lie_in_one_another_share_and_lose_no_time() -> None:
    made = Regions.of([(0, 0, 0, 60), (0, 1, 40, 100), (1, 0, 0, 100), (1, 1, 40, 50)])
    assert without_overlap(made).rows() == [
        (0, 0, 0, 50), (0, 1, 50, 100), (1, 0, 0, 45), (1, 1, 45, 50), (1, 0, 50, 100),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_states_out_of_any_overlap_are_apart_and_fill_the_same_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(int(rng.integers(1, 9))):
        start, length = int(rng.integers(0, 30)), int(rng.integers(1, 12))
        rows.append((int(rng.integers(2)), int(rng.integers(3)), start, start + length))
    found = without_overlap(Regions.of(rows)).rows()
    for task in range(2):
        own = [(start, end) for number, _, start, end in found if number == task]
        assert all(start < end for start, end in own)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(own))
        whole = union([(start, end) for number, _, start, end in rows if number == task])
        assert union(own) == whole


def test_a_state_around_another_one_goes_on_behind_it() -> None:
    rows = [(0, who, 0, 0, 100) for who in (0, 1)] + [(0, who, 1, 40, 50) for who in (2, 3)]
    found = agree(table_of(rows, annotators=4, until=100), "states", method="median", least=2)
    assert found.regions.rows() == [(0, 0, 0, 45), (0, 1, 45, 50), (0, 0, 50, 100)]
    assert found.support.tolist() == [0.5, 0.5, 0.5]
