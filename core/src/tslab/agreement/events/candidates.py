"""Candidates: events of two annotators that could be the same thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.chains import Scores
from tslab.agreement.events.criteria import SIMILAR
from tslab.agreement.events.events import Positions, Shared
from tslab.agreement.events.lines import Side
from tslab.agreement.kernels.overlaps import Overlaps, overlaps
from tslab.errors import DataError, counted
from tslab.span_table import Mask, Ticks

MOST = 50_000_000
"""Candidates of a pair of annotators; each takes about 100 bytes while they are matched."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of events, sorted by reference, then hypothesis, as they lie on the line.

    Attributes:
        reference: Places on the line of the reference events, intp ``(candidates,)``.
        hypothesis: Likewise.
        score: What to prefer where one event has several candidates, ``(candidates,)``.
        apart: Whether neither annotator's events overlap among themselves, so that the candidates
            are a staircase.
    """

    reference: Positions
    hypothesis: Positions
    score: Scores
    apart: bool

    def where(self, mask: Mask) -> Candidates:
        """The candidates that a mask picks."""
        at = np.flatnonzero(mask)
        if len(at) == len(mask):
            return self
        return Candidates(self.reference[at], self.hypothesis[at], self.score[at], self.apart)


def overlapping(left: Side, right: Side) -> Candidates:
    """Events that have time in common, with their intersection over union as the score.

    Raises:
        DataError: Too many lie on one another.
    """
    staircase = left.apart and right.apart
    found = (overlaps if staircase else _tangled)(left.start, left.end, right.start, right.end)
    either = (left.end - left.start).take(found.first)
    either += (right.end - right.start).take(found.second)
    either -= found.ticks
    return Candidates(found.first, found.second, found.ticks / either, staircase)


def _tangled(
    first_start: Ticks, first_end: Ticks, second_start: Ticks, second_end: Ticks
) -> Overlaps:
    """All overlaps of two families sorted by start whose spans may overlap among themselves."""
    reach = np.maximum.accumulate(second_end)
    low = np.searchsorted(reach, first_start, side="right")
    high = np.searchsorted(second_start, first_end, side="left")
    first, second = expand_some(low, high)
    ticks = np.minimum(first_end[first], second_end[second])
    ticks -= np.maximum(first_start[first], second_start[second])
    at = np.flatnonzero(ticks > 0)
    return Overlaps(first[at], second[at], ticks[at])


def within_collar(
    left: Side, right: Side, onset: int | Ticks, offset: int | Ticks, share: float = 0.0
) -> Candidates:
    """Events whose onsets and offsets are close; the closer the better.

    Args:
        left: Events of the reference.
        right: Events of the hypothesis.
        onset: How far onsets may be apart, microseconds, for all or each of the reference.
        offset: How far offsets may be apart, likewise.
        share: Which part of the reference's length offsets may be apart where that is more.

    Raises:
        DataError: Too many lie near one another.
    """
    first = np.searchsorted(right.start, left.start - onset, side="left")
    last = np.searchsorted(right.start, left.start + onset, side="right")
    reference, hypothesis = expand_some(first, last)
    at_end = np.abs(right.end[hypothesis] - left.end[reference])
    allowed = np.maximum(offset, share * (left.end - left.start))
    there = np.flatnonzero(at_end <= allowed[reference])
    reference, hypothesis, at_end = reference[there], hypothesis[there], at_end[there]
    at_start = np.abs(right.start[hypothesis] - left.start[reference])
    return Candidates(reference, hypothesis, -(at_start + at_end).astype(float), apart=False)


def around_instants(left: Side, right: Side, tolerance: Ticks) -> Candidates:
    """Instants close to instants and to ranges of the other; what lies closer to the middle first.

    Args:
        left: Instants and ranges of the reference.
        right: Instants and ranges of the hypothesis.
        tolerance: How far an instant may be outside of a range, for each of the reference.

    Raises:
        DataError: Too many lie near one another.
    """
    reach = np.maximum.accumulate(right.end)
    first = np.searchsorted(reach, left.start - tolerance, side="left")
    last = np.searchsorted(right.start, left.end + tolerance, side="right")
    reference, hypothesis = expand_some(first, last)
    starts = left.start[reference], right.start[hypothesis]
    ends = left.end[reference], right.end[hypothesis]
    gap = np.maximum(*starts) - np.minimum(*ends)
    point = (starts[0] == ends[0]) | (starts[1] == ends[1])
    there = np.flatnonzero(point & (gap <= tolerance[reference]))
    twice = np.abs(starts[0] + ends[0] - starts[1] - ends[1])[there]
    return Candidates(reference[there], hypothesis[there], -twice / 2.0, apart=False)


def similar(found: Candidates, part: Shared, sides: tuple[Side, Side]) -> Candidates:
    """Candidates whose sets of labels share at least half of what either holds (Jaccard)."""
    sets = part.reference.sets
    close = np.eye(len(sets), dtype=bool)
    for one, members in enumerate(sets):
        for other in range(len(sets)):
            both = len(set(members) & set(sets[other]))
            either = len(set(members) | set(sets[other]))
            close[one, other] = both >= SIMILAR * either
    labels = [
        events.label[side.at[places]]
        for events, side, places in (
            (part.reference, sides[0], found.reference),
            (part.hypothesis, sides[1], found.hypothesis),
        )
    ]
    return found.where(close[labels[0], labels[1]])


def in_blocks(found: Candidates) -> tuple[Positions, Mask]:
    """Which candidates hang together, and which of these are no chains.

    A block is a stretch of candidates none of which has its reference or hypothesis elsewhere. It
    is a chain where all candidates of each hypothesis are neighbours.

    Returns:
        The block of each candidate, and for each block whether it needs an assignment.
    """
    size = len(found.hypothesis)
    if not size:
        return np.zeros(0, np.intp), np.zeros(0, bool)
    order = np.argsort(found.hypothesis, kind="stable")
    group = np.flatnonzero(np.diff(found.hypothesis[order], prepend=-1))
    count = np.diff(np.append(group, size))
    first, last = order[group], order[group + count - 1]
    reach = np.zeros(size, np.intp)
    reach[first] = last
    begins = np.ones(size, bool)
    begins[1:] = np.maximum.accumulate(reach)[:-1] < np.arange(1, size)
    begins[1:] &= found.reference[1:] != found.reference[:-1]
    block = np.cumsum(begins) - 1
    needs = np.zeros(int(block[-1]) + 1, bool)
    needs[block[first[last - first + 1 != count]]] = True
    return block, needs


def expand_some(
    first: NDArray[np.intp], last: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of `expand`, where these are not too many to be matched.

    Raises:
        DataError: There are more than memory is for.
    """
    many = int(np.maximum(last - first, 0).sum())
    if many > MOST:
        raise DataError(
            f"two annotators have {counted(many, 'pairs of regions')} on or near one another, "
            "more than can be matched",
            "'tslab lint' names regions that nearly repeat another (TSL116): delete the copies.",
        )
    return expand(first, last)


def expand(
    first: NDArray[np.intp], last: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of a row and what it reaches, from `first` up to before `last`."""
    count = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count - first, count)
    return row, step
