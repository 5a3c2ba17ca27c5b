"""Scores of Label Studio's public code: its documentation, and its numbers digit by digit.

Those of label-studio-evalme itself come from tests/oracles/evalme_spans.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tslab.agreement.enterprise.evalme import (
    agreement,
    intersection,
    per_label_scores,
    score,
    seconds_of,
)
from tslab.errors import DataError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "evalme.json").read_text())


def region(start: object, end: object, *labels: str, control: str = "label") -> dict[str, Any]:
    value = {"start": start, "end": end, "timeserieslabels": list(labels or ("a",))}
    return {"from_name": control, "to_name": "ts", "type": "timeserieslabels", "value": value}


def test_the_example_of_the_documentation() -> None:
    assert score([region(0, 14)], [region(10, 14)]) == 4 / 14
    assert score([region(0, 14, "a")], [region(10, 14, "b")]) == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([], [], 1),
        ([], [region(0, 1)], 0),
        ([region(0, 1)], [], 0),
        ([region(5, 5)], [region(5, 5)], 0),  # two equal instants
        ([region(0, 10)] * 3, [region(0, 10)], 1),  # three copies
        ([region(0, 5), region(5, 10)], [region(0, 10)], 0.5),  # a split
        ([region(0, 10)], [region(0, 10), region(20, 30)], 0.5),
        ([region(0, 10)], [region(10, 20)], 0),
    ],
)
def test_edge_cases(one: list[Any], other: list[Any], expected: float) -> None:
    assert score(one, other) == expected
    assert score(other, one) == expected


def test_exactly_at_the_threshold_is_wrong() -> None:
    one, other = [region(0, 10)], [region(0, 5)]
    assert score(one, other) == 0.5
    assert score(one, other, iou_threshold=0.5) == 0
    assert score(one, other, iou_threshold=0.49) == 1


def test_order_of_labels_matters_and_several_weigh_more() -> None:
    assert score([region(0, 1, "a", "b")], [region(0, 1, "b", "a")]) == 0
    one = [region(0, 10, "a", "b"), region(20, 30, "a")]
    assert intersection(one, [region(0, 10, "a", "b"), region(50, 60, "a")]) == 2 / 3


def test_controls_have_weights() -> None:
    one = [region(0, 10, control="x"), region(0, 10, control="y")]
    other = [region(0, 10, control="x"), region(0, 5, control="y")]
    assert score(one, other) == 0.75
    assert score(one, other, {"x": 3, "y": 1}) == (3 + 0.5) / 4
    assert score(one, [other[0]]) == 0.5


def test_dates_are_times() -> None:
    one = [region("2022-12-26 12:33:37", "2022-12-26 13:24:18", "in bed")]
    other = [region("2022-12-26 12:33:37", "2022-12-26 13:28:23", "in bed")]
    assert score(one, other) == 3041 / 3286
    assert seconds_of("1.5") == 1.5
    with pytest.raises(DataError, match="'0NaN-NaN-NaN' is no time"):
        seconds_of("0NaN-NaN-NaN")


def test_the_signature_of_custom_metrics() -> None:
    one = {"result": [region(0, 10, "a"), region(20, 30, "b")]}
    other = {"result": [region(0, 5, "a"), region(40, 50, "c")]}
    assert agreement(one, other) == 0.25
    assert agreement(one, other, per_label=True) == {"a": 0.5, "b": 0, "c": 0}
    assert agreement({"result": []}, {}) == 1
    assert agreement({}, {}, per_label=True) == {}


def test_relations_and_other_types_are_left_out() -> None:
    other = {"type": "relation", "from_id": "x", "to_id": "y"}
    assert score([region(0, 1), other], [region(0, 1)]) == 1


@pytest.mark.parametrize("study", GOLDEN["studies"])
def test_it_equals_the_package_bit_by_bit(study: dict[str, Any]) -> None:
    one, other = study["one"], study["other"]
    for threshold, expected in study["scores"].items():
        at = None if threshold == "None" else float(threshold)
        assert score(one, other, iou_threshold=at) == expected
    for threshold, expected in study["there"].items():
        at = None if threshold == "None" else float(threshold)
        assert intersection(one, other, at) == expected
    assert per_label_scores(one, other) == study["labels"]


def test_the_studies_are_varied() -> None:
    studies = GOLDEN["studies"]
    sides = [study[side] for study in studies for side in ("one", "other")]
    regions = [result["value"] for side in sides for result in side]
    assert any(not side for side in sides)
    assert any(value["start"] == value["end"] for value in regions)
    assert {len(value["timeserieslabels"]) for value in regions} == {1, 2}
    assert len({study["scores"]["None"] for study in studies}) > 20
