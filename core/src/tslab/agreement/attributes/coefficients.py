"""Coefficients of agreement of answers: classes with distances, numbers, ranks.

Arguments are sums with any leading axes: pairs, labels, tasks, draws of the bootstrap. A value that
is undefined is NaN. Answers come in twos: what one said about a region or a task, and what the
other did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.agreement.coefficients import Floats, ratio

LIMITS = 1.96
"""Standard deviations on both sides that hold 95 % of normally distributed differences."""
NOISE = 1e-12
"""Variance below this share of all squares is what rounding leaves of none."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Sums over pairs of numbers x and y, each ``(...)``; best of numbers around their middle.

    Attributes:
        count: How many pairs.
        first: Sum of x.
        second: Sum of y.
        squares: Sum of x^2 + y^2.
        whole: Sum of (x + y)^2.
        apart: Sum of (y - x)^2.
    """

    count: Floats
    first: Floats
    second: Floats
    squares: Floats
    whole: Floats
    apart: Floats


def weighted_kappa(count: Floats, apart: Floats, first: Floats, second: Floats,
                   distance: Floats) -> Floats:  # fmt: skip
    """Cohen 1968: 1 - mean distance / mean distance by chance, from each one's own margin.

    Args:
        count: Pairs, ``(...)``.
        apart: Sum of their distances, ``(...)``.
        first: How often the first one chose each class, ``(..., classes)``.
        second: How often the other one did.
        distance: How far apart classes are, ``(classes, classes)``; 0 on the diagonal.
    """
    chance = ratio(((first @ distance) * second).sum(axis=-1), count)
    return 1 - ratio(apart, chance)


def alpha(apart: Floats, values: Floats, distance: Floats) -> Floats:
    """Krippendorff 2004 of pairs.

    Args:
        apart: Sum of distances of pairs, ``(...)``; a pair of a unit with m answers has the weight
            1 / (m - 1).
        values: How often each class was chosen in units with two answers or more,
            ``(..., classes)``.
        distance: Squared difference of classes, ``(classes, classes)``.
    """
    total = values.sum(axis=-1)
    chance = ((values @ distance) * values).sum(axis=-1)
    return 1 - ratio(2 * apart * (total - 1), chance)


def ordinal_alpha(table: Floats, values: Floats) -> Floats:
    """Krippendorff 2004 where classes are ranks: their distance is what was chosen between them.

    Args:
        table: Pairs by both classes, in order, ``(..., classes, classes)``; weighted as in `alpha`.
        values: How often each class was chosen, ``(..., classes)``.
    """
    rank = np.cumsum(values, axis=-1) - values / 2
    gap = (rank[..., :, None] - rank[..., None, :]) ** 2
    total = values.sum(axis=-1)
    apart = (table * gap).sum(axis=(-2, -1))
    chance = (values[..., :, None] * values[..., None, :] * gap).sum(axis=(-2, -1))
    return 1 - ratio(2 * apart * (total - 1), chance)


def interval_alpha(sums: Numbers) -> Floats:
    """Krippendorff 2004 where the distance is the squared difference of numbers."""
    total = 2 * sums.count
    chance = 2 * (total * sums.squares - (sums.first + sums.second) ** 2)
    chance = np.where(chance > NOISE * total * sums.squares, chance, 0.0)
    return 1 - ratio(2 * sums.apart * (total - 1), chance)


def icc(sums: Numbers) -> Floats:
    """ICC(2,1) of Shrout and Fleiss 1979, ICC(A,1) of McGraw and Wong 1996, for two raters.

    Two-way random effects, single rater, absolute agreement.
    """
    count = sums.count
    mean = ratio((sums.first + sums.second) ** 2, 2 * count)
    raters = ratio(sums.first**2 + sums.second**2, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums.whole / 2 - mean) / (count - 1)
        rater = raters - mean
        rest = (sums.apart / 2 - rater) / (count - 1)
        below = between + rest + 2 * (rater - rest) / count
        defined = (count > 1) & (below > NOISE * sums.squares / count)
        return np.where(defined, (between - rest) / below, np.nan)


def bias(sums: Numbers) -> Floats:
    """Mean of y - x (Bland and Altman 1986)."""
    return ratio(sums.second - sums.first, sums.count)


def limits(sums: Numbers) -> tuple[Floats, Floats]:
    """Limits of agreement: bias and 1.96 standard deviations of y - x on both sides."""
    mean = bias(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (sums.apart - sums.count * mean**2) / (sums.count - 1)
        spread = LIMITS * np.sqrt(np.maximum(variance, 0.0))
        spread = np.where(sums.count > 1, spread, np.nan)
    return mean - spread, mean + spread


def nominal(classes: int) -> Floats:
    """Distance 1 between any two classes, ``(classes, classes)``."""
    return 1.0 - np.eye(classes)


def linear(values: Sequence[float]) -> Floats:
    """Absolute difference of numbers, ``(classes, classes)``."""
    numbers = np.asarray(values, float)
    return np.asarray(np.abs(numbers[:, None] - numbers[None, :]))


def jaccard(sets: Sequence[frozenset[str]]) -> Floats:
    """1 - shared by either, of sets of answers, ``(classes, classes)``; 0 for two empty ones."""
    found = [[len(a ^ b) / len(a | b) if a | b else 0.0 for b in sets] for a in sets]
    return np.array(found, float).reshape(len(sets), len(sets))


def masi(sets: Sequence[frozenset[str]]) -> Floats:
    """Passonneau 2006: 1 - Jaccard's index times 1, 2/3, 1/3 or 0 for how the sets are nested."""
    nested = np.array([[_nested(a, b) for b in sets] for a in sets], float)
    return np.asarray(1 - (1 - jaccard(sets)) * nested.reshape(len(sets), len(sets)))


def _nested(one: frozenset[str], other: frozenset[str]) -> float:
    if one == other:
        return 1.0
    if one <= other or other <= one:
        return 2 / 3
    return 1 / 3 if one & other else 0.0


def with_none(distance: Floats, largest: float) -> Floats:
    """The distances and a last class "none", as far from all others as any two can be."""
    classes = len(distance)
    out = np.full((classes + 1, classes + 1), float(largest))
    out[:classes, :classes] = distance
    out[classes, classes] = 0.0
    return out
