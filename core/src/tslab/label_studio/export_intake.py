"""A Label Studio JSON export as tables that can be compared: no project, no server, no series.

Any ``TimeSeriesLabels`` control becomes a tier. The series is not in the export, so nobody knows
what stretch of it was shown: it is taken to reach from the first to the last mark of a task. What
tslab made knows its windows exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.tier_tables import GROUND_TRUTH, Intake, Problems, TierTable, unique_names
from tslab.agreement.values import Readers
from tslab.label_studio.export_columns import Columns, columns_of
from tslab.label_studio.export_records import Task, Window, read_export
from tslab.label_studio.export_times import Axis, read_times, window_microseconds
from tslab.label_studio.foreign_config import ForeignConfig, read_config
from tslab.span_table import Extents, Mask, Numbers, SpanTable, Ticks, outside

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

FARTHEST = 9e18
"""Microseconds that 64 bits hold."""
TOLERANCE = 0.05
"""Seconds that instants may be apart where nobody knows the sampling rate."""
GUESSED = (
    "the export does not say what was shown: a task is taken to reach from its first to its last "
    "mark, so kappa, alpha and percent, which count unlabelled time, are lower than with all of it"
)
UNIT = "times without a unit are taken as seconds; --config knows better"


def export_intake(payload: bytes, name: str, config: str | None = None) -> Intake:
    """Tables of all tiers of an export.

    Args:
        payload: The file's bytes.
        name: Its name, for messages.
        config: The project's labeling config; tells labels, time format and unit.

    Raises:
        DataError: The file is no JSON export of Label Studio, or the config is no config.
    """
    problems = Problems()
    known = read_config(config) if config is not None else None
    tasks = read_export(payload, name, problems)
    columns = columns_of(tasks, problems)
    shown = [task.window() for task in tasks]
    names = _task_names(tasks)
    del payload, tasks  # most of the memory
    readers = _Readers.of(columns)
    regions = _regions(columns, (names, shown), known, problems)
    tiers = tuple(_tiers(columns, regions, readers, known, problems))
    notes = [] if all(window is not None for window in regions.windows) else [GUESSED]
    if regions.guessed and known is None:
        notes.append(UNIT)
    return Intake(tiers, problems.findings(), problems.counts(), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Readers:
    """Who is who; `number` is the reader of each reading."""

    names: list[str]
    readers: Readers
    number: Numbers

    @classmethod
    def of(cls, columns: Columns) -> _Readers:
        people = sorted({name for role, name in columns.reader if role == "person"})
        models = sorted({name for role, name in columns.reader if role == "model"})
        names = unique_names(people, models)
        truth = any(role == "truth" for role, _ in columns.reader)
        order = [*names.values(), *([GROUND_TRUTH] if truth else [])]
        place = {key: order.index(name) for key, name in names.items()}
        place["truth", ""] = len(order) - 1
        readers = Readers(
            tuple(names["person", name] for name in people),
            GROUND_TRUTH if truth else None,
            tuple(names["model", name] for name in models),
        )
        return cls(order, readers, np.array([place[key] for key in columns.reader], np.int32))


@dataclass(frozen=True, slots=True)
class _Regions:
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


def _regions(
    columns: Columns,
    tasks: tuple[list[str], list[Window | None]],
    config: ForeignConfig | None,
    problems: Problems,
) -> _Regions:
    count = np.array(columns.count, np.int64)
    reading = np.repeat(np.arange(len(count)), count)
    of_reading = np.array(columns.task, np.int64)
    task = of_reading[reading] if len(count) else np.zeros(0, np.int64)
    names, windows = tasks
    times = _Times.of(columns, task, windows, config)
    usable = _usable(columns, times, [names[n] for n in of_reading.tolist()], reading, problems)
    start = np.where(usable, np.rint(times.start), 0).astype(np.int64)
    end = np.where(usable, np.rint(times.end), 0).astype(np.int64)
    low, high = _reach(task, start, end, usable, windows)
    if times.dates:
        begin = np.where([window is None for window in windows], low, 0)
        start, end = (np.where(usable, side - begin[task], 0) for side in (start, end))
        low, high = low - begin, high - begin
    return _Regions(names, windows, reading, start, end, usable, low, high, times.guessed)


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
    columns: Columns, times: _Times, places: Sequence[str], reading: Positions, problems: Problems
) -> Mask:
    """Which regions have possible times; instants that last become points in time."""
    missing = ~(np.isfinite(times.start) & np.isfinite(times.end))
    flagged = np.fromiter((item is True for item in columns.instant), bool, len(columns.instant))
    with np.errstate(invalid="ignore"):
        reversed_ = ~missing & (times.end < times.start)
        lasting = flagged & ~missing & (times.end > times.start)
    times.end[lasting] = times.start[lasting]
    for code, what, rows in (
        ("TSL093", "regions whose time cannot be read are left out", missing & times.unread),
        ("TSL061", "regions without a time are left out", missing & ~times.unread),
        ("TSL061", "regions that end before they start are left out", reversed_),
        ("TSL086", "instants that last are taken as points at their start", lasting),
    ):
        _note(problems, code, what, np.flatnonzero(rows), (places, reading))
    return np.asarray(~missing & ~reversed_)


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


def _task_names(tasks: Sequence[Task]) -> list[str]:
    """Ids as names; what has none, or one that is taken, gets its place in the file."""
    names: dict[str, None] = {}
    for number, task in enumerate(tasks, start=1):
        name = str(task.id) if task.id is not None else f"number {number}"
        names[name if name not in names else f"{name} (number {number})"] = None
    return list(names)


def _tiers(
    columns: Columns,
    regions: _Regions,
    readers: _Readers,
    config: ForeignConfig | None,
    problems: Problems,
) -> Iterator[TierTable]:
    extents = _extents(columns, regions, readers)
    build = _Builder(columns, regions, readers, extents, config, problems)
    for name, rows in _by_tier(columns, regions, config, problems).items():
        yield build.tier(name, rows)


def _extents(columns: Columns, regions: _Regions, readers: _Readers) -> Extents:
    task = np.array(columns.task, np.int64)
    if not len(task):
        return Extents.of([], [], [], [])
    return Extents.of(task, readers.number, regions.low[task], regions.high[task])


def _by_tier(
    columns: Columns, regions: _Regions, config: ForeignConfig | None, problems: Problems
) -> dict[str, Positions]:
    """Usable regions of each tier; with a config also tiers that nobody used."""
    controls = list(dict.fromkeys(columns.control))
    number = {name: at for at, name in enumerate(controls)}
    code: Numbers = np.fromiter(map(number.__getitem__, columns.control), np.int32)
    tiers: dict[str, list[int]] = {} if config is None else {name: [] for name in config.control_of}
    for control, at in number.items():
        tier = (control or "label") if config is None else config.tier_of(control)
        if tier:
            tiers.setdefault(tier, []).append(at)
            continue
        text = "regions of controls that the config does not have are left out"
        problems.add("TSL082", text, f"control '{control}'", int((code == at).sum()))
    return {
        tier: np.flatnonzero(np.isin(code, own) & regions.usable) for tier, own in tiers.items()
    }


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the table of one tier after the other."""

    columns: Columns
    regions: _Regions
    readers: _Readers
    extents: Extents
    config: ForeignConfig | None
    problems: Problems
    tasks: Numbers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tasks", np.array(self.columns.task, np.int32))

    def tier(self, name: str, rows: Positions) -> TierTable:
        """The table of some regions."""
        row, label, labels = self._labelled(name, rows)
        reading = self.regions.reading[row]
        columns: dict[str, ArrayLike] = {
            "task": self.tasks[reading],
            "annotator": self.readers.number[reading],
            "label": label,
            "start": self.regions.start[row],
            "end": self.regions.end[row],
            "region": row,
        }
        if any(window is not None for window in self.regions.windows):
            self._report(columns)
        names = (self.regions.tasks, self.readers.names, labels)
        table = SpanTable.of(names, columns, self.extents)
        points = len(table) > 0 and bool(table.instants.all())
        fields = {number: self.columns.fields[number] for number in self.columns.fields}
        kind = "instants" if points else "intervals"
        return TierTable(name, kind, table, self._known(table), TOLERANCE, fields=fields)

    def _labelled(self, tier: str, rows: Positions) -> tuple[Positions, Numbers, list[str]]:
        """A row and a label number for each label of each region, and the labels."""
        every = self.columns.labels
        own = every if len(rows) == len(every) else [every[at] for at in rows.tolist()]
        count = np.fromiter(map(len, own), np.int64, len(own))
        texts = list(chain.from_iterable(own))
        row = np.repeat(rows, count)
        self._note("TSL081", "regions without a label are left out", rows[count == 0])
        labels, number = self._numbers(tier, set(texts))
        code: Numbers = np.fromiter(map(number.__getitem__, texts), np.int32, len(texts))
        unknown = sorted(text for text, at in number.items() if at < 0)
        if unknown:
            for text in unknown:
                lost = sum(1 for other in texts if other == text)
                self.problems.add("TSL083", f"regions of unknown labels of '{tier}' are left out",
                                  f"label '{text}'", lost)  # fmt: skip
            kept = code >= 0
            return row[kept], code[kept], labels
        return row, code, labels

    def _numbers(self, tier: str, texts: set[str]) -> tuple[list[str], Mapping[str, int]]:
        """The labels of a tier, and the number that each text stands for; -1 is none."""
        if self.config is None:
            labels = sorted(texts)
            return labels, {text: at for at, text in enumerate(labels)}
        labels = [label.name for label in self.config.domain.tier(tier).labels]
        place = {label: at for at, label in enumerate(labels)}
        return labels, {text: place.get(self.config.label_of(tier, text), -1) for text in texts}

    def _note(self, code: str, what: str, rows: Positions) -> None:
        if len(rows):
            task = self.regions.tasks[self.tasks[self.regions.reading[rows[0]]]]
            self.problems.add(code, what, f"task {task}", len(rows))

    def _report(self, columns: Mapping[str, ArrayLike]) -> None:
        """Say what lies outside of its window."""
        keys = ("task", "annotator", "start", "end")
        task, annotator, start, end = (columns[key] for key in keys)
        cut = np.flatnonzero(outside(task, annotator, start, end, self.extents))
        text = "regions reach out of what was reviewed: cut to it"
        self._note("TSL084", text, np.asarray(columns["region"])[cut])

    def _known(self, table: SpanTable) -> Readers:
        """Who is who in a tier; a model that never marks in it does not know it."""
        marked = {table.annotators[number] for number in np.unique(table.annotator).tolist()}
        every = self.readers.readers
        models = tuple(name for name in every.models if name in marked)
        return Readers(every.annotators, every.reference, models)
