"""How readable one lead is, second by second."""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray, IntArray
from tslab_ecg_eeg.beat_matching import MATCH, distance_to_nearest
from tslab_ecg_eeg.filters import moving_maximum
from tslab_ecg_eeg.qrs_detectors import Lead

QUALITY_WINDOW = 10.0
"""Seconds over which agreement is counted; the window of Li, Mark and Clifford (2008)."""

_QUIET_SHARE = 0.1
_BY_CHANCE = 0.6
_GOOD = 0.9


def lead_quality(lead: Lead, first: IntArray, second: IntArray, seconds: int) -> FloatArray:
    """Signal quality of a lead from how well two detectors agree in it.

    The agreement is bSQI (Li Q, Mark RG, Clifford GD. Robust heart rate estimation from multiple
    asynchronous noisy sources using signal quality indices and a Kalman filter. Physiol Meas
    2008;29:15-32): beats found by both detectors over beats found by either, in 10 s. Noise
    alone gives 0.5 to 0.75, so 0.6 counts as nothing and 0.9 as all. The answer is up to halved
    when the energy between beats nears that of the QRS (as in noise, but also in fast VT), and
    multiplied by the share of samples that are numbers and not a constant line.

    Args:
        lead: the conditioned lead.
        first: (n,) beats by one detector, samples at `lead.rate`.
        second: (m,) beats by the other.
        seconds: length of the answer.

    Returns:
        (seconds,) in [0, 1], at 0.5, 1.5, ... s.
    """
    agreement = _agreement(first, second, lead.rate, seconds)
    readable = _mean_per_second(lead.moving.astype(np.float64), lead.rate, seconds)
    beyond_chance = np.clip((agreement - _BY_CHANCE) / (_GOOD - _BY_CHANCE), 0.0, 1.0)
    return beyond_chance * (0.5 + 0.5 * _contrast(lead, first, seconds)) * readable


def quiet_seconds(lead: Lead, beats: IntArray, seconds: int) -> BoolArray:
    """Where a connected lead shows a line without QRS complexes: asystole, if it lasts.

    A digital zero line or any other constant is a lead that is off, not a silent heart.

    Args:
        lead: the conditioned lead.
        beats: (n,) samples at `lead.rate`.
        seconds: length of the answer.
    """
    if not beats.size:
        return np.zeros(seconds, dtype=bool)
    amplitude = np.sqrt(lead.envelope)
    typical = float(np.median(_heights(lead, beats)))
    mean = _mean_per_second(amplitude, lead.rate, seconds)
    moving = _mean_per_second(lead.moving.astype(np.float64), lead.rate, seconds) > 0.5
    quiet: BoolArray = moving & (mean < _QUIET_SHARE * typical)
    return quiet


def _agreement(first: IntArray, second: IntArray, rate: float, seconds: int) -> FloatArray:
    if not first.size or not second.size:
        return np.zeros(seconds)
    confirmed = distance_to_nearest(first, second) <= MATCH * rate
    alone = distance_to_nearest(second, first) > MATCH * rate
    both = _count_around(first[confirmed], seconds, rate)
    either = _count_around(first, seconds, rate) + _count_around(second[alone], seconds, rate)
    share: FloatArray = both / np.maximum(either, 1)
    return share


def _contrast(lead: Lead, beats: IntArray, seconds: int) -> FloatArray:
    """1 for a quiet line between beats, 0 where its energy is that of the QRS.

    White noise in the QRS band has a mean amplitude of about 0.45 of its typical local peak, a
    clean lead at 60 to 100 beats a minute 0.1 to 0.2.
    """
    amplitude = np.sqrt(lead.envelope)
    reach = QUALITY_WINDOW / 2 * lead.rate
    centres = (np.arange(seconds) + 0.5) * lead.rate
    low = np.clip(centres - reach, 0, amplitude.size).astype(np.int64)
    high = np.clip(centres + reach, 0, amplitude.size).astype(np.int64)
    mean = _mean_between(amplitude, low, high)
    left, right = np.searchsorted(beats, low), np.searchsorted(beats, high)
    peak = _mean_between(_heights(lead, beats), left, right)
    ratio = np.divide(mean, peak, out=np.ones(seconds), where=peak > 0)
    contrast: FloatArray = np.clip((0.5 - ratio) / 0.2, 0.0, 1.0)
    return contrast


def _heights(lead: Lead, beats: IntArray) -> FloatArray:
    around = moving_maximum(lead.envelope, 0.15 * lead.rate)
    heights: FloatArray = np.sqrt(around[beats])
    return heights


def _mean_per_second(values: FloatArray, rate: float, seconds: int) -> FloatArray:
    edges = np.clip((np.arange(seconds + 1) * rate).astype(np.int64), 0, values.size)
    return _mean_between(values, edges[:-1], edges[1:])


def _mean_between(values: FloatArray, low: IntArray, high: IntArray) -> FloatArray:
    total = np.concatenate(([0.0], np.cumsum(values)))
    mean: FloatArray = (total[high] - total[low]) / np.maximum(high - low, 1)
    return mean


def _count_around(events: IntArray, seconds: int, rate: float) -> IntArray:
    centres = (np.arange(seconds) + 0.5) * rate
    reach = QUALITY_WINDOW / 2 * rate
    return np.searchsorted(events, centres + reach) - np.searchsorted(events, centres - reach)
