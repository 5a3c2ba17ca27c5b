"""The projects of a blind study: one for each rater of each view and set of channels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tslab.label_studio.task_groups import TaskGroup
from tslab.reading_plan import ReadingPlan, digest
from tslab.task import Task

IN_KEY = re.compile(r"\|rater (\d+)$")
IN_MARKER = re.compile(r" rater (\d+)\]$")


def rater_of(key: str) -> int:
    """Whose project a group's key names, 0 for one of all annotators."""
    found = IN_KEY.search(key)
    return int(found[1]) if found else 0


def rater_of_marker(marker: str) -> int:
    """The same of the marker in a Label Studio project's description."""
    found = IN_MARKER.search(marker)
    return int(found[1]) if found else 0


def rater_groups(groups: Sequence[TaskGroup], plan: ReadingPlan, raters: int) -> list[TaskGroup]:
    """What each rater gets of each group, rater by rater; who gets nothing of one has no project.

    Args:
        groups: The project's tasks by what they show.
        plan: Who reads what.
        raters: How many there are.
    """
    found = []
    for rater in range(1, raters + 1):
        own = plan.tasks_of(rater)
        for group in groups:
            tasks = [task for task in group.tasks if task.id in own]
            if tasks:
                ordered = reading_order(tasks, rater, raters)
                found.append(replace(group, tasks=ordered, rater=rater))
    return found


def reading_order(tasks: Sequence[Task], rater: int, raters: int) -> tuple[Task, ...]:
    """A rater's own order, so that not everybody is tired at the same task.

    The windows of a recording stay together and in order: who reads one needs its neighbours. With
    fewer recordings than raters, each rater begins at another place and goes round.
    """
    found = {task.recording for task in tasks}
    seed = rater if len(found) >= raters else 0
    names = sorted(found, key=lambda name: digest(seed, name))
    place = {name: number for number, name in enumerate(names)}
    ordered = sorted(tasks, key=lambda task: (place[task.recording], task.start_us))
    first = len(ordered) * (rater - 1) // raters if not seed else 0
    return (*ordered[first:], *ordered[:first])


def suffix(rater: int) -> str:
    """The end of a project's title, "" where there are no raters."""
    return f" · rater {rater}" if rater else ""
