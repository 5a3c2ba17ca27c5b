"""Who was there: zones of time that the same annotators reviewed.

Where all annotators of a task reviewed the same stretches, the task is one zone. Where they did
not, it is cut into zones in each of which the same annotators are present throughout. Two
annotators are then compared on exactly the zones that both have, and a coefficient for many
annotators knows how many there were at each moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.kernels.sweep import Stretches, distinct, membership, sweep
from tslab.span_table import Extents, Numbers, Ticks, refuse_too_long


@dataclass(frozen=True, slots=True)
class Presence:
    """Zones, the pieces of time that they are made of, and readings: who reviewed which zone.

    All zones lie on one line, one after the other: time on the line = time + `shift` of the zone.

    Attributes:
        task: Task of each zone, int32 ``(zones,)``, never falling.
        ticks: Microseconds in each zone, int64 ``(zones,)``.
        shift: What puts times of the zone on the line, int64 ``(zones,)``.
        begin: Where each zone begins on the line, int64 ``(zones,)``.
        width: Length of each zone there, with the gaps in it, int64 ``(zones,)``.
        zone: Zone of each reading, intp ``(readings,)``.
        annotator: Annotator of each reading, int32 ``(readings,)``; sorted by it, then by zone.
        piece_zone: Zone of each piece, intp ``(pieces,)``; pieces are sorted by task and start.
        piece_start: Microseconds, int64 ``(pieces,)``.
        piece_end: Microseconds, exclusive.
        whole: Whether each task is one zone, so that no span needs to be cut.
    """

    task: Numbers
    ticks: Ticks
    shift: Ticks
    begin: Ticks
    width: Ticks
    zone: Positions
    annotator: Numbers
    piece_zone: Positions
    piece_start: Ticks
    piece_end: Ticks
    whole: bool

    def present(self) -> NDArray[np.int64]:
        """How many annotators each zone has, int64 ``(zones,)``."""
        return np.bincount(self.zone, minlength=len(self.task))

    def reading(self, annotator: Numbers, zone: Positions) -> Positions:
        """Numbers of the readings of some annotators and zones, intp."""
        many = np.int64(len(self.task))
        return np.searchsorted(self.annotator * many + self.zone, annotator * many + zone)

    def cut(self, task: Numbers, start: Ticks, end: Ticks) -> tuple[Positions, Positions]:
        """Which rows and which pieces overlap: positions of rows and of pieces, ``(parts,)``.

        Rows must lie within what their annotator reviewed.

        Raises:
            DataError: There is more time than fits on a line.
        """
        if not len(self.task):
            none = np.zeros(0, np.intp)
            return none, none
        low = int(self.piece_start.min())
        reach = int(self.piece_end.max()) - low + 1
        tasks = int(self.task[-1]) + 1
        refuse_too_long(float(reach) * tasks, tasks)
        line = self.task[self.piece_zone].astype(np.int64) * reach - low
        own = task.astype(np.int64) * reach - low
        first = np.searchsorted(self.piece_end + line, start + own, side="right")
        last = np.searchsorted(self.piece_start + line, end + own, side="left")
        return ranges(first, last - first)


def ranges(first: Positions, count: Positions) -> tuple[Positions, Positions]:
    """Which range each position is of, and the positions: ranges one after the other."""
    origin = np.repeat(np.arange(len(count)), count)
    steps = np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    return origin, first[origin] + steps


def presence_of(reviewed: Extents, annotators: int) -> Presence:
    """Zones of what was reviewed.

    Raises:
        DataError: There is more time than fits on a line.
    """
    fresh = _changes(reviewed.task, reviewed.annotator)
    if _alike(reviewed, fresh):
        return _whole(reviewed, fresh)
    stretches = sweep(
        reviewed.task.astype(np.int64),
        reviewed.start,
        reviewed.end,
        reviewed.annotator,
        annotators,
    )
    return _zoned(stretches, annotators)


def _whole(reviewed: Extents, fresh: NDArray[np.bool_]) -> Presence:
    """One zone for each task."""
    begins = _changes(reviewed.task)
    zone_of_row = np.cumsum(begins) - 1
    leads = np.cumsum(fresh) - 1
    first = np.flatnonzero(leads == leads[np.flatnonzero(begins)][zone_of_row])
    pieces = zone_of_row[first], reviewed.start[first], reviewed.end[first]
    readings = np.flatnonzero(fresh)
    order = np.argsort(reviewed.annotator[readings], kind="stable")
    who = readings[order]
    return _laid_out(
        reviewed.task[begins], (zone_of_row[who], reviewed.annotator[who]), pieces, whole=True
    )


def _zoned(stretches: Stretches, annotators: int) -> Presence:
    """One zone for each task and set of annotators."""
    first, zone = distinct(stretches.bits, stretches.group)
    on = membership(stretches.bits[first], annotators)
    annotator, zones = np.nonzero(on.T)
    task = stretches.group[first].astype(np.int32)
    pieces = zone, stretches.start, stretches.end
    return _laid_out(task, (zones, annotator.astype(np.int32)), pieces, whole=False)


def _laid_out(
    task: Numbers,
    readings: tuple[Positions, Numbers],
    pieces: tuple[Positions, Ticks, Ticks],
    *,
    whole: bool,
) -> Presence:
    """The zones one after the other on a line."""
    zone, start, end = pieces
    many = len(task)
    low, high = np.full(many, np.iinfo(np.int64).max), np.full(many, np.iinfo(np.int64).min)
    np.minimum.at(low, zone, start)
    np.maximum.at(high, zone, end)
    ticks = np.zeros(many, np.int64)
    np.add.at(ticks, zone, end - start)
    width = high - low
    refuse_too_long(width.sum(dtype=float), int(np.count_nonzero(np.diff(task, prepend=-1))))
    begin = np.cumsum(width) - width
    return Presence(task, ticks, begin - low, begin, width, *readings, zone, start, end, whole)


def _changes(*columns: NDArray[np.int32]) -> NDArray[np.bool_]:
    fresh = np.ones(len(columns[0]), bool)
    if len(fresh):
        fresh[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return fresh


def _alike(reviewed: Extents, fresh: NDArray[np.bool_]) -> bool:
    """Whether all annotators of each task reviewed the same stretches of it."""
    if not len(reviewed):
        return True
    first = np.flatnonzero(fresh)
    count = np.diff(np.append(first, len(reviewed)))
    lead = np.flatnonzero(_changes(reviewed.task[first]))
    of_reading = lead[np.cumsum(_changes(reviewed.task[first])) - 1]
    if (count != count[of_reading]).any():
        return False
    twin = np.arange(len(reviewed)) + np.repeat(first[of_reading] - first, count)
    same = (reviewed.start == reviewed.start[twin]) & (reviewed.end == reviewed.end[twin])
    return bool(same.all())
