"""Who may ask, and what a request may hold."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from kit.backend import CONFIG, Backend, running

from tslab.backend.bodies import BadRequestError, project_number
from tslab.backend.settings import BackendSettings

Make = Callable[..., BackendSettings]
PROTECTED = [
    ("GET", "/"),
    ("GET", "/metrics"),
    ("GET", "/versions"),
    ("GET", "/nowhere"),
    ("POST", "/predict"),
    ("POST", "/setup"),
]


@pytest.fixture
def backend(settings: Make) -> Iterator[Backend]:
    with running(settings(max_body_bytes=10_000, train_every=10**6)) as found:
        yield found


@pytest.fixture
def guarded(settings: Make) -> Iterator[Backend]:
    with running(settings(user="ann", password="pa:ss wörd", train_every=10**6)) as found:
        yield found


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_everything_needs_the_password(method: str, path: str, guarded: Backend) -> None:
    wrong = [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic YW5u"},
        {"Authorization": "Bearer YW5uOnBhOnNzIHfDtnJk"},
        {"Authorization": httpx.BasicAuth("ann", "wrong")._auth_header},
        {"Authorization": httpx.BasicAuth("", "")._auth_header},
    ]
    for headers in wrong:
        answer = guarded.http.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")
    right = guarded.http.request(method, path, auth=("ann", "pa:ss wörd"), json={"tasks": []})
    assert right.status_code in (200, 404, 405)


def test_health_and_webhooks_come_without_a_password(guarded: Backend) -> None:
    assert guarded.http.get("/health").status_code == 200
    assert guarded.send("ANNOTATION_CREATED", 24).status_code == 201
    headers = {"Authorization": "Basic b2xkOm9sZA=="}
    assert guarded.http.get("/health", headers=headers).status_code == 200


def test_long_bodies_are_refused_by_their_header(backend: Backend) -> None:
    for path in ("/predict", "/setup", "/webhook"):
        answer = backend.http.post(path, content=b" " * 10_001)
        assert answer.status_code == 413
        assert "10000 bytes" in answer.json()["detail"]


def test_long_bodies_are_refused_while_they_come(backend: Backend) -> None:
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100_000):
            sent += 1
            yield b" " * 1000

    try:
        answer = backend.http.post("/predict", content=parts())
        assert answer.status_code == 413
    except httpx.HTTPError:
        pass  # it hung up while we were still sending
    assert sent < 100_000
    backend.wait_for("requests_total", endpoint="/predict", status="413")


def test_a_sender_that_goes_away_does_no_harm(backend: Backend) -> None:
    address = (backend.http.base_url.host, backend.http.base_url.port)
    with socket.create_connection(address) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert backend.http.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", b"", 400),
        ("/predict", b"not json", 400),
        ("/predict", b"\xff\xfe", 400),
        ("/predict", b"[" * 9000, 422),
        ("/predict", b'{"tasks": [{"data": ' + b"[" * 9000, 400),
        ("/predict", b'{"tasks": [NaN]}', 400),
        ("/predict", b"[]", 422),
        ("/predict", b"{}", 422),
        ("/predict", b'{"tasks": null}', 422),
        ("/predict", b'{"tasks": [1]}', 422),
        ("/predict", b'{"tasks": [], "project": "../../etc"}', 422),
        ("/predict", b'{"tasks": [], "project": -1}', 422),
        ("/predict", b'{"tasks": [], "project": "1e3"}', 422),
        ("/predict", b'{"tasks": [], "project": 99999999999}', 422),
        ("/predict", b'{"tasks": [], "project": 1.5}', 422),
        ("/predict", b'{"tasks": [], "project": true}', 422),
        ("/predict", b'{"tasks": [], "label_config": 7}', 422),
        ("/predict", b'{"tasks": [], "params": {"context": {"result": "x"}}}', 422),
        ("/predict", b'{"tasks": [], "params": {"context": [1]}}', 422),
        ("/setup", b"null", 422),
        ("/setup", b'{"project": {"id": 1}}', 422),
        ("/webhook", b"{}", 422),
        ("/webhook", b'{"action": 7}', 422),
        ("/webhook", b'{"action": "START_TRAINING", "project": {"id": "../1"}}', 422),
        ("/webhook", b'{"action": "START_TRAINING", "project": {"id": -1}}', 422),
        ("/webhook", b'{"action": "START_TRAINING", "project": {"id": 4294967296}}', 422),
    ],
)
def test_malformed_bodies_get_one_line(
    path: str, body: bytes, status: int, backend: Backend
) -> None:
    answer = backend.http.post(path, content=body)
    assert answer.status_code == status, answer.text
    assert "\n" not in answer.json()["detail"]
    assert len(answer.json()["detail"]) <= 300


@pytest.mark.parametrize(
    ("given", "number"),
    [(None, 0), ("", 0), (24, 24), ("24", 24), ("24.1795224115", 24), ("0", 0), (0, 0)],
)
def test_project_numbers(given: object, number: int) -> None:
    assert project_number(given) == number


@pytest.mark.parametrize("given", ["a", "-1", "1/2", "../1", ".", "1 ", "²", "٣", 2**31, True, 1.5])
def test_other_things_are_no_project_numbers(given: object) -> None:
    with pytest.raises(BadRequestError):
        project_number(given)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
TASK = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "project": JSON,
        "data": JSON | st.fixed_dictionaries({"csv": JSON | st.just("file:///etc/passwd")}),
        "meta": JSON | st.fixed_dictionaries({"tslab": st.just(1)}, optional={"view": JSON}),
        "annotations": JSON,
    },
)
PROJECT = JSON | st.sampled_from(["24.17", 24, "24"])
PREDICT = st.fixed_dictionaries(
    {},
    optional={
        "tasks": JSON | st.lists(TASK, max_size=3),
        "project": PROJECT,
        "label_config": JSON | st.just(CONFIG) | st.text().map(lambda t: f"<View>{t}</View>"),
        "params": JSON | st.fixed_dictionaries({"context": JSON}),
    },
)
SETUP = st.fixed_dictionaries(
    {}, optional={"project": PROJECT, "schema": JSON, "hostname": JSON, "access_token": JSON}
)
WEBHOOK = st.fixed_dictionaries(
    {},
    optional={
        "action": JSON | st.sampled_from(["START_TRAINING", "ANNOTATION_CREATED"]),
        "project": JSON | st.fixed_dictionaries({"id": JSON}),
        "annotation": JSON,
    },
)
REQUESTS = st.one_of(
    st.tuples(st.just("/predict"), PREDICT | JSON),
    st.tuples(st.just("/setup"), SETUP | JSON),
    st.tuples(st.just("/webhook"), WEBHOOK | JSON),
)


def broken(text: str, cut: int) -> bytes:
    """A document, or the start of one."""
    return text.encode(errors="surrogatepass")[: cut or None]


@pytest.mark.slow
def test_a_thousand_malformed_bodies_do_no_harm(
    settings: Make, label_studio: Any, level: None
) -> None:
    with running(settings(train_every=10**6)) as backend:
        sent = 0

        @hypothesis_settings(max_examples=1000)
        @given(request=REQUESTS, cut=st.sampled_from([0, 0, 0, 1, 7, 30]))
        def send(request: tuple[str, Any], cut: int) -> None:
            nonlocal sent
            sent += 1
            path, document = request
            body = broken(json.dumps(document), cut)
            answer = backend.http.post(path, content=body)
            assert answer.status_code in (200, 201, 400, 422), (path, body, answer.text)
            answer.json()

        send()
        assert sent >= 1000
        assert backend.metric("failed_tasks_total", reason="defect") == 0
        assert backend.http.get("/health").status_code == 200
        assert not any(request.path == "/etc/passwd" for request in label_studio.requests)
