"""A blind study of two recordings, and the server behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.blind_study import BlindStudy, Make

from tslab.testing import FakeLabelStudio


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes the study with some settings of the review."""
    with FakeLabelStudio() as server:
        monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", server.api_key)

        def made(review: str = "{raters: 3, blind: true}", *names: str) -> BlindStudy:
            study = BlindStudy(tmp_path / "study", server, review)
            study.add(*(names or ("one", "two")))
            return study

        yield made
