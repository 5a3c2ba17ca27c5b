"""Made recordings of a body-worn accelerometer and gyroscope, with exact truth.

Six channels at 50 Hz (m/s^2, rad/s). A recording is one person for a minute: stretches of rest,
walking, running and stairs, with unlabelled shuffling between them, and falls. People differ in
cadence, strength, mounting of the sensor, noise and drift, and no person is in two recordings.
The same numbers give the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording, Signal
from tslab.spans import Span, sort_key

FloatArray = NDArray[np.float64]
Rng = np.random.Generator

RATE = 50.0
GRAVITY = 9.81
CHANNELS = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
FALLS = (1, 2, 1, 1, 1, 2, 1, 1, 1, 2)
"""Falls of recording ``i % 10``: 13 in ten recordings."""

DOMAIN = Domain(
    name="imu",
    title="Made recordings of body-worn sensors",
    tiers=(
        Tier(
            name="activity",
            kind="states",
            labels=tuple(Label(name=name) for name in ("rest", "walk", "run", "stairs")),
        ),
        Tier(name="event", kind="instants", labels=(Label(name="fall"),)),
    ),
    open_channels=True,
)


@dataclass(frozen=True, slots=True)
class Gait:
    """How one activity moves the sensor of an average person.

    Attributes:
        steps: Steps a second.
        bounce: Vertical acceleration of a step, m/s^2.
        sway: Sideways and forward acceleration, m/s^2.
        swing: Rotation within a stride (two steps), rad/s.
        lean: Mean forward lean, rad.
        wander: How much the cadence varies within a stretch, relative.
        second: Share of the second harmonic of a step.
    """

    steps: float
    bounce: float
    sway: float
    swing: float
    lean: float
    wander: float
    second: float


GAITS = {
    "walk": Gait(1.85, 2.4, 1.1, 1.1, 0.05, 0.04, 0.35),
    "run": Gait(2.7, 8.0, 3.0, 2.3, 0.15, 0.04, 0.25),
    "stairs": Gait(1.45, 2.6, 0.9, 0.8, 0.22, 0.10, 0.6),
}


@dataclass(frozen=True, slots=True)
class Wearer:
    """In what a recording is unlike most.

    Attributes:
        activities: What happens in it.
        falls: How many, None for what its number says.
        pace: Factor on the cadence.
        force: Factor on the strength.
        turned: Quarter turns of the sensor about its forward axis.
        noise: Factor on the sensor's noise.
    """

    activities: tuple[str, ...] = ("rest", *GAITS)
    falls: int | None = None
    pace: float = 1.0
    force: float = 1.0
    turned: int = 0
    noise: float = 1.0


ANYBODY = Wearer()


@dataclass(frozen=True, slots=True)
class Person:
    """What is the same in all of one person's samples.

    Attributes:
        cadence: Factor on steps a second.
        strength: Factor on movements.
        mounting: Rotation of the sensor against the body, ``(3, 3)``.
        bias: Offsets of the six channels.
        noise: Noise of accelerometer (m/s^2) and gyroscope (rad/s).
        drift: Slow tilting of the sensor, rad in a minute.
    """

    cadence: float
    strength: float
    mounting: FloatArray
    bias: FloatArray
    noise: tuple[float, float]
    drift: float

    @classmethod
    def draw(cls, rng: Rng, wearer: Wearer = ANYBODY) -> Person:
        """A person."""
        yaw, pitch, roll = rng.normal(0, (0.15, 0.07, 0.07))
        roll += wearer.turned * np.pi / 2
        return cls(
            cadence=wearer.pace * float(np.exp(rng.normal(0, 0.05))),
            strength=wearer.force * float(np.exp(rng.normal(0, 0.12))),
            mounting=_turn(yaw, 2) @ _turn(pitch, 1) @ _turn(roll, 0),
            bias=rng.normal(0, [0.25] * 3 + [0.06] * 3),
            noise=(
                wearer.noise * rng.uniform(0.2, 0.45),
                wearer.noise * rng.uniform(0.04, 0.1),
            ),
            drift=rng.normal(0, 0.08),
        )


def _turn(angle: float, axis: int) -> FloatArray:
    """Rotation by `angle` (rad) about an axis."""
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    first, second = [i for i in range(3) if i != axis]
    matrix[first, first] = matrix[second, second] = c
    matrix[first, second], matrix[second, first] = -s, s
    return matrix


def _smooth(rng: Rng, count: int, seconds: float) -> FloatArray:
    """Unit noise, ``(count,)``, that changes within `seconds`."""
    width = max(1, round(seconds * RATE))
    kernel = np.hanning(2 * width + 1)[1:-1]
    raw = np.convolve(rng.standard_normal(count + kernel.size - 1), kernel, mode="valid")
    return np.asarray(raw / np.sqrt(np.sum(kernel**2)))


def _tilted(lean: FloatArray, side: FloatArray) -> FloatArray:
    """Gravity as a sensor feels it that leans forward and sideways (rad), ``(n, 3)``."""
    flat = np.cos(lean)
    parts = (np.sin(lean), flat * np.sin(side), flat * np.cos(side))
    return np.asarray(GRAVITY * np.stack(parts, axis=1))


def _steps(gait: Gait, person: Person, rng: Rng, count: int) -> FloatArray:
    """Body movement of a gait, ``(count, 6)``, gravity included."""
    pace = gait.steps * person.cadence * np.exp(rng.normal(0, 0.04))
    wander = 1 + gait.wander * _smooth(rng, count, 0.7)
    phase = 2 * np.pi * (np.cumsum(pace * wander) / RATE + rng.random())
    power = person.strength * np.exp(rng.normal(0, 0.1)) * (1 + 0.15 * _smooth(rng, count, 0.6))
    shift = rng.uniform(-0.6, 0.6, 4)
    up = np.sin(phase) + gait.second * np.sin(2 * phase + shift[0])
    moves = _tilted(gait.lean + 0.03 * _smooth(rng, count, 1), 0.05 * _smooth(rng, count, 1))
    moves[:, 2] += gait.bounce * power * up
    moves[:, 0] += gait.sway * power * np.sin(phase + 1.2 + shift[1])
    moves[:, 1] += gait.sway * power * np.sin(phase / 2 + shift[2])
    turns = np.empty((count, 3))
    turns[:, 0] = 0.5 * np.sin(phase / 2 + shift[2])
    turns[:, 1] = np.sin(phase / 2 + shift[3]) + 0.4 * np.sin(phase + shift[0])
    turns[:, 2] = 0.6 * np.sin(phase / 2 + 0.8)
    return np.hstack([moves, gait.swing * power[:, None] * turns])


def _rest(person: Person, rng: Rng, count: int) -> FloatArray:
    """Standing or sitting: breath, tremor and a posture."""
    lean, side = rng.normal(0, 0.15, 2)
    breath = np.sin(2 * np.pi * (0.25 * np.arange(count) / RATE + rng.random()))
    moves = _tilted(lean + 0.02 * breath, side + 0.01 * _smooth(rng, count, 1.5))
    turns = 0.05 * np.stack([_smooth(rng, count, 0.5) for _ in range(3)], axis=1)
    return np.hstack([moves, person.strength * turns])


def _shuffle(person: Person, rng: Rng, count: int) -> FloatArray:
    """What nobody labels: turning, a few odd steps, sometimes a knock against the sensor."""
    force = person.strength * rng.uniform(0.8, 1.8)
    moves = _tilted(0.2 * _smooth(rng, count, 0.8), 0.2 * _smooth(rng, count, 0.8))
    moves += force * np.stack([_smooth(rng, count, 0.15) for _ in range(3)], axis=1)
    turns = 0.8 * force * np.stack([_smooth(rng, count, 0.25) for _ in range(3)], axis=1)
    if rng.random() < 0.35 and count > RATE:
        moves += _impact(count, int(rng.integers(10, count - 25)), rng, rng.uniform(8, 18))
    return np.hstack([moves, turns])


def _impact(count: int, at: int, rng: Rng, peak: float) -> FloatArray:
    """A blow of `peak` m/s^2 that rings for a tenth of a second, ``(count, 3)``."""
    after = np.arange(count) - at
    ring = np.where(after >= 0, np.exp(-after / 4.0) * np.cos(after * rng.uniform(0.5, 0.9)), 0.0)
    way = np.array((0.0, 0.0, 1.0)) + rng.normal(0, 0.4, 3)
    return np.asarray(peak * ring[:, None] * way / np.linalg.norm(way))


def _fall(person: Person, rng: Rng, count: int) -> tuple[FloatArray, int]:
    """A stumble, a fall, lying and getting up; and the sample of the impact."""
    samples = np.arange(count)
    at = int(rng.integers(round(0.9 * RATE), round(1.5 * RATE)))
    drop = int(rng.integers(14, 26))
    body = _shuffle(person, rng, count)
    body[at + 15 :, 3:] *= 0.15
    lying = rng.choice((-1.0, 1.0)) * rng.uniform(1.1, 1.5)
    rise = count - int(rng.integers(30, 60))
    down = 1 / (1 + np.exp(-(samples - at) / (drop / 5)))
    up = 1 / (1 + np.exp(-(samples - rise) / 8))
    body[:, :3] = _tilted(lying * (down - up), 0.05 * _smooth(rng, count, 1))
    falling = np.exp(-(((samples - (at - drop / 2)) / (drop / 2)) ** 2))
    body[:, :3] *= (1 - rng.uniform(0.5, 0.85) * falling)[:, None]
    body[:, :3] += _impact(count, at, rng, person.strength * rng.uniform(14, 34))
    body[:, 4] += np.gradient(lying * (down - up)) * RATE
    return body, at


def _plan(
    rng: Rng, seconds: float, falls: int, activities: tuple[str, ...]
) -> list[tuple[str, float]]:
    """What happens one after the other: ``(activity, seconds)``; "" is shuffling."""
    plan: list[tuple[str, float]] = [("", rng.uniform(0.5, 2.0))]
    deck: list[str] = []
    last = ""
    while (used := sum(part[1] for part in plan)) < seconds - 6:
        # Every activity comes once before one comes again, and none twice in a row.
        deck = deck or [str(name) for name in rng.permutation(list(activities))]
        last = deck.pop(-2 if deck[-1] == last and len(deck) > 1 else -1)
        plan += [(last, min(rng.uniform(4, 10), seconds - used)), ("", rng.uniform(1.2, 3.0))]
    pauses = [i for i, part in enumerate(plan[:-1]) if not part[0] and i]
    for place in rng.choice(pauses, min(falls, len(pauses)), replace=False):
        plan[place] = ("fall", rng.uniform(4.0, 6.0))
    return plan


def imu_example(
    number: int, seed: int = 0, seconds: float = 60.0, wearer: Wearer = ANYBODY
) -> TrainingExample:
    """Recording `number` of the set `seed`, all of it reviewed.

    Args:
        number: Another number is another person.
        seed: Another seed is another set.
        seconds: Length.
        wearer: In what it is unlike others.
    """
    rng = np.random.default_rng([seed, number])
    person = Person.draw(rng, wearer)
    falls = FALLS[number % len(FALLS)] if wearer.falls is None else wearer.falls
    size, done = round(seconds * RATE), 0
    parts: list[FloatArray] = []
    spans: list[Span] = []
    for name, length in _plan(rng, seconds, falls, wearer.activities):
        count = round(length * RATE)
        body, mark = _body(name, person, rng, count)
        start, end = done / RATE, min(done + count, size) / RATE
        if name in GAITS or name == "rest":
            if end - start >= 1:
                spans.append(Span(start, end, name, "activity"))
        elif name == "fall" and done + mark < size:
            spans.append(Span((done + mark) / RATE, (done + mark) / RATE, "fall", "event"))
        parts.append(body)
        done += count
    if done < size:
        parts.append(_shuffle(person, rng, size - done))
    values = _worn(np.vstack(parts)[:size], person, rng)
    signals = [
        Signal.from_array(name, values[:, i], RATE, "m/s^2" if i < 3 else "rad/s")
        for i, name in enumerate(CHANNELS)
    ]
    recording = Recording(f"imu_{seed}_{number:03}", tuple(signals), size / RATE)
    whole = ((0.0, recording.duration),)
    return TrainingExample(
        recording, sorted(spans, key=sort_key), {tier.name: whole for tier in DOMAIN.tiers}
    )


def _body(name: str, person: Person, rng: Rng, count: int) -> tuple[FloatArray, int]:
    """Samples of one part, ``(count, 6)``, and where a fall hits the ground."""
    if name == "fall":
        return _fall(person, rng, count)
    if name == "rest":
        return _rest(person, rng, count), 0
    if name == "":
        return _shuffle(person, rng, count), 0
    return _steps(GAITS[name], person, rng, count), 0


def _worn(body: FloatArray, person: Person, rng: Rng) -> FloatArray:
    """What the sensor writes: joints smoothed, turned by its mounting, with drift and noise."""
    count = len(body)
    slow = person.drift * np.arange(count) / count + 0.02 * np.cumsum(rng.normal(0, 0.02, count))
    out = np.empty_like(body)
    for part in (slice(0, 3), slice(3, 6)):
        turned = body[:, part] @ person.mounting.T
        c, s = np.cos(slow), np.sin(slow)
        out[:, part] = turned
        out[:, part.start] = c * turned[:, 0] - s * turned[:, 2]
        out[:, part.start + 2] = s * turned[:, 0] + c * turned[:, 2]
        noise = person.noise[0 if part.start == 0 else 1]
        out[:, part] += noise * rng.standard_normal((count, 3))
    return out + person.bias
