"""Disputes of whole tables, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.agreement.dispute_values import Dispute, DisputeSettings, Scope
from tslab.agreement.disputes.tables import tier_disputes
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Readers
from tslab.span_table import SpanTable

CLOSE = DisputeSettings(tolerance=0, gap=0, around=1)
MISSED, CONFLICT, SPLIT = "missed or extra event", "label conflict", "split or merge"


def tier_of(
    table: SpanTable, kind: str, settings: DisputeSettings, people: Sequence[str] = ()
) -> TierTable:
    """A table as a tier whose tasks are all looked at in the same way."""
    readers = Readers(tuple(people) or table.annotators)
    scopes = (Scope(settings=settings),) * len(table.tasks)
    return TierTable("tier", kind, table, readers, 0.0, scopes=scopes)


def all_disputes(
    table: SpanTable, kind: str, settings: DisputeSettings, people: Sequence[str] = ()
) -> list[tuple[int, Dispute]]:
    """Disputes with the numbers of their tasks, in order of time."""
    tier = tier_of(table, kind, settings, people)
    return [(own.task, dispute) for own in tier_disputes(tier) for dispute in own.disputes]
