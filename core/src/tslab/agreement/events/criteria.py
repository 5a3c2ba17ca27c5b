"""When two events can be the same thing."""

from __future__ import annotations

import math
import re
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
        sides = dict.fromkeys(f"{side / 1e6:g}s" for side in (self.onset, self.offset))
        return "/".join(sides) + (f"+{100 * self.share:g}%" if self.share else "")


@dataclass(frozen=True, slots=True)
class AnyOverlap:
    """Some time in common, however little."""

    @property
    def name(self) -> str:
        """What stands after the @ in the name of a measure."""
        return "any"


Criterion = Iou | Collar | AnyOverlap
COLLAR = re.compile(r"(?P<seconds>[0-9]*\.?[0-9]+)s(?:\+(?P<share>[0-9]*\.?[0-9]+)%)?")
FARTHEST = 1e6
"""Seconds of a collar: 11 days."""


def criterion(name: str) -> Criterion:
    """The rule that stands after the @ of a measure: ``0.4``, ``any``, ``0.2s``, ``0.2s+50%``.

    Raises:
        ValueError: There is no such rule.
    """
    found = COLLAR.fullmatch(name)
    if name == "any":
        return AnyOverlap()
    if found is None:
        threshold = float(name)
        if not 0 < threshold <= 1:
            raise ValueError("an intersection over union is above 0 and at most 1")
        return Iou(threshold)
    seconds, share = float(found["seconds"]), float(found["share"] or 0) / 100
    if seconds > FARTHEST or share > 1:
        raise ValueError("a collar has at most 1e6 s and 100%")
    side = math.floor(seconds * 1e6 + 0.5)
    return Collar(side, side, share)


def in_words(name: str) -> str:
    """What a rule says, to stand behind the name of a measure."""
    if name == "any":
        return "with any overlap"
    return f"with borders within {name}" if "s" in name else f"at IoU {name}"
