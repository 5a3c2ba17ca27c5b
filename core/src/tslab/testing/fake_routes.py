"""Endpoints of the fake Label Studio that are more than a collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tslab.testing.fake_label_studio import FakeLabelStudio

Document = dict[str, Any]
NO_PAGE = (404, {"detail": "Invalid page.", "status_code": 404})
"""The SDK reads pages until this answer comes."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request that arrived.

    Attributes:
        method: "GET", "POST" ...
        path: Without the query, and without a slash at the end.
        query: Parsed query.
        body: Parsed JSON, the raw bytes of anything else, None for nothing.
        headers: Header names in lower case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


def _import(fake: FakeLabelStudio, request: Request, project: int) -> tuple[int, Any]:
    if project not in fake.data.get("projects", {}):
        return 404, {"detail": "Not found.", "status_code": 404}
    if not isinstance(request.body, list):
        upload = fake.add("uploads", project=project, content=request.body)
        return 201, {"file_upload_ids": [upload["id"]], "task_count": 0}
    made, predicted = [], 0
    for item in request.body:
        rest = {key: value for key, value in item.items() if key not in ("predictions", "data")}
        data = item.get("data", item)
        annotated = rest.pop("annotations", [])
        task = fake.add("tasks", **rest, project=project, data=data)
        made.append(task["id"])
        for prediction in item.get("predictions", []):
            fake.add("predictions", **prediction, task=task["id"], project=project)
            predicted += 1
        for annotation in annotated:
            fake.add("annotations", **annotation, task=task["id"], project=project)
    answer = {"task_count": len(made), "annotation_count": 0, "prediction_count": predicted}
    return 201, answer | {"task_ids": made, "duration": 0.0, "file_upload_ids": []}


def _import_predictions(fake: FakeLabelStudio, request: Request, project: int) -> tuple[int, Any]:
    for item in request.body or []:
        fake.add("predictions", **item, project=project)
    return 201, {"created": len(request.body or [])}


def page_of(found: list[Document], request: Request) -> list[Document] | None:
    """The asked page; None beyond the last one, where the real server answers 404."""
    size = int(request.query.get("page_size", 100))
    page = int(request.query.get("page", 1))
    if page > 1 and (page - 1) * size >= len(found):
        return None
    return found[(page - 1) * size : page * size]


def _tasks(fake: FakeLabelStudio, request: Request) -> tuple[int, Any]:
    found = fake.tasks_of(int(request.query.get("project", 0)))
    if "draft_exists" in request.query.get("query", ""):
        found = [task for task in found if task["drafts"]]
    shown = page_of(found, request)
    if shown is None:
        return NO_PAGE
    counts = {"total": len(found), "total_annotations": 0, "total_predictions": 0}
    return 200, counts | {"tasks": shown}


def _export(fake: FakeLabelStudio, request: Request, project: int) -> tuple[int, Any]:
    everything = request.query.get("download_all_tasks", "").lower() == "true"
    found = [t for t in fake.tasks_of(project) if everything or t["annotations"]]
    if "ids[]" in request.query:
        found = [t for t in found if str(t["id"]) in request.query["ids[]"].split(",")]
    return 200, found


def _snapshots(fake: FakeLabelStudio, request: Request, project: int) -> tuple[int, Any]:
    if request.method == "POST":
        return 201, fake.add("exports", project=project, status="completed")
    return 200, [e for e in fake.data.get("exports", {}).values() if e["project"] == project]


def _snapshot(fake: FakeLabelStudio, request: Request, _: int, number: int) -> tuple[int, Any]:
    return fake.one(request, "exports", number)


def _download(fake: FakeLabelStudio, _: Request, project: int, __: int) -> tuple[int, Any]:
    return 200, fake.tasks_of(project)


def _annotate(fake: FakeLabelStudio, request: Request, task: int) -> tuple[int, Any]:
    if request.method == "GET":
        return 200, fake.of_task("annotations", task)
    project = fake.data["tasks"][task]["project"]
    return 201, fake.add("annotations", **(request.body or {}), task=task, project=project)


def _task(fake: FakeLabelStudio, request: Request, number: int) -> tuple[int, Any]:
    status, document = fake.one(request, "tasks", number)
    if status == 200:
        parts = {name: fake.of_task(name, number) for name in ("annotations", "predictions")}
        return 200, {**document, **parts}
    return status, document


def _connect(fake: FakeLabelStudio, request: Request) -> tuple[int, Any]:
    """A new ML backend; like the real server it gets a webhook, and its password stays secret."""
    body = {key: value for key, value in request.body.items() if key != "basic_auth_pass"}
    row = fake.add(
        "ml", **body, state="CO", basic_auth_pass_is_set="basic_auth_pass" in request.body
    )
    project, url = body.get("project"), f"{body.get('url', '').rstrip('/')}/webhook"
    hooks = fake.data.get("webhooks", {}).values()
    if not any((hook["project"], hook["url"]) == (project, url) for hook in hooks):
        fake.add("webhooks", project=project, url=url, send_for_all_actions=True)
    return 201, row


def _sync(fake: FakeLabelStudio, request: Request, number: int) -> tuple[int, Any]:
    return fake.one(request, "storages", number)


def _me(_: FakeLabelStudio, __: Request) -> tuple[int, Any]:
    return 200, {"id": 1, "email": "admin@localhost", "username": "admin", "first_name": ""}


def _summary(fake: FakeLabelStudio, _: Request, project: int) -> tuple[int, Any]:
    """How many regions carry a label, by control."""
    used: dict[str, dict[str, int]] = {}
    for task in fake.tasks_of(project):
        for result in (r for a in task["annotations"] for r in a.get("result") or ()):
            counts = used.setdefault(str(result.get("from_name")), {})
            for label in (result.get("value") or {}).get(result.get("type"), ()):
                counts[label] = counts.get(label, 0) + 1
    return 200, {"created_labels": used, "created_labels_drafts": {}}


ROUTES: tuple[tuple[str, str, Callable[..., tuple[int, Any]]], ...] = (
    (r"/api/projects/(\d+)/import", "POST", _import),
    (r"/api/projects/(\d+)/import/predictions", "POST", _import_predictions),
    (r"/api/projects/(\d+)/export", "GET", _export),
    (r"/api/projects/(\d+)/summary", "GET", _summary),
    (r"/api/projects/(\d+)/exports", "*", _snapshots),
    (r"/api/projects/(\d+)/exports/(\d+)", "*", _snapshot),
    (r"/api/projects/(\d+)/exports/(\d+)/download", "GET", _download),
    (r"/api/tasks", "GET", _tasks),
    (r"/api/tasks/(\d+)", "*", _task),
    (r"/api/tasks/(\d+)/annotations", "*", _annotate),
    (r"/api/ml", "POST", _connect),
    (r"/api/storages/localfiles/(\d+)/sync", "POST", _sync),
    (r"/api/current-user/whoami", "GET", _me),
)
