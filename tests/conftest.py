"""What all tests share: examples that do not depend on the clock, and a migrated database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tslab.label_studio.server_environment import server_environment
from tslab.label_studio.server_record import new_record

settings.register_profile(
    "tslab",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tslab"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an empty, migrated database and no user."""
    data = tmp_path_factory.mktemp("migrated")
    environment = server_environment(new_record(known_users=False), data, data)
    command = [sys.executable, "-m", "label_studio.server", "version", "--data-dir", str(data)]
    done = subprocess.run(
        command, env=environment, cwd=data, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return data
