"""An export does not say which tiers are states: regions that fill the time one by one are."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from kit.agreement_pages import table

from tslab.agreement.disputes.tables import tier_disputes
from tslab.label_studio.exports.intake import export_intake
from tslab.label_studio.exports.kinds import kind_of

Marks = list[tuple[int, int, str]]
NIGHT: Marks = [(0, 30, "wake"), (30, 60, "N1"), (60, 100, "wake")]


def region(start: int, end: int, label: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "timeserieslabels": [label]}
    return {"id": f"{start}", "type": "timeserieslabels", "from_name": "stage", "value": value}


def export(*readings: Marks) -> bytes:
    said = [
        {"id": n, "completed_by": n, "result": [region(*mark) for mark in marks]}
        for n, marks in enumerate(readings, start=1)
    ]
    return json.dumps([{"id": 1, "annotations": said}]).encode()


@pytest.mark.parametrize(
    ("readings", "kind"),
    [
        ((NIGHT, NIGHT), "states"),
        (([(0, 29, "wake"), *NIGHT[1:]], NIGHT), "states"),
        (([(0, 20, "wake"), *NIGHT[1:]], [(0, 20, "wake"), *NIGHT[1:]]), "intervals"),
        (([(0, 40, "wake"), *NIGHT[1:]], NIGHT), "intervals"),
        (([(a, b, "N1") for a, b, _ in NIGHT], [(a, b, "N1") for a, b, _ in NIGHT]), "intervals"),
        ((NIGHT[:2], NIGHT[:2]), "intervals"),
        (([(0, 0, "wake"), (5, 5, "N1")], [(0, 0, "wake")]), "instants"),
        (([*NIGHT, (5, 5, "beat")], NIGHT), "intervals"),
        ((NIGHT, []), "states"),
    ],
    ids=[
        "filled", "a small hole", "a large hole", "two at a time", "one label", "too few to tell",
        "instants", "an instant among ranges", "somebody who marks nothing",
    ],
)  # fmt: skip
def test_tiers_whose_regions_fill_the_time_are_states(
    readings: tuple[Marks, ...], kind: str
) -> None:
    (tier,) = export_intake(export(*readings), "night.json").tiers
    assert tier.kind == kind


def test_few_regions_are_enough_where_the_window_is_known() -> None:
    made = table((("t",), ("a", "b"), ("x", "y")), [(0, 0, 0, 0, 100), (0, 1, 1, 0, 100)])
    start, end = np.zeros_like(made.start), np.full_like(made.end, int(made.reviewed.end.max()))
    whole = type(made).of(
        (made.tasks, made.annotators, made.labels),
        {
            "task": made.task,
            "annotator": made.annotator,
            "label": made.label,
            "start": start,
            "end": end,
        },
        made.reviewed,
    )
    assert kind_of(whole, shown=True) == "states"
    assert kind_of(whole, shown=False) == "intervals"


def test_another_label_in_an_export_is_the_conflict_that_it_is_in_a_study() -> None:
    """ "Onset shift" was said of a stretch that one calls wake and the other N1."""
    other = [(0, 30, "N1"), (30, 60, "N1"), (60, 100, "wake")]
    (tier,) = export_intake(export(NIGHT, other), "night.json").tiers
    (found,) = tier_disputes(tier)
    assert [dispute.kind for dispute in found.disputes] == ["label conflict"]
