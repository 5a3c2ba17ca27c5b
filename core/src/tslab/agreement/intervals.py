"""Which intervals can be believed: those that draw from enough tasks that hold a mark.

A task without a mark of those that a number is about changes nothing when it is drawn. Where only
few hold one, all draws say nearly the same, and the interval would state chance as certainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.bootstrap import FEWEST_TASKS
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Row
from tslab.errors import counted
from tslab.span_table import Mask

ALIKE = "no interval: every draw of tasks says the same"
OF_MARKS = ("time", "event", "instant", "domain", "unitizing", "gamma")
"""Groups of measures that rest on marks; the others rest on answers and scores of tasks."""


def believed(tier: TierTable, rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Rows with the intervals that can be believed, and a note where others were left out.

    Args:
        tier: What was compared.
        rows: All rows of it. An F1 of 0 in every draw needs no note.
    """
    marks: dict[str, _Marks] = {}
    found, kept, left_out = [], 0, 0
    for row in rows:
        value = row.value
        if value.low is None or value.high is None:
            found.append(row)
            continue
        why = _why_not(tier, row, marks)
        left_out, kept = left_out + (why not in ("", ALIKE)), kept + (not why)
        sure = replace(value, low=None, high=None, no_interval=why) if why else value
        found.append(replace(row, value=sure))
    if not left_out:
        return found, []
    which = "some numbers have no interval" if kept else "no number has an interval"
    return found, [f"{which}: it takes {FEWEST_TASKS} tasks with marks"]


def _why_not(tier: TierTable, row: Row, marks: dict[str, _Marks]) -> str:
    """Why an interval says nothing; "" where it does."""
    low, high = (float("nan") if end is None else end for end in (row.value.low, row.value.high))
    alike = ALIKE if math.isclose(low, high, rel_tol=1e-12) else ""  # sums of draws are rounded
    if row.tasks == 1 and row.metric.startswith("time/"):
        return alike  # drawn from blocks of the only task
    tasks = _tasks_of(tier, row, marks)
    if tasks >= FEWEST_TASKS:
        return alike
    return f"no interval: {counted(tasks, 'tasks')} with marks, {FEWEST_TASKS} are the least"


def _tasks_of(tier: TierTable, row: Row, marks: dict[str, _Marks]) -> int:
    """How many tasks a number is about."""
    group = row.metric.partition("/")[0]
    most = row.tasks if row.counts == "events" else min(row.tasks, row.events)
    if group not in OF_MARKS:
        return most
    if group not in marks:
        points = tier.table.instants
        shape = {"instant": points, "domain": np.ones(len(points), bool)}
        marks[group] = _Marks(tier, shape.get(group, ~points))
    return min(most, marks[group].tasks(row))


@dataclass(slots=True)
class _Marks:
    """Where marks are.

    Attributes:
        tier: What was compared.
        kept: Which rows of its table are looked at, bool ``(spans,)``.
    """

    tier: TierTable
    kept: Mask
    _there: dict[str, Mask] = field(default_factory=dict)
    _seen: dict[str, Mask] = field(default_factory=dict)
    _tasks: dict[tuple[str, ...], NDArray[np.int64]] = field(default_factory=dict)

    def tasks(self, row: Row) -> int:
        """Tasks that two or more readers of a row reviewed, and where one of them has a mark."""
        of_label = row.by == "label" or row.by.endswith("-label")
        names = self._readers(row, row.of[:-1] if of_label else row.of)
        if names not in self._tasks:
            self._tasks[names] = self._counted(row.by, names)
        column = self.tier.table.labels.index(row.of[-1]) if of_label else -1
        return int(self._tasks[names][column])

    def _readers(self, row: Row, of: tuple[str, ...]) -> tuple[str, ...]:
        readers = self.tier.readers
        if row.by.startswith("reference"):
            return (readers.reference or "", *of)
        if row.by == "annotator":
            return (*of, *(name for name in readers.annotators if name not in of))
        return of or readers.annotators

    def _counted(self, by: str, names: Sequence[str]) -> NDArray[np.int64]:
        """Tasks by label, int64 ``(labels + 1,)``; the last one is for any label."""
        seen = np.sum([self._seen_by(name) for name in names], axis=0) > 1
        if by == "annotator":
            seen &= self._seen_by(names[0])
        there = np.logical_or.reduce([self._of(name) for name in names]) & seen[:, None]
        return np.append(there.sum(axis=0), there.any(axis=1).sum())

    def _of(self, name: str) -> Mask:
        """Whether somebody has a mark, bool ``(tasks, labels)``."""
        if name not in self._there:
            table = self.tier.table
            own = np.flatnonzero(self.kept & (table.annotator == table.annotators.index(name)))
            there = np.zeros((len(table.tasks), len(table.labels)), bool)
            there[table.task[own], table.label[own]] = True
            self._there[name] = there
        return self._there[name]

    def _seen_by(self, name: str) -> Mask:
        """Which tasks somebody reviewed, bool ``(tasks,)``."""
        if name not in self._seen:
            table = self.tier.table
            seen = np.zeros(len(table.tasks), bool)
            own = table.reviewed.annotator == table.annotators.index(name)
            seen[table.reviewed.task[own]] = True
            self._seen[name] = seen
        return self._seen[name]
