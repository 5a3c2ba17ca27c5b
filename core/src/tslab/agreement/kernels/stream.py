"""Overlaps of all pairs of annotators, batch by batch, for whoever wants to measure on them.

An item is one zone that both annotators of a pair reviewed. Batches stay in the processor's cache,
and no more than a batch of overlaps is ever there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tslab.agreement.kernels.overlaps import Kernel, Overlaps, Positions, kernel_for
from tslab.agreement.kernels.presence import Presence, ranges
from tslab.agreement.kernels.runs import Runs
from tslab.span_table import Numbers, SpanTable, Ticks

# Runs of both sides of one batch: a few megabytes of starts, ends, positions and keys.
BATCH = 100_000


@dataclass(frozen=True, slots=True)
class Items:
    """What is compared with what, sorted by pair and zone.

    Attributes:
        pairs: Annotators of each pair, int32 ``(pairs, 2)``.
        pair: Pair of each item, intp ``(items,)``.
        zone: Zone of each item, intp ``(items,)``.
        first: Reading of the pair's first annotator, intp ``(items,)``.
        second: Reading of the other one, intp ``(items,)``.
    """

    pairs: Numbers
    pair: Positions
    zone: Positions
    first: Positions
    second: Positions

    def __len__(self) -> int:
        """How many items."""
        return len(self.pair)


@dataclass(frozen=True, slots=True)
class Agreeing:
    """Overlaps on which both say the same.

    Attributes:
        first: Positions of runs, intp ``(overlaps,)``.
        second: Likewise.
        ticks: Microseconds that both share, int64 ``(overlaps,)``.
        key: Item, counted from the first one of the batch, and state, as one number:
            ``item * (states - 1) + state - 1``, since nothing is stored of state 0.
    """

    first: Positions
    second: Positions
    ticks: Ticks
    key: Positions


@dataclass(frozen=True)
class Batch:
    """Overlaps of some items.

    Attributes:
        begin: First item of the batch.
        end: One after its last item.
        overlaps: Positions of runs, and microseconds shared; in order of item and time.
        bounds: First overlap of each item, and how many there are, intp ``(items + 1,)``.
        runs: The runs that overlap.
    """

    begin: int
    end: int
    overlaps: Overlaps
    bounds: Positions
    runs: Runs

    @cached_property
    def states(self) -> tuple[Numbers, Numbers]:
        """States of both sides of each overlap, int32; looked up once for all who measure."""
        state = self.runs.state
        return state.take(self.overlaps.first), state.take(self.overlaps.second)

    @cached_property
    def agreeing(self) -> Agreeing:
        """Overlaps of equal states; picked once for all who measure."""
        one, other = self.states
        at, found = np.flatnonzero(one == other), self.overlaps
        key = self.item_of(at, len(self.runs.states) - 1, -1)
        key += one.take(at)
        return Agreeing(found.first.take(at), found.second.take(at), found.ticks.take(at), key)

    def item_of(self, at: Positions, times: int = 1, plus: int = 0) -> Positions:
        """Items of some overlaps in order, counted from `begin`, times a number, plus another."""
        count = np.diff(np.searchsorted(at, self.bounds))
        return np.repeat(np.arange(len(count)) * times + plus, count)


def items_of(presence: Presence, pairs: Numbers) -> Items:
    """Items of the wanted pairs; the same two annotators must not be wanted twice."""
    many = int(presence.annotator.max(initial=0)) + 1
    pairs = np.asarray(pairs, np.int32).reshape(-1, 2)
    code = pairs.min(axis=1).astype(np.int64) * many + pairs.max(axis=1)
    order = np.argsort(code)
    one, other = _met(presence)
    wanted = presence.annotator[one].astype(np.int64) * many + presence.annotator[other]
    at = np.minimum(np.searchsorted(code[order], wanted), max(0, len(code) - 1))
    found = np.flatnonzero(code[order][at] == wanted) if len(code) else np.zeros(0, np.intp)
    one, other, pair = one[found], other[found], order[at[found]] if len(code) else found
    turned = pairs[pair, 0] != presence.annotator[one]
    first, second = np.where(turned, other, one), np.where(turned, one, other)
    zone = presence.zone[first]
    order = np.argsort(pair * np.int64(len(presence.task)) + zone, kind="stable")
    return Items(pairs, pair[order], zone[order], first[order], second[order])


def _met(presence: Presence) -> tuple[Positions, Positions]:
    """All two readings that share a zone; the first one is of the lower annotator."""
    order = np.argsort(presence.zone, kind="stable")
    count = presence.present()
    first = np.cumsum(count) - count
    ones, others = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for size in np.unique(count[count > 1]).tolist():
        readings = order[first[count == size][:, None] + np.arange(size)]
        low, high = np.triu_indices(size, 1)
        ones.append(readings[:, low].ravel())
        others.append(readings[:, high].ravel())
    return np.concatenate(ones), np.concatenate(others)


def stream(runs: Runs, items: Items, kernel: Kernel | None = None) -> Iterator[Batch]:
    """Overlaps of all items, computed once.

    Args:
        runs: All runs.
        items: What is compared.
        kernel: What finds overlaps; by default whatever is soonest done.
    """
    first = runs.first
    count = np.diff(first)
    size = count[items.first] + count[items.second]
    kernel = kernel or kernel_for(int(size.sum()))
    for begin, end in batches(items, size):
        one, other = items.first[begin:end], items.second[begin:end]
        sides = _slice(first, one), _slice(first, other)
        spread = sum(side.stop - side.start for side in sides)
        if items.pair[begin] == items.pair[end - 1] and spread <= 2 * BATCH:
            found, bounds = _sliced(runs, sides, first[one], kernel)
        else:
            found, bounds = _gathered(runs, items, first, slice(begin, end), kernel)
        yield Batch(begin, end, found, bounds, runs)


def batches(items: Items, size: Positions) -> Iterator[tuple[int, int]]:
    """Bounds of batches: parts of large pairs, and small pairs together."""
    if not len(items):
        return
    reach = np.cumsum(size)
    cuts = np.flatnonzero(np.diff(items.pair)) + 1
    starts = np.concatenate([[0], cuts])
    total = np.diff(np.concatenate([[0], reach[np.append(cuts, len(size)) - 1]]))
    # Only a pair that fills half a batch is worth a batch of its own.
    alone = set(starts[total >= BATCH // 2].tolist())
    ends = {*alone, *np.append(cuts, len(size))[total >= BATCH // 2].tolist(), len(size)}
    begin = 0
    for stop in sorted(ends - {0}):
        while begin < stop:
            done = int(reach[begin - 1]) if begin else 0
            end = int(np.searchsorted(reach, done + BATCH, side="right"))
            end = min(max(end, begin + 1), stop)
            yield begin, end
            begin = end


def _slice(first: Positions, readings: Positions) -> slice:
    return slice(int(first[readings[0]]), int(first[readings[-1] + 1]))


def _sliced(
    runs: Runs, sides: tuple[slice, slice], first: Positions, kernel: Kernel
) -> tuple[Overlaps, Positions]:
    """Runs of one pair as they lie; zones in between that are not shared hold no overlap."""
    one, other = sides
    found = kernel(runs.start[one], runs.end[one], runs.start[other], runs.end[other])
    bounds = np.searchsorted(found.first, first - one.start)
    # In place: a kernel's answer is nobody else's.
    np.add(found.first, one.start, out=found.first)
    np.add(found.second, other.start, out=found.second)
    return found, np.append(bounds, len(found))


def _gathered(
    runs: Runs, items: Items, first: Positions, part: slice, kernel: Kernel
) -> tuple[Overlaps, Positions]:
    """Runs of several items, put on a line of their own, one item after the other."""
    zone = items.zone[part]
    width = runs.presence.width[zone]
    lift = np.cumsum(width) - width - runs.presence.begin[zone]
    item, rows, start, stop = lifted(runs.start, runs.end, first, items.first[part], lift)
    _, others, start_2, stop_2 = lifted(runs.start, runs.end, first, items.second[part], lift)
    found = kernel(start, stop, start_2, stop_2)
    bounds = np.searchsorted(item[found.first], np.arange(len(zone) + 1))
    return Overlaps(rows[found.first], others[found.second], found.ticks), bounds


def lifted(
    start: Ticks, end: Ticks, first: Positions, readings: Positions, lift: Ticks
) -> tuple[Positions, Positions, Ticks, Ticks]:
    """Item, row, start and end of all rows of some readings, moved by each item's lift."""
    item, rows = ranges(first[readings], first[readings + 1] - first[readings])
    return item, rows, start[rows] + lift[item], end[rows] + lift[item]


def all_pairs(table: SpanTable, names: tuple[str, ...]) -> Numbers:
    """Pairs of annotators who share a task, int32 ``(pairs, 2)``; the first comes first."""
    numbers = np.array(sorted(table.annotators.index(name) for name in names), np.int32)
    low, high = np.triu_indices(len(numbers), 1)
    return sharing(table, np.stack([numbers[low], numbers[high]], axis=1))


def sharing(table: SpanTable, pairs: Numbers) -> Numbers:
    """Those pairs who share a task."""
    if not len(pairs):
        return pairs
    seen = np.unique(
        table.reviewed.task.astype(np.int64) * max(1, len(table.annotators))
        + table.reviewed.annotator
    )
    task, annotator = np.divmod(seen, max(1, len(table.annotators)))
    there = np.zeros((len(table.annotators), len(table.tasks)), np.float32)
    there[annotator, task] = 1
    common = there @ there.T
    return pairs[common[pairs[:, 0], pairs[:, 1]] > 0]
