"""A project folder with machines, and a backend that serves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kit.backend import Backend, running
from kit.own_tasks import write_machine

from tslab.backend.settings import BackendSettings
from tslab.cli import run

Make = Callable[..., BackendSettings]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with two recordings, each cut into windows of 100 s."""
    root = tmp_path_factory.mktemp("plant")
    assert run(["init", str(root), "--domain", "iot", "--quiet"]) == 0
    with (root / "tslab.yaml").open("a") as file:
        file.write("window: {seconds: 100}\n")
    for seed in (1, 2):
        write_machine(root.parent / f"pump-{seed}.csv", seed)
        arguments = [str(root.parent / f"pump-{seed}.csv"), "--project", str(root), "--quiet"]
        assert run(["add", *arguments]) == 0
    return root


@pytest.fixture
def backend(folder: Path, settings: Make) -> Iterator[Backend]:
    with running(settings(folder=folder)) as found:
        yield found
