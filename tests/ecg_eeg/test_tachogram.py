"""Heart rate as a display channel."""

from __future__ import annotations

import numpy as np
import pytest

from tslab_ecg_eeg.tachogram import FASTEST, SLOWEST, instantaneous_heart_rate


def test_steady_rate_is_exact() -> None:
    heart_rate = instantaneous_heart_rate(np.arange(0, 6000, 80), 100.0, 60.0)
    assert heart_rate.shape == (240,)
    assert heart_rate == pytest.approx(75.0)


@pytest.mark.parametrize(
    ("duration", "rate", "count"), [(10.0, 4.0, 40), (10.1, 4.0, 41), (1, 1, 1)]
)
def test_length(duration: float, rate: float, count: int) -> None:
    assert instantaneous_heart_rate(np.array([10, 90]), 100.0, duration, rate).size == count


def test_step_follows_each_interval() -> None:
    heart_rate = instantaneous_heart_rate(np.array([0, 100, 150, 250]), 100.0, 2.5)
    assert heart_rate.tolist() == [60, 60, 60, 60, 120, 120, 60, 60, 60, 60]


def test_linear_lies_between() -> None:
    peaks = np.array([0, 100, 150, 250])
    heart_rate = instantaneous_heart_rate(peaks, 100.0, 2.5, linear=True)
    assert heart_rate.min() == 60.0
    assert heart_rate[4] == pytest.approx(60 + 60 * (1.0 - 0.5) / 0.75)


@pytest.mark.parametrize("peaks", [[], [5], [5, 5]])
def test_too_few_beats_give_zeros(peaks: list[int]) -> None:
    heart_rate = instantaneous_heart_rate(np.array(peaks, dtype=np.int64), 100.0, 2.0)
    assert heart_rate.tolist() == [0.0] * 8


def test_no_duration() -> None:
    assert instantaneous_heart_rate(np.array([1, 90]), 100.0, 0.0).size == 0


def test_false_beat_leaves_no_spike() -> None:
    peaks = np.sort(np.append(np.arange(0, 6000, 80), 3000))
    heart_rate = instantaneous_heart_rate(peaks, 100.0, 60.0)
    assert heart_rate == pytest.approx(75.0)


def test_premature_beat_and_its_pause_stay_visible() -> None:
    peaks = np.arange(0, 6000, 80)
    peaks[40] -= 30
    heart_rate = instantaneous_heart_rate(peaks, 100.0, 60.0)
    assert heart_rate.max() == pytest.approx(120.0)
    assert heart_rate.min() == pytest.approx(6000 / 110)


def test_impossible_intervals_are_bridged() -> None:
    peaks = np.concatenate((np.arange(0, 2000, 80), [2000], np.arange(3600, 6000, 80)))
    heart_rate = instantaneous_heart_rate(peaks, 100.0, 60.0)
    assert np.isfinite(heart_rate).all()
    assert heart_rate == pytest.approx(75.0)


@pytest.mark.parametrize("seed", range(5))
def test_never_nan_nor_out_of_range(seed: int) -> None:
    peaks = np.sort(np.random.default_rng(seed).integers(0, 30000, 200))
    heart_rate = instantaneous_heart_rate(peaks, 250.0, 120.0)
    assert np.isfinite(heart_rate).all()
    assert heart_rate.min() >= SLOWEST
    assert heart_rate.max() <= FASTEST
