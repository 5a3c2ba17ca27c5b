"""A study with planted disputes in a real Label Studio, annotated by three people."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import numpy as np

from kit.planted import ANNOTATORS, Plant, Planted, covering, planted
from kit.studies import Study, give_database, tslab
from tslab.domain import Domain, Label, Tier, View
from tslab.label_studio.regions import to_regions
from tslab.label_studio.review.config import CORRECTED, VERDICT, is_right
from tslab.label_studio.review.key import Case, Window
from tslab.plugin_manager import load_domain
from tslab.preparation.stitching import cut, with_ids
from tslab.preparation.task_table import row_ticks
from tslab.project import Project
from tslab.spans import Span

SECONDS, RATE = 120.0, 50.0
DOMAIN = Domain(
    name="iot",
    title="Tiers of every kind",
    tiers=(
        Tier(
            name="state",
            kind="states",
            labels=(
                Label(name="Rest", color="#4477aa", hotkey="1"),
                Label(name="Walk", color="#ee6677", hotkey="2"),
                Label(name="Run", color="#228833", hotkey="3"),
            ),
        ),
        Tier(
            name="event",
            kind="intervals",
            labels=(
                Label(name="Leak", color="#aa3377", hotkey="4"),
                Label(name="Knock", color="#ccbb44", hotkey="5"),
            ),
        ),
        Tier(
            name="mark",
            kind="instants",
            labels=(
                Label(name="Peak", color="#66ccee", hotkey="6"),
                Label(name="Foot", color="#222222", hotkey="7"),
            ),
        ),
    ),
    views=(View(name="anomalies", tiers=("state", "event", "mark")),),
    open_channels=True,
    page_seconds=20,
    window_seconds=60,
)
"""Tiers that overlap in time, in one view."""

KEYS = [*((is_right(letter), letter.lower()) for letter in "ABC"), (CORRECTED, "x")]
"""Verdicts of a review of three and their keys."""


@contextlib.contextmanager
def domain_of_all_kinds(domain: Domain | None = None) -> Iterator[None]:
    """The domain iot has these tiers meanwhile, or those of another domain."""
    plugins, _ = load_domain("iot")
    with mock.patch("tslab.project.load_domain", return_value=(plugins, domain or DOMAIN)):
        yield


def make_recordings(folder: Path, seeds: Sequence[int]) -> dict[str, int]:
    """A CSV for each seed; the seed by file stem."""
    folder.mkdir()
    time = np.arange(0, SECONDS, 1 / RATE)
    names = {}
    for seed in seeds:
        noise = np.random.default_rng(seed).normal(0, 0.1, len(time))
        rows = [f"{t:.3f},{v:.4f}" for t, v in zip(time, np.sin(time * 2) + noise, strict=True)]
        (folder / f"signal-{seed}.csv").write_text("time_s,force\n" + "\n".join(rows) + "\n")
        names[f"signal-{seed}"] = seed
    return names


def make_review_study(folder: Path, seeds: Sequence[int]) -> tuple[Study, dict[str, Planted]]:
    """A study with a recording for each seed, and what is planted in it, by recording id."""
    root = folder / "review-study"
    tslab("init", str(root), "--domain", "iot")
    study = Study(root)
    native = folder / "native"
    names = make_recordings(native, seeds)
    study.run("add", *(str(native / f"{name}.csv") for name in names))
    made = {}
    for entry in study.project.entries().values():
        seed = names[Path(entry.path).stem]
        made[entry.id] = planted(DOMAIN, SECONDS, RATE, seed)
    return study, made


@contextlib.contextmanager
def reviewed_study(
    folder: Path, migrated: Path, seeds: Sequence[int]
) -> Iterator[tuple[Study, dict[str, Planted]]]:
    """The study in a Label Studio of its own, annotated by all three, with its review.

    Args:
        folder: Where it is made.
        migrated: A database whose migrations are done.
        seeds: A recording for each.
    """
    with domain_of_all_kinds():
        study, made = make_review_study(folder, seeds)
        give_database(study.server, migrated)
        study.run("up", "--no-backend")
        try:
            study.run("users", "add", *ANNOTATORS)
            study.run("push")
            annotate(study, made)
            study.run("pull")
            study.run("review")
            yield study, made
        finally:
            study.run("down")


def annotate(
    study: Study, made: Mapping[str, Planted], places: Mapping[str, int] | None = None
) -> None:
    """What annotators said, as their annotations in Label Studio.

    Args:
        study: With its tasks on the server.
        made: What was planted.
        places: The Label Studio project of each of them; None is the first for all.
    """
    project, domain = study.project, study.project.domain
    users = {user["email"]: user["id"] for user in study.get("/api/users")}
    if places is None:
        first = study.projects()[0]["id"]
        places = {name: first for plan in made.values() for name in plan.said}
    there = {name: study.server_tasks(number) for name, number in places.items()}
    with study.http() as client:
        for recording_id, plan in made.items():
            recording = project.recording(recording_id)
            tasks = [task for task in project.tasks() if task.recording == recording_id]
            for name, said in plan.said.items():
                parts = cut(with_ids(said, secrets.token_hex(4)), tasks)
                for task in tasks:
                    result, _ = to_regions(parts[task.id], task, row_ticks(task, recording), domain)
                    body = {"result": result, "completed_by": users[name], "lead_time": 9.0}
                    post(client, f"/api/tasks/{there[name][task.id]['id']}/annotations/", body)


def post(client: httpx.Client, path: str, body: Mapping[str, Any]) -> None:
    """A POST that must be taken."""
    answer = client.post(path, json=dict(body))
    assert answer.status_code in (200, 201), answer.text[:500]


def described(spans: Sequence[Span], tier: str) -> list[tuple[float, float, str]]:
    """Spans of a tier as they can be compared."""
    return sorted((s.start, s.end, s.label) for s in spans if s.tier == tier)


def plants_of(made: Planted, window: Window) -> list[tuple[Case, Plant]]:
    """Disputes of a window, each with the one plant that it is about."""
    found = []
    for case in window.cases:
        (plant,) = covering(made.plants, case.tier, case.start / 1e6, case.end / 1e6)
        found.append((case, plant))
    return found


def verdicts(
    project: Project, made: Planted, window: Window, shown: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The annotation of a reviewer who knows the truth.

    Args:
        project: The project folder.
        made: What was planted in the recording.
        window: The window, with its key.
        shown: Regions that the reviewer found in the task.
    """
    regions = {region["id"]: region for region in shown}
    result: list[dict[str, Any]] = [dict(region) for region in shown]
    drawn: list[Span] = []
    for case, plant in plants_of(made, window):
        right = [x for x, name in window.letters.items() if name in plant.right]
        value = {k: v for k, v in regions[case.id]["value"].items() if k != "timeserieslabels"}
        value["choices"] = [is_right(right[0]) if right else CORRECTED]
        common = {"id": case.id, "to_name": "ts", "origin": "manual"}
        result.append({**common, "from_name": VERDICT, "type": "choices", "value": value})
        if not right:
            drawn += [
                s
                for s in made.truth
                if s.tier == case.tier and plant.low <= s.start and s.end <= plant.high
            ]
    recording = project.recording(window.task.recording)
    parts = cut(with_ids(drawn, secrets.token_hex(4)), [window.task])[window.task.id]
    more, _ = to_regions(parts, window.task, row_ticks(window.task, recording), project.domain)
    return result + more
