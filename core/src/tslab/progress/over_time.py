"""Agreement among people by calendar week and by block of tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tslab.progress.shared_tasks import Shared
from tslab.progress.work import Work

Key = TypeVar("Key", str, int)

BLOCK = 20
"""Tasks of a block."""


@dataclass(frozen=True, slots=True)
class Period:
    """One tier's agreement in a week or in a block of tasks.

    Attributes:
        tier: Tier.
        period: ``2026-W48``, or ``tasks 21-40`` in the order in which they came to be shared.
        tasks: Tasks that at least two people submitted.
        figures: Measures by name; None where there is nothing to measure.
    """

    tier: str
    period: str
    tasks: int
    figures: Mapping[str, float | None]


def shared_since(work: Iterable[Work]) -> dict[tuple[str, str], dt.datetime]:
    """When each reader submitted each task, by reader and task."""
    return {
        (item.entry.annotator, item.entry.task): item.created
        for item in work
        if item.counts and item.created and not item.entry.ground_truth
    }


def periods(shared: Shared, since: Mapping[tuple[str, str], dt.datetime]) -> list[list[Period]]:
    """Agreement among people by calendar week, and by block of `BLOCK` tasks.

    A pair belongs to the moment at which the later of the two submitted; a task to the block of
    its first pair. Pairs whose times are unknown are in neither.
    """
    when: dict[int, dt.datetime] = {}
    for row in range(len(shared)):
        both = [since.get((r, shared.task[row])) for r in (shared.first[row], shared.second[row])]
        times = [moment for moment in both if moment is not None]
        if shared.kind[row] == "pair" and len(times) == 2:
            when[row] = max(times)
    first: dict[str, dt.datetime] = {}
    for row, moment in when.items():
        task = shared.task[row]
        first[task] = min(moment, first.get(task, moment))
    place = {task: i for i, task in enumerate(sorted(first, key=lambda t: (first[t], t)))}
    weeks = {row: calendar_week(moment) for row, moment in when.items()}
    blocks = {row: place[shared.task[row]] // BLOCK for row in when}
    names = {
        b: f"tasks {b * BLOCK + 1}-{min((b + 1) * BLOCK, len(place))}" for b in blocks.values()
    }
    return [
        _periods(shared, weeks, str),
        _periods(shared, blocks, lambda block: names[block]),
    ]


def calendar_week(moment: dt.datetime) -> str:
    """ISO 8601: ``2026-W48``."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02d}"


def _periods(shared: Shared, keys: Mapping[int, Key], name: Callable[[Key], str]) -> list[Period]:
    groups: dict[Key, list[int]] = {}
    for row, key in keys.items():
        groups.setdefault(key, []).append(row)
    keys_in_order = sorted(groups)
    figures = shared.figures([groups[key] for key in keys_in_order])
    return [
        Period(shared.tier, name(key), len({shared.task[row] for row in groups[key]}), found)
        for key, found in zip(keys_in_order, figures, strict=True)
    ]
