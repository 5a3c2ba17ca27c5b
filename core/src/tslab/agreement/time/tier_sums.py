"""Sums of one tier for pairs, for people added up, and for people as a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.contingency import Contingency
from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.panel import Draws
from tslab.agreement.row_sums import added
from tslab.agreement.time.sums import (
    Pairwise,
    Several,
    TaskRows,
    group_rows,
    mapped,
    reduced,
    taken,
    task_rows,
)


@dataclass(frozen=True)
class TierSums:
    """Sums of a tier: what all its measures of time are made of.

    Attributes:
        rows: Each pair and task.
        pooled: Pairs of people added up, ``(tasks, ...)``.
        group: People as a group, ``(tasks, ...)``.
        kinds: What each pair is: ``pair`` is two people.
        members: Who the people are, bool ``(annotators,)``.
        met: Which tasks any pair shares, bool ``(tasks,)``.
    """

    rows: TaskRows
    pooled: Pairwise
    group: Several
    kinds: list[str]
    members: NDArray[np.bool_]
    met: NDArray[np.bool_]

    @property
    def is_pair(self) -> NDArray[np.bool_]:
        """Which pairs are of two people, bool ``(pairs,)``."""
        return np.array([kind == "pair" for kind in self.kinds], bool)

    @classmethod
    def of(
        cls, found: Contingency, members: NDArray[np.bool_], tasks: int, kinds: Sequence[str]
    ) -> TierSums:
        """Sums of some people.

        Args:
            found: Time of all pairs.
            members: Who the people are, bool ``(annotators,)``.
            tasks: How many tasks there are.
            kinds: What each pair is; ``pair`` is two people.
        """
        rows = task_rows(found)
        is_pair = np.array([kind == "pair" for kind in kinds], bool)
        people = np.flatnonzero(is_pair[rows.pair])
        pooled = by_task(taken(rows.sums, people), rows.task[people], tasks)
        met = np.bincount(rows.task, minlength=tasks) > 0
        return cls(rows, pooled, group_rows(found, members, tasks), list(kinds), members, met)

    @cached_property
    def by_pair(self) -> Pairwise:
        """Sums of each pair, ``(pairs, ...)``."""
        rows = self.rows
        return mapped(rows.sums, lambda part: added(rows.pair, part, len(self.kinds)))

    def slice_of(self, pair: int) -> slice:
        """Rows of a pair."""
        first, last = np.searchsorted(self.rows.pair, [pair, pair + 1]).tolist()
        return slice(first, last)

    def of_pair(self, pair: int, draws: Draws) -> Pairwise:
        """Sums of a pair in each draw."""
        rows = self.slice_of(pair)
        return reduced(draws.of_tasks(self.rows.task[rows]), taken(self.rows.sums, rows))


def by_task(sums: Pairwise, task: Positions, tasks: int) -> Pairwise:
    """Pairs added up for each task."""
    return mapped(sums, lambda part: added(task, part, tasks))
