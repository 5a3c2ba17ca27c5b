"""What a region's score means: the probability that a person would keep the region.

Out of fold the model says how sure it is of each region that it finds, and the labels say which of
them are right; a logistic curve joins the two. A prior holds the curve back where there are few
regions, so that a model that has seen little does not claim much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.segmentation.grid import Float64

PRIOR = (0.6, 0.0)
"""Slope and offset before anything was seen: half-way to a coin's toss."""

PRECISION = (4.0, 0.15)
"""How firmly slope and offset are believed, in units of one region."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic curve over the log-odds of the raw confidence."""

    slope: float = PRIOR[0]
    offset: float = PRIOR[1]

    def score(self, confidence: float) -> float:
        """The calibrated probability of a raw confidence, rounded to four digits."""
        level = self.slope * float(log_odds(np.array([confidence]))[0]) + self.offset
        return round(float(1 / (1 + np.exp(-level))), 4)


def log_odds(confidence: Float64) -> Float64:
    """Log-odds, held within +-6."""
    inside = np.clip(confidence, 0.0025, 0.9975)
    return np.asarray(np.log(inside / (1 - inside)))


def fit_curve(confidence: Sequence[float], correct: Sequence[bool]) -> Curve:
    """The most probable curve, by Newton's method; the prior's where nothing was seen."""
    if not len(confidence):
        return Curve()
    odds = log_odds(np.asarray(confidence, float))
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    target = np.asarray(correct, float)
    prior, precision = np.array(PRIOR), np.diag(PRECISION)
    line = prior.copy()
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ line))
        slope = design.T @ (target - chance) - precision @ (line - prior)
        curve = design.T @ (design * (chance * (1 - chance))[:, None]) + precision
        step = np.linalg.solve(curve, slope)
        line = line + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    # More confident must never mean less probable.
    return Curve(max(0.0, float(line[0])), float(line[1]))
