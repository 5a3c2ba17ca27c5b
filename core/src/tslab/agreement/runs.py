"""Runs of time: what each annotator says at each moment, as sorted stretches that are apart.

Spans of one label are united; where spans of several labels overlap, their set is the state. Time
without a label is state 0 and is not stored. Instants take no time and are not here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.overlaps import Positions
from tslab.agreement.presence import Presence, presence_of
from tslab.agreement.sweep import Bits, distinct, member_bits, membership, sweep
from tslab.span_table import Extents, Numbers, SpanTable, Ticks


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of all annotators on one line, sorted by annotator, zone and start.

    Runs of one reading never overlap; runs of one state may touch. State ``k + 1`` is label k
    alone; sets of several labels come after.

    Attributes:
        presence: Who reviewed what.
        states: Labels of each state, sets of positions in the table's labels; the first is empty.
        reading: Reading of each run, intp ``(runs,)``, never falling.
        state: State of each run, intp ``(runs,)``, above 0.
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
    state: Positions
    start: Ticks
    end: Ticks
    row: Positions
    labels: int
    tracks: Tracks | None = None

    @property
    def first(self) -> Positions:
        """First run of each reading, and how many there are, intp ``(readings + 1,)``."""
        return first_of(self.reading, len(self.presence.zone))

    def ticks(self) -> NDArray[np.int64]:
        """Time of each reading in each state, int64 ``(readings, states)``; state 0 is the rest."""
        many, states = len(self.presence.zone), len(self.states)
        key = self.reading * states + self.state
        spent = summed(key, self.end - self.start, many * states).reshape(many, states)
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


def summed(key: Positions, ticks: Ticks, length: int) -> NDArray[np.int64]:
    """Sum of ticks for each key, int64 ``(length,)``; exact below 2**53, which is 285 years."""
    return np.bincount(key, ticks, length).astype(np.int64)


def first_of(reading: Positions, readings: int) -> Positions:
    """Where each reading's rows begin, and the end of the last, intp ``(readings + 1,)``."""
    count = np.bincount(reading, minlength=readings)
    return np.asarray(np.concatenate([[0], np.cumsum(count)]), np.intp)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Spans cut at the borders of zones, on the line, sorted by reading and start."""

    reading: Positions
    label: Positions
    start: Ticks
    end: Ticks
    row: Positions

    def taken(self, at: NDArray[np.intp] | NDArray[np.bool_]) -> _Parts:
        return _Parts(self.reading[at], self.label[at], self.start[at], self.end[at], self.row[at])


def _single(labels: int) -> tuple[frozenset[int], ...]:
    return (frozenset(), *(frozenset([label]) for label in range(labels)))


def _parts(table: SpanTable, presence: Presence) -> _Parts:
    row = np.flatnonzero(table.end > table.start)
    row = row[_by_annotator(table.annotator[row], len(table.annotators))]
    start, end = table.start[row], table.end[row]
    if presence.whole:
        zone = np.searchsorted(presence.task, np.arange(len(table.tasks)))[table.task[row]]
    else:
        origin, piece = presence.cut(table.task[row], start, end)
        row, zone = row[origin], presence.piece_zone[piece]
        start = np.maximum(start[origin], presence.piece_start[piece])
        end = np.minimum(end[origin], presence.piece_end[piece])
    shift = presence.shift[zone]
    parts = _Parts(
        _reading(table.annotator[row], zone, presence), table.label[row].astype(np.intp),
        start + shift, end + shift, row,
    )  # fmt: skip
    # Zones of one task alternate in time, so that parts of a cut table are in order only now.
    return parts if presence.whole else parts.taken(np.lexsort((parts.start, parts.reading)))


def _by_annotator(annotator: Numbers, annotators: int) -> Positions:
    """A stable order by annotator; 16-bit numbers are sorted by radix, in linear time."""
    narrow = np.uint16 if annotators < 2**16 else np.int32
    return np.asarray(np.argsort(annotator.astype(narrow), kind="stable"))


def _reading(annotator: Numbers, zone: Positions, presence: Presence) -> Positions:
    """Number of the reading of an annotator and a zone; rows come sorted by annotator."""
    if not len(annotator):
        return np.zeros(0, np.intp)
    many = len(presence.task)
    code = presence.annotator.astype(np.int64) * many + presence.zone
    wanted = annotator.astype(np.int64) * many + zone
    size = (int(presence.annotator[-1]) + 1) * many
    if size <= 4 * (len(wanted) + len(code)):
        number = np.zeros(size, np.intp)
        number[code] = np.arange(len(code))
        return np.asarray(number[wanted])
    return np.searchsorted(code, wanted)


def _clashes(parts: _Parts) -> NDArray[np.bool_]:
    """Which parts overlap another one of their reading."""
    clash = np.zeros(len(parts.start), bool)
    near = (parts.reading[1:] == parts.reading[:-1]) & (parts.start[1:] < parts.end[:-1])
    if not near.any():
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
    bits = np.concatenate([member_bits(alone.label.astype(np.int32), labels), swept.bits])
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


def _states(bits: Bits, labels: int) -> tuple[Positions, tuple[frozenset[int], ...]]:
    """State of each row, and what the states are: single labels by number, then sets."""
    first, pattern = distinct(bits)
    sets = [frozenset(np.flatnonzero(on).tolist()) for on in membership(bits[first], labels)]
    states = list(_single(labels))
    known = {labels_on: number for number, labels_on in enumerate(states)}
    for labels_on in sorted((s for s in sets if len(s) > 1), key=sorted):
        known[labels_on] = len(states)
        states.append(labels_on)
    number = np.array([known[labels_on] for labels_on in sets], np.intp)
    return number[pattern], tuple(states)
