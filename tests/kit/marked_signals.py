"""Small marked recordings for the learning segmenter: cheap, clear, different by seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.recording import Recording, Signal
from tslab.spans import Span, sort_key

RATE = 20.0
SECONDS = 120.0

DOMAIN = Domain(
    name="marked",
    title="Marked signals",
    tiers=(
        Tier(name="state", kind="states", labels=(Label(name="high"), Label(name="loud"))),
        Tier(name="tick", kind="instants", labels=(Label(name="click"),)),
    ),
    open_channels=True,
)


def quiet(share: float, what: str) -> None:
    """A progress that nobody watches."""


def samples(
    spans: Sequence[Span], rng: np.random.Generator, seconds: float, rate: float = RATE
) -> NDArray[np.float64]:
    """Two channels in which the spans can be seen, ``(2, samples)``."""
    count = round(seconds * rate)
    values = rng.standard_normal((2, count))
    for span in spans:
        first, last = round(span.start * rate), round(span.end * rate)
        if span.label == "high":
            values[0, first:last] += 4
        elif span.label == "loud":
            values[1, first:last] *= 4
        elif span.label == "click":
            values[:, first] += 15
            values[:, first + 1 : first + 4] -= 8
    return values


def spans_of(rng: np.random.Generator, seconds: float) -> list[Span]:
    """States one after the other, with pauses, and clicks."""
    spans: list[Span] = []
    time, number = rng.uniform(3, 8), 0
    while time + 12 < seconds:
        length = round(float(rng.uniform(5, 10)), 1)
        label = ("high", "loud")[number % 2]
        spans.append(Span(round(time, 1), round(time + length, 1), label, "state"))
        time, number = time + length + rng.uniform(4, 8), number + 1
    clicks = np.round(np.arange(7, seconds - 3, 13) + rng.uniform(-2, 2), 1).tolist()
    spans += [Span(at, at, "click", "tick") for at in clicks]
    return sorted(spans, key=sort_key)


def recording(
    values: NDArray[np.float64],
    rate: float = RATE,
    name: str = "r",
    channels: Sequence[str] = ("a", "b"),
) -> Recording:
    """A recording of an array ``(channels, samples)``."""
    signals = [
        Signal.from_array(channel, line, rate)
        for channel, line in zip(channels, values, strict=True)
    ]
    return Recording(name, tuple(signals), values.shape[1] / rate)


def example(seed: int, seconds: float = SECONDS, rate: float = RATE) -> TrainingExample:
    """A marked recording, all of it reviewed."""
    rng = np.random.default_rng(seed)
    spans = spans_of(rng, seconds)
    made = recording(samples(spans, rng, seconds, rate), rate, f"r{seed:03}")
    return reviewed(made, spans)


def reviewed(made: Recording, spans: Sequence[Span], domain: Domain = DOMAIN) -> TrainingExample:
    """A recording of which all tiers were reviewed from end to end."""
    whole = ((0.0, made.duration),)
    return TrainingExample(made, tuple(spans), {tier.name: whole for tier in domain.tiers})


def overlap(left: Span, right: Span) -> float:
    """Shared part of what two spans cover."""
    shared = min(left.end, right.end) - max(left.start, right.start)
    return shared / (max(left.end, right.end) - min(left.start, right.start))


def event_f1(truth: Sequence[Span], found: Sequence[Span]) -> float:
    """F1 of ranges that share half of what both cover, and of instants within half a second."""

    def same(one: Span, other: Span) -> bool:
        if one.label != other.label or one.tier != other.tier:
            return False
        if one.is_instant != other.is_instant:
            return False
        if one.is_instant:
            return abs(one.start - other.start) <= 0.5
        return overlap(one, other) >= 0.5

    hits = sum(any(same(span, other) for other in truth) for span in found)
    return 2 * hits / (len(truth) + len(found)) if truth or found else 1.0
