"""What tslab agreement writes: tables, the page, and both without names."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kit.machine_study import PEOPLE, Study

from tslab.agreement.report.privacy import hashes
from tslab.commands.agreement_page import recordings_of
from tslab.errors import DataError
from tslab.project import Project
from tslab.recording import Recording


def test_files(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    study.shell("agreement", "--csv", folder, "--draws", 0)
    rows = list(csv.DictReader(io.StringIO((folder / "matrix.csv").read_text())))
    assert {(row["first"], row["second"]) for row in rows} == {
        PEOPLE[:2], PEOPLE[1:], PEOPLE[::2],
    }  # fmt: skip
    (folder / "metrics.csv").write_text("a,b\n")
    assert "metrics.csv" in study.shell.fails(2, "agreement", "--csv", folder, "--draws", 0)


def test_private_output_names_nobody(study: Study, tmp_path: Path) -> None:
    study.predict("truth 1")
    key = next(iter(study.predicted))
    study.annotate("rec-unknown", "dan@example.com", [])
    study.save()
    outputs = [study.shell("agreement", "--draws", 20, "--private", "--csv", tmp_path / "out")]
    outputs.append(study.shell.err)
    outputs.append(study.shell("agreement", "--draws", 20, "--private", "--json"))
    outputs += [path.read_text() for path in (tmp_path / "out").iterdir()]
    for text in outputs:
        for name in (*PEOPLE, "dan@", "example", key, "rec-unknown", "truth 1"):
            assert name not in text
    again = study.shell("agreement", "--draws", 20, "--private", "--json")
    assert again == outputs[2], "the key is the project's own"


def test_private_changes_names_and_no_number(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tslab.agreement.intervals.FEWEST_TASKS", 2)  # the study has three
    study.predict("truth 1")
    tasks = sorted(study.predicted)

    def turned(key: bytes) -> bool:
        found = [hashes(tasks, "task", key)[task] for task in tasks]
        people = [hashes(PEOPLE, "person", key)[who] for who in PEOPLE]
        return found != sorted(found) and people != sorted(people)

    key = next(key for key in (bytes([n] * 32) for n in range(256)) if turned(key))
    project = Project.open(study.shell.folder)
    (project.state / "agreement.key").write_text(key.hex())
    words = ["agreement", "--draws", 200]
    for metric in ("f1", "time", "gamma", "enterprise", "unitizing"):
        words += ["--metric", metric]
    for level in ("overall", "label", "annotator"):
        words += ["--by", level]
    seen = _numbers(study.shell.json(*words))
    assert any(low is not None and low < high for *_, low, high in seen)
    assert _numbers(study.shell.json(*words, "--private")) == seen


def _numbers(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Values and intervals without names; sorted."""
    found = []
    for tier in document["tiers"]:
        for row in tier["rows"]:
            of = row["of"] if row["by"] == "label" else []
            values = (row[key] for key in ("value", "low", "high"))
            rounded = (None if value is None else round(value, 9) for value in values)
            found.append((tier["name"], row["metric"], row["by"], *of, *rounded))
    return sorted(found, key=repr)


def test_the_page_has_signals_and_private_ones_have_none(study: Study, tmp_path: Path) -> None:
    path, hidden = tmp_path / "page.html", tmp_path / "hidden.HTML"
    assert f"report: {path}" in study.shell(
        "agreement", "--draws", 20, "--report", path, "--draws", 20
    )
    study.shell("agreement", "--draws", 20, "--report", hidden, "--private", "--draws", 20)
    whole, private = path.read_text(), hidden.read_text()
    channel = study.samples[0].recording.signals[0].name
    for secret in (*PEOPLE, *Project.open(study.shell.folder).entries(), f'[["{channel}"'):
        assert secret in whole
        assert secret not in private
    assert "What to review" in whole
    assert "missed or extra event" in whole


def test_a_page_replaces_nothing_but_a_page(study: Study, tmp_path: Path) -> None:
    assert ".html" in study.shell.fails(2, "agreement", "--report", tmp_path / "data.csv")
    assert "folder" in study.shell.fails(2, "agreement", "--report", tmp_path / "no" / "a.html")
    path = tmp_path / "thesis.html"
    path.write_text("<html>mine</html>")
    for verb in ("agreement", "progress", "evaluate"):
        assert "no page of tslab" in study.shell.fails(2, verb, "--report", path)
    assert path.read_text() == "<html>mine</html>"
    own = tmp_path / "own.html"
    for _ in range(2):
        study.shell("agreement", "--draws", 0, "--report", own)
    assert "is a file" in study.shell.fails(2, "agreement", "--csv", path)


def test_an_export_has_a_page(tmp_path: Path, shell: Any) -> None:
    region = {"from_name": "l", "to_name": "ts", "type": "timeserieslabels", "id": "a",
              "value": {"start": 1, "end": 5, "timeserieslabels": ["<b>"]}}  # fmt: skip
    said = [{"id": n, "completed_by": n, "result": [region]} for n in (1, 2)]
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 7, "annotations": said, "data": {}}]))
    shell("agreement", "--from", path, "--report", tmp_path / "a.html", project=False)
    content = (tmp_path / "a.html").read_text()
    assert "Agreement: export.json" in content
    assert "<b>&lt;" not in content
    assert "&lt;b&gt;" in content


def test_a_page_replaces_no_page_of_another_command(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    study.shell("agreement", "--draws", 0, "--report", path)
    study.shell("agreement", "--draws", 0, "--report", path)
    for verb in ("progress", "evaluate"):
        said = study.shell.fails(2, verb, "--report", path)
        assert "is a page of 'tslab agreement'" in said
    path.write_text(path.read_text().replace('content="tslab agreement"', 'content="tslab"'))
    study.shell("agreement", "--draws", 0, "--report", path)


def test_recordings_are_found_by_the_names_of_tasks_whatever_their_ids_are() -> None:
    made = {name: Recording(name, (), 1.0) for name in ("rec", "rec (1)")}
    views = [SimpleNamespace(name="beats"), SimpleNamespace(name="1")]

    def recording(name: str, *, derived: bool) -> Recording:
        assert not derived
        if name == "rec (1)":
            raise DataError("the source is gone")
        return made[name]

    project: Any = SimpleNamespace(
        domain=SimpleNamespace(views=views),
        entries=lambda: dict.fromkeys(made),
        recording=recording,
    )
    opened = recordings_of(project)
    assert opened("rec") is opened("rec (beats)") is made["rec"]
    assert opened("rec (1)") is None, "its own source is gone, and it is no view of another one"
    assert opened("rec (other)") is opened("unknown") is None
