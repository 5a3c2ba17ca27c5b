"""What of answers can be added up, and the measures that are made of the sums.

Conditional measures rest on what both answered. Joint ones take a missing region and a missing
answer for the class "none", and rest on whatever either of the two answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.attributes.coefficients import (
    Numbers,
    alpha,
    bias,
    icc,
    interval_alpha,
    limits,
    ordinal_alpha,
    weighted_kappa,
    with_none,
)
from tslab.agreement.attributes.levenshtein import similarity
from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.levels import Named

Codes = NDArray[np.int64]
MOST_RANKS = 20
"""With more ranks than this, alpha for ranks would take more memory than it is worth."""

ROUNDING = 1e-9
"""Numbers that are exactly as far apart as the tolerance agree, whatever floats make of it."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Answers in twos, in columns.

    Attributes:
        cell: Where each is counted, ``(entries,)``.
        cells: How many places there are.
        first: Positions in the field's distinct answers, -1 for none, ``(entries,)``.
        second: Likewise.
        weight: How much each counts, ``(entries,)``.
    """

    cell: Codes
    cells: int
    first: Codes
    second: Codes
    weight: Floats

    def both(self) -> Entries:
        """Those that both answered."""
        return self.where((self.first >= 0) & (self.second >= 0))

    def either(self) -> Entries:
        """Those that either answered."""
        return self.where((self.first >= 0) | (self.second >= 0))

    def add(self, values: Floats) -> Floats:
        """Sum of values ``(entries,)`` by cell, ``(cells,)``."""
        return np.bincount(self.cell, values * self.weight, self.cells).astype(float)

    def count(self, codes: Codes, classes: int) -> Floats:
        """How often each class occurs, ``(cells, classes)``."""
        key = self.cell * classes + codes
        counts = np.bincount(key, self.weight, self.cells * classes).astype(float)
        return counts.reshape(self.cells, classes)

    def where(self, mask: NDArray[np.bool_]) -> Entries:
        """Those that a mask picks."""
        at = np.flatnonzero(mask)
        return Entries(self.cell[at], self.cells, self.first[at], self.second[at], self.weight[at])


class Study(Protocol):
    """How the answers of one field are measured; the first column of its sums counts entries."""

    @property
    def paired(self) -> frozenset[str]:
        """Measures for two only."""

    @property
    def directed(self) -> frozenset[str]:
        """Measures that ask who comes first."""

    def sums(self, entries: Entries) -> Floats:
        """Sums of conditional or joint entries, ``(cells, columns)``."""

    def values(self, sums: Floats) -> Named:
        """Measures by name, of sums ``(..., columns)``."""


@dataclass(frozen=True, slots=True)
class Classes:
    """Answers that are classes: choices, sets of choices, ranks.

    Attributes:
        distances: By name of the measure, distances of all answers, ``(classes, classes)``. Names
            that begin with kappa or alpha are corrected for chance, others are mean similarities.
        joint: Whether the last class is "none".
        ranked: Whether the classes are ranks, in order.
        paired: Measures for two only.
        directed: Measures that ask who comes first.
    """

    distances: dict[str, Floats]
    joint: bool = False
    ranked: bool = False
    paired: frozenset[str] = frozenset({"kappa", "kappa_linear", "kappa_quadratic"})
    directed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, distances: dict[str, Floats], largest: dict[str, float], *, joint: bool,
           ranked: bool = False) -> Classes:  # fmt: skip
        """With "none" as far from all as `largest` says, where that counts.

        Args:
            distances: As the attribute, without "none".
            largest: The farthest two answers can be apart, by measure; 1 where it is missing.
            joint: Whether "none" is a class.
            ranked: Whether the classes are ranks.
        """
        if joint:
            distances = {k: with_none(d, largest.get(k, 1.0)) for k, d in distances.items()}
        few = ranked and not joint and len(distances["percent"]) <= MOST_RANKS
        return cls(distances, joint, few)

    @property
    def classes(self) -> int:
        """How many there are, "none" included."""
        return len(self.distances["percent"])

    def sums(self, entries: Entries) -> Floats:
        """Columns are entries, distances, classes of both, and their table where it is needed."""
        size = self.classes
        first, second = entries.first % size, entries.second % size  # -1 is the last class
        parts = [entries.add(np.ones(len(first)))[:, None]]
        parts += [entries.add(d[first, second])[:, None] for d in self.distances.values()]
        parts += [entries.count(first, size), entries.count(second, size)]
        if self.ranked:
            parts.append(entries.count(first * size + second, size**2))
        return np.concatenate(parts, axis=1)

    def values(self, sums: Floats) -> Named:
        """Measures of sums ``(..., columns)``."""
        count, size, at = sums[..., 0], self.classes, 1 + len(self.distances)
        first, second = sums[..., at : at + size], sums[..., at + size : at + 2 * size]
        out: Named = {}
        for column, (name, distance) in enumerate(self.distances.items(), start=1):
            apart = sums[..., column]
            if name.startswith("kappa"):
                out[name] = weighted_kappa(count, apart, first, second, distance)
            elif name.startswith("alpha"):
                out[name] = alpha(apart, first + second, distance)
            else:
                out[name] = ratio(count - apart, count)
        if self.ranked:
            table = sums[..., at + 2 * size :].reshape(*sums.shape[:-1], size, size)
            out["alpha_ordinal"] = ordinal_alpha(table, first + second)
        return out


@dataclass(frozen=True, slots=True)
class Scale:
    """Answers that are numbers.

    Attributes:
        numbers: The distinct answers, less their middle, ``(answers,)``.
        tolerance: How far apart two may be and agree.
        joint: Whether a missing answer counts: it agrees with none.
        rating: Whether the numbers are ratings, of which differences mean little.
        paired: Measures for two only.
        directed: Measures that ask who comes first.
    """

    numbers: Floats
    tolerance: float = 0.0
    joint: bool = False
    rating: bool = False
    paired: frozenset[str] = frozenset({"icc"})
    directed: frozenset[str] = frozenset({"bias", "limit_low", "limit_high"})

    def sums(self, entries: Entries) -> Floats:
        """Columns are entries, those within the tolerance, and the sums of `Numbers`."""
        missing = (entries.first < 0) | (entries.second < 0)
        x, y = self.numbers[entries.first], self.numbers[entries.second]
        within = ~missing & (np.abs(y - x) <= self.tolerance * (1 + ROUNDING))
        parts = [np.ones(len(x)), within.astype(float)]
        if not self.joint:
            parts += [x, y, x**2 + y**2, (x + y) ** 2, (y - x) ** 2]
        return np.stack([entries.add(part) for part in parts], axis=1)

    def values(self, sums: Floats) -> Named:
        """Measures of sums ``(..., columns)``."""
        within = {} if self.rating else {"within": ratio(sums[..., 1], sums[..., 0])}
        if self.joint:
            return within
        parts = Numbers(sums[..., 0], *(sums[..., column] for column in range(2, 7)))
        out: Named = {"icc": icc(parts), "alpha_interval": interval_alpha(parts), **within}
        if not self.rating:
            low, high = limits(parts)
            out |= {"bias": bias(parts), "limit_low": low, "limit_high": high}
        return out


@dataclass(frozen=True, slots=True)
class Texts:
    """Answers that are free text.

    Attributes:
        texts: The distinct answers.
        paired: Measures for two only.
        directed: Measures that ask who comes first.
    """

    texts: Sequence[str]
    paired: frozenset[str] = frozenset()
    directed: frozenset[str] = frozenset()

    def sums(self, entries: Entries) -> Floats:
        """Columns are entries, equal texts, and similarities; a missing text is like none."""
        many = len(self.texts) + 1
        key = (entries.first % many) * many + entries.second % many
        distinct, place = np.unique(key, return_inverse=True)
        alike = np.array([self._similarity(*divmod(int(k), many)) for k in distinct], float)
        same = (entries.first == entries.second).astype(float)
        parts = [np.ones(len(same)), same, alike[place] if len(place) else same]
        return np.stack([entries.add(part) for part in parts], axis=1)

    def values(self, sums: Floats) -> Named:
        """Measures of sums ``(..., columns)``."""
        count = sums[..., 0]
        return {"percent": ratio(sums[..., 1], count), "similarity": ratio(sums[..., 2], count)}

    def _similarity(self, one: int, other: int) -> float:
        if max(one, other) == len(self.texts):
            return 0.0
        return similarity(self.texts[one], self.texts[other])
