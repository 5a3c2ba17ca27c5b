"""Processes and ports of this machine, as far as an embedded server needs them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from tslab.errors import ServerError

FIRST_PORT = 8080
PORTS = 200
STOP_SECONDS = 15.0
CLOCK_SECONDS = 5.0
"""By how much a process's time of creation may seem to move when the system's clock is set."""


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    what: str = "Label Studio",
) -> psutil.Process:
    """Starts a detached process that logs into a file of its owner's.

    Raises:
        ServerError: The system refuses.
    """
    previous = log.with_suffix(".log.1")
    if log.exists():
        log.replace(previous)
    log.touch(mode=0o600)
    try:
        with log.open("ab") as file:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
            )
    except OSError as error:
        raise ServerError(
            f"cannot start {what}: {error.strerror or error}", "Run 'tslab doctor'."
        ) from error
    # It outlives this object on purpose; psutil waits for it where somebody has to.
    process = psutil.Process(child.pid)
    child.returncode = 0
    return process


def find(pid: int, created: float, words: Sequence[str]) -> psutil.Process | None:
    """The process with this id, unless the id now belongs to another one.

    Args:
        pid: The process id, 0 for none.
        created: When the wanted process was made, in seconds since 1970.
        words: What its command line holds.
    """
    if not pid:
        return None
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            process.wait(0)
            return None
        line = _command_line(process)
        moved = abs(process.create_time() - created)
    except (psutil.Error, OSError):
        return None
    same = moved < CLOCK_SECONDS and all(word in line for word in words)
    return process if same else None


def _command_line(process: psutil.Process) -> list[str]:
    """The command line; for a moment after its start a process has none yet."""
    for _ in range(50):
        line: list[str] = process.cmdline()
        if line:
            return line
        time.sleep(0.01)
    return []


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that ended and was not waited for does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def listening_ports(process: psutil.Process) -> set[int]:
    """TCP ports on which a process accepts connections."""
    try:
        connections = process.net_connections(kind="tcp")
    except psutil.Error:
        return set()
    return {int(c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}


def terminate(process: psutil.Process, seconds: float = STOP_SECONDS) -> None:
    """Ends a process and its children, politely for some seconds; none is left as a zombie."""
    try:
        family = [*process.children(recursive=True), process]
    except psutil.Error:
        family = [process]
    _signal(family, psutil.Process.terminate)
    _, left = psutil.wait_procs(family, timeout=seconds)
    _signal(left, psutil.Process.kill)
    psutil.wait_procs(left, timeout=5)


def _signal(family: Iterable[psutil.Process], send: Callable[[psutil.Process], None]) -> None:
    for member in family:
        try:
            send(member)
        except psutil.NoSuchProcess:
            continue


def is_free(port: int) -> bool:
    """Whether nobody on this host listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as probe:
        if sys.platform != "win32":
            # Connections that the last server closed a minute ago do not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(asked: int, remembered: int, first: int = FIRST_PORT) -> int:
    """The port asked for, else the one of last time, else the first free one from `first` on.

    Raises:
        ServerError: The port asked for is taken, or all are.
    """
    if asked:
        if not is_free(asked):
            raise ServerError(
                f"port {asked} is taken by another program",
                "Choose another: tslab up --port N; without --port a free one is found.",
            )
        return asked
    ports = range(first, first + PORTS)
    candidates: list[int] = [remembered, *ports] if remembered else [*ports]
    for port in candidates:
        if is_free(port):
            return port
    raise ServerError(
        f"all ports from {ports[0]} to {ports[-1]} are taken", "Choose one: tslab up --port N"
    )


def last_line(log: Path) -> str:
    """The last line of a log that says something, without colours."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in text.splitlines()]
    spoken = [line for line in lines if line]
    return spoken[-1][:300] if spoken else ""
