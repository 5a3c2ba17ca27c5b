"""A database that Label Studio has migrated, once for all tests that start one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tslab.label_studio.server_environment import server_environment
from tslab.label_studio.server_record import new_record


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
