"""What `tslab doctor` makes of the answers of a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tslab.label_studio import access, checks
from tslab.label_studio.connection import connection
from tslab.label_studio.ml_backend import BackendRecord, save_backend
from tslab.label_studio.remote import save_projects
from tslab.label_studio.server import EmbeddedServer
from tslab.project import Project
from tslab.settings import Backend, Settings

URL = "http://localhost:8123"
GOOD: dict[str, Any] = {
    "/health": {"status": "UP"},
    "/api/version": {"release": "1.23.2"},
    "/api/current-user/whoami": {"email": "me@example.org"},
    "/api/projects": {},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on an existing server."""
    monkeypatch.setenv("LABEL_STUDIO_URL", URL)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    settings = Settings(domain="none")
    return Project(tmp_path, settings, plugins=None, domain=None)  # type: ignore[arg-type]


def serve(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> None:
    """Lets the server answer with these documents by path."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers[request.url.path])

    def open_mock(url: str, seconds: float = 0) -> httpx.Client:
        return httpx.Client(base_url=url, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(access, "open_http", open_mock)


def found(project: Project) -> dict[str, checks.Check]:
    """The checks by name."""
    return {check.name: check for check in checks.server_checks(project)}


def test_existing_server(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, GOOD)
    made = found(project)
    assert list(made) == ["server", "server version", "token", "time to answer", "ML backend"]
    assert {check.status for check in list(made.values())[:-1]} == {"ok"}
    assert (made["ML backend"].status, made["ML backend"].remedy) == ("warn", "Start it: tslab up")
    assert "existing server, data: upload" in made["server"].detail


@pytest.mark.parametrize("version", [{"release": "1.12.1"}, [], {"other": 1}])
def test_untested_version_is_a_warning(
    project: Project, monkeypatch: pytest.MonkeyPatch, version: object
) -> None:
    serve(monkeypatch, {**GOOD, "/api/version": version})
    check = found(project)["server version"]
    assert check.status == "warn"
    assert "1.23.x" in check.detail


def test_slow_answers_are_a_warning(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, GOOD)
    monkeypatch.setattr(checks, "SLOW_SECONDS", 0.0)
    assert found(project)["time to answer"].status == "warn"


def test_sick_server_ends_the_checks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, {**GOOD, "/health": {"status": "DOWN"}})
    made = found(project)
    assert list(made) == ["Label Studio"]
    assert made["Label Studio"].status == "fail"


@pytest.mark.parametrize("status", ["stopped", "starting"])
def test_embedded_server_that_does_not_answer(
    project: Project, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL")
    monkeypatch.setattr(EmbeddedServer, "status", lambda self: status)
    made = found(project)
    assert list(made) == ["server"]
    assert made["server"].status == "warn"
    assert "tslab up" in made["server"].remedy


def test_embedded_server_without_tasks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tslab.label_studio.server_record import new_record, save_record

    monkeypatch.delenv("LABEL_STUDIO_URL")
    monkeypatch.setattr(EmbeddedServer, "status", lambda self: "running")
    save_record(project.state, new_record(known_users=False))
    serve(monkeypatch, GOOD)
    monkeypatch.setattr(checks, "_served", lambda http, headers, path: None)
    made = found(project)
    assert made["task data"].remedy == "Add recordings: tslab add FILES"
    assert made["private files"].status == "ok"


# --- the ML backend ---------------------------------------------------------------------------


def backend_check(
    project: Project, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]
) -> checks.Check:
    """What `doctor` says of a backend that was started, with Label Studio's project 7."""
    save_backend(project.state, BackendRecord("name", "word", port=9090, pid=1))
    save_projects(project, connection(project), {"a|b|1": 7})
    serve(monkeypatch, {**GOOD, **answers})
    return found(project)["ML backend"]


def test_backend_that_answers_everybody(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"title": "tslab", "readable_state": "Connected"}
    check = backend_check(project, monkeypatch, {"/api/ml": [row]})
    assert (check.status, check.detail) == (
        "ok",
        "answers at http://127.0.0.1:9090, to Label Studio too",
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "7 (not connected)"),
        ([{"title": "tslab", "readable_state": "Error"}], "7 (Error)"),
        ([{"title": "other", "readable_state": "Connected"}], "7 (not connected)"),
    ],
)
def test_backend_that_label_studio_does_not_know(
    project: Project, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, str]], said: str
) -> None:
    check = backend_check(project, monkeypatch, {"/api/ml": rows})
    assert (check.status, check.remedy) == ("warn", "Push the project: tslab push")
    assert said in check.detail


def test_backend_that_is_sick(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    save_backend(project.state, BackendRecord("name", "word", port=9090, pid=1))
    serve(monkeypatch, GOOD)
    health = access.health
    monkeypatch.setattr(
        access, "health", lambda http: "9090" not in str(http.base_url) and health(http)
    )
    check = found(project)["ML backend"]
    assert (check.status, check.remedy) == ("fail", "Start it again: tslab up")


def test_backend_that_is_switched_off(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(domain="none", backend=Backend(enabled=False))
    without = Project(project.root, settings, plugins=None, domain=None)  # type: ignore[arg-type]
    serve(monkeypatch, GOOD)
    assert found(without)["ML backend"].detail == "switched off in tslab.yaml"
