"""Measures of instants and of units as a whole, as rows."""

from __future__ import annotations

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.span_tables import random_table

from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.panel import TimeSettings
from tslab.agreement.unitizing.holistic import HolisticSettings, holistic_rows
from tslab.agreement.values import NO_MATCH, NO_REFERENCE, NOTHING_MARKED, Readers, Value
from tslab.span_table import SpanTable

Key = tuple[str, str, tuple[str, ...]]
QUICK = TimeSettings(draws=0)


def instants(tolerance: int = 5, draws: int = 0) -> dict[Key, Value]:
    rng = np.random.default_rng(0)
    beats = np.arange(20, 980, 40)
    rows = [
        (task, who, int(beat % 80 == 20), int(beat + late), int(beat + late))
        for task in range(6)
        for who, shift in ((0, 0), (1, 3))
        for beat, late in zip(beats, shift + rng.integers(0, 3, len(beats)), strict=True)
        if rng.random() > 0.1
    ]
    return _found(
        table_of(rows, tasks=6), InstantSettings(tolerance, intervals=TimeSettings(draws))
    )


def _found(table: SpanTable, settings: InstantSettings) -> dict[Key, Value]:
    rows = instant_metrics("tier", table, Readers(table.annotators), settings).rows
    return {(row.metric, row.by, row.of): row.value for row in rows}


def test_instants_have_scores_and_errors() -> None:
    found = instants()
    pair = "pair", ("a0", "a1")
    assert found[("instant/f1", *pair)].value == pytest.approx(0.9, abs=0.05)
    assert found[("instant/bias", *pair)].value == pytest.approx(3e-6, abs=1e-6)
    assert found[("instant/bias", "annotator", ("a0",))].value == pytest.approx(-3e-6, abs=1e-6)
    assert found[("instant/median_error", "overall", ())].value == pytest.approx(3e-6)
    assert ("instant/bias", "overall", ()) not in found
    assert ("instant/recall", "label", ("L0",)) not in found


def test_intervals_lie_around_the_value() -> None:
    value = instants(draws=200)[("instant/f1", "overall", ())]
    assert value.low is not None
    assert value.high is not None
    assert value.value is not None
    assert value.low < value.value < value.high


def test_equal_instants_are_full_agreement_and_far_ones_none() -> None:
    table = table_of([(0, 0, 0, 50, 50), (0, 1, 0, 50, 50)])
    exact = _found(table, InstantSettings(0, intervals=QUICK))
    assert exact[("instant/f1", "overall", ())] == Value(1.0)
    table = table_of([(0, 0, 0, 50, 50), (0, 1, 0, 56, 56)])
    far = _found(table, InstantSettings(5, intervals=QUICK))
    assert far[("instant/f1", "overall", ())] == Value(0.0)
    assert far[("instant/median_error", "overall", ())] == Value(None, NO_MATCH)
    alone = _found(table_of([(0, 1, 0, 5, 5)]), InstantSettings(5, intervals=QUICK))
    assert alone[("instant/recall", "pair", ("a0", "a1"))] == Value(None, NO_REFERENCE)
    assert alone[("instant/f1", "label", ("L1",))] == Value(None, NOTHING_MARKED)


def test_units_as_a_whole_have_rows() -> None:
    table = random_table(1, tasks=4, annotators=3, spans=8)
    settings = HolisticSettings(samples=5)
    rows = list(holistic_rows("tier", table, Readers(table.annotators), settings))
    found = {(row.metric, row.by, row.of): row for row in rows}
    assert len(found) == len(rows)
    pairs = [found[("gamma", "pair", of)].value.value for _, by, of in found
             if _ == "gamma" and by == "pair"]  # fmt: skip
    assert found[("gamma", "overall", ())].value.value == pytest.approx(np.mean(np.array(pairs)))
    for metric in ("unitizing/alpha_u", "unitizing/u_alpha_provisional"):
        assert found[(metric, "overall", ())].value.value is not None
    assert found[("unitizing/alpha_u", "label", ("l1",))].events > 0
    assert ("unitizing/alpha_u", "task", ("t2",)) in found


def test_the_same_thing_said_twice_is_full_agreement() -> None:
    rows = [(0, who, label, 100 * n, 100 * n + 40) for who in (0, 1) for n in range(8)
            for label in [n % 2]]  # fmt: skip
    settings = HolisticSettings(samples=5)
    table = table_of(rows)
    found = {
        (row.metric, row.by): row.value.value
        for row in holistic_rows("tier", table, Readers(table.annotators), settings)
    }
    assert found[("unitizing/alpha_u", "overall")] == pytest.approx(1)
    assert found[("unitizing/u_alpha_provisional", "overall")] == pytest.approx(1)
    assert found[("gamma", "overall")] == pytest.approx(1)


def test_nothing_marked_says_so() -> None:
    table = table_of([])
    settings = HolisticSettings(samples=2)
    found = list(holistic_rows("tier", table, Readers(table.annotators), settings))
    assert all(row.value.value is None and row.value.reason for row in found)
