"""Real embedded servers. Migrations run once for a session; every server starts on a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from kit.studies import give_database

from tslab.backend.process import BackendProcess
from tslab.label_studio.server import EmbeddedServer
from tslab.project import Project

MakeServer = Callable[..., EmbeddedServer]


@dataclass(frozen=True)
class RunningServer:
    """A project whose embedded server runs for the whole session."""

    project: Project
    server: EmbeddedServer
    url: str
    api_key: str

    def http(self) -> httpx.Client:
        """A client that is let in with the legacy token."""
        headers = {"Authorization": f"Token {self.api_key}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60)


def make_project(root: Path, settings: str = "") -> Path:
    """A project folder with the least in it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "tslab.yaml").write_text(f"domain: ecg\ntitle: {root.name}\n{settings}")
    return root


@pytest.fixture(scope="session")
def prepared(migrated: Path) -> MakeServer:
    """Makes the server of a new project folder, ready for a quick start."""

    def make(root: Path, settings: str = "") -> EmbeddedServer:
        server = EmbeddedServer(make_project(root, settings), root / ".tslab")
        give_database(server, migrated)
        return server

    return make


@pytest.fixture
def make_server(prepared: MakeServer) -> Iterator[MakeServer]:
    """As `prepared`; what was started is stopped after the test."""
    made: list[EmbeddedServer] = []

    def make(root: Path, settings: str = "") -> EmbeddedServer:
        made.append(prepared(root, settings))
        return made[-1]

    yield make
    for server in made:
        BackendProcess(server.root).stop()
        server.stop()


@pytest.fixture(scope="session")
def label_studio(
    prepared: MakeServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One running embedded server for all tests that change nothing about the process."""
    server = prepared(tmp_path_factory.mktemp("shared") / "study")
    address = server.start()
    try:
        yield RunningServer(Project.open(server.root), server, address.url, address.api_key)
    finally:
        server.stop()
