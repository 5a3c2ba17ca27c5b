"""The fake Label Studio keeps what it is given and misbehaves on demand."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tslab.testing import FakeLabelStudio


@pytest.fixture
def server() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio(hang_seconds=60) as fake:
        yield fake


def ask(
    server: FakeLabelStudio,
    method: str,
    path: str,
    body: Any = None,
    key: str = "fake-token",
    seconds: float = 30,
) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Token {key}"}
    request = urllib.request.Request(server.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            content = answer.read()
            return answer.status, json.loads(content) if content else None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_it_is_up_without_a_token(server: FakeLabelStudio) -> None:
    assert ask(server, "GET", "/health", key="") == (200, {"status": "UP"})
    assert ask(server, "GET", "/api/version", key="")[1]["release"] == "1.23.2"
    assert ask(server, "POST", "/api/token/refresh", {}, key="")[1] == {"access": "fake-token"}


def test_a_wrong_token_is_refused(server: FakeLabelStudio) -> None:
    assert ask(server, "GET", "/api/projects/", key="wrong")[0] == 401


def test_projects_are_made_changed_listed_and_deleted(server: FakeLabelStudio) -> None:
    status, project = ask(server, "POST", "/api/projects/", {"title": "Study"})
    assert status == 201
    path = f"/api/projects/{project['id']}/"
    assert ask(server, "PATCH", path, {"title": "Other"})[1]["title"] == "Other"
    listed = ask(server, "GET", "/api/projects/?page=1")[1]
    assert (listed["count"], listed["results"][0]["title"]) == (1, "Other")
    assert ask(server, "DELETE", path) == (204, None)
    assert ask(server, "GET", path)[0] == 404


def test_tasks_come_with_predictions_and_annotations(server: FakeLabelStudio) -> None:
    project = server.add("projects", title="Study")["id"]
    items = [
        {"data": {"csv": "a.csv"}, "meta": {"n": 1}, "predictions": [{"result": []}]},
        {"data": {"csv": "b.csv"}, "annotations": [{"result": [1]}]},
    ]
    status, answer = ask(server, "POST", f"/api/projects/{project}/import", items)
    assert (status, answer["task_count"], answer["prediction_count"]) == (201, 2, 1)
    first, second = answer["task_ids"]
    tasks = ask(server, "GET", f"/api/tasks/?project={project}&fields=all")[1]["tasks"]
    assert [len(task["predictions"]) for task in tasks] == [1, 0]
    assert [len(task["annotations"]) for task in tasks] == [0, 1]
    assert tasks[0]["meta"] == {"n": 1}
    made = ask(server, "POST", f"/api/tasks/{first}/annotations/", {"result": []})
    assert made[0] == 201
    assert len(ask(server, "GET", f"/api/tasks/{first}/")[1]["annotations"]) == 1
    assert len(ask(server, "GET", f"/api/tasks/{second}/annotations/")[1]) == 1
    export = f"/api/projects/{project}/export?exportType=JSON"
    assert len(ask(server, "GET", export)[1]) == 2
    predictions = ask(server, "GET", f"/api/predictions/?task={first}")[1]
    assert len(predictions) == 1
    more = [{"task": second, "result": []}]
    assert ask(server, "POST", f"/api/projects/{project}/import/predictions", more)[1] == {
        "created": 1
    }


def test_only_annotated_tasks_are_exported_unless_asked(server: FakeLabelStudio) -> None:
    project = server.add("projects")["id"]
    server.add("tasks", project=project, data={})
    path = f"/api/projects/{project}/export"
    assert ask(server, "GET", path)[1] == []
    assert len(ask(server, "GET", path + "?download_all_tasks=true")[1]) == 1


def test_snapshots(server: FakeLabelStudio) -> None:
    project = server.add("projects")["id"]
    server.add("tasks", project=project, data={})
    path = f"/api/projects/{project}/exports/"
    snapshot = ask(server, "POST", path, {})[1]
    assert snapshot["status"] == "completed"
    assert len(ask(server, "GET", path)[1]) == 1
    assert ask(server, "GET", f"{path}{snapshot['id']}")[1]["id"] == snapshot["id"]
    assert len(ask(server, "GET", f"{path}{snapshot['id']}/download")[1]) == 1


def test_pages_of_tasks_end_with_404(server: FakeLabelStudio) -> None:
    project = server.add("projects")["id"]
    for _ in range(3):
        server.add("tasks", project=project, data={})
    path = f"/api/tasks/?project={project}&page_size=2&page="
    assert len(ask(server, "GET", path + "1")[1]["tasks"]) == 2
    assert len(ask(server, "GET", path + "2")[1]["tasks"]) == 1
    assert ask(server, "GET", path + "3")[0] == 404
    assert ask(server, "GET", "/api/projects/?page=2")[0] == 404


@pytest.mark.parametrize("path", ["storages/localfiles", "dm/views", "ml", "webhooks", "users"])
def test_other_collections(server: FakeLabelStudio, path: str) -> None:
    made = ask(server, "POST", f"/api/{path}/", {"project": 7})[1]
    assert len(ask(server, "GET", f"/api/{path}/?project=7")[1]) == 1
    assert ask(server, "GET", f"/api/{path}/?project=8")[1] == []
    assert ask(server, "PATCH", f"/api/{path}/{made['id']}", {"title": "x"})[1]["title"] == "x"


def test_a_storage_is_synchronised_and_the_user_is_known(server: FakeLabelStudio) -> None:
    made = ask(server, "POST", "/api/storages/localfiles/", {"project": 7})[1]
    assert ask(server, "POST", f"/api/storages/localfiles/{made['id']}/sync", {})[0] == 200
    assert ask(server, "GET", "/api/current-user/whoami")[1]["email"] == "admin@localhost"


def test_what_it_lacks_is_404(server: FakeLabelStudio) -> None:
    assert ask(server, "GET", "/api/workspaces/")[0] == 404
    assert ask(server, "POST", "/api/projects/99/import", [])[0] == 404


def test_trouble_of_a_path_a_method_and_a_number_of_times(server: FakeLabelStudio) -> None:
    server.fail("/api/projects", 500, method="GET", times=2)
    assert [ask(server, "GET", "/api/projects/")[0] for _ in range(3)] == [500, 500, 200]
    server.fail("", 401)
    assert ask(server, "GET", "/health")[0] == 401
    server.heal()
    assert ask(server, "GET", "/health")[0] == 200


def test_a_connection_that_ends(server: FakeLabelStudio) -> None:
    server.fail("/health", "close")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, urllib.error.URLError)):
        ask(server, "GET", "/health")


def test_an_answer_that_does_not_come(server: FakeLabelStudio) -> None:
    server.fail("/health", "timeout")
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        ask(server, "GET", "/health", seconds=0.2)


def test_requests_are_remembered(server: FakeLabelStudio) -> None:
    ask(server, "POST", "/api/projects/?x=1", {"title": "Study"})
    (request,) = server.requests
    assert (request.method, request.path, request.query) == ("POST", "/api/projects", {"x": "1"})
    assert request.body == {"title": "Study"}
    assert request.headers["authorization"] == "Token fake-token"


def test_an_upload_is_kept(server: FakeLabelStudio) -> None:
    project = server.add("projects")["id"]
    request = urllib.request.Request(
        f"{server.url}/api/projects/{project}/import?commit_to_project=false",
        b"time,a\n0,1\n",
        {"Authorization": "Bearer fake-token"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        (upload,) = json.loads(answer.read())["file_upload_ids"]
    assert server.data["uploads"][upload]["content"] == b"time,a\n0,1\n"


def test_it_has_no_address_before_it_serves() -> None:
    with pytest.raises(RuntimeError, match="context manager"):
        _ = FakeLabelStudio().url
