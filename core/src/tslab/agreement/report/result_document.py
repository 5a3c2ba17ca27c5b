"""The result as one JSON document: what a dashboard reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tslab.agreement.measure import Agreement, TierAgreement
from tslab.agreement.report.headline import headline
from tslab.agreement.report.sentences import sentences
from tslab.agreement.values import Row


def document(found: Agreement, rows: Mapping[str, Sequence[Row]] | None = None) -> dict[str, Any]:
    """Everything but matched events.

    Args:
        found: The result.
        rows: Chosen rows by tier; None takes all.
    """
    return {
        "settings": found.settings.document(),
        "versions": found.versions,
        "tiers": [
            tier_document(tier, found, tier.rows if rows is None else rows.get(tier.tier.name, ()))
            for tier in found.tiers
        ],
        "findings": [asdict(finding) for finding in found.findings],
        "left_out": found.counts,
        "notes": list(found.notes),
    }


def tier_document(tier: TierAgreement, found: Agreement, rows: Iterable[Row]) -> dict[str, Any]:
    """One tier."""
    table, readers = tier.tier.table, tier.tier.readers
    return {
        "name": tier.tier.name,
        "kind": tier.tier.kind,
        "labels": list(table.labels),
        "annotators": list(readers.annotators),
        "reference": readers.reference,
        "models": list(readers.models),
        "says": sentences(tier, found.settings),
        "tasks": len(table.tasks),
        "spans": len(table),
        "tolerance": tier.tolerance,
        "headline": {row.metric: row.value.value for row in headline(tier, found.settings)},
        "rows": [row_document(row) for row in rows],
        "confusion": {
            "states": [" + ".join(names) for names in tier.states],
            "hours": [
                {"by": item.by, "of": list(item.of), "table": np.round(item.hours, 9).tolist()}
                for item in tier.confusions
            ],
        },
        "event_confusion": {
            "labels": ["", *(" + ".join(names) for names in tier.sets)],
            "counts": [
                {"by": item.by, "of": list(item.of), "table": item.counts.tolist()}
                for item in tier.event_confusions
            ],
        },
        "histograms": [
            {"side": item.side, "label": item.label, "edges": np.round(item.edges, 9).tolist(),
             "counts": item.counts.tolist(), "beyond": list(item.beyond)}
            for item in tier.histograms
        ],
        "notes": tier.notes,
    }  # fmt: skip


def row_document(row: Row) -> dict[str, Any]:
    """One number."""
    value = row.value
    return {
        "metric": row.metric,
        "by": row.by,
        "of": list(row.of),
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "no_interval": value.no_interval,
        "reason": value.reason,
        "tasks": row.tasks,
        "count": row.events,
        "count_of": row.counts,
        "seconds": row.seconds,
    }
