"""Dawid and Skene's model: annotators confuse classes, each in his own way.

A. P. Dawid, A. M. Skene: Maximum likelihood estimation of observer error-rates using the EM
algorithm. Applied Statistics 28 (1979). Items are patterns with a weight, so a night of eight hours
costs what its few patterns cost. The model knows nothing of time: it takes each microsecond for a
fresh opinion and trusts long agreement too much. For sparse events vote on events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.consensus.patterns import Floats

LEAST = 1e-10
"""The least count in a confusion matrix before it is normalised, and the least prior."""


@dataclass(frozen=True, slots=True)
class Model:
    """What expectation maximisation found.

    Attributes:
        posterior: Probability of each class in each item, ``(items, classes)``.
        priors: Share of each class, ``(classes,)``.
        confusion: Probability that an annotator says a class where another is true,
            ``(annotators, true classes, said classes)``.
        rounds: How many rounds it took.
        converged: Whether it stopped because little changed.
    """

    posterior: Floats
    priors: Floats
    confusion: Floats
    rounds: int
    converged: bool

    @property
    def accuracy(self) -> Floats:
        """Probability that each annotator is right, ``(annotators,)``."""
        return np.asarray(np.einsum("acc,c->a", self.confusion, self.priors))


def dawid_skene(
    said: NDArray[np.integer],
    weight: Floats,
    classes: int,
    *,
    rounds: int = 1000,
    tolerance: float = 1e-10,
) -> Model:
    """Posterior of each class, beginning from the shares of votes.

    Args:
        said: Class that each annotator says, -1 where he was not there, ``(items, annotators)``.
        weight: What each item counts, ``(items,)``.
        classes: How many classes there are.
        rounds: Most rounds; each is an expectation and a maximisation.
        tolerance: Largest change of a posterior that is none; below 0 takes all rounds.
    """
    told = said[:, :, None] == np.arange(classes)
    votes = told.sum(axis=1).astype(float)
    posterior = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
    priors, confusion = _maximise(posterior, told, weight)
    done, converged = 0, False
    while done < rounds and not converged:
        before = posterior
        posterior = _expect(priors, confusion, told)
        priors, confusion = _maximise(posterior, told, weight)
        done += 1
        converged = bool(np.abs(posterior - before).max(initial=0.0) <= tolerance)
    return Model(posterior, priors, confusion, done, converged)


def _maximise(posterior: Floats, told: NDArray[np.bool_], weight: Floats) -> tuple[Floats, Floats]:
    weighted = posterior * weight[:, None]
    priors = weighted.sum(axis=0) / max(weight.sum(), np.finfo(float).tiny)
    counts = np.einsum("ic,ial->acl", weighted, told.astype(float))
    # An annotator may never have met a class: what he would say is then anybody's guess.
    confusion = np.clip(counts, LEAST, None)
    return priors, confusion / confusion.sum(axis=2, keepdims=True)


def _expect(priors: Floats, confusion: Floats, told: NDArray[np.bool_]) -> Floats:
    odds = np.einsum("ial,acl->ic", told.astype(float), np.log(confusion))
    odds += np.log(np.maximum(priors, LEAST))
    odds -= odds.max(axis=1, keepdims=True)
    share = np.exp(odds)
    return np.asarray(share / share.sum(axis=1, keepdims=True))
