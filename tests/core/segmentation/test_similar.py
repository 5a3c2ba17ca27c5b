from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from kit import marked_signals as made

from tslab.recording import Recording
from tslab.segmentation.learning import LearningSegmenter
from tslab.segmentation.similar import find_similar
from tslab.spans import Span


def test_ranges_like_the_example_are_found_elsewhere() -> None:
    part = made.example(1)
    high = [span for span in part.spans if span.label == "high"]
    found = find_similar(part.recording, high[:1], made.DOMAIN, None)
    assert made.event_f1(high[1:], found) >= 0.8
    assert all(span.label == "high" and span.tier == "state" for span in found)
    assert all(span.end <= high[0].start or span.start >= high[0].end for span in found)
    assert all(0 < (span.score or 0) < 1 for span in found)


def test_instants_like_the_example_are_found_elsewhere() -> None:
    part = made.example(2)
    clicks = [span for span in part.spans if span.label == "click"]
    found = find_similar(part.recording, clicks[:1], made.DOMAIN, None)
    assert made.event_f1(clicks[1:], found) >= 0.75
    assert all(span.is_instant for span in found)
    assert clicks[0].start not in {span.start for span in found}


def test_several_labels_at_once_do_not_overlap() -> None:
    part = made.example(3)
    first = {span.label: span for span in reversed(part.spans)}
    found = find_similar(part.recording, list(first.values()), made.DOMAIN, None)
    assert {span.label for span in found} == {"high", "loud", "click"}
    states = [span for span in found if span.tier == "state"]
    assert all(a.end <= b.start for a, b in itertools.pairwise(states))
    assert found == find_similar(part.recording, list(first.values()), made.DOMAIN, None)


def test_a_trained_model_adds_what_it_knows() -> None:
    model = LearningSegmenter(made.DOMAIN)
    assert find_similar(made.example(4).recording, [], made.DOMAIN, model) == []
    model.fit([made.example(seed, 60.0) for seed in range(3)], made.quiet)
    part = made.example(5)
    loud = [span for span in part.spans if span.label == "loud"]
    found = find_similar(part.recording, loud[:1], made.DOMAIN, model)
    assert {span.label for span in found} == {"loud"}
    assert made.event_f1(loud[1:], found) >= 0.6


class Known:
    """A trained model that says what it was told."""

    version = "1"

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = spans

    def segment(self, recording: Recording) -> Sequence[Span]:
        return self.spans


def click(at: float, score: float | None = None) -> Span:
    return Span(at, at, "click", "tick", score)


@pytest.mark.parametrize("seed", [2, 7])
def test_several_examples_and_a_model_find_an_instant_once(seed: int) -> None:
    """Two examples whose moments were marked a little early and a little late."""
    part = made.example(seed)
    clicks = [span.start for span in part.spans if span.label == "click"]
    context = [click(clicks[0] - 0.1), click(clicks[1]), click(clicks[2] + 0.15)]
    model = Known([click(round(at + 0.05, 2), 0.99) for at in clicks])
    for segmenter in (None, model):
        found = find_similar(part.recording, context, made.DOMAIN, segmenter)
        for at in clicks[3:]:
            near = [span for span in found if abs(span.start - at) < 0.4]
            assert len(near) == 1, (at, near)
            assert segmenter is None or near[0].score == 0.99
        assert not [s for s in found if min(abs(s.start - at) for at in clicks[:3]) < 0.3]


def test_the_higher_score_stays_and_instants_that_are_close_by_nature_too() -> None:
    silence = made.recording(np.zeros((2, 1200)))
    twice = [click(20, 0.6), click(20.05, 0.9), click(20.1, 0.7)]
    model = Known([*twice, click(30, 0.5), click(40), click(50, 0.7)])
    context = [click(1.0)]
    found = find_similar(silence, context, made.DOMAIN, model)
    assert [span.start for span in found] == [20.05, 30, 40, 50]
    rhythm = [click(round(5 + 0.25 * n, 2), 0.8) for n in range(100)]
    assert find_similar(silence, context, made.DOMAIN, Known(rhythm)) == rhythm


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_short_recordings_are_no_error(count: int) -> None:
    values = np.random.default_rng(count).standard_normal((2, count))
    recording = made.recording(values)
    context = [Span(0.0, 0.0, "click", "tick"), Span(0.0, recording.duration, "high", "state")]
    for span in find_similar(recording, context, made.DOMAIN, None):
        assert 0 <= span.start <= span.end <= recording.duration


def test_labels_and_times_that_do_not_exist_are_not_looked_for() -> None:
    recording = made.example(6).recording
    context = [Span(1, 2, "unheard", "state"), Span(500, 600, "high", "state")]
    assert find_similar(recording, context, made.DOMAIN, None) == []


def test_missing_values_and_constant_channels_are_no_error() -> None:
    values = np.random.default_rng(0).standard_normal((2, 2000))
    values[0] = 3.0
    values[1, 500:900] = np.nan
    recording = made.recording(values)
    context = [Span(10.0, 12.0, "high", "state"), Span(60.0, 60.0, "click", "tick")]
    for span in find_similar(recording, context, made.DOMAIN, None):
        assert 0 <= span.start <= span.end <= recording.duration


def test_the_one_like_it_is_found_in_a_hundred_thousand_rows() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((4, 100_000))
    values[:, 40_000:40_400] += 4
    values[:, 70_000:70_500] += 4
    recording = made.recording(values, 100.0, channels=("a", "b", "c", "d"))
    context = [Span(400.0, 404.0, "high", "state")]
    found = find_similar(recording, context, made.DOMAIN, None)
    assert made.event_f1([Span(700.0, 705.0, "high", "state")], found) == 1.0
