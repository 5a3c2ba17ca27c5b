"""Generated recordings with exact truth, for domains that offer none of their own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tslab.contracts import SampleRecording
from tslab.domain import Channel, Domain, Label, RegionField, Tier
from tslab.recording import Recording, Signal
from tslab.spans import FieldValue, Span, sort_key

if TYPE_CHECKING:
    from tslab.recording import FloatArray

PAGE_SAMPLES = 1000
FASTEST = 250.0
SHORTEST = 200
PAGES = 12
MOST_SAMPLES = 60_000


def synthetic_recording(
    domain: Domain, seconds: float | None = None, seed: int = 0
) -> SampleRecording:
    """A recording in which each label changes the signals, and what a perfect annotator marks.

    Every tier gets spans of its kind: states side by side (without holes where the tier is
    exhaustive), intervals and instants here and there, none shorter or longer than its label
    allows. Channels are the domain's, those that it derives left out.

    Args:
        domain: The effective domain.
        seconds: Length; twelve pages of the domain by default.
        seed: Another seed gives another recording; the same seed gives the same bytes.
    """
    duration = float(seconds) if seconds is not None else _default_seconds(domain)
    if duration <= 0:
        raise ValueError("seconds must be positive")
    rate = _sampling_rate(domain, duration)
    count = max(2, round(duration * rate))
    duration = count / rate
    dice = random.Random(f"{domain.name}|{duration}|{seed}")
    channels = [c for c in domain.channels if not c.derived] or [Channel(name="signal")]
    truth: list[Span] = []
    for tier in domain.tiers:
        truth += _tier_truth(tier, domain, duration, rate, dice)
    names = [channel.name for channel in channels]
    truth = [_answered(span, domain, names, dice) for span in sorted(truth, key=sort_key)]
    signals = [
        _signal(channel, number, truth, domain, (count, rate), seed)
        for number, channel in enumerate(channels)
    ]
    recording = Recording(id="", signals=tuple(signals), duration=duration)
    name = f"{domain.name}-synthetic-{seed}"
    return SampleRecording(name, recording, tuple(truth), metadata={"origin": "synthetic"})


def _default_seconds(domain: Domain) -> float:
    pages = [view.page_seconds for view in domain.views if view.page_seconds]
    page = domain.page_seconds or (min(pages) if pages else 5.0)
    return PAGES * max(page, domain.epoch_seconds or 0.0)


def _sampling_rate(domain: Domain, duration: float) -> float:
    page = domain.page_seconds or duration / PAGES
    rate = min(FASTEST, PAGE_SAMPLES / page)
    rate = min(max(rate, SHORTEST / duration), MOST_SAMPLES / duration)
    return float(round(rate)) if rate >= 1 else 1 / round(1 / rate)


# --- truth ----------------------------------------------------------------------------------


def _tier_truth(
    tier: Tier, domain: Domain, duration: float, rate: float, dice: random.Random
) -> list[Span]:
    if tier.kind == "instants":
        found = _instants(tier, duration, rate, dice)
    elif tier.kind == "states":
        found = _states(tier, domain, duration, rate, dice)
    else:
        found = _intervals(tier, duration, rate, dice)
    return list(found)


def _instants(tier: Tier, duration: float, rate: float, dice: random.Random) -> Iterator[Span]:
    step = max(duration / 60, 5 / rate)
    at = step * dice.uniform(0.3, 0.8)
    while at < duration - 2 / rate:
        time = _on_grid(at, rate)
        yield Span(time, time, dice.choice(tier.labels).name, tier.name)
        at += step * dice.uniform(0.8, 1.2)


def _states(
    tier: Tier, domain: Domain, duration: float, rate: float, dice: random.Random
) -> Iterator[Span]:
    """States side by side; a tier that is not exhaustive leaves every third stretch unlabelled."""
    start, number = 0.0, 0
    deck: list[Label] = []
    usual = duration / max(8.0, 2.5 * len(tier.labels))
    while start < duration - 2 / rate:
        silent = not tier.exhaustive and number % 3 == 2
        if not deck and not silent:
            deck = dice.sample(tier.labels, k=len(tier.labels))
        label = tier.labels[0] if silent else deck.pop()
        end = start + _length(label, usual, dice)
        if domain.epoch_seconds:
            epochs = max(1, round((end - start) / domain.epoch_seconds))
            end = start + epochs * domain.epoch_seconds
        end = _on_grid(end, rate)
        if end > duration - (label.min_seconds or duration / 40):
            end = duration
        if end > start and not silent and _fits(label, end - start):
            yield Span(start, end, label.name, tier.name)
        elif end > start and tier.exhaustive:
            fitting = [item for item in tier.labels if _fits(item, end - start)]
            yield Span(start, end, (fitting or [label])[0].name, tier.name)
        start, number = max(end, start + 1 / rate), number + 1


def _intervals(tier: Tier, duration: float, rate: float, dice: random.Random) -> Iterator[Span]:
    for label in tier.labels:
        for place in (0.1, 0.55):
            length = min(_length(label, duration / 20, dice), duration / 3)
            start = _on_grid((place + dice.uniform(0.0, 0.3)) * duration, rate)
            end = min(_on_grid(start + max(length, 4 / rate), rate), duration)
            if end > start and _fits(label, end - start):
                yield Span(start, end, label.name, tier.name)


def _length(label: Label, usual: float, dice: random.Random) -> float:
    wanted = usual * dice.uniform(0.6, 1.6)
    low = 1.1 * (label.min_seconds or 0.0)
    high = 0.9 * label.max_seconds if label.max_seconds else float("inf")
    return min(max(wanted, low), max(high, low))


def _fits(label: Label, seconds: float) -> bool:
    long_enough = label.min_seconds is None or seconds >= label.min_seconds
    return long_enough and (label.max_seconds is None or seconds <= label.max_seconds)


def _on_grid(seconds: float, rate: float) -> float:
    return round(round(seconds * rate) / rate, 6)


def _answered(span: Span, domain: Domain, channels: list[str], dice: random.Random) -> Span:
    fields = {
        item.name: answer(item, channels, dice)
        for item in domain.fields
        if not item.per_label or span.label in item.per_label
    }
    return Span(span.start, span.end, span.label, span.tier, fields=fields)


def answer(item: RegionField, channels: list[str], dice: random.Random) -> FieldValue:
    """A plausible answer to a region field."""
    if item.kind == "choice":
        values = [choice.value for choice in item.choices]
        if item.multiple:
            picked = set(dice.sample(values, k=dice.randint(1, min(2, len(values)))))
            return tuple(value for value in values if value in picked)
        return dice.choice(values)
    if item.kind == "rating":
        return float(dice.randint(int(item.minimum or 1), int(item.maximum or 5)))
    if item.kind == "number":
        low = item.minimum if item.minimum is not None else 0.0
        high = item.maximum if item.maximum is not None else low + 100.0
        return float(round(dice.uniform(low, high)) if high - low > 2 else low)
    return dice.choice(channels) if item.kind == "channel" else "looks typical"


# --- signals --------------------------------------------------------------------------------


def _signal(
    channel: Channel,
    number: int,
    truth: list[Span],
    domain: Domain,
    grid: tuple[int, float],
    seed: int,
) -> Signal:
    count, rate = grid
    noise = np.random.default_rng([seed, number, count])
    times = np.arange(count) / rate
    shape = 0.2 * np.sin(2 * np.pi * times * rate / 50 + number) + noise.normal(0, 0.1, count)
    shape += _marks(truth, domain, times, rate)
    values = _scaled(shape, channel)
    return Signal.from_array(channel.name, values, rate, channel.unit, kind=channel.kind)


def _marks(truth: list[Span], domain: Domain, times: FloatArray, rate: float) -> FloatArray:
    """What labels do to a signal: each its own level, instants a spike."""
    shape = np.zeros(len(times))
    levels = {}
    for tier in domain.tiers:
        for place, label in enumerate(tier.labels):
            side = 1 if place % 2 == 0 else -1
            levels[(tier.name, label.name)] = side * (1.0 + 0.5 * (place // 2))
    for span in truth:
        level = levels[(span.tier, span.label)]
        first = round(span.start * rate)
        if span.is_instant:
            shape[first : first + 2] += 3 * level
        else:
            shape[first : round(span.end * rate)] += level
    return shape


def _scaled(shape: FloatArray, channel: Channel) -> FloatArray:
    if channel.kind == "state":
        return (shape > 0.5).astype(np.float64)
    if channel.kind == "count":
        return np.round(np.abs(shape) * 10)
    if channel.value_range is None:
        return np.round(shape, 6)
    low, high = channel.value_range
    spread = float(np.ptp(shape)) or 1.0
    share: FloatArray = 0.1 + 0.8 * (shape - shape.min()) / spread
    return np.asarray(np.round(low + (high - low) * share, 6), dtype=np.float64)
