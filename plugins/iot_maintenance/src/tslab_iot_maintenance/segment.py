"""From a recording of many channels to one list of findings."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from tslab_iot_maintenance.findings import Anomaly, FloatArray, sample_period
from tslab_iot_maintenance.residual import find_residual_anomalies
from tslab_iot_maintenance.rules import checked, find_rule_anomalies

MAX_FINDINGS = 50  # of one code in one recording: nobody reviews more, and more is a bad rule
GRID_ROWS = 20_000
EXPLAINED = 0.8
SENSOR_CODES = ("STK", "CLP", "DRO")
COURSE_CODES = ("LVL", "TRD")


def find_anomalies(
    times: Mapping[str, FloatArray], values: Mapping[str, FloatArray]
) -> list[Anomaly]:
    """Find what deserves a look in a recording of machine telemetry; no labels, no settings.

    All single-channel rules run on every channel and the cross-channel detector on all
    of them. Findings of one code that overlap in time become one with all their channels. At
    most 50 findings of a code are kept, the strongest. A cross-channel finding that is four
    fifths covered by a frozen, clipped or missing stretch of one of its own channels, or covers
    most of the same time as a level shift or trend of one, says the same thing in vaguer words
    and is left out.

    Args:
        times: Seconds by channel, sorted; channels may have different time bases.
        values: Samples by channel, the same keys and lengths; NaN = missing.

    Returns:
        Findings sorted by start, then end.

    Raises:
        ValueError: If the keys differ, shapes differ, or times are not finite and sorted.
    """
    if set(times) != set(values):
        message = (
            f"times and values name different channels: {sorted(set(times) ^ set(values))}; "
            "give both for every channel"
        )
        raise ValueError(message)
    bases: dict[str, FloatArray] = {}
    samples: dict[str, FloatArray] = {}
    for name in values:
        bases[name], samples[name] = checked(times[name], values[name], name)
    single = [
        finding
        for name in values
        for finding in find_rule_anomalies(bases[name], samples[name], name)
    ]
    grid, table = align_channels(bases, samples)
    cross = find_residual_anomalies(grid, table, list(values))
    told = [finding for finding in cross if not _explained(finding, single)]
    return sorted(_strongest(merge_channels(single + told)))


def align_channels(
    times: Mapping[str, FloatArray], values: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Put channels with different time bases into one table.

    Channels that share their times, and are not too long, are stacked as they are. Else a
    regular grid is laid over all, at the slowest channel's usual period, with at most 20 000
    rows; a row holds the mean of the samples in it. Channels of fewer than two samples do not
    slow the grid down.

    Args:
        times: Seconds by channel, sorted.
        values: Samples by channel, the same keys and lengths; NaN = missing.

    Returns:
        Times of the rows in seconds, shape (n,), and the table, shape (n, c), NaN where a channel
        has no sample.
    """
    bases = [base for base in times.values() if base.size]
    if not bases:
        return np.zeros(0), np.zeros((0, len(values)))
    first = next(iter(times.values()))
    if first.size <= GRID_ROWS and all(np.array_equal(base, first) for base in times.values()):
        return first, np.column_stack(list(values.values())).astype(np.float64)
    start = min(float(base[0]) for base in bases)
    stop = max(float(base[-1]) for base in bases)
    periods = [sample_period(base) for base in bases]
    step = max(*periods, (stop - start) / (GRID_ROWS - 1), 1e-9)
    rows = min(math.floor((stop - start) / step) + 1, GRID_ROWS)
    table = [_binned(times[n], values[n], start, step, rows) for n in values]
    return start + step * np.arange(rows, dtype=np.float64), np.column_stack(table)


def _binned(
    times: FloatArray, values: FloatArray, start: float, step: float, rows: int
) -> FloatArray:
    """Mean of the finite samples in each row of a grid, shape (rows,), NaN for none."""
    known = np.isfinite(values)
    # Sampling at exactly the grid's period must not slip into a neighbour by rounding.
    row = np.floor((times[known] - start) / step + 1e-6).astype(np.intp)
    row = np.clip(row, 0, rows - 1)
    count = np.bincount(row, minlength=rows)
    # Dividing before summing keeps huge values finite.
    total = np.bincount(row, weights=values[known] / np.maximum(count[row], 1), minlength=rows)
    return np.where(count > 0, total, np.nan)


def merge_channels(findings: Iterable[Anomaly]) -> list[Anomaly]:
    """Join findings of one code that overlap in time, whichever channel they are from.

    Args:
        findings: In any order.

    Returns:
        One finding per connected stretch, sorted; its score is the highest and its channels
        are ordered by their own highest score.
    """
    groups: list[list[Anomaly]] = []
    by_code: dict[str, list[Anomaly]] = defaultdict(list)
    for finding in findings:
        by_code[finding.code].append(finding)
    for same in by_code.values():
        reach = -math.inf
        for finding in sorted(same):
            # Half-open stretches that only meet stay apart; equal instants join.
            if finding.start < reach or (groups and _same_instant(groups[-1][-1], finding)):
                groups[-1].append(finding)
            else:
                groups.append([finding])
                reach = -math.inf
            reach = max(reach, finding.end)
    return sorted(_joined(group) for group in groups)


def _same_instant(one: Anomaly, other: Anomaly) -> bool:
    return one.code == other.code and one.start == other.start


def _joined(group: list[Anomaly]) -> Anomaly:
    best: dict[str, float] = {}
    for finding in group:
        for name in finding.channels:
            best[name] = max(best.get(name, 0.0), finding.score)
    return Anomaly(
        start=min(finding.start for finding in group),
        end=max(finding.end for finding in group),
        code=group[0].code,
        score=max(finding.score for finding in group),
        channels=tuple(sorted(best, key=lambda name: -best[name])),
    )


def _strongest(findings: list[Anomaly]) -> list[Anomaly]:
    """Keep at most fifty of each code, the highest scores first, the earlier on a tie."""
    kept: list[Anomaly] = []
    count: dict[str, int] = defaultdict(int)
    for finding in sorted(findings, key=lambda f: (-f.score, f.start)):
        count[finding.code] += 1
        if count[finding.code] <= MAX_FINDINGS:
            kept.append(finding)
    return kept


def _explained(finding: Anomaly, others: list[Anomaly]) -> bool:
    """Tell whether a fault seen in one of its channels alone accounts for a finding."""
    length = finding.end - finding.start
    if length <= 0:
        return False
    for name in finding.channels:
        own = [other for other in others if name in other.channels]
        faults = merge_channels(other for other in own if other.code in SENSOR_CODES)
        if sum(_overlap(finding, fault) for fault in faults) >= EXPLAINED * length:
            return True
        for other in own:
            common = _overlap(finding, other)
            union = length + other.end - other.start - common
            if other.code in COURSE_CODES and common > 0.5 * union:
                return True
    return False


def _overlap(one: Anomaly, other: Anomaly) -> float:
    """Common time in seconds."""
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))
