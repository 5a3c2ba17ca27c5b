"""Answers to /predict: many tasks of any kind, none of which can spoil the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tslab.backend.bodies import LARGEST_ID
from tslab.backend.failures import LATE, Failure, Told, refusal
from tslab.backend.foreign_tasks import (
    ForeignConfigs,
    ForeignProject,
    context_of,
    find_spans,
    read_task,
    refuse_hostile,
    results_of,
    task_number,
)
from tslab.backend.own_tasks import OwnTasks
from tslab.errors import DataError, TslabError
from tslab.label_studio.served_times import remember
from tslab.segmentation import UNTRAINED
from tslab.segmentation.chain.typicality import place_of

if TYPE_CHECKING:
    from tslab.backend.link import Link
    from tslab.backend.metrics import Metrics
    from tslab.backend.models import Model, Models, Subject
    from tslab.backend.study import Study
    from tslab.label_studio.regions import Exact
    from tslab.segmentation.features.grid import Float64
    from tslab.task import Task

log = logging.getLogger("tslab.backend")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for predictions.

    Attributes:
        tasks: As Label Studio sends them.
        project: Number of the project, 0 where nobody says it.
        config: The labeling config, "" where nobody sent one.
        context: Regions of an interactive request; None for an ordinary one.
        until: When the work must end, on `time.monotonic`'s clock.
        places: Gets where the model places the recordings, by the tasks' ids; None: not asked.
    """

    tasks: Sequence[Mapping[str, Any]]
    project: int
    config: str = ""
    context: Sequence[Mapping[str, Any]] | None = None
    until: float = float("inf")
    places: dict[int, Float64] | None = None


class Predictor:
    """Predicts tasks of all projects.

    Args:
        link: The way to Label Studio and to task data.
        models: Who predicts.
        metrics: Counts.
        study: The project folder, None without one.
    """

    def __init__(
        self, link: Link, models: Models, metrics: Metrics, study: Study | None = None
    ) -> None:
        self.link = link
        self.models = models
        self.configs = ForeignConfigs()
        self._metrics = metrics
        self._own = OwnTasks(study) if study is not None else None

    def answers(self, asked: Asked) -> list[dict[str, Any] | list[Any]]:
        """One answer for each task, in their order.

        A task that could not be predicted gets an empty list: Label Studio stores nothing then, and
        asks again when somebody opens it. An empty prediction would stay for good.

        Raises:
            BadRequestError: None of the tasks could be predicted.
        """
        found = self.predictions(asked)
        failures = [item for item in found if isinstance(item, Failure)]
        if failures and len(failures) == len(found):
            raise refusal(failures)
        return [[] if isinstance(item, Failure) else item for item in found]

    def predictions(self, asked: Asked) -> list[dict[str, Any] | Failure]:
        """The prediction of each task, or why there is none, which is counted and logged."""
        exact: dict[str, Exact] = {}
        found: list[dict[str, Any] | Failure] = []
        told = Told(asked.project)
        for document in asked.tasks:
            if time.monotonic() > asked.until:
                break
            project = asked.project or project_of(document)
            found.append(self._one(document, replace(asked, project=project), exact, told))
        late = len(asked.tasks) - len(found)
        if late:
            self._metrics.failed_tasks.labels(LATE).inc(late)
            log.warning(
                "project %d: time did not suffice for %d of %d tasks. TSLAB_PREDICT_SECONDS bounds "
                "it; Label Studio asks for them again",
                *(asked.project, late, len(asked.tasks)),
            )
        told.sum_up()
        self._remember(exact)
        return [*found, *(late * [Failure(LATE, "")])]

    @property
    def has_study(self) -> bool:
        """Whether a project folder is served."""
        return self._own is not None

    def version(self, project: int, config: str) -> str:
        """The model version that serves a project, "untrained" without any; loads no model."""
        try:
            return self.models.version(project, self._subject(config))
        except TslabError as error:
            log.warning("project %d: %s", project, error)
            return UNTRAINED

    def load(self, project: int, config: str) -> None:
        """Loads what serves a project, so that its next prediction need not wait.

        Raises:
            DataError: The config has no time series that can be labelled.
            ProjectError: The project folder is not usable any more.
        """
        subject = self._subject(config)
        if subject is not None:
            self.models.serving(project, subject)

    def _subject(self, config: str) -> Subject | None:
        """What a project with this config is predicted for; None where nobody says it."""
        if self._own is not None and (not config or self._is_like_ours(config)):
            return self._own.study.subject
        return self._foreign(config).subject if config else None

    def _foreign(self, config: str) -> ForeignProject:
        """A project by its config.

        In a blind study nothing that learned serves here either: tasks of a rater that the folder
        has no more are predicted as those of others are.
        """
        found = self.configs.read(config)
        if self._own is None or not self._own.study.is_blind():
            return found
        return replace(found, subject=replace(found.subject, learns=False))

    def _is_like_ours(self, config: str) -> bool:
        """Whether a config shows tiers and labels of the project folder's domain."""
        if self._own is None:
            return False
        tiers = {tier.name: tier for tier in self._own.study.subject.domain.tiers}
        try:
            found = self.configs.read(config).config
        except DataError:
            return False
        return all(
            control in tiers
            and all(tiers[control].label(name) is not None for name in found.values[tier])
            for tier, control in found.control_of.items()
        )

    def _one(
        self, document: Mapping[str, Any], asked: Asked, exact: dict[str, Exact], told: Told
    ) -> dict[str, Any] | Failure:
        try:
            prediction = self._predict(document, asked, exact)
        except Exception as error:  # noqa: BLE001 - a defect must not take the other tasks with it
            failure = Failure.of(error)
            self._metrics.failed_tasks.labels(failure.reason).inc()
            told.tell(f"task {task_number(document)} of project {asked.project}", failure, error)
            return failure
        self._metrics.tasks.inc()
        return prediction

    def _predict(
        self, document: Mapping[str, Any], asked: Asked, exact: dict[str, Exact]
    ) -> dict[str, Any]:
        task = self._own_task(document, asked)
        if self._own is None or task is None:
            return self._predict_foreign(document, asked)
        subject = self._own.study.subject
        model = self.models.serving(asked.project, subject)
        if asked.context:
            found = self._own.find_similar(task, model, subject, asked.context)
        else:
            found = self._own.predict(task, model, subject)
            if asked.places is not None:
                _keep(self._own.place(task, model), document, asked.places)
        exact[task.id] = exact.get(task.id, {}) | found.exact
        return _prediction(list(found.result), found.score, model)

    def _own_task(self, document: Mapping[str, Any], asked: Asked) -> Task | None:
        """The project folder's task that a document stands for, None for tasks of others.

        Label Studio sends a task's meta along. Without it the file counts, if the config is ours:
        then `version` names the folder's model, and it has to be that one that predicts.
        """
        if self._own is None:
            return None
        data = document.get("data")
        if "tslab" in (document.get("meta") or ()) or not isinstance(data, Mapping):
            return self._own.study.task(document)
        task = self._own.study.task_at(data.get("csv"))
        return task if task is not None and self._is_like_ours(asked.config) else None

    def _predict_foreign(self, document: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        if not asked.config:
            raise DataError("the request has no labeling config", "Label Studio sends one.")
        project = self._foreign(asked.config)
        model = self.models.serving(asked.project, project.subject)
        if model.segmenter is None and not asked.context:
            refuse_hostile(document, project, self.link.fetcher())
            return _prediction([], None, model)
        series = read_task(document, project, self.link.fetcher())
        context = context_of(asked.context or (), series, project)
        if asked.context and not context:
            raise DataError("no region of the request is usable", "Draw one with a label.")
        spans = find_spans(series, model, project, context)
        if asked.places is not None:
            _keep(place_of(model.segmenter, series.recording), document, asked.places)
        return _prediction(results_of(spans, series, project), model.trust.score(spans), model)

    def _remember(self, exact: Mapping[str, Exact]) -> None:
        if self._own is None or not exact:
            return
        try:
            remember(self._own.study.project.state, exact)
        except TslabError as error:
            log.error("exact times are lost, pulled borders will sit on samples: %s", error)


def _keep(place: Float64 | None, document: Mapping[str, Any], places: dict[int, Float64]) -> None:
    if place is not None:
        places[int(document["id"])] = place


def _prediction(result: list[Any], score: float | None, model: Model) -> dict[str, Any]:
    """A prediction as Label Studio wants it.

    Its score is the mean of its regions' scores, or how good the model is where nothing was found.
    """
    certainty = model.silence if score is None else score
    return {"result": result, "score": round(certainty, 4), "model_version": model.version}


def project_of(document: Mapping[str, Any]) -> int:
    """Number of the project that a task says it belongs to, 0 where it says none."""
    number = document.get("project")
    if isinstance(number, bool) or not isinstance(number, int):
        return 0
    return number if 0 <= number <= LARGEST_ID else 0
