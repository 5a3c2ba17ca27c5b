"""`tslab backend` as a process."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tslab.backend.server import set_up_logging
from tslab.cli import run


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LABEL_STUDIO", "MODEL_DIR"))}
    return subprocess.Popen(
        [sys.executable, "-m", "tslab", "backend", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**kept, **environment},
    )


@pytest.mark.slow
def test_it_says_where_it_is_answers_and_stops(tmp_path: Path) -> None:
    process = start(tmp_path, BASIC_AUTH_USER="ann", BASIC_AUTH_PASS="secret", LOG_LEVEL="DEBUG")
    assert process.stdout is not None
    try:
        said = json.loads(b"".join(iter(process.stdout.readline, b"}\n")) + b"}")
        assert said["model_dir"] == str(tmp_path / "models")
        with httpx.Client(base_url=said["url"], trust_env=False) as http:
            assert http.get("/health").json()["status"] == "UP"
            assert http.get("/versions").status_code == 401
            assert http.get("/versions", auth=("ann", "secret")).json() == {"versions": []}
            body = {"tasks": [{"id": 1, "data": {"csv": "/data/smith-john.csv"}}]}
            answer = http.post("/predict", json=body, auth=("ann", "secret"))
            assert answer.status_code == 422  # it brings no labeling config
            assert "smith" not in answer.text
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert b"secret" not in log
    assert b"smith" not in log
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
def test_an_open_address_without_a_password_is_warned_about(tmp_path: Path) -> None:
    process = start(tmp_path, "--host", "0.0.0.0")
    assert process.stderr is not None
    try:
        assert b"set BASIC_AUTH_USER" in process.stderr.readline()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_taken_port_is_said_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tslab.backend.server.set_up_logging", lambda level: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["backend", "--port", str(port)]) == 5
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in said


@pytest.mark.parametrize(("asked", "level"), [("0", logging.WARNING), ("1", logging.NOTSET)])
def test_calls_of_hooks_are_logged_where_somebody_asks(
    monkeypatch: pytest.MonkeyPatch, asked: str, level: int
) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("tslab.hooks").level)
    monkeypatch.setenv("TSLAB_TRACE_HOOKS", asked)
    logging.getLogger("tslab.hooks").setLevel(logging.NOTSET)
    try:
        set_up_logging("INFO")
        assert logging.getLogger("tslab.hooks").level == level
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        logging.getLogger("tslab.hooks").setLevel(before[2])
