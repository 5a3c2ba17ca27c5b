"""Scores from what folds say: which frames count, odd lengths, and one recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from kit import marked_signals as made

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.segmentation.chain import weights
from tslab.segmentation.chain.calibration import Curve, fit_curve
from tslab.segmentation.chain.held_out import HeldOut, fair_classes
from tslab.segmentation.chain.lengths import Lengths, lengths_of
from tslab.segmentation.chain.model import Chain, stretches_of
from tslab.segmentation.chain.tuning import UNKNOWN, Classes, Decoder
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span

NAMES = ("a", "b", "c")
FEW = Domain(
    name="few",
    title="Three labels",
    tiers=(Tier(name="state", kind="states", labels=tuple(Label(name=n) for n in NAMES)),),
    open_channels=True,
)


def path_of(*runs: tuple[int, int]) -> Classes:
    return np.concatenate([np.full(length, kind) for kind, length in runs])


def test_frames_count_only_where_other_folds_have_their_class() -> None:
    classes = path_of((0, 5), (1, 5), (0, 5), (2, 5), (0, 5), (1, 5))
    fold = np.repeat([0, 1, 2], 10)
    fair = fair_classes(classes, fold)
    assert (fair[classes == 2] == UNKNOWN).all()
    assert (fair[classes != 2] == classes[classes != 2]).all()


def test_an_odd_length_is_less_probable_the_more_lengths_are_known() -> None:
    few = lengths_of([path_of((0, 9), (1, 40), (0, 9))], True)
    many = lengths_of([path_of(*[(0, 9), (1, 40)] * 20)], True)
    assert few.oddity(1, 40) == pytest.approx(0)
    assert few.oddity(1, 60) < few.oddity(1, 120) < many.oddity(1, 120)
    assert few.oddity(1, 20) == pytest.approx(few.oddity(1, 80))
    assert few.oddity(2, 1000) == 0
    wide = lengths_of([path_of(*[(0, 9), (1, 8), (0, 9), (1, 200)] * 10)], True)
    assert wide.oddity(1, 120) < 0.5 * many.oddity(1, 120)


def test_an_odd_length_is_judged_by_how_often_that_was_wrong() -> None:
    curve = Curve()
    assert curve.score(0.9, 2.0) < curve.score(0.9)
    harmless = fit_curve([0.9] * 80, [True] * 80, [2.0] * 40 + [0.0] * 40)
    telling = fit_curve([0.9] * 80, [False] * 40 + [True] * 40, [2.0] * 40 + [0.0] * 40)
    assert harmless.score(0.9, 2.0) > 0.9
    assert telling.score(0.9, 2.0) < 0.1 < 0.9 < telling.score(0.9)
    backwards = fit_curve([0.9] * 80, [True] * 40 + [False] * 40, [2.0] * 40 + [0.0] * 40)
    assert backwards.score(0.9, 2.0) <= backwards.score(0.9)


def test_confidence_is_that_of_a_duel_with_the_likeliest_other_class() -> None:
    path = np.ones(4, np.int64)
    two = np.log(np.tile([0.2, 0.6, 1e-9, 1e-9], (4, 1))).astype(np.float32)
    five = np.log(np.tile([0.2, 0.6, 0.1, 0.1], (4, 1))).astype(np.float32)
    for logs in (two, five):
        assert stretches_of(logs, path, True)[0].confidence == pytest.approx(0.75, abs=1e-4)


def test_lengths_of_a_fold_are_not_known_to_it() -> None:
    """Two regions, one three times as long: each is odd by what the other fold says."""
    classes = path_of((0, 20), (1, 20), (0, 20), (0, 20), (1, 60), (0, 20))
    fold = np.repeat([0, 1], [60, 100])
    logs = np.log(np.where(classes[:, None] == [0, 1], 0.9, 0.1)).astype(np.float32)
    cost = np.array([[0, 3], [3, 0]], np.float32)
    held_out = HeldOut([logs], [classes], [classes], [fold], True)
    evidence = held_out.evidence(Decoder(cost, 0.0))
    assert evidence.correct == [True, True]
    known = [lengths_of([part], True) for part in (classes[60:], classes[:60])]
    wanted = [known[0].oddity(1, 20), known[1].oddity(1, 60)]
    assert evidence.oddity == pytest.approx(wanted)
    assert min(wanted) > 0.5


def few_labels(seed: int) -> TrainingExample:
    """One recording in which every label comes once or twice, each a level of its own."""
    rng = np.random.default_rng(seed)
    order = [*rng.permutation(3), *rng.permutation(3)[:2]]
    values = rng.standard_normal((3, 2400))
    spans, at = [], 4.0
    for kind in order:
        end = at + float(rng.integers(8, 16))
        values[kind, round(at * 20) : round(end * 20)] += rng.choice([1.6, 2.4])
        spans.append(Span(at, end, NAMES[kind], "state"))
        at = end + 4.0
    return made.reviewed(made.recording(values, name=f"few{seed}", channels=NAMES), spans, FEW)


def test_scores_after_one_recording_are_the_share_of_right_regions() -> None:
    scores, right = [], []
    for seed in range(8):
        segmenter = LearningSegmenter(FEW)
        segmenter.fit([few_labels(100 * seed)], made.quiet)
        for other in (few_labels(100 * seed + number) for number in range(1, 5)):
            for span in segmenter.segment(other.recording):
                scores.append(span.score or 0.0)
                right.append(any(made.event_f1([span], [true]) == 1 for true in other.spans))
    assert len(right) > 100
    assert np.mean(scores) == pytest.approx(np.mean(right), abs=0.07)


def test_lengths_survive_saving(tmp_path: Path) -> None:
    segmenter = LearningSegmenter(FEW)
    segmenter.fit([few_labels(0), few_labels(1)], made.quiet)
    segmenter.save(tmp_path)
    settings, arrays = weights.read(tmp_path)
    part = weights.join(settings.parts[0], arrays[0])
    assert isinstance(part, Chain)
    assert sorted(part.lengths.classes) == [1, 2, 3]
    assert Lengths.from_rows(part.lengths.rows()) == part.lengths
    assert part.curve.odd < 0


def test_a_region_cut_off_by_the_recording_tells_no_length() -> None:
    for cut in ([(1, 40), (0, 9)], [(0, 9), (1, 40)], [(0, 9), (UNKNOWN, 3), (1, 40), (0, 9)]):
        assert lengths_of([path_of(*cut)], True).rows() == []
    known = lengths_of([path_of((1, 400), (0, 9), (1, 40), (0, 9))], True)
    assert known.oddity(1, 40) == pytest.approx(0)


def test_a_region_cut_off_may_be_short_and_not_too_long() -> None:
    known = lengths_of([path_of((0, 9), (1, 40), (0, 9))], True)
    assert known.oddity(1, 5, whole=False) == 0
    assert known.oddity(1, 5, whole=True) > 0
    assert known.oddity(1, 400, whole=False) == known.oddity(1, 400, whole=True) > 0
    logs = np.log(np.full((60, 2), 0.5, np.float32))
    found = stretches_of(logs, path_of((1, 10), (0, 10), (1, 20), (0, 10), (1, 10)), True)
    assert [stretch.whole for stretch in found] == [False, True, False]
