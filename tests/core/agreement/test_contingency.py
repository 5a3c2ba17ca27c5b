"""Time that pairs share, against one cell for each tick."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kit.span_tables import grids, random_table
from numpy.typing import NDArray

from tslab.agreement.kernels import contingency as module
from tslab.agreement.kernels import overlaps as overlap_module
from tslab.agreement.kernels import stream as streams
from tslab.agreement.kernels.contingency import Contingency, contingency, pairs_of
from tslab.agreement.kernels.overlaps import kernel_for, overlaps
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.values import Readers
from tslab.span_table import SpanTable

TICKS = 60


def everyone(table: SpanTable) -> NDArray[np.int32]:
    return pairs_of(table, Readers(table.annotators))


def by_hand(table: SpanTable, found: Contingency) -> dict[str, NDArray[np.float64]]:
    """Everything for each pair, from grids."""
    on, there = grids(table, TICKS)
    states = {labels: number for number, labels in enumerate(found.states)}
    rows: dict[str, list[object]] = {"confusion": [], "both": [], "similar": [], "ticks": []}
    for one, other in found.items.pairs.tolist():
        seen = there[one] & there[other]
        a, b = (on[who].transpose(0, 2, 1)[seen] for who in (one, other))
        sets = [[frozenset(np.flatnonzero(cell).tolist()) for cell in side] for side in (a, b)]
        square = np.zeros((len(states), len(states)), np.int64)
        for left, right in zip(*sets, strict=True):
            square[states[left], states[right]] += 1
        rows["confusion"].append(square)
        rows["both"].append((a & b).sum(axis=0))
        union = (a | b).sum(axis=1)
        rows["similar"].append(((a & b).sum(axis=1)[union > 0] / union[union > 0]).sum())
        rows["ticks"].append(int(seen.sum()))
    return {key: np.array(value) for key, value in rows.items()}


def by_pair(found: Contingency, column: NDArray[Any]) -> NDArray[Any]:
    out = np.zeros((len(found.items.pairs), *column.shape[1:]), column.dtype)
    np.add.at(out, found.items.pair, column)
    return out


def check(table: SpanTable, found: Contingency) -> None:
    hand = by_hand(table, found)
    if found.confusion is not None:
        assert np.array_equal(found.confusion, hand["confusion"])
    square = hand["confusion"]
    assert np.array_equal(by_pair(found, found.ticks), hand["ticks"])
    assert np.array_equal(by_pair(found, found.agreed), np.diagonal(square, axis1=1, axis2=2))
    assert np.array_equal(by_pair(found, found.first), square.sum(axis=2))
    assert np.array_equal(by_pair(found, found.second), square.sum(axis=1))
    assert np.array_equal(by_pair(found, found.both), hand["both"])
    np.testing.assert_allclose(by_pair(found, found.similar), hand["similar"], rtol=1e-12)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("overlapping", [False, True])
def test_sums_are_those_of_the_grid(seed: int, ragged: bool, overlapping: bool) -> None:
    table = random_table(seed, ragged=ragged, overlapping=overlapping, annotators=4)
    check(table, contingency(table, everyone(table)))


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("batch", [1, 7, 40])
@pytest.mark.parametrize("overlapping", [False, True])
def test_batches_do_not_matter(
    seed: int, batch: int, overlapping: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = random_table(seed, ragged=seed % 2 == 0, overlapping=overlapping, tasks=6)
    monkeypatch.setattr(streams, "BATCH", batch)
    check(table, contingency(table, everyone(table)))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("ragged", [False, True])
def test_many_states_go_label_by_label(
    seed: int, ragged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = random_table(seed, ragged=ragged)
    monkeypatch.setattr(module, "MOST_STATES", 2)
    found = contingency(table, everyone(table))
    assert found.confusion is None
    check(table, found)


def test_more_than_64_sets_need_no_square() -> None:
    table = random_table(5, labels=40, spans=40, annotators=2, tasks=5)
    found = contingency(table, everyone(table))
    assert len(found.states) > 64
    assert found.confusion is None
    check(table, found)


def test_a_turned_pair_is_transposed() -> None:
    table = random_table(3, ragged=True)
    one = contingency(table, np.array([[0, 2]], np.int32))
    other = contingency(table, np.array([[2, 0]], np.int32))
    assert one.confusion is not None
    assert other.confusion is not None
    assert np.array_equal(one.confusion[0], other.confusion[0].T)
    assert np.array_equal(one.first, other.second)


@pytest.mark.parametrize("seed", range(8))
def test_bounds_of_a_batch_say_which_item(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = random_table(seed, overlapping=False, ragged=seed % 2 == 0, tasks=7)
    monkeypatch.setattr(streams, "BATCH", 25)
    runs = runs_of(table)
    items = streams.items_of(runs.presence, everyone(table))
    seen = 0
    for batch in streams.stream(runs, items):
        assert batch.begin == seen
        seen = batch.end
        item = batch.begin + batch.item_of(np.arange(len(batch.overlaps)))
        assert np.array_equal(runs.reading[batch.overlaps.first], items.first[item])
        assert np.array_equal(runs.reading[batch.overlaps.second], items.second[item])
    assert seen == len(items)


def test_who_is_compared() -> None:
    table = replace(random_table(1, annotators=4), annotators=("ann", "bob", "truth", "model"))
    readers = Readers(("bob", "ann"), "truth", ("model",))
    assert pairs_of(table, readers).tolist() == [[0, 1]]
    assert pairs_of(table, readers, "reference").tolist() == [[2, 1], [2, 0]]
    assert pairs_of(table, readers, "model").tolist() == [[2, 3], [1, 3], [0, 3]]


def test_who_never_met_is_no_pair() -> None:
    table = random_table(2, annotators=2, tasks=2)
    seen = table.reviewed
    apart = (seen.task == 0) == (seen.annotator == 0)
    extents = replace(
        seen, task=seen.task[apart], annotator=seen.annotator[apart], start=seen.start[apart],
        end=seen.end[apart],
    )  # fmt: skip
    lonely = replace(table.where((table.task == 0) == (table.annotator == 0)), reviewed=extents)
    assert everyone(lonely).tolist() == []
    assert len(contingency(lonely, everyone(lonely)).items) == 0


def test_compiled_overlaps_are_the_same_number_for_number(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba", reason="numba is the extra tslab[fast]")
    assert kernel_for(1000) is overlaps
    monkeypatch.setattr(overlap_module, "FAST_FROM", 0)
    fast = kernel_for(0)
    assert fast is not overlaps
    for seed in range(100):
        dice = np.random.default_rng(seed)
        families = []
        for _ in range(2):
            borders = np.sort(dice.integers(0, 60, 2 * int(dice.integers(0, 12)))).astype(np.int64)
            start, end = borders[::2], borders[1::2]
            families += [start[end > start], end[end > start]]
        one, other = overlaps(*families), fast(*families)
        assert np.array_equal(one.first, other.first)
        assert np.array_equal(one.second, other.second)
        assert np.array_equal(one.ticks, other.ticks)
    for ragged in (False, True):
        table = random_table(4, ragged=ragged)
        check(table, contingency(table, everyone(table)))


def test_without_numba_there_is_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap_module, "FAST_FROM", 0)
    monkeypatch.setattr(overlap_module, "find_spec", lambda name: None)
    assert kernel_for(10**12) is overlaps
