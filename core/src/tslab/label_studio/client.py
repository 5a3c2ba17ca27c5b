"""Requests to a Label Studio server; the only module that imports the SDK."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tslab.errors import ServerError

PAGE = 1000
SECONDS = 120.0
DRAFTS = 200
"""Tasks that one address names; servers refuse long addresses."""


class Client:
    """A Label Studio server, with a legacy token or a personal access token.

    The SDK knows both kinds of token and refreshes the second; requests are sent once, never
    retried, because a repeated import would make every task twice.

    Args:
        url: Address of the server.
        api_key: Legacy token or personal access token.

    Raises:
        ServerError: The SDK is not installed, or the token is expired.
    """

    def __init__(self, url: str, api_key: str) -> None:
        try:
            import httpx
            from label_studio_sdk import LabelStudio
            from label_studio_sdk.core.api_error import ApiError
        except ImportError as error:
            raise ServerError(
                "talking to Label Studio needs its SDK", 'pip install "tslab[label-studio]"'
            ) from error
        self.url = url.rstrip("/")
        local = urlsplit(self.url).hostname in {"127.0.0.1", "localhost", "::1"}
        self._http = httpx.Client(timeout=SECONDS, trust_env=not local, follow_redirects=False)
        self.requests = 0
        self.seconds = 0.0
        try:
            self._sdk = LabelStudio(base_url=self.url, api_key=api_key, httpx_client=self._http)
        except ApiError as error:
            raise ServerError(
                f"Label Studio at {self.url} cannot take this token: it has expired",
                "Make a new one under Account & Settings.",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """One request; the decoded JSON answer, None where the body is empty.

        Raises:
            ServerError: The server does not answer, refuses, or answers with an error.
        """
        import httpx
        import msgspec
        from label_studio_sdk.core.api_error import ApiError

        try:
            headers = self._sdk._client_wrapper.get_headers()
            self.requests += 1
            began = time.perf_counter()
            answer = self._http.request(method, f"{self.url}{path}", headers=headers, **arguments)
            self.seconds += time.perf_counter() - began
        except ApiError as error:
            raise self._refused(error.status_code or 0, method, path, error.body) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerError(
                f"Label Studio at {self.url} does not answer ({type(error).__name__})",
                "Start it with 'tslab up', or check label_studio: url in tslab.yaml.",
            ) from error
        if answer.status_code >= 300:
            raise self._refused(answer.status_code, method, path, answer.text)
        if not answer.content:
            return None
        try:
            return msgspec.json.decode(answer.content)
        except msgspec.DecodeError as error:
            raise ServerError(
                f"{self.url}{path.split('?')[0]} answers something that is not JSON",
                "Check that the address is a Label Studio.",
            ) from error

    def _refused(self, status: int, method: str, path: str, body: object) -> ServerError:
        if status == 401:
            return ServerError(
                f"Label Studio at {self.url} refuses the token",
                "Set LABEL_STUDIO_API_KEY to the token of Account & Settings; after a change of "
                "token kind, make a personal access token.",
            )
        text = " ".join(str(body).split())[:300]
        return ServerError(
            f"Label Studio at {self.url} answers {status} to {method} {path.split('?')[0]}: {text}",
            "Check the user's rights and the server's log.",
        )

    # --- projects -------------------------------------------------------------------------

    def projects(self) -> list[dict[str, Any]]:
        """Id, title and description of all projects."""
        return list(self._pages("/api/projects", {"include": "id,title,description"}, "results"))

    def project(self, project: int) -> dict[str, Any]:
        """All settings of a project."""
        return dict(self.request("GET", f"/api/projects/{project}"))

    def create_project(self, settings: Mapping[str, Any]) -> int:
        """Makes a project and returns its id."""
        return int(self.request("POST", "/api/projects", json=dict(settings))["id"])

    def update_project(self, project: int, settings: Mapping[str, Any]) -> None:
        """Changes settings of a project."""
        self.request("PATCH", f"/api/projects/{project}", json=dict(settings))

    def used_labels(self, project: int) -> dict[str, dict[str, int]]:
        """How many regions carry a label, by control and label, drafts included."""
        summary = self.request("GET", f"/api/projects/{project}/summary")
        used: dict[str, dict[str, int]] = {}
        for part in ("created_labels", "created_labels_drafts"):
            for control, labels in (summary.get(part) or {}).items():
                counts = used.setdefault(control, {})
                for label, count in labels.items():
                    counts[label] = counts.get(label, 0) + count
        return used

    # --- tasks and predictions ------------------------------------------------------------

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Id, data, meta, number of annotations of all tasks, and whether these are enough."""
        shown = "id,data,meta,total_annotations,cancelled_annotations,is_labeled,overlap,created_at"
        wanted = {"project": project, "include": shown}
        return list(self._pages("/api/tasks", wanted, "tasks"))

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Imports tasks with their predictions; the server takes all of them or none."""
        self.request("POST", f"/api/projects/{project}/import", json=list(tasks))

    def update_task(self, task: int, changes: Mapping[str, Any]) -> None:
        """Changes a task's data or meta."""
        self.request("PATCH", f"/api/tasks/{task}/", json=dict(changes))

    def delete_task(self, task: int) -> None:
        """Deletes a task."""
        self.request("DELETE", f"/api/tasks/{task}/")

    def predictions(self, project: int) -> list[dict[str, Any]]:
        """All predictions of a project with their regions."""
        answer = self.request("GET", "/api/predictions/", params={"project": project})
        return list(answer if isinstance(answer, list) else answer.get("results", []))

    def import_predictions(self, project: int, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Adds predictions to tasks that are there."""
        path = f"/api/projects/{project}/import/predictions"
        self.request("POST", path, json=list(predictions))

    def update_prediction(self, prediction: int, changes: Mapping[str, Any]) -> None:
        """Changes a prediction; annotations that were made from it go on naming it."""
        self.request("PATCH", f"/api/predictions/{prediction}/", json=dict(changes))

    def delete_prediction(self, prediction: int) -> None:
        """Deletes a prediction."""
        self.request("DELETE", f"/api/predictions/{prediction}/")

    def annotated(self, project: int) -> list[dict[str, Any]]:
        """All tasks that have an annotation, with their annotations, as Label Studio exports."""
        path = f"/api/projects/{project}/export"
        return list(self.request("GET", path, params={"exportType": "JSON"}) or [])

    def draft_ids(self, project: int) -> list[Any]:
        """Ids of tasks that somebody has a draft of."""
        has_draft = {
            "filter": "filter:tasks:draft_exists", "operator": "equal", "type": "Boolean",
            "value": True,
        }  # fmt: skip
        query = json.dumps({"filters": {"conjunction": "and", "items": [has_draft]}})
        wanted = {"project": project, "include": "id", "query": query}
        return [item["id"] for item in self._pages("/api/tasks", wanted, "tasks")]

    def drafted(self, project: int, but: Collection[object] = ()) -> list[dict[str, Any]]:
        """Tasks that somebody has a draft of, as Label Studio exports them.

        Args:
            project: Label Studio's id.
            but: Ids of tasks that are not wanted.
        """
        ids = [number for number in self.draft_ids(project) if number not in but]
        found: list[dict[str, Any]] = []
        for begin in range(0, len(ids), DRAFTS):
            params: dict[str, Any] = {"exportType": "JSON", "download_all_tasks": "true"}
            params["ids[]"] = ids[begin : begin + DRAFTS]
            found += self.request("GET", f"/api/projects/{project}/export", params=params) or []
        return found

    def create_annotation(self, task: int, annotation: Mapping[str, Any]) -> None:
        """Adds an annotation; ``completed_by`` may be any user."""
        self.request("POST", f"/api/tasks/{task}/annotations/", json=dict(annotation))

    # --- files, storages, views -----------------------------------------------------------

    def uploads(self, project: int) -> dict[str, str]:
        """Addresses of uploaded files by the name they were uploaded under."""
        found = self.request("GET", f"/api/projects/{project}/file-uploads", params={"all": "true"})
        named = {}
        for item in sorted(found or [], key=lambda item: int(item["id"])):
            address = f"/data/{item['file']}"
            # The server puts eight random characters and a dash before the name.
            named[Path(item["file"]).name.split("-", 1)[-1]] = address
        return named

    def upload(self, project: int, paths: Mapping[str, Path]) -> None:
        """Uploads files under the given names without making tasks of them."""
        # The server keeps one file of each field, so every file gets a field of its own.
        files = [(name, (name, path.read_bytes(), "text/csv")) for name, path in paths.items()]
        path = f"/api/projects/{project}/import"
        self.request("POST", path, params={"commit_to_project": "false"}, files=files)

    def local_storages(self, project: int) -> list[dict[str, Any]]:
        """Local-files import storages of a project."""
        return list(self.request("GET", "/api/storages/localfiles", params={"project": project}))

    def create_local_storage(self, project: int, path: str, title: str) -> None:
        """Lets a project serve the files below a folder of the server's document root."""
        body = {"project": project, "path": path, "title": title, "use_blob_urls": True}
        self.request("POST", "/api/storages/localfiles", json=body)

    def delete_local_storage(self, storage: int) -> None:
        """Removes a storage; its files stay."""
        self.request("DELETE", f"/api/storages/localfiles/{storage}")

    def views(self, project: int) -> list[dict[str, Any]]:
        """Tabs of the Data Manager."""
        return list(self.request("GET", "/api/dm/views", params={"project": project}) or [])

    def create_view(self, project: int, data: Mapping[str, Any]) -> None:
        """Adds a tab to the Data Manager."""
        body = {"project": project, "data": dict(data)}
        self.request("POST", "/api/dm/views/", params={"project": project}, json=body)

    def delete_view(self, view: int) -> None:
        """Removes a tab of the Data Manager."""
        self.request("DELETE", f"/api/dm/views/{view}/")

    # --- ML backends ----------------------------------------------------------------------

    def backends(self, project: int) -> list[dict[str, Any]]:
        """ML backends of a project; Label Studio asks each for its health first."""
        return list(self.request("GET", "/api/ml", params={"project": project}) or [])

    def create_backend(self, body: Mapping[str, Any]) -> None:
        """Connects a project with an ML backend, which must answer."""
        self.request("POST", "/api/ml", json=dict(body))

    def update_backend(self, backend: int, body: Mapping[str, Any]) -> None:
        """Changes an ML backend's connection."""
        self.request("PATCH", f"/api/ml/{backend}", json=dict(body))

    def delete_backend(self, backend: int) -> None:
        """Ends the connection with an ML backend."""
        self.request("DELETE", f"/api/ml/{backend}")

    def webhooks(self, project: int) -> list[dict[str, Any]]:
        """Webhooks of a project."""
        return list(self.request("GET", "/api/webhooks/", params={"project": project}) or [])

    def create_webhook(self, project: int, url: str) -> None:
        """Tells an address of everything that happens in a project."""
        body = {"project": project, "url": url, "send_payload": True, "send_for_all_actions": True}
        self.request("POST", "/api/webhooks/", json=body)

    def delete_webhook(self, webhook: int) -> None:
        """Removes a webhook."""
        self.request("DELETE", f"/api/webhooks/{webhook}/")

    # --- users ----------------------------------------------------------------------------

    def users(self) -> dict[int, str]:
        """E-mail addresses of all users by id."""
        answer = self.request("GET", "/api/users")
        found = answer if isinstance(answer, list) else answer.get("results", [])
        return {int(user["id"]): str(user.get("email") or user.get("username")) for user in found}

    def _pages(self, path: str, wanted: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
        page, seen = 1, 0
        while True:
            params = {**wanted, "page": page, "page_size": PAGE}
            answer = self.request("GET", path, params=params)
            items = answer[key]
            yield from items
            seen += len(items)
            # A page after the last one is an error, not empty: the count decides.
            if not items or seen >= int(answer.get("total", answer.get("count", 0))):
                return
            page += 1
