"""A blind study whose Label Studio is a fake one, and raters who say known things."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kit.studies import tslab
from tslab.project import Project
from tslab.task import Task
from tslab.testing import FakeLabelStudio

SETTINGS = """\
domain: iot
title: Pumps
window: {seconds: 100}
backend: {enabled: false}
label_studio: {data: url, data_url: 'http://127.0.0.1:1'}
"""
SECONDS, EVERY = 1000, 2


class BlindStudy:
    """A project folder with recordings of 1000 s in tasks of 100 s.

    Attributes:
        root: The project folder.
        server: A fake Label Studio.
        users: Ids of the annotators by the part of their address before the @.
    """

    def __init__(self, root: Path, server: FakeLabelStudio, review: str) -> None:
        self.root, self.server = root, server
        self._cut: dict[str, Task] = {}
        root.mkdir(exist_ok=True)
        self.set(review)
        self.users = {
            name: int(server.add("users", email=f"{name}@example.org")["id"])
            for name in ("ann", "ben", "cem", "lead")
        }

    def set(self, review: str, more: str = "") -> None:
        """Other settings of the review."""
        (self.root / "tslab.yaml").write_text(f"{SETTINGS}review: {review}\n{more}")

    def add(self, *names: str) -> None:
        """More recordings."""
        for name in names:
            rows = [f"{t},{t % 7},{sum(name.encode()) % 50}" for t in range(0, SECONDS, EVERY)]
            path = self.root.parent / f"{name}.csv"
            path.write_text("time_s,force,level\n" + "\n".join(rows) + "\n")
            self.run("add", str(path))

    def run(self, verb: str, *arguments: str, expect: int | Sequence[int] = 0) -> None:
        """Runs a command in the project."""
        tslab(verb, *arguments, "--project", str(self.root), expect=expect)

    def told(self, capsys: pytest.CaptureFixture[str], verb: str, *arguments: str) -> Any:
        """What a command says as JSON; it may have findings."""
        capsys.readouterr()
        self.run(verb, *arguments, "--json", expect=(0, 1))
        return json.loads(capsys.readouterr().out)

    @property
    def project(self) -> Project:
        return Project.open(self.root)

    @property
    def projects(self) -> dict[str, int]:
        """Label Studio's ids by title."""
        found = self.server.data.get("projects", {}).values()
        return {item["title"]: item["id"] for item in found}

    def of(self, rater: int) -> int:
        """Label Studio's id of a rater's project."""
        (found,) = [n for title, n in self.projects.items() if title.endswith(f"rater {rater}")]
        return found

    def tasks(self, project: int) -> dict[str, dict[str, Any]]:
        """Tasks on the server by our id, in the order in which they were imported."""
        return {item["data"]["task"]: item for item in self.server.tasks_of(project)}

    def task(self, name: str) -> Task:
        """A task of the project folder."""
        if name not in self._cut:
            self._cut = {item.id: item for item in self.project.tasks()}
        return self._cut[name]

    def plan(self) -> dict[str, list[int]]:
        """What raters.json says."""
        found: dict[str, list[int]] = json.loads((self.root / "raters.json").read_text())
        return found

    def annotate(self, project: int, task: str, who: str, *marks: tuple[float, float]) -> int:
        """An annotation with anomalies, in seconds of the recording; its number."""
        ours = self.task(task)
        results = [
            {
                "id": f"r{number}{who}", "from_name": "anomaly", "to_name": "ts",
                "type": "timeserieslabels",
                "value": {
                    "start": str(ours.axis_offset + round(start * 1000)),
                    "end": str(ours.axis_offset + round(end * 1000)),
                    "instant": start == end, "timeserieslabels": ["Drift"],
                },
            }
            for number, (start, end) in enumerate(marks)
        ]  # fmt: skip
        made = self.server.add(
            "annotations", task=self.tasks(project)[task]["id"], project=project, result=results,
            completed_by=self.users[who], lead_time=10.0,
        )  # fmt: skip
        return int(made["id"])

    def counts(self) -> dict[str, int]:
        """How many of each thing the server has."""
        return {name: len(items) for name, items in sorted(self.server.data.items())}


Make = Callable[..., BlindStudy]
"""Makes a study with settings of its review, and names of its recordings."""


def writes(study: BlindStudy) -> list[str]:
    """What a push sends besides GET."""
    before = len(study.server.requests)
    study.run("push")
    return [r.path for r in study.server.requests[before:] if r.method != "GET"]
