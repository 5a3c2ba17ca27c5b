"""Text tables that cannot be used: each is refused on one line with file, place and remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.readers import csv_table, open_source, read_recording, unreadable

Refuse = Callable[..., str]


def test_text_in_a_number_column_names_row_and_remedy(refusal: Refuse) -> None:
    rows = "".join(f"{i},{i}\n" for i in range(5000))
    message = refusal("time,a\n" + rows + "5000,oops\n")
    assert "column 'a'" in message
    assert "'oops' in row 5001" in message
    assert "reading: ignore:" in message


def test_text_columns_are_listed_at_once(refusal: Refuse) -> None:
    message = refusal("time,a,who,where\n0,1,me,here\n1,2,you,there\n")
    assert "'who' ('me')" in message
    assert "'where' ('here')" in message
    assert "ignore: [who, where]" in message


def test_ragged_row(refusal: Refuse) -> None:
    rows = "".join(f"{i},{i}\n" for i in range(3000))
    assert "row 1502 has 3 cells" in refusal("time,a\n" + rows.replace("1501,1501\n", "1501,1,1\n"))


def test_cut_off_last_row(refusal: Refuse) -> None:
    assert "row 3 has 1 cells" in refusal("time,a\n0,1\n1,2\n2")
    assert "cut off" in refusal("time,a\n0,1\n1,2\n2")


def test_ragged_row_without_time(refusal: Refuse) -> None:
    assert "row 2 has 1 cells" in refusal("a,b\n0,1\n1\n2,3\n4,5\n", sampling_rate=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("\n\n", "no rows"),
        ("# only a comment\n", "no rows"),
        ("time,a,b\n", "header and no rows"),
        ("time\n0\n1\n", "no column of samples"),
        ("a,b\n1,2\n3,4\n", "no sampling rate"),
        (b"\x00\x01\x02\xff" * 50, "binary"),
        (b"MZ\x90\x00" + bytes(range(256)), "binary"),
        ("time,a\n1,1\n", "does not advance (1 rows)"),
        ("time,a\n1,1\n1,2\n", "does not advance"),
        ("time,a\n0,1\n2,2\n1,3\n", "goes back by 1 s in row 3"),
        ("time,a\n0,1\n,2\n2,3\n", "nothing in row 2"),
        ("time,a\n2024-01-01,1\n2024-01-02,2\n,3\n", "nothing in row 3"),
        ("time,a\n2024-01-01,1\n2024-01-02,2\n2024-13-01,3\n", "'2024-13-01' in row 3"),
        ("time,a\n01/02/2024,1\n02/02/2024,2\n", "with the day or with the month"),
        ("time,a\n1.1.2024 10:00,1\nlater,2\n1.1.2024 11:00,3\n", "'later' in row 2"),
        ("time,a\n0,1\n1,2\n2,3\n3,4\nsoon,5\n", "'soon' in row 5"),
    ],
)
def test_refused(refusal: Refuse, text: str | bytes, words: str) -> None:
    assert words in refusal(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ("a", "x", "y")}, "no column 'x', 'y'"),
        ({"time_column": "tine"}, "did you mean 'time'?"),
        ({"time_column": "none"}, "no sampling rate"),
        ({"time_column": "none", "sampling_rate": -1.0}, "no rate"),
        ({"time_unit": "fortnight"}, "time unit 'fortnight'"),
        ({"time_zone": "Europe/Berlun"}, "did you mean 'Europe/Berlin'?"),
        ({"time_format": "%d/%m/%Y"}, "'0' in row 1"),
    ],
)
def test_wrong_options(
    tmp_path: Path, domain: Domain, options: dict[str, object], words: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time,a\n0,1\n1,2\n")
    with pytest.raises(DataError) as caught:
        read_recording(open_source(path), ReadOptions(**options), domain)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert caught.value.remedy


def test_named_time_column_without_times(refusal: Refuse) -> None:
    message = refusal("when,a\nyesterday,1\ntoday,2\n", time_column="when")
    assert "'when' holds no times that tslab knows ('yesterday')" in message


def test_truncated_gzip(refusal: Refuse) -> None:
    packed = gzip.compress(b"time,a\n0,1\n1,2\n" * 100)
    assert "no whole gzip file" in refusal(packed[:-20], "t.csv.gz")


def test_empty_gzip(refusal: Refuse) -> None:
    assert "empty" in refusal(gzip.compress(b""), "t.csv.gz")


def test_broken_utf16(refusal: Refuse) -> None:
    assert "UTF-16" in refusal("time,a\n0,1\n".encode("utf-16") + b"\x00")


def test_directory(tmp_path: Path) -> None:
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(DataError, match=r"folder\.csv is a directory"):
        open_source(folder)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv does not exist"):
        open_source(tmp_path / "gone.csv")


def test_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("time,a\n0,1\n")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"secret\.csv may not be read: permission denied.*chmod"):
        open_source(path)


def test_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(DataError, match=r"disk\.csv cannot be read: Input/output error"):
        open_source(tmp_path / "disk.csv")


def test_file_that_changes(tmp_path: Path, domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "_KEPT_BYTES", 0)
    path = tmp_path / "live.csv"
    path.write_text("time,a\n0,1\n1,2\n")
    recording = read_recording(open_source(path), ReadOptions(), domain)
    assert recording is not None
    path.write_text("time,a\n0,1\n1,2\n2,3\n")
    with pytest.raises(DataError, match=r"live\.csv changed"):
        recording.signals[0].values()


def test_unreadable_lists_the_formats() -> None:
    message = str(unreadable(Path("/x/scan.dcm")))
    assert message.startswith("scan.dcm is of no format")
    assert all(word in message for word in ("CSV", "Parquet", "EDF", "WFDB", "JSON"))
