"""A project of the domain iot, without and with recordings that are annotated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kit.pump_study import Study, truth


@pytest.fixture
def empty(shell: Any, tmp_path: Path) -> Study:
    shell("init", shell.folder, "--domain", "iot", project=False)
    return Study(shell, tmp_path)


@pytest.fixture
def study(empty: Study) -> Study:
    for number in range(3):
        empty.annotate(empty.add(number), truth(number))
    return empty
