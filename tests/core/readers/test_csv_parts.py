"""Only the rows that are asked for are read and parsed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tslab.readers import csv_table
from tslab.readers.text_bytes import FileBytes
from tslab.recording import Recording

ROWS = 200_000


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, npt.NDArray[np.float64]]:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    values = np.round(np.random.default_rng(0).normal(size=(ROWS, 4)), 4)
    table = np.column_stack([np.arange(ROWS) / 100, values])
    np.savetxt(path, table, fmt="%.4f", delimiter=",", header="time,a,b,c,d", comments="")
    return path, values


class Counter:
    """Counts bytes read from the file and calls of the parser."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = self.parses = 0
        read, parse = FileBytes.read, csv_table.parse_bytes

        def counted_read(data: FileBytes, start: int, stop: int) -> bytes:
            self.bytes += stop - start
            return read(data, start, stop)

        def counted_parse(*arguments: object) -> object:
            self.parses += 1
            return parse(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(FileBytes, "read", counted_read)
        monkeypatch.setattr(csv_table, "parse_bytes", counted_parse)


def test_a_hundredth_reads_a_hundredth(
    big: tuple[Path, npt.NDArray[np.float64]],
    read_file: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, values = big
    recording = read_file(path)
    counter = Counter(monkeypatch)
    for number, name in enumerate("abcd"):
        times, found = recording.signal(name).read(1000.0, 1020.0)
        np.testing.assert_array_equal(found, values[100_000:102_000, number])
        assert times[0] == 1000
    assert counter.parses == 1
    assert counter.bytes < 0.02 * path.stat().st_size


def test_opening_reads_the_file_twice_at_most(
    big: tuple[Path, npt.NDArray[np.float64]],
    read_file: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter(monkeypatch)
    read_file(big[0])
    assert counter.bytes < 2.2 * big[0].stat().st_size


def test_any_part_equals_the_whole(
    big: tuple[Path, npt.NDArray[np.float64]], read_file: Callable[..., Recording]
) -> None:
    path, values = big
    reader = read_file(path).signal("c").reader
    rng = np.random.default_rng(3)
    edges = [(0, 0), (0, 1), (1023, 1025), (1024, 2048), (ROWS - 1, ROWS), (0, ROWS), (5, 5)]
    edges += [tuple(sorted(pair)) for pair in rng.integers(0, ROWS, (20, 2)).tolist()]
    for first, last in edges:
        np.testing.assert_array_equal(reader(first, last), values[first:last, 2])


def test_readers_hand_out_copies(
    big: tuple[Path, npt.NDArray[np.float64]], read_file: Callable[..., Recording]
) -> None:
    reader = read_file(big[0]).signal("a").reader
    part = reader(0, 10)
    part[:] = 0
    np.testing.assert_array_equal(reader(0, 10), big[1][:10, 0])
