"""Times of exported regions as whole microseconds, by value: the series itself is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tslab.label_studio.exports.records import Window
from tslab.label_studio.foreign.axis import iso_milliseconds
from tslab.label_studio.foreign.formats import date_format, read_iso
from tslab.readers.arrow_arrays import compute as pc
from tslab.spans import LATEST
from tslab.task import DAY_ONE_MS

Floats = NDArray[np.float64]
EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
"""Numbers from here on are nanoseconds, microseconds, milliseconds since 1970: unit in seconds."""
NOTHING = r"(?i)nan|invalid|^\s*$"
"""Texts that say themselves that there is no time, as broken exports do."""


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
    coded = _column(given).dictionary_encode()
    texts = coded.dictionary
    missing = np.append(pc.match_substring_regex(texts, NOTHING).to_numpy(zero_copy_only=False), 1)
    there = np.flatnonzero(missing == 0)
    known: Floats = np.full(len(texts) + 1, np.nan)
    known[there], dates = _read(texts.take(pa.array(there)), axis)
    at = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.intp)
    unread = np.isnan(known) & (missing == 0)
    return Times(_finite(known[at]), unread[at], dates)


def _column(given: Sequence[float | str | None]) -> pa.Array:
    try:
        return pa.array(given, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # numbers among texts
        return pa.array([None if item is None else str(item) for item in given], pa.string())


def _read(texts: pa.Array, axis: Axis) -> tuple[Floats, bool]:
    """Seconds of different texts, float64 ``(texts,)``, and whether they are dates."""
    found: Floats = np.full(len(texts), np.nan)
    if axis.time_format:
        found = date_format(axis.time_format).read_all(pa.chunked_array([texts])) / 1000
    left = np.flatnonzero(np.isnan(found))
    found[left] = _iso(texts.take(pa.array(left)))
    left = np.flatnonzero(np.isnan(found))
    rest = texts.take(pa.array(left)).to_pylist()
    numbers = np.array([_tick(text) for text in rest])
    unit, since_1970 = _unit(numbers, axis)
    found[left] = numbers * unit
    plain = int(np.isfinite(numbers).sum())
    odd = np.flatnonzero(np.isnan(numbers))
    found[left[odd]] = np.array([iso_milliseconds(rest[at]) for at in odd.tolist()]) / 1000
    return found, 2 * plain <= int(np.isfinite(found).sum()) or since_1970


def _iso(texts: pa.Array) -> Floats:
    """Seconds since 1970 if all are dates in ISO 8601; else NaN, (texts,)."""
    for zoned in (False, True):
        times = read_iso(pa.chunked_array([texts]), zoned=zoned) if len(texts) else None
        if times is not None:
            return times / 1000
    return np.full(len(texts), np.nan)


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
