"""Wheels of this tree, and environments that know nothing of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = ("tslab", "tslab-ecg-eeg", "tslab-iot-maintenance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.packaging)


def surroundings() -> dict[str, str]:
    """The environment of a child: nothing of this Python's, pip's find-links for uv too."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))
    }
    links = kept.get("PIP_FIND_LINKS", "")
    if links and not kept.get("UV_FIND_LINKS"):
        kept["UV_FIND_LINKS"] = ",".join(links.split())
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(
    command: Sequence[object], folder: Path, *, expect: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Runs a command; its output is shown when the exit code is another than expected."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    text = f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    assert expect is None or done.returncode == expect, text
    return done


def uv(*arguments: object, folder: Path) -> None:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not installed; 'make setup' brings it")
    run([found, "--quiet", *arguments], folder)


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        root: Its folder.
    """

    root: Path

    @property
    def interpreter(self) -> Path:
        return self.root / "bin/python"

    def python(
        self, *arguments: object, folder: Path, expect: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """Runs its Python, isolated: no PYTHONPATH, no folder of the script, no user site."""
        return run([self.interpreter, "-I", *arguments], folder, expect=expect)

    def tslab(
        self, *arguments: object, folder: Path, expect: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """Runs its console script."""
        return self.python(self.root / "bin/tslab", *arguments, folder=folder, expect=expect)

    def install(self, *requirements: object, folder: Path) -> None:
        uv("pip", "install", "--python", self.interpreter, *requirements, folder=folder)


@dataclass(frozen=True)
class Built:
    """Wheels and sdists by distribution."""

    folder: Path

    def wheel(self, distribution: str) -> Path:
        return self._only(f"{distribution.replace('-', '_')}-[0-9]*.whl")

    def sdist(self, distribution: str) -> Path:
        return self._only(f"{distribution.replace('-', '_')}-[0-9]*.tar.gz")

    def _only(self, pattern: str) -> Path:
        (path,) = self.folder.glob(pattern)
        return path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Every sdist, and every wheel made from its sdist."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--all-packages", "--out-dir", folder, folder=ROOT)
    return Built(folder)


def make_environment(folder: Path, *requirements: object, seed: bool = False) -> Environment:
    environment = Environment(folder / "venv")
    options = ["--seed"] if seed else []
    uv("venv", "--python", sys.executable, *options, environment.root, folder=folder)
    environment.install(*requirements, folder=folder)
    return environment


@pytest.fixture(scope="session")
def core_alone(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Core's wheel and what it depends on."""
    environment = make_environment(tmp_path_factory.mktemp("core"), built.wheel("tslab"))
    yield environment
    shutil.rmtree(environment.root)


@pytest.fixture(scope="session")
def workshop(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Where a plugin's author works: tslab, an installed plugin, pip and pytest."""
    wheels = [built.wheel("tslab"), built.wheel("tslab-iot-maintenance")]
    folder = tmp_path_factory.mktemp("workshop")
    # hatchling and editables, so that an editable install needs no environment of its own.
    environment = make_environment(
        folder, *wheels, "pytest>=8", "hatchling", "editables", seed=True
    )
    yield environment
    shutil.rmtree(environment.root)
