"""Tabs of a review's Data Manager: what is left to decide, the most costly first, and the rest."""

from __future__ import annotations

from typing import Any

from tslab.label_studio.project_settings import manager_view

HIDDEN = (
    *("data.part", "data.disputes", "total_predictions", "predictions_score", "reviewers"),
    *("data.verdicts", "data.rest"),
    *("comments", "comment_count", "unresolved_comment_count"),
)
"""Beside what no project shows. What is left: the window, what it is about, its disputes, cost."""


def review_views() -> list[dict[str, Any]]:
    """The tabs, as the server takes them."""
    costly = ["-tasks:data.cost"]
    count = {"filter": "filter:tasks:total_annotations", "type": "Number", "value": 0}
    return [
        manager_view("To decide", costly, [{**count, "operator": "equal"}], HIDDEN),
        manager_view("Decided", costly, [{**count, "operator": "greater"}], HIDDEN),
        manager_view("All windows", costly, [], HIDDEN),
    ]
