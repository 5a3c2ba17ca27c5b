"""Many spans in columns: what several annotators said about many tasks in one tier.

Times are whole microseconds in 64-bit integers, so that every sum of times is exact. A table knows
who reviewed what: an annotator who reviewed a task and marked nothing is not one who never saw it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.errors import DataError, counted

Ticks = NDArray[np.int64]
Numbers = NDArray[np.int32]
Mask = NDArray[np.bool_]
LONGEST = 2**62
"""Microseconds of a line that 64 bits hold twice over."""


@dataclass(frozen=True, slots=True)
class Extents:
    """Who reviewed which time, in rows sorted by task, annotator and start; apart within a pair.

    Attributes:
        task: Numbers of tasks, int32 ``(rows,)``.
        annotator: Numbers of annotators, int32 ``(rows,)``.
        start: Whole microseconds, int64 ``(rows,)``.
        end: Whole microseconds, exclusive, after `start`.
    """

    task: Numbers
    annotator: Numbers
    start: Ticks
    end: Ticks

    @classmethod
    def of(cls, task: ArrayLike, annotator: ArrayLike, start: ArrayLike, end: ArrayLike) -> Extents:
        """Sorted, with stretches that touch or overlap joined; empty ones vanish.

        Raises:
            DataError: A stretch ends before it starts.
        """
        rows = _Rows.of(task, annotator, start, end)
        rows = rows.taken(np.flatnonzero(rows.end > rows.start))
        rows = rows.taken(np.lexsort((rows.end, rows.start, rows.annotator, rows.task)))
        if not len(rows.start):
            return cls(rows.task, rows.annotator, rows.start, rows.end)
        # One line for all: the latest end so far, begun anew with each annotator of each task.
        fresh = _changes(rows.task, rows.annotator)
        reach = _running_maximum(rows.end, fresh)
        first = fresh.copy()
        first[1:] |= rows.start[1:] > reach[:-1]
        at = np.flatnonzero(first)
        last = np.append(at[1:], len(first)) - 1
        return cls(rows.task[at], rows.annotator[at], rows.start[at], reach[last])

    def __len__(self) -> int:
        """How many stretches."""
        return len(self.start)


@dataclass(frozen=True, slots=True)
class SpanTable:
    """Spans of one tier, sorted by task, annotator, start, end and label.

    Rows lie within what their annotator reviewed of their task. Rows with one `region` number are
    one region that carries several labels.

    Attributes:
        tasks: Names of the tasks; `task` holds positions in it.
        annotators: Names of the annotators.
        labels: All labels of the tier, also those that nobody used.
        task: int32 ``(spans,)``.
        annotator: int32 ``(spans,)``.
        label: int32 ``(spans,)``.
        start: Whole microseconds, int64 ``(spans,)``.
        end: Whole microseconds, exclusive; equal to `start` for instants.
        region: Number of the region in whatever the table was made of, int64 ``(spans,)``.
        reviewed: Who reviewed which time.
        order: Numbers of all tasks in the order in which chance draws them, int32 ``(tasks,)``; as
            they stand where it is None. Tasks under other names are drawn as before.
    """

    tasks: tuple[str, ...]
    annotators: tuple[str, ...]
    labels: tuple[str, ...]
    task: Numbers
    annotator: Numbers
    label: Numbers
    start: Ticks
    end: Ticks
    region: Ticks
    reviewed: Extents
    order: Numbers | None = None

    @classmethod
    def of(
        cls,
        names: tuple[Sequence[str], Sequence[str], Sequence[str]],
        columns: Mapping[str, ArrayLike],
        reviewed: Extents,
    ) -> SpanTable:
        """A table of columns in any order; spans are cut to what their annotator reviewed.

        A span that runs over a gap in the reviewed time becomes several rows of one region. What
        lies outside of it is dropped: ask `outside` first where that should be said.

        Args:
            names: Tasks, annotators, labels.
            columns: ``task``, ``annotator``, ``label`` (positions in `names`), ``start``, ``end``
                (microseconds), and ``region``, which numbers the rows where it is missing.
            reviewed: Who reviewed which time.

        Raises:
            DataError: A span ends before it starts, or a number names nothing.
        """
        rows = _Rows.of(*(columns[key] for key in ("task", "annotator", "start", "end")))
        label = np.asarray(columns["label"], np.int32)
        region = np.asarray(columns.get("region", np.arange(len(label))), np.int64)
        _refuse_strangers(rows, label, names)
        rows, origin = _cut(rows, reviewed)
        label, region = label[origin], region[origin]
        order = _order(rows, label, len(names[1]))
        rows = rows.taken(order)
        tasks, annotators, labels = (tuple(part) for part in names)
        return cls(
            tasks, annotators, labels, rows.task, rows.annotator, label[order], rows.start,
            rows.end, region[order], reviewed,
        )  # fmt: skip

    def __len__(self) -> int:
        """How many rows."""
        return len(self.start)

    @property
    def instants(self) -> Mask:
        """Which rows are points in time, bool ``(spans,)``."""
        return np.asarray(self.start == self.end)

    def where(self, mask: Mask) -> SpanTable:
        """The rows that a mask picks; nobody's presence changes."""
        at = np.flatnonzero(mask)
        return replace(
            self,
            task=self.task[at],
            annotator=self.annotator[at],
            label=self.label[at],
            start=self.start[at],
            end=self.end[at],
            region=self.region[at],
        )

    def without_annotators(self, gone: Sequence[str]) -> SpanTable:
        """The table as if these annotators had never been there; numbers keep their meaning."""
        numbers = np.array([self.annotators.index(name) for name in gone], np.int32)
        kept = self.where(~np.isin(self.annotator, numbers))
        there = ~np.isin(self.reviewed.annotator, numbers)
        seen = self.reviewed
        left = Extents(seen.task[there], seen.annotator[there], seen.start[there], seen.end[there])
        return replace(kept, reviewed=left)


def outside(
    task: ArrayLike, annotator: ArrayLike, start: ArrayLike, end: ArrayLike, reviewed: Extents
) -> Mask:
    """Which spans lie wholly or in part outside of what their annotator reviewed, bool."""
    rows = _Rows.of(task, annotator, start, end)
    parts, origin = _cut(rows, reviewed)
    inside = np.zeros(len(rows.start), np.int64)
    np.add.at(inside, origin, parts.end - parts.start)
    kept = np.zeros(len(rows.start), bool)
    kept[origin] = True
    return np.asarray(~kept | (inside < rows.end - rows.start))


def refuse_too_long(length: float, tasks: int) -> None:
    """Raise where all tasks on one line, one after the other, are longer than numbers can hold.

    Args:
        length: Of the line, microseconds; a float, for a whole number would have run over.
        tasks: How many there are.

    Raises:
        DataError: There is more time than fits.
    """
    if length >= LONGEST:
        raise DataError(
            counted(tasks, "tasks [holds|hold] more time than can be compared in one go"),
            "Compare them in several parts, or mend times that are far off.",
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The columns that extents and spans share."""

    task: Numbers
    annotator: Numbers
    start: Ticks
    end: Ticks

    @classmethod
    def of(cls, task: ArrayLike, annotator: ArrayLike, start: ArrayLike, end: ArrayLike) -> _Rows:
        numbers = np.asarray(task, np.int32), np.asarray(annotator, np.int32)
        times = np.asarray(start, np.int64), np.asarray(end, np.int64)
        if (times[1] < times[0]).any():
            at = int(np.flatnonzero(times[1] < times[0])[0])
            raise DataError(
                f"span {at} ends at {times[1][at]} us, before it starts at {times[0][at]} us",
                "Swap its times or leave it out.",
            )
        return cls(*numbers, *times)

    def taken(self, at: NDArray[np.intp]) -> _Rows:
        return _Rows(self.task[at], self.annotator[at], self.start[at], self.end[at])


def _refuse_strangers(
    rows: _Rows, label: Numbers, names: tuple[Sequence[str], Sequence[str], Sequence[str]]
) -> None:
    for what, column, known in (
        ("task", rows.task, names[0]),
        ("annotator", rows.annotator, names[1]),
        ("label", label, names[2]),
    ):
        if len(column) and not (column.min() >= 0 and column.max() < len(known)):
            raise DataError(
                f"a span has a {what} number that is none of {len(known)} {what}s",
                f"Numbers are positions in the names of {what}s, from 0 on.",
            )


def _order(rows: _Rows, label: Numbers, annotators: int) -> NDArray[np.intp]:
    """Order of the rows; a key of one number where it fits, which sorts several times faster."""
    if not len(label):
        return np.zeros(0, np.intp)
    group = rows.task.astype(np.int64) * max(1, annotators) + rows.annotator
    sorted_already = (group[1:] > group[:-1]) | (
        (group[1:] == group[:-1]) & (rows.start[1:] > rows.start[:-1])
    )
    if sorted_already.all():
        return np.arange(len(label))
    low = int(rows.start.min())
    reach = int(rows.start.max()) - low + 1
    if (int(group.max()) + 1) * reach < 2**62:
        key = group * reach + (rows.start - low)
        order = np.argsort(key, kind="stable")
        if (key[order][1:] > key[order][:-1]).all():
            return np.asarray(order)
    return np.asarray(np.lexsort((label, rows.end, rows.start, group)))


def _changes(task: Numbers, annotator: Numbers) -> Mask:
    """Where another annotator or another task begins."""
    fresh = np.ones(len(task), bool)
    fresh[1:] = (task[1:] != task[:-1]) | (annotator[1:] != annotator[:-1])
    return fresh


def _running_maximum(values: Ticks, fresh: Mask) -> Ticks:
    """The largest value so far within each group of rows."""
    group = np.cumsum(fresh) - 1
    low, high = int(values.min()), int(values.max())
    if (int(group[-1]) + 1) * (high - low + 1) < 2**62:
        lifted = values - low + group * (high - low + 1)
        return np.asarray(np.maximum.accumulate(lifted) - group * (high - low + 1) + low)
    out = values.copy()
    for first, last in zip(*_bounds(fresh), strict=True):
        np.maximum.accumulate(values[first:last], out=out[first:last])
    return out


def _bounds(fresh: Mask) -> tuple[list[int], list[int]]:
    at = np.flatnonzero(fresh)
    return at.tolist(), np.append(at[1:], len(fresh)).tolist()


def _cut(rows: _Rows, reviewed: Extents) -> tuple[_Rows, NDArray[np.intp]]:
    """Parts of the rows inside of what was reviewed, and the row that each part is of.

    An instant at the very end of a stretch is inside. An empty part of a range is none.
    """
    first, last = _stretches(rows, reviewed)
    count = np.maximum(last - first, 0)
    origin = np.repeat(np.arange(len(count)), count)
    steps = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = first[origin] + steps
    whole = rows.taken(origin)
    start = np.maximum(whole.start, reviewed.start[at])
    end = np.minimum(whole.end, reviewed.end[at])
    kept = np.flatnonzero((end > start) | (whole.start == whole.end))
    return _Rows(whole.task, whole.annotator, start, end).taken(kept), origin[kept]


def _stretches(rows: _Rows, reviewed: Extents) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the first stretch that each row meets, and one after the last.

    All readings are put on one line, one after the other, each as long as what was reviewed of it:
    two searches in all then do what would be two for each reading.
    """
    if not len(reviewed):
        none = np.zeros(len(rows.start), np.intp)
        return none, none
    fresh = np.flatnonzero(_changes(reviewed.task, reviewed.annotator))
    low = reviewed.start[fresh]
    high = reviewed.end[np.append(fresh[1:], len(reviewed)) - 1]
    tasks = np.count_nonzero(np.diff(reviewed.task, prepend=-1))
    refuse_too_long((high - low + 4.0).sum(), int(tasks))
    offset = np.concatenate([[0], np.cumsum(high - low + 4)[:-1]]) + 2 - low
    reading = _readings(rows, reviewed.task[fresh], reviewed.annotator[fresh])
    known = reading >= 0
    shift = np.append(offset, 0)
    of_stretch = np.repeat(offset, np.diff(np.append(fresh, len(reviewed))))
    instant = rows.start == rows.end
    # A range must end after its start to meet it; an instant may lie on the end.
    floor, ceiling = np.append(low, 0)[reading], np.append(high, 0)[reading]
    start = np.clip(rows.start + ~instant, floor - 1, ceiling + 1) + shift[reading]
    end = np.clip(rows.end + instant, floor - 1, ceiling + 1) + shift[reading]
    first = np.searchsorted(reviewed.end + of_stretch, start, side="left")
    last = np.searchsorted(reviewed.start + of_stretch, end, side="left")
    return np.where(known, first, 0), np.where(known, last, 0)


def _readings(rows: _Rows, task: Numbers, annotator: Numbers) -> NDArray[np.intp]:
    """Which reading (task and annotator, sorted) each row belongs to; -1 is none of them."""
    many = int(max(annotator.max(), rows.annotator.max(initial=0))) + 1
    readings = task.astype(np.int64) * many + annotator
    wanted = rows.task.astype(np.int64) * many + rows.annotator
    at = np.searchsorted(readings, wanted)
    found = readings[np.minimum(at, len(readings) - 1)] == wanted
    return np.where(found, at, -1)
