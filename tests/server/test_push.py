"""Push against a real server: complete, idempotent, careful with labels, safe to kill."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from kit.counting_proxy import CountingProxy
from kit.studies import TSLAB, Study, environment, give_database, make_study

from tslab.label_studio.client import Client
from tslab.label_studio.connection import connection
from tslab.progress.activity import load_activity

pytestmark = pytest.mark.server

KILLS = 20
TASK_SECONDS = 1.5


@pytest.fixture(scope="module")
def study(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Three ECGs cut so finely that a push needs several imports."""
    made = make_study(tmp_path_factory.mktemp("push"), "ecg", "rhythm")
    give_database(made.server, migrated)
    made.run("up")
    yield made
    made.run("down")


@pytest.fixture
def clean(study: Study) -> Study:
    """The study as it was before its first push."""
    forget(study)
    return study


def forget(study: Study) -> None:
    with study.http() as client:
        for project in study.projects():
            assert client.delete(f"/api/projects/{project['id']}").status_code == 204
    for name in ("identity", "label-studio-projects.json", "push.pending"):
        (study.root / ".tslab" / name).unlink(missing_ok=True)


def edit(study: Study, old: str, new: str) -> None:
    path = study.root / "tslab.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def writes_of_a_push(study: Study) -> list[str]:
    """What a push sends besides GET, counted by a proxy between us and the server."""
    direct = connection(study.project)
    with CountingProxy(study.url) as proxy:
        detour = replace(direct, url=f"http://127.0.0.1:{proxy.port}")
        with mock.patch("tslab.label_studio.connection.connection", return_value=detour):
            study.run("push")
        assert proxy.methods["GET"] > 3
        return proxy.writes


def test_dry_run_then_push_then_nothing(clean: Study, capsys: pytest.CaptureFixture[str]) -> None:
    clean.run("push", "--dry-run", "--json")
    planned = json.loads(capsys.readouterr().out)
    assert planned["dry_run"]
    assert clean.projects() == []
    clean.run("push", "--json")
    done = json.loads(capsys.readouterr().out)
    assert done["changes"] == planned["changes"]
    tasks = len(clean.project.tasks())
    expected = {
        "projects": 1,
        "tasks": tasks,
        "predictions": tasks,
        "storages": 1,
        "views": 2,
        "ml": 1,
    }
    assert clean.counts() == expected
    assert writes_of_a_push(clean) == []
    assert clean.counts() == expected


def test_project_is_set_up_for_annotators(clean: Study) -> None:
    guide = clean.root / "GUIDE.md"
    guide.write_text("# Rhythm\n\n- **first** the heart rate\n- <script>x</script>\n")
    edit(clean, "# guidelines: GUIDE.md", "guidelines: GUIDE.md")
    edit(clean, "overlap: 1", "overlap: 2")
    edit(clean, "percentage: 100", "percentage: 50")
    try:
        clean.run("push")
        found = clean.get(f"/api/projects/{clean.projects()[0]['id']}")
    finally:
        edit(clean, "guidelines: GUIDE.md", "# guidelines: GUIDE.md")
        edit(clean, "overlap: 2", "overlap: 1")
        edit(clean, "percentage: 50", "percentage: 100")
    assert "<b>first</b>" in found["expert_instruction"]
    assert "<script>" not in found["expert_instruction"]
    assert found["show_instruction"]
    assert (found["maximum_annotations"], found["overlap_cohort_percentage"]) == (2, 50)
    assert found["show_overlap_first"]
    assert found["model_version"] == "ecg-rules 0.1"
    views = clean.get("/api/dm/views", project=found["id"])
    assert [view["data"]["title"] for view in views] == ["All tasks", "Least certain first"]
    ordering = clean.get("/api/tasks", project=found["id"], view=views[1]["id"], include="id")
    assert ordering["total"] == len(clean.project.tasks())


def test_a_task_stays_in_the_tab_until_all_its_annotators_are_done(clean: Study) -> None:
    edit(clean, "overlap: 1", "overlap: 2")
    try:
        clean.run("push")
    finally:
        edit(clean, "overlap: 2", "overlap: 1")
    project = clean.projects()[0]["id"]
    _, tab = clean.get("/api/dm/views", project=project)

    def left() -> list[int]:
        found = clean.get("/api/tasks", project=project, view=tab["id"], include="id,is_labeled")
        return [task["id"] for task in found["tasks"]]

    given = connection(clean.project)
    first = left()[0]
    assert len(left()) == len(clean.project.tasks())
    clean.run("users", "add", "second@example.com")
    with Client(given.url, given.api_key) as client:
        second = max(client.users())
        for author, finished in ((1, False), (second, True)):
            client.create_annotation(first, {"result": [], "completed_by": author})
            assert (first not in left()) == finished
            labelled = {task["id"]: task["is_labeled"] for task in client.tasks(project)}
            assert labelled[first] == finished
            assert sum(labelled.values()) == finished


def test_changes_follow(clean: Study, tmp_path: Path) -> None:
    clean.run("push")
    table = tmp_path / "model.csv"
    rows = [f"{name},1.0,3.5,AFIB,rhythm,0.8" for name in clean.project.entries()]
    table.write_text("recording,start,end,label,tier,score\n" + "\n".join(rows) + "\n")
    clean.run("predict", "--from", str(table), "--model-version", "other 1")
    tasks = len(clean.project.tasks())
    clean.run("push")
    assert clean.counts()["predictions"] == 2 * tasks
    project = clean.projects()[0]["id"]
    assert clean.get(f"/api/projects/{project}")["model_version"] == "other 1"
    table.write_text(table.read_text().replace("3.5", "3.0"))
    clean.run("predict", "--from", str(table), "--model-version", "other 1")
    clean.run("push")
    assert clean.counts()["predictions"] == 2 * tasks
    ends = {
        result["value"]["end"]
        for item in clean.get("/api/predictions/", project=project)
        if item["model_version"] == "other 1"
        for result in item["result"]
    }
    assert ends == {str(978_307_200_000 + 3000)}
    assert writes_of_a_push(clean) == []
    next((clean.root / "predictions").glob("other-1.json")).unlink()
    clean.run("predict")


def annotate(study: Study, name: str, label: str) -> None:
    project = study.projects()[0]["id"]
    task = study.server_tasks(project)[name]["id"]
    value = {"start": "978307201000", "end": "978307203000", "instant": False}
    result = {
        "id": "abc",
        "from_name": "rhythm",
        "to_name": "ts",
        "type": "timeserieslabels",
        "value": {**value, "timeserieslabels": [label]},
    }
    with study.http() as client:
        answer = client.post(f"/api/tasks/{task}/annotations/", json={"result": [result]})
        assert answer.status_code == 201


def test_label_in_use_is_not_dropped(clean: Study, capsys: pytest.CaptureFixture[str]) -> None:
    clean.run("push")
    first = clean.project.tasks()[0].id
    annotate(clean, first, "AFL")
    edit(clean, "# labels:", "labels: {rhythm: {remove: [AFL]}}\n# labels:")
    before = clean.get(f"/api/projects/{clean.projects()[0]['id']}")["label_config"]
    capsys.readouterr()
    try:
        clean.run("push", expect=4)
    finally:
        edit(clean, "labels: {rhythm: {remove: [AFL]}}\n# labels:", "# labels:")
    error = capsys.readouterr().err.strip()
    assert "'AFL' of 'rhythm' (1 region)" in error
    assert "\n" not in error
    assert clean.get(f"/api/projects/{clean.projects()[0]['id']}")["label_config"] == before


def test_annotated_task_is_neither_removed_nor_cut_anew(clean: Study, capsys: Any) -> None:
    clean.run("push")
    first = clean.project.tasks()[0]
    annotate(clean, first.id, "AFIB")
    tasks = (clean.root / "tasks.json").read_text()
    document = json.loads(tasks)
    for item in document:
        item["meta"]["end_us"] -= 1_000_000
        item["meta"]["end"] -= 1.0
    document.append(json.loads(json.dumps(document[-1]).replace("0001", "0002")))
    (clean.root / "tasks.json").write_text(json.dumps(document))
    (clean.root / clean.project.tasks()[-1].csv).write_text("time,ii,v5,hr\n0,1,1,1\n1,1,1,1\n")
    clean.run("pull", expect=(0, 1))
    before = clean.counts()
    capsys.readouterr()
    try:
        clean.run("push", expect=4)
        assert "was cut differently" in capsys.readouterr().err
        assert clean.counts() == before, "a refused push changed the server"
        clean.run("pull", expect=(0, 1))
        spans = [s for a in clean.project.annotations_list() for s in a.spans]
        assert [(s.label, s.start, s.end) for s in spans] == [("AFIB", 1.0, 3.0)]
        left = [item for item in json.loads(tasks) if item["data"]["task"] != first.id]
        (clean.root / "tasks.json").write_text(json.dumps(left))
        clean.run("push")
        assert "stays: it has annotations" in capsys.readouterr().err
    finally:
        (clean.root / "tasks.json").write_text(tasks)
        for path in (clean.root / "tasks").rglob("*-0002.csv"):
            path.unlink()
    assert first.id in clean.server_tasks(clean.projects()[0]["id"])


def test_pull_tells_drafts_and_what_an_annotation_began_from(clean: Study) -> None:
    clean.run("push")
    accepted, cleared, begun = clean.project.tasks()[:3]
    tasks = clean.server_tasks(clean.projects()[0]["id"])
    predictions = clean.get("/api/predictions/", project=clean.projects()[0]["id"])
    shown = {item["task"]: item for item in predictions}
    with clean.http() as client:
        for task, kept in ((accepted, True), (cleared, False)):
            number = tasks[task.id]["id"]
            body = {
                "result": shown[number]["result"] if kept else [],
                "parent_prediction": shown[number]["id"],
                "lead_time": 12.5,
            }
            answer = client.post(f"/api/tasks/{number}/annotations/", json=body)
            assert answer.status_code == 201
        body = {"result": [], "lead_time": 3.0}
        answer = client.post(f"/api/tasks/{tasks[begun.id]['id']}/drafts", json=body)
        assert answer.status_code == 201
    clean.run("pull", expect=(0, 1))
    found = load_activity(clean.root)
    assert found is not None
    said = {entry.task: entry for entry in found.entries}
    version = shown[tasks[accepted.id]["id"]]["model_version"]
    assert {key: (entry.state, entry.model, entry.lead_time) for key, entry in said.items()} == {
        accepted.id: ("submitted", version, 12.5),
        cleared.id: ("submitted", version, 12.5),
        begun.id: ("draft", "", 3.0),
    }
    assert said[accepted.id].spans == found.shown[accepted.id][version]
    assert said[begun.id].annotator == said[accepted.id].annotator
    assert dt.datetime.fromisoformat(said[accepted.id].created).tzinfo is not None


def test_twins_are_removed(clean: Study) -> None:
    """What a crash may leave behind: everything of one kind twice."""
    clean.run("push")
    wanted = clean.counts()
    project = clean.projects()[0]["id"]
    tasks = list(clean.server_tasks(project).values())[:2]
    twins = [{"data": item["data"], "meta": item["meta"]} for item in tasks]
    prediction = clean.get("/api/predictions/", project=project)[0]
    storage = clean.get("/api/storages/localfiles", project=project)[0]
    view = clean.get("/api/dm/views", project=project)[0]
    with clean.http() as client:
        client.post(f"/api/projects/{project}/import", json=twins)
        copied = {key: prediction[key] for key in ("task", "result", "score", "model_version")}
        client.post(f"/api/projects/{project}/import/predictions", json=[copied])
        client.post(
            "/api/storages/localfiles",
            json={"project": project, "path": storage["path"], "title": "x"},
        )
        client.post(
            "/api/dm/views/",
            params={"project": project},
            json={"project": project, "data": view["data"]},
        )
    assert clean.counts() != wanted
    clean.run("push")
    assert clean.counts() == wanted


def test_listing_reads_every_page(clean: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page after the last one is an error to the server, so a full last page must be the end."""
    tasks = len(clean.project.tasks())
    for size in (1, tasks - 1, tasks, tasks + 1):
        monkeypatch.setattr("tslab.label_studio.client.PAGE", size)
        clean.run("push")
    assert clean.counts()["tasks"] == tasks


@pytest.mark.slow
def test_kill_at_any_moment(study: Study) -> None:
    """SIGKILL at 20 random moments, each followed by a rerun: as if nothing had happened."""
    fine = f"window: {{seconds: {TASK_SECONDS}, page_seconds: 1}}\nreview:"
    edit(study, "review:", fine)
    try:
        study.run("add", *(entry.path for entry in study.project.entries().values()))
        study.run("predict")
        assert len(study.project.tasks()) > 400
        forget(study)
        began = time.monotonic()
        assert push_process(study).wait() == 0
        length = time.monotonic() - began
        wanted = study.counts()
        assert wanted["tasks"] == wanted["predictions"] == len(study.project.tasks())
        dice = random.Random(20)
        killed = 0
        for _ in range(KILLS):
            forget(study)
            process = push_process(study)
            time.sleep(dice.uniform(0.1, 1.0) * length)
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            assert push_process(study).wait() == 0
            assert study.counts() == wanted
        assert killed > KILLS / 2
        assert writes_of_a_push(study) == []
    finally:
        edit(study, fine, "review:")
        shutil.rmtree(study.root / "tasks")
        study.run("add", *(entry.path for entry in study.project.entries().values()))
        study.run("predict")


def push_process(study: Study) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*TSLAB, "push", "--quiet", "--project", str(study.root)],
        env=environment(),
        stdout=subprocess.DEVNULL,
    )
