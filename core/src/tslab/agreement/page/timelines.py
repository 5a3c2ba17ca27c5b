"""Marks of tasks as few bytes: what a page's timelines are drawn from.

A time is a whole number of 24 bits between the first and the last moment of its task: of eight
hours a step is 2 ms. Bytes of a task hold start and end of all marks, reader by reader and label by
label; how many there are of each stands beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Extents, SpanTable, Ticks

STEPS = 2**24 - 1
MOST_MARKS = 5_000
"""Marks of one label of one reader in one task; of more only which cells they cover is kept."""
CELLS = 4_096
BYTES = 8
"""Bytes of a mark in the page: six, written with 64 signs."""
BYTES_OF_TASK = 200

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Timelines:
    """Marks of some tasks.

    Attributes:
        tasks: By number of the task: start and end in seconds, reader, label and count of each
            lane, its marks, reader and count of reviewed stretches, and these.
        left_out: Tasks that there was no room for.
        coarse: Readings that only show what fills most of each cell.
    """

    tasks: dict[int, list[object]]
    left_out: int
    coarse: int


def timelines(table: SpanTable, order: Sequence[int], room: int) -> Timelines:
    """Marks of as many tasks as there is room for.

    Args:
        table: Who marked what.
        order: Numbers of tasks, most wanted first; the first one is always there.
        room: Bytes.
    """
    lanes = _lane_of(table)
    kept = _kept(table, lanes, order, room)
    first, last = _range(table)
    chosen = np.zeros(len(table.tasks), bool)
    chosen[kept] = True
    at = np.flatnonzero(chosen[table.task]) if len(kept) else np.zeros(0, np.intp)
    at = at[np.argsort(lanes[at], kind="stable")]
    marks = _Marks.of(lanes[at], table.task[at], table.start[at], table.end[at], (first, last))
    marks, coarse = marks.thinned(len(table.labels))
    seen = _stretches(table.reviewed, chosen, (first, last), len(table.annotators))
    size = len(table.annotators) * len(table.labels)
    out: dict[int, list[object]] = {}
    for task in kept:
        groups = marks.of_task(task, size)
        counts = [n for lane, many in groups[0] for n in (*divmod(lane, len(table.labels)), many)]
        there = seen.of_task(task, len(table.annotators))
        reviewed = [n for pair in there[0] for n in pair]
        span = [float(first[task]) / 1e6, float(last[task]) / 1e6]
        out[task] = [*span, counts, groups[1], reviewed, there[1]]
    return Timelines(out, len(order) - len(kept), coarse)


def with_reader(table: SpanTable, other: SpanTable) -> SpanTable:
    """A table with the first annotator of another one as its last; names are what is equal."""
    tasks = {name: n for n, name in enumerate(table.tasks)}
    labels = {name: n for n, name in enumerate(table.labels)}
    task = np.array([tasks.get(name, -1) for name in other.tasks], np.int64)
    label = np.array([labels.get(name, -1) for name in other.labels], np.int64)
    own = other.annotator == 0
    own[own] &= (task[other.task[own]] >= 0) & (label[other.label[own]] >= 0)
    seen = other.reviewed
    there = (seen.annotator == 0) & (task[seen.task] >= 0)
    new = len(table.annotators)
    reviewed = Extents.of(
        np.concatenate([table.reviewed.task, task[seen.task[there]]]),
        np.concatenate([table.reviewed.annotator, np.full(int(there.sum()), new)]),
        np.concatenate([table.reviewed.start, seen.start[there]]),
        np.concatenate([table.reviewed.end, seen.end[there]]),
    )
    columns = {
        "task": np.concatenate([table.task, task[other.task[own]]]),
        "annotator": np.concatenate([table.annotator, np.full(int(own.sum()), new)]),
        "label": np.concatenate([table.label, label[other.label[own]]]),
        "start": np.concatenate([table.start, other.start[own]]),
        "end": np.concatenate([table.end, other.end[own]]),
    }
    return SpanTable.of((table.tasks, (*table.annotators, ""), table.labels), columns, reviewed)


def _lane_of(table: SpanTable) -> Whole:
    """Number of the task, reader and label of each mark, int64 ``(marks,)``."""
    reader = table.task.astype(np.int64) * len(table.annotators) + table.annotator
    return reader * len(table.labels) + table.label


def _kept(table: SpanTable, lanes: Whole, order: Sequence[int], room: int) -> list[int]:
    """Numbers of the tasks that there is room for."""
    _, where, count = np.unique(lanes, return_index=True, return_counts=True)
    marks = np.bincount(
        table.task[where], np.minimum(count, MOST_MARKS), minlength=len(table.tasks)
    )
    needed = np.cumsum(BYTES * marks[list(order)] + BYTES_OF_TASK)
    many = max(1, int(np.searchsorted(needed, room, side="right")))
    return list(order[:many])


def _range(table: SpanTable) -> tuple[Ticks, Ticks]:
    """First and last reviewed moment of each task, int64 ``(tasks,)``."""
    first = np.full(len(table.tasks), np.iinfo(np.int64).max)
    last = np.zeros(len(table.tasks), np.int64)
    np.minimum.at(first, table.reviewed.task, table.reviewed.start)
    np.maximum.at(last, table.reviewed.task, table.reviewed.end)
    return np.minimum(first, last), last


def _stretches(
    reviewed: Extents, chosen: NDArray[np.bool_], limits: tuple[Ticks, Ticks], readers: int
) -> _Marks:
    at = np.flatnonzero(chosen[reviewed.task])
    lanes = reviewed.task[at].astype(np.int64) * readers + reviewed.annotator[at]
    return _Marks.of(lanes, reviewed.task[at], reviewed.start[at], reviewed.end[at], limits)


@dataclass(frozen=True, slots=True)
class _Marks:
    """Marks in order of their lanes; times are steps of their task."""

    lane: Whole
    times: Whole  # (marks, 2)

    @classmethod
    def of(
        cls,
        lane: Whole,
        task: NDArray[np.int32],
        start: Ticks,
        end: Ticks,
        limits: tuple[Ticks, Ticks],
    ) -> _Marks:
        first, last = limits
        scale = STEPS / np.maximum(last - first, 1)
        times = np.stack([start - first[task], end - first[task]], axis=1) * scale[task][:, None]
        return cls(lane, np.rint(times).astype(np.int64))

    def thinned(self, labels: int) -> tuple[_Marks, int]:
        """Without more marks of a reader than can be told apart, and how many readers had more."""
        lanes, first, count = np.unique(self.lane, return_index=True, return_counts=True)
        readers = np.unique(lanes[count > MOST_MARKS] // labels)
        if not len(readers):
            return self, 0
        parts = np.split(self.times, first[1:])
        for reader in readers.tolist():
            own = np.flatnonzero(lanes // labels == reader).tolist()
            for number, part in zip(own, _coarse([parts[n] for n in own]), strict=True):
                parts[number] = part
        many = [len(part) for part in parts]
        thin = replace(self, lane=np.repeat(lanes, many), times=np.concatenate(parts))
        return thin, len(readers)

    def of_task(self, task: int, size: int) -> tuple[list[tuple[int, int]], str]:
        """Lane within the task and count of its marks, of all that has some; and all of them."""
        low, high = np.searchsorted(self.lane, [task * size, (task + 1) * size])
        lanes, count = np.unique(self.lane[low:high] - task * size, return_counts=True)
        return list(zip(lanes.tolist(), count.tolist(), strict=True)), packed(self.times[low:high])


def _coarse(lanes: Sequence[Whole]) -> list[Whole]:
    """Marks of the labels of one reader in whole cells: each cell has what fills most of it.

    Points in time are shown wherever a cell has one.
    """
    edges = np.asarray(np.linspace(0.0, STEPS, CELLS + 1), np.float64)
    filled = np.stack([_filled(times, edges) for times in lanes])
    nothing = np.maximum(STEPS / CELLS - filled.sum(axis=0), 0)
    most = np.argmax(np.concatenate([nothing[None], filled]), axis=0)
    out = []
    for number, times in enumerate(lanes, start=1):
        on = most == number
        points = times[times[:, 0] == times[:, 1], 0]
        on[np.minimum(points * CELLS // STEPS, CELLS - 1)] = True
        steps = np.diff(np.concatenate([[0], on, [0]]).astype(np.int8))
        borders = np.stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)], axis=1)
        out.append(borders * STEPS // CELLS)
    return out


def _filled(times: Whole, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each cell marks fill: what begins before an edge less what has ended by then."""
    before = np.zeros(len(edges))
    for sign, column in ((1, np.sort(times[:, 0])), (-1, np.sort(times[:, 1]))):
        many = np.searchsorted(column, edges)
        sums = np.concatenate([[0], np.cumsum(column)])
        before += sign * (edges * many - sums[many])
    return np.diff(before)


def packed(numbers: Whole) -> str:
    """Numbers of 24 bits, the low byte first, written with 64 signs."""
    four = np.ascontiguousarray(numbers.reshape(-1).astype("<u4")).view(np.uint8).reshape(-1, 4)
    return base64.b64encode(np.ascontiguousarray(four[:, :3]).tobytes()).decode()
