"""tslab evaluate: an outside model and stored predictions, against what annotators say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.pump_study import Study, drift, truth


def table(study: Study, rows: Sequence[str], name: str = "net.csv") -> Path:
    path = study.folder / name
    path.write_text("recording,start,end,label,score\n" + "\n".join(rows) + "\n")
    return path


def test_an_outside_model_is_scored_in_the_same_terms(study: Study) -> None:
    rows = [f"pump{n},{s.start},{s.end},Drift,0.9" for n in range(3) for s in truth(n)]
    page = study.folder / "report.html"
    rows[0] = "pump0,40,80,Noise,0.9"
    path = table(study, rows)
    document = study.shell.json("evaluate", "--from", path, "--report", page)
    assert document["against"] == "one annotator"
    assert document["scores"]["event_f1"] == pytest.approx(10 / 12)
    assert document["calibration"]["error"] == pytest.approx(0.9 - 5 / 6)
    assert "net.csv" in page.read_text()
    assert "3 recordings against one annotator" in study.shell("evaluate", "--from", path)


def test_a_page_replaces_nothing_but_a_page(study: Study) -> None:
    path = table(study, ["pump0,40,80,Noise,0.9"])
    settings = study.shell.folder / "tslab.yaml"
    before = settings.read_bytes()
    for name, line in (
        (settings, "is no name of a page. Let it end in .html."),
        (study.folder / "nowhere" / "net.html", "there is no folder"),
    ):
        assert line in study.shell.fails(2, "evaluate", "--from", path, "--report", name)
    assert settings.read_bytes() == before
    assert not (study.folder / "nowhere").exists()


def test_ground_truth_is_what_counts(study: Study) -> None:
    study.annotate(study.keys[0], [drift(0, 10)], who="lead", ground_truth=True)
    path = table(study, ["pump0,0,10,Drift,1", "pump1,0,10,Drift,1"])
    document = study.shell.json("evaluate", "--from", path)
    assert document["against"] == "ground truth"
    assert document["scores"]["overall"] == 1
    assert [r["recording"] for r in document["recordings"]] == [study.keys[0]]


def test_stored_predictions_are_scored_and_warned_about(study: Study) -> None:
    shell = study.shell
    assert "this project has no predictions" in shell.fails(4, "evaluate")
    version = shell.json("train")["version"]
    shell("predict")
    document = shell.json("evaluate")
    assert document["model_version"] == version
    assert document["notes"] == [
        "the model learned from 3 of the 3 recordings: figures of new recordings will be lower; "
        "those of 'tslab train' are held out"
    ]
    shell("predict", "--from", table(study, ["pump0,40,80,Drift,1"]), "--model-version", "net")
    document = shell.json("evaluate", "--model-version", "net", "--tolerance", "anomaly=0.1")
    assert document["notes"][0].startswith("2 recordings without a prediction, taken as silence")
    assert document["tiers"][0]["tolerance"] == 0.1
    assert "no predictions of 'nett'. did you mean 'net'" in shell.fails(
        2, "evaluate", "--model-version", "nett"
    )


def test_evaluation_needs_something_to_compare_with(empty: Study) -> None:
    empty.add(0)
    path = table(empty, ["pump0,0,10,Drift,1"])
    assert "no annotations to compare with" in empty.shell.fails(4, "evaluate", "--from", path)
    bad = table(empty, ["pump0,0,10,Drif,1"])
    assert "did you mean 'Drift'" in empty.shell.fails(4, "evaluate", "--from", bad)


def test_an_evaluation_without_any_figure_fails(empty: Study) -> None:
    """Nobody looked where the model found something."""
    empty.annotate(empty.add(0), [], extents=((0.0, 50.0),))
    path = table(empty, ["pump0,100,110,Drift,0.9"])
    assert empty.shell.json("evaluate", "--from", path, code=1)["scores"]["overall"] is None
    (line,) = empty.shell.err.splitlines()
    assert line.startswith("tslab: nothing was compared: no ")
    assert line.endswith("Annotate more, then: tslab pull")


def test_two_annotators_are_compared_by_majority(study: Study) -> None:
    for number, key in enumerate(study.keys):
        study.annotate(key, truth(number), who="b")
    document = study.shell.json("evaluate", "--from", table(study, ["pump0,0,10,Drift,1"]))
    assert document["against"] == "the majority of 2 annotators"
