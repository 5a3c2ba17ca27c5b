"""A study whose annotators behave in a known way, in a fake Label Studio."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tslab.cli import run
from tslab.label_studio.connection import Connection
from tslab.label_studio.predictions import load_predictions
from tslab.label_studio.remote import save_projects
from tslab.project import Project
from tslab.task import Task
from tslab.testing import FakeLabelStudio

MONDAY = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
MODEL = "net 1"
SETTINGS = """\
window: {seconds: 100}
review: {overlap: 2, percentage: 50}
backend: {enabled: false}
"""

Region = dict[str, Any]


class Plant:
    """A study of the domain iot: ten tasks of 100 s, a drift predicted from 10 s to 30 s of each.

    Attributes:
        root: The project folder.
        server: A fake Label Studio that has the tasks.
    """

    def __init__(self, root: Path, server: FakeLabelStudio) -> None:
        self.root, self.server = root, server
        self.project = Project.open(root)
        self.predicted = load_predictions(self.project).get(MODEL, {})
        number = server.add("projects", title="plant")["id"]
        self.users = {
            name: server.add("users", email=f"{name}@example.com")["id"] for name in ("ann", "bob")
        }
        for task in self.project.tasks():
            server.add("tasks", project=number, **task.to_json())
        connected = Connection(server.url, "fake-token", "upload", embedded=False)
        save_projects(self.project, connected, {"anomalies|x|1": number})

    @property
    def tasks(self) -> list[Task]:
        return self.project.tasks()

    def shown(self, task: int) -> list[Region]:
        """Regions of a task's prediction, as an annotation that begins from it has them."""
        return copy.deepcopy(list(self.predicted[self.tasks[task].id].result))  # type: ignore[arg-type]

    def region(self, task: int, start: float, end: float, label: str = "Drift") -> Region:
        """A region that somebody draws, seconds from the start of the window."""
        at = self.tasks[task]
        first, last = (
            at.axis_offset + round((at.start + seconds) * 1e6) // at.tick_us
            for seconds in (start, end)
        )
        value: Region = {"start": first, "end": last, "instant": start == end}
        if at.tick_us == 1000:
            value |= {"start": str(first), "end": str(last)}
        return {
            "id": f"r{task}x{first}{label}", "from_name": "anomaly", "to_name": "ts",
            "type": "timeserieslabels", "origin": "manual",
            "value": {**value, "timeserieslabels": [label]},
        }  # fmt: skip

    def moved(self, region: Region, task: int, start: float, end: float) -> Region:
        """The same region elsewhere."""
        other = self.region(task, start, end)["value"]
        times = {key: other[key] for key in ("start", "end")}
        return {**region, "value": {**region["value"], **times}}

    def say(
        self, who: str, task: int, result: Sequence[Region], at: dt.datetime, **given: object
    ) -> None:
        """Somebody submits a task."""
        found = next(
            item
            for item in self.server.data["tasks"].values()
            if item["data"]["task"] == self.tasks[task].id
        )
        said: dict[str, object] = {
            "task": found["id"], "project": found["project"], "completed_by": self.users[who],
            "result": list(result), "was_cancelled": False, "ground_truth": False,
            "lead_time": 60.0, "created_at": stamp(at), "updated_at": stamp(at),
            "parent_prediction": None, "prediction": {},
        }  # fmt: skip
        self.server.add("annotations", **{**said, **given})

    def draft(self, who: str, task: int, at: dt.datetime) -> None:
        """Somebody begins a task."""
        found = list(self.server.data["tasks"].values())[task]
        self.server.add(
            "drafts", task=found["id"], user=f"{who}@example.com", result=[], lead_time=5.0,
            created_at=stamp(at), updated_at=stamp(at),
        )  # fmt: skip

    def run(self, verb: str, *arguments: str, expect: int = 0) -> None:
        assert run([verb, *arguments, "--project", str(self.root)]) == expect

    def progress(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> Mapping[str, Any]:
        """What ``tslab progress --json`` says after a pull."""
        self.run("pull", "--quiet")
        capsys.readouterr()
        self.run("progress", "--json", *arguments)
        document: Mapping[str, Any] = json.loads(capsys.readouterr().out)
        return document


def stamp(moment: dt.datetime) -> str:
    """A time as Label Studio writes it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def minutes(number: float) -> dt.datetime:
    """So many minutes after Monday at nine."""
    return MONDAY + dt.timedelta(minutes=number)
