"""New predictions for unlabelled tasks after a training, the lowest scores first.

Label Studio asks a backend only about tasks without any prediction, so that old ones would stay.
Here the pool of tasks is known, so their scores say how much there is to learn from each.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tslab.backend.serving import Asked, Predictor
from tslab.segmentation import UNTRAINED
from tslab.segmentation.chain.typicality import typicality, weighed

if TYPE_CHECKING:
    from tslab.contracts import Progress
    from tslab.label_studio.client import Client
    from tslab.segmentation.features.grid import Float64

BATCH = 20
SECONDS = 120.0
"""Longest time for one refresh; the rest keeps its old predictions."""

UNCERTAINTY = "Uncertainty sampling"


class Refresh:
    """One refresh of one project.

    Args:
        client: The server.
        predictor: Makes the predictions.
        project: Label Studio's id.
    """

    def __init__(self, client: Client, predictor: Predictor, project: int) -> None:
        self._client = client
        self._predictor = predictor
        self._project = project
        self._settings = client.project(project)
        self._config = str(self._settings.get("label_config") or "")
        self.version = predictor.version(project, self._config)
        # What others predicted, `tslab push` among them, is not the backend's to change.
        self._ours = {UNTRAINED, *predictor.models.store.history(project)}

    def run(self, limit: int, progress: Progress) -> int:
        """Renews the predictions of at most `limit` tasks; returns how many.

        Raises:
            ServerError: The server does not answer or refuses.
        """
        old: dict[int, list[Mapping[str, Any]]] = {}
        for item in self._client.predictions(self._project):
            old.setdefault(int(item["task"]), []).append(item)
        chosen = self._chosen(old)
        tasks = chosen[:limit]
        found = self._predicted(tasks, progress)
        for first in range(0, len(found), BATCH):
            self._store(found[first : first + BATCH], old)
        done = len(found)
        if done:
            self._show(all_done=done == len(chosen))
        return done

    def _chosen(self, old: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
        """Unfinished tasks without a prediction of this model: low scores, then new ones.

        Where the project wants several annotators, a task is finished when all of them are done.
        """
        chosen = []
        for task in self._client.tasks(self._project):
            known = old.get(int(task["id"]), ())
            if task.get("is_labeled") or any(self._is_current(item) for item in known):
                continue
            scores = [float(item["score"]) for item in known if item.get("score") is not None]
            # Label Studio asks by itself about tasks without any prediction: they can wait.
            chosen.append((not known, min(scores, default=0.0), int(task["id"]), task))
        return [item[-1] for item in sorted(chosen, key=lambda item: item[:-1])]

    def _is_current(self, prediction: Mapping[str, Any]) -> bool:
        return prediction.get("model_version") == self.version

    def _predicted(
        self, tasks: Sequence[dict[str, Any]], progress: Progress
    ) -> list[dict[str, Any]]:
        """Predictions of as many tasks as there is time for, scored as parts of one pool."""
        until = time.monotonic() + SECONDS
        places: dict[int, Float64] = {}
        found: list[dict[str, Any]] = []
        for first in range(0, len(tasks), BATCH):
            if time.monotonic() > until:
                break
            progress(first / len(tasks), f"predicting {len(tasks)} tasks")
            batch = tasks[first : first + BATCH]
            asked = Asked(batch, self._project, self._config, None, until, places)
            found += [
                {**prediction, "task": int(task["id"])}
                for task, prediction in zip(batch, self._predictor.predictions(asked), strict=True)
                if isinstance(prediction, dict) and prediction["model_version"] == self.version
            ]
        typical = typicality(places)
        for item in found:
            item["score"] = weighed(item["score"], typical.get(item["task"], 1.0))
        return found

    def _store(
        self,
        found: Sequence[dict[str, Any]],
        old: Mapping[int, Sequence[Mapping[str, Any]]],
    ) -> None:
        added = []
        for item in found:
            ours = [p for p in old.get(item["task"], ()) if p.get("model_version") in self._ours]
            if ours:
                # Never deleted: who has the task open would be refused when he submits it, because
                # the prediction that he began with is gone.
                latest = max(int(prediction["id"]) for prediction in ours)
                changes = {key: item[key] for key in ("result", "score", "model_version")}
                self._client.update_prediction(latest, changes)
            else:
                added.append(item)
        if added:
            self._client.import_predictions(self._project, added)

    def _show(self, all_done: bool) -> None:
        """Lets Label Studio show the new version to annotators.

        Where the project's setting names a connected backend, Label Studio asks it about every next
        task; where it names a version, tasks without a prediction of that version show none. So a
        version is named if all tasks have its predictions, and where uncertainty sampling needs it.
        """
        named = str(self._settings.get("model_version") or "")
        titles = [str(row.get("title")) for row in self._client.backends(self._project)]
        if self._settings.get("sampling") == UNCERTAINTY:
            wanted = self.version
        elif named in titles:
            wanted = named
        elif all_done or len(titles) != 1:
            wanted = self.version
        else:
            wanted = titles[0]
        if wanted != named:
            self._client.update_project(self._project, {"model_version": wanted})
