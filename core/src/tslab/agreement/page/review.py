"""What a page lists for review: disputes of the tasks that people agree on least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.disputes.kinds import MOVED, SHIFTS, SPLIT
from tslab.agreement.disputes.stretches import Kind, disputes_of
from tslab.agreement.disputes.values import Dispute, DisputeSettings
from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.input import ReviewItem, fitting
from tslab.agreement.page.rows import Index
from tslab.agreement.page.tasks import task_scores
from tslab.agreement.settings import AgreementSettings
from tslab.errors import counted
from tslab.span_table import SpanTable

MOST_MARKS = 5_000
"""Marks whose disputes are looked for: those of the tasks with the lowest agreement."""
WHEN = (*SHIFTS, SPLIT, MOVED)
"""Kinds of disputes about time: the list says when each mark is."""
MOST_SAID = 3
"""Marks of one annotator that the list names; nobody reads more of them."""


def review_items(
    tiers: Sequence[TierAgreement], settings: AgreementSettings
) -> tuple[list[ReviewItem], str]:
    """Disputes of people, the costliest first, and what they are the disputes of.

    Args:
        tiers: What was compared.
        settings: How.
    """
    found: list[ReviewItem] = []
    tasks = looked = 0
    for tier in tiers:
        scores = task_scores(tier, Index(tier), settings)
        chosen = _least_agreed(tier.tier.table, scores)
        tasks, looked = tasks + len(scores), looked + len(chosen)
        found += _items(tier, chosen)
    note = (
        ""
        if looked == tasks
        else f"Searched: {counted(looked, 'tasks')} with the lowest agreement."
    )
    return sorted(found, key=lambda item: -item.cost), note


def _least_agreed(table: SpanTable, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Numbers of the tasks with the lowest agreement, as many as can be searched in a moment."""
    order = np.argsort(np.where(np.isfinite(scores), scores, 2.0), kind="stable")
    marks = np.cumsum(np.bincount(table.task, minlength=len(table.tasks))[order])
    return order[: max(1, int(np.searchsorted(marks, MOST_MARKS, side="right")))]


def _items(tier: TierAgreement, chosen: NDArray[np.intp]) -> Iterator[ReviewItem]:
    people, kind = tier.tier.readers.annotators, _kind(tier.tier.kind)
    if len(people) < 2:
        return
    own = tier.tier.table.where(np.isin(tier.tier.table.task, chosen))
    # Borders have no tolerance in the numbers; a tenth of a second is not worth looking at.
    tolerance = DisputeSettings().tolerance
    if kind == "instants":
        tolerance = round(tier.tolerance * 1e6)
    for dispute in disputes_of(own, kind, people, DisputeSettings(tolerance)):
        yield ReviewItem(
            tier.tier.name, own.tasks[dispute.task], dispute.start / 1e6, dispute.end / 1e6,
            dispute.kind, dispute.cost, _said(own, dispute),
        )  # fmt: skip


def _kind(name: str) -> Kind:
    for kind in get_args(Kind):
        if kind == name:
            return cast("Kind", kind)
    return "intervals"


def _said(table: SpanTable, dispute: Dispute) -> dict[str, str]:
    """What each who was there marked, in words."""
    marks: dict[int, list[str]] = {reader: [] for reader in dispute.present}
    for row in dispute.rows:
        label = fitting(table.labels[int(table.label[row])])
        start, end = int(table.start[row]) / 1e6, int(table.end[row]) / 1e6
        if dispute.kind in WHEN:
            label += f" {start:.2f} s" if start == end else f" {start:.2f} to {end:.2f} s"
        marks.setdefault(int(table.annotator[row]), []).append(label)
    return {
        table.annotators[reader]: _few(list(dict.fromkeys(said)))
        for reader, said in sorted(marks.items())
    }


def _few(said: Sequence[str]) -> str:
    more = f" and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    return (", ".join(said[:MOST_SAID]) + more) or "nothing"
