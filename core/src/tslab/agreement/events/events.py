"""Events: what an annotator marked as one thing, with all labels that the thing carries.

A region with several labels is one event with a set of labels. Spans that touch are two events. A
span over a gap in the reviewed time is one event in each stretch, because what lies in the gap
cannot be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.span_table import Extents, Mask, Numbers, SpanTable, Ticks

Positions = NDArray[np.intp]
Sets = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Events:
    """Events in columns, sorted by annotator, task, start and end.

    Attributes:
        sets: The sets of labels that occur; the first ones are the single labels, in order, so that
            the number of a set of one label is the number of the label.
        annotator: int32 ``(events,)``.
        task: int32 ``(events,)``.
        label: Positions in `sets`, int32 ``(events,)``.
        start: Whole microseconds, int64 ``(events,)``.
        end: Whole microseconds, exclusive; equal to `start` for instants.
        row: The first row of each event in the table, int64 ``(events,)``.
    """

    sets: Sets
    annotator: Numbers
    task: Numbers
    label: Numbers
    start: Ticks
    end: Ticks
    row: Ticks

    @classmethod
    def of(cls, table: SpanTable) -> Events:
        """All events of a table, ranges and instants."""
        first, label, sets = _label_sets(table)
        order = first[_by_annotator(table, first)]
        of_row = np.zeros(len(table), np.int32)
        of_row[first] = label
        return cls(
            sets, table.annotator[order], table.task[order], of_row[order], table.start[order],
            table.end[order], order.astype(np.int64),
        )  # fmt: skip

    def __len__(self) -> int:
        """How many events."""
        return len(self.start)

    def taken(self, at: NDArray[np.integer] | Mask | slice) -> Events:
        """The events at these positions."""
        return replace(
            self, annotator=self.annotator[at], task=self.task[at], label=self.label[at],
            start=self.start[at], end=self.end[at], row=self.row[at],
        )  # fmt: skip

    def ranges(self) -> Events:
        """The events that last."""
        lasting = self.end > self.start
        return self if lasting.all() else self.taken(lasting)

    def instants(self) -> Events:
        """The events that are points in time."""
        return self.taken(self.end == self.start)

    def by(self, annotator: int) -> Events:
        """The events of one annotator."""
        low, high = np.searchsorted(self.annotator, [annotator, annotator + 1])
        return self.taken(slice(int(low), int(high)))

    def keys(self, tasks: Numbers, at: Positions | None = None) -> Ticks:
        """Place of events in a table of tasks and sets of labels, row by row, int64."""
        task, label = (self.task, self.label) if at is None else (self.task[at], self.label[at])
        if len(tasks) and int(tasks[-1]) == len(tasks) - 1:
            return task * np.int64(len(self.sets)) + label  # tasks are 0, 1, 2 ...
        return np.searchsorted(tasks, task) * len(self.sets) + label


def by_single_label(table: SpanTable) -> Events:
    """Ranges of a table, one event for each label of a region: for measures of one label."""
    rows = np.flatnonzero(table.end > table.start)
    order = rows[_by_annotator(table, rows)]
    sets: Sets = tuple((number,) for number in range(len(table.labels)))
    return Events(
        sets, table.annotator[order], table.task[order], table.label[order], table.start[order],
        table.end[order], order.astype(np.int64),
    )  # fmt: skip


def _by_annotator(table: SpanTable, rows: Positions) -> Positions:
    """Order of some rows by their annotator; NumPy sorts 16 bits by radix, in linear time."""
    narrow = np.int16 if len(table.annotators) <= 2**15 else np.int32
    return np.argsort(table.annotator[rows].astype(narrow), kind="stable")


@dataclass(frozen=True, slots=True)
class Shared:
    """What two annotators can be compared on.

    Attributes:
        tasks: Tasks that both reviewed, in order, int32 ``(tasks,)``.
        reference: Events of the first, cut to the time that both reviewed.
        hypothesis: Events of the second, likewise.
        whole: Whether that is all that the two marked, uncut.
        seen: What each of them reviewed of these tasks.
    """

    tasks: Numbers
    reference: Events
    hypothesis: Events
    whole: bool
    seen: tuple[Extents, Extents]


def shared(events: Events, table: SpanTable, pair: tuple[int, int]) -> Shared:
    """The events of two annotators on the tasks and in the time that both reviewed.

    Args:
        events: All events of the table, or some of them, such as its instants.
        table: Where they come from; it knows who reviewed what.
        pair: Numbers of the annotators, the reference first.
    """
    seen = table.reviewed
    parts = [_stretches(seen, number) for number in pair]
    tasks = np.intersect1d(parts[0].task, parts[1].task)
    parts = [_in_tasks(part, tasks) for part in parts]
    same = len(parts[0]) == len(parts[1]) and all(
        np.array_equal(getattr(parts[0], name), getattr(parts[1], name))
        for name in ("task", "start", "end")
    )
    sides = [events.by(number) for number in pair]
    if not same:
        sides = [_cut(side, table, other) for side, other in zip(sides, parts[::-1], strict=True)]
    elif len(tasks) < len(table.tasks):
        sides = [side.taken(np.isin(side.task, tasks)) for side in sides]
    whole = same and len(tasks) == len(table.tasks)
    return Shared(tasks.astype(np.int32), sides[0], sides[1], whole, (parts[0], parts[1]))


def _stretches(seen: Extents, annotator: int) -> Extents:
    there = seen.annotator == annotator
    return Extents(seen.task[there], seen.annotator[there], seen.start[there], seen.end[there])


def _in_tasks(part: Extents, tasks: Numbers) -> Extents:
    there = np.isin(part.task, tasks)
    return Extents(part.task[there], part.annotator[there], part.start[there], part.end[there])


def _cut(side: Events, table: SpanTable, other: Extents) -> Events:
    """Events cut to the stretches of the other annotator."""
    if not len(side):
        return side
    number = int(side.annotator[0])
    as_own = Extents(other.task, np.full_like(other.annotator, number), other.start, other.end)
    columns: dict[str, ArrayLike] = {
        "task": side.task, "annotator": side.annotator, "label": side.label,
        "start": side.start, "end": side.end, "region": np.arange(len(side)),
    }  # fmt: skip
    names = table.tasks, table.annotators, [str(number) for number in range(len(side.sets))]
    cut = SpanTable.of(names, columns, as_own)
    return replace(side.taken(cut.region), start=cut.start, end=cut.end)


def _label_sets(table: SpanTable) -> tuple[Positions, Numbers, Sets]:
    """First row and number of the label set of each event, in order of the rows, and the sets."""
    single: Sets = tuple((number,) for number in range(len(table.labels)))
    tied = _tied_rows(table)
    if not len(tied):
        return np.arange(len(table)), table.label, single
    known = {members: number for number, members in enumerate(single)}
    label = table.label.copy()
    kept = np.ones(len(table), bool)
    for group in np.split(tied, _group_starts(table, tied)[1:]):
        if len(group) > 1:
            members = tuple(sorted(set(table.label[group].tolist())))
            label[group[0]] = known.setdefault(members, len(known))
            kept[group[1:]] = False
    first = np.flatnonzero(kept)
    return first, label[first], tuple(known)


def _tied_rows(table: SpanTable) -> Positions:
    """Rows that share reader and times with a neighbour, those of one region side by side."""
    tied = np.zeros(len(table) + 1, bool)
    tied[1:-1] = (
        (table.start[1:] == table.start[:-1])
        & (table.end[1:] == table.end[:-1])
        & (table.task[1:] == table.task[:-1])
        & (table.annotator[1:] == table.annotator[:-1])
    )
    group = np.cumsum(~tied[:-1])
    at = np.flatnonzero(tied[:-1] | tied[1:])
    return np.asarray(at[np.lexsort((at, table.region[at], group[at]))])


def _group_starts(table: SpanTable, rows: Positions) -> Positions:
    """Where another region or another time begins among rows that are sorted so."""
    fresh = np.ones(len(rows), bool)
    columns = (table.task, table.annotator, table.start, table.end, table.region)
    fresh[1:] = np.any([column[rows][1:] != column[rows][:-1] for column in columns], axis=0)
    return np.asarray(np.flatnonzero(fresh))
