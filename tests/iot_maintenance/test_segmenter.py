"""The IoT segmenter on recordings: planted faults, channels, rates, missing values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab import Domain, Recording, Signal, Span
from tslab.overrides import effective_domain
from tslab.settings import LabelChanges, Settings
from tslab_iot_maintenance.findings import FloatArray
from tslab_iot_maintenance.iot import tslab_sample_recordings, tslab_segmenters
from tslab_iot_maintenance.ontology import DOMAIN
from tslab_iot_maintenance.segmenter import RuleSegmenter
from tslab_iot_maintenance.synthetic import Machine, synthesize_machine

SEGMENTER = RuleSegmenter(DOMAIN)
NAME_OF = {label.code: label.name for label in DOMAIN.tier("anomaly").labels}
RNG = np.random.default_rng(3)


def recorded(machine: Machine, rate: float = 1.0) -> Recording:
    signals = [
        Signal.from_array(name, values, rate, machine.units[name])
        for name, values in machine.values.items()
    ]
    return Recording("rec-a", signals, duration=machine.times.size / rate)


def of(*signals: Signal) -> Recording:
    return Recording("rec-a", signals, duration=max(s.duration for s in signals))


def noise(count: int = 2000, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).standard_normal(count)


def labels(spans: list[Span]) -> list[str]:
    return [span.label for span in spans]


def assert_legal(spans: list[Span], recording: Recording) -> None:
    names = set(recording.channel_names)
    for span in spans:
        assert 0 <= span.start <= span.end <= recording.duration
        assert span.tier == "anomaly"
        assert span.label in NAME_OF.values()
        assert span.score is not None
        assert 0 < span.score <= 1
        channels = span.fields.get("channel", ())
        assert isinstance(channels, tuple)
        assert channels
        assert set(channels) <= names


def overlaps(span: Span, start: float, end: float) -> bool:
    return span.start <= end and span.end >= start


# --- planted faults -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("code", ["SPK", "STK", "DRO", "CLP", "PCX", "TRD", "LVL"])
def test_planted_faults_are_found_on_their_channel(seed: int, code: str) -> None:
    machine = synthesize_machine(seed=seed, seconds=5400.0)
    spans = SEGMENTER.segment(recorded(machine))
    (planted,) = (fault for fault in machine.truth if fault.code == code)
    near = [
        span
        for span in spans
        if overlaps(span, planted.start, planted.end) and planted.channel in span.fields["channel"]
    ]
    assert near, f"{code} on {planted.channel} was not found"
    if code in {"SPK", "STK", "DRO", "CLP"}:
        assert NAME_OF[code] in labels(near)


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_machine_is_left_in_peace(seed: int) -> None:
    recording = recorded(synthesize_machine(seed=seed, seconds=5400.0, faults=False))
    spans = SEGMENTER.segment(recording)
    assert sum(span.duration for span in spans) < 0.02 * recording.duration
    assert len(spans) <= 3


def test_answers_are_legal_sorted_and_the_same_twice() -> None:
    recording = recorded(synthesize_machine(seed=4, seconds=5400.0))
    spans = SEGMENTER.segment(recording)
    assert_legal(spans, recording)
    assert [s.start for s in spans] == sorted(s.start for s in spans)
    assert RuleSegmenter(DOMAIN).segment(recording) == spans
    (spec,) = tslab_segmenters(DOMAIN)
    assert spec.create(DOMAIN).version == SEGMENTER.version


def test_samples_differ_and_say_what_they_are() -> None:
    samples = tslab_sample_recordings(DOMAIN)
    assert len({sample.name for sample in samples}) == 3
    assert all({"machine", "site"} <= set(sample.metadata) for sample in samples)
    assert not np.array_equal(
        samples[0].recording.signals[0].values(), samples[1].recording.signals[0].values()
    )


# --- the project's labels and fields --------------------------------------------------------


def test_labels_removed_in_the_project_are_left_out() -> None:
    recording = recorded(synthesize_machine(seed=0, seconds=5400.0))
    everything = set(labels(SEGMENTER.segment(recording)))
    given_up = LabelChanges(remove=("Stuck", "Dropout"))
    domain = effective_domain(DOMAIN, Settings(domain="iot", labels={"anomaly": given_up}))
    rest = set(labels(RuleSegmenter(domain).segment(recording)))
    assert {"Stuck", "Dropout"} <= everything
    assert rest == everything - {"Stuck", "Dropout"}


def test_without_the_field_no_channel_is_answered() -> None:
    fields = tuple(item for item in DOMAIN.fields if item.name != "channel")
    domain: Domain = DOMAIN.model_copy(update={"fields": fields})
    spans = RuleSegmenter(domain).segment(recorded(synthesize_machine(seed=0, seconds=5400.0)))
    assert spans
    assert all(span.fields == {} for span in spans)


# --- channels -------------------------------------------------------------------------------


def test_one_channel_is_enough() -> None:
    values = noise()
    values[700:760] = values[700]
    recording = of(Signal.from_array("flow", values, 1.0))
    spans = SEGMENTER.segment(recording)
    assert_legal(spans, recording)
    (stuck,) = (span for span in spans if span.label == "Stuck")
    assert (stuck.start, stuck.end) == (700.0, 760.0)
    assert stuck.fields == {"channel": ("flow",)}


def test_channels_of_several_rates() -> None:
    fast, slow = noise(20_000, 1), noise(200, 2)
    fast[5000] += 30
    slow[120:140] = slow[120]
    recording = of(Signal.from_array("fast", fast, 100.0), Signal.from_array("slow", slow, 1.0))
    spans = SEGMENTER.segment(recording)
    assert_legal(spans, recording)
    spikes = [s for s in spans if s.label == "Spike"]
    assert [(s.start, s.fields["channel"]) for s in spikes] == [(50.0, ("fast",))]
    assert any(
        s.label == "Stuck" and overlaps(s, 121, 139) and s.fields["channel"] == ("slow",)
        for s in spans
    )


def test_irregular_times_give_times_of_samples() -> None:
    times = np.cumsum(np.random.default_rng(5).uniform(0.5, 1.5, 2000))
    values = noise(seed=6)
    values[900] += 40
    signal = Signal.from_array("p", values, 1.0, times=times)
    recording = of(signal)
    spans = [s for s in SEGMENTER.segment(recording) if s.label == "Spike"]
    assert [s.start for s in spans] == [pytest.approx(times[900])]


def test_missing_values_are_a_dropout() -> None:
    values = noise(seed=7)
    values[400:500] = np.nan
    recording = of(Signal.from_array("a", values, 1.0), Signal.from_array("b", noise(seed=8), 1.0))
    spans = SEGMENTER.segment(recording)
    assert_legal(spans, recording)
    (dropout,) = (s for s in spans if s.label == "Dropout")
    assert (dropout.start, dropout.end) == (400.0, 500.0)
    assert dropout.fields["channel"] == ("a",)


def test_infinite_values_are_missing() -> None:
    values = noise(seed=9)
    values[400:500] = np.inf
    recording = of(Signal.from_array("a", values, 1.0))
    assert "Dropout" in labels(SEGMENTER.segment(recording))


def test_discrete_states_are_not_stuck_and_not_clipped() -> None:
    """A valve that stays open for an hour does its work."""
    state = np.repeat([0.0, 1.0, 0.0, 2.0, 1.0], 400)
    recording = of(
        Signal.from_array("valve", state, 1.0, kind="state"),
        Signal.from_array("pressure", noise(seed=10), 1.0),
    )
    spans = SEGMENTER.segment(recording)
    assert_legal(spans, recording)
    told = [s for s in spans if "valve" in s.fields["channel"]]
    assert not [s for s in told if s.label in {"Stuck", "Clipping", "Spike"}]


def test_derived_and_empty_channels_are_not_judged() -> None:
    broken = noise(seed=11)
    broken[500:900] = np.nan
    recording = of(
        Signal.from_array("a", noise(seed=12), 1.0),
        Signal.from_array("trend", broken, 1.0, derived=True),
        Signal.from_array("nothing", np.zeros(0), 1.0),
    )
    assert SEGMENTER.segment(recording) == []


def test_a_recording_without_samples_has_no_anomaly() -> None:
    recording = Recording("rec-a", [Signal.from_array("a", np.zeros(0), 1.0)], duration=0.0)
    assert SEGMENTER.segment(recording) == []


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    counts=st.lists(st.integers(1, 1500), min_size=1, max_size=4),
    missing=st.floats(0, 1),
    scale=st.sampled_from([1e-300, 1e-6, 1.0, 1e9, 1e300]),
)
def test_any_recording_gets_a_legal_answer(
    seed: int, counts: list[int], missing: float, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    signals = []
    for number, count in enumerate(counts):
        values = rng.standard_normal(count).cumsum() * scale
        values[rng.random(count) < missing / 2] = np.nan
        if rng.random() < 0.5:
            values = np.round(values / scale) * scale
        rate = float(rng.choice([0.1, 1.0, 10.0]))
        times = None
        if rng.random() < 0.3:
            times = np.cumsum(rng.exponential(1 / rate, count))
        signals.append(Signal.from_array(f"c{number}", values, rate, times=times))
    recording = of(*signals)
    assert_legal(SEGMENTER.segment(recording), recording)
