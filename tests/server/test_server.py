"""The embedded server's life: start, find again, stop, and everything that can go wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from kit.studies import run_json

from tslab import cli
from tslab.errors import ServerError
from tslab.label_studio import server as server_module
from tslab.label_studio import server_process
from tslab.label_studio.connection import check_connection, connection
from tslab.label_studio.server import EmbeddedServer
from tslab.label_studio.server_record import ServerRecord, load_record, save_record
from tslab.project import Project

pytestmark = pytest.mark.server

MakeServer = Callable[..., EmbeddedServer]
TSLAB = [sys.executable, "-c", "from tslab.cli import main; main()"]


def servers_of(server: EmbeddedServer) -> list[int]:
    """Ids of all living processes that serve a project."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        line = process.info["cmdline"] or []
        if str(server.data) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.info["pid"])
    return found


def zombies() -> list[psutil.Process]:
    """Children of this test that ended and nobody waited for."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if child.status() == psutil.STATUS_ZOMBIE]


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens; the next one is free."""
    with socket.socket() as listener:
        for port in range(18_500, 18_900, 2):
            if server_process.is_free(port) and server_process.is_free(port + 1):
                listener.bind(("127.0.0.1", port))
                listener.listen()
                break
        yield port


def free_port() -> int:
    """Some port that nobody uses."""
    return next(port for port in range(18_900, 19_300) if server_process.is_free(port))


# --- starting, finding, stopping --------------------------------------------------------------


def test_first_start_makes_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    root = tmp_path / "a study with ünïcode"
    root.mkdir()
    (root / "tslab.yaml").write_text("domain: ecg\n")
    server = EmbeddedServer(root, root / ".tslab")
    try:
        assert cli.run(["up", "--project", str(root)]) == 0
        captured = capsys.readouterr()
        record = server.record
        assert f"running at {record.url}" in captured.out
        assert record.email in captured.out
        everything = captured.out + captured.err + server.log.read_text(errors="replace")
        assert record.password not in everything
        assert record.token not in everything
        assert "first time it takes about a minute" in captured.err
        assert server.status() == "running"
        assert list(home.iterdir()) == []
        for path in root.rglob("*"):
            if path.name != "tslab.yaml":
                assert path.stat().st_mode & 0o077 == 0, path
        assert server.pid not in {0, os.getpid()}
        assert psutil.Process(server.pid).net_connections(kind="tcp")[0].laddr.ip == "127.0.0.1"
    finally:
        assert cli.run(["down", "--project", str(root)]) == 0
    assert server.pid == 0
    assert zombies() == []


def test_up_twice_then_down_twice(
    make_server: MakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server(tmp_path / "study")
    project = ["--project", str(server.root)]
    first = run_json(capsys, "up", *project)
    second = run_json(capsys, "up", *project)
    assert (first["started"], second["started"]) == (True, False)
    assert first["pid"] == second["pid"]
    assert first["backend"]["pid"] == second["backend"]["pid"]
    assert (first["backend"]["started"], second["backend"]["started"]) == (True, False)
    assert "password" not in second
    shown = run_json(capsys, "up", *project, "--show-password")
    assert shown["password"] == server.record.password
    assert cli.run(["up", *project]) == 0
    assert f"already running at {server.address}" in capsys.readouterr().out
    assert servers_of(server) == [first["pid"]]

    assert run_json(capsys, "down", *project) == {"stopped": True, "backend_stopped": True}
    assert servers_of(server) == []
    assert zombies() == []
    assert run_json(capsys, "down", *project) == {"stopped": False, "backend_stopped": False}
    assert cli.run(["down", *project]) == 0
    assert "not running" in capsys.readouterr().out


def test_restart_keeps_port_data_and_token(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    before = server.start(port=free_port())
    headers = {"Authorization": f"Token {before.api_key}"}
    made = httpx.post(f"{before.url}/api/projects", headers=headers, json={"title": "kept"})
    assert made.status_code == 201
    server.stop()
    after = server.start()
    assert (after.url, after.api_key, after.email) == (before.url, before.api_key, before.email)
    found = httpx.get(f"{after.url}/api/projects", headers=headers).json()
    assert [item["title"] for item in found["results"]] == ["kept"]


def test_down_works_with_a_broken_settings_file(
    make_server: MakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server(tmp_path / "study")
    server.start()
    (server.root / "tslab.yaml").write_text("domain: [")
    assert run_json(capsys, "down", "--project", str(server.root)) == {
        "stopped": True,
        "backend_stopped": False,
    }


def test_children_of_the_server_are_stopped_too(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    server.start()
    process = psutil.Process(server.pid)
    server.stop()
    assert not process.is_running()


# --- ports ------------------------------------------------------------------------------------


def test_taken_port_of_last_time_is_avoided(
    make_server: MakeServer, tmp_path: Path, taken_port: int
) -> None:
    server = make_server(tmp_path / "study")
    server.start()
    server.stop()
    save_record(server.state, replace(server.record, port=taken_port))
    address = server.start()
    assert address.url != f"http://127.0.0.1:{taken_port}"
    assert server.record.port >= server_process.FIRST_PORT


def test_taken_port_that_was_asked_for_is_an_error(
    make_server: MakeServer, tmp_path: Path, taken_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server(tmp_path / "study")
    code = cli.run(["up", "--project", str(server.root), "--port", str(taken_port)])
    assert code == 5
    assert f"port {taken_port} is taken" in capsys.readouterr().err
    assert servers_of(server) == []


def test_port_taken_while_starting_is_noticed(
    make_server: MakeServer, tmp_path: Path, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Label Studio then takes the next port without a word.
    server = make_server(tmp_path / "study")
    good = free_port()
    ports = iter([taken_port, good])
    monkeypatch.setattr(server_process, "choose_port", lambda asked, remembered: next(ports))
    address = server.start()
    assert address.url == f"http://127.0.0.1:{good}"
    assert len(servers_of(server)) == 1


# --- processes that are not ours --------------------------------------------------------------


def test_reused_process_id_is_left_alone(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    server.start()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        created = psutil.Process(stranger.pid).create_time()
        save_record(server.state, replace(server.record, pid=stranger.pid, created=created))
        assert server.status() == "stopped"
        assert server.stop() is False
        assert server.start().started
        assert stranger.poll() is None
        stranger.kill()


def test_lost_record_gets_a_new_administrator(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    server.start()
    server.stop()
    lost = server.record
    (server.state / "server.json").unlink()
    address = server.start()
    assert address.email != lost.email
    assert check_connection(connection(Project.open(server.root))) == address.email


# --- failures ---------------------------------------------------------------------------------


def test_crash_on_start_is_explained(
    make_server: MakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = make_server(tmp_path / "study")
    (server.data / "label_studio.sqlite3").write_bytes(b"this is no database" * 100)
    code = cli.run(["up", "--project", str(server.root), "--quiet"])
    error = capsys.readouterr().err
    assert code == 5
    assert error.count("\n") == 1
    assert "file is not a database" in error
    assert str(server.log) in error
    record = load_record(server.state)
    assert record is not None
    assert record.pid == 0
    assert servers_of(server) == []
    assert zombies() == []


def test_server_that_never_answers_is_stopped(
    make_server: MakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server(tmp_path / "study")
    monkeypatch.setattr(server_module, "START_SECONDS", 0.5)
    with pytest.raises(ServerError, match="did not answer within"):
        server.start()
    assert servers_of(server) == []
    assert zombies() == []


def start_in_background(server: EmbeddedServer) -> subprocess.Popen[str]:
    """`tslab up` in a process of its own, returned when its server's process exists."""
    command = [*TSLAB, "up", "--json", "--project", str(server.root)]
    shell = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whoever runs the tests in the background has Ctrl-C switched off, and we inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not server.pid:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return shell


def test_interrupt_while_starting_stops_the_server(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    with start_in_background(server) as shell:
        shell.send_signal(signal.SIGINT)
        assert shell.wait(30) == 130
    assert server.status() == "stopped"
    assert servers_of(server) == []


def test_interrupt_while_the_process_is_noted_stops_it(
    make_server: MakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the record reached the disk and before anybody waits for the process."""
    server = make_server(tmp_path / "study")
    save = server_module.save_record

    def interrupted(state: Path, record: ServerRecord) -> None:
        save(state, record)
        if record.pid:
            raise KeyboardInterrupt

    monkeypatch.setattr(server_module, "save_record", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert server.status() == "stopped"
    assert servers_of(server) == []


def test_killed_up_is_continued_by_the_next(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    with start_in_background(server) as shell:
        shell.kill()
        shell.wait(30)
    pid = server.pid
    assert server.status() == "starting"
    with pytest.raises(ServerError, match="starting and does not answer yet"):
        connection(Project.open(server.root))
    address = server.start()
    assert (server.pid, address.started) == (pid, False)
    assert servers_of(server) == [pid]


def test_down_while_starting(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    with start_in_background(server) as shell:
        assert server.stop()
        assert shell.wait(30) == 5
        assert shell.stderr is not None
        assert "ended while it was starting" in shell.stderr.read()
    assert servers_of(server) == []


def test_concurrent_ups_start_one_server(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(tmp_path / "study")
    command = [*TSLAB, "up", "--json", "--project", str(server.root)]
    shells = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(3)
    ]
    documents = [json.loads(shell.communicate(timeout=120)[0]) for shell in shells]
    assert [shell.returncode for shell in shells] == [0, 0, 0]
    assert sorted(document["started"] for document in documents) == [False, False, True]
    assert len({document["pid"] for document in documents}) == 1
    assert len(servers_of(server)) == 1
