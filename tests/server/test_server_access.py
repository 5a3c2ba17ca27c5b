"""The embedded server beside others: two studies, both kinds of keys, the shell's variables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from kit.studies import run_json
from kit.tokens import personal_token

from tslab import cli
from tslab.errors import ServerError
from tslab.label_studio.accounts import BrowserSession
from tslab.label_studio.connection import check_connection, connection
from tslab.label_studio.server import EmbeddedServer
from tslab.project import Project

pytestmark = pytest.mark.server

MakeServer = Callable[..., EmbeddedServer]


def test_two_projects_run_side_by_side(make_server: MakeServer, tmp_path: Path) -> None:
    servers = [make_server(tmp_path / name) for name in ("one", "two")]
    addresses = [server.start() for server in servers]
    assert addresses[0].url != addresses[1].url
    # One browser keeps one jar of cookies for all ports of a host.
    jar = httpx.Cookies()
    for address in addresses:
        with BrowserSession(address.url) as session:
            session.http.cookies = jar
            assert session.login(address.email, address.password)
            jar = session.http.cookies
    for address in addresses:
        page = httpx.get(f"{address.url}/api/current-user/whoami", cookies=jar)
        assert page.json()["email"] == address.email
    servers[0].stop()
    assert servers[1].status() == "running"


def test_both_kinds_of_token_connect(
    make_server: MakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server(tmp_path / "study")
    address = server.start()
    project = Project.open(server.root)
    embedded = connection(project)
    assert (embedded.embedded, embedded.data_mode) == (True, "local")
    assert check_connection(embedded) == address.email

    lost, personal = (
        personal_token(address.url, address.email, address.password) for _ in range(2)
    )
    monkeypatch.setenv("LABEL_STUDIO_URL", address.url)
    for key in (address.api_key, personal):
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
        found = connection(project)
        assert (found.embedded, found.data_mode) == (False, "upload")
        assert check_connection(found) == address.email
    for key in ("0" * 40, lost, personal[:-1]):
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
        with pytest.raises(ServerError, match="refuses the token") as caught:
            check_connection(connection(project))
        assert key not in str(caught.value)


def test_legacy_tokens_switched_off_are_switched_on_again(
    make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(tmp_path / "study")
    address = server.start()
    with BrowserSession(address.url) as session:
        session.login(address.email, address.password)
        off = {"legacy_api_tokens_enabled": False, "api_tokens_enabled": True}
        assert session.call("POST", "/api/jwt/settings", json=off).status_code == 200
    project = Project.open(server.root)
    with pytest.raises(ServerError, match="refuses the token"):
        check_connection(connection(project))
    server.stop()
    server.start()
    assert check_connection(connection(project)) == address.email


def test_variables_of_the_shell_cannot_move_it(
    make_server: MakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite3"
    strange = {
        "HOST": "https://example.org",
        "DEBUG": "true",
        "DJANGO_DB": "default",
        "LABEL_STUDIO_DJANGO_DB": "default",
        "LABEL_STUDIO_DATABASE_NAME": str(elsewhere),
        "LABEL_STUDIO_USERNAME": "somebody@example.org",
        "DJANGO_SETTINGS_MODULE": "no.such.module",
        "SENTRY_DSN": "https://key@sentry.example.org/1",
    }
    for name, value in strange.items():
        monkeypatch.setenv(name, value)
    server = make_server(tmp_path / "study")
    address = server.start()
    assert check_connection(connection(Project.open(server.root))) == address.email
    assert not elsewhere.exists()


def test_up_checks_an_existing_server(
    make_server: MakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = make_server(tmp_path / "theirs").start()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "tslab.yaml").write_text(f"domain: ecg\nlabel_studio: {{url: '{address.url}/'}}\n")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", address.api_key)
    document = run_json(capsys, "up", "--project", str(mine))
    try:
        assert document["url"] == address.url
        assert (document["embedded"], document["started"]) == (False, False)
        # Beside a server on this machine the backend can serve.
        assert document["backend"]["started"] is True
        assert (mine / ".tslab").stat().st_mode & 0o077 == 0
    finally:
        stopped = run_json(capsys, "down", "--project", str(mine))
    assert stopped == {"stopped": False, "backend_stopped": True}
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    assert cli.run(["up", "--project", str(mine)]) == 5
    assert not (mine / ".tslab" / "server.json").exists()
