"""Regions made of decisions about moments: borders, splits, gaps, short ones."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from tslab.agreement.consensus.patterns import Floats, Moments
from tslab.agreement.consensus.voting import DISPUTED, ON, Decisions, Outcome
from tslab.agreement.kernels.overlaps import Positions
from tslab.span_table import Mask, SpanTable, Ticks, refuse_too_long


@dataclass(frozen=True, slots=True)
class Regions:
    """Ranges or instants of tasks, in columns, sorted by task, start, end and label.

    Attributes:
        task: int64 ``(regions,)``.
        label: int64 ``(regions,)``.
        start: Microseconds, int64 ``(regions,)``.
        end: Microseconds, exclusive; equal to `start` for instants.
    """

    task: Ticks
    label: Ticks
    start: Ticks
    end: Ticks

    @classmethod
    def of(cls, rows: list[tuple[int, int, int, int]]) -> Regions:
        """Regions of rows (task, label, start, end)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 4).T).ordered()

    def __len__(self) -> int:
        """How many regions."""
        return len(self.task)

    def taken(self, at: Positions | Mask) -> Regions:
        """Some of the regions."""
        return Regions(self.task[at], self.label[at], self.start[at], self.end[at])

    def ordered(self) -> Regions:
        """The same, sorted."""
        return self.taken(np.lexsort((self.label, self.end, self.start, self.task)))

    def rows(self) -> list[tuple[int, int, int, int]]:
        """Rows (task, label, start, end)."""
        columns = (self.task, self.label, self.start, self.end)
        return list(zip(*(column.tolist() for column in columns), strict=True))


def runs_on(moments: Moments, on: Mask) -> tuple[Ticks, Ticks, Ticks]:
    """Task, start and end of maximal runs of moments that a mask picks and that touch."""
    at = np.flatnonzero(on)
    if not len(at):
        return (np.zeros(0, np.int64),) * 3
    fresh = np.ones(len(at), bool)
    fresh[1:] = (at[1:] != at[:-1] + 1) | ~moments.follows[at[1:]]
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(at)) - 1
    return moments.task[at[first]], moments.start[at[first]], moments.end[at[last]]


def decided_regions(table: SpanTable, moments: Moments, outcome: Outcome) -> Regions:
    """Regions on which a label was decided; they are split where most annotators split theirs."""
    rows: list[tuple[int, int, int, int]] = []
    seams = _seams(table, moments)
    for label in range(len(table.labels)):
        on = outcome.decided[moments.pattern, label] == ON
        runs = runs_on(moments, on)
        for task, start, end in zip(*(column.tolist() for column in runs), strict=True):
            cuts = [at for at in seams.get((task, label), ()) if start < at < end]
            rows += [
                (task, label, low, high)
                for low, high in zip([start, *cuts], [*cuts, end], strict=True)
            ]
    return Regions.of(rows)


def disputed_stretches(moments: Moments, decided: Decisions) -> Regions:
    """Runs of moments on which some label is disputed; their label is -1."""
    task, start, end = runs_on(moments, (decided == DISPUTED).any(axis=1)[moments.pattern])
    return Regions(task, np.full(len(task), -1, np.int64), start, end)


def touches_of(table: SpanTable) -> list[tuple[int, int, int, int]]:
    """Where all spans of an annotator with one label end by the time at which the next begins.

    Returns:
        Rows (task, label, time, annotator), sorted.
    """
    at = np.flatnonzero(table.end > table.start)
    keys = (table.task[at], table.annotator[at], table.label[at])
    order = np.lexsort((table.start[at], *keys[::-1]))
    at = at[order]
    if not len(at):
        return []
    fresh = np.ones(len(at), bool)
    fresh[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    # One line for all groups: each begins after all times of the one before.
    step = int(table.end.max()) - int(table.start.min()) + 1
    refuse_too_long(float(step) * int(fresh.sum()), len(table.tasks))
    lift = (np.cumsum(fresh) - 1) * step
    reach = np.maximum.accumulate(table.end[at] + lift)
    touching = np.zeros(len(at), bool)
    touching[1:] = ~fresh[1:] & (table.start[at[1:]] + lift[1:] == reach[:-1])
    at = at[touching]
    columns = (table.task[at], table.label[at], table.start[at], table.annotator[at])
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def _seams(table: SpanTable, moments: Moments) -> dict[tuple[int, int], list[int]]:
    """Times at which fewer than half of those who say a label carry one span across."""
    counts: dict[tuple[int, int, int], int] = {}
    for task, label, time, _ in touches_of(table):
        counts[task, label, time] = counts.get((task, label, time), 0) + 1
    found: dict[tuple[int, int], list[int]] = {}
    if not counts:
        return found
    line = Line.of(moments)
    for (task, label, time), breaking in sorted(counts.items()):
        across = line.sides(task, time)
        saying = moments.votes.on[moments.pattern[list(across)], :, label].all(axis=0).sum()
        if 2 * (int(saying) - breaking) < int(saying):
            found.setdefault((task, label), []).append(time)
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """All tasks on one line, to look moments up.

    Attributes:
        low: Earliest time of any moment.
        reach: Length of the line of one task, microseconds.
        start: Start of each moment on the line, int64 ``(moments,)``.
    """

    low: int
    reach: int
    start: Ticks
    end: Ticks

    @classmethod
    def of(cls, moments: Moments) -> Line:
        """The line of some moments."""
        low, high = (int(moments.start.min()), int(moments.end.max())) if len(moments) else (0, 0)
        reach, tasks = high - low + 1, int(moments.task.max(initial=-1)) + 1
        refuse_too_long(float(reach) * tasks, tasks)
        lift = moments.task * reach - low
        return cls(low, reach, moments.start + lift, moments.end + lift)

    def at(self, task: Ticks | int, time: Ticks | int) -> Ticks:
        """Times of tasks on the line."""
        return np.asarray(np.asarray(task, np.int64) * self.reach + time - self.low)

    def sides(self, task: int, time: int) -> tuple[int, int]:
        """The moments that hold the microseconds before and after a time inside reviewed time."""
        place = int(self.at(task, time))
        after = int(np.searchsorted(self.start, place, side="right")) - 1
        before = int(np.searchsorted(self.start, place, side="left")) - 1
        return before, after

    def mean(self, values: Floats, regions: Regions) -> Floats:
        """Mean over time of something that each moment has, within regions, ``(regions,)``."""
        whole = np.concatenate([[0.0], np.cumsum(values * (self.end - self.start))])

        def until(place: Ticks) -> Floats:
            at = np.searchsorted(self.start, place, side="right") - 1
            inside = np.minimum(place, self.end[at]) - self.start[at]
            return np.asarray(whole[at] + values[at] * inside)

        start, end = self.at(regions.task, regions.start), self.at(regions.task, regions.end)
        lasting = np.maximum(regions.end - regions.start, 1)
        return np.asarray((until(end) - until(start)) / lasting)


def tidied(regions: Regions, gap: int, shortest: int, *, exclusive: bool) -> Regions:
    """Regions with gaps shorter than `gap` closed and then those below `shortest` left out.

    A gap stays where labels exclude each other and another one lies in it.
    """
    return _long_enough(_closed(regions, gap, exclusive=exclusive), shortest)


def _long_enough(regions: Regions, shortest: int) -> Regions:
    lasting = regions.end - regions.start
    return regions.taken((lasting == 0) | (lasting >= shortest))


def _closed(regions: Regions, gap: int, *, exclusive: bool) -> Regions:
    if gap <= 0 or not len(regions):
        return regions
    latest: dict[tuple[int, int], int] = {}
    kept: list[tuple[int, int, int, int]] = []
    for task, label, start, end in regions.rows():
        key = (task, -1 if exclusive else label)
        before = latest.get(key)
        near = before is not None and 0 < start - kept[before][3] < gap
        if before is not None and near and kept[before][1] == label and end > start:
            kept[before] = (task, label, kept[before][2], end)
            continue
        latest[key] = len(kept)
        kept.append((task, label, start, end))
    return Regions.of(kept)


def without_overlap(regions: Regions) -> Regions:
    """Regions of one task that overlap meet in the middle of what they share; no time is lost.

    What reaches out on both sides of another one goes on behind it.
    """
    waiting = [(task, start, end, label) for task, label, start, end in regions.rows()]
    heapify(waiting)
    kept: list[tuple[int, int, int, int]] = []
    while waiting:
        task, start, end, label = heappop(waiting)
        if not kept or kept[-1][0] != task or kept[-1][3] <= start:
            kept.append((task, label, start, end))
            continue
        _, other, begun, until = kept.pop()
        middle = (start + min(until, end)) // 2
        if begun < middle:
            kept.append((task, other, begun, middle))
        if end < until:
            heappush(waiting, (task, end, until, other))
        heappush(waiting, (task, middle, end, label))
    return Regions.of(kept)
