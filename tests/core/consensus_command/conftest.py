"""A study of which one recording was read by three people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kit.read_by_three import Study


@pytest.fixture
def study(shell: Any, tmp_path: Path) -> Study:
    return Study(shell, tmp_path)
