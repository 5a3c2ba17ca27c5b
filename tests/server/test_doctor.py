"""`tslab doctor` beside a running server, and what the server hands out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tslab import cli
from tslab.label_studio.accounts import BrowserSession, add_accounts
from tslab.label_studio.server import EmbeddedServer
from tslab.project import Project
from tslab.task import Task

pytestmark = pytest.mark.server

TASK = Task(
    id="t1", recording="rec-1", view="rhythm", start=0, end=1, channels=("ecg",), tick_us=1000
)


def doctor(capsys: pytest.CaptureFixture[str], folder: Path, code: int) -> dict[str, Any]:
    """Runs `tslab doctor`; its checks by name."""
    assert cli.run(["doctor", "--json", "--project", str(folder)]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is (code == 0)
    return {check["name"]: check for check in document["checks"]}


def statuses(checks: dict[str, Any], *names: str) -> list[str]:
    """Statuses of some checks."""
    return [checks[name]["status"] for name in names]


def make_task(project: Project) -> bytes:
    """One task with its CSV; the CSV's bytes."""
    path = project.root / TASK.csv
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"time,ecg\n0,1\n500,2\n1000,2\n")
    project.save_tasks([TASK])
    return path.read_bytes()


def test_healthy_server(label_studio: Any, capsys: pytest.CaptureFixture[str]) -> None:
    content = make_task(label_studio.project)
    checks = doctor(capsys, label_studio.project.root, 0)
    assert checks["task data"]["remedy"] == "Push the project: tslab push"

    with label_studio.http() as http:
        project = http.post("/api/projects", json={"title": "doctor"}).json()["id"]
        storage = {"project": project, "path": str(label_studio.project.root / "tasks")}
        assert http.post("/api/storages/localfiles", json=storage).status_code == 201
        served = http.get("/data/local-files/", params={"d": TASK.csv})
        assert served.content == content
    checks = doctor(capsys, label_studio.project.root, 0)
    wanted = ("versions", "label-studio", "label-studio-sdk", "project", "disk", ".tslab")
    assert set(statuses(checks, *wanted)) == {"ok"}
    wanted = ("server", "server version", "token", "task data", "private files", "time to answer")
    assert statuses(checks, *wanted) == ["ok"] * 6
    assert checks["server version"]["detail"].startswith("1.23.")
    assert label_studio.url in checks["server"]["detail"]
    shown = json.dumps(checks)
    assert label_studio.api_key not in shown
    assert label_studio.server.record.password not in shown


def test_changed_data_is_a_failure(
    label_studio: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(label_studio.project)
    monkeypatch.setattr("tslab.label_studio.checks._served", lambda http, headers, path: 3)
    checks = doctor(capsys, label_studio.project.root, 1)
    assert statuses(checks, "task data", "private files") == ["fail", "fail"]
    assert "tslab.yaml" in checks["private files"]["detail"]


def test_missing_data_file_is_a_failure(
    label_studio: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_task(label_studio.project)
    (label_studio.project.root / TASK.csv).unlink()
    assert statuses(doctor(capsys, label_studio.project.root, 1), "task data") == ["fail"]


def test_rights_of_the_state_folder(label_studio: Any, capsys: pytest.CaptureFixture[str]) -> None:
    record = label_studio.server.state / "server.json"
    record.chmod(0o644)
    try:
        checks = doctor(capsys, label_studio.project.root, 1)
    finally:
        record.chmod(0o600)
    assert "server.json" in checks[".tslab"]["detail"]
    assert "chmod" in checks[".tslab"]["remedy"]


def test_stopped_server_is_worth_a_warning(
    make_server: Callable[..., EmbeddedServer], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server(tmp_path / "study")
    checks = doctor(capsys, server.root, 0)
    assert checks["server"]["remedy"] == "Start it: tslab up"


@pytest.mark.parametrize("kind", ["localfiles", "export/localfiles"])
def test_annotators_cannot_reach_private_files(label_studio: Any, kind: str) -> None:
    """Every user may make storages; one on .tslab/ would give the administrator's password away."""
    url = label_studio.url
    name = kind.replace("/", "-")
    account = next(add_accounts(url, label_studio.api_key, [f"{name}@example.org"]))
    tasks = label_studio.project.root / "tasks"
    tasks.mkdir(exist_ok=True)
    with BrowserSession(url) as session:
        assert session.login(account.email, account.password)
        project = session.call("POST", "/api/projects", json={"title": name}).json()["id"]
        body: dict[str, Any] = {"project": project, "path": str(tasks)}
        good = session.call("POST", f"/api/storages/{kind}", json=body)
        assert good.status_code == 201
        for bad in (
            label_studio.server.state,
            tasks / ".." / ".tslab",
            f"{label_studio.server.state}/",
            label_studio.server.data,
            tasks.parent,
        ):
            body["path"] = str(bad)
            for method, path in (
                ("POST", f"/api/storages/{kind}"),
                ("POST", f"/api/storages/{kind}/validate"),
                ("PATCH", f"/api/storages/{kind}/{good.json()['id']}"),
            ):
                answer = session.call(method, path, json=body)
                assert answer.status_code == 400, (method, path, bad, answer.text)
        for path in (".tslab/server.json", "tslab.yaml", "tasks/../.tslab/server.json"):
            assert session.http.get("/data/local-files/", params={"d": path}).status_code == 404
