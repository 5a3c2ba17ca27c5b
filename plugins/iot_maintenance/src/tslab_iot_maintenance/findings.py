"""What a detector reports, and the few array steps that all detectors share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# The standard deviation of a normal distribution is this many median absolute deviations.
MAD_TO_SIGMA = 1.4826
STATE_LEVELS = 10  # a channel with so few distinct values is a state or a very coarse sensor


@dataclass(frozen=True, slots=True, order=True)
class Anomaly:
    """One suspicious stretch of a recording.

    The interval is half-open: `end` is the time of the first sample that is normal again.
    An instant has `start == end`.

    Attributes:
        start: First affected time, seconds.
        end: End of the stretch, seconds.
        code: Signal-shape label: SPK, STK, CLP, DRO, LVL, TRD or PCX.
        score: Strength of the evidence in (0, 1]; 0.5 is what just passed the rule's threshold.
        channels: Names of the channels that show it, the strongest first.
    """

    start: float
    end: float
    code: str
    score: float
    channels: tuple[str, ...]


def strength(ratio: float) -> float:
    """Turn evidence into a score that grows from 0.5 at the threshold towards 1.

    Args:
        ratio: Evidence divided by the rule's threshold, at least 1 for a finding.

    Returns:
        `ratio / (1 + ratio)`, rounded so that arithmetic noise does not reorder findings.
    """
    if not np.isfinite(ratio):
        return 1.0
    return round(max(float(ratio), 1e-6) / (1.0 + max(float(ratio), 1e-6)), 6)


def find_runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Find the runs of true values.

    Args:
        mask: Shape (n,).

    Returns:
        First index and one-past-last index of each run, both of shape (runs,).
    """
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def robust_scale(values: FloatArray) -> float:
    """Estimate a standard deviation that a few outliers cannot move.

    Args:
        values: Shape (n,), finite.

    Returns:
        1.4826 times the median absolute deviation; 0 for an empty array.
    """
    if values.size == 0:
        return 0.0
    return MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values))))


def normalise(values: NDArray[np.generic]) -> FloatArray:
    """Bring a channel to the range [-1, 1] around its median, so that no unit matters.

    Everything a rule decides is relative to the channel itself. Halving before subtracting
    keeps even 1e308 from overflowing; infinite values count as missing.

    Args:
        values: Shape (n,), any real dtype.

    Returns:
        Shape (n,), float64, NaN where missing; all zero for a constant channel.
    """
    halves = np.asarray(values, dtype=np.float64) * 0.5
    halves = np.where(np.isfinite(halves), halves, np.nan)
    finite = halves[np.isfinite(halves)]
    if finite.size == 0:
        return halves
    halves = halves - np.median(finite)
    peak = float(np.nanmax(np.abs(halves)))
    # Far from zero a constant can differ from its own median by rounding alone.
    if peak <= 1e-12 * float(np.max(np.abs(finite))):
        return np.where(np.isfinite(halves), 0.0, np.nan)
    return np.asarray(halves / peak, dtype=np.float64)


def sample_period(times: FloatArray) -> float:
    """Give the usual distance of two samples.

    Args:
        times: Shape (n,), seconds, sorted.

    Returns:
        Median of the positive steps in seconds; 0 when there is none.
    """
    steps = np.diff(times)
    steps = steps[steps > 0]
    return float(np.median(steps)) if steps.size else 0.0


def end_times(times: FloatArray) -> FloatArray:
    """Give for each sample the time at which it ends: the next sample's time.

    Args:
        times: Shape (n,), seconds, sorted.

    Returns:
        Shape (n,), seconds; the last sample lasts one usual period.
    """
    if times.size == 0:
        return times
    return np.append(times[1:], times[-1] + sample_period(times))


def is_state(x: FloatArray) -> bool:
    """Tell whether a channel has few distinct values, without sorting a long one.

    Args:
        x: Shape (n,), finite.

    Returns:
        True for at most ten distinct values: a state, a bit, or a very coarse sensor.
    """
    if np.unique(x[:: max(1, x.size // 2000)]).size > STATE_LEVELS:
        return False
    return np.unique(x).size <= STATE_LEVELS


def bridge(mask: BoolArray, hole: int) -> BoolArray:
    """Close short holes between true values.

    Args:
        mask: Shape (n,).
        hole: Longest hole to close, samples.

    Returns:
        Shape (n,).
    """
    starts, ends = find_runs(~mask)
    filled = mask.copy()
    inner = (ends - starts <= hole) & (starts > 0) & (ends < mask.size)
    for a, b in zip(starts[inner], ends[inner], strict=True):
        filled[a:b] = True
    return filled


@dataclass(frozen=True, slots=True)
class Blocks:
    """A channel reduced to medians of equally many samples.

    Attributes:
        level: Medians, shape (blocks,).
        first: Index of each block's first sample, shape (blocks + 1,); the last one is the end.
    """

    level: FloatArray
    first: IntArray


def reduce_to_blocks(x: FloatArray, count: int) -> Blocks:
    """Reduce a channel to at most `count` medians of equally many samples.

    Args:
        x: Shape (n,), finite, n > 0.
        count: Largest number of blocks.

    Returns:
        The blocks; samples that do not fill a last block are left out.
    """
    size = max(1, math.ceil(x.size / count))
    whole = x.size // size
    level = np.median(x[: whole * size].reshape(whole, size), axis=1)
    return Blocks(np.asarray(level, dtype=np.float64), np.arange(whole + 1) * size)


def sample_noise(x: FloatArray) -> float:
    """Estimate the sample-to-sample noise, blind to slow movement.

    Args:
        x: Shape (n,), finite.

    Returns:
        Standard deviation in the unit of `x`.
    """
    return robust_scale(np.diff(x)) / math.sqrt(2.0)


def fill_missing(values: FloatArray) -> FloatArray:
    """Draw straight lines over missing values.

    Args:
        values: Shape (n, c), NaN or infinite = missing.

    Returns:
        Shape (n, c), finite; a channel without any value is zero.
    """
    filled = np.where(np.isfinite(values), values, np.nan)
    row = np.arange(values.shape[0])
    for column in filled.T:  # views
        known = np.isfinite(column)
        column[:] = np.interp(row, row[known], column[known]) if known.any() else 0.0
    return filled
