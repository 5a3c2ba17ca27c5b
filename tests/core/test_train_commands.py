"""train, models, evaluate, and predict with a trained model, as a user runs them."""

from __future__ import annotations

import fcntl
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab.annotation import Annotation
from tslab.commands.output import Output
from tslab.contracts import SegmenterSpec
from tslab.files import json_bytes
from tslab.project import Project
from tslab.recording import Recording
from tslab.segmentation import SPECS
from tslab.segmentation.evaluation.scores import cross_validate
from tslab.segmentation.models.choosing import model_store
from tslab.segmentation.models.store import ModelStore
from tslab.spans import Span

SECONDS = 300
SEEN = ((0.0, float(SECONDS)),)


def drift(start: float, end: float, label: str = "Drift") -> Span:
    return Span(start, end, label, "anomaly")


def truth(number: int) -> list[Span]:
    """Two stretches at another level; where they lie depends on the recording."""
    return [drift(40 + 7 * number, 80 + 7 * number), drift(180 + 5 * number, 230 + 5 * number)]


def write_recording(folder: Path, number: int) -> Path:
    values = np.random.default_rng(number).normal(0, 0.2, SECONDS)
    for span in truth(number):
        values[int(span.start) : int(span.end)] += 3
    path = folder / f"pump{number}.csv"
    rows = [f"{i},{value:.4f}" for i, value in enumerate(values)]
    path.write_text("time_s,vibration\n" + "\n".join(rows) + "\n")
    return path


class Study:
    """A project of the domain iot, its recordings in order, and what annotators say."""

    def __init__(self, shell: Any, folder: Path) -> None:
        self.shell = shell
        self.folder = folder
        self.keys: list[str] = []
        self.said: list[Annotation] = []

    def add(self, number: int) -> str:
        self.shell("add", write_recording(self.folder, number))
        key = Project.open(self.shell.folder).find_recording(f"pump{number}")
        assert key is not None
        self.keys.append(key)
        return key

    def annotate(self, key: str, spans: Sequence[Span], who: str = "a", **more: Any) -> None:
        given = {"view": "anomalies", "extents": SEEN, **more}
        self.said.append(Annotation(key, who, list(spans), **given))
        folder = self.shell.folder / "annotations"
        folder.mkdir(exist_ok=True)
        (folder / "annotations.json").write_bytes(json_bytes(self.said))

    def forget(self) -> None:
        self.said.clear()

    @property
    def models(self) -> dict[str, bytes]:
        return {
            name: content
            for name, content in self.shell.files().items()
            if name.startswith("models/")
        }


@pytest.fixture
def empty(shell: Any, tmp_path: Path) -> Study:
    shell("init", shell.folder, "--domain", "iot", project=False)
    return Study(shell, tmp_path)


@pytest.fixture
def study(empty: Study) -> Study:
    for number in range(3):
        empty.annotate(empty.add(number), truth(number))
    return empty


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


# --- evaluate -----------------------------------------------------------------------------


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
