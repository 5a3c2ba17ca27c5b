"""Tasks, their CSVs and predictions on the server: what is missing, changed or there twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tslab import files
from tslab.errors import DataError, ProjectError, counted
from tslab.label_studio.predictions import TaskPrediction
from tslab.task import Task

if TYPE_CHECKING:
    from tslab.label_studio.push import Push
    from tslab.label_studio.task_groups import TaskGroup

BATCH = 200
UPLOADS = 50
STORAGE_TITLE = "tslab tasks"

Predictions = Mapping[str, Mapping[str, TaskPrediction]]


class TaskData:
    """The tasks of one Label Studio project.

    Args:
        push: The push this belongs to.
        group: The tasks.
        project: Label Studio's id; 0 in a dry run for a project that does not exist yet.
    """

    def __init__(self, push: Push, group: TaskGroup, project: int) -> None:
        self.push = push
        self.group = group
        self.project = project
        self.addresses: dict[str, str] = {}

    def ensure_storage(self) -> None:
        """Lets the server serve ``tasks/`` and nothing else of the project folder."""
        if self.push.data_mode != "local":
            return
        client, path = self.push.client, str(self.push.project.root / "tasks")
        have = client.local_storages(self.project) if self.project else []
        ours = sorted(int(item["id"]) for item in have if item.get("path") == path)
        if not ours:
            self.push.change(
                "serve the folder tasks/",
                client.create_local_storage,
                self.project,
                path,
                STORAGE_TITLE,
            )
        for twin in ours[1:]:
            self.push.change("remove second storage", lambda i=twin: client.delete_local_storage(i))

    def push_tasks(self, predictions: Predictions) -> None:
        """Creates, changes and removes tasks, then predictions."""
        have = self._have()
        if self.push.data_mode == "upload":
            self._upload(have)
        missing = [task for task in self.group.tasks if task.id not in have]
        batches = [missing[i : i + BATCH] for i in range(0, len(missing), BATCH)]
        for batch in self.push.progress(batches, "importing tasks"):
            documents = [self._document(task, predictions) for task in batch]
            count = sum(len(document["predictions"]) for document in documents)
            self.push.change(
                f"import {counted(len(batch), 'tasks')} with {counted(count, 'predictions')}",
                self.push.client.import_tasks,
                self.project,
                documents,
            )
        for task in self.group.tasks:
            if task.id in have:
                self._update(task, have[task.id])
        self._remove_strangers(have)
        if have:
            self._push_predictions({name: item["id"] for name, item in have.items()}, predictions)

    def _have(self) -> dict[str, dict[str, Any]]:
        """Tasks on the server by our id; of twins those that hold work, or the first, stay."""
        found: dict[str, list[dict[str, Any]]] = {}
        for item in self.push.client.tasks(self.project) if self.project else []:
            found.setdefault(str(item["data"].get("task", "")), []).append(item)
        have = {}
        for name, twins in found.items():
            if not name:
                continue
            if len(twins) > 1:
                twins.sort(key=self._last_to_keep)
            have[name] = twins[0]
            for twin in twins[1:]:
                if held := self._held(twin):
                    text = f"task {name} is there twice, and the second stays: {held}"
                    self.push.report.warnings.append(text)
                    continue
                self.push.change(
                    f"remove second copy of task {name}",
                    self.push.client.delete_task,
                    int(twin["id"]),
                )
        return have

    def _update(self, task: Task, have: Mapping[str, Any]) -> None:
        document = self._data(task, have)
        changes = {key: document[key] for key in ("data", "meta") if have.get(key) != document[key]}
        if not changes:
            return
        self.push.change(
            f"update task {task.id}",
            self.push.client.update_task,
            int(have["id"]),
            changes,
        )

    def refuse_moved_windows(self) -> None:
        """Makes sure that no annotated task would show another stretch than it was drawn on.

        Raises:
            ProjectError: One would.
        """
        wanted = {task.id: task for task in self.group.tasks}
        for item in self.push.client.tasks(self.project):
            task = wanted.get(str(item["data"].get("task", "")))
            if task is None or not item.get("total_annotations"):
                continue
            meta = item.get("meta") or {}
            if (meta.get("start_us"), meta.get("end_us")) != (task.start_us, task.end_us):
                raise ProjectError(
                    f"task {task.id} has annotations, but its window was cut differently since",
                    "Restore the window in tslab.yaml and run 'tslab add' again; for another "
                    "window make another project.",
                )

    def _remove_strangers(self, have: Mapping[str, Mapping[str, Any]]) -> None:
        wanted = {task.id for task in self.group.tasks}
        for name in sorted(set(have) - wanted):
            if held := self._held(have[name]):
                text = f"task {name} is no longer in the project, but stays: {held}"
                self.push.report.warnings.append(text)
                continue
            self.push.change(
                f"remove task {name}",
                self.push.client.delete_task,
                int(have[name]["id"]),
            )

    def _last_to_keep(self, item: Mapping[str, Any]) -> tuple[bool, bool, int]:
        """Sorts twins: annotated ones first, then those with other work, then by age."""
        return not item.get("total_annotations"), not self._held(item), int(item["id"])

    def _held(self, item: Mapping[str, Any]) -> str:
        """What somebody did in a task, which its deletion would take along; "" for nothing."""
        if item.get("total_annotations"):
            return "it has annotations"
        # The server does not count what was skipped among the annotations.
        if item.get("cancelled_annotations"):
            return "somebody skipped it"
        return "somebody has a draft of it" if item["id"] in self._drafted else ""

    @cached_property
    def _drafted(self) -> set[object]:
        """Tasks with drafts; asked only where a task is about to go."""
        return set(self.push.client.draft_ids(self.project))

    # --- addresses ------------------------------------------------------------------------

    def _data(self, task: Task, have: Mapping[str, Any] | None = None) -> dict[str, Any]:
        document = task.to_json()
        mode = self.push.data_mode
        if mode == "local":
            document["data"]["csv"] = f"/data/local-files/?d={task.csv}"
        elif mode == "url":
            base = self.push.project.settings.label_studio.data_url.rstrip("/")
            document["data"]["csv"] = f"{base}/{task.csv}"
        elif task.id in self.addresses:
            document["data"]["csv"] = self.addresses[task.id]
        elif have is not None:
            document["data"]["csv"] = have["data"].get("csv")
        return document

    def _upload(self, have: Mapping[str, Mapping[str, Any]]) -> None:
        """Uploads CSVs whose content the server does not have yet; the name carries the hash."""
        names = {task.id: self._upload_name(task) for task in self.group.tasks}
        there = self.push.client.uploads(self.project) if self.project else {}
        wanted = []
        for task in self.group.tasks:
            address = str(have[task.id]["data"].get("csv", "")) if task.id in have else ""
            if address.endswith(names[task.id]):
                self.addresses[task.id] = address
            elif names[task.id] in there:
                self.addresses[task.id] = there[names[task.id]]
            else:
                wanted.append(task)
        batches = [wanted[i : i + UPLOADS] for i in range(0, len(wanted), UPLOADS)]
        for batch in self.push.progress(batches, "uploading"):
            paths = {names[task.id]: self.push.project.root / task.csv for task in batch}
            self.push.change(
                f"upload {counted(len(batch), 'files')}",
                self.push.client.upload,
                self.project,
                paths,
            )
        if wanted and not self.push.dry_run:
            there = self.push.client.uploads(self.project)
            self.addresses |= {task.id: there[names[task.id]] for task in wanted}

    def _upload_name(self, task: Task) -> str:
        path = self.push.project.root / task.csv
        if not path.exists():
            raise DataError(f"'{task.csv}' is missing", "Run 'tslab add' again.")
        return f"{task.id}-{files.content_hash(path)[:8]}.csv"

    # --- predictions ----------------------------------------------------------------------

    def _document(self, task: Task, predictions: Predictions) -> dict[str, Any]:
        found = [
            _prediction(tasks[task.id], version)
            for version, tasks in predictions.items()
            if task.id in tasks
        ]
        return {**self._data(task), "predictions": found}

    def _push_predictions(self, ids: Mapping[str, int], predictions: Predictions) -> None:
        """Predictions of tasks that were there before: adds, replaces, removes twins."""
        have: dict[tuple[int, str], list[dict[str, Any]]] = {}
        for item in self.push.client.predictions(self.project):
            have.setdefault((int(item["task"]), str(item["model_version"])), []).append(item)
        wanted = []
        for version, name, prediction in self._wanted(predictions):
            if name not in ids:
                continue
            document = _prediction(prediction, version)
            stale = False
            twins = sorted(have.get((ids[name], version), []), key=lambda item: int(item["id"]))
            for number, item in enumerate(twins):
                same = item["result"] == document["result"] and item["score"] == document["score"]
                if number == 0 and same:
                    continue
                stale = stale or number == 0
                self.push.change(
                    f"remove prediction of '{version}' for task {name}",
                    self.push.client.delete_prediction,
                    int(item["id"]),
                )
            if not twins or stale:
                wanted.append({**document, "task": ids[name]})
        batches = [wanted[i : i + BATCH] for i in range(0, len(wanted), BATCH)]
        for batch in self.push.progress(batches, "importing predictions"):
            self.push.change(
                f"import {len(batch)} predictions",
                self.push.client.import_predictions,
                self.project,
                batch,
            )

    def _wanted(self, predictions: Predictions) -> Iterator[tuple[str, str, TaskPrediction]]:
        for version, tasks in predictions.items():
            for task in self.group.tasks:
                if task.id in tasks:
                    yield version, task.id, tasks[task.id]


def _prediction(prediction: TaskPrediction, version: str) -> dict[str, Any]:
    result: Sequence[Mapping[str, Any]] = prediction.result
    return {"model_version": version, "score": prediction.score, "result": list(result)}
