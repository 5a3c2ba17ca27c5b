"""The project folder: found from below, recordings mapped, files and frames that fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab.errors import DataError, ProjectError
from tslab.project import Project, open_project
from tslab.recording import Recording, Signal
from tslab.recording_table import RecordingEntry, read_table, table_bytes


def test_a_project_is_found_from_a_folder_in_it(machine: Any) -> None:
    assert open_project(machine.folder / "tasks").root == machine.folder
    with pytest.raises(ProjectError, match="there is no folder"):
        open_project(machine.folder / "taks")  # not the project above it


def test_frames_have_their_columns_from_the_start(shell: Any, tmp_path: Path) -> None:
    shell("init", shell.folder, "--domain", "iot", project=False)
    project = open_project(shell.folder)
    assert list(project.recordings.columns)[:3] == ["id", "sha256", "duration"]
    for frame in (project.annotations, project.predictions):
        assert len(frame) == 0
        assert {"recording", "tier", "label", "start", "end"} <= set(frame.columns)


def test_recordings_keep_samples_and_metadata(machine: Any, tmp_path: Path) -> None:
    project = open_project(machine.folder)
    (entry,) = project.entries().values()
    recording = project.recording(entry.id)
    assert recording.channel_names == entry.channels == ("vibration", "temp")
    assert recording.signal("temp").values()[:3].tolist() == [50, 51, 52]
    assert project.find_recording("pump") == project.find_recording("pump.csv") == entry.id
    assert project.find_recording(str(tmp_path / "pump.csv")) == entry.id
    assert project.find_recording("strange") is None
    with pytest.raises(DataError, match=r"no recording 'strange' .*See recordings\.csv"):
        project.recording("strange")


def test_ids_are_random_without_digits_and_stable(machine: Any) -> None:
    project = open_project(machine.folder)
    (entry,) = project.entries().values()
    assert project.id_for(entry.sha256) == entry.id
    new = project.id_for("abc")
    assert new == project.id_for("abc") != project.id_for("abd")
    assert new.startswith("rec-")
    assert not any(letter.isdigit() for letter in new)


def test_the_table_survives_its_file(tmp_path: Path) -> None:
    entry = RecordingEntry(
        "rec-a", "f" * 64, 1.25, ("a, b", 'c "d"'), ("mV", ""), (250.0, 1 / 300),
        {"site": "größe, 1"}, "/data/x.csv", {"sampling_rate": 50.0},
    )  # fmt: skip
    path = tmp_path / "recordings.csv"
    path.write_bytes(table_bytes([entry]))
    sources = {"rec-a": {"path": "/data/x.csv", "reading": {"sampling_rate": 50.0}}}
    again = read_table(path, sources)["rec-a"]
    assert again.sampling_rates == pytest.approx(entry.sampling_rates)
    assert again.channels == entry.channels
    assert (again.metadata, again.path, again.reading) == (
        entry.metadata,
        entry.path,
        entry.reading,
    )
    assert b"/data" not in path.read_bytes()


def test_channels_take_roles_in_the_domains_order(shell: Any) -> None:
    shell("init", shell.folder, "--domain", "ecg", project=False)
    project = Project.open(shell.folder)
    names = ("v5", "Resp", "MLII", "ii")
    signals = [Signal.from_array(name, np.full(9, float(i)), 250.0) for i, name in enumerate(names)]
    mapped = project.map_channels(Recording("", signals, 9 / 250), "x.hea")
    assert mapped.channel_names == ("II", "V5")
    assert mapped.signal("II").values()[0] == 2  # MLII came before ii


def test_a_file_of_an_unknown_format_or_a_folder_is_refused(machine: Any, tmp_path: Path) -> None:
    project = open_project(machine.folder)
    with pytest.raises(DataError, match="is a folder"):
        project.read_source(tmp_path)
    with pytest.raises(DataError, match=r"cannot read 'gone\.csv'"):
        project.read_source(tmp_path / "gone.csv")
