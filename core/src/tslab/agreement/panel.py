"""Values and those of all draws: one leading axis holds the value, draws and jackknife."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.bootstrap import accelerated, percentile, weights
from tslab.agreement.coefficients import Floats
from tslab.agreement.time.values import Named

# More pairs than this get values without intervals: nobody reads so many.
MOST_PAIRS = 500


@dataclass(frozen=True, slots=True)
class TimeSettings:
    """How time is measured.

    Attributes:
        unit: Microseconds of one item for Krippendorff's alpha; None takes time as a continuum.
        draws: Draws of the bootstrap over tasks; 0 leaves intervals out.
        seed: Makes the intervals the same each time.
        level: How sure the intervals are.
        bca: Bias-corrected and accelerated bounds in place of percentiles.
        empty_is_one: A task that nobody marked anything in has IoU and Dice 1, not none.
    """

    unit: float | None = None
    draws: int = 2000
    seed: int = 0
    level: float = 0.95
    bca: bool = False
    empty_is_one: bool = False


@dataclass(frozen=True, slots=True)
class Draws:
    """Weights of tasks: the sample itself, the draws, and each task left out in turn.

    Attributes:
        weights: float64 ``(1 + draws + left out, tasks)``.
        draws: How many draws.
        settings: How sure, and which bounds.
    """

    weights: Floats
    draws: int
    settings: TimeSettings

    @classmethod
    def of(
        cls,
        tasks: NDArray[np.bool_],
        settings: TimeSettings,
        order: NDArray[np.int32] | None = None,
    ) -> Draws:
        """Draws from the tasks that are there; none from fewer than two.

        Args:
            tasks: Which are there, bool ``(tasks,)``.
            settings: How many draws, and the seed.
            order: In which order they are drawn, as in `SpanTable.order`.
        """
        draws = settings.draws if tasks.sum() > 1 else 0
        rows = [np.ones((1, len(tasks))), weights(tasks, draws, settings.seed, order)]
        if settings.bca and draws:
            left = np.ones((int(tasks.sum()), len(tasks)))
            left[np.arange(len(left)), np.flatnonzero(tasks)] = 0
            rows.append(left)
        return cls(np.concatenate(rows), draws, settings)

    def none(self) -> Draws:
        """The sample alone."""
        return Draws(self.weights[:1], 0, self.settings)

    def bounds(self, values: Floats) -> tuple[Floats, Floats] | None:
        """Bounds of values ``(1 + draws + left out, ...)``, each ``(...)``."""
        if not self.draws:
            return None
        drawn = values[1 : 1 + self.draws]
        if self.settings.bca:
            return accelerated(drawn, values[0], values[1 + self.draws :], self.settings.level)
        return percentile(drawn, self.settings.level)


@dataclass(slots=True)
class Mean:
    """Mean over pairs of whatever is defined, added up pair by pair."""

    total: dict[str, Floats] = field(default_factory=dict)
    count: dict[str, Floats] = field(default_factory=dict)

    def add(self, values: Named) -> None:
        """Add the values of a pair."""
        for name, array in values.items():
            there = np.isfinite(array)
            known = np.where(there, array, 0.0)
            self.total[name] = self.total[name] + known if name in self.total else known
            counted = there.astype(np.float64)
            self.count[name] = self.count[name] + counted if name in self.count else counted

    def values(self) -> Named:
        """The means; NaN where no pair has a value."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return {name: self.total[name] / self.count[name] for name in self.total}
