"""Regularity of what repeats: beats, steps, strokes, whatever the channels do together.

Bursts of change are found on all channels at once. How far apart they come, how evenly, and how
much alike they are says what no window statistic says: a rhythm that has lost its beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32, Float64, Grid

EXCERPT = 16_384
SHORTEST_PERIOD = 8
CLEAR = 0.15
"""Autocorrelation from which on something is said to repeat."""

ROWS = 5
CLEAR_CHANGE = 0.06
"""Logarithm of a ratio of two intervals that is no even rhythm's."""

MOST_CHANGE = 0.3
"""Largest logarithm of a ratio that counts: a burst that was missed doubles an interval."""


@dataclass(frozen=True, slots=True)
class Bursts:
    """Bursts of a recording that follow others.

    Attributes:
        cells: Where they are.
        lines: For each: 1, log of the interval in periods, how much interval and height differ
            from those before, and whether the interval clearly does; float32 ``(ROWS, bursts)``.
    """

    cells: NDArray[np.int64]
    lines: Float32

    def by_frame(self, stride: int, first: int, last: int) -> Float32:
        """Sums in the frames `first` to `last` (half-open), ``(ROWS, frames)``."""
        start, end = np.searchsorted(self.cells, (first * stride, last * stride))
        frame = self.cells[start:end] // stride - first
        sums = [np.bincount(frame, row[start:end], minlength=last - first) for row in self.lines]
        return np.array(sums, np.float32)


def activity(grid: Grid, smooth: int) -> Float32:
    """How much all channels change, smoothed over `smooth` cells, float32 ``(cells,)``."""
    total = np.zeros(grid.cells, np.float32)
    step = np.empty(max(0, grid.cells - 1), np.float32)
    for row in np.flatnonzero(grid.present):
        np.subtract(grid.values[row, 1:], grid.values[row, :-1], out=step)
        total[1:] += np.abs(step, out=step)
    # Smoothed twice, a burst has one highest cell; smoothed once, it has a plateau.
    return _box(_box(total, smooth), smooth)


def _box(line: Float32, width: int) -> Float32:
    """Means over `width` cells around every cell."""
    half = max(1, width) // 2
    sums = np.zeros(len(line) + 2 * half + 1)
    # np.pad takes longer than all of the rest on a short recording.
    padded = np.concatenate((np.full(half, line[0]), line, np.full(half, line[-1])))
    np.cumsum(padded, dtype=np.float64, out=sums[1:])
    return ((sums[2 * half + 1 :] - sums[: len(line)]) / (2 * half + 1)).astype(np.float32)


def usual_period(grids: Sequence[Grid]) -> int:
    """Cells from one burst to the next in most recordings, 0 where nothing repeats."""
    total = np.zeros(EXCERPT // 8)
    number = 0
    for grid in grids[:: max(1, len(grids) // 8)]:
        first = max(0, (grid.cells - EXCERPT) // 2)
        part = Grid(grid.values[:, first : first + EXCERPT], None, grid.present, grid.rate)
        if part.cells >= 8 * SHORTEST_PERIOD and part.present.any():
            curve = _autocorrelation(activity(part, 5))[: len(total)]
            total[: len(curve)] += curve
            number += 1
    return _first_high_peak(total / max(1, number))


def _autocorrelation(line: Float32) -> Float64:
    away = np.minimum(line, np.quantile(line, 0.98)).astype(np.float64)
    away -= away.mean()
    spectrum = np.fft.rfft(away, 2 * len(away))
    curve = np.fft.irfft(np.abs(spectrum) ** 2)[: len(away) // 8]
    return np.asarray(curve / max(float(curve[0]), 1e-12))


def _first_high_peak(curve: Float64) -> int:
    """Lag of the first peak that is nearly as high as the highest; 0 if none is clear."""
    inner = curve[1:-1]
    top = np.flatnonzero((inner > curve[:-2]) & (inner >= curve[2:])) + 1
    top = top[top >= SHORTEST_PERIOD]
    if not len(top) or curve[top].max() < CLEAR:
        return 0
    return int(top[curve[top] >= 0.8 * curve[top].max()][0])


def highest_around(line: Float32, reach: int) -> Float32:
    """Maximum within `reach` cells to either side, by windows that double in length."""
    out: Float32 = np.full(len(line) + 2 * reach, -np.inf, np.float32)
    out[reach : reach + len(line)] = line
    length, wanted = 1, 2 * reach + 1
    while length < wanted:
        step = min(length, wanted - length)
        out = np.maximum(out[:-step], out[step:])
        length += step
    return np.asarray(out)


def find_bursts(grid: Grid, period: int) -> Bursts:
    """Bursts that stand out within their surroundings."""
    apart = max(2, round(0.3 * period))
    line = activity(grid, max(3, apart // 3))
    highest = highest_around(line, apart)
    around = highest_around(highest, 2 * period)
    cells = np.flatnonzero((line == highest) & (line > 0.35 * around))
    cells = cells[np.concatenate(([True], np.diff(cells) > apart))] if len(cells) else cells
    if len(cells) < 3:
        return Bursts(np.zeros(0, np.int64), np.zeros((ROWS, 0), np.float32))
    interval = np.log(np.diff(cells) / period)
    height = np.log(line[cells] + 1e-3)
    change = np.minimum(np.abs(np.diff(interval)), MOST_CHANGE)
    other = np.minimum(np.abs(np.diff(height)), MOST_CHANGE)[1:]
    clearly = change > CLEAR_CHANGE
    late = np.clip(interval[1:], -1, 1)
    lines = np.stack([np.ones_like(late), late, change, other, clearly])
    return Bursts(cells[2:], lines.astype(np.float32))
