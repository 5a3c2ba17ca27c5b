"""A study in a fake Label Studio, fresh for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.progress_studies import MODEL, SETTINGS, Plant
from kit.studies import change_settings

from tslab.cli import run
from tslab.testing import FakeLabelStudio


@pytest.fixture(scope="session")
def empty_plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project folder before anybody has annotated."""
    root = tmp_path_factory.mktemp("progress") / "plant"
    assert run(["init", str(root), "--domain", "iot", "--quiet"]) == 0
    change_settings(root, SETTINGS)
    rows = "".join(f"{i},{i % 9},{50 + i % 7}\n" for i in range(1000))
    (root.parent / "pump.csv").write_text("time_s,vibration,temp\n" + rows)
    spans = "".join(f"pump,{100 * i + 10},{100 * i + 30},Drift,anomaly\n" for i in range(10))
    (root.parent / "net.csv").write_text("recording,start,end,label,tier\n" + spans)
    given = ["--project", str(root), "--quiet"]
    assert run(["add", str(root.parent / "pump.csv"), *given]) == 0
    table = str(root.parent / "net.csv")
    assert run(["predict", "--from", table, "--model-version", MODEL, *given]) == 0
    return root


@pytest.fixture
def plant(empty_plant: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """A study of its own."""
    root = tmp_path / "plant"
    shutil.copytree(empty_plant, root)
    with FakeLabelStudio() as server:
        monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", "fake-token")
        yield Plant(root, server)
