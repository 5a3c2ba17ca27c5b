"""`up`, `down` and `doctor` where no server runs."""

from __future__ import annotations

import json
import webbrowser
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tslab import cli
from tslab.label_studio.server import Address, EmbeddedServer
from tslab.label_studio.server_record import new_record, save_record
from tslab.project import Project

ADDRESS = Address("http://127.0.0.1:8123", "admin@tslab.local", "the-password", "key", True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder without an ML backend."""
    (tmp_path / "tslab.yaml").write_text("domain: ecg\nbackend: {enabled: false}\n")
    return tmp_path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets `up` find a server; the ports it asked for."""
    ports: list[int] = []

    def start(self: EmbeddedServer, progress: Any, port: int, waiting: Any) -> Address:
        waiting()
        for seconds in (0.1, 3, 16, 17):
            progress(seconds)
        ports.append(port)
        return ADDRESS

    monkeypatch.setattr(EmbeddedServer, "start", start)
    return ports


def checks(capsys: pytest.CaptureFixture[str], folder: Path, code: int) -> dict[str, Any]:
    """Runs `tslab doctor`; its checks by name."""
    assert cli.run(["doctor", "--json", "--project", str(folder)]) == code
    return {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}


def test_up_hides_the_password(
    folder: Path, started: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["up", "--project", str(folder)]) == 0
    captured = capsys.readouterr()
    assert "the-password" not in captured.out + captured.err
    assert "--show-password" in captured.out
    assert captured.err.splitlines() == [
        "Starting Label Studio; the first time it takes about a minute: 0 s",
        "Starting Label Studio; the first time it takes about a minute: 16 s",
    ]
    assert cli.run(["up", "--project", str(folder), "--show-password", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert "password: the-password" in captured.out
    assert captured.err == ""


def test_up_opens_the_browser(
    folder: Path, started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert cli.run(["up", "--project", str(folder), "--open", "--port", "8123"]) == 0
    assert opened == [ADDRESS.url]
    assert started == [8123]


def test_up_says_when_it_runs_elsewhere(
    folder: Path, started: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["up", "--project", str(folder), "--port", "9000"]) == 0
    assert f"it runs at {ADDRESS.url} already" in capsys.readouterr().err


def test_up_says_that_the_address_has_changed(
    folder: Path, started: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    state = Project.open(folder).state
    state.mkdir(exist_ok=True)
    port = int(ADDRESS.url.rpartition(":")[2])
    for before, said in ((port, False), (port + 1, True), (0, False)):
        save_record(state, replace(new_record(False), port=before))
        assert cli.run(["up", "--project", str(folder)]) == 0
        err = capsys.readouterr().err
        assert ("the address has changed" in err) == said
        assert (f"tslab up --port {before}" in err) == said


def test_up_refuses_ports_of_the_system(folder: Path, started: list[int]) -> None:
    assert cli.run(["up", "--project", str(folder), "--port", "80"]) == 2
    assert started == []


def test_up_with_an_existing_server_needs_a_key(
    folder: Path, started: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tslab.yaml").write_text("domain: ecg\nlabel_studio: {url: 'http://localhost:1'}\n")
    assert cli.run(["up", "--project", str(folder)]) == 5
    assert "no key for Label Studio" in capsys.readouterr().err
    assert started == []


def test_down_without_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["down", "--project", str(tmp_path)]) == 4
    assert "no tslab project" in capsys.readouterr().err


def test_down_leaves_nothing_behind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["down", "--project", str(folder)]) == 0
    assert "not running" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["tslab.yaml"]


def test_doctor_without_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = checks(capsys, tmp_path, 0)
    assert found["versions"]["status"] == "ok"
    assert found["project"]["remedy"] == "Make one: tslab init FOLDER --domain NAME"
    assert cli.run(["doctor", "--project", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "warn  project" in out
    assert out.rstrip().endswith("project: Make one: tslab init FOLDER --domain NAME")


def test_doctor_with_a_broken_project(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tslab.yaml").write_text("domain: ecg\nhotkey: {}\n")
    found = checks(capsys, folder, 1)
    assert found["project"]["status"] == "fail"
    assert "did you mean 'hotkeys'" in found["project"]["detail"]
    assert "server" not in found


def test_doctor_without_plugins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSLAB_LOAD_PLUGINS", "")
    assert checks(capsys, tmp_path, 0)["plugins"]["status"] == "warn"


def test_doctor_with_other_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = metadata.version

    def pretend(name: str) -> str:
        if name == "label-studio-sdk":
            raise metadata.PackageNotFoundError(name)
        return "1.12.0" if name == "label-studio" else version(name)

    monkeypatch.setattr(metadata, "version", pretend)
    found = checks(capsys, tmp_path, 1)
    assert found["label-studio"]["status"] == "fail"
    assert found["label-studio"]["remedy"] == 'pip install "tslab[server]"'
    assert found["label-studio-sdk"]["status"] == "warn"


@pytest.mark.parametrize(("free", "status"), [(1e8, "fail"), (1e9, "warn"), (1e10, "ok")])
def test_doctor_looks_at_the_disk(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    free: float,
    status: str,
) -> None:
    class Usage:
        """What shutil answers, as far as it is used."""

    Usage.free = free  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage)
    assert checks(capsys, folder, int(status == "fail"))["disk"]["status"] == status


def test_doctor_looks_at_rights(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = folder / ".tslab"
    state.mkdir(mode=0o700)
    (state / "secrets.json").touch(mode=0o600)
    assert checks(capsys, folder, 0)[".tslab"]["status"] == "ok"
    state.chmod(0o755)
    (state / "secrets.json").chmod(0o640)
    found = checks(capsys, folder, 1)[".tslab"]
    assert found["detail"] == "other users of this machine may read .tslab secrets.json"


def test_doctor_with_an_unreachable_server(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    found = checks(capsys, folder, 1)["Label Studio"]
    assert "does not answer" in found["detail"]


def test_up_spins_on_a_terminal(
    folder: Path,
    started: list[int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert cli.run(["up", "--project", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["url"] == ADDRESS.url


def test_up_with_an_existing_server_ignores_the_port(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://localhost:1")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "0" * 40)
    check = "tslab.label_studio.connection.check_connection"
    monkeypatch.setattr(check, lambda found: "me@example.org")
    assert cli.run(["up", "--project", str(folder), "--port", "9000"]) == 0
    captured = capsys.readouterr()
    assert "--port is for the embedded server" in captured.err
    assert "knows you as me@example.org" in captured.out


def test_doctor_with_a_broken_plugin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tslab import plugin_entries
    from tslab.plugin_entries import PluginEntry

    broken = PluginEntry("bad", "tslab.domains", "no_such_module", "tslab-bad", "1.0")
    monkeypatch.setattr(
        plugin_entries, "installed", lambda group: [broken] if group == broken.group else []
    )
    found = checks(capsys, tmp_path, 1)
    assert found["plugin bad"]["status"] == "fail"
    assert "no_such_module" in found["plugin bad"]["detail"]
