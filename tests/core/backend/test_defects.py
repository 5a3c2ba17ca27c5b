"""Defects of the reference backend that show at its service; each must not be one of ours.

The number of a test is that of the list in `facts/segmenter.md`, section 2. What belongs to reading
foreign data and to learning is tested beside those modules.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.backend import (
    CONFIG,
    SPEC,
    LevelSegmenter,
    add_project,
    annotate,
    running,
    series,
    store_level,
    tasks_of,
)

from tslab.backend.settings import BackendSettings, Flags
from tslab.label_studio.foreign.config import read_config
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]
DOMAIN = read_config(CONFIG).domain


def add_task(fake: FakeLabelStudio, project: int, content: bytes) -> dict[str, Any]:
    """A task of a file with this content, as /predict gets it."""
    path = f"/data/upload/{project}/x{len(fake.files)}.csv"
    fake.files[path] = content
    task = fake.add("tasks", project=project, data={"csv": path}, meta={})
    return {"id": task["id"], "data": task["data"], "meta": {}, "project": project}


@pytest.mark.parametrize("given", [".", "models", "./deep/er"])
def test_defect_01_relative_model_folders_work(
    given: str,
    settings: Make,
    level: None,
    label_studio: FakeLabelStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = BackendSettings.read(Flags(model_dir=given), {}).model_dir
    project = add_project(label_studio, 1, 0)
    with running(settings(model_dir=folder)) as backend:
        version = store_level(backend.service.store, project, DOMAIN, 2.5)
        monkeypatch.chdir(os.sep)  # somebody else in the process may do that
        [answer] = backend.predict(tasks_of(label_studio, project), project)
        assert answer["model_version"] == version
    assert (tmp_path / given / f"project_{project}" / "CURRENT").is_file()


def test_defect_02_the_train_button_carries_no_annotation(settings: Make) -> None:
    with running(settings(api_key="")) as backend:
        for body in (
            {"action": "START_TRAINING", "project": {"id": 24, "title": "x"}},
            {"action": "START_TRAINING", "project": 24},
        ):
            assert backend.http.post("/webhook", json=body).status_code == 201
        backend.wait_for("trainings_total", outcome="label studio")


def test_defect_03_nothing_is_served_before_a_training(
    settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    with running(settings()) as backend:
        [answer] = backend.predict(tasks_of(label_studio, project), project)
        assert answer == {"result": [], "score": 0.0, "model_version": "untrained"}


def test_defect_03_the_project_of_the_request_counts(
    settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    [task] = tasks_of(label_studio, project)
    del task["project"]
    with running(settings()) as backend:
        version = store_level(backend.service.store, project, DOMAIN, 2.5)
        store_level(backend.service.store, 0, DOMAIN, 1.0)
        assert backend.predict([task], project)[0]["model_version"] == version


def test_defect_04_a_training_does_not_disturb_the_model_that_serves(
    settings: Make, label_studio: FakeLabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a fit runs, one task gets one answer; after a failed one too."""
    fitting, go_on = threading.Event(), threading.Event()

    class Fitting(LevelSegmenter):
        def fit(self, examples: Any, progress: Any) -> Any:
            self.level = -1000.0  # half trained: everything is an event
            fitting.set()
            go_on.wait(20)
            raise RuntimeError("the fit fails")

    spec = type(SPEC)("learning", "", Fitting, True)
    monkeypatch.setattr("tslab.backend.foreign_tasks.SPECS", (spec,))
    project = add_project(label_studio, 3, 2)
    [*_, task] = tasks_of(label_studio, project)
    with running(settings()) as backend:
        store_level(backend.service.store, project, DOMAIN, 2.5)
        before = backend.predict([task], project)

        def train() -> None:
            spec.create(DOMAIN).fit([], lambda *_: None)  # type: ignore[attr-defined]

        failures: list[BaseException] = []
        monkeypatch.setattr(threading, "excepthook", lambda args: failures.append(args.exc_value))
        thread = threading.Thread(target=train)
        thread.start()
        assert fitting.wait(20)
        during = [backend.predict([task], project) for _ in range(5)]
        go_on.set()
        thread.join()
        assert [str(error) for error in failures] == ["the fit fails"]
        assert [*during, backend.predict([task], project)] == [before] * 6


def test_defect_05_a_missing_cell_voids_one_row(
    settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 0, 0)
    content, truth = series(0)
    lines = content.decode().splitlines()
    hole = 1 + int(100 * (truth[1][0] + 1.0))  # in the middle of a step
    lines[hole] = lines[hole].split(",")[0] + ","
    whole = add_task(label_studio, project, content)
    holed = add_task(label_studio, project, "\n".join(lines).encode())
    with running(settings()) as backend:
        store_level(backend.service.store, project, DOMAIN, 2.0)
        first, second = backend.predict([whole, holed], project)
        assert backend.metric("failed_tasks_total") == 0
        covered = [
            sum(r["value"]["end"] - r["value"]["start"] for r in answer["result"])
            for answer in (first, second)
        ]
        assert covered[1] > covered[0] - 0.1


BAD = {
    "missing channel": b"time,b\n0,1\n1,2\n",
    "missing time": b"when,a\n0,1\n1,2\n",
    "header only": b"time,a\n",
    "empty": b"",
    "bytes": bytes(range(256)) * 10,
    "html": b"<html><body>Sign in</body></html>",
    "text times": b"time,a\nsoon,1\nlater,2\n",
}


@pytest.mark.parametrize("name", BAD)
def test_defect_06_a_bad_task_does_not_spoil_the_others(
    name: str, settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 2, 0)
    good = tasks_of(label_studio, project)
    bad = add_task(label_studio, project, BAD[name])
    gone = {**bad, "data": {"csv": "/data/upload/nowhere.csv"}}
    with running(settings()) as backend:
        store_level(backend.service.store, project, DOMAIN, 2.5)
        answers = backend.predict([good[0], bad, gone, good[1]], project)
        assert len(answers) == 4
        assert answers[0]["result"]
        assert answers[3]["result"]
        assert answers[2] == []  # Label Studio stores nothing, and asks again
        assert answers[1] == []
        assert backend.metric("failed_tasks_total", reason="data") == 1
        assert backend.metric("failed_tasks_total", reason="defect") == 0
        assert backend.metric("failed_tasks_total", reason="unreachable") == 1


@pytest.mark.parametrize("text", ["time;a\n0;1\n1;9\n2;9\n3;1\n", "time,a\n0,1\n1,x\n2,9\n3,9\n"])
def test_defect_06_other_separators_and_text_cells_are_no_failure(
    text: str, settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 0, 0)
    task = add_task(label_studio, project, text.encode())
    config = CONFIG.replace("<TimeSeries ", '<TimeSeries sep=";" ') if ";" in text else CONFIG
    with running(settings()) as backend:
        store_level(backend.service.store, project, DOMAIN, 5.0)
        [answer] = backend.predict([task], project, label_config=config)
        assert answer["result"]
        assert backend.metric("failed_tasks_total") == 0


@pytest.mark.parametrize("rows", [1, 2, 3, 16])
def test_defect_07_short_series_are_no_failure(
    rows: int, settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 0, 0)
    text = "time,a\n" + "".join(f"{i},9\n" for i in range(rows))
    task = add_task(label_studio, project, text.encode())
    with running(settings()) as backend:
        store_level(backend.service.store, project, DOMAIN, 5.0)
        [answer] = backend.predict([task], project)
        assert backend.metric("failed_tasks_total") == 0
        assert len(answer["result"]) == 1


def test_defect_13_labels_are_known_by_name_not_by_place(
    settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    swapped = CONFIG.replace(
        '<Label value="Run"/><Label value="Walk"/>', '<Label value="Walk"/><Label value="Run"/>'
    )
    assert swapped != CONFIG
    project = add_project(label_studio, 1, 0)
    tasks = tasks_of(label_studio, project)
    with running(settings()) as backend:
        store_level(backend.service.store, project, DOMAIN, 2.5, "Run")
        for config in (CONFIG, swapped):
            [answer] = backend.predict(tasks, project, label_config=config)
            assert {r["value"]["timeserieslabels"][0] for r in answer["result"]} == {"Run"}
        without = CONFIG.replace('<Label value="Run"/>', "")
        [answer] = backend.predict(tasks, project, label_config=without)
        assert answer["result"] == []
        more = CONFIG.replace("</TimeSeries>", '<Channel column="b"/></TimeSeries>')
        assert backend.predict(tasks, project, label_config=more)[0]["result"]
        assert backend.metric("failed_tasks_total") == 0


def test_defect_15_the_model_version_changes_with_the_model(
    settings: Make, level: None, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    tasks = tasks_of(label_studio, project)
    with running(settings()) as backend:
        seen = []
        for value in (1.0, 2.0, 2.5):
            store_level(backend.service.store, project, DOMAIN, value)
            body = {"project": str(project), "schema": CONFIG}
            named = backend.http.post("/setup", json=body).json()["model_version"]
            [answer] = backend.predict(tasks, project)
            assert answer["model_version"] == named
            seen.append(named)
        assert len(set(seen)) == 3


def test_defect_17_both_kinds_of_token_work(settings: Make, level: None) -> None:
    for key in ("legacy-token", "head.body.signature"):
        with FakeLabelStudio(api_key="legacy-token") as fake:
            project = add_project(fake, 1, 0)
            with running(settings(url=fake.url, api_key=key)) as backend:
                store_level(backend.service.store, project, DOMAIN, 2.5)
                [answer] = backend.predict(tasks_of(fake, project), project)
                assert answer["result"], key
            sent = fake.requests[-1].headers["authorization"]
            assert sent.split()[0] == ("Token" if key == "legacy-token" else "Bearer")


def test_defect_20_webhooks_are_answered_at_once_and_one_training_runs(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 2, 2)
    with running(settings(quiet_seconds=60.0, longest_wait_seconds=60.0)) as backend:
        for _ in range(50):
            answer = backend.send("ANNOTATION_CREATED", project)
            assert answer.elapsed.total_seconds() < 1.0  # all that Label Studio gives a webhook
        assert backend.service.queue.waiting() == 1
        assert backend.metric("webhooks_total", result="queued") == 50


def test_defect_20_unreviewed_time_is_no_background(
    label_studio: FakeLabelStudio, settings: Make
) -> None:
    """A task without annotations is not read at all, let alone learned as background."""
    from tslab.backend.gathering import gather
    from tslab.backend.link import Link

    project = add_project(label_studio, 3, 1)
    annotate(label_studio, project, tasks_of(label_studio, project)[1]["id"], series(1)[1])
    link = Link(settings())
    with link.client() as client:
        found = gather(client, project, None, link.fetcher(), lambda *_: None)
    assert len(found.annotations) == 2
    assert [len(a.spans) for a in found.annotations] == [2, 2]
