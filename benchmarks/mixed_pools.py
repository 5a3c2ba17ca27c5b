"""Pools of recordings as they come from the field: most look alike, some do not.

What is unlike comes in twos and threes: activities and faults that are rare, other persons, other
devices. The made pools hold twenty recordings; the same seed gives the same samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from benchmarks import segmentation_sets as sets
from benchmarks.imu_recordings import Wearer, imu_example
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording, Signal
from tslab.spans import Span

FloatArray = NDArray[np.float64]
Pool = list[TrainingExample]
SIZE = 20

DAILY = ("rest", "walk", "run")
WEARERS = (
    *[Wearer(DAILY, falls=0)] * 12,
    *[Wearer((*DAILY, "stairs"), falls=0)] * 2,
    *[Wearer(DAILY, falls=2)] * 2,
    *[Wearer(DAILY, falls=0, pace=0.75, force=0.5)] * 2,
    *[Wearer(DAILY, falls=0, turned=1, noise=1.5)] * 2,
)
"""Twelve usual persons; stairs, falls, weak walkers and other mountings, two of each."""

PUMPS = Domain(
    name="pumps",
    title="Made recordings of pumps",
    tiers=(
        Tier(name="duty", kind="states", labels=(Label(name="idle"), Label(name="load"))),
        Tier(
            name="fault",
            kind="intervals",
            labels=(Label(name="leak"), Label(name="cavitation"), Label(name="blockage")),
        ),
    ),
    open_channels=True,
)


@dataclass(frozen=True, slots=True)
class Pump:
    """What happens to a pump, and what it is.

    Attributes:
        faults: Two of these in each recording.
        vibration: Of the machine under load, against the usual one.
        inverted: Whether its current is measured the other way round.
    """

    faults: tuple[str, ...] = ("leak",)
    vibration: float = 1.0
    inverted: bool = False


USUAL = Pump()
FLEET = (
    *[USUAL] * 12,
    *[Pump(("leak", "cavitation"))] * 3,
    *[Pump(("leak", "blockage"))] * 2,
    *[Pump(vibration=3.0, inverted=True)] * 3,
)
"""Twelve usual pumps; three that cavitate, two that are blocked, three of another make."""


OTHERS = 1_000_000
"""What the seeds of held-out recordings lie above those of the pool."""

SKAB_POOL = 8
"""SKAB files that are corrected; the other four are held out."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Recordings that are corrected, and others of the same mixture that nobody corrects."""

    pool: Pool
    held: Pool


def imu_pool(seed: int) -> Pool:
    """Twenty persons, thirty seconds each."""
    return [imu_example(i, seed, 30.0, wearer) for i, wearer in enumerate(WEARERS)]


def pump_pool(seed: int) -> Pool:
    """Twenty pumps, ten minutes each."""
    return [_pump(i, seed, pump) for i, pump in enumerate(FLEET)]


def imu_mixture(seed: int) -> Mixture:
    """Twenty persons, and twenty others."""
    return Mixture(imu_pool(seed), imu_pool(seed + OTHERS))


def pump_mixture(seed: int) -> Mixture:
    """Twenty pumps, and twenty others."""
    return Mixture(pump_pool(seed), pump_pool(seed + OTHERS))


def skab_mixture(seed: int) -> Mixture:
    """The twelve SKAB files with a fault, valves and other faults of one rig, cut by chance."""
    files = sets.skab()
    order = np.random.default_rng([seed, 3]).permutation(len(files)).tolist()
    return Mixture([files[i] for i in order[:SKAB_POOL]], [files[i] for i in order[SKAB_POOL:]])


POOLS: dict[str, tuple[Domain, Callable[[int], Mixture]]] = {
    "imu": (sets.IMU, imu_mixture),
    "pumps": (PUMPS, pump_mixture),
    "skab": (sets.SKAB, skab_mixture),
}
"""Domain of every pool, and what makes it of a seed."""


def _pump(number: int, seed: int, pump: Pump, seconds: int = 600) -> TrainingExample:
    """One recording of a pump: current, flow, pressure and vibration, once a second."""
    rng = np.random.default_rng([seed, number, 7])
    duty = _duty(rng, seconds)
    load = _slow(sum((_during(s, seconds) for s in duty if s.label == "load"), np.zeros(seconds)))
    faults = _faults(rng, pump, duty)
    marks = {name: np.zeros(seconds) for name in ("leak", "cavitation", "blockage")}
    for span in faults:
        marks[span.label] += _slow(_during(span, seconds))
    strength = rng.uniform(0.8, 1.2, 3)
    leak, bubbles, block = (w * m for w, m in zip(strength, marks.values(), strict=True))
    size, noise = rng.uniform(0.9, 1.1), rng.standard_normal((4, seconds))
    rough = pump.vibration * (0.2 + 0.5 * load) * (1 + 1.2 * bubbles)
    lines = {
        "current": (2 + 6 * size * load + 1.5 * block) * (-1 if pump.inverted else 1),
        "flow": 0.5 + 8 * size * load * (1 - 0.5 * np.minimum(block, 1.5)) - 3.5 * leak,
        "pressure": 1 + 3 * load - 1.8 * leak + 1.5 * block,
        "vibration": np.abs(rough * noise[3]),
    }
    spread = (0.35, 0.4, 0.2, 0.02)
    signals = [
        Signal.from_array(name, line + by * more, 1.0, "")
        for (name, line), by, more in zip(lines.items(), spread, noise, strict=True)
    ]
    recording = Recording(f"pump_{seed}_{number:03}", tuple(signals), float(seconds))
    spans = sorted([*duty, *faults], key=lambda span: (span.start, span.end, span.tier))
    return TrainingExample(recording, spans, {t.name: ((0.0, seconds),) for t in PUMPS.tiers})


def _duty(rng: np.random.Generator, seconds: int) -> list[Span]:
    """Idle and load by turns, without a pause."""
    spans: list[Span] = []
    start, loaded = 0, False
    while start < seconds:
        length = int(rng.integers(80, 140)) if loaded else int(rng.integers(30, 60))
        end = start + length if seconds - start - length > 40 else seconds
        spans.append(Span(float(start), float(end), "load" if loaded else "idle", "duty"))
        start, loaded = end, not loaded
    return spans


def _faults(rng: np.random.Generator, pump: Pump, duty: list[Span]) -> list[Span]:
    """Two of each fault that the pump has, each within a stretch of load of its own."""
    loads = [span for span in duty if span.label == "load" and span.end - span.start >= 70]
    spans: list[Span] = []
    for turn, place in enumerate(rng.permutation(len(loads))[: 2 * len(pump.faults)].tolist()):
        length = int(rng.integers(25, 45))
        start = loads[place].start + int(rng.integers(12, 22))
        name = pump.faults[turn % len(pump.faults)]
        spans.append(Span(start, start + length, name, "fault"))
    return spans


def _during(span: Span, seconds: int) -> FloatArray:
    """1 within a span, 0 elsewhere, ``(seconds,)``."""
    at = np.arange(seconds)
    return ((at >= span.start) & (at < span.end)).astype(np.float64)


def _slow(line: FloatArray) -> FloatArray:
    """A line whose steps take three seconds."""
    return np.asarray(np.convolve(np.pad(line, 1, mode="edge"), np.ones(3) / 3, mode="valid"))
