"""Tasks of a review's project, in the order in which Label Studio hands them out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from tslab.label_studio.review.ballots import place_of
from tslab.label_studio.task_data import TaskData
from tslab.task import Task

if TYPE_CHECKING:
    from tslab.label_studio.review.project import ReviewPush
    from tslab.label_studio.task_groups import TaskGroup

VOID = "**This window is void:** somebody has changed a reading since it was decided."


class ReviewData(TaskData):
    """Tasks of one review project.

    Args:
        push: The review.
        group: Its tasks, the most costly first.
        project: Label Studio's id; 0 in a dry run for a project that does not exist yet.
        answered: Places of tasks that earlier pulls read an answer in, see `place_of`.
    """

    push: ReviewPush

    def __init__(
        self, push: ReviewPush, group: TaskGroup, project: int, answered: Collection[str]
    ) -> None:
        super().__init__(push, group, project)
        self.answered = answered

    def _have(self) -> dict[str, dict[str, Any]]:
        """Tasks that stay. Others are made anew, behind those that are to come before them.

        "Label All Tasks" goes by the tasks' ids. The server's sampling by the predictions' scores
        needs no such thing, but draws lots as soon as two reviewers have answered.
        """
        have = super()._have()
        last, late = 0, False
        for task in self.group.tasks:
            item = have.get(task.id)
            if item is not None and self._is_kept(item):
                continue
            if item is None or late or int(item["id"]) < last:
                late = True
            else:
                last = int(item["id"])
            if late and item is not None:
                text = f"make window {task.id} anew, behind more costly ones"
                self.push.change(text, self.push.client.delete_task, int(item["id"]))
                del have[task.id]
        return have

    def _is_kept(self, item: Mapping[str, Any]) -> bool:
        """Whether somebody works or has answered in a task, be it that he took that back."""
        return bool(self._held(item)) or place_of(item) in self.answered

    def _data(self, task: Task, have: Mapping[str, Any] | None = None) -> dict[str, Any]:
        document = super()._data(task, have)
        document["data"] = self.push.document(task)["data"] | {"csv": document["data"]["csv"]}
        return document

    def _upload_name(self, task: Task) -> str:
        if self.push.dry_run and task.id in self.push.unwritten:
            return f"{task.id}-new.csv"  # What it will hold is not known, but that it is new.
        return super()._upload_name(task)

    def _remove_strangers(self, have: Mapping[str, Mapping[str, Any]]) -> None:
        """Decided windows whose readings have changed since stay, and say so."""
        stale = {window.task.id for window in self.push.queue.stale}
        kept = {n: task for n, task in have.items() if n in stale and task.get("total_annotations")}
        for name, task in sorted(kept.items()):
            data = {**task["data"], "disputes": VOID, "about": "void", "cost": 0, "count": 0}
            if data != task["data"]:
                text = f"mark window {name} as void"
                update = self.push.client.update_task
                self.push.change(text, update, int(task["id"]), {"data": data})
        super()._remove_strangers({n: task for n, task in have.items() if n not in kept})
