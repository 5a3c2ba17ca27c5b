"""Beat by beat irregularity of RR intervals: the published measure and two guards against ectopy.

The measure is that of Petrenas A, Marozas V, Sörnmo L. Low-complexity detection of atrial
fibrillation in continuous long-term monitoring. Comput Biol Med 2015;65:184-191.
"""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray
from tslab_ecg_eeg.filters import exponential_average

WINDOW = 8
"""Beats in the sliding window (N in the paper)."""

THRESHOLD = 0.725
"""Decision level of the fused measure (eta)."""

_QUARTILES = (0.25, 0.5, 0.75)
_ALIKE = 0.1

GUARD_WINDOW = 25
"""Intervals over which the guard against ectopy looks."""

_GAMMA = 0.03
_DELTA = 2e-4
_LONGEST_MEAN_RR = 1.0
_GUARD_REACH = 8
_PERIODIC_BELOW = 0.04
_REGULAR_WITHIN = 0.04
_REGULAR_SHARE = 0.55
_COMPENSATING_BELOW = -0.38


def petrenas(rr: FloatArray, smoothing: float = 0.02) -> FloatArray:
    """The paper's decision function O(n) for each interval.

    A window is irregular by the share of its interval pairs that differ by 30 ms or more, after
    a 3-point median filter against single ectopic beats, relative to the mean interval. Where
    median and mean agree over the window (B below 2e-4: sinus rhythm, bigeminy) the intervals
    are called regular whatever their spread. Both are smoothed exponentially, forward and
    backward.

    One deviation: the mean interval is capped at 1 s. The share of pairs cannot pass 1, so the
    paper's ratio would hide AF with a slow ventricular response.

    Args:
        rr: (n,) intervals in seconds.
        smoothing: coefficient alpha; the paper's 0.02 averages over about 100 beats.

    Returns:
        (n,) AF where above `THRESHOLD`.
    """
    if rr.size < WINDOW:
        return np.zeros(rr.size)
    edged = np.concatenate((rr[:1], rr, rr[-1:]))
    filtered = np.median(_windows(edged, 3), axis=1)
    around = _windows(_mirror(filtered), WINDOW)
    first, second = np.triu_indices(WINDOW, k=1)
    differ = np.abs(around[:, first] - around[:, second]) >= _GAMMA
    mean = np.minimum(exponential_average(rr, smoothing), _LONGEST_MEAN_RR)
    irregular = exponential_average(differ.mean(axis=1), smoothing) / mean
    ratio = around.sum(axis=1) / _windows(_mirror(rr), WINDOW).sum(axis=1) - 1.0
    bigeminy = exponential_average(ratio**2, smoothing)
    return np.where(bigeminy >= _DELTA, irregular, bigeminy)


def has_underlying_rhythm(rr: FloatArray) -> BoolArray:
    """Where the 17 intervals around a beat repeat a pattern or keep to one length.

    Our own guards, not part of the paper. In AF no interval predicts another. Bigeminy,
    trigeminy and quadrigeminy repeat after two, three or four intervals; in sinus rhythm with
    single premature beats more than half of the intervals lie within 4 % of one length, and the
    others come as short and long ones. Fast AF may crowd as close above the refractory period of
    the AV node, but then its other intervals are all longer: that is not called a rhythm.
    Frequent ectopy at random moves one beat between its neighbours, so that each interval undoes
    the one before; the serial correlation of 25 intervals is then -0.4 to -0.9, in AF about 0.

    Args:
        rr: (n,) intervals in seconds.

    Returns:
        (n,) True where AF is not to be claimed.
    """
    if rr.size < 2 * _GUARD_REACH + 1:
        return np.zeros(rr.size, dtype=bool)
    around = _windows(_mirror(rr, _GUARD_REACH, _GUARD_REACH), 2 * _GUARD_REACH + 1)
    typical = np.median(around, axis=1)
    # A constant rhythm counts as the pattern of period 1.
    repeats = [
        np.median(np.abs(around[:, period:] - around[:, :-period]), axis=1)
        for period in (1, 2, 3, 4)
    ]
    periodic = np.min(repeats, axis=0) < _PERIODIC_BELOW * typical
    underlying: BoolArray = periodic | _keeps_to_one_length(around, typical)
    return underlying | (_serial_correlation(rr) < _COMPENSATING_BELOW)


def _serial_correlation(rr: FloatArray) -> FloatArray:
    reach = min(GUARD_WINDOW // 2, rr.size - 1)
    around = _windows(_mirror(rr, reach, reach), 2 * reach + 1)
    # A single missed beat must not outweigh all other intervals.
    around = np.minimum(around, 1.6 * np.median(around, axis=1, keepdims=True))
    deviation = around - around.mean(axis=1, keepdims=True)
    power = (deviation**2).sum(axis=1)
    products = (deviation[:, 1:] * deviation[:, :-1]).sum(axis=1)
    correlation: FloatArray = products / np.maximum(power, 1e-12)
    return correlation


def _keeps_to_one_length(around: FloatArray, typical: FloatArray) -> BoolArray:
    ordered = np.sort(around, axis=1)
    need = int(np.ceil(_REGULAR_SHARE * ordered.shape[1]))
    spans = ordered[:, need - 1 :] - ordered[:, : -need + 1]
    densest = spans.argmin(axis=1)
    rows = np.arange(around.shape[0])
    low, high = ordered[rows, densest], ordered[rows, densest + need - 1]
    margin = _REGULAR_WITHIN * typical
    shorter = (around < (low - margin)[:, None]).sum(axis=1)
    # Twice the usual length is a missed or blocked beat, not irregular conduction.
    between = (around > (high + margin)[:, None]) & (around < 1.8 * typical[:, None])
    skewed = (between.sum(axis=1) >= 3) & (4 * shorter <= between.sum(axis=1))
    regular: BoolArray = (high - low < 2 * margin) & ~skewed
    return regular


def has_sinus_between_ectopy(rr: FloatArray, ectopic: BoolArray) -> BoolArray:
    """Where ventricular beats are frequent and the intervals between the others are alike.

    Args:
        rr: (n,) intervals in seconds; interval i ends at beat i + 1.
        ectopic: (n + 1,) True at beats of ventricular origin.

    Returns:
        (n,) True where, of 25 intervals, at least 4 lie between normal beats with an
        interquartile range under 10 % (AF: 16 % and more), and 3 or more beats are ectopic.
    """
    reach = min(GUARD_WINDOW // 2, rr.size - 1)
    normal = np.where(ectopic[:-1] | ectopic[1:], np.nan, rr)
    around = np.sort(_windows(_mirror(normal, reach, reach), 2 * reach + 1), axis=1)
    ventricular = _windows(_mirror(ectopic[1:].astype(np.float64), reach, reach), 2 * reach + 1)
    known = np.isfinite(around).sum(axis=1)
    rows = np.arange(rr.size)
    # Sorting puts the unknown last.
    low, middle, high = (around[rows, (known * share).astype(np.int64)] for share in _QUARTILES)
    alike = (high - low) < _ALIKE * middle
    sinus: BoolArray = alike & (known >= 4) & (ventricular.sum(axis=1) >= 3)
    return sinus


def without_ectopic(rr: FloatArray, ectopic: BoolArray) -> FloatArray:
    """Intervals with each known ectopic beat moved midway between its neighbours.

    Args:
        rr: (n,) intervals in seconds; interval i ends at beat i + 1.
        ectopic: (n + 1,) True at beats of ventricular origin.

    Returns:
        (n,) the two intervals around a single ectopic beat replaced by their mean.
    """
    moved = rr.copy()
    inner = np.flatnonzero(ectopic[1:-1]) + 1
    alone = inner[~ectopic[inner - 1] & ~ectopic[inner + 1]]
    mean = (rr[alone - 1] + rr[alone]) / 2
    moved[alone - 1], moved[alone] = mean, mean
    return moved


def change_point(rr: FloatArray, near: int, reach: int = 10) -> int:
    """The most likely place, within `reach` intervals of `near`, where the rhythm changes.

    Maximum likelihood for two Gaussian pieces of the logarithm of RR, each with its own mean
    and spread (2 % at least: sampling and breathing); 12 intervals on either side of the range.

    Args:
        rr: (n,) intervals in seconds.
        near: a first guess, as an index of the interval that begins the second piece.
        reach: how far the answer may lie from it.
    """
    low, high = max(0, near - reach - 12), min(rr.size, near + reach + 12)
    values = np.log(rr[low:high])
    first, last = max(low + 3, near - reach), min(high - 3, near + reach)
    if last <= first:
        return near
    costs = [_cost(values[: at - low]) + _cost(values[at - low :]) for at in range(first, last + 1)]
    return first + int(np.argmin(costs))


def _cost(values: FloatArray) -> float:
    return values.size * float(np.log(max(float(values.std()), 0.02)))


def _windows(values: FloatArray, width: int) -> FloatArray:
    return np.lib.stride_tricks.sliding_window_view(values, width)


def _mirror(
    values: FloatArray, before: int = WINDOW // 2, after: int = WINDOW // 2 - 1
) -> FloatArray:
    return np.pad(values, (before, after), mode="reflect")
