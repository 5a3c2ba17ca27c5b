"""The time column of a series in a foreign project becomes its axis."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tslab.errors import DataError
from tslab.label_studio.foreign.axis import TimeAxis, iso_milliseconds, to_number
from tslab.label_studio.foreign.formats import date_format, read_iso
from tslab.label_studio.foreign.text import shown
from tslab.readers.arrow_arrays import compute as pc
from tslab.readers.arrow_arrays import floats
from tslab.readers.cells import MISSING
from tslab.readers.time_grid import find_grid
from tslab.readers.time_text import find_form, to_nanoseconds

if TYPE_CHECKING:
    import numpy.typing as npt

    from tslab.label_studio.foreign.config import ForeignConfig
    from tslab.recording import FloatArray

    IntArray = npt.NDArray[np.int64]

COUNTS = ("%Q", "%s")
"""Formats that are nothing but a number."""
ISO = "%Y-%m-%dT%H:%M:%S.%L"
"""How times are written that are dates although the config gives no format."""
_EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
"""Numbers from here on are nanoseconds, microseconds, milliseconds since 1970: unit in seconds."""
_CALENDAR = (-62_135_596_800_000.0, 253_402_300_799_999.0)
"""Milliseconds of the years 1 to 9999."""
_REGULAR = 1e-3
_SAMPLE = 512
_CELLS_ONE_BY_ONE = 100_000
_FARTHEST = 1e21
"""Larger numbers are no time; JavaScript writes them in another way."""
_SHORTEST_STEP = 1e-12
"""Times that advance by less (s) do not advance."""
_NONE = np.empty(0)
_LONGEST_GRID = 9e9
"""Seconds that nanoseconds can count."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An axis and what became of the rows.

    Attributes:
        axis: The rows in time.
        rows: Which rows of the table they are, in order, int64; None where they are all as written.
        gaps: Stretches in seconds without a row.
        notes: What was mended.
    """

    axis: TimeAxis
    rows: IntArray | None = None
    gaps: tuple[tuple[float, float], ...] = ()
    notes: list[str] = field(default_factory=list)


def counted_rows(count: int) -> Timeline:
    """The axis of a series without a time column: one row is one second."""
    return Timeline(TimeAxis("rows", np.arange(count, dtype=np.float64), 1.0))


def number_timeline(numbers: FloatArray, config: ForeignConfig) -> Timeline:
    """The axis of times in numbers, NaN where one is missing.

    Raises:
        DataError: There is no time at all.
    """
    far = np.abs(numbers) > _FARTHEST
    if far.any():
        numbers = np.where(far, math.nan, numbers)
    if config.time_format in COUNTS:
        milliseconds = numbers * (1.0 if config.time_format == "%Q" else 1000.0)
        return _date_timeline(milliseconds, config)
    unit = _unit(numbers, config)
    return _timeline(numbers, numbers, TimeAxis("number", _NONE, 1.0, None, unit), config)


def text_timeline(texts: pa.ChunkedArray, config: ForeignConfig) -> Timeline:
    """The axis of times in text.

    Raises:
        DataError: A cell is no time in any form, or there is no time at all.
    """
    cells = pc.utf8_trim_whitespace(texts)
    present = ~np.asarray(pc.is_in(cells, pa.array(MISSING)))
    known = cells.filter(pa.array(present))
    column = config.time_column
    times = np.full(len(cells), math.nan)
    if not config.time_format or config.time_format in COUNTS:
        numbers = _numbers(known)
        if numbers is not None:
            times[present] = numbers
            return number_timeline(times, config)
    times[present] = _dates(known, config.time_format, np.flatnonzero(present), column)
    return _date_timeline(times, config)


def _date_timeline(times: FloatArray, config: ForeignConfig) -> Timeline:
    """The axis of times in milliseconds since 1970; the editor cuts them to whole ones."""
    times[(times < _CALENDAR[0]) | (times > _CALENDAR[1])] = math.nan
    form = TimeAxis("date", _NONE, 1.0, None, 1e-3, config.time_format or ISO)
    return _timeline(times, np.floor(times + 1e-3), form, config)


def _unit(numbers: FloatArray, config: ForeignConfig) -> float:
    """Seconds in one unit of a numeric axis."""
    if config.counts_milliseconds:
        return 1e-3
    usual = float(np.nanmedian(np.abs(numbers[:_SAMPLE]))) if _any_number(numbers[:_SAMPLE]) else 0
    return next((unit for limit, unit in _EPOCHS if usual >= limit), 1.0)


def _any_number(numbers: FloatArray) -> bool:
    return bool(np.isfinite(numbers).any())


def _numbers(cells: pa.ChunkedArray) -> FloatArray | None:
    """Numbers in text, None where a cell is none."""
    try:
        return floats(cells.cast(pa.float64()))
    except pa.ArrowInvalid:
        return None


def _dates(cells: pa.ChunkedArray, pattern: str, rows: IntArray, column: str) -> FloatArray:
    """Milliseconds since 1970 of dates: by the format, by other forms, one by one.

    Args:
        cells: None is missing.
        pattern: The config's format, "" for none.
        rows: Number of each cell's row, from 0.
        column: Name for errors.
    """
    times: FloatArray = np.full(len(cells), math.nan)
    if pattern:
        times = date_format(pattern).read_all(cells)
    if not np.isnan(times).any():
        return times
    if np.isnan(times).all():
        other = _other_dates(cells, column)
        if other is not None:
            return other
    odd = np.flatnonzero(np.isnan(times))
    for index in odd[:_CELLS_ONE_BY_ONE].tolist():
        text = str(cells[index])
        times[index] = iso_milliseconds(text)
        if math.isnan(times[index]):
            times[index] = _epoch(text)
        if math.isnan(times[index]):
            raise _no_time(text, int(rows[index]), pattern, column)
    if len(odd) > _CELLS_ONE_BY_ONE:
        index = int(odd[_CELLS_ONE_BY_ONE])
        raise _no_time(str(cells[index]), int(rows[index]), pattern, column)
    return times


def _other_dates(cells: pa.ChunkedArray, column: str) -> FloatArray | None:
    """Milliseconds since 1970 of dates in a common form or of epoch numbers, None for others."""
    for zoned in (False, True):
        times = read_iso(cells, zoned=zoned)
        if times is not None:
            return times
    numbers = _numbers(cells)
    if numbers is not None:
        numbers = np.where(np.abs(numbers) <= _FARTHEST, numbers, math.nan)
        usual = float(np.median(np.abs(numbers)))
        return numbers * 1000 * next((unit for limit, unit in _EPOCHS if usual >= limit), 1.0)
    step = max(1, len(cells) // _SAMPLE)
    form = find_form(cells.take(pa.array(np.arange(0, len(cells), step))).to_pylist())
    if form is None or not form.is_absolute:
        return None
    try:
        return to_nanoseconds(cells, form, 0, "the series", column) / 1e6
    except DataError:
        return None


def _epoch(text: str) -> float:
    """Milliseconds since 1970 of one epoch number."""
    number = to_number(text)
    return number * 1000 * next((unit for limit, unit in _EPOCHS if abs(number) >= limit), 1.0)


def _no_time(text: str, row: int, pattern: str, column: str) -> DataError:
    return DataError(
        f"time column '{shown(column)}' of the series: '{shown(text)}' in row {row + 1} is no "
        + (f"time of the form {pattern}" if pattern else "number and no date"),
        "Correct timeFormat in the labeling config, or the cell.",
    )


def _timeline(
    times: FloatArray, keys: FloatArray, form: TimeAxis, config: ForeignConfig
) -> Timeline:
    """Rows in order of time, those without one left out.

    Args:
        times: Time of each row in units of the axis, NaN where it has none.
        keys: The same as the editor has it.
        form: The axis, still without rows.
        config: Names the column.
    """
    notes: list[str] = []
    rows = _usable_rows(times, config.time_column, notes)
    if rows is not None:
        times, keys = times[rows], keys[rows]
    seconds = (times - times[0]) * form.unit
    rate, irregular, gaps = _grid(seconds)
    axis = replace(form, keys=keys, rate=rate, times=seconds if irregular else None)
    return Timeline(axis, rows, gaps, notes)


def _usable_rows(times: FloatArray, column: str, notes: list[str]) -> IntArray | None:
    """Rows that have a time, in order of time; None where they are all and in order."""
    good = np.isfinite(times)
    if good.all() and not (np.diff(times) < 0).any():
        return None
    rows = np.flatnonzero(good)
    if not len(rows):
        raise DataError(
            f"time column '{shown(column)}' of the series has no time in {len(times)} rows",
            "Name the right one by timeColumn in the labeling config.",
        )
    if len(rows) < len(times):
        notes.append(f"{len(times) - len(rows)} rows have no time and were left out")
    order = np.argsort(times[rows], kind="stable")
    if (np.diff(order) < 0).any():
        notes.append("the rows were not in order of time and were sorted")
    return rows[order]


def _grid(seconds: FloatArray) -> tuple[float, bool, tuple[tuple[float, float], ...]]:
    """Rate of sorted times, whether they are irregular, and where they have gaps."""
    count, last = len(seconds), float(seconds[-1])
    mean = last / max(count - 1, 1)
    if mean < _SHORTEST_STEP:
        return 1.0, count > 1, ()
    off = np.arange(count, dtype=np.float64)
    off *= mean
    off -= seconds
    if max(float(off.max()), -float(off.min())) <= _REGULAR * mean:
        return _plain(1 / mean, seconds), False, ()
    if last > _LONGEST_GRID or mean < 1e-6:
        return 1 / mean, True, ()  # nanoseconds cannot count that
    grid = find_grid(np.round(seconds * 1e9).astype(np.int64), "the series", "time")
    return grid.rate, grid.times is not None, grid.gaps


def _plain(rate: float, seconds: FloatArray) -> float:
    """The rate without the noise of arithmetic, where the times allow it."""
    last = len(seconds) - 1
    for digits in range(10):
        for plain in (round(rate, digits), 1 / (round(1 / rate, digits) or math.inf)):
            if plain > 0 and abs(last / plain - seconds[-1]) <= _REGULAR / rate:
                return plain
    return rate
