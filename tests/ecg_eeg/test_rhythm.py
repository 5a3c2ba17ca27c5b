"""Rhythm states: every rule on planned recordings, and what must hold for any input."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from tslab_ecg_eeg.arrays import BoolArray, FloatArray
from tslab_ecg_eeg.episodes import Episode, runs_of
from tslab_ecg_eeg.qrs_shape import qrs_widths, ventricular_beats
from tslab_ecg_eeg.r_peaks import survey
from tslab_ecg_eeg.rhythm import NOISE, NORMAL, analyse_rhythm, classify_rhythm
from tslab_ecg_eeg.rhythm_rules import (
    asystole,
    bradycardia,
    pauses,
    tachycardia,
    ventricular_pattern,
    ventricular_tachycardia,
)
from tslab_ecg_eeg.synthetic import Segment, add_noise, synthesize_ecg

DATA = Path(os.environ.get("TSLAB_DATA", Path(__file__).parents[2] / "../shared/data")) / "ecg"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no reference recordings in {DATA}")


def regular(rate: float, count: int) -> FloatArray:
    return np.asarray(np.arange(count) * 60.0 / rate, dtype=np.float64)


def nobody(times: FloatArray) -> BoolArray:
    return np.zeros(times.size, dtype=bool)


def assert_exhaustive(states: list[Episode], duration: float) -> None:
    assert states[0].start == 0.0
    assert states[-1].end == pytest.approx(duration)
    for before, after in itertools.pairwise(states):
        assert before.end == after.start
        assert before.code != after.code
    assert all(item.end > item.start and 0 < item.score <= 1 for item in states)


def seconds_right(states: list[Episode], truth: list[Episode]) -> float:
    """Share of the recording that carries the planned code."""
    both = 0.0
    for one in states:
        for other in truth:
            if one.code == other.code:
                both += max(0.0, min(one.end, other.end) - max(one.start, other.start))
    return both / truth[-1].end


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "middle",
    [
        Segment("(AFIB", 60.0),
        Segment("(SBR", 30.0),
        Segment("(ST", 60.0),
        Segment("(SVTA", 20.0),
        Segment("(VT", 10.0),
        Segment("(ASYS", 8.0),
        Segment("(B", 20.0),
        Segment("(T", 24.0),
        Segment("(N", 30.0, premature=0.1),
    ],
    ids=lambda segment: segment.code,
)
def test_planned_rhythm_is_named(middle: Segment, seed: int) -> None:
    ecg = synthesize_ecg([Segment("(N", 40.0), middle, Segment("(N", 40.0)], 250.0, seed=seed)
    result = analyse_rhythm(ecg.leads, 250.0)
    assert_exhaustive(result.states, 80.0 + middle.duration)
    assert seconds_right(result.states, ecg.states) > 0.85
    assert middle.code in {item.code for item in result.states}


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_not_a_rhythm(seed: int) -> None:
    plan = [Segment("(N", 40.0), Segment("(NOISE", 30.0), Segment("(N", 40.0)]
    ecg = synthesize_ecg(plan, 360.0, seed=seed, noise=0.03)
    result = analyse_rhythm(ecg.leads, 360.0)
    assert_exhaustive(result.states, 110.0)
    noise = [item for item in result.states if item.code == NOISE]
    covered = sum(min(item.end, 70.0) - max(item.start, 40.0) for item in noise)
    assert covered > 20.0
    assert not [
        item for item in result.states if item.code in ("(AFIB", "(ASYS") and item.score > 0.9
    ]


def test_pause_is_an_event_inside_a_rhythm() -> None:
    ecg = synthesize_ecg([Segment("(N", 60.0, pause=3.2)], 250.0, seed=1)
    result = analyse_rhythm(ecg.leads, 250.0)
    assert [item.code for item in result.pauses] == ["pause"]
    assert result.pauses[0].end - result.pauses[0].start == pytest.approx(3.2, abs=0.02)
    assert [item.code for item in result.states] == [NORMAL]


def test_pause_rule_at_its_threshold() -> None:
    assert pauses(np.array([0.0, 2.49])) == []
    found = pauses(np.array([0.0, 2.5, 10.0]))
    assert [item.score for item in found] == [0.5, 1.0]
    assert pauses(np.zeros(0)) == []


def test_asystole_rule_at_its_threshold() -> None:
    assert asystole(np.array([0.0, 3.99])) == []
    assert asystole(np.array([0.0, 4.0]))[0] == Episode(0.0, 4.0, "(ASYS", 0.5)


def test_bradycardia_rule() -> None:
    slow = regular(45.0, 4)
    assert [item.code for item in bradycardia(slow, nobody(slow))] == ["(SBR"]
    assert bradycardia(slow[:3], nobody(slow[:3])) == []
    normal = regular(51.0, 30)
    assert bradycardia(normal, nobody(normal)) == []


def test_score_grows_with_distance_from_the_threshold() -> None:
    scores = []
    for rate in (49.0, 40.0, 30.0):
        times = regular(rate, 20)
        scores.append(bradycardia(times, nobody(times))[0].score)
    assert 0.5 <= scores[0] < scores[1] < scores[2] == 1.0


@pytest.mark.parametrize("jump", [True, False])
def test_tachycardia_by_onset(jump: bool) -> None:
    slow, fast = np.full(30, 0.8), np.full(40, 0.42)
    ramp = np.zeros(0) if jump else np.linspace(0.8, 0.42, 30)
    times = np.concatenate(([0.0], np.cumsum(np.concatenate((slow, ramp, fast)))))
    found = tachycardia(times, nobody(times))
    assert [item.code for item in found] == ["(SVTA" if jump else "(ST"]
    few = regular(120.0, 7)
    assert tachycardia(few, nobody(few)) == []


def test_one_ectopic_beat_does_not_end_a_run() -> None:
    times = regular(45.0, 30)
    times[15] -= 0.5
    assert len(bradycardia(times, nobody(times))) == 1


def test_ventricular_tachycardia_needs_three_fast_beats() -> None:
    times = regular(150.0, 10)
    wide = nobody(times)
    wide[3:5] = True
    assert ventricular_tachycardia(times, wide) == []
    wide[3:6] = True
    found = ventricular_tachycardia(times, wide)
    assert [(item.start, item.end) for item in found] == [(times[3], times[5])]
    assert ventricular_tachycardia(regular(80.0, 10), wide) == []


@pytest.mark.parametrize(("step", "code"), [(2, "(B"), (3, "(T")])
def test_ventricular_patterns(step: int, code: str) -> None:
    times = regular(80.0, 24)
    wide = np.arange(24) % step == step - 1
    assert [item.code for item in ventricular_pattern(times, wide)] == [code]
    wide[2 * step :] = False
    assert ventricular_pattern(times, wide) == []


def test_graver_claims_win() -> None:
    times = np.concatenate((regular(70.0, 40), 35.0 + regular(150.0, 12), 41.0 + regular(70.0, 40)))
    wide = nobody(times)
    wide[40:52] = True
    noise = [Episode(50.0, 60.0, NOISE, 0.9)]
    states, _ = classify_rhythm(times, 80.0, ventricular=wide, unreadable=noise)
    assert_exhaustive(states, 80.0)
    assert [item.code for item in states] == ["(N", "(VT", "(N", "(NOISE", "(N", "(ASYS"]
    assert (states[3].start, states[3].end) == (50.0, 60.0)


def test_uncertain_beats_lower_the_score() -> None:
    times = regular(75.0, 80)
    sure, _ = classify_rhythm(times, 64.0)
    unsure, _ = classify_rhythm(times, 64.0, scores=np.full(80, 0.3))
    assert unsure[0].score == pytest.approx(0.3 * sure[0].score)


@pytest.mark.parametrize("beats", [[], [1.0], [1.0, 2.0]])
def test_too_few_beats_claim_no_rhythm(beats: list[float]) -> None:
    states, events = classify_rhythm(np.array(beats), 3.0)
    assert [item.code for item in states] == [NOISE]
    assert events == []


def test_nothing_at_all() -> None:
    assert classify_rhythm(np.zeros(0), 0.0) == ([], [])
    assert analyse_rhythm([], 250.0).states == []


@pytest.mark.parametrize(
    "ecg",
    [
        np.full(2500, np.nan),
        np.zeros(2500),
        np.full(2500, np.inf),
        np.array([1.0]),
        1e200 * np.random.default_rng(0).standard_normal(2500),
        np.random.default_rng(0).standard_normal(2500),
    ],
    ids=["nan", "flat", "inf", "one", "huge", "noise"],
)
def test_unreadable_input_is_noise(ecg: FloatArray) -> None:
    result = analyse_rhythm([ecg, ecg], 250.0)
    assert_exhaustive(result.states, ecg.size / 250.0)
    assert result.pauses == []
    assert NOISE in {item.code for item in result.states}


def test_three_seconds_of_sinus() -> None:
    ecg = synthesize_ecg([Segment("(N", 3.0, rate=80.0)], 250.0, seed=1)
    result = analyse_rhythm(ecg.leads, 250.0)
    assert [item.code for item in result.states] == [NORMAL]


def test_missing_stretch_is_noise_and_not_a_pause() -> None:
    ecg = synthesize_ecg([Segment("(N", 60.0)], 250.0, seed=1)
    for lead in ecg.leads:
        lead[5000:7500] = np.nan
    result = analyse_rhythm(ecg.leads, 250.0)
    assert [item.code for item in result.states] == [NORMAL, NOISE, NORMAL]
    assert result.pauses == []
    assert result.states[1].start == pytest.approx(20.0, abs=2.0)
    assert result.states[1].end == pytest.approx(30.0, abs=2.0)


def test_lead_off_is_noise_and_not_asystole() -> None:
    ecg = synthesize_ecg([Segment("(N", 60.0)], 250.0, seed=1)
    for lead in ecg.leads:
        lead[5000:7500] = 0.0
    codes = [item.code for item in analyse_rhythm(ecg.leads, 250.0).states]
    assert codes == [NORMAL, NOISE, NORMAL]


def test_inverted_and_noisy_leads_change_nothing() -> None:
    plan = [Segment("(N", 60.0), Segment("(AFIB", 60.0)]
    ecg = synthesize_ecg(plan, 250.0, seed=3)
    rng = np.random.default_rng(0)
    leads = [-ecg.leads[0], add_noise(ecg.leads[1], 250.0, 6.0, rng)]
    result = analyse_rhythm(leads, 250.0)
    assert [item.code for item in result.states] == ["(N", "(AFIB"]


def test_widths_and_ventricular_beats() -> None:
    ecg = synthesize_ecg([Segment("(N", 60.0, premature=0.2)], 360.0, seed=2)
    widths = qrs_widths(ecg.leads[0], ecg.r_peaks, 360.0)
    assert np.median(widths[ecg.ventricular]) > 0.12
    assert np.median(widths[~ecg.ventricular]) < 0.1
    flags = ventricular_beats(ecg.leads, ecg.r_peaks, 360.0)
    assert np.array_equal(flags, ecg.ventricular)


def test_ventricular_beats_of_little_data() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert ventricular_beats([np.zeros(100)], nothing, 250.0).size == 0
    flat = ventricular_beats([np.zeros(5000)], np.arange(200, 4000, 250), 250.0)
    assert not flat.any()
    missing = np.full(5000, np.nan)
    assert not ventricular_beats([missing], np.arange(200, 4000, 250), 250.0).any()


def test_runs_of() -> None:
    flags = np.array([1, 1, 0, 1], dtype=bool)
    assert runs_of(flags) == [(0, 2), (3, 4)]
    assert runs_of(flags[:0]) == []


def test_synthetic_recording_is_reproducible_and_true_to_plan() -> None:
    plan = [Segment("(N", 20.0), Segment("(ASYS", 5.0), Segment("(VT", 5.0)]
    first, second = (synthesize_ecg(plan, 250.0, seed=9) for _ in range(2))
    assert np.array_equal(first.leads[0], second.leads[0])
    assert [(item.start, item.end, item.code) for item in first.states] == [
        (0.0, 20.0, "(N"),
        (20.0, 25.0, "(ASYS"),
        (25.0, 30.0, "(VT"),
    ]
    assert first.leads[0].size == 7500
    assert (np.diff(first.r_peaks) > 0).all()
    assert not ((first.r_peaks > 5000) & (first.r_peaks < 6250)).any()
    assert first.ventricular[first.r_peaks > 6250].all()
    assert len(synthesize_ecg(plan, 250.0, leads=1).leads) == 1


def test_noise_has_the_stated_level() -> None:
    lead = synthesize_ecg([Segment("(N", 60.0)], 250.0).leads[0]
    noise = add_noise(lead, 250.0, 6.0, np.random.default_rng(0)) - lead
    assert 10 * np.log10(np.var(lead) / np.var(noise)) == pytest.approx(6.0, abs=0.01)


def test_two_rhythms_of_half_an_hour_are_named() -> None:
    plan = [Segment("(N", 900.0, premature=0.05), Segment("(AFIB", 900.0)]
    ecg = synthesize_ecg(plan, 360.0, seed=0)
    states = analyse_rhythm(ecg.leads, 360.0).states
    assert_exhaustive(states, 1800.0)
    assert seconds_right(states, ecg.states) > 0.95


@needs_data
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb 4.3 with pandas 3
def test_bigeminy_and_tachycardia_of_sel223() -> None:
    wfdb = pytest.importorskip("wfdb")
    record = wfdb.rdrecord(str(DATA / "qtdb/sel223"))
    result = analyse_rhythm(list(record.p_signal.T), record.fs)
    assert_exhaustive(result.states, 900.0)
    bigeminy = sum(item.end - item.start for item in result.states if item.code == "(B")
    assert 150.0 < bigeminy < 250.0
    assert any(item.code == "(VT" and 263 < item.start < 303 for item in result.states)


@needs_data
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_record_100_is_normal_throughout() -> None:
    wfdb = pytest.importorskip("wfdb")
    record = wfdb.rdrecord(str(DATA / "mitdb/100"))
    leads = list(record.p_signal.T)
    assert [item.code for item in analyse_rhythm(leads, record.fs).states] == [NORMAL]
    assert survey(leads, record.fs).quality.min() > 0.9
