"""From frames to spans: regression, decoding, scores and targets."""

from __future__ import annotations

import itertools
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit import marked_signals as made

from tslab.domain import Label, Tier
from tslab.segmentation.chain import decoding
from tslab.segmentation.chain.calibration import Curve, fit_curve
from tslab.segmentation.chain.decoding import runs, viterbi
from tslab.segmentation.chain.model import stretches_of
from tslab.segmentation.chain.regions import without_gaps
from tslab.segmentation.chain.relevance import pieces_of, relevance, squared_t
from tslab.segmentation.chain.softmax import balanced, fit_softmax
from tslab.segmentation.chain.targets import Task, frame_classes
from tslab.segmentation.chain.tuning import UNKNOWN, change_costs, matched, tune
from tslab.spans import Span


def test_softmax_meets_the_conditions_of_a_minimum() -> None:
    rng = np.random.default_rng(5)
    table = rng.standard_normal((400, 6)).astype(np.float32)
    classes = (table @ rng.standard_normal((6, 3))).argmax(axis=1).astype(np.int64)
    weight = balanced(classes, 3)
    fitted = fit_softmax(table, classes, weight, 0.05, 3)
    chances = np.exp(fitted.log_probabilities(table))
    hot = np.eye(3)[classes]
    slope = table.T @ ((chances - hot) * weight[:, None]) + 0.05 * fitted.weights
    assert np.abs(slope).max() < 5e-3
    assert (chances.argmax(axis=1) == classes).mean() > 0.9


def test_every_class_weighs_the_same() -> None:
    weight = balanced(np.array([0] * 90 + [2] * 10), 3)
    assert weight.sum() == pytest.approx(1)
    assert weight[:90].sum() == pytest.approx(weight[90:].sum())


def test_features_that_only_fit_one_event_are_doubted() -> None:
    """One feature tells events apart in every recording, the other in one of six only."""
    rng = np.random.default_rng(6)
    classes = np.tile(np.repeat([0, 1, 0], 40), 6).astype(np.int64)
    place = np.repeat(np.arange(6), 120)
    table = rng.standard_normal((720, 3)).astype(np.float32)
    table[:, 0] += 2 * classes
    table[:, 1] += 9 * ((classes == 1) & (place == 2))
    trust = relevance(squared_t(table, pieces_of(classes, place), np.ones(3, np.int64)), 8.0)
    assert trust[0] > 0.8
    assert trust[1] < 0.4 * trust[0]
    assert trust[2] < 0.4 * trust[0]


def plain_viterbi(gains: np.ndarray, cost: np.ndarray) -> float:
    worth = np.zeros(gains.shape[1])
    for line in gains.astype(float):
        worth = (worth[:, None] - cost).max(axis=0) + line
    return float(worth.max())


def worth_of(path: np.ndarray, gains: np.ndarray, cost: np.ndarray) -> float:
    total = gains[np.arange(len(path)), path].astype(float).sum()
    return float(total - sum(cost[a, b] for a, b in itertools.pairwise(path)))


@given(st.integers(1, 700), st.integers(1, 14), st.integers(0, 10**6), st.booleans())
@settings(max_examples=90)
def test_viterbi_finds_a_best_path(frames: int, classes: int, seed: int, small: bool) -> None:
    rng = np.random.default_rng(seed)
    gains = rng.standard_normal((frames, classes)).astype(np.float32)
    cost = rng.uniform(0, 4, (classes, classes)).astype(np.float32)
    np.fill_diagonal(cost, 0)
    with patch.object(decoding, "SMALL_TREE", 10**9 if small else 0):
        path = viterbi(gains, cost)
    assert path.shape == (frames,)
    best = plain_viterbi(gains, cost)
    assert worth_of(path, gains, cost) == pytest.approx(best, rel=1e-4, abs=1e-3)


def test_runs_cover_a_path() -> None:
    path = np.array([0, 0, 2, 2, 2, 1])
    assert runs(path) == [(0, 2, 0), (2, 5, 2), (5, 6, 1)]
    assert runs(path[:0]) == []


def test_changes_that_were_seen_cost_less() -> None:
    cost = change_costs([np.array([0, 0, 1, 1, 0, 0, 1, 1, UNKNOWN, 2, 2])], 3)
    assert cost[0, 1] < cost[0, 2]
    assert (np.diag(cost) == 0).all()
    assert np.isfinite(cost).all()


def test_tuning_smooths_what_is_fragmented() -> None:
    rng = np.random.default_rng(7)
    truth = [np.repeat([0, 1, 0, 1, 0], 40).astype(np.int64) for _ in range(4)]
    logs = []
    for path in truth:
        noisy = np.where(rng.random(200) < 0.25, 1 - path, path)
        chances = np.where(np.stack([1 - noisy, noisy], axis=1) == 1, 0.7, 0.3)
        logs.append(np.log(chances).astype(np.float32))
    decoder, _, value = tune(logs, truth, change_costs(truth, 2), background=True)
    assert value > 0.8
    assert decoder.cost[0, 1] > 1


def test_long_runs_are_cut_where_the_class_is_least_sure() -> None:
    logs = np.log(np.full((100, 2), 0.5, np.float32))
    logs[20:80, 1] = -0.05
    logs[47, 1] = -2.0
    path = np.zeros(100, np.int64)
    path[20:80] = 1
    found = stretches_of(logs, path, True, {1: 40})
    assert [(round(s.first), round(s.last)) for s in found] == [(20, 47), (47, 80)]


def test_gaps_part_regions() -> None:
    gaps = ((12.0, 15.0), (16.0, 16.1), (19.0, 30.0))
    assert list(without_gaps((10.0, 20.0), gaps, 1.0)) == [(10.0, 12.0), (15.0, 19.0)]
    assert list(without_gaps((13.0, 14.0), gaps, 1.0)) == []


def test_scores_follow_the_share_of_hits() -> None:
    rng = np.random.default_rng(8)
    confidence = rng.uniform(0.5, 0.995, 600)
    odds = np.log(confidence / (1 - confidence))
    correct = rng.random(600) < 1 / (1 + np.exp(1.5 - odds))
    curve = fit_curve(confidence.tolist(), correct.tolist())
    for low in (0.5, 0.7, 0.9):
        part = (confidence >= low) & (confidence < low + 0.1)
        scores = [curve.score(float(c)) for c in confidence[part]]
        assert np.mean(scores) == pytest.approx(correct[part].mean(), abs=0.08)


def test_few_regions_claim_little_and_more_confident_is_never_less_probable() -> None:
    assert fit_curve([], []) == Curve()
    one, many = fit_curve([0.9], [True]), fit_curve([0.9] * 100, [True] * 100)
    assert 0.5 < one.score(0.9) < many.score(0.9)
    assert many.score(0.9) > 0.95
    backwards = fit_curve([0.6] * 50 + [0.95] * 50, [True] * 50 + [False] * 50)
    assert backwards.score(0.95) >= backwards.score(0.6)


def test_frames_belong_to_the_region_that_holds_their_centre() -> None:
    tier = Tier(name="state", kind="states", labels=(Label(name="high"),))
    spans = [Span(1.0, 2.0, "high", tier.name), Span(5.1, 5.2, "high", tier.name)]
    recording = made.recording(np.zeros((2, 200)))
    part = made.TrainingExample(recording, spans, {"state": ((0.0, 3.0), (5.0, 7.0))})
    task = Task("state", ("high",), False, True)
    classes = frame_classes(task, part, 20, 0.5)
    unknown = UNKNOWN
    # A region shorter than a frame fills the frame that it lies in.
    expected = [0, 0, 1, 1, 0, 0, *[unknown] * 4, 1, 0, 0, 0, *[unknown] * 6]
    assert classes.tolist() == expected


def test_guesses_match_by_half_of_the_union_and_label() -> None:
    guesses = [(0, 10, 1), (20, 24, 1), (30, 40, 2)]
    events = [(0, 10, 1), (20, 40, 1)]
    assert matched(guesses, events).tolist() == [True, False, False]
    assert matched([], events).tolist() == []
