"""tslab train: what it learns from, says and refuses."""

from __future__ import annotations

import fcntl
import io
import json
from typing import Any

import pytest
from kit.pump_study import Study, drift, truth

from tslab.commands.output import Output
from tslab.project import Project
from tslab.segmentation.evaluation.scores import cross_validate
from tslab.segmentation.models.store import ModelStore


def test_a_model_is_trained_judged_stored_and_serves(study: Study) -> None:
    shell = study.shell
    text = shell("train")
    assert "held out: 3 folds over 3 recordings" in text
    assert "serves from now on: it is no worse than iot-rules" in text
    (card,) = shell.json("models")
    assert card["serving"]
    assert card["version"].startswith("learning ")
    assert (card["recordings"], card["spans"]) == (3, 6)
    assert card["trained_on"] == sorted(study.keys)
    assert card["scores"]["event_f1"] == 1
    assert card["scores"]["instant_f1"] is None
    folder = shell.folder / "models" / "project_0" / card["version"].replace(" ", "-")
    assert {"card.json", "report.json", "report.html"} < {p.name for p in folder.iterdir()}
    report = json.loads((folder / "report.json").read_text())
    assert report["missing"]["instant_f1"] == "no instants, neither true nor predicted"
    assert card["version"] in (folder / "report.html").read_text()

    document = shell.json("predict")
    assert document["model_version"] == card["version"]
    assert f"predicting with '{card['version']}' (the promoted model)" in shell.err
    found = Project.open(shell.folder).predictions
    assert len(found) == 6
    assert found["score"].between(0.5, 1).all()


def test_training_twice_changes_nothing(study: Study) -> None:
    study.shell("train")
    before = study.models
    assert "nothing new to learn: it is the current model already" in study.shell("train")
    assert study.models == before
    document = study.shell.json("train")
    assert (document["new"], document["promoted"]) == (False, False)
    assert study.models == before


def test_other_options_give_another_report(study: Study) -> None:
    first = study.shell.json("train")
    other = study.shell.json("train", "--folds", 2, "--tolerance", "anomaly=0.1")
    assert (other["version"], other["new"]) == (first["version"], False)
    assert other["report"]["method"].startswith("held out: 2 folds")
    assert other["report"]["tiers"][0]["tolerance"] == 0.1
    text = study.shell("train", "--folds", 3)
    assert "held out: 3 folds" in text
    assert "nothing new to learn: it is the current model already" in text
    assert "learned from" not in text


def test_a_training_holds_up_no_other_command(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's lock is free while folds are learned, and held while the model is written."""
    project = Project.open(study.shell.folder)
    free: list[bool] = []

    def look() -> None:
        with (project.state / "project.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free.append(True)
            except OSError:
                free.append(False)

    real, save = cross_validate, ModelStore.save

    def evaluated(*given: Any) -> Any:
        look()
        return real(*given)

    def saved(*given: Any, **more: Any) -> Any:
        look()
        return save(*given, **more)

    monkeypatch.setattr("tslab.segmentation.models.train_run.cross_validate", evaluated)
    monkeypatch.setattr(ModelStore, "save", saved)
    study.shell("train")
    assert free == [True, False]


@pytest.mark.parametrize(
    "place",
    [
        "models.train_run.cross_validate",
        "models.train_run.no_worse",
        "models.store._sync",
        "models.store.files.content_hash",
    ],
)
def test_ctrl_c_in_a_training_changes_no_model(
    study: Study, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    study.shell("train", "--no-evaluate")
    study.annotate(study.add(3), truth(3))
    before = study.models
    with monkeypatch.context() as patched:
        patched.setattr(f"tslab.segmentation.{place}", interrupted)
        line = study.shell.fails(130, "train")
    assert line == "tslab: interrupted; no model was changed, and the same command starts over"
    assert study.models == before
    assert study.shell.json("train")["new"]


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("--segmenter", "iot-rules"), 2, "segmenter 'iot-rules' does not learn"),
        (("--segmenter", "lerning"), 2, "did you mean 'learning'?"),
        (("--tolerance", "anomly=1"), 2, "did you mean 'anomaly'?"),
        (("--tolerance", "anomaly"), 2, "has no number: 'anomaly'"),
        (("--tolerance", "anomaly=-1"), 2, "has no number of seconds"),
        (("--tolerance", "anomaly=nan"), 2, "has no number of seconds"),
        (("--folds", "1"), 2, "1 is not in the range"),
    ],
)
def test_impossible_wishes(study: Study, words: tuple[str, ...], code: int, line: str) -> None:
    assert line in study.shell.fails(code, "train", *words)
    assert study.models == {}


def test_nothing_to_learn_from(empty: Study) -> None:
    key = empty.add(0)
    line = empty.shell.fails(4, "train")
    assert line.endswith("Annotate some tasks, then run: tslab pull")
    empty.annotate(key, [], extents=())
    empty.shell("train", code=4)
    assert "there is no reviewed time to learn from" in empty.shell.err
    assert "nothing of it counts as reviewed" in empty.shell.err
    empty.forget()
    empty.annotate(key, [])
    assert "no label" in empty.shell.fails(4, "train")
    assert empty.models == {}


@pytest.mark.parametrize(
    ("old", "new"), [('"end":230.0', '"end":1e308'), ("[0.0,300.0]", "[0,1e308]")]
)
def test_times_beyond_all_measure_are_one_line(study: Study, old: str, new: str) -> None:
    path = study.shell.folder / "annotations" / "annotations.json"
    text = "".join(path.read_text().split())
    assert old in text
    path.write_text(text.replace(old, new))
    line = study.shell.fails(4, "train")
    assert "'annotations/annotations.json' is damaged: " in line
    assert "1e+308 s" in line


def test_what_is_left_out_is_said(study: Study) -> None:
    study.annotate("rec-gone", truth(0))
    study.annotate(study.keys[0], [drift(1, 2, "Gone")], who="b")
    document = study.shell.json("train", "--no-evaluate")
    assert len(document["left_out"]) == 3
    for words in ("recording 'rec-gone' (1 annotation): no recording", "1 span of 'Gone'"):
        assert any(line.startswith(words) for line in document["left_out"])
        assert f"left out: {words}" in study.shell.err


def test_one_recording_is_enough(empty: Study) -> None:
    empty.annotate(empty.add(0), truth(0))
    document = empty.shell.json("train")
    assert document["report"]["method"].startswith("held out: 2 blocks of time")


def test_long_work_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 4.0, 6.0, 12.0, 14.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with Output().shares("training") as told:
        for number in range(4):
            told(number / 4, f"step {number}")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["training: 25%, step 1", "training: 75%, step 3"]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with Output().shares("training") as told:
        told(0.5, "fold 1 of 2: learning")
        told(1.0, "scoring")
    assert "training: scoring" in screen.getvalue()
    with Output(quiet=True).shares("training") as told:
        told(0.5, "unheard")
    assert "unheard" not in screen.getvalue()
