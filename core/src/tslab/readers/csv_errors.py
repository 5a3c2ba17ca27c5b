"""What is wrong with rows that pyarrow refuses, and the rows that are right after a closer look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tslab.errors import DataError
from tslab.readers import csv_table
from tslab.readers.arrow_arrays import compute as pc
from tslab.readers.cells import MISSING, to_number
from tslab.readers.csv_index import ROWS_PER_BLOCK
from tslab.readers.text_format import split_rows

if TYPE_CHECKING:
    from tslab.readers.csv_table import CsvTable

_SHOWN = 40


def shorten(text: str) -> str:
    """A cell as it is quoted in a message, in at most 40 characters."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def not_a_number(place: str, column: str, row: int, text: str) -> DataError:
    """The error for text in a column of numbers; `row` counts rows of data from 1."""
    return DataError(
        f"{place}: column '{column}' has the text '{shorten(text)}' in row {row}",
        f"Correct the cell, or add '{column}' to `reading: ignore:` in tslab.yaml.",
    )


def explain(table: CsvTable, raw: bytes, block: int, reason: str) -> DataError:
    """The error for rows that have more or fewer cells than the table has columns.

    Args:
        table: The table.
        raw: Bytes of the rows that were refused.
        block: Block at which they begin.
        reason: What pyarrow says.
    """
    width = len(table.form.headers)
    rows = _rows(table, raw)
    for number, row in enumerate(rows):
        if len(row) != width:
            at = block * ROWS_PER_BLOCK + number + 1
            last = " (the last row: the file may be cut off)" if at == table.index.count else ""
            return DataError(
                f"{table.place}: row {at} has {len(row)} cells where the table has {width}{last}",
                "Correct or delete the row; name the separator with `reading: separator:` in "
                "tslab.yaml if it was not found.",
            )
    return DataError(f"{table.place} cannot be parsed: {reason}", "Correct the file.")


def parse_leniently(table: CsvTable, raw: bytes, block: int, reason: str) -> pa.Table:
    """Parses rows as text first: blanks around cells, signs and words that pyarrow does not know.

    Args:
        table: The table.
        raw: Bytes of the rows that were refused.
        block: Block at which they begin.
        reason: What pyarrow says.

    Raises:
        DataError: A row has more or fewer cells, or a cell is text.
    """
    names = {f"c{index}": index for index in table.types}
    try:
        texts = csv_table.parse_bytes(raw, table, dict.fromkeys(names, pa.string()))
    except pa.ArrowInvalid as error:
        raise explain(table, raw, block, reason) from error
    columns = {}
    for name, index in names.items():
        values, wrong = text_to_numbers(texts[name], table.decimal, table.form.encoding)
        if wrong is not None:
            row, cell = wrong
            at = block * ROWS_PER_BLOCK + row + 1
            raise not_a_number(table.place, table.form.headers[index], at, cell)
        columns[name] = values
    return pa.table(columns)


def text_to_numbers(
    cells: pa.ChunkedArray, decimal: str, encoding: str = "utf-8"
) -> tuple[pa.ChunkedArray, tuple[int, str] | None]:
    """Numbers of cells, float64 with nulls for missing values.

    Args:
        cells: Text of each cell.
        decimal: Decimal mark.
        encoding: What the text is written in.

    Returns:
        The numbers, and the first cell that is none (row from 0 and its text), None if all are.
    """
    trimmed = pc.ascii_trim_whitespace(cells)
    trimmed = pc.if_else(pc.is_in(trimmed, pa.array(MISSING)), None, trimmed)
    if decimal == ",":
        trimmed = pc.replace_substring(trimmed, ",", ".")
    try:
        return trimmed.cast(pa.float64()), None
    except pa.ArrowInvalid:
        return _numbers_one_by_one(cells, decimal, encoding)


def _numbers_one_by_one(
    cells: pa.ChunkedArray, decimal: str, encoding: str
) -> tuple[pa.ChunkedArray, tuple[int, str] | None]:
    known: dict[bytes | None, float] = {None: float("nan")}
    values = np.empty(len(cells))
    for row, cell in enumerate(cells.cast(pa.binary()).to_pylist()):
        if cell not in known:
            text = cell.decode(encoding, errors="replace")
            number = to_number(text, decimal)
            if number is None:
                return cells, (row, text.strip())
            known[cell] = number
        values[row] = known[cell]
    return pa.chunked_array([pa.array(values)]), None


def _rows(table: CsvTable, raw: bytes) -> list[list[str]]:
    text = raw.decode(table.form.encoding, errors="replace")
    separator = "\t" if table.form.separator == " " else table.form.separator
    lines = text.split("\n") if not table.index.quoted else text.splitlines(keepends=True)
    return [row for row in split_rows([x.rstrip("\r") for x in lines], separator) if row]
