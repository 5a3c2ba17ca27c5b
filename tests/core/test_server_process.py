"""Processes, ports, locks and variables of the embedded server, without Label Studio."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tslab import files
from tslab.errors import ServerError
from tslab.label_studio import server_process
from tslab.label_studio.server import EmbeddedServer
from tslab.label_studio.server_environment import server_environment
from tslab.label_studio.server_record import (
    ServerRecord,
    load_record,
    new_record,
    save_record,
)

RECORD = ServerRecord("admin@tslab.local", "pass", "token", port=8123, data="/data")
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)", "sleeper"]


@pytest.fixture
def sleeper() -> Iterator[psutil.Process]:
    """A process that does nothing."""
    with subprocess.Popen(SLEEP) as process:
        yield psutil.Process(process.pid)
        process.kill()


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on which this test listens."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        yield opened.getsockname()[1]


# --- the record -------------------------------------------------------------------------------


def test_record_round_trip(tmp_path: Path) -> None:
    assert load_record(tmp_path) is None
    record = replace(RECORD, pid=12, created=1790000000.123456789)
    save_record(tmp_path, record)
    assert load_record(tmp_path) == record
    assert (tmp_path / "server.json").stat().st_mode & 0o777 == 0o600


def test_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"email": 1}')
    with pytest.raises(ServerError, match=r"server\.json' cannot be read") as caught:
        load_record(tmp_path)
    assert "Move it away" in caught.value.remedy


def test_new_records_have_new_secrets() -> None:
    first, second = new_record(known_users=False), new_record(known_users=False)
    assert first.email == "admin@tslab.local"
    assert first.password != second.password
    assert len(first.token) == 40
    assert int(first.token, 16) != int(second.token, 16)
    assert new_record(known_users=True).email not in {first.email, new_record(True).email}


# --- ports ------------------------------------------------------------------------------------


def test_port_with_a_listener_is_not_free(listener: int) -> None:
    assert not server_process.is_free(listener)


def test_port_bound_without_listening_is_not_free() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert not server_process.is_free(bound.getsockname()[1])


def test_asked_port_is_taken_or_refused(listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServerError, match=f"port {listener} is taken"):
        server_process.choose_port(listener, 0)
    monkeypatch.setattr(server_process, "is_free", lambda port: True)
    assert server_process.choose_port(9999, 8080) == 9999


def test_remembered_port_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    free = {8100, 8084}
    monkeypatch.setattr(server_process, "is_free", lambda port: port in free)
    assert server_process.choose_port(0, 8100) == 8100
    assert server_process.choose_port(0, 8099) == 8084
    assert server_process.choose_port(0, 0) == 8084
    free.clear()
    with pytest.raises(ServerError, match="all ports from 8080 to 8279 are taken"):
        server_process.choose_port(0, 0)


# --- processes --------------------------------------------------------------------------------


def test_find_knows_its_own(sleeper: psutil.Process) -> None:
    created = sleeper.create_time()
    assert server_process.find(sleeper.pid, created, ["sleeper"]) == sleeper
    assert server_process.find(sleeper.pid, created, ["sleeper", "other"]) is None
    assert server_process.find(sleeper.pid, created - 3600, ["sleeper"]) is None
    assert server_process.find(0, created, []) is None
    assert server_process.find(2**22 + 1, created, []) is None


def test_ended_child_is_not_found_and_not_left(tmp_path: Path) -> None:
    process = server_process.spawn(
        [sys.executable, "-c", ""], environment={}, folder=tmp_path, log=tmp_path / "a.log"
    )
    created = process.create_time()
    while server_process.is_alive(process):
        threading.Event().wait(0.01)
    assert server_process.listening_ports(process) == set()
    assert server_process.find(process.pid, created, []) is None
    assert not psutil.pid_exists(process.pid)
    assert not server_process.is_alive(process)


def test_spawned_process_is_detached_and_logs(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("of last time")
    code = "import os, sys; print(os.getsid(0) == os.getpid(), os.getcwd(), dict(os.environ))"
    command = [sys.executable, "-c", f"{code}; open('made', 'w'); print(sys.stdin.read() == '')"]
    process = server_process.spawn(command, environment={"ONLY": "this"}, folder=tmp_path, log=log)
    process.wait(20)
    text = log.read_text()
    assert text.startswith(f"True {tmp_path}")
    assert "ONLY" in text
    assert "HOME" not in text
    assert text.endswith("True\n")
    assert (tmp_path / "a.log.1").read_text() == "of last time"
    assert log.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "made").stat().st_mode & 0o077 == 0


def test_command_that_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="cannot start Label Studio: No such file"):
        server_process.spawn(
            [str(tmp_path / "nothing")], environment={}, folder=tmp_path, log=tmp_path / "a.log"
        )


def test_terminate_ends_the_whole_family(tmp_path: Path) -> None:
    code = f"import subprocess; subprocess.run({SLEEP!r})"
    log = tmp_path / "a.log"
    parent = server_process.spawn(
        [sys.executable, "-c", code], environment={}, folder=tmp_path, log=log
    )
    while not parent.children():
        threading.Event().wait(0.01)
    family = [parent, *parent.children()]
    server_process.terminate(parent)
    assert [member.is_running() for member in family] == [False, False]
    server_process.terminate(parent)  # nothing is left to do


def test_terminate_kills_what_does_not_listen(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code += "; print(1, flush=True); time.sleep(600)"
    log = tmp_path / "a.log"
    process = server_process.spawn(
        [sys.executable, "-c", code], environment={}, folder=tmp_path, log=log
    )
    while not log.read_text():
        threading.Event().wait(0.01)
    server_process.terminate(process, seconds=0.2)
    assert not process.is_running()


def test_listening_ports_of_this_process(listener: int) -> None:
    assert listener in server_process.listening_ports(psutil.Process())


# --- lock and log -----------------------------------------------------------------------------


def test_lock_makes_others_wait(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", []
    waiting = threading.Event()

    def second() -> None:
        with files.locked(path, waiting.set):
            order.append("second")

    with files.locked(path, waiting.set):
        assert not waiting.is_set()
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]


def test_last_line_skips_colours_and_blanks(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert server_process.last_line(log) == ""
    log.write_text("first\n\x1b[31mValueError: bad\x1b[0m\n\n  \n")
    assert server_process.last_line(log) == "ValueError: bad"
    log.write_bytes(b"\n\n")
    assert server_process.last_line(log) == ""


# --- variables --------------------------------------------------------------------------------


def test_environment_is_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOST", "SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "LABEL_STUDIO_API_KEY", "DEBUG"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("LABEL_STUDIO_HOST", "theirs")
    monkeypatch.setenv("LABEL_STUDIO_ML_TIMEOUT_PREDICT", "300")
    made = server_environment(RECORD, tmp_path, tmp_path / "data", ["files.example.org"])
    assert "theirs" not in made.values()
    assert made["LABEL_STUDIO_ML_TIMEOUT_PREDICT"] == "300"
    assert made["LABEL_STUDIO_HOST"] == "http://127.0.0.1:8123"
    assert made["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"] == str(tmp_path)
    assert made["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"
    assert made["PATH"]


def test_environment_leads_nowhere(tmp_path: Path) -> None:
    made = server_environment(RECORD, tmp_path, tmp_path / "data", ["files.example.org"])
    for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        assert made[name] == "http://127.0.0.1:9"
    assert made["no_proxy"] == "127.0.0.1,localhost,::1,files.example.org"
    switched_off = ("COLLECT_ANALYTICS", "LATEST_VERSION_CHECK", "CONVERTER_DOWNLOAD_RESOURCES")
    assert {made[f"LABEL_STUDIO_{name}"] for name in switched_off} == {"false"}
    assert made["LABEL_STUDIO_SENTRY_DSN"] == made["LABEL_STUDIO_FRONTEND_SENTRY_DSN"] == ""


def test_sessions_of_two_projects_differ(tmp_path: Path) -> None:
    other = replace(RECORD, port=8124)
    made = [server_environment(record, tmp_path, tmp_path) for record in (RECORD, other)]
    assert made[0]["TSLAB_SESSION_COOKIE"] != made[1]["TSLAB_SESSION_COOKIE"]


# --- the server's files -----------------------------------------------------------------------


def test_server_before_its_first_start(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, tmp_path / ".tslab")
    assert (server.status(), server.pid, server.stop()) == ("stopped", 0, False)
    with pytest.raises(ServerError, match="was not started for this project yet"):
        _ = server.address
    assert not server.state.exists()


def test_record_gives_address_and_key(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, tmp_path)
    save_record(server.state, RECORD)
    assert (server.address, server.api_key) == ("http://127.0.0.1:8123", "token")


def test_nearest_project(tmp_path: Path) -> None:
    below = tmp_path / "tasks" / "deep"
    below.mkdir(parents=True)
    assert EmbeddedServer.nearest(below) is None
    (tmp_path / "tslab.yaml").write_text("broken: [")
    found = EmbeddedServer.nearest(below)
    assert found is not None
    assert found.root == tmp_path


@pytest.mark.parametrize("missing", ["label_studio", "psutil", "httpx"])
def test_missing_package_gives_the_pip_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == missing else find(name)
    )
    server = EmbeddedServer(tmp_path, tmp_path / ".tslab")
    with pytest.raises(ServerError, match="not installed") as caught:
        server.start()
    assert 'pip install "tslab[server]"' in str(caught.value)
    assert caught.value.exit_code == 5
    assert not server.state.exists()
