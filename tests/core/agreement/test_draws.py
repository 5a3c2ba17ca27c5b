"""Intervals of what does not simply add up: alphas of units, gamma, kappas, medians of borders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from kit.changed_tables import columns_of
from kit.span_tables import random_table, study
from numpy.typing import NDArray

from tslab.agreement.events import quantile_draws
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.events.metrics import EventSettings, event_metrics
from tslab.agreement.events.scores import event_kappa
from tslab.agreement.panel import TimeSettings
from tslab.agreement.unitizing import alpha_draws
from tslab.agreement.unitizing.alpha import alpha_u, disagreement
from tslab.agreement.unitizing.alpha_draws import alpha_u_draws
from tslab.agreement.unitizing.holistic import HolisticSettings, holistic_rows
from tslab.agreement.values import NO_SUM, TAKES_LONG, Readers, Row, Value
from tslab.span_table import Extents, SpanTable

TASKS = 40
DRAWS = TimeSettings(draws=1000)
Key = tuple[str, str, tuple[str, ...]]


def by_key(rows: list[Row]) -> dict[Key, Value]:
    return {(row.metric, row.by, row.of): row.value for row in rows}


def events(table: SpanTable, settings: TimeSettings = DRAWS) -> dict[Key, Value]:
    wanted = EventSettings(intervals=settings)
    return by_key(event_metrics("t", table, Readers(table.annotators), wanted).rows)


def whole(table: SpanTable, settings: TimeSettings = DRAWS, samples: int = 2) -> dict[Key, Value]:
    wanted = HolisticSettings(samples=samples, intervals=settings)
    return by_key(list(holistic_rows("t", table, Readers(table.annotators), wanted)))


def drawn_anew(measure: Callable[[NDArray[np.int64]], float], tasks: int = TASKS) -> list[float]:
    """Ends of the middle 95 % of a measure of tasks that are drawn one by one."""
    dice = np.random.default_rng(7)
    found = [measure(dice.integers(0, tasks, tasks)) for _ in range(1500)]
    return [float(end) for end in np.percentile(found, [2.5, 97.5])]


def repeated(table: SpanTable, times: NDArray[np.int64]) -> SpanTable:
    """A table with each task as often as it is drawn."""
    source = np.repeat(np.arange(len(table.tasks)), times)
    seen, parts, extents = table.reviewed, [], []
    for number, task in enumerate(source.tolist()):
        own, there = np.flatnonzero(table.task == task), seen.task == task
        columns = {name: np.asarray(part)[own] for name, part in columns_of(table).items()}
        parts.append(columns | {"task": np.full(len(own), number)})
        extents.append((seen.annotator[there], seen.start[there], seen.end[there], number))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    joined["region"] = np.arange(len(joined["task"]))
    who, start, end = (np.concatenate([row[k] for row in extents]) for k in range(3))
    task = np.repeat([row[3] for row in extents], [len(row[0]) for row in extents])
    names = [f"d{number}" for number in range(len(source))]
    return SpanTable.of(
        (names, table.annotators, table.labels), joined, Extents.of(task, who, start, end)
    )


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("unit", [0.0, 1.0])
def test_alpha_u_of_a_draw_is_that_of_the_tasks_drawn(ragged: bool, unit: float) -> None:
    table = random_table(2, tasks=6, ticks=300, spans=8, ragged=ragged)
    dice = np.random.default_rng(0)
    times = np.stack([np.bincount(dice.integers(0, 6, 6), minlength=6) for _ in range(12)])
    found = alpha_u_draws(table, [0, 1, 2], times.astype(float), unit)
    assert found is not None
    for row, own in zip(found, times, strict=True):
        observed, expected = disagreement(repeated(table, own), [0, 1, 2], unit or None).together
        np.testing.assert_allclose(row[:-1], alpha_u(observed, expected), rtol=1e-9)
        one = float(alpha_u(observed.sum(), expected.sum()))
        assert row[-1] == pytest.approx(one, rel=1e-9)


def test_alphas_and_gamma_have_intervals_around_them() -> None:
    table = study(3, tasks=TASKS)
    found = whole(table)
    for key in (
        ("unitizing/alpha_u", "overall", ()), ("unitizing/alpha_u", "label", ("l1",)),
        ("unitizing/alpha_u", "pair", ("a0", "a2")), ("gamma", "overall", ()),
        ("unitizing/u_alpha_provisional", "overall", ()), ("gamma", "annotator", ("a1",)),
    ):  # fmt: skip
        value = found[key]
        assert value.value is not None
        assert value.low is not None
        assert value.high is not None
        assert value.low < value.value < value.high, key
        assert value.high - value.low < 0.3
    plain = whole(table, TimeSettings(draws=0))
    assert {key: value.value for key, value in plain.items()} == {
        key: value.value for key, value in found.items()
    }
    assert all(value.low is None for value in plain.values())


def test_intervals_of_alpha_u_are_left_out_where_they_take_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alpha_draws, "MOST", 10)
    found = whole(study(3, tasks=4), samples=0)
    value = found["unitizing/alpha_u", "overall", ()]
    assert value.value is not None
    assert value.low is None
    assert value.no_interval == TAKES_LONG
    assert found["unitizing/u_alpha_provisional", "overall", ()].low is not None


def test_pieces_of_draws_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    table = random_table(1, tasks=8, spans=8)
    weights = np.random.default_rng(0).integers(0, 3, (30, 8)).astype(float)
    one = alpha_u_draws(table, [0, 1], weights)
    monkeypatch.setattr(alpha_draws, "CHUNK", 100)
    other = alpha_u_draws(table, [0, 1], weights)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_kappas_of_events_have_those_of_tasks_drawn_anew() -> None:
    table = random_table(5, tasks=TASKS, annotators=2, spans=10)
    value = events(table)["event/kappa", "pair", ("a0", "a1")]
    (found,) = match_events(table, (0, 1), [Iou(0.5)], "any")
    counts, sets = found.counts, len(found.counts.sets)
    cells = np.zeros((TASKS, sets + 1, sets + 1))
    at = counts.items.task[found.item], found.label + 1, found.hypothesis_label + 1
    np.add.at(cells, at, 1)
    cells[counts.items.task, 1:, 0] += counts.reference - counts.found
    cells[counts.items.task, 0, 1:] += counts.hypothesis - counts.confirmed
    assert value.value == pytest.approx(float(event_kappa(cells.sum(axis=0))))
    ends = drawn_anew(lambda tasks: float(event_kappa(cells[tasks].sum(axis=0))))
    assert [value.low, value.high] == pytest.approx(ends, abs=0.01)
    overall = events(table)["event/kappa_matched", "overall", ()]
    assert overall.low is not None


@pytest.mark.parametrize(("name", "share"), [("median_error", 50), ("p95_error", 95)])
def test_medians_have_those_of_tasks_drawn_anew(name: str, share: int) -> None:
    table = study(1, tasks=TASKS, annotators=2)
    value = events(table, TimeSettings(draws=2000))[f"event/onset_{name}", "pair", ("a0", "a1")]
    (found,) = match_events(table, (0, 1), [Iou(0.5)])
    task = found.counts.items.task[found.item]
    errors = [np.abs(found.onset[task == number]) / 1e6 for number in range(TASKS)]
    ends = drawn_anew(lambda tasks: float(
        np.percentile(np.concatenate([errors[task] for task in tasks]), share)))  # fmt: skip
    assert [value.low, value.high] == pytest.approx(ends, rel=0.03)


def test_which_spreads_have_intervals() -> None:
    table = study(1, tasks=TASKS)
    found = events(table)
    for by, of in (("overall", ()), ("label", ("l0",)), ("pair", ("a0", "a1"))):
        assert found["event/offset_median_error", by, of].low is not None
        assert found["event/offset_mad", by, of].low is None
    own = found["event/offset_median_error", "annotator", ("a0",)]
    assert (own.low, own.no_interval) == (None, NO_SUM)
    alone = events(study(1, tasks=1))
    assert alone["event/offset_median_error", "overall", ()].low is None


def test_medians_have_no_interval_where_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    table = study(1, tasks=TASKS)
    seen = []
    for most in (1000, 10**9):
        monkeypatch.setattr(quantile_draws, "MOST", most)
        found = events(table)
        seen.append([
            found["event/onset_median_error", by, of].low is not None
            for by, of in (("overall", ()), ("pair", ("a0", "a1")))
        ])  # fmt: skip
    assert seen == [[False, False], [True, True]]


def test_instants_have_an_interval_of_their_median() -> None:
    dice = np.random.default_rng(0)
    rows = [
        (task, who, 0, int(t), int(t))
        for task in range(TASKS)
        for who in (0, 1)
        for t in 1000 * np.arange(1, 30) + dice.integers(-90, 90, 29)
    ]
    task, who, label, start, end = np.array(rows).T
    columns = {"task": task, "annotator": who, "label": label, "start": start, "end": end}
    pairs = np.divmod(np.arange(2 * TASKS), 2)
    seen = Extents.of(*pairs, np.zeros(2 * TASKS), np.full(2 * TASKS, 40_000))
    names = [f"t{n}" for n in range(TASKS)], ("a0", "a1"), ("l",)
    table = SpanTable.of(names, columns, seen)
    rows_found = instant_metrics("t", table, Readers(("a0", "a1")), InstantSettings(
        400, intervals=DRAWS)).rows  # fmt: skip
    value = by_key(rows_found)["instant/median_error", "overall", ()]
    errors = np.abs(match_instants(table, (0, 1), 400).onset) / 1e6
    assert value.value == pytest.approx(float(np.median(errors)))
    assert value.low is not None
    assert value.high is not None
    assert value.low <= value.value <= value.high
