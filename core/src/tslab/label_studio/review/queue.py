"""What is disputed now: windows that are there, new ones, and what of them is still to decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.report.fitting import fitted
from tslab.errors import counted
from tslab.label_studio.review.ballots import Ballot, answered
from tslab.label_studio.review.key import Case, Key, Window
from tslab.label_studio.review.readings import Matter, mark_of, matters
from tslab.label_studio.review.tasks import Said, about
from tslab.label_studio.review.windows import all_pieces, new_windows
from tslab.project import Project
from tslab.spans import to_seconds
from tslab.task import Task

SHOWN = 20
HEADER = ("to review", "tier", "time", "about", "cost", "window")


@dataclass(slots=True)
class Queue:
    """What is disputed.

    Attributes:
        windows: All windows, those of earlier runs first.
        added: How many are new.
        stale: Windows none of whose disputes exists any more.
        said: Annotators' spans by recording and view, then by name.
        live: Marks of the disputes that there are now.
        disputed: The same with what is said, as it is cut for windows.
        later: How many of them no window shows yet: their tasks wait for another annotator, or
            they were beyond the most that was asked for.
        beyond: How many of these were beyond the most.
        held: Ids of the tasks that wait for another annotator and have disputes no window shows.
        cut: Disputes that are longer than a window, and of how many parts they are.
        asked: Windows to show by task, with the disputes that are not decided elsewhere.
        open: Those that nobody decided, with their open disputes.
    """

    windows: list[Window]
    added: int
    stale: list[Window] = field(default_factory=list)
    said: dict[tuple[str, str], Said] = field(default_factory=dict)
    live: frozenset[str] = frozenset()
    disputed: Sequence[tuple[Matter, Sequence[Dispute]]] = ()
    later: int = 0
    beyond: int = 0
    held: frozenset[str] = frozenset()
    cut: tuple[int, int] = (0, 0)
    asked: dict[str, Window] = field(default_factory=dict)
    open: dict[str, Window] = field(default_factory=dict)

    def leave_out_answered(self, ballots: Sequence[Ballot], places: Collection[str]) -> None:
        """Works out what is shown: what was decided in tasks that are gone is not asked again.

        Args:
            ballots: Answers of all pulls.
            places: All tasks that the review's projects have now.
        """
        kept, answers = answered(ballots, places), answered(ballots, ())
        stale = {window.task.id for window in self.stale}
        self.asked = {
            window.task.id: replace(window, cases=cases)
            for window in self.windows
            if window.task.id not in stale
            and (cases := [case for case in window.cases if case.id not in kept])
        }
        self.open = {
            name: replace(window, cases=cases)
            for name, window in self.asked.items()
            if (cases := [c for c in window.cases if c.id not in answers and c.mark in self.live])
        }


def make_queue(
    project: Project, key: Key, most: int | None = None, waiting: Collection[str] = ()
) -> Queue:
    """Adds the windows of new disputes to a key.

    Args:
        project: With pulled annotations.
        key: Changed: it gets the new windows.
        most: New windows at most, the most costly ones; None is all.
        waiting: Ids of tasks that another annotator is to see first.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    annotations = project.pulled_annotations()
    found = matters(project, annotations)
    ready = new_windows(project, found, key, waiting)
    fresh, beyond = ready[:most], ready[len(ready) if most is None else most :]
    cut = list(all_pieces(project, found))
    there = {mark_of(m, d): (m, d) for m, own in cut for d in own}
    stale = [w for w in key.windows if not any(case.mark in there for case in w.cases)]
    key.windows += fresh
    said: dict[tuple[str, str], dict[str, Sequence[Any]]] = {}
    for a in annotations:
        if not a.ground_truth:
            said.setdefault((a.recording, a.view), {})[a.annotator] = a.spans
    shown = {case.mark for window in key.windows for case in window.cases}
    unseen = [part for mark, part in there.items() if mark not in shown]
    tasks = [task for task in project.tasks() if task.id in waiting]
    return Queue(
        key.windows,
        len(fresh),
        stale,
        dict(said),
        frozenset(there),
        cut,
        later=len(unseen),
        beyond=sum(len(window.cases) for window in beyond),
        held=frozenset(t.id for t in tasks if any(_is_in(t, *part) for part in unseen)),
        cut=_long_ones(cut),
    )


def _is_in(task: Task, matter: Matter, dispute: Dispute) -> bool:
    here = (task.recording, task.view) == (matter.recording, matter.view)
    return here and task.start_us < dispute.end and dispute.start < task.end_us


def _long_ones(cut: Iterable[tuple[Matter, Sequence[Dispute]]]) -> tuple[int, int]:
    """How many disputes are cut, and the number of their parts."""
    long = parts = 0
    for matter, own in cut:
        whole = {(d.start, d.end) for d in matter.disputes} & {(d.start, d.end) for d in own}
        long += len(matter.disputes) - len(whole)
        parts += len(own) - len(whole)
    return long, parts


def queue_cases(queue: Queue) -> list[tuple[Window, Case]]:
    """Disputes with their windows in the order of `tslab agreement`: the most costly first."""
    cases = ((window, case) for window in queue.windows for case in window.cases)
    return sorted(
        (item for item in cases if item[1].mark in queue.live),
        key=lambda item: (-item[1].cost, item[0].task.recording, item[1].tier, item[1].start),
    )


def queue_json(queue: Queue) -> list[dict[str, Any]]:
    """All disputes for a dashboard, without saying who is who."""
    waiting = {case.id for window in queue.open.values() for case in window.cases}
    return [
        {
            "window": window.task.id,
            "recording": window.task.recording,
            "tier": case.tier,
            "start": to_seconds(case.start),
            "end": to_seconds(case.end),
            "kind": case.kind,
            "cost": case.cost,
            "open": case.id in waiting,
        }
        for window, case in queue_cases(queue)
    ]


def queue_rows(queue: Queue, *, names: bool) -> list[tuple[str, ...]]:
    """Windows that are still to decide as rows of a table, without saying who is who.

    Args:
        queue: All windows.
        names: Whether new windows have their names yet; a dry run makes them for itself only.
    """
    new = {window.task.id for window in queue.windows[len(queue.windows) - queue.added :]}
    return [
        (
            w.task.recording,
            ", ".join(sorted({case.tier for case in w.cases})),
            _seconds(w),
            about(w.cases),
            f"{w.cost:.2f}",
            w.task.id if names or w.task.id not in new else "(new)",
        )
        for w in sorted(queue.open.values(), key=lambda w: -w.cost)
    ]


def queue_text(queue: Queue, wide: int, *, names: bool) -> list[str]:
    """The first of these rows as a table no wider than the terminal, and how many there are more.

    Args:
        queue: All windows.
        wide: Columns of the terminal.
        names: As in `queue_rows`.
    """
    rows = queue_rows(queue, names=names)
    if not rows:
        return []
    # Recording, tier and time say together what a window is.
    table = fitted([HEADER, *rows[:SHOWN]], wide, names=2, keys=3, late=[3])
    return [table, *([f"... and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else [])]


def _seconds(window: Window) -> str:
    """From the first to the last moment that is disputed, as `tslab agreement` writes it."""
    start, end = min(case.start for case in window.cases), max(case.end for case in window.cases)
    return f"{to_seconds(start):.2f} to {to_seconds(end):.2f} s"


def summary(queue: Queue) -> str:
    """What there is to decide, in one sentence."""
    cases = sum(len(window.cases) for window in queue.open.values())
    text = f"{counted(cases, 'disputes')} to decide in {counted(len(queue.open), 'windows')}"
    if queue.later > queue.beyond:
        text += f"; for another annotator {queue.later - queue.beyond} more"
    if queue.beyond:
        text += f"; for the next '--most' {queue.beyond} more"
    long, parts = queue.cut
    if long:
        text += f"; {counted(long, 'disputes')} longer than a window, in {parts} parts"
    return f"{text}; {counted(queue.added, 'windows')} new; cost in seconds times bits of entropy"
