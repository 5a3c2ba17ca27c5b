"""AF from RR: simulated rhythms that are and are not AF, and the reference recordings."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tslab_ecg_eeg.arrays import FloatArray
from tslab_ecg_eeg.atrial_fibrillation import CLINICAL_MINIMUM, detect_atrial_fibrillation
from tslab_ecg_eeg.rhythm import ATRIAL_FIBRILLATION, analyse_rhythm
from tslab_ecg_eeg.rr_irregularity import (
    THRESHOLD,
    change_point,
    has_sinus_between_ectopy,
    has_underlying_rhythm,
    petrenas,
    without_ectopic,
)

DATA = Path(os.environ.get("TSLAB_DATA", Path(__file__).parents[2] / "../shared/data")) / "ecg"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no reference recordings in {DATA}")
Spans = list[tuple[float, float]]


def sinus(count: int, rate: float = 72.0, breathing: float = 0.04, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    mean = 60.0 / rate
    drift = np.cumsum(rng.normal(0.0, 0.002, count))
    waves = breathing * np.sin(2 * np.pi * 0.25 * mean * np.arange(count))
    return np.asarray(mean * (1.0 + waves + drift) + rng.normal(0.0, 0.006, count))


def fibrillation(count: int, rate: float = 95.0, spread: float = 0.2, seed: int = 0) -> FloatArray:
    """Skewed independent intervals, none below 40 % of the mean."""
    shape = (0.6 / spread) ** 2
    random = np.random.default_rng(seed).gamma(shape, 1.0 / shape, count)
    return np.asarray(60.0 / rate * (0.4 + 0.6 * random))


def beats(rr: FloatArray) -> FloatArray:
    return np.concatenate(([0.0], np.cumsum(rr)))


def premature(rr: FloatArray, share: float, reset: float, seed: int, every: int = 0) -> FloatArray:
    """Beats at 55 to 75 % of their interval; `reset` is the part of it the pause does not repay."""
    rng = np.random.default_rng(seed)
    times = beats(rr)
    last = 0
    for index in range(2, times.size - 1):
        chosen = index % every == 0 if every else rng.random() < share and index - last > 1
        if chosen:
            coupling = rng.normal(0.62, 0.015) if every else rng.uniform(0.55, 0.75)
            early = (1.0 - coupling) * (times[index] - times[index - 1])
            times[index] -= early
            times[index + 1 :] -= reset * early
            last = index
    return times


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [55.0, 75.0, 95.0, 130.0, 160.0])
@pytest.mark.parametrize("spread", [0.2, 0.28])
def test_persistent_fibrillation_is_found_whole(rate: float, spread: float, seed: int) -> None:
    times = beats(fibrillation(400, rate, spread, seed))
    episodes = detect_atrial_fibrillation(times)
    found = sum(end - start for start, end, _ in episodes)
    assert found > 0.85 * times[-1]
    assert all(0 < score <= 1 for _, _, score in episodes)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [45.0, 50.0, 70.0, 95.0, 130.0, 160.0])
@pytest.mark.parametrize("breathing", [0.0, 0.04, 0.1, 0.15])
def test_sinus_rhythm_is_not_fibrillation(rate: float, breathing: float, seed: int) -> None:
    assert detect_atrial_fibrillation(beats(sinus(400, rate, breathing, seed))) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("reset", [0.0, 0.6])
def test_random_ectopy_is_not_fibrillation(share: float, reset: float, seed: int) -> None:
    times = premature(sinus(500, 75.0, seed=seed), share, reset, seed)
    episodes = detect_atrial_fibrillation(times)
    assert all(end - start < CLINICAL_MINIMUM for start, end, _ in episodes)
    assert sum(end - start for start, end, _ in episodes) < 0.05 * times[-1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("every", [2, 3, 4])
@pytest.mark.parametrize("reset", [0.0, 0.6])
def test_grouped_ectopy_is_not_fibrillation(every: int, reset: float, seed: int) -> None:
    times = premature(sinus(400, 75.0, seed=seed), 0.0, reset, seed, every)
    episodes = detect_atrial_fibrillation(times)
    assert sum(end - start for start, end, _ in episodes) < 0.02 * times[-1]


@pytest.mark.parametrize("seed", range(3))
def test_missed_beats_are_not_fibrillation(seed: int) -> None:
    times = beats(sinus(500, seed=seed))
    kept = times[np.random.default_rng(seed).random(times.size) > 0.05]
    assert detect_atrial_fibrillation(kept) == []


@pytest.mark.parametrize("seed", range(3))
def test_false_beats_are_not_clinical_fibrillation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = beats(sinus(500, seed=seed))
    extra = times[:-1] + np.diff(times) * rng.uniform(0.3, 0.7, times.size - 1)
    wrong = np.sort(np.append(times, extra[rng.random(extra.size) < 0.05]))
    assert detect_atrial_fibrillation(wrong, minimum_duration=CLINICAL_MINIMUM) == []


def test_changes_of_rate_are_not_fibrillation() -> None:
    steps = [sinus(60, rate, seed=1) for rate in (60, 90, 65, 120, 70, 100)]
    assert detect_atrial_fibrillation(beats(np.concatenate(steps))) == []


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [30, 45, 80, 200])
def test_paroxysm_is_found_where_it_is(count: int, seed: int) -> None:
    parts = [sinus(100, 75.0, seed=seed), fibrillation(count, 120.0, seed=seed)]
    times = beats(np.concatenate([*parts, sinus(100, 75.0, seed=seed + 50)]))
    episodes = detect_atrial_fibrillation(times)
    assert len(episodes) == 1
    start, end, _ = episodes[0]
    assert start == pytest.approx(times[101] - 0.15, abs=4.0)
    assert end == pytest.approx(times[100 + count] + 0.15, abs=4.0)


def test_minimum_duration_and_beats() -> None:
    parts = [sinus(100, seed=1), fibrillation(40, 130.0, seed=1), sinus(100, seed=2)]
    times = beats(np.concatenate(parts))
    assert len(detect_atrial_fibrillation(times)) == 1
    assert detect_atrial_fibrillation(times, minimum_duration=CLINICAL_MINIMUM) == []
    assert detect_atrial_fibrillation(times, minimum_beats=100) == []


def test_score_grows_with_length() -> None:
    scores = []
    for count in (20, 200):
        rr = np.concatenate([sinus(100), fibrillation(count, 120.0, seed=3), sinus(100, seed=2)])
        scores.append(detect_atrial_fibrillation(beats(rr))[0][2])
    assert scores[0] < scores[1]


@pytest.mark.parametrize("count", range(18))
def test_too_few_beats_claim_nothing(count: int) -> None:
    assert detect_atrial_fibrillation(beats(fibrillation(count + 1))[:count]) == []


def test_silence_splits_the_recording() -> None:
    first = beats(fibrillation(200, seed=1))
    times = np.concatenate((first, first[-1] + 10.0 + beats(fibrillation(200, seed=2))))
    episodes = detect_atrial_fibrillation(times)
    assert not any(start < first[-1] + 5.0 < end for start, end, _ in episodes)
    assert len(episodes) >= 2


def test_known_ventricular_beats_are_taken_out() -> None:
    rr = without_ectopic(np.array([0.8, 0.5, 1.1, 0.8]), np.array([0, 0, 1, 0, 0], dtype=bool))
    assert rr.tolist() == pytest.approx([0.8, 0.8, 0.8, 0.8])
    pair = np.array([0, 1, 1, 0, 0], dtype=bool)
    assert without_ectopic(np.array([0.8, 0.5, 1.1, 0.8]), pair).tolist() == [0.8, 0.5, 1.1, 0.8]


def test_measure_of_constant_and_random_intervals() -> None:
    assert petrenas(np.full(50, 0.8)).max() < THRESHOLD
    assert np.median(petrenas(fibrillation(200))) > THRESHOLD
    assert petrenas(np.full(3, 0.8)).tolist() == [0.0, 0.0, 0.0]


def test_published_measure_by_hand() -> None:
    # Of intervals 0.5 and 0.7 s in turn 16 of 28 pairs differ, but the medians of each window
    # have the mean of its intervals: bigeminy, so O is B, which is zero far from the ends.
    assert petrenas(np.tile([0.5, 0.7], 400))[300:500].max() < 1e-5
    # A staircase of 8 lengths 0.1 s apart, each window a full turn: all 28 pairs differ, mean
    # 0.75 s, so I is 1 / 0.75.
    stairs = np.tile([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1], 40)
    edge = petrenas(stairs)[100:200]
    assert edge.max() <= 1.0 / 0.75 + 0.01


def test_guards() -> None:
    bigeminy = np.tile([0.5, 1.1], 50)
    assert has_underlying_rhythm(bigeminy).all()
    assert not has_underlying_rhythm(fibrillation(300)).mean() > 0.1
    ventricular = np.tile([False, False, True], 34)[:101]
    assert has_sinus_between_ectopy(np.tile([0.8, 0.5, 1.1], 34)[:100], ventricular).all()
    nobody = np.zeros(101, dtype=bool)
    assert not has_sinus_between_ectopy(np.full(100, 0.8), nobody).any()


def test_change_point_is_exact_where_the_rhythm_changes() -> None:
    rr = np.concatenate((sinus(60, 70.0), fibrillation(60, 140.0)))
    assert abs(change_point(rr, 54) - 60) <= 1
    assert change_point(rr[:4], 2) in range(5)


def reference(name: str) -> tuple[list[FloatArray], float, Spans]:
    wfdb = pytest.importorskip("wfdb")
    record = wfdb.rdrecord(str(DATA / name))
    marks = wfdb.rdann(str(DATA / name), "atr")
    edges: list[float] = []
    for sample, text in zip(marks.sample, marks.aux_note, strict=True):
        opens = text.strip("\x00") in ("(AFIB", "(AFL")
        if text.startswith("(") and opens != bool(len(edges) % 2):
            edges.append(sample / record.fs)
    if len(edges) % 2:
        edges.append(record.sig_len / record.fs)
    return list(record.p_signal.T), record.fs, list(zip(edges[::2], edges[1::2], strict=True))


def found_in(leads: list[FloatArray], rate: float) -> Spans:
    states = analyse_rhythm(leads, rate).states
    return [(item.start, item.end) for item in states if item.code == ATRIAL_FIBRILLATION]


@needs_data
@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb 4.3 with pandas 3
@pytest.mark.parametrize(
    "name",
    [
        *(f"cpsc2021/data_21_{number}" for number in (7, 8, 9)),
        "mitdb/100",
        *(f"qtdb/sel{number}" for number in (100, 103, 114, 117, 213, 223)),
    ],
)
def test_no_clinical_fibrillation_in_records_without(name: str) -> None:
    leads, rate, truth = reference(name)
    assert truth == []
    assert all(end - start < CLINICAL_MINIMUM for start, end in found_in(leads, rate))


@needs_data
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_duration_f1_on_cpsc2021() -> None:
    both = found_seconds = true_seconds = 0.0
    for patient, numbers in {"101": (6, 8, 9), "84": (1, 2, 3), "21": (7, 8, 9)}.items():
        for number in numbers:
            leads, rate, truth = reference(f"cpsc2021/data_{patient}_{number}")
            found = found_in(leads, rate)
            both += sum(max(0.0, min(b, d) - max(a, c)) for a, b in found for c, d in truth)
            found_seconds += sum(b - a for a, b in found)
            true_seconds += sum(b - a for a, b in truth)
    assert true_seconds == pytest.approx(1223.2, abs=1.0)
    assert 2 * both / (found_seconds + true_seconds) > 0.95
