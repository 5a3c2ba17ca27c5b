"""R peaks and multi-lead beats: exact truth on synthetic leads, the references on real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tslab_ecg_eeg.arrays import FloatArray, IntArray
from tslab_ecg_eeg.qrs_detectors import drop_too_close
from tslab_ecg_eeg.r_peaks import detect_beats, detect_r_peaks, examine_lead, survey
from tslab_ecg_eeg.synthetic import Segment, SyntheticEcg, add_noise, synthesize_ecg

DATA = Path(os.environ.get("TSLAB_DATA", Path(__file__).parents[2] / "../shared/data")) / "ecg"
BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no reference recordings in {DATA}")


def errors(reference: IntArray, found: IntArray, reach: float) -> tuple[int, int]:
    """Missed and false beats."""
    if not reference.size or not found.size:
        return reference.size, found.size
    distance = np.abs(reference[:, None] - found[None, :])
    return int((distance.min(axis=1) > reach).sum()), int((distance.min(axis=0) > reach).sum())


@pytest.fixture(scope="module")
def sinus() -> SyntheticEcg:
    return synthesize_ecg([Segment("(N", 60.0)], 360.0, seed=1)


@pytest.mark.parametrize("rate", [100.0, 128.0, 200.0, 250.0, 333.3, 500.0, 512.0, 1000.0, 2000.0])
def test_exact_positions_at_any_rate(rate: float) -> None:
    ecg = synthesize_ecg([Segment("(N", 30.0, premature=0.1)], rate, seed=2)
    found = detect_r_peaks(ecg.leads[0], rate)
    assert errors(ecg.r_peaks, found, 0.15 * rate) == (0, 0)
    normal = ecg.r_peaks[~ecg.ventricular]
    late = np.abs(normal[:, None] - found[None, :]).min(axis=1)
    assert np.median(late) <= max(1.0, 0.004 * rate)


@pytest.mark.parametrize("rate", [50.0, 64.0])
def test_low_rates_still_work(rate: float) -> None:
    ecg = synthesize_ecg([Segment("(N", 30.0)], rate, seed=2)
    assert errors(ecg.r_peaks, detect_r_peaks(ecg.leads[0], rate), 0.15 * rate) == (0, 0)


@pytest.mark.parametrize("gain", [1.0, -1.0, 1e-6, 1e6, -1e12, 1e150])
def test_unit_and_polarity_do_not_matter(sinus: SyntheticEcg, gain: float) -> None:
    found = detect_r_peaks(sinus.leads[0] * gain, 360.0)
    assert errors(sinus.r_peaks, found, 2) == (0, 0)


def test_large_offset_does_not_matter(sinus: SyntheticEcg) -> None:
    found = detect_r_peaks(sinus.leads[0] + 1e4, 360.0)
    assert errors(sinus.r_peaks, found, 2) == (0, 0)


@pytest.mark.parametrize(
    "ecg",
    [
        np.zeros(0),
        np.zeros(1),
        np.ones(1),
        np.full(1, np.nan),
        np.zeros(3600),
        np.full(3600, 7.5),
        np.full(3600, np.nan),
        np.full(3600, np.inf),
        np.array([0.0, 1.0]),
        np.random.default_rng(0).standard_normal(100),
    ],
    ids=["empty", "zero", "one", "nan1", "zeros", "constant", "nan", "inf", "two", "short"],
)
def test_nothing_readable_gives_nothing(ecg: FloatArray) -> None:
    found = detect_r_peaks(ecg, 360.0)
    assert found.size == 0
    assert found.dtype == np.int64
    indices, scores = detect_beats([ecg, ecg], 360.0)
    assert indices.size == scores.size == 0


def test_no_leads_and_no_rate() -> None:
    assert detect_beats([], 360.0)[0].size == 0
    assert detect_r_peaks(np.ones(1000), 0.0).size == 0


def test_three_seconds(sinus: SyntheticEcg) -> None:
    found = detect_r_peaks(sinus.leads[0][:1080], 360.0)
    assert errors(sinus.r_peaks[sinus.r_peaks < 1060], found, 5) == (0, 0)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.1, 1.5, 2.0, 2.5])
def test_any_short_length_returns_samples_inside(sinus: SyntheticEcg, seconds: float) -> None:
    piece = sinus.leads[0][: round(seconds * 360)]
    found = detect_r_peaks(piece, 360.0)
    assert ((found >= 0) & (found < piece.size)).all()


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_quarter_missing(sinus: SyntheticEcg, hole: float) -> None:
    ecg = sinus.leads[0].copy()
    missing = np.zeros(ecg.size, dtype=bool)
    for start in range(0, 60, 12):
        missing[start * 360 + 900 : start * 360 + 1980] = True
    ecg[missing] = hole
    found = detect_r_peaks(ecg, 360.0)
    assert not missing[found].any()
    clear = np.convolve(missing, np.ones(145), mode="same") == 0
    assert errors(sinus.r_peaks[clear[sinus.r_peaks]], found, 5)[0] == 0
    assert errors(sinus.r_peaks, found, 5)[1] == 0


def test_scattered_missing_samples(sinus: SyntheticEcg) -> None:
    ecg = sinus.leads[0].copy()
    ecg[np.random.default_rng(3).random(ecg.size) < 0.25] = np.nan
    found = detect_r_peaks(ecg, 360.0)
    missed, false = errors(sinus.r_peaks, found, 10)
    assert missed <= 0.3 * sinus.r_peaks.size
    assert false == 0
    assert np.isfinite(ecg[found]).all()


def test_clipped_lead(sinus: SyntheticEcg) -> None:
    found = detect_r_peaks(np.clip(sinus.leads[0], -0.2, 0.5), 360.0)
    assert errors(sinus.r_peaks, found, 0.05 * 360) == (0, 0)


def test_one_huge_artefact_does_not_blind_the_detector(sinus: SyntheticEcg) -> None:
    ecg = sinus.leads[0].copy()
    ecg[7200:7300] += 1e6
    found = detect_r_peaks(ecg, 360.0)
    far = (sinus.r_peaks < 7200 - 720) | (sinus.r_peaks > 7300 + 720)
    assert errors(sinus.r_peaks[far], found, 10)[0] == 0


def test_six_decibel_noise(sinus: SyntheticEcg) -> None:
    noisy = add_noise(sinus.leads[0], 360.0, 6.0, np.random.default_rng(0))
    assert errors(sinus.r_peaks, detect_r_peaks(noisy, 360.0), 54) == (0, 0)


def test_sudden_slow_rate_gives_no_double_beats() -> None:
    ecg = synthesize_ecg([Segment("(N", 40.0), Segment("(SBR", 40.0)], 360.0, seed=1)
    assert errors(ecg.r_peaks, detect_r_peaks(ecg.leads[0], 360.0), 10) == (0, 0)


def test_nothing_found_in_asystole() -> None:
    plan = [Segment("(N", 30.0), Segment("(ASYS", 10.0), Segment("(N", 30.0)]
    ecg = synthesize_ecg(plan, 360.0, seed=5)
    assert errors(ecg.r_peaks, detect_r_peaks(ecg.leads[0], 360.0), 10) == (0, 0)


def test_one_noisy_lead_does_not_hurt(sinus: SyntheticEcg) -> None:
    rng = np.random.default_rng(1)
    noisy = sinus.leads[1].copy()
    noisy[20 * 360 : 40 * 360] += 3.0 * rng.standard_normal(20 * 360)
    alone = errors(sinus.r_peaks, detect_r_peaks(noisy, 360.0), 54)
    assert sum(alone) > 0
    for leads in ([sinus.leads[0], noisy], [noisy, sinus.leads[0]]):
        indices, scores = detect_beats(leads, 360.0)
        assert errors(sinus.r_peaks, indices, 54) == (0, 0)
        assert scores.min() > 0.5


def test_leads_that_are_noisy_in_turn(sinus: SyntheticEcg) -> None:
    rng = np.random.default_rng(2)
    first, second = sinus.leads[0].copy(), sinus.leads[1].copy()
    first[: 28 * 360] += 3.0 * rng.standard_normal(28 * 360)
    second[32 * 360 :] += 3.0 * rng.standard_normal(28 * 360)
    indices, _ = detect_beats([first, second], 360.0)
    missed, false = errors(sinus.r_peaks, indices, 54)
    # The quality of 10 s cannot follow the change to the beat.
    assert missed + false <= 4


@pytest.mark.parametrize("dead", [np.nan, 0.0])
def test_a_dead_lead_is_ignored(sinus: SyntheticEcg, dead: float) -> None:
    silent = np.full(sinus.leads[0].size, dead)
    indices, scores = detect_beats([silent, sinus.leads[0]], 360.0)
    assert errors(sinus.r_peaks, indices, 10) == (0, 0)
    assert scores.mean() > 0.9


def test_score_falls_with_noise() -> None:
    ecg = synthesize_ecg([Segment("(N", 60.0)], 360.0, seed=4)
    means = []
    for decibels in (20.0, -11.0, -18.0):
        rng = np.random.default_rng(0)
        leads = [add_noise(lead, 360.0, decibels, rng) for lead in ecg.leads]
        _, scores = detect_beats(leads, 360.0)
        assert ((scores >= 0) & (scores <= 1)).all()
        means.append(float(scores.mean()))
    assert means[0] > 0.95
    assert means[0] > means[1] > means[2]
    assert means[2] < 0.6


def test_quality_of_noise_alone_is_low() -> None:
    lead = examine_lead(np.random.default_rng(0).standard_normal(36000), 360.0)
    assert np.median(lead.quality) < 0.5
    assert not lead.quiet.any()


def test_quiet_line_is_told_from_a_lead_that_is_off() -> None:
    plan = [Segment("(N", 30.0), Segment("(ASYS", 10.0), Segment("(N", 30.0)]
    ecg = synthesize_ecg(plan, 360.0, seed=5)
    assert survey(ecg.leads, 360.0).quiet[32:38].all()
    off = ecg.leads[0].copy()
    off[30 * 360 : 40 * 360] = 0.0
    assert not survey([off], 360.0).quiet[32:38].any()


def test_input_is_not_changed(sinus: SyntheticEcg) -> None:
    before = sinus.leads[0].copy()
    detect_beats(sinus.leads, 360.0)
    assert np.array_equal(before, sinus.leads[0])


def test_same_input_same_answer(sinus: SyntheticEcg) -> None:
    first, second = (detect_beats(sinus.leads, 360.0) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_drop_too_close_keeps_the_higher_of_each_pair() -> None:
    indices, heights = np.array([0, 10, 20, 100]), np.array([1.0, 5.0, 2.0, 1.0])
    assert drop_too_close(indices, heights, 15).tolist() == [10, 100]
    assert drop_too_close(indices, np.array([3.0, 1.0, 2.0, 1.0]), 15).tolist() == [0, 20, 100]
    assert drop_too_close(indices[:0], heights[:0], 15).size == 0


def test_every_beat_of_half_an_hour_is_found() -> None:
    ecg = synthesize_ecg([Segment("(N", 1800.0)], 360.0, seed=0)
    assert errors(ecg.r_peaks, detect_beats(ecg.leads, 360.0)[0], 0.15 * 360) == (0, 0)


def test_import_is_light() -> None:
    heavy = "{'pandas', 'matplotlib', 'sleepecg', 'scipy.signal', 'wfdb', 'sklearn'}"
    names = "r_peaks, rhythm, tachogram, synthetic"
    code = f"import sys; from tslab_ecg_eeg import {names}; print({heavy} & set(sys.modules))"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert result.stdout.strip() == "set()"


@needs_data
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb 4.3 with pandas 3
@pytest.mark.parametrize(
    ("name", "decibels"),
    [
        ("mitdb/100", None),
        ("mitdb/100", 6.0),
        *((f"qtdb/sel{number}", None) for number in (100, 103, 114, 117, 213, 223)),
    ],
)
def test_reference_beats(name: str, decibels: float | None) -> None:
    wfdb = pytest.importorskip("wfdb")
    record = wfdb.rdrecord(str(DATA / name))
    marks = wfdb.rdann(str(DATA / name), "atr")
    pairs = zip(marks.sample, marks.symbol, strict=True)
    reference = np.array([sample for sample, symbol in pairs if symbol in BEATS])
    leads = [np.asarray(lead) for lead in record.p_signal.T]
    if decibels is not None:
        rng = np.random.default_rng(0)
        leads = [add_noise(lead, record.fs, decibels, rng) for lead in leads]
    missed, false = errors(reference, detect_beats(leads, record.fs)[0], 0.15 * record.fs)
    assert missed <= 0.001 * reference.size
    assert false <= 0.001 * reference.size


@pytest.mark.parametrize("rate", [125.0, 250.0, 360.0])
@pytest.mark.parametrize("alive", [0.5, 3.0, 12.0])
def test_electrode_that_falls_off_early_costs_no_hours(rate: float, alive: float) -> None:
    """The detector's search back is quadratic until it has two beats; see `_search`."""
    rng = np.random.default_rng(3)
    ecg = np.zeros(round(2 * 3600 * rate))
    ecg[: round(alive * rate)] = rng.normal(size=round(alive * rate))
    peaks = detect_r_peaks(ecg, rate)  # in one piece this takes more than an hour
    assert (peaks < (alive + 1) * rate).all()


def test_beats_after_a_long_silence_are_found() -> None:
    made = synthesize_ecg([Segment("(N", 60.0)], 250.0, seed=1, leads=1)
    silent = np.zeros(250 * 600)
    silent[:500] = np.random.default_rng(0).normal(0, 0.3, 500)
    peaks = detect_r_peaks(np.concatenate([silent, made.leads[0]]), 250.0)
    late = peaks[peaks >= silent.size] - silent.size
    hits = sum(bool(np.any(np.abs(late - peak) <= 37)) for peak in made.r_peaks)
    assert hits >= 0.97 * len(made.r_peaks)


def test_a_sine_is_answered() -> None:
    assert detect_r_peaks(np.sin(np.arange(175_000) / 40), 250.0).ndim == 1
