"""JSON of a foreign project: lists by column, or a list of rows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from tslab.errors import DataError
from tslab.label_studio.foreign.axis import to_number
from tslab.label_studio.foreign.table import (
    ForeignTable,
    finish_channels,
    pick_columns,
    refuse_too_many,
)
from tslab.label_studio.foreign.text import shown
from tslab.label_studio.foreign.times import COUNTS
from tslab.readers.cells import is_missing

if TYPE_CHECKING:
    from tslab.label_studio.foreign.config import ForeignConfig
    from tslab.recording import FloatArray

_NOT_JSON = re.compile(rb"(?<=[\[,:\s])(?:NaN|-?Infinity)(?=\s*[,\]}])")
"""Words that Python and JavaScript write though JSON has none such."""
_MAX_TEXT = 200


def load_json(data: bytes) -> object:
    """The document.

    Raises:
        DataError: It is no JSON.
    """
    if b"NaN" in data or b"Infinity" in data:
        data = _NOT_JSON.sub(b"null", data)
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DataError(
            f"the series is no whole JSON document: {error}", "Write it again."
        ) from error


def read_json(document: object, config: ForeignConfig) -> ForeignTable:
    """The wanted columns of a document.

    Raises:
        DataError: It is no table, lacks what the config names, or is too large.
    """
    columns = _columns(document)
    names = list(columns)
    picked = pick_columns(names, config)
    notes = list(picked.notes)
    wanted = {index: columns[names[index]] for index in picked.indices}
    leading = wanted.values() if picked.time is None else [wanted[picked.time]]
    count = max(map(len, leading))
    refuse_too_many(count, len(wanted))
    for index, values in wanted.items():
        if len(values) != count:
            notes.append(f"column '{shown(names[index])}' has {len(values)} values, not {count}")
    times = None if picked.time is None else _times(wanted[picked.time], config)
    if count == 0:
        return ForeignTable(0, {}, times, notes)

    def channels() -> Iterator[tuple[str, FloatArray, int]]:
        for name, index in picked.channels.items():
            numbers, words = _numbers(wanted[index][:count])
            missing = np.full(count - len(numbers), math.nan)
            yield name, np.concatenate([numbers, missing]) if len(missing) else numbers, words

    return ForeignTable(count, finish_channels(channels(), notes), times, notes)


def _columns(document: object) -> dict[str, Sequence[object]]:
    if isinstance(document, Mapping):
        return {
            name: values
            for name, values in document.items()
            if isinstance(name, str) and isinstance(values, (list, tuple))
        }
    if isinstance(document, (list, tuple)) and document:
        rows = [row for row in document if isinstance(row, Mapping)]
        if len(rows) == len(document):
            names = dict.fromkeys(name for row in rows for name in row if isinstance(name, str))
            refuse_too_many(len(rows), len(names))
            return {name: [row.get(name) for row in rows] for name in names}
    raise DataError(
        "the series is JSON, but no object with a list for each column",
        'Write it as {"time": [...], "channel": [...]}.',
    )


def _numbers(values: Sequence[object]) -> tuple[FloatArray, int]:
    """Values as float64 ``(n,)`` with NaN for everything that is no number; and how many words."""
    if not any(isinstance(value, (str, bool)) for value in values):
        try:
            numbers = np.array(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            pass  # lists, objects or numbers without end: one by one
        else:
            if numbers.ndim == 1:
                return numbers, 0
    numbers = np.array([_number(value) for value in values], dtype=np.float64)
    words = sum(
        1
        for value, number in zip(values, numbers.tolist(), strict=True)
        if math.isnan(number) and isinstance(value, str) and not is_missing(value[:_MAX_TEXT])
    )
    return numbers, words


def _number(value: object) -> float:
    return float(value) if isinstance(value, bool) else to_number(value)


def _times(values: Sequence[object], config: ForeignConfig) -> FloatArray | pa.ChunkedArray:
    """Times as numbers where they are numbers, else as texts."""
    if not config.time_format or config.time_format in COUNTS:
        numbers, words = _numbers(values)
        if not words:
            return numbers
    return pa.chunked_array([pa.array([_text(value) for value in values], pa.string())])


def _text(value: object) -> str:
    if isinstance(value, str):
        return value[:_MAX_TEXT].encode(errors="replace").decode()
    number = to_number(value)
    return str(int(number)) if number.is_integer() else "" if math.isnan(number) else str(number)
