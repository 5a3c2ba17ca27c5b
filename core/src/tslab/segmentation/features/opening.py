"""How far a recording has departed from its own opening stretch.

An event that shifts a channel shows against what the same recording was like before, whatever the
level and the size of the shift are elsewhere. Both directions count alike: the sign is in other
features already, and an event that drives a channel the other way than any that was learned from
still departs. The wander of the windows over the whole recording is the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32, Float64, Grid
from tslab.segmentation.features.windows import frame_sums

FLOOR = 0.05
"""Wander, in robust standard deviations, below which nothing is made larger."""

TOGETHER = 2
"""Features of all channels together."""

PLACES = 1024
"""Windows of a recording that its wander is taken of, evenly spread."""

MOST_NUMBERS = 1 << 20
"""Sums of frames that are held at once: bounds memory on long recordings."""

SHARE = 0.125
"""Of a usual recording that the opening may be."""


SLACK = 0.3
"""What the opening may cost on held-out recordings with one event: a difference within the noise
of so few events says nothing, and what is compared with the opening is less fooled by when things
happen. It shrinks with the root of the number of events."""

LEAST_RECORDINGS = 2
"""Recordings, each with an opening of its own, before the opening may count."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a recording is compared with.

    Attributes:
        level: Mean of every channel in the opening, NaN where nothing was measured.
        wander: Standard deviation of the means of windows, ``(windows, channels)``.
    """

    level: Float64
    wander: Float64

    @classmethod
    def of(cls, grid: Grid, stride: int, windows: Sequence[int], frames: int) -> Opening:
        """Of a recording.

        Args:
            grid: All of it.
            stride: Cells a frame.
            windows: Lengths of the windows, frames.
            frames: Length of the opening.
        """
        step = max(1, MOST_NUMBERS // max(1, grid.cells // stride))
        parts = []
        for first in range(0, len(grid.values), step):
            rows = slice(first, first + step)
            parts.append(_rows(grid, rows, stride, windows, frames))
        level, wander = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
        level[~grid.present] = np.nan
        return cls(level, wander)

    def departure(self, mean: Float32, place: int) -> Float32:
        """Distance from the opening in units of wander, ``(channels + 2, frames)``.

        The last two rows are the distance of all channels together and that of the farthest one:
        some events show in another channel each time.


        Args:
            mean: Of the channels in a window around every frame.
            place: Number of the window.
        """
        away = np.abs(mean - self.level[:, None])
        away /= self.wander[place][:, None] + FLOOR
        known = np.nan_to_num(away)
        together = np.sqrt((known * known).mean(axis=0))
        return np.asarray(np.vstack([away, together, known.max(axis=0)]), np.float32)


def opening_features(windows: Sequence[int], channels: int) -> list[int]:
    """Frames that every feature looks at that compares with the opening."""
    return [window for window in opening_windows(windows) for _ in range(channels + TOGETHER)]


def opening_windows(windows: Sequence[int]) -> tuple[int, ...]:
    """The windows that are compared with the opening: all but the shortest and the longest."""
    return tuple(windows[1:-1] or windows[-1:])


def opening_frames(windows: Sequence[int], frames: Sequence[int]) -> int:
    """Length of the opening: half of the second longest window, and a small part of a recording.

    0 where too few recordings prove nothing.

    Args:
        windows: Of a plan, frames.
        frames: Lengths of the training recordings.
    """
    if len(frames) < LEAST_RECORDINGS:
        return 0
    return max(1, min(opening_windows(windows)[-1] // 2, int(SHARE * float(np.median(frames)))))


def opening_stays(compared: float | None, without: float | None, events: int) -> bool:
    """Whether the comparison with the opening stays.

    Args:
        compared: How well held-out recordings do with it.
        without: How well they do without.
        events: How many events they hold.
    """
    slack = SLACK / np.sqrt(max(1, events))
    return compared is not None and compared > (without or 0.0) - slack


def _rows(
    grid: Grid, rows: slice, stride: int, windows: Sequence[int], frames: int
) -> tuple[Float64, Float64]:
    """Level and wander of some channels."""
    lines = frame_sums(grid.values[rows], stride)
    known = (
        np.ones((1, grid.cells), np.float32)
        if grid.valid is None
        else grid.valid[rows].astype(np.float32)
    )
    total, number = _cumulative(lines), _cumulative(frame_sums(known, stride))
    last = lines.shape[1]
    centre = np.arange(0, last, -(-last // PLACES))
    wander = [
        _spread(
            total, number, np.maximum(centre - w // 2, 0), np.minimum(centre + w // 2 + 1, last)
        )
        for w in windows
    ]
    end = min(frames, last)
    with np.errstate(invalid="ignore"):
        return total[:, end] / np.where(number[:, end] > 0, number[:, end], np.nan), np.array(
            wander
        )


def _cumulative(lines: Float32) -> Float64:
    out = np.zeros((len(lines), lines.shape[1] + 1))
    np.cumsum(lines, axis=1, dtype=np.float64, out=out[:, 1:])
    return out


def _spread(
    total: Float64, number: Float64, first: NDArray[np.int64], last: NDArray[np.int64]
) -> Float64:
    """Standard deviation of the means from `first` to `last`, ``(channels,)``."""
    count = number[:, last] - number[:, first]
    mean = (total[:, last] - total[:, first]) / np.maximum(count, 1)
    weight = np.broadcast_to(count > 0, mean.shape).astype(np.float64)
    among = np.maximum(weight.sum(axis=1), 1)
    middle = (weight * mean).sum(axis=1) / among
    away = mean - middle[:, None]
    return np.asarray(np.sqrt((weight * away * away).sum(axis=1) / among))
