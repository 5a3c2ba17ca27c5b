"""STAPLE: how sensitive and how specific annotators are for one label, and what is likely true.

S. K. Warfield, K. H. Zou, W. M. Wells: Simultaneous truth and performance level estimation. IEEE
Transactions on Medical Imaging 23 (2004). Start, prior and rule to stop are those of ITK's filter,
on patterns with weights in place of pixels; annotators may be absent from some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tslab.agreement.consensus.patterns import Floats
from tslab.span_table import Mask

SETTLED = 1e-14
"""Square of the change of a rate that is none, as ITK has it."""


@dataclass(frozen=True, slots=True)
class Performance:
    """What expectation maximisation found for one label.

    Attributes:
        posterior: Probability of the label in each pattern, ``(patterns,)``.
        sensitivity: ``(annotators,)``.
        specificity: ``(annotators,)``.
        rounds: How many rounds it took.
    """

    posterior: Floats
    sensitivity: Floats
    specificity: Floats
    rounds: int


def staple(on: Mask, present: Mask, weight: Floats, *, rounds: int = 10_000) -> Performance:
    """Posterior of one label.

    Args:
        on: Who says it, bool ``(patterns, annotators)``.
        present: Who was there, bool ``(patterns, annotators)``.
        weight: What each pattern counts, ``(patterns,)``.
        rounds: Most rounds.
    """
    told, there = (on & present).astype(float), present.astype(float)
    silent = there - told
    voters = np.maximum(there.sum(axis=1), 1.0)
    posterior = told.sum(axis=1) / voters
    cast = (weight * there.sum(axis=1)).sum()
    prior = float((weight * told.sum(axis=1)).sum() / max(cast, 1.0))
    rates: Floats = np.full((2, on.shape[1]), -10.0)
    done = 0
    while done < rounds:
        before = rates
        true, false = weight * posterior, weight * (1 - posterior)
        rates = np.stack([_rate(true, told, there), _rate(false, silent, there)])
        with np.errstate(divide="ignore"):
            hits, misses = _product(told, silent, rates[0]), _product(silent, told, rates[1])
        both = prior * hits + (1 - prior) * misses
        posterior = np.divide(prior * hits, both, out=posterior.copy(), where=both > 0)
        done += 1
        if ((rates - before) ** 2 <= SETTLED).all():
            break
    return Performance(posterior, rates[0], rates[1], done)


def _rate(weight: Floats, agreeing: Floats, there: Floats) -> Floats:
    """Share of some weight with which each annotator agrees; 1 where there is none of it."""
    whole = weight @ there
    return np.divide(weight @ agreeing, whole, out=np.ones_like(whole), where=whole > 0)


def _product(right: Floats, wrong: Floats, rate: Floats) -> Floats:
    """Probability of what everybody says, ``(patterns,)``."""
    return np.asarray(np.prod(rate**right * (1 - rate) ** wrong, axis=1))
