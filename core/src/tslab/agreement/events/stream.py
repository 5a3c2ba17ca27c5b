"""Matching on the overlaps that the time metrics are made of, where nobody's spans overlap.

Where that is so and all annotators of a task reviewed the same time, runs are events, and the
stream of their overlaps holds all candidates: one pass gives the measures of time and of events.
Elsewhere `match_events` does the same from the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.agreement.events.boundaries import Borders, BorderTally
from tslab.agreement.events.chains import Scores, as_before, best_in_chains
from tslab.agreement.events.counts import EventCounts, EventItems
from tslab.agreement.events.edges import RunEdges
from tslab.agreement.events.events import Positions, Sets
from tslab.agreement.events.matches import Matches, Piece
from tslab.agreement.events.matching import TIE
from tslab.agreement.events.splits import SplitCounts, broken
from tslab.agreement.kernels.runs import Runs
from tslab.agreement.kernels.stream import Batch, Items
from tslab.span_table import Numbers, Ticks


def streams(runs: Runs) -> bool:
    """Whether events can be matched on the stream of runs."""
    return runs.plain


@dataclass(frozen=True, slots=True)
class _RunEvents:
    """Runs as events."""

    label: Numbers
    start: Ticks
    end: Ticks
    row: Positions


@dataclass(frozen=True, slots=True)
class _Found:
    """Overlaps of one label; a column for each.

    Attributes:
        first: Run of the reference, intp ``(overlaps,)``.
        second: Run of the hypothesis.
        iou: Intersection over union, ``(overlaps,)``.
        key: Item and label, as one number.
    """

    first: Positions
    second: Positions
    iou: Scores
    key: Positions

    def taken(self, at: Positions) -> _Found:
        return _Found(
            self.first.take(at), self.second.take(at), self.iou.take(at), self.key.take(at)
        )


class EventTally:
    """Matches events batch by batch, by intersection over union and equal labels."""

    def __init__(
        self,
        runs: Runs,
        items: Items,
        thresholds: Sequence[float],
        main: int = 0,
        loose: float | None = None,
        *,
        edges: bool = True,
    ) -> None:
        """Begin with nothing.

        Args:
            runs: All runs.
            items: What is compared.
            thresholds: Least intersection over union of a match, for each result.
            main: Number of the result whose borders are measured.
            loose: That of the matches whatever the labels; None leaves these out.
            edges: Whether borders at the edges of what was reviewed are nobody's.
        """
        self.runs, self.items, self.thresholds = runs, items, tuple(thresholds)
        self.main, self.loose = main, loose
        self.events = _RunEvents(runs.state - 1, runs.start, runs.end, runs.row)
        self.edges = RunEdges(runs) if edges else None
        self.errors = BorderTally((len(items), runs.labels))
        self.labels = runs.labels
        self.any: list[_Found] = []
        # Found, confirmed and overlap of these.
        self.any_counts = np.zeros((3, len(items) * self.labels))
        self.alone: list[_Found] = []
        self.linked: list[_Found] = []
        cells = len(items) * self.labels
        self.found = np.zeros((len(self.thresholds), cells), np.int64)
        self.overlap = np.zeros((len(self.thresholds), cells))

    def add(self, batch: Batch) -> None:
        """Take in the overlaps of a batch; each batch once."""
        if self.loose is not None:
            self._add_any(batch, self.loose)
        found = self._same_label(batch)
        linked = as_before(found.first)
        linked |= as_before(found.second)
        # A run is there once for each pair; what looks like one chain may be of two items.
        linked &= as_before(found.key)
        linked[:-1] |= linked[1:]
        rest = np.flatnonzero(linked)
        if len(rest):
            self.linked.append(found.taken(rest))
            found.iou[rest] = -1.0  # below every threshold
        self.alone.append(found)
        self._count_alone(found, slice(batch.begin * self.labels, batch.end * self.labels))
        self.errors.add(self._piece(found, self.thresholds[self.main]))

    def result(self) -> tuple[tuple[Matches, ...], Borders]:
        """The matches at each threshold, and the errors of the main ones; ask once."""
        items, labels = self.items, self.labels
        own, sides = self._own(), self._events()
        linked, cells = _joined(self.linked), len(items) * labels
        matches = []
        for number, threshold in enumerate(self.thresholds):
            rest = self._best(linked, threshold)
            found = self.found[number] + np.bincount(rest.key, minlength=cells)
            overlap = self.overlap[number] + np.bincount(rest.key, rest.iou, cells)
            numbers = found.reshape(-1, labels).astype(np.int32)
            counts = EventCounts(
                own, _single(labels), *sides, numbers, numbers, overlap.reshape(-1, labels)
            )
            pieces = [self._piece(part, threshold) for part in self.alone]
            pieces.append(self._piece(rest))
            if number == self.main:
                self.errors.add(pieces[-1])
            matches.append(Matches(f"{threshold:g}", counts, tuple(pieces)))
        return tuple(matches), self.errors.result()

    def any_label(self) -> Matches:
        """The matches at the threshold `loose`, whatever the labels."""
        found, confirmed, overlap = self.any_counts.reshape(3, -1, self.labels)
        numbers = found.astype(np.int32), confirmed.astype(np.int32)
        counts = EventCounts(self._own(), _single(self.labels), *self._events(), *numbers, overlap)
        pieces = tuple(self._piece(part) for part in self.any)
        return Matches(f"{self.loose or 0.0:g}", counts, pieces)

    def _add_any(self, batch: Batch, least: float) -> None:
        """Match the overlaps of a batch whatever the labels; no chain reaches into another one."""
        best = self._best_of_any(self._close(batch, least))
        self.any.append(best)
        cells = slice(batch.begin * self.labels, batch.end * self.labels)
        many, state = cells.stop - cells.start, self.runs.state
        key = best.key - cells.start
        confirmed = key + state.take(best.second) - state.take(best.first)
        self.any_counts[0, cells] = np.bincount(key, minlength=many)
        self.any_counts[1, cells] = np.bincount(confirmed, minlength=many)
        self.any_counts[2, cells] = np.bincount(key, best.iou, many)

    def _best_of_any(self, found: _Found) -> _Found:
        """The best matching of overlaps of any labels; among equally good ones equal labels win."""
        linked = as_before(found.first) | as_before(found.second)
        linked[:-1] |= linked[1:]
        # What has no rival is matched; looking at two pairs as if they were one does no harm here.
        rest = np.flatnonzero(linked)
        rivals = found.taken(rest)
        same = self.runs.state.take(rivals.second) - 1 == rivals.key % self.labels
        kept = ~linked
        kept[rest] = best_in_chains(*self._ids(rivals), rivals.iou + TIE * same)
        return found if kept.all() else found.taken(np.flatnonzero(kept))

    def splits(self) -> SplitCounts:
        """Events that the other one has in several parts."""
        items, labels = self.items, self.labels
        own = self._own()
        linked = _joined(self.linked)
        ids = self._ids(linked)
        lengths = self.runs.length.take(linked.first), self.runs.length.take(linked.second)
        # What both share is a whole number, found again from their intersection over union.
        ticks = np.rint(linked.iou * (lengths[0] + lengths[1]) / (1 + linked.iou))
        counts = [
            np.bincount(linked.key[rows], minlength=len(items) * labels).astype(np.int32)
            for rows in broken(*ids, ticks, *lengths)
        ]
        return SplitCounts(own, _single(labels), *(count.reshape(-1, labels) for count in counts))

    def _own(self) -> EventItems:
        items = self.items
        return EventItems(items.pair.astype(np.int32), self.runs.presence.task[items.zone])

    def _events(self) -> tuple[Numbers, Numbers]:
        """Events of the reference and of the hypothesis, int32 ``(items, labels)``."""
        each = self.runs.count[:, 1:].astype(np.int32)
        return each[self.items.first], each[self.items.second]

    def _close(self, batch: Batch, least: float) -> _Found:
        """Overlaps of any labels that reach a threshold."""
        found = batch.overlaps
        either = self.runs.length.take(found.first)
        either += self.runs.length.take(found.second)
        either -= found.ticks
        iou = found.ticks / either
        at = np.flatnonzero(iou >= least)
        first = found.first.take(at)
        key = batch.item_of(at, self.labels, batch.begin * self.labels - 1)
        key += batch.states[0].take(at)
        return _Found(first, found.second.take(at), iou.take(at), key)

    def _same_label(self, batch: Batch) -> _Found:
        same = batch.agreeing
        either = self.runs.length.take(same.first)
        either += self.runs.length.take(same.second)
        either -= same.ticks
        key = same.key + batch.begin * self.labels
        return _Found(same.first, same.second, same.ticks / either, key)

    def _count_alone(self, alone: _Found, cells: slice) -> None:
        """Candidates with no rival are matched wherever they reach the threshold."""
        order = np.argsort(self.thresholds)
        levels = len(order) + 1
        level = np.zeros(len(alone.iou), np.int8)
        for number in order:
            level += (alone.iou >= self.thresholds[number]).view(np.int8)
        key = alone.key - cells.start
        key *= levels
        key += level
        size = (cells.stop - cells.start) * levels
        count = np.bincount(key, minlength=size).reshape(-1, levels)
        total = np.bincount(key, alone.iou, size).reshape(-1, levels)
        # What reaches a threshold reaches all lower ones.
        self.found[order, cells] = np.cumsum(count[:, :0:-1], axis=1)[:, ::-1].T
        self.overlap[order, cells] = np.cumsum(total[:, :0:-1], axis=1)[:, ::-1].T

    def _best(self, linked: _Found, threshold: float) -> _Found:
        """The best matching among candidates with rivals."""
        there = linked.taken(np.flatnonzero(linked.iou >= threshold))
        first, second = self._ids(there)
        return there.taken(np.flatnonzero(best_in_chains(first, second, there.iou)))

    def _ids(self, found: _Found) -> tuple[Positions, Positions]:
        """Numbers of runs that differ between pairs."""
        lift = self.items.pair[found.key // self.labels] * np.intp(len(self.runs.start))
        return found.first + lift, found.second + lift

    def _piece(self, found: _Found, least: float = 0.0) -> Piece:
        columns = found.first, found.second, found.iou, found.key
        return Piece(self.events, self.events, *columns, self.labels, least, self.edges)


def _joined(parts: Sequence[_Found]) -> _Found:
    numbers = np.zeros(0, np.intp)
    return _Found(
        np.concatenate([numbers, *(part.first for part in parts)]),
        np.concatenate([numbers, *(part.second for part in parts)]),
        np.concatenate([np.zeros(0), *(part.iou for part in parts)]),
        np.concatenate([numbers, *(part.key for part in parts)]),
    )


def _single(labels: int) -> Sets:
    return tuple((number,) for number in range(labels))
