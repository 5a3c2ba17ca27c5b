"""Disputed stretches as windows of a review: with context, neighbours together, none too long."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.finding import portion
from tslab.agreement.disputes.lookup import Lookup
from tslab.label_studio.review.context import Room, Rooms, Sizes
from tslab.label_studio.review.key import Case, Key, Window
from tslab.label_studio.review.readings import Matter, mark_of
from tslab.project import Project
from tslab.recording_table import RecordingEntry
from tslab.spans import to_microseconds
from tslab.task import Task

MOST_CASES, MOST_ALIKE = 30, 100
"""Disputes of a window; and of one in which somebody marks nothing, which is one question."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A dispute on its way into a window."""

    matter: Matter
    dispute: Dispute
    mark: str
    room: Room
    silent: frozenset[str]
    """Who marks nothing of the tier in the whole task."""

    @property
    def start(self) -> int:
        """Where its own context begins."""
        return self.dispute.start - self.room.context

    @property
    def end(self) -> int:
        """Where its own context ends."""
        return self.dispute.end + self.room.context


def new_windows(
    project: Project, found: Sequence[Matter], key: Key, waiting: Collection[str] = ()
) -> list[Window]:
    """Windows of all disputes that the key does not know yet, the most costly first.

    Args:
        project: The project folder.
        found: All disputes.
        key: What is known.
        waiting: Ids of tasks that another annotator is to see first.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    known = {case.mark for window in key.windows for case in window.cases}
    entries, tasks = project.entries(), project.tasks()
    windows: list[Window] = []
    groups = itertools.groupby(found, key=lambda matter: (matter.recording, matter.view))
    for (recording, view), own in groups:
        shown = [task for task in tasks if task.recording == recording and task.view == view]
        maker = _Maker(project, key, entries[recording], shown)
        maker.waiting = [t for t in maker.tasks if t.id in waiting]
        windows += maker.windows(list(own), known)
    # Ids are drawn anew by a dry run, which is to list windows in the same order.
    return sorted(windows, key=lambda w: (-w.cost, w.task.recording, w.task.view, w.task.start))


def all_pieces(project: Project, found: Sequence[Matter]) -> Iterator[tuple[Matter, list[Dispute]]]:
    """All disputes that there are, as they are cut for windows; none where there are no tasks.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    entries = project.entries()
    shown: dict[tuple[str, str], list[Task]] = {}
    for task in project.tasks():
        shown.setdefault((task.recording, task.view), []).append(task)
    for matter in found:
        tasks = shown.get((matter.recording, matter.view))
        if tasks is not None:
            sizes = Sizes.of(project, entries[matter.recording], tasks)
            yield matter, list(pieces(matter, sizes))


def pieces(matter: Matter, sizes: Sizes) -> Iterator[Dispute]:
    """Disputes of a matter, those longer than a window in parts.

    They are cut where somebody has a border: a verdict on one part can make no event that nobody
    marked. A part without a border is one, however long it is; its window shows where it begins.
    """
    limit = sizes.longest - 2 * sizes.most
    for dispute in matter.disputes:
        if dispute.end - dispute.start <= limit:
            yield dispute
            continue
        own = [r for r in matter.readings if r.reader in dispute.readers]
        marks = {at for r in own for s in r.spans for at in (s.start_us, s.end_us)}
        inner = sorted(at for at in marks if dispute.start < at < dispute.end)
        borders = [dispute.start, *_cuts(dispute.start, dispute.end, inner, limit), dispute.end]
        if len(borders) == 2:
            yield dispute
            continue
        for start, end in itertools.pairwise(borders):
            said = {reading.reader: portion(reading.spans, start, end) for reading in own}
            share = dispute.cost * (end - start) / (dispute.end - dispute.start)
            yield replace(dispute, start=start, end=end, said=said, cost=share)


def _cuts(start: int, end: int, borders: Sequence[int], limit: int) -> Iterator[int]:
    """Borders that cut a stretch into parts of at most a limit, as far as there are enough."""
    at = start
    while end - at > limit:
        left = [border for border in borders if border > at]
        if not left:
            return
        at = max([border for border in left if border <= at + limit], default=left[0])
        yield at


class _Maker:
    """Makes the windows of one recording in one view."""

    def __init__(
        self, project: Project, key: Key, entry: RecordingEntry, shown: Sequence[Task]
    ) -> None:
        self.project, self.key, self.entry = project, key, entry
        self.tasks = sorted(shown, key=lambda task: task.start_us)
        self.waiting: list[Task] = []
        self.lookup = Lookup()

    def windows(self, own: Sequence[Matter], known: set[str]) -> list[Window]:
        """Windows of what is not known."""
        if not self.tasks:
            return []
        sizes = Sizes.of(self.project, self.entry, self.tasks)
        found = [
            self._found(matter, dispute, rooms.of(dispute))
            for matter, rooms in [(matter, Rooms(matter, sizes)) for matter in own]
            for dispute in pieces(matter, sizes)
        ]
        waiting = sorted(
            (item for item in found if item.mark not in known and not self._waits(item.dispute)),
            key=lambda item: (item.dispute.start, item.dispute.end, item.matter.tier.name),
        )
        return [self._window(batch, sizes) for batch in _batches(waiting, sizes)]

    def _found(self, matter: Matter, dispute: Dispute, room: Room) -> _Found:
        mark, silent = mark_of(matter, dispute), self._silent(matter, dispute)
        return _Found(matter, dispute, mark, room, silent)

    def _waits(self, dispute: Dispute) -> bool:
        return any(t.start_us < dispute.end and dispute.start < t.end_us for t in self.waiting)

    def _silent(self, matter: Matter, dispute: Dispute) -> frozenset[str]:
        task = self._task_at(dispute.start)
        found = (
            r.reader
            for r in matter.readings
            if not self.lookup.meeting(r.spans, task.start_us, task.end_us)
        )
        return frozenset(found) & frozenset(dispute.readers)

    def _window(self, batch: Sequence[_Found], sizes: Sizes) -> Window:
        at = min(item.dispute.start for item in batch)
        low, high = self._bounds(at)
        start = max(low, min(item.start for item in batch))
        end = min(high, max(item.end for item in batch), start + sizes.longest)
        name = f"review-{self.key.name('window', *(item.mark for item in batch))}"
        task = replace(self._task_at(at), id=name, start=start / 1e6, end=end / 1e6, part=(1, 1))
        readers = {reader for item in batch for reader in item.dispute.readers}
        cases = [
            Case(
                id=self.key.name("case", item.mark),
                tier=item.matter.tier.name,
                start=item.dispute.start,
                end=item.dispute.end,
                kind=item.dispute.kind,
                cost=round(item.dispute.cost, 6),
                mark=item.mark,
            )
            for item in batch
        ]
        return Window(task, self.key.shuffled(readers, name), cases)

    def _task_at(self, at: int) -> Task:
        """The task that shows a moment: at a border the later one, for ends are exclusive."""
        there = (task for task in reversed(self.tasks) if task.start_us <= at <= task.end_us)
        return next(there, self.tasks[0])

    def _bounds(self, at: int) -> tuple[int, int]:
        """Stretch without a gap around a time, in microseconds."""
        low, high = 0, to_microseconds(self.entry.duration)
        joined: list[tuple[int, int]] = []
        for task in self.tasks:
            if joined and task.start_us <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(task.end_us, joined[-1][1]))
            else:
                joined.append((task.start_us, task.end_us))
        return next(((a, b) for a, b in joined if a <= at <= b), (low, high))


def _batches(waiting: Sequence[_Found], sizes: Sizes) -> Iterator[list[_Found]]:
    """Neighbours whose contexts touch, as long as the window does not become too long."""
    batch: list[_Found] = []
    for item in waiting:
        if batch and not _may_join(batch, item, sizes):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _may_join(batch: Sequence[_Found], item: _Found, sizes: Sizes) -> bool:
    """Whether a dispute goes into the window of those before it."""
    both = [*batch, item]
    length = max(other.end for other in both) - min(other.start for other in both)
    alike = bool(item.silent) and {other.silent for other in batch} == {item.silent}
    return (
        # Who did not read a stretch must not stand there as somebody who marks nothing.
        item.dispute.readers == batch[0].dispute.readers
        and item.start <= max(other.end for other in batch)
        and length <= (sizes.longest if alike else min(other.room.together for other in both))
        and len(batch) < (MOST_ALIKE if alike else MOST_CASES)
    )


def cases_by_mark(key: Key) -> Mapping[str, tuple[Window, Case]]:
    """Windows and disputes of a key by the disputes' marks."""
    return {case.mark: (window, case) for window in key.windows for case in window.cases}
