"""The rule for slow departures: TRD.

It works on 64 block medians, so a million samples cost milliseconds.
"""

from __future__ import annotations

import math

import numpy as np

from tslab_iot_maintenance.findings import (
    Anomaly,
    FloatArray,
    end_times,
    normalise,
    reduce_to_blocks,
    sample_noise,
    strength,
)

TREND_BLOCKS = 64
TREND_MIN_SAMPLES = 128
TREND_TAU = 0.7
TREND_Z = 4.0
TREND_T = 7.0
TREND_NOISE = 2.0
WANDER_MARGIN = 0.3  # detrending hides part of the slow movement


def find_trends(times: FloatArray, values: FloatArray, channel: str) -> list[Anomaly]:
    """Find slow monotone departures from the range the channel had before.

    Windows of 1, 1/2 and 1/4 of the recording (64 block medians) are tested: Mann-Kendall
    |z| > 4 and |tau| > 0.7, a Theil-Sen change above twice the sample noise and above seven times
    what the detrended blocks would wander over that length. The last is what a random walk, for
    which Mann-Kendall alone is almost always significant, does not pass. A part window must end
    outside the range before it, which a season does not.

    Args:
        times: Seconds, sorted, shape (n,).
        values: Any unit, NaN = missing, shape (n,).
        channel: Name to report.

    Returns:
        TRD findings in time order, without overlaps.
    """
    level = normalise(values)
    kept = np.flatnonzero(np.isfinite(level))
    x = level[kept]
    if x.size < TREND_MIN_SAMPLES:
        return []
    blocks = reduce_to_blocks(x, TREND_BLOCKS)
    noise = sample_noise(x)
    found: list[tuple[int, int, float]] = []
    for a, b in _windows(blocks.level.size):
        ratio = _trend_evidence(blocks.level, a, b, noise)
        if ratio >= 1.0:
            found.append((a, b, ratio))
    until = end_times(times)
    blocks.first[-1] = x.size  # the samples that fill no block belong to the last one
    return [
        Anomaly(
            start=float(times[kept[blocks.first[a]]]),
            end=float(until[kept[blocks.first[b] - 1]]),
            code="TRD",
            score=strength(ratio),
            channels=(channel,),
        )
        for a, b, ratio in _joined(found)
    ]


def _windows(count: int) -> list[tuple[int, int]]:
    """The recording, its halves and its quarters, moved back from the end in quarter steps."""
    windows = []
    for size in (count, count // 2, count // 4):
        if size >= 12:
            windows += [(b - size, b) for b in range(count, size - 1, -max(1, size // 4))]
    return windows


def _trend_evidence(level: FloatArray, a: int, b: int, noise: float) -> float:
    """Change in blocks a..b over what chance would do; 0 unless every test is passed."""
    part = level[a:b]
    size = part.size
    early, late = np.triu_indices(size, 1)
    rises = part[late] - part[early]
    slope = float(np.median(rises / (late - early)))  # Theil-Sen
    change = abs(slope) * size
    if not _departs(level, a, b, change):
        return 0.0
    wander = _wander(part - slope * np.arange(size), max(noise / math.sqrt(level.size), 1e-6))
    kendall = abs(float(np.sum(np.sign(rises))))
    tau = kendall / (size * (size - 1) / 2)
    z = (kendall - 1) / math.sqrt(size * (size - 1) * (2 * size + 5) / 18)
    visible = change / max(TREND_NOISE * noise, 0.02)
    passed = tau >= TREND_TAU and z >= TREND_Z and visible >= 1.0
    return change / (TREND_T * wander) if passed else 0.0


def _departs(level: FloatArray, a: int, b: int, change: float) -> bool:
    """Tell whether blocks a..b end outside the range before them; a whole recording may."""
    if a == 0 and b == level.size:
        return True
    if a < level.size // 8:
        return False
    before, last = level[:a], level[b - 3 : b]
    return float(max(last.min() - before.max(), before.min() - last.max())) > 0.5 * change


def _wander(rest: FloatArray, floor: float) -> float:
    """How far the detrended blocks would move by chance over their whole length.

    The growth of their differences from lag 1 to lag 4 tells noise (none) from a random walk
    (square root) and is continued to the full length.
    """
    near = max(float(np.std(np.diff(rest))), floor)
    far = max(float(np.std(rest[4:] - rest[:-4])), floor)
    growth = math.log(far / near) / math.log(4.0) + WANDER_MARGIN
    return float(far * (rest.size / 4.0) ** min(max(growth, 0.0), 1.0))


def _joined(found: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """Join overlapping windows; the strongest gives the score."""
    joined: list[tuple[int, int, float]] = []
    for a, b, ratio in sorted(found):
        if joined and a <= joined[-1][1]:
            first, last, best = joined.pop()
            a, b, ratio = first, max(b, last), max(ratio, best)
        joined.append((a, b, ratio))
    return joined
