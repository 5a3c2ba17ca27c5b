"""The backend of a blind study: it serves nothing that learned from raters, and learns nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kit.backend import job, running, store_level, work
from kit.blind_study import BlindStudy

from tslab.backend.settings import BackendSettings
from tslab.backend.study import Study
from tslab.segmentation.models.store import ModelStore
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]
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


def test_projects_that_a_study_left_alone_are_blind_too(study: BlindStudy) -> None:
    known = {study.of(1), study.of(2)}
    study.set("{raters: 1, blind: true}")
    study.run("push")
    found = Study(study.root)
    assert all(found.is_blind(project) for project in known)
    assert not found.is_blind(999)
    study.set(OPEN)
    assert not any(found.is_blind(project) for project in known)
