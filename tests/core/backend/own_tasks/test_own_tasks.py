"""Tasks of a project folder: found by their meta, segmented whole, cut as `tslab predict` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.backend import CONFIG, Backend, LevelSegmenter, running, store_level
from kit.own_tasks import pushed
from kit.studies import change_settings

from tslab.backend.settings import BackendSettings
from tslab.cli import run
from tslab.label_studio.predictions import load_predictions
from tslab.label_studio.task_groups import group_config, task_groups
from tslab.project import Project
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]


def test_the_domains_own_segmenter_serves_first(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    answers = backend.predict(pushed(project), 24)
    assert len(answers) == len(project.tasks()) == 8
    versions = {answer["model_version"] for answer in answers}
    assert len(versions) == 1
    assert versions.pop().startswith("iot-rules ")
    assert backend.metric("failed_tasks_total") == 0
    schema = group_config(project, task_groups(project.tasks())[0])
    for body in ({"project": "31.1", "schema": schema}, {"project": "32.1"}):
        name = backend.http.post("/setup", json=body).json()["model_version"]
        assert name == answers[0]["model_version"]
    body = {"project": "33.1", "schema": CONFIG}
    assert backend.http.post("/setup", json=body).json()["model_version"] == "untrained"


def test_answers_are_those_of_tslab_predict(backend: Backend, folder: Path) -> None:
    assert run(["predict", "--project", str(folder), "--quiet"]) == 0
    project = Project.open(folder)
    [(version, known)] = load_predictions(project).items()
    for document, answer in zip(pushed(project), backend.predict(pushed(project), 24), strict=True):
        wanted = known[document["data"]["task"]]
        assert answer["model_version"] == version
        assert answer["result"] == list(wanted.result)
        if wanted.score is not None:
            assert answer["score"] == wanted.score


def test_a_recording_is_segmented_once_for_all_of_its_windows(
    backend: Backend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.open(folder)
    domain = project.domain
    version = store_level(backend.service.store, 31, domain, 22.0)
    spec = backend.service.study.subject.specs["learning"]  # type: ignore[union-attr]
    seen: list[str] = []
    original = LevelSegmenter.segment

    def segment(self: LevelSegmenter, recording: Any) -> Any:
        seen.append(recording.id)
        return original(self, recording)

    monkeypatch.setattr(LevelSegmenter, "segment", segment)
    monkeypatch.setitem(
        backend.service.study.subject.specs,  # type: ignore[union-attr,arg-type]
        "learning",
        type(spec)("learning", "", LevelSegmenter, True),
    )
    for document in pushed(project, 31):
        [answer] = backend.predict([document], 31)
        assert answer["model_version"] == version
    backend.predict(pushed(project, 31), 31)
    assert sorted(seen) == sorted(project.entries())


def test_regions_fit_the_window_and_parts_share_a_stem(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    answers = backend.predict(pushed(project), 24)
    regions = [region for answer in answers for region in answer["result"]]
    ids = [region["id"] for region in regions if region["type"] == "timeserieslabels"]
    assert ids
    assert len(ids) == len(set(ids))
    assert any("~" in name for name in ids)  # the step crosses a window's border


def test_tasks_of_other_folders_are_read_like_foreign_ones(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    good = pushed(project)[0]
    stranger = {**good, "data": {**good["data"], "recording": "rec-stranger"}}
    damaged = {**good, "meta": {"tslab": 1}}
    other_view = {**good, "meta": {**good["meta"], "view": "gone"}}
    answers = backend.predict([stranger, damaged, good, other_view], 24)
    versions = [answer["model_version"] for answer in answers]
    assert versions == ["untrained", "untrained", "iot-rules 0.1", "untrained"]


def test_a_task_without_meta_is_known_by_its_file(backend: Backend, folder: Path) -> None:
    """What /setup calls the model of a config is who predicts, whatever the request leaves out."""
    project = Project.open(folder)
    schema = group_config(project, task_groups(project.tasks())[0])
    whole = next(
        d
        for d, a in zip(pushed(project), backend.predict(pushed(project), 24), strict=True)
        if a["result"]
    )
    [wanted] = backend.predict([whole], 24)
    name = whole["data"]["csv"]
    said = backend.http.post("/setup", json={"project": "24", "schema": schema}).json()
    for address in (name, f"/data/local-files/?d=somewhere/{name}"):
        bare = {"id": whole["id"], "data": {"csv": address}}
        [answer] = backend.predict([bare], 24, label_config=schema)
        assert answer == wanted
        assert said == {"model_version": answer["model_version"]}
        for meta in (None, {}, "x", [1]):
            assert backend.predict([{**bare, "meta": meta}], 24, label_config=schema) == [wanted]
        [other] = backend.predict([bare], 24)  # another config
        assert other["model_version"] == "untrained"


def test_a_recording_whose_source_is_gone_spoils_its_own_tasks_only(
    backend: Backend, folder: Path
) -> None:
    project = Project.open(folder)
    documents = pushed(project)
    key = min(project.entries())
    source = Path(project.entries()[key].path)
    source.rename(source.with_suffix(".away"))
    try:
        answers = backend.predict(documents, 24, label_config="")
    finally:
        source.with_suffix(".away").rename(source)
    for document, answer in zip(documents, answers, strict=True):
        gone = document["data"]["recording"] == key
        assert gone == (answer == []), document["data"]
        assert gone or answer["model_version"] == "iot-rules 0.1"
    assert backend.metric("failed_tasks_total", reason="data") == len(documents) / 2


def test_a_window_that_was_cut_anew_is_predicted_as_it_was_pushed(
    backend: Backend, folder: Path
) -> None:
    project = Project.open(folder)
    document = pushed(project)[1]
    meta = {**document["meta"], "start": 120.0, "start_us": 120_000_000}
    [answer] = backend.predict([{**document, "meta": meta}], 24)
    assert answer["model_version"].startswith("iot-rules ")
    assert backend.metric("failed_tasks_total") == 0


def test_interactive_requests_stay_in_their_window(backend: Backend, folder: Path) -> None:
    project = Project.open(folder)
    documents = pushed(project)
    answers = backend.predict(documents, 24)
    number = next(i for i, answer in enumerate(answers) if answer["result"])
    drawn = answers[number]["result"][:1]
    [answer] = backend.predict([documents[number]], 24, context={"result": drawn})
    task = project.tasks()[number]
    for region in answer["result"]:
        seconds = (float(region["value"]["start"]) - task.axis_offset) * task.tick_us / 1e6
        assert task.start - 1 <= seconds <= task.end + 1


def test_changes_of_the_folder_are_seen(backend: Backend, folder: Path) -> None:
    study = backend.service.study
    assert study is not None
    before = study.subject
    assert study.subject is before
    change_settings(folder, "title: Another name")
    assert study.subject is not before
    assert study.project.title == "Another name"


def test_a_folder_without_label_studio_still_predicts(folder: Path, settings: Make) -> None:
    with running(settings(folder=folder, url="", api_key="")) as backend:
        answers = backend.predict(pushed(Project.open(folder))[:1], 24)
        assert answers[0]["model_version"].startswith("iot-rules ")


def test_a_foreign_project_beside_the_folder_is_served_too(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    from kit.backend import add_project, tasks_of

    project = add_project(label_studio, 1, 0)
    [answer] = backend.predict(tasks_of(label_studio, project), project)
    assert answer["model_version"] == "untrained"
