"""What a number rests on: how many tasks, events and seconds went in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.events import Events as Marked
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
    """Events of each task and annotator that last.

    Attributes:
        code: ``task * annotators + annotator``, sorted, int64 ``(readings,)``.
        count: Events with each label, int64 ``(readings, labels)``.
        whole: All events; one with several labels is one, int64 ``(readings,)``.
        annotators: How many annotators the table has.
    """

    code: Counts
    count: Counts
    whole: Counts
    annotators: int

    @classmethod
    def of(cls, table: SpanTable, found: Contingency) -> Events:
        """Events of a table; instants are not among them."""
        annotators = max(1, len(table.annotators))
        if found.spans is None:
            return cls._counted(table, annotators)
        there = found.presence
        code = there.task[there.zone].astype(np.int64) * annotators + there.annotator
        order = np.argsort(code)
        count = found.spans[order]
        return cls(code[order], count, count.sum(axis=1), annotators)

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
        lasting = Marked.of(table).ranges()
        own = lasting.task.astype(np.int64) * annotators + lasting.annotator
        whole = np.bincount(np.searchsorted(code, own), minlength=len(code))
        return cls(code, count, whole, annotators)

    def of_pair(
        self, pair: tuple[int, int], task: Positions, ticks: float
    ) -> tuple[Support, list[Support]]:
        """What a pair rests on in some tasks, and what it does for each label."""
        code = task.astype(np.int64)[:, None] * self.annotators + np.array(pair)
        return self._spread(len(task), np.searchsorted(self.code, code.reshape(-1)), ticks)

    def of_group(
        self, members: NDArray[np.bool_], tasks: NDArray[np.bool_], ticks: float
    ) -> tuple[Support, list[Support]]:
        """What a group rests on in some tasks, and what it does for each label."""
        task, annotator = np.divmod(self.code, self.annotators)
        own = np.flatnonzero(tasks[task] & members[annotator])
        return self._spread(int(tasks.sum()), own, ticks)

    def _spread(self, tasks: int, at: Positions, ticks: float) -> tuple[Support, list[Support]]:
        """What some readings make together, and with each label."""
        seconds = ticks / 1e6
        count = self.count[at].sum(axis=0).tolist()
        labels = [Support(tasks, events, seconds) for events in count]
        return Support(tasks, int(self.whole[at].sum()), seconds), labels
