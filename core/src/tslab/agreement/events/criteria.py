"""When two events can be the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Labels = Literal["same", "similar", "any"]
"""Equal sets of labels; sets that share at least half (Jaccard); whatever the labels are."""

SIMILAR = 0.5


@dataclass(frozen=True, slots=True)
class Iou:
    """Intersection over union of at least `threshold`, above 0."""

    threshold: float = 0.5

    @property
    def name(self) -> str:
        """What stands after the @ in the name of a measure."""
        return f"{self.threshold:g}"


@dataclass(frozen=True, slots=True)
class Collar:
    """Onsets within `onset`, offsets within the larger of `offset` and `share` of the length.

    The length is the reference's, as sed_eval has it; with a `share` it matters who that is.
    Microseconds; what is exactly as far apart as the collar allows is inside.
    """

    onset: int
    offset: int
    share: float = 0.0

    @property
    def name(self) -> str:
        """What stands after the @ in the name of a measure."""
        return f"{self.onset / 1e6:g}s"


@dataclass(frozen=True, slots=True)
class AnyOverlap:
    """Some time in common, however little."""

    @property
    def name(self) -> str:
        """What stands after the @ in the name of a measure."""
        return "any"


Criterion = Iou | Collar | AnyOverlap
