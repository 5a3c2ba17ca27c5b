"""Intervals by resampling tasks, not moments: moments of one recording depend on each other.

Everything that is measured is a function of sums over tasks, so that a draw is a vector of weights
and all draws together are one product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats
from tslab.span_table import Extents, SpanTable

# More tasks than this are put together at random, a cluster bootstrap: no draw gets larger.
MOST_UNITS = 1000
# Fewer tasks than this give intervals that are too narrow to be trusted.
FEW_TASKS = 20
# The range of n tasks holds their middle in 1 - 2 / 2^n of all studies: 95 % take six tasks.
FEWEST_TASKS = 6
# One task alone is cut into as many blocks.
BLOCKS = 50
# More ranks than this are faster found by sorting.
FEW_PLACES = 8


def weights(
    tasks: NDArray[np.bool_], draws: int, seed: int, order: NDArray[np.int32] | None = None
) -> Floats:
    """How often each draw takes each task, float64 ``(draws, tasks)``.

    Args:
        tasks: Which tasks there are to draw from, bool ``(tasks,)``.
        draws: How many draws.
        seed: What makes the result the same each time.
        order: Numbers of the tasks in the order in which they are drawn; None takes them as they
            stand.
    """
    dice = np.random.default_rng(seed)
    there = np.flatnonzero(tasks) if order is None else order[tasks[order]]
    out = np.zeros((draws, len(tasks)))
    if not len(there):
        return out
    units = min(len(there), MOST_UNITS)
    # Each draw takes as many units as there are, with replacement.
    taken = dice.integers(units, size=(draws, units))
    taken += np.arange(draws)[:, None] * units
    times = np.bincount(taken.ravel(), minlength=draws * units).reshape(draws, units)
    unit = np.arange(len(there)) % units
    if units < len(there):
        dice.shuffle(unit)
    out[:, there] = times[:, unit]
    return out


def percentile(draws: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Bounds over the first axis; draws in which the value is undefined are left out."""
    tails = np.full(draws.shape[1:], (1 - level) / 2)
    low, high = _quantiles(draws, [tails, 1 - tails])
    return low, high


def accelerated(
    draws: Floats, estimate: Floats, without: Floats, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Bias-corrected and accelerated bounds (Efron 1987).

    Args:
        draws: Values of the draws, ``(draws, ...)``.
        estimate: The value itself, ``(...)``.
        without: Values without each task in turn, ``(tasks, ...)``.
        level: How sure.
    """
    normal = NormalDist()
    valid = np.maximum(np.isfinite(draws).sum(axis=0), 1)
    # Draws that tie with the estimate count half, or a discrete value would look biased.
    below = ((draws < estimate).sum(axis=0) + 0.5 * (draws == estimate).sum(axis=0)) / valid
    below = np.clip(below, 0.5 / valid, 1 - 0.5 / valid)
    bias = np.vectorize(normal.inv_cdf, otypes=[float])(below)
    apart = np.nanmean(without, axis=0) - without
    spread = np.nansum(apart**2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.where(spread > 0, np.nansum(apart**3, axis=0) / (6 * spread**1.5), 0.0)
    shares = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        moved = bias + normal.inv_cdf(tail)
        moved = bias + moved / (1 - bend * moved)
        shares.append(np.vectorize(normal.cdf, otypes=[float])(moved))
    low, high = _quantiles(draws, shares)
    return low, high


def _quantiles(draws: Floats, shares: Sequence[Floats]) -> Iterator[Floats]:
    """Quantiles over the first axis, linear between ranks, each column its own share."""
    # A column lies in one piece of memory, where sorting is fastest; what is undefined comes last.
    ordered = np.array(np.moveaxis(draws, 0, -1), order="C")
    valid = np.isfinite(ordered).sum(axis=-1)
    most = np.maximum(valid - 1, 0)
    ranks = [share * most for share in shares]
    lows = [np.floor(rank).astype(np.intp) for rank in ranks]
    places = [np.stack([low, np.minimum(low + 1, most)], axis=-1) for low in lows]
    _order(ordered, np.unique(np.concatenate(places, axis=None)))
    for rank, low, place in zip(ranks, lows, places, strict=True):
        ends = np.take_along_axis(ordered, place, axis=-1)
        below, above = ends[..., 0], ends[..., 1]
        yield np.where(valid > 0, below + (above - below) * (rank - low), np.nan)


def _order(columns: Floats, places: NDArray[np.intp]) -> None:
    """Put what is asked for in its place along the last axis; a few take half of a whole sort."""
    if 0 < len(places) <= FEW_PLACES:
        columns.partition(places, axis=-1)
    else:
        columns.sort(axis=-1)


def in_blocks(table: SpanTable, blocks: int = BLOCKS) -> SpanTable:
    """A table whose tasks are blocks of equal length of each task; spans are cut at the borders."""
    seen = table.reviewed
    tasks = len(table.tasks)
    low, high = np.full(tasks, 2**62), np.full(tasks, -(2**62))
    np.minimum.at(low, seen.task, seen.start)
    np.maximum.at(high, seen.task, seen.end)
    length = np.maximum(1, -(-(high - low) // blocks))
    origin, block, start, end = _chopped(seen.start, seen.end, low[seen.task], length[seen.task])
    extents = Extents.of(seen.task[origin] * blocks + block, seen.annotator[origin], start, end)
    origin, block, start, end = _chopped(
        table.start, table.end, low[table.task], length[table.task]
    )
    names = [f"{task} {block}" for task in table.tasks for block in range(blocks)]
    columns = {
        "task": table.task[origin] * blocks + block,
        "annotator": table.annotator[origin],
        "label": table.label[origin],
        "start": start,
        "end": end,
    }
    return SpanTable.of((names, table.annotators, table.labels), columns, extents)


def _chopped(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    low: NDArray[np.int64],
    length: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, block, start and end of the parts of intervals that are not empty."""
    row = np.flatnonzero(end > start)
    first = (start[row] - low[row]) // length[row]
    count = (end[row] - 1 - low[row]) // length[row] + 1 - first
    origin = np.repeat(row, count)
    steps = np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    block = np.repeat(first, count) + steps
    border = low[origin] + block * length[origin]
    return (
        origin, block, np.maximum(start[origin], border),
        np.minimum(end[origin], border + length[origin]),
    )  # fmt: skip
