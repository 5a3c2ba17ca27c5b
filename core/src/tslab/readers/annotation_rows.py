"""Rows of a small table of any format, as text and values by column name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError
from tslab.readers import csv, json, parquet
from tslab.readers.file_checks import head_of

Cell = object


@dataclass(frozen=True, slots=True)
class RowTable:
    """A table that is small enough to be held row by row.

    Attributes:
        headers: Name of each column.
        rows: Cells of each row, as many as there are headers; None or "" where one is missing.
        decimal: Decimal mark of numbers in text.
    """

    headers: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    decimal: str = "."


def read_rows(source: Source, options: ReadOptions) -> RowTable | None:
    """The rows of a CSV, Parquet or JSON table, None where the file is none of them.

    Raises:
        DataError: The file is empty, broken or cannot be read.
    """
    if source.suffix in parquet.SUFFIXES:
        return _parquet_rows(source)
    if source.suffix in json.SUFFIXES:
        return _json_rows(source)
    if source.suffix in csv.SUFFIXES:
        return _text_rows(source, options)
    return None


def _text_rows(source: Source, options: ReadOptions) -> RowTable | None:
    from tslab.readers.text_bytes import open_text
    from tslab.readers.text_format import find_format, sample_decimal, split_rows

    data = open_text(source)
    if data is None:
        return None
    place = source.path.name
    form = find_format(data, options, place)
    text = data.read(form.body, data.size).decode(form.encoding, errors="replace")
    lines = [x for x in text.splitlines(keepends=True) if x.strip() and not x.startswith("#")]
    rows = split_rows(lines, form.separator)
    width = len(form.headers)
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise DataError(
                f"{place}: row {number} has {len(row)} cells where the table has {width}",
                "Correct or delete the row.",
            )
    return RowTable(form.headers, rows, sample_decimal(rows[:64], options))


def _parquet_rows(source: Source) -> RowTable:
    from tslab.readers.parquet_table import open_table

    if not head_of(source).startswith(b"PAR1"):
        raise DataError(
            f"{source.path.name} does not begin like a Parquet file", "Export it again."
        )
    table = open_table(source.path)
    groups = len(table.starts) - 1
    columns = [table.groups(i, 0, groups).to_pylist() for i in range(len(table.headers))]
    return RowTable(tuple(table.headers), list(zip(*columns, strict=True)))


def _json_rows(source: Source) -> RowTable | None:
    from tslab.readers.json_values import find_table, load

    document = load(source)
    if isinstance(document, list) and document and all(isinstance(x, dict) for x in document):
        rows: list[Mapping[str, Cell]] = document
        headers = tuple(dict.fromkeys(str(name) for row in rows for name in row))
        return RowTable(headers, [[row.get(name) for name in headers] for row in rows])
    table = find_table(document, source.path.name)
    if table is None:
        return None
    return RowTable(tuple(table.columns), list(zip(*table.columns.values(), strict=True)))
