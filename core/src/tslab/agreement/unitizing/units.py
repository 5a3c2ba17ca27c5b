"""Units of several annotators on the continuum that all of them reviewed, label by label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.events.events import Events, by_single_label
from tslab.agreement.kernels.presence import presence_of
from tslab.span_table import Extents, SpanTable, Ticks, refuse_too_long

Present = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Time between units, before the first and after the last.

    Attributes:
        cell: Task and label of each, int64 ``(gaps,)``.
        length: Microseconds, int64 ``(gaps,)``.
    """

    cell: Ticks
    length: Ticks


@dataclass(frozen=True, slots=True)
class Units:
    """Units sorted by member, task, label and start, all on one line of tasks and labels.

    Attributes:
        member: Position in the members, int64 ``(units,)``.
        cell: Task * labels + label, int64 ``(units,)``.
        start: Microseconds on the line, int64 ``(units,)``.
        end: Likewise.
        length: Length of each task's continuum, int64 ``(tasks,)``; 0 where there is none.
        members: How many were there, int64 ``(tasks,)``.
        present: Who was there, bool ``(members, tasks)``.
        labels: How many labels there are.
        reach: How far cells are apart on the line.
    """

    member: Ticks
    cell: Ticks
    start: Ticks
    end: Ticks
    length: Ticks
    members: Ticks
    present: Present
    labels: int
    reach: int

    def of(self, member: int, within: Present) -> Units:
        """The units of one member in some tasks, bool ``(tasks,)``."""
        low, high = np.searchsorted(self.member, [member, member + 1])
        own = low + np.flatnonzero(within[self.cell[low:high] // self.labels])
        return Units(
            self.member[own], self.cell[own], self.start[own], self.end[own], self.length,
            self.members, self.present, self.labels, self.reach,
        )  # fmt: skip

    def gaps(self) -> Gaps:
        """The gaps of everybody who was there; empty ones are none."""
        member, task = np.nonzero(self.present & (self.members > 1))
        member = np.repeat(member, self.labels)
        cell = (task[:, None] * self.labels + np.arange(self.labels)).ravel()
        begin = cell * np.int64(self.reach)
        end = begin + self.length[cell // self.labels]
        # Every unit ends a gap, and so does every continuum.
        who = np.concatenate([self.member, member])
        stop, after = np.concatenate([self.start, end]), np.concatenate([self.end, end])
        where = np.concatenate([self.cell, cell])
        order = np.lexsort((np.arange(len(who)), stop, where, who))
        fresh = np.ones(len(order), bool)
        fresh[1:] = np.diff(where[order]) != 0
        fresh[1:] |= np.diff(who[order]) != 0
        before = np.where(fresh, where[order] * np.int64(self.reach), 0)
        before[1:] = np.where(fresh[1:], before[1:], after[order][:-1])
        length = stop[order] - before
        real = length > 0
        return Gaps(where[order][real], length[real])


def units_of(table: SpanTable, members: Sequence[int]) -> Units:
    """Units of some annotators, cut to the time that all who were there reviewed."""
    pieces, present = _common(table, members)
    length = np.zeros(len(table.tasks), np.int64)
    np.add.at(length, pieces.task, pieces.end - pieces.start)
    labels, reach = len(table.labels), int(length.max(initial=0)) + 1
    refuse_too_long(float(reach) * len(table.tasks) * max(labels, 1), len(table.tasks))
    cut = _cut(table, members, pieces, present)
    group = cut.task.astype(np.int64) * labels + cut.label
    place = np.searchsorted(np.sort(members), cut.annotator)
    lift = group * reach
    # Doubled, so that units that only touch stay apart while those that overlap become one.
    joined = Extents.of(place, group, 2 * (cut.start + lift), 2 * (cut.end + lift) - 1)
    return Units(
        joined.task.astype(np.int64), joined.annotator.astype(np.int64), joined.start // 2,
        (joined.end + 1) // 2, length, present.sum(axis=0), present, labels, reach,
    )  # fmt: skip


def _common(table: SpanTable, members: Sequence[int]) -> tuple[Extents, Present]:
    """Time that all members who saw a task reviewed of it, as of nobody; and who they are."""
    seen = table.reviewed
    own = np.isin(seen.annotator, members)
    seen = Extents(seen.task[own], seen.annotator[own], seen.start[own], seen.end[own])
    present = np.zeros((len(members), len(table.tasks)), bool)
    present[np.searchsorted(np.sort(members), seen.annotator), seen.task] = True
    presence = presence_of(seen, len(table.annotators))
    full = presence.present() == present.sum(axis=0)[presence.task]
    at = np.flatnonzero(full[presence.piece_zone])
    task = presence.task[presence.piece_zone[at]]
    nobody = np.zeros(len(at), np.int32)
    return Extents.of(task, nobody, presence.piece_start[at], presence.piece_end[at]), present


def _cut(table: SpanTable, members: Sequence[int], pieces: Extents, present: Present) -> Events:
    """Spans within the pieces, with the time between pieces taken out."""
    numbers = np.sort(members)
    who, piece = np.nonzero(present[:, pieces.task])
    seen = Extents.of(pieces.task[piece], numbers[who], pieces.start[piece], pieces.end[piece])
    events = by_single_label(table)
    columns: dict[str, ArrayLike] = {
        "task": events.task, "annotator": events.annotator, "label": events.label,
        "start": events.start, "end": events.end,
    }  # fmt: skip
    cut = by_single_label(
        SpanTable.of((table.tasks, table.annotators, table.labels), columns, seen)
    )
    length = pieces.end - pieces.start
    before = np.cumsum(length) - length
    fresh = np.flatnonzero(np.diff(pieces.task, prepend=-1))
    count = np.diff(np.append(fresh, len(length)))
    before -= np.repeat(before[fresh], count)
    low, high = (int(pieces.start.min()), int(pieces.end.max())) if len(pieces) else (0, 0)
    reach = high - low + 1
    refuse_too_long(float(reach) * len(table.tasks), len(table.tasks))
    line = pieces.task.astype(np.int64) * reach + pieces.start - low
    at = np.searchsorted(line, cut.task.astype(np.int64) * reach + cut.start - low, "right") - 1
    shift = before[at] - pieces.start[at] if len(cut) else np.zeros(0, np.int64)
    return replace(cut, start=cut.start + shift, end=cut.end + shift)
