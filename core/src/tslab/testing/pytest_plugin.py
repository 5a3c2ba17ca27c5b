"""The pytest plugin that comes with tslab: the fixture `tslab_project`.

pytest imports this module in every session of every project in the environment, before coverage
starts to measure; so nothing of tslab is imported until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tslab.project import Project

CHECKS = ("declaration", "label", "recording", "segmenter")
pytest.register_assert_rewrite(*(f"tslab.testing.{name}_checks" for name in CHECKS))


@pytest.fixture
def tslab_project(tmp_path: Path) -> Callable[..., Project]:
    """Makes a project folder for a domain: ``tslab_project("pump", views=("faults",))``."""

    def make(domain: str, *, views: tuple[str, ...] = (), name: str = "study") -> Project:
        from tslab.cli import run
        from tslab.project import open_project

        folder = tmp_path / name
        arguments = ["init", str(folder), "--domain", domain, "--quiet"]
        for view in views:
            arguments += ["--view", view]
        code = run(arguments)
        if code:
            pytest.fail(f"tslab {' '.join(arguments)} ended with exit code {code}")
        return open_project(folder)

    return make
