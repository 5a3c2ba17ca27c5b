"""How much of a recording a reviewer sees around a dispute: enough to judge it, and it in view."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from tslab.agreement.dispute_scopes import page_seconds
from tslab.agreement.dispute_values import Dispute, Reading
from tslab.agreement.disputes.finding import Marks
from tslab.label_studio.review.readings import Matter
from tslab.preparation.windows import most_rows
from tslab.project import Project
from tslab.recording_table import RecordingEntry
from tslab.spans import to_microseconds
from tslab.task import Task

LEAST_CONTEXT, MOST_CONTEXT = 0.05, 0.25
"""Shares of a page that are shown on both sides of a dispute: the least is as far as a correction
may lie from it. What lies between follows from what is disputed, see `Rooms.of`."""

NEIGHBOURS = 3
"""Usual distances of a tier's instants that are seen on both sides of one."""

TOGETHER = 6
"""Contexts of the longest window that neighbours are put together to: at the most a page and a
half, so that the eye finds them on one screen."""

NEAR = 3
"""Contexts of a window that neighbours of a short dispute may always join: half more than alone."""

SEEN = 1 / 150
"""Least share of a window that a dispute's region takes, so that it can be seen and clicked."""

READINGS, LABELS = 4, 8
"""Readings, and labels that they use, that there is room for in the longest window."""

MOST_BYTES, TIME, VALUE, LEVEL = 7_000_000, 14, 10, 2
"""Bytes of the CSV of a window that is as long as the annotators' tasks, and of a time, a value and
a lane's level in it. Browsers without a profile load no file of 8 MB from Label Studio for sure."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long windows may be, in microseconds.

    Attributes:
        least: What is shown on both sides of a dispute at the least.
        most: The same at the most.
        longest: The longest window: what the editor opens quickly with the readings beside the
            signal, but as long as the annotators' own tasks where it bears that with patience.
    """

    least: int
    most: int
    longest: int

    @classmethod
    def of(cls, project: Project, entry: RecordingEntry, tasks: Sequence[Task]) -> Sizes:
        """Sizes of the windows of one recording.

        Args:
            project: The project folder.
            entry: The recording.
            tasks: Its tasks in one view, at least one.
        """
        view = tasks[0].view
        page = page_seconds(project, view, entry)
        least, most = (to_microseconds(share * page) for share in (LEAST_CONTEXT, MOST_CONTEXT))
        labels = sum(len(tier.labels) for tier in project.domain.view_tiers(view))
        channels, levels = len(tasks[0].channels), min(labels, LABELS) * READINGS
        rate = max(entry.sampling_rates)
        own = max(task.end_us - task.start_us for task in tasks) + 2 * most
        rows = MOST_BYTES // (TIME + VALUE * channels + LEVEL * levels)
        longest = max(
            to_microseconds(0.9 * most_rows(channels + levels) / rate),
            min(own, to_microseconds(rows / rate)),
        )
        return cls(least, most, longest)


@dataclass(frozen=True, slots=True)
class Room:
    """What one dispute wants of its window, in microseconds.

    Attributes:
        context: What is shown on both sides of it.
        together: The longest window that it may share with neighbours.
    """

    context: int
    together: int


class Rooms:
    """Says what each dispute of a tier wants of its window.

    Args:
        matter: The tier.
        sizes: The bounds.
    """

    def __init__(self, matter: Matter, sizes: Sizes) -> None:
        self._sizes = sizes
        self._marks = {reading.reader: Marks(reading.spans) for reading in matter.readings}
        self._apart = _usual_distance(matter.readings)

    def of(self, dispute: Dispute) -> Room:
        """What a dispute wants.

        A border is judged by the event that it bounds, so half of the longest event in dispute is
        shown on both sides; an instant by its neighbours, where these are near enough to be seen.
        A border keeps the share of the window by which it is seen, an instant is a line in any.
        """
        one, *others = (
            set(self._marks[r].meeting(dispute.start, dispute.end)) for r in dispute.readers
        )
        disputed = one.union(*others) - one.intersection(*others)
        lengths = [end - start for start, end, _ in disputed]
        wanted = [self._sizes.least, *(length // 2 for length in lengths)]
        if 0 in lengths and self._apart <= self._sizes.most:
            wanted.append(NEIGHBOURS * self._apart)
        context = min(max(wanted), self._sizes.most)
        together = TOGETHER * context
        if any(lengths):
            seen = round((dispute.end - dispute.start) / SEEN)
            together = min(TOGETHER * self._sizes.most, max(seen, NEAR * context))
        return Room(context, min(together, self._sizes.longest))


def _usual_distance(readings: Sequence[Reading]) -> int:
    """Median distance of the instants that somebody marks one after the other, 0 without any."""
    found: list[int] = []
    for reading in readings:
        times = sorted(span.start_us for span in reading.spans if span.is_instant)
        found += [after - before for before, after in itertools.pairwise(times)]
    return sorted(found)[len(found) // 2] if found else 0
