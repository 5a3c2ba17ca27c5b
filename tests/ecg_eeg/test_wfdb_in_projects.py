"""tslab predict and export with WFDB annotation files, in a project."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import wfdb
from kit.ecg_readings import DATA, needs_data

from tslab.project import open_project
from tslab_ecg_eeg.ecg_ontology import DOMAIN


@dataclass(frozen=True)
class Result:
    exit_code: int
    output: str


def tslab(*arguments: object) -> Result:
    """A command, run in this process."""
    from tslab.cli import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = run([str(x) for x in arguments])
    return Result(code, out.getvalue())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project with one minute of an ECG, annotated by somebody else's program."""
    from tslab_ecg_eeg.ecg import tslab_sample_recordings

    sample = tslab_sample_recordings(DOMAIN)[0]
    assert sample.write is not None
    (tmp_path / "source").mkdir()
    header = sample.write(tmp_path / "source")
    header.with_suffix(".csv").write_text(
        "recording,start,end,tier,label\nholter-1,1,2,rhythm,VT\n"
    )
    study = tmp_path / "study"
    assert tslab("init", study, "--domain", "ecg", "--view", "rhythm").exit_code == 0
    assert tslab("add", header, "--project", study).exit_code == 0
    return study


def test_predict_takes_an_annotation_file(study: Path, tmp_path: Path) -> None:
    wfdb.wrann(
        *("holter-1", "qrs", np.array([0, 250, 2500, 30000]), ["+", "N", "V", "+"]),
        aux_note=["(N", "", "", "(AFIB"],
        fs=250,
        write_dir=str(tmp_path / "source"),
    )
    result = tslab("predict", "--from", tmp_path / "source/holter-1.qrs", "--project", study)
    assert result.exit_code == 0, result.output
    spans = open_project(study).predictions
    assert sorted(spans["label"]) == ["AFIB", "Normal", "Normal beat", "PVC"]
    assert spans.loc[spans["label"] == "AFIB", ["start", "end"]].to_numpy().tolist() == [
        [120.0, 300.0]
    ]


def test_a_table_beside_the_header_is_still_a_table(study: Path, tmp_path: Path) -> None:
    result = tslab("predict", "--from", tmp_path / "source/holter-1.csv", "--project", study)
    assert result.exit_code == 0, result.output
    assert list(open_project(study).predictions["label"]) == ["VT"]


def test_predictions_are_exported_and_verified(study: Path) -> None:
    assert tslab("predict", "--project", study).exit_code == 0
    result = tslab(*("export", "--to", "wfdb", "--verify", "--predictions", "", "--project", study))
    assert result.exit_code == 0, result.output
    assert "read back and equal" in result.output
    assert len(list((study / "exports/wfdb").glob("*/*.atr"))) == 1


@needs_data
def test_predict_from_the_reference_of_record_100(tmp_path: Path) -> None:
    for suffix in ("hea", "dat", "atr"):
        shutil.copy(DATA / f"mitdb/100.{suffix}", tmp_path)
    study = tmp_path / "study"
    assert tslab("init", study, "--domain", "ecg", "--view", "beats").exit_code == 0
    assert tslab("add", tmp_path / "100.hea", "--project", study).exit_code == 0
    result = tslab(
        *("predict", "--from", tmp_path / "100.atr", "--model-version", "mitdb"),
        *("--project", study),
    )
    assert result.exit_code == 0, result.output
    project = open_project(study)
    (found,) = project.predicted_spans("mitdb").values()
    assert Counter(span.label for span in found) == {
        "Normal": 1,
        "Normal beat": 2239,
        "APC": 33,
        "PVC": 1,
    }
