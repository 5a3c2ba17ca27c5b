"""The embedded server of one project: a real Label Studio with its own SQLite in ``.tslab/``."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tslab import files
from tslab.errors import ServerError
from tslab.label_studio import access
from tslab.label_studio.server_environment import server_environment
from tslab.label_studio.server_record import (
    ServerRecord,
    load_record,
    new_record,
    save_record,
)

if TYPE_CHECKING:
    import psutil

    from tslab.project import Project

MODULE = "tslab.label_studio.server_main"
START_SECONDS = 240.0
POLL_SECONDS = 0.25
ATTEMPTS = 3
Status = Literal["stopped", "starting", "running"]


@dataclass(frozen=True, slots=True)
class Address:
    """A running embedded server.

    Attributes:
        url: Address for the browser.
        email: The administrator's account.
        password: Its password.
        api_key: Its legacy API token.
        started: Whether this call started it.
    """

    url: str
    email: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    started: bool


class _PortLostError(Exception):
    """Somebody else took the port while Label Studio was starting."""


class EmbeddedServer:
    """The server that `tslab up` starts; everything about it is kept in files.

    Args:
        root: The project folder; files below the server's storages in it are served.
        state: The project's ``.tslab/``.
        allow_hosts: Hosts that the server may reach, besides this one.
    """

    def __init__(self, root: Path, state: Path, allow_hosts: Sequence[str] = ()) -> None:
        self.root = root.resolve()
        self.state = state.resolve()
        self.allow_hosts = tuple(allow_hosts)
        self.data = self.state / "label-studio"
        self.log = self.state / "label-studio.log"

    @classmethod
    def of(cls, project: Project) -> EmbeddedServer:
        """The embedded server of a project."""
        return cls(project.root, project.state, project.settings.allow_hosts)

    @classmethod
    def nearest(cls, folder: Path | str) -> EmbeddedServer | None:
        """The server of the project in a folder or above it, even if its tslab.yaml is broken."""
        from tslab.settings import FILE_NAME

        start = Path(folder).resolve()
        for root in (start, *start.parents):
            if (root / FILE_NAME).is_file():
                return cls(root, root / ".tslab")
        return None

    # --- what is known --------------------------------------------------------------------

    @property
    def record(self) -> ServerRecord:
        """Account, port and process.

        Raises:
            ServerError: It was never started.
        """
        record = load_record(self.state)
        if record is None:
            raise ServerError(
                "Label Studio was not started for this project yet", "Start it: tslab up"
            )
        return record

    @property
    def address(self) -> str:
        """Address of the last start."""
        return self.record.url

    @property
    def api_key(self) -> str:
        """The administrator's legacy token."""
        return self.record.token

    @property
    def pid(self) -> int:
        """Id of the running process, 0 when there is none."""
        process = self._process()
        return process.pid if process else 0

    def status(self) -> Status:
        """Whether the process runs, and whether it answers yet."""
        process = self._process()
        if process is None:
            return "stopped"
        return "running" if self._answers(process) else "starting"

    # --- start and stop -------------------------------------------------------------------

    def start(
        self,
        progress: Callable[[float], object] = lambda _: None,
        port: int = 0,
        waiting: Callable[[], object] = lambda: None,
    ) -> Address:
        """Starts the server, or finds it running; returns when it answers.

        Args:
            progress: Called several times a second with the seconds waited so far.
            port: The port to take; 0 takes the one of last time or the first free one.
            waiting: Called when another command is starting it and this one has to wait.

        Raises:
            ServerError: Label Studio is not installed, the port is taken, or it does not start.
        """
        require_server()
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        with files.locked(self.state / "server.lock", waiting):
            process = self._process()
            if process is not None and self._answers(process):
                return self._address(started=False)
            return self._start(process, progress, port)

    def stop(self) -> bool:
        """Stops the process that was started; data, account and port stay.

        Returns:
            Whether there was one to stop.
        """
        process = self._process()
        if process is None:
            return False
        self._end(process)
        return True

    def _start(
        self, process: psutil.Process | None, progress: Callable[[float], object], port: int
    ) -> Address:
        started = process is None
        for attempt in range(ATTEMPTS):
            child = process
            try:
                child = process or self._spawn(port)
                self._wait(child, progress)
                return self._address(started=started)
            except _PortLostError:
                if child is not None:
                    self._end(child)
                process = None
                if port or attempt == ATTEMPTS - 1:
                    break
            except BaseException:
                # Ctrl-C comes here too. A process that another command started is left to it.
                if process is None and child is not None:
                    self._end(child)
                raise
        raise ServerError(
            f"port {self.record.port} was taken by another program meanwhile",
            "Run 'tslab up' again, or choose another port with --port N.",
        )

    def _spawn(self, port: int) -> psutil.Process:
        from tslab.label_studio.server_process import choose_port, spawn

        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = load_record(self.state)
        if record is None:
            record = new_record(known_users=(self.data / "label_studio.sqlite3").exists())
        record = replace(record, port=choose_port(port, record.port), data=str(self.data))
        save_record(self.state, record)
        command = [sys.executable, "-m", MODULE, "start", "--no-browser"]
        command += ["--internal-host", "127.0.0.1", "--host", record.url]
        command += ["--port", str(record.port), "--data-dir", record.data]
        command += ["--enable-legacy-api-token"]
        environment = server_environment(record, self.root, self.data, self.allow_hosts)
        process = spawn(command, environment=environment, folder=self.data, log=self.log)
        try:
            created = process.create_time()
            save_record(self.state, replace(record, pid=process.pid, created=created))
        except BaseException:
            # Ctrl-C while the record reaches the disk: nobody else would ever stop it.
            self._end(process)
            raise
        return process

    def _wait(self, process: psutil.Process, progress: Callable[[float], object]) -> None:
        from tslab.label_studio.server_process import is_alive, listening_ports

        began = time.monotonic()
        while (waited := time.monotonic() - began) < START_SECONDS:
            if not is_alive(process):
                raise self._died()
            ports = listening_ports(process)
            if ports and self.record.port not in ports:
                # It takes the next port without a word when its own is taken.
                raise _PortLostError
            if self._answers(process):
                self._check_token()
                return
            progress(waited)
            time.sleep(POLL_SECONDS)
        raise ServerError(
            f"Label Studio did not answer within {START_SECONDS:.0f} s{self._said()}",
            f"The whole log: {self.log}",
        )

    def _answers(self, process: psutil.Process) -> bool:
        """Whether our own process serves the port, and says that it is up."""
        from tslab.label_studio.server_process import listening_ports

        record = self.record
        if record.port not in listening_ports(process):
            return False
        try:
            with access.open_http(record.url, seconds=5) as http:
                return access.health(http)
        except ServerError:
            return False

    def _check_token(self) -> None:
        """Makes sure that our token works; an administrator may have changed it in the browser."""
        from tslab.label_studio.accounts import recover_token

        record = self.record
        with access.open_http(record.url) as http:
            try:
                access.whoami(http, access.authorization(http, record.token))
            except ServerError:
                token = recover_token(record.url, record.email, record.password)
                save_record(self.state, replace(record, token=token))

    def _died(self) -> ServerError:
        from tslab.label_studio.server_process import is_free

        record = self.record
        if not is_free(record.port):
            raise _PortLostError
        return ServerError(
            f"Label Studio ended while it was starting{self._said()}", f"The whole log: {self.log}"
        )

    def _said(self) -> str:
        from tslab.label_studio.server_process import last_line

        line = last_line(self.log)
        return f"; it said: {line.rstrip('.')}" if line else ""

    def _end(self, process: psutil.Process) -> None:
        from tslab.label_studio.server_process import terminate

        terminate(process)
        record = load_record(self.state)
        if record is not None and record.pid == process.pid:
            save_record(self.state, replace(record, pid=0, created=0.0))

    def _process(self) -> psutil.Process | None:
        """The process that this project started, None if it ended; never a stranger."""
        record = load_record(self.state)
        if record is None or not record.pid:
            return None
        require_server()
        from tslab.label_studio.server_process import find

        return find(record.pid, record.created, (MODULE, record.data))

    def _address(self, started: bool) -> Address:
        record = self.record
        return Address(record.url, record.email, record.password, record.token, started)


def require_server() -> None:
    """Makes sure that Label Studio and psutil are installed, without importing them.

    Raises:
        ServerError: One of them is missing.
    """
    for module in ("label_studio", "psutil", "httpx"):
        if importlib.util.find_spec(module) is None:
            raise ServerError(
                "Label Studio is not installed in this environment",
                'Install it: pip install "tslab[server]"; or name an existing server in '
                "tslab.yaml (label_studio: url).",
            )
