"""Regions of an export that are odd beside others: times of two kinds, the same mark twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Mask, Numbers, Ticks

Positions = NDArray[np.intp]
SINCE_1970 = 4e14
"""Microseconds from here on are dates, not times in a recording: it would last over 12 years."""
SAME = 0.9
"""Regions of one reader and label that share more than this of their union are one mark."""
NEIGHBOURS = 4
"""How many regions after a region, by start, are compared with it."""


def of_another_kind(
    task: Ticks, start: NDArray[np.float64], end: NDArray[np.float64], many: int
) -> Mask:
    """Which regions count from 1970 where most of their task does not, or the other way round.

    A task with both would seem to last for decades. Where a task has as many of one kind as of
    the other, the kind that is usual in the file stays.

    Args:
        task: Task of each region, int64 ``(regions,)``.
        start: Microseconds; NaN where there is none.
        end: Microseconds.
        many: How many tasks there are.
    """
    there = np.isfinite(start) & np.isfinite(end)
    dated = there & (np.abs(start) >= SINCE_1970)
    ends_dated = there & (np.abs(end) >= SINCE_1970)
    torn = dated != ends_dated
    whole = there & ~torn
    dates = np.bincount(task[whole & dated], minlength=many)
    plain = np.bincount(task[whole & ~dated], minlength=many)
    usual = dates.sum() > plain.sum()
    keep_dates = (dates > plain) | ((dates == plain) & usual)
    return np.asarray(torn | (whole & (dated != keep_dates[task])))


def repeated(groups: tuple[Positions, Numbers], start: Ticks, end: Ticks) -> Positions:
    """Positions of regions that nearly repeat one that starts before them.

    Args:
        groups: Reading and label of each region; what differs in them repeats nothing.
        start: Microseconds ``(regions,)``.
        end: Microseconds.
    """
    order = np.lexsort((end, start, groups[1], groups[0]))
    again = np.zeros(len(order), bool)
    for step in range(1, min(NEIGHBOURS, len(order) - 1) + 1):
        first, second = order[:-step], order[step:]
        same = (groups[0][first] == groups[0][second]) & (groups[1][first] == groups[1][second])
        shared = np.minimum(end[first], end[second]) - start[second]
        union = np.maximum(end[first], end[second]) - start[first]
        again[step:] |= same & ((shared > SAME * union) | (union == 0))
    return np.asarray(order[again], np.intp)
