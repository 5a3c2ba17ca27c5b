"""Which marks of two readings are the same: events by overlap, instants by distance."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from tslab.stretches import Stretch

IOU = 0.5
"""Least share of common time over all time for two events to be the same."""


def matched_events(
    reference: Sequence[Stretch], hypothesis: Sequence[Stretch], iou: float = IOU
) -> list[tuple[int, int]]:
    """Pairs of events of one label, one to one, best overlap first.

    Args:
        reference: Events in microseconds, any order; they may overlap.
        hypothesis: The same of the other reading.
        iou: Least intersection over union, above 0.

    Returns:
        Numbers of the reference and of the hypothesis, sorted.
    """
    pairs = []
    order = sorted(range(len(hypothesis)), key=lambda j: hypothesis[j])
    starts = [hypothesis[j][0] for j in order]
    longest = max((b - a for a, b in hypothesis), default=0)
    for i, (start, end) in enumerate(reference):
        first = bisect.bisect_left(starts, start - longest)
        last = bisect.bisect_left(starts, end)
        for j in order[first:last]:
            other = hypothesis[j]
            common = min(end, other[1]) - max(start, other[0])
            whole = max(end, other[1]) - min(start, other[0])
            if common > 0 and common >= iou * whole:
                pairs.append((-common / whole, start, other[0], i, j))
    taken: tuple[set[int], set[int]] = (set(), set())
    found = []
    for *_, i, j in sorted(pairs):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            found.append((i, j))
    return sorted(found)


def matched_instants(
    reference: Sequence[int], hypothesis: Sequence[int], tolerance: int
) -> list[tuple[int, int]]:
    """Pairs of instants no further apart than the tolerance, one to one, as many as there can be.

    Args:
        reference: Microseconds, sorted.
        hypothesis: Microseconds, sorted.
        tolerance: Microseconds.

    Returns:
        Numbers of the reference and of the hypothesis.
    """
    found, i, j = [], 0, 0
    while i < len(reference) and j < len(hypothesis):
        distance = hypothesis[j] - reference[i]
        if abs(distance) <= tolerance:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif distance < 0:
            j += 1
        else:
            i += 1
    return found
