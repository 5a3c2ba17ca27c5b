"""Outlines of signals: the least and the largest value of each column that a page can show."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tslab.recording import Recording, Signal

FloatArray = NDArray[np.float64]

COLUMNS = 1_200
CHANNELS = 8
PARTS = 24
"""Pieces that a signal is read in, so that a day of it never lies in memory."""
LEVELS = 254


def outlines(recording: Recording, start: float, end: float) -> list[list[object]]:
    """Outlines of the first channels.

    Args:
        recording: What they are read from.
        start: Seconds.
        end: Seconds.

    Returns:
        Name, unit, least and largest value, and the outline: for each column two bytes, 1 to 255
        between these; 0 where nothing was measured.
    """
    found = []
    for name in recording.channel_names[:CHANNELS]:
        signal = recording.signal(name)
        low, high = outline(signal, start, end)
        known = np.isfinite(low)
        if known.any():
            least, most = float(low[known].min()), float(high[known].max())
            found.append([name, signal.unit, least, most, _packed(low, high, (least, most))])
    return found


def outline(signal: Signal, start: float, end: float) -> tuple[FloatArray, FloatArray]:
    """Least and largest value of each column, float64 ``(columns,)``; NaN where there is none."""
    low, high = np.full(COLUMNS, np.nan), np.full(COLUMNS, np.nan)
    if end <= start:
        return low, high
    for times, values in _pieces(signal, start, end):
        column = ((times - start) * (COLUMNS / (end - start))).astype(np.int64)
        inside = (times >= start) & (column < COLUMNS) & np.isfinite(values)
        column, values = column[inside], values[inside]
        if len(column):
            at = np.flatnonzero(np.diff(column, prepend=-1))
            own = column[at]
            low[own] = np.fmin(low[own], np.minimum.reduceat(values, at))
            high[own] = np.fmax(high[own], np.maximum.reduceat(values, at))
    return low, high


def _pieces(signal: Signal, start: float, end: float) -> Iterator[tuple[FloatArray, FloatArray]]:
    borders = np.linspace(start, end, PARTS + 1).tolist()
    for piece in itertools.pairwise(borders):
        yield signal.read(*piece)


def _packed(low: FloatArray, high: FloatArray, limits: tuple[float, float]) -> str:
    least, most = limits
    both = np.stack([low, high], axis=1)
    known = np.isfinite(both)
    level = (np.where(known, both, least) - least) / ((most - least) or 1.0)
    levels: NDArray[np.uint8] = np.where(known, 1 + np.rint(LEVELS * level), 0).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode()
