"""Generated recordings, the simulated annotator, the pytest plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tslab.testing
from tslab.domain import Channel, Choice, Domain, Label, RegionField, Tier, View
from tslab.spans import Span
from tslab.testing import noisy_annotator, synthetic_recording
from tslab.testing.legality import span_problems, uncovered
from tslab.testing.recording_files import shares_time_axis, write_recording_csv, write_sample


def labels(*names: str, **limits: float) -> tuple[Label, ...]:
    return tuple(
        Label(name=name, color=f"#0000{i:02x}", **limits) for i, name in enumerate(names, start=1)
    )


def make_domain(**changes: object) -> Domain:
    declared: dict[str, object] = {
        "name": "harbour",
        "title": "Harbour",
        "tiers": (
            Tier(name="tide", kind="states", labels=labels("Ebb", "Flood"), exhaustive=True),
            Tier(name="wind", kind="states", labels=labels("Calm", "Gale", "Storm")),
            Tier(name="ship", kind="intervals", labels=labels("Ferry", "Tanker")),
            Tier(name="horn", kind="instants", labels=labels("Short", "Long")),
        ),
        "views": (
            View(name="water", tiers=("tide",)),
            View(name="air", tiers=("wind",)),
            View(name="traffic", tiers=("ship",)),
            View(name="sound", tiers=("horn",)),
        ),
        "channels": (
            Channel(name="level", unit="m", value_range=(-2, 3)),
            Channel(name="open", kind="state"),
            Channel(name="ships", kind="count"),
            Channel(name="trend", derived=True),
        ),
        "fields": (
            RegionField(name="sure", kind="rating", maximum=4),
            RegionField(
                name="seen",
                kind="choice",
                choices=(Choice(value="Yes"), Choice(value="No")),
                per_label=("Ferry", "Tanker"),
            ),
            RegionField(
                name="flags",
                kind="choice",
                multiple=True,
                choices=tuple(Choice(value=name) for name in "ABC"),
            ),
            RegionField(name="note", kind="text"),
            RegionField(name="weight", kind="number", minimum=1, maximum=9),
            RegionField(name="where", kind="channel"),
        ),
    }
    return Domain.model_validate({**declared, **changes})


DOMAIN = make_domain()
WITH_EPOCHS = make_domain(
    name="sleep-like",
    epoch_seconds=30,
    page_seconds=30,
    tiers=(
        Tier(name="stage", kind="states", labels=labels("A", "B", "C"), exhaustive=True),
        Tier(name="event", kind="intervals", labels=labels("Ferry", "Tanker", min_seconds=3)),
    ),
    views=(),
)


# --- synthetic recordings -------------------------------------------------------------------


@pytest.mark.parametrize("domain", [DOMAIN, WITH_EPOCHS], ids=["plain", "epochs"])
@pytest.mark.parametrize("seconds", [None, 7.5, 60.0, 86_400.0])
def test_synthetic_truth_is_legal_and_complete(domain: Domain, seconds: float | None) -> None:
    sample = synthetic_recording(domain, seconds, seed=3)
    duration = sample.recording.duration
    assert span_problems(sample.truth, domain, duration) == []
    for tier in domain.tiers:
        spans = [span for span in sample.truth if span.tier == tier.name]
        if tier.exhaustive:
            assert uncovered(spans, duration) == []
        if seconds is None:
            assert {span.label for span in spans} == {label.name for label in tier.labels}


def test_synthetic_recordings_are_equal_for_equal_seeds_only() -> None:
    first, second = synthetic_recording(DOMAIN, 30, 1), synthetic_recording(DOMAIN, 30, 1)
    other = synthetic_recording(DOMAIN, 30, 2)
    assert list(first.truth) == list(second.truth)
    for a, b, c in zip(
        first.recording.signals, second.recording.signals, other.recording.signals, strict=True
    ):
        np.testing.assert_array_equal(a.values(), b.values())
        assert not np.array_equal(a.values(), c.values())
    assert list(first.truth) != list(other.truth)


def test_synthetic_signals_follow_the_channels() -> None:
    recording = synthetic_recording(DOMAIN, 60, 0).recording
    assert recording.channel_names == ("level", "open", "ships")  # no derived one
    level, is_open, ships = (signal.values() for signal in recording.signals)
    assert level.min() >= -2
    assert level.max() <= 3
    assert set(np.unique(is_open)) <= {0.0, 1.0}
    np.testing.assert_array_equal(ships, np.round(ships))
    assert recording.signals[0].unit == "m"


def test_labels_can_be_seen_in_the_signal() -> None:
    domain = make_domain(tiers=DOMAIN.tiers[2:3], views=(), fields=(), channels=())
    sample = synthetic_recording(domain, 60, 0)
    signal = sample.recording.signals[0]
    span = max(sample.truth, key=lambda item: item.duration)
    inside = signal.read(span.start, span.end)[1].mean()
    assert abs(inside - np.median(signal.values())) > 0.5


def test_synthetic_respects_the_limits_of_labels() -> None:
    tier = Tier(
        name="ship",
        kind="intervals",
        labels=labels("Ferry", "Tanker", min_seconds=2.0, max_seconds=4.0),
    )
    domain = make_domain(tiers=(tier,), views=(), fields=())
    spans = synthetic_recording(domain, 120, 5).truth
    assert spans
    assert all(2.0 <= span.duration <= 4.0 for span in spans)


def test_synthetic_epochs_lie_on_their_grid() -> None:
    spans = synthetic_recording(WITH_EPOCHS, 3600, 5).truth
    stages = [span for span in spans if span.tier == "stage"]
    assert all(span.start % 30 == 0 for span in stages)


def test_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        synthetic_recording(DOMAIN, 0)


def test_sample_is_written_as_csv_or_by_itself(tmp_path: Path) -> None:
    from dataclasses import replace

    sample = synthetic_recording(DOMAIN, 10, 0)
    path = write_sample(sample, tmp_path)
    assert path is not None
    lines = path.read_text().splitlines()
    assert lines[0] == "time,level,open,ships"
    assert len(lines) == sample.recording.signals[0].sample_count + 1

    native = replace(sample, write=lambda folder: folder / "own.bin")
    assert write_sample(native, tmp_path) == tmp_path / "own.bin"


def test_signals_of_several_rates_share_no_csv(tmp_path: Path) -> None:
    from dataclasses import replace

    from tslab.recording import Signal

    sample = synthetic_recording(DOMAIN, 10, 0)
    slow = Signal.from_array("slow", np.zeros(10), 1.0)
    mixed = sample.recording.with_signals([*sample.recording.signals, slow])
    assert not shares_time_axis(mixed)
    assert write_sample(replace(sample, recording=mixed), tmp_path) is None


def test_missing_values_become_empty_cells(tmp_path: Path) -> None:
    from tslab.recording import Recording, Signal

    signal = Signal.from_array("a", np.array([1.0, np.nan, 3.0]), 1.0)
    write_recording_csv(Recording("", (signal,), 3.0), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "time,a\n0,1\n1,\n2,3\n"


# --- the simulated annotator ----------------------------------------------------------------

rates = st.floats(0.0, 1.0)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    jitter=rates,
    miss=rates,
    false=rates,
    relabel=rates,
    seconds=st.sampled_from([4.0, 60.0, 3600.0]),
    epochs=st.booleans(),
    by_duration=st.booleans(),
)
def test_whatever_goes_wrong_stays_legal(
    seed: int,
    jitter: float,
    miss: float,
    false: float,
    relabel: float,
    seconds: float,
    epochs: bool,
    by_duration: bool,
) -> None:
    domain = WITH_EPOCHS if epochs else DOMAIN
    sample = synthetic_recording(domain, seconds, seed % 5)
    duration = sample.recording.duration
    marked = noisy_annotator(
        sample.truth,
        duration if by_duration else sample.recording,
        domain,
        seed,
        jitter=jitter,
        miss=miss,
        false=false,
        relabel=relabel,
    )
    assert span_problems(marked, domain, duration) == []
    for tier in domain.tiers:
        if tier.exhaustive:
            spans = [span for span in marked if span.tier == tier.name]
            assert uncovered(spans, duration) == []
    assert all(span.score is None and span.id == "" for span in marked)


def test_same_seed_same_annotator() -> None:
    sample = synthetic_recording(DOMAIN, 60, 0)
    first = noisy_annotator(sample.truth, sample.recording, DOMAIN, 1)
    assert first == noisy_annotator(sample.truth, sample.recording, DOMAIN, 1)
    assert first != noisy_annotator(sample.truth, sample.recording, DOMAIN, 2)


def test_without_errors_it_is_the_truth() -> None:
    sample = synthetic_recording(DOMAIN, 60, 0)
    marked = noisy_annotator(
        sample.truth, sample.recording, DOMAIN, 1, jitter=0, miss=0, false=0, relabel=0
    )
    key = [(s.start, s.end, s.label, s.tier, dict(s.fields)) for s in marked]
    assert key == [(s.start, s.end, s.label, s.tier, dict(s.fields)) for s in sample.truth]


def instants(count: int) -> list[Span]:
    return [Span(float(i + 1), float(i + 1), "Short", "horn") for i in range(count)]


def test_missed_share_is_about_the_asked_one() -> None:
    marked = noisy_annotator(instants(1000), 1002.0, DOMAIN, 1, jitter=0, false=0, miss=0.2)
    assert 750 <= len(marked) <= 850


def test_false_share_is_about_the_asked_one() -> None:
    marked = noisy_annotator(instants(1000), 1002.0, DOMAIN, 1, jitter=0, miss=0, false=0.2)
    assert 1150 <= len(marked) <= 1250


def test_relabelled_share_is_about_the_asked_one() -> None:
    marked = noisy_annotator(instants(1000), 1002.0, DOMAIN, 1, jitter=0, miss=0, false=0)
    wrong = sum(span.label == "Long" for span in marked)
    assert 20 <= wrong <= 90


def test_borders_move_a_little_and_on_sample_times() -> None:
    sample = synthetic_recording(DOMAIN, 600, 0)
    true = [span for span in sample.truth if span.tier == "ship"]
    marked = noisy_annotator(true, sample.recording, DOMAIN, 4, miss=0, false=0, relabel=0)
    rate = sample.recording.signals[0].sampling_rate
    moved = [abs(a.start - b.start) for a, b in zip(true, marked, strict=True)]
    assert 0 < max(moved) < 0.3 * max(span.duration for span in true)
    assert all(abs(s.start * rate - round(s.start * rate)) < 1e-3 * rate for s in marked)


def test_epochs_move_by_whole_epochs() -> None:
    sample = synthetic_recording(WITH_EPOCHS, 7200, 1)
    marked = noisy_annotator(sample.truth, sample.recording, WITH_EPOCHS, 1, jitter=0.5)
    assert all(span.start % 30 == 0 for span in marked if span.tier == "stage")


def test_answers_are_added_where_the_truth_has_none() -> None:
    marked = noisy_annotator([Span(1, 3, "Ferry", "ship")], 60.0, DOMAIN, 0, miss=0, false=0)
    assert set(marked[0].fields) == {"sure", "seen", "flags", "note", "weight", "where"}
    assert span_problems(marked, DOMAIN, 60.0) == []


def test_no_spans_no_work() -> None:
    assert noisy_annotator([], 10.0, DOMAIN, 0) == []


# --- legality -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ([Span(0, 1, "Ferry", "boat")], "tier 'boat'"),
        ([Span(0, 1, "Ebb", "ship")], "label that tier 'ship' lacks"),
        ([Span(0, 99, "Ferry", "ship")], "ends after the recording"),
        ([Span(1, 2, "Short", "horn")], "longer than an instant"),
        ([Span(1, 1, "Ebb", "tide")], "has no length"),
        ([Span(0, 2, "Ebb", "tide"), Span(1, 3, "Flood", "tide")], "overlaps"),
        ([Span(0, 1, "Ferry", "ship", fields={"size": "big"})], "field 'size'"),
        ([Span(0, 1, "Ferry", "ship", fields={"sure": 9.0})], "'sure' with 9.0"),
        ([Span(0, 1, "Ferry", "ship", fields={"sure": "4"})], "'sure' with '4'"),
        ([Span(0, 1, "Ferry", "ship", fields={"seen": "Perhaps"})], "'seen' with"),
        ([Span(0, 1, "Ferry", "ship", fields={"flags": "A"})], "'flags' with"),
        ([Span(0, 1, "Ferry", "ship", fields={"note": 1.0})], "'note' with"),
    ],
)
def test_illegal_spans_are_named(spans: list[Span], words: str) -> None:
    problems = span_problems(spans, DOMAIN, 10.0)
    assert len(problems) == 1
    assert words in problems[0]


def test_uncovered_stretches() -> None:
    spans = [Span(1, 2, "Ebb", "tide"), Span(4, 5, "Flood", "tide")]
    assert uncovered(spans, 6.0, gaps=[(2, 3)]) == [(0.0, 1.0), (3.0, 4.0), (5.0, 6.0)]


# --- the pytest plugin ----------------------------------------------------------------------


def test_public_names_exist() -> None:
    for name in tslab.testing.__all__:
        assert getattr(tslab.testing, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        _ = tslab.testing.nothing


def test_pytest_plugin_imports_next_to_nothing() -> None:
    code = (
        "import sys, tslab.testing.pytest_plugin;"
        "print([m for m in ('numpy', 'pydantic', 'tslab.domain', 'click')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
