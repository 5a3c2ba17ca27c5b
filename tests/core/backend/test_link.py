"""The way to Label Studio: whose key goes where, and what changes while the backend runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tslab.backend import link as link_module
from tslab.backend.link import Link
from tslab.backend.settings import BackendSettings
from tslab.backend.study import Study
from tslab.errors import ServerError
from tslab.label_studio.connection import Connection
from tslab.testing.fake_label_studio import FakeLabelStudio

Make = Callable[..., BackendSettings]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "tslab.yaml").write_text("domain: iot\n")
    return Study(tmp_path)


def answering(monkeypatch: pytest.MonkeyPatch, *found: Connection | ServerError) -> None:
    """Lets the project folder know these servers, one after the other."""
    left = list(found)

    def connection(project: object) -> Connection:
        del project
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, ServerError):
            raise answer
        return answer

    monkeypatch.setattr("tslab.label_studio.connection.connection", connection)


def embedded(port: int, key: str = "embedded-key") -> Connection:
    return Connection(f"http://127.0.0.1:{port}", key, "local", embedded=True)


def test_the_settings_address_and_key_come_first(settings: Make) -> None:
    given = settings(url="http://labels.example", api_key="k")
    assert Link(given).address() == ("http://labels.example", "k")


def test_the_embedded_server_is_known_by_the_folder(
    settings: Make, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, embedded(8090))
    link = Link(settings(url="", api_key=""), study)
    assert link.address() == ("http://127.0.0.1:8090", "embedded-key")


def test_a_key_of_the_environment_is_not_for_the_embedded_server(
    settings: Make, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, embedded(8090))
    assert Link(settings(url="", api_key="other"), study).address()[1] == "embedded-key"


def test_the_embedded_servers_key_is_not_for_others(
    settings: Make, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, embedded(8090))
    with pytest.raises(ServerError, match="no key"):
        Link(settings(url="http://labels.example", api_key=""), study).address()


def test_the_embedded_server_may_start_later_and_elsewhere(
    settings: Make, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "FRESH_SECONDS", 0.0)
    down = ServerError("Label Studio is not running for this project", "Start it: tslab up")
    answering(monkeypatch, down, embedded(8090), embedded(8091))
    link = Link(settings(url="", api_key=""), study)
    with pytest.raises(ServerError, match="not running"):
        link.address()
    assert link.address()[0].endswith(":8090")
    assert link.address()[0].endswith(":8091")


def test_what_fetches_follows_the_address(
    settings: Make, study: Study, monkeypatch: pytest.MonkeyPatch, label_studio: FakeLabelStudio
) -> None:
    monkeypatch.setattr(link_module, "FRESH_SECONDS", 0.0)
    label_studio.files["/data/upload/1/a.csv"] = b"time,a\n"
    now = Connection(label_studio.url, label_studio.api_key, "local", embedded=True)
    answering(monkeypatch, embedded(1), now)
    link = Link(settings(url="", api_key=""), study)
    first = link.fetcher()
    second = link.fetcher()
    assert first is not second
    assert second.read("/data/upload/1/a.csv") == b"time,a\n"
    assert link.fetcher() is second


def test_a_public_name_is_learned_from_setups(
    settings: Make, label_studio: FakeLabelStudio
) -> None:
    label_studio.files["/data/upload/1/a.csv"] = b"time,a\n"
    link = Link(settings())
    link.fetcher()
    for number in range(100):
        link.also_called(f"http://public-{number}.example")
    assert link.fetcher().read("http://public-3.example/data/upload/1/a.csv") == b"time,a\n"
    assert len(link._names) == 20


def test_nothing_known_is_said_with_a_remedy(settings: Make) -> None:
    for given, text in (({"url": ""}, "knows no Label Studio"), ({}, "has no key")):
        with pytest.raises(ServerError, match=text):
            Link(settings(api_key="", **given)).client()
