"""Tasks with little agreement get another annotator first, as Label Studio Enterprise has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tslab.agreement.disputes.priorities import LowAgreement, task_agreement
from tslab.agreement.intake import project_intake
from tslab.errors import counted
from tslab.label_studio.mirrors import shown_predictions
from tslab.label_studio.raters import rater_groups
from tslab.label_studio.task_data import TaskData
from tslab.progress.asked import save_asked
from tslab.project import Project
from tslab.reading_plan import load_plan, save_plan, with_another
from tslab.spans import to_microseconds

if TYPE_CHECKING:
    from tslab.label_studio.client import Client
    from tslab.label_studio.push import Push
    from tslab.label_studio.task_groups import TaskGroup


SHOWN = 10
"""Tasks that a text lists."""


@dataclass(frozen=True, slots=True)
class Short:
    """What makes a task want another annotator.

    Attributes:
        agreement: Share of events that pairs agree on, below `review: low_agreement`.
        annotators: How many people should annotate it.
    """

    agreement: float
    annotators: int


def short_of_annotators(project: Project) -> dict[str, Short]:
    """Tasks that have too little agreement, and may get another annotator, by id.

    A task with several tiers is as good as the worst of them.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    given = project.settings.review
    rule = LowAgreement(given.low_agreement, given.readers, given.additional)
    if not rule.threshold or not rule.additional:
        return {}
    short: dict[str, Short] = {}
    for tier in project_intake(project).tiers:
        if tier.windows is None:
            continue
        people = tier.readers.annotators
        own = tier.windows.without_annotators(
            [name for name in tier.windows.annotators if name not in people]
        )
        agreement, _ = task_agreement(own, max(1, to_microseconds(tier.tolerance)))
        for task, share in enumerate(agreement.tolist()):
            seen = own.reviewed.annotator[own.reviewed.task == task]
            count = len(np.unique(seen))
            low = rule.step(None if np.isnan(share) else share, count, 0) == "add annotator"
            name = own.tasks[task]
            if low and count > 1 and (name not in short or share < short[name].agreement):
                short[name] = Short(share, count + 1)
    return short


def short_text(short: Mapping[str, Short], threshold: float) -> str:
    """Why tasks wait and how to review them all the same, with the least agreement first.

    Args:
        short: Not empty.
        threshold: Of `review: low_agreement`.
    """
    ranked = sorted(short.items(), key=lambda item: (item[1].agreement, item[0]))
    many = "tasks [has|have] less agreement than low_agreement"
    wait = "one more annotator is awaited; to review now: tslab review --now"
    lines = [f"{counted(len(short), many)} {threshold:g}; {wait}"]
    lines += [f"  {found.agreement:.2f}  {name}" for name, found in ranked[:SHOWN]]
    if len(ranked) > SHOWN:
        lines.append(f"  ... and {len(ranked) - SHOWN} more; --json has all")
    return "\n".join(lines)


def ask_for_annotators(
    push: Push, groups: Sequence[TaskGroup], projects: Mapping[str, int], wanted: Mapping[str, int]
) -> None:
    """Raises the overlap of tasks, and opens them again; what is raised already stays.

    Args:
        push: Makes the changes.
        groups: The project's tasks by Label Studio project.
        projects: Label Studio's ids by group key.
        wanted: Annotators by task id.
    """
    if not push.dry_run:
        save_asked(push.project, wanted)
    for group in groups:
        names = {task.id for task in group.tasks} & wanted.keys()
        if not names or group.key not in projects:
            continue
        full: dict[int, int] = {}
        for item in push.client.tasks(projects[group.key]):
            name = str(item["data"].get("task", ""))
            if name in names and (
                int(item.get("overlap") or 1) < wanted[name] or item.get("is_labeled")
            ):
                full[int(item["id"])] = wanted[name]
        if full:
            text = f"ask for one more annotator of {counted(len(full), 'tasks')}"
            push.change(text, _make_room, push.client, full)


def _make_room(client: Client, wanted: Mapping[int, int]) -> None:
    """The server closes a task when its overlap is reached, and opens none by itself."""
    for number, annotators in wanted.items():
        client.update_task(number, {"overlap": annotators, "is_labeled": False})


def ask_raters(
    push: Push, groups: Sequence[TaskGroup], projects: Mapping[str, int], wanted: Mapping[str, int]
) -> None:
    """The same in a blind study: the plan gives tasks to other raters, whose projects get them.

    Args:
        push: Makes the changes.
        groups: The project's tasks by what they show.
        projects: Label Studio's ids by group key.
        wanted: Raters by task id.

    Raises:
        DataError: The plan is damaged, or predictions are.
    """
    project, review = push.project, push.project.settings.review
    plan = load_plan(project.root)
    if plan is None:
        return
    for task in sorted(wanted.keys() & plan.readers.keys()):
        if len(plan.readers[task]) < wanted[task]:
            plan = with_another(plan, task, review)
    predictions, _ = shown_predictions(project)
    if not push.dry_run:
        save_plan(project.root, plan)
    for group in rater_groups(groups, plan, review.raters):
        # All that are wanted, not only what is new: an earlier run may have been cut off.
        asked = {task.id for task in group.tasks} & wanted.keys()
        if asked and group.key not in projects:
            text = f"rater {group.rater} is asked for another reading and has no project for it yet"
            push.report.warnings.append(f"{text}: tslab push")
        elif asked:
            push.about(group)
            TaskData(push, group, projects[group.key]).push_tasks(predictions)
    push.about(None)
