"""Brings annotations back: regions to spans, windows to recordings, one entry an annotator."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tslab import files
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.errors import ProjectError, ServerError
from tslab.ground_truth import save_truth
from tslab.label_studio.activity import ActivityReader
from tslab.label_studio.client import Client
from tslab.label_studio.predictions import TaskPrediction, exact_times, load_predictions
from tslab.label_studio.regions import Exact, from_regions
from tslab.label_studio.review.pull import Outcome, review_outcome
from tslab.label_studio.review.readings import REVIEWER
from tslab.label_studio.served_times import served_times
from tslab.preparation.stitching import give_way, stitch
from tslab.progress.activity import FILE as ACTIVITY
from tslab.progress.activity import Activity
from tslab.progress.plausible import lead_time
from tslab.project import PULLED, Project
from tslab.spans import FieldValue, Span
from tslab.task import Task

Predictions = Mapping[str, Mapping[str, TaskPrediction]]


@dataclass(slots=True)
class Pulled:
    """What a pull brought.

    Attributes:
        annotations: One for each recording, view, annotator and ground-truth mark.
        findings: What could not be used, and what a person should look at.
        counts: Annotations, skipped ones, drafts and tasks that are not ours.
        activity: How it came about: every annotation of every task.
        numbers: Label Studio's project and task of each of our tasks that has an annotation.
        review: What the review has come to, None without one.
    """

    annotations: list[Annotation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    activity: Activity = field(default_factory=lambda: Activity("", ()))
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)
    review: Outcome | None = None


@dataclass(slots=True)
class _Reader:
    """Everything that one annotator said about one recording in one view."""

    parts: dict[str, list[Span]] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    task_fields: dict[str, Mapping[str, FieldValue]] = field(default_factory=dict)
    lead_time: float | None = None


def pull(
    project: Project,
    client: Client,
    projects: Mapping[str, int],
    *,
    raw: bool,
    reviews: Mapping[str, int] | None = None,
) -> Pulled:
    """Reads the annotations of Label Studio's projects and writes them down.

    annotations/annotations.json gets what holds, annotations/activity.json how it came about,
    annotations/ground_truth.json what a review decided.

    Args:
        project: The project folder.
        client: The server.
        projects: Label Studio's ids by group key.
        raw: Whether Label Studio's own JSON is kept beside it.
        reviews: The same of the review's projects; their verdicts become ground truth.

    Raises:
        ServerError: The server does not answer or refuses.
        ProjectError: A file cannot be written.
    """
    users = client.users()
    if not projects:
        raise ProjectError("this project is not in Label Studio yet", "Run: tslab push")
    exports, numbers = [], {}
    unlisted: list[Finding] = []
    for number, (key, project_id) in enumerate(sorted(projects.items()), start=1):
        exported = client.annotated(project_id)
        exported += _drafts(client, project_id, exported, unlisted)
        if raw:
            path = project.root / "annotations" / f"raw-{number}-{key.split('|')[0]}.json"
            files.write_bytes(path, files.json_bytes(exported))
        exports.append(exported)
        for item in exported:
            task = _pushed_task(item)
            if task is not None and isinstance(item.get("id"), int):
                numbers[task.id] = (project_id, int(item["id"]))
    pulled = collect(project, exports, users)
    pulled.findings += unlisted
    pulled.numbers = numbers
    pulled.review = review_outcome(project, client, reviews or {}, pulled.annotations)
    if pulled.review is not None:
        pulled.findings += pulled.review.findings
        save_truth(project.root, REVIEWER, pulled.review.annotations)
    path = project.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(pulled.annotations))
    files.write_bytes(project.root / ACTIVITY, files.json_bytes(pulled.activity))
    codes = Counter(finding.code for finding in pulled.findings)
    codes["TSL092"] += pulled.counts["skipped"]
    files.write_bytes(project.state / PULLED, files.json_bytes(dict(sorted((+codes).items()))))
    return pulled


def _drafts(
    client: Client, project: int, exported: Sequence[Mapping[str, Any]], findings: list[Finding]
) -> list[dict[str, Any]]:
    """Tasks that have drafts alone. A server that cannot list them still gives its annotations."""
    try:
        return client.drafted(project, {item.get("id") for item in exported})
    except ServerError as error:
        text = f"drafts on tasks without an annotation are not counted: {error.message}"
        place = f"Label Studio project {project}"
        findings.append(Finding("TSL115", "warning", text, place, "Update Label Studio."))
        return []


def collect(
    project: Project, exports: Sequence[Sequence[Mapping[str, Any]]], users: Mapping[int, str]
) -> Pulled:
    """What the tasks of Label Studio's projects say; writes nothing.

    Args:
        project: The project folder.
        exports: Tasks with their annotations, as Label Studio exports them, by project.
        users: E-mail addresses by id.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    known = project.entries().keys()
    said = _Said(project, load_predictions(project))
    pulled = Pulled()
    activity = ActivityReader(project.domain, said.predictions, lambda who: _name(who, users))
    readers: dict[tuple[str, str, str, bool], _Reader] = {}
    for exported in exports:
        for item in exported:
            task = _pushed_task(item)
            if task is None or task.recording not in known:
                pulled.counts["tasks of no recording here"] += 1
                continue
            exact = said.exact(task.id)
            _read_task(item, task, users, (project.domain, exact), (readers, pulled))
            activity.read(item, task, exact)
    for (recording, view, annotator, truth), reader in sorted(readers.items()):
        spans, findings = stitch(reader.parts, list(reader.tasks.values()), project.domain)
        pulled.findings += findings
        pulled.annotations.append(
            Annotation(
                recording=recording,
                annotator=annotator,
                spans=give_way(spans, project.domain),
                view=view,
                extents=merged([(t.start, t.end) for t in reader.tasks.values()]),
                task_fields=reader.task_fields,
                lead_time=reader.lead_time,
                ground_truth=truth,
            )
        )
    pulled.findings += activity.findings
    pulled.activity = activity.activity(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
    drafts = sum(entry.state == "draft" for entry in pulled.activity.entries)
    pulled.counts += Counter({"drafts": drafts})
    return pulled


@dataclass(frozen=True, slots=True)
class _Said:
    """What Label Studio was told: the domain's labels, and where predicted regions really lie."""

    project: Project
    predictions: Predictions

    def exact(self, task: str) -> Exact:
        """Exact times of the regions that were pushed, and of those that the ML backend served."""
        return served_times(self.project.state, task) | exact_times(self.predictions, task)


def _pushed_task(item: Mapping[str, Any]) -> Task | None:
    """The task as it was pushed: its regions belong to that window, whatever was cut since."""
    try:
        return Task.from_json(item)
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def _read_task(
    item: Mapping[str, Any],
    task: Task,
    users: Mapping[int, str],
    known: tuple[Domain, Exact],
    found: tuple[dict[tuple[str, str, str, bool], _Reader], Pulled],
) -> None:
    readers, pulled = found
    domain, exact = known
    for annotation in _latest(item.get("annotations") or (), users, task, pulled):
        who = _name(annotation.get("completed_by"), users)
        truth = bool(annotation.get("ground_truth"))
        reading = from_regions(annotation.get("result") or (), task, domain, exact)
        pulled.findings += reading.findings
        pulled.counts["annotations"] += 1
        reader = readers.setdefault((task.recording, task.view, who, truth), _Reader())
        reader.parts[task.id] = reading.spans
        reader.tasks[task.id] = task
        if reading.task_fields:
            reader.task_fields[task.id] = reading.task_fields
        seconds = lead_time(annotation.get("lead_time"))
        if seconds is not None:
            reader.lead_time = (reader.lead_time or 0.0) + seconds


def _latest(
    annotations: Sequence[Mapping[str, Any]],
    users: Mapping[int, str],
    task: Task,
    pulled: Pulled,
) -> list[Mapping[str, Any]]:
    """One annotation for each annotator: the last one that was not skipped."""
    chosen: dict[tuple[str, bool], Mapping[str, Any]] = {}
    for annotation in sorted(annotations, key=lambda a: int(a.get("id") or 0)):
        if annotation.get("was_cancelled"):
            pulled.counts["skipped"] += 1
            continue
        key = (_name(annotation.get("completed_by"), users), bool(annotation.get("ground_truth")))
        if key in chosen:
            text = f"{key[0]} annotated the task more than once; the last annotation counts"
            remedy = "Delete the others in Label Studio."
            pulled.findings.append(Finding("TSL089", "warning", text, f"task {task.id}", remedy))
        chosen[key] = annotation
    return list(chosen.values())


def _name(completed_by: object, users: Mapping[int, str]) -> str:
    if isinstance(completed_by, Mapping):
        return str(completed_by.get("email") or completed_by.get("id"))
    if isinstance(completed_by, int):
        return users.get(completed_by, f"user {completed_by}")
    # Drafts name their user in text.
    return completed_by if isinstance(completed_by, str) and completed_by else "unknown"


def merged(extents: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Stretches in order, those that touch joined."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(extents):
        if joined and start <= joined[-1][1] + 1e-6:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
