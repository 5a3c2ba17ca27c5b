"""The combination: several channels, time bases, merging, flood limits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tslab_iot_maintenance.findings import Anomaly, FloatArray
from tslab_iot_maintenance.segment import (
    MAX_FINDINGS,
    align_channels,
    find_anomalies,
    merge_channels,
)
from tslab_iot_maintenance.synthetic import PlantedAnomaly, synthesize_machine


def _clock(count: int) -> FloatArray:
    return np.arange(count, dtype=np.float64)


def _overlap(found: Anomaly, truth: PlantedAnomaly) -> float:
    """Intersection over union; 1 for an instant that is inside."""
    if truth.start == truth.end:
        return float(found.start <= truth.start <= found.end)
    common = min(found.end, truth.end) - max(found.start, truth.start)
    return common / (max(found.end, truth.end) - min(found.start, truth.start))


@pytest.mark.parametrize("seed", range(6))
def test_every_planted_fault_is_found_with_its_type(seed: int) -> None:
    machine = synthesize_machine(seed)
    found = find_anomalies(dict.fromkeys(machine.values, machine.times), machine.values)
    missed = [
        truth
        for truth in machine.truth
        if not any(
            f.code == truth.code and truth.channel in f.channels and _overlap(f, truth) >= 0.5
            for f in found
        )
    ]
    assert missed == []
    # Beside them there may be echoes: a fault in one channel disturbs what predicts others.
    assert [f for f in found if not any(_overlap(f, t) > 0 for t in machine.truth)] == []
    assert {f.code for f in found} <= {t.code for t in machine.truth}


@pytest.mark.parametrize("seed", range(6))
def test_healthy_machine_is_quiet(seed: int) -> None:
    machine = synthesize_machine(seed, faults=False)
    found = find_anomalies(dict.fromkeys(machine.values, machine.times), machine.values)
    assert len(found) <= 1


def test_result_is_sorted_and_repeatable() -> None:
    machine = synthesize_machine(3)
    times = dict.fromkeys(machine.values, machine.times)
    one = find_anomalies(times, machine.values)
    assert one == sorted(one) == find_anomalies(times, machine.values)


def test_channels_with_different_time_bases() -> None:
    """Slow temperatures and a historian's irregular pressure beside 1 Hz channels."""
    machine = synthesize_machine(1, faults=False)
    rng = np.random.default_rng(0)
    times: dict[str, FloatArray] = {}
    values: dict[str, FloatArray] = {}
    for name, x in machine.values.items():
        rows: NDArray[np.intp] = np.arange(0, x.size, 10 if "temperature" in name else 1)
        if name == "pressure":
            rows = np.sort(rng.choice(x.size, x.size // 3, replace=False))
        times[name], values[name] = machine.times[rows], x[rows].copy()
    assert len(find_anomalies(times, values)) <= 1
    values["vibration"][4000:4600] += 0.8
    found = find_anomalies(times, values)
    assert [f.code for f in found if f.channels[0] == "vibration"] == ["PCX"]


def test_same_fault_on_two_channels_is_one_finding() -> None:
    rng = np.random.default_rng(0)
    values = {name: rng.standard_normal(1000) for name in "abc"}
    values["a"][400:430] = np.nan
    values["c"][410:450] = np.nan
    values["b"][700] += 20
    values["c"][700] += 40
    found = find_anomalies(dict.fromkeys("abc", _clock(1000)), values)
    assert [(f.start, f.end, f.code, f.channels) for f in found] == [
        (400, 450, "DRO", ("a", "c")),
        (700, 700, "SPK", ("c", "b")),
    ]


def test_merge_joins_chains_but_not_neighbours_or_other_codes() -> None:
    parts = [
        Anomaly(0, 10, "DRO", 0.6, ("a",)),
        Anomaly(5, 20, "DRO", 0.9, ("b",)),
        Anomaly(15, 16, "DRO", 0.7, ("a",)),
        Anomaly(20, 30, "DRO", 0.5, ("a",)),
        Anomaly(5, 20, "STK", 0.5, ("a",)),
        Anomaly(3, 3, "SPK", 0.5, ("a",)),
        Anomaly(4, 4, "SPK", 0.5, ("b",)),
    ]
    assert merge_channels(parts) == [
        Anomaly(0, 20, "DRO", 0.9, ("b", "a")),
        Anomaly(3, 3, "SPK", 0.5, ("a",)),
        Anomaly(4, 4, "SPK", 0.5, ("b",)),
        Anomaly(5, 20, "STK", 0.5, ("a",)),
        Anomaly(20, 30, "DRO", 0.5, ("a",)),
    ]
    assert merge_channels([]) == []


def test_flood_is_capped_to_the_strongest() -> None:
    x = np.random.default_rng(0).standard_normal(50_000)
    at = np.arange(100, 50_000, 400)
    x[at] += np.linspace(12, 60, at.size)
    found = find_anomalies({"x": _clock(50_000)}, {"x": x})
    spikes = [f for f in found if f.code == "SPK"]
    assert len(spikes) == MAX_FINDINGS
    assert min(f.start for f in spikes) > 20_000


def test_frozen_channel_is_not_reported_a_second_time() -> None:
    rng = np.random.default_rng(0)
    load = np.cumsum(rng.standard_normal(2000)) * 0.1
    values = {name: load + 0.1 * rng.standard_normal(2000) for name in "abc"}
    values["b"][1200:1500] = values["b"][1200] + 5
    found = find_anomalies(dict.fromkeys("abc", _clock(2000)), values)
    assert ("STK", ("b",)) in [(f.code, f.channels) for f in found]
    assert not [f for f in found if f.code == "PCX" and f.channels == ("b",)]


@pytest.mark.parametrize(
    ("times", "values"),
    [
        ({}, {}),
        ({"a": np.zeros(0)}, {"a": np.zeros(0)}),
        ({"a": np.zeros(1)}, {"a": np.ones(1)}),
        ({"a": np.zeros(0), "b": _clock(3)}, {"a": np.zeros(0), "b": _clock(3)}),
        ({"a": _clock(2)}, {"a": np.array([1, 2])}),
        ({"a": np.zeros(300), "b": _clock(3)}, {"a": np.ones(300), "b": np.ones(3)}),
    ],
)
def test_almost_nothing_gives_nothing(
    times: dict[str, FloatArray], values: dict[str, FloatArray]
) -> None:
    assert find_anomalies(times, values) == []


def test_all_missing() -> None:
    (found,) = find_anomalies({"a": _clock(500)}, {"a": np.full(500, np.nan)})
    assert (found.code, found.start, found.end) == ("DRO", 0, 500)


def test_different_keys_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"different channels: \['b', 'c'\]"):
        find_anomalies({"a": np.zeros(1), "b": np.zeros(1)}, {"a": np.zeros(1), "c": np.zeros(1)})


def test_unsorted_channel_is_named() -> None:
    with pytest.raises(ValueError, match="channel 'b'"):
        find_anomalies({"b": np.array([1.0, 0.0])}, {"b": np.zeros(2)})


class TestAlign:
    """One table from channels of different time bases."""

    def test_equal_bases_are_stacked(self) -> None:
        times = np.cumsum(np.random.default_rng(0).uniform(1, 2, 50))
        grid, table = align_channels(dict.fromkeys("ab", times), {"a": times, "b": -times})
        np.testing.assert_array_equal(grid, times)
        np.testing.assert_array_equal(table, np.column_stack((times, -times)))

    def test_the_slowest_sets_the_grid(self) -> None:
        fast, slow = _clock(1000) / 10, _clock(20) * 5
        grid, table = align_channels({"f": fast, "s": slow}, {"f": fast, "s": slow})
        assert grid.tolist() == list(range(0, 100, 5))
        np.testing.assert_allclose(table[:, 0], grid + 2.45)
        np.testing.assert_allclose(table[:, 1], grid)

    def test_rows_without_samples_are_missing(self) -> None:
        slow = np.array([0.0, 1, 2, 5, 6, 7])
        _, table = align_channels({"a": _clock(8), "b": slow}, {"a": slow[:1].repeat(8), "b": slow})
        assert np.isnan(table[:, 1]).tolist() == [False] * 3 + [True] * 2 + [False] * 3

    def test_long_recordings_are_shortened(self) -> None:
        times = _clock(1_000_000)
        grid, table = align_channels({"a": times}, {"a": np.ones(times.size)})
        assert table.shape == (20_000, 1)
        assert grid[-1] <= times[-1]
        np.testing.assert_allclose(table, 1)
