"""Questions are answered without the model, which is loaded meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from kit.backend import CONFIG, LevelSegmenter, add_project, running, store_level

from tslab.backend.link import Link
from tslab.backend.settings import BackendSettings
from tslab.backend.warming import config_of
from tslab.contracts import SegmenterSpec
from tslab.domain import Domain
from tslab.errors import ServerError
from tslab.label_studio.foreign.config import read_config
from tslab.segmentation.models.store import ModelStore
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]
DOMAIN = read_config(CONFIG).domain
GATE = 60  # seconds; the model is not there before the test opens the gate
ANSWER = 30  # seconds; who waited for the model would not be answered by then


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Segmenters are made as slowly as those that import torch: when the test says so."""
    opened = threading.Event()

    def create(domain: Domain) -> LevelSegmenter:
        assert opened.wait(GATE)
        return LevelSegmenter(domain)

    spec = SegmenterSpec("learning", "slow", create, True)
    monkeypatch.setattr("tslab.backend.foreign_tasks.SPECS", (spec,))
    yield opened
    opened.set()


def test_setup_and_versions_do_not_wait_for_the_model(
    gate: threading.Event, settings: Make, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    with running(settings(predict_threads=1)) as backend:
        version = store_level(backend.service.store, project, DOMAIN, 1.0)
        body = {"project": project, "schema": CONFIG}
        for _ in range(2):  # the second one finds the model being loaded
            answer = backend.http.post("/setup", json=body, timeout=ANSWER)
            assert answer.json() == {"model_version": version}
        answer = backend.http.get(f"/versions?project={project}", timeout=ANSWER)
        assert answer.json() == {"versions": [version]}
        assert backend.http.get("/health", timeout=ANSWER).json()["status"] == "UP"
        assert backend.metric("models_loaded") == 0
        gate.set()
        backend.wait_for("models_loaded")  # nobody asked for a prediction


def test_many_setups_do_not_fill_the_memory(
    gate: threading.Event, settings: Make, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    with running(settings(models_in_memory=2)) as backend:
        store_level(backend.service.store, project, DOMAIN, 1.0)
        for number in range(20):
            backend.service.warming.project(project, f"<View><!-- {number} --></View>")
            backend.service.warming.project(project, CONFIG)
        assert backend.service.warming._thread._work_queue.qsize() <= 2
        gate.set()
        backend.wait_for("models_loaded")


def test_models_are_loaded_after_the_start(
    gate: threading.Event, settings: Make, label_studio: FakeLabelStudio
) -> None:
    given = settings()
    for number in range(2):
        project = add_project(label_studio, 1, 0)
        store_level(ModelStore(given.model_dir), project, DOMAIN, 1.0 + number)
    with running(given) as backend:
        assert backend.http.get("/health", timeout=ANSWER).status_code == 200
        gate.set()
        backend.wait_for("models_loaded", 2)


def test_a_start_without_label_studio_says_that_it_loads_later(
    settings: Make, level: None, caplog: pytest.LogCaptureFixture
) -> None:
    given = settings(url="", api_key="")
    store_level(ModelStore(given.model_dir), 24, DOMAIN, 1.0)
    with caplog.at_level(logging.INFO, "tslab.backend"), running(given) as backend:
        backend.service.warming._thread.submit(int).result(10)
    assert "project 24: its model is loaded when somebody asks" in caplog.text


def test_a_config_is_looked_up(settings: Make, label_studio: FakeLabelStudio) -> None:
    project = add_project(label_studio, 0, 0)
    link = Link(settings())
    assert config_of(link, project) == CONFIG
    with pytest.raises(ServerError, match="answers 404"):
        config_of(link, project + 1)
