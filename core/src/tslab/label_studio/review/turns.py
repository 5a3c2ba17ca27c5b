"""Tasks of a review's project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tslab.label_studio.task_data import TaskData
from tslab.task import Task

if TYPE_CHECKING:
    from tslab.label_studio.review.project import ReviewPush

VOID = "**This window is void:** somebody has changed a reading since it was decided."


class ReviewData(TaskData):
    """Tasks of one review project."""

    push: ReviewPush

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
