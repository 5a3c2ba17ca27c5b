"""Disputes that are only about where a border lies: the middle between the annotators counts."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from tslab.segmentation.examples.majority import Agreed, Mark, Reading
from tslab.stretches import Stretch, subtract


def settle_borders(agreed: Agreed, readings: Sequence[Reading]) -> Agreed:
    """Moves borders to the middle of a stretch that is disputed for no other reason.

    Two people never place a border at the same sample. Where both mark an event, the stretches
    between their borders have no majority; they are settled if every label that anybody says there
    is agreed on beside it, and if the agreed part is at least twice as long: with a dispute at
    either end, the two still share half of the event. What only one of two sees stays a dispute.

    Args:
        agreed: What the majority says.
        readings: What it was made of.
    """
    if not agreed.disputed:
        return agreed
    beside, said = _Beside(agreed.marks), _Said(readings)
    moved: dict[tuple[str, int, str], int] = {}
    bridges: set[tuple[int, int, str]] = set()
    settled: list[Stretch] = []
    for start, end in agreed.disputed:
        left, right = beside.ending(start), beside.beginning(end)
        through = {label for label in left & right if said.by_most(label, start, end)}
        ending, beginning = left - through, right - through
        if not ending | beginning or ending & beginning:
            continue
        if not said.labels(start, end) <= left | right:
            continue
        if beside.shortest(start, ending, end, beginning) < 2 * (end - start):
            continue
        middle = (start + end) // 2
        moved |= {("end", start, label): middle for label in ending}
        moved |= {("start", end, label): middle for label in beginning}
        bridges |= {(start, end, label) for label in through}
        settled.append((start, end))
    kept = [
        (moved.get(("start", a, label), a), moved.get(("end", b, label), b), label)
        for a, b, label in agreed.marks
    ]
    return Agreed(_joined(kept, bridges), subtract(agreed.disputed, settled))


class _Beside:
    """Which agreed marks end or begin at a time."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._ending: dict[int, dict[str, int]] = {}
        self._beginning: dict[int, dict[str, int]] = {}
        for start, end, label in marks:
            self._ending.setdefault(end, {})[label] = end - start
            self._beginning.setdefault(start, {})[label] = end - start

    def ending(self, at: int) -> set[str]:
        """Labels of marks that end there."""
        return set(self._ending.get(at, ()))

    def beginning(self, at: int) -> set[str]:
        """Labels of marks that begin there."""
        return set(self._beginning.get(at, ()))

    def shortest(self, start: int, ending: set[str], end: int, beginning: set[str]) -> int:
        """Length of the shortest of some marks that end at `start` or begin at `end`."""
        lengths = [self._ending[start][label] for label in ending]
        return min(lengths + [self._beginning[end][label] for label in beginning])


def _joined(marks: Sequence[Mark], bridges: set[tuple[int, int, str]]) -> list[Mark]:
    """Marks with the gaps closed over which a label was carried by a majority."""
    following = {(start, label): end for start, end, label in bridges}
    result: list[Mark] = []
    latest: dict[str, int] = {}
    for start, end, label in sorted(marks):
        before = latest.get(label)
        if before is not None and following.get((result[before][1], label)) == start:
            result[before] = (result[before][0], end, label)
            continue
        latest[label] = len(result)
        result.append((start, end, label))
    return sorted(result)


class _Said:
    """Who says what in a stretch."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = [sorted(reading.marks) for reading in readings]
        self._starts = [[mark[0] for mark in marks] for marks in self._readings]
        self._longest = [max((b - a for a, b, _ in marks), default=0) for marks in self._readings]

    def _over(self, reader: int, start: int, end: int) -> list[Mark]:
        first = bisect.bisect_left(self._starts[reader], start - self._longest[reader])
        last = bisect.bisect_left(self._starts[reader], end)
        return [mark for mark in self._readings[reader][first:last] if mark[1] > start]

    def labels(self, start: int, end: int) -> set[str]:
        """All labels that anybody says in it."""
        readers = range(len(self._readings))
        return {label for reader in readers for _, _, label in self._over(reader, start, end)}

    def by_most(self, label: str, start: int, end: int) -> bool:
        """Whether more than half say a label all through it."""
        carrying = sum(
            any(
                a <= start and b >= end and name == label
                for a, b, name in self._over(r, start, end)
            )
            for r in range(len(self._readings))
        )
        return 2 * carrying > len(self._readings)
