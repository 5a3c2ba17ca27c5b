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
            "resting_on_one": resting_on_one(tier),
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
        own = found.regions.taken(at)
        seconds = seconds_of(own) if (own.end > own.start).any() else None
        rows.append((label, len(at), seconds, round(float(found.support[at].mean()), 3), *spread))
    return rows


def resting_on_one(tier: TierConsensus) -> int:
    """Regions with a span of one voter only, though two or more reviewed the whole of them.

    The models can believe somebody who is alone with a rare label.
    """
    found, table = tier.found, tier.tier.table
    people: dict[int, set[int]] = {}
    pairs = zip(found.source_region.tolist(), found.source_row.tolist(), strict=True)
    for region, row in pairs:
        people.setdefault(region, set()).add(int(table.annotator[row]))
    reviewed = {task: tier.reviewed(task) for task in set(found.regions.task.tolist())}
    return sum(
        len(people.get(number, ())) < 2
        and any(low <= start and end <= high for low, high in reviewed[task])
        for number, (task, _, start, end) in enumerate(found.regions.rows())
    )
