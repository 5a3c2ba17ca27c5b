from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit import marked_signals as made

from tslab.contracts import TrainableSegmenter, TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.errors import DataError
from tslab.recording import Recording, Signal
from tslab.segmentation.learning import LearningSegmenter
from tslab.spans import Span

QUIET = made.quiet


def trained(examples: Sequence[TrainingExample], domain: Domain = made.DOMAIN) -> LearningSegmenter:
    segmenter = LearningSegmenter(domain)
    segmenter.fit(examples, QUIET)
    return segmenter


@pytest.fixture(scope="module")
def model() -> LearningSegmenter:
    return trained([made.example(seed) for seed in range(6)])


def of(spans: Sequence[Span], tier: str) -> list[Span]:
    return [span for span in spans if span.tier == tier]


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


def test_labels_that_never_occur_are_never_found() -> None:
    parts = []
    for seed in range(3):
        part = made.example(seed)
        parts.append(replace(part, spans=[s for s in part.spans if s.label != "loud"]))
    found = trained(parts).segment(made.example(114).recording)
    assert {span.label for span in found} == {"high", "click"}


EXHAUSTIVE = Domain(
    name="stages",
    title="Stages",
    tiers=(
        Tier(
            name="stage",
            kind="states",
            labels=(Label(name="low"), Label(name="high")),
            exhaustive=True,
        ),
    ),
    open_channels=True,
)


def stages(seed: int) -> TrainingExample:
    rng = np.random.default_rng(seed)
    edges = [0.0, *np.cumsum(rng.integers(8, 15, 8)).astype(float).tolist()]
    spans = [
        Span(a, b, ("low", "high")[i % 2], "stage")
        for i, (a, b) in enumerate(itertools.pairwise(edges))
    ]
    return made.reviewed(made.recording(made.samples(spans, rng, edges[-1])), spans, EXHAUSTIVE)


def test_a_tier_that_must_be_full_has_no_holes() -> None:
    model = trained([stages(seed) for seed in range(4)], EXHAUSTIVE)
    other = stages(50)
    found = model.segment(other.recording)
    assert found[0].start == 0.0
    assert found[-1].end == other.recording.duration
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert made.event_f1(other.spans, found) >= 0.85


def test_one_label_everywhere_is_learned_as_such() -> None:
    values = np.random.default_rng(0).standard_normal((2, 400))
    made_all = made.recording(values)
    spans = [Span(0.0, 20.0, "low", "stage")]
    model = trained([made.reviewed(made_all, spans, EXHAUSTIVE)], EXHAUSTIVE)
    assert [(s.start, s.end, s.label) for s in model.segment(made_all)] == [(0.0, 20.0, "low")]


MIXED = Domain(
    name="foreign",
    title="One control for everything",
    tiers=(
        Tier(
            name="any",
            kind="intervals",
            labels=(Label(name="high"), Label(name="loud"), Label(name="click")),
        ),
    ),
    open_channels=True,
)


def mixed(seed: int, overlapping: bool) -> TrainingExample:
    rng = np.random.default_rng(seed)
    part = made.spans_of(rng, 120.0)
    spans = [replace(span, tier="any") for span in part]
    if overlapping:
        spans = [
            replace(s, start=s.start - 8, end=s.end) if s.label == "loud" else s for s in spans
        ]
    values = made.samples(spans, rng, 120.0)
    return made.reviewed(made.recording(values, name=f"m{seed}"), spans, MIXED)


@pytest.mark.parametrize("overlapping", [False, True])
def test_an_intervals_tier_holds_ranges_and_instants(overlapping: bool) -> None:
    model = trained([mixed(seed, overlapping) for seed in range(6)], MIXED)
    other = mixed(60, overlapping)
    found = model.segment(other.recording)
    assert {span.label for span in found if span.is_instant} == {"click"}
    assert made.event_f1(other.spans, found) >= 0.8
    ranges = [span for span in found if not span.is_instant]
    overlaps = any(a.end > b.start for a, b in itertools.pairwise(ranges) if a.label != b.label)
    assert overlaps == overlapping


def test_the_least_length_of_a_label_is_kept(model: LearningSegmenter, tmp_path: Path) -> None:
    tier = made.DOMAIN.tiers[0]
    labels = tuple(label.model_copy(update={"min_seconds": 7.5}) for label in tier.labels)
    strict = made.DOMAIN.model_copy(
        update={"tiers": (tier.model_copy(update={"labels": labels}), made.DOMAIN.tiers[1])}
    )
    model.save(tmp_path)
    segmenter = LearningSegmenter(strict)
    segmenter.load(tmp_path)
    other = made.example(115).recording
    lengths = [span.duration for span in of(segmenter.segment(other), "state")]
    loose = [span.duration for span in of(model.segment(other), "state")]
    assert min(loose) < 7.5 <= min(lengths)


def test_labels_that_the_domain_lost_are_not_predicted(
    model: LearningSegmenter, tmp_path: Path
) -> None:
    model.save(tmp_path)
    tier = made.DOMAIN.tiers[0].model_copy(update={"labels": (Label(name="high"),)})
    segmenter = LearningSegmenter(made.DOMAIN.model_copy(update={"tiers": (tier,)}))
    segmenter.load(tmp_path)
    assert {s.label for s in segmenter.segment(made.example(116).recording)} == {"high"}


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
