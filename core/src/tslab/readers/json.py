"""JSON files: lists by column, rows, lines of rows, or signals with a sampling rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.readers.json_values import JsonTable, Scalar
    from tslab.readers.table import TableColumn, TableTimes
    from tslab.readers.time_column import TimeColumn
    from tslab.recording import FloatArray, Recording, SampleReader

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
_SAMPLE_ROWS = 512


def read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """A recording from a JSON file, read as a whole.

    Args:
        source: The file.
        options: Time column and its form, columns, units.
        domain: Not needed.

    Returns:
        The recording; None where the file is no JSON or holds no table.

    Raises:
        DataError: The file is JSON that cannot be used.
    """
    del domain
    if source.suffix not in SUFFIXES:
        return None
    from tslab.readers.json_values import find_table, load

    table = find_table(load(source), source.path.name)
    if table is None or (set(table.columns) & {"data", "annotations", "predictions"}):
        return None
    if not any(table.columns.values()):
        raise DataError(f"{source.path.name} has no rows", "Export it again, or leave it out.")
    return _to_recording(table, options, source.path.name)


def _to_recording(table: JsonTable, options: ReadOptions, place: str) -> Recording:
    from tslab.readers.column_names import signal_columns
    from tslab.readers.table import TableFacts, build_recording, refuse_no_signals
    from tslab.readers.time_column import find_time_column

    headers = list(table.columns)
    columns = list(table.columns.values())
    cells = [_sample(values) for values in columns]
    if options.sampling_rate is None:
        options = replace(options, sampling_rate=table.sampling_rate)
    spec = find_time_column(headers, cells, options, place)
    picked = signal_columns(headers, list(spec.columns) if spec else [], options, place)
    refuse_no_signals(place, picked)
    facts = TableFacts(headers, len(columns[0]), units=table.units)
    signals = [_column(i, headers[i], columns[i], place) for i in picked]
    return build_recording(facts, signals, _times(columns, spec, options, place), options)


def _sample(values: Sequence[Scalar]) -> list[str]:
    step = max(1, len(values) // _SAMPLE_ROWS)
    return ["" if value is None else str(value) for value in values[::step]]


def _column(index: int, header: str, values: Sequence[Scalar], place: str) -> TableColumn:
    import numpy as np

    from tslab.readers.table import TableColumn

    numbers = _numbers(values, header, place)
    present = numbers[~np.isnan(numbers)]
    yes_or_no = any(isinstance(value, bool) for value in values[:_SAMPLE_ROWS])
    is_state = yes_or_no or np.unique(present).tolist() == [0.0, 1.0]
    return TableColumn(index, "state" if is_state else "continuous", _reader(numbers))


def _reader(numbers: FloatArray) -> SampleReader:
    return lambda first, last: numbers[first:last].copy()


def _numbers(values: Sequence[Scalar], header: str, place: str) -> FloatArray:
    """Values as float64 ``(n,)``, NaN where they are missing."""
    import numpy as np

    from tslab.readers.cells import to_number
    from tslab.readers.csv_errors import not_a_number

    try:
        numbers = np.array(values, dtype=np.float64)
    except (ValueError, TypeError):
        numbers = np.empty(len(values))
        for row, value in enumerate(values):
            number = to_number("" if value is None else str(value))
            if number is None:
                raise not_a_number(place, header, row + 1, str(value)) from None
            numbers[row] = number
    numbers[np.isinf(numbers)] = np.nan
    return numbers


def _times(
    columns: Sequence[Sequence[Scalar]], spec: TimeColumn | None, options: ReadOptions, place: str
) -> TableTimes:
    import numpy as np
    import pyarrow as pa

    from tslab.readers.table import TableTimes, times_without_column
    from tslab.readers.time_column import finish_times, number_times, text_times

    if spec is None:
        return times_without_column(len(columns[0]), options, place)
    values = columns[spec.columns[0]]
    if spec.form is None and all(type(value) is int for value in values):
        times = number_times(spec, np.array(values, dtype=np.int64), 0, place)
    elif spec.form is None:
        times = number_times(spec, _numbers(values, spec.name, place), 0, place)
    else:
        texts = [
            pa.chunked_array([pa.array(["" if x is None else str(x) for x in columns[i]])])
            for i in spec.columns
        ]
        times = text_times(spec, [(0, texts)], place)
    return TableTimes(*finish_times(spec, times, options, place))
