"""What is in wheels and sdists, and what is not."""

from __future__ import annotations

import email
import re
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from tests.packaging.conftest import DISTRIBUTIONS, ROOT, Built

FOLDERS = {
    "tslab": ROOT / "core",
    "tslab-ecg-eeg": ROOT / "plugins/ecg_eeg",
    "tslab-iot-maintenance": ROOT / "plugins/iot_maintenance",
}
UNWANTED = re.compile(
    r"(^|/)(tests?/|test_|conftest|__pycache__|\.)|\.(pyc|so|csv|dat|hea|edf|parquet|npz|sqlite3)$"
)
"""Tests, caches, hidden files, data, binaries."""
SOURCE = {".py", ".js", ".css", ".in", ".txt", ".typed"}
LARGEST = 25_000
"""Bytes of a source file: what is larger is data, whatever its name."""


def package_of(distribution: str) -> Path:
    (package,) = (path.parent for path in (FOLDERS[distribution] / "src").glob("*/py.typed"))
    return package


def sources(distribution: str) -> set[str]:
    """Files of the package in this tree, as a wheel names them."""
    package = package_of(distribution)
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_wheel_holds_its_package_and_its_licence(built: Built, distribution: str) -> None:
    with zipfile.ZipFile(built.wheel(distribution)) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    package = {name for name in names if ".dist-info/" not in name}
    assert package == sources(distribution)
    assert f"{package_of(distribution).name}/py.typed" in package
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    ours = {name for name in package if "/templates/" not in name}
    assert [name for name in ours if UNWANTED.search(name)] == []
    assert {Path(name).suffix for name in package} <= SOURCE
    with zipfile.ZipFile(built.wheel(distribution)) as archive:
        sizes = {name: archive.getinfo(name).file_size for name in package}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_an_sdist_holds_what_a_wheel_needs(built: Built, distribution: str) -> None:
    with tarfile.open(built.sdist(distribution)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {f"src/{name}" for name in sources(distribution)}
    wanted |= {"pyproject.toml", "README.md", "LICENSE"}
    assert wanted <= names
    assert {name for name in names - wanted if UNWANTED.search(name)} <= {".gitignore"}


def test_templates_are_in_the_wheel(built: Built) -> None:
    with zipfile.ZipFile(built.wheel("tslab")) as archive:
        names = set(archive.namelist())
    for name in ("plugin.py", "pyproject.toml", "README.md", "test_contract.py", "py.typed"):
        assert f"tslab/templates/plugin/{name}.in" in names


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_metadata_tells_people_what_it_is(built: Built, distribution: str) -> None:
    metadata = metadata_of(built.wheel(distribution))
    assert metadata["Name"] == distribution
    assert metadata["Summary"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).strip()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_no_requirement_is_an_address_or_a_pin(built: Built, distribution: str) -> None:
    metadata = metadata_of(built.wheel(distribution))
    for text in metadata.get_all("Requires-Dist", []):
        requirement = Requirement(text)
        assert requirement.url is None, text
        if "extra" not in str(requirement.marker):
            assert "==" not in {part.operator for part in requirement.specifier}, text
            assert ">=" in {part.operator for part in requirement.specifier}, text


@pytest.mark.parametrize(
    "folder", ["plugins/ecg_eeg", "plugins/iot_maintenance", "examples/minimal_plugin"]
)
def test_declared_ranges(folder: str) -> None:
    """Every plugin's range of tslab contains the core of this tree."""
    import tslab

    core = tomllib.loads((ROOT / "core/pyproject.toml").read_text())["project"]
    declared = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    requirements = [Requirement(text) for text in declared["dependencies"]]
    (wanted,) = (item for item in requirements if item.name == "tslab")
    assert Version(core["version"]) in wanted.specifier
    assert wanted.extras <= set(core["optional-dependencies"])
    assert tslab.__version__ == core["version"]
