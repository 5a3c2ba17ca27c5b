"""Parquet: times, kinds, row groups, refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tslab.errors import DataError
from tslab.readers.parquet_table import ParquetTable
from tslab.recording import Recording

Read = Callable[..., Recording]
write_table: Any = pq.write_table  # has no types
ROWS = 10_000
VALUES = np.random.default_rng(6).normal(size=ROWS)
STEPS = np.arange(ROWS) * 10_000_000  # 100 Hz in ns
EPOCH = 1_735_650_000_000_000_000


def write(path: Path, columns: dict[str, object], **options: object) -> Path:
    write_table(pa.table(columns), path, **options)
    return path


@pytest.mark.parametrize(
    "times",
    [
        pa.array(STEPS + EPOCH).cast(pa.timestamp("ns")),
        pa.array((STEPS + EPOCH) // 1_000_000).cast(pa.timestamp("ms")),
        pa.array(STEPS + EPOCH).cast(pa.timestamp("ns", "Europe/Berlin")),
        pa.array(STEPS + EPOCH),
        pa.array((STEPS + EPOCH) / 1e9),
        pa.array([f"2024-12-31T13:00:{i // 100:02d}.{i % 100:02d}Z" for i in range(ROWS)][:6000]),
    ],
    ids=["ns", "ms", "zone", "integer", "float", "text"],
)
def test_absolute_times(tmp_path: Path, read_file: Read, times: pa.Array) -> None:
    recording = read_file(
        write(tmp_path / "a.parquet", {"when": times, "a [V]": VALUES[: len(times)]})
    )
    assert recording.start_time == dt.datetime(2024, 12, 31, 13, tzinfo=dt.UTC)
    (signal,) = recording.signals
    assert (signal.name, signal.unit, signal.times) == ("a", "V", None)
    assert signal.sampling_rate == pytest.approx(100)
    np.testing.assert_array_equal(signal.values(), VALUES[: len(times)])


@pytest.mark.parametrize(
    "times",
    [
        pa.array(STEPS / 1e9),
        pa.array(STEPS).cast(pa.duration("ns")),
        pa.array(STEPS).cast(pa.time64("ns")),
    ],
    ids=["float", "duration", "clock"],
)
def test_relative_times(tmp_path: Path, read_file: Read, times: pa.Array) -> None:
    recording = read_file(write(tmp_path / "a.pq", {"time": times, "a": VALUES}))
    assert recording.start_time is None
    assert recording.signals[0].sampling_rate == pytest.approx(100)


def test_zone_of_naive_times(tmp_path: Path, read_file: Read) -> None:
    times = pa.array([0, 600, 1200], pa.int64()).cast(pa.timestamp("s"))
    path = write(tmp_path / "a.parquet", {"time": times, "a": [1.0, 2.0, 3.0]})
    start = read_file(path, time_zone="Europe/Berlin").start_time
    assert start == dt.datetime(1969, 12, 31, 23, tzinfo=dt.UTC)


def test_kinds_and_missing_values(tmp_path: Path, read_file: Read) -> None:
    recording = read_file(
        write(
            tmp_path / "a.parquet",
            {
                "time": [0.0, 1.0, 2.0],
                "on": [True, None, False],
                "flag": [0, 1, 1],
                "count": [0, 1, 2],
                "words": ["on", "off", ""],
                "text": ["1.5", "Bad", "2.5"],
                "gap": [1.0, None, float("inf")],
            },
        )
    )
    assert [s.kind for s in recording.signals] == [
        "state", "state", "continuous", "state", "continuous", "continuous",
    ]  # fmt: skip
    for name, expected in {
        "on": [1, np.nan, 0],
        "words": [1, 0, np.nan],
        "text": [1.5, np.nan, 2.5],
        "gap": [1, np.nan, np.nan],
    }.items():
        np.testing.assert_array_equal(recording.signal(name).values(), expected)


def test_index_of_pandas(tmp_path: Path, read_file: Read) -> None:
    import pandas as pd

    index = pd.date_range("2024-01-01", periods=5, freq="1s")
    frame = pd.DataFrame({"a": range(5)}, index=index)
    frame.to_parquet(tmp_path / "a.parquet")
    assert read_file(tmp_path / "a.parquet").channel_names == ("a",)


def test_row_groups_are_pruned(
    tmp_path: Path, read_file: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        tmp_path / "a.parquet",
        {"time": STEPS / 1e9, "a": VALUES, "b": -VALUES},
        row_group_size=100,
    )
    recording = read_file(path)
    asked: list[tuple[int, int, int]] = []
    groups = ParquetTable.groups

    def counted(table: ParquetTable, column: int, first: int, last: int) -> object:
        asked.append((column, first, last))
        return groups(table, column, first, last)

    monkeypatch.setattr(ParquetTable, "groups", counted)
    for _ in range(2):
        _, values = recording.signal("b").read(10.5, 12.5)
        np.testing.assert_array_equal(values, -VALUES[1050:1250])
    assert asked == [(2, 10, 13)]
    for first, last in [(0, 0), (0, ROWS), (99, 101), (ROWS - 1, ROWS)]:
        np.testing.assert_array_equal(recording.signal("a").reader(first, last), VALUES[first:last])


def test_holes(tmp_path: Path, read_file: Read) -> None:
    seconds = np.delete(np.arange(1000.0), slice(200, 300))
    recording = read_file(write(tmp_path / "a.parquet", {"time": seconds, "a": seconds}))
    assert recording.gaps == ((200, 300),)


def test_refusals(tmp_path: Path, read_file: Read) -> None:
    def refuse(columns: dict[str, object], words: str) -> None:
        path = write(tmp_path / "bad.parquet", columns)
        with pytest.raises(DataError, match=words) as caught:
            [signal.values() for signal in read_file(path).signals]
        assert "bad.parquet" in str(caught.value)
        assert caught.value.remedy

    refuse({"time": pa.array([], pa.float64()), "a": pa.array([], pa.float64())}, "no rows")
    refuse({"a": [1.0, 2.0]}, "no sampling rate")
    refuse({"time": [0.0, 1.0]}, "no column of samples")
    refuse({"time": [0.0, 1.0], "who": ["me", "you"]}, r"'who' \('me'\) holds text")
    refuse({"time": [0.0, 1.0], "many": [[1], [2]]}, "'many'")
    refuse({"time": [0.0, None, 2.0], "a": [1, 2, 3]}, "nothing in row 2")
    refuse({"time": [0.0, 2.0, 1.0], "a": [1, 2, 3]}, "goes back by 1 s in row 3")
    refuse({"time": [0.0, 1.0, 2.0], "a": ["1", "2", "oops"]}, "'oops' in row 3")


def test_broken_files(tmp_path: Path, read_file: Read, refusal: Callable[..., str]) -> None:
    data = write(tmp_path / "a.parquet", {"time": STEPS, "a": VALUES}).read_bytes()
    assert "broken or cut off Parquet" in refusal(data[:-100], "cut.parquet")
    assert "does not begin like a Parquet" in refusal("junk", "junk.parquet")
    assert "is empty" in refusal("", "none.parquet")
    (tmp_path / "misnamed.csv").write_bytes(data)
    assert read_file(tmp_path / "misnamed.csv").channel_names == ("a",)
