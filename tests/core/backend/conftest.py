"""A Label Studio of the test's own, and settings that lead to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.backend import SPEC

from tslab.backend.settings import BackendSettings
from tslab.testing.fake_label_studio import FakeLabelStudio


@pytest.fixture
def label_studio() -> Iterator[FakeLabelStudio]:
    with FakeLabelStudio() as fake:
        yield fake


@pytest.fixture
def settings(tmp_path: Path, label_studio: FakeLabelStudio) -> Callable[..., BackendSettings]:
    def make(**changes: Any) -> BackendSettings:
        given: dict[str, Any] = {
            "model_dir": tmp_path / "models",
            "url": label_studio.url,
            "api_key": label_studio.api_key,
            "quiet_seconds": 0.05,
            "longest_wait_seconds": 1.0,
        }
        return BackendSettings(**{**given, **changes})

    return make


@pytest.fixture
def level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Projects that tslab did not make are served by the easy segmenter."""
    monkeypatch.setattr("tslab.backend.foreign_tasks.SPECS", (SPEC,))
