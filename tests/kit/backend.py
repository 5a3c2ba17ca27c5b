"""A running ML backend, a Label Studio to go with it, and a segmenter that is easy to predict."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import uvicorn

from tslab.backend.app import create_app
from tslab.backend.jobs import Job, News
from tslab.backend.server import listen
from tslab.backend.service import Service
from tslab.backend.settings import BackendSettings
from tslab.backend.worker import Worker
from tslab.contracts import Progress, SegmenterSpec, TrainingExample
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.recording import Recording
from tslab.segmentation.models.card import ModelCard
from tslab.segmentation.models.store import ModelStore
from tslab.spans import Span
from tslab.testing.fake_label_studio import FakeLabelStudio

CONFIG = (
    '<View><TimeSeriesLabels name="lab" toName="ts"><Label value="Run"/><Label value="Walk"/>'
    '</TimeSeriesLabels><TimeSeries name="ts" value="$csv" valueType="url" timeColumn="time">'
    '<Channel column="a"/></TimeSeries></View>'
)
RATE = 100


class LevelSegmenter:
    """Marks what lies above a level, with the first label of the first tier."""

    def __init__(self, domain: Domain, level: float | None = None, label: str = "") -> None:
        self._domain = domain
        self.level = level
        self.label = label or domain.tiers[0].labels[0].name

    @property
    def version(self) -> str:
        return "untrained" if self.level is None else f"l{self.level:g}-{self.label}"

    def segment(self, recording: Recording) -> list[Span]:
        if self.level is None:
            raise DataError("the segmenter has not learned yet", "Train it.")
        if not recording.signals:
            return []
        times, values = recording.signals[0].read()
        above = np.concatenate([[False], np.nan_to_num(values) > self.level, [False]])
        edges = np.flatnonzero(above[1:] != above[:-1])
        tier = self._domain.tiers[0].name
        return [
            Span(times[a], max(times[b - 1], times[a]), self.label, tier, score=0.8)
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]

    def fit(self, examples: Sequence[TrainingExample], progress: Progress) -> Mapping[str, object]:
        del examples
        progress(1.0, "done")
        self.level = 1.0
        return {}

    def save(self, folder: Path) -> None:
        (folder / "level.json").write_text(json.dumps([self.level, self.label]))

    def load(self, folder: Path) -> None:
        self.level, self.label = json.loads((folder / "level.json").read_text())


SPEC = SegmenterSpec("learning", "a level", LevelSegmenter, trainable=True)


def store_level(
    store: ModelStore,
    project: int,
    domain: Domain,
    level: float,
    label: str = "",
    promote: bool = True,
    overall: float | None = None,
) -> str:
    """Stores a `LevelSegmenter` as a project's model and returns its version."""
    segmenter = LevelSegmenter(domain, level, label)
    labels = {t.name: [item.name for item in t.labels] for t in domain.tiers}
    card = ModelCard(
        version=f"learning {segmenter.version}",
        segmenter="learning",
        created=f"2026-01-01T00:00:{int(level * 10) % 60:02d}+00:00",
        domain=domain.name,
        labels=labels | ({domain.tiers[0].name: [label]} if label else {}),
        channels=["a"],
        data_hash=f"hash-{level}",
        recordings=1,
        reviewed_seconds=1.0,
        spans=1,
        scores={"overall": overall},
    )
    stored = store.save(project, segmenter, card)
    if promote:
        store.promote(project, stored.version)
    return stored.version


def series(seed: int = 0, seconds: float = 10.0) -> tuple[bytes, list[tuple[float, float, str]]]:
    """A CSV with columns time and a, and what it holds: a fast swing (Run), a step (Walk)."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    values = rng.normal(0, 0.1, len(times))
    shift = 0.2 * (seed % 8)
    truth = [(1.0 + shift, 2.5 + shift, "Run"), (5.5 + shift, 7.5 + shift, "Walk")]
    for start, end, label in truth:
        inside = (times >= start) & (times < end)
        values[inside] += 2 * np.sin(40 * times[inside]) if label == "Run" else 3.0
    rows = "\n".join(f"{t:.2f},{v:.4f}" for t, v in zip(times, values, strict=True))
    return f"time,a\n{rows}\n".encode(), truth


def regions(truth: Sequence[tuple[float, float, str]]) -> list[dict[str, Any]]:
    """What an annotator would draw, as the editor saves it."""
    return [
        {
            "id": f"r{number}",
            "from_name": "lab",
            "to_name": "ts",
            "type": "timeserieslabels",
            "value": {"start": a, "end": b, "instant": a == b, "timeserieslabels": [label]},
        }
        for number, (a, b, label) in enumerate(truth)
    ]


def add_project(fake: FakeLabelStudio, tasks: int, annotated: int, config: str = CONFIG) -> int:
    """A project that tslab did not make, with tasks of uploaded files."""
    project = int(
        fake.add("projects", title="foreign", label_config=config, model_version="")["id"]
    )
    for number in range(tasks):
        content, truth = series(number)
        path = f"/data/upload/{project}/{number}.csv"
        fake.files[path] = content
        task = fake.add("tasks", project=project, data={"csv": path}, meta={})
        if number < annotated:
            annotate(fake, project, int(task["id"]), truth)
    return project


def annotate(
    fake: FakeLabelStudio, project: int, task: int, truth: Sequence[tuple[float, float, str]]
) -> dict[str, Any]:
    """Adds an annotation."""
    common = {"completed_by": 1, "was_cancelled": False, "ground_truth": False}
    return fake.add("annotations", task=task, project=project, result=regions(truth), **common)


def tasks_of(fake: FakeLabelStudio, project: int) -> list[dict[str, Any]]:
    """A project's tasks as Label Studio sends them to /predict."""
    return [
        {"id": t["id"], "data": t["data"], "meta": t["meta"], "project": project}
        for t in fake.tasks_of(project)
    ]


def job(fake: FakeLabelStudio, project: int, root: Path, **changes: Any) -> Job:
    """A training of a project, as the backend would order it."""
    given = {
        "project": project,
        "model_dir": str(root / "models"),
        "folder": "",
        "url": fake.url,
        "api_key": fake.api_key,
        "segmenter": "learning",
        "allow_hosts": [],
        "max_data_bytes": 10**7,
        "data_seconds": 10.0,
        "refresh": 0,
    }
    return Job(**{**given, **changes})


def work(task: Job) -> tuple[News, list[News]]:
    """The last news of a job, and what was told on the way."""
    out = io.BytesIO()
    last = Worker(task, out).run()  # type: ignore[arg-type]
    return last, [msgspec.json.decode(line, type=News) for line in out.getvalue().splitlines()]


@dataclass
class Backend:
    """A backend that answers on a free port of the loopback address."""

    service: Service
    http: httpx.Client

    def predict(self, tasks: Sequence[Mapping[str, Any]], project: int, **more: Any) -> list[Any]:
        """Results of /predict."""
        answer = self.ask(tasks, project, **more)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    def refused(
        self, tasks: Sequence[Mapping[str, Any]], project: int, **more: Any
    ) -> tuple[int, str]:
        """Status and reason of a /predict that nothing came of."""
        answer = self.ask(tasks, project, **more)
        assert answer.status_code >= 400, answer.text
        assert list(answer.json()) == ["detail"]
        detail = str(answer.json()["detail"])
        assert "\n" not in detail
        return answer.status_code, detail

    def ask(self, tasks: Sequence[Mapping[str, Any]], project: int, **more: Any) -> httpx.Response:
        """The answer to /predict."""
        context = more.pop("context", None)
        body = {"tasks": list(tasks), "project": f"{project}.1795224115", "label_config": CONFIG}
        params = {"login": None, "password": None, "context": context}
        return self.http.post("/predict", json={**body, "params": params, **more})

    def send(self, action: str, project: int) -> httpx.Response:
        """Sends a webhook."""
        return self.http.post("/webhook", json={"action": action, "project": {"id": project}})

    def metric(self, name: str, **labels: str) -> float:
        """A number of /metrics, 0 where it was never counted."""
        value = self.service.metrics.registry.get_sample_value(f"tslab_backend_{name}", labels)
        return value or 0.0

    def wait_for(self, name: str, value: float = 1, seconds: float = 60, **labels: str) -> None:
        """Returns when a number has grown to a value."""
        until = time.monotonic() + seconds
        while self.metric(name, **labels) < value:
            assert time.monotonic() < until, f"{name} {labels} stays {self.metric(name, **labels)}"
            time.sleep(0.02)

    def wait_until_idle(self, seconds: float = 60) -> None:
        """Returns when no training runs and none waits, seen at two looks one after the other."""
        until, quiet = time.monotonic() + seconds, 0
        while quiet < 2:
            assert time.monotonic() < until, "trainings do not end"
            busy = self.metric("queue_length") + self.metric("trainings_running")
            quiet = 0 if busy else quiet + 1
            time.sleep(0.02)


@contextlib.contextmanager
def running(settings: BackendSettings) -> Iterator[Backend]:
    """A backend in a thread of this process."""
    service = Service(settings)
    config = uvicorn.Config(
        create_app(service), log_config=None, access_log=False, http="h11", ws="none", lifespan="on"
    )
    server = uvicorn.Server(config)
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            until = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive(), "the backend did not start"
                assert time.monotonic() < until, "the backend did not start"
                time.sleep(0.01)
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
                yield Backend(service, http)
        finally:
            server.should_exit = True
            thread.join()
