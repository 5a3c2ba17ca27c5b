"""Predictions for tslab's own tasks: whole recordings are segmented once, then cut."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tslab.contracts import PredictRequest
from tslab.errors import DataError, PluginError
from tslab.label_studio.predictions import TaskPrediction, predict_tasks, refuse_outside
from tslab.label_studio.regions import from_regions
from tslab.segmentation.chain.typicality import place_of
from tslab.segmentation.similar import find_similar

if TYPE_CHECKING:
    from tslab.backend.models import Model, Subject
    from tslab.backend.study import Study
    from tslab.recording import Recording
    from tslab.segmentation.features.grid import Float64
    from tslab.spans import Span
    from tslab.task import Task

ROOM = 300_000
"""Regions that are kept in memory: about as many as a week of heart beats, some 300 MB."""

PLACES = 2_000
"""Recordings whose places are kept in memory."""

Cut = dict[str, TaskPrediction]


class OwnTasks:
    """Predicts tasks that lie in the project folder.

    Args:
        study: The project folder.
        room: Regions that are kept.
    """

    def __init__(self, study: Study, room: int = ROOM) -> None:
        self.study = study
        self._room = room
        self._lock = threading.Lock()
        self._cutting: dict[tuple[object, ...], threading.Lock] = {}
        self._kept: OrderedDict[tuple[object, ...], Cut] = OrderedDict()
        self._size = 0
        self._places: OrderedDict[tuple[str, str], Float64 | None] = OrderedDict()

    def predict(self, task: Task, model: Model, subject: Subject) -> TaskPrediction:
        """A task's part of what the model finds in the whole recording.

        Raises:
            DataError: The recording cannot be read.
            PluginError: The segmenter failed, or found what cannot be.
        """
        windows = self.study.windows(task)
        shape = hash(tuple((w.id, w.start_us, w.end_us, w.tick_us) for w in windows))
        key = (model.version, subject.key, task.recording, task.view, shape)
        with self._lock:
            known = self._look(key)
            if known is not None:
                return known[task.id]
            cutting = self._cutting.setdefault(key, threading.Lock())
        with cutting:  # windows of one recording that arrive together wait for one segmentation
            with self._lock:
                known = self._look(key)
            try:
                if known is None:
                    known = self._cut(task, windows, model, subject)
                    self._keep(key, known)
            finally:
                with self._lock:
                    self._cutting.pop(key, None)
        return known[task.id]

    def place(self, task: Task, model: Model) -> Float64 | None:
        """Where a model places the recording of a task; None if it places none."""
        with self._lock:
            if (model.version, task.recording) in self._places:
                return self._places[model.version, task.recording]
        recording = self.study.project.recording(task.recording)
        return self._keep_place(place_of(model.segmenter, recording), model, task)

    def _keep_place(self, place: Float64 | None, model: Model, task: Task) -> Float64 | None:
        with self._lock:
            self._places[model.version, task.recording] = place
            while len(self._places) > PLACES:
                self._places.popitem(last=False)
        return place

    def find_similar(
        self, task: Task, model: Model, subject: Subject, regions: Sequence[Mapping[str, Any]]
    ) -> TaskPrediction:
        """What resembles the regions that an annotator has drawn.

        Raises:
            DataError: None of them is usable, or the recording cannot be read.
            PluginError: The segmenter failed, or found what cannot be.
        """
        context = from_regions(regions, task, subject.domain).spans
        if not context:
            raise DataError("no region of the request is usable", "Draw one with a label.")
        recording = self.study.project.recording(task.recording)
        request = PredictRequest(task.view, context, task.start, task.end)
        spans = self._found(recording, model, subject, request)
        inside = [s for s in spans if s.start < task.end and s.end >= task.start]
        seed = f"{model.version} like {hash_of(context)}"
        return predict_tasks(recording, inside, [task], subject.domain, seed)[0]

    def _look(self, key: tuple[object, ...]) -> Cut | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(self, key: tuple[object, ...], cut: Cut) -> None:
        with self._lock:
            self._kept[key] = cut
            self._size += _size(cut)
            while self._size > self._room and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._size -= _size(gone)

    def _cut(self, task: Task, windows: list[Task], model: Model, subject: Subject) -> Cut:
        recording = self.study.project.recording(task.recording)
        request = PredictRequest(view=task.view)
        spans = self._found(recording, model, subject, request)
        cut = predict_tasks(recording, spans, windows, subject.domain, model.version, model.trust)
        return {item.task: item for item in cut}

    def _found(
        self, recording: Recording, model: Model, subject: Subject, request: PredictRequest
    ) -> list[Span]:
        plugins, domain = self.study.project.plugins, subject.domain
        tiers = {tier.name: tier for tier in domain.view_tiers(request.view)}
        answer: Sequence[Span] = ()
        if model.segmenter is not None:
            answer = plugins.predict(model.segmenter, recording, domain, request)
        elif request.context:
            answer = find_similar(recording, request.context, domain, None)
        # A model may remember labels that have left the domain since.
        known = [s for s in answer if s.tier in tiers and tiers[s.tier].label(s.label) is not None]
        problems = refuse_outside(known, recording.duration, recording.id, domain)
        if problems:
            raise PluginError(f"model '{model.version}': {problems[0]}", "Report it.")
        return known


def _size(cut: Cut) -> int:
    return 1 + sum(len(item.result) for item in cut.values())


def hash_of(spans: Sequence[Span]) -> str:
    """A text that differs when the spans do."""
    import hashlib

    text = "|".join(f"{s.tier},{s.label},{s.start_us},{s.end_us}" for s in spans)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
