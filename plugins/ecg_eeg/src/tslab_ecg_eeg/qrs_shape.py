"""Width and shape of QRS complexes, to tell beats of ventricular origin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray, IntArray
from tslab_ecg_eeg.filters import moving_average

WIDE = 0.1
"""Seconds from which `qrs_widths` calls a complex wide: 0.12 by hand, less its bias."""

_REACH = 0.16
_QUIET = 0.02
_SLOPE_SHARE = 0.08
_BEYOND_USUAL = 1.3
_UNLIKE = 0.85
_FEWEST = 5


def qrs_widths(ecg: FloatArray, peaks: IntArray, sampling_rate: float) -> FloatArray:
    """Width of each QRS complex: how far the steep part reaches on both sides of the peak.

    The complex ends where the slope stays below 8 % of its own maximum for 20 ms. On the beats
    marked by hand in six records of the QT Database that is 0 to 30 ms less than by hand.

    Args:
        ecg: (n,) one lead, any unit.
        peaks: (m,) sample indices.
        sampling_rate: in Hz.

    Returns:
        (m,) seconds, at most 0.32; NaN beside a gap in the signal.
    """
    pieces = _cut(ecg, peaks, sampling_rate)
    smooth = max(1, round(0.012 * sampling_rate))
    slope = np.abs(pieces[:, smooth:] - pieces[:, :-smooth])
    middle = slope.shape[1] // 2
    core = round(0.08 * sampling_rate)
    top = slope[:, middle - core : middle + core + 1].max(axis=1, initial=0.0)
    steep = slope >= _SLOPE_SHARE * top[:, None]
    quiet = max(1, round(_QUIET * sampling_rate))
    right = _steps_until_quiet(steep[:, middle:], quiet)
    left = _steps_until_quiet(steep[:, middle::-1], quiet)
    widths = (left + right + 1 - smooth) / sampling_rate
    known = np.isfinite(pieces).all(axis=1) & (top > 0)
    return np.where(known, np.maximum(widths, 0.0), np.nan)


def ventricular_beats(
    leads: Sequence[FloatArray], peaks: IntArray, sampling_rate: float
) -> BoolArray:
    """Which beats are wide, wider than is usual in this recording, and of another shape.

    A recording with a bundle branch block has wide beats throughout: these are not told from
    ventricular ones by one beat alone, so the usual width and shape are the yardstick.

    Args:
        leads: (n,) arrays on one time axis.
        peaks: (m,) sample indices of all beats.
        sampling_rate: in Hz.

    Returns:
        (m,) True at beats of ventricular origin; all False with fewer than 5 beats.
    """
    if peaks.size < _FEWEST:
        return np.zeros(peaks.size, dtype=bool)
    widest: FloatArray = np.zeros(peaks.size)
    excess: FloatArray = np.zeros(peaks.size)
    shared: FloatArray = np.zeros(peaks.size)
    power: FloatArray = np.zeros(peaks.size)
    voters: FloatArray = np.zeros(peaks.size)
    for lead in leads:
        ecg = np.asarray(lead, dtype=np.float64)
        widths = qrs_widths(ecg, peaks, sampling_rate)
        known = np.isfinite(widths)
        usual = float(np.median(widths[known])) if known.sum() >= _FEWEST else 0.0
        if not usual:
            continue
        shapes, model = _shapes(ecg, peaks, sampling_rate, known & (widths <= usual))
        # A beat beside a gap in this lead is judged by the others.
        widest = np.fmax(widest, widths)
        excess += np.where(known, widths / usual, 0.0)
        shared += np.where(known, shapes @ model, 0.0)
        power += np.where(known, (shapes**2).sum(axis=1), 0.0)
        voters += known
    # Leads as one long vector: a small deflection in one lead cannot decide alone.
    likeness = shared / np.sqrt(np.maximum(power * voters, 1e-300))
    wide = (widest >= WIDE) & (excess >= _BEYOND_USUAL * np.maximum(voters, 1))
    ventricular: BoolArray = wide & (likeness < _UNLIKE)
    return ventricular


def _shapes(
    ecg: FloatArray, peaks: IntArray, sampling_rate: float, usual: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Beats (m, k), level at both ends, and the median of the usual ones (k,) of norm 1."""
    pieces = np.nan_to_num(_cut(ecg, peaks, sampling_rate))
    middle, reach = pieces.shape[1] // 2, round(0.1 * sampling_rate)
    pieces = pieces[:, middle - reach : middle + reach + 1]
    smooth = moving_average(pieces, 0.02 * sampling_rate)
    ends = smooth[:, :3].mean(axis=1) + smooth[:, -3:].mean(axis=1)
    shapes: FloatArray = smooth - ends[:, None] / 2
    model: FloatArray = np.median(shapes[usual], axis=0)
    size = max(float(np.linalg.norm(model)), 1e-300)
    return shapes / size, model / size


def _cut(ecg: FloatArray, peaks: IntArray, sampling_rate: float) -> FloatArray:
    reach = round(_REACH * sampling_rate)
    at = np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, ecg.size - 1)
    values = np.where(np.isfinite(ecg[at]), ecg[at], np.nan)
    largest = np.nanmax(np.abs(values), initial=0.0)
    pieces: FloatArray = values / largest if largest > 0 else values
    return pieces


def _steps_until_quiet(steep: BoolArray, quiet: int) -> IntArray:
    """(m,) samples from the first column to the first run of `quiet` columns that are not steep."""
    total = np.cumsum(np.pad(steep, ((0, 0), (1, 0))), axis=1)
    calm = total[:, quiet:] == total[:, :-quiet]
    steps = np.where(calm.any(axis=1), calm.argmax(axis=1), steep.shape[1])
    return steps.astype(np.int64)
