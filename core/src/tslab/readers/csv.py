"""Text tables: CSV and its relatives, read by range of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError
from tslab.readers.file_checks import head_of

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.readers.csv_table import CsvTable
    from tslab.readers.table import TableColumn, TableTimes
    from tslab.readers.text_bytes import TextBytes
    from tslab.readers.time_column import TimeColumn
    from tslab.recording import Recording

SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".txt", ".dat", ".asc"})
_OURS_ALONE = frozenset({".csv", ".tsv", ".tab"})


def read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """A recording from a text table, plain or gzipped.

    Args:
        source: The file.
        options: Separator, decimal mark, time column and its form, columns, units.
        domain: Not needed.

    Returns:
        The recording, samples unread; None where the file is no text table.

    Raises:
        DataError: The file is a text table that cannot be used.
    """
    del domain
    if source.suffix not in SUFFIXES:
        return None
    head_of(source)
    opened = _open(source, options)
    if opened is None:
        if source.suffix in _OURS_ALONE:
            raise DataError(
                f"{source.path.name} is binary, not a text table",
                "Export it again as text, or give it the suffix of its format.",
            )
        return None
    table, file = opened
    recording = _to_recording(table, options)
    table.data = file
    return recording


def _open(source: Source, options: ReadOptions) -> tuple[CsvTable, TextBytes] | None:
    """The table, and where its text stays."""
    from tslab.readers.csv_index import index_rows
    from tslab.readers.csv_table import CsvTable
    from tslab.readers.text_bytes import MemoryBytes, open_text
    from tslab.readers.text_format import HEAD_BYTES, find_format, sample_decimal

    file = open_text(source)
    if file is None:
        return None
    # A short file is read once, not for each of the looks that follow.
    data = MemoryBytes(file.read(0, file.size)) if file.size <= HEAD_BYTES else file
    place = source.path.name
    form = find_format(data, options, place)
    table = CsvTable(data, form, index_rows(data, form.body), place)
    table.decimal = sample_decimal(table.sample(), options)
    return table, file


def _to_recording(table: CsvTable, options: ReadOptions) -> Recording:
    from tslab.readers.column_names import signal_columns
    from tslab.readers.table import TableFacts, build_recording, refuse_no_signals
    from tslab.readers.time_column import find_time_column, is_row_number

    headers = table.form.headers
    sample = [row for row in table.sample() if len(row) == len(headers)]
    cells = [list(column) for column in zip(*sample, strict=True)] or [[] for _ in headers]
    spec = find_time_column(headers, cells, options, table.place)
    taken = list(spec.columns) if spec else []
    picked = signal_columns(headers, taken, options, table.place)
    if not options.columns:
        picked = [
            i
            for i in picked
            if not (is_row_number(headers[i], cells[i]) or (not headers[i] and not any(cells[i])))
        ]
    refuse_no_signals(table.place, picked)
    columns = _columns(table, picked, cells)
    times = _times(table, spec, options)
    identity = {f"comment {i}": text for i, text in enumerate(table.form.comments, 1) if text}
    facts = TableFacts(headers, table.index.count, identity)
    return build_recording(facts, columns, times, options)


def _columns(
    table: CsvTable, picked: Sequence[int], cells: Sequence[Sequence[str]]
) -> list[TableColumn]:
    """Columns as signals, refused where the sample shows that they are text."""
    import pyarrow as pa

    from tslab.readers.cells import is_boolean, is_missing, is_zero_or_one, plain_numbers, to_number
    from tslab.readers.table import TableColumn, refuse_text

    texts: dict[str, str] = {}
    states: set[int] = set()
    for index in picked:
        numbers = plain_numbers(cells[index])
        if numbers is not None:
            table.types[index] = pa.float64()
            if all(number in (0.0, 1.0) for number in numbers):
                states.add(index)
            continue
        present = [cell for cell in cells[index] if not is_missing(cell)]
        wrong = [cell for cell in present if to_number(cell, table.decimal) is None]
        if len(wrong) > len(present) / 2:
            texts[table.form.headers[index]] = wrong[0]
        in_words = bool(present) and all(map(is_boolean, present))
        table.types[index] = pa.bool_() if in_words else pa.float64()
        if in_words or is_zero_or_one(present):
            states.add(index)
    refuse_text(table.place, texts)
    states = {i for i in states if table.types[i] == pa.bool_() or table.has_both_states(i)}
    return [
        TableColumn(i, "state" if i in states else "continuous", table.reader(i)) for i in picked
    ]


def _times(table: CsvTable, spec: TimeColumn | None, options: ReadOptions) -> TableTimes:
    from tslab.readers.table import TableTimes, times_without_column
    from tslab.readers.time_column import finish_times, text_times

    if spec is None:
        return times_without_column(table.index.count, options, table.place)
    parts = table.times(spec.columns, numbers=_has_points(table, spec))
    nanoseconds = text_times(spec, parts, table.place, table.decimal)
    return TableTimes(*finish_times(spec, nanoseconds, options, table.place))


def _has_points(table: CsvTable, spec: TimeColumn) -> bool:
    """Whether times are numbers with a decimal point; whole ones need all their digits."""
    if spec.form is not None or table.decimal != ".":
        return False
    sample = table.sample()
    return bool(sample) and "." in sample[0][spec.columns[0]]
