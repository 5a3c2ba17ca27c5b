"""Project folders with a real Label Studio behind them, made the way a user makes them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tslab.cli import run
from tslab.contracts import SampleRecording
from tslab.label_studio.server import EmbeddedServer
from tslab.plugin_manager import load_domain
from tslab.project import Project
from tslab.task import Task

SHARED_DATA = Path(
    os.environ.get("TSLAB_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
KEPT = ("label_studio.sqlite3", ".env")
NO_DATA = "no real data: neither TSLAB_DATA nor ../shared/data exists"


def tslab(*arguments: str, expect: int | Sequence[int] = 0) -> None:
    """Runs a command and insists on its exit code."""
    code = run(list(arguments))
    allowed = (expect,) if isinstance(expect, int) else tuple(expect)
    assert code in allowed, f"tslab {' '.join(arguments)} ended with {code}"


def change_settings(root: Path, text: str) -> None:
    """Sets whole sections of a tslab.yaml; a key that stands twice is refused."""
    path = root / "tslab.yaml"
    settings = yaml.safe_load(path.read_text()) | yaml.safe_load(text)
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Runs a command that must succeed; its JSON document."""
    capsys.readouterr()
    code = run([*arguments, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    document: dict[str, Any] = json.loads(captured.out)
    return document


@dataclass
class Study:
    """A project folder and its running server."""

    root: Path

    def run(self, verb: str, *arguments: str, expect: int | Sequence[int] = 0) -> None:
        """Runs a command in the project."""
        tslab(verb, *arguments, "--project", str(self.root), expect=expect)

    @property
    def server(self) -> EmbeddedServer:
        return EmbeddedServer.of(self.project)

    @property
    def project(self) -> Project:
        return Project.open(self.root)

    @property
    def url(self) -> str:
        return self.server.address

    def http(self) -> httpx.Client:
        """A client with the administrator's token."""
        token = self.server.api_key
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Token {token}"}, timeout=60
        )

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer to a GET."""
        with self.http() as client:
            answer = client.get(path, params=params)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.json()

    def projects(self) -> list[dict[str, Any]]:
        """Label Studio's projects, sorted by id."""
        found = self.get("/api/projects", page_size=100)["results"]
        return sorted(found, key=lambda item: item["id"])

    def server_tasks(self, project: int) -> dict[str, dict[str, Any]]:
        """Tasks of a Label Studio project by our id."""
        answer = self.get("/api/tasks", project=project, page_size=10_000, include="id,data,meta")
        return {item["data"]["task"]: item for item in answer["tasks"]}

    def task(self, name: str) -> Task:
        return next(task for task in self.project.tasks() if task.id == name)

    def counts(self) -> dict[str, int]:
        """How many of each thing the server has, all projects together."""
        found = {"projects": 0, "tasks": 0, "predictions": 0, "storages": 0, "views": 0, "ml": 0}
        for project in self.projects():
            number = project["id"]
            tasks = self.get("/api/tasks", project=number, page_size=1, include="id")
            found["projects"] += 1
            found["tasks"] += tasks["total"]
            found["predictions"] += len(self.get("/api/predictions/", project=number))
            found["storages"] += len(self.get("/api/storages/localfiles", project=number))
            found["views"] += len(self.get("/api/dm/views", project=number))
            found["ml"] += len(self.get("/api/ml", project=number))
        return found


def make_study(folder: Path, domain: str, *views: str) -> Study:
    """A project folder with the domain's sample recordings, predicted; no server yet."""
    root = folder / f"{domain}-study"
    chosen = [part for view in views for part in ("--view", view)]
    tslab("init", str(root), "--domain", domain, *chosen)
    study = Study(root)
    native = folder / f"{domain}-recordings"
    native.mkdir()
    study.run("add", *(str(write_native(s, native)) for s in sample_recordings(domain)))
    study.run("predict")
    return study


def give_database(server: EmbeddedServer, migrated: Path) -> None:
    """A migrated database without users, which saves a new server the minute that it takes."""
    server.data.mkdir(parents=True, mode=0o700)
    server.state.chmod(0o700)
    for name in KEPT:
        shutil.copy(migrated / name, server.data / name)


def sample_recordings(domain: str) -> Sequence[SampleRecording]:
    """The domain's generated recordings."""
    plugins, declared = load_domain(domain)
    return plugins.sample_recordings(declared)


def write_native(sample: SampleRecording, folder: Path) -> Path:
    """A sample recording as its native file."""
    assert sample.write is not None
    return sample.write(folder)


def environment() -> dict[str, str]:
    """Environment for subprocesses that run tslab."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


TSLAB = [sys.executable, "-m", "tslab"]
