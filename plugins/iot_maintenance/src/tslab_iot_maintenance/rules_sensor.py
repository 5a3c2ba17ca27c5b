"""Rules for what a sensor or its line does wrong: frozen (STK), saturated (CLP), missing (DRO).

Every rule takes `times` (seconds, sorted, shape (n,)) and `values` (same shape, NaN = missing),
learns what is usual from the channel itself and has no parameter that a user would tune.
"""

from __future__ import annotations

import numpy as np

from tslab_iot_maintenance.findings import (
    Anomaly,
    BoolArray,
    FloatArray,
    IntArray,
    bridge,
    end_times,
    find_runs,
    is_state,
    normalise,
    sample_period,
    strength,
)

STUCK_SAMPLES = 10
STUCK_FACTOR = 5.0
FORGIVEN_RUNS = 3  # so many frozen stretches may hide in a short recording
KNOWN_RUNS = 20  # fewer runs say nothing about what is usual
RAIL_SAMPLES = 3
RAIL_PILE_UP = 4.0  # a clean quantised sine reaches 2.4
RAIL_SHARE = 1 / 3  # a value held longer than that is a state of rest
GAP_FACTOR = 3.0
MIN_SAMPLES = 30  # fewer show no rail


def find_stuck(times: FloatArray, values: FloatArray, channel: str) -> list[Anomaly]:
    """Find stretches in which a moving channel repeats one value.

    The run must be at least ten samples and five times as long as usual. Usual is the longer of
    the 99th percentile of this channel's runs (its three longest left out) and the longest other
    run at the same value: so a coarse sensor, a status bit, a set point and a flow that is zero
    whenever the pump rests are not stuck. A channel with fewer than twenty runs is not judged.

    Args:
        times: Seconds, sorted, shape (n,).
        values: Any unit, NaN = missing, shape (n,).
        channel: Name to report.

    Returns:
        STK findings in time order.
    """
    level = normalise(values)
    kept = np.flatnonzero(np.isfinite(level))
    x = level[kept]
    bounds = np.concatenate(([0], np.flatnonzero(np.diff(x) != 0) + 1, [x.size]))
    lengths = np.diff(bounds)
    if lengths.size < KNOWN_RUNS + FORGIVEN_RUNS:
        return []
    usual = float(np.quantile(np.sort(lengths)[:-FORGIVEN_RUNS], 0.99))
    limit = max(float(STUCK_SAMPLES), STUCK_FACTOR * usual)
    until = end_times(times)
    found = []
    for i in np.flatnonzero(lengths >= limit):
        same = x[bounds[:-1]] == x[bounds[i]]
        same[i] = False
        own = max(limit, STUCK_FACTOR * float(lengths[same].max(initial=0)))
        if lengths[i] >= own:
            first, last = kept[bounds[i]], kept[bounds[i + 1] - 1]
            score = strength(float(lengths[i]) / own)
            found.append(Anomaly(float(times[first]), float(until[last]), "STK", score, (channel,)))
    return found


def find_clipping(times: FloatArray, values: FloatArray, channel: str) -> list[Anomaly]:
    """Find stretches in which a channel is cut off at its highest or lowest value.

    A rail is an extreme value that the channel holds for three samples or more, far more often
    than it comes close to it, and that it reaches gradually: falling from full flow to zero in
    one step is a stop, not saturation.

    Args:
        times: Seconds, sorted, shape (n,).
        values: Any unit, NaN = missing, shape (n,).
        channel: Name to report.

    Returns:
        CLP findings in time order.
    """
    level = normalise(values)
    kept = np.flatnonzero(np.isfinite(level))
    x = level[kept]
    if x.size < MIN_SAMPLES or is_state(x):
        return []
    until = end_times(times)
    found = []
    for sign in (1.0, -1.0):
        starts, ends, ratio = _rail_runs(sign * x)
        found += [
            Anomaly(
                start=float(times[kept[a]]),
                end=float(until[kept[b - 1]]),
                code="CLP",
                score=strength(ratio),
                channels=(channel,),
            )
            for a, b in zip(starts, ends, strict=True)
        ]
    return sorted(found)


def _rail_runs(x: FloatArray) -> tuple[IntArray, IntArray, float]:
    """Find the stretches at the upper rail, and how many times the pile-up limit it holds."""
    none = np.zeros(0, dtype=np.intp)
    at_rail = x == x.max()
    starts, ends = find_runs(at_rail)
    held = ends - starts >= RAIL_SAMPLES
    pile = int(np.sum(at_rail))
    if not held.any() or not 2 * RAIL_SAMPLES <= pile <= RAIL_SHARE * x.size:
        return none, none, 0.0
    below = x[~at_rail]
    # Compare with the nearest values below: one quantisation step, or the usual noise.
    moves = np.abs(np.diff(x))
    step = float(np.median(moves[moves > 0]))
    gap = float(x.max() - below.max())
    beside = int(np.sum(below >= x.max() - gap - min(step, 0.02)))
    reach = 4.0 * step + 0.04
    edges = np.concatenate((starts[held] - 1, ends[held]))
    edges = edges[(edges >= 0) & (edges < x.size)]
    gradual = edges.size > 0 and float(np.mean(x[edges] >= x.max() - reach)) >= 0.5
    ratio = pile / (RAIL_PILE_UP * max(beside, 1))
    if ratio < 1.0 or not gradual:
        return none, none, 0.0
    # Noise lifts single samples off the rail: join what is closer than ten samples.
    starts, ends = find_runs(bridge(at_rail, 10))
    long = ends - starts >= RAIL_SAMPLES
    return starts[long], ends[long], ratio


def find_dropouts(times: FloatArray, values: FloatArray, channel: str) -> list[Anomaly]:
    """Find where data are missing: NaN, infinite values, or a hole in regular sampling.

    A hole is longer than three usual periods. Holes count only when the sampling is regular
    (four of five steps within half of the median step): an archive that stores changes only has
    nothing missing where nothing changed. In a table of channels with different rates, NaN
    between a slow channel's own samples are not missing either.

    Args:
        times: Seconds, sorted, shape (n,).
        values: Any unit, NaN = missing, shape (n,).
        channel: Name to report.

    Returns:
        DRO findings in time order.
    """
    finite = np.isfinite(np.asarray(values, dtype=np.float64))
    if times.size == 0:
        return []
    period = sample_period(times[finite])
    padded = period > 1.5 * sample_period(times)
    found = [] if padded else _missing_runs(times, ~finite, channel)
    usable = np.flatnonzero(finite) if padded else np.arange(times.size)
    steps = np.diff(times[usable])
    period = sample_period(times[usable])
    if period == 0.0 or np.mean(np.abs(steps - period) <= 0.5 * period) < 0.8:
        return found
    for i in np.flatnonzero(steps > GAP_FACTOR * period * (1 + 1e-9)):
        start, end = float(times[usable[i]]) + period, float(times[usable[i + 1]])
        score = strength(float(steps[i]) / (GAP_FACTOR * period))
        found.append(Anomaly(start, end, "DRO", score, (channel,)))
    return sorted(found)


def _missing_runs(times: FloatArray, missing: BoolArray, channel: str) -> list[Anomaly]:
    """Report every stretch of missing values; they are certain, so the score is 1."""
    until = end_times(times)
    starts, ends = find_runs(missing)
    return [
        Anomaly(float(times[a]), float(until[b - 1]), "DRO", 1.0, (channel,))
        for a, b in zip(starts, ends, strict=True)
    ]
