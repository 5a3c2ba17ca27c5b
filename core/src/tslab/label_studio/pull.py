"""Brings annotations back: regions to spans, windows to recordings, one entry an annotator."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tslab import files
from tslab.contracts import Finding
from tslab.errors import DataError, ProjectError, ServerError
from tslab.ground_truth import REVIEWER, save_truth
from tslab.label_studio.client import Client
from tslab.label_studio.collecting import Pulled, collect, pushed_task
from tslab.label_studio.connection import Connection
from tslab.label_studio.people import People
from tslab.label_studio.raters import rater_of
from tslab.label_studio.remote import FORMER_FILE, load_projects
from tslab.label_studio.review.judging import Outcome
from tslab.label_studio.review.pull import missing_key, review_outcome
from tslab.label_studio.task_links import projects_with_work
from tslab.progress.activity import FILE as ACTIVITY
from tslab.progress.activity import Activity, ReviewState, load_activity
from tslab.progress.rater_findings import study_findings
from tslab.project import PULLED, Project


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
    people = People(client.users(), _last_pull(project))
    if not projects:
        raise ProjectError("this project is not in Label Studio yet", "Run: tslab push")
    exports: list[list[dict[str, Any]]] = []
    numbers: dict[str, list[tuple[int, int]]] = {}
    unlisted: list[Finding] = []
    ordered = sorted(projects.items(), key=lambda item: (rater_of(item[0]), item[0]))
    for number, (key, project_id) in enumerate(ordered, start=1):
        exported = _annotated(client, key, project_id)
        exported += _drafts(client, project_id, exported, unlisted)
        if raw:
            path = project.root / "annotations" / raw_name(number, key)
            files.write_bytes(path, files.json_bytes(exported))
        exports.append(exported)
        for item in exported:
            task = pushed_task(item)
            if task is None or not isinstance(item.get("id"), int):
                continue
            others = [pair for pair in numbers.get(task.id, ()) if pair[0] != project_id]
            numbers[task.id] = [*others, (project_id, int(item["id"]))]
    pulled = collect(project, exports, people, [rater_of(key) for key, _ in ordered])
    pulled.findings += unlisted
    pulled.findings += study_findings(project, pulled.activity)
    pulled.numbers = numbers
    pulled.review = review_outcome(project, client, reviews or {}, pulled.annotations, people.of)
    pulled.findings += missing_key(project, reviews or {})
    if pulled.review is not None:
        pulled.findings += pulled.review.findings
        save_truth(project.root, REVIEWER, pulled.review.annotations)
        pulled.activity = replace(pulled.activity, review=_state_of(pulled.review))
    path = project.root / "annotations" / "annotations.json"
    files.write_bytes(path, files.json_bytes(pulled.annotations))
    files.write_bytes(project.root / ACTIVITY, files.json_bytes(pulled.activity))
    codes = Counter(finding.code for finding in pulled.findings)
    codes["TSL092"] += pulled.counts["skipped"]
    found = files.json_bytes(dict(sorted((+codes).items())))
    files.write_bytes(project.state / PULLED, found, mode=0o600)
    return pulled


def former_projects(project: Project, client: Client, server: Connection) -> dict[str, int]:
    """Projects that pushes left alone since the plan changed, by group key.

    `tslab push` asks for empty ones to be deleted: one that is gone and in which the last pull saw
    nothing holds up no other pull.

    Raises:
        DataError: A file of the project folder is damaged.
        ServerError: The server does not answer.
    """
    known = load_projects(project, server, FORMER_FILE)
    if not known:
        return {}
    kept = {int(item["id"]) for item in client.projects()} | projects_with_work(project)
    return {key: number for key, number in known.items() if number in kept}


def _last_pull(project: Project) -> Activity | None:
    """What the last pull wrote; a damaged file is no reason not to write it anew."""
    try:
        return load_activity(project.root)
    except DataError:
        return None


def _state_of(review: Outcome) -> ReviewState:
    return ReviewState(review.decided, review.open, len(review.split), dict(review.reviewers))


def raw_name(number: int, key: str) -> str:
    """File name of Label Studio's own JSON of one project."""
    rater = rater_of(key)
    whose = f"-rater-{rater}" if rater else ""
    return f"raw-{number}-{key.split('|')[0]}{whose}.json"


def rater_of_raw(name: str) -> int:
    """Whose project a file of that name is of, 0 for one of all annotators."""
    found = re.search(r"-rater-(\d+)\.json$", name)
    return int(found[1]) if found else 0


def _annotated(client: Client, key: str, project: int) -> list[dict[str, Any]]:
    """What a project holds. Without one that is gone, its annotations would vanish here, too.

    Raises:
        ServerError: It is gone, or the server does not answer.
    """
    try:
        return client.annotated(project)
    except ServerError:
        if project in {int(item["id"]) for item in client.projects()}:
            raise
        whose = f" of rater {rater_of(key)}" if rater_of(key) else ""
        raise ServerError(
            f"project {project}{whose} is gone from Label Studio; nothing was pulled",
            "annotations/ still holds what the last pull brought. After 'tslab push', which makes "
            "the project again if the plan needs it, a pull takes that out of annotations/.",
        ) from None


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
