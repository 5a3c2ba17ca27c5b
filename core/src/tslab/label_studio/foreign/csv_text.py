"""CSV of a foreign project, split as the editor splits it and with more patience."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tslab.errors import DataError
from tslab.label_studio.foreign.table import (
    NUMBER,
    ForeignTable,
    Picked,
    finish_channels,
    pick_columns,
    refuse_too_many,
    text_to_numbers,
)
from tslab.label_studio.foreign.times import COUNTS
from tslab.readers.arrow_arrays import floats
from tslab.readers.arrow_arrays import text as pa_csv
from tslab.readers.cells import MISSING

if TYPE_CHECKING:
    from tslab.label_studio.foreign.config import ForeignConfig
    from tslab.recording import FloatArray

_SEPARATORS = (",", ";", "\t", "|", " ")
_NAMES = {"comma": ",", "tab": "\t", "space": " ", "semicolon": ";", r"\t": "\t", "auto": ""}
_IS_NUMBER = re.compile(rf"\s*{NUMBER}\s*", re.ASCII)
_BLANKS, _EDGES = re.compile(rb" +"), re.compile(rb"(?m)^ +| +$")
_MARKUP = re.compile(rb"<(?:[!?]|html)", re.IGNORECASE)
_MAX_LINE = 1 << 20
_Columns = dict[str, "FloatArray | pa.ChunkedArray"]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is written: separator, names of the columns, whether row 1 holds them."""

    separator: str
    names: list[str]
    has_header: bool


def read_csv(payload: bytes, config: ForeignConfig) -> ForeignTable:
    """The wanted columns of a CSV.

    Raises:
        DataError: It is no table, lacks what the config names, or is too large.
    """
    data = _utf8(payload).lstrip(b"\r\n")
    layout = _find_layout(_first_lines(data), config)
    if layout.separator == " ":
        data = _BLANKS.sub(b" ", _EDGES.sub(b"", data))
    picked = pick_columns(layout.names, config)
    refuse_too_many(max(data.count(b"\n"), data.count(b"\r")), len(picked.indices))
    return _finished(_read_table(data, layout, picked, config), picked)


def _read_table(data: bytes, layout: _Layout, picked: Picked, config: ForeignConfig) -> _Columns:
    types = {f"c{index}": pa.float64() for index in picked.indices}
    if picked.time is not None and config.time_format and config.time_format not in COUNTS:
        types[f"c{picked.time}"] = pa.string()
    try:
        columns = _read_blocks(data, layout, types)
    except pa.ArrowInvalid:  # words among the numbers, or rows of different length
        columns = None
    rows = len(next(iter(columns.values()))) if columns else 0
    if columns is None or _has_swallowed(data, rows + layout.has_header):
        table = _parse_texts(data, layout, picked)
        return {name: table[name] for name in types}
    return columns


def _read_blocks(data: bytes, layout: _Layout, types: dict[str, pa.DataType]) -> _Columns:
    """The wanted columns, put together block by block: a second copy would be as large again."""
    room = data.count(b"\n") + data.count(b"\r") + 1
    numbers = {n: np.empty(room) for n, kind in types.items() if kind == pa.float64()}
    texts: dict[str, list[pa.Array]] = {name: [] for name in types if name not in numbers}
    rows = 0
    for batch in pa_csv.open_csv(pa.BufferReader(data), **_options(layout, types)):
        for name, column in zip(types, batch.columns, strict=True):
            if name in texts:
                texts[name].append(column)
            else:
                numbers[name][rows : rows + len(column)] = floats(pa.chunked_array([column]))
        rows += batch.num_rows
    joined = {name: pa.chunked_array(parts, pa.string()) for name, parts in texts.items()}
    return {**{name: values[:rows] for name, values in numbers.items()}, **joined}


def _utf8(payload: bytes) -> bytes:
    if payload.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return payload.decode("utf-16", "replace").encode()
    data = payload.removeprefix(codecs.BOM_UTF8)
    start = data[:4096].lstrip()
    if b"\0" in start or _MARKUP.match(start):
        what = "a web page or XML" if _MARKUP.match(start) else "no text"
        raise DataError(
            f"the series is {what}, no CSV or JSON", "Check its address and who may read it."
        )
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("latin-1").encode()
    return data


def _first_lines(data: bytes) -> list[str]:
    """The first two rows."""
    lines = re.split(rb"[\r\n]+", data[: 2 * _MAX_LINE], maxsplit=2)[:2]
    if not lines[0].strip():
        raise DataError("the series is empty", "Check its address, or delete the task.")
    if any(len(line) > _MAX_LINE for line in lines):
        raise DataError(
            f"a row of the series has more than {_MAX_LINE} characters", "Write one row a line."
        )
    return [line.decode(errors="replace") for line in lines if line.strip()]


def _find_layout(lines: Sequence[str], config: ForeignConfig) -> _Layout:
    columns = (config.time_column, *config.channels)
    wanted = {name.lower() for name in columns if name and not _IS_NUMBER.fullmatch(name)}
    declared = _NAMES.get(config.separator.strip().lower(), config.separator)

    def fit(separator: str) -> tuple[int, bool, bool, int]:
        rows = [_cells(line, separator) for line in lines]
        known = len(wanted & {cell.lower() for cell in rows[0]})
        even = len(rows[0]) == len(rows[-1])
        return known, separator == declared and len(rows[0]) > 1, even, len(rows[0])

    separator = max(_SEPARATORS, key=fit)
    if _is_usable(declared) and fit(declared) > fit(separator):
        separator = declared
    rows = [_cells(line, separator) for line in lines]
    if _is_header(rows, wanted):
        return _Layout(separator, _widened(rows), has_header=True)
    return _Layout(separator, [str(index) for index in range(len(rows[0]))], has_header=False)


def _is_usable(separator: str) -> bool:
    return len(separator) == 1 and separator.isascii() and separator not in '"\r\n\0'


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        line = re.sub(" +", " ", line.strip(" "))
    return [cell.strip().strip("\"'").strip() for cell in _split(line, separator)]


def _split(line: str, separator: str) -> list[str]:
    """Cells of a row; quotation marks hold a cell together where each is closed."""
    closed = '"' in line and line.count('"') % 2 == 0
    if closed and len(line) <= csv.field_size_limit():
        return next(csv.reader([line], delimiter=separator), [])
    return line.split(separator)


def _is_header(rows: Sequence[Sequence[str]], wanted: set[str]) -> bool:
    """Whether row 1 holds names: it has a wanted one, or the editor would say so.

    To the editor it does if some column is a number in one of both rows only.
    """
    if any(cell.lower() in wanted for cell in rows[0]):
        return True
    if len(rows) < 2:
        return not any(_IS_NUMBER.fullmatch(cell) for cell in rows[0])
    return any(_is_nan(a) != _is_nan(b) for a, b in zip(rows[0], rows[1], strict=False))


def _is_nan(cell: str) -> bool:
    """JavaScript's isNaN: nothing at all counts as zero."""
    return bool(cell) and not _IS_NUMBER.fullmatch(cell)


def _widened(rows: Sequence[Sequence[str]]) -> list[str]:
    """The header with as many cells as the rows, which may all end in a separator."""
    names, width = list(rows[0]), len(rows[-1])
    names += [""] * (width - len(names))
    while len(names) > width and not names[-1]:
        names.pop()
    return names


def _options(
    layout: _Layout, types: dict[str, pa.DataType], bad_row: Callable[[Any], str] | None = None
) -> dict[str, Any]:
    """Options of Arrow's reader for the wanted columns, which are named c0, c1, ...

    Args:
        layout: How the table is written.
        types: Wanted columns; a cell of another type raises.
        bad_row: Says what to do with a row that has other columns; without it, such rows raise.
    """
    return {
        "read_options": pa_csv.ReadOptions(
            column_names=[f"c{index}" for index in range(len(layout.names))],
            skip_rows=int(layout.has_header),
            use_threads=False,
        ),
        "parse_options": pa_csv.ParseOptions(
            delimiter=layout.separator, invalid_row_handler=bad_row
        ),
        "convert_options": pa_csv.ConvertOptions(
            check_utf8=False,
            column_types=types,
            include_columns=list(types),
            null_values=list(MISSING),
            strings_can_be_null=False,
        ),
    }


def _parse_texts(data: bytes, layout: _Layout, picked: Picked) -> pa.Table:
    """The wanted columns as texts, rows of another length filled up or cut."""
    odd: list[tuple[int, list[str]]] = []

    def put_aside(row: Any) -> str:
        # Arrow counts from one, and the header too.
        place = row.number - 1 - layout.has_header
        odd.append((place, _wanted_cells(row.text, layout, picked.indices)))
        return "skip"

    types = {f"c{index}": pa.string() for index in picked.indices}
    try:
        table = pa_csv.read_csv(pa.BufferReader(data), **_options(layout, types, put_aside))
    except pa.ArrowInvalid:  # no rows
        table = None
    if table is None or _has_swallowed(data, table.num_rows + len(odd) + layout.has_header):
        return _from_rows(list(_split_rows(data, layout, picked.indices)), types)
    if not odd:
        return table
    before = np.array([place for place, _ in odd]) - np.arange(len(odd))
    order = np.insert(
        np.arange(table.num_rows),
        np.clip(before, 0, table.num_rows),
        table.num_rows + np.arange(len(odd)),
    )
    mended = _from_rows([cells for _, cells in odd], types)
    return pa.concat_tables([table, mended]).take(pa.array(order))


def _has_swallowed(data: bytes, rows: int) -> bool:
    """Whether a quotation mark that nobody closed made one cell of many rows."""
    return b'"' in data and rows < len(re.findall(rb"[^\r\n]+", data))


def _from_rows(rows: list[list[str]], types: dict[str, pa.DataType]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ([] for _ in types)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table(dict(zip(types, arrays, strict=True)))


def _split_rows(data: bytes, layout: _Layout, indices: list[int]) -> Iterator[list[str]]:
    """Wanted cells of each row, by nothing but the separator."""
    lines = re.split(rb"[\r\n]+", data)
    for line in lines[int(layout.has_header) :]:
        if line.strip():
            yield _wanted_cells(line.decode(errors="replace"), layout, indices)


def _wanted_cells(line: str, layout: _Layout, indices: list[int]) -> list[str]:
    """Wanted cells of a row; what a short row lacks is empty."""
    cells = _split(line, layout.separator)
    return [cells[i].strip(" \"'") if i < len(cells) else "" for i in indices]


def _finished(columns: _Columns, picked: Picked) -> ForeignTable:
    notes = list(picked.notes)
    times = None if picked.time is None else columns[f"c{picked.time}"]
    count = len(next(iter(columns.values())))
    if count == 0:
        return ForeignTable(0, {}, times, notes)

    def channels() -> Iterator[tuple[str, FloatArray, int]]:
        for name, place in picked.channels.items():
            column = columns[f"c{place}"]
            numbers, words = (
                (column, 0) if isinstance(column, np.ndarray) else text_to_numbers(column)
            )
            yield name, numbers, words

    return ForeignTable(count, finish_channels(channels(), notes), times, notes)
