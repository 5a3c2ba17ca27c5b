"""Sums and statistics over windows of frames, as differences of cumulative sums."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32, Float64

FLOOR = 1e-3
"""Smallest variance and step, in robust standard deviations, that a logarithm tells apart."""


def frame_sums(lines: Float32, stride: int, out: Float32 | None = None) -> Float32:
    """Sums of `stride` cells, float32 ``(rows, frames)``; the last frame may be part empty."""
    rows, cells = lines.shape
    whole = cells // stride
    if out is None:
        out = np.empty((rows, -(-cells // stride)), np.float32)
    cells_of_frame = lines[:, : whole * stride].reshape(rows, whole, stride)
    np.matmul(cells_of_frame, _ones(stride), out=out[:, :whole])
    if whole < out.shape[1]:
        out[:, whole] = lines[:, whole * stride :].sum(axis=1)
    return out


@cache
def _ones(count: int) -> Float32:
    return np.ones(count, np.float32)


class WindowSums:
    """Sums of frames over windows, for a stretch of frames.

    Args:
        lines: Sums by frame, ``(quantities, frames)``, one frame or more. Whole numbers (int32)
            are summed up in a fraction of the time of others.
        first: First frame that is asked about.
        count: How many frames are asked about.
        reach: Longest way that a window goes beyond its frame.
    """

    def __init__(
        self, lines: Float32 | NDArray[np.int32], first: int, count: int, reach: int
    ) -> None:
        rows, frames = lines.shape
        kind = np.int32 if lines.dtype == np.int32 else np.float64
        # Beyond both ends nothing is added: the sums stay what they are there.
        total = np.empty((rows, frames + 1 + 2 * reach), kind)
        end = reach + 1 + frames
        total[:, : reach + 1] = 0
        np.cumsum(lines, axis=1, dtype=kind, out=total[:, reach + 1 : end])
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


def log_of(values: Float64) -> Float32:
    """Logarithm of what should not be negative, in single precision: four times as fast.

    Args:
        values: Differences of sums, which may be a hair below 0; they are changed.
    """
    np.maximum(values, 0, out=values)
    values += FLOOR
    single = values.astype(np.float32)
    return np.log(single, out=single)
