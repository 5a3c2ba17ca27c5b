"""Tasks with little agreement get another annotator first, as Label Studio Enterprise has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tslab.agreement.disputes.priorities import LowAgreement, task_agreement
from tslab.agreement.intake import project_intake
from tslab.project import Project
from tslab.spans import to_microseconds

if TYPE_CHECKING:
    from tslab.label_studio.push import Push
    from tslab.label_studio.task_groups import TaskGroup


def short_of_annotators(project: Project) -> dict[str, int]:
    """How many annotators each task should have that has too little agreement, by task id.

    A task with several tiers is as good as the worst of them.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    given = project.settings.review
    rule = LowAgreement(given.low_agreement, given.overlap, given.max_additional)
    if not rule.threshold or not rule.additional:
        return {}
    wanted: dict[str, int] = {}
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
            if low and count > 1:
                wanted[own.tasks[task]] = count + 1
    return wanted


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
    for group in groups:
        names = {task.id for task in group.tasks} & wanted.keys()
        if not names or group.key not in projects:
            continue
        for item in push.client.tasks(projects[group.key]):
            name = str(item["data"].get("task", ""))
            if name not in names:
                continue
            if int(item.get("overlap") or 1) < wanted[name] or item.get("is_labeled"):
                # The server closes a task when its overlap is reached, and opens none by itself.
                push.change(
                    f"ask for annotator {wanted[name]} of task {name}",
                    push.client.update_task,
                    int(item["id"]),
                    {"overlap": wanted[name], "is_labeled": False},
                )
