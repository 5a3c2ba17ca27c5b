"""Annotators' accounts: they must be able to log in with a browser afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kit.studies import run_json

from tslab import cli
from tslab.errors import ServerError
from tslab.label_studio import accounts
from tslab.label_studio.accounts import Account, BrowserSession, recover_token

pytestmark = pytest.mark.server


def users(capsys: pytest.CaptureFixture[str], label_studio: Any, *arguments: str) -> Any:
    """Runs `tslab users`; its JSON document."""
    return run_json(capsys, "users", *arguments, "--project", str(label_studio.project.root))


def test_added_users_can_log_in(label_studio: Any, capsys: pytest.CaptureFixture[str]) -> None:
    added = users(capsys, label_studio, "add", "Ann@Example.org", "ann@elsewhere.example.org")
    assert [user["email"] for user in added["users"]] == [
        "ann@example.org",
        "ann@elsewhere.example.org",
    ]
    passwords = {user["password"] for user in added["users"]}
    assert len(passwords) == 2
    for user in added["users"]:
        assert user["status"] == "created"
        with BrowserSession(label_studio.url) as session:
            assert not session.login(user["email"], "wrong password")
            assert session.login(user["email"], user["password"])
            assert session.call("GET", "/api/projects").status_code == 200
            whoami = session.call("GET", "/api/current-user/whoami").json()
            assert whoami["email"] == user["email"]


def test_existing_user_keeps_the_password(
    label_studio: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    first = users(capsys, label_studio, "add", "twice@example.org")["users"][0]
    again = users(capsys, label_studio, "add", "TWICE@example.org", "other@example.org")["users"]
    assert [user["status"] for user in again] == ["exists", "created"]
    assert again[0]["password"] == ""
    with BrowserSession(label_studio.url) as session:
        assert session.login("twice@example.org", first["password"])


def test_invalid_address_stops_everything(
    label_studio: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(label_studio.project.root)
    bad = ["users", "add", "fine@example.org", "bob", "eve@@x.org", "--project", folder]
    assert cli.run(bad) == 2
    error = capsys.readouterr().err
    assert "'bob', 'eve@@x.org'" in error
    listed = users(capsys, label_studio, "list")["users"]
    assert "fine@example.org" not in {user["email"] for user in listed}


def test_list_shows_everybody(label_studio: Any, capsys: pytest.CaptureFixture[str]) -> None:
    users(capsys, label_studio, "add", "listed@example.org")
    listed = users(capsys, label_studio, "list")["users"]
    assert {"listed@example.org", label_studio.server.record.email} <= {u["email"] for u in listed}
    folder = str(label_studio.project.root)
    assert cli.run(["users", "list", "--project", folder]) == 0
    assert "listed@example.org" in capsys.readouterr().out


def test_table_prints_passwords_once(label_studio: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(label_studio.project.root)
    for expected in ("created", "exists"):
        assert cli.run(["users", "add", "table@example.org", "--project", folder]) == 0
        row = capsys.readouterr().out.splitlines()[1].split()
        assert row[0] == "table@example.org"
        assert row[-1] == expected


def test_passwords_survive_a_later_failure(
    label_studio: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_up = accounts._sign_up

    def fail_on_second(url: str, invite: str, email: str, password: str) -> Account:
        if email == "second@example.org":
            raise ServerError("the server went away")
        return sign_up(url, invite, email, password)

    monkeypatch.setattr(accounts, "_sign_up", fail_on_second)
    folder = str(label_studio.project.root)
    both = ["first@example.org", "second@example.org"]
    assert cli.run(["users", "add", *both, "--project", folder, "--json"]) == 5
    shown = json.loads(capsys.readouterr().out)["users"]
    assert [user["email"] for user in shown] == ["first@example.org"]
    with BrowserSession(label_studio.url) as session:
        assert session.login("first@example.org", shown[0]["password"])


def test_sign_up_needs_the_invitation(label_studio: Any) -> None:
    with BrowserSession(label_studio.url) as session:
        fields = {"email": "stranger@example.org", "password": "long enough 1"}
        assert session.submit("/user/signup/", fields).status_code == 403


def test_refused_account_is_an_error(label_studio: Any) -> None:
    with pytest.raises(ServerError, match=r"does not make the account a@example\.org"):
        accounts._sign_up(label_studio.url, "/user/signup/?token=no", "a@example.org", "x" * 12)


def test_user_made_meanwhile_exists(label_studio: Any) -> None:
    list(accounts.add_accounts(label_studio.url, label_studio.api_key, ["race@example.org"]))
    with label_studio.http() as http:
        invite = http.get("/api/invite").json()["invite_url"]
    account = accounts._sign_up(label_studio.url, invite, "race@example.org", "x" * 12)
    assert account == Account("race@example.org", "exists")


def test_wrong_key_and_wrong_password_are_refused(label_studio: Any) -> None:
    with pytest.raises(ServerError, match="refuses the token"):
        accounts.list_users(label_studio.url, "0" * 40)
    with pytest.raises(ServerError, match="neither token nor password"):
        recover_token(label_studio.url, label_studio.server.record.email, "wrong")


def test_existing_server_gets_no_accounts(
    label_studio: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", label_studio.api_key)
    folder = str(label_studio.project.root)
    assert cli.run(["users", "add", "no@example.org", "--project", folder]) == 5
    assert "tslab makes no accounts" in capsys.readouterr().err
    assert users(capsys, label_studio, "list")["users"]
