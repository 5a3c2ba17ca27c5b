"""What of events can be added up: kept for each pair of annotators, task and set of labels.

Overall, by label, by task, by pair, by annotator and the bootstrap over tasks are sums of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.events import Sets, Shared
from tslab.span_table import Numbers

Counts = NDArray[np.int64]
Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EventItems:
    """Every pair of annotators on every task that both reviewed, sorted by pair and task.

    Attributes:
        pair: Positions in the pairs that were asked for, int32 ``(items,)``.
        task: Numbers of tasks, int32 ``(items,)``.
    """

    pair: Numbers
    task: Numbers

    @classmethod
    def of(cls, parts: list[Shared]) -> EventItems:
        """The items of pairs, in the order of the pairs."""
        size = [len(part.tasks) for part in parts]
        task = np.concatenate([part.tasks for part in parts] or [np.zeros(0, np.int32)])
        return cls(np.repeat(np.arange(len(parts), dtype=np.int32), size), task)

    def __len__(self) -> int:
        """How many items."""
        return len(self.task)


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How many events there are and how many have a partner; arrays ``(items, columns)``.

    A column is a set of labels, or one label after `by_label`. An event of several labels is in one
    column of the first and in several of the second, so only columns of sets add up to all events.

    Attributes:
        items: Pair and task of each row.
        sets: The labels of each column.
        reference: Events of the reference, int32.
        hypothesis: Events of the hypothesis.
        found: Those of the reference that have a partner.
        confirmed: Those of the hypothesis that have one.
        overlap: Sum of intersection over union of the matched ones of the reference, float64.
    """

    items: EventItems
    sets: Sets
    reference: Numbers
    hypothesis: Numbers
    found: Numbers
    confirmed: Numbers
    overlap: Sums

    @classmethod
    def of(
        cls, items: EventItems, sets: Sets, columns: Sequence[Sequence[NDArray[np.generic]]]
    ) -> Self:
        """Counts of all pairs one after the other, in the order of the attributes."""
        none = np.zeros((0, len(sets)))
        joined = [np.concatenate([none, *column]) for column in columns]
        reference, hypothesis, found, confirmed = (part.astype(np.int32) for part in joined[:4])
        return cls(items, sets, reference, hypothesis, found, confirmed, joined[4])

    def by_label(self, labels: int) -> EventCounts:
        """The same with one column for each label."""
        if len(self.sets) == labels:
            return self
        part = np.zeros((len(self.sets), labels), np.int32)
        for number, members in enumerate(self.sets):
            part[number, list(members)] = 1
        single: Sets = tuple((number,) for number in range(labels))
        return replace(
            self, sets=single, reference=self.reference @ part, hypothesis=self.hypothesis @ part,
            found=self.found @ part, confirmed=self.confirmed @ part, overlap=self.overlap @ part,
        )  # fmt: skip

    def stacked(self) -> Sums:
        """All that adds up, float64 ``(items, columns, 5)``.

        In the order reference, hypothesis, found, confirmed, overlap.
        """
        parts = self.reference, self.hypothesis, self.found, self.confirmed, self.overlap
        return np.stack([part.astype(float) for part in parts], axis=-1)


def tally(keys: Counts, part: Shared, weights: Sums | None = None) -> NDArray[np.generic]:
    """How often each task and set of labels occurs, or the sum of weights, ``(tasks, sets)``."""
    shape = len(part.tasks), len(part.reference.sets)
    return np.bincount(keys, weights, minlength=shape[0] * shape[1]).reshape(shape)


def labels_and_all(cells: Sums, sets: Sets, labels: int) -> Sums:
    """Sums by label and, in the last column, of all events, ``(items, labels + 1, columns)``.

    Args:
        cells: Sums by set of labels, ``(items, sets, columns)``.
        sets: The labels of each set.
        labels: How many labels there are.
    """
    part = np.zeros((len(sets), labels + 1))
    part[:, labels] = 1
    for number, members in enumerate(sets):
        part[number, list(members)] = 1
    return np.asarray(np.einsum("isc,sl->ilc", cells, part, optimize=True))
