"""Tasks of a tier, their marks and signals, and what to review: data of the page's script."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.colors import colors_of
from tslab.agreement.page.input import REVIEW_ROWS, Names, PageInput, ReviewItem, fitting
from tslab.agreement.page.rows import Index, rounded
from tslab.agreement.page.signals import outlines
from tslab.agreement.page.timelines import timelines, with_reader
from tslab.agreement.report.headline import main_metrics
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import made_of_people, of_people

MOST_TASKS = 5_000
"""Tasks that the list of the page holds."""


def task_scores(
    tier: TierAgreement, index: Index, settings: AgreementSettings
) -> NDArray[np.float64]:
    """How well people agree in each task by the main measure, float64 ``(tasks,)``; may be NaN."""
    metrics = main_metrics(tier, settings)
    scores = np.full(len(tier.tier.table.tasks), np.nan)
    for number, task in enumerate(tier.tier.table.tasks):
        for metric in metrics:
            row = index.row(metric, "task", (task,))
            if row is not None and row.value.value is not None:
                scores[number] = row.value.value
                break
    return scores


class TaskData:
    """What the script needs of one tier's tasks."""

    def __init__(
        self, tier: TierAgreement, scores: NDArray[np.float64], given: PageInput, names: Names
    ) -> None:
        self.tier, self.scores, self.given, self.names = tier, scores, given, names
        costs = dict.fromkeys(tier.tier.table.tasks, 0.0)
        for item in given.review:
            if item.tier == tier.tier.name and item.task in costs:
                costs[item.task] += item.cost
        self.cost = np.array(list(costs.values()))
        own = of_people(tier.tier.table, tier.tier.readers)
        self.marks = np.bincount(own.task, minlength=len(costs))

    @property
    def order(self) -> list[int]:
        """Numbers of the tasks, those first that looking at pays most."""
        known = np.where(np.isfinite(self.scores), self.scores, 2.0)
        return [int(n) for n in np.lexsort((known, -self.cost))]

    def document(self, room: int) -> dict[str, object]:
        """Readers, labels, tasks, marks and signals.

        Args:
            room: Bytes for marks.
        """
        table, who = self.tier.tier.table, self.tier.tier.readers
        together = self.given.consensus.get(self.tier.tier.name)
        if together is not None:
            table = with_reader(table, together)
        shown = [self.names.reader(name) for name in table.annotators]
        roles = [_role(name, who.annotators, who.models) for name in table.annotators]
        if together is not None:
            shown[-1], roles[-1] = "consensus", "consensus"
        order = self.order[:MOST_TASKS]
        found = timelines(table, order, room)
        return {
            "name": self.tier.tier.name,
            "unit": self.tier.tier.unit,
            "readers": shown,
            "roles": roles,
            "labels": [fitting(label) for label in table.labels],
            "weaves": list(colors_of(self.tier.tier).weaves),
            "tolerance": self.tier.tolerance,
            "tasks": {n: self._task(n) for n in order},
            "order": order,
            "marks": found.tasks,
            "left_out": found.left_out,
            "coarse": found.coarse,
            "signals": self._signals([n for n in order if n in found.tasks], found.tasks),
        }

    def _task(self, number: int) -> list[object]:
        """Name, score, marks of people and address of a task."""
        table = self.tier.tier.table
        name = table.tasks[number]
        score = self.scores[number]
        known = rounded(float(score)) if np.isfinite(score) else None
        return [
            self.names.task(name),
            known,
            int(self.marks[number]),
            self.given.address(self.tier.tier.name, name),
        ]

    def _signals(
        self, order: Sequence[int], marks: dict[int, list[object]]
    ) -> dict[int, list[list[object]]]:
        """Outlines of the signals of the first tasks."""
        out: dict[int, list[list[object]]] = {}
        left = 0 if self.given.private else self.given.signal_bytes
        for number in order[: self.given.signal_tasks]:
            start, end = marks[number][:2]
            recording = self.given.recording(self.tier.tier.table.tasks[number]) if left else None
            if recording is None or not isinstance(start, float) or not isinstance(end, float):
                continue
            found = outlines(recording, start, end)
            left -= sum(len(str(part)) for channel in found for part in channel)
            if left < 0:
                break
            out[number] = found
        return out


def _role(name: str, people: Sequence[str], models: Sequence[str]) -> str:
    if name in people:
        return "annotator"
    if name in models and made_of_people(name):
        return "consensus"
    return "model" if name in models else "truth"


def review_document(
    items: Sequence[ReviewItem], tiers: Sequence[TierAgreement], given: PageInput, names: Names
) -> dict[str, object]:
    """The list of what to review, largest first, and how many there are."""
    of_tier = {tier.tier.name: number for number, tier in enumerate(tiers)}
    numbers = {
        tier.tier.name: {task: n for n, task in enumerate(tier.tier.table.tasks)} for tier in tiers
    }
    rows = []
    ordered = sorted(items, key=lambda item: -item.cost)
    for item in ordered[:REVIEW_ROWS]:
        if item.tier in of_tier:
            said = {names.reader(name): words for name, words in item.said.items()}
            where = [of_tier[item.tier], numbers[item.tier].get(item.task, -1)]
            times = [round(item.start, 6), round(item.end, 6), rounded(item.cost)]
            address = given.address(item.tier, item.task, item.start, item.end)
            rows.append([*where, names.task(item.task), *times, item.kind, said, address])
    return {"rows": rows, "all": len(items), "note": given.review_note}
