"""Delays by hand, and the score of NAB against its rules on samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from tslab import AgreementContext, Span
from tslab_iot_maintenance.comparisons import metrics
from tslab_iot_maintenance.detection import DetectionDelay, WindowScore
from tslab_iot_maintenance.ontology import DOMAIN

CONTEXT = AgreementContext(DOMAIN, ((0.0, 1000.0),), ("a", "b"))
DELAY, NAB = DetectionDelay(), WindowScore()


def spans(*ranges: Sequence[float]) -> list[Span]:
    return [Span(start, end, "Drop", "anomaly") for start, end in ranges]


def test_delay_is_to_the_first_overlap_and_never_negative() -> None:
    truth = spans((10, 20), (50, 60), (80, 90))
    found = DELAY.components(truth, spans((5, 12), (53, 54), (58, 70)), CONTEXT)
    assert found == {"events": 3, "found": 2, "seconds": 3}
    assert DELAY.value(found) == 1.5
    assert DELAY.details(found) == {"found": 2 / 3}


def test_delay_of_nothing() -> None:
    assert DELAY.value(DELAY.components(spans((1, 2)), [], CONTEXT)) is None
    assert DELAY.value(DELAY.components([], [], CONTEXT)) is None
    assert DELAY.details(DELAY.components([], [], CONTEXT)) == {"found": None}


def worth(place: float) -> float:
    return 2 / (1 + math.exp(5 * place)) - 1


def test_the_worth_of_alarms_by_hand() -> None:
    truth = spans((100, 200), (500, 600))
    at_once = NAB.components(truth, spans((100, 101), (500, 600)), CONTEXT)
    assert NAB.value(at_once) == 1
    late = NAB.components(truth, spans((150, 160), (180, 190)), CONTEXT)
    assert late["hits"] == pytest.approx(worth(-0.5) / worth(-1))
    assert (late["missed"], late["false_alarms"]) == (1, 0)
    soon_after = NAB.components(truth, spans((250, 260)), CONTEXT)
    assert soon_after["false_alarms"] == pytest.approx(-worth(0.5))
    before = NAB.components(truth, spans((50, 60)), CONTEXT)
    assert before["false_alarms"] == 1
    far = NAB.components(truth, spans((950, 960)), CONTEXT)
    assert far["false_alarms"] == 1


def test_profiles() -> None:
    truth = spans((100, 200), (500, 600))
    parts = NAB.components(truth, spans((100, 110), (20, 30)), CONTEXT)
    assert NAB.details(parts) == {
        "standard": pytest.approx((1 - 0.11 - 1 + 2) / 4),
        "low_fp": pytest.approx((1 - 0.22 - 1 + 2) / 4),
        "low_fn": pytest.approx((1 - 0.11 - 2 + 4) / 6),
    }
    assert NAB.value(NAB.components(truth, [], CONTEXT)) == 0
    assert NAB.value(NAB.components([], spans((1, 2)), CONTEXT)) is None


def test_equals_the_rules_on_samples() -> None:
    """Windows are walked sample by sample; in a window both count alike, after it within one."""
    dice = np.random.default_rng(0)
    for _ in range(100):
        edges = np.sort(dice.choice(np.arange(0, 1000, 10), 6, replace=False))
        windows = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a > 10]
        alarms = sorted({int(x) for x in dice.integers(0, 990, 6)})
        alarms = [x for x in alarms if x - 1 not in alarms]
        hits: dict[tuple[int, int], float] = {}
        cost = 0.0
        for alarm in alarms:
            inside = [w for w in windows if w[0] <= alarm < w[1]]
            if inside:
                place = -(inside[0][1] - alarm) / (inside[0][1] - inside[0][0])
                hits[inside[0]] = max(hits.get(inside[0], -1), worth(place) / worth(-1))
                continue
            before = [w for w in windows if w[1] <= alarm]
            place = (alarm - before[-1][1]) / (before[-1][1] - before[-1][0]) if before else 3.0
            cost += 1.0 if place >= 3 else -worth(place)
        truth = [(w[0], w[1]) for w in windows]
        found = NAB.components(spans(*truth), spans(*((x, x + 0.5) for x in alarms)), CONTEXT)
        touching = any(a[1] == b[0] for a, b in pairwise(truth))
        if touching:
            continue
        assert found["hits"] == pytest.approx(sum(hits.values()))
        assert found["false_alarms"] == pytest.approx(cost)
        assert found["missed"] == len(windows) - len(hits)


def test_all_measures_are_additive_and_perfect_with_themselves() -> None:
    truth, other = spans((10, 20), (40, 80)), spans((12, 30), (45, 70))
    names = set()
    for metric in metrics():
        names.add(metric.name)
        same = metric.value(metric.components(truth, truth, CONTEXT))
        assert same == (0 if metric.name == "detection-delay" else 1)
        parts = metric.components(truth, other, CONTEXT)
        double = {key: 2 * value for key, value in parts.items()}
        assert metric.value(double) == pytest.approx(metric.value(parts))
    assert len(names) == 5
