"""The backend of a blind study: it serves nothing that learned from raters, and learns nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kit.backend import CONFIG, add_project, job, running, store_level, tasks_of, work
from kit.blind_study import BlindStudy

from tslab.backend.settings import BackendSettings
from tslab.label_studio.foreign.config import read_config
from tslab.segmentation.models.store import ModelStore
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]
DOMAIN = read_config(CONFIG).domain
BLIND, OPEN = "{raters: 2, blind: true}", "{overlap: 2}"


@pytest.fixture
def study(
    label_studio: FakeLabelStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BlindStudy:
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.api_key)
    made = BlindStudy(tmp_path / "study", label_studio, BLIND)
    made.add("one")
    made.run("push")
    for task in made.project.tasks():
        made.annotate(made.of(1), task.id, "ann", (task.start + 10, task.start + 30))
    return made


def test_no_model_that_learned_serves_a_rater(
    study: BlindStudy, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the study's model, which learned from all raters, nor one of a rater's project."""
    # These models are names only: loading one ahead would find that out and refuse it.
    monkeypatch.setattr("tslab.backend.warming.Warming.project", lambda *_: None)
    own, other = study.of(1), study.of(2)
    given = settings(folder=study.root)
    store, domain = ModelStore(given.model_dir), study.project.domain
    whole = store_level(store, 0, domain, 3.0)
    mine = store_level(store, own, domain, 4.0)
    with running(given) as backend:
        for project in (own, other):
            tasks = [
                {"id": t["id"], "data": t["data"], "meta": t["meta"], "project": project}
                for t in study.tasks(project).values()
            ]
            versions = {
                a["model_version"] for a in backend.predict(tasks, project, label_config="")
            }
            assert versions == {"iot-rules 0.1"}
            said = backend.http.post("/setup", json={"project": str(project)}).json()
            assert said == {"model_version": "iot-rules 0.1"}
        study.set(OPEN)
        for project, version in ((own, mine), (other, whole)):
            said = backend.http.post("/setup", json={"project": str(project)}).json()
            assert said == {"model_version": version}, "in an open study they serve"


def test_nothing_is_learned_from_a_rater(study: BlindStudy, settings: Make) -> None:
    project = study.of(1)
    with running(settings(folder=study.root, train_every=1)) as backend:
        backend.send("ANNOTATION_CREATED", project)
        backend.send("START_TRAINING", project)
        backend.wait_for("trainings_total", outcome="blind")
        backend.wait_until_idle()
        assert ModelStore(backend.service.settings.model_dir).projects() == []


def test_a_training_that_begins_before_the_project_is_known_learns_nothing(
    study: BlindStudy, label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = study.of(1)
    (study.root / ".tslab" / "label-studio-projects.json").unlink()
    last, _ = work(job(label_studio, project, tmp_path, folder=str(study.root)))
    assert last.outcome == "blind"
    assert ModelStore(tmp_path / "models").projects() == []
    study.set(OPEN)
    last, _ = work(job(label_studio, project, tmp_path, folder=str(study.root)))
    assert last.outcome in ("promoted", "not better")


@pytest.mark.usefixtures("level")
def test_tasks_that_the_folder_has_lost_are_not_predicted_by_what_learned(
    study: BlindStudy, settings: Make, label_studio: FakeLabelStudio
) -> None:
    """They are read as those of foreign projects are, which may have the study's own model."""
    project = add_project(label_studio, 1, 0)
    given = settings(folder=study.root)
    version = store_level(ModelStore(given.model_dir), 0, DOMAIN, 2.5)
    tasks = tasks_of(label_studio, project)
    with running(given) as backend:
        for review, serves in ((BLIND, "untrained"), (OPEN, version)):
            study.set(review)
            (answer,) = backend.predict(tasks, project)
            assert answer["model_version"] == serves
            said = backend.http.post("/setup", json={"project": str(project), "schema": CONFIG})
            assert said.json() == {"model_version": serves}


@pytest.mark.usefixtures("level")
def test_while_a_study_is_blind_nothing_is_learned_from_lost_tasks_either(
    study: BlindStudy, label_studio: FakeLabelStudio, tmp_path: Path
) -> None:
    project = add_project(label_studio, 2, 2)
    last, _ = work(job(label_studio, project, tmp_path, folder=str(study.root)))
    assert last.outcome == "blind"
    study.set(OPEN)
    last, _ = work(job(label_studio, project, tmp_path, folder=str(study.root)))
    assert last.outcome == "promoted"
