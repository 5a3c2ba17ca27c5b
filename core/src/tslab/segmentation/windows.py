"""Sums and statistics over windows of frames, as differences of cumulative sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tslab.segmentation.grid import Float32, Float64

FLOOR = 1e-3
"""Smallest variance and step, in robust standard deviations, that a logarithm tells apart."""


class WindowSums:
    """Sums of frames over windows, for a stretch of frames.

    Args:
        lines: Sums by frame, ``(quantities, frames)``, one frame or more.
        first: First frame that is asked about.
        count: How many frames are asked about.
        reach: Longest way that a window goes beyond its frame.
    """

    def __init__(self, lines: Float32, first: int, count: int, reach: int) -> None:
        rows, frames = lines.shape
        # Beyond both ends nothing is added: the sums stay what they are there.
        total = np.zeros((rows, frames + 1 + 2 * reach))
        end = reach + 1 + frames
        np.cumsum(lines, axis=1, dtype=np.float64, out=total[:, reach + 1 : end])
        total[:, end:] = total[:, end - 1 : end]
        self._total: Float64 = total
        self._start, self.count = reach + first, count

    def over(self, first: int, last: int, more: int = 0) -> Float64:
        """Sums of the frames ``j + first`` to ``j + last`` (half-open) for every frame j.

        Args:
            first: Where the window begins, in frames from j.
            last: Where it ends.
            more: Frames beyond those that were asked about.
        """
        start, end = self._start + first, self._start + last
        count = self.count + more
        return np.asarray(self._total[:, end : end + count] - self._total[:, start : start + count])


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and logarithm of the standard deviation in windows of one length.

    NaN where nothing was measured. What lies around a frame, before it and after it is the same
    window at other places: it is computed once.

    Attributes:
        mean: Of the window that ends before a frame, float32 ``(rows, count + window + 1)``.
        spread: The logarithm, the same way.
        window: Length in frames.
        count: How many frames were asked about.
    """

    mean: Float32
    spread: Float32
    window: int
    count: int

    @classmethod
    def of(cls, sums: WindowSums, squares: WindowSums, counts: WindowSums, window: int) -> Moments:
        """The moments of values whose sums, sums of squares and counts are given."""
        number = counts.over(-window, 0, window + 1)
        number[number < 0.5] = np.nan
        mean = sums.over(-window, 0, window + 1)
        mean /= number
        variance = squares.over(-window, 0, window + 1)
        variance /= number
        variance -= mean * mean
        np.maximum(variance, 0, out=variance)
        spread = log_of(variance)
        spread *= np.float32(0.5)
        return cls(mean.astype(np.float32), spread, window, sums.count)

    def around(self) -> tuple[Float32, Float32]:
        """Mean and spread of the window around every frame."""
        return self._at(self.window // 2 + 1)

    def change(self) -> tuple[Float32, Float32]:
        """What is after every frame less what is before it; 0 where one side was not measured."""
        mean, spread = (a - b for a, b in zip(self._at(self.window + 1), self._at(0), strict=True))
        # At the ends of a recording one side is always empty: that is no reason not to know.
        mean[np.isnan(mean)] = 0
        spread[np.isnan(spread)] = 0
        return mean, spread

    def _at(self, end: int) -> tuple[Float32, Float32]:
        """Of the windows that end so many frames after the start of every frame."""
        part = slice(end, end + self.count)
        return self.mean[:, part], self.spread[:, part]


def log_mean(total: WindowSums, number: WindowSums, window: int) -> Float32:
    """Logarithm of the mean around every frame, NaN where there is nothing to take it of."""
    half = window // 2
    count = number.over(-half, half + 1)
    count[count < 0.5] = np.nan
    mean = total.over(-half, half + 1)
    np.maximum(mean, 0, out=mean)
    mean /= count
    return log_of(mean)


def log_of(values: Float64) -> Float32:
    """Logarithm of what is not negative, in place and in single precision: four times as fast."""
    values += FLOOR
    single = values.astype(np.float32)
    return np.log(single, out=single)
