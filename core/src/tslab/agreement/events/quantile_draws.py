"""Intervals of medians and 95th percentiles: where that many draws of tasks have theirs.

A quantile of a draw lies at or below x where enough of the drawn errors do, which is a weighted sum
over tasks. So the ends of an interval are found by looking at few x, without a sort for each draw.
The median distance from the median has no such form, and no interval.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tslab.agreement.coefficients import Floats
from tslab.agreement.events.boundaries import SECOND
from tslab.agreement.events.counts import EventItems
from tslab.agreement.events.events import Positions, Sets
from tslab.agreement.events.levels import Levels
from tslab.agreement.panel import MOST_PAIRS
from tslab.span_table import Ticks

SHARES = {"median_error": 0.5, "p95_error": 0.95}
MOST = 500_000_000
"""Multiplications that intervals are worth, some tenths of a second; levels beyond have none."""
STEPS = 8
"""Places that are looked at in one go."""
Key = tuple[str, str, tuple[str, ...]]
Group = tuple[str, tuple[str, ...], Positions]


def quantile_bounds(
    levels: Levels, cell: Ticks, errors: Ticks, items: EventItems, sets: Sets
) -> dict[Key, tuple[float, float]]:
    """Ends of intervals in seconds, by measure, level and names: overall, labels, pairs.

    Args:
        levels: Who is compared with whom, and the draws.
        cell: Item and set of labels of each error: item * sets + set.
        errors: Microseconds.
        items: Pair and task of the items.
        sets: The labels of the sets.
    """
    found: dict[Key, tuple[float, float]] = {}
    if not levels.draws.draws or not len(errors) or len(levels.pairs) > MOST_PAIRS:
        return found
    left = MOST
    if _cost(levels, len(errors), int(levels.met.sum())) > left:
        return found
    size, task = np.abs(errors), items.task[cell // len(sets)].astype(np.intp)
    order = np.argsort(size, kind="stable")
    for groups in _levels(levels, cell[order], items, sets):
        parts = [(by, of, order[at]) for by, of, at in groups]
        left -= sum(_cost(levels, len(at), len(np.unique(task[at]))) for _, _, at in parts)
        if left < 0:
            break
        for by, of, at in parts:
            for name, ends in _bounds(levels, size[at], task[at]).items():
                found[name, by, of] = ends
    return found


def _levels(levels: Levels, cell: Ticks, items: EventItems, sets: Sets) -> Iterator[list[Group]]:
    """Groups of errors, level by level; positions keep the order that errors have."""
    pair = items.pair[cell // len(sets)]
    people = levels.is_pair[pair]
    yield [("overall", (), np.flatnonzero(people))]
    yield [
        ("label", (name,), np.flatnonzero(people & np.isin(cell % len(sets), having)))
        for number, name in enumerate(levels.table.labels)
        for having in [[at for at, members in enumerate(sets) if number in members]]
    ]
    yield [
        (kind, levels.names(number), np.flatnonzero(pair == number))
        for number, kind in enumerate(levels.kinds)
    ]


def _cost(levels: Levels, errors: int, tasks: int) -> int:
    rounds = 1 + int(np.log(errors + 1) / np.log(STEPS))
    return 2 * len(SHARES) * rounds * (levels.draws.draws * tasks * STEPS + 4 * errors)


def _bounds(levels: Levels, size: Ticks, task: Positions) -> dict[str, tuple[float, float]]:
    """Ends for errors that are sorted by their size, in seconds."""
    if not len(size):
        return {}
    there, place = np.unique(task, return_inverse=True)
    draws = levels.draws
    weights = draws.weights[1 : 1 + draws.draws][:, there]
    many = weights @ np.bincount(place, minlength=len(there))
    weights, many = weights[many > 0], many[many > 0]
    if not len(many):
        return {}
    tail = (1 - draws.settings.level) / 2
    found = {}
    for name, share in SHARES.items():
        ends = [_place(weights, place, share * many, part) for part in (tail, 1 - tail)]
        found[name] = (float(size[ends[0]]) / SECOND, float(size[ends[1]]) / SECOND)
    return found


def _place(weights: Floats, task: Positions, wanted: Floats, share: float) -> int:
    """First of the sorted errors at or below which `share` of all draws have their quantile.

    Args:
        weights: How often each draw takes each task, ``(draws, tasks)``.
        task: Task of each error, ``(errors,)``.
        wanted: How many errors of each draw lie at or below its quantile, ``(draws,)``.
        share: Share of the draws.
    """
    tasks = weights.shape[1]
    low, high, before = 0, len(task) - 1, np.zeros(tasks)
    while low < high:
        at = np.unique(np.linspace(low, high, STEPS + 1).astype(np.intp)[:-1])
        step = np.searchsorted(at, np.arange(low, int(at[-1]) + 1))
        key = step * tasks + task[low : int(at[-1]) + 1]
        counts = np.bincount(key, minlength=len(at) * tasks).reshape(len(at), tasks)
        reached = before + counts.cumsum(axis=0)
        enough = (weights @ reached.T >= wanted[:, None]).mean(axis=0) >= share
        first = int(enough.argmax()) if enough.any() else len(at)
        before = reached[first - 1] if first else before
        low = int(at[first - 1]) + 1 if first else low
        high = int(at[first]) if first < len(at) else high
    return low
