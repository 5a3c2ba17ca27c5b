"""The ML backend that `tslab up` starts beside Label Studio, and `tslab down` stops."""

from __future__ import annotations

import importlib.util
import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tslab import files
from tslab.errors import ServerError
from tslab.label_studio import access
from tslab.label_studio.ml_backend import (
    PASS_VARIABLE,
    USER_VARIABLE,
    BackendRecord,
    load_backend,
    save_backend,
)

if TYPE_CHECKING:
    import psutil

FIRST_PORT = 9090
START_SECONDS = 60.0
POLL_SECONDS = 0.1


class BackendProcess:
    """The backend of one project folder; everything about it is kept in ``.tslab/``.

    Args:
        root: The project folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.state = self.root / ".tslab"
        self.log = self.state / "backend.log"

    @property
    def record(self) -> BackendRecord | None:
        """What is known of it, None before the first start."""
        return load_backend(self.state)

    @property
    def pid(self) -> int:
        """Id of the running process, 0 when there is none."""
        process = self._process()
        return process.pid if process else 0

    def start(self, port: int = 0) -> tuple[str, bool]:
        """Starts the backend, or finds it running; returns when it answers.

        Args:
            port: The port to take; 0 takes the one of last time or the first free one from 9090.

        Returns:
            Its address, and whether this call started it.

        Raises:
            ServerError: A package is missing, the port is taken, or it does not start.
        """
        require_backend()
        self.state.mkdir(parents=True, mode=0o700, exist_ok=True)
        with files.locked(self.state / "backend.lock"):
            process, record = self._process(), self.record
            if process is not None and record is not None:
                return record.url, False
            return self._start(port), True

    def stop(self) -> bool:
        """Stops the process that was started, with its trainings; models stay.

        Returns:
            Whether there was one to stop.
        """
        process, record = self._process(), self.record
        if process is None or record is None:
            return False
        from tslab.label_studio.server_process import terminate

        terminate(process)
        save_backend(self.state, replace(record, pid=0, created=0.0))
        return True

    def _start(self, port: int) -> str:
        from tslab.label_studio.server_process import choose_port, spawn, terminate

        known = self.record
        user, password = f"tslab-{secrets.token_hex(3)}", secrets.token_urlsafe(18)
        record = known or BackendRecord(user, password)
        taken = choose_port(port, record.port, FIRST_PORT)
        record = replace(record, port=taken, pid=0, created=0.0)
        command = [sys.executable, "-m", "tslab", "backend", "--project", str(self.root)]
        command += ["--port", str(taken)]
        environment = {**os.environ, USER_VARIABLE: record.user, PASS_VARIABLE: record.password}
        process = spawn(
            command, environment=environment, folder=self.root, log=self.log, what="the ML backend"
        )
        try:
            self._wait(process, record.url)
        except BaseException:
            terminate(process)
            raise
        save_backend(self.state, replace(record, pid=process.pid, created=process.create_time()))
        return record.url

    def _wait(self, process: psutil.Process, url: str) -> None:
        from tslab.label_studio.server_process import is_alive, last_line

        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            if not is_alive(process):
                said = last_line(self.log).rstrip(".")
                raise ServerError(
                    f"the ML backend ended while it was starting; it said: {said or 'nothing'}",
                    f"The whole log: {self.log}",
                )
            if _answers(url):
                return
            time.sleep(POLL_SECONDS)
        raise ServerError(
            f"the ML backend did not answer within {START_SECONDS:.0f} s",
            f"The whole log: {self.log}",
        )

    def _process(self) -> psutil.Process | None:
        """The process that this project started, None if it ended; never a stranger."""
        record = self.record
        if record is None or not record.pid:
            return None
        require_backend()
        from tslab.label_studio.server_process import find

        return find(record.pid, record.created, ("backend", str(self.root)))


def _answers(url: str) -> bool:
    try:
        with access.open_http(url, seconds=5) as http:
            return access.health(http)
    except ServerError:
        return False


def require_backend() -> None:
    """Makes sure that what the backend needs is installed, without importing it.

    Raises:
        ServerError: Something is missing.
    """
    for module in ("fastapi", "uvicorn", "prometheus_client", "psutil", "httpx"):
        if importlib.util.find_spec(module) is None:
            raise ServerError(
                f"the ML backend needs '{module}', which is not installed",
                'pip install "tslab[server]", or switch it off in tslab.yaml (backend: enabled).',
            )
