"""The cross-channel detector: faults that break relations, bad tables, and SKAB."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from tslab_iot_maintenance.findings import BoolArray, FloatArray
from tslab_iot_maintenance.residual import (
    find_residual_anomalies,
    reference_rows,
    residual_alarm,
)

NAMES = ("load", "current", "vibration", "pressure")
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SKAB = Path(os.environ.get("TSLAB_DATA", SHARED)) / "iot" / "skab"


def _machine(rows: int = 1200, seed: int = 0) -> FloatArray:
    """Four channels that follow one load, shape (rows, 4)."""
    rng = np.random.default_rng(seed)
    load = np.convolve(rng.standard_normal(rows + 30), np.ones(31) / 31, mode="valid") * 5
    parts = np.column_stack((load, 2 * load + 5, 0.5 * load, 3 - load))
    return np.asarray(parts + 0.2 * rng.standard_normal((rows, 4)))


def _find(values: FloatArray, times: FloatArray | None = None) -> list[tuple[float, float, str]]:
    seconds: FloatArray = np.arange(len(values), dtype=np.float64) if times is None else times
    found = find_residual_anomalies(seconds, values, NAMES[: values.shape[1]])
    return [(a.start, a.end, a.channels[0]) for a in found]


@pytest.mark.parametrize("seed", range(10))
def test_normal_machine_is_quiet(seed: int) -> None:
    assert _find(_machine(seed=seed)) == []


@pytest.mark.parametrize("seed", range(5))
def test_broken_relation_is_found_and_named(seed: int) -> None:
    """The vibration stays within its own range: only its relation to the load is wrong."""
    x = _machine(seed=seed)
    x[700:900, 2] = -x[700:900, 2] + 1.0
    found = find_residual_anomalies(np.arange(1200, dtype=np.float64), x, NAMES)
    assert {a.code for a in found} == {"PCX"}
    assert {a.channels[0] for a in found} == {"vibration"}
    assert sum(min(a.end, 900) - max(a.start, 700) for a in found) > 140
    assert all(660 < a.start < a.end < 940 and 0.5 < a.score < 1 for a in found)


def test_reference_length() -> None:
    assert [reference_rows(n) for n in (100, 500, 1000, 1147, 2000, 9405)] == [
        40, 200, 400, 400, 400, 1881,
    ]  # fmt: skip


def test_reference_is_never_reported() -> None:
    x = _machine()
    x[100:200, 1] += 50
    alarm, scores = residual_alarm(x)
    assert not alarm[:400].any()
    assert not scores[:400].any()


def test_order_unit_and_sign_of_channels_do_not_matter() -> None:
    x = _machine()
    x[700:900, 1] += 2.0
    alarm, scores = residual_alarm(x)
    assert alarm.any()
    other, turned = residual_alarm(x[:, [2, 0, 3, 1]] * [3.0, -0.1, 1e6, 40.0] + [7, 0, -5e5, 1])
    np.testing.assert_array_equal(alarm, other)
    np.testing.assert_allclose(scores[:, [2, 0, 3, 1]], turned, rtol=1e-4, atol=1e-6)


def test_slow_warming_up_is_forgiven() -> None:
    """A channel that wanders in the reference may wander on; a jump in another may not."""
    x = _machine()
    walk = np.cumsum(0.05 * np.random.default_rng(4).standard_normal(1200))
    x = np.column_stack((x[:, :3], walk))
    assert _find(x) == []
    x[800:, 1] += 3.0
    assert [c for _, _, c in _find(x)] == ["current"]


def test_lasting_change_becomes_the_new_normal() -> None:
    x = _machine(6000)
    x[2000:, 2] += 3.0
    (found,) = _find(x)
    assert abs(found[0] - 2000) < 40
    assert found[1] - found[0] == pytest.approx(2 * reference_rows(6000), abs=1)


def test_constant_and_missing_channels_are_ignored() -> None:
    x = _machine()
    x[700:900, 2] += 2.0
    expected = _find(x)
    extra = np.column_stack((x[:, :3], np.full(1200, 7.7)))
    assert [e[2] for e in expected] == [f[2] for f in _find(extra)]
    extra[:, 3] = np.nan
    assert [e[2] for e in expected] == [f[2] for f in _find(extra)]


def test_bit_that_never_moved_in_the_reference_is_ignored() -> None:
    x = _machine()
    x[:, 3] = np.arange(1200) > 800
    assert _find(x) == []


def test_missing_rows_are_not_in_alarm() -> None:
    x = _machine()
    x[500:560] = np.nan
    x[::7, 1] = np.nan
    assert _find(x) == []


def test_copy_of_a_channel() -> None:
    x = _machine()
    x[:, 3] = x[:, 0]
    assert _find(x) == []
    x[800:900, 3] += 3.0
    assert len(_find(x)) == 1


def test_irregular_times_are_reported_as_they_are() -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(0.5, 60, 1200))
    x = _machine()
    x[700:900, 2] += 2.0
    (found,) = _find(x, times)
    rows = np.searchsorted(times, found[:2])
    assert abs(rows[0] - 700) < 30
    assert abs(rows[1] - 900) < 30


@pytest.mark.parametrize("rows", [0, 1, 2, 50, 99])
def test_few_rows_are_not_judged(rows: int) -> None:
    assert _find(_machine()[:rows]) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 1e308])
def test_degenerate_tables(value: float) -> None:
    assert _find(np.full((500, 3), value)) == []
    assert _find(np.zeros((500, 0))) == []


def test_huge_and_tiny_values() -> None:
    x = _machine()
    x[700:900, 2] += 2.0
    assert _find(x * 1e300) == _find(x) == _find(x * 1e-200)


class TestOneChannel:
    """The fallback compares a channel's windows with each other."""

    def _season(self, seed: int = 0) -> FloatArray:
        noise = 0.05 * np.random.default_rng(seed).standard_normal(3000)
        return np.asarray(np.sin(np.arange(3000) / 30) + noise)[:, None]

    @pytest.mark.parametrize("seed", range(5))
    def test_season_is_quiet(self, seed: int) -> None:
        assert _find(self._season(seed)) == []

    def test_unusual_shape_is_found(self) -> None:
        x = self._season()
        x[1500:1600, 0] = 0.6 * np.sin(np.arange(100) / 2)
        ((start, end, name),) = _find(x)
        assert name == "load"
        assert abs(start - 1500) < 30
        assert abs(end - 1600) < 30

    def test_other_channels_constant(self) -> None:
        x = self._season()
        x[1500:1600, 0] = 0.6 * np.sin(np.arange(100) / 2)
        assert len(_find(np.column_stack((x[:, 0], np.full(3000, 4.0))))) == 1

    def test_status_bit_and_duty_cycle_are_quiet(self) -> None:
        bit = (np.arange(3000) % 250 < 40).astype(np.float64)
        assert _find(bit[:, None]) == []
        noise = 0.02 * np.random.default_rng(0).standard_normal(3000)
        assert _find((bit + noise)[:, None]) == []


def _read(path: Path) -> tuple[FloatArray, BoolArray]:
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines, delimiter=";"))
    values = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])
    truth = values[:, 8] > 0 if values.shape[1] > 8 else np.zeros(len(values), dtype=np.bool_)
    return values[:, :8], truth


@pytest.mark.skipif(not SKAB.is_dir(), reason=f"no SKAB data at {SKAB}; set TSLAB_DATA")
class TestSkab:
    """Water testbed, first 400 rows for training: Katser & Kozitsin 2020, protocol v0.9."""

    def test_goal_f1_and_false_alarms(self) -> None:
        tp = fp = fn = tn = 0
        for path in sorted(SKAB.glob("*/*.csv")):
            values, truth = _read(path)
            if not truth.any():
                continue
            alarm, truth = residual_alarm(values)[0][400:], truth[400:]
            tp, fp = tp + int(np.sum(alarm & truth)), fp + int(np.sum(alarm & ~truth))
            fn, tn = fn + int(np.sum(~alarm & truth)), tn + int(np.sum(~alarm & ~truth))
        assert 2 * tp / (2 * tp + fp + fn) >= 0.75
        assert fp / (fp + tn) <= 0.25

    def test_anomaly_free_recording_is_quiet(self) -> None:
        values, _ = _read(SKAB / "anomaly-free" / "anomaly-free.csv")
        assert residual_alarm(values)[0].mean() <= 0.05
