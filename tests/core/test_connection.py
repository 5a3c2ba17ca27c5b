"""Which server a project talks to: addresses, keys, privacy. No server is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tslab.errors import ServerError
from tslab.label_studio import access
from tslab.label_studio.connection import Connection, check_connection, connection, external_url
from tslab.label_studio.server import EmbeddedServer
from tslab.label_studio.server_record import ServerRecord, save_record
from tslab.project import Project
from tslab.settings import Settings

URL = "https://label.example.org"
KEY = "4f" * 20
PERSONAL = "head.body.signature"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)


def make_project(root: Path, **given: Any) -> Project:
    """A project whose plugins nobody asks."""
    settings = Settings(domain="none", **given)
    return Project(root, settings, plugins=None, domain=None)  # type: ignore[arg-type]


def record(state: Path) -> ServerRecord:
    """What a start would have left behind."""
    known = ServerRecord("admin@tslab.local", "secret-password", KEY, port=8123)
    state.mkdir(exist_ok=True)
    save_record(state, known)
    return known


# --- addresses --------------------------------------------------------------------------------


def test_no_address_means_embedded(tmp_path: Path) -> None:
    assert external_url(make_project(tmp_path).settings) == ""


def test_address_loses_its_slash(tmp_path: Path) -> None:
    given = make_project(tmp_path, label_studio={"url": f" {URL}/ "})
    assert external_url(given.settings) == URL


def test_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://localhost:8080/")
    given = make_project(tmp_path, label_studio={"url": URL})
    assert external_url(given.settings) == "http://localhost:8080"


@pytest.mark.parametrize(
    "address",
    ["label.example.org", "ftp://label.example.org", "http://", "http://x:port", "http://[1"],
)
def test_what_is_no_address(tmp_path: Path, address: str) -> None:
    given = make_project(tmp_path, label_studio={"url": address})
    with pytest.raises(ServerError, match="is no address of a web server"):
        external_url(given.settings)


def test_password_in_an_address_is_refused_and_not_shown(tmp_path: Path) -> None:
    given = make_project(tmp_path, label_studio={"url": "https://me:hidden@label.example.org"})
    with pytest.raises(ServerError, match="holds a user name or password") as caught:
        external_url(given.settings)
    assert "hidden" not in str(caught.value)


# --- privacy ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.3.4.5", "[::1]", "LOCALHOST", "study.localhost"]
)
def test_restricted_takes_this_machine(tmp_path: Path, host: str) -> None:
    address = f"http://{host}:8080"
    given = make_project(tmp_path, privacy="restricted", label_studio={"url": address})
    assert external_url(given.settings) == address


@pytest.mark.parametrize(
    "host", ["label.example.org", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org"]
)
def test_restricted_refuses_other_machines(tmp_path: Path, host: str) -> None:
    given = make_project(tmp_path, privacy="restricted", label_studio={"url": f"https://{host}"})
    with pytest.raises(ServerError, match="privacy is restricted") as caught:
        external_url(given.settings)
    assert caught.value.exit_code == 5
    assert f"allow_hosts: [{host}]" in str(caught.value)


def test_restricted_takes_allowed_hosts(tmp_path: Path) -> None:
    given = make_project(
        tmp_path,
        privacy="restricted",
        allow_hosts=["Label.Example.org"],
        label_studio={"url": "https://LABEL.example.org:8443"},
    )
    assert external_url(given.settings) == "https://LABEL.example.org:8443"


def test_restricted_covers_the_data_address(tmp_path: Path) -> None:
    given = {"url": "http://localhost:1", "data": "url", "data_url": "https://files.example.org"}
    project = make_project(tmp_path, privacy="restricted", label_studio=given)
    with pytest.raises(ServerError, match=r"files\.example\.org is another machine"):
        connection(project)


# --- keys -------------------------------------------------------------------------------------


def test_key_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", f" {KEY}\n")
    found = connection(make_project(tmp_path, label_studio={"url": URL}))
    assert found == Connection(URL, KEY, "upload", embedded=False)


def test_key_from_the_secrets(tmp_path: Path) -> None:
    project = make_project(tmp_path, label_studio={"url": URL, "data": "url", "data_url": URL})
    (project.state / "secrets.json").write_text(f'{{"label_studio_api_key": "{PERSONAL}"}}')
    assert connection(project) == Connection(URL, PERSONAL, "url", embedded=False)


@pytest.mark.parametrize("content", [None, "{}", "[]", '{"label_studio_api_key": null}'])
def test_missing_key_says_where_to_find_one(tmp_path: Path, content: str | None) -> None:
    project = make_project(tmp_path, label_studio={"url": URL})
    if content is not None:
        (project.state / "secrets.json").write_text(content)
    with pytest.raises(ServerError, match="no key for Label Studio") as caught:
        connection(project)
    assert "Account & Settings > Personal Access Token" in str(caught.value)


def test_broken_secrets_are_not_quoted(tmp_path: Path) -> None:
    project = make_project(tmp_path, label_studio={"url": URL})
    (project.state / "secrets.json").write_text(f'{{"label_studio_api_key": {KEY}')
    with pytest.raises(ServerError, match="is not valid JSON") as caught:
        connection(project)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "schlüssel"])
def test_key_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
    with pytest.raises(ServerError, match="spaces or letters") as caught:
        connection(make_project(tmp_path, label_studio={"url": URL}))
    assert key not in str(caught.value)


def test_repr_hides_secrets(tmp_path: Path) -> None:
    known = record(tmp_path)
    shown = f"{Connection(URL, KEY, 'local', embedded=True)!r} {known!r}"
    assert KEY not in shown
    assert known.password not in shown


# --- the embedded server ----------------------------------------------------------------------


def test_embedded_that_was_never_started(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="not running") as caught:
        connection(make_project(tmp_path))
    assert "tslab up" in caught.value.remedy


def test_embedded_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path)
    known = record(project.state)
    monkeypatch.setattr(EmbeddedServer, "status", lambda self: "running")
    assert connection(project) == Connection(known.url, KEY, "local", embedded=True)


def test_embedded_that_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedServer, "status", lambda self: "starting")
    with pytest.raises(ServerError, match="does not answer yet"):
        connection(make_project(tmp_path))


# --- asking the server ------------------------------------------------------------------------


def serve(monkeypatch: pytest.MonkeyPatch, answers: dict[str, httpx.Response | Exception]) -> None:
    """Lets every client get these answers by path."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers[request.url.path]
        if isinstance(found, Exception):
            raise found
        return found

    def open_mock(url: str, seconds: float = 0) -> httpx.Client:
        return httpx.Client(base_url=url, transport=httpx.MockTransport(answer))

    monkeypatch.setattr(access, "open_http", open_mock)


UP = httpx.Response(200, json={"status": "UP"})
FOUND = Connection(URL, KEY, "upload", embedded=False)


def test_check_names_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    me = httpx.Response(200, json={"email": "me@example.org"})
    serve(monkeypatch, {"/health": UP, "/api/current-user/whoami": me})
    assert check_connection(FOUND) == "me@example.org"


def test_check_with_a_personal_token(monkeypatch: pytest.MonkeyPatch) -> None:
    me = httpx.Response(200, json={"email": "me@example.org"})
    short = httpx.Response(200, json={"access": "short-lived"})
    answers = {"/health": UP, "/api/token/refresh/": short, "/api/current-user/whoami": me}
    serve(monkeypatch, dict(answers))
    assert check_connection(Connection(URL, PERSONAL, "upload", embedded=False)) == "me@example.org"
    serve(monkeypatch, {"/health": UP, "/api/token/refresh/": httpx.Response(401)})
    with pytest.raises(ServerError, match="refuses the token"):
        check_connection(Connection(URL, PERSONAL, "upload", embedded=False))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"/health": httpx.ConnectError("no")}, "does not answer .ConnectError"),
        ({"/health": httpx.Response(404, text="<html>")}, "is no healthy Label Studio"),
        ({"/health": httpx.Response(200, text="<html>")}, "is no healthy Label Studio"),
        ({"/health": httpx.Response(200, json=[])}, "is no healthy Label Studio"),
        (
            {"/health": UP, "/api/current-user/whoami": httpx.Response(401)},
            "refuses the token",
        ),
        (
            {"/health": UP, "/api/current-user/whoami": httpx.Response(302)},
            "answers 302, which no Label Studio does",
        ),
    ],
)
def test_check_explains(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], message: str
) -> None:
    serve(monkeypatch, answers)
    with pytest.raises(ServerError, match=message) as caught:
        check_connection(FOUND)
    assert caught.value.remedy
    assert KEY not in str(caught.value)


def test_proxies_of_the_shell_are_for_servers_elsewhere() -> None:
    with access.open_http("http://127.0.0.1:1") as near, access.open_http(URL) as far:
        assert (near.trust_env, far.trust_env) == (False, True)
