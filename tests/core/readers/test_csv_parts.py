"""Only the rows that are asked for are read and parsed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tslab.errors import DataError
from tslab.readers import csv_table
from tslab.readers.cells import plain_numbers, to_number
from tslab.readers.text_bytes import FileBytes
from tslab.recording import Recording

ROWS = 200_000


@pytest.fixture(autouse=True)
def nothing_kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a table too large for its samples to be kept, but for the tests of those."""
    if "kept" not in request.node.name:
        monkeypatch.setattr(csv_table, "_KEPT_BYTES", 0)


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


def test_a_large_part_is_parsed_piece_by_piece(
    big: tuple[Path, npt.NDArray[np.float64]],
    read_file: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_table, "_PASS_BYTES", 1 << 20)
    path, values = big
    recording = read_file(path)
    sizes: list[int] = []
    parse = csv_table.parse_bytes

    def noted_parse(data: bytes, *rest: object) -> object:
        sizes.append(len(data))
        return parse(data, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(csv_table, "parse_bytes", noted_parse)
    np.testing.assert_array_equal(recording.signal("d").values(), values[:, 3])
    assert max(sizes) < 1.1 * (1 << 20)
    assert sum(sizes) > 0.99 * path.stat().st_size


def test_pieces_may_be_written_differently(
    tmp_path: Path, read_file: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "_PASS_BYTES", 1)
    cells = ["on", "off"] * 1024
    cells[1500] = "  on "  # pyarrow knows no blanks around a word
    lines = [f"{i / 10},{cell},{i}" for i, cell in enumerate(cells)]
    path = tmp_path / "states.csv"
    path.write_text("time,valve,flow\n" + "\n".join(lines) + "\n")
    recording = read_file(path)
    assert recording.signal("valve").values().tolist() == [1.0, 0.0] * 1024
    assert recording.signal("flow").values().tolist() == list(range(2048))


@pytest.mark.parametrize("cell", ["1", "-2.5", ".5", "5.", "+1e-3", "007", "1E5"])
def test_plain_numbers_are_what_a_cell_alone_says(cell: str) -> None:
    assert plain_numbers(["0", cell]) == [0.0, to_number(cell)]


@pytest.mark.parametrize("cell", ["", "-", "e", "1_0", "1,5", " 1", "nan", "inf", "1-2", "on"])
def test_a_column_with_anything_else_is_read_cell_by_cell(cell: str) -> None:
    assert plain_numbers(["0", cell]) is None
    assert plain_numbers([cell]) is None


def test_samples_are_kept_from_the_pass_over_the_times(
    big: tuple[Path, npt.NDArray[np.float64]],
    read_file: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, values = big
    counter = Counter(monkeypatch)
    recording = read_file(path)
    assert counter.parses == 1
    for number, name in enumerate("abcd"):
        np.testing.assert_array_equal(recording.signal(name).values(), values[:, number])
    np.testing.assert_array_equal(recording.signal("b").reader(7, 1500), values[7:1500, 1])
    assert counter.parses == 1


def test_what_is_kept_is_bounded(
    big: tuple[Path, npt.NDArray[np.float64]],
    read_file: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, values = big
    monkeypatch.setattr(csv_table, "_KEPT_BYTES", ROWS * 4 * 8 - 1)
    recording = read_file(path)
    counter = Counter(monkeypatch)
    np.testing.assert_array_equal(recording.signal("d").values(), values[:, 3])
    assert counter.parses == 1


@pytest.mark.parametrize("place", [3, 5000, 9999])
def test_where_samples_are_kept_odd_cells_are_read_as_ever(
    place: int, tmp_path: Path, read_file: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[f"{i / 4:.2f}", f"{i % 7}.5", str(i % 3)] for i in range(10_000)]
    rows[place][1] = "+1.25"  # pyarrow knows no plus sign
    rows[17][2] = "NA"
    path = tmp_path / "odd.csv"
    path.write_text("time,a,b\n" + "".join(",".join(row) + "\n" for row in rows))
    monkeypatch.setattr(csv_table, "_PASS_BYTES", 20_000)
    kept = [signal.values() for signal in read_file(path).signals]
    assert kept[0][place] == 1.25
    assert np.flatnonzero(np.isnan(kept[1])).tolist() == [17]
    monkeypatch.setattr(csv_table, "_KEPT_BYTES", 0)
    for mine, plain in zip(kept, read_file(path).signals, strict=True):
        np.testing.assert_array_equal(mine, plain.values())


@pytest.mark.parametrize(
    ("cell", "message"), [("NA", "has nothing in row 5001"), ("soon", "'soon' in row 5001")]
)
def test_where_samples_are_kept_a_missing_time_is_named(
    cell: str, message: str, tmp_path: Path, read_file: Callable[..., Recording]
) -> None:
    rows = [f"{i / 4:.2f},{i % 7}.5\n" for i in range(10_000)]
    rows[5000] = f"{cell},1.5\n"
    path = tmp_path / "odd.csv"
    path.write_text("time,a\n" + "".join(rows))
    with pytest.raises(DataError, match=message):
        read_file(path)
