"""Affiliation: equal to its authors' package, and to sums over a fine grid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tslab import AgreementContext, Span
from tslab_iot_maintenance.affiliation import Affiliation
from tslab_iot_maintenance.ontology import DOMAIN

CASES = json.loads((Path(__file__).parent / "golden" / "prts.json").read_text())["cases"]
CONTEXT = AgreementContext(DOMAIN, ((0.0, 200.0),), ("a", "b"))
METRIC = Affiliation()


def spans(*ranges: Sequence[float]) -> list[Span]:
    return [Span(start, end, "Drop", "anomaly") for start, end in ranges]


def details(reference: Any, hypothesis: Any) -> dict[str, float | None]:
    return dict(METRIC.details(METRIC.components(spans(*reference), spans(*hypothesis), CONTEXT)))


def test_equals_the_authors_package() -> None:
    # TSB_AD's copy of ahstat/affiliation-metrics-py on this example, range (0, 200).
    found = details(*CASES[0]["ranges"])
    assert found["precision"] == pytest.approx(0.875293753865, abs=5e-13)
    assert found["recall"] == pytest.approx(0.97461038961, abs=5e-12)


def slow(reference: Any, hypothesis: Any) -> tuple[float, float]:
    """Means over middles of small steps; random points likewise."""
    step = 0.05
    borders = [0.0, *((a[1] + b[0]) / 2 for a, b in pairwise(reference)), 200.0]
    precisions, recalls = [], []
    for event, zone in zip(reference, pairwise(borders), strict=True):
        grid = np.arange(zone[0] + step / 2, zone[1], step)
        found = np.zeros(len(grid), bool)
        for start, end in hypothesis:
            found |= (grid > start) & (grid < end)
        if not found.any():
            recalls.append(0.0)
            continue
        away = np.maximum(np.maximum(event[0] - grid, grid - event[1]), 0)
        inside = away == 0
        farther = (away[None, :] >= away[found][:, None]).mean(axis=1)
        precisions.append(np.where(inside[found], 1.0, farther).mean())
        truth, places = grid[inside], grid[found]
        nearest = np.abs(truth[:, None] - places[None, :]).min(axis=1)
        chance = (np.abs(truth[:, None] - grid[None, :]) >= nearest[:, None]).mean(axis=1)
        recalls.append(chance.mean())
    return float(np.mean(precisions)), float(np.mean(recalls))


@pytest.mark.parametrize("case", CASES)
def test_equals_means_over_a_grid(case: dict[str, Any]) -> None:
    found = details(*case["ranges"])
    expected = slow(*case["ranges"])
    assert found["precision"] == pytest.approx(expected[0], abs=0.01)
    assert found["recall"] == pytest.approx(expected[1], abs=0.01)


def test_a_true_event_that_was_not_found_has_recall_0_and_no_precision() -> None:
    found = METRIC.components(spans((10, 20), (100, 110)), spans((10, 20)), CONTEXT)
    assert METRIC.details(found) == {"precision": 1, "recall": 0.5}
    assert METRIC.value(found) == pytest.approx(2 / 3)


def test_perfect_silent_and_nothing() -> None:
    marks = spans((10, 20), (50, 51))
    assert METRIC.value(METRIC.components(marks, marks, CONTEXT)) == 1
    assert METRIC.value(METRIC.components(marks, [], CONTEXT)) == 0
    assert METRIC.value(METRIC.components([], marks, CONTEXT)) is None
    everything = METRIC.components(spans((0, 200)), spans((50, 60)), CONTEXT)
    assert METRIC.details(everything)["precision"] == 1


def test_mirrored_time_gives_the_same() -> None:
    for case in CASES[:6]:
        mirrored = [[(200 - b, 200 - a) for a, b in reversed(side)] for side in case["ranges"]]
        assert details(*mirrored) == pytest.approx(details(*case["ranges"]), abs=1e-12)
