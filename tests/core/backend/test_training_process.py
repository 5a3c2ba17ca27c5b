"""The whole loop with real worker processes: webhook, training, new model, new predictions."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from kit.backend import add_project, annotate, running, series, tasks_of

from tslab.backend.settings import BackendSettings
from tslab.segmentation.models.store import ModelStore
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]


def workers() -> list[psutil.Process]:
    """Worker processes that this one has started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "tslab.backend.worker" in process.cmdline():
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_until(condition: Callable[[], object], seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
    return found


@pytest.mark.slow
def test_annotations_lead_to_a_model_that_serves(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    project, other = add_project(label_studio, 5, 3), add_project(label_studio, 2, 0)
    tasks = tasks_of(label_studio, project)
    with running(settings(refresh=5)) as backend:
        assert backend.predict(tasks[4:], project)[0]["model_version"] == "untrained"
        for _ in range(500):
            assert backend.send("ANNOTATION_CREATED", project).status_code == 201
        backend.wait_for("trainings_total", outcome="promoted")
        backend.wait_until_idle()
        assert backend.metric("training_seconds_count") <= 10
        assert backend.metric("trainings_total", outcome="promoted") == 1
        assert backend.metric("promotions_total") == 1
        assert backend.metric("refreshed_tasks_total") == 2
        [answer] = backend.predict(tasks[4:], project)
        truth = series(4)[1]
        found = [
            (r["value"]["start"], r["value"]["end"], r["value"]["timeserieslabels"][0])
            for r in answer["result"]
        ]
        assert [label for _, _, label in found] == [label for _, _, label in truth]
        for (start, end, _), (first, last, _) in zip(found, truth, strict=True):
            assert abs(start - first) < 0.3
            assert abs(end - last) < 0.3
        version = answer["model_version"]
        assert version.startswith("learning ")
        # Two projects never share anything.
        stranger = backend.predict(tasks_of(label_studio, other), other)
        assert {item["model_version"] for item in stranger} == {"untrained"}
        assert backend.service.store.projects() == [project]
        # The button does not train what is known already, and strangers' numbers lead nowhere.
        assert backend.send("START_TRAINING", project).status_code == 201
        backend.wait_for("trainings_total", outcome="unchanged")
        backend.send("START_TRAINING", 4711)
        backend.wait_for("trainings_total", outcome="unknown project")
        assert backend.service.store.projects() == [project]
        # More annotations, another model.
        annotate(label_studio, project, tasks[3]["id"], series(3)[1])
        # Late ones of the 500 may have asked for a training, too: how many there were is not said.
        backend.wait_until_idle()
        backend.send("ANNOTATION_UPDATED", project)
        backend.wait_until_idle()
        assert len(backend.service.store.cards(project)) == 2
    assert workers() == []


@pytest.mark.slow
def test_a_killed_worker_leaves_the_last_good_model(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 4, 3)
    tasks = tasks_of(label_studio, project)
    with running(settings(refresh=0)) as backend:
        backend.send("ANNOTATION_CREATED", project)
        backend.wait_for("trainings_total", outcome="promoted")
        version = backend.predict(tasks[3:], project)[0]["model_version"]
        annotate(label_studio, project, tasks[3]["id"], series(3)[1])
        backend.send("ANNOTATION_CREATED", project)
        process = wait_until(workers)[0]
        assert process.nice() >= 0
        os.kill(process.pid, signal.SIGKILL)
        backend.wait_for("trainings_total", outcome="failed")
        assert backend.predict(tasks[3:], project)[0]["model_version"] == version
        # It is not the end of training.
        backend.send("START_TRAINING", project)
        backend.wait_for("training_seconds_count", 3)
        assert len(backend.service.store.cards(project)) == 2


@pytest.mark.slow
def test_a_stopped_backend_takes_its_worker_with_it(
    settings: Make, label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 3, 3)
    label_studio.hang_seconds = 20
    label_studio.fail("/api/projects/.*/export", "timeout")
    with running(settings()) as backend:
        backend.send("START_TRAINING", project)
        wait_until(workers)
    assert workers() == []
    assert ModelStore(tmp_path / "models").projects() == []


@pytest.mark.slow
def test_a_training_that_takes_too_long_is_ended(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 3, 3)
    label_studio.hang_seconds = 20
    label_studio.fail("/api/projects/.*/export", "timeout")
    with running(settings(train_seconds=3.0)) as backend:
        backend.send("START_TRAINING", project)
        backend.wait_for("trainings_total", outcome="timeout")
        assert workers() == []


@pytest.mark.slow
def test_leftovers_of_a_crash_are_removed_at_the_start(settings: Make, tmp_path: Path) -> None:
    part = tmp_path / "models" / "project_24" / ".part-0123456789ab"
    part.mkdir(parents=True)
    (part / "half.npz").write_bytes(b"x")
    with running(settings()):
        assert not part.exists()


def test_label_studio_that_does_not_answer_costs_no_training(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 1)
    label_studio.fail("/api/projects", 500)
    with running(settings()) as backend:
        backend.send("START_TRAINING", project)
        backend.wait_for("trainings_total", outcome="label studio")
        assert backend.http.get("/health").status_code == 200


def test_strangers_numbers_cost_one_request_for_all(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    add_project(label_studio, 1, 1)
    with running(settings()) as backend:
        for number in range(1000, 1100):
            backend.send("START_TRAINING", number)
        backend.wait_for("trainings_total", 100, outcome="unknown project")
        asked = [r.path for r in label_studio.requests if r.path == "/api/projects"]
        assert len(asked) <= 3
        assert backend.service.store.projects() == []


def test_a_backend_without_a_key_says_so_and_goes_on(settings: Make) -> None:
    with running(settings(api_key="")) as backend:
        backend.send("START_TRAINING", 24)
        backend.wait_for("trainings_total", outcome="label studio")
        assert backend.predict([], 24) == []
