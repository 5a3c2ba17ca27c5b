"""Every real recording of the sample data opens and equals what pandas and wfdb read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tslab.readers.wfdb_record import wfdb_library
from tslab.recording import Recording

Read = Callable[..., Recording]
wfdb = wfdb_library("the tests")
BACKWARDS = "machine_temperature_system_failure.csv"


def check_table(recording: Recording, table: pd.DataFrame) -> None:
    stamps = pd.to_datetime(table.iloc[:, 0])
    seconds = (stamps - stamps[0]).dt.total_seconds().to_numpy()
    signal = recording.signals[0]
    assert np.abs(signal.sample_times(0, len(table)) - seconds).max() <= 1.0
    assert recording.start_time == stamps[0].tz_localize("UTC")
    for name in table.columns[1:]:
        np.testing.assert_array_equal(recording.signal(name).values(), table[name])


def test_skab(data_root: Path, read_file: Read) -> None:
    paths = sorted((data_root / "iot" / "skab").rglob("*.csv"))
    assert len(paths) >= 10
    for path in paths:
        recording = read_file(path)
        check_table(recording, pd.read_csv(path, sep=";"))
        if "anomaly" in recording.channel_names:
            assert recording.signal("anomaly").kind == "state"


def test_nab(data_root: Path, read_file: Read) -> None:
    paths = sorted((data_root / "iot" / "nab" / "data").rglob("*.csv"))
    assert len(paths) >= 9
    for path in paths:
        if path.name != BACKWARDS:
            check_table(read_file(path), pd.read_csv(path))


def test_nab_with_a_clock_that_was_set_back(data_root: Path, read_file: Read) -> None:
    path = data_root / "iot" / "nab" / "data" / "realKnownCause" / BACKWARDS
    recording = read_file(path)
    assert "set back by one hour in row 10150" in recording.notes[0]
    np.testing.assert_array_equal(recording.signal("value").values(), pd.read_csv(path)["value"])


def test_ecg(data_root: Path, read_file: Read) -> None:
    paths = sorted((data_root / "ecg").rglob("*.hea"))
    assert len(paths) >= 20
    for path in paths:
        recording = read_file(path)
        reference = wfdb.rdrecord(str(path.with_suffix("")))
        assert list(recording.channel_names) == reference.sig_name
        for index, signal in enumerate(recording.signals):
            assert signal.sampling_rate == reference.fs
            assert signal.unit == reference.units[index]
            np.testing.assert_array_equal(signal.values(), reference.p_signal[:, index])


def test_gait(data_root: Path, read_file: Read) -> None:
    for path in sorted((data_root / "gait" / "mobgap").glob("*.csv.gz")):
        recording = read_file(path)
        table = pd.read_csv(path)
        assert recording.signals[0].sampling_rate == 100
        assert recording.signals[0].times is None
        for name in table.columns[1:]:
            np.testing.assert_allclose(recording.signal(name).values(), table[name], rtol=1e-15)
