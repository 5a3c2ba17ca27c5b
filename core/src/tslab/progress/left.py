"""What is left to do, by view."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tslab.progress.work import Work, counting
from tslab.reading_plan import ReadingPlan
from tslab.settings import Review
from tslab.task import Task


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of one view.

    Attributes:
        view: Name of the view.
        tasks: All tasks.
        done: Tasks with as many annotators as they need.
        none: Tasks without an annotation.
        too_few: Tasks with some, but fewer than they need.
        skipped: Tasks without an annotation that somebody skipped.
        annotations: Annotations that are missing.
        hours: What they take at the median lead time; None while that is unknown.
    """

    view: str
    tasks: int
    done: int
    none: int
    too_few: int
    skipped: int
    annotations: int
    hours: float | None


@dataclass(frozen=True, slots=True)
class RaterLeft:
    """What is left for one rater of a blind study.

    Attributes:
        rater: Number, from 1 on.
        people: Who annotated in the rater's project, who did most first.
        tasks: What the plan gives to the rater.
        done: Tasks that were submitted there.
        skipped: Tasks that were skipped there and not submitted.
        hours: What the rest takes at the views' median lead times, those of all raters, so that
            the raters' hours add up to the views'; None while that is unknown.
    """

    rater: int
    people: Sequence[str]
    tasks: int
    done: int
    skipped: int
    hours: float | None


def left_for_raters(
    tasks: Sequence[Task], work: Sequence[Work], plan: ReadingPlan | None
) -> list[RaterLeft]:
    """What is left for each rater.

    Args:
        tasks: All tasks of the project.
        work: All annotations.
        plan: Who reads what; None where the study is not blind.
    """
    view_of = {task.id: task.view for task in tasks}
    medians = {view: _median(work, view) for view in {*view_of.values(), ""}}
    found = []
    for rater in plan.raters() if plan is not None else ():
        wanted = plan.tasks_of(rater) if plan is not None else frozenset()
        own = [item for item in work if item.entry.rater == rater]
        done = {item.entry.task for item in own if _done(item)} & wanted
        skipped = {w.entry.task for w in own if w.own and w.entry.state == "skipped"}
        skipped &= wanted - done
        counts = Counter(item.entry.annotator for item in own)
        names = sorted(counts, key=lambda name: (-counts[name], name))
        needed = [medians[view_of.get(task, "")] for task in wanted - done]
        known = [seconds for seconds in needed if seconds is not None]
        hours = sum(known) / 3600 if len(known) == len(needed) else None
        found.append(RaterLeft(rater, names, len(wanted), len(done), len(skipped), hours))
    return found


def what_is_left(
    tasks: Sequence[Task],
    work: Sequence[Work],
    review: Review,
    plan: ReadingPlan | None = None,
    asked: Mapping[str, int] | None = None,
) -> list[Left]:
    """What is left of each view, in the order of the tasks.

    Args:
        tasks: All tasks of the project.
        work: All annotations.
        review: How many annotators a task needs.
        plan: Who reads what; None where the study is not blind.
        asked: Annotators of tasks that need more, because too little was agreed on.
    """
    asked = asked or {}
    said: dict[str, set[str]] = {}
    by: dict[str, set[int]] = {}
    for item in counting(work):
        said.setdefault(item.entry.task, set()).add(item.entry.annotator)
    for item in work:
        if _done(item):
            by.setdefault(item.entry.task, set()).add(item.entry.rater)
    skipped = {item.entry.task for item in work if item.entry.state == "skipped"}
    found = []
    for view in dict.fromkeys(task.view for task in tasks):
        groups: dict[object, list[tuple[int, int]]] = {}
        for task in tasks:
            if task.view == view:
                # Each set of channels is a Label Studio project, with a share of its own.
                key = (task.channels, task.tick_us)
                count = len(said.get(task.id, ()))
                groups.setdefault(key, []).append((count, asked.get(task.id, 0)))
        median = _median(work, view)
        alone = [t for t in tasks if t.view == view and t.id in skipped and t.id not in said]
        if plan is None:
            missing = [lack for counts in groups.values() for lack in _missing(counts, review)]
        else:
            wanted = [(t.id, set(plan.readers.get(t.id, ()))) for t in tasks if t.view == view]
            done = [(len(own & by.get(name, set())), len(own)) for name, own in wanted]
            missing = [(count, need - count) for count, need in done]
        found.append(_left(view, missing, len(alone), median))
    return found


def _done(item: Work) -> bool:
    """Whether a rater is done with a task by it: submitted in his project by who belongs there."""
    return item.own and item.entry.state == "submitted"


def _missing(counts: Sequence[tuple[int, int]], review: Review) -> list[tuple[int, int]]:
    """How many annotations each task has and lacks.

    Args:
        counts: Annotations that each task has, and how many were asked for, 0 as many as usual.
        review: How many are usual.

    Label Studio picks the share of tasks that several annotators get, and does not say which. It
    offers no other task a second time: so these are the tasks with most annotators, and as many
    more as are missing. The share is rounded as Label Studio does it.
    """
    several = int(len(counts) * review.percentage / 100 + 0.5)
    needs = [review.readers] * several + [1] * (len(counts) - several)
    ordered = sorted(counts, reverse=True)
    return [
        (count, max(0, need - count, more - count))
        for (count, more), need in zip(ordered, needs, strict=True)
    ]


def _left(view: str, counts: Sequence[tuple[int, int]], skipped: int, median: float | None) -> Left:
    annotations = sum(lack for _, lack in counts)
    return Left(
        view=view,
        tasks=len(counts),
        done=sum(not lack for _, lack in counts),
        none=sum(not count for count, _ in counts),
        too_few=sum(bool(count and lack) for count, lack in counts),
        skipped=skipped,
        annotations=annotations,
        hours=None if median is None else annotations * median / 3600,
    )


def _median(work: Sequence[Work], view: str) -> float | None:
    """Median lead time of a view's submitted tasks, seconds; of all where it has none."""
    known = [(w.entry.view, w.lead_time) for w in counting(work) if w.lead_time is not None]
    own = [seconds for name, seconds in known if name == view] or [s for _, s in known]
    return statistics.median(own) if own else None
