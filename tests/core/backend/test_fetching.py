"""Getting task data: within limits, from nobody else, with the key for nobody else."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tslab.backend.addresses import Addresses, RefusedAddressError
from tslab.backend.fetching import Fetcher, Key, OversizeError, UnreachableError
from tslab.errors import ServerError
from tslab.testing.fake_label_studio import FakeLabelStudio

CSV = b"time,a\n0,1\n1,2\n"


class Hostile(ThreadingHTTPServer):
    """A server that answers as a path says, and remembers who asked what."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.stopped = threading.Event()
        self.elsewhere = ""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers hang up when they have seen enough."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hostile

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        name = self.path.removeprefix("/data/").split("/")[0].split("?")[0]
        getattr(self, f"_{name}", self._gone)()

    def _gone(self) -> None:
        self.send_response(404)
        self.end_headers()

    def _redirect(self) -> None:
        targets = {
            "in": "/data/good",
            "other": self.server.elsewhere,
            "metadata": "http://169.254.169.254/latest/meta-data/",
            "file": "file:///etc/passwd",
            "api": "/api/users",
            "loop": "/data/redirect/loop",
        }
        self.send_response(302)
        self.send_header("Location", targets[self.path.rsplit("/", 1)[1]])
        self.end_headers()

    def _good(self) -> None:
        self._send(CSV)

    def _packed(self) -> None:
        self._send(gzip.compress(CSV), encoding="gzip")

    def _bomb(self) -> None:
        self._send(gzip.compress(b"0" * 500_000), encoding="gzip")

    def _declared(self) -> None:
        self._send(b"x" * 10, length=10**12)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x" * 1000)

    def _slow(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.stopped.wait(0.05):
            self.wfile.write(b",")

    def _silent(self) -> None:
        self.server.stopped.wait(20)

    def _send(self, content: bytes, length: int = 0, encoding: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length or len(content)))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def hostile() -> Iterator[Callable[[], Hostile]]:
    started: list[tuple[Hostile, threading.Thread]] = []

    def start() -> Hostile:
        server = Hostile()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, thread in started:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def fetcher(url: str, *allowed: str, key: str = "our-key", seconds: float = 5.0) -> Fetcher:
    return Fetcher(Addresses(url, allowed), Key(url, key), 100_000, seconds)


def test_task_data_is_read_with_the_key(hostile: Callable[[], Hostile]) -> None:
    server = hostile()
    assert fetcher(server.url).read("/data/good") == CSV
    assert server.seen[0][1]["authorization"] == "Token our-key"
    assert fetcher(server.url).read("/data/packed") == CSV


def test_a_personal_access_token_is_exchanged_once() -> None:
    with FakeLabelStudio(api_key="short-lived") as fake:
        fake.files["/data/upload/1/a.csv"] = CSV
        reader = fetcher(fake.url, key="a.b.c")
        assert reader.read("/data/upload/1/a.csv") == CSV
        assert reader.read("/data/upload/1/a.csv") == CSV
        asked = [request.path for request in fake.requests]
        assert asked.count("/api/token/refresh") == 1
        assert fake.requests[1].headers["authorization"] == "Bearer short-lived"


def test_a_refused_personal_access_token_is_a_server_error() -> None:
    with FakeLabelStudio() as fake:
        fake.fail("/api/token/refresh", 401)
        with pytest.raises(ServerError, match="refuses the token"):
            fetcher(fake.url, key="a.b.c").read("/data/upload/1/a.csv")


def test_redirects_are_judged_like_addresses(hostile: Callable[[], Hostile]) -> None:
    server, other = hostile(), hostile()
    server.elsewhere = f"{other.url}/data/good"
    reader = fetcher(server.url)
    assert reader.read("/data/redirect/in") == CSV
    for name in ("other", "metadata", "file", "api"):
        with pytest.raises(RefusedAddressError):
            reader.read(f"/data/redirect/{name}")
    with pytest.raises(UnreachableError, match="again and again"):
        reader.read("/data/redirect/loop")
    assert other.seen == []
    assert not any(path.startswith("/api") for path, _ in server.seen)


def test_the_key_goes_to_label_studio_only(hostile: Callable[[], Hostile]) -> None:
    server, other = hostile(), hostile()
    server.elsewhere = f"{other.url}/data/good"
    allowed = other.url.removeprefix("http://")
    reader = fetcher(server.url, allowed)
    assert reader.read("/data/redirect/other") == CSV
    assert reader.read(f"{other.url}/data/good") == CSV
    assert len(other.seen) == 2
    assert all("authorization" not in headers for _, headers in other.seen)
    assert all(headers["host"] == allowed for _, headers in other.seen)


def test_a_name_is_connected_to_where_it_was_judged(hostile: Callable[[], Hostile]) -> None:
    server = hostile()
    port = server.server_address[1]
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    # Numbers stand for a name here: the socket must go to what `resolve` said, not ask again.
    rules = Addresses("", [f"127.9.9.9:{port}"], None, resolve)
    assert Fetcher(rules, Key("", ""), 1000, 5).read(f"http://127.9.9.9:{port}/data/good") == CSV
    assert asked == ["127.9.9.9"]
    assert server.seen[0][1]["host"] == f"127.9.9.9:{port}"


@pytest.mark.parametrize("name", ["declared", "endless", "bomb"])
def test_too_much_data_is_given_up(name: str, hostile: Callable[[], Hostile]) -> None:
    with pytest.raises(OversizeError):
        fetcher(hostile().url).read(f"/data/{name}")


@pytest.mark.parametrize("name", ["slow", "silent"])
def test_slow_data_is_given_up(name: str, hostile: Callable[[], Hostile]) -> None:
    with pytest.raises(UnreachableError, match="did not arrive"):
        fetcher(hostile().url, seconds=0.3).read(f"/data/{name}")


def test_errors_of_the_server_are_told(hostile: Callable[[], Hostile]) -> None:
    with pytest.raises(UnreachableError, match="answers 404"):
        fetcher(hostile().url).read("/data/gone")
    with pytest.raises(UnreachableError, match="cannot be reached"):
        fetcher("http://127.0.0.1:1").read("/data/gone")


def test_files_of_the_project_folder_are_read_within_the_limit(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "a.csv").write_bytes(CSV)
    (tmp_path / "tasks" / "b.csv").write_bytes(b"x" * 2000)
    reader = Fetcher(Addresses("", (), tmp_path), Key("", ""), 1000, 5)
    assert reader.read("tasks/a.csv") == CSV
    with pytest.raises(OversizeError):
        reader.read("tasks/b.csv")
