"""A made-up pump with known faults: the demo recording, and the rules' first exam.

A centrifugal pump follows a load programme. Speed drives everything: flow is proportional to
it, pressure and current to its square and cube (affinity laws), vibration to current and speed, and
the winding and bearing temperatures follow the losses with a thermal lag of minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from tslab_iot_maintenance.findings import FloatArray

UNITS = {
    "speed": "rpm",
    "current": "A",
    "vibration": "mm/s",
    "pressure": "bar",
    "flow": "L/min",
    "motor_temperature": "°C",
    "bearing_temperature": "°C",
}
MIN_SECONDS = 1200.0


@dataclass(frozen=True, slots=True, order=True)
class PlantedAnomaly:
    """One fault that the generator put in, exactly.

    The interval is half-open; an instant has `start == end`.

    Attributes:
        start: First affected time, seconds.
        end: Time of the first sample that is normal again, seconds.
        code: Signal-shape label: SPK, STK, CLP, DRO, LVL, TRD or PCX.
        channel: The affected channel.
        failure_mode: ISO 14224 failure mode code, such as VIB.
        mechanism: ISO 14224 failure mechanism number, such as 1.2.
        severity: 0 (information) to 4 (trip).
    """

    start: float
    end: float
    code: str
    channel: str
    failure_mode: str
    mechanism: str
    severity: int


@dataclass(frozen=True, slots=True)
class Machine:
    """A recording with its truth.

    Attributes:
        times: Seconds from the start, shape (n,); every channel has these times.
        values: Samples by channel, shape (n,), NaN = missing.
        units: Unit by channel.
        truth: What was planted, sorted by start.
    """

    times: FloatArray
    values: dict[str, FloatArray]
    units: dict[str, str]
    truth: tuple[PlantedAnomaly, ...]


@dataclass(frozen=True, slots=True)
class _Fault:
    """Where and how one fault changes its channel; `begin` and `length` as parts of the whole."""

    begin: float
    length: float
    code: str
    channel: str
    failure_mode: str
    mechanism: str
    severity: int
    change: Callable[[FloatArray, np.random.Generator], FloatArray]


def synthesize_machine(
    seed: int = 0, seconds: float = 7200.0, sampling_rate: float = 1.0, *, faults: bool = True
) -> Machine:
    """Make a recording of a pump with one fault of each kind, or of none.

    The first 40 % of the recording is free of faults that concern several channels, so
    that it can serve as the reference of a detector.

    Args:
        seed: Same seed, same recording.
        seconds: Length, at least 1200 s.
        sampling_rate: Samples per second (Hz).
        faults: False for the same machine without a fault.

    Returns:
        The recording and its truth.

    Raises:
        ValueError: If the recording is too short to hold the faults.
    """
    if seconds < MIN_SECONDS or seconds * sampling_rate < MIN_SECONDS:
        message = (
            f"{seconds} s at {sampling_rate} Hz is too short for the faults; "
            f"give at least {MIN_SECONDS:g} s and {MIN_SECONDS:g} samples"
        )
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * sampling_rate)) / sampling_rate
    values = _healthy(times, sampling_rate, rng)
    truth = [_plant(times, values, fault, rng) for fault in _FAULTS] if faults else []
    rounded = {name: np.round(x, 3) for name, x in values.items()}
    return Machine(times, rounded, dict(UNITS), tuple(sorted(truth)))


def _healthy(
    times: FloatArray, sampling_rate: float, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """All channels of the machine without faults."""
    speed = _lagged(_load(times, rng), 4.0, sampling_rate)
    x = speed * (1.0 + 0.002 * _slow_noise(times.size, 30.0 * sampling_rate, rng))
    valve = 1.0 + 0.006 * _slow_noise(times.size, 120.0 * sampling_rate, rng)
    current = 2.1 + 10.4 * x**3 / valve
    losses = (current / 12.5) ** 2
    motor = 24.0 + 46.0 * _lagged(losses, 420.0, sampling_rate)
    bearing = 24.0 + 6.0 * (x - 0.6) + 0.35 * (_lagged(motor, 240.0, sampling_rate) - 24.0)
    clean = {
        "speed": (1480.0 * x, 1.6),
        "current": (current, 0.05),
        "vibration": (0.55 + 1.25 * x**2 + 0.03 * current, 0.035),
        "pressure": (0.4 + 4.2 * x**2 * valve, 0.02),
        "flow": (310.0 * x / valve, 1.4),
        "motor_temperature": (motor, 0.04),
        "bearing_temperature": (bearing, 0.04),
    }
    return {name: y + sd * rng.standard_normal(times.size) for name, (y, sd) in clean.items()}


def _load(times: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Wanted speed as part of nominal: plateaus of one to three minutes between 0.7 and 1."""
    count = int(times[-1] // 60.0) + 2
    edges = np.cumsum(rng.uniform(60.0, 180.0, count))
    levels = rng.choice([0.70, 0.80, 0.90, 1.0], size=count + 1)
    return np.asarray(levels[np.searchsorted(edges, times, side="right")], dtype=np.float64)


def _lagged(x: FloatArray, seconds: float, sampling_rate: float) -> FloatArray:
    """First-order lag with the given time constant, in balance with the mean at the start."""
    keep = float(np.exp(-1.0 / (seconds * sampling_rate)))
    start = float(np.mean(x)) if seconds > 60.0 else float(x[0])
    return np.asarray(lfilter([1 - keep], [1, -keep], x, zi=[keep * start])[0], dtype=np.float64)


def _slow_noise(count: int, samples: float, rng: np.random.Generator) -> FloatArray:
    """Noise of unit variance with a correlation length of so many samples."""
    keep = float(np.exp(-1.0 / samples))
    drive = rng.standard_normal(count) * np.sqrt(1 - keep**2)
    drive[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -keep], drive), dtype=np.float64)


def _plant(
    times: FloatArray, values: dict[str, FloatArray], fault: _Fault, rng: np.random.Generator
) -> PlantedAnomaly:
    """Put one fault into its channel, in place, and say exactly where it is."""
    a = int(fault.begin * times.size)
    b = min(a + max(1, round(fault.length * times.size)), times.size)
    x = values[fault.channel]
    x[a:b] = fault.change(x[a:b], rng)
    if fault.code == "CLP":  # only what is cut off, not the way there
        cut = a + np.flatnonzero(x[a:b] == x[a:b].max())
        a, b = int(cut[0]), int(cut[-1]) + 1
    step = float(times[1] - times[0])
    end = float(times[a]) if fault.code == "SPK" else float(times[b - 1]) + step
    return PlantedAnomaly(
        start=float(times[a]),
        end=end,
        code=fault.code,
        channel=fault.channel,
        failure_mode=fault.failure_mode,
        mechanism=fault.mechanism,
        severity=fault.severity,
    )


def _spike(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return x + rng.uniform(1.8, 2.6)


def _frozen(x: FloatArray, rng: np.random.Generator) -> FloatArray:  # noqa: ARG001
    return np.full(x.size, x[0])


def _saturated(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A converter whose zero wanders: the signal swells and is cut at the 20 mA end, 5 bar."""
    swell = 3.6 * np.sin(np.linspace(0.0, np.pi, x.size)) ** 0.5
    return np.asarray(np.minimum(x + swell + 0.05 * rng.standard_normal(x.size), 5.0))


def _missing(x: FloatArray, rng: np.random.Generator) -> FloatArray:  # noqa: ARG001
    return np.full(x.size, np.nan)


def _offset(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return x + rng.uniform(14.0, 18.0)


def _drift(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    return x + np.linspace(0.0, rng.uniform(28.0, 32.0), x.size)


def _wear(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Bearing wear: vibration grows while load, current and speed stay as they are."""
    growth = 0.9 * np.minimum(np.linspace(0.0, 4.0, x.size), 1.0)
    return np.asarray(x + growth * (1.0 + 0.12 * rng.standard_normal(x.size)))


# Modes and mechanisms: ISO 14224:2016, tables B.15 and B.2. Instrument faults are AIR / 3.x.
_FAULTS = (
    _Fault(0.10, 0.0, "SPK", "vibration", "AIR", "3.3", 1, _spike),
    _Fault(0.22, 0.03, "STK", "current", "AIR", "3.2", 2, _frozen),
    _Fault(0.32, 0.015, "DRO", "motor_temperature", "AIR", "3.2", 1, _missing),
    _Fault(0.45, 0.03, "CLP", "pressure", "AIR", "3.4", 2, _saturated),
    _Fault(0.55, 0.09, "PCX", "vibration", "VIB", "2.4", 3, _wear),
    _Fault(0.66, 0.34, "TRD", "bearing_temperature", "OHE", "2.7", 3, _drift),
    _Fault(0.85, 0.15, "LVL", "motor_temperature", "AIR", "3.4", 2, _offset),
)
