"""Colours of labels on the page: those of Label Studio, told apart and seen on light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.report.amounts import Marks
from tslab.agreement.tier_tables import TierTable

Floats = NDArray[np.float64]

PALETTE = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7"),
    *("#56b4e9", "#8c6d1f", "#5b4fa3", "#6b7280"),
)
"""Where nobody knows the colour of a label."""
CARDS = ("#ffffff", "#1c2027")
"""What lanes lie on, light and dark."""
LEAST_CONTRAST = (1.5, 3.0)
NEAR = 20.0
"""Distance in CIELAB below which two colours are nearly the same."""
WEAVES = 3
"""Patterns that tell labels of nearly the same colour apart."""
DISPUTES = (("#d55e00", "#ff7f3f"), ("#b0006d", "#ff6fc4"), ("#1d2430", "#e7eaef"))
"""Colours of where people differ, light and dark: one of them is far from those of all labels."""
FAR = 35.0


@dataclass(frozen=True, slots=True)
class Colors:
    """How the labels of one tier look.

    Attributes:
        light: "#rrggbb" of each label on a light page.
        dark: The same on a dark one.
        weaves: Number of each label's pattern; 0 is none.
    """

    light: tuple[str, ...]
    dark: tuple[str, ...]
    weaves: tuple[int, ...]

    def style(self, number: int) -> tuple[str, str]:
        """Rules of the tier's classes for the light page, and what changes in the dark."""
        rules = [
            "".join(f".t{number}c{n}{{--own:{color}}}" for n, color in enumerate(colors))
            for colors in (self.light, self.dark)
        ]
        return rules[0], rules[1]


def colors_of(tier: TierTable) -> Colors:
    """Colours of all labels of a tier; patterns where labels that somebody used look alike."""
    marks = Marks.of(tier)
    used = (marks.anybody > 0).tolist()
    given = [
        tier.colors.get(label, PALETTE[n % len(PALETTE)])
        for n, label in enumerate(tier.table.labels)
    ]
    light, dark = (
        tuple(_seen(color, card, least) for color in given)
        for card, least in zip(CARDS, LEAST_CONTRAST, strict=True)
    )
    return Colors(light, dark, _weaves(light, used))


def dispute_colors(tiers: Sequence[TierTable]) -> tuple[str, str]:
    """Colour of where people differ, light and dark: far from the labels that somebody used."""
    taken = []
    for tier in tiers:
        marks = Marks.of(tier)
        used = (marks.anybody > 0).tolist()
        taken += [c for c, there in zip(colors_of(tier).light, used, strict=True) if there]
    nearest = [min((distance(pair[0], color) for color in taken), default=FAR) for pair in DISPUTES]
    far = next((n for n, apart in enumerate(nearest) if apart >= FAR), int(np.argmax(nearest)))
    return DISPUTES[far]


def style(tiers: Sequence[TierTable]) -> str:
    """The part of the style sheet that depends on the labels."""
    rules = [colors_of(tier).style(number) for number, tier in enumerate(tiers)]
    light, dark = ("".join(part) for part in zip(*rules, strict=True)) if rules else ("", "")
    dispute = dispute_colors(tiers)
    return (
        f":root{{--dispute:{dispute[0]}}}\n{light}\n@media (prefers-color-scheme: dark)"
        f"{{:root{{--dispute:{dispute[1]}}}\n{dark}}}\n"
    )


def distance(one: str, other: str) -> float:
    """How different two colours look: Euclid in CIELAB."""
    return float(np.linalg.norm(_lab(one) - _lab(other)))


def _weaves(colors: Sequence[str], used: Sequence[bool]) -> tuple[int, ...]:
    """Patterns: each label gets the first one that no earlier label of nearly its colour has."""
    found: list[int] = []
    labs, there = np.array([_lab(color) for color in colors]).reshape(-1, 3), np.array(used, bool)
    for n in range(len(colors)):
        near = np.linalg.norm(labs[:n] - labs[n], axis=1) < NEAR
        taken = {found[m] for m in np.flatnonzero(near & there[:n] & there[n]).tolist()}
        free = (weave for weave in range(WEAVES + 1) if weave not in taken)
        found.append(next(free, n % (WEAVES + 1)))
    return tuple(found)


@lru_cache(maxsize=4096)
def _seen(color: str, card: str, least: float) -> str:
    """A colour that can be seen on a card: a little of white or black is mixed in, if need be."""
    toward = np.full(3, 255.0 if _luminance(card) < 0.5 else 0.0)
    own = _rgb(color)
    for share in np.linspace(0, 0.8, 17).tolist():
        mixed = _hex(own + share * (toward - own))
        if _contrast(mixed, card) >= least:
            return mixed
    return mixed


def _rgb(color: str) -> Floats:
    return np.array([int(color[n : n + 2], 16) for n in (1, 3, 5)], float)


def _hex(rgb: Floats) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in rgb.tolist())


def _linear(color: str) -> Floats:
    part = _rgb(color) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def _luminance(color: str) -> float:
    return float(_linear(color) @ [0.2126, 0.7152, 0.0722])


def _contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.95047, 1.0, 1.08883])


@lru_cache(maxsize=4096)
def _lab(color: str) -> Floats:
    xyz = TO_XYZ @ _linear(color) / WHITE
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
