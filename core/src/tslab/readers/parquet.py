"""Parquet files: columns are read when asked for, from the row groups that hold the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError
from tslab.readers.file_checks import head_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tslab.domain import Domain
    from tslab.readers.parquet_table import ParquetTable
    from tslab.readers.table import TableColumn, TableTimes
    from tslab.readers.time_column import TimeColumn
    from tslab.recording import Recording

SUFFIXES = frozenset({".parquet", ".pq"})


def read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """A recording from a Parquet file.

    Args:
        source: The file.
        options: Time column and its form, columns, units.
        domain: Not needed.

    Returns:
        The recording, samples unread; None where the file is not Parquet.

    Raises:
        DataError: The file is Parquet that cannot be used.
    """
    del domain
    named = source.suffix in SUFFIXES
    head = head_of(source) if named else source.head
    if not head.startswith(b"PAR1"):
        if not named:
            return None
        raise DataError(
            f"{source.path.name} does not begin like a Parquet file",
            "Export it again, or give it the suffix of its format.",
        )
    from tslab.readers.parquet_table import open_table

    return _to_recording(open_table(source.path), options)


def _to_recording(table: ParquetTable, options: ReadOptions) -> Recording:
    from tslab.readers.column_names import signal_columns
    from tslab.readers.table import TableFacts, build_recording, refuse_no_signals
    from tslab.readers.time_column import find_time_column, is_row_number

    place = table.path.name
    cells = [table.sample(i) for i in range(len(table.headers))]
    spec = find_time_column(table.headers, cells, options, place)
    picked = signal_columns(table.headers, list(spec.columns) if spec else [], options, place)
    picked = [i for i in picked if not is_row_number(table.headers[i], cells[i])]
    refuse_no_signals(place, picked)
    columns = _columns(table, picked, cells)
    times = _times(table, spec, options)
    return build_recording(TableFacts(table.headers, table.count), columns, times, options)


def _columns(
    table: ParquetTable, picked: Sequence[int], cells: Sequence[Sequence[str]]
) -> list[TableColumn]:
    import pyarrow as pa

    from tslab.readers.cells import is_boolean, is_missing, is_zero_or_one, to_number
    from tslab.readers.parquet_table import is_text
    from tslab.readers.table import TableColumn, refuse_text

    texts: dict[str, str] = {}
    states: set[int] = set()
    for i in picked:
        present = [cell for cell in cells[i] if not is_missing(cell)]
        wrong = [cell for cell in present if to_number(cell) is None]
        kind = table.type_of(i)
        numeric = pa.types.is_floating(kind) or pa.types.is_integer(kind)
        if not (numeric or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)) and (
            not is_text(kind) or len(wrong) > len(present) / 2
        ):
            texts[table.headers[i]] = next(iter(wrong or present), str(kind))
        words = bool(present) and all(map(is_boolean, present))
        if words or (is_zero_or_one(present) and _stays_zero_or_one(table, i)):
            states.add(i)
    refuse_text(table.path.name, texts)
    return [
        TableColumn(i, "state" if i in states else "continuous", table.reader(i)) for i in picked
    ]


def _stays_zero_or_one(table: ParquetTable, column: int) -> bool:
    """Whether the statistics of the row groups bound a column by 0 and 1, and it reaches both."""
    low, high = 1.0, 0.0
    for group in range(table.file.metadata.num_row_groups):
        stats = table.file.metadata.row_group(group).column(column).statistics
        if stats is None or not stats.has_min_max:
            continue
        low, high = min(low, stats.min), max(high, stats.max)
    return (low, high) == (0, 1)


def _times(table: ParquetTable, spec: TimeColumn | None, options: ReadOptions) -> TableTimes:
    import pyarrow as pa

    from tslab.readers.arrow_arrays import floats, integers
    from tslab.readers.parquet_table import is_text
    from tslab.readers.table import TableTimes, times_without_column
    from tslab.readers.time_column import finish_times, number_times, refuse_missing, text_times

    place = table.path.name
    if spec is None:
        return times_without_column(table.count, options, place)
    parts = [table.groups(i, 0, len(table.starts) - 1) for i in spec.columns]
    kind = parts[0].type
    if is_text(kind):
        times = text_times(spec, [(0, parts)], place)
        return TableTimes(*finish_times(spec, times, options, place))
    refuse_missing(spec, parts[0], place)
    if (nanoseconds := _nanosecond_type(kind)) is not None:
        times = integers(parts[0].cast(nanoseconds))
    else:
        values = integers(parts[0]) if pa.types.is_integer(kind) else floats(parts[0])
        times = number_times(spec, values, 0, place)
    return TableTimes(*finish_times(spec, times, options, place))


def _nanosecond_type(kind: pa.DataType) -> pa.DataType | None:
    """The nanosecond type that holds values of a time type, None for other types."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.timestamp("ns", kind.tz)
    if pa.types.is_date(kind):
        return pa.timestamp("ns")
    if pa.types.is_duration(kind):
        return pa.duration("ns")
    return pa.time64("ns") if pa.types.is_time(kind) else None
