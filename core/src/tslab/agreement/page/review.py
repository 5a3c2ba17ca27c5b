"""What to review: what people dispute, the costliest first, as `tslab review` asks about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.finding import Marks
from tslab.agreement.disputes.kinds import MOVED, SHIFTS, SPLIT
from tslab.agreement.disputes.tables import tier_disputes
from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.input import ReviewItem, fitting
from tslab.agreement.page.rows import Index
from tslab.agreement.page.tasks import task_scores
from tslab.agreement.settings import AgreementSettings
from tslab.errors import counted
from tslab.span_table import SpanTable

MOST_MARKS = 5_000
"""Marks of an export whose disputes are looked for: those of the tasks with the lowest agreement.

Those of a project are all looked for, for `tslab review` asks about each of them.
"""
WHEN = (*SHIFTS, SPLIT, MOVED)
"""Kinds of disputes about time: the list says when each mark is."""
MOST_SAID = 3
"""Marks of one annotator that the list names; nobody reads more of them."""


class Review(NamedTuple):
    """What to review.

    Attributes:
        items: Disputes, the costliest first.
        note: What they are a part of, if they are not all.
    """

    items: Sequence[ReviewItem]
    note: str


def review_items(tiers: Sequence[TierAgreement], settings: AgreementSettings) -> Review:
    """Disputes of people, the costliest first, and what they are the disputes of.

    Args:
        tiers: What was compared.
        settings: How.
    """
    found: list[ReviewItem] = []
    left_out = looked = 0
    for tier in tiers:
        chosen: NDArray[np.intp] | None = None
        if not tier.tier.scopes:
            chosen = _least_agreed(tier.tier.table, task_scores(tier, Index(tier), settings))
            looked += len(chosen)
            left_out += len(tier.tier.table.tasks) - len(chosen)
        found += _items(tier, None if chosen is None else chosen.tolist())
    note = f"Searched: {counted(looked, 'tasks')} with the lowest agreement." if left_out else ""
    return Review(sorted(found, key=_order), note)


def _order(item: ReviewItem) -> tuple[float, str, str, float]:
    return -item.cost, item.task, item.tier, item.start


def _least_agreed(table: SpanTable, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Numbers of the tasks with the lowest agreement, as many as can be searched in a moment."""
    order = np.argsort(np.where(np.isfinite(scores), scores, 2.0), kind="stable")
    marks = np.cumsum(np.bincount(table.task, minlength=len(table.tasks))[order])
    return order[: max(1, int(np.searchsorted(marks, MOST_MARKS, side="right")))]


def _items(tier: TierAgreement, chosen: Collection[int] | None) -> Iterator[ReviewItem]:
    for own in tier_disputes(tier.tier, chosen):
        marks = {reading.reader: Marks(reading.spans) for reading in own.readings}
        for dispute in own.disputes:
            yield ReviewItem(
                tier.tier.name, tier.tier.table.tasks[own.task], dispute.start / 1e6,
                dispute.end / 1e6, dispute.kind, round(dispute.cost, 6),
                {reader: _said(dispute, marks[reader]) for reader in dispute.readers},
            )  # fmt: skip


def _said(dispute: Dispute, marks: Marks) -> str:
    """What somebody who was there marked, in words."""
    words = []
    for first, last, label in marks.meeting(dispute.start, dispute.end):
        touches = first < last and (last == dispute.start or first == dispute.end)
        if label not in dispute.labels or (touches and dispute.kind not in SHIFTS):
            continue
        start, end, word = first / 1e6, last / 1e6, fitting(label)
        if dispute.kind in WHEN:
            word += f" {start:.2f} s" if start == end else f" {start:.2f} to {end:.2f} s"
        words.append(word)
    return _few(list(dict.fromkeys(words)))


def _few(said: Sequence[str]) -> str:
    more = f" and {len(said) - MOST_SAID} more" if len(said) > MOST_SAID else ""
    return (", ".join(said[:MOST_SAID]) + more) or "nothing"


def review_json(review: Review) -> dict[str, Any]:
    """The list for a dashboard."""
    return {"disputes": [asdict(item) for item in review.items], "note": review.note}


def review_rows(review: Review) -> list[tuple[str, str, str, str, str]]:
    """The list as rows of a table: task, tier, seconds, about, cost."""
    return [
        (
            item.task,
            item.tier,
            f"{item.start:.2f} to {item.end:.2f} s",
            item.kind,
            f"{item.cost:.2f}",
        )
        for item in review.items
    ]
