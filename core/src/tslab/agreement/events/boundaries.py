"""How far apart the borders of matched events are.

An error is the hypothesis' time less the reference's: below 0 the hypothesis is earlier. All
answers are in seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.events import Positions
from tslab.agreement.events.matches import Matches, Piece, as_ticks
from tslab.span_table import Ticks

SECOND = 1e6
MEASURES = ("bias", "median_error", "mad", "p95_error")
SIDES = ("onset", "offset")


@dataclass(frozen=True, slots=True)
class _Errors:
    """Errors of some matched events; columns as those of `Borders`."""

    cell: Ticks | Positions
    onset: Ticks
    offset: Ticks

    @classmethod
    def of(cls, piece: Piece) -> _Errors:
        at = np.flatnonzero(piece.iou >= piece.least) if piece.least else slice(None)
        first, second = piece.at_reference[at], piece.at_hypothesis[at]
        one, other = piece.reference, piece.hypothesis
        onset, offset = other.start.take(second), other.end.take(second)
        onset -= one.start.take(first)
        offset -= one.end.take(first)
        return cls(piece.key[at], onset, offset)

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
        sums: Matches and their summed errors in seconds, float64 ``(items, sets, 3)``, in the
            order count, onset, offset: what the bias and its bootstrap are made of.
    """

    sums: Floats
    _parts: tuple[_Errors, ...]

    @classmethod
    def of(cls, matches: Matches) -> Borders:
        """The errors of all matches, piece by piece: each one stays in the processor's cache."""
        shape = matches.counts.found.shape
        sums, parts = np.zeros((3, math.prod(shape))), []
        for piece in matches.pieces:
            part = _Errors.of(piece)
            part.add_to(sums)
            parts.append(part)
        sums[1:] /= SECOND
        return cls(sums.T.reshape(*shape, 3), tuple(parts))

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

    @property
    def item(self) -> Ticks:
        """Pair and task of each, int64 ``(matches,)``."""
        return self.cell // max(1, self.sums.shape[1])

    @property
    def label(self) -> Ticks:
        """Set of labels of the reference event, int64 ``(matches,)``."""
        return self.cell % max(1, self.sums.shape[1])


@dataclass(frozen=True, slots=True)
class SortedErrors:
    """Errors of one side by their size.

    Attributes:
        values: Microseconds, int64 ``(matches,)``.
        cell: Cell of each, as `Borders` has them, int64 ``(matches,)``.
    """

    values: Ticks
    cell: Ticks

    @classmethod
    def of(cls, errors: Ticks, cell: Ticks) -> SortedErrors:
        """Sort errors, and what cell each is of with them."""
        if not len(errors):
            return cls(errors, cell)
        low, bits = int(errors.min()), int(cell.max()).bit_length()
        if (int(errors.max()) - low).bit_length() + bits > 62:
            order = by_value(errors)
            return cls(errors[order], cell[order])
        # Both in one number: sorting these is several times faster than finding an order.
        packed = errors - low
        packed <<= bits
        packed |= cell
        packed.sort()
        return cls((packed >> bits) + low, packed & ((1 << bits) - 1))

    def grouped(
        self, groups: int, table: NDArray[np.integer], turned: NDArray[np.integer] | None = None
    ) -> Ticks:
        """Errors of one group after the other, by their size in each, int64 ``(errors,)``.

        Args:
            groups: How many groups there are; errors of group ``groups`` come last.
            table: Groups of each cell, ``(cells, columns)``: one error may be in several.
            turned: Groups of each cell that have its errors with their signs turned, ``(cells,)``.
        """
        columns = table.shape[1]
        several = columns > 1
        number = table[self.cell].reshape(-1) if several else table.reshape(-1).take(self.cell)
        values = np.repeat(self.values, columns) if several else self.values
        if turned is not None:
            number = np.concatenate([turned.take(self.cell)[::-1], number])
            values = np.concatenate([-self.values[::-1], values])
        if groups == 1 and turned is None and not table.any():
            return values
        small = number.dtype == np.uint16
        order = np.argsort(number, kind="stable") if small else by_value(number)
        values = values.take(order)
        if turned is not None:
            bounds = np.cumsum(np.bincount(number, minlength=groups))[:groups]
            for part in np.split(values, bounds):
                part.sort(kind="stable")  # two sorted runs: merged in linear time
        return values


def border_measures(values: Ticks, count: NDArray[np.int64]) -> dict[str, Floats]:
    """Measures of `MEASURES` in seconds, each ``(groups,)``; NaN where a group has no match.

    Bias is the mean error; the median and the 95th percentile are of absolute errors; MAD is the
    median distance from the median error, which a constant shift leaves alone.

    Args:
        values: Microseconds of one group after the other, sorted in each, int64 ``(matches,)``.
        count: How many each group has, ``(groups,)``.
    """
    own = _Sorted(values, np.cumsum(count) - count, count)
    nothing = np.zeros(len(count), np.int64)
    middle, high = own.distance(nothing, 0.5), own.distance(nothing, 0.95)
    spread = own.distance(own.twice_median(), 0.5)
    return dict(zip(MEASURES, (own.mean(), middle, spread, high), strict=True))


def by_value(values: NDArray[np.integer], order: Positions | None = None) -> Positions:
    """What sorts whole numbers, 16 bits at a time: NumPy sorts those by radix, in linear time.

    Args:
        values: Whole numbers.
        order: An order to keep among equal ones.
    """
    if not len(values):
        return np.zeros(0, np.intp)
    rest = (values - values.min()).astype(np.uint64)
    order = np.arange(len(rest)) if order is None else order
    bits = int(rest.max()).bit_length()
    for shift in range(0, max(bits, 1), 16):
        digit = (rest >> np.uint64(shift)).astype(np.uint16)[order]
        order = order[np.argsort(digit, kind="stable")]
    return order


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

    def mean(self) -> Floats:
        """The mean of each group, seconds; NaN for empty groups."""
        last = self.first + self.count
        total = np.zeros(len(self.values) + 1, np.int64)
        np.cumsum(self.values, out=total[1:])
        whole = (total[last] - total[self.first]).astype(float)
        return ratio(whole, self.count.astype(float)) / SECOND

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
