"""Agreement task by task and pair by pair, kept as sums that any group of tasks adds up to.

Weeks, blocks of tasks, thirds of an annotator's work and places in a sitting are all sums of the
same rows, so that none of them is measured twice and all agree with `tslab agreement`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import ratio, scott_pi
from tslab.agreement.events.boundaries import Borders
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.events.scores import event_scores
from tslab.agreement.kernels.contingency import contingency
from tslab.agreement.time.sums import Pairwise, mapped, task_rows
from tslab.agreement.time.values import shared_values
from tslab.progress.reading_table import Reading, reader_pairs, reading_table
from tslab.tolerances import table_tolerance

if TYPE_CHECKING:
    from tslab.domain import Tier
    from tslab.span_table import Mask, Numbers

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
Groups = Sequence[Sequence[int]]

MATCH = 0.5
"""Intersection over union from which two events are the same."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Pairs of readers on the tasks that both read, in one tier; rows are pairs on tasks.

    Attributes:
        tier: Name of the tier.
        main: Name of the figure that the tier is followed by.
        first: Reader of each row.
        second: The other one.
        task: Task of each row.
        kind: ``pair`` of people, ``truth`` or ``self``.
        weight: How much each row counts for alpha, ``(rows,)``: of m people who read a task each
            is in m - 1 of its pairs.
        time: Sums of time.
        events: Sums of ranges as `event_scores` wants them, ``(rows, 5)``.
        instants: The same of instants.
        borders: Onsets and offsets of matched ranges that somebody drew, and their summed errors in
            seconds, the second one's time less the first one's: ``(rows, 4)``.
    """

    tier: str
    main: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    task: tuple[str, ...]
    kind: tuple[str, ...]
    weight: Floats
    time: Pairwise
    events: Floats
    instants: Floats
    borders: Floats

    def __len__(self) -> int:
        """How many rows."""
        return len(self.task)

    def figures(self, groups: Groups) -> list[dict[str, float | None]]:
        """Agreement of groups of rows, each together; None where there is nothing to measure.

        Krippendorff's alpha of continuous time is Scott's pi of sums in which each task counts by
        its people, not by their pairs.
        """
        time = mapped(self.time, lambda part: _grouped(part, groups))
        by_people = mapped(self.time.two, lambda part: _grouped((part.T * self.weight).T, groups))
        values = {
            "time/krippendorff_alpha": scott_pi(by_people),
            "time/iou": shared_values(time)["time/iou"],
            f"event/f1@{MATCH:g}": event_scores(_grouped(self.events, groups))["f1"],
            "instant/f1": event_scores(_grouped(self.instants, groups))["f1"],
        }
        columns = {name: _plain(value) for name, value in values.items()}
        return [
            {name: column[group] for name, column in columns.items()}
            for group in range(len(groups))
        ]

    def main_of(self, groups: Groups) -> list[float | None]:
        """The main figure of groups of rows."""
        return [figures[self.main] for figures in self.figures(groups)]

    def bias(self, groups: Groups, reader: str, side: int) -> list[float | None]:
        """How much later a reader has a border than the others, mean in seconds.

        Args:
            groups: Groups of rows; one value for each.
            reader: Who.
            side: 0 for onsets, 1 for offsets.
        """
        # Errors are the second one's less the first one's.
        sign = np.where(np.array(self.first) == reader, -1.0, 1.0)
        errors = self.borders[:, 2 + side] * sign
        sums = _grouped(np.stack([self.borders[:, side], errors], axis=1), groups)
        return _plain(ratio(sums[:, 1], sums[:, 0]))

    def rows_of(self, reader: str, kinds: Sequence[str]) -> dict[str, list[int]]:
        """Rows of a reader by task."""
        found: dict[str, list[int]] = {}
        for row, (one, other) in enumerate(zip(self.first, self.second, strict=True)):
            if reader in (one, other) and self.kind[row] in kinds:
                found.setdefault(self.task[row], []).append(row)
        return found


def _grouped(part: Floats, groups: Groups) -> Floats:
    """Sums of the rows of each group; groups have at least one row."""
    if not groups:
        return np.zeros((0, *part.shape[1:]))
    at = np.array([row for rows in groups for row in rows], np.intp)
    begin = np.cumsum([0, *(len(rows) for rows in groups[:-1])])
    return np.asarray(np.add.reduceat(part[at], begin, axis=0))


def _plain(values: Floats) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]


def shared_tasks(
    found: Sequence[Reading], tier: Tier, views: Mapping[str, Sequence[str]]
) -> Shared:
    """What readers of one tier share.

    Args:
        found: All readings.
        tier: The tier.
        views: Tiers of each view.
    """
    own = [r for r in found if tier.name in views.get(r.work.entry.view, ())]
    several = {task for task, many in _count(own).items() if many > 1}
    own = [reading for reading in own if reading.work.entry.task in several]
    table = reading_table(own, tier)
    pairs, kinds = reader_pairs(table.annotators)
    rows = task_rows(contingency(table, pairs))
    (events,) = match_events(table, pairs, [Iou(MATCH)])
    instants = match_instants(table, pairs, table_tolerance(tier, table))
    size = len(table.tasks)
    key = rows.pair * size + rows.task
    return Shared(
        tier=tier.name,
        main="instant/f1" if tier.kind == "instants" else "time/iou",
        first=tuple(table.annotators[pairs[pair, 0]] for pair in rows.pair.tolist()),
        second=tuple(table.annotators[pairs[pair, 1]] for pair in rows.pair.tolist()),
        task=tuple(table.tasks[task] for task in rows.task.tolist()),
        kind=tuple(kinds[pair] for pair in rows.pair.tolist()),
        weight=_weights(rows.task, pairs[rows.pair], np.array(kinds)[rows.pair] == "pair"),
        time=rows.sums,
        events=_on_rows(events.counts.stacked().sum(axis=1), events, key, size),
        instants=_on_rows(instants.counts.stacked().sum(axis=1), instants, key, size),
        borders=_on_rows(_errors(events), events, key, size),
    )


def _weights(task: Positions, readers: Numbers, of_people: Mask) -> Floats:
    """1 / (m - 1) for a pair on a task that m people read; other pairs count as they are.

    Args:
        task: Task of each pair, ``(rows,)``.
        readers: The two, ``(rows, 2)``.
        of_people: Whether both are people who are compared with each other, ``(rows,)``.
    """
    each = np.stack([np.repeat(task[of_people], 2), readers[of_people].reshape(-1)])
    many = np.bincount(np.unique(each, axis=1)[0], minlength=int(task.max(initial=0)) + 1)
    return np.where(of_people, 1 / np.maximum(many[task] - 1, 1), 1.0)


def _count(found: Sequence[Reading]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reading in found:
        task = reading.work.entry.task
        counts[task] = counts.get(task, 0) + 1
    return counts


def _errors(events: Matches) -> Floats:
    borders = Borders.of(events)
    matches, *errors = np.moveaxis(borders.sums, -1, 0)
    parts = [part.sum(axis=1) for part in (*borders.drawn(matches), *errors)]
    return np.stack(parts, axis=-1)


def _on_rows(sums: Floats, found: Matches, key: Positions, tasks: int) -> Floats:
    """Sums of pairs and tasks at the places where the sums of time have them."""
    items = found.counts.items
    own = items.pair.astype(np.int64) * tasks + items.task
    out = np.zeros((len(key), sums.shape[1]))
    at = np.searchsorted(own, key)
    there = at < len(own)
    there[there] &= own[at[there]] == key[there]
    out[there] = sums[at[there]]
    return out
