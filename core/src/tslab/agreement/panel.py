"""Values and those of all draws: one leading axis holds the value, draws and jackknife."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.bootstrap import accelerated, percentile, weights
from tslab.agreement.coefficients import Floats, Named

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
        asked = draws, settings.seed, settings.bca
        drawn = None if order is None else order.astype(np.int32).tobytes()
        whole = _weights(tasks.tobytes(), drawn, *asked)
        return cls(whole, draws, settings)

    def none(self) -> Draws:
        """The sample alone."""
        return Draws(self.weights[:1], 0, self.settings)

    def of_tasks(self, task: NDArray[np.integer]) -> Floats:
        """Weights of some tasks, in order; no copy where these are all."""
        return self.weights if len(task) == self.weights.shape[1] else self.weights[:, task]

    def bounds(self, values: Floats) -> tuple[Floats, Floats] | None:
        """Bounds of values ``(1 + draws + left out, ...)``, each ``(...)``."""
        if not self.draws:
            return None
        drawn = values[1 : 1 + self.draws]
        if self.settings.bca:
            return accelerated(drawn, values[0], values[1 + self.draws :], self.settings.level)
        return percentile(drawn, self.settings.level)

    def bounds_of(self, values: Named) -> dict[str, tuple[Floats, Floats]]:
        """Bounds of several measures ``(1 + draws + left out, columns)``, found all at once."""
        if not self.draws or not values:
            return {}
        ends = np.cumsum([array.shape[1] for array in values.values()])[:-1]
        bounds = self.bounds(np.concatenate(list(values.values()), axis=1))
        low, high = (np.split(bound, ends) for bound in bounds or ())
        return dict(zip(values, zip(low, high, strict=True), strict=True))


@lru_cache(maxsize=1)
def _weights(tasks: bytes, order: bytes | None, draws: int, seed: int, left_out: bool) -> Floats:
    """Weights of the sample, of draws, and of each task left out; kept, as all ask for the same.

    Args:
        tasks: Which tasks there are, one byte for each.
        order: Numbers of the tasks in the order in which they are drawn, int32.
        draws: How many draws.
        seed: Makes them the same each time.
        left_out: Whether each task is left out in turn, too.
    """
    there = np.frombuffer(tasks, bool)
    drawn = None if order is None else np.frombuffer(order, np.int32)
    rows = [np.ones((1, len(there))), weights(there, draws, seed, drawn)]
    if left_out and draws:
        left = np.ones((int(there.sum()), len(there)))
        left[np.arange(len(left)), np.flatnonzero(there)] = 0
        rows.append(left)
    whole = np.concatenate(rows)
    whole.setflags(write=False)
    return whole


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
