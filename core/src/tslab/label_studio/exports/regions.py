"""Regions of an export in time: whole microseconds, what of them is usable, what was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.tier_tables import Problems
from tslab.label_studio.exports.columns import Columns
from tslab.label_studio.exports.oddities import of_another_kind
from tslab.label_studio.exports.records import Window
from tslab.label_studio.exports.times import Axis, read_times, window_microseconds
from tslab.label_studio.foreign.config import ForeignConfig
from tslab.span_table import Mask, Ticks

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

FARTHEST = 9e18
"""Microseconds that 64 bits hold."""


@dataclass(frozen=True, slots=True)
class Regions:
    """Usable regions and what was reviewed.

    Attributes:
        tasks: Names of the tasks.
        windows: Window of each task, None where the export does not say.
        reading: Reading of each region, usable or not.
        start: Microseconds, int64; 0 where unusable.
        end: Microseconds.
        usable: bool.
        low: Where each task begins, int64 ``(tasks,)``.
        high: Where it ends, after `low`.
        guessed: Whether the unit of its numbers is.
    """

    tasks: list[str]
    windows: list[Window | None]
    reading: Positions
    start: Ticks
    end: Ticks
    usable: Mask
    low: Ticks
    high: Ticks
    guessed: bool

    @property
    def shown(self) -> bool:
        """Whether the export says of all tasks which window was shown."""
        return all(window is not None for window in self.windows)


def regions_of(
    columns: Columns,
    tasks: tuple[list[str], list[Window | None]],
    config: ForeignConfig | None,
    problems: Problems,
) -> Regions:
    """Times of all regions; what is not usable is counted.

    Args:
        columns: As written.
        tasks: Names of the tasks, and their windows.
        config: Tells format and unit.
        problems: Told what is left out.
    """
    count = np.array(columns.count, np.int64)
    reading = np.repeat(np.arange(len(count)), count)
    of_reading = np.array(columns.task, np.int64)
    task = of_reading[reading] if len(count) else np.zeros(0, np.int64)
    names, windows = tasks
    times = _Times.of(columns, task, windows, config)
    odd = of_another_kind(task, times.start, times.end, len(windows))
    guessed = np.array([window is None for window in windows], bool)[task]
    odd &= guessed
    usable = _usable(
        (columns, odd, guessed), times, [names[n] for n in of_reading.tolist()], reading, problems
    )
    start = np.where(usable, np.rint(times.start), 0).astype(np.int64)
    end = np.where(usable, np.rint(times.end), 0).astype(np.int64)
    low, high = _reach(task, start, end, usable, windows)
    if times.dates:
        begin = np.where([window is None for window in windows], low, 0)
        start, end = (np.where(usable, side - begin[task], 0) for side in (start, end))
        low, high = low - begin, high - begin
    return Regions(names, windows, reading, start, end, usable, low, high, times.guessed)


@dataclass(frozen=True, slots=True)
class _Times:
    """Microseconds of regions as floats; NaN where they cannot be read or are missing."""

    start: Floats
    end: Floats
    unread: Mask
    dates: bool
    guessed: bool

    @classmethod
    def of(
        cls, columns: Columns, task: Ticks, windows: Sequence[Window | None],
        config: ForeignConfig | None,
    ) -> _Times:  # fmt: skip
        many = len(columns.start)
        start, end = np.full(many, np.nan), np.full(many, np.nan)
        _fill_windows(columns, task, windows, (start, end))
        apart = np.array([window is None for window in windows], bool)
        rows = np.flatnonzero(apart[task])
        if not len(rows):
            return cls(start, end, np.zeros(many, bool), dates=False, guessed=False)
        axis = Axis() if config is None else _axis(config)
        given = _picked(columns.start, rows) + _picked(columns.end, rows)
        times = read_times(given, axis)
        start[rows], end[rows] = times.seconds.reshape(2, -1) * 1e6
        unread = np.zeros(many, bool)
        unread[rows] = times.unread.reshape(2, -1).any(axis=0)
        plain = not times.dates and axis.unit is None
        return cls(start, end, unread, times.dates, plain)


def _picked(
    values: list[float | str | None], rows: NDArray[np.integer]
) -> list[float | str | None]:
    return values if len(rows) == len(values) else [values[at] for at in rows.tolist()]


def _fill_windows(
    columns: Columns,
    task: Ticks,
    windows: Sequence[Window | None],
    sides: tuple[Floats, Floats],
) -> None:
    """Times in the windows that tslab made, which say themselves what a unit is."""
    bounds = np.searchsorted(task, np.arange(len(windows) + 1)).tolist()
    for number, window in enumerate(windows):
        rows = slice(bounds[number], bounds[number + 1])
        if window is not None and rows.stop > rows.start:
            for side, given in zip(sides, (columns.start, columns.end), strict=True):
                side[rows] = window_microseconds(given[rows], window)
    far = ~((np.abs(sides[0]) < FARTHEST) & (np.abs(sides[1]) < FARTHEST))
    sides[0][far], sides[1][far] = np.nan, np.nan


def _axis(config: ForeignConfig) -> Axis:
    return Axis(config.time_format, 1e-3 if config.counts_milliseconds else None)


def _usable(
    written: tuple[Columns, Mask, Mask],
    times: _Times,
    places: Sequence[str],
    reading: Positions,
    problems: Problems,
) -> Mask:
    """Which regions have possible times; instants that last become points in time."""
    columns, odd, guessed = written
    blank = np.zeros(len(odd), bool)
    blank[columns.blank] = True
    missing = ~(np.isfinite(times.start) & np.isfinite(times.end))
    flagged = np.fromiter((item is True for item in columns.instant), bool, len(columns.instant))
    given = _there(columns.start) & _there(columns.end)
    early = np.zeros(len(odd), bool)
    with np.errstate(invalid="ignore"):
        if not times.dates:
            # Where the window is known, what begins before it is cut to it (TSL084).
            early = guessed & ~missing & ~odd & (np.minimum(times.start, times.end) < 0)
        reversed_ = ~missing & ~odd & ~early & (times.end < times.start)
        lasting = flagged & ~missing & ~odd & ~early & (times.end > times.start)
    times.end[lasting] = times.start[lasting]
    for code, what, rows in (
        ("TSL093", "regions whose time cannot be read [is|are] left out", missing & times.unread),
        (
            "TSL093",
            "regions with times of another kind than [its|their] task's [is|are] left out",
            odd,
        ),
        (
            "TSL061",
            "regions without a time [is|are] left out",
            missing & ~times.unread & ~blank & ~given,
        ),
        (
            "TSL061",
            "regions whose time is no number or too far away [is|are] left out",
            missing & ~times.unread & ~blank & given,
        ),
        ("TSL061", "regions that [begins|begin] before time 0 [is|are] left out", early),
        (
            "TSL061",
            "regions that [ends before it starts is|end before they start are] left out",
            reversed_,
        ),
        (
            "TSL086",
            "instants that [lasts is|last are] taken as points at [its|their] start",
            lasting,
        ),
    ):
        _note(problems, code, what, np.flatnonzero(rows), (places, reading))
    return np.asarray(~missing & ~early & ~reversed_ & ~odd)


def _there(given: Sequence[float | str | None]) -> Mask:
    return np.fromiter((item is not None for item in given), bool, len(given))


def _note(
    problems: Problems,
    code: str,
    what: str,
    rows: NDArray[np.integer],
    where: tuple[Sequence[str], Positions],
) -> None:
    if len(rows):
        places, reading = where
        problems.add(code, what, f"task {places[reading[rows[0]]]}", len(rows))


def _reach(
    task: Ticks, start: Ticks, end: Ticks, usable: Mask, windows: Sequence[Window | None]
) -> tuple[Ticks, Ticks]:
    """Where each task begins and ends: its window, or its first and last mark."""
    most = np.iinfo(np.int64).max
    low, high = np.full(len(windows), most), np.full(len(windows), -most)
    np.minimum.at(low, task[usable], start[usable])
    np.maximum.at(high, task[usable], end[usable])
    empty = low > high
    low[empty], high[empty] = 0, 0
    for number, window in enumerate(windows):
        if window is not None:
            low[number], high[number] = window.start_us, window.end_us
    return low, np.maximum(high, low + 1)
