"""The single-channel rules: planted faults are found, clean and broken channels are quiet."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter

from tslab_iot_maintenance.findings import Anomaly, FloatArray, strength
from tslab_iot_maintenance.rules import RULES, find_rule_anomalies

Generator = np.random.Generator


def _autoregressive(rng: Generator, count: int, keep: float) -> FloatArray:
    return np.asarray(lfilter([1.0], [1.0, -keep], rng.standard_normal(count)))


def _sine(count: int, period: float) -> FloatArray:
    return np.asarray(np.sin(2 * np.pi * np.arange(count) / period + 1.0))


def _duty(rng: Generator, count: int) -> FloatArray:
    period, on = int(rng.integers(40, 250)), int(rng.integers(15, 40))
    return np.asarray((np.arange(count) % period < on).astype(np.float64))


CLEAN: dict[str, Callable[[Generator, int], FloatArray]] = {
    "white": lambda rng, n: rng.standard_normal(n),
    "laplace": lambda rng, n: rng.laplace(size=n),
    "ar": lambda rng, n: _autoregressive(rng, n, 0.9),
    "slow ar": lambda rng, n: _autoregressive(rng, n, 0.99),
    "sine and noise": lambda rng, n: _sine(n, n / 9) + 0.1 * rng.standard_normal(n),
    "pure sine": lambda rng, n: _sine(n, 97.3),
    "season": lambda rng, n: 20 + 5 * _sine(n, n / 7) + 0.3 * _autoregressive(rng, n, 0.8),
    "random walk": lambda rng, n: np.cumsum(rng.standard_normal(n)),
    "duty cycle": _duty,
    "noisy duty cycle": lambda rng, n: 10 * _duty(rng, n) + 0.2 * rng.standard_normal(n),
    "rests at zero": lambda rng, n: _duty(rng, n) * (10 + 0.2 * rng.standard_normal(n)),
    "8-bit sine": lambda rng, n: np.round(127 * _sine(n, n / 5)),
    "8-bit noise": lambda rng, n: np.round(127 * _sine(n, n / 5) + 3 * rng.standard_normal(n)),
    "coarse": lambda rng, n: np.round(1.2 * rng.standard_normal(n)),
    "set point": lambda rng, n: np.repeat(np.floor(rng.uniform(0, 5, n // 200 + 1)), 200)[:n],
}


def _codes(values: NDArray[np.generic], times: FloatArray | None = None) -> list[str]:
    return [a.code for a in _find(values, times)]


def _find(values: NDArray[np.generic], times: FloatArray | None = None) -> list[Anomaly]:
    seconds = np.arange(len(values), dtype=np.float64) if times is None else times
    return find_rule_anomalies(seconds, values, "x")


@pytest.mark.parametrize("count", [1000, 10_000])
@pytest.mark.parametrize("name", CLEAN)
def test_clean_channels_are_quiet(name: str, count: int) -> None:
    """At most one finding in ten recordings, whatever the channel is like.

    A random walk may look like a trend: 3 % of 400 at 1000 samples, 6 % at 10 000.
    """
    found = [
        (seed, finding)
        for seed in range(10)
        for finding in _find(CLEAN[name](np.random.default_rng(seed), count))
    ]
    assert len(found) <= (2 if name == "random walk" else 1), found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1000, 10_000])
@pytest.mark.parametrize("base", ["white", "sine and noise", "8-bit noise"])
class TestPlanted:
    """One fault in an otherwise clean channel is found at its place, and nothing else is."""

    def _base(self, base: str, count: int, seed: int) -> tuple[FloatArray, int]:
        rng = np.random.default_rng(seed)
        x = CLEAN[base](rng, count)
        return x, int(rng.uniform(0.3 * count, 0.6 * count))

    def test_spike(self, base: str, count: int, seed: int) -> None:
        x, at = self._base(base, count, seed)
        x[at] += 12 * np.std(np.diff(x))
        assert [(a.start, a.end, a.code) for a in _find(x)] == [(at, at, "SPK")]

    def test_short_burst_is_a_range(self, base: str, count: int, seed: int) -> None:
        x, at = self._base(base, count, seed)
        x[at : at + 3] -= 14 * np.std(np.diff(x))
        assert [(a.start, a.end, a.code) for a in _find(x)] == [(at, at + 3, "SPK")]

    def test_stuck(self, base: str, count: int, seed: int) -> None:
        x, at = self._base(base, count, seed)
        x[at : at + 60] = x[at]
        (found,) = [a for a in _find(x) if a.code == "STK"]
        assert abs(found.start - at) <= 3
        assert abs(found.end - at - 60) <= 3

    def test_dropout(self, base: str, count: int, seed: int) -> None:
        x, at = self._base(base, count, seed)
        x[at : at + 30] = np.nan
        assert [(a.start, a.end, a.code) for a in _find(x)] == [(at, at + 30, "DRO")]

    def test_level_shift_lasts_to_the_end(self, base: str, count: int, seed: int) -> None:
        x, at = self._base(base, count, seed)
        x[at:] += 4.5 * np.std(x)
        (found,) = _find(x)
        assert (found.code, found.end) == ("LVL", count)
        assert abs(found.start - at) <= 3

    def test_level_shift_ends_where_it_returns(self, base: str, count: int, seed: int) -> None:
        x, at = self._base(base, count, seed)
        until = at + count // 4
        x[at:until] -= 4.5 * np.std(x)
        (found,) = _find(x)
        assert found.code == "LVL"
        assert abs(found.start - at) <= 3
        assert abs(found.end - until) <= 3


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1000, 10_000])
def test_drift_is_found_from_its_onset(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(count)
    onset = count // 2
    x[onset:] += np.linspace(0, 8, count - onset)
    (found,) = _find(x)
    assert (found.code, found.end) == ("TRD", count)
    assert abs(found.start - onset) < 0.2 * count


def test_drift_over_the_whole_recording() -> None:
    x = np.random.default_rng(0).standard_normal(5000) + np.linspace(0, 5, 5000)
    (found,) = _find(x)
    assert (found.code, found.start, found.end) == ("TRD", 0, 5000)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("seed", range(3))
def test_clipping_at_either_rail(sign: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    full = 5 * _sine(4000, 400) + 0.2 * rng.standard_normal(4000)
    x = sign * np.minimum(full, 3.5)
    found = _find(x)
    assert {a.code for a in found} == {"CLP"}
    assert 9 <= len(found) <= 11
    inside = sum(a.end - a.start for a in found)
    assert inside == pytest.approx(np.sum(full > 3.5), rel=0.1)


def test_a_stop_is_not_clipping_and_rest_is_not_stuck() -> None:
    rng = np.random.default_rng(0)
    x = 50 + rng.standard_normal(5000)
    for at in (800, 2000, 3100, 4200):
        x[at : at + 250] = 0.0
    assert "CLP" not in _codes(x)
    assert "STK" not in _codes(x)


def test_rest_with_slow_starts_is_not_clipping() -> None:
    cycle = np.concatenate((np.zeros(300), np.linspace(0, 50, 60), np.full(200, 50.0)))
    rng = np.random.default_rng(0)
    x = np.tile(cycle, 8)
    x = np.where(x > 0, x + 0.3 * rng.standard_normal(x.size), 0.0)
    assert "CLP" not in _codes(x)
    assert "STK" not in _codes(x)


def test_a_ramp_between_two_loads_is_no_spike() -> None:
    x = np.tile(np.concatenate((np.zeros(100), [0.25, 0.5, 0.75], np.ones(100))), 10)
    noise = 0.001 * np.random.default_rng(0).standard_normal(x.size)
    assert "SPK" not in _codes(x + noise)


def test_a_pulse_longer_than_five_samples_is_no_spike() -> None:
    x = np.random.default_rng(0).standard_normal(1000)
    x[500:506] += 30
    assert "SPK" not in _codes(x)


def test_time_gap_is_a_dropout() -> None:
    times = np.delete(np.arange(1000.0), slice(400, 450))
    found = _find(np.random.default_rng(0).standard_normal(950), times)
    assert [(a.start, a.end, a.code) for a in found] == [(400, 450, "DRO")]


def test_compressed_archive_has_no_dropouts() -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.exponential(30.0, 2000))
    assert "DRO" not in _codes(rng.standard_normal(2000), times)


def test_slow_channel_in_a_fast_table_has_no_dropouts_but_its_own() -> None:
    x = np.full(10_000, np.nan)
    x[::10] = np.random.default_rng(0).standard_normal(1000)
    assert "DRO" not in _codes(x)
    x[4001:4400] = np.nan
    assert [(a.start, a.end) for a in _find(x) if a.code == "DRO"] == [(4010, 4400)]


def test_infinite_values_are_missing() -> None:
    x = np.random.default_rng(0).standard_normal(500)
    x[100], x[200:203] = np.inf, -np.inf
    assert [(a.start, a.end, a.code) for a in _find(x)] == [(100, 101, "DRO"), (200, 203, "DRO")]


def test_score_grows_with_the_evidence() -> None:
    x = np.random.default_rng(0).standard_normal(2000)
    scores = []
    for height in (10, 20, 60):
        y = x.copy()
        y[1000] += height
        scores.append(_find(y)[0].score)
    assert scores == sorted(scores)
    assert 0.5 <= scores[0] < scores[-1] <= 1


def test_strength_stays_between_zero_and_one() -> None:
    assert strength(1.0) == 0.5
    assert strength(float("inf")) == 1.0
    assert 0 < strength(0.0) < 1e-5


BAD: dict[str, NDArray[np.generic]] = {
    "empty": np.zeros(0),
    "one sample": np.ones(1),
    "two samples": np.array([1.0, 2.0]),
    "all nan": np.full(500, np.nan),
    "constant": np.full(500, 20.1),
    "one value among nan": np.where(np.arange(500) == 250, 1.0, np.nan),
    "all infinite": np.full(500, np.inf),
    "huge": 1e308 * np.where(np.arange(500) % 2, 1.0, -1.0),
    "tiny": 1e-310 * (np.arange(500) % 7),
    "integers": np.arange(500) % 7,
    "booleans": np.arange(500) % 50 < 10,
    "float32": np.random.default_rng(0).standard_normal(500).astype(np.float32),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_survived(name: str) -> None:
    found = _find(BAD[name])
    assert {a.code for a in found} <= {"DRO"}
    assert len(found) <= 2


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", BAD)
def test_every_rule_survives_bad_input_alone(name: str, rule: str) -> None:
    values = BAD[name].astype(np.float64)
    for finding in RULES[rule](np.arange(values.size, dtype=np.float64), values, "x"):
        assert 0 < finding.score <= 1
        assert 0 <= finding.start <= finding.end <= values.size


def test_duplicate_times() -> None:
    rng = np.random.default_rng(0)
    assert _codes(rng.standard_normal(1000), np.repeat(np.arange(500.0), 2)) == []
    assert _codes(rng.standard_normal(1000), np.zeros(1000)) == []


def test_thousands_of_gaps() -> None:
    x = np.random.default_rng(0).standard_normal(40_000)
    x[::10] = np.nan
    assert Counter(_codes(x)) == {"DRO": 4000}


def test_input_is_not_changed() -> None:
    x = np.random.default_rng(0).standard_normal(500)
    x[10] = np.inf
    before = x.copy()
    _find(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        (np.arange(3.0), np.arange(4.0), "equal length"),
        (np.array([0.0, 2.0, 1.0]), np.arange(3.0), "sort the samples"),
        (np.array([0.0, np.nan, 1.0]), np.arange(3.0), "not finite"),
        (np.zeros((2, 2)), np.zeros((2, 2)), "one dimension"),
    ],
)
def test_wrong_input_is_named(times: FloatArray, values: FloatArray, message: str) -> None:
    with pytest.raises(ValueError, match=f"channel 'x'.*{message}"):
        find_rule_anomalies(times, values, "x")


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(0.01, 1e4) | st.just(3.0),
    shift=st.floats(-1e4, 1e4) | st.just(7.0),
)
def test_the_unit_does_not_matter(seed: int, scale: float, shift: float) -> None:
    """Kelvin or Fahrenheit, volts or millivolts: the same findings."""
    rng = np.random.default_rng(seed)
    x = _sine(1200, 300) + 0.3 * rng.standard_normal(1200)
    x[200] += rng.uniform(-6, 6)
    x[400:430] = x[400]
    x[700:] += rng.uniform(-4, 4)
    one, other = _find(x), _find(scale * x + shift)
    assert [(a.code, a.start, a.end) for a in one] == [(a.code, a.start, a.end) for a in other]
    assert [a.score for a in one] == pytest.approx([a.score for a in other], abs=1e-4)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), offset=st.integers(-(10**6), 10**6))
def test_the_clock_does_not_matter(seed: int, offset: int) -> None:
    x = np.random.default_rng(seed).standard_normal(600)
    x[100] += 20
    x[300:340] = np.nan
    moved = _find(x, np.arange(600, dtype=np.float64) + offset)
    assert [(a.start - offset, a.end - offset, a.code) for a in moved] == [
        (a.start, a.end, a.code) for a in _find(x)
    ]


def test_a_million_samples_of_noise_are_quiet() -> None:
    x = np.random.default_rng(0).standard_normal(1_000_000)
    times = np.arange(x.size, dtype=np.float64)
    assert len(find_rule_anomalies(times, x, "x")) <= 1


def test_import_is_light() -> None:
    script = (
        "import sys; import tslab_iot_maintenance.segment, tslab_iot_maintenance.synthetic; "
        "print([m for m in ('pandas', 'matplotlib', 'ruptures', 'sklearn') if m in sys.modules])"
    )
    paths = "import sys; sys.path[:] = " + repr(sys.path) + "; "
    out = subprocess.run([sys.executable, "-c", paths + script], capture_output=True, text=True)
    assert out.stdout.strip() == "[]", out.stderr
