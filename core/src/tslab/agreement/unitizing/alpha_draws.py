"""Alpha_U of every draw of tasks: chance lays units down on the continuum that was drawn.

Tasks have one chance together, so that their disagreements do not add up; but what a unit finds in
the gaps of other tasks is a sum over gaps as long as it, which weights of tasks enter once each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.unitizing.alpha import alpha_u, differences
from tslab.agreement.unitizing.units import units_of
from tslab.span_table import SpanTable

MOST = 20_000_000
"""Draws times units and gaps that are worth some tenths of a second."""
CHUNK = 2_000_000
"""The same of one step, which is what has to be in memory."""


def alpha_u_draws(
    table: SpanTable, members: Sequence[int], weights: Floats, unit: float = 0.0
) -> Floats | None:
    """Alpha of each label and of all of them, ``(draws, labels + 1)``; None if that is too much.

    Args:
        table: What everybody marked.
        members: Numbers of the annotators.
        weights: How often each draw takes each task, ``(draws, tasks)``.
        unit: Microseconds of one unit of length; 0 takes time as a continuum.
    """
    units = units_of(table, members)
    gaps = units.gaps()
    if len(weights) * (len(units.cell) + len(gaps.cell)) > MOST:
        return None
    count, length = units.members.astype(float), units.length.astype(float)
    known = (count > 1) & (length > 0)
    length = np.where(known, length, 0.0)
    apart = differences(units, len(members)) * 2 / np.where(known, count - 1, np.inf)[:, None]
    read, far = weights @ (count * length), weights @ length
    observed = ratio(weights @ apart, (read * far)[:, None] + np.zeros(units.labels))
    expected = np.zeros_like(observed)
    size, there = (units.end - units.start).astype(float), known[units.cell // units.labels]
    for label in range(units.labels):
        own = np.flatnonzero(there & (units.cell % units.labels == label))
        room = np.flatnonzero(gaps.cell % units.labels == label)
        room = room[np.argsort(gaps.length[room], kind="stable")]
        expected[:, label] = _by_chance(
            (size[own], units.cell[own] // units.labels),
            (gaps.length[room].astype(float), gaps.cell[room] // units.labels),
            weights, (read, far), unit,
        )  # fmt: skip
    observed, expected = np.nan_to_num(observed), np.nan_to_num(expected)
    whole = alpha_u(observed.sum(axis=1), expected.sum(axis=1))
    return np.column_stack([alpha_u(observed, expected), whole])


def _by_chance(
    units: tuple[Floats, NDArray[np.int64]],
    gaps: tuple[Floats, NDArray[np.int64]],
    weights: Floats,
    time: tuple[Floats, Floats],
    unit: float,
) -> Floats:
    """Expected disagreement of one label in each draw, ``(draws,)``.

    Args:
        units: Length and task of each unit.
        gaps: Length and task of each gap, the shortest first.
        weights: How often each draw takes each task.
        time: Time of all annotators together in each draw, and that of each.
        unit: Microseconds of one unit of length.
    """
    size, place = units[0], np.searchsorted(gaps[0], units[0])
    met = (2 * size**3 - 3 * size**2 * unit + size * unit**2) / 3
    summed, taken = np.zeros(len(weights)), np.zeros(len(weights))
    step = max(1, CHUNK // max(1, len(size) + len(gaps[0])))
    for begin in range(0, len(weights), step):
        part = slice(begin, begin + step)
        own, room = weights[part][:, units[1]], weights[part][:, gaps[1]]
        # Gaps at least as long as a unit, and their time: sums from the longest one down.
        many, time_in = _from_the_end(room)[:, place], _from_the_end(room * gaps[0])[:, place]
        rivals = own.sum(axis=1, keepdims=True) - 1
        each = rivals * met + size**2 * (time_in - many * (size - unit))
        summed[part] = (own * each).sum(axis=1)
        taken[part] = own @ (size * (size - unit))
    read, far = time
    return np.asarray(ratio(2 * summed, far * (read * (read - unit) - taken)))


def _from_the_end(rows: Floats) -> Floats:
    """Sums of each column and all after it, and 0 after the last."""
    out = np.zeros((len(rows), rows.shape[1] + 1))
    out[:, :-1] = rows[:, ::-1].cumsum(axis=1)[:, ::-1]
    return out
