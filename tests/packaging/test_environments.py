"""Wheels in environments of their own: the main job, the core alone, other people's plugins."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.packaging.conftest import ROOT, Built, Environment, make_environment

WRITE_SAMPLE = """
import sys
from pathlib import Path
from tslab.plugin_manager import load_domain
plugins, domain = load_domain(sys.argv[1])
sample = plugins.sample_recordings(domain)[0]
print(sample.write(Path(sys.argv[2])))
"""
ABSENT = "label_studio_sdk", "label_studio", "torch", "pytest", "sklearn", "tensorflow"
ANNOTATE = """
from tslab import open_project
from tslab.annotation import Annotation
from tslab.files import json_bytes, write_bytes
project = open_project(".")
(version,) = project.prediction_files()
annotations = [
    Annotation(key, "ann", spans, extents=[(0, project.entries()[key].duration)])
    for key, spans in project.predicted_spans(version).items()
]
write_bytes(project.root / "annotations" / "annotations.json", json_bytes(annotations))
"""
FIND = """
import importlib.util, sys
print([name for name in sys.argv[1:] if importlib.util.find_spec(name)])
"""


@pytest.fixture(scope="module", params=["ecg", "iot"])
def installed(
    request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Environment]]:
    """A domain, and an environment with its plugin's wheel and what that needs."""
    plugin = {"ecg": "tslab-ecg-eeg", "iot": "tslab-iot-maintenance"}[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    # Core's wheel is named, so that nobody else's "tslab" can take its place.
    environment = make_environment(folder, built.wheel(plugin), built.wheel("tslab"))
    yield request.param, environment
    shutil.rmtree(environment.root)


def test_clean_environment(installed: tuple[str, Environment], tmp_path: Path) -> None:
    """From installation to export, on the plugin's own sample recording."""
    domain, environment = installed
    empty = tmp_path / "empty"
    empty.mkdir()
    listed = json.loads(environment.tslab("domains", "--json", folder=empty).stdout)
    assert [item["name"] for item in listed["domains"]] == [domain]
    path = environment.python("-c", WRITE_SAMPLE, domain, empty, folder=empty).stdout.strip()
    environment.tslab("init", "study", "--domain", domain, folder=empty)
    study = empty / "study"
    added = json.loads(environment.tslab("add", path, "--json", folder=study).stdout)
    assert json.dumps(added).count('"error"') == 0
    assert (study / "tasks.json").is_file()
    environment.tslab("lint", folder=study)
    environment.tslab("predict", folder=study)
    native = "wfdb" if domain == "ecg" else "parquet"
    for name in (native, "csv", "json"):
        done = environment.tslab(
            *("export", "--to", name, "--verify", "--predictions", ""), folder=study
        )
        assert "read back and equal" in done.stdout
    environment.python("-c", ANNOTATE, folder=study)
    # Whether it is better than the domain's own is not the question here.
    words = ("train", "--folds", "2", "--promote", "--json")
    trained = json.loads(environment.tslab(*words, folder=study).stdout)
    assert trained["promoted"] is True
    predicted = json.loads(environment.tslab("predict", "--json", folder=study).stdout)
    assert predicted["model_version"] == trained["version"]


def test_extra_of_the_backend_is_all_that_it_needs(
    built: Built, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What the container image installs: it serves in an empty folder, and has no torch."""
    folder = tmp_path_factory.mktemp("backend")
    wheel = built.wheel("tslab")
    environment = make_environment(folder, f"tslab[backend] @ {wheel.as_uri()}")
    assert environment.python("-c", FIND, "torch", "label_studio", folder=folder).stdout == "[]\n"
    command = [environment.interpreter, "-I", environment.root / "bin/tslab", "backend"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "cwd": folder}
    arguments = [*map(str, command), "--port", "0", "--json"]
    with subprocess.Popen(arguments, **quiet) as process:  # type: ignore[call-overload]
        try:
            said = json.loads(b"".join(iter(process.stdout.readline, b"}\n")) + b"}")
            with httpx.Client(base_url=said["url"], trust_env=False) as http:
                assert http.get("/health").json()["status"] == "UP"
                assert http.post("/predict", json={"tasks": []}).json() == {"results": []}
        finally:
            process.terminate()
    shutil.rmtree(environment.root)


def test_only_what_the_plugin_needs_is_there(
    installed: tuple[str, Environment], tmp_path: Path
) -> None:
    _, environment = installed
    done = environment.python("-c", FIND, *ABSENT, folder=tmp_path)
    assert done.stdout.strip() == "[]"


def test_imports_come_from_the_wheel(installed: tuple[str, Environment], tmp_path: Path) -> None:
    _, environment = installed
    done = environment.python("-c", "import tslab; print(tslab.__file__)", folder=tmp_path)
    assert Path(done.stdout.strip()).is_relative_to(environment.root)


def test_plugin_is_checked_where_it_is_installed(
    installed: tuple[str, Environment], tmp_path: Path
) -> None:
    """The contract test runs without pytest, too."""
    domain, environment = installed
    done = environment.tslab("plugin", "check", domain, "--json", folder=tmp_path)
    (plugin,) = json.loads(done.stdout)["plugins"]
    assert {check["status"] for check in plugin["checks"]} <= {"ok", "-"}
    assert plugin["error"] == ""


def test_core_alone_says_how_to_get_a_domain(core_alone: Environment, tmp_path: Path) -> None:
    done = core_alone.tslab("domains", folder=tmp_path)
    assert "pip install tslab-ecg-eeg" in done.stdout
    assert "tslab plugin new" in done.stdout
    assert json.loads(core_alone.tslab("domains", "--json", folder=tmp_path).stdout) == {
        "domains": []
    }


def test_core_alone_names_the_missing_plugin(core_alone: Environment, tmp_path: Path) -> None:
    done = core_alone.tslab("init", "x", "--domain", "ecg", folder=tmp_path, expect=3)
    (line,) = done.stderr.strip().splitlines()
    assert "pip install tslab-ecg-eeg" in line
    assert not (tmp_path / "x").exists()


def test_core_alone_has_no_plugin_and_no_label_studio(
    core_alone: Environment, tmp_path: Path
) -> None:
    strangers = ("tslab_ecg_eeg", "tslab_iot_maintenance", "scipy", "wfdb", *ABSENT)
    assert core_alone.python("-c", FIND, *strangers, folder=tmp_path).stdout.strip() == "[]"


def test_example_plugin_installs_with_pip_and_passes(workshop: Environment, tmp_path: Path) -> None:
    """A third party's package, beside an installed plugin."""
    copy = tmp_path / "minimal_plugin"
    ignored = shutil.ignore_patterns("__pycache__", ".*", "dist", "build")
    shutil.copytree(ROOT / "examples/minimal_plugin", copy, ignore=ignored)
    workshop.python("-m", "pip", "install", "--quiet", "./minimal_plugin", folder=tmp_path)
    done = workshop.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", folder=copy)
    assert " failed" not in done.stdout
    listed = json.loads(workshop.tslab("domains", "--json", folder=tmp_path).stdout)["domains"]
    assert {"iot", "room-climate"} <= {item["name"] for item in listed}


def test_plugin_new_passes_its_own_tests(workshop: Environment, tmp_path: Path) -> None:
    workshop.tslab("plugin", "new", "pump-house", folder=tmp_path)
    package = tmp_path / "tslab-pump-house"
    workshop.tslab("plugin", "check", package, folder=tmp_path)
    workshop.python(
        *("-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps"),
        *("-e", "./tslab-pump-house"),
        folder=tmp_path,
    )
    done = workshop.python("-m", "pytest", "-q", "-p", "no:cacheprovider", folder=package)
    assert " failed" not in done.stdout
    listed = json.loads(workshop.tslab("domains", "--json", folder=tmp_path).stdout)["domains"]
    assert "pump-house" in {item["name"] for item in listed}
