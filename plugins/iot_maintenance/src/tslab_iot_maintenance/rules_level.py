"""The rule for sudden, lasting changes of level: LVL.

It works on at most 2000 block medians, so a million samples cost milliseconds, and compares a
candidate with what this channel does anyway: a random walk, a season or a duty cycle moves a
lot, but no more at one place than at another.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from scipy.ndimage import median_filter
from scipy.stats import norm

from tslab_iot_maintenance.findings import (
    Anomaly,
    Blocks,
    FloatArray,
    IntArray,
    end_times,
    is_state,
    normalise,
    reduce_to_blocks,
    sample_noise,
    sample_period,
    strength,
)

LEVEL_BLOCKS = 2000
LEVEL_MIN_SAMPLES = 60
LEVEL_SIGMAS = 6.0
LEVEL_MAX_SHIFTS = 4  # more is a machine that changes its operating mode
LEVEL_NOISE = 2.0  # a shift that the eye sees: twice the noise of the raw samples


def find_level_shifts(times: FloatArray, values: FloatArray, channel: str) -> list[Anomaly]:
    """Find where the level changes at once, stays changed and was not seen before.

    The difference between the medians after and before a point, over 5 % and over 1 % of the
    recording, is compared with the same difference everywhere else in the channel (more than six
    robust standard deviations in one of them). The short one must hold sixty percent of the long
    one, or it is a ramp; it must be at least twice the sample noise; more than four such points are
    operating modes, not faults, as is a level that other stretches share: the return to an
    earlier level ends a finding and starts none. A level must last one such window.

    Args:
        times: Seconds, sorted, shape (n,).
        values: Any unit, NaN = missing, shape (n,).
        channel: Name to report.

    Returns:
        LVL findings in time order, each from the step to the next step or the end.
    """
    level = normalise(values)
    kept = np.flatnonzero(np.isfinite(level))
    x = level[kept]
    if x.size < LEVEL_MIN_SAMPLES or is_state(x):
        return []
    noise = sample_noise(x)
    blocks = reduce_to_blocks(x, LEVEL_BLOCKS)
    window = max(10, blocks.level.size // 20)
    points, ratio = _shift_points(blocks.level, window, noise)
    if not 0 < points.size <= LEVEL_MAX_SHIFTS:
        return []
    short = window * int(blocks.first[1]) // 5
    located = [_locate(x, blocks, int(p), window) for p in points]
    seen = [i for i, step in enumerate(located) if not _hole_at(times[kept], step, short)]
    steps, ratio = [located[i] for i in seen], ratio[seen]
    until = np.append(times[kept[steps]], end_times(times)[-1])
    return [
        Anomaly(float(until[i]), float(until[i + 1]), "LVL", strength(ratio[i]), (channel,))
        for i in _own_levels(x, steps, window * int(blocks.first[1]), LEVEL_NOISE * noise)
    ]


def _shift(level: FloatArray, window: int) -> FloatArray:
    """Median of the `window` blocks from i on minus that of the `window` blocks before i.

    Returns:
        Shape (blocks - 2 * window + 1,), for i = window .. blocks - window.
    """
    half = window // 2
    middle: FloatArray = median_filter(level, size=window, mode="nearest")
    count = level.size - 2 * window + 1
    start = np.arange(count)
    return np.asarray(middle[start + window + half] - middle[start + half], dtype=np.float64)


def _shift_points(level: FloatArray, window: int, noise: float) -> tuple[IntArray, FloatArray]:
    """Find the blocks where a new level starts, and evidence over threshold for each."""
    if level.size < 4 * window:
        return np.zeros(0, dtype=np.intp), np.zeros(0)
    short = max(2, window // 5)
    wide = _shift(level, window)
    sharp = _shift(level, short)[window - short :][: wide.size]
    evidence = np.maximum(_excess(wide, window, noise, 0.8), _excess(sharp, short, noise, 0.9))
    points: list[int] = []
    ratios: list[float] = []
    while len(points) <= LEVEL_MAX_SHIFTS and evidence.max() > 1.0:
        peak = int(np.argmax(evidence))
        near = slice(max(0, peak - short), peak + short + 1)
        best = near.start + int(np.argmax(np.abs(sharp[near])))
        # Sudden (not a ramp), lasting (not a pulse), and both in one direction.
        share = sharp[best] / wide[best] if wide[best] else 0.0
        if 0.6 <= share <= 2.0:
            points.append(best)
            ratios.append(float(evidence[peak]))
        evidence[max(0, peak - window) : peak + window + 1] = 0.0
    order = np.argsort(points)
    return np.asarray(points, dtype=np.intp)[order] + window, np.asarray(ratios)[order]


def _excess(change: FloatArray, window: int, noise: float, quantile: float) -> FloatArray:
    """Size of a change over its threshold: what this channel's changes usually reach.

    The usual size is read at a quantile that a few real steps leave alone, as if normal:
    a sine then passes no more easily than noise. Medians of coarse values can be exactly
    constant, so the sample noise is a floor.
    """
    size = np.abs(change - np.median(change))
    usual = float(np.quantile(size, quantile)) / float(norm.ppf(0.5 + quantile / 2))
    limit = LEVEL_SIGMAS * max(usual, noise / math.sqrt(window), 1e-3)
    return np.asarray(size / max(limit, LEVEL_NOISE * noise), dtype=np.float64)


def _locate(x: FloatArray, blocks: Blocks, point: int, window: int) -> int:
    """Find the sample at which the step happens: the least-squares split near the block."""
    reach = max(2, window // 5)
    a = int(blocks.first[max(0, point - reach)])
    b = int(blocks.first[min(blocks.level.size, point + reach)])
    part = x[a:b] - np.mean(x[a:b])
    left = np.cumsum(part)[:-1]
    count = np.arange(1, part.size)
    return a + 1 + int(np.argmax(left**2 / (count * (part.size - count))))


def _hole_at(times: FloatArray, step: int, short: int) -> bool:
    """Tell whether samples are missing at a step: then nobody saw whether it was sudden."""
    gaps = np.diff(times[max(0, step - short) : step + short])
    return bool(gaps.max(initial=0.0) > 0.5 * short * sample_period(times))


def _own_levels(x: FloatArray, steps: list[int], shortest: int, smallest: float) -> list[int]:
    """Tell which stretches after a step last and hold a level that no other stretch holds."""
    bounds = [0, *steps, x.size]
    levels = [float(np.median(x[a:b])) for a, b in pairwise(bounds)]
    own = []
    for i in range(1, len(levels)):
        step = abs(levels[i] - levels[i - 1])
        others = levels[:i] + levels[i + 1 :]
        lasts = bounds[i + 1] - bounds[i] >= shortest and step >= smallest
        if lasts and all(abs(levels[i] - other) > 0.5 * step for other in others):
            own.append(i - 1)
    return own
