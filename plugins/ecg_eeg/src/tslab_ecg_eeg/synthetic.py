"""A synthetic ECG with known beats and rhythms, for tests and for the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray, IntArray
from tslab_ecg_eeg.episodes import Episode
from tslab_ecg_eeg.filters import bandpass
from tslab_ecg_eeg.synthetic_rr import Segment, beat_times

__all__ = ["LEADS", "Segment", "SyntheticEcg", "add_noise", "synthesize_ecg"]

# Seconds from R, width (one sigma) in seconds, height in mV for each lead. Gaussian waves as in
# McSharry PE et al. A dynamical model for generating synthetic electrocardiogram signals. IEEE
# Trans Biomed Eng 2003;50:289-294; centre and width of P and T scale with the root of RR.
LEADS = ("II", "V5")
_P = (-0.17, 0.022, (0.13, 0.08))
_QRS = ((-0.028, 0.008, (-0.10, -0.12)), (0.0, 0.011, (1.05, 1.45)), (0.03, 0.010, (-0.22, -0.30)))
_T = (0.27, 0.042, (0.28, 0.36))
_VENTRICULAR = (
    (-0.045, 0.022, (0.35, -0.25)),
    (0.0, 0.030, (1.30, -1.10)),
    (0.070, 0.030, (-0.55, 0.45)),
)
_VENTRICULAR_T = (0.30, 0.055, (-0.40, 0.38))
_NO_ATRIAL_WAVE = ("(AFIB", "(VT", "(SVTA")


@dataclass(frozen=True, slots=True)
class SyntheticEcg:
    """A synthetic recording and the truth about it.

    Attributes:
        leads: (n,) mV each, in the order of `LEADS`.
        sampling_rate: in Hz.
        r_peaks: (m,) sample indices.
        ventricular: (m,) True at ventricular beats.
        states: the planned rhythms.
    """

    leads: list[FloatArray]
    sampling_rate: float
    r_peaks: IntArray
    ventricular: BoolArray
    states: list[Episode]


def synthesize_ecg(
    plan: Sequence[Segment],
    sampling_rate: float = 360.0,
    seed: int = 0,
    leads: int = 2,
    noise: float = 0.01,
) -> SyntheticEcg:
    """An ECG that follows a plan of rhythms.

    Args:
        plan: the stretches, one after the other.
        sampling_rate: in Hz.
        seed: the same seed gives the same recording.
        leads: how many of `LEADS`, 1 or 2.
        noise: standard deviation of muscle noise in mV; `(NOISE` has 100 times as much.

    Returns:
        Signals, exact R peaks and rhythms.
    """
    rng = np.random.default_rng(seed)
    ends = np.cumsum([segment.duration for segment in plan])
    count = round(float(ends[-1]) * sampling_rate)
    signals = [_background(count, sampling_rate, noise, rng) for _ in range(leads)]
    peaks, kinds, states = [], [], []
    for segment, end in zip(plan, ends, strict=True):
        start = float(end) - segment.duration
        inside = slice(round(start * sampling_rate), round(float(end) * sampling_rate))
        times, ventricular = beat_times(segment, rng)
        at = np.rint((start + times) * sampling_rate).astype(np.int64)
        for number, signal in enumerate(signals):
            _add_beats(signal, at, ventricular, segment.code, sampling_rate, number)
            extra = _atrial_or_noise(segment.code, signal[inside].size, sampling_rate, noise, rng)
            signal[inside] += extra
        peaks.append(at)
        kinds.append(ventricular > 0)
        states.append(Episode(start, float(end), segment.code, 1.0))
    return SyntheticEcg(
        signals, sampling_rate, np.concatenate(peaks), np.concatenate(kinds), states
    )


def add_noise(
    signal: FloatArray, sampling_rate: float, decibels: float, rng: np.random.Generator
) -> FloatArray:
    """A lead with baseline wander and muscle noise of equal power at a signal-to-noise ratio.

    Wander is Gaussian noise at 0.05 to 0.5 Hz, muscle noise at 20 to 100 Hz (or 0.45 of the
    sampling rate). The ratio is that of the variances of the whole lead and the whole noise.

    Args:
        signal: (n,) any unit.
        sampling_rate: in Hz.
        decibels: signal-to-noise ratio.
        rng: the only source of chance.
    """
    top = min(100.0, 0.45 * sampling_rate)
    wander = bandpass(rng.standard_normal(signal.size), sampling_rate, 0.05, 0.5)
    muscle = bandpass(rng.standard_normal(signal.size), sampling_rate, 20.0, top)
    noise = wander / wander.std() + muscle / muscle.std()
    power = float(np.var(signal)) / 10.0 ** (decibels / 10.0)
    noisy: FloatArray = signal + noise / noise.std() * np.sqrt(power)
    return noisy


def _background(
    count: int, sampling_rate: float, noise: float, rng: np.random.Generator
) -> FloatArray:
    time = np.arange(count) / sampling_rate
    breathing = 0.04 * np.sin(2 * np.pi * 0.25 * time + rng.uniform(0, 6.28))
    drift = 0.06 * np.sin(2 * np.pi * 0.03 * time + rng.uniform(0, 6.28))
    return np.asarray(breathing + drift + noise * rng.standard_normal(count), dtype=np.float64)


def _add_beats(
    signal: FloatArray,
    peaks: IntArray,
    ventricular: FloatArray,
    code: str,
    sampling_rate: float,
    lead: int,
) -> None:
    rr = np.diff(peaks, prepend=peaks[:1] - round(0.8 * sampling_rate)) / sampling_rate
    for peak, early, interval in zip(peaks, ventricular, rr, strict=True):
        stretch = float(np.sqrt(np.clip(interval, 0.3, 1.4) / 0.8))
        waves = [*_VENTRICULAR, _scaled(_VENTRICULAR_T, stretch)]
        if not early:
            atrial = [] if code in _NO_ATRIAL_WAVE else [_scaled(_P, stretch)]
            waves = [*atrial, *_QRS, _scaled(_T, stretch)]
        height = 1.0 + 0.05 * np.sin(2 * np.pi * 0.25 * peak / sampling_rate)
        for centre, width, heights in waves:
            at = peak / sampling_rate + centre
            _add_wave(signal, at, width, height * heights[lead], sampling_rate)


def _scaled(
    wave: tuple[float, float, tuple[float, float]], stretch: float
) -> tuple[float, float, tuple[float, float]]:
    return wave[0] * stretch, wave[1] * stretch, wave[2]


def _add_wave(
    signal: FloatArray, centre: float, width: float, height: float, sampling_rate: float
) -> None:
    low = max(0, int((centre - 4 * width) * sampling_rate))
    high = min(signal.size, int((centre + 4 * width) * sampling_rate) + 1)
    distance = (np.arange(low, high) / sampling_rate - centre) / width
    signal[low:high] += height * np.exp(-0.5 * distance**2)


def _atrial_or_noise(
    code: str, count: int, sampling_rate: float, noise: float, rng: np.random.Generator
) -> FloatArray:
    """Fibrillatory waves of 5 to 7 Hz in AF, an electrode that moves in noise, else nothing."""
    if code == "(NOISE":
        return np.asarray(100 * noise * rng.standard_normal(count), dtype=np.float64)
    if code != "(AFIB":
        return np.zeros(count)
    time = np.arange(count) / sampling_rate
    phase = 2 * np.pi * 6.0 * time + 2.0 * np.sin(2 * np.pi * 0.13 * time) + rng.uniform(0, 6.28)
    swell = 1.0 + 0.4 * np.sin(2 * np.pi * 0.4 * time + rng.uniform(0, 6.28))
    waves: FloatArray = 0.05 * swell * (np.sin(phase) + 0.3 * np.sin(2 * phase))
    return waves
