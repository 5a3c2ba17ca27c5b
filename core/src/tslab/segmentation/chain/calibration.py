"""What a region's score means: the probability that it is right.

Right is a region with the label of a person's that overlaps it by at least half of what both cover,
and an instant next to a person's. Out of fold the model says how sure it is of each region that it
finds, and the labels say which of them are right; a logistic curve joins the two. A second slope
falls on regions of an odd length. A prior holds the curve back where there are few regions, so that
a model that has seen little does not claim much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tslab.segmentation.features.grid import Float64

PRIOR = (0.6, 0.0, -1.5)
"""Slope, offset and weight of an odd length before anything was seen.

Rounded from what made sets of several kinds have in common (rigs with faults of few and of many
lengths, pumps, body-worn sensors; one to eight recordings), each scored on others of its kind.
"""

PRECISION = (0.6, 0.07, 1.6)
"""How firmly they are believed, in units of one region.

Tasks are mostly easy or mostly hard, so the offset is hardly believed: three right ones of three
say more than three heads of a coin. A firmer one costs no log loss on the made sets, but leaves
scores too low where all is right.
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve over the log-odds of the raw confidence and the oddity of the length."""

    slope: float = PRIOR[0]
    offset: float = PRIOR[1]
    odd: float = PRIOR[2]

    def score(self, confidence: float, oddity: float = 0.0) -> float:
        """The calibrated probability of a raw confidence, rounded to four digits."""
        level = self.slope * float(log_odds(np.array([confidence]))[0]) + self.offset
        level = min(30.0, max(-30.0, level + self.odd * oddity))
        return round(float(1 / (1 + np.exp(-level))), 4)


@dataclass(slots=True)
class Evidence:
    """Regions that were found out of fold: confidence, oddity of the length, and who is right."""

    confidence: list[float] = field(default_factory=list)
    oddity: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)

    def add(self, confidence: float, oddity: float, correct: bool) -> None:
        """Adds a region."""
        self.confidence.append(confidence)
        self.oddity.append(oddity)
        self.correct.append(correct)

    def curve(self) -> Curve:
        """The most probable curve."""
        return fit_curve(self.confidence, self.correct, self.oddity)


def log_odds(confidence: Float64) -> Float64:
    """Log-odds, held within +-6."""
    inside = np.clip(confidence, 0.0025, 0.9975)
    return np.asarray(np.log(inside / (1 - inside)))


def fit_curve(
    confidence: Sequence[float], correct: Sequence[bool], oddity: Sequence[float] = ()
) -> Curve:
    """The most probable curve, by Newton's method; the prior's where nothing was seen."""
    if not len(confidence):
        return Curve()
    odds = log_odds(np.asarray(confidence, float))
    odd = np.asarray(oddity, float) if len(oddity) else np.zeros_like(odds)
    design = np.stack([odds, np.ones_like(odds), odd], axis=1)
    target = np.asarray(correct, float)
    prior, precision = np.array(PRIOR), np.diag(PRECISION)
    line = prior.copy()
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ line, -30, 30)))
        slope = design.T @ (target - chance) - precision @ (line - prior)
        curve = design.T @ (design * (chance * (1 - chance))[:, None]) + precision
        step = np.linalg.solve(curve, slope)
        line = line + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    # More confident must never mean less probable, nor an odd length more probable.
    return Curve(max(0.0, float(line[0])), float(line[1]), min(0.0, float(line[2])))
