"""Which lead times can be true: Label Studio counts on while a task is only left open."""

from __future__ import annotations

import math

LONGEST = 86_400.0
"""Seconds: nobody labels one task for longer than a day; the tab was left open."""


def lead_time(value: object) -> float | None:
    """Seconds that a task took; None where that is unknown or cannot be."""
    return None if value is None or why_not(value) else float(value)  # type: ignore[arg-type]


def why_not(value: object) -> str:
    """What is wrong with a lead time, "" where nothing is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "no number"
    if isinstance(value, float) and math.isnan(value):
        return "no number"
    if value < 0:
        return "below 0"
    return "longer than a day" if value > LONGEST else ""
