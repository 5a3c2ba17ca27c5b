"""What a number rests on: how many tasks, events and seconds went in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.contingency import Contingency
from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.kernels.runs import stretches_of
from tslab.span_table import SpanTable

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Support:
    """Tasks, events and seconds under one number."""

    tasks: int
    events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Events:
    """Spans of each task and annotator.

    Attributes:
        code: ``task * annotators + annotator``, sorted, int64 ``(readings,)``.
        count: Spans of each label, int64 ``(readings, labels)``.
        annotators: How many annotators the table has.
    """

    code: Counts
    count: Counts
    annotators: int

    @classmethod
    def of(cls, table: SpanTable, found: Contingency) -> Events:
        """Spans of a table; instants are not among them."""
        annotators = max(1, len(table.annotators))
        if found.spans is None:
            return cls._counted(table, annotators)
        there = found.presence
        code = there.task[there.zone].astype(np.int64) * annotators + there.annotator
        order = np.argsort(code)
        return cls(code[order], found.spans[order], annotators)

    @classmethod
    def _counted(cls, table: SpanTable, annotators: int) -> Events:
        seen, labels = table.reviewed, len(table.labels)
        code = seen.task.astype(np.int64) * annotators + seen.annotator
        code = code[np.diff(code, prepend=-1) > 0]
        first, rows = stretches_of(table)
        own = table.task[first].astype(np.int64) * annotators + table.annotator[first]
        key = np.repeat(np.searchsorted(code, own) * labels, rows)
        key += table.label
        key = key[table.end > table.start]
        count = np.bincount(key, minlength=len(code) * labels).reshape(len(code), labels)
        return cls(code, count, annotators)

    def of_readings(self, task: Positions, annotator: NDArray[np.integer]) -> Counts:
        """Spans of some annotators in some tasks, int64 ``(rows, labels)``."""
        at = np.searchsorted(self.code, task.astype(np.int64) * self.annotators + annotator)
        return self.count[at]

    def of_pair(
        self, pair: tuple[int, int], task: Positions, ticks: float
    ) -> tuple[Support, list[Support]]:
        """What a pair rests on in some tasks, and what it does for each label."""
        count = sum(
            (self.of_readings(task, np.full(len(task), who)).sum(axis=0) for who in pair),
            np.zeros(self.count.shape[1], np.int64),
        )
        return _spread(len(task), count, ticks)

    def of_group(
        self, members: NDArray[np.bool_], tasks: NDArray[np.bool_], ticks: float
    ) -> tuple[Support, list[Support]]:
        """What a group rests on in some tasks, and what it does for each label."""
        task, annotator = np.divmod(self.code, self.annotators)
        count = self.count[tasks[task] & members[annotator]].sum(axis=0)
        return _spread(int(tasks.sum()), count, ticks)


def _spread(tasks: int, count: Counts, ticks: float) -> tuple[Support, list[Support]]:
    seconds = ticks / 1e6
    labels = [Support(tasks, events, seconds) for events in count.tolist()]
    return Support(tasks, int(count.sum()), seconds), labels
