"""Mean, spread, change and steps of the signals in windows of many lengths around every frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from tslab.segmentation.features.grid import Float32, Float64, Mask
from tslab.segmentation.features.picking import Picked
from tslab.segmentation.features.windows import WindowSums, frame_sums, log_of


class Statistics:
    """Sums of a stretch of a recording that windows are made of, each when it is first needed.

    Args:
        signals: Channels and magnitude, float32 ``(signals, cells)``.
        known: Which of it was measured (1 or 0), None where all was.
        present: Which signals say anything; the features of the others are NaN.
        stride: Cells a frame.
        lags: Lags of absolute differences, cells.
        asked: First frame that is asked about, how many are, and the most frames that a window
            goes beyond its frame.
    """

    def __init__(
        self,
        signals: Float32,
        known: Float32 | None,
        present: Mask,
        stride: int,
        lags: Sequence[int],
        asked: tuple[int, int, int],
    ) -> None:
        self.signals, self.known, self.stride, self.lags = signals, known, stride, lags
        self.absent = None if present.all() else ~present
        self.asked = asked
        self.rows = len(signals)
        """Signals."""
        self.counts = 1 if known is None else self.rows
        """Signals that are counted by themselves: one where all were measured."""

    @cached_property
    def levels(self) -> WindowSums:
        """Sums, sums of squares and counts."""
        rows, cells = self.signals.shape
        lines = np.empty((2 * rows + self.counts, -(-cells // self.stride)), np.float32)
        frame_sums(self.signals, self.stride, lines[:rows])
        frame_sums(self.signals * self.signals, self.stride, lines[rows : 2 * rows])
        known = np.ones((1, cells), np.float32) if self.known is None else self.known
        frame_sums(known, self.stride, lines[2 * rows :])
        return WindowSums(lines, *self.asked)

    @cached_property
    def steps(self) -> WindowSums:
        """Sums of absolute differences at all lags, and then how many there are at each."""
        rows, cells = self.signals.shape
        lines = np.empty(
            (len(self.lags) * (rows + self.counts), -(-cells // self.stride)), np.float32
        )
        size = np.empty_like(self.signals)
        for place, lag in enumerate(self.lags):
            number = self._differences(lag, size)
            frame_sums(size, self.stride, lines[place * rows : (place + 1) * rows])
            first = len(self.lags) * rows + place * self.counts
            frame_sums(number, self.stride, lines[first : first + self.counts])
        return WindowSums(lines, *self.asked)

    def _differences(self, lag: int, size: Float32) -> Float32:
        """Writes absolute differences at a lag into `size`; says which there are (1 or 0)."""
        signals, known = self.signals, self.known
        number = np.ones((1, signals.shape[1]), np.float32) if known is None else known.copy()
        number[:, :lag] = 0
        size[:, :lag] = 0
        if lag < signals.shape[1]:
            np.subtract(signals[:, lag:], signals[:, :-lag], out=size[:, lag:])
            np.abs(size[:, lag:], out=size[:, lag:])
            if known is not None:
                number[:, lag:] *= known[:, :-lag]
                size *= number
        return number

    def mean(self, window: int) -> Float32:
        """Mean of the signals in the window around every frame, ``(signals, frames)``."""
        return _Window(self, window, False).mean

    def add_to(self, picked: Picked, window: int) -> None:
        """Adds the blocks of one window, in the order of `feature_widths`."""
        rows = self.rows
        changes = picked.wants(2 * rows, after=2 * rows + 2)
        made = _Window(self, window, changes)
        picked.add(rows, lambda: made.mean)
        picked.add(rows, lambda: made.spread)
        picked.add(2, lambda: made.departure)
        picked.add(rows, lambda: made.change(0))
        picked.add(rows, lambda: made.change(1))
        for place, lag in enumerate(self.lags):
            if lag <= window * self.stride:
                picked.add(rows, lambda place=place: made.step(place))  # type: ignore[misc]


class _Window:
    """The statistics of one window, each computed when it is first asked for.

    What lies around a frame, before it and after it is the same window at other places: where
    changes are asked for, mean and spread are computed at all of these places at once.
    """

    def __init__(self, source: Statistics, window: int, changes: bool) -> None:
        self._source, self._window, self._half = source, window, window // 2
        self._first, self._more = (-window, window + 1) if changes else (-self._half, 0)
        self._around = window - self._half if changes else 0

    @cached_property
    def _levels(self) -> Float64:
        """Means and mean squares, ``(2, signals, frames)``; NaN where nothing was measured."""
        rows = self._source.rows
        sums = self._source.levels.over(self._first, self._first + self._window, self._more)
        number = sums[2 * rows :]
        number[number < 0.5] = np.nan
        levels = sums[: 2 * rows].reshape(2, rows, -1)
        levels /= number
        return levels

    @cached_property
    def _means(self) -> Float32:
        return self._marked(self._levels[0].astype(np.float32))

    @cached_property
    def _spreads(self) -> Float32:
        mean, square = self._levels
        variance = square - mean * mean
        spread = log_of(variance)
        spread *= np.float32(0.5)
        return self._marked(spread)

    @property
    def mean(self) -> Float32:
        """Around every frame."""
        return self._at(self._means, self._around)

    @property
    def spread(self) -> Float32:
        """Logarithm of the standard deviation around every frame."""
        return self._at(self._spreads, self._around)

    @property
    def departure(self) -> Float32:
        """How far the channels (without their magnitude) are from normal together, two rows.

        Some events show in another channel each time; what they share is that something departs.
        """
        size = np.abs(self.mean[:-1])
        size[np.isnan(size)] = 0
        out = np.empty((2, size.shape[1]), np.float32)
        np.maximum.reduce(size, axis=0, out=out[1])
        size *= size
        np.add.reduce(size, axis=0, out=out[0])
        out[0] /= len(size)
        np.sqrt(out[0], out=out[0])
        return out

    def change(self, place: int) -> Float32:
        """What is after every frame less what is before it; 0 where one side was not measured.

        Args:
            place: 0 for the mean, 1 for the spread.
        """
        values = self._spreads if place else self._means
        away = self._at(values, self._window + 1) - self._at(values, 0)
        # At the ends of a recording one side is always empty: that is no reason not to know.
        away[np.isnan(away)] = 0
        return self._marked(away)

    @cached_property
    def _steps(self) -> Float32:
        """Logarithm of the mean absolute difference at every lag."""
        source = self._source
        lags, rows, counts = len(source.lags), source.rows, source.counts
        sums = source.steps.over(-self._half, self._half + 1)
        total = sums[: lags * rows].reshape(lags, rows, -1)
        number = sums[lags * rows :].reshape(lags, counts, -1)
        number[number < 0.5] = np.nan
        total /= number
        return log_of(total)

    def step(self, place: int) -> Float32:
        """The same at one lag, NaN where there is nothing to take it of."""
        return self._marked(self._steps[place])

    def _at(self, values: Float32, end: int) -> Float32:
        """Of the windows that begin so many frames after the first one."""
        return values[:, end : end + self._source.asked[1]]

    def _marked(self, block: Float32) -> Float32:
        if self._source.absent is not None:
            block[self._source.absent] = np.nan
        return block
