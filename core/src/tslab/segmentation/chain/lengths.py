"""How long regions of a label usually are, and how odd the length of another one is.

A region that is far longer or shorter than all that people marked is seldom right, however sure the
model is of its frames. Where few were marked, their spread is not known either: it leans on what is
usual, and the fewer there are the less an odd length says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tslab.segmentation.chain.tuning import UNKNOWN, Classes, events_of
from tslab.segmentation.features.grid import Float64

USUAL_SPREAD = 0.5
"""Standard deviation of the log of lengths before any was seen."""

FIRMNESS = 10.0
"""How firmly it is believed, in units of one region."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Lengths of one class.

    Attributes:
        middle: Mean of the log of their frames.
        spread: What the log of another one may be off, as a standard deviation.
        freedom: Degrees of freedom of that.
    """

    middle: float
    spread: float
    freedom: float

    @classmethod
    def of(cls, logs: Float64) -> Usual:
        """From the logs of at least one length, float64 ``(regions,)``."""
        count = len(logs)
        freedom = FIRMNESS + count - 1
        away = float(np.sum((logs - logs.mean()) ** 2))
        variance = (FIRMNESS * USUAL_SPREAD**2 + away) / freedom
        return cls(float(logs.mean()), float(np.sqrt(variance * (1 + 1 / count))), freedom)

    def oddity(self, frames: float, whole: bool = True) -> float:
        """How much less likely a length is than the usual one: 0 or more, a log of odds.

        Of a region that is not whole the true length is at least that, so short is not odd.
        """
        away = (np.log(max(frames, 0.5)) - self.middle) / self.spread
        if not whole:
            away = max(0.0, away)
        return float(0.5 * (self.freedom + 1) * np.log1p(away * away / self.freedom))


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of the classes of a chain; a class that nobody marked has none."""

    classes: Mapping[int, Usual] = field(default_factory=dict)

    def oddity(self, kind: int, frames: float, whole: bool = True) -> float:
        """How odd a length is for a class, 0 where nothing is known."""
        usual = self.classes.get(kind)
        return usual.oddity(frames, whole) if usual else 0.0

    def rows(self) -> list[list[float]]:
        """As plain numbers: class, middle, spread, freedom."""
        return [[kind, u.middle, u.spread, u.freedom] for kind, u in sorted(self.classes.items())]

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> Lengths:
        """What `rows` gave."""
        return cls({int(kind): Usual(*numbers) for kind, *numbers in rows})


def is_whole(path: Classes, first: int, last: int) -> bool:
    """Whether a run ends where its label ends, and not where the recording or the review does."""
    return first > 0 and last < len(path) and path[first - 1] != UNKNOWN != path[last]


def lengths_of(truth: Sequence[Classes], background: bool) -> Lengths:
    """Lengths of what people marked; those that are cut off are not known, and left out."""
    found: dict[int, list[float]] = {}
    for path in truth:
        for first, last, kind in events_of(path, background):
            if is_whole(path, first, last):
                found.setdefault(kind, []).append(float(np.log(last - first)))
    return Lengths({kind: Usual.of(np.array(logs)) for kind, logs in found.items()})
