"""The time axis of a series in a foreign project: what the editor writes, and seconds.

The rule for ranges, here and nowhere else. In a result, `start` and `end` are the times of the
first and the last row of a range: the row at `end` belongs to it, as it does for the person who
drew it and for the reference backend. Inside tslab spans are half-open, so a span ends where that
row ends: at the next row, or one usual step later where the next row is far. Times that lie on no
row are kept as they are. An instant is the time itself.

The scale: dates count real seconds from the first row. So do numbers as large as an epoch in
milliseconds, microseconds or nanoseconds, and numbers that the config shows as dates (milliseconds,
as the editor has it). Of every other numeric axis one unit counts as one second, because nothing
says what it means. Without a time column one row counts as one second.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tslab.label_studio.foreign.formats import EPOCH, MAX_CHARACTERS, date_format

if TYPE_CHECKING:
    from tslab.recording import FloatArray

AxisKind = Literal["rows", "number", "date"]
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_TOLERANCE = 1e-3
"""Part of a step that a time may lie off a row and still mean the row: noise of arithmetic."""
_EPOCH_UNITS = (1.0, 1e3, 1e-3, 1e-6)
"""Milliseconds in one unit of a number that may stand for a date: ms, s, us, ns."""
_ABSOLUTE = 1e8
"""Seconds from which on a number counts from 1970 (March 1973) rather than from the first row."""


@dataclass(frozen=True, slots=True, eq=False)
class TimeAxis:
    """The rows of a series in time.

    Attributes:
        kind: Rows are counted, or their times are numbers or dates.
        keys: Time of each row as the editor has it: row numbers, numbers, or whole milliseconds
            since 1970; non-decreasing float64 ``(rows,)``.
        rate: Rows per second; where `times` is given, the usual rate.
        times: Seconds of each row from the first, float64 ``(rows,)``; None where row ``i`` lies at
            ``i / rate``.
        unit: Seconds in one unit of the keys.
        time_format: d3's format of dates.
    """

    kind: AxisKind
    keys: FloatArray
    rate: float
    times: FloatArray | None = None
    unit: float = 1.0
    time_format: str = ""

    @property
    def duration(self) -> float:
        """Seconds from the first row to the end of the last one."""
        return self.row_end(len(self.keys) - 1)

    def row_start(self, row: int) -> float:
        """Seconds at which a row begins."""
        return row / self.rate if self.times is None else float(self.times[row])

    def row_end(self, row: int) -> float:
        """Seconds at which a row ends: at the next one, at the latest after one usual step."""
        if self.times is None:
            return (row + 1) / self.rate
        end = float(self.times[row]) + 1 / self.rate
        return end if row + 1 >= len(self.times) else min(end, float(self.times[row + 1]))

    def to_seconds(self, value: object) -> float:
        """Seconds of a time in a result, whatever its form; NaN where it cannot be read."""
        return self.seconds_of(self.to_key(value))

    def to_key(self, value: object) -> float:
        """A time in a result on the editor's axis, compared by value; NaN where it is none.

        A time that differs from a row's by the noise of arithmetic becomes the row's.
        """
        key = self._date_key(value) if self.kind == "date" else self._number_key(value)
        if not math.isfinite(key):
            return math.nan
        row = nearest(self.keys, key)
        near = abs(float(self.keys[row]) - key) <= _TOLERANCE / self.rate / self.unit
        return float(self.keys[row]) if near else key

    def _number_key(self, value: object) -> float:
        number = to_number(value)
        if math.isnan(number) and isinstance(value, str):
            # A date only has a place on an axis that counts from 1970.
            absolute = abs(float(self.keys[0])) * self.unit >= _ABSOLUTE
            return iso_milliseconds(value) / 1000 / self.unit if absolute else math.nan
        return number

    def _date_key(self, value: object) -> float:
        if isinstance(value, str):
            milliseconds = date_format(self.time_format).read(value)
            if math.isnan(milliseconds):
                milliseconds = iso_milliseconds(value)
            if not math.isnan(milliseconds):
                return math.floor(milliseconds + 1e-3)
        number = to_number(value)
        first, last = float(self.keys[0]), float(self.keys[-1])
        margin = max(last - first, 1000 / self.rate)
        for unit in _EPOCH_UNITS:
            if first - margin <= number * unit <= last + margin:
                return number * unit
        return number

    def seconds_of(self, key: float) -> float:
        """Seconds of a time on the editor's axis; beyond the rows the axis goes on evenly."""
        if math.isnan(key):
            return math.nan
        after = int(np.searchsorted(self.keys, key))
        if after < len(self.keys) and self.keys[after] == key:
            return self.row_start(after)
        if after == 0:
            return (key - float(self.keys[0])) * self.unit
        before, since = self.row_start(after - 1), (key - float(self.keys[after - 1])) * self.unit
        if after == len(self.keys):
            return before + since
        share = (key - self.keys[after - 1]) / (self.keys[after] - self.keys[after - 1])
        return before + float(share) * (self.row_start(after) - before)

    def range_of(self, first: float, last: float) -> tuple[float, float]:
        """Start and end in seconds of a range on the editor's axis, its last row included."""
        row = int(np.searchsorted(self.keys, last, side="right")) - 1
        on_row = row >= 0 and self.keys[row] == last
        return self.seconds_of(first), self.row_end(row) if on_row else self.seconds_of(last)

    def rows_of(self, start: float, end: float) -> tuple[int, int]:
        """First and last row within ``[start, end)`` seconds.

        Without a row in between both are the row that is nearest to the middle.
        """
        # Irregular rows may lie closer than a part of the usual step.
        slack = _TOLERANCE / self.rate if self.times is None else min(_TOLERANCE / self.rate, 1e-6)
        first, beyond = self._row_at(start - slack), self._row_at(end - slack)
        if first < beyond:
            return first, beyond - 1
        middle = self.nearest_row((start + end) / 2)
        return middle, middle

    def _row_at(self, seconds: float) -> int:
        """The first row that does not begin before a time; the number of rows where none does."""
        if self.times is not None:
            return int(np.searchsorted(self.times, seconds))
        return min(max(math.ceil(seconds * self.rate), 0), len(self.keys))

    def nearest_row(self, seconds: float) -> int:
        """The row that begins nearest to a time."""
        if self.times is not None:
            return nearest(self.times, seconds)
        return min(max(round(seconds * self.rate), 0), len(self.keys) - 1)

    def next_row(self, row: int) -> int:
        """The first row at a later time on the editor's axis, or the last row."""
        after = int(np.searchsorted(self.keys, self.keys[row], side="right"))
        return min(after, len(self.keys) - 1)

    def previous_row(self, row: int) -> int:
        """The last row at an earlier time on the editor's axis, or the first row."""
        return max(int(np.searchsorted(self.keys, self.keys[row])) - 1, 0)

    def written(self, row: int) -> str | int | float:
        """Time of a row as the editor would write it: a text where the axis has a format."""
        key = float(self.keys[row])
        if self.kind == "date":
            return date_format(self.time_format).write(key)
        return int(key) if key.is_integer() else key


def nearest(values: FloatArray, wanted: float) -> int:
    """Index of the value that is nearest, the first of equal ones; `values` are sorted."""
    right = int(np.searchsorted(values, wanted))
    if right == 0:
        return 0
    below = float(values[right - 1])
    if right < len(values) and float(values[right]) - wanted < wanted - below:
        return right
    return int(np.searchsorted(values, below))


def to_number(value: object) -> float:
    """The number that a value is or spells, NaN for anything else; never infinite."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_CHARACTERS or not _NUMBER.fullmatch(text):
            return math.nan
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def iso_milliseconds(text: str) -> float:
    """Milliseconds since 1970 of a time in ISO 8601, UTC without an offset; NaN for others."""
    text = text.strip()
    if len(text) > MAX_CHARACTERS or "-" not in text[1:]:
        return math.nan
    try:
        time = dt.datetime.fromisoformat(text)
        zoned = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
        return (zoned - EPOCH) / dt.timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return math.nan
