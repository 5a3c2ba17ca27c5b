"""Which tasks to adjudicate first, and which to give to one more annotator instead."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tslab.agreement.consensus.patterns import Floats
from tslab.agreement.disputes.tables import TaskDisputes
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.matching import match_events, match_instants
from tslab.span_table import SpanTable, Ticks

NORMAL = 1.959963984540054
"""Quantile of the normal distribution for an interval of 95 %."""

Step = Literal["none", "adjudicate", "add annotator"]


@dataclass(frozen=True, slots=True)
class LowAgreement:
    """When a task gets another annotator, as Label Studio Enterprise has it.

    Attributes:
        threshold: Agreement below this is low, 0 to 1.
        overlap: Annotators that a task gets anyway.
        additional: Annotators that it may get beyond these.
    """

    threshold: float = 0.0
    overlap: int = 1
    additional: int = 0

    def step(self, agreement: float | None, annotators: int, disputes: int) -> Step:
        """What to do with a task.

        Args:
            agreement: 0 to 1; None where it cannot be told.
            annotators: How many reviewed it.
            disputes: How many there are in it.
        """
        low = agreement is not None and agreement < self.threshold
        if low and annotators < self.overlap + self.additional:
            return "add annotator"
        return "adjudicate" if low or disputes else "none"


@dataclass(frozen=True, slots=True)
class TaskPriority:
    """What is to be done about one task.

    Attributes:
        task: Number of the task.
        priority: Disputed seconds that are expected x (1 - lower bound of the agreement).
        agreement: Share of the events that pairs of annotators agree on; None with one annotator.
        lower: Lower bound of its 95 % interval.
        annotators: How many reviewed it.
        disputes: How many there are.
        cost: Sum of their costs.
        step: What to do.
    """

    task: int
    priority: float
    agreement: float | None
    lower: float
    annotators: int
    disputes: int
    cost: float
    step: Step


def priorities(
    table: SpanTable,
    voters: Sequence[str],
    disputes: Iterable[TaskDisputes],
    rule: LowAgreement | None = None,
    tolerance: int = 100_000,
) -> list[TaskPriority]:
    """Tasks with the most urgent first; of equals those with more annotators, then older ones.

    Args:
        table: Marks of one tier; tasks are in order of age.
        voters: Names of the annotators who are compared.
        disputes: Of these annotators in this table.
        rule: When a task gets another annotator.
        tolerance: How far apart two instants of one event may be, microseconds.
    """
    rule = rule or LowAgreement()
    own = table.without_annotators([name for name in table.annotators if name not in voters])
    same, events = task_agreement(own, tolerance)
    people = np.zeros(len(own.tasks), np.int64)
    met = np.unique(
        own.reviewed.task.astype(np.int64) * len(own.annotators) + own.reviewed.annotator
    )
    np.add.at(people, met // max(1, len(own.annotators)), 1)
    costs, counts = np.zeros(len(own.tasks)), np.zeros(len(own.tasks), np.int64)
    for found in disputes:
        costs[found.task] = sum(dispute.cost for dispute in found.disputes)
        counts[found.task] = len(found.disputes)
    ranked = []
    for task in np.flatnonzero(people).tolist():
        agreement = None if math.isnan(same[task]) else float(same[task])
        lower = lower_bound(agreement, float(events[task]))
        step = rule.step(agreement, int(people[task]), int(counts[task]))
        ranked.append(TaskPriority(
            task, float(costs[task]) * (1 - lower), agreement, lower, int(people[task]),
            int(counts[task]), float(costs[task]), step,
        ))  # fmt: skip
    return sorted(ranked, key=lambda p: (-p.priority, -p.annotators, p.task))


def task_agreement(table: SpanTable, tolerance: int) -> tuple[Floats, Floats]:
    """Share of events in each task that pairs of annotators agree on, and how many it rests on.

    Twice the matched events of all pairs over all of their events, at an intersection over union
    of a half, instants within the tolerance. 1 where all pairs marked nothing, nan without a pair.

    Returns:
        Both ``(tasks,)``; the second is the mean number of events of a reading.
    """
    there = np.unique(table.reviewed.annotator).tolist()
    pairs = list(itertools.combinations(there, 2))
    many = len(table.tasks)
    matched, marked = np.zeros(many), np.zeros(many)
    if pairs:
        for matches in _matches(table, pairs, tolerance):
            _add(matches, matched, marked)
    people = _people(table)
    met = people * (people - 1) / 2
    share = np.where(marked > 0, 2 * matched / np.maximum(marked, 1), 1.0)
    return np.where(met > 0, share, np.nan), marked / np.maximum(2 * met, 1)


def _matches(table: SpanTable, pairs: list[tuple[int, int]], tolerance: int) -> list[Matches]:
    ranges = match_events(table, pairs, [Iou(0.5)])
    return [*ranges, match_instants(table, pairs, tolerance)]


def _add(matches: Matches, matched: Floats, marked: Floats) -> None:
    """Add the matches of all pairs to the tasks."""
    counts = matches.counts
    tasks = counts.items.task
    np.add.at(matched, tasks, counts.found.sum(axis=1))
    np.add.at(marked, tasks, counts.reference.sum(axis=1) + counts.hypothesis.sum(axis=1))


def _people(table: SpanTable) -> Ticks:
    """How many annotators reviewed each task, int64 ``(tasks,)``."""
    seen, many = table.reviewed, max(1, len(table.annotators))
    readings = np.unique(seen.task.astype(np.int64) * many + seen.annotator)
    return np.bincount(readings // many, minlength=len(table.tasks))


def lower_bound(agreement: float | None, events: float) -> float:
    """Lower end of Wilson's 95 % interval of a share of some events; 0 without any.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if agreement is None or events <= 0:
        return 0.0 if agreement is None else agreement
    square = NORMAL**2 / events
    middle = agreement + square / 2
    half = NORMAL * math.sqrt(agreement * (1 - agreement) / events + square / (4 * events))
    return max(0.0, (middle - half) / (1 + square))
