"""The rule for single values that leave their neighbourhood: SPK.

Point-global anomaly of the taxonomy of Lai et al., NeurIPS 2021 (datasets track).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter
from scipy.stats import norm

from tslab_iot_maintenance.findings import (
    MAD_TO_SIGMA,
    Anomaly,
    FloatArray,
    IntArray,
    bridge,
    end_times,
    find_runs,
    is_state,
    normalise,
    strength,
)

SPIKE_SAMPLES = 5  # longer is a surge or a dip
SPIKE_SIGMAS = 7.0  # one in 4e11 for white noise
HAMPEL_SAMPLES = 15  # seven either side


def find_spikes(times: FloatArray, values: FloatArray, channel: str) -> list[Anomaly]:
    """Find values that leave the neighbourhood for at most five samples and come back.

    A Hampel filter (15 samples) whose scale is taken from the whole channel, and from its tail
    as well as from its middle, so that heavy-tailed noise is not a row of spikes. Channels with
    ten or fewer distinct values are states: their short pulses are not judged.

    Args:
        times: Seconds, sorted, shape (n,).
        values: Any unit, NaN = missing, shape (n,).
        channel: Name to report.

    Returns:
        SPK findings in time order; a single sample is an instant.
    """
    level = normalise(values)
    kept = np.flatnonzero(np.isfinite(level))
    x = level[kept]
    if x.size < 2 * HAMPEL_SAMPLES or is_state(x):
        return []
    rest = x - median_filter(x, size=HAMPEL_SAMPLES, mode="nearest")
    limit = SPIKE_SIGMAS * max(_tail_scale(np.abs(rest)), _quantum(x))
    starts, ends = find_runs(bridge(np.abs(rest) > limit, 2))
    starts, ends, height = _returning(x, starts, ends)
    until = end_times(times)
    return [
        Anomaly(
            start=float(times[kept[a]]),
            end=float(times[kept[a]] if b - a == 1 else until[kept[b - 1]]),
            code="SPK",
            score=strength(float(h) / limit),
            channels=(channel,),
        )
        for a, b, h in zip(starts, ends, height, strict=True)
        if h > limit
    ]


def _tail_scale(size: FloatArray) -> float:
    """Scale that is right for normal noise and larger for heavy tails; `size` is |residual|."""
    middle = MAD_TO_SIGMA * float(np.median(size))
    return max(middle, float(np.quantile(size, 0.99)) / float(norm.ppf(0.995)), 1e-9)


def _returning(
    x: FloatArray, starts: IntArray, ends: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Keep the short runs with quiet samples on both sides, and measure how far they stick out.

    The height is taken against the nearer of the two sides: a sample on the flank of a step or
    a ramp lies between them and has none. It must be twice the range of either side, because a
    machine that runs is noisier than one that rests.
    """
    fits = (ends - starts <= SPIKE_SAMPLES) & (starts >= 3) & (ends <= x.size - 3)
    starts, ends = starts[fits], ends[fits]
    near = np.arange(SPIKE_SAMPLES)
    left = x[np.clip(starts[:, None] - 1 - near, 0, None)]
    right = x[np.clip(ends[:, None] + near, None, x.size - 1)]
    inside = x[np.clip(starts[:, None] + near, None, ends[:, None] - 1)]
    before, after = np.median(left, axis=1), np.median(right, axis=1)
    above = inside.max(axis=1) - np.maximum(before, after)
    below = np.minimum(before, after) - inside.min(axis=1)
    height = np.maximum(above, below)
    calm = height > 2.0 * np.maximum(np.ptp(left, axis=1), np.ptp(right, axis=1))
    return starts[calm], ends[calm], height[calm]


def _quantum(x: FloatArray) -> float:
    """Smallest usual step of a quantised channel; next to nothing for a continuous one."""
    steps = np.abs(np.diff(x))
    steps = steps[steps > 1e-12]
    return float(np.quantile(steps, 0.01)) if steps.size else 0.0
