"""tslab agreement --from: an export of Label Studio, with a project or without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kit.machine_study import Study, export, first_tier, value


def test_an_export_gives_the_numbers_of_the_study(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export(study)))
    own = first_tier(study.shell.json("agreement", "--draws", 20))
    other = first_tier(study.shell.json("agreement", "--draws", 20, "--from", path, project=False))
    for metric in ("event/f1@0.5", "event/onset_median_error", "time/iou_pooled"):
        assert value(other, metric) == pytest.approx(value(own, metric), abs=1e-9)
    text = study.shell("agreement", "--draws", 20, "--from", path, project=False)
    assert "the export does not say what was shown" in text
    study.shell("agreement", "--draws", 20, "--from", path, "--private", project=False)
    assert "ann@" not in study.shell.out
    assert "No project here" in study.shell.out


def test_an_export_that_cannot_be_read(study: Study, tmp_path: Path) -> None:
    assert "gone.json" in study.shell.fails(4, "agreement", "--from", tmp_path / "gone.json")
    assert f"'{tmp_path}'" in study.shell.fails(4, "agreement", "--from", tmp_path)
    path = tmp_path / "broken.json"
    missing = study.shell.fails(4, "agreement", "--from", path, "--config", tmp_path / "no.xml")
    assert "no.xml" in missing
    path.write_text("{")
    assert "broken.json" in study.shell.fails(4, "agreement", "--from", path)


def test_a_project_that_is_named_beside_an_export_must_be_there(
    study: Study, tmp_path: Path, shell: Any
) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export(study)))
    words = ("agreement", "--draws", 0, "--from", path)
    assert shell(*words) == shell(*words, project=False)
    shell.folder = tmp_path / "gone"
    assert "there is no folder" in shell.fails(4, *words)
    shell.folder = tmp_path
    assert "no tslab project in" in shell.fails(4, *words)


@pytest.mark.parametrize("lead", [-1, 1e12, None, "soon", [1], {"a": 1}])
def test_lead_times_of_an_export_change_no_number(
    study: Study, tmp_path: Path, lead: object
) -> None:
    tasks = export(study)
    path = tmp_path / "export.json"
    words = ("agreement", "--draws", 0, "--from", path)
    path.write_text(json.dumps(tasks))
    known = study.shell.json(*words)
    for task in tasks:
        for annotation in task["annotations"]:
            annotation["lead_time"] = lead
    path.write_text(json.dumps(tasks))
    assert study.shell.json(*words) == known


def test_a_model_that_marks_in_one_control_only_is_hidden_too(shell: Any, tmp_path: Path) -> None:
    def region(control: str) -> dict[str, Any]:
        value = {"start": 1, "end": 5, "timeserieslabels": ["A"]}
        return {"id": control, "from_name": control, "to_name": "ts", "type": "timeserieslabels",
                "value": value}  # fmt: skip

    said = [{"id": n, "completed_by": n, "result": [region("l"), region("k")]} for n in (1, 2)]
    guess = {"id": 9, "model_version": "net secret", "result": [region("k")]}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 7, "annotations": said, "predictions": [guess]}]))
    words = ("agreement", "--from", path, "--draws", 0, "--private")
    tiers = {tier["name"]: tier for tier in shell.json(*words, project=False)["tiers"]}
    assert "secret" not in json.dumps(tiers)
    assert not tiers["l"]["models"]
    (model,) = tiers["k"]["models"]
    assert model.startswith("model-")
    assert tiers["l"]["annotators"] == tiers["k"]["annotators"]


def test_why_nobody_can_be_compared(shell: Any, tmp_path: Path) -> None:
    def said(people: int, regions: list[Any], *more: Any) -> str:
        readings = [{"id": n, "completed_by": n, "result": regions} for n in range(people)]
        path = tmp_path / "export.json"
        path.write_text(json.dumps([{"id": 7, "annotations": readings, "data": {}}]))
        shell("agreement", "--from", path, *more, project=False, code=1)
        assert "tslab pull" not in shell.err
        return str(shell.err)

    region = {"from_name": "l", "to_name": "ts", "type": "timeserieslabels", "id": "a",
              "value": {"start": 1, "end": 5, "timeserieslabels": ["A"]}}  # fmt: skip
    assert "Add: --config FILE" in said(2, [])
    assert "no task has two readings. Annotate more, then export again" in said(1, [region])


def test_an_export_without_tasks_says_that(shell: Any, tmp_path: Path) -> None:
    """It told to add a config, which would not help."""
    path = tmp_path / "empty.json"
    path.write_text("[]")
    shell("agreement", "--from", path, project=False, code=4)
    assert "'empty.json' holds no task. Export the project again" in shell.err
    assert "--config" not in shell.err


def test_an_export_of_which_nothing_can_be_read_says_so(shell: Any, tmp_path: Path) -> None:
    region = {"id": "a", "type": "timeserieslabels", "from_name": "lab",
              "value": {"start": "?", "end": "!", "timeserieslabels": ["x"]}}  # fmt: skip
    said = [{"id": n, "completed_by": n, "result": [region]} for n in (1, 2)]
    path = tmp_path / "odd.json"
    path.write_text(json.dumps([{"id": 1, "annotations": said}]))
    shell("agreement", "--from", path, project=False, code=1)
    assert "nobody can be compared: none of the regions can be read" in shell.err
