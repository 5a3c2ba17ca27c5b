"""Exact arithmetic on stretches of time: sorted, apart, half-open, in whole microseconds."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import TypeVar

from tslab.spans import Span, sort_key, to_microseconds, to_seconds

Stretch = tuple[int, int]
"""Start and end in whole microseconds."""
Time = TypeVar("Time", int, float)


def in_microseconds(stretches: Iterable[tuple[float, float]]) -> list[Stretch]:
    """Stretches in seconds as sorted ones in microseconds; those that touch are joined."""
    return union([(to_microseconds(a), to_microseconds(b)) for a, b in stretches])


def in_seconds(stretches: Iterable[Stretch]) -> list[tuple[float, float]]:
    """The same stretches in seconds."""
    return [(to_seconds(a), to_seconds(b)) for a, b in stretches]


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """What at least one stretch covers, those that touch as one; empty ones vanish."""
    joined: list[Stretch] = []
    for start, end in sorted(part for part in stretches if part[0] < part[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def intersect(
    left: Sequence[tuple[Time, Time]], right: Sequence[tuple[Time, Time]]
) -> list[tuple[Time, Time]]:
    """What both cover; each must be sorted and apart. Times may be in any unit."""
    found, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return found


def subtract(left: Sequence[Stretch], right: Sequence[Stretch]) -> list[Stretch]:
    """What `left` covers and `right` does not; each must be sorted and apart."""
    found, j = [], 0
    for start, end in left:
        while j < len(right) and right[j][1] <= start:
            j += 1
        at, k = start, j
        while k < len(right) and right[k][0] < end:
            if right[k][0] > at:
                found.append((at, right[k][0]))
            at = max(at, right[k][1])
            k += 1
        if at < end:
            found.append((at, end))
    return found


def total(stretches: Iterable[Stretch]) -> int:
    """Microseconds that stretches cover together, when they are apart."""
    return sum(end - start for start, end in stretches)


def touches(span: Span, stretches: Sequence[Stretch]) -> bool:
    """Whether `clipped` would leave anything of a span."""
    start, end = span.start_us, span.end_us
    at = bisect.bisect_left(stretches, start, key=lambda stretch: stretch[1])
    if start == end:
        return at < len(stretches) and stretches[at][0] <= start
    if at < len(stretches) and stretches[at][1] == start:
        at += 1
    return at < len(stretches) and stretches[at][0] < end


def clipped(spans: Iterable[Span], stretches: Sequence[Stretch]) -> list[Span]:
    """Parts of spans inside of stretches, sorted; whole spans are kept as they are.

    An instant at the very end of a stretch is inside.
    """
    ends = [end for _, end in stretches]
    kept = []
    for span in spans:
        if span.start_us == span.end_us:
            at = bisect.bisect_left(ends, span.start_us)
            inside = at < len(ends) and stretches[at][0] <= span.start_us
            kept += [span] if inside else []
            continue
        at = bisect.bisect_right(ends, span.start_us)
        while at < len(ends) and stretches[at][0] < span.end_us:
            start, end = max(span.start_us, stretches[at][0]), min(span.end_us, ends[at])
            whole = (start, end) == (span.start_us, span.end_us)
            kept.append(span if whole else span.moved(to_seconds(start), to_seconds(end)))
            at += 1
    return sorted(kept, key=sort_key)
