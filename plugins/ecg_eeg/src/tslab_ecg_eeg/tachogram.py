"""Instantaneous heart rate as a channel to look at."""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray, IntArray
from tslab_ecg_eeg.filters import moving_median

SLOWEST = 20.0
FASTEST = 300.0
"""Beats a minute between which an interval can be a heart's."""

_WINDOW = 11
_ONE_BEAT = 0.15


def instantaneous_heart_rate(
    peaks: IntArray,
    sampling_rate: float,
    duration: float,
    rate: float = 4.0,
    *,
    linear: bool = False,
) -> FloatArray:
    """Heart rate from beat to beat on a regular time axis.

    Ectopic beats and pauses stay visible, as rhythm labelling needs them. Left out and bridged
    are intervals no heart makes, and two in a row that add up to one usual interval: a false
    beat between two true ones (a premature beat and its pause add up to two).

    Args:
        peaks: (n,) sample indices of beats, ascending.
        sampling_rate: of `peaks` in Hz.
        duration: of the recording in seconds.
        rate: of the answer in Hz.
        linear: interpolate between mid-interval points instead of one step per interval.

    Returns:
        (ceil(duration * rate),) beats a minute, never NaN; zeros where fewer than two beats
        are known in the whole recording.
    """
    count = max(0, int(np.ceil(duration * rate - 1e-9)))
    times = np.unique(np.asarray(peaks, dtype=np.float64)) / sampling_rate
    grid = np.arange(count) / rate
    rr = np.diff(times)
    good = _plausible(rr)
    if not good.any():
        return np.zeros(count)
    values = 60.0 / rr[good]
    middle = (times[:-1] + times[1:])[good] / 2
    if linear:
        ramp: FloatArray = np.interp(grid, middle, values)
        return ramp
    return _stepped(grid, times, good, middle, values)


def _stepped(
    grid: FloatArray, times: FloatArray, good: BoolArray, middle: FloatArray, values: FloatArray
) -> FloatArray:
    """One level per good interval; a bridged interval is a ramp between its neighbours."""
    bridged = np.interp(grid, middle, values)
    interval = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, good.size - 1)
    level: FloatArray = np.zeros(good.size)
    level[good] = values
    return np.where(good[interval], level[interval], bridged)


def _plausible(rr: FloatArray) -> BoolArray:
    possible = (rr >= 60.0 / FASTEST) & (rr <= 60.0 / SLOWEST)
    if rr.size < 3:
        return possible
    usual = moving_median(rr, min(_WINDOW, rr.size))
    pair = rr[:-1] + rr[1:]
    split = np.abs(pair - usual[:-1]) < _ONE_BEAT * usual[:-1]
    # Two short intervals among long ones; at a steady fast rate the usual one is short as well.
    possible[:-1] &= ~split
    possible[1:] &= ~split
    return possible
