"""Readings of three annotators with planted disputes, and the truth they are planted around.

Each plant is one event in a place of its own. Exactly one annotator errs there, or two err in
different ways, or all of them: then only a correction can be right.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tslab.domain import Domain, Tier
from tslab.spans import Span, sort_key

ANNOTATORS = ("adalind@example.org", "bertold@example.org", "cleopha@example.org")
ROOM = 10.0
"""Seconds that one plant takes; it lies in the middle of them."""


@dataclass
class Plant:
    """One planted dispute.

    Attributes:
        kind: What was planted.
        tier: Its tier.
        low: Seconds; the dispute lies in ``[low, high]``.
        high: Seconds.
        right: Annotators who say the truth; none where all are wrong.
    """

    kind: str
    tier: str
    low: float
    high: float
    right: tuple[str, ...]


@dataclass
class Planted:
    """What each annotator says, what is true, and where they differ."""

    truth: list[Span] = field(default_factory=list)
    said: dict[str, list[Span]] = field(default_factory=lambda: {a: [] for a in ANNOTATORS})
    plants: list[Plant] = field(default_factory=list)


def planted(domain: Domain, duration: float, rate: float, seed: int) -> Planted:
    """Planted disputes in every tier of a domain; tiers overlap in time.

    Args:
        domain: Gives tiers and labels.
        duration: Seconds of the recording.
        rate: Borders lie on samples of this rate in Hz.
        seed: Chooses everything.
    """
    dice = random.Random(seed)
    made = Planted()
    for tier in domain.tiers:
        at = dice.uniform(1.0, 4.0)
        while at + ROOM < duration - 1:
            _plant(made, tier, _Place(at, rate, dice))
            at += ROOM + dice.uniform(0.0, 3.0)
    for spans in (made.truth, *made.said.values()):
        spans.sort(key=sort_key)
    return made


@dataclass
class _Place:
    start: float
    rate: float
    dice: random.Random

    def time(self, low: float, high: float) -> float:
        """A sample time between two places of the room, in seconds."""
        wanted = self.start + self.dice.uniform(low, high)
        return round(round(wanted * self.rate) / self.rate, 6)


def _plant(made: Planted, tier: Tier, place: _Place) -> None:
    dice = place.dice
    kinds = {
        "instants": ["same", "moved", "missed", "extra", "label"],
        "states": ["same", "border", "missed", "extra", "label", "shared border"],
        "intervals": ["same", "border", "missed", "extra", "label", "touching", "overlapping"],
    }[tier.kind]
    kind = dice.choice(kinds)
    labels = [label.name for label in tier.labels]
    first = dice.choice(labels)
    other = dice.choice([name for name in labels if name != first] or [first])
    if kind == "label" and other == first:
        kind = "missed"
    truth, wrong = _versions(kind, tier, (first, other), place)
    if kind == "same":
        made.truth += truth
        for spans in made.said.values():
            spans += truth
        return
    errors = dice.choice([1, 1, 2, 3])
    erring = dice.sample(ANNOTATORS, min(errors, 2) if kind in ("missed", "extra") else errors)
    for number, name in enumerate(erring):
        nothing = number == 1 and kind not in ("missed", "extra")
        made.said[name] += [] if nothing else wrong
    for name in ANNOTATORS:
        made.said[name] += [] if name in erring else truth
    made.truth += truth
    right = tuple(name for name in ANNOTATORS if name not in erring)
    spans = [*truth, *wrong]
    made.plants.append(
        Plant(kind, tier.name, min(s.start for s in spans), max(s.end for s in spans), right)
    )


def _versions(
    kind: str, tier: Tier, labels: tuple[str, str], place: _Place
) -> tuple[list[Span], list[Span]]:
    """The truth of a plant and what is said instead."""
    first, other = labels
    start, end = place.time(2.0, 4.0), place.time(6.0, 8.0)
    if tier.kind == "instants":
        one = Span(start, start, first, tier.name)
        return _instants(kind, one, other, place)
    one = Span(start, end, first, tier.name)
    middle = place.time(4.6, 5.4)
    if kind == "border":
        side = place.dice.random() < 0.5
        moved = one.moved(start, place.time(8.2, 9.0)) if side else one.moved(
            place.time(1.0, 1.8), end)  # fmt: skip
        return [one], [moved]
    if kind == "missed":
        return [one], []
    if kind == "extra":
        return [], [one]
    if kind == "label":
        return [one], [replace(one, label=other)]
    if kind == "shared border":
        later = place.time(5.6, 5.9)
        left, right = one.moved(start, middle), replace(one.moved(middle, end), label=other)
        return [left, right], [left.moved(start, later), right.moved(later, end)]
    if kind == "touching":
        return [one.moved(start, middle), one.moved(middle, end)], [one]
    if kind == "overlapping":
        crossing = replace(one.moved(middle, place.time(8.2, 9.0)), label=other)
        return [one, crossing], [one, crossing.moved(place.time(5.6, 5.9), crossing.end)]
    return [one], [one]


def _instants(kind: str, one: Span, other: str, place: _Place) -> tuple[list[Span], list[Span]]:
    if kind == "missed":
        return [one], []
    if kind == "extra":
        return [], [one]
    if kind == "label":
        return [one], [replace(one, label=other)]
    at = round(one.start + round(place.dice.uniform(0.06, 0.16) * place.rate) / place.rate, 6)
    return [one], [one.moved(at, at)] if kind == "moved" else [one]


def covering(plants: Sequence[Plant], tier: str, start: float, end: float) -> list[Plant]:
    """Plants of a tier that meet a stretch, in seconds."""
    return [p for p in plants if p.tier == tier and p.low <= end and p.high >= start]
