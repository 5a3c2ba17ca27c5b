"""Sums of time for each task: what every level of the result and each draw add up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats, Group, Two, binary
from tslab.agreement.kernels.contingency import Contingency
from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.row_sums import added, flattened, weighted

Members = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairwise:
    """Time of two annotators; leading axes are tasks, pairs or draws.

    Attributes:
        two: Time in each state.
        similar: Integral of the Jaccard index of their label sets, ``(...)``.
        both: Time that both set each label, ``(..., labels)``.
        label_first: Time that the first one sets it.
        label_second: Time that the other one sets it.
    """

    two: Two
    similar: Floats
    both: Floats
    label_first: Floats
    label_second: Floats

    def by_label(self) -> Two:
        """Each label against everything else, leading axes and then labels."""
        return binary(self.two.ticks, self.both, self.label_first, self.label_second)


@dataclass(frozen=True, slots=True)
class Several:
    """Time of a group of annotators.

    Attributes:
        states: Each state is a class.
        labels: Each label against everything else: one more axis, then two classes.
    """

    states: Group
    labels: Group


Summed = TypeVar("Summed", Two, Group, Pairwise, Several)


def mapped(rows: Summed, change: Callable[[Floats], Floats]) -> Summed:
    """The same sums with each array changed."""
    parts: list[Any] = []
    for field in fields(rows):
        part = getattr(rows, field.name)
        parts.append(change(part) if isinstance(part, np.ndarray) else mapped(part, change))
    return type(rows)(*parts)


def leaves(rows: Any) -> Iterator[Floats]:
    """All arrays of sums, in the order in which `mapped` meets them."""
    for field in fields(rows):
        part = getattr(rows, field.name)
        if isinstance(part, np.ndarray):
            yield part
        else:
            yield from leaves(part)


def added_up(rows: Summed) -> Summed:
    """The sum of all rows, as one row."""
    return mapped(rows, lambda part: part.sum(axis=0, keepdims=True))


def reduced(weights: Floats, rows: Summed) -> Summed:
    """Weighted sums of rows: weights ``(draws, rows)`` replace the first axis by draws."""
    parts = [flattened(part) for part in leaves(rows)]
    # One product for all columns: many narrow ones take several times as long.
    sums: Floats = weighted(weights, np.concatenate(parts, axis=1))
    ends = iter(np.cumsum([part.shape[1] for part in parts]).tolist())

    def product(part: Floats) -> Floats:
        end = next(ends)
        columns: Floats = sums[:, end - math.prod(part.shape[1:]) : end]
        return columns.reshape(len(weights), *part.shape[1:])

    return mapped(rows, product)


def taken(rows: Summed, at: Positions | slice) -> Summed:
    """Some of the rows."""
    return mapped(rows, lambda part: part[at])


@dataclass(frozen=True, slots=True)
class TaskRows:
    """Pairs task by task, sorted by pair and task.

    Attributes:
        pair: Pair of each row, intp ``(rows,)``.
        task: Task of each row, intp ``(rows,)``.
        sums: Their time, ``(rows, ...)``.
    """

    pair: Positions
    task: Positions
    sums: Pairwise


def task_rows(found: Contingency) -> TaskRows:
    """Items of one pair and task become one row."""
    pair, task = found.items.pair, found.task
    fresh = np.ones(len(pair), bool)
    if len(pair):
        fresh[1:] = (pair[1:] != pair[:-1]) | (task[1:] != task[:-1])
    at = np.flatnonzero(fresh)

    def folded(column: NDArray[np.int64] | Floats) -> Floats:
        alone = len(at) == len(column)
        return (column if alone else np.add.reduceat(column, at, axis=0)).astype(np.float64)

    two = Two(*(folded(part) for part in (found.ticks, found.agreed, found.first, found.second)))
    labels = (folded(part) for part in (found.both, found.label_first, found.label_second))
    return TaskRows(
        pair[at], task[at].astype(np.intp), Pairwise(two, folded(found.similar), *labels)
    )


def group_rows(found: Contingency, members: Members, tasks: int) -> Several:
    """Time of a group of annotators for each task, by state and by label.

    Args:
        found: Time of all pairs in the group, and maybe of others.
        members: Who belongs to the group, bool ``(annotators,)``.
        tasks: How many tasks there are.
    """
    zones, own, inside = _Zones.of(found, members, tasks)
    zone, many = found.presence.zone[own], len(zones.task)
    apart = (found.label_first + found.label_second - 2 * found.both)[inside]
    spent = added(zone, found.label_spent[own], many)
    rest = (zones.present * zones.ticks)[:, None] - spent
    differing = added(found.items.zone[inside], apart, many)
    labels = _group(zones, differing, np.stack([rest, spent], axis=-1))
    return Several(group_states(found, members, tasks), labels)


def group_states(found: Contingency, members: Members, tasks: int) -> Group:
    """Time of a group of annotators for each task, by state alone."""
    zones, own, inside = _Zones.of(found, members, tasks)
    many = len(zones.task)
    apart = (found.ticks - found.agreed.sum(axis=1))[inside]
    differing = added(found.items.zone[inside], apart, many)
    return _group(zones, differing, added(found.presence.zone[own], found.spent[own], many))


@dataclass(frozen=True, slots=True)
class _Zones:
    """How many annotators of the group each zone has, its ticks and task; tasks; the full group."""

    present: Positions
    ticks: NDArray[np.int64]
    task: NDArray[np.int32]
    tasks: int
    whole: int

    @classmethod
    def of(
        cls, found: Contingency, members: Members, tasks: int
    ) -> tuple[_Zones, Positions, Positions]:
        """Zones, the readings of the group, and the items whose pair is in it."""
        there = found.presence
        own = np.flatnonzero(members[there.annotator])
        present = np.bincount(there.zone[own], minlength=len(there.task))
        known = np.asarray(members[found.items.pairs].reshape(-1, 2).all(axis=1))
        inside = np.flatnonzero(known[found.items.pair])
        zones = cls(present, there.ticks, there.task, tasks, int(members.sum()))
        return zones, own, inside


def _group(zones: _Zones, differing: Floats, spent: Floats) -> Group:
    """Sums for each task.

    Args:
        zones: Zones.
        differing: Time on which pairs differ, summed over pairs, ``(zones, ...)``.
        spent: Time of all annotators in each class, ``(zones, ..., classes)``.
    """
    axes = (1,) * (differing.ndim - 1)
    present = zones.present.reshape(-1, *axes).astype(np.float64)
    ticks = np.broadcast_to(zones.ticks.reshape(-1, *axes), differing.shape)
    several = np.asarray(present > 1)
    full = several & (present == zones.whole)
    others = np.maximum(present - 1, 1)
    paired = np.where(several, 2 * differing / np.maximum(present, 1) / others, 0)

    def by_task(column: Floats) -> Floats:
        if len(zones.task) == zones.tasks and (np.diff(zones.task) > 0).all():
            return column
        return added(zones.task.astype(np.intp), column, zones.tasks)

    return Group(
        ticks=by_task(np.where(several, ticks, 0.0)),
        paired=by_task(paired),
        differing=by_task(np.where(several, 2 * differing / others, 0)),
        spent=by_task(np.where(several[..., None], spent, 0.0)),
        any_ticks=by_task(np.where(present > 0, ticks, 0.0)),
        share=by_task(spent / np.maximum(present, 1)[..., None]),
        full_ticks=by_task(np.where(full, ticks, 0.0)),
        full_paired=by_task(np.where(full, paired, 0)),
        full_spent=by_task(np.where(full[..., None], spent, 0.0)),
    )
