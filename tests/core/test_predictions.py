"""predict and export: our segmenters, other people's files, and every way they can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tslab.errors import DataError
from tslab.label_studio.predictions import (
    current_version,
    load_predictions,
    predict_tasks,
    recut_predictions,
    save_predictions,
)
from tslab.project import Project
from tslab.segmentation.chain.typicality import Trust
from tslab.spans import Span

HEADER = "recording,start,end,label"


def recording_id(machine: Any) -> str:
    return machine.files()["recordings.csv"].decode().splitlines()[1].split(",")[0]


def write(folder: Path, text: str, name: str = "model.csv") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_default_segmenter_is_idempotent(machine: Any) -> None:
    document = machine.json("predict")
    assert document["model_version"].startswith("iot-rules ")
    before = machine.files()
    machine("predict")
    assert machine.files() == before
    assert machine.json("predict", "--segmenter", "?") == ["iot-rules", "learning", "lstm"]
    line = machine.fails(2, "predict", "--segmenter", "iot-rule")
    assert "no segmenter 'iot-rule'. did you mean 'iot-rules'?" in line


@pytest.mark.parametrize("name", ["pump.csv", "pump", "id"])
def test_a_table_of_another_model(machine: Any, tmp_path: Path, name: str) -> None:
    name = recording_id(machine) if name == "id" else name
    path = write(
        tmp_path, f"{HEADER},score\n{name},10.25,20.75,Drift,0.5\n{name},999,1000,Noise,\n"
    )
    document = machine.json("predict", "--from", path, "--model-version", "their model 1")
    assert document["labels"] == {"Drift": 1, "Noise": 1}
    project = Project.open(machine.folder)
    (prediction,) = load_predictions(project)["their model 1"].values()
    assert sorted(x[2:] for x in prediction.exact.values()) == [(10.25, 20.75), (999.0, 1000.0)]
    assert prediction.score == 0.5
    machine("lint")
    machine("export", "--to", "csv", "--predictions", "", "--verify")
    rows = machine.files()["exports/csv/annotations.csv"].decode()
    assert ",10.25,20.75,0.5," in rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEADER}\npumb,1,2,Drift\n", "no recording 'pumb'"),
        (f"{HEADER}\npump,1,2,Drif\n", "did you mean 'Drift'"),
        (f"{HEADER}\npump,1,1001,Drift\n", "after the recording"),
        (f"{HEADER}\npump,2,1,Drift\n", "from 2.0 s to 1.0 s"),
        (f"{HEADER}\npump,x,1,Drift\n", "start is 'x', not a number"),
        (f"{HEADER},score\npump,1,2,Drift,7\n", "score 7"),
        (f"{HEADER},tier\npump,1,2,Drift,anomly\n", "did you mean 'anomaly'"),
        ("recording,start,end\npump,1,2\n", "needs the columns recording, start, end, label"),
    ],
)
def test_tables_that_do_not_fit_are_refused_whole(
    machine: Any, tmp_path: Path, text: str, words: str
) -> None:
    before = machine.files()
    line = machine.fails(4, "predict", "--from", write(tmp_path, text))
    assert words in line
    assert "model.csv" in line
    assert machine.files() == before


def label_studio_json(machine: Any, **changes: Any) -> list[dict[str, Any]]:
    (task,) = json.loads(machine.files()["tasks.json"])
    region = {
        "id": "r", "from_name": "anomaly", "to_name": "ts", "type": "timeserieslabels",
        "value": {"start": "978307210000", "end": "978307220000", "instant": False,
                  "timeserieslabels": ["Drift"]},
    }  # fmt: skip
    region["value"] |= changes.pop("value", {})
    prediction = {"model_version": "m", "result": [{**region, **changes}]}
    return [{"data": task["data"], "predictions": [prediction]}]


def test_label_studio_json_of_this_project(machine: Any, tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps(label_studio_json(machine)), "model.json")
    assert machine.json("predict", "--from", path)["labels"] == {"Drift": 1}
    spans = Project.open(machine.folder).predictions
    assert spans[["start", "end", "label"]].values.tolist() == [[10.0, 20.0, "Drift"]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": {"timeserieslabels": ["Drif"]}}, "did you mean 'Drift'"),
        ({"from_name": "anomly"}, "did you mean 'anomaly'"),
        ({"value": {"start": "x"}}, "TSL061"),
        ({"value": {"end": "978309999999"}}, "left its window"),
        ({"value": None}, "TSL081"),
    ],
)
def test_label_studio_json_that_does_not_fit(
    machine: Any, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    document = label_studio_json(machine, **{k: v for k, v in changes.items() if v is not None})
    if changes.get("value", 0) is None:
        document[0]["predictions"][0]["result"][0]["value"] = None
    path = write(tmp_path, json.dumps(document), "model.json")
    assert words in machine.fails(4, "predict", "--from", path)


def test_label_studio_json_of_other_tasks_or_several_models(machine: Any, tmp_path: Path) -> None:
    document = label_studio_json(machine)
    document[0]["predictions"].append({**document[0]["predictions"][0], "model_version": "n"})
    path = write(tmp_path, json.dumps(document), "model.json")
    assert "predictions of 2 models: m, n" in machine.fails(4, "predict", "--from", path)
    document[0]["predictions"] = ["x"]
    path.write_text(json.dumps(document))
    assert "is no object" in machine.fails(4, "predict", "--from", path)
    document[0]["data"]["task"] += "1"
    path.write_text(json.dumps(document))
    assert "not in tasks.json" in machine.fails(4, "predict", "--from", path)


def test_versions_that_differ_in_punctuation_stay_two(machine: Any, tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\npump,1,2,Drift\n")
    for version in ("a b", "a-b", "a b"):
        machine("predict", "--from", path, "--model-version", version)
    assert sorted(Project.open(machine.folder).prediction_files()) == ["a b", "a-b"]
    assert (machine.folder / "predictions" / "CURRENT").read_text() == "a b\n"


def test_a_name_of_two_files_is_no_answer(machine: Any, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    text = (tmp_path / "pump.csv").read_text() + "1000,1,1\n"
    machine("add", write(tmp_path / "other", text, "pump.csv"))
    path = write(tmp_path, f"{HEADER}\npump,1,2,Drift\n")
    assert "'pump' is the name of 2 recordings" in machine.fails(4, "predict", "--from", path)


def test_exports_need_labels_a_known_format_and_version(machine: Any) -> None:
    assert "no labels to export" in machine.fails(4, "export", "--to", "csv")
    assert "did you mean 'csv'" in machine.fails(2, "export", "--to", "cvs")
    machine("predict")
    words = ("export", "--to", "csv", "--predictions", "iot-rule")
    assert "no predictions of 'iot-rule'" in machine.fails(2, *words)


@pytest.mark.parametrize("name", ["csv", "parquet", "json"])
def test_pulled_labels_export_and_verify(machine: Any, name: str) -> None:
    spans = [
        {"start": i, "end": i + 1, "label": "Drift", "tier": "anomaly", "id": f"-{i}",
         "fields": {"note": note, "channel": ["temp", "vibration"], "quality": 3}}
        for i, note in enumerate(("=1+1", "1", "true", "two\nlines", "größe"))
    ]  # fmt: skip
    given = {"recording": recording_id(machine), "annotator": "-a@b", "view": "anomalies"}
    (machine.folder / "annotations").mkdir()
    path = machine.folder / "annotations" / "annotations.json"
    path.write_text(json.dumps([{**given, "spans": spans}]))
    assert "read back and equal" in machine("export", "--to", name, "--verify")
    project = Project.open(machine.folder)
    (exporter,) = [e for e in project.plugins.exporters(project.domain) if e.name == name]
    file = machine.folder / "exports" / name / f"annotations.{name}"
    again = exporter.read([file], {}, project.domain)
    assert list(again[0].spans) == list(project.annotations_list()[0].spans)
    assert again[0].annotator == "-a@b"


def test_trust_is_kept_for_windows_that_change(machine: Any) -> None:
    machine("predict")
    project = Project.open(machine.folder)
    key, version = recording_id(machine), "doubtful 1"
    spans = {key: [Span(100, 200, "Drop", "anomaly", 0.8)]}
    trust = Trust(0.5, silence=0.6)
    tasks = predict_tasks(
        project.recording(key), spans[key], project.tasks(), project.domain, version, trust
    )
    save_predictions(project, version, spans, tasks, {key: trust})
    before = load_predictions(project)[version]
    assert [item.score for item in before.values()] == [0.9] * len(before)
    recut_predictions(project, [key])
    assert load_predictions(project)[version] == before


def test_windows_that_change_leave_the_current_version(machine: Any, tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\npump,1,2,Drift\n")
    for version in ("z", "a"):
        machine("predict", "--from", path, "--model-version", version)
    project = Project.open(machine.folder)
    recut_predictions(project, [recording_id(machine)])
    assert current_version(project) == "a"


def test_damaged_trust_is_named(machine: Any) -> None:
    machine("predict")
    project = Project.open(machine.folder)
    key = recording_id(machine)
    save_predictions(project, "doubtful 1", {key: []}, [], {key: Trust(0.5)})
    path = project.prediction_files()["doubtful 1"]
    path.write_text(path.read_text().replace('"typicality": 0.5', '"typicality": "none"'))
    with pytest.raises(DataError, match=r"doubtful-1\.json' is damaged"):
        recut_predictions(project, [key])
