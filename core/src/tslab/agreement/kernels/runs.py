"""Runs of time: what each annotator says at each moment, as sorted stretches that are apart.

Spans of one label are united; where spans of several labels overlap, their set is the state. Time
without a label is state 0 and is not stored. Instants take no time and are not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.kernels.presence import Presence, presence_of
from tslab.agreement.kernels.sweep import Bits, distinct, member_bits, membership, sweep
from tslab.span_table import Extents, Numbers, SpanTable, Ticks


@dataclass(frozen=True)
class Runs:
    """Runs of all annotators on one line, sorted by annotator, zone and start.

    Runs of one reading never overlap; runs of one state may touch. State ``k + 1`` is label k
    alone; sets of several labels come after.

    Attributes:
        presence: Who reviewed what.
        states: Labels of each state, sets of positions in the table's labels; the first is empty.
        reading: Reading of each run, intp ``(runs,)``, never falling.
        state: State of each run, int32 ``(runs,)``, above 0.
        start: Microseconds on the line, int64 ``(runs,)``.
        end: Microseconds on the line, exclusive.
        row: Row of the table that a run is, intp ``(runs,)``; -1 where it is made of several.
        labels: How many labels the table declares.
        tracks: Runs of each label alone where labels overlap; None where they never do, since
            then the runs are the tracks.
    """

    presence: Presence
    states: tuple[frozenset[int], ...]
    reading: Positions
    state: Numbers
    start: Ticks
    end: Ticks
    row: Positions
    labels: int
    tracks: Tracks | None = None

    @property
    def plain(self) -> bool:
        """Whether runs are the ranges of the table one to one: none is cut, none overlap."""
        return self.presence.whole and self.tracks is None

    @cached_property
    def first(self) -> Positions:
        """First run of each reading, and how many there are, intp ``(readings + 1,)``."""
        return bounds_of(self.count.sum(axis=1))

    @cached_property
    def cell(self) -> Positions:
        """Reading and state of each run as one number, intp ``(runs,)``."""
        cell = self.reading * len(self.states)
        cell += self.state
        return cell

    @cached_property
    def count(self) -> NDArray[np.int64]:
        """How many runs each reading has in each state, int64 ``(readings, states)``."""
        many, states = len(self.presence.zone), len(self.states)
        return np.bincount(self.cell, minlength=many * states).reshape(many, states)

    @cached_property
    def length(self) -> NDArray[np.float64]:
        """Microseconds of each run, float64 ``(runs,)``: what sums and quotients take as it is."""
        length = np.empty(len(self.start))
        return np.subtract(self.end, self.start, out=length, casting="same_kind")

    @cached_property
    def ticks(self) -> NDArray[np.int64]:
        """Time of each reading in each state, int64 ``(readings, states)``; state 0 is the rest."""
        many, states = len(self.presence.zone), len(self.states)
        spent = summed(self.cell, self.length, many * states).reshape(many, states)
        spent[:, 0] = self.presence.ticks[self.presence.zone] - spent.sum(axis=1)
        return spent


@dataclass(frozen=True, slots=True)
class Tracks:
    """Runs of each label by itself, sorted by reading, label and start; columns as in `Runs`."""

    reading: Positions
    label: Positions
    start: Ticks
    end: Ticks


def runs_of(table: SpanTable) -> Runs:
    """Runs of a table; rows of instants are left out."""
    presence = presence_of(table.reviewed, len(table.annotators))
    parts = _parts(table, presence)
    clash = _clashes(parts)
    if clash.any():
        return _united(parts, clash, presence, len(table.labels))
    return Runs(
        presence, _single(len(table.labels)), parts.reading, parts.label + 1, parts.start,
        parts.end, parts.row, len(table.labels),
    )  # fmt: skip


def summed(key: Positions, ticks: Ticks | NDArray[np.float64], length: int) -> NDArray[np.int64]:
    """Sum of ticks for each key, int64 ``(length,)``; exact below 2**53, which is 285 years."""
    return np.bincount(key, ticks, length).astype(np.int64)


def bounds_of(count: NDArray[np.int64]) -> Positions:
    """Where each part begins, and the end of the last, of how long each is, intp ``(n + 1,)``."""
    return np.asarray(np.concatenate([[0], np.cumsum(count)]), np.intp)


def stretches_of(table: SpanTable) -> tuple[Positions, Positions]:
    """First row of each task and annotator that has rows, and how many rows it has."""
    fresh = np.ones(len(table), bool)
    np.not_equal(table.task[1:], table.task[:-1], out=fresh[1:])
    fresh[1:] |= table.annotator[1:] != table.annotator[:-1]
    first = np.flatnonzero(fresh)
    return first, np.diff(np.append(first, len(table)))


@dataclass(frozen=True, slots=True)
class _Parts:
    """Spans cut at the borders of zones, on the line, sorted by reading and start."""

    reading: Positions
    label: Numbers
    start: Ticks
    end: Ticks
    row: Positions

    def taken(self, at: NDArray[np.intp] | NDArray[np.bool_]) -> _Parts:
        return _Parts(self.reading[at], self.label[at], self.start[at], self.end[at], self.row[at])


def _single(labels: int) -> tuple[frozenset[int], ...]:
    return (frozenset(), *(frozenset([label]) for label in range(labels)))


def _parts(table: SpanTable, presence: Presence) -> _Parts:
    """All ranges of a table as parts of zones."""
    if presence.whole:
        return _whole_parts(table, presence)
    row = np.flatnonzero(table.end > table.start)
    origin, piece = presence.cut(table.task[row], table.start[row], table.end[row])
    row, zone = row[origin], presence.piece_zone[piece]
    shift = presence.shift[zone]
    reading = presence.reading(table.annotator[row], zone)
    start = np.maximum(table.start[row], presence.piece_start[piece]) + shift
    end = np.minimum(table.end[row], presence.piece_end[piece]) + shift
    order = np.lexsort((start, reading))
    return _Parts(reading, table.label[row], start, end, row).taken(order)


def _whole_parts(table: SpanTable, presence: Presence) -> _Parts:
    """Where no span is cut, each reading is a stretch of rows: only these are put in order."""
    first, count = stretches_of(table)
    zone = np.searchsorted(presence.task, table.task[first])
    order = np.lexsort((zone, table.annotator[first]))
    first, count, zone = first[order], count[order], zone[order]
    reading = np.repeat(presence.reading(table.annotator[first], zone), count)
    row = np.repeat(first - (np.cumsum(count) - count), count)
    row += np.arange(len(row))
    shift = np.repeat(presence.shift[zone], count)
    start, end = table.start.take(row), table.end.take(row)
    parts = _Parts(reading, table.label.take(row), start, end, row)
    ranges = end > start
    start += shift
    end += shift
    return parts if ranges.all() else parts.taken(ranges)


def _clashes(parts: _Parts) -> NDArray[np.bool_]:
    """Which parts overlap another one of their reading."""
    clash = np.zeros(len(parts.start), bool)
    # Readings follow each other on the line but for the next annotator, where it falls back.
    near = np.flatnonzero(parts.start[1:] < parts.end[:-1])
    if (parts.reading[near] != parts.reading[near + 1]).all():
        return clash
    # A long span may reach over several. Zones follow each other on the line, so that the latest
    # end so far needs to begin anew with each annotator only: where the line falls back.
    reach = np.empty_like(parts.end)
    falls = (np.flatnonzero(parts.start[1:] < parts.start[:-1]) + 1).tolist()
    for begin, end in zip([0, *falls], [*falls, len(clash)], strict=True):
        np.maximum.accumulate(parts.end[begin:end], out=reach[begin:end])
    clash[1:] = (parts.reading[1:] == parts.reading[:-1]) & (parts.start[1:] < reach[:-1])
    group = np.cumsum(~clash) - 1
    return np.asarray(np.bincount(group)[group] > 1)


def _united(parts: _Parts, clash: NDArray[np.bool_], presence: Presence, labels: int) -> Runs:
    """Runs where labels overlap: only the spans that clash are swept."""
    tangled = parts.taken(clash)
    union = Extents.of(tangled.reading, tangled.label, tangled.start, tangled.end)
    swept = sweep(union.task.astype(np.int64), union.start, union.end, union.annotator, labels)
    alone = parts.taken(~clash)
    reading = np.concatenate([alone.reading, swept.group])
    start, end = np.concatenate([alone.start, swept.start]), np.concatenate([alone.end, swept.end])
    bits = np.concatenate([member_bits(alone.label, labels), swept.bits])
    row = np.concatenate([alone.row, np.full(len(swept.group), -1, np.intp)])
    order = np.lexsort((start, reading))
    state, states = _states(bits[order], labels)
    whole = Extents.of(parts.reading, parts.label, parts.start, parts.end)
    tracks = Tracks(
        whole.task.astype(np.intp), whole.annotator.astype(np.intp), whole.start, whole.end
    )
    return Runs(
        presence, states, reading[order], state, start[order], end[order], row[order], labels,
        tracks,
    )  # fmt: skip


def _states(bits: Bits, labels: int) -> tuple[Numbers, tuple[frozenset[int], ...]]:
    """State of each row, and what the states are: single labels by number, then sets."""
    first, pattern = distinct(bits)
    sets = [frozenset(np.flatnonzero(on).tolist()) for on in membership(bits[first], labels)]
    states = list(_single(labels))
    known = {labels_on: number for number, labels_on in enumerate(states)}
    for labels_on in sorted((s for s in sets if len(s) > 1), key=sorted):
        known[labels_on] = len(states)
        states.append(labels_on)
    number = np.array([known[labels_on] for labels_on in sets], np.int32)
    return number[pattern], tuple(states)
