"""How far apart two instants may be and still be the same: one answer for all commands.

What the domain declares of a tier holds. Where it says nothing, the marks themselves tell how close
is close: instants that follow each other quickly need a small tolerance, rare ones a large one.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence

import numpy as np

from tslab.domain import Tier
from tslab.span_table import SpanTable
from tslab.spans import to_microseconds

LARGEST = 0.5
SMALLEST = 0.02
SHARE_OF_DISTANCE = 0.2


def tier_tolerance(tier: Tier, rows: Iterable[Sequence[int]]) -> int:
    """The tolerance of a tier in microseconds: the domain's, or else that of the marks.

    Args:
        tier: As the domain declares it.
        rows: Instants in microseconds, sorted, one row for each recording and annotator.
    """
    if tier.tolerance_seconds is not None:
        return to_microseconds(tier.tolerance_seconds)
    return instant_tolerance(rows)


def instant_tolerance(rows: Iterable[Sequence[int]]) -> int:
    """How far apart two instants may lie and still be the same, in microseconds.

    A fifth of the median distance between neighbours, at most 0.5 s and at least 0.02 s: for
    heart beats at 75 a minute that is 0.16 s, for rare events 0.5 s.

    Args:
        rows: Instants in microseconds, sorted, one row for each recording (or annotator).
    """
    distances = [b - a for row in rows for a, b in itertools.pairwise(row) if b > a]
    return _share_of(statistics.median(distances) if distances else None)


def table_tolerance(tier: Tier | None, table: SpanTable) -> int:
    """The same of the instants of a table, each annotator of each task being one row."""
    if tier is not None and tier.tolerance_seconds is not None:
        return to_microseconds(tier.tolerance_seconds)
    points = table.instants
    if not points.any():
        return _share_of(None)
    same = (np.diff(table.task[points]) == 0) & (np.diff(table.annotator[points]) == 0)
    distances = np.diff(table.start[points])[same]
    distances = distances[distances > 0]
    return _share_of(float(np.median(distances)) if len(distances) else None)


def _share_of(distance: float | None) -> int:
    largest, smallest = to_microseconds(LARGEST), to_microseconds(SMALLEST)
    if distance is None:
        return largest
    return min(largest, max(smallest, int(SHARE_OF_DISTANCE * distance)))
