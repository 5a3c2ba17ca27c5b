"""Rows of the result from arrays of values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats, Named, cohen_kappa, ratio, scott_pi
from tslab.agreement.panel import Draws, TimeSettings
from tslab.agreement.row_sums import added
from tslab.agreement.time.sums import taken
from tslab.agreement.time.support import Events, Support
from tslab.agreement.time.tier_sums import TierSums
from tslab.agreement.time.values import group_values, shared_values, value_of
from tslab.agreement.values import ONE_READER, Row, Value
from tslab.span_table import SpanTable

MEAN_OF_PAIRS = ("time/cohen_kappa", "time/scott_pi")
OF_A_TASK = ("time/iou", "time/dice")


@dataclass(frozen=True, slots=True)
class Level:
    """Where values belong.

    Attributes:
        tier: Name of the tier.
        by: Level of the result.
        ofs: What each column of the values is of.
        supports: What each column rests on.
        full_ticks: Time that the whole group reviewed.
    """

    tier: str
    by: str
    ofs: Sequence[tuple[str, ...]]
    supports: Sequence[Support]
    full_ticks: float = 1.0

    def rows(self, values: Named, draws: Draws) -> Iterator[Row]:
        """Rows of values ``(1 + draws, ofs)`` or ``(1 + draws,)``."""
        every = {name: v.reshape(len(v), len(self.ofs)) for name, v in values.items()}
        bounds = draws.bounds_of(every)
        for metric, columns in every.items():
            low, high = bounds.get(metric, (None, None))
            for at, (of, support) in enumerate(zip(self.ofs, self.supports, strict=True)):
                value = value_of(metric, float(columns[0, at]), support.seconds, self.full_ticks)
                if low is not None and high is not None and value.value is not None:
                    value = value.within(float(low[at]), float(high[at]))
                yield self.row(metric, of, value, support)

    def row(self, metric: str, of: tuple[str, ...], value: Value, support: Support) -> Row:
        """One row."""
        return Row(
            self.tier, metric, self.by, of, value, support.tasks, support.events, support.seconds
        )


def symmetric(values: Named) -> dict[str, Floats]:
    """Without what asks which of the two comes first: a group of people has no order."""
    return {name: array for name, array in values.items() if "coverage" not in name}


def values_of_tasks(sums: TierSums, settings: TimeSettings) -> Named:
    """Measures of people in each task, ``(tasks,)``."""
    rows, unit = sums.rows, settings.unit
    values = {**symmetric(shared_values(sums.pooled)), **group_values(sums.group.states, unit)}
    people = np.flatnonzero(sums.is_pair[rows.pair])
    two = taken(rows.sums.two, people)
    for name, numbers in zip(MEAN_OF_PAIRS, (cohen_kappa(two), scott_pi(two)), strict=True):
        there = np.isfinite(numbers)
        columns = np.stack([np.where(there, numbers, 0.0), there.astype(float)], axis=-1)
        total = added(rows.task[people], columns, len(sums.met))
        values[name] = ratio(total[:, 0], total[:, 1])
    if settings.empty_is_one:
        empty = (sums.pooled.two.ticks > 0) & ~np.isfinite(values["time/iou"])
        values.update({name: np.where(empty, 1.0, values[name]) for name in OF_A_TASK})
    return values


@dataclass(frozen=True, slots=True)
class TaskValues:
    """Measures of people in each task; rows are made of them when somebody wants to see them.

    Attributes:
        tier: Name of the tier.
        tasks: Names of the tasks that somebody reviewed.
        values: float64 ``(tasks,)`` by measure.
        readers: How many people reviewed each.
        spans: How many events they marked.
        ticks: Time that two or more reviewed.
        full_ticks: Time that all people reviewed.
    """

    tier: str
    tasks: tuple[str, ...]
    values: Named
    readers: NDArray[np.int64]
    spans: NDArray[np.int64]
    ticks: Floats
    full_ticks: Floats

    @classmethod
    def of(
        cls, tier: str, table: SpanTable, sums: TierSums, events: Events, settings: TimeSettings
    ) -> TaskValues:
        """Values of all tasks."""
        task, annotator = np.divmod(events.code, events.annotators)
        own = sums.members[annotator]
        readers = np.bincount(task[own], minlength=len(table.tasks))
        spans = np.bincount(task[own], events.whole[own], len(table.tasks))
        at = np.flatnonzero(readers)
        values = values_of_tasks(sums, settings)
        return cls(
            tier, tuple(table.tasks[task] for task in at.tolist()),
            {metric: array[at] for metric, array in values.items()}, readers[at],
            spans[at].astype(np.int64), sums.group.states.ticks[at],
            sums.group.states.full_ticks[at],
        )  # fmt: skip

    def rows(self) -> Iterator[Row]:
        """A row for each task and measure; a task that one person alone reviewed says so."""
        nobody = Value(None, ONE_READER)
        numbers = {metric: array.tolist() for metric, array in self.values.items()}
        for at, task in enumerate(self.tasks):
            of, full, shared = (task,), float(self.full_ticks[at]), bool(self.readers[at] > 1)
            events, seconds = int(self.spans[at]), float(self.ticks[at]) / 1e6
            for metric, array in numbers.items():
                value = Value(array[at]) if shared else nobody
                if shared and not math.isfinite(array[at]):
                    value = value_of(metric, array[at], seconds, full)
                yield Row(self.tier, metric, "task", of, value, 1, events, seconds)
