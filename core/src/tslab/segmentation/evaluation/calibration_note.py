"""What people must know before they read scores as probabilities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tslab.errors import counted

if TYPE_CHECKING:
    from tslab.segmentation.evaluation.report import Calibration

BAD_CALIBRATION = 0.1
"""A score of 0.8 that means 0.7: whoever picks a threshold is misled."""

FEW_REGIONS = 30
"""Fewer regions than that tell nothing about ten bins of scores."""

LEAST_REGIONS = 10
"""Fewer than that are not even enough to say that scores are wrong."""


def calibration_note(found: Calibration) -> str:
    """What people must know before they read scores as probabilities; "" for nothing.

    Regions are few, so that even perfect scores miss the share of right ones by chance: in a bin of
    n regions by the mean deviation of a share. A distance is told from it at twice that.
    """
    if found.error is None:
        return ""
    known = [(b.count, b.mean_score) for b in found.bins if b.mean_score is not None]
    chance = sum(n * (2 / math.pi * p * (1 - p) / n) ** 0.5 for n, p in known) / found.regions
    over = f"{counted(found.regions, 'regions')} that were held out"
    if found.regions >= LEAST_REGIONS and found.error > max(BAD_CALIBRATION, 2 * chance):
        return (
            f"scores are no probabilities yet: calibration error {found.error:.3f} over {over}; "
            f"take them as an order"
        )
    if found.regions < FEW_REGIONS or chance > BAD_CALIBRATION / 2:
        return f"{over} are too few to tell whether scores are probabilities"
    return ""
