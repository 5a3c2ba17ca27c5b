"""Disputes of all tasks of a tier's table, and the list of them with the costliest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np

from tslab.agreement.dispute_values import Dispute, DisputeSettings, Reading, Scope, TierKind
from tslab.agreement.disputes.finding import disputes_of
from tslab.agreement.tier_tables import TierTable
from tslab.spans import Span, to_seconds
from tslab.stretches import Stretch, subtract


@dataclass(frozen=True, slots=True)
class TaskDisputes:
    """What people differ about in one task of a table.

    Attributes:
        task: Number of the task.
        readings: One for each person, sorted by name.
        disputes: Sorted by time.
        settled: Where they differ by no more than the tolerance.
        settings: What counted.
    """

    task: int
    readings: Sequence[Reading]
    disputes: Sequence[Dispute]
    settled: Sequence[Dispute]
    settings: DisputeSettings


def tier_disputes(tier: TierTable, tasks: Collection[int] | None = None) -> Iterator[TaskDisputes]:
    """Disputes of the people of a tier, task by task; time with a ground truth is decided already.

    Args:
        tier: Who said what.
        tasks: Numbers of the tasks to look at; None is all.
    """
    scopes = tier.scopes or (_usual_scope(tier),) * len(tier.table.tasks)
    for task, readings in _readings(tier, tasks, scopes):
        if len(readings) > 1:
            settings = scopes[task].settings
            found = disputes_of(readings, _kind(tier.kind), settings)
            yield TaskDisputes(task, readings, found.disputes, found.settled, settings)


def _usual_scope(tier: TierTable) -> Scope:
    """What counts where nobody knows how much of a recording a person sees at once."""
    tolerance = DisputeSettings().tolerance
    if tier.kind == "instants":
        tolerance = max(1, round(tier.tolerance * 1e6))
    return Scope(settings=DisputeSettings(tolerance, gap=5 * tolerance, around=tolerance))


def _kind(name: str) -> TierKind:
    return cast("TierKind", name) if name in get_args(TierKind) else "intervals"


def _readings(
    tier: TierTable, tasks: Collection[int] | None, scopes: Sequence[Scope]
) -> Iterator[tuple[int, list[Reading]]]:
    """What the people of each task say, as spans."""
    table, people = tier.table, tier.readers.annotators
    spans: dict[tuple[int, int], list[Span]] = {}
    reviewed: dict[tuple[int, int], list[Stretch]] = {}
    seen = table.reviewed
    times = (seen.task, seen.annotator, seen.start, seen.end)
    for task, who, start, end in zip(*(column.tolist() for column in times), strict=True):
        reviewed.setdefault((task, who), []).append((start, end))
    at = np.arange(len(table)) if tasks is None else np.flatnonzero(np.isin(table.task, [*tasks]))
    columns = (table.task, table.annotator, table.label, table.start, table.end, table.region)
    for task, who, label, start, end, region in zip(
        *(column[at].tolist() for column in columns), strict=True
    ):
        if table.annotators[who] in people:
            span = Span(
                to_seconds(start), to_seconds(end), table.labels[label], tier.name,
                fields=tier.fields.get(region, {}),
            )  # fmt: skip
            spans.setdefault((task, who), []).append(span)
    numbers = {task for task, _ in reviewed}
    for task in sorted(numbers if tasks is None else numbers.intersection(tasks)):
        decided = scopes[task].decided
        yield (
            task,
            [
                Reading(name, spans.get((task, who), ()), subtract(own, decided))
                for who, name in enumerate(table.annotators)
                if name in people and (own := reviewed.get((task, who)))
            ],
        )
