"""Borders that nobody drew: both events of a match reach the edge of what was reviewed.

States fill a recording: the first one begins with it and the last one ends with it, whoever reads.
That two have the same time there comes of the recording, not of their agreement.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from tslab.agreement.events.events import Positions, Shared
from tslab.agreement.kernels.presence import presence_of
from tslab.agreement.kernels.runs import Runs
from tslab.span_table import Extents, Mask, Ticks


class Edges(Protocol):
    """Which events of the reference reach an edge of the time that both readers reviewed."""

    @property
    def begins(self) -> Mask:
        """Whether each begins there, bool ``(events,)``."""

    @property
    def ends(self) -> Mask:
        """Whether each ends there."""


@dataclass(frozen=True)
class RunEdges:
    """Edges of runs whose readers all reviewed the same time (`Runs.plain`)."""

    runs: Runs

    @cached_property
    def begins(self) -> Mask:
        """Whether each begins there, bool ``(runs,)``."""
        return self._among(self.runs.start, self.runs.presence.piece_start)

    @cached_property
    def ends(self) -> Mask:
        """Whether each ends there."""
        return self._among(self.runs.end, self.runs.presence.piece_end)

    def _among(self, times: Ticks, edges: Ticks) -> Mask:
        """Which times are edges; they rise with each annotator, so the few edges are sought."""
        presence, found = self.runs.presence, np.zeros(len(times), bool)
        edges = edges + presence.shift[presence.piece_zone]
        readings = np.flatnonzero(np.diff(presence.annotator, prepend=-1, append=-1))
        for first, end in itertools.pairwise(self.runs.first[readings].tolist()):
            if end > first:
                part = times[first:end]
                place = np.minimum(np.searchsorted(part, edges), len(part) - 1)
                found[first + place[part[place] == edges]] = True
        return found


@dataclass(frozen=True)
class PairEdges:
    """Edges of the reference of a pair, looked up when they are asked for."""

    part: Shared

    @cached_property
    def begins(self) -> Mask:
        """Whether each begins there, bool ``(events,)``."""
        own, (task, start, _) = self.part.reference, self._common
        return _among(own.start + self._shift[own.task], start + self._shift[task])

    @cached_property
    def ends(self) -> Mask:
        """Whether each ends there."""
        own, (task, _, end) = self.part.reference, self._common
        return _among(own.end + self._shift[own.task], end + self._shift[task])

    @cached_property
    def _common(self) -> tuple[Positions, Ticks, Ticks]:
        """Task, start and end of each stretch that both reviewed."""
        columns = [
            np.concatenate([getattr(side, name) for side in self.part.seen])
            for name in ("task", "start", "end")
        ]
        reader = np.repeat([0, 1], [len(side) for side in self.part.seen])
        found = presence_of(Extents.of(columns[0], reader, *columns[1:]), 2)
        both = found.present()[found.piece_zone] == 2
        task = found.task[found.piece_zone[both]].astype(np.intp)
        return task, found.piece_start[both], found.piece_end[both]

    @cached_property
    def _shift(self) -> Ticks:
        """What puts the times of each task on one line, int64 ``(tasks,)``."""
        task, start, end = self._common
        many = int(task.max(initial=-1)) + 1
        low, high = np.full(many, np.iinfo(np.int64).max), np.full(many, np.iinfo(np.int64).min)
        np.minimum.at(low, task, start)
        np.maximum.at(high, task, end)
        there = high > low
        width = np.where(there, high - low, 0)
        return np.asarray(np.cumsum(width) - width - np.where(there, low, 0))


def _among(times: Ticks, edges: Ticks) -> Mask:
    """Which times are edges."""
    if not len(edges):
        return np.zeros(len(times), bool)
    line = np.sort(edges)
    place = np.minimum(np.searchsorted(line, times), len(line) - 1)
    return np.asarray(line[place] == times)
