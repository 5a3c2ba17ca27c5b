"""Times of exported regions as whole microseconds, by value: the series itself is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.label_studio.exports.records import Window
from tslab.spans import LATEST
from tslab.task import DAY_ONE_MS

Floats = NDArray[np.float64]
EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
"""Numbers from here on are nanoseconds, microseconds, milliseconds since 1970: unit in seconds."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How the times of an export are written.

    Attributes:
        time_format: d3's format; "" for numbers, and where nobody says.
        unit: Seconds of one unit of a number; None guesses by its size.
    """

    time_format: str = ""
    unit: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Times in seconds.

    Attributes:
        seconds: float64 ``(times,)``; NaN where one cannot be read or is missing.
        unread: Which are texts that cannot be read, bool ``(times,)``.
        dates: Whether they count from 1970.
    """

    seconds: Floats
    unread: NDArray[np.bool_]
    dates: bool


def read_times(given: Sequence[float | str | None], axis: Axis) -> Times:
    """Times of any kind that the editor writes: numbers, numbers in text, formatted text."""
    try:
        numbers = np.array(given, np.float64)
    except ValueError:
        return _texts(given, axis)
    if axis.time_format not in ("", "%Q", "%s"):
        return _texts(given, axis)
    unread = np.zeros(len(numbers), bool)
    unit, dates = unit_of(numbers, axis)
    return Times(finite(numbers * unit), unread, dates)


def unit_of(numbers: Floats, axis: Axis) -> tuple[float, bool]:
    """Seconds of one unit, and whether it counts from 1970."""
    known = {"%Q": 1e-3, "%s": 1.0}.get(axis.time_format, axis.unit)
    there = np.abs(numbers[np.isfinite(numbers)])
    usual = float(np.median(there)) if len(there) else 0.0
    guessed = next((unit for least, unit in EPOCHS if usual >= least), None)
    unit = known or guessed or 1.0
    return unit, (known is not None and bool(axis.time_format)) or guessed is not None


def finite(seconds: Floats) -> Floats:
    """The same array, NaN where a time is later than any can be."""
    seconds[~(np.abs(seconds) <= LATEST)] = np.nan
    return seconds


def _texts(given: Sequence[float | str | None], axis: Axis) -> Times:
    # Arrow takes as long to load as a small export takes in all; numbers have no need of it.
    from tslab.label_studio.exports.text_times import read_texts

    return read_texts(given, axis)


def window_microseconds(given: Sequence[float | str | None], window: Window) -> Floats:
    """Microseconds in the recording of times in a task that tslab made; NaN where there is none."""
    offset = DAY_ONE_MS if window.tick_us == 1000 else 0
    try:
        ticks = np.array(given, np.float64)
    except ValueError:
        ticks = np.array([to_tick(item) for item in given])
    return (ticks - offset) * window.tick_us


def to_tick(item: float | str | None) -> float:
    """A number, or one in text; NaN where it is none."""
    try:
        return float("nan" if item is None else item)
    except ValueError:
        return float("nan")
