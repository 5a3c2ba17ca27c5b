"""A Label Studio in the test's own process: the few endpoints that tslab uses, and their errors.

It keeps what it is given and answers in the shapes of version 1.23; it checks nothing. Configs
and predictions are refused by tslab's own checks, never by the server (nor by the real one).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from tslab.testing.fake_routes import NO_PAGE, ROUTES, Document, Request, page_of

Trouble = int | Literal["timeout", "close"]
"""An HTTP status, an answer that does not come, or a connection that ends without one."""

COLLECTIONS = {
    "projects": "projects",
    "predictions": "predictions",
    "annotations": "annotations",
    "users": "users",
    "ml": "ml",
    "webhooks": "webhooks",
    "dm/views": "views",
    "storages/localfiles": "storages",
}
"""Address below ``/api/`` -> name in `FakeLabelStudio.data`."""

PAGED = frozenset({"projects"})


@dataclass(slots=True)
class _Rule:
    pattern: re.Pattern[str]
    method: str
    trouble: Trouble
    left: int | None


@dataclass(slots=True)
class FakeLabelStudio:
    """A context manager that serves on a free port of the loopback address.

    ```python
    with FakeLabelStudio() as server:
        server.fail("/api/projects", 500)
        client = Client(server.url, server.api_key)
    ```

    Attributes:
        api_key: The token that it takes; any other gets 401.
        hang_seconds: How long ``timeout`` keeps a caller waiting.
        data: Everything that was stored, by collection and id.
        requests: Everything that was asked, in order.
        files: What it serves below ``/data/``, by path.
    """

    api_key: str = "fake-token"
    hang_seconds: float = 30.0
    data: dict[str, dict[int, Document]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    _rules: list[_Rule] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _last_id: int = 0

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def url(self) -> str:
        """Address of the server."""
        if self._server is None:
            raise RuntimeError("use it as a context manager: with FakeLabelStudio() as server")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(
        self, path: str, trouble: Trouble, *, method: str = "", times: int | None = None
    ) -> None:
        """Answers requests with trouble from now on.

        Args:
            path: Regular expression that the path must start with; "" means every request.
            trouble: HTTP status, "timeout" or "close".
            method: Only this method; "" means all.
            times: How often; None means always.
        """
        self._rules.append(_Rule(re.compile(path), method.upper(), trouble, times))

    def heal(self) -> None:
        """Ends all trouble."""
        self._rules.clear()

    def add(self, collection: str, **fields: Any) -> Document:
        """Stores a document, as a person would make it in the browser; gives it an id."""
        with self._lock:
            self._last_id += 1
            document = {"id": self._last_id, "created_at": "2026-01-01T00:00:00Z", **fields}
            self.data.setdefault(collection, {})[self._last_id] = document
            return document

    def trouble_for(self, request: Request) -> Trouble | None:
        """What `fail` wants of this request."""
        with self._lock:
            for rule in self._rules:
                if rule.left == 0 or rule.method not in ("", request.method):
                    continue
                if rule.pattern.match(request.path):
                    rule.left = None if rule.left is None else rule.left - 1
                    return rule.trouble
        return None

    def answer(self, request: Request) -> tuple[int, Any]:
        """Status and document for a request."""
        if request.path in ("/health", "/api/health"):
            return 200, {"status": "UP"}
        if request.path in ("/api/version", "/version"):
            return 200, {"release": "1.23.2", "label-studio-os-package": {"version": "1.23.2"}}
        if request.path == "/api/token/refresh":
            return 200, {"access": self.api_key}
        if not self._knows(request.headers.get("authorization", "")):
            return 401, {
                "detail": "Authentication credentials were not provided.",
                "status_code": 401,
            }
        if request.path in self.files:
            return 200, self.files[request.path]
        with self._lock:
            for pattern, method, handle in ROUTES:
                match = re.fullmatch(pattern, request.path)
                if match and method in ("*", request.method):
                    return handle(self, request, *(int(part) for part in match.groups()))
            return self._collection(request)

    def _knows(self, authorization: str) -> bool:
        return authorization in (f"Token {self.api_key}", f"Bearer {self.api_key}")

    def _collection(self, request: Request) -> tuple[int, Any]:
        address, _, last = request.path.removeprefix("/api/").rpartition("/")
        if last.isdigit() and address in COLLECTIONS:
            return self.one(request, COLLECTIONS[address], int(last))
        name = COLLECTIONS.get(request.path.removeprefix("/api/"))
        if name is None:
            return 404, {"detail": f"the fake Label Studio has no {request.path}"}
        if request.method == "POST":
            body = request.body if isinstance(request.body, dict) else {}
            return 201, self.add(name, **body)
        found = list(self.data.get(name, {}).values())
        for key in ("project", "task"):
            if key in request.query:
                found = [item for item in found if str(item.get(key)) == request.query[key]]
        if name in PAGED:
            shown = page_of(found, request)
            if shown is None:
                return NO_PAGE
            return 200, {"count": len(found), "next": None, "previous": None, "results": shown}
        return 200, found

    def one(self, request: Request, name: str, number: int) -> tuple[int, Any]:
        """Reads, changes or deletes one document of a collection."""
        stored = self.data.get(name, {})
        if number not in stored:
            return 404, {"detail": "Not found.", "status_code": 404}
        if request.method in ("PATCH", "PUT"):
            stored[number].update(request.body or {})
        elif request.method == "DELETE":
            del stored[number]
            return 204, None
        return 200, stored[number]

    def tasks_of(self, project: int) -> list[Document]:
        """Tasks of a project with their annotations and predictions."""
        return [
            {**self._counts(task), **task}
            | {"annotations": self.of_task("annotations", task["id"])}
            | {"predictions": self.of_task("predictions", task["id"])}
            | {"drafts": self.of_task("drafts", task["id"])}
            for task in self.data.get("tasks", {}).values()
            if task["project"] == project
        ]

    def _counts(self, task: Document) -> Document:
        """How many annotations a task has, and whether their authors reach the overlap."""
        found = self.of_task("annotations", task["id"])
        settings = self.data.get("projects", {}).get(task["project"], {})
        given = [item for item in found if not item.get("was_cancelled")]
        authors = {item.get("completed_by") for item in given}
        finished = len(authors) >= int(settings.get("maximum_annotations", 1))
        counts = {
            "total_annotations": len(given), "cancelled_annotations": len(found) - len(given)
        }  # fmt: skip
        return {**counts, "is_labeled": finished}

    def of_task(self, collection: str, task: int) -> list[Document]:
        """Documents of a collection that belong to one task."""
        return [item for item in self.data.get(collection, {}).values() if item["task"] == task]


class _Handler(BaseHTTPRequestHandler):
    owner: FakeLabelStudio
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            method=self.command,
            path=parts.path.rstrip("/") or "/",
            query=_query(parts.query),
            body=_parsed(content),
            headers={key.lower(): value for key, value in self.headers.items()},
        )
        self.owner.requests.append(request)
        trouble = self.owner.trouble_for(request)
        if trouble == "timeout":
            self.owner._stopped.wait(self.owner.hang_seconds)
        if trouble in ("timeout", "close"):
            self.close_connection = True
            return
        if isinstance(trouble, int):
            self._send(trouble, {"detail": f"fake trouble {trouble}", "status_code": trouble})
            return
        self._send(*self.owner.answer(request))

    def _send(self, status: int, document: Any) -> None:
        if isinstance(document, bytes):
            content = document
        else:
            content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _query(text: str) -> dict[str, str]:
    """Parameters by name; those that come several times are joined by commas."""
    found: dict[str, str] = {}
    for key, value in parse_qsl(text):
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content
