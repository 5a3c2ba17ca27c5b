"""Where each region of a consensus comes from: which regions of which annotators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tslab.agreement.consensus.project import TierConsensus
from tslab.annotation import Annotation
from tslab.spans import to_seconds


def provenance(
    tiers: Sequence[TierConsensus],
    annotations: Sequence[Annotation],
    about: Mapping[str, Any],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Where each region comes from, as a JSON document.

    Args:
        tiers: The consensus in each tier.
        annotations: What people said; they know the ids of regions in Label Studio.
        about: What stands first: method, version and settings.
        names: How annotators are called, by their names.
    """
    ids = {
        (a.recording, a.annotator, s.tier, s.label, s.start_us, s.end_us): s.id
        for a in annotations
        for s in a.spans
        if s.id
    }
    return {
        **about,
        "tiers": [
            {
                "tier": tier.tier.name,
                "annotators": [names[who] for who in tier.voters],
                "quality": {
                    key: {names[who]: number(value) for who, value in values.items()}
                    for key, values in tier.found.quality.items()
                },
                "settings": settings_of(tier),
                "regions": _regions(tier, ids, names),
                "disputed": [
                    [tier.units[task][0], to_seconds(start), to_seconds(end)]
                    for task, _, start, end in tier.found.disputed.rows()
                ],
            }
            for tier in tiers
        ],
    }


def settings_of(tier: TierConsensus) -> dict[str, Any]:
    """How the annotators of a tier were combined; times in seconds."""
    given = tier.settings
    return {
        "least": given.least,
        "iou": given.iou,
        "tolerance": to_seconds(given.tolerance),
        "gap": to_seconds(given.gap),
        "shortest": to_seconds(given.shortest),
    }


def _regions(
    tier: TierConsensus, ids: Mapping[tuple[Any, ...], str], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    found, table = tier.found, tier.tier.table
    sources: list[list[dict[str, Any]]] = [[] for _ in range(len(found.regions))]
    pairs = zip(found.source_region.tolist(), found.source_row.tolist(), strict=True)
    for region, row in pairs:
        who = table.annotators[table.annotator[row]]
        label, recording = table.labels[table.label[row]], tier.units[table.task[row]][0]
        times = int(table.start[row]), int(table.end[row])
        seconds = {"start": to_seconds(times[0]), "end": to_seconds(times[1])}
        source: dict[str, Any] = {"annotator": names[who], **seconds}
        name = ids.get((recording, who, tier.tier.name, label, *times), "")
        sources[region].append({**source, "id": name} if name else source)
    return [
        {
            "recording": tier.units[task][0],
            "label": table.labels[label],
            "start": to_seconds(start),
            "end": to_seconds(end),
            "support": number(found.support[at]),
            "onset_spread": number(found.onset_spread[at]),
            "offset_spread": number(found.offset_spread[at]),
            "sources": sources[at],
        }
        for at, (task, label, start, end) in enumerate(found.regions.rows())
    ]


def number(value: float) -> float | None:
    """A number for JSON, None for nan."""
    return None if math.isnan(value) else round(float(value), 6)
