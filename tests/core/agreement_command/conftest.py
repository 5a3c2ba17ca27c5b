"""Three recordings that three people have read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kit.machine_study import Study


@pytest.fixture
def study(shell: Any, tmp_path: Path) -> Study:
    return Study(shell, tmp_path)
