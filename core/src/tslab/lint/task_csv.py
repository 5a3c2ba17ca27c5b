"""Checks of a task's CSV by the rules of the editor's own parser, which no documentation states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from tslab.contracts import Finding
from tslab.errors import did_you_mean
from tslab.lint.codes import finding
from tslab.preparation.windows import MAX_ROWS, MAX_VALUES

if TYPE_CHECKING:
    import numpy.typing as npt

csv: Any = pyarrow.csv
"""``pyarrow.csv``, which does not declare what it exports."""
pc: Any = pyarrow.compute
"""``pyarrow.compute``, whose functions are made at run time and have no types."""

_NUMBER = r"^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$"
_EMPTY = r"^\s*$"
_IS_NUMBER = re.compile(_NUMBER)
_SHOWN = 20


@dataclass(slots=True)
class _Blame:
    """Turns row numbers into findings.

    Attributes:
        name: Name of the file.
        ragged: Rows that were left out: number, cells there, cells in the header.
    """

    name: str
    ragged: list[tuple[int, int, int]] = field(default_factory=list)

    def cells(
        self, column: str, rows: npt.NDArray[np.int64], text: str, code: str = "TSL035"
    ) -> list[Finding]:
        """One finding for a column: the first row, and how many more there are."""
        if len(rows) == 0:
            return []
        number = int(rows[0]) + 1
        for ragged, _, _ in self.ragged:
            number += ragged <= number
        more = f"; {len(rows) - 1} more below" if len(rows) > 1 else ""
        place = f"{self.name}, row {number}, column '{column}'"
        severity: Literal["error", "warning"] = "warning" if code == "TSL021" else "error"
        return [finding(code, f"the cell {text}{more}", place, severity=severity)]

    def rows(self) -> list[Finding]:
        """A finding for each of the first rows that were left out."""
        return [
            finding(
                "TSL039",
                f"{cells} cells where the header has {wanted}",
                f"{self.name}, row {number}",
            )
            for number, cells, wanted in self.ragged[:_SHOWN]
        ]


def check_task_csv(
    path: Path, columns: Sequence[str], time_column: str = "time", *, separator: str = ","
) -> list[Finding]:
    """All findings about one task's table, naming file, row (from 1, after the header) and column.

    Args:
        path: The CSV that the editor will fetch.
        columns: Columns that the config draws.
        time_column: Column of the time axis in whole ticks; "" where the config has none.
        separator: What the config's ``sep`` says.
    """
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        return [finding("TSL011", f"the file cannot be read: {error.strerror}", path.name)]
    try:
        lines = [line.decode().strip() for line in content.split(b"\n", 2)[:2] if content]
    except UnicodeDecodeError:
        return [finding("TSL035", "the file is not UTF-8 text", path.name)]
    return list(_check(path.name, content, lines, (columns, time_column, separator)))


def _check(
    name: str, content: bytes, lines: list[str], asked: tuple[Sequence[str], str, str]
) -> Iterator[Finding]:
    columns, time_column, separator = asked
    if not lines:
        yield finding("TSL038", "the file is empty", name)
        return
    if separator not in lines[0]:
        yield finding("TSL014", f"row 1 has no '{separator}': {lines[0][:60]}", name)
        return
    header = lines[0].split(separator)
    yield from _check_header(name, header, asked)
    second = lines[1] if len(lines) > 1 else ""
    if not second:
        yield finding("TSL038", "the table has no rows", name)
        return
    yield from _check_detection(name, header, second.split(separator))
    wanted = {column.lower() for column in (*columns, time_column)}
    used = [header[i] for i, text in enumerate(header) if text.lower() in wanted]
    if used and len(set(header)) == len(header):
        yield from _check_values(_Blame(name), content, header, used, (time_column, separator))


def _check_header(
    name: str, header: list[str], asked: tuple[Sequence[str], str, str]
) -> Iterator[Finding]:
    columns, time_column, _ = asked
    first: dict[str, str] = {}
    for column in header:
        place = f"{name}, column '{column}'"
        if column[:1] in ('"', "'") or not column.strip():
            yield finding(
                "TSL013", f"{column or 'an empty text'} stays in the name as it is", place
            )
        elif column != column.lower():
            text = f"the editor knows the column as '{column.lower()}'"
            yield finding("TSL013", text, place, severity="warning")
        if column.lower() in first:
            text = f"'{first[column.lower()]}' and '{column}' are one column to the editor"
            yield finding("TSL009", text, place)
        first.setdefault(column.lower(), column)
    for column in dict.fromkeys((time_column, *columns)):
        if column and column.lower() not in first:
            hint = did_you_mean(column, header)
            text = f"column '{column}' is missing, the chart would stay blank"
            yield finding("TSL008", text, name, hint[:1].upper() + hint[1:])


def _check_detection(name: str, header: list[str], second: list[str]) -> Iterator[Finding]:
    if len(header) != len(second):
        text = f"the header has {len(header)} cells, the first row {len(second)}"
        yield finding("TSL039", text, f"{name}, row 1")
    # A header is one to the editor if some column is a number in one of both rows only.
    elif all(_is_nan(a) == _is_nan(b) for a, b in zip(header, second, strict=True)):
        text = "the header looks like the first row of data and would be drawn"
        yield finding("TSL013", text, name, "Use names that are no numbers above numbers.")


def _is_nan(text: str) -> bool:
    """JavaScript's isNaN: nothing at all counts as zero."""
    return bool(text.strip()) and not _IS_NUMBER.match(text)


def _check_values(
    blame: _Blame, content: bytes, header: list[str], used: list[str], asked: tuple[str, str]
) -> list[Finding]:
    time_column, separator = asked
    found: list[Finding] = []
    types: dict[str, pa.DataType] = dict.fromkeys(used, pa.float64())
    types |= {column: pa.int64() for column in used if _same(column, time_column)}
    try:
        table = _read(content, header, types, separator)
    except pa.ArrowInvalid:
        texts: dict[str, pa.DataType] = dict.fromkeys(used, pa.string())
        table = _read(content, header, texts, separator, blame)
        found += blame.rows()
        found += _check_size(blame.name, table.num_rows, len(used) - 1)
        table = _numbers(blame, table, time_column, found)
    else:
        found += _check_size(blame.name, table.num_rows, len(used) - 1)
    for column in table.column_names:
        values = table.column(column).to_numpy()
        if _same(column, time_column):
            found += _check_order(blame, column, values)
        else:
            bad = np.flatnonzero(~np.isfinite(values))
            found += blame.cells(column, bad, "is not finite, the line ends there")
    return found


def _same(column: str, other: str) -> bool:
    return column.lower() == other.lower()


def _read(
    content: bytes,
    header: list[str],
    types: dict[str, pa.DataType],
    separator: str,
    blame: _Blame | None = None,
) -> pa.Table:
    """The table; rows with the wrong number of cells raise, or are left out and blamed."""

    def skip(row: Any) -> str:
        if blame is None:
            return "error"
        # Arrow counts the header too, from one.
        blame.ragged.append((row.number - 1, row.actual_columns, row.expected_columns))
        return "skip"

    table: pa.Table = csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(column_names=header, skip_rows=1, use_threads=blame is None),
        parse_options=csv.ParseOptions(
            delimiter=separator, quote_char=False, invalid_row_handler=skip
        ),
        convert_options=csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[],
            strings_can_be_null=False,
        ),
    )
    return table


def _numbers(blame: _Blame, table: pa.Table, time_column: str, found: list[Finding]) -> pa.Table:
    """The columns that are numbers throughout; cells that are none are blamed in `found`."""
    numbers: dict[str, pa.ChunkedArray] = {}
    # Without any row the columns have no type.
    for column in table.column_names if table.num_rows else []:
        texts = table.column(column)
        good = pc.match_substring_regex(texts, _NUMBER)
        empty = pc.match_substring_regex(texts, _EMPTY)
        found += blame.cells(column, _rows(empty), "is empty, the editor draws 0")
        odd = _rows(pc.invert(pc.or_(good, empty)))
        shown = str(texts[int(odd[0])])[:30] if len(odd) else ""
        found += blame.cells(column, odd, f"is '{shown}', no number: the line ends there")
        if not pc.all(good).as_py():
            continue
        numbers[column] = values = pc.cast(pc.utf8_trim_whitespace(texts), pa.float64())
        if _same(column, time_column):
            broken = np.flatnonzero(values.to_numpy() % 1)
            found += blame.cells(column, broken, "is not a whole number", "TSL026")
    return pa.table(numbers) if numbers else table.select([])


def _rows(mask: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.flatnonzero(mask.to_numpy())


def _check_size(name: str, rows: int, channels: int) -> Iterator[Finding]:
    if rows < 2:
        yield finding("TSL038", f"the table has {rows} row, a line needs two", name)
    # The last row only closes the window.
    if rows > MAX_ROWS + 1:
        text = f"{rows} rows are more than {MAX_ROWS}, the browser gets slow"
        yield finding("TSL030", text, name)
    if (rows - 1) * channels > MAX_VALUES:
        text = f"{rows} rows of {channels} channels are more than {MAX_VALUES} values"
        yield finding("TSL032", text, name)


def _check_order(blame: _Blame, column: str, times: npt.NDArray[np.int64]) -> Iterator[Finding]:
    steps = np.diff(times)
    back = np.flatnonzero(steps < 0) + 1
    yield from blame.cells(column, back, "is before the row above, the editor refuses", "TSL020")
    same = np.flatnonzero(steps == 0) + 1
    yield from blame.cells(column, same, "repeats the time of the row above", "TSL021")
