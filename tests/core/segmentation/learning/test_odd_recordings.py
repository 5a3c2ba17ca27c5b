"""Missing values, channels, rates and lengths that were not trained on."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from kit import marked_signals as made
from kit.trained_models import of, trained

from tslab.recording import Recording, Signal
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span


def test_defect_05_missing_values_never_spread(model: LearningSegmenter) -> None:
    other = made.example(109)
    values = np.stack([signal.values() for signal in other.recording.signals])
    values[0, 400:420] = np.nan
    values[1, 1000] = np.inf
    found = model.segment(made.recording(values))
    whole = model.segment(other.recording)
    far = [s for s in whole if s.end < 15 or (s.start > 26 and s.end < 45) or s.start > 56]
    assert len(far) > 5
    same = [s for s in far if any(made.event_f1([s], [t]) == 1 for t in found)]
    assert len(same) >= 0.9 * len(far)


def test_defect_05_missing_values_in_training_do_no_harm() -> None:
    parts = []
    rng = np.random.default_rng(5)
    for seed in range(6):
        part = made.example(seed)
        values = np.stack([signal.values() for signal in part.recording.signals])
        values[rng.random(values.shape) < 0.03] = np.nan
        parts.append(made.reviewed(made.recording(values, name=f"r{seed}"), part.spans))
    other = made.example(110)
    found = trained(parts).segment(other.recording)
    assert made.event_f1(of(other.spans, "state"), of(found, "state")) >= 0.8


@pytest.mark.parametrize("fill", [np.nan, 7.0], ids=["missing", "constant"])
def test_a_channel_that_says_nothing_is_neutral(model: LearningSegmenter, fill: float) -> None:
    other = made.example(111)
    values = np.stack([signal.values() for signal in other.recording.signals])
    values[1] = fill
    filled = model.segment(made.recording(values))
    absent = model.segment(made.recording(values[:1], channels=("a",)))
    assert filled == absent
    high = [span for span in other.spans if span.label == "high"]
    found = [span for span in filled if span.label == "high"]
    assert made.event_f1(high, found) >= 0.7


def test_other_channels_and_no_known_channel_are_no_error(model: LearningSegmenter) -> None:
    values = np.random.default_rng(0).standard_normal((3, 2000))
    spans = model.segment(made.recording(values, channels=("A", "x", "y")))
    assert all(0 <= span.start <= span.end <= 100 for span in spans)
    model.segment(made.recording(values, channels=("x", "y", "z")))


def test_channels_are_matched_by_name_whatever_order_and_case(model: LearningSegmenter) -> None:
    other = made.example(112).recording
    turned = other.with_signals(
        [replace(signal, name=signal.name.upper()) for signal in reversed(other.signals)]
    )
    assert model.segment(turned) == model.segment(other)


def test_a_recording_without_samples_has_no_spans(model: LearningSegmenter) -> None:
    assert model.segment(Recording("none", (), 0.0)) == []
    assert model.segment(made.recording(np.zeros((2, 0)))) == []


@pytest.mark.parametrize("rate", [10.0, 40.0, 50.0])
def test_another_sampling_rate_finds_the_same(model: LearningSegmenter, rate: float) -> None:
    rng = np.random.default_rng(9)
    spans = [Span(20.0, 30.0, "high", "state"), Span(60.0, 69.0, "high", "state")]
    found = model.segment(made.recording(made.samples(spans, rng, 120, rate), rate))
    high = [span for span in found if span.label == "high"]
    assert made.event_f1(spans, high) >= 0.8
    assert all(abs(s.start * rate - round(s.start * rate)) < 1e-6 for s in found)


def test_recordings_of_mixed_rates_train_together() -> None:
    parts = [made.example(seed, rate=rate) for seed, rate in enumerate((10, 20, 20, 40, 25))]
    other = made.example(113)
    found = trained(parts).segment(other.recording)
    assert made.event_f1(of(other.spans, "state"), of(found, "state")) >= 0.8


def test_irregular_sampling(model: LearningSegmenter) -> None:
    rng = np.random.default_rng(2)
    spans = [Span(20.0, 30.0, "high", "state"), Span(60.0, 69.0, "high", "state")]
    values = made.samples(spans, rng, 120)
    times = np.arange(values.shape[1]) / made.RATE + rng.uniform(0, 0.02, values.shape[1])
    keep = (rng.random(values.shape[1]) < 0.9) & ~((times > 90) & (times < 100))
    times = times[keep]
    signals = [
        Signal.from_array(name, line[keep], made.RATE, times=times)
        for name, line in zip("ab", values, strict=True)
    ]
    found = model.segment(Recording("odd", tuple(signals), 120.0, gaps=((90.0, 100.0),)))
    assert made.event_f1(spans, [s for s in found if s.label == "high"]) == 1.0
    rows = {*times.tolist(), 120.0}
    assert all(span.start in rows and span.end in rows for span in found)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 17, 50])
def test_very_short_recordings_train_and_predict(count: int, model: LearningSegmenter) -> None:
    rng = np.random.default_rng(count)
    values = rng.standard_normal((2, count))
    short = made.recording(values)
    spans = [
        Span(0.0, 1 / made.RATE, "high", "state"),
        Span(0.0, 0.0, "click", "tick"),
    ]
    small = trained([made.reviewed(short, spans)])
    for segmenter in (small, model):
        for span in segmenter.segment(short):
            assert 0 <= span.start <= span.end <= short.duration


def test_defect_18_memory_does_not_grow_with_the_recording(model: LearningSegmenter) -> None:
    """The reference takes about 7 KB a row; here a long recording is read in pieces."""
    peaks = []
    for seconds in (5_000.0, 20_000.0):
        long = made.example(105, seconds=seconds).recording
        tracemalloc.start()
        model.segment(long)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    more_rows = (20_000 - 5_000) * made.RATE
    assert (peaks[1] - peaks[0]) / more_rows < 300
