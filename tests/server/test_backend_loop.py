"""The ML backend behind a real Label Studio: connect, annotate, train, see the new predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from kit.studies import Study, give_database, make_study, sample_recordings
from kit.waiting import until

from tslab.backend.process import BackendProcess
from tslab.commands.demo import _reading
from tslab.label_studio.ml_backend import load_backend
from tslab.label_studio.predictions import current_version
from tslab.segmentation.models.store import ModelStore

pytestmark = pytest.mark.server

CONFIG = """<View>
  <TimeSeriesLabels name="What-Is-It" toName="plot"><Label value="{label}"/></TimeSeriesLabels>
  <TimeSeries name="plot" value="$file" valueType="url" timeColumn="Time" sep=",">
    <MultiChannel height="200"><Channel column="A"/><Channel column="B"/></MultiChannel>
  </TimeSeries>
</View>"""


@dataclass
class Foreign:
    """A Label Studio project that tslab did not make, with bursts that somebody can label."""

    http: httpx.Client
    label: str
    seed: int
    project: int = 0
    tasks: list[int] = field(default_factory=list)
    truth: dict[int, list[tuple[float, float]]] = field(default_factory=dict)

    def make(self, count: int = 6) -> Foreign:
        """Creates it with as many tasks, by upload."""
        settings = {
            "title": f"Foreign {self.label}",
            "label_config": CONFIG.format(label=self.label),
            "show_collab_predictions": True,
        }
        self.project = self.post("/api/projects", settings)["id"]
        for number in range(count):
            text, bursts = self.series(number)
            found = self.http.post(
                f"/api/projects/{self.project}/import",
                params={"commit_to_project": "false"},
                files={"file": (f"{number}.csv", text.encode(), "text/csv")},
            ).json()
            upload = self.get(f"/api/import/file-upload/{found['file_upload_ids'][0]}")
            body = [{"data": {"file": f"/data/{upload['file']}"}}]
            self.post(f"/api/projects/{self.project}/import", body)
            self.tasks.append(max(item["id"] for item in self.list_tasks()))
            self.truth[self.tasks[-1]] = bursts
        return self

    def series(self, number: int) -> tuple[str, list[tuple[float, float]]]:
        """A table of 1 000 rows at 10 Hz, and when its two bursts are."""
        dice = np.random.default_rng([self.seed, number])
        values = dice.normal(size=(1000, 2))
        starts = [int(dice.integers(50, 300)), int(dice.integers(550, 800))]
        for start in starts:
            values[start : start + 120] = 4 * dice.normal(size=(120, 2)) + 3
        rows = [f"{i / 10:.1f},{a:.4f},{b:.4f}" for i, (a, b) in enumerate(values)]
        return "\n".join(["Time,A,B", *rows]), [(s / 10, (s + 120) / 10) for s in starts]

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, (path, answer.text[:300])
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code in (200, 201), (path, answer.status_code, answer.text[:300])
        return answer.json() if answer.content else None

    def list_tasks(self) -> list[dict[str, Any]]:
        return list(self.get("/api/tasks", project=self.project, page_size=100)["tasks"])

    def connect(self, study: Study) -> int:
        """Connects the backend, as a person does in the project's settings."""
        record = load_backend(study.project.state)
        assert record is not None
        body = {
            "project": self.project,
            "url": record.url,
            "title": "anything",
            "auth_method": "BASIC_AUTH",
            "basic_auth_user": record.user,
            "basic_auth_pass": record.password,
        }
        row = self.post("/api/ml", body)
        shown = self.get("/api/ml", project=self.project)
        assert [item["readable_state"] for item in shown] == ["Connected"]
        return int(row["id"])

    def annotate(self, task: int) -> None:
        regions = [
            {
                "id": f"r{number}",
                "from_name": "What-Is-It",
                "to_name": "plot",
                "type": "timeserieslabels",
                "value": {
                    "start": start,
                    "end": end,
                    "instant": False,
                    "timeserieslabels": [self.label],
                },
            }
            for number, (start, end) in enumerate(self.truth[task])
        ]
        self.post(f"/api/tasks/{task}/annotations/", {"result": regions, "lead_time": 5})

    def predictions(self, task: int) -> list[dict[str, Any]]:
        """What Label Studio shows on a task; opening it asks the backend."""
        return list(self.get(f"/api/tasks/{task}")["predictions"])


@pytest.fixture(scope="module")
def study(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    made = make_study(tmp_path_factory.mktemp("loop"), "iot", "anomalies")
    give_database(made.server, migrated)
    made.run("up")
    made.run("push")
    yield made
    made.run("down")
    assert BackendProcess(made.root).pid == 0


@pytest.fixture
def http(study: Study) -> Iterator[httpx.Client]:
    with study.http() as client:
        yield client


def models(study: Study, project: int) -> list[str]:
    """Versions that a Label Studio project has, the oldest first."""
    return [card.version for card in ModelStore(study.root / "models").cards(project)]


def overlap(span: dict[str, Any], truth: list[tuple[float, float]]) -> float:
    """Best intersection over union of a region with the truth."""
    start, end = float(span["value"]["start"]), float(span["value"]["end"])
    return max(
        max(0.0, min(end, b) - max(start, a)) / (max(end, b) - min(start, a)) for a, b in truth
    )


def is_instant(item: dict[str, Any]) -> bool:
    return bool(item["value"]["instant"]) or item["type"] != "timeserieslabels"


def renamed(item: dict[str, Any]) -> dict[str, Any]:
    value = {**item["value"], "timeserieslabels": ["Level shift"]}
    return {**item, "value": value}


def test_projects_of_others_learn_and_share_nothing(study: Study, http: httpx.Client) -> None:
    burst, spike = Foreign(http, "Burst", 1).make(), Foreign(http, "Other thing", 2).make()
    for foreign in (burst, spike):
        foreign.connect(study)
        shown = foreign.predictions(foreign.tasks[-1])
        assert [item["result"] for item in shown] in ([], [[]]), "nothing was learnt yet"
        assert {item["model_version"] for item in shown} <= {"untrained"}
    for task in burst.tasks[:4]:
        burst.annotate(task)
    until(lambda: models(study, burst.project), "a model of the first project")
    assert models(study, spike.project) == []
    known = until(
        lambda: [
            item
            for item in burst.predictions(burst.tasks[-1])
            if item["model_version"] in models(study, burst.project) and item["result"]
        ],
        "predictions of the new model on the next task",
    )
    regions = known[-1]["result"]
    assert {region["value"]["timeserieslabels"][0] for region in regions} == {"Burst"}
    assert {region["from_name"] for region in regions} == {"What-Is-It"}
    assert all(isinstance(region["value"]["instant"], bool) for region in regions)
    assert all(0 <= region["score"] <= 1 for region in regions)
    found = [region for region in regions if overlap(region, burst.truth[burst.tasks[-1]]) >= 0.5]
    assert len(found) == len(burst.truth[burst.tasks[-1]])
    assert 0 <= known[-1]["score"] <= 1
    # The other project's tasks look alike, but nobody taught it anything.
    assert [item["result"] for item in spike.predictions(spike.tasks[-2])] in ([], [[]])


def test_button_starts_a_training(study: Study, http: httpx.Client) -> None:
    foreign = Foreign(http, "Wave", 3).make(3)
    for task in foreign.tasks[:2]:
        foreign.annotate(task)
    backend = foreign.connect(study)
    assert models(study, foreign.project) == []
    foreign.post(f"/api/ml/{backend}/train", {})
    until(lambda: models(study, foreign.project), "a model after Start Training")


def test_annotations_of_a_study_teach_its_backend(study: Study, http: httpx.Client) -> None:
    (project,) = [item["id"] for item in study.projects() if "tslab" in item["description"]]
    before = current_version(study.project)
    row = study.get("/api/ml", project=project)
    assert [(item["title"], item["readable_state"]) for item in row] == [("tslab", "Connected")]
    assert row[0]["model_version"] == before, "the domain's own segmenter serves first"
    samples = {sample.name: sample for sample in sample_recordings("iot")}
    tasks = study.server_tasks(project)
    names = sorted(tasks)
    left = names[-1]
    for name in names[:-1]:
        # This annotator calls things by other names than the rules, so that a model is better.
        body = _reading(study.project, name, samples, 0)
        body["result"] = [renamed(item) for item in body["result"] if not is_instant(item)]
        answer = http.post(f"/api/tasks/{tasks[name]['id']}/annotations/", json=body)
        assert answer.status_code == 201
    trained = until(lambda: models(study, project), "a model of the study's project")[-1]
    until(
        lambda: study.get(f"/api/projects/{project}")["model_version"] in models(study, project),
        "the new model's predictions are shown",
    )
    shown = study.get(f"/api/tasks/{tasks[left]['id']}")["predictions"]
    assert trained.startswith("learning ")
    assert {item["model_version"] for item in shown} & set(models(study, project))
    # A push keeps what the backend brought, and a second one has nothing to do.
    study.run("pull", expect=(0, 1))
    study.run("push")
    version = study.get(f"/api/projects/{project}")["model_version"]
    assert version in models(study, project)
    origins = {span.origin for a in study.project.annotations_list() for span in a.spans}
    assert origins == {"manual"}


def test_backend_keeps_its_models_over_a_restart(study: Study, http: httpx.Client) -> None:
    foreign = Foreign(http, "Hum", 4).make(4)
    foreign.connect(study)
    for task in foreign.tasks[:3]:
        foreign.annotate(task)
    until(lambda: models(study, foreign.project), "a model")
    process = BackendProcess(study.root)
    url = load_backend(study.project.state).url  # type: ignore[union-attr]
    assert process.stop()
    assert process.start() == (url, True)
    shown = foreign.predictions(foreign.tasks[-1])
    assert {item["model_version"] for item in shown} <= set(models(study, foreign.project))
    assert any(item["result"] for item in shown)
