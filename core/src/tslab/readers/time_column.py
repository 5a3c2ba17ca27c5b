"""The time column of a table: found by name and content, read into nanoseconds."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tslab.contracts import ReadOptions
from tslab.errors import DataError
from tslab.readers.arrow_arrays import compute as pc
from tslab.readers.arrow_arrays import floats, integers
from tslab.readers.cells import is_missing, plain_numbers, to_number
from tslab.readers.column_names import need_columns, split_unit
from tslab.readers.csv_errors import text_to_numbers
from tslab.readers.time_grid import Grid, find_grid
from tslab.readers.time_names import NANOSECONDS, epoch_unit, name_strength, unit_of
from tslab.readers.time_text import TimeForm, find_form, to_nanoseconds, unwrap_midnights
from tslab.readers.time_zones import find_zone, to_datetime, to_utc

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """Where and how a table has its time.

    Attributes:
        columns: Index of the column, or of the date and the time-of-day column.
        name: Header, for errors.
        form: How text is written, None for numbers.
        unit: Unit of numbers.
        absolute: Whether the times say when it was, rather than how long ago it began.
    """

    columns: tuple[int, ...]
    name: str
    form: TimeForm | None = None
    unit: str = "s"
    absolute: bool = False


def find_time_column(
    headers: Sequence[str], columns: Sequence[Cells], options: ReadOptions, place: str
) -> TimeColumn | None:
    """The time column of a table, None where it has none.

    Args:
        headers: Header of each column; "0", "1", ... in a table without a header.
        columns: A sample of cells of each column, in the order of the rows.
        options: `time_column` names it; "none" says that there is none.
        place: File name for errors.

    Raises:
        DataError: The named column does not exist or holds no times.
    """
    if options.time_column.lower() == "none":
        return None
    if options.time_column:
        (index,) = need_columns([options.time_column], headers, place, "time_column")
        found = _as_time(index, headers, columns, options, place)
        if found is None:
            shown = next((cell for cell in columns[index] if not is_missing(cell)), "")
            raise DataError(
                f"{place}: column '{headers[index]}' holds no times that tslab knows ('{shown}')",
                "Name their form by `reading: time_format:` in tslab.yaml, such as '%d%m%y %H%M'.",
            )
        return found
    return _by_name(headers, columns, options, place) or _by_content(
        headers, columns, options, place
    )


def _by_name(
    headers: Sequence[str], columns: Sequence[Cells], options: ReadOptions, place: str
) -> TimeColumn | None:
    strengths = [name_strength(header) for header in headers]
    for wanted in ("strong", "weak"):
        for index, strength in enumerate(strengths):
            if strength != wanted:
                continue
            found = _as_time(index, headers, columns, options, place)
            if found and (wanted == "strong" or found.form or _rises(columns[index])):
                return found
    return None


def _by_content(
    headers: Sequence[str], columns: Sequence[Cells], options: ReadOptions, place: str
) -> TimeColumn | None:
    for index, cells in enumerate(columns):
        if find_form(cells) is not None:
            return _as_time(index, headers, columns, options, place)
    for index, cells in enumerate(columns):
        values = _numbers(cells)
        if values and epoch_unit(values) and _rises(cells):
            return _as_time(index, headers, columns, options, place)
    unnamed = bool(headers) and headers[0] in ("", "0", "Unnamed: 0")
    if unnamed and len(columns) > 1 and _is_clock_of_fractions(columns[0]):
        return _as_time(0, headers, columns, options, place)
    return None


def _as_time(
    index: int,
    headers: Sequence[str],
    columns: Sequence[Cells],
    options: ReadOptions,
    place: str,
) -> TimeColumn | None:
    name, cells = headers[index], columns[index]
    if options.time_format:
        return TimeColumn(
            (index,), name, TimeForm("pattern", pattern=options.time_format), "", True
        )
    values = _numbers(cells)
    if values:
        epoch = epoch_unit(values)
        unit = unit_of(name, options, place) or epoch or "s"
        return TimeColumn((index,), name, None, unit, epoch == unit)
    form = find_form(cells)
    if form is None:
        return None
    return _with_time_of_day(index, headers, columns, form) or TimeColumn(
        (index,), name, form, "", form.is_absolute
    )


def _with_time_of_day(
    index: int, headers: Sequence[str], columns: Sequence[Cells], form: TimeForm
) -> TimeColumn | None:
    """Date and time of day in neighbouring columns, None where one column holds both."""
    first = next((cell for cell in columns[index] if not is_missing(cell)), "")
    if form.kind not in ("iso", "date") or ":" in first or index + 1 >= len(columns):
        return None
    clock = columns[index + 1]
    if (found := find_form(clock)) is None or found.kind != "clock":
        return None
    joined = [f"{day} {time}" for day, time in zip(columns[index], clock, strict=False)]
    if find_form(joined) is None:
        return None
    name = f"{headers[index]} {headers[index + 1]}"
    return TimeColumn((index, index + 1), name, form, "", True)


def _numbers(cells: Cells) -> list[float]:
    """Numbers of a sample, empty where half of the cells are none.

    A few wrong ones are named when the whole column is read.
    """
    plain = plain_numbers(cells)
    if plain is not None:
        return plain
    values = [
        to_number(cell, "," if "," in cell else ".") for cell in cells if not is_missing(cell)
    ]
    numbers = [value for value in values if value is not None]
    return numbers if len(numbers) > len(values) / 2 else []


def _rises(cells: Cells) -> bool:
    values = _numbers(cells)
    return len(values) > 1 and values[-1] > values[0] and values == sorted(values)


def _is_clock_of_fractions(cells: Cells) -> bool:
    """Whether numbers rise from 0 in steps of less than 1: seconds rather than row numbers."""
    values = _numbers(cells)
    return _rises(cells) and values[0] == 0 and 0 < values[1] < 1


def is_row_number(header: str, cells: Cells) -> bool:
    """Whether an unnamed column counts the rows, as pandas and R write it."""
    values = _numbers(cells[:16])
    if header not in ("", "Unnamed: 0") or len(values) < 2:
        return False
    return values[0] in (0, 1) and all(b - a == 1 for a, b in itertools.pairwise(values))


def text_times(
    spec: TimeColumn,
    parts: Iterable[tuple[int, Sequence[pa.ChunkedArray]]],
    place: str,
    decimal: str = ".",
) -> IntArray:
    """Nanoseconds of a time column in text, int64 ``(n,)``, before any time zone.

    Args:
        spec: The time column.
        parts: First row and cells of its columns, part by part.
        place: File name for errors.
        decimal: Decimal mark of numbers.

    Raises:
        DataError: A cell is no time.
    """
    found = []
    for first, columns in parts:
        cells = columns[0]
        if spec.form is None:
            found.append(_count_cells(spec, cells, first, place, decimal))
            continue
        if len(columns) > 1:
            cells = pc.binary_join_element_wise(*columns, " ")
        found.append(to_nanoseconds(cells, spec.form, first, place, spec.name))
    times = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    return unwrap_midnights(times) if spec.form and spec.form.kind == "clock" else times


def _count_cells(
    spec: TimeColumn, cells: pa.ChunkedArray, first: int, place: str, decimal: str
) -> IntArray:
    if pa.types.is_floating(cells.type):
        return number_times(spec, floats(cells), first, place)
    trimmed = pc.ascii_trim_whitespace(cells)
    if len(cells) and "." not in (cells[0].as_py() or ""):
        try:  # nanoseconds since 1970 need all their digits
            return number_times(spec, integers(trimmed), first, place)
        except pa.ArrowInvalid:
            pass
    try:
        return number_times(spec, floats(trimmed), first, place)
    except pa.ArrowInvalid:
        values, wrong = text_to_numbers(cells, decimal)
    if wrong is not None:
        raise _no_time(spec, place, first + wrong[0], f"'{wrong[1]}'")
    return number_times(spec, floats(values), first, place)


def number_times(
    spec: TimeColumn, values: npt.NDArray[np.generic], first: int, place: str
) -> IntArray:
    """Nanoseconds of a numeric time column, int64 ``(n,)``.

    Args:
        spec: The time column; its unit is what the numbers count.
        values: Whole or floating numbers ``(n,)``.
        first: Row of the first value, from 0.
        place: File name for errors.

    Raises:
        DataError: A value is missing.
    """
    scale = NANOSECONDS[spec.unit]
    if np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64) * scale
    floats = values.astype(np.float64)
    missing = np.flatnonzero(~np.isfinite(floats))
    if len(missing):
        raise _no_time(spec, place, first + int(missing[0]), "nothing")
    if spec.absolute:  # a double holds microseconds since 1970, not nanoseconds
        return np.round(floats * (scale / 1000)).astype(np.int64) * 1000
    return np.round(floats * scale).astype(np.int64)


def refuse_missing(spec: TimeColumn, cells: pa.ChunkedArray, place: str) -> None:
    """Refuses a time column in which a cell is missing.

    Raises:
        DataError: One is; its row is named.
    """
    if cells.null_count:
        row = int(np.flatnonzero(np.asarray(pc.is_null(cells)))[0])
        raise _no_time(spec, place, row, "nothing")


def _no_time(spec: TimeColumn, place: str, row: int, what: str) -> DataError:
    return DataError(
        f"{place}: time column '{spec.name}' has {what} in row {row + 1}",
        "Correct or delete the row.",
    )


def finish_times(
    spec: TimeColumn, times: IntArray, options: ReadOptions, place: str
) -> tuple[Grid, dt.datetime | None]:
    """Grid of the times, and the wall clock of the first where they say it.

    Args:
        spec: The time column.
        times: Nanoseconds, int64 ``(n,)``.
        options: `time_zone` of times that carry none.
        place: File name for errors.

    Raises:
        DataError: Times run backwards or never advance, or the zone is unknown.
    """
    zone = find_zone(options.time_zone, place)
    if not spec.absolute:
        return find_grid(times, place, spec.name), None
    if spec.form is not None and spec.form.kind != "zoned" and "%z" not in spec.form.pattern:
        times = to_utc(times, zone, place)
    grid = find_grid(times, place, split_unit(spec.name)[0])
    return grid, to_datetime(int(times[0]), zone)
