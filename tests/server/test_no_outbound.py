"""The embedded server calls nobody: every connect and name lookup of its process is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tslab.label_studio.accounts import BrowserSession
from tslab.label_studio.server import EmbeddedServer

pytestmark = pytest.mark.server

RECORDER = """
import json, os, sys

EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0,
          "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}

def record(event, arguments):
    if event in EVENTS:
        target = arguments[EVENTS[event]]
        target = list(target) if isinstance(target, tuple) else target
        handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, (json.dumps([event, target], default=str) + "\\n").encode())
        os.close(handle)

LOG = os.path.join(os.path.dirname(__file__), "connects.jsonl")
sys.addaudithook(record)
"""
PAGES = (
    "/", "/projects", "/heidi-tips", "/api/version", "/version", "/user/account", "/organization",
    "/api/projects", "/api/users", "/api/invite", "/api/current-user/whoami", "/feature-flags",
    "/api/templates",
)  # fmt: skip


def host_of(target: object) -> str:
    """The host in what a call was given; a path is a socket of this machine."""
    host = target[0] if isinstance(target, list) else target
    return str(host or "localhost")


def test_server_connects_to_this_host_only(
    make_server: Callable[[Path], EmbeddedServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = tmp_path / "recorder"
    recorder.mkdir()
    (recorder / "sitecustomize.py").write_text(RECORDER)
    monkeypatch.setenv("PYTHONPATH", str(recorder))
    server = make_server(tmp_path / "study")
    address = server.start()
    with BrowserSession(address.url) as session:
        assert session.login(address.email, address.password)
        made = session.call("POST", "/api/projects", json={"title": "pages"}).json()
        pages = [*PAGES, f"/projects/{made['id']}/data", f"/projects/{made['id']}/settings"]
        for page in pages:
            answer = session.http.get(page, follow_redirects=True)
            assert answer.status_code < 500, page
    # Connections made in C would not be recorded, but they would be seen here.
    for seen in psutil.Process(server.pid).net_connections(kind="inet"):
        assert not seen.raddr or seen.raddr.ip in {"127.0.0.1", "::1"}
    lines = (recorder / "connects.jsonl").read_text().splitlines()
    calls = [json.loads(line) for line in lines]
    connects = [target for event, target in calls if event == "socket.connect"]
    assert {host_of(target) for _, target in calls} <= {"127.0.0.1", "localhost", "::1"}, calls
    # The one feature that asks the world, /heidi-tips, met the dead proxy: the recorder works.
    assert ["127.0.0.1", 9] in connects
