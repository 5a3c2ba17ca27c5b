"""Gamma: agreement on where units are and what they are, beyond chance (Mathet et al. 2015).

Two units differ by ``((|ds| + |de|) / (sum of lengths))^2``, and by 1 more where their labels
differ; a unit without a partner costs 1. The best alignment has the least cost; disorder is that
by the mean number of units, and gamma is 1 - disorder / disorder by chance. The alignment of two
annotators is exact. Chance is sampled: the units of one of the two, at random, moved along the
task and around its end (section 5.2 of the paper, without its least distance between two moves),
from a fixed seed. Several annotators have the mean of their pairs; the paper aligns all at once.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.assignment import best_assignment
from tslab.agreement.events.candidates import Candidates, expand_some, in_blocks
from tslab.agreement.events.counts import EventItems
from tslab.agreement.events.events import Events, Positions, Shared, shared
from tslab.agreement.events.matching import as_pairs
from tslab.agreement.values import NOTHING_MARKED, Value
from tslab.span_table import Numbers, SpanTable, Ticks, refuse_too_long

ALONE = 1.0
FARTHEST = 2 * ALONE  # no two units that differ more are better off together than alone
AT_ONCE = 5_000_000
"""Pairs of units of some samples that are looked at in one go: these have to be in memory."""


@dataclass(frozen=True, slots=True)
class Disorder:
    """Costs for each pair and task; they add up.

    Attributes:
        items: Pair and task of each row.
        observed: Cost of the best alignment, ``(items,)``.
        expected: What it would be by chance, for as many units, ``(items,)``.
    """

    items: EventItems
    observed: Floats
    expected: Floats


@dataclass(frozen=True, slots=True)
class _Units:
    """Units in groups that have nothing to do with each other, sorted by group and start."""

    group: Ticks
    start: Ticks
    end: Ticks
    label: Numbers

    @classmethod
    def of(cls, group: Ticks, start: Ticks, end: Ticks, label: Numbers) -> _Units:
        order = np.lexsort((end, start, group))
        return cls(group[order], start[order], end[order], label[order])

    def of_groups(self, first: int, many: int) -> _Units:
        """Units of some groups, which are counted from 0 on."""
        low, high = np.searchsorted(self.group, [first, first + many])
        at = slice(int(low), int(high))
        return _Units(self.group[at] - first, self.start[at], self.end[at], self.label[at])


def disorder(table: SpanTable, pairs: ArrayLike, samples: int = 30, seed: int = 0) -> Disorder:
    """Costs of pairs of annotators; instants, which have no length, have no part in it.

    Args:
        table: What everybody marked.
        pairs: Numbers of annotators, ``(pairs, 2)``.
        samples: How many times chance is sampled for each pair and task.
        seed: Makes the samples the same each time.
    """
    events = Events.of(table).ranges()
    place = np.arange(len(table.tasks))
    if table.order is not None:
        place[table.order] = np.arange(len(place))
    parts: list[Shared] = []
    observed: list[Floats] = [np.zeros(0)]
    expected: list[Floats] = [np.zeros(0)]
    for pair in as_pairs(pairs):
        part = shared(events, table, pair)
        parts.append(part)
        seen = [_units(side, part) for side in (part.reference, part.hypothesis)]
        observed.append(aligned_cost(seen[0], seen[1], len(part.tasks)))
        chance = _Chance.of(seen, place[part.tasks], _bounds(table, part, pair), seed)
        expected.append(_by_chance(chance, samples))
    return Disorder(EventItems.of(parts), np.concatenate(observed), np.concatenate(expected))


def gamma(observed: Floats, expected: Floats) -> Floats:
    """Gamma of summed costs; NaN where nobody marked anything."""
    return np.asarray(1 - ratio(observed, expected))


def gamma_value(value: float) -> Value:
    """A gamma, or why there is none."""
    return Value(float(value)) if np.isfinite(value) else Value(None, NOTHING_MARKED)


def aligned_cost(one: _Units, other: _Units, groups: int) -> Floats:
    """Cost of the best alignment of each group, ``(groups,)``."""
    first, second, gain = _candidates(one, other)
    taken = _best(first, second, gain)
    lonely = sum(np.bincount(side.group, minlength=groups) for side in (one, other))
    saved = np.bincount(one.group[first[taken]], gain[taken], groups)
    return np.asarray(ALONE * np.asarray(lonely, float) - saved)


def _candidates(one: _Units, other: _Units) -> tuple[Positions, Positions, Floats]:
    """Units that are better off together than alone, and how much, sorted by both."""
    lengths = one.end - one.start, other.end - other.start
    if not len(lengths[0]) or not len(lengths[1]):
        none = np.zeros(0, np.intp)
        return none, none, np.zeros(0)
    # |ds| + |de| < sqrt(2) * (sum of lengths) must hold, so |ds| is below that.
    widest = 3 * int(lengths[1].max()) // 2 + 3 * lengths[0] // 2 + 1
    low = min(int(one.start.min()), int(other.start.min()))
    reach = max(int(one.start.max()), int(other.start.max())) - low + 2 * int(widest.max())
    groups = int(max(one.group[-1], other.group[-1])) + 1
    refuse_too_long(float(reach) * groups, groups)
    lines = [side.group * np.int64(reach) + side.start - low for side in (one, other)]
    first, second = expand_some(
        np.searchsorted(lines[1], lines[0] - widest), np.searchsorted(lines[1], lines[0] + widest)
    )
    apart = np.abs(one.start[first] - other.start[second])
    apart += np.abs(one.end[first] - other.end[second])
    differ = (apart / (lengths[0][first] + lengths[1][second])) ** 2
    differ += one.label[first] != other.label[second]
    near = np.flatnonzero(differ < FARTHEST)
    return first[near], second[near], FARTHEST - differ[near]


def _best(first: Positions, second: Positions, gain: Floats) -> Positions:
    """Candidates of the alignment with the highest gain; those with no rival are taken at once."""
    block, _ = in_blocks(Candidates(first, second, gain, apart=False))
    alone = np.bincount(block)[block] == 1 if len(block) else np.zeros(0, bool)
    rest = np.flatnonzero(~alone)
    best = best_assignment(first[rest], second[rest], gain[rest], block[rest])
    return np.concatenate([np.flatnonzero(alone), rest[best]])


@dataclass(frozen=True, slots=True)
class _Chance:
    """What chance moves about, in an order that no name has a part in.

    Attributes:
        sides: Units of the two annotators.
        order: Positions of the tasks in the order in which they are drawn, intp ``(tasks,)``.
        low: Where what both reviewed of each task begins.
        length: How long that is to its end.
        dice: Where moves come from; the units are a part of its seed.
    """

    sides: list[_Units]
    order: Positions
    low: Ticks
    length: Ticks
    dice: np.random.Generator

    @classmethod
    def of(
        cls, seen: list[_Units], place: Positions, bounds: tuple[Ticks, Ticks], seed: int
    ) -> _Chance:
        """For the units of two, and the place of each task in the order."""
        marked = sorted(((_mark(side, place), n) for n, side in enumerate(seen)))
        dice = np.random.default_rng([seed, *(mark for mark, _ in marked)])
        return cls([seen[n] for _, n in marked], np.argsort(place), *bounds, dice)


def _mark(side: _Units, place: Positions) -> int:
    """A number that units of other times, labels or tasks hardly share."""
    task = place[side.group]
    order = np.lexsort((side.label, side.end, side.start, task))
    columns = (task, side.start, side.end, side.label)
    return zlib.crc32(np.stack([column[order].astype(np.int64) for column in columns]).tobytes())


def _by_chance(chance: _Chance, samples: int) -> Floats:
    """Mean cost of sampled units, for as many units as were observed, ``(tasks,)``."""
    tasks = len(chance.low)
    drawn = [_drawn(chance, samples) for _ in range(2)]
    counts = [np.bincount(side.group, minlength=samples * tasks) for side in drawn]
    most = int((counts[0] * counts[1]).reshape(samples, tasks).sum(axis=1).max(initial=0))
    step = max(1, AT_ONCE // max(1, most)) * tasks
    parts = [
        aligned_cost(drawn[0].of_groups(begin, step), drawn[1].of_groups(begin, step), step)
        for begin in range(0, samples * tasks, max(1, step))
    ]
    cost = np.concatenate([np.zeros(0), *parts])[: samples * tasks].reshape(samples, tasks)
    units = counts[0] + counts[1]
    own = sum(np.bincount(side.group, minlength=tasks) for side in chance.sides)
    each = ratio(cost, np.asarray(units, float).reshape(samples, tasks))
    counted = np.isfinite(each)
    mean = ratio(np.where(counted, each, 0.0).sum(axis=0), counted.sum(axis=0).astype(float))
    return np.where(np.asarray(own) > 0, np.nan_to_num(mean) * own, 0.0)


def _drawn(chance: _Chance, samples: int) -> _Units:
    """For each sample and task the units of one of the two, moved by a random time."""
    low, length, shape = chance.low, chance.length, (samples, len(chance.low))
    who, far = np.zeros(shape, np.int64), np.zeros(shape)
    who[:, chance.order] = chance.dice.integers(0, 2, shape)
    far[:, chance.order] = chance.dice.random(shape)
    move = np.floor(far * length).astype(np.int64)
    columns: list[list[Ticks]] = [[], [], [], []]
    for number, side in enumerate(chance.sides):
        sample, at = np.nonzero(who[:, side.group] == number)
        task = side.group[at]
        start = (side.start[at] - low[task] + move[sample, task]) % length[task] + low[task]
        end = start + side.end[at] - side.start[at]
        for column, values in zip(
            columns, (sample * shape[1] + task, start, end, side.label[at]), strict=True
        ):
            column.append(values)
    group, start, end, label = (np.concatenate(column) for column in columns)
    return _Units.of(group, start, end, label.astype(np.int32))


def _units(side: Events, part: Shared) -> _Units:
    group = np.searchsorted(part.tasks, side.task).astype(np.int64)
    return _Units.of(group, side.start, side.end, side.label)


def _bounds(table: SpanTable, part: Shared, pair: tuple[int, int]) -> tuple[Ticks, Ticks]:
    """Where what both of a pair reviewed of each task begins, and how long it is to its end."""
    seen, tasks = table.reviewed, len(table.tasks)
    lows, highs = [], []
    for number in pair:
        own = seen.annotator == number
        low = np.full(tasks, np.iinfo(np.int64).max)
        high = np.full(tasks, np.iinfo(np.int64).min)
        np.minimum.at(low, seen.task[own], seen.start[own])
        np.maximum.at(high, seen.task[own], seen.end[own])
        lows.append(low[part.tasks])
        highs.append(high[part.tasks])
    low = np.maximum(*lows)
    return low, np.minimum(*highs) - low
