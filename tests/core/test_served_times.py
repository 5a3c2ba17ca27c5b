"""Exact times of what the ML backend served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tslab.errors import DataError, ProjectError
from tslab.label_studio.served_times import FILE, remember, served_times


def test_times_come_back_by_task(tmp_path: Path) -> None:
    first = {"a~1": (1, 5, 0.1234567, 0.5), "b": (7, 7, 0.7, 0.7)}
    second = {"a~1": (978_307_200_001, 978_307_200_005, 0.001, 0.005)}
    remember(tmp_path, {"one": first, "two": second})
    assert served_times(tmp_path, "one") == first
    assert served_times(tmp_path, "two") == second
    assert served_times(tmp_path, "three") == {}


def test_serving_again_changes_nothing(tmp_path: Path) -> None:
    remember(tmp_path, {"one": {"a": (1, 2, 0.1, 0.2)}})
    remember(tmp_path, {"one": {"a": (1, 2, 0.1, 0.2), "b": (3, 4, 0.3, 0.4)}})
    assert served_times(tmp_path, "one") == {"a": (1, 2, 0.1, 0.2), "b": (3, 4, 0.3, 0.4)}


def test_nothing_served_makes_no_file(tmp_path: Path) -> None:
    remember(tmp_path, {"one": {}})
    remember(tmp_path, {})
    assert served_times(tmp_path, "one") == {}
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    remember(tmp_path, {"one": {"a": (1, 2, 0.1, 0.2)}})
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be taken for one" * 50)
    with pytest.raises(DataError, match="is damaged"):
        served_times(tmp_path, "one")
    with pytest.raises(ProjectError, match="cannot write"):
        remember(tmp_path, {"one": {"a": (1, 2, 0.1, 0.2)}})
