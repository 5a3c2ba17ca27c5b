"""Times of an export that are written as text: each different text is read once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tslab.label_studio.exports.times import Axis, Floats, Times, finite, to_tick, unit_of
from tslab.label_studio.foreign.axis import iso_milliseconds
from tslab.label_studio.foreign.formats import date_format, read_iso
from tslab.readers.arrow_arrays import compute as pc

NOTHING = r"(?i)nan|invalid|^\s*$"
"""Texts that say themselves that there is no time, as broken exports do."""


def read_texts(given: Sequence[float | str | None], axis: Axis) -> Times:
    """Times of which some are written as text."""
    coded = _column(given).dictionary_encode()
    texts = coded.dictionary
    missing = np.append(pc.match_substring_regex(texts, NOTHING).to_numpy(zero_copy_only=False), 1)
    there = np.flatnonzero(missing == 0)
    known: Floats = np.full(len(texts) + 1, np.nan)
    known[there], dates = _read(texts.take(pa.array(there)), axis)
    at = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.intp)
    unread = np.isnan(known) & (missing == 0)
    return Times(finite(known[at]), unread[at], dates)


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
    numbers = np.array([to_tick(text) for text in rest])
    unit, since_1970 = unit_of(numbers, axis)
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
