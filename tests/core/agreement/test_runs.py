"""Runs, zones and overlaps against one cell for each tick."""

from __future__ import annotations

import numpy as np
import pytest
from kit.span_tables import grids, random_table
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import overlaps
from tslab.agreement.kernels.presence import presence_of
from tslab.agreement.kernels.runs import Runs, runs_of
from tslab.agreement.kernels.sweep import membership, sweep
from tslab.span_table import Extents, SpanTable

TICKS = 60


def painted(runs: Runs, table: SpanTable) -> NDArray[np.bool_]:
    """The runs as a grid of labels, bool ``(annotators, tasks, labels, ticks)``."""
    there = runs.presence
    on = np.zeros((len(table.annotators), len(table.tasks), len(table.labels), TICKS), bool)
    for run in range(len(runs.start)):
        zone = there.zone[runs.reading[run]]
        start = runs.start[run] - there.shift[zone]
        end = runs.end[run] - there.shift[zone]
        for label in runs.states[runs.state[run]]:
            at = there.annotator[runs.reading[run]], there.task[zone], label
            assert not on[at][start:end].any(), "runs of one reading overlap"
            on[at][start:end] = True
    return on


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("overlapping", [False, True])
def test_runs_are_the_spans(seed: int, ragged: bool, overlapping: bool) -> None:
    table = random_table(seed, ragged=ragged, overlapping=overlapping)
    runs = runs_of(table)
    on, _ = grids(table, TICKS)
    assert np.array_equal(painted(runs, table), on)
    assert (np.diff(runs.reading) >= 0).all()
    same = runs.reading[1:] == runs.reading[:-1]
    assert (runs.start[1:][same] >= runs.end[:-1][same]).all()
    if not overlapping:
        assert runs.tracks is None


@pytest.mark.parametrize("seed", range(40))
def test_zones_are_where_the_same_annotators_were(seed: int) -> None:
    table = random_table(seed, ragged=True, tasks=4)
    there = presence_of(table.reviewed, len(table.annotators))
    _, seen = grids(table, TICKS)
    back = np.zeros_like(seen)
    for reading, zone in enumerate(there.zone):
        for piece in np.flatnonzero(there.piece_zone == zone):
            at = there.annotator[reading], there.task[zone]
            back[at][there.piece_start[piece] : there.piece_end[piece]] = True
    assert np.array_equal(back, seen)
    spent = np.bincount(
        there.piece_zone, there.piece_end - there.piece_start, minlength=len(there.task)
    )
    assert np.array_equal(there.ticks, spent)
    patterns = [
        (int(there.task[z]), tuple(there.annotator[there.zone == z])) for z in range(len(spent))
    ]
    assert len(set(patterns)) == len(patterns)


@pytest.mark.parametrize("seed", range(20))
def test_time_in_each_state_adds_up(seed: int) -> None:
    table = random_table(seed, ragged=True)
    runs = runs_of(table)
    spent = runs.ticks
    assert np.array_equal(spent.sum(axis=1), runs.presence.ticks[runs.presence.zone])
    on, there = grids(table, TICKS)
    idle = (there & ~on.any(axis=2)).sum()
    assert spent[:, 0].sum() == idle


def test_touching_spans_of_one_label_are_one_stretch_of_time() -> None:
    columns = {"task": [0, 0], "annotator": [0, 0], "label": [0, 0], "start": [0, 5], "end": [5, 9]}
    table = SpanTable.of((["t"], ["a"], ["x"]), columns, Extents.of([0], [0], [0], [10]))
    assert runs_of(table).ticks.tolist() == [[1, 9]]


def test_overlap_of_one_label_is_a_union() -> None:
    columns = {"task": [0, 0], "annotator": [0, 0], "label": [0, 0], "start": [0, 3], "end": [5, 9]}
    table = SpanTable.of((["t"], ["a"], ["x"]), columns, Extents.of([0], [0], [0], [10]))
    runs = runs_of(table)
    assert runs.ticks.tolist() == [[1, 9]]
    assert runs.row.tolist() == [-1]


def test_a_long_span_over_several_short_ones() -> None:
    columns = {
        "task": [0] * 4, "annotator": [0] * 4, "label": [0, 1, 2, 1],
        "start": [0, 1, 4, 30], "end": [20, 2, 6, 40],
    }  # fmt: skip
    table = SpanTable.of((["t"], ["a"], ["x", "y", "z"]), columns, Extents.of([0], [0], [0], [50]))
    runs = runs_of(table)
    assert runs.states[4:] == (frozenset({0, 1}), frozenset({0, 2}))
    assert runs.state.tolist() == [1, 4, 1, 5, 1, 2]
    assert runs.row.tolist() == [-1, -1, -1, -1, -1, 3]


def test_more_labels_than_bits_in_a_word() -> None:
    many = 130
    columns = {
        "task": np.zeros(many), "annotator": np.zeros(many), "label": np.arange(many),
        "start": np.arange(many), "end": np.arange(many) + 3,
    }  # fmt: skip
    names = ["t"], ["a"], [f"l{i}" for i in range(many)]
    table = SpanTable.of(names, columns, Extents.of([0], [0], [0], [many + 3]))
    runs = runs_of(table)
    assert runs.states[runs.state[70]] == frozenset({68, 69, 70})
    assert len(runs.states) == 1 + many + 130


def test_nothing_at_all() -> None:
    empty = {key: np.zeros(0) for key in ("task", "annotator", "label", "start", "end")}
    table = SpanTable.of((["t"], ["a", "b"], ["x"]), empty, Extents.of([], [], [], []))
    assert len(runs_of(table).start) == 0
    seen = SpanTable.of((["t"], ["a", "b"], ["x"]), empty, Extents.of([0], [1], [0], [7]))
    assert runs_of(seen).ticks.tolist() == [[7, 0]]


@pytest.mark.parametrize("seed", range(60))
def test_overlaps_against_every_pair(seed: int) -> None:
    dice = np.random.default_rng(seed)
    families = []
    for _ in range(2):
        borders = np.sort(dice.integers(0, 40, 2 * int(dice.integers(0, 9)))).astype(np.int64)
        start, end = borders[::2], borders[1::2]
        families.append((start[end > start], end[end > start]))
    (a, b), (c, d) = families
    found = overlaps(a, b, c, d)
    shared = np.minimum.outer(b, d) - np.maximum.outer(a, c)
    i, j = np.nonzero(shared > 0)
    assert found.first.tolist() == i.tolist()
    assert found.second.tolist() == j.tolist()
    assert found.ticks.tolist() == shared[i, j].tolist()
    assert len(found) == len(i)


def test_sweep_says_who_is_on() -> None:
    start, end = np.array([0, 2, 1], np.int64), np.array([5, 4, 9], np.int64)
    stretches = sweep(np.zeros(3, np.int64), start, end, np.array([0, 70, 3], np.int32), 71)
    assert stretches.start.tolist() == [0, 1, 2, 4, 5]
    assert stretches.end.tolist() == [1, 2, 4, 5, 9]
    on = [np.flatnonzero(row).tolist() for row in membership(stretches.bits, 71)]
    assert on == [[0], [0, 3], [0, 3, 70], [0, 3], [3]]
