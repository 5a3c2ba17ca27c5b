"""One line for all tasks, so that two searches in sorted times do what would be two for each task.

Where labels must be equal the line is repeated for each set of labels. Tasks are far enough apart
that nothing of one meets anything of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tslab.agreement.events.events import Events, Positions, Shared
from tslab.span_table import Ticks, refuse_too_long


@dataclass(frozen=True, slots=True)
class Side:
    """Events of one annotator on the line, sorted by where they start.

    Attributes:
        at: Positions of the events, intp ``(events,)``.
        start: Microseconds on the line, int64 ``(events,)``.
        end: Likewise.
        apart: Whether no event overlaps another one.
    """

    at: Positions
    start: Ticks
    end: Ticks
    apart: bool


@dataclass(frozen=True, slots=True)
class Line:
    """Where each task lies.

    Attributes:
        shift: What to add to the times of each task, int64 ``(tasks,)``.
        length: Length of the line, microseconds; labels repeat it.
        by_label: Whether they do.
    """

    shift: Ticks
    length: int
    by_label: bool
    _sides: dict[int, Side] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Events, tasks: int, margin: int, *, by_label: bool) -> Line:
        """The line of all tasks of some events, at least `margin` microseconds apart.

        Raises:
            DataError: There is more time than fits.
        """
        low, high = _bounds(events, tasks)
        step = high - low + (margin + 1)
        copies = len(events.sets) if by_label else 1
        refuse_too_long((step.sum(dtype=float) + 1) * max(1, copies), tasks)
        return cls(np.cumsum(step) - step - low, int(step.sum()), by_label)

    def sides(self, part: Shared, pair: tuple[int, int]) -> tuple[Side, Side]:
        """The events of a pair on the line; kept for other pairs where they are not cut."""
        if not part.whole:
            return self._side(part.reference), self._side(part.hypothesis)
        for number, events in zip(pair, (part.reference, part.hypothesis), strict=True):
            if number not in self._sides:
                self._sides[number] = self._side(events)
        return self._sides[pair[0]], self._sides[pair[1]]

    def _side(self, events: Events) -> Side:
        shift = self.shift[events.task]
        start, end = events.start + shift, events.end + shift
        at: Positions = np.arange(len(events))
        if self.by_label and len(events.sets) > 1:
            narrow = np.int16 if len(events.sets) < 2**15 else np.int32
            at = np.argsort(events.label.astype(narrow), kind="stable")
            lift = events.label[at].astype(np.int64) * self.length
            start, end = start[at] + lift, end[at] + lift
        return Side(at, start, end, bool((start[1:] >= end[:-1]).all()))


def _bounds(events: Events, tasks: int) -> tuple[Ticks, Ticks]:
    """Earliest start and latest end in each task, 0 where there is nothing."""
    low = np.full(tasks, np.iinfo(np.int64).max)
    high = np.full(tasks, np.iinfo(np.int64).min)
    if len(events):
        fresh = np.ones(len(events), bool)
        fresh[1:] = events.task[1:] != events.task[:-1]
        fresh[1:] |= events.annotator[1:] != events.annotator[:-1]
        at = np.flatnonzero(fresh)
        # Events of a reading are sorted by start: its first one has the earliest.
        np.minimum.at(low, events.task[at], events.start[at])
        np.maximum.at(high, events.task[at], np.maximum.reduceat(events.end, at))
    return np.where(high < low, 0, low), np.where(high < low, 0, high)
