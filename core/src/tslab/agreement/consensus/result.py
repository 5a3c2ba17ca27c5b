"""The consensus as rows of a table and as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tslab.agreement.consensus.project import TierConsensus
from tslab.agreement.consensus.provenance import number, settings_of
from tslab.agreement.consensus.regions import Regions

LABEL_KEYS = ("regions", "seconds", "support", "onset_spread", "offset_spread")


def tier_rows(tiers: Sequence[TierConsensus], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each tier as a JSON document: counts and sums, no region and no recording.

    Args:
        tiers: The consensus in each tier.
        names: How annotators are called, by their names.
    """
    return [
        {
            "tier": tier.tier.name,
            "annotators": [names[who] for who in tier.voters],
            "settings": settings_of(tier),
            "quality": {
                key: {names[who]: number(value) for who, value in values.items()}
                for key, values in tier.found.quality.items()
            },
            "labels": [
                dict(zip(("label", *LABEL_KEYS), row, strict=True)) for row in label_rows(tier)
            ],
            "disputed": len(tier.found.disputed),
            "disputed_seconds": seconds_of(tier.found.disputed),
        }
        for tier in tiers
    ]


def seconds_of(regions: Regions) -> float:
    """Time of regions together."""
    return round(float((regions.end - regions.start).sum()) / 1e6, 6)


def label_rows(tier: TierConsensus) -> list[tuple[str | float | None, ...]]:
    """Label, regions, seconds, mean support, median spreads of onsets and offsets."""
    found = tier.found
    rows: list[tuple[str | float | None, ...]] = []
    for place, label in enumerate(tier.tier.table.labels):
        at = np.flatnonzero(found.regions.label == place)
        if not len(at):
            continue
        spread = [
            round(float(np.nanmedian(column[at])), 6) if np.isfinite(column[at]).any() else None
            for column in (found.onset_spread, found.offset_spread)
        ]
        support = round(float(found.support[at].mean()), 4)
        rows.append((label, len(at), seconds_of(found.regions.taken(at)), support, *spread))
    return rows
