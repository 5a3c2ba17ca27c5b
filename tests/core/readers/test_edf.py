"""EDF, EDF+ and BDF: values, rates, gaps, identity, refusals."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import edfio
import numpy as np
import pytest

from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.readers import open_source, read_recording
from tslab.readers.edf_records import EdfLayout
from tslab.recording import Recording

Read = Callable[..., Recording]
RNG = np.random.default_rng(4)
FAST, SLOW = RNG.normal(size=256 * 60) * 100, RNG.normal(size=10 * 60)


def write_edf(path: Path, *, plus: bool = True) -> Path:
    signals = [
        edfio.EdfSignal(FAST, 256, label="EEG Fpz-Cz", physical_dimension="uV"),
        edfio.EdfSignal(SLOW, 10, label="Resp", physical_dimension="V"),
    ]
    notes = [edfio.EdfAnnotation(1.0, 2.0, "Jane moved")] if plus else None
    edf = edfio.Edf(
        signals,
        patient=edfio.Patient(
            code="MCH-1", name="Jane_Doe", sex="F", birthdate=dt.date(1980, 2, 3)
        ),
        recording=edfio.Recording(
            startdate=dt.date(2024, 3, 1), investigator_technician_code="Bob"
        ),
        starttime=dt.time(22, 30, 5),
        annotations=notes,
        data_record_duration=1,
    )
    edf.write(path)
    return path


@pytest.mark.parametrize("plus", [True, False])
def test_edf_with_two_rates(tmp_path: Path, read_file: Read, plus: bool) -> None:
    recording = read_file(write_edf(tmp_path / "night.edf", plus=plus), time_zone="Europe/Berlin")
    assert [(s.name, s.unit, s.sampling_rate, s.sample_count) for s in recording.signals] == [
        ("EEG Fpz-Cz", "uV", 256, 256 * 60),
        ("Resp", "V", 10, 600),
    ]
    assert recording.duration == 60
    assert str(recording.start_time) == "2024-03-01 22:30:05+01:00"
    reference = edfio.read_edf(tmp_path / "night.edf")
    for signal, expected in zip(recording.signals, reference.signals, strict=True):
        np.testing.assert_allclose(signal.values(), expected.data, atol=1e-9)
        step = (expected.physical_max - expected.physical_min) / 65535
        first, last = signal.index_range(10.05, 20.0)
        np.testing.assert_allclose(signal.reader(first, last), expected.data[first:last], atol=1e-9)
        written = FAST if signal.name.startswith("EEG") else SLOW
        assert np.abs(signal.values() - written).max() <= step


def test_identity_is_named_and_kept_apart(tmp_path: Path, read_file: Read) -> None:
    recording = read_file(write_edf(tmp_path / "a.edf"))
    assert recording.metadata == {}
    assert recording.id == ""
    assert recording.identity["patient name"] == "Jane_Doe"
    assert recording.identity["technician"] == "Bob"
    assert recording.identity["birthdate"] == "1980-02-03"
    assert recording.identity["start date"] == "2024-03-01"
    assert "MCH-1" in recording.identity["patient"]


def test_anonymized_start(tmp_path: Path, read_file: Read) -> None:
    path = write_edf(tmp_path / "a.edf")
    edf = edfio.read_edf(path, lazy_load_data=False)
    edf.anonymize()
    edf.write(path)
    recording = read_file(path)
    assert recording.start_time is None
    assert "patient name" not in recording.identity


def test_picked_channels(tmp_path: Path, read_file: Read) -> None:
    path = write_edf(tmp_path / "a.edf")
    assert read_file(path, columns=("resp",)).channel_names == ("Resp",)
    recording = read_file(path, ignore=("Resp",), units={"EEG Fpz-Cz": "mV"})
    assert [(s.name, s.unit) for s in recording.signals] == [("EEG Fpz-Cz", "mV")]


def test_bdf(tmp_path: Path, read_file: Read) -> None:
    values = RNG.normal(size=512 * 10)
    bdf = edfio.Bdf([edfio.BdfSignal(values, 512, label="A1", physical_range=(-9, 9))])
    bdf.write(tmp_path / "a.bdf")
    signal = read_file(tmp_path / "a.bdf").signals[0]
    assert signal.sampling_rate == 512
    np.testing.assert_allclose(signal.values(), values, atol=18 / 2**24 * 1.01)
    np.testing.assert_allclose(signal.reader(700, 1500), values[700:1500], atol=18 / 2**24 * 1.01)


def patch(path: Path, offset: int, text: str, width: int) -> Path:
    data = bytearray(path.read_bytes())
    data[offset : offset + width] = text.ljust(width).encode()
    path.write_bytes(bytes(data))
    return path


def interrupted(path: Path, onsets: Sequence[float]) -> Path:
    """Makes an EDF+D of an EDF+C: other onsets in the data records."""
    write_edf(path)
    patch(path, 192, "EDF+D", 5)
    data = path.read_bytes()
    for index, onset in enumerate(onsets):
        old, new = f"+{index}\x14\x14\x00".encode(), f"+{onset}\x14\x14".encode()
        at = data.index(old, 1024 + index * (266 * 2))
        data = data[:at] + new.ljust(len(old), b"\x00") + data[at + max(len(old), len(new)) :]
    path.write_bytes(data)
    return path


def test_interrupted_recording(tmp_path: Path, read_file: Read) -> None:
    onsets = [i if i < 30 else i + 40 for i in range(60)]
    recording = read_file(interrupted(tmp_path / "d.edf", onsets))
    assert recording.gaps == ((30.0, 70.0),)
    assert recording.duration == 100
    signal = recording.signal("Resp")
    assert signal.times is not None
    assert signal.sampling_rate == 10
    times, values = signal.read(29.85, 70.15)
    assert times.tolist() == pytest.approx([29.9, 70.0, 70.1])
    np.testing.assert_array_equal(values, signal.values()[299:302])


def test_interrupted_that_joins_is_regular(tmp_path: Path, read_file: Read) -> None:
    recording = read_file(interrupted(tmp_path / "d.edf", list(range(60))))
    assert recording.gaps == ()
    assert recording.signals[0].times is None


def test_records_that_overlap(tmp_path: Path, read_file: Read) -> None:
    path = interrupted(tmp_path / "d.edf", [i if i < 30 else i - 5 for i in range(60)])
    with pytest.raises(DataError, match=r"d\.edf: data record 31 begins before"):
        read_file(path)


def test_channel_without_a_range(tmp_path: Path, read_file: Read) -> None:
    path = write_edf(tmp_path / "a.edf")
    signals = 3
    patch(path, 256 + signals * 104, "5", 8)  # physical minimum of the first signal
    patch(path, 256 + signals * 112, "5", 8)
    assert set(read_file(path).signals[0].values()) == {5.0}
    patch(path, 256 + signals * 120, "7", 8)  # digital minimum
    patch(path, 256 + signals * 128, "7", 8)
    assert np.isnan(read_file(path).signals[0].values()).all()


def test_unknown_number_of_records(tmp_path: Path, read_file: Read) -> None:
    assert read_file(patch(write_edf(tmp_path / "a.edf"), 236, "-1", 8)).duration == 60


def test_latin_1_header(tmp_path: Path, read_file: Read) -> None:
    path = write_edf(tmp_path / "a.edf")
    path.write_bytes(path.read_bytes().replace(b"uV", b"\xb5V", 1).replace(b"Jane", b"J\xe4ne", 1))
    recording = read_file(path)
    assert recording.signals[0].unit == "uV"
    assert recording.identity["patient name"] == "J?ne_Doe"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: data[:100], "broken EDF header"),
        (lambda data: data[:400], "cut off inside its header"),
        (lambda data: data[:1024], "holds 0 of 60 data records"),
        (lambda data: data[:-5], "holds 59 of 60 data records"),
        (lambda data: b"junk" * 400, "does not begin like an EDF"),
        (lambda data: data[:244] + b"0       " + data[252:], "data records of 0 s"),
        (lambda data: data[:244] + b"often   " + data[252:], "record duration is 'often'"),
        (lambda data: data[:236] + b"0       " + data[244:], "no data records"),
        (lambda data: data[:252] + b"0   " + data[256:], "no signals"),
        (lambda data: data[:568] + b"low     " + data[576:], "broken EDF header"),
    ],
)
def test_refused(
    tmp_path: Path, domain: Domain, change: Callable[[bytes], bytes], words: str
) -> None:
    path = write_edf(tmp_path / "bad.edf")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        read_recording(open_source(path), ReadOptions(), domain)
    assert words in str(caught.value)
    assert "bad.edf" in str(caught.value)
    assert caught.value.remedy


def test_missing_library(tmp_path: Path, read_file: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_edf(tmp_path / "a.edf")
    monkeypatch.setitem(sys.modules, "edfio", None)
    with pytest.raises(DataError, match=r'a\.edf needs .*pip install "tslab\[edf\]"'):
        read_file(path)


def test_a_part_reads_its_records_only(
    tmp_path: Path, read_file: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = read_file(write_edf(tmp_path / "a.edf"))
    asked: list[tuple[int, int]] = []
    raw = EdfLayout.raw

    def counted(layout: EdfLayout, signal: int, first: int, last: int) -> object:
        asked.append((first, last))
        return raw(layout, signal, first, last)

    monkeypatch.setattr(EdfLayout, "raw", counted)
    recording.signals[0].read(10.5, 12.0)
    assert asked == [(10, 12)]


def test_annotations_alone(data_root: Path, read_file: Read) -> None:
    with pytest.raises(DataError, match=r"test_edfann\.edf holds annotations and no signal"):
        read_file(data_root / "sleep" / "hmc_scoring" / "test_edfann.edf")
