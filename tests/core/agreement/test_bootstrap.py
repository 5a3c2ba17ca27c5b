"""Intervals over tasks."""

from __future__ import annotations

import numpy as np
import pytest
from kit.span_tables import study
from numpy.typing import NDArray
from scipy import stats

from tslab.agreement import bootstrap
from tslab.agreement.bootstrap import accelerated, in_blocks, percentile, weights
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import TimeAgreement, time_metrics
from tslab.agreement.values import Readers, Value
from tslab.span_table import Extents, SpanTable


def measured(table: SpanTable, **changes: object) -> TimeAgreement:
    settings = TimeSettings(**{"draws": 400, **changes})  # type: ignore[arg-type]
    return time_metrics("tier", table, Readers(table.annotators), settings)


def value(found: TimeAgreement, metric: str, by: str = "overall", *of: str) -> Value:
    return next(row.value for row in found.rows if (row.metric, row.by, row.of) == (metric, by, of))


def of_tasks(table: SpanTable, order: NDArray[np.int64]) -> SpanTable:
    """The table of a resample, made by hand: tasks in any number."""
    parts = [np.flatnonzero(table.task == task) for task in order.tolist()]
    rows = np.concatenate(parts)
    seen = [np.flatnonzero(table.reviewed.task == task) for task in order.tolist()]
    stretches = np.concatenate(seen)
    extents = Extents.of(
        np.repeat(np.arange(len(order)), [len(part) for part in seen]),
        table.reviewed.annotator[stretches],
        table.reviewed.start[stretches],
        table.reviewed.end[stretches],
    )
    columns = {
        "task": np.repeat(np.arange(len(order)), [len(part) for part in parts]),
        "annotator": table.annotator[rows],
        "label": table.label[rows],
        "start": table.start[rows],
        "end": table.end[rows],
    }
    names = [f"t{i}" for i in range(len(order))]
    return SpanTable.of((names, table.annotators, table.labels), columns, extents)


def test_a_draw_is_the_measure_of_the_tasks_that_it_took() -> None:
    table = study(2, tasks=6)
    drawn = weights(np.ones(6, bool), 40, seed=0)
    metrics = ("time/cohen_kappa", "time/iou", "time/krippendorff_alpha", "time/iou_task_mean")
    resampled: dict[str, list[float]] = {metric: [] for metric in metrics}
    for row in drawn:
        copies = of_tasks(table, np.repeat(np.arange(6), row.astype(int)))
        found = measured(copies, draws=0)
        for metric, numbers in resampled.items():
            number = value(found, metric).value
            assert number is not None
            numbers.append(number)
    got = measured(table, draws=40, seed=0)
    for metric, numbers in resampled.items():
        low, high = np.quantile(numbers, [0.025, 0.975])
        assert value(got, metric).low == pytest.approx(low, abs=1e-12)
        assert value(got, metric).high == pytest.approx(high, abs=1e-12)


def test_the_same_seed_gives_the_same_intervals() -> None:
    table = study(1, tasks=25)
    assert measured(table).rows == measured(table).rows
    assert measured(table).rows != measured(table, seed=1).rows


def test_few_tasks_are_warned_of() -> None:
    assert measured(study(1, tasks=25)).notes == []
    assert "8 tasks" in measured(study(1, tasks=8)).notes[0]


def test_one_task_is_cut_into_blocks() -> None:
    table = study(5, tasks=1, seconds=36_000)
    found = measured(table)
    assert "one task only" in found.notes[0]
    kappa = value(found, "time/cohen_kappa")
    assert kappa.value is not None
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < kappa.value < kappa.high
    assert kappa == value(measured(table), "time/cohen_kappa")


@pytest.mark.parametrize("blocks", [1, 3, 50])
def test_blocks_keep_all_time(blocks: int) -> None:
    table = study(6, tasks=2)
    whole, cut = runs_of(table).ticks, runs_of(in_blocks(table, blocks)).ticks
    assert np.array_equal(whole.sum(axis=0), cut.sum(axis=0))


def test_percentiles_are_numpys_and_leave_undefined_draws_out() -> None:
    draws = np.random.default_rng(0).normal(size=(201, 3))
    draws[5:50, 1] = np.nan
    draws[:, 2] = np.nan
    low, high = percentile(draws)
    for column in (0, 1):
        expected = np.nanquantile(draws[:, column], [0.025, 0.975])
        assert [low[column], high[column]] == pytest.approx(expected, abs=1e-12)
    assert np.isnan([low[2], high[2]]).all()


def test_accelerated_bounds_equal_those_of_scipy() -> None:
    data = np.random.default_rng(3).exponential(size=30)
    drawn = weights(np.ones(30, bool), 4000, seed=1)
    draws = (drawn @ data / 30)[:, None]
    left = np.array([[np.delete(data, at).mean()] for at in range(30)])
    low, high = accelerated(draws, np.array([data.mean()]), left)
    expected = stats.bootstrap(
        (data,), np.mean, n_resamples=4000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert low[0] == pytest.approx(expected.low, abs=0.03)
    assert high[0] == pytest.approx(expected.high, abs=0.03)
    plain = percentile(draws)
    assert low[0] > plain[0][0]  # a skewed statistic moves both bounds up
    assert high[0] > plain[1][0]


def test_accelerated_bounds_may_be_asked_for() -> None:
    table = study(1, tasks=25)
    one, other = (value(measured(table, bca=bca), "time/iou") for bca in (False, True))
    assert one.value == other.value
    assert one.low != other.low


def test_the_interval_covers_as_often_as_it_says() -> None:
    dice = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        data = dice.normal(size=40)
        draws = weights(np.ones(40, bool), 500, seed=trial) @ data / 40
        low, high = percentile(draws[:, None])
        hits += bool(low[0] < 0 < high[0])
    assert 178 <= hits <= 197


def test_many_tasks_are_drawn_in_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    there = np.ones(500, bool)
    there[7] = False
    monkeypatch.setattr(bootstrap, "MOST_UNITS", 50)
    drawn = weights(there, 300, seed=0)
    assert (drawn[:, 7] == 0).all()
    assert drawn[:, there].mean() == pytest.approx(1, abs=0.02)
    # Each of 50 units is a Poisson count with mean 1, whatever its size.
    assert drawn[:, there].var() == pytest.approx(49 / 50, abs=0.05)
    assert len(np.unique(drawn[:, there], axis=1).T) == 50
