"""Times of exported regions as whole microseconds, by value: the series itself is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tslab.label_studio.export_records import Window
from tslab.label_studio.foreign_axis import iso_milliseconds
from tslab.label_studio.foreign_formats import date_format, read_iso
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
    unit, dates = _unit(numbers, axis)
    return Times(_finite(numbers * unit), unread, dates)


def _unit(numbers: Floats, axis: Axis) -> tuple[float, bool]:
    """Seconds of one unit, and whether it counts from 1970."""
    known = {"%Q": 1e-3, "%s": 1.0}.get(axis.time_format, axis.unit)
    there = np.abs(numbers[np.isfinite(numbers)])
    usual = float(np.median(there)) if len(there) else 0.0
    guessed = next((unit for least, unit in EPOCHS if usual >= least), None)
    unit = known or guessed or 1.0
    return unit, (known is not None and bool(axis.time_format)) or guessed is not None


def _finite(seconds: Floats) -> Floats:
    seconds[~(np.abs(seconds) <= LATEST)] = np.nan
    return seconds


def _texts(given: Sequence[float | str | None], axis: Axis) -> Times:
    """Each different text is read once."""
    column = pa.array([None if item is None else str(item) for item in given], pa.string())
    coded = column.dictionary_encode()
    texts = coded.dictionary
    missing = np.append(np.array([_is_nothing(text) for text in texts.to_pylist()], bool), True)
    there = np.flatnonzero(~missing)
    known = np.full(len(texts) + 1, np.nan)
    known[there], dates = _read(texts.take(pa.array(there)).to_pylist(), axis)
    at = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.intp)
    unread = np.isnan(known) & ~missing
    return Times(_finite(known[at]), unread[at], dates)


def _is_nothing(text: str) -> bool:
    """Whether a text says itself that there is no time, as broken exports do."""
    return not text.strip() or "nan" in text.lower() or "invalid" in text.lower()


def _read(texts: list[str], axis: Axis) -> tuple[Floats, bool]:
    """Seconds of different texts, float64 ``(texts,)``, and whether they are dates."""
    found: Floats = np.full(len(texts), np.nan)
    if axis.time_format:
        column = pa.chunked_array([pa.array(texts, pa.string())])
        found = date_format(axis.time_format).read_all(column) / 1000
    numbers = np.array([_tick(text) for text in texts])
    plain = np.isnan(found) & ~np.isnan(numbers)
    unit, since_1970 = _unit(numbers[plain], axis)
    found[plain] = numbers[plain] * unit
    left = np.flatnonzero(np.isnan(found))
    found[left] = _dates([texts[at] for at in left.tolist()])
    return found, bool(2 * plain.sum() <= np.isfinite(found).sum()) or since_1970


def _dates(texts: list[str]) -> Floats:
    """Seconds since 1970 of dates in ISO 8601: all at once, or else one by one."""
    column = pa.chunked_array([pa.array(texts, pa.string())])
    for zoned in (False, True):
        times = read_iso(column, zoned=zoned) if texts else None
        if times is not None:
            return times / 1000
    return np.array([iso_milliseconds(text) for text in texts]) / 1000


def window_microseconds(given: Sequence[float | str | None], window: Window) -> Floats:
    """Microseconds in the recording of times in a task that tslab made; NaN where there is none."""
    offset = DAY_ONE_MS if window.tick_us == 1000 else 0
    try:
        ticks = np.array(given, np.float64)
    except ValueError:
        ticks = np.array([_tick(item) for item in given])
    return (ticks - offset) * window.tick_us


def _tick(item: float | str | None) -> float:
    try:
        return float("nan" if item is None else item)
    except ValueError:
        return float("nan")
