"""Range-based precision and recall: equal to prts on its grid, and by hand on time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab import AgreementContext, Recording, Signal, Span
from tslab_iot_maintenance.anomaly_metric import Scored
from tslab_iot_maintenance.ontology import DOMAIN
from tslab_iot_maintenance.range_based import Bias, RangeBased

GOLDEN = json.loads((Path(__file__).parent / "golden" / "prts.json").read_text())
CONTEXT = AgreementContext(DOMAIN, ((0.0, 200.0),), ("a", "b"))


def spans(*ranges: Sequence[float], label: str = "Drop") -> list[Span]:
    return [Span(start, end, label, "anomaly") for start, end in ranges]


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_equals_prts_on_its_grid(case: dict[str, Any]) -> None:
    reference, hypothesis = (spans(*side) for side in case["ranges"])
    for value in case["values"]:
        metric = RangeBased(
            existence=value["existence"],
            bias=value["bias"],
            reciprocal=value["cardinality"] == "reciprocal",
            step=1_000_000,
        )
        found = metric.details(metric.components(reference, hypothesis, CONTEXT))
        assert found["precision"] == pytest.approx(value["precision"], abs=2e-15)
        assert found["recall"] == pytest.approx(value["recall"], abs=2e-15)


@pytest.mark.parametrize("bias", ["flat", "front", "middle", "back"])
def test_time_is_what_ever_finer_samples_tend_to(bias: Bias) -> None:
    case = GOLDEN["cases"][0]["ranges"]
    sides = [spans(*side) for side in case]
    values = []
    for step in (0, 1000, 1):
        metric = RangeBased(bias=bias, step=step)
        values.append(metric.value(metric.components(sides[0], sides[1], CONTEXT)) or 0)
    assert abs(values[1] - values[0]) < 1e-3
    assert abs(values[2] - values[0]) < 1e-6
    if bias == "flat":
        assert values[0] == values[1] == values[2]


def test_front_and_back_are_mirrored() -> None:
    for bias, found in (("front", [(0, 5)]), ("back", [(5, 10)])):
        metric = RangeBased(bias=bias)  # type: ignore[arg-type]
        parts = metric.components(spans((0, 10)), spans(*found), CONTEXT)
        assert parts["recall"] == 0.75


def test_sums_of_recordings_give_the_mean_over_all_ranges() -> None:
    metric = RangeBased()
    one = metric.components(spans((0, 10)), spans((0, 5)), CONTEXT)
    other = metric.components(spans((0, 10), (20, 30)), spans((0, 10)), CONTEXT)
    both = {key: one[key] + other[key] for key in one}
    assert metric.details(both) == {"precision": 1, "recall": 0.5}
    assert metric.value(both) == pytest.approx(2 / 3)


def test_silence_and_nothing() -> None:
    metric = RangeBased()
    assert metric.value(metric.components([], [], CONTEXT)) is None
    assert metric.value(metric.components(spans((0, 1)), [], CONTEXT)) == 0
    assert metric.value(metric.components([], spans((0, 1)), CONTEXT)) == 0
    assert metric.value(metric.components(spans((0, 1)), spans((5, 6)), CONTEXT)) == 0


def test_labels_of_context_are_no_anomalies_and_maintenance_is_not_scored() -> None:
    reference = [*spans((0, 10), (50, 60)), *spans((40, 55), label="Maintenance")]
    hypothesis = [*spans((0, 10), (41, 54)), *spans((90, 99), label="Operating mode")]
    scored = Scored.of(reference, hypothesis, CONTEXT)
    assert scored.time == [(0, 40_000_000), (55_000_000, 200_000_000)]
    assert scored.reference == [(0, 10_000_000), (55_000_000, 60_000_000)]
    assert scored.hypothesis == [(0, 10_000_000)]


def test_labels_that_overlap_or_touch_are_one_range() -> None:
    marks = [*spans((0, 10)), *spans((5, 12), (12, 14), label="Noise")]
    assert Scored.of(marks, [], CONTEXT).reference == [(0, 14_000_000)]


def test_an_instant_lasts_one_sample() -> None:
    recording = Recording("r", [Signal.from_array("x", np.zeros(100), 2.0, "")], 50.0)
    context = AgreementContext(DOMAIN, ((0.0, 50.0),), ("a", "b"), recording)
    assert Scored.of(spans((3, 3)), [], context).reference == [(3_000_000, 3_500_000)]
    assert Scored.of(spans((3, 3)), [], CONTEXT).reference == []
