"""Tasks that cannot be predicted: nothing is stored for them, and somebody learns why."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kit.backend import CONFIG, Backend, add_project, regions, running, store_level, tasks_of

from tslab.backend.addresses import RefusedAddressError
from tslab.backend.failures import Failure, refusal
from tslab.backend.fetching import Fetcher, OversizeError, UnreachableError
from tslab.backend.settings import BackendSettings
from tslab.errors import DataError, PluginError, ServerError
from tslab.label_studio.foreign.config import read_config
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]
DOMAIN = read_config(CONFIG).domain
HOSTILE = [
    "file:///etc/passwd",
    "../../etc/passwd",
    "/etc/passwd",
    "/data/../../etc/passwd",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/",
    "http://ann:secret@files.example/smith.csv",
    "gopher://files.example/",
]


@pytest.fixture
def backend(settings: Make, level: None) -> Iterator[Backend]:
    with running(settings()) as found:
        yield found


def task_at(address: object, number: int = 1) -> dict[str, Any]:
    return {"id": number, "data": {"csv": address}, "meta": {}}


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_addresses_are_refused(
    address: str, trained: bool, backend: Backend, label_studio: FakeLabelStudio
) -> None:
    if trained:
        store_level(backend.service.store, 24, DOMAIN, 2.5)
    drawn = {"result": regions([(1.0, 2.0, "Run")])}
    for context in (None, drawn):
        status, reason = backend.refused([task_at(address)], 24, context=context)
        assert status == 422
        assert "1 address" in reason
        for secret in ("passwd", "meta-data", "smith", "secret", "ann"):
            assert secret not in reason
    assert backend.metric("failed_tasks_total", reason="address") == 2
    assert not label_studio.requests


def test_a_host_that_is_not_allowed_is_named_with_the_setting(backend: Backend) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    tasks = [task_at(f"http://files.example/smith{i}.csv?key=secret") for i in range(3)]
    status, reason = backend.refused(tasks, 24)
    assert status == 422
    assert "3 address" in reason
    assert "'files.example'" in reason
    assert "TSLAB_ALLOW_HOSTS" in reason
    assert "smith" not in reason
    assert "secret" not in reason


def test_a_redirect_to_a_hostile_address_is_refused(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    for target in ("http://169.254.169.254/latest/", "file:///etc/passwd"):
        monkeypatch.setattr(Fetcher, "_ask", lambda *_, to=target: (None, to))
        status, reason = backend.refused([task_at("/data/upload/1/a.csv")], 24)
        assert status == 422
        assert "1 address" in reason


def test_an_untrained_project_is_answered_whatever_can_be_allowed(backend: Backend) -> None:
    addresses = ("http://files.example/a.csv", "/data/upload/1/gone.csv", None)
    answers = backend.predict([task_at(address) for address in addresses], 24)
    assert answers == [{"result": [], "score": 0.0, "model_version": "untrained"}] * 3


def test_one_good_task_keeps_the_answer_a_list(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    project = add_project(label_studio, 1, 0)
    store_level(backend.service.store, project, DOMAIN, 2.5)
    bad = [task_at("file:///etc/passwd"), task_at("/data/upload/gone.csv"), task_at(7)]
    answers = backend.predict([*bad, *tasks_of(label_studio, project)], project)
    assert answers[:3] == [[], [], []]
    assert answers[3]["result"]


def test_what_may_pass_is_answered_503(backend: Backend, label_studio: FakeLabelStudio) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    gone = task_at("/data/upload/gone.csv")
    status, reason = backend.refused([gone, gone], 24)
    assert status == 503
    assert "2 unreachable" in reason
    assert backend.refused([gone, task_at("file:///etc/passwd")], 24)[0] == 422


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({}, "1 no data (the task's data has no 'csv'. The labeling config names it.)"),
        ({"csv": None}, "1 no data ('csv' of the task's data is empty. The labeling config"),
        ({"csv": ""}, "1 no data ('csv' of the task's data is empty."),
        ({"csv": 7}, "1 address (the address of the task's data is no text)"),
        ({"csv": "/" * 9000}, "1 address (the address of the task's data is longer than 8192 let"),
        ({"csv": "//169.254.169.254/x"}, "names a host and begins with neither 'http:' nor"),
        ({"csv": "http:///x"}, "the address of the task's data names no host"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_in_words(
    data: dict[str, Any], line: str, backend: Backend
) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    status, reason = backend.refused([{"id": 1, "data": data, "meta": {}}], 24)
    assert status == 422
    assert line in reason


def test_a_storage_that_is_not_connected_will_not_come_by_itself(
    backend: Backend, label_studio: FakeLabelStudio
) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    status, reason = backend.refused([task_at("s3://smith/x.csv")], 24)
    assert status == 422
    assert "lies in a storage, 's3:', of which Label Studio hands out nothing" in reason
    assert "Settings > Cloud Storage" in reason
    assert "smith" not in reason


def test_many_tasks_that_fail_alike_are_a_few_lines_in_the_log(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    tasks = [task_at(f"http://evil.example/x{number}", number) for number in range(300)]
    with caplog.at_level(logging.WARNING, "tslab.backend"):
        status, reason = backend.refused([*tasks, task_at("/data/upload/gone.csv")], 24)
    assert status == 422
    assert "300 address" in reason
    lines = [r.getMessage() for r in caplog.records if r.name == "tslab.backend"]
    assert len(lines) == 7
    assert lines[-1] == "project 24: 295 more tasks are not predicted (address)"
    assert len({line for line in lines if "evil.example" in line}) == 5
    assert backend.metric("failed_tasks_total", reason="address") == 300


def test_a_request_with_too_many_tasks_is_refused_at_once(settings: Make, level: None) -> None:
    with running(settings(max_tasks=3)) as backend:
        assert len(backend.predict(3 * [task_at("/data/upload/gone.csv")], 24)) == 3
        status, reason = backend.refused(4 * [task_at("/data/upload/gone.csv")], 24)
    assert status == 413
    assert reason == "the request has 4 tasks; ask for 3 at a time, or raise TSLAB_MAX_TASKS"


def test_reasons_are_counted_by_kind() -> None:
    errors = [RefusedAddressError("is bad"), OversizeError("x"), OversizeError("y")]
    found = refusal([Failure.of(error) for error in errors])
    assert found.status == 422
    assert str(found).startswith("no task could be predicted: 2 too large (TSLAB_MAX_DATA_MB")
    assert "1 address (the address of the task's data is bad)" in str(found)


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ([ServerError("down"), UnreachableError("gone")], 503),
        ([ServerError("down"), DataError("bad")], 422),
        ([ZeroDivisionError("x")], 500),
        ([ZeroDivisionError("x"), PluginError("y")], 422),
    ],
)
def test_the_status_says_whose_turn_it_is(errors: list[Exception], status: int) -> None:
    assert refusal([Failure.of(error) for error in errors]).status == status


def test_a_host_cannot_break_a_line() -> None:
    status = refusal([Failure.of(RefusedAddressError("lies\non\r\nhost"))])
    assert "\n" not in str(status)


@pytest.mark.parametrize(
    "text",
    [
        "cannot read '/home/ann/John Smith/night 1.edf': gone",
        "cannot read /home/ann/Smith.edf",
        "the file 'Smith.edf' is damaged",
        "C:\\Smith is gone",
    ],
)
def test_names_of_files_are_not_told(text: str) -> None:
    told = Failure.of(DataError(text, "Look at it.")).text
    assert "Smith" not in told
    assert "(a file)" in told
    assert told.endswith("Look at it.")


@pytest.mark.parametrize(
    "text",
    ["the data has no column 'a'", "'my-rules 0.1' is better: 0.6 against 0.5 of 'learning 1a2b'"],
)
def test_other_names_are_told(text: str) -> None:
    assert Failure.of(DataError(text)).text == text


def test_the_log_says_why_where_and_what_to_do(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    store_level(backend.service.store, 24, DOMAIN, 2.5)
    addresses = ("http://files.example/smith.csv?key=secret", "/data/upload/smith.csv")
    with caplog.at_level(logging.WARNING, "tslab.backend"):
        backend.refused([task_at(address, 7 + i) for i, address in enumerate(addresses)], 24)
    refused, unreachable = [r for r in caplog.records if r.name == "tslab.backend"]
    assert refused.getMessage() == (
        "task 7 of project 24 is not predicted (address): the address of the task's data lies on "
        "host 'files.example', which is not allowed. TSLAB_ALLOW_HOSTS names those."
    )
    assert "(unreachable): the server of the task's data, '127.0.0.1'" in unreachable.getMessage()
    assert {refused.levelno, unreachable.levelno} == {logging.WARNING}
    assert "smith" not in caplog.text
