"""How far apart the borders of matched events are.

An error is the hypothesis' time less the reference's: below 0 the hypothesis is earlier. All
answers are in seconds. Borders that nobody drew (`edges`) have no part in any of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats
from tslab.agreement.events.events import Positions
from tslab.agreement.events.matches import Matches, Piece, as_ticks
from tslab.span_table import Mask, Ticks

SECOND = 1e6
SPREADS = ("median_error", "mad", "p95_error")
SIDES = ("onset", "offset")


@dataclass(frozen=True, slots=True)
class _Errors:
    """Errors of some matched events; columns as those of `Borders`."""

    cell: Ticks | Positions
    onset: Ticks
    offset: Ticks
    piece: Piece

    @classmethod
    def of(cls, piece: Piece) -> _Errors:
        at = piece.at()
        first, second = piece.at_reference[at], piece.at_hypothesis[at]
        one, other = piece.reference, piece.hypothesis
        onset, offset = other.start.take(second), other.end.take(second)
        onset -= one.start.take(first)
        offset -= one.end.take(first)
        return cls(piece.key[at], onset, offset, piece)

    def on_edge(self, errors: Ticks, reaching: Mask) -> Positions:
        """Which borders nobody drew: both events have the same time, and one reaches an edge.

        Args:
            errors: Those of one side.
            reaching: Whether each event of the reference reaches an edge on that side.
        """
        same = np.flatnonzero(errors == 0)
        reference = self.piece.at_reference[self.piece.at()]
        return np.asarray(same[reaching.take(reference.take(same))])

    def add_to(self, sums: Floats) -> None:
        """Add to counts and sums ``(3, cells)``."""
        if len(self.cell):
            low, high = int(self.cell.min()), int(self.cell.max()) + 1
            cell = self.cell - low
            for row, weights in zip(sums, (None, self.onset, self.offset), strict=True):
                row[low:high] += np.bincount(cell, weights, high - low)


@dataclass(frozen=True)
class Borders:
    """Errors of matched events.

    Attributes:
        ticks: Matches and their summed errors in microseconds, float64 ``(items, sets, 3)``, in
            the order count, onset, offset.
    """

    ticks: Floats
    _parts: tuple[_Errors, ...]

    @classmethod
    def of(cls, matches: Matches, *, edges: bool = True) -> Borders:
        """The errors of all matches.

        Args:
            matches: Matched events.
            edges: Whether borders at the edges of what was reviewed are nobody's.
        """
        tally = BorderTally(matches.counts.found.shape)
        for piece in matches.pieces:
            tally.add(piece if edges else replace(piece, edges=None))
        return tally.result()

    @property
    def sums(self) -> Floats:
        """The same in seconds: what the bias and its bootstrap are made of."""
        return self.ticks / (1, SECOND, SECOND)

    @cached_property
    def cell(self) -> Ticks:
        """Pair and task of each, and set of labels of the reference: item * sets + set, int64."""
        return as_ticks([part.cell for part in self._parts])

    @cached_property
    def onset(self) -> Ticks:
        """Microseconds, int64 ``(matches,)``."""
        return as_ticks([part.onset for part in self._parts])

    @cached_property
    def offset(self) -> Ticks:
        """Microseconds, int64 ``(matches,)``."""
        return as_ticks([part.offset for part in self._parts])

    @cached_property
    def undrawn(self) -> tuple[Positions, Positions]:
        """Positions of matches whose onsets, and of those whose offsets nobody drew."""
        onset, offset, first = list[Positions](), list[Positions](), 0
        for part in self._parts:
            if part.piece.edges is not None:
                onset.append(first + part.on_edge(part.onset, part.piece.edges.begins))
                offset.append(first + part.on_edge(part.offset, part.piece.edges.ends))
            first += len(part.cell)
        none = np.zeros(0, np.intp)
        return np.concatenate([none, *onset]), np.concatenate([none, *offset])

    def drawn(self, matches: Floats) -> list[Floats]:
        """How many matches have an onset, and how many an offset, that somebody drew.

        Args:
            matches: How many there are, ``(items, sets)``; the answer is the same where all have.
        """
        return [
            matches - np.bincount(self.cell[at], minlength=matches.size).reshape(matches.shape)
            if len(at)
            else matches
            for at in self.undrawn
        ]

    @property
    def item(self) -> Ticks:
        """Pair and task of each, int64 ``(matches,)``."""
        return self.cell // max(1, self.ticks.shape[1])

    @property
    def label(self) -> Ticks:
        """Set of labels of the reference event, int64 ``(matches,)``."""
        return self.cell % max(1, self.ticks.shape[1])


class BorderTally:
    """Adds up errors as matches are found, piece by piece, while a piece is in the cache."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Begin with nothing; ``shape`` is that of the counts, ``(items, sets)``."""
        self.shape, self.parts = shape, list[_Errors]()
        self.sums = np.zeros((3, math.prod(shape)))

    def add(self, piece: Piece) -> None:
        """Add the matches of a piece; each piece once."""
        part = _Errors.of(piece)
        part.add_to(self.sums)
        self.parts.append(part)

    def result(self) -> Borders:
        """The errors so far."""
        return Borders(self.sums.T.reshape(*self.shape, 3), tuple(self.parts))


def spreads(values: Ticks, count: NDArray[np.int64]) -> dict[str, Floats]:
    """Measures of `SPREADS` in seconds, each ``(groups,)``; NaN where a group has no match.

    The median and the 95th percentile are of absolute errors; MAD is the median distance from the
    median error, which a constant shift leaves alone.

    Args:
        values: Microseconds of one group after the other, sorted in each, int64 ``(matches,)``.
        count: How many each group has, ``(groups,)``.
    """
    own = _Sorted(values, np.cumsum(count) - count, count)
    nothing = np.zeros(len(count), np.int64)
    middle, high = own.distance(nothing, 0.5), own.distance(nothing, 0.95)
    spread = own.distance(own.twice_median(), 0.5)
    return dict(zip(SPREADS, (middle, spread, high), strict=True))


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Groups of sorted values, one after the other.

    Attributes:
        values: Microseconds, int64 ``(values,)``.
        first: Where each group begins, intp ``(groups,)``.
        count: How many values it has, intp ``(groups,)``.
    """

    values: Ticks
    first: Positions
    count: Positions

    def twice_median(self) -> Ticks:
        """Twice the median of each group, which is a whole number; 0 for empty groups."""
        last = np.maximum(self.count - 1, 0)
        return self._at(last // 2) + self._at((last + 1) // 2)

    def distance(self, twice: Ticks, share: float) -> Floats:
        """A quantile of the distances from half of `twice`, seconds; NaN for empty groups."""
        rank = share * np.maximum(self.count - 1, 0)
        low = np.floor(rank).astype(np.intp)
        high = np.minimum(low + 1, np.maximum(self.count - 1, 0))
        below, above = self._nearest(twice, low), self._nearest(twice, high)
        found = below + (above - below) * (rank - low)
        return np.where(self.count > 0, found / (2 * SECOND), np.nan)

    def _nearest(self, twice: Ticks, rank: Positions) -> Ticks:
        """Twice the distance of that rank: the narrowest window of ``rank + 1`` neighbours.

        Moving the window to the right brings its left end closer and takes its right end away;
        the best one is where these cross.
        """
        low, high = np.zeros_like(rank), np.maximum(self.count - 1 - rank, 0)
        while (low < high).any():
            middle = (low + high) // 2
            beyond = self._ends(twice, middle, rank)
            crossed = beyond[1] >= beyond[0]
            high = np.where(crossed, middle, high)
            low = np.where(crossed, low, np.minimum(middle + 1, high))
        windows = [self._ends(twice, at, rank) for at in (low, np.maximum(low - 1, 0))]
        left, right = (np.maximum(*ends) for ends in windows)
        return np.asarray(np.minimum(left, right))

    def _ends(self, twice: Ticks, at: Positions, rank: Positions) -> tuple[Ticks, Ticks]:
        return twice - 2 * self._at(at), 2 * self._at(at + rank) - twice

    def _at(self, place: Positions) -> Ticks:
        if not len(self.values):
            return np.zeros(len(place), np.int64)
        return np.asarray(self.values[np.minimum(self.first + place, len(self.values) - 1)])
