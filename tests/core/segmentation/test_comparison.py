"""Two models on the same reviewed time: who is asked about what, and what chance makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from kit.small_models import DOMAIN, LevelSegmenter, example, truth

from tslab.contracts import SegmenterSpec, TrainingExample
from tslab.recording import Recording
from tslab.segmentation.evaluation.comparison import Learned, compare, paired
from tslab.segmentation.evaluation.fold_predictions import (
    NAME,
    HeldOut,
    held_out,
    held_out_files,
    read_held_out,
    trials_of,
)
from tslab.segmentation.evaluation.report import Trial
from tslab.segmentation.evaluation.scores import cross_validate, score
from tslab.segmentation.examples.training_set import TrainingSet, data_hash
from tslab.segmentation.models.card import ModelCard, describe
from tslab.segmentation.models.promotion import Standing, Verdict, no_worse
from tslab.segmentation.models.store import ModelStore
from tslab.segmentation.models.train_run import Options, Shelf, Trained, train
from tslab.spans import Span

SPEC = SegmenterSpec("level", "Levels", LevelSegmenter, trainable=True)


def never(recording: Recording) -> Sequence[Span]:
    raise AssertionError(f"the old model was asked about {recording.id}")


def trial(key: str, spans: Sequence[Span], subject: str = "") -> Trial:
    return Trial(example(key, subject=subject), spans)


def learned(*trials: Trial) -> Learned:
    return Learned(frozenset(t.example.recording.id for t in trials), held_out(trials))


def card(*keys: str, overall: float = 0.5, version: str = "new") -> ModelCard:
    examples = [example(key) for key in keys]
    return describe(("level", version), examples, ("toy", "", ()), {}, {"overall": overall}, 0)


# --- who is asked about what ----------------------------------------------------------------


def test_known_recordings_are_judged_by_folds_and_new_ones_by_the_model() -> None:
    old = learned(trial("r1", truth()), trial("r2", []))
    asked: list[str] = []

    def segment(recording: Recording) -> Sequence[Span]:
        asked.append(recording.id)
        return truth()[:1]

    pairs = paired([trial(key, []) for key in ("r1", "r2", "r3")], old, segment, 3)
    assert asked == ["r3"]
    assert [len(theirs.spans) for _, theirs in pairs] == [2, 0, 1]
    assert all(ours.example is theirs.example for ours, theirs in pairs)


def test_a_fold_is_asked_about_time_that_nobody_had_reviewed() -> None:
    """It never saw any of the recording, so its word counts for what was reviewed since."""
    early = replace(example("r1"), reviewed={"state": [(0.0, 20.0)]})
    old = learned(Trial(early, truth()), trial("r2", []))
    ((_, theirs),) = paired([trial("r1", [])], old, never, 2)
    assert theirs.example.reviewed == {"state": [(0.0, 60.0)]}
    assert [(s.start, s.end, s.label) for s in theirs.spans] == [
        (15.0, 30.0, "Up"),
        (45.0, 60.0, "Down"),
    ]


def test_a_subject_that_only_the_old_model_knows_is_left_out() -> None:
    old = learned(trial("r1", [], subject="ann"), trial("r2", [], subject="bob"))
    given = [
        trial("r1", [], subject="ann"),
        trial("r2", [], subject="bob"),
        trial("r3", [], subject="ann"),
        trial("r4", [], subject="eve"),
    ]
    pairs = paired(given, old, lambda _: [], 4)
    assert [ours.example.recording.id for ours, _ in pairs] == ["r1", "r2", "r4"]


def test_recordings_of_one_subject_were_easier_before_there_was_a_second() -> None:
    """The old folds learned from the same subject, the new ones hold all of it out."""
    old = learned(trial("r1", [], subject="ann"), trial("r2", [], subject="ann"))
    given = [trial("r1", [], subject="ann"), trial("r5", [], subject="eve")]
    pairs = paired(given, old, lambda _: [], 3)
    assert [ours.example.recording.id for ours, _ in pairs] == ["r5"]


def test_blocks_of_one_recording_are_compared_with_blocks_only() -> None:
    whole = cross_validate([example("r1")], DOMAIN, lambda: LevelSegmenter(DOMAIN))
    assert len(whole.trials) > 1
    old = learned(*whole.trials)
    again = paired(whole.trials, old, lambda _: [], 1)
    assert len(again) == len(whole.trials)
    assert compare(again, DOMAIN).ours == compare(again, DOMAIN).theirs
    # Held out as a whole a recording is harder than its blocks: no match.
    assert paired([trial("r1", [])], old, never, 2) == []


def test_without_kept_predictions_known_recordings_are_left_out() -> None:
    assert paired([trial("r1", [])], Learned(frozenset(["r1", "r2"])), never, 2) == []


# --- scores and their uncertainty ---------------------------------------------------------


def mixed() -> list[Trial]:
    """Two tiers, ranges and instants, errors of all kinds."""
    beats = [Span(float(t), float(t), "N" if t % 9 else "V", "beat") for t in range(3, 57, 3)]
    found = []
    for number, key in enumerate(("r1", "r2", "r3", "r4")):
        true = TrainingExample(
            example(key).recording,
            [*truth(), *beats],
            {"state": [(0.0, 60.0)], "beat": [(0.0, 50.0)]},
        )
        said = [Span(15.0 + 4 * number, 30.0, "Up", "state"), *beats[number:]]
        found.append(Trial(true, said))
    return found


def overall(trials: Sequence[Trial]) -> float | None:
    said = {t.example.recording.id: t.spans for t in trials}
    return score([t.example for t in trials], said, DOMAIN).scores["overall"]


def test_the_score_is_that_of_the_report() -> None:
    trials = mixed()
    silent = [Trial(t.example, []) for t in trials]
    found = compare(list(zip(trials, silent, strict=True)), DOMAIN)
    assert found.ours == pytest.approx(overall(trials))
    assert found.theirs == pytest.approx(overall(silent))
    nothing = compare([], DOMAIN)
    assert (nothing.ours, nothing.theirs, nothing.error) == (None, None, 0.0)


def test_a_difference_in_one_recording_is_less_certain_than_one_in_all() -> None:
    """The same mean difference, once from one recording and once from each."""
    keys = [f"r{n}" for n in range(6)]
    right, half, wrong = truth(), truth()[:1], list[Span]()
    ours = [trial(key, right) for key in keys]
    everywhere = [(t, Trial(t.example, half)) for t in ours]
    once = [(t, Trial(t.example, wrong if n == 0 else right)) for n, t in enumerate(ours)]
    assert compare(everywhere, DOMAIN).error < 0.01 < compare(once, DOMAIN).error
    assert compare(once, DOMAIN) == compare(once, DOMAIN)
    same = compare([(t, t) for t in ours], DOMAIN)
    assert (same.ours, same.error) == (same.theirs, 0.0)


# --- the verdict ----------------------------------------------------------------------------


def verdict(new: Sequence[Trial], old: Sequence[Trial], **scores: float) -> Verdict:
    keys = [t.example.recording.id for t in old]
    now = card(*[t.example.recording.id for t in new], overall=scores["now"])
    was = card(*keys, overall=scores["before"], version="old")
    return no_worse(now, Standing("level old", never, was, held_out(old)), new, DOMAIN)


def test_more_correct_labels_of_a_hard_recording_do_not_stall_the_loop() -> None:
    """Issue: 0.569 against 0.604 was a harder set of labels, and the model was no worse."""
    early = replace(example("r2"), spans=truth()[:1], reviewed={"state": [(0.0, 32.0)]})
    found = truth()[:1]  # both find the first region of each recording, and never the second
    before = [trial("r1", found), Trial(early, found)]
    now = [trial("r1", found), trial("r2", found)]
    scores = {"before": overall(before) or 0}
    scores["now"] = overall(now) or 0
    assert scores["now"] < scores["before"] - 0.02
    said = verdict(now, before, **scores)
    assert said.promote
    assert (
        f"{scores['now']:.3f} against {scores['now']:.3f} on the same reviewed time" in said.reason
    )


def test_a_model_that_bad_labels_spoiled_does_not_serve() -> None:
    """Its card looks better, because wrong labels of the same kind are easily learned."""
    keys = ["r1", "r2", "r3"]
    wrong = [Span(15.0, 30.0, "Down", "state"), Span(45.0, 60.0, "Up", "state")]
    said = verdict(
        [trial(key, wrong) for key in keys],
        [trial(key, truth()) for key in keys],
        before=0.5,
        now=0.9,
    )
    assert not said.promote
    assert "0.000 against 1.000 on the same reviewed time of 3 recordings" in said.reason


def slightly_worse() -> tuple[list[Trial], list[Trial]]:
    """Where one is right the other is often wrong, and the new model is wrong a little more."""
    parts = {"none": [], "half": truth()[:1], "all": truth()}
    new = ["none", "all", "none", "all", "half", "all", "all", "all", "all", "all"]
    old = ["all", "none", "all", "none", "all", "all", "all", "all", "all", "all"]
    both = [[trial(f"r{n}", parts[what]) for n, what in enumerate(side)] for side in (new, old)]
    return both[0], both[1]


def test_the_same_method_has_the_benefit_of_the_doubt() -> None:
    new, old = slightly_worse()
    said = verdict(new, old, before=1.0, now=0.9)
    assert said.promote
    assert "of it may be chance" in said.reason


def test_another_method_must_be_as_good() -> None:
    new, old = slightly_worse()
    keys = [t.example.recording.id for t in old]
    other = replace(card(*keys, version="old"), segmenter="net")
    standing = Standing("net old", never, other, held_out(old))
    assert not no_worse(card(*keys), standing, new, DOMAIN).promote


def test_a_segmenter_that_does_not_learn_is_compared_on_all_of_it() -> None:
    new, _ = slightly_worse()
    rules = Standing("rules 0.1", lambda _: truth())
    said = no_worse(card("r0"), rules, new, DOMAIN)
    assert not said.promote
    assert said.reason.startswith("it is worse than rules 0.1, on the same time: 0.8")
    assert no_worse(card("r0"), Standing("rules 0.1", lambda _: []), new, DOMAIN).promote
    unknown = no_worse(card("r0"), rules, None, DOMAIN)
    assert unknown == Verdict(False, "it was not evaluated on held-out recordings")
    alone = no_worse(card("r0"), rules, [], DOMAIN)  # one region cannot be held out
    assert alone == Verdict(False, "nothing could be held out to compare it with rules 0.1")


# --- kept on disk -------------------------------------------------------------------------


def test_predictions_of_folds_are_kept(tmp_path: Path) -> None:
    examples = [example("r1"), example("r2")]
    report = score(examples, {"r1": truth()}, DOMAIN)
    (tmp_path / NAME).write_bytes(held_out_files(report.trials)[NAME])
    kept = read_held_out(tmp_path)
    assert kept == [HeldOut(k.recording, k.reviewed, k.marks) for k in held_out(report.trials)]
    again = trials_of(kept, examples)
    assert overall(again) == report.scores["overall"]
    (tmp_path / NAME).write_text('[{"recording": 1}]')
    assert read_held_out(tmp_path) == []
    assert read_held_out(tmp_path / "none") == []


def test_too_many_predictions_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tslab.segmentation.evaluation.fold_predictions.LARGEST", 10)
    assert held_out_files([trial("r1", truth())]) == {}


# --- a whole training ---------------------------------------------------------------------


def trained(store: ModelStore, examples: Sequence[TrainingExample], **options: object) -> Trained:
    shelf = Shelf(store, 0, DOMAIN, [SPEC])
    data = TrainingSet(list(examples), [], data_hash(examples))
    found = train(data, SPEC, shelf, Options(**options), lambda *_: None)  # type: ignore[arg-type]
    if found.verdict.promote:
        store.promote(0, found.card.version)
    return found


def test_a_later_training_is_held_against_the_folds_of_the_earlier(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    early = [example("r1"), example("r2", seed=1)]
    trained(store, early)
    hard = [Span(2.0, 6.0, "Up", "state"), *truth()]  # nothing shows it: no model will find it
    more = [early[0], replace(early[1], spans=hard), example("r3", seed=2)]
    found = trained(store, more)
    assert found.verdict.promote
    assert (
        "on the same reviewed time of 3 recordings, each held out from both" in found.verdict.reason
    )


def test_other_options_measure_again_and_keep_the_model(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    examples = [example(f"r{n}", seed=n) for n in range(4)]
    first = trained(store, examples, folds=2)
    assert first.report is not None
    assert trained(store, examples, folds=2).report is None
    again = trained(store, examples, folds=4, tolerances={"beat": 0.1})
    assert (again.is_new, again.verdict.promote) == (False, False)
    assert again.report is not None
    assert again.report.method.startswith("held out: 4 folds")
    card = store.check(0, first.card.version)
    assert card.measured == {"folds": 4, "tolerances": {"beat": 0.1}}
    assert store.current(0) == first.card.version
    assert trained(store, examples, folds=0).report is None
    assert store.check(0, first.card.version) == card


def test_what_was_never_measured_is(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    examples = [example(f"r{n}", seed=n) for n in range(3)]
    assert trained(store, examples, folds=0).card.scores == {}
    assert trained(store, examples).report is not None
    assert store.cards(0)[0].scores["overall"] == 1


def test_a_version_that_a_crash_left_is_judged_where_that_is_asked_for(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    early = [example("r1"), example("r2", seed=1)]
    trained(store, early)
    more = [*early, example("r3", seed=2)]
    left = trained(store, more, promote=False)
    assert "stored already" in trained(store, more).verdict.reason
    found = trained(store, more, judge_again=True)
    assert found.card.version == left.card.version
    assert found.verdict.promote
    assert "each held out from both" in found.verdict.reason
