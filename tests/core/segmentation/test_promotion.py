"""Which model may serve: the first, one with other labels, one that is no worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from kit.small_models import DOMAIN, LevelSegmenter, example, truth

from tslab.contracts import SegmenterSpec
from tslab.errors import DataError, PluginError, UsageError
from tslab.recording import Recording
from tslab.segmentation.evaluation.comparison import Segment
from tslab.segmentation.evaluation.fold_predictions import HeldOut
from tslab.segmentation.evaluation.report import Report
from tslab.segmentation.evaluation.scores import score
from tslab.segmentation.examples.training_set import TrainingSet, data_hash
from tslab.segmentation.models.card import ModelCard, describe
from tslab.segmentation.models.choosing import find_spec, maker, open_model
from tslab.segmentation.models.promotion import TOLERANCE, Standing, Verdict, no_worse
from tslab.segmentation.models.store import ModelStore
from tslab.segmentation.models.train_run import Options, Shelf, Trained, train
from tslab.spans import Span

SPEC = SegmenterSpec("level", "Levels", LevelSegmenter, trainable=True)


def card(overall: float | None = 0.8, *keys: str, version: str = "new") -> ModelCard:
    examples = [example(key) for key in keys or ("r1",)]
    return describe(("level", version), examples, ("toy", "", ()), {}, {"overall": overall}, 0)


def report(predicted: Sequence[Span] = (), *keys: str) -> Report:
    examples = [example(key) for key in keys or ("r1",)]
    return score(examples, dict.fromkeys(keys or ("r1",), predicted), DOMAIN)


def never(recording: Recording) -> Sequence[Span]:
    raise AssertionError(f"the old model was asked about {recording.id}")


def judged(
    new: ModelCard,
    old: ModelCard | None,
    found: Report | None,
    segment: Segment = never,
    held: Sequence[HeldOut] = (),
) -> Verdict:
    standing = Standing(old.version, segment, old, held) if old is not None else None
    return no_worse(new, standing, found.trials if found else None, DOMAIN)


def verdict(new: ModelCard, old: ModelCard | None, found: Report | None = None) -> Verdict:
    return judged(new, old, found)


def test_the_first_model_serves() -> None:
    assert verdict(card(None), None) == Verdict(True, "it is the first model")


def test_other_labels_are_promoted_unseen() -> None:
    old = replace(card(), labels={"state": ["Up"], "event": ["Leak"]})
    assert verdict(card(0.0), old, report()) == Verdict(
        True, "it learned other labels than the current one: +state: Down, -event: Leak"
    )


@pytest.mark.parametrize(
    ("new", "old", "promote", "words"),
    [
        (0.8, 0.8, True, "no worse"),
        (0.8 - TOLERANCE + 0.001, 0.8, True, "0.781 against 0.800 on each one's held-out"),
        (0.8 - TOLERANCE - 0.001, 0.8, False, "is worse than the current model: overall score"),
        (0.1, None, True, "the current model has no held-out score"),
        (None, 0.1, False, "its held-out score is undefined"),
    ],
)
def test_seen_recordings_compare_the_cards(
    new: float | None, old: float | None, promote: bool, words: str
) -> None:
    found = verdict(card(new), card(old), report())
    assert found.promote is promote
    assert words in found.reason


def test_without_evaluation_nothing_is_replaced() -> None:
    assert not verdict(card(), card(0.0)).promote


def test_new_recordings_are_predicted_by_both() -> None:
    """The cards would say the opposite of what the new recordings say."""
    asked: list[str] = []

    def old(recording: Recording) -> Sequence[Span]:
        asked.append(recording.id)
        return truth()

    found = judged(card(1.0, "r1", "r2"), card(0.0), report([], "r1", "r2"), old)
    assert asked == ["r2"]
    assert not found.promote
    assert "0.000 against 1.000 on 1 recording that the current one never saw" in found.reason
    better = judged(card(0.0, "r1", "r2"), card(1.0), report(truth(), "r1", "r2"), lambda _: [])
    assert better.promote


@pytest.mark.parametrize(
    ("new", "old", "promote"), [(0.161, 0.374, False), (0.374, 0.161, True), (None, 0.3, False)]
)
def test_a_tie_of_zeros_proves_nothing(new: float | None, old: float, promote: bool) -> None:
    """Neither finds anything on the new recordings: the held-out scores decide."""
    fresh = report([], "r1", "r2", "r3")
    found = judged(card(new, "r1", "r2", "r3"), card(old), fresh, lambda _: [])
    assert found.promote is promote
    if new is not None:
        assert found.reason.endswith(
            f"overall score {new:.3f} against {old:.3f} on each one's held-out recordings, because "
            "neither is right: 0.000 against 0.000"
        )


def test_a_very_small_part_of_the_reviewed_time_does_not_decide() -> None:
    """One second of a new recording, where the new model is right by chance."""
    moment = replace(example("r2"), reviewed={"state": [(15.0, 16.0)]})
    found = score([example("r1"), moment], {"r1": truth(), "r2": truth()}, DOMAIN)
    said = judged(card(0.2, "r1", "r2"), card(0.4), found, lambda _: [])
    assert not said.promote
    assert "0.200 against 0.400 on each one's held-out recordings" in said.reason
    assert "too little was reviewed where both can be compared" in said.reason
    longer = replace(moment, reviewed={"state": [(0.0, 30.0)]})
    found = score([example("r1"), longer], {"r1": truth(), "r2": truth()}, DOMAIN)
    assert judged(card(0.2, "r1", "r2"), card(0.4), found, lambda _: []).promote


def test_without_a_held_out_score_the_new_recordings_decide_all_the_same() -> None:
    found = judged(card(0.9, "r1", "r2"), card(None), report([], "r1", "r2"), lambda _: [])
    assert found.reason.endswith(
        "0.000 against 0.000 on 1 recording that the current one never saw"
    )


def test_an_old_model_that_cannot_read_a_recording_finds_nothing() -> None:
    def refuses(recording: Recording) -> Sequence[Span]:
        raise DataError(f"{recording.id} has no channel that it knows")

    assert judged(card(0, "r2"), card(1), report(truth(), "r2"), refuses).promote


# --- a whole training ---------------------------------------------------------------------


def trained(
    store: ModelStore, *keys: str, spec: SegmenterSpec = SPEC, **options: object
) -> Trained:
    examples = [example(key, seed=number) for number, key in enumerate(keys)]
    data = TrainingSet(examples, ["1 thing"], data_hash(examples))
    shelf = Shelf(store, 3, DOMAIN, [spec])
    told: list[float] = []
    found = train(data, spec, shelf, Options(**options), lambda share, _: told.append(share))  # type: ignore[arg-type]
    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)
    return found


def test_a_training_stores_and_judges_and_leaves_promotion_to_the_caller(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    found = trained(store, "r1", "r2", "r3")
    assert found.is_new
    assert found.verdict.promote
    assert store.current(3) == ""
    assert found.card.left_out == ["1 thing"]
    assert found.card.settings == {"levels": 2}
    assert found.card.scores["event_f1"] == 1
    assert sorted(found.card.files) == [
        "held_out.json", "levels.json", "report.html", "report.json",
    ]  # fmt: skip
    store.promote(3, found.card.version)
    again = trained(store, "r1", "r2", "r3")
    assert (again.is_new, again.verdict.promote, again.report) == (False, False, None)


def test_a_damaged_current_model_is_replaced(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    first = trained(store, "r1", "r2")
    store.promote(3, first.card.version)
    (store.folder(3, first.card.version) / "levels.json").write_text("{}")
    found = trained(store, "r1", "r2", "r3")
    assert found.verdict.promote
    assert "the current model cannot be used" in found.verdict.reason


def test_a_current_model_of_a_kind_that_is_gone_is_replaced(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    other = SegmenterSpec("other", "Another", LevelSegmenter, trainable=True)
    store.promote(3, trained(store, "r1", "r2", spec=other).card.version)
    found = trained(store, "r1", "r2", "r3")
    assert "segmenter 'other', which is not installed" in found.verdict.reason
    assert found.verdict.promote


def test_without_folds_nothing_is_measured(tmp_path: Path) -> None:
    found = trained(ModelStore(tmp_path), "r1", folds=0)
    assert found.report is None
    assert found.card.scores == {}
    assert list(found.card.files) == ["levels.json"]


def test_nothing_to_learn_says_what_was_left_out(tmp_path: Path) -> None:
    shelf = Shelf(ModelStore(tmp_path), 0, DOMAIN, [SPEC])
    data = TrainingSet([], [f"thing {n}" for n in range(5)])
    with pytest.raises(DataError, match=r"Left out: thing 0; thing 1; thing 2 \(and 2 more\)"):
        train(data, SPEC, shelf, Options(), lambda *_: None)
    with pytest.raises(DataError, match="tslab pull"):
        train(TrainingSet(), SPEC, shelf, Options(), lambda *_: None)


# --- choosing -----------------------------------------------------------------------------


def test_specs_are_found_by_name() -> None:
    assert find_spec([SPEC], "level") is SPEC
    with pytest.raises(UsageError, match="did you mean 'level'"):
        find_spec([SPEC], "levl")
    with pytest.raises(UsageError, match="There are none"):
        find_spec([], "x")


def test_a_spec_that_cannot_learn_after_all_is_blamed() -> None:
    class Fixed:
        version = "1"

        def segment(self, recording: Recording) -> Sequence[Span]:
            return []

    spec = SegmenterSpec("fixed", "Fixed", lambda _: Fixed(), trainable=True)
    with pytest.raises(PluginError, match="'fixed' says that it is trainable"):
        maker(spec, DOMAIN)()


def test_models_of_a_kind_that_is_not_installed_are_not_opened(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    version = trained(store, "r1").card.version
    with pytest.raises(DataError, match="'level', which is not installed"):
        open_model(store, 3, version, [], DOMAIN)
    untrainable = replace(SPEC, trainable=False)
    with pytest.raises(DataError, match="not installed"):
        open_model(store, 3, version, [untrainable], DOMAIN)
    assert open_model(store, 3, version, [SPEC], DOMAIN).segment(example().recording)
