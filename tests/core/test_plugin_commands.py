"""tslab plugins, plugin new and plugin check: a first plugin works at once."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tslab.cli import run

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "minimal_plugin"


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def install(project: Path, site: Path) -> None:
    """What `pip install -e` leaves behind, without pip."""
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    info = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir(parents=True)
    points = about["entry-points"]["tslab.domains"]
    lines = ["[tslab.domains]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    text = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    (info / "METADATA").write_text(text)
    (site / "editable.pth").write_text(str(project / "src"))


def pytest_run(project: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    installed = {point.name for point in importlib.metadata.entry_points(group="pytest11")}
    plugin = [] if "tslab" in installed else ["-p", "tslab.testing.pytest_plugin"]
    path = os.pathsep.join([*map(str, paths), *(p for p in sys.path if p)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *plugin],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=project,
    )


# --- new ------------------------------------------------------------------------------------


def test_a_new_plugin_is_small_and_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "plugin"
    code, document = report(capsys, "plugin", "new", "pump-pressure", "--folder", str(folder))
    assert code == 0
    assert document["package"] == "tslab_pump_pressure"
    assert document["files"] == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    source = (folder / "src" / "tslab_pump_pressure" / "__init__.py").read_text()
    assert len(source.splitlines()) < 40
    assert "$" not in source
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["tslab.domains"] == {
        "pump-pressure": "tslab_pump_pressure"
    }
    assert [path.name for path in tmp_path.iterdir()] == ["plugin"]


def test_a_new_plugin_passes_without_installing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "plugin"
    assert run(["plugin", "new", "pump", "--folder", str(folder)]) == 0
    code, document = report(capsys, "plugin", "check", str(folder))
    (plugin,) = document["plugins"]
    assert [check for check in plugin["checks"] if check["status"] == "failed"] == []
    assert sum(check["status"] == "ok" for check in plugin["checks"]) >= 20
    assert code == 0
    assert "tslab_pump" not in sys.modules
    assert str(folder / "src") not in sys.path


def test_a_new_plugin_passes_when_installed(tmp_path: Path) -> None:
    folder = tmp_path / "plugin"
    assert run(["plugin", "new", "pump", "--folder", str(folder)]) == 0
    install(folder, tmp_path / "site")
    done = pytest_run(folder, tmp_path / "site", folder / "src")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize("name", ["", "Pump", "1st", "a b", "a--b", "-a", "a-", "a_b", "x" * 41])
def test_a_bad_name_is_refused_with_a_better_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["plugin", "new", "--", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"'{name}' is no name for a domain" in line
    assert list(tmp_path.iterdir()) == []


def test_the_better_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run(["plugin", "new", "Pump Room 3"])
    assert "for example 'pump-room-3'" in capsys.readouterr().err


def test_the_prefix_is_not_doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["plugin", "new", "tslab-pump"]) == 0
    assert (tmp_path / "tslab-pump" / "src" / "tslab_pump").is_dir()


def test_an_existing_folder_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keep").write_text("mine")
    assert run(["plugin", "new", "pump", "--folder", str(tmp_path)]) == 4
    assert "exists already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["keep"]


def test_nothing_is_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tslab.commands import plugin_template

    monkeypatch.setitem(plugin_template.FILES, "py.typed.in", "x" * 300)
    assert run(["plugin", "new", "pump", "--folder", str(tmp_path / "plugin")]) == 4
    assert "cannot write" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    install(EXAMPLE, site)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delenv("TSLAB_LOAD_PLUGINS", raising=False)
    assert run(["plugin", "new", "room-climate", "--folder", str(tmp_path / "p")]) == 2
    assert "is there already, from tslab-minimal" in capsys.readouterr().err


# --- check ----------------------------------------------------------------------------------


def test_the_example_is_small_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    source = EXAMPLE / "src" / "tslab_minimal" / "__init__.py"
    assert len(source.read_text().splitlines()) < 40
    code, document = report(capsys, "plugin", "check", str(EXAMPLE))
    assert [c for c in document["plugins"][0]["checks"] if c["status"] == "failed"] == []
    assert code == 0


def test_the_example_passes_its_own_tests(tmp_path: Path) -> None:
    install(EXAMPLE, tmp_path)
    done = pytest_run(EXAMPLE, tmp_path, EXAMPLE / "src")
    assert done.returncode == 0, done.stdout


def test_an_installed_domain_is_checked_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(EXAMPLE, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    monkeypatch.delenv("TSLAB_LOAD_PLUGINS", raising=False)
    assert run(["plugin", "check", "room-climate"]) == 0
    out = capsys.readouterr().out
    assert "ok       name_equals_entry_point" in out
    assert "0 failed" in out.splitlines()[-1]
    assert run(["plugin", "check", "room-climate", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def broken_copy(folder: Path, old: str, new: str) -> Path:
    """The template's plugin with one mistake."""
    assert run(["plugin", "new", "pump", "--folder", str(folder)]) == 0
    path = folder / "src" / "tslab_pump" / "__init__.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return folder


def test_a_failed_check_has_a_remedy_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = broken_copy(tmp_path / "p", ', "event", score=0.8', ', "event"')
    capsys.readouterr()
    assert run(["plugin", "check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "failed   segmenters_give_scores: segmenter 'level' leaves out scores. Give Span(" in out
    assert "1 failed" in out
    code, document = report(capsys, "plugin", "check", str(folder))
    failed = [c for c in document["plugins"][0]["checks"] if c["status"] == "failed"]
    assert code == 1
    assert [c["check"] for c in failed] == ["segmenters_give_scores"]
    assert failed[0]["remedy"].startswith("Give Span(score=")


def test_a_plugin_that_does_not_load_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = broken_copy(tmp_path / "p", "import numpy as np", "import numpie as np")
    capsys.readouterr()
    assert run(["plugin", "check", str(folder)]) == 3
    err = capsys.readouterr().err
    assert "plugin 'pump' (tslab-pump 0.1.0, module tslab_pump) cannot be imported" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({}, 2, "has no pyproject.toml"),
        ({"pyproject.toml": "[project]\nname='x'"}, 2, "declares no plugin"),
        ({"pyproject.toml": "[["}, 2, "cannot read"),
        (
            {"pyproject.toml": "[project.entry-points.'tslab.domains']\nx = 'tslab_x'"},
            3,
            "holds no package tslab_x",
        ),
    ],
)
def test_a_folder_that_is_no_plugin(
    files: dict[str, str], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert run(["plugin", "check", str(tmp_path)]) == code
    assert words in capsys.readouterr().err


def test_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugin", "check", "volcano"]) == 3
    assert "'volcano'" in capsys.readouterr().err


def test_nothing_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TSLAB_LOAD_PLUGINS", "")
    assert run(["plugin", "check"]) == 2
    assert "no plugin to check" in capsys.readouterr().err


def test_the_package_here_is_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLE)
    code, document = report(capsys, "plugin", "check")
    assert code == 0
    assert [plugin["name"] for plugin in document["plugins"]] == ["room-climate"]


def test_one_broken_domain_of_two_does_not_hide_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = broken_copy(tmp_path / "p", "import numpy", "import numpy")
    project = folder / "pyproject.toml"
    more = 'pump = "tslab_pump"\nbroken = "tslab_broken"'
    project.write_text(project.read_text().replace('pump = "tslab_pump"', more))
    (folder / "src" / "tslab_broken.py").write_text("raise RuntimeError('no licence')")
    code, document = report(capsys, "plugin", "check", str(folder))
    errors = {plugin["name"]: plugin["error"] for plugin in document["plugins"]}
    assert code == 3
    assert "no licence" in errors["broken"]
    assert errors["pump"] == ""


def test_an_extension_is_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'tslab-ext'\n"
        "[project.entry-points.'tslab.extensions']\next = 'tslab_ext'"
    )
    source = "from tslab import hookimpl\n@hookimpl\ndef tslab_exporters(): return []\n"
    (tmp_path / "tslab_ext.py").write_text(source)
    code, document = report(capsys, "plugin", "check", str(tmp_path))
    assert code == 0
    assert document["plugins"][0]["checks"][0]["message"] == "implements tslab_exporters"


# --- plugins --------------------------------------------------------------------------------


def test_plugins_lists_hooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(EXAMPLE, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    monkeypatch.setenv("TSLAB_LOAD_PLUGINS", "room-climate")
    code, document = report(capsys, "plugins")
    assert code == 0
    assert document["plugins"] == [
        {
            "name": "room-climate",
            "kind": "domain",
            "title": "",
            "distribution": "tslab-minimal",
            "version": "0.1.0",
            "module": "tslab_minimal",
            "hooks": ["tslab_domain", "tslab_segmenters"],
            "status": "ok",
        }
    ]
    assert run(["plugins"]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.split() == [
        *("room-climate", "domain", "tslab-minimal", "0.1.0", "domain,", "segmenters", "ok")
    ]


def test_the_project_fixture(tmp_path: Path) -> None:
    install(EXAMPLE, tmp_path / "site")
    (tmp_path / "test_it.py").write_text(
        "def test_it(tslab_project):\n"
        "    project = tslab_project('room-climate', views=('all',))\n"
        "    assert project.domain.name == 'room-climate'\n"
        "    assert (project.root / 'tslab.yaml').is_file()\n"
        "def test_unknown(tslab_project):\n"
        "    tslab_project('volcano')\n"
    )
    done = pytest_run(tmp_path, tmp_path / "site", EXAMPLE / "src")
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "ended with exit code 3" in done.stdout
