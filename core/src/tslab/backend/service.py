"""The backend without its web server: answers to Label Studio's requests as plain values."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tslab.backend.bodies import (
    BadRequestError,
    PredictBody,
    SetupBody,
    WebhookBody,
    project_number,
)
from tslab.backend.failures import without_files
from tslab.backend.jobs import Trainer
from tslab.backend.link import Link
from tslab.backend.metrics import Metrics
from tslab.backend.models import Models
from tslab.backend.serving import Asked, Predictor
from tslab.backend.study import Study
from tslab.backend.training import TrainingQueue
from tslab.backend.visibility import VisibleProjects
from tslab.backend.warming import Warming
from tslab.errors import TslabError
from tslab.segmentation.models.store import ModelStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tslab.backend.settings import BackendSettings

log = logging.getLogger("tslab.backend")

UPDATES = frozenset(
    {"ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED"}
)
BUTTON = "START_TRAINING"
CHANGED = "PROJECT_UPDATED"
MOST_CONFIGS = 1000
MOST_WAITING = 200
"""Requests for predictions that may wait for a free thread."""


class Service:
    """The backend.

    Args:
        settings: What it was told.

    Raises:
        ProjectError: The project folder is not usable.
        PluginError: Its domain's plugin is missing or broken.
    """

    def __init__(self, settings: BackendSettings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.study = Study(settings.folder) if settings.folder is not None else None
        self.link = Link(settings, self.study)
        self.store = ModelStore(settings.model_dir)
        self.models = Models(self.store, settings.models_in_memory, self.metrics)
        self.predictor = Predictor(self.link, self.models, self.metrics, self.study)
        self.trainer = Trainer(settings, self.link, self.store, self.metrics)
        self.visible = VisibleProjects(self.link)
        self.warming = Warming(self.predictor, self.link, settings.models_in_memory)
        self._configs: OrderedDict[int, str] = OrderedDict()
        self._threads = ThreadPoolExecutor(settings.predict_threads, "predict")
        self._waiting = 0
        self._queue: TrainingQueue | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The time in which requests are answered; trainings end with it."""
        await asyncio.to_thread(self.store.clean)
        self._queue = TrainingQueue(self.settings, self.trainer.train, self._refused, self.metrics)
        self.warming.begin()
        try:
            yield
        finally:
            self.warming.close()
            await self._queue.close()
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _refused(self, project: int) -> str:
        """Why a project is not trained, "" if it is."""
        refused = await self.visible.sees(project)
        if refused or self.study is None:
            return refused
        try:
            blind = await asyncio.to_thread(self.study.is_blind)
        except TslabError as error:
            log.warning("project %d: %s", project, without_files(str(error)))
            return "project folder"
        return "blind" if blind else ""

    @property
    def queue(self) -> TrainingQueue:
        """The training queue; it exists while the service runs."""
        if self._queue is None:
            raise RuntimeError("the service is not running")
        return self._queue

    async def set_up(self, body: SetupBody) -> dict[str, Any]:
        """Remembers a project's labeling config; says which model serves it.

        The access token in the request is the creator's own and never read.
        """
        project = project_number(body.project)
        if body.schema:
            self._remember(project, body.schema)
        if body.hostname:
            self.link.also_called(body.hostname)
        config = self._configs.get(project, "")
        # Not in the threads that predict: Label Studio gives this answer 3 s, and they may be busy.
        version = await asyncio.to_thread(self.predictor.version, project, config)
        if project:
            self.warming.project(project, config)
        return {"model_version": version}

    async def predict(self, body: PredictBody) -> dict[str, Any]:
        """Predictions for tasks.

        Raises:
            BadRequestError: There are too many tasks, or too many requests wait.
        """
        most = self.settings.max_tasks
        if len(body.tasks) > most:
            remedy = f"ask for {most} at a time, or raise TSLAB_MAX_TASKS"
            raise BadRequestError(413, f"the request has {len(body.tasks)} tasks; {remedy}")
        project = project_number(body.project)
        config = body.label_config or self._configs.get(project, "")
        if body.label_config and project:
            self._remember(project, body.label_config)
        until = time.monotonic() + self.settings.predict_seconds
        asked = Asked(body.tasks, project, config, _context(body.params), until)
        if self._waiting >= MOST_WAITING:
            raise BadRequestError(429, "too many requests wait for predictions; ask again later")
        self._waiting += 1
        try:
            return {"results": await self._in_thread(self.predictor.answers, asked)}
        finally:
            self._waiting -= 1

    def webhook(self, body: WebhookBody) -> tuple[int, dict[str, Any]]:
        """Status and answer for an event; only its action and the project's number are read."""
        found = body.project
        number = found if isinstance(found, int) or found is None else found.id
        project = project_number(number)
        status, result = 200, "ignored"
        if body.action in UPDATES and project:
            status, result = 201, "queued" if self.queue.annotated(project) else "counted"
        elif body.action == BUTTON and project:
            status, result = 201, "queued" if self.queue.train_now(project) else "counted"
        elif body.action == CHANGED and project:
            # What it says is not believed: the next request brings the config along.
            self._configs.pop(project, None)
            result = "noted"
        self.metrics.webhooks.labels(result).inc()
        return status, {"status": result}

    async def versions(self, project: int | None) -> dict[str, Any]:
        """Model versions of one project, or of all."""
        return {"versions": await asyncio.to_thread(self._versions, project)}

    def _versions(self, project: int | None) -> list[str]:
        wanted = self.store.projects() if project is None else [project]
        found = [version for number in wanted for version in self.models.versions(number)]
        if project is not None:
            serving = self.predictor.version(project, self._configs.get(project, ""))
            found = [*found, serving]
        return list(dict.fromkeys(found))

    def _remember(self, project: int, config: str) -> None:
        self._configs[project] = config
        self._configs.move_to_end(project)
        while len(self._configs) > MOST_CONFIGS:
            self._configs.popitem(last=False)

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, function, *arguments)


def _context(params: dict[str, Any] | None) -> list[dict[str, Any]] | None:
    """Regions of an interactive request; None where there are none.

    Raises:
        BadRequestError: They are no list of regions.
    """
    context = (params or {}).get("context")
    if context is None:
        return None
    result = context.get("result") if isinstance(context, dict) else context
    if result is None:
        return None
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise BadRequestError(422, "params.context.result is no list of regions")
    return result
