"""A blind study of two recordings, and the server behind it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.blind_study import BlindStudy, Make

from tslab.testing import FakeLabelStudio

NAMES = ("one", "two")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with the usual recordings."""
    root = tmp_path_factory.mktemp("blind") / "study"
    with FakeLabelStudio() as server:
        BlindStudy(root, server, "{}").add(*NAMES)
    return root


@pytest.fixture
def make(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes the study with some settings of the review."""
    with FakeLabelStudio() as server:
        monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", server.api_key)

        def made(review: str = "{raters: 3, blind: true}", *names: str) -> BlindStudy:
            if not names:
                shutil.copytree(prepared, tmp_path / "study")
            study = BlindStudy(tmp_path / "study", server, review)
            study.add(*names)
            return study

        yield made
