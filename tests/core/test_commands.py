"""init, add, peek, config, lint: what people and scripts see, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tslab.lint.config_check import check_config


def write_table(
    path: Path, rows: int = 300, rate: float = 10.0, header: str = "time_s,a,b"
) -> Path:
    lines = [f"{i / rate:.3f},{i % 7},{np.cos(i):.3f}" for i in range(rows)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


# --- init -----------------------------------------------------------------------------------


def test_init_twice_is_the_same_and_another_domain_is_an_error(shell: Any) -> None:
    text = shell("init", shell.folder, "--domain", "ecg", project=False)
    assert f"cd {shell.folder}; tslab add FILES" in text
    before = shell.files()
    assert sorted(before) == [".gitignore", "tslab.yaml"]
    assert "there already" in shell("init", shell.folder, "--domain", "ecg", project=False)
    assert shell.files() == before
    line = shell.fails(4, "init", shell.folder, "--domain", "iot", project=False)
    assert "already holds a project. Edit" in line
    assert shell.files() == before


def test_init_json_is_a_document_both_times(shell: Any) -> None:
    words = ("init", shell.folder, "--domain", "ecg", "--view", "beats")
    first = shell.json(*words, project=False)
    assert first == {"project": str(shell.folder), "domain": "ecg", "views": ["beats"]}
    assert shell.json(*words, project=False) == first


@pytest.mark.parametrize("name", ["it's  a study", "größe 温度", "-x", "a: b # c", "{}", "true"])
def test_any_folder_name_gives_a_readable_project(shell: Any, name: str) -> None:
    shell.folder = shell.folder / name
    shell("init", shell.folder, "--domain", "iot", project=False)
    settings = yaml.safe_load((shell.folder / "tslab.yaml").read_text())
    assert settings["domain"] == "iot"
    assert isinstance(settings["title"], str)
    shell("config")


def test_unknown_domains_and_views_get_a_hint(shell: Any) -> None:
    line = shell.fails(3, "init", shell.folder, "--domain", "egc", project=False)
    assert "no installed plugin declares the domain 'egc'. did you mean 'ecg'?" in line
    words = ("init", shell.folder, "--domain", "ecg", "--view", "rythm")
    line = shell.fails(4, *words, project=False)
    assert "no view 'rythm'. did you mean 'rhythm'?" in line
    assert not shell.folder.exists()


def test_a_foreign_tslab_yaml_is_not_overwritten(shell: Any) -> None:
    shell.folder.mkdir()
    (shell.folder / "tslab.yaml").write_bytes(b"\xff\xfe")
    shell.fails(4, "init", shell.folder, "--domain", "iot", project=False)
    assert (shell.folder / "tslab.yaml").read_bytes() == b"\xff\xfe"


# --- add ------------------------------------------------------------------------------------


def test_add_twice_writes_the_same_bytes(machine: Any, tmp_path: Path) -> None:
    before = machine.files()
    assert set(before) > {"tasks.json", "recordings.csv", "tslab.yaml"}
    machine("add", tmp_path / "pump.csv")
    assert machine.files() == before
    copy = tmp_path / "copy.csv"
    copy.write_bytes((tmp_path / "pump.csv").read_bytes())
    machine("add", copy)  # the same content under another name is the same recording
    assert machine.files() == before


def test_equal_files_in_one_run_are_one_recording(machine: Any, tmp_path: Path) -> None:
    one, two = write_table(tmp_path / "one.csv"), write_table(tmp_path / "two.csv")
    document = machine.json("add", one, two)
    assert len({item["id"] for item in document["added"]}) == 1
    before = machine.files()
    machine("add", one, two)
    assert machine.files() == before


def test_add_goes_on_after_a_bad_file(machine: Any, tmp_path: Path) -> None:
    good = write_table(tmp_path / "good.csv")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "strange.xyz").write_bytes(b"\0\1\2")
    (tmp_path / "folder.hea").mkdir()
    bad = [tmp_path / n for n in ("gone.hea", "empty.csv", "strange.xyz", "folder.hea", "no.csv")]
    document = machine.json("add", *bad[:3], good, *bad[3:], code=1)
    assert [Path(item["file"]).name for item in document["failed"]] == [p.name for p in bad]
    assert [Path(item["file"]).name for item in document["added"]] == ["good.csv"]
    assert document["tasks"] == 2
    lines = [line for line in machine.err.splitlines() if line.startswith("tslab: ")]
    assert len(lines) == len(bad)
    for line, path in zip(lines, bad, strict=True):
        assert path.name in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time_s,a\n0,1\n2,1\n1,1\n3,1\n", "time"),
        ("time_s,a\n0,1\n1,x\n2,1\n3,y\n", "a"),
        ("time_s,a\n0,1\n", "does not advance"),
        ("time_s\n0\n1\n2\n", "bad.csv"),
    ],
)
def test_tables_that_cannot_be_used_are_named_with_the_place(
    machine: Any, tmp_path: Path, text: str, words: str
) -> None:
    before = machine.files()
    (tmp_path / "bad.csv").write_text(text)
    machine("add", tmp_path / "bad.csv", code=1)
    (line,) = [x for x in machine.err.splitlines() if x.startswith("tslab: ")]
    assert "bad.csv" in line
    assert words in line
    assert "defect of tslab" not in line
    assert machine.files() == before


def test_a_record_without_channels_of_the_domain_is_named(shell: Any, tmp_path: Path) -> None:
    shell("init", shell.folder, "--domain", "ecg", project=False)
    shell("add", write_table(tmp_path / "pump.csv"), code=1)
    assert "'pump.csv' has no channel of domain 'ecg': it has a, b" in shell.err
    assert "channels: {'a': " in shell.err


def test_options_of_add_are_remembered_for_reading_again(machine: Any, tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("a,label\n" + "".join(f"{i % 9},{i % 2}\n" for i in range(500)))
    machine("add", path, "--sampling-rate", 50, "--time-column", "none", "--ignore", "label")
    rows = machine.files()["recordings.csv"].decode()
    assert ",10.000000,a," in rows
    machine("predict")
    machine("lint")


def test_a_channel_whose_role_is_taken_is_reported(shell: Any, tmp_path: Path) -> None:
    shell("init", shell.folder, "--domain", "ecg", project=False)
    header = "time_s,MLII,ii"
    document = shell.json("add", write_table(tmp_path / "x.csv", 3000, 100, header))
    assert document["added"][0]["dropped"] == ["ii"]
    assert document["added"][0]["channels"][0] == "II"


def test_missing_values_and_gaps_are_said(machine: Any, tmp_path: Path) -> None:
    path = write_table(tmp_path / "holes.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], "0.4,,2", *lines[6:]]) + "\n")
    text = machine("add", path)
    assert "missing samples filled: 1 in a" in text


def test_channel_names_that_files_cannot_hold_are_made_legible(
    machine: Any, tmp_path: Path
) -> None:
    path = write_table(tmp_path / "odd.csv", header="time_s,a|b,c\u200bd")
    assert machine.json("add", path)["added"][0]["channels"] == ["a/b", "c d"]
    machine("lint")


# --- peek, config, lint ---------------------------------------------------------------------


def test_peek_tells_and_writes_nothing(machine: Any, tmp_path: Path) -> None:
    before = machine.files()
    path = write_table(tmp_path / "x.csv")
    text = machine("peek", path)
    assert "would become 1 task of 30 s" in text
    report = machine.json("peek", path)
    assert report["duration"] == 30
    assert report["channels"][0] == {
        "name": "a", "role": "a", "unit": "", "sampling_rate": 10.0, "samples": 300,
        "regular": True, "missing": 0, "minimum": 0.0, "maximum": 6.0,
    }  # fmt: skip
    assert machine.files() == before


def test_peek_needs_no_project_and_maps_channels(shell: Any, tmp_path: Path) -> None:
    path = write_table(tmp_path / "x.csv", 9000, 100, "time_s,MLII,b")
    report = json.loads(shell("peek", path, "--domain", "ecg", "--json", project=False))
    assert [channel["role"] for channel in report["channels"]] == ["II", "-"]
    assert report["tasks"] > 0


def test_config_is_valid_for_people_and_scripts(machine: Any, tmp_path: Path) -> None:
    text = machine("config")
    assert check_config(text) == []
    (document,) = machine.json("config", "--view", "anomalies")
    assert document["config"].strip() == text.strip()
    assert document["channels"] == ["vibration", "temp"]
    line = machine.fails(2, "config", "--view", "anomaly")
    assert "no view 'anomaly'. did you mean 'anomalies'?" in line
    (tmp_path / "c.xml").write_text(text)
    assert "no finding" in machine("config", "--check", tmp_path / "c.xml")
    (tmp_path / "c.xml").write_text(text.replace("<Channel ", "<Chanel "))
    found = machine.json("config", "--check", tmp_path / "c.xml", code=1)["findings"]
    assert {item["code"] for item in found} >= {"TSL001"}


def test_lint_finds_what_somebody_broke(machine: Any) -> None:
    assert "no finding in 1 task" in machine("lint")
    assert machine.json("lint") == {"findings": []}
    (path,) = (machine.folder / "tasks").rglob("*.csv")
    path.write_text(path.read_text().replace(",50\n", ",\n", 1))
    (first, *_) = machine.json("lint", code=1)["findings"]
    assert first["code"] == "TSL035"
    assert set(first) == {"code", "severity", "message", "place", "remedy"}
    path.unlink()
    assert "rec-" in machine("lint", code=1)


def test_lint_looks_for_the_segmenter(machine: Any) -> None:
    settings = machine.folder / "tslab.yaml"
    given = settings.read_text()
    settings.write_text(f"{given}\nsegmenter: lstmm\n")
    (found,) = machine.json("lint", code=1)["findings"]
    assert (found["code"], found["message"]) == ("TSL100", "there is no segmenter 'lstmm'")
    assert found["remedy"] == "did you mean 'lstm'?"
    settings.write_text(f"{given}\nsegmenter: lstm\n")
    assert machine.json("lint") == {"findings": []}


def test_quiet_prints_results_and_errors_only(machine: Any, tmp_path: Path) -> None:
    path = write_table(tmp_path / "x.csv")
    assert machine("add", path, "--quiet").splitlines() == [
        "1 recording added, 2 tasks in the project."
    ]
    assert machine.err == ""
    assert machine("lint", "--quiet") == machine.err == ""
    machine("add", tmp_path / "gone.csv", "--quiet", code=1)
    assert "gone.csv" in machine.err


def test_json_documents_are_alone_on_stdout(machine: Any, tmp_path: Path) -> None:
    path = write_table(tmp_path / "x.csv")
    for words in (
        ("add", path), ("peek", path), ("config",), ("lint",), ("predict",),
        ("predict", "--segmenter", "?"), ("export", "--to", "?"),
        ("export", "--to", "csv", "--predictions", "", "--verify"),
    ):  # fmt: skip
        assert machine.json(*words) is not None
        assert all(not line.startswith("{") for line in machine.err.splitlines())
