"""WFDB records: formats, rates, segments, gaps, refusals."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tslab.errors import DataError
from tslab.readers.wfdb_record import wfdb_library
from tslab.recording import Recording

Read = Callable[..., Recording]
wfdb = wfdb_library("the tests")
RNG = np.random.default_rng(5)
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # wrsamp, pandas 3.1


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a reader opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def write(folder: Path, name: str, frames: int = 2000, seed: int = 0, **options: object) -> Path:
    values = np.random.default_rng(seed).integers(-900, 900, (frames, 2))
    wfdb.wrsamp(
        name,
        fs=250,
        units=["mV", "mmHg"],
        sig_name=["II", "ABP"],
        d_signal=values,
        fmt=options.pop("fmt", ["16", "16"]),
        adc_gain=[200, 10],
        baseline=[0, 100],
        write_dir=str(folder),
        **options,
    )
    return folder / f"{name}.hea"


@pytest.mark.parametrize("fmt", ["16", "212", "24", "32", "80"])
@pytest.mark.parametrize("suffix", [".hea", ".dat"])
def test_formats(tmp_path: Path, read_file: Read, fmt: str, suffix: str) -> None:
    path = tmp_path / "r1.hea"
    values = RNG.integers(-100, 100, (1001, 2))
    wfdb.wrsamp(
        "r1", 250, ["mV", "mV"], ["II", "V5"], d_signal=values, fmt=[fmt, fmt],
        adc_gain=[200, 200], baseline=[0, 0], write_dir=str(tmp_path),
    )  # fmt: skip
    recording = read_file(path.with_suffix(suffix))
    reference = wfdb.rdrecord(str(tmp_path / "r1"))
    for index, signal in enumerate(recording.signals):
        np.testing.assert_array_equal(signal.values(), reference.p_signal[:, index])
        np.testing.assert_array_equal(signal.reader(333, 777), reference.p_signal[333:777, index])
    assert recording.duration == pytest.approx(1001 / 250)


def test_header_facts(tmp_path: Path, read_file: Read) -> None:
    path = write(
        tmp_path, "r2", comments=["69 M Jane Doe"],
        base_time=dt.time(10, 0, 1), base_date=dt.date(2020, 5, 6),
    )  # fmt: skip
    recording = read_file(path, columns=("abp", "II"), units={"ABP": "kPa"})
    assert [(s.name, s.unit, s.sampling_rate) for s in recording.signals] == [
        ("ABP", "kPa", 250),
        ("II", "mV", 250),
    ]
    assert recording.start_time == dt.datetime(2020, 5, 6, 10, 0, 1, tzinfo=dt.UTC)
    assert recording.identity == {
        "comment 1": "69 M Jane Doe", "base date": "2020-05-06", "base time": "10:00:01",
    }  # fmt: skip
    assert recording.metadata == {}


def test_several_samples_in_a_frame(tmp_path: Path, read_file: Read) -> None:
    fast, slow = RNG.integers(-99, 99, 4000), RNG.integers(-99, 99, 1000)
    wfdb.wrsamp(
        "multi", 100, ["mV", "V"], ["ECG", "RESP"], e_d_signal=[fast, slow], fmt=["16", "16"],
        adc_gain=[100, 10], baseline=[0, 0], samps_per_frame=[4, 1], write_dir=str(tmp_path),
    )  # fmt: skip
    recording = read_file(tmp_path / "multi.hea")
    assert [(s.sampling_rate, s.sample_count) for s in recording.signals] == [
        (400, 4000),
        (100, 1000),
    ]
    assert recording.duration == 10
    np.testing.assert_allclose(recording.signal("ECG").values(), fast / 100)
    np.testing.assert_allclose(recording.signal("RESP").values(), slow / 10)
    times, values = recording.signal("ECG").read(1.0025, 2.0)
    np.testing.assert_allclose(values, fast[401:800] / 100)
    assert times[0] == pytest.approx(1.0025)


def test_fixed_segments_with_a_gap(tmp_path: Path, read_file: Read) -> None:
    write(tmp_path, "s1", 1000, seed=1)
    write(tmp_path, "s2", 500, seed=2)
    (tmp_path / "all.hea").write_text("all/3 2 250 2000\ns1 1000\n~ 500\ns2 500\n")
    recording = read_file(tmp_path / "all.hea")
    first, second = wfdb.rdrecord(str(tmp_path / "s1")), wfdb.rdrecord(str(tmp_path / "s2"))
    hole = np.full((500, 2), np.nan)
    expected = np.concatenate([first.p_signal, hole, second.p_signal])
    for index, signal in enumerate(recording.signals):
        np.testing.assert_array_equal(signal.values(), expected[:, index])
        np.testing.assert_array_equal(signal.reader(900, 1600), expected[900:1600, index])
        np.testing.assert_array_equal(signal.reader(1100, 1200), expected[1100:1200, index])
    assert recording.gaps == ((4.0, 6.0),)


def test_variable_segments(tmp_path: Path, read_file: Read) -> None:
    write(tmp_path, "s1", 1000, seed=1)
    values = np.random.default_rng(3).integers(-9, 9, (500, 1))
    wfdb.wrsamp(
        "s2", 250, ["mmHg"], ["ABP"], d_signal=values, fmt=["16"], adc_gain=[10], baseline=[0],
        write_dir=str(tmp_path),
    )  # fmt: skip
    (tmp_path / "layout.hea").write_text(
        "layout 2 250 0\n~ 0 200/mV 16 0 0 0 0 II\n~ 0 10/mmHg 16 0 0 0 0 ABP\n"
    )
    (tmp_path / "all.hea").write_text("all/4 2 250 1700\nlayout 0\ns1 1000\n~ 200\ns2 500\n")
    recording = read_file(tmp_path / "all.hea")
    assert recording.channel_names == ("II", "ABP")
    ecg, pressure = (signal.values() for signal in recording.signals)
    assert np.isnan(ecg[1000:]).all()
    np.testing.assert_array_equal(pressure[1200:], values[:, 0] / 10)
    assert recording.gaps == ((4.0, 4.8),)


def test_length_is_taken_from_the_file(tmp_path: Path, read_file: Read) -> None:
    path = write(tmp_path, "r3", 1234)
    path.write_text(path.read_text().replace("r3 2 250 1234", "r3 2 250"))
    assert read_file(path).signals[0].sample_count == 1234


def test_only_the_asked_window_is_read(
    tmp_path: Path, read_file: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = read_file(write(tmp_path, "r4", 100_000))
    asked: list[tuple[int, int]] = []
    rdrecord = wfdb.rdrecord

    def counted(*args: object, **options: int) -> object:
        asked.append((options["sampfrom"], options["sampto"]))
        return rdrecord(*args, **options)

    monkeypatch.setattr(wfdb, "rdrecord", counted)
    for signal in recording.signals:
        signal.read(100, 101)
    assert asked == [(25_000, 25_250)]


def test_missing_signal_file(tmp_path: Path, read_file: Read) -> None:
    path = write(tmp_path, "r5")
    (tmp_path / "r5.dat").unlink()
    with pytest.raises(DataError, match=r"r5\.hea needs the signal file r5\.dat.*Copy r5\.dat"):
        read_file(path)


def test_missing_header(tmp_path: Path, read_file: Read) -> None:
    write(tmp_path, "r6").unlink()
    with pytest.raises(DataError, match=r"r6\.dat has no header r6\.hea beside it"):
        read_file(tmp_path / "r6.dat")


def test_missing_segment(tmp_path: Path, read_file: Read) -> None:
    (tmp_path / "all.hea").write_text("all/2 2 250 2000\ns1 1000\ns2 1000\n")
    with pytest.raises(DataError, match=r"s1\.hea does not exist"):
        read_file(tmp_path / "all.hea")


def test_cut_off_signal_file(tmp_path: Path, read_file: Read) -> None:
    path = write(tmp_path, "r7")
    data = path.with_suffix(".dat").read_bytes()
    path.with_suffix(".dat").write_bytes(data[:-100])
    with pytest.raises(DataError, match=r"r7\.dat is cut off: it has 7900 of 8000 bytes"):
        read_file(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# only a comment\n", "no WFDB header"),
        ("<html><body>not found</body></html>\n", "no WFDB header"),
        ("bad 2 250 1000\n", "broken WFDB header"),
        ("bad 0 250 1000\n", "describes no signals"),
    ],
)
def test_broken_header(refusal: Callable[..., str], text: str, words: str) -> None:
    assert words in refusal(text, "bad.hea")


def test_text_dat_is_a_table(read_text: Callable[..., Recording]) -> None:
    assert read_text("0.0 1\n0.5 2\n1.0 3\n", "log.dat", time_column="0").duration == 1.5


def test_missing_library(tmp_path: Path, read_file: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "r8")
    monkeypatch.setitem(sys.modules, "wfdb", None)
    with pytest.raises(DataError, match=r'r8\.hea needs .*pip install "tslab\[wfdb\]"'):
        read_file(path)


def test_readers_load_nothing_heavy() -> None:
    code = (
        "import sys, tslab.readers; heavy = {'numpy', 'pandas', 'pyarrow', 'wfdb', 'edfio'}; "
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_long_windows_are_not_kept(
    tmp_path: Path, read_file: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = read_file(write(tmp_path, "r9"))
    expected = [signal.values() for signal in recording.signals]
    monkeypatch.setattr("tslab.readers.wfdb_record._KEPT_VALUES", 10)
    again = read_file(tmp_path / "r9.hea")
    for signal, values in zip(again.signals, expected, strict=True):
        np.testing.assert_array_equal(signal.values(), values)


def test_signal_file_that_goes_away(tmp_path: Path, read_file: Read) -> None:
    recording = read_file(write(tmp_path, "r10"))
    (tmp_path / "r10.dat").unlink()
    with pytest.raises(DataError, match=r"needs the signal file r10\.dat"):
        recording.signals[0].values()


def test_record_of_gaps_alone(refusal: Callable[..., str]) -> None:
    assert "no segment with samples" in refusal("all/1 2 250 500\n~ 500\n", "all.hea")
