"""Time that two readings are compared on, in whole microseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tslab import AgreementContext

Stretch = tuple[int, int]
"""Start and end, microseconds."""


def compared_stretches(context: AgreementContext, learning: float = 0.0) -> list[Stretch]:
    """What both reviewed after the learning period, in order; stretches that touch are joined.

    Args:
        context: Its extents are in seconds.
        learning: Seconds from the start of the recording that do not count.
    """
    first = round(learning * 1e6)
    found = [(max(round(start * 1e6), first), round(end * 1e6)) for start, end in context.extents]
    return joined(found)


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The union of some stretches, in order; empty ones vanish."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """Time in both; each is in order and apart in itself."""
    found, at = [], 0
    for start, end in one:
        while at < len(other) and other[at][1] <= start:
            at += 1
        later = at
        while later < len(other) and other[later][0] < end:
            found.append((max(start, other[later][0]), min(end, other[later][1])))
            later += 1
    return found


def without(one: Sequence[Stretch], gone: Sequence[Stretch]) -> list[Stretch]:
    """Time in the first and not in the second; each is in order and apart in itself."""
    found = []
    for start, end in one:
        for low, high in gone:
            if high <= start or low >= end:
                continue
            if low > start:
                found.append((start, low))
            start = max(start, high)
        if start < end:
            found.append((start, end))
    return found


def total(stretches: Iterable[Stretch]) -> int:
    """How long some stretches are together, microseconds."""
    return sum(end - start for start, end in stretches)
