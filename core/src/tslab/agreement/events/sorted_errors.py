"""Errors of borders sorted within groups, and the groups that others are put together from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats
from tslab.agreement.events.events import Positions
from tslab.agreement.row_sums import added
from tslab.errors import DataError
from tslab.span_table import Mask, Ticks

# More groups than this are sorted together, fewer one by one: what fits the processor's cache is
# sorted several times faster.
MOST_SORTED_ALONE = 4096


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which errors belong together.

    Attributes:
        order: Positions of the errors of one group after the other; those of no group are left out.
        count: How many each group has, int64 ``(groups,)``.
    """

    order: Positions
    count: NDArray[np.int64]

    @classmethod
    def of(cls, number: NDArray[np.integer], groups: int) -> Grouping:
        """By the number of the group of each error; number ``groups`` is no group."""
        small = groups <= np.iinfo(np.uint16).max
        count = np.bincount(number, minlength=groups + 1)[:groups]
        # NumPy sorts 16 bits by radix, in linear time.
        order = np.argsort(number.astype(np.uint16), kind="stable") if small else by_value(number)
        return cls(order[: count.sum()], count)

    def where(self, mask: Mask) -> Grouping:
        """The same with the errors alone that a mask picks, bool ``(errors,)``."""
        if mask.all():
            return self
        kept = mask.take(self.order)
        before, ends = np.append(0, np.cumsum(kept)), np.cumsum(self.count)
        return Grouping(self.order[kept], before[ends] - before[ends - self.count])

    def sorted(self, errors: Ticks, step: int = 0) -> Ticks:
        """The errors of one group after the other, by their size in each.

        Args:
            errors: Microseconds, int64 ``(errors,)``.
            step: How much is added to those of each next group.
        """
        if len(self.count) > MOST_SORTED_ALONE:
            number = np.repeat(np.arange(len(self.count)), self.count)
            values = errors.take(self.order)
            return np.asarray(values[by_value(number, by_value(values))] + number * step)
        low, high = int(errors.min(initial=0)), int(errors.max(initial=0))
        # Half as wide numbers are sorted in half the time.
        narrow = high - low < 2**32
        out = np.empty(len(self.order), np.int64)
        ends = np.cumsum(self.count).tolist()
        for group, (first, end) in enumerate(zip([0, *ends], ends, strict=False)):
            part = errors.take(self.order[first:end])
            own = (part - low).astype(np.uint32) if narrow else part
            own.sort()
            np.add(own, np.int64(step * group + low * narrow), out=out[first:end])
        return out


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
class Members:
    """Of which parts groups are put together.

    Attributes:
        group: Number of the group of each member, intp ``(members,)``.
        part: Number of the part, intp ``(members,)``.
        turned: Whether the group has the errors of the part with their signs turned, bool.
        groups: How many groups there are.
    """

    group: Positions
    part: Positions
    turned: Mask
    groups: int


class Unions:
    """Groups of errors that are put together from sorted parts, which are not moved for it.

    A quantile is found between the smallest and the largest error by halving: how many errors are
    at most so large is a search in each part, so that it does not matter how many errors there are.
    """

    def __init__(self, errors: Ticks, parts: Grouping, members: Members) -> None:
        """Sort the errors in each part.

        Args:
            errors: Microseconds, int64 ``(errors,)``.
            parts: Which of them belong together.
            members: What the groups are made of.

        Raises:
            DataError: The errors are too large to be put on one line.
        """
        self.members, self.parts = members, parts.count
        self.low, self.high = int(errors.min(initial=0)), int(errors.max(initial=0))
        self.step = self.high - self.low + 2
        if self.step * max(1, len(parts.count)) >= 2**62:
            raise DataError(
                "matched events differ by more time than can be compared in one go",
                "Compare the tasks in several parts.",
            )
        # All parts on one line, one after the other.
        self.line = parts.sorted(errors, self.step)
        self.first = np.cumsum(parts.count) - parts.count
        self.count = self._added(parts.count[members.part][:, None])[:, 0]

    def twice_median(self) -> Ticks:
        """Twice the median of each group, which is a whole number; of empty groups any."""
        last = np.maximum(self.count - 1, 0)
        ranks = np.stack([last // 2, (last + 1) // 2], axis=-1)
        return np.asarray(self._smallest(self._at_most, ranks, self._most()).sum(axis=-1))

    def distances(self, twice: Ticks, shares: Sequence[float]) -> list[Floats]:
        """Quantiles of twice the distances from half of `twice`, each float64 ``(groups,)``."""
        last = np.maximum(self.count - 1, 0)
        ranks = np.array(shares)[:, None] * last
        low = np.floor(ranks).astype(np.int64)
        wanted = np.concatenate([low, np.minimum(low + 1, last)]).T

        def within(distance: Ticks) -> Ticks:
            reach, back = twice[:, None] + distance, twice[:, None] - distance
            return self._at_most(reach // 2) - self._at_most(-(-back // 2) - 1)

        most = 2 * self._most() + int(np.abs(twice).max(initial=0))
        below, above = np.split(self._smallest(within, wanted, most).T, 2)
        return list(below + (above - below) * (ranks - low))

    def _most(self) -> int:
        return max(abs(self.low), abs(self.high))

    def _smallest(self, count: Callable[[Ticks], Ticks], rank: Ticks, most: int) -> Ticks:
        """The smallest numbers of which `count` says more than a rank, ``(groups, ranks)``."""
        low, high = np.full(rank.shape, -most), np.full(rank.shape, most)
        while (low < high).any():
            middle = (low + high) >> 1
            reached = count(middle) > rank
            high = np.where(reached, middle, high)
            low = np.where(reached, low, np.minimum(middle + 1, high))
        return high

    def _at_most(self, values: Ticks) -> Ticks:
        """How many errors of each group are at most so large, ``(groups, columns)``."""
        own, part, turned = self.members, self.members.part[:, None], self.members.turned[:, None]
        wanted = values[own.group]
        # Turned: -x <= v is where x <= -v - 1 is not.
        wanted = np.where(turned, -wanted - 1, wanted)
        place = np.clip(wanted, self.low - 1, self.high) + part * self.step
        found = np.searchsorted(self.line, place.reshape(-1), side="right").reshape(place.shape)
        found -= self.first[part]
        return self._added(np.where(turned, self.parts[part] - found, found))

    def _added(self, counts: NDArray[np.integer]) -> Ticks:
        return added(self.members.group, counts, self.members.groups).astype(np.int64)
