"""Krippendorff's alpha for unitizing: agreement on where units begin and end, beyond chance.

`alpha_u` is the coefficient of 1995 and 2004 (Content Analysis, 2nd edition, p. 251-256): squared
differences of borders, one label at a time. `u_alpha` is that of 2016 (Krippendorff, Mathet, Bouvry
and Widloecher): shared time of units, all labels at once. The second is PROVISIONAL: it is checked
against one other implementation, not against the paper.

Each task is a continuum: the time that all its annotators reviewed. Who did not review a task has
no part in it. Several tasks are one continuum, on which their gaps do not join: chance lays units
down anywhere in it, as the time coefficients pool what each label takes of all tasks. A short task
that is full counts for what its seconds are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.events import Positions
from tslab.agreement.kernels.contingency import Contingency
from tslab.agreement.kernels.overlaps import overlaps
from tslab.agreement.kernels.runs import Runs
from tslab.agreement.unitizing.units import Gaps, Present, Units, units_of
from tslab.agreement.values import NO_COMMON_TIME, NO_VARIATION, NOTHING_MARKED, Value
from tslab.span_table import SpanTable, Ticks


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What alpha_U is made of. Labels add up; tasks have one chance together.

    Attributes:
        weight: Length of each task in seconds; 0 where fewer than two reviewed it, ``(tasks,)``.
        observed: Observed disagreement of each task alone, ``(tasks, labels)``.
        expected: Its disagreement by chance, ``(tasks, labels)``.
        together: Observed disagreement of all tasks, and that by chance, each ``(labels,)``.
    """

    weight: Floats
    observed: Floats
    expected: Floats
    together: tuple[Floats, Floats]


def disagreement(
    table: SpanTable, members: Sequence[int], unit: float | None = None
) -> Disagreement:
    """Observed and expected disagreement of some annotators.

    Args:
        table: What everybody marked. Spans of one label of one annotator that overlap are one.
        members: Numbers of the annotators.
        unit: Microseconds of one unit of length, as the coefficient was defined for whole units;
            None takes time as a continuum.
    """
    units = units_of(table, members)
    apart = differences(units, len(members))
    count, length = units.members.astype(float), units.length.astype(float)
    known = (count > 1) & (length > 0)
    # What an annotator differs by from each of the others there, of all time that was read.
    others = np.where(known, count - 1, 1.0)[:, None]
    apart = np.where(known[:, None], 2 * apart, 0.0)
    read = np.where(known, count * length, 0.0)
    length = np.where(known, length, 0.0)
    chance = _Chance(units, units.gaps(), known, 0.0 if unit is None else unit)
    expected = np.where(known[:, None], chance.of_tasks(read, length), 0.0)
    whole, far = float(read.sum()), float(length.sum())
    together = ratio((apart / others).sum(axis=0), np.full(units.labels, whole * far))
    return Disagreement(
        length / 1e6,
        np.where(known[:, None], ratio(apart, others * (read * length)[:, None]), 0.0),
        expected,
        (np.nan_to_num(together), np.nan_to_num(chance.of_all(whole, far))),
    )


def differences(units: Units, members: int) -> Floats:
    """Squared differences of all pairs of annotators, ``(tasks, labels)``."""
    tasks, labels = len(units.length), units.labels
    out = np.zeros((tasks, labels))
    for one, other in combinations(range(members), 2):
        # Who was not there has no gaps that a unit of the other could lie in.
        both = units.present[one] & units.present[other]
        sides = units.of(one, both), units.of(other, both)
        out += _observed(*sides, tasks * labels).reshape(tasks, labels)
    return out


def alpha_u(observed: Floats, expected: Floats) -> Floats:
    """Alpha of summed disagreements; NaN where chance would not disagree either."""
    return np.asarray(1 - ratio(observed, expected))


def alpha_u_value(value: float, weight: float) -> Value:
    """An alpha, or why there is none."""
    if np.isfinite(value):
        return Value(float(value))
    return Value(None, NOTHING_MARKED if weight else NO_COMMON_TIME)


def _observed(one: Units, other: Units, cells: int) -> Floats:
    """Squared differences of two annotators, summed for each task and label.

    Units that meet differ by their borders; one that meets none lies in a gap of the other and
    differs by its length.
    """
    found = overlaps(one.start, one.end, other.start, other.end)
    first, second = found.first, found.second
    begins = (one.start[first] - other.start[second]).astype(float)
    ends = (one.end[first] - other.end[second]).astype(float)
    total = _summed(one.cell[first], begins**2 + ends**2, cells)
    for units, met in ((one, first), (other, second)):
        lonely = np.ones(len(units.cell), bool)
        lonely[met] = False
        length = (units.end - units.start)[lonely].astype(float)
        total += _summed(units.cell[lonely], length**2, cells)
    return total


@dataclass(frozen=True, slots=True)
class _Chance:
    """Units laid down by chance.

    Attributes:
        units: All units.
        gaps: The gaps of everybody, also those that the unit comes from.
        known: Tasks that two or more reviewed, bool ``(tasks,)``.
        unit: Microseconds of one unit of length; 0 is the limit of a continuum.
    """

    units: Units
    gaps: Gaps
    known: Present
    unit: float

    def of_tasks(self, read: Floats, length: Floats) -> Floats:
        """Disagreement within each task, ``(tasks, labels)``.

        Args:
            read: Time of all annotators of each task together, ``(tasks,)``.
            length: Time of each, ``(tasks,)``.
        """
        labels = self.units.labels
        each = [np.repeat(part, labels) for part in (read, length)]
        found = self._laid(np.arange(len(each[0])), each[0], each[1])
        return found.reshape(len(read), labels)

    def of_all(self, read: float, length: float) -> Floats:
        """Disagreement on the continuum of all tasks, ``(labels,)``."""
        labels = self.units.labels
        label = np.tile(np.arange(labels), len(self.known))
        return self._laid(label, np.full(labels, read), np.full(labels, length))

    def _laid(self, group: Positions, read: Floats, length: Floats) -> Floats:
        """Disagreement in each group of cells; a cell is a task and a label."""
        there = np.flatnonzero(self.known[self.units.cell // max(self.units.labels, 1)])
        cell, groups, unit = group[self.units.cell[there]], len(read), self.unit
        size = (self.units.end - self.units.start)[there].astype(float)
        rivals = np.bincount(cell, minlength=groups)[cell] - 1.0
        # Divided last: with whole numbers everything before is exact.
        met = rivals * (2 * size**3 - 3 * size**2 * unit + size * unit**2) / 3
        gaps = Gaps(group[self.gaps.cell], self.gaps.length)
        each = met + size**2 * _room(cell, gaps, size, unit)
        taken = _summed(cell, size * (size - unit), groups)
        summed = _summed(cell, each, groups)
        return np.asarray(ratio(2 * summed, length * (read * (read - unit) - taken)))


def _room(where: Ticks, gaps: Gaps, length: Floats, unit: float) -> Floats:
    """Places for each unit in all gaps of its group, its own annotator's too."""
    order = np.lexsort((gaps.length, gaps.cell))
    cell, gap = gaps.cell[order], gaps.length[order].astype(float)
    bounds = np.searchsorted(cell, where), np.searchsorted(cell, where, side="right")
    # Gaps of one group that are at least as long as the unit: a search in sorted pairs.
    at = _first_at_least(gap, bounds, length)
    total = np.concatenate([[0.0], np.cumsum(gap)])
    fitting = bounds[1] - at
    # Sums of this group alone, so that far tasks cannot blur them.
    return np.asarray(total[bounds[1]] - total[at] - fitting * (length - unit))


def _summed(key: Positions | Ticks, values: Floats, length: int) -> Floats:
    """Sum of values for each key; NumPy answers whole numbers where there are none."""
    return np.bincount(key, values, length).astype(np.float64)


def _first_at_least(
    values: Floats, bounds: tuple[Positions, Positions], wanted: Floats
) -> Positions:
    """First place within bounds, sorted, whose value is at least that wanted."""
    low, high = bounds[0].copy(), bounds[1].copy()
    while (low < high).any():
        middle = (low + high) // 2
        inside = low < high
        small = inside & (values[np.minimum(middle, max(len(values) - 1, 0))] < wanted)
        low = np.where(small, middle + 1, low)
        high = np.where(inside & ~small, middle, high)
    return low


@dataclass(frozen=True, slots=True)
class Coincidence:
    """What u_alpha is made of, for each task; adds up. State 0 is time without a label.

    Attributes:
        agreed: Time that values of a state coincide with themselves, ``(tasks, states)``.
        spent: Time of all annotators in each state, ``(tasks, states)``.
        squares: Sum of squared lengths of the units of each state, ``(tasks, states)``.
    """

    agreed: Floats
    spent: Floats
    squares: Floats


def coincidence(
    found: Contingency, runs: Runs, members: Sequence[int], unit: float | None = None
) -> Coincidence:
    """Coincidences of some annotators where at least two of them were there.

    Args:
        found: Time of all pairs among them.
        runs: The runs that it is made of.
        members: Numbers of the annotators.
        unit: Microseconds of one point of a gap; None takes time as a continuum.
    """
    there, states = found.presence, len(found.states)
    own = np.isin(there.annotator, members)
    present = np.bincount(there.zone[own], minlength=len(there.task))
    tasks = int(there.task.max(initial=-1)) + 1
    inside = np.asarray(np.isin(found.items.pairs, members).all(axis=1))
    pairs = inside[found.items.pair]
    zone = found.items.zone[pairs]
    doubled = 2 * found.agreed[pairs] / np.maximum(present[zone] - 1, 1)[:, None]
    agreed = np.zeros((tasks, states))
    np.add.at(agreed, there.task[zone], doubled)
    several = own & (present[there.zone] > 1)
    spent = np.zeros((tasks, states))
    np.add.at(spent, there.task[there.zone[several]], found.spent[several].astype(float))
    cell, length = _whole_units(runs, np.flatnonzero(several[runs.reading]))
    squares = _summed(cell, length**2, tasks * states).reshape(tasks, states)
    squares[:, 0] = spent[:, 0] * (unit or 0.0)
    return Coincidence(agreed, spent, squares)


def _whole_units(runs: Runs, at: Positions) -> tuple[Positions, Floats]:
    """Task and state of each unit as one number, and its length.

    Runs are cut wherever anybody begins or ends to review: what is left of one unit is one again.

    Args:
        runs: All runs.
        at: Those that count, ascending.
    """
    there = runs.presence
    zone, annotator = (part[runs.reading[at]] for part in (there.zone, there.annotator))
    columns = annotator, there.task[zone], runs.state[at]
    start, end = runs.start[at] - there.shift[zone], runs.end[at] - there.shift[zone]
    order = np.lexsort((start, *columns[1::-1]))
    start, end, row = start[order], end[order], runs.row[at][order]
    annotator, task, state = (column[order] for column in columns)
    # A run that overlaps made has no row: it goes on in what it touches.
    made = (row[1:] < 0) | (row[:-1] < 0)
    same = np.where(made, start[1:] == end[:-1], row[1:] == row[:-1])
    for column in (annotator, task, state):
        same &= column[1:] == column[:-1]
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(at)), bool), ~same]))
    length = np.add.reduceat((end - start).astype(float), first) if len(first) else np.zeros(0)
    return task[first] * np.intp(len(runs.states)) + state[first], length


def u_alpha(agreed: Floats, spent: Floats, squares: Floats) -> Floats:
    """The coefficient of summed coincidences ``(..., states)``; NaN without variation."""
    total = spent.sum(axis=-1)
    chance = ratio(
        total * ((spent**2).sum(axis=-1) - squares.sum(axis=-1)),
        total**2 - squares.sum(axis=-1),
    )
    return np.asarray(1 - ratio(total - agreed.sum(axis=-1), total - chance))


def u_alpha_value(value: float, spent: Floats) -> Value:
    """A coefficient, or why there is none."""
    if np.isfinite(value):
        return Value(float(value))
    return Value(None, NO_VARIATION if spent.sum() else NO_COMMON_TIME)
