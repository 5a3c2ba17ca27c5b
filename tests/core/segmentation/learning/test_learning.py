"""What the learning segmenter finds after it has learned, and when it cannot."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit import marked_signals as made
from kit.trained_models import QUIET, of, trained

from tslab.contracts import TrainableSegmenter
from tslab.errors import DataError
from tslab.recording import Recording
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span


def test_is_a_trainable_segmenter() -> None:
    assert isinstance(LearningSegmenter(made.DOMAIN), TrainableSegmenter)


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_finds_ranges_and_instants_elsewhere(model: LearningSegmenter, seed: int) -> None:
    other = made.example(seed)
    found = model.segment(other.recording)
    assert made.event_f1(of(other.spans, "state"), of(found, "state")) >= 0.85
    assert made.event_f1(of(other.spans, "tick"), of(found, "tick")) >= 0.95


def test_instants_are_placed_within_a_sample(model: LearningSegmenter) -> None:
    other = made.example(103)
    truth = np.array([span.start for span in of(other.spans, "tick")])
    found = np.array([span.start for span in of(model.segment(other.recording), "tick")])
    away = np.abs(found[:, None] - truth[None, :]).min(axis=1)
    assert np.median(away) <= 1 / made.RATE + 1e-9


def test_spans_lie_on_samples_inside_the_recording_and_states_apart(
    model: LearningSegmenter,
) -> None:
    other = made.example(104).recording
    found = model.segment(other)
    states = of(found, "state")
    assert len(states) > 3
    for span in found:
        assert 0 <= span.start <= span.end <= other.duration
        for time in (span.start, span.end):
            assert time * made.RATE == pytest.approx(round(time * made.RATE), abs=1e-6)
        assert span.score is not None
        assert span.is_instant == (span.tier == "tick")
    assert all(a.end <= b.start for a, b in itertools.pairwise(states))


def test_the_same_data_give_the_same_model_in_any_order(model: LearningSegmenter) -> None:
    again = trained([made.example(seed) for seed in (3, 5, 0, 1, 4, 2)])
    assert again.version == model.version
    other = made.example(105).recording
    assert again.segment(other) == model.segment(other)


def test_other_data_give_another_version(model: LearningSegmenter) -> None:
    assert trained([made.example(seed) for seed in range(5)]).version != model.version


def test_saved_and_loaded_it_finds_the_same_bit_for_bit(
    model: LearningSegmenter, tmp_path: Path
) -> None:
    model.save(tmp_path)
    fresh = LearningSegmenter(made.DOMAIN)
    fresh.load(tmp_path)
    other = made.example(106).recording
    assert fresh.version == model.version
    assert fresh.segment(other) == model.segment(other)


def test_untrained_it_says_so(tmp_path: Path) -> None:
    segmenter = LearningSegmenter(made.DOMAIN)
    assert segmenter.version == "untrained"
    with pytest.raises(DataError, match="not learned"):
        segmenter.segment(made.example(0).recording)
    with pytest.raises(DataError, match="nothing to save"):
        segmenter.save(tmp_path)


def test_nothing_to_learn_is_an_error_with_a_remedy() -> None:
    one = made.example(0)
    segmenter = LearningSegmenter(made.DOMAIN)
    for examples in ([], [replace(one, reviewed={})]):
        with pytest.raises(DataError, match="reviewed"):
            segmenter.fit(examples, QUIET)
    with pytest.raises(DataError, match="no label"):
        segmenter.fit([replace(one, spans=())], QUIET)
    empty = Recording("empty", (), 0.0)
    with pytest.raises(DataError, match="samples"):
        segmenter.fit([replace(one, recording=empty)], QUIET)
    assert segmenter.version == "untrained"


def test_a_failed_fit_leaves_the_old_model(model: LearningSegmenter) -> None:
    version = model.version
    with pytest.raises(DataError):
        model.fit([], QUIET)
    assert model.version == version


def test_one_recording_with_one_event_is_enough() -> None:
    rng = np.random.default_rng(1)
    spans = [Span(50.0, 62.0, "high", "state")]
    model = trained([made.reviewed(made.recording(made.samples(spans, rng, 120)), spans)])
    other = [Span(20.0, 31.0, "high", "state"), Span(80.0, 94.0, "high", "state")]
    found = model.segment(made.recording(made.samples(other, rng, 120)))
    assert made.event_f1(other, found) == 1.0


def test_few_examples_claim_little() -> None:
    rng = np.random.default_rng(1)
    spans = [Span(50.0, 62.0, "high", "state")]
    model = trained([made.reviewed(made.recording(made.samples(spans, rng, 120)), spans)])
    found = model.segment(made.recording(made.samples(spans, rng, 120)))
    assert found
    assert all(0.5 < (span.score or 0) < 0.99 for span in found)


def test_time_that_nobody_reviewed_teaches_nothing() -> None:
    examples = [made.example(seed) for seed in range(4)]
    half = []
    spoiled = []
    for part in examples:
        window = ((0.0, 60.0),)
        spans = [span for span in part.spans if span.end <= 60]
        cut = replace(part, spans=spans, reviewed={"state": window, "tick": window})
        half.append(cut)
        # Contradictions in the other half, which nobody reviewed.
        wrong = Span(70.0, 75.0, "loud", "state")
        spoiled.append(replace(cut, spans=[*spans, wrong]))
    other = made.example(107)
    model, same = trained(half), trained(spoiled)
    assert (
        made.event_f1(of(other.spans, "state"), of(model.segment(other.recording), "state")) > 0.8
    )
    assert same.segment(other.recording) == model.segment(other.recording)


def test_a_tier_that_was_not_reviewed_is_not_learned() -> None:
    parts = [made.example(seed) for seed in range(3)]
    parts = [replace(part, reviewed={"state": part.reviewed["state"]}) for part in parts]
    found = trained(parts).segment(made.example(108).recording)
    assert found
    assert not of(found, "tick")


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    LearningSegmenter(made.DOMAIN).fit(
        [made.example(0), made.example(1)], lambda share, what: shares.append(share)
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_scores_tell_right_from_wrong() -> None:
    """Labels that can hardly be seen get scores that are no higher than their share of hits."""
    parts = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        spans = [s for s in made.spans_of(rng, 120) if s.label == "high"]
        values = rng.standard_normal((2, 2400))
        for span in spans:
            values[0, round(span.start * 20) : round(span.end * 20)] += rng.choice([0.2, 0.8])
        parts.append(made.reviewed(made.recording(values, name=f"w{seed}"), spans))
    model = trained(parts[:15])
    hits, scores = [], []
    for part in parts[15:]:
        for span in model.segment(part.recording):
            hits.append(any(made.event_f1([span], [true]) == 1 for true in part.spans))
            scores.append(span.score or 0.0)
    assert len(hits) > 20
    assert np.mean(scores) == pytest.approx(np.mean(hits), abs=0.15)
