"""The demo machine: repeatable, plausible, and its truth is exact."""

from __future__ import annotations

import numpy as np
import pytest

from tslab_iot_maintenance.synthetic import Machine, PlantedAnomaly, synthesize_machine

CODES = {"SPK", "STK", "DRO", "CLP", "PCX", "TRD", "LVL"}


def _truth(machine: Machine, code: str) -> tuple[PlantedAnomaly, slice]:
    (truth,) = [t for t in machine.truth if t.code == code]
    rows = np.searchsorted(machine.times, (truth.start, truth.end))
    return truth, slice(int(rows[0]), int(rows[1]))


def test_same_seed_same_recording() -> None:
    one, other = synthesize_machine(5), synthesize_machine(5)
    assert one.truth == other.truth
    for name, x in one.values.items():
        np.testing.assert_array_equal(x, other.values[name])
    assert not np.array_equal(one.values["speed"], synthesize_machine(6).values["speed"])


@pytest.mark.parametrize(
    ("seconds", "rate"), [(7200, 1.0), (1200, 1.0), (600 * 5, 5.0), (86400, 0.1)]
)
def test_shape_units_and_truth(seconds: float, rate: float) -> None:
    machine = synthesize_machine(1, seconds, rate)
    assert machine.times.size == round(seconds * rate)
    np.testing.assert_allclose(np.diff(machine.times), 1 / rate)
    assert set(machine.units) == set(machine.values)
    assert all(x.shape == machine.times.shape for x in machine.values.values())
    assert {t.code for t in machine.truth} == CODES
    assert list(machine.truth) == sorted(machine.truth)
    for truth in machine.truth:
        assert 0 <= truth.start <= truth.end <= seconds
        assert truth.channel in machine.values
        assert 0 < truth.severity <= 4
        assert len(truth.failure_mode) == 3
        assert (truth.start == truth.end) == (truth.code == "SPK")


@pytest.mark.parametrize("seed", range(5))
class TestTruthIsExact:
    """What is planted starts and ends at the sample that the truth names."""

    def test_missing(self, seed: int) -> None:
        machine = synthesize_machine(seed)
        truth, rows = _truth(machine, "DRO")
        missing = np.isnan(machine.values[truth.channel])
        assert missing[rows].all()
        assert missing.sum() == rows.stop - rows.start

    def test_stuck(self, seed: int) -> None:
        machine = synthesize_machine(seed)
        truth, rows = _truth(machine, "STK")
        x = machine.values[truth.channel]
        assert np.ptp(x[rows]) == 0
        assert np.ptp(x[rows.stop : rows.stop + 20]) > 0

    def test_clipped(self, seed: int) -> None:
        machine = synthesize_machine(seed)
        truth, rows = _truth(machine, "CLP")
        x = machine.values[truth.channel]
        assert np.flatnonzero(x == x.max())[[0, -1]].tolist() == [rows.start, rows.stop - 1]
        assert np.mean(x[rows] == x.max()) > 0.9

    def test_everything_else_is_untouched(self, seed: int) -> None:
        machine, healthy = synthesize_machine(seed), synthesize_machine(seed, faults=False)
        for name, x in machine.values.items():
            changed = np.flatnonzero(~(x == healthy.values[name]))
            spans = [t for t in machine.truth if t.channel == name]
            # The way to the rail is not yet clipped: 3 % of the recording holds both.
            slack = {t: 0.03 * 7200 if t.code == "CLP" else 0.0 for t in spans}
            for time in machine.times[changed]:
                assert any(
                    t.start - slack[t] <= time < t.end + slack[t] or time == t.start for t in spans
                )


def test_healthy_machine_has_no_truth_and_no_gaps() -> None:
    machine = synthesize_machine(0, faults=False)
    assert machine.truth == ()
    assert all(np.isfinite(x).all() for x in machine.values.values())


@pytest.mark.parametrize("seed", range(5))
def test_channels_follow_the_load(seed: int) -> None:
    values = synthesize_machine(seed, faults=False).values
    for name in ("current", "vibration", "pressure", "flow"):
        assert np.corrcoef(values["speed"], values[name])[0, 1] > 0.9
    assert np.corrcoef(values["motor_temperature"], values["bearing_temperature"])[0, 1] > 0.4


@pytest.mark.parametrize("seed", range(5))
def test_values_are_what_a_small_pump_shows(seed: int) -> None:
    values = synthesize_machine(seed, faults=False).values
    ranges = {
        "speed": (950, 1550),
        "current": (4, 15),
        "vibration": (0.8, 3),
        "pressure": (1.5, 5),
        "flow": (180, 350),
        "motor_temperature": (24, 80),
        "bearing_temperature": (22, 60),
    }
    for name, (low, high) in ranges.items():
        assert low < values[name].min() < values[name].max() < high, name


def test_temperature_lags_behind_the_load() -> None:
    values = synthesize_machine(0, faults=False).values
    moves = {name: np.std(np.diff(x)) / np.std(x) for name, x in values.items()}
    assert moves["motor_temperature"] < 0.3 * moves["current"]


@pytest.mark.parametrize(("seconds", "rate"), [(100, 1.0), (1200, 0.5), (0, 1.0), (-5, 1.0)])
def test_too_short_is_an_error(seconds: float, rate: float) -> None:
    with pytest.raises(ValueError, match="too short"):
        synthesize_machine(0, seconds, rate)
