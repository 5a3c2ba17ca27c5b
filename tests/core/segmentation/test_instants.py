"""Instants: peaks, hits, the threshold and the anchor."""

from __future__ import annotations

import numpy as np
from kit.grids import grid_of

from tslab.segmentation.chain.instants import best_threshold, hits, peaks
from tslab.segmentation.features.anchors import learn_anchor


def test_peaks_keep_apart_and_the_highest_win() -> None:
    odds = np.array([0, 3, 0, 5, 0, 0, 0, 4, 4, 0], np.float32)
    assert peaks(odds, 1).tolist() == [1, 3, 8]
    assert peaks(odds, 4).tolist() == [3, 8]
    assert peaks(odds[:0], 4).tolist() == []


def test_hits_are_one_to_one_nearest_first() -> None:
    mark = hits(np.array([1.0, 1.3, 9.0]), np.array([1.2, 5.0]), 0.5)
    assert mark.tolist() == [-1, 0, -1]


def test_the_threshold_lies_between_what_is_right_and_what_is_not() -> None:
    odds = np.log(np.array([0.9, 0.8, 0.3, 0.2]))
    threshold = best_threshold(odds, np.array([True, True, False, False]), 2)
    assert 0.3 < threshold < 0.8
    assert best_threshold(odds[:0], np.zeros(0, bool), 2) == 0.5


def test_one_lucky_peak_among_many_does_not_open_the_gate() -> None:
    """What two instants cannot prove, fifty can."""
    odds = np.log(np.concatenate([[0.4], np.linspace(0.05, 0.03, 19)]))
    lucky = np.arange(20) == 12
    assert best_threshold(odds, lucky, 2) > 0.1
    low = np.repeat(np.log([0.05, 0.01]), 50)
    assert best_threshold(low, np.repeat([True, False], 50), 50) < 0.05


def test_an_anchor_finds_the_marked_landmark() -> None:
    rng = np.random.default_rng(9)
    line = 0.1 * rng.standard_normal(4000)
    marks = np.arange(100, 3900, 200) + rng.integers(-20, 20, 19)
    for mark in marks:
        line[mark - 3 : mark] -= 6
        line[mark] += 20
    grid = grid_of(line[None])
    found = [(grid, (mark + rng.uniform(-5, 5)) / 20, (mark - 3) / 20) for mark in marks]
    anchor = learn_anchor(found, 5 / 20)
    assert anchor.signal >= 0
    placed = [anchor.place(grid, time) for _, time, _ in found]
    assert np.abs(np.array(placed) - [true for *_, true in found]).max() < 1.1 / 20
