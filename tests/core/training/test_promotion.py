"""Which model serves after tslab train."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from kit.pump_study import Study, drift, truth

from tslab.contracts import SegmenterSpec
from tslab.recording import Recording
from tslab.segmentation import SPECS
from tslab.spans import Span


class Sudden:
    """A segmenter of the domain that needs no training and is always right."""

    version = "7.1"

    def segment(self, recording: Recording) -> list[Span]:
        values = recording.signals[0].values()
        cuts = np.flatnonzero(np.diff((values > 1.5).astype(int))) + 1
        return [replace(drift(a, b), score=0.9) for a, b in zip(cuts[::2], cuts[1::2], strict=True)]


def test_the_first_model_has_to_match_the_domains_own(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train` and the backend judge alike: what one refuses does not serve by the other."""
    shell = study.shell
    spec = SegmenterSpec("sudden", "Levels", lambda _: Sudden())
    monkeypatch.setattr("tslab.plugin_manager.Plugins.segmenters", lambda *_: [spec, *SPECS])
    study.forget()
    for number, key in enumerate(study.keys):  # too little to learn from, and nothing to gain
        study.annotate(key, truth(number)[:1], extents=((0.0, 100.0),))
    monkeypatch.setattr("tslab.segmentation.learning.LearningSegmenter.segment", lambda *_: [])
    text = shell("train")
    figures = "0.000 against 1.000"
    assert f"not promoted: it is worse than sudden 7.1, on the same time: {figures}" in text
    assert "'sudden 7.1' goes on serving" in text
    assert shell.json("predict")["model_version"] == "sudden 7.1"
    assert "but you said so" in shell("train", "--promote")
    assert shell.json("predict")["model_version"].startswith("learning ")


def test_tslab_yaml_names_a_kind_that_was_never_trained(study: Study) -> None:
    """`segmenter: lstm` says what is trained; until then the domain's own predicts."""
    shell = study.shell
    settings = shell.folder / "tslab.yaml"
    settings.write_text(settings.read_text() + "\nsegmenter: lstm\n")
    assert shell.json("predict")["model_version"].startswith("iot-rules ")
    assert "the domain's own, no model is promoted, of segmenter 'lstm' or another" in shell.err
    version = shell.json("train", "--segmenter", "learning", "--no-evaluate", "--promote")[
        "version"
    ]
    assert shell.json("predict")["model_version"] == version
    assert "the promoted model; 'segmenter: lstm' of tslab.yaml says what" in shell.err
    assert [card["version"] for card in shell.json("models") if card["serving"]] == [version]


def test_a_segmenter_of_tslab_yaml_that_does_not_learn_goes_on_predicting(study: Study) -> None:
    settings = study.shell.folder / "tslab.yaml"
    settings.write_text(settings.read_text() + "\nsegmenter: iot-rules\n")
    text = study.shell("train", "--no-evaluate", "--promote")
    assert "is promoted: you said so. 'segmenter: iot-rules' of tslab.yaml goes on" in text
    assert study.shell.json("predict")["model_version"].startswith("iot-rules ")


def test_no_message_of_a_blind_study_says_that_a_model_serves_raters(study: Study) -> None:
    shell = study.shell
    settings = shell.folder / "tslab.yaml"
    before = settings.read_text().partition("\nreview:")[0]
    settings.write_text(f"{before}\nreview: {{raters: 2, blind: true}}\n")
    own = shell.json("predict")["model_version"]
    blind = (
        f"the study is blind: '{own}' goes on serving raters, and 'tslab push' withholds what "
        "a trained model predicts"
    )
    version = shell.json("train", "--no-evaluate", "--keep")["version"]
    kept = shell("train", "--no-evaluate", "--keep").splitlines()[-1]
    assert f"{version} was not promoted: nothing new to learn" in kept
    assert f"is stored already; {blind}. To promote it all the same" in kept
    told = shell("train", "--no-evaluate", "--promote").splitlines()[-1]
    assert told.startswith(f"{version} is promoted: ")
    assert told.endswith(f"you said so; {blind}")
    assert shell("models", "promote", version).strip() == f"'{version}' is promoted; {blind}"


def test_a_worse_model_is_kept_and_does_not_serve(study: Study) -> None:
    shell = study.shell
    first = shell.json("train")["version"]
    study.forget()
    fresh = study.add(3)
    for number, key in enumerate(study.keys[:3]):
        wrong = [drift(100 + 9 * number, 130 + 9 * number), drift(250 + number, 270 + number)]
        study.annotate(key, wrong)
    study.annotate(fresh, truth(3))
    text = shell("train")
    assert "was not promoted: it is worse than the current model" in text
    assert "on the same reviewed time of 4 recordings, each held out from both" in text
    assert f"'{first}' goes on serving. To promote it all the same: tslab models promote" in text
    assert [card["serving"] for card in shell.json("models")].count(True) == 1
    assert shell.json("predict")["model_version"] == first


def test_keep_and_promote_decide(study: Study) -> None:
    shell = study.shell
    kept = shell.json("train", "--no-evaluate", "--keep")
    assert (kept["promoted"], kept["reason"], kept["current"]) == (False, "you said so", "")
    assert kept["report"] is None
    assert shell.json("predict")["model_version"].startswith("iot-rules ")
    again = shell.json("train", "--promote")
    assert (again["new"], again["current"]) == (False, kept["version"])
    assert shell.json("predict")["model_version"] == kept["version"]


def test_a_repeated_training_of_a_kept_model_keeps_it(study: Study) -> None:
    study.shell("train", "--no-evaluate", "--keep")
    text = study.shell("train", "--no-evaluate")
    assert "nothing new to learn: a model of that version is stored already" in text
    assert "goes on serving. To promote it all the same: tslab models promote 'learning" in text


def test_tslab_yaml_says_what_is_trained_if_it_learns(study: Study) -> None:
    settings = study.shell.folder / "tslab.yaml"
    given = settings.read_text()
    for name, trained in (("learning", "learning"), ("iot-rules", "learning")):
        settings.write_text(f"{given}\nsegmenter: {name}\n")
        version = study.shell.json("train", "--no-evaluate")["version"]
        assert version.split()[0] == trained
    settings.write_text(f"{given}\nsegmenter: learnin\n")
    assert "did you mean 'learning'" in study.shell.fails(2, "train")
