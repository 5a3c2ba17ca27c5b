"""Label Studio's protocol, with the requests that a real one sends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from kit.backend import (
    CONFIG,
    Backend,
    LevelSegmenter,
    add_project,
    regions,
    running,
    store_level,
    tasks_of,
)

from tslab.backend.settings import BackendSettings
from tslab.label_studio.foreign.config import read_config
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]

SHARED = Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[4] / "shared" / "data").parent
PAYLOADS = SHARED / "label_studio" / "payloads"
RECORDED = sorted(PAYLOADS.glob("*.json"))
DOMAIN = read_config(CONFIG).domain


@pytest.fixture
def backend(settings: Make, level: None) -> Any:
    with running(settings()) as found:
        yield found


@pytest.mark.skipif(not RECORDED, reason=f"no recorded requests in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_requests_that_a_real_label_studio_sent_are_answered(path: Path, backend: Backend) -> None:
    recorded = json.loads(path.read_text())
    answer = backend.http.request(recorded["method"], recorded["path"], json=recorded["body"])
    if (recorded["body"] or {}).get("params", {}).get("context"):
        # Likeness needs the task's data, and this Label Studio does not have it.
        assert answer.status_code == 503, answer.text
        assert "1 unreachable" in answer.json()["detail"]
        return
    assert answer.status_code in (200, 201), answer.text
    document = answer.json()
    if recorded["path"] == "/predict":
        assert len(document["results"]) == len(recorded["body"]["tasks"])
        assert document["results"][0]["model_version"] == "untrained"
    if recorded["path"] == "/setup":
        assert document == {"model_version": "untrained"}
    if recorded["path"] == "/versions":
        assert document == {"versions": []}


@pytest.mark.parametrize("path", ["/", "/health"])
def test_health_says_up(path: str, backend: Backend) -> None:
    answer = backend.http.get(path)
    assert answer.json()["status"] == "UP"
    assert answer.json()["model_class"]


def test_setup_names_the_version_that_serves(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    body = {"project": f"{project}.1795225444", "schema": CONFIG, "access_token": "theirs"}
    assert backend.http.post("/setup", json=body).json() == {"model_version": "untrained"}
    version = store_level(backend.service.store, project, DOMAIN, 1.0)
    assert backend.http.post("/setup", json=body).json() == {"model_version": version}


def test_the_token_in_a_setup_is_not_used(backend: Backend, label_studio: FakeLabelStudio) -> None:
    project = add_project(label_studio, 1, 0)
    store_level(backend.service.store, project, DOMAIN, 1.0)
    body = {"project": project, "schema": CONFIG, "access_token": "creators-own-token"}
    backend.http.post("/setup", json=body)
    backend.predict(tasks_of(label_studio, project), project)
    sent = [request.headers.get("authorization", "") for request in label_studio.requests]
    assert sent == ["Token fake-token"]


def test_predictions_carry_scores_instants_and_the_true_version(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 2, 0)
    version = store_level(backend.service.store, project, DOMAIN, 2.5)
    answers = backend.predict(tasks_of(label_studio, project), project)
    assert len(answers) == 2
    for answer in answers:
        assert answer["model_version"] == version
        assert answer["score"] == pytest.approx(0.8)
        assert answer["result"]
        for region in answer["result"]:
            assert region["from_name"] == "lab"
            assert region["to_name"] == "ts"
            assert region["type"] == "timeserieslabels"
            assert region["score"] == pytest.approx(0.8)
            value = region["value"]
            assert value["instant"] == (value["start"] == value["end"])
            assert value["start"] <= value["end"]
            assert value["timeserieslabels"] == ["Run"]


@pytest.mark.parametrize(("overall", "score"), [(None, 0.5), (0.83, 0.83), (0.0, 0.0)])
def test_finding_nothing_is_as_certain_as_the_model_is_good(
    overall: float | None, score: float, backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    store_level(backend.service.store, project, DOMAIN, 1000, overall=overall)
    [answer] = backend.predict(tasks_of(label_studio, project), project)
    assert answer["result"] == []
    assert answer["score"] == score


def test_the_config_of_a_setup_serves_requests_without_one(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    store_level(backend.service.store, project, DOMAIN, 2.5)
    tasks = tasks_of(label_studio, project)
    assert backend.refused(tasks, project, label_config=None)[0] == 422
    backend.http.post("/setup", json={"project": f"{project}.1", "schema": CONFIG})
    assert backend.predict(tasks, project, label_config=None)[0]["result"]


def test_the_project_of_a_task_counts_where_the_request_names_none(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    version = store_level(backend.service.store, project, DOMAIN, 2.5)
    body = {"tasks": tasks_of(label_studio, project), "label_config": CONFIG}
    answer = backend.http.post("/predict", json=body).json()
    assert answer["results"][0]["model_version"] == version


STEPS = "time,a\n" + "".join(
    f"{row / 10:.1f},{5 if row % 100 in range(40, 60) else 0.1 * (row % 3)}\n" for row in range(600)
)


@pytest.mark.parametrize("trained", [True, False])
def test_interactive_requests_find_more_like_what_was_drawn(
    trained: bool, backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 0, 0)
    label_studio.files["/data/upload/steps.csv"] = STEPS.encode()
    task = {"id": 7, "data": {"csv": "/data/upload/steps.csv"}, "meta": {}, "project": project}
    version = "untrained"
    if trained:
        version = store_level(backend.service.store, project, DOMAIN, 1000.0)
    drawn = regions([(4.0, 5.9, "Walk"), (14.0, 15.9, "Walk")])
    [answer] = backend.predict([task], project, context={"result": drawn})
    found = [r["value"] for r in answer["result"]]
    assert answer["model_version"] == version
    assert [value["timeserieslabels"] for value in found] == [["Walk"]] * 4
    for value, start in zip(found, (24.0, 34.0, 44.0, 54.0), strict=True):
        assert abs(value["start"] - start) <= 0.5
        assert abs(value["end"] - start - 1.9) <= 0.5
    assert 0 < answer["score"] <= 1


def test_a_double_click_beside_drawn_ranges_asks_for_ranges(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    """The editor sends all regions of the label, and the double-click as an instant among them."""
    project = add_project(label_studio, 0, 0)
    label_studio.files["/data/upload/steps.csv"] = STEPS.encode()
    task = {"id": 7, "data": {"csv": "/data/upload/steps.csv"}, "meta": {}, "project": project}
    drawn = regions([(4.0, 5.9, "Walk"), (14.0, 15.9, "Walk"), (10.0, 10.0, "Walk")])
    [answer] = backend.predict([task], project, context={"result": drawn})
    found = [(r["value"]["start"], r["value"]["instant"]) for r in answer["result"]]
    assert [(round(start), instant) for start, instant in found] == [
        (start, False) for start in (24, 34, 44, 54)
    ]
    assert all(r["score"] >= 0.5 for r in answer["result"])


def test_a_double_click_on_noise_finds_nothing(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 0, 0)
    dice = np.random.default_rng(5)
    rows = "".join(
        f"{row / 10:.1f},{value:.3f}\n" for row, value in enumerate(dice.normal(size=900))
    )
    label_studio.files["/data/upload/noise.csv"] = f"time,a\n{rows}".encode()
    task = {"id": 7, "data": {"csv": "/data/upload/noise.csv"}, "meta": {}, "project": project}
    for at in (10.0, 33.3, 60.0):
        drawn = regions([(at, at, "Walk")])
        [answer] = backend.predict([task], project, context={"result": drawn})
        assert answer["result"] == []


def test_interactive_request_with_unusable_regions_is_counted(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    store_level(backend.service.store, project, DOMAIN, 2.5)
    drawn = [{"id": "x", "from_name": "gone", "value": {}}]
    tasks = tasks_of(label_studio, project)
    status, reason = backend.refused(tasks, project, context={"result": drawn})
    assert status == 422
    assert "1 data" in reason
    assert backend.metric("failed_tasks_total", reason="data") == 1


def test_versions_are_listed_by_project(backend: Backend) -> None:
    one = store_level(backend.service.store, 24, DOMAIN, 1.0)
    two = store_level(backend.service.store, 24, DOMAIN, 2.0)
    other = store_level(backend.service.store, 25, DOMAIN, 3.0)
    assert backend.http.get("/versions?project=24").json() == {"versions": [one, two]}
    assert backend.http.get("/versions").json() == {"versions": [one, two, other]}
    assert backend.http.get("/versions?project=26.17").json() == {"versions": ["untrained"]}
    assert backend.http.get("/versions?project=../24").status_code == 422


def test_metrics_are_prometheus_text(backend: Backend) -> None:
    backend.http.get("/health")
    backend.http.get("/nowhere")
    answer = backend.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'tslab_backend_requests_total{endpoint="/health",status="200"} 1.0' in answer.text
    assert 'tslab_backend_requests_total{endpoint="other",status="404"} 1.0' in answer.text
    for name in ("request_seconds", "queue_length", "models_loaded", "trainings_running"):
        assert f"tslab_backend_{name}" in answer.text


def test_two_backends_in_one_process_count_apart(settings: Make, tmp_path: Path) -> None:
    with running(settings()) as one, running(settings(model_dir=tmp_path / "other")) as two:
        one.http.get("/health")
        one.wait_for("requests_total", endpoint="/health", status="200")
        assert two.metric("requests_total", endpoint="/health", status="200") == 0


@pytest.mark.parametrize(
    ("action", "status", "result"),
    [
        ("ANNOTATION_CREATED", 201, "counted"),
        ("ANNOTATION_UPDATED", 201, "counted"),
        ("ANNOTATIONS_CREATED", 201, "counted"),
        ("ANNOTATIONS_DELETED", 201, "counted"),
        ("PROJECT_UPDATED", 200, "noted"),
        ("TASKS_CREATED", 200, "ignored"),
        ("MADE_UP", 200, "ignored"),
    ],
)
def test_webhooks_are_acknowledged(action: str, status: int, result: str, settings: Make) -> None:
    with running(settings(train_every=10)) as backend:
        answer = backend.send(action, 24)
        assert (answer.status_code, answer.json()) == (status, {"status": result})
        assert backend.metric("webhooks_total", result=result) == 1


def test_a_webhook_without_a_project_changes_nothing(backend: Backend) -> None:
    for body in ({"action": "START_TRAINING"}, {"action": "START_TRAINING", "project": None}):
        answer = backend.http.post("/webhook", json=body)
        assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})


def test_project_updated_forgets_the_config(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    store_level(backend.service.store, project, DOMAIN, 2.5)
    tasks = tasks_of(label_studio, project)
    backend.http.post("/setup", json={"project": project, "schema": CONFIG})
    assert backend.predict(tasks, project, label_config=None)[0]["result"]
    body = {"action": "PROJECT_UPDATED", "project": {"id": project, "label_config": "<View/>"}}
    backend.http.post("/webhook", json=body)
    assert backend.refused(tasks, project, label_config=None)[0] == 422
    assert backend.predict(tasks, project)[0]["result"]


def test_work_on_one_request_ends_in_time(
    settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 3, 0)
    with running(settings(predict_seconds=0.0)) as backend:
        store_level(backend.service.store, project, DOMAIN, 2.5)
        # Nothing is stored, so Label Studio asks again when the task is opened.
        status, reason = backend.refused(tasks_of(label_studio, project), project)
        assert status == 503
        assert "3 no time" in reason
        assert backend.metric("failed_tasks_total", reason="no time") == 3


def test_too_many_waiting_requests_are_put_off(backend: Backend) -> None:
    backend.service._waiting = 10_000
    answer = backend.http.post("/predict", json={"tasks": []})
    assert answer.status_code == 429
    backend.service._waiting = 0
    assert backend.http.post("/predict", json={"tasks": []}).json() == {"results": []}


def test_no_page_about_itself_and_no_other_methods(backend: Backend) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/predict/"):
        assert backend.http.get(path).status_code == 404
    answer: httpx.Response = backend.http.get("/predict")
    assert answer.status_code == 405


JSON_CONFIG = CONFIG.replace(
    'value="$csv" valueType="url"', 'value="$signal.data" valueType="json"'
)


@pytest.mark.parametrize("inside", [True, False])
def test_series_in_the_task_itself_are_read(
    inside: bool, backend: Backend, label_studio: FakeLabelStudio
) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    values: Any = {"time": list(range(10)), "a": [0, 0, 0, 9, 9, 9, 0, 0, 0, 0]}
    if not inside:
        label_studio.files["/data/upload/values.json"] = json.dumps(values).encode()
        values = "/data/upload/values.json"
    for data in ({"signal": {"data": values}}, {"signal.data": values}):
        task = {"id": 1, "data": data, "meta": {}}
        [answer] = backend.predict([task], 24, label_config=JSON_CONFIG)
        [region] = answer["result"]
        assert (region["value"]["start"], region["value"]["end"]) == (3, 4)
    task = {"id": 1, "data": {"signal": 7}}
    assert backend.refused([task], 24, label_config=JSON_CONFIG)[0] == 422
    assert backend.metric("failed_tasks_total", reason="no data") == 1


def test_a_config_that_cannot_be_labelled_is_no_failure_of_the_backend(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 2, 0)
    tasks = tasks_of(label_studio, project)
    for config in ("<View/>", "no xml", '<View><Image name="i" value="$i"/></View>', CONFIG[:-20]):
        status, reason = backend.refused(tasks, project, label_config=config)
        assert status == 422
        assert "2 data" in reason
        body = {"project": project, "schema": config}
        assert backend.http.post("/setup", json=body).json() == {"model_version": "untrained"}
    assert backend.metric("failed_tasks_total", reason="data") == 8


def test_a_defect_of_a_segmenter_is_counted_and_spoils_one_task(
    backend: Backend, label_studio: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = add_project(label_studio, 2, 0)
    store_level(backend.service.store, project, DOMAIN, 2.5)
    original = LevelSegmenter.segment

    def segment(self: LevelSegmenter, recording: Any) -> Any:
        if recording.id.endswith(str(tasks[0]["id"])):
            raise ZeroDivisionError("somebody's defect")
        return original(self, recording)

    tasks = tasks_of(label_studio, project)
    monkeypatch.setattr(LevelSegmenter, "segment", segment)
    answers = backend.predict(tasks, project)
    assert answers[0] == []
    assert answers[1]["result"]
    assert backend.metric("failed_tasks_total", reason="defect") == 1
    status, reason = backend.refused(tasks[:1], project)
    assert status == 500
    assert "somebody" not in reason


def test_many_configs_do_not_fill_the_memory(backend: Backend) -> None:
    for number in range(1, 1200):
        body = {"project": number, "schema": f"<View><!-- {number} --></View>"}
        backend.service._remember(number, body["schema"])  # type: ignore[arg-type]
    assert len(backend.service._configs) == 1000
