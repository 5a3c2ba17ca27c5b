"""Connecting the ML backend in Label Studio: once, mended, and never a reason to fail."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tslab.errors import ServerError
from tslab.label_studio import ml_backend
from tslab.label_studio.client import Client
from tslab.label_studio.ml_backend import BackendRecord, backend_of, load_backend, save_backend
from tslab.label_studio.push import Push
from tslab.project import Project
from tslab.settings import Settings
from tslab.testing import FakeLabelStudio

RECORD = BackendRecord("tslab-1a2b3c", "a-password", port=9090, pid=4242, created=1.0)


@pytest.fixture
def server() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio() as fake:
        fake.add("projects", title="Study")
        yield fake


def make_project(root: Path, **given: Any) -> Project:
    """A project whose plugins nobody asks."""
    return Project(root, Settings(domain="none", **given), plugins=None, domain=None)  # type: ignore[arg-type]


def pushed(server: FakeLabelStudio, root: Path, *, dry_run: bool = False, **given: Any) -> Push:
    """One push of nothing but the backend into the fake's project."""
    with Client(server.url, server.api_key) as client:
        push = Push(make_project(root, **given), client, "local", dry_run, lambda items, _: items)
        ml_backend.push_backend(push, 1)
    return push


def rows(server: FakeLabelStudio, collection: str) -> list[dict[str, Any]]:
    return list(server.data.get(collection, {}).values())


def test_record_is_for_the_owner_alone(tmp_path: Path) -> None:
    assert load_backend(tmp_path) is None
    save_backend(tmp_path, RECORD)
    assert load_backend(tmp_path) == RECORD
    assert stat.S_IMODE((tmp_path / "backend.json").stat().st_mode) == 0o600
    assert "a-password" not in repr(RECORD)
    assert RECORD.url == "http://127.0.0.1:9090"


def test_damaged_record_names_itself(tmp_path: Path) -> None:
    (tmp_path / "backend.json").write_text('{"user": 3}')
    with pytest.raises(ServerError, match=r"backend.json' cannot be read.*Delete it"):
        load_backend(tmp_path)


def test_backend_that_was_stopped_is_none(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    save_backend(project.state, BackendRecord("name", "word", port=9090))
    assert backend_of(project) is None


def test_backend_that_is_switched_off_is_none(tmp_path: Path) -> None:
    project = make_project(tmp_path, backend={"enabled": False, "url": "http://ml.example.org"})
    save_backend(project.state, RECORD)
    assert backend_of(project) is None


def test_backend_elsewhere_has_its_credentials_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASIC_AUTH_USER", "ls")
    monkeypatch.setenv("BASIC_AUTH_PASS", "word")
    found = backend_of(make_project(tmp_path, backend={"url": "http://ml.example.org:9090/"}))
    assert found is not None
    assert (found.url, found.user, found.password) == ("http://ml.example.org:9090", "ls", "word")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://a:b@host", "ml.example.org"])
def test_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ServerError):
        backend_of(make_project(tmp_path, backend={"url": url}))


def test_restricted_projects_use_no_foreign_backend(tmp_path: Path) -> None:
    project = make_project(tmp_path, backend={"url": "http://ml.example.org"}, privacy="restricted")
    with pytest.raises(ServerError, match="privacy is restricted"):
        backend_of(project)


def test_second_push_changes_nothing(server: FakeLabelStudio, tmp_path: Path) -> None:
    save_backend(make_project(tmp_path).state, RECORD)
    first = pushed(server, tmp_path)
    assert first.report.changes == ["connect the ML backend at http://127.0.0.1:9090"]
    assert pushed(server, tmp_path).report.changes == []
    (row,) = rows(server, "ml")
    assert (row["title"], row["auth_method"], row["is_interactive"]) == (
        "tslab",
        "BASIC_AUTH",
        True,
    )
    assert [hook["url"] for hook in rows(server, "webhooks")] == ["http://127.0.0.1:9090/webhook"]


def test_dry_run_connects_nothing(server: FakeLabelStudio, tmp_path: Path) -> None:
    save_backend(make_project(tmp_path).state, RECORD)
    push = pushed(server, tmp_path, dry_run=True)
    assert push.report.changes == ["connect the ML backend at http://127.0.0.1:9090"]
    assert rows(server, "ml") == []


def test_without_a_backend_nothing_is_asked(server: FakeLabelStudio, tmp_path: Path) -> None:
    assert pushed(server, tmp_path).report.changes == []
    assert server.requests == []


def test_backend_that_moved_takes_its_webhook_along(
    server: FakeLabelStudio, tmp_path: Path
) -> None:
    state = make_project(tmp_path).state
    save_backend(state, RECORD)
    pushed(server, tmp_path)
    save_backend(state, BackendRecord(RECORD.user, RECORD.password, port=9191, pid=1))
    pushed(server, tmp_path)
    assert [row["url"] for row in rows(server, "ml")] == ["http://127.0.0.1:9191"]
    assert [hook["url"] for hook in rows(server, "webhooks")] == ["http://127.0.0.1:9191/webhook"]
    assert pushed(server, tmp_path).report.changes == []


def test_row_in_trouble_is_written_again(server: FakeLabelStudio, tmp_path: Path) -> None:
    save_backend(make_project(tmp_path).state, RECORD)
    pushed(server, tmp_path)
    rows(server, "ml")[0]["state"] = "ER"
    changes = pushed(server, tmp_path).report.changes
    assert changes == ["connect the ML backend at http://127.0.0.1:9090 again"]


def test_twins_go_and_other_peoples_backends_stay(server: FakeLabelStudio, tmp_path: Path) -> None:
    save_backend(make_project(tmp_path).state, RECORD)
    pushed(server, tmp_path)
    twin = {**rows(server, "ml")[0]}
    server.add(
        "ml", **{key: value for key, value in twin.items() if key not in ("id", "created_at")}
    )
    server.add("ml", project=1, title="SAM", url="http://other:9090", state="CO")
    assert pushed(server, tmp_path).report.changes == ["remove second ML backend"]
    assert sorted(row["title"] for row in rows(server, "ml")) == ["SAM", "tslab"]


def test_refused_backend_leaves_no_row_and_a_remedy(
    server: FakeLabelStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real server answers 403 for a private address and keeps the row.
    save_backend(make_project(tmp_path).state, RECORD)
    server.add("ml", project=1, title="other", url="http://127.0.0.1:1", state="CO")
    server.fail("/api/ml", 403, method="POST")
    with Client(server.url, server.api_key) as client:
        refuse = client.create_backend

        def keep_and_refuse(body: dict[str, Any]) -> None:
            server.add("ml", **body, state="DI")
            refuse(body)

        monkeypatch.setattr(client, "create_backend", keep_and_refuse)
        push = Push(make_project(tmp_path), client, "local", False, lambda items, _: items)
        ml_backend.push_backend(push, 1)
    assert [row["title"] for row in rows(server, "ml")] == ["other"]
    assert "LABEL_STUDIO_SSRF_PROTECTION_ENABLED=false" in push.report.warnings[0]


def test_backend_that_does_not_answer_is_a_warning(server: FakeLabelStudio, tmp_path: Path) -> None:
    save_backend(make_project(tmp_path).state, RECORD)
    server.add("ml", project=1, title="tslab", url="http://127.0.0.1:1", state="DI")
    server.fail("/api/ml", 400, method="PATCH")
    assert "'tslab up'" in pushed(server, tmp_path).report.warnings[0]
    assert len(rows(server, "ml")) == 1
