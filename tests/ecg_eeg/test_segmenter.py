"""The ECG segmenter on recordings: coverage, labels, leads, rates, gaps, refusals."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab import DataError, Domain, Recording, Signal, Span
from tslab.overrides import effective_domain
from tslab.settings import LabelChanges, Settings
from tslab_ecg_eeg.arrays import FloatArray
from tslab_ecg_eeg.ecg import tslab_derived_channels, tslab_segmenters
from tslab_ecg_eeg.ecg_ontology import DOMAIN
from tslab_ecg_eeg.ecg_segmenter import (
    LEAST_SURE,
    LEAST_SURE_IN_NOISE,
    RuleSegmenter,
    heart_rate,
    read_leads,
)
from tslab_ecg_eeg.synthetic import Segment, SyntheticEcg, synthesize_ecg

SEGMENTER = RuleSegmenter(DOMAIN)
DATA = Path(os.environ.get("TSLAB_DATA", Path(__file__).parents[2] / "../shared/data")) / "ecg"
MIXED = [Segment("(N", 60), Segment("(AFIB", 60), Segment("(N", 30)]
PAUSED = [Segment("(N", 60, pause=3.2)]


def made(plan: list[Segment], rate: float = 250.0, leads: int = 2, seed: int = 1) -> SyntheticEcg:
    return synthesize_ecg(plan, sampling_rate=rate, seed=seed, leads=leads)


def recorded(ecg: SyntheticEcg, names: tuple[str, ...] = ("II", "V5")) -> Recording:
    signals = [
        Signal.from_array(name, values, ecg.sampling_rate, "mV")
        for name, values in zip(names, ecg.leads, strict=False)
    ]
    return Recording("rec-a", signals, duration=ecg.leads[0].size / ecg.sampling_rate)


def of(signals: list[Signal], duration: float) -> Recording:
    return Recording("rec-a", signals, duration=duration)


def rhythms(spans: list[Span]) -> list[Span]:
    return sorted((s for s in spans if s.tier == "rhythm"), key=lambda s: s.start)


def beats(spans: list[Span]) -> list[Span]:
    return [s for s in spans if s.tier == "beats"]


def assert_covered_once(spans: list[Span], duration: float) -> None:
    states = rhythms(spans)
    assert states[0].start == 0.0
    assert states[-1].end == pytest.approx(duration, abs=1e-9)
    assert states[-1].end <= duration
    for before, after in itertools.pairwise(states):
        assert before.end == after.start
    assert all(s.end > s.start for s in states)


def assert_scored(spans: list[Span]) -> None:
    assert all(s.score is not None and 0 < s.score <= 1 for s in spans)


def without(*names: str) -> Domain:
    rhythm = LabelChanges(remove=tuple(x for x in names if DOMAIN.tier("rhythm").label(x)))
    beat = LabelChanges(remove=tuple(x for x in names if DOMAIN.tier("beats").label(x)))
    return effective_domain(
        DOMAIN, Settings(domain="ecg", labels={"rhythm": rhythm, "beats": beat})
    )


def matched(found: list[Span], truth: SyntheticEcg) -> float:
    """Share of true beats that have one within 50 ms."""
    at = np.array([span.start for span in found])
    true = truth.r_peaks / truth.sampling_rate
    return float(np.mean([np.abs(at - t).min() <= 0.05 for t in true])) if at.size else 0.0


# --- what every answer must be --------------------------------------------------------------


@pytest.mark.parametrize(
    "plan",
    [
        MIXED,
        PAUSED,
        [Segment("(SBR", 40), Segment("(ASYS", 6), Segment("(N", 40)],
        [Segment("(N", 30), Segment("(NOISE", 15), Segment("(N", 30)],
        [Segment("(B", 40), Segment("(VT", 8), Segment("(T", 40)],
    ],
    ids=["af", "pause", "asystole", "noise", "ectopy"],
)
def test_states_cover_the_recording_once_and_all_are_scored(plan: list[Segment]) -> None:
    recording = recorded(made(plan))
    spans = SEGMENTER.segment(recording)
    assert_covered_once(spans, recording.duration)
    assert_scored(spans)
    assert all(s.is_instant and s.start <= recording.duration for s in beats(spans))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    rate=st.sampled_from([100.0, 128.0, 200.0, 257.0, 360.0, 1000.0]),
    seconds=st.floats(2.0, 40.0),
    holes=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.4)), max_size=3),
)
def test_any_recording_is_covered_once(
    seed: int, rate: float, seconds: float, holes: list[tuple[float, float]]
) -> None:
    ecg = made([Segment("(N", 40, premature=0.1)], rate, seed=seed)
    count = round(seconds * rate)
    leads = [lead[:count].copy() for lead in ecg.leads]
    for begin, length in holes:
        leads[0][round(begin * count) : round((begin + length) * count)] = np.nan
    signals = [Signal.from_array(n, x, rate) for n, x in zip(("II", "V5"), leads, strict=True)]
    recording = of(signals, seconds)
    spans = SEGMENTER.segment(recording)
    assert_covered_once(spans, seconds)
    assert_scored(spans)


def test_the_same_recording_gives_the_same_spans() -> None:
    recording = recorded(made(MIXED))
    assert SEGMENTER.segment(recording) == RuleSegmenter(DOMAIN).segment(recording)
    assert SEGMENTER.version
    (spec,) = tslab_segmenters()
    assert spec.create(DOMAIN) == SEGMENTER


def test_af_is_found_where_it_was_planned() -> None:
    found = [s for s in SEGMENTER.segment(recorded(made(MIXED))) if s.label == "AFIB"]
    assert len(found) == 1
    assert found[0].start == pytest.approx(60, abs=5)
    assert found[0].end == pytest.approx(120, abs=5)


def test_beats_are_found_and_the_wide_ones_told() -> None:
    ecg = made([Segment("(N", 60), Segment("(B", 40)])
    found = beats(SEGMENTER.segment(recorded(ecg)))
    assert matched(found, ecg) > 0.99
    assert len(found) <= 1.02 * ecg.r_peaks.size
    wide = sum(s.label == "PVC" for s in found)
    assert wide == pytest.approx(ecg.ventricular.sum(), abs=2)


def test_beats_in_noise_are_not_worth_deleting() -> None:
    recording = recorded(made([Segment("(N", 40), Segment("(NOISE", 20), Segment("(N", 40)]))
    found = beats(SEGMENTER.segment(recording))
    assert min(s.score or 0 for s in found) >= LEAST_SURE
    assert min(s.score or 0 for s in found if 41 < s.start < 57) >= LEAST_SURE_IN_NOISE
    assert sum(s.start < 40 or s.start > 60 for s in found) > 80


# --- pauses and labels of the project -------------------------------------------------------


def test_pauses_are_cut_out_of_the_rhythm_around_them() -> None:
    spans = rhythms(SEGMENTER.segment(recorded(made(PAUSED))))
    assert [s.label for s in spans] == ["Normal", "Pause", "Normal"]
    assert spans[1].duration == pytest.approx(3.2, abs=0.1)
    assert spans[0].end == spans[1].start


def test_without_a_label_for_pauses_the_rhythm_goes_on() -> None:
    recording = recorded(made(PAUSED))
    spans = RuleSegmenter(without("Pause")).segment(recording)
    assert [s.label for s in rhythms(spans)] == ["Normal"]
    assert_covered_once(spans, recording.duration)


def test_an_asystole_is_not_a_pause_as_well() -> None:
    plan = [Segment("(N", 30), Segment("(ASYS", 8), Segment("(N", 30)]
    labels = [s.label for s in rhythms(SEGMENTER.segment(recorded(made(plan))))]
    assert "Asystole" in labels
    assert "Pause" not in labels


def test_labels_removed_in_the_project_are_left_out() -> None:
    recording = recorded(made([Segment("(N", 40), Segment("(B", 40), Segment("(AFIB", 60)]))
    everything = {s.label for s in SEGMENTER.segment(recording)}
    assert {"AFIB", "PVC", "Normal beat"} <= everything
    rest = {s.label for s in RuleSegmenter(without("AFIB", "PVC")).segment(recording)}
    assert rest == everything - {"AFIB", "PVC"}


def test_a_project_may_rename_a_label() -> None:
    change = LabelChanges(remove=("AFIB",), add=({"name": "Flimmern", "code": "(AFIB"},))
    domain = effective_domain(DOMAIN, Settings(domain="ecg", labels={"rhythm": change}))
    labels = {s.label for s in RuleSegmenter(domain).segment(recorded(made(MIXED)))}
    assert "Flimmern" in labels
    assert "AFIB" not in labels


# --- leads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["II", "V1", "aVR", "ECG2"])
def test_one_lead_is_enough(name: str) -> None:
    ecg = made(MIXED, leads=1)
    spans = SEGMENTER.segment(recorded(ecg, (name,)))
    assert matched(beats(spans), ecg) > 0.99


def test_leads_of_the_fastest_rate_are_used() -> None:
    fast, slow = made(MIXED, 500.0), made(MIXED, 125.0)
    signals = [
        Signal.from_array("I", slow.leads[0], 125.0, "mV"),
        Signal.from_array("II", fast.leads[0], 500.0, "mV"),
        Signal.from_array("V5", fast.leads[1], 500.0, "mV"),
    ]
    leads, rate = read_leads(of(signals, 150.0))
    assert rate == 500.0
    assert len(leads) == 2
    assert matched(beats(SEGMENTER.segment(of(signals, 150.0))), fast) > 0.99


def test_other_signals_are_not_looked_at() -> None:
    ecg = made(MIXED)
    plain = recorded(ecg)
    pressure = Signal.from_array("ABP", np.full(ecg.leads[0].size * 4, 90.0), 1000.0, "mmHg")
    rate = Signal.from_array("HR", np.full(600, 60.0), 4.0, "bpm", derived=True)
    more = plain.with_signals([*plain.signals, pressure, rate])
    assert SEGMENTER.segment(more) == SEGMENTER.segment(plain)


@pytest.mark.parametrize("names", [(), ("ABP", "RESP")])
def test_without_a_lead_there_is_one_line(names: tuple[str, ...]) -> None:
    signals = [Signal.from_array(name, np.zeros(1000), 250.0) for name in names]
    with pytest.raises(DataError) as error:
        SEGMENTER.segment(of(signals, 4.0))
    assert "rec-a" in str(error.value)
    assert "tslab.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_lead_is_none() -> None:
    with pytest.raises(DataError, match="no ECG lead"):
        SEGMENTER.segment(of([Signal.from_array("II", np.zeros(0), 250.0)], 4.0))


# --- missing samples ------------------------------------------------------------------------


def with_hole(values: FloatArray, first: int, last: int) -> FloatArray:
    changed = values.copy()
    changed[first:last] = np.nan
    return changed


def test_a_gap_in_all_leads_is_noise_and_holds_no_beat() -> None:
    ecg = made([Segment("(N", 90)])
    signals = [
        Signal.from_array(name, with_hole(x, 30 * 250, 45 * 250), 250.0)
        for name, x in zip(("II", "V5"), ecg.leads, strict=True)
    ]
    spans = SEGMENTER.segment(of(signals, 90.0))
    assert_covered_once(spans, 90.0)
    assert any(s.label == "Noise" and s.start < 32 and s.end > 43 for s in rhythms(spans))
    assert not [s for s in beats(spans) if 30.1 < s.start < 44.9]


def test_a_gap_in_one_lead_is_read_in_the_other() -> None:
    ecg = made([Segment("(N", 90)])
    signals = [
        Signal.from_array("II", with_hole(ecg.leads[0], 30 * 250, 45 * 250), 250.0),
        Signal.from_array("V5", ecg.leads[1], 250.0),
    ]
    spans = SEGMENTER.segment(of(signals, 90.0))
    assert {s.label for s in rhythms(spans)} == {"Normal"}
    assert matched(beats(spans), ecg) > 0.99


def test_leads_that_end_before_the_recording_leave_noise() -> None:
    """Another signal goes on: every moment still has a state."""
    ecg = made([Segment("(N", 60)])
    plain = recorded(ecg)
    spans = SEGMENTER.segment(of(list(plain.signals), 80.0))
    assert_covered_once(spans, 80.0)
    assert rhythms(spans)[-1].label == "Noise"
    assert max(s.start for s in beats(spans)) < 60.0
    assert matched(beats(spans), ecg) > 0.98


def test_irregular_times_are_respected() -> None:
    """A CSV with a hole of 20 s: what follows must not move to the left."""
    ecg = made([Segment("(N", 60)])
    times = np.arange(ecg.leads[0].size) / 250.0
    times[times >= 30] += 20.0
    signals = [
        Signal.from_array(name, x, times.size / times[-1], "mV", times=times)
        for name, x in zip(("II", "V5"), ecg.leads, strict=True)
    ]
    spans = SEGMENTER.segment(of(signals, float(times[-1]) + 0.004))
    true = ecg.r_peaks / 250.0
    true = np.where(true >= 30, true + 20, true)
    at = np.array([s.start for s in beats(spans)])
    assert np.mean([np.abs(at - t).min() < 0.05 for t in true]) > 0.95
    assert any(s.label == "Noise" and s.start < 33 and s.end > 47 for s in rhythms(spans))


def test_a_dead_recording_is_noise() -> None:
    for value in (0.0, np.nan, 5.0):
        recording = of([Signal.from_array("II", np.full(5000, value), 250.0)], 20.0)
        spans = SEGMENTER.segment(recording)
        assert [s.label for s in rhythms(spans)] == ["Noise"]
        assert not beats(spans)
        assert_covered_once(spans, 20.0)


@pytest.mark.parametrize("seconds", [0.004, 0.5, 2.0, 3.0])
def test_short_recordings_are_answered(seconds: float) -> None:
    ecg = made([Segment("(N", 10)])
    count = max(1, round(seconds * 250))
    signals = [Signal.from_array("II", ecg.leads[0][:count], 250.0)]
    spans = SEGMENTER.segment(of(signals, count / 250))
    assert_covered_once(spans, count / 250)
    assert_scored(spans)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6, -1.0])
def test_units_and_polarity_do_not_matter(scale: float) -> None:
    ecg = made([Segment("(N", 40)])
    signals = [Signal.from_array("II", ecg.leads[0] * scale, 250.0)]
    found = beats(SEGMENTER.segment(of(signals, 40.0)))
    assert matched(found, ecg) > 0.97


# --- heart rate -----------------------------------------------------------------------------


def test_heart_rate_covers_the_recording() -> None:
    recording = recorded(made([Segment("(N", 60, rate=80)]))
    (signal,) = tslab_derived_channels(recording, DOMAIN)
    assert signal == heart_rate(recording) or signal.name == "HR"
    assert signal.derived
    assert signal.sampling_rate == 4.0
    assert signal.duration == pytest.approx(recording.duration, abs=0.25)
    assert np.median(signal.values()) == pytest.approx(80, abs=2)
    assert np.isfinite(signal.values()).all()


def test_a_recorded_heart_rate_is_not_computed_again() -> None:
    recording = recorded(made([Segment("(N", 20)]))
    told = Signal.from_array("HR", np.full(20, 61.0), 1.0, "bpm")
    assert tslab_derived_channels(recording.with_signals([*recording.signals, told]), DOMAIN) == []


def test_a_domain_without_the_channel_gets_none() -> None:
    bare = DOMAIN.model_copy(
        update={"channels": tuple(c for c in DOMAIN.channels if c.name != "HR"), "views": ()}
    )
    assert tslab_derived_channels(recorded(made([Segment("(N", 20)])), bare) == []


# --- real recordings ------------------------------------------------------------------------


@pytest.mark.skipif(not (DATA / "mitdb/100.hea").is_file(), reason=f"no real data in {DATA}")
def test_record_100() -> None:
    import wfdb

    record = wfdb.rdrecord(str(DATA / "mitdb/100"), sampto=360 * 300)
    marks = wfdb.rdann(str(DATA / "mitdb/100"), "atr", sampto=360 * 300)
    signals = [
        Signal.from_array(name, record.p_signal[:, i], 360.0) for i, name in enumerate(("II", "V5"))
    ]
    spans = SEGMENTER.segment(of(signals, 300.0))
    assert_covered_once(spans, 300.0)
    assert {s.label for s in rhythms(spans)} == {"Normal"}
    true = marks.sample[np.isin(marks.symbol, list("NAV"))] / 360
    assert len(beats(spans)) == pytest.approx(true.size, abs=1)
