"""tslab models, and predict with a model that was trained."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from kit.pump_study import Study, drift, truth

from tslab.project import Project
from tslab.recording import Recording
from tslab.segmentation import SPECS
from tslab.segmentation.models.choosing import model_store
from tslab.spans import Span


def test_a_domain_without_a_segmenter_of_its_own_needs_a_model(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tslab.plugin_manager.Plugins.segmenters", lambda *_: list(SPECS))
    line = study.shell.fails(4, "predict")
    assert "domain 'iot' has no segmenter of its own, and no model was trained" in line
    assert "tslab train" in line
    study.shell("train", "--no-evaluate")
    assert study.shell.json("predict")["recordings"] == 3


def test_models_promote_and_roll_back(study: Study) -> None:
    shell = study.shell
    one = shell.json("train", "--no-evaluate", "--promote")["version"]
    study.annotate(study.add(3), truth(3))
    two = shell.json("train", "--no-evaluate", "--promote")["version"]
    assert one != two
    assert shell("models", "rollback") == f"'{one}' serves the study again\n"
    assert "no earlier model to go back to" in shell.fails(4, "models", "rollback")
    assert shell.json("models", "promote", two.split()[1]) == {"project": 0, "current": two}
    # Both may have been made in one second, and then either may stand first.
    starred = [x for x in shell("models", "list").splitlines() if x.startswith("*")]
    assert [two in line for line in starred] == [True]
    assert shell("models") == shell("models", "list")
    assert "has no model 'x'" in shell.fails(4, "models", "promote", "x")
    assert "project 7 has no model." in shell.fails(4, "models", "rollback", "--of", 7)
    assert not (shell.folder / "models" / "project_7").exists()
    folder = shell.folder / "models"
    assert len(shell.json("models", "--model-dir", folder)) == 2
    assert "there is no folder" in shell.fails(4, "models", "--model-dir", folder / "none")


def test_predict_with_a_chosen_model(study: Study) -> None:
    shell = study.shell
    line = shell.fails(4, "predict", "--segmenter", "learning")
    assert "no model of segmenter 'learning' was promoted" in line
    assert line.endswith("Train one from pulled annotations: tslab train")
    version = shell.json("train", "--no-evaluate", "--keep")["version"]
    assert "was promoted" in shell.fails(4, "predict", "--segmenter", "learning")
    assert shell.json("predict", "--model", version.split()[1])["model_version"] == version
    assert "has no model 'nobody'" in shell.fails(4, "predict", "--model", "nobody")
    shell("models", "promote", version)
    assert shell.json("predict", "--segmenter", "learning")["model_version"] == version
    assert shell.json("predict", "--segmenter", "iot-rules")["model_version"] != version
    settings = shell.folder / "tslab.yaml"
    settings.write_text(settings.read_text() + "\nsegmenter: iot-rules\n")
    assert shell.json("predict")["model_version"].startswith("iot-rules ")
    assert "(segmenter of tslab.yaml)" in shell.err


def test_a_model_that_was_tampered_with_does_not_predict(study: Study) -> None:
    shell = study.shell
    version = shell.json("train", "--no-evaluate", "--promote")["version"]
    folder = model_store(Project.open(shell.folder)).folder(0, version)
    path = next(p for p in folder.iterdir() if p.name != "card.json")
    path.write_bytes(path.read_bytes() + b" ")
    assert "was changed after it" in shell.fails(4, "predict")
    assert "it is the first model" not in shell("train", "--no-evaluate")
    shell("predict")


def test_damaged_models_are_listed_with_what_is_wrong(study: Study) -> None:
    shell = study.shell
    one = shell.json("train", "--no-evaluate", "--promote")["version"]
    study.annotate(study.add(3), truth(3))
    two = shell.json("train", "--no-evaluate", "--promote")["version"]
    store = model_store(Project.open(shell.folder))
    (store.folder(0, one) / "card.json").write_text("{")
    (store.folder(0, two) / "evil.pkl").write_bytes(b"x")
    text = shell("models", "list", code=1)
    assert [line[0] for line in text.splitlines()[1:]] == ["!", "!"]
    assert len(shell.err.splitlines()) == 2
    assert "tslab: project 0: 'learning-" in shell.err
    assert "is no model card" in shell.err
    assert f"project 0, and it is the promoted one: model '{two}' has a file" in shell.err
    listed = shell.json("models", code=1)
    assert [entry["serving"] for entry in listed] == [False, False]
    assert all(entry["damage"] for entry in listed)


def test_a_current_that_names_no_model_is_said(study: Study) -> None:
    shell = study.shell
    version = shell.json("train", "--no-evaluate", "--promote")["version"]
    current = shell.folder / "models" / "project_0" / "CURRENT"
    current.write_text("../../etc\n")
    for words in (("predict",), ("predict", "--segmenter", "learning"), ("models", "rollback")):
        line = shell.fails(4, *words)
        assert "CURRENT' names no model version: '../../etc'. Run 'tslab models promote" in line
        assert f"'{version}'" in line
    assert version in shell("models", "list", code=1)
    assert "names no model version" in shell.err
    study.annotate(study.add(3), truth(3))
    assert "the current model cannot be used: '" in shell.json("train")["reason"]
    shell("models", "list")


class Knows:
    """In place of the plugin's rules: knows the truth by heart."""

    fails = False

    def __init__(self, keys: Sequence[str], version: str) -> None:
        self._keys, self.version = keys, version

    def segment(self, recording: Recording) -> list[Span]:
        if self.fails:
            raise ZeroDivisionError
        return truth(self._keys.index(recording.id))


def test_a_model_is_not_mixed_with_another_version_of_the_rules_that_it_looks_at(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = study.shell
    rules = "tslab_iot_maintenance.segmenter.RuleSegmenter"
    monkeypatch.setattr(rules, lambda _: Knows(study.keys, "1"))
    assert "must be trained again" in shell("train", "--folds", "2")
    first = shell.json("predict")["model_version"]
    assert first.startswith("learning ")
    monkeypatch.setattr(Knows, "fails", True)
    shell("predict")
    assert shell.err.count("'iot-rules' failed on") == 3
    monkeypatch.setattr(Knows, "fails", False)

    monkeypatch.setattr(rules, lambda _: Knows(study.keys, "2"))
    line = shell.fails(4, "predict")
    assert "'iot-rules 1' finds, and 'iot-rules 2' is installed. Train again: tslab train" in line
    again = shell.json("train", "--no-evaluate")
    assert again["promoted"]
    assert again["version"] != first
    assert shell.json("predict")["model_version"] == again["version"]


def test_labels_that_left_the_domain_are_not_predicted(study: Study) -> None:
    """Reordered or removed labels never swap (the reference swaps them, defect 13)."""
    shell = study.shell
    study.forget()
    for number, key in enumerate(study.keys):
        first, second = truth(number)
        study.annotate(key, [first, drift(second.start, second.end, "Noise")])
    shell("train", "--no-evaluate", "--promote")
    assert set(shell.json("predict")["labels"]) <= {"Drift", "Noise"}
    settings = shell.folder / "tslab.yaml"
    settings.write_text(settings.read_text() + "\nlabels: {anomaly: {remove: [Noise]}}\n")
    assert set(shell.json("predict", "--quiet")["labels"]) == {"Drift"}
    assert "learned 1 label that this project no longer has, and predicts without" in shell.err
    assert "anomaly: Noise. Train again: tslab train" in shell.err
    assert "labels than the current one: -anomaly: Noise" in shell("train")
    assert "3 spans of 'Noise' in tier 'anomaly', a label that it no longer has" in shell.err


def test_a_model_without_any_label_of_the_project_is_said(study: Study) -> None:
    shell = study.shell
    shell("train", "--no-evaluate", "--promote")
    shell("predict")
    assert shell.err == ""
    settings = shell.folder / "tslab.yaml"
    settings.write_text(settings.read_text() + "\nlabels: {anomaly: {remove: [Drift]}}\n")
    assert shell.json("predict", "--quiet")["labels"] == {}
    (line,) = shell.err.splitlines()
    assert line.endswith("predicts without: anomaly: Drift. Train again: tslab train")
