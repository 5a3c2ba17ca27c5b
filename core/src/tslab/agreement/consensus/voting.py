"""Voting on patterns: how much each label is supported, and what is decided.

A label is decided where its support is above half: a share of votes, of weighted votes, or a
posterior. Support of exactly half, or several labels with none above half, is a dispute; nobody's
opinion is made up. In states one moment has one label, and saying nothing is a vote, too, except
where every moment must carry a label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.consensus.dawid_skene import dawid_skene
from tslab.agreement.consensus.patterns import Floats, Votes
from tslab.agreement.consensus.staple import staple
from tslab.span_table import Mask

Method = Literal["majority", "weighted", "intersection", "union", "dawid-skene", "staple", "median"]
EQUAL = 1e-9
"""Supports closer than this are equal: sums of shares such as 1/3 are not exact."""
ON, OFF, DISPUTED = 1, 0, -1
Decisions = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Rule:
    """How votes become a decision.

    Attributes:
        method: Name of the method.
        exclusive: Whether one moment has at most one label.
        exhaustive: Whether it has one in any case, so that silence is no vote.
        least: Annotators that a label needs; 0 is more than half of those present.
        weights: What each annotator's vote counts, ``(annotators,)``; None is 1 each.
    """

    method: Method = "majority"
    exclusive: bool = False
    exhaustive: bool = False
    least: int = 0
    weights: Floats | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided about each pattern.

    Attributes:
        support: Support of each label from 0 to 1, ``(patterns, labels)``.
        decided: 1 on, 0 off, -1 disputed, int8 ``(patterns, labels)``.
        quality: What a model found out about the annotators, measure -> ``(annotators,)``.
    """

    support: Floats
    decided: Decisions
    quality: dict[str, Floats] = field(default_factory=dict)


def vote(votes: Votes, rule: Rule) -> Outcome:
    """Decide about each pattern."""
    if rule.method == "dawid-skene":
        return _by_dawid_skene(votes, rule)
    if rule.method == "staple":
        return _by_staple(votes, rule)
    weights = np.ones(votes.present.shape[1]) if rule.weights is None else rule.weights
    if rule.method not in ("weighted", "median"):
        weights = np.ones(votes.present.shape[1])
    ballots, silent = _ballots(votes, weights, rule)
    cast = ballots.sum(axis=1) + silent if rule.exclusive else votes.present @ weights
    support = ballots / np.maximum(cast, np.finfo(float).tiny)[:, None]
    return Outcome(support, _counted(votes, rule, support, silent / np.maximum(cast, EQUAL)))


def _ballots(votes: Votes, weights: Floats, rule: Rule) -> tuple[Floats, Floats]:
    """Votes for each label, ``(patterns, labels)``, and votes for nothing, ``(patterns,)``."""
    on = votes.on.astype(float)
    said = on.sum(axis=2)
    if rule.exclusive:
        # Who says two labels where there can be but one gives half a vote to each.
        on /= np.maximum(said, 1.0)[:, :, None]
    silent = (votes.present & (said == 0)) @ weights
    if rule.exhaustive:
        silent = np.where((said > 0).any(axis=1), 0.0, silent)
    return np.einsum("pal,a->pl", on, weights), np.asarray(silent)


def _counted(votes: Votes, rule: Rule, support: Floats, silence: Floats) -> Decisions:
    """Decisions where votes are counted."""
    heads = votes.on.sum(axis=1)
    there = votes.present.sum(axis=1)[:, None]
    if rule.method == "intersection":
        return np.where((heads == there) & (there > 0), ON, OFF).astype(np.int8)
    if rule.method == "union" or rule.least:
        enough = heads >= max(1, rule.least)
        if rule.method == "union" and rule.exclusive:
            # There can be but one label: time that several are claimed for is not decided.
            several = enough.sum(axis=1, keepdims=True) > 1
            return np.where(enough, np.where(several, DISPUTED, ON), OFF).astype(np.int8)
        if rule.exclusive:
            return _single(np.where(enough, support, 0.0), ~enough.any(axis=1))
        return np.where(enough, ON, OFF).astype(np.int8)
    return decide(support, silence, rule)


def decide(support: Floats, silence: Floats, rule: Rule) -> Decisions:
    """On where support is above half.

    Args:
        support: ``(patterns, labels)``.
        silence: Support of nothing, for exclusive labels, ``(patterns,)``.
        rule: Whether labels exclude each other, and whether there must be one.
    """
    if not rule.exclusive:
        half = np.abs(support - 0.5) <= EQUAL
        decided = np.where(half, DISPUTED, np.where(support > 0.5, ON, OFF))
        return np.asarray(decided, np.int8)
    decided = np.where(support > 0.5 + EQUAL, ON, OFF)
    open_yet = ~(decided == ON).any(axis=1) & (silence <= 0.5 + EQUAL)
    if rule.exhaustive:
        decided[open_yet] = _single(support[open_yet], silence[open_yet] > 0.5)
    else:
        decided[open_yet] = np.where(support[open_yet] > EQUAL, DISPUTED, OFF)
    return np.asarray(decided, np.int8)


def _single(support: Floats, nothing: NDArray[np.bool_]) -> Decisions:
    """The one label with most support; all of those that share the first place are disputed."""
    top = support.max(axis=1, keepdims=True, initial=0.0)
    first: Mask = np.array((support >= top - EQUAL) & (support > EQUAL) & ~nothing[:, None])
    alone = first.sum(axis=1) == 1
    return np.where(first, np.where(alone, ON, DISPUTED)[:, None], OFF).astype(np.int8)


def _by_dawid_skene(votes: Votes, rule: Rule) -> Outcome:
    """One model of all labels where they exclude each other, else one for each label."""
    if rule.exclusive:
        return _classes(votes, rule)
    readers, labels = votes.on.shape[1:]
    support: Floats = np.zeros((len(votes), labels))
    right: Floats = np.zeros(readers)
    met = 0
    for label in range(labels):
        if not votes.on[:, :, label].any():
            continue
        said = np.where(votes.present, votes.on[:, :, label].astype(int), -1)
        model = dawid_skene(said, votes.weight, 2)
        support[:, label] = model.posterior[:, 1]
        right, met = right + model.accuracy, met + 1
    decided = decide(support, np.zeros(len(votes)), rule)
    return Outcome(support, decided, {"accuracy": np.asarray(right / max(met, 1))})


def _classes(votes: Votes, rule: Rule) -> Outcome:
    """One model of labels that exclude each other, and of nothing, as far as anybody says them."""
    labelled = votes.on.any(axis=2)
    said = np.where(labelled, votes.on.argmax(axis=2) + 1, -1 if rule.exhaustive else 0)
    said = np.where(votes.present, said, -1)
    # A class that nobody says would explain everything equally well, and grow.
    classes = np.unique(said[said >= 0])
    model = dawid_skene(
        np.where(said >= 0, np.searchsorted(classes, said), -1), votes.weight, len(classes)
    )
    posterior = np.zeros((len(votes), votes.on.shape[2] + 1))
    posterior[:, classes] = model.posterior
    unsaid = (said < 0).all(axis=1)
    posterior[unsaid] = 0.0
    posterior[unsaid, 0] = 1.0
    support: Floats = posterior[:, 1:]
    decided = decide(support, posterior[:, 0], rule)
    return Outcome(support, decided, {"accuracy": model.accuracy})


def _by_staple(votes: Votes, rule: Rule) -> Outcome:
    """One model for each label; where labels exclude each other the likeliest one wins."""
    labels, readers = votes.on.shape[2], votes.present.shape[1]
    support: Floats = np.zeros((len(votes), labels))
    rates: Floats = np.zeros((2, readers))
    met = 0
    for label in range(labels):
        on = votes.on[:, :, label]
        if not on.any():
            continue
        found = staple(on, votes.present, votes.weight)
        support[:, label] = found.posterior
        rates, met = rates + np.stack([found.sensitivity, found.specificity]), met + 1
    quality = {
        name: np.asarray(rate / max(met, 1))
        for name, rate in zip(("sensitivity", "specificity"), rates, strict=True)
    }
    if not rule.exclusive:
        return Outcome(support, decide(support, np.zeros(len(votes)), rule), quality)
    # Each label was asked about alone: together they may claim more than there is, or less.
    silence = np.clip(1 - support.sum(axis=1), 0.0, 1.0)
    if rule.exhaustive:
        said = votes.on.any(axis=(1, 2))
        silence = np.where(said, 0.0, 1.0)
        unlikely = said & (support.sum(axis=1) <= EQUAL)
        support[unlikely] = votes.on[unlikely].sum(axis=1)
    shares: Floats = support / np.maximum(support.sum(axis=1) + silence, EQUAL)[:, None]
    return Outcome(shares, decide(shares, silence, rule), quality)
