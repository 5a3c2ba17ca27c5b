"""An environment in which nothing but plugins of the test is installed."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.distributions import Distributions


@pytest.fixture
def dists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distributions]:
    """An environment in which nothing but the written distributions is installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    real = importlib.metadata.distributions
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: real(path=[str(folder)]))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("TSLAB_LOAD_PLUGINS", raising=False)
    yield Distributions(folder)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
