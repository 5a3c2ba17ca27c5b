"""Task CSVs: every rule of the editor (facts E1 to E16), several rates, missing values."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.domain import Domain
from tslab.errors import DataError
from tslab.lint.task_csv import check_task_csv
from tslab.preparation.task_table import column_names, row_ticks, write_task_csv
from tslab.preparation.windows import MAX_ROWS, MAX_VALUES, make_tasks
from tslab.recording import Recording, Signal
from tslab.task import DAY_ONE_MS, Task


def task_of(recording: Recording, tick: int = 1000, **more: Any) -> Task:
    given = {"start": 0.0, "end": recording.duration, "channels": recording.channel_names}
    return Task(**{"id": "t", "recording": "r", "view": "all", "tick_us": tick, **given, **more})


def written(task: Task, recording: Recording, path: Path) -> tuple[list[str], np.ndarray, dict]:
    filled = write_task_csv(task, recording, path)
    header, *rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert '"' not in path.read_text()
    return header, np.array([[float(cell) for cell in row] for row in rows]), filled


def two_rates(slow_values: Any, kind: str = "continuous", fast: int = 10) -> Recording:
    count = len(slow_values) * fast
    signals = [
        Signal.from_array("Fast", np.arange(count, dtype=float), 100.0),
        Signal.from_array("Slow", np.array(slow_values, dtype=float), 100.0 / fast, kind=kind),  # type: ignore[arg-type]
    ]
    return Recording("r", signals, count / 100)


@settings(max_examples=300)
@given(data=st.data())
def test_files_of_all_windows_follow_the_rules(
    some_worlds: st.SearchStrategy[Any], data: st.DataObject, tmp_path_factory: Any
) -> None:
    world = data.draw(some_worlds)
    path = tmp_path_factory.getbasetemp() / "task.csv"
    for task in world.tasks:
        write_task_csv(task, world.recording, path)
        text = path.read_text()
        lines = text.splitlines()
        assert lines[0] == "time,x"
        times = [int(line.split(",")[0]) for line in lines[1:]]
        assert times == sorted(times)
        assert times == row_ticks(task, world.recording).tolist()
        assert all(np.isfinite(float(cell)) for line in lines[1:] for cell in line.split(","))
        assert abs(times[-1] - task.axis_offset - task.end_us / task.tick_us) <= 0.5
        assert abs(times[0] - task.axis_offset - task.start_us / task.tick_us) <= 0.5
        assert len(times) <= MAX_ROWS
        assert len(times) * 2 <= MAX_VALUES


def test_header_is_plain_lower_case_and_unique(tmp_path: Path) -> None:
    values = np.zeros(5)
    names = ("II", "Temp A/°C", "time of day")
    signals = [Signal.from_array(name, values, 10.0) for name in names]
    recording = Recording("r", signals, 0.5)
    header, table, _ = written(task_of(recording), recording, tmp_path / "t.csv")
    assert header == ["time", "ii", "temp_a_c", "time_of_day"] == column_names(task_of(recording))
    assert table.shape == (6, 4)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"time,ii,temp_a_c,time_of_day\n")


@pytest.mark.parametrize("names", [("A b", "a-B"), ("Time", "x"), ("温度", "压力")])
def test_two_channels_of_one_column_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    recording = Recording("r", [Signal.from_array(n, np.zeros(5), 10.0) for n in names], 0.5)
    with pytest.raises(DataError, match="would share a column") as caught:
        write_task_csv(task_of(recording), recording, tmp_path / "t.csv")
    assert "channels:" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_window_ends_with_one_row_at_its_end(tmp_path: Path) -> None:
    recording = two_rates([0.0, 10.0, 20.0])
    task = task_of(recording, start=0.1, end=0.2)
    _, table, _ = written(task, recording, tmp_path / "t.csv")
    assert table[:, 0].tolist() == [DAY_ONE_MS + 100 + 10 * i for i in range(11)]
    assert table[:, 1].tolist() == list(range(10, 21))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("continuous", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("state", [0] * 10 + [10]),
        ("count", [0] * 10 + [10]),
    ],
)
def test_slow_channels_are_interpolated_or_held(
    tmp_path: Path, kind: str, wanted: list[float]
) -> None:
    recording = two_rates([0.0, 10.0, 20.0], kind)
    _, table, filled = written(task_of(recording, end=0.1), recording, tmp_path / "t.csv")
    np.testing.assert_allclose(table[:, 2], wanted, atol=1e-6)
    assert filled == {}


def test_a_window_between_two_slow_samples_shows_them(tmp_path: Path) -> None:
    recording = two_rates([0.0, 100.0, 0.0], fast=100)
    task = task_of(recording, start=0.25, end=0.5)
    _, table, _ = written(task, recording, tmp_path / "t.csv")
    np.testing.assert_allclose(table[[0, -1], 2], [25, 50], atol=1e-5)


def test_missing_values_are_held_and_counted(tmp_path: Path) -> None:
    values = np.array([np.nan, 1, np.nan, np.inf, -np.inf, 2, np.nan])
    recording = Recording("r", [Signal.from_array("x", values, 10.0)], 0.7)
    _, table, filled = written(task_of(recording), recording, tmp_path / "t.csv")
    assert table[:, 1].tolist() == [1, 1, 1, 1, 1, 2, 2, 2]
    assert filled == {"x": 5}


def test_a_channel_of_nothing_but_gaps_is_a_line_at_zero(tmp_path: Path) -> None:
    signals = [
        Signal.from_array("x", np.full(7, np.nan), 10.0),
        Signal.from_array("y", np.zeros(0), 10.0),
        Signal.from_array("z", np.arange(7.0), 10.0),
    ]
    recording = Recording("r", signals, 0.7)
    _, table, filled = written(task_of(recording), recording, tmp_path / "t.csv")
    assert table[:, 1].tolist() == table[:, 2].tolist() == [0] * 8
    assert filled["x"] == 7
    assert filled["y"] > 0
    assert "z" not in filled


def test_values_beyond_single_precision_are_numbers(tmp_path: Path) -> None:
    recording = Recording("r", [Signal.from_array("x", np.array([1e300, -1e300, 1e-300]), 9.0)], 1)
    _, table, _ = written(task_of(recording, end=1 / 3), recording, tmp_path / "t.csv")
    assert np.isfinite(table).all()
    assert table[0, 1] > 3e38 > -3e38 > table[1, 1]


def test_irregular_times_are_rows_and_a_window_after_a_gap_begins_at_its_start(
    tmp_path: Path,
) -> None:
    times = np.array([0, 0.1, 0.1, 0.35, 5.0])
    signal = Signal.from_array("x", np.arange(5.0), 1.0, times=times)
    recording = Recording("r", [signal], signal.duration)
    _, table, _ = written(task_of(recording, start=0.05), recording, tmp_path / "t.csv")
    assert (table[:, 0] - DAY_ONE_MS).tolist() == [50, 100, 100, 350, 5000, 6000]
    assert table[:, 1].tolist() == [0.5, 2, 2, 3, 4, 4] or table[0, 1] == 0.5


def test_our_own_check_finds_nothing(tmp_path: Path, demo_domain: Domain) -> None:
    recording = dataclasses.replace(two_rates(range(200)), id="rec-a")
    for task in make_tasks(recording, demo_domain):
        write_task_csv(task, recording, tmp_path / f"{task.id}.csv")
        assert list(check_task_csv(tmp_path / f"{task.id}.csv", column_names(task))) == []


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path) -> None:
    recording = two_rates([0.1, np.nan, 0.3])
    for name in ("a.csv", "b.csv"):
        write_task_csv(task_of(recording), recording, tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
