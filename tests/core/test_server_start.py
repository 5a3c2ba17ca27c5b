"""How a start goes on when ports and processes misbehave, with a stand-in for Label Studio."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tslab.errors import ServerError
from tslab.label_studio import accounts, server_process
from tslab.label_studio import server as server_module
from tslab.label_studio.server import EmbeddedServer

# Serves what a start asks for, on the port that follows "--port" or on the next one.
STAND_IN = """
import http.server, json, sys

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"/health": {"status": "UP"}}.get(self.path, {"email": "admin@tslab.local"})
        refused = REFUSES and self.path != "/health"
        self.send_response(401 if refused else 200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass

port = int(sys.argv[sys.argv.index("--port") + 1]) + MOVES
http.server.HTTPServer(("127.0.0.1", port), Answers).serve_forever()
"""


def stand_in(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, moves: int = 0, refuses: bool = False
) -> EmbeddedServer:
    """A server whose process is the stand-in."""
    package = folder / "package"
    package.mkdir()
    code = f"MOVES, REFUSES = {moves}, {refuses}\n{STAND_IN}"
    (package / "stand_in.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(package))
    monkeypatch.setattr(server_module, "MODULE", "stand_in")
    monkeypatch.setattr(server_module, "POLL_SECONDS", 0.02)
    return EmbeddedServer(folder, folder / ".tslab")


def children() -> list[psutil.Process]:
    """Processes that this test started and that are still there, zombies too."""
    return psutil.Process().children(recursive=True)


def test_start_waits_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = stand_in(monkeypatch, tmp_path)
    waits: list[float] = []
    before = children()
    address = server.start(waits.append)
    assert address.started
    assert waits == sorted(waits)
    assert len(waits) > 0
    assert (server.status(), server.pid) == ("running", server.record.pid)
    assert not server.start().started
    assert server.stop()
    assert server.status() == "stopped"
    assert children() == before
    assert (server.state.stat().st_mode | server.data.stat().st_mode) & 0o077 == 0


def test_port_that_is_lost_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = stand_in(monkeypatch, tmp_path, moves=1)
    before = children()
    with pytest.raises(ServerError, match="was taken by another program meanwhile"):
        server.start()
    assert children() == before
    assert server.record.pid == 0


def test_asked_port_that_is_lost_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = stand_in(monkeypatch, tmp_path, moves=1)
    asked_ports: list[int] = []

    def choose(asked: int, remembered: int) -> int:
        asked_ports.append(asked)
        return asked

    monkeypatch.setattr(server_process, "choose_port", choose)
    with pytest.raises(ServerError, match="port 18321 was taken"):
        server.start(port=18_321)
    assert asked_ports == [18_321]


def test_death_on_a_port_that_is_taken_now_counts_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = stand_in(monkeypatch, tmp_path)
    (tmp_path / "package" / "stand_in.py").write_text("raise SystemExit('no port')")
    monkeypatch.setattr(server_process, "choose_port", lambda asked, last: 18_322)
    monkeypatch.setattr(server_process, "is_free", lambda port: False)
    with pytest.raises(ServerError, match="was taken by another program meanwhile"):
        server.start()


def test_token_that_does_not_work_is_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = stand_in(monkeypatch, tmp_path, refuses=True)
    monkeypatch.setattr(accounts, "recover_token", lambda url, email, password: "recovered")
    try:
        assert server.start().api_key == "recovered"
        assert server.api_key == "recovered"
    finally:
        server.stop()


def test_interrupt_stops_what_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = stand_in(monkeypatch, tmp_path)
    before = children()

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        server.start(interrupt)
    assert children() == before
    assert server.status() == "stopped"


def test_process_of_another_command_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = stand_in(monkeypatch, tmp_path)
    (tmp_path / "package" / "stand_in.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr(server_module, "START_SECONDS", 0.1)
    process = server._spawn(0)
    try:
        with pytest.raises(ServerError, match="did not answer within"):
            server.start()
        assert process.is_running()
        assert server.status() == "starting"
    finally:
        assert server.stop()


def test_moved_project_still_stops_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    server = stand_in(monkeypatch, old)
    server.start()
    moved = old.rename(tmp_path / "new")
    assert EmbeddedServer(moved, moved / ".tslab").stop()
