"""A small JSON export of Label Studio, and the tables that it becomes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tslab.agreement.tier_tables import Intake
from tslab.label_studio.exports.intake import export_intake


def region(start: object, end: object, *labels: str, **more: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "start": start,
        "end": end,
        "instant": more.pop("instant", start == end),
        "timeserieslabels": list(labels or ("Run",)),
    }
    given = {"id": "r", "from_name": "lab", "to_name": "ts", "type": "timeserieslabels", **more}
    return {**given, "value": value}


def annotation(number: int, who: object, result: Sequence[object], **more: Any) -> dict[str, Any]:
    return {"id": number, "completed_by": who, "result": list(result), **more}


def task(number: int, *annotations: object, **more: Any) -> dict[str, Any]:
    return {"id": number, "data": {"csv": "x"}, "annotations": list(annotations), **more}


def read(*tasks: object, config: str | None = None) -> Intake:
    return export_intake(json.dumps(tasks).encode(), "e.json", config)


def rows(intake: Intake, tier: int = 0) -> list[tuple[str, str, str, float, float]]:
    table = intake.tiers[tier].table
    columns = (table.task, table.annotator, table.label, table.start, table.end)
    return [
        (table.tasks[t], table.annotators[who], table.labels[label], start / 1e6, end / 1e6)
        for t, who, label, start, end in zip(*(c.tolist() for c in columns), strict=True)
    ]
