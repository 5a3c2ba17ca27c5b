"""RR intervals of the rhythms that the synthetic ECG knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tslab_ecg_eeg.arrays import FloatArray

_RATES = {
    "(N": 72.0,
    "(SBR": 42.0,
    "(ST": 118.0,
    "(SVTA": 165.0,
    "(AFIB": 105.0,
    "(VT": 170.0,
    "(B": 75.0,
    "(T": 75.0,
    "(NOISE": 75.0,
}
_VENTRICULAR_EVERY = {"(VT": 1, "(B": 2, "(T": 3}
_BREATHS = 0.25


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a synthetic recording.

    Attributes:
        code: WFDB rhythm code; `(ASYS` has no beats, `(NOISE` hides a sinus rhythm.
        duration: seconds.
        rate: beats a minute; None takes the usual one of that rhythm.
        premature: share of beats that are premature and ventricular, at random.
        pause: seconds of one pause in the middle; 0 for none.
    """

    code: str
    duration: float
    rate: float | None = None
    premature: float = 0.0
    pause: float = 0.0


def beat_times(segment: Segment, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Beats of a segment and which of them are ventricular.

    Args:
        segment: what to make.
        rng: the only source of chance.

    Returns:
        (n,) seconds within the segment, and (n,) 1.0 for ventricular beats, else 0.0.
    """
    if segment.code == "(ASYS":
        return np.zeros(0), np.zeros(0)
    rate = segment.rate or _RATES[segment.code]
    make = {"(AFIB": _irregular, "(SVTA": _steady, "(VT": _steady}.get(segment.code, _sinus)
    times = np.cumsum(make(rate, segment.duration, rng))
    if segment.pause:
        middle = times[np.searchsorted(times, segment.duration / 2)]
        later = times > middle
        times[later] += segment.pause - (times[later][0] - middle)
    ventricular = _ventricular(segment, times.size, rng)
    if segment.code != "(VT":
        times = _make_early(times, ventricular, rng)
    inside = (times > 0.05) & (times < segment.duration - 0.05)
    return times[inside], ventricular[inside]


def _sinus(rate: float, duration: float, rng: np.random.Generator) -> FloatArray:
    """Respiratory arrhythmia, a slow drift and a little jitter around one rate."""
    mean = 60.0 / rate
    count = int(duration / mean * 1.3) + 4
    # A fast or slow heart varies less: there the vagus has left or taken over.
    depth = 0.04 * float(np.clip(1.0 - abs(rate - 65.0) / 80.0, 0.1, 1.0))
    drift = np.cumsum(rng.normal(0.0, 0.003, count))
    drift -= np.linspace(drift[0], drift[-1], count)
    breathing = depth * np.sin(2 * np.pi * _BREATHS * mean * np.arange(count))
    jitter = rng.normal(0.0, 0.004, count)
    relative = 1.0 + breathing + np.clip(drift, -0.06, 0.06)
    if rate > 100.0:
        relative += _ramps(mean, duration, count)
    intervals: FloatArray = mean * relative + jitter
    return intervals


def _ramps(mean: float, duration: float, count: int) -> FloatArray:
    """A sinus node speeds up and slows down over some ten seconds: 0.8 s at both ends."""
    ramp: FloatArray = np.zeros(count)
    time = 0.0
    for index in range(count):
        ramp[index] = (0.8 / mean - 1.0) * np.exp(-min(time, abs(duration - time)) / 4.0)
        time += mean * (1.0 + ramp[index])
    return ramp


def _steady(rate: float, duration: float, rng: np.random.Generator) -> FloatArray:
    """Re-entry: almost the same interval every time."""
    count = int(duration * rate / 60.0) + 4
    intervals: FloatArray = 60.0 / rate * (1.0 + rng.normal(0.0, 0.006, count))
    return intervals


def _irregular(rate: float, duration: float, rng: np.random.Generator) -> FloatArray:
    """Independent intervals, skewed, never below the refractory period of the AV node."""
    mean = 60.0 / rate
    shortest = max(0.28, 0.55 * mean)
    count = int(duration / mean * 1.5) + 8
    shape = 4.0
    intervals: FloatArray = shortest + rng.gamma(shape, (mean - shortest) / shape, count)
    return intervals


def _ventricular(segment: Segment, count: int, rng: np.random.Generator) -> FloatArray:
    every = _VENTRICULAR_EVERY.get(segment.code, 0)
    if every:
        return np.asarray(np.arange(count) % every == every - 1, dtype=np.float64)
    flags: FloatArray = (rng.random(count) < segment.premature).astype(np.float64)
    # Single ones: no couplet, and a normal beat first.
    flags[1:] *= 1.0 - flags[:-1]
    flags[:1] = 0.0
    return flags


def _make_early(times: FloatArray, ventricular: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Ventricular beats at 55 to 70 % of the interval; the next beat keeps its time."""
    moved = times.copy()
    for index in np.flatnonzero(ventricular):
        if index:
            coupling = 0.62 + 0.02 * float(rng.standard_normal())
            moved[index] = times[index - 1] + coupling * (times[index] - times[index - 1])
    return moved
