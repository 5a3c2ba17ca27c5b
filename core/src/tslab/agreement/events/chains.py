"""The best one-to-one matching where the candidates form chains, in linear time.

Candidates between two families of spans that do not overlap among themselves come out as a
staircase: sorted by reference and hypothesis, a candidate conflicts only with the run of neighbours
right before it that share its reference or its hypothesis. So the best matching up to candidate t
is the better of that up to t-1 and of t together with that up to before the run. Most candidates
conflict with none; the others are taken by their position in the chain, all chains at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.events import Positions
from tslab.span_table import Mask

Scores = NDArray[np.float64]
FEW = 24  # so many chains or less are faster one by one than all at once


def best_in_chains(reference: Positions, hypothesis: Positions, score: Scores) -> Mask:
    """Which candidates the best matching takes: as many as can be, then the highest total score.

    Args:
        reference: Numbers of reference events, sorted, intp ``(candidates,)``.
        hypothesis: Numbers of hypothesis events; all candidates of one of them are neighbours.
        score: What to prefer, such as IoU, ``(candidates,)``.

    Returns:
        bool ``(candidates,)``.
    """
    same_reference = as_before(reference)
    linked = same_reference | as_before(hypothesis)
    taken = ~linked
    taken[:-1] &= ~linked[1:]
    rest = np.flatnonzero(~taken)
    if len(rest):
        chains = _Chains.of(same_reference[rest], linked[rest], score[rest])
        taken[rest[_walk_all(chains)]] = True
    return taken


@dataclass(frozen=True, slots=True)
class _Chains:
    """Chains one after the other.

    Attributes:
        first: Where each chain begins, ``(chains,)``.
        length: How many candidates it has, ``(chains,)``.
        turn: Whether another run begins with the candidate before, ``(candidates,)``.
        run: Where the run of each candidate begins, ``(candidates,)``.
        score: ``(candidates,)``.
    """

    first: Positions
    length: Positions
    turn: Mask
    run: Positions
    score: Scores

    @classmethod
    def of(cls, same_reference: Mask, linked: Mask, score: Scores) -> _Chains:
        first = np.flatnonzero(~linked)
        turn = np.zeros(len(score), bool)
        turn[1:] = linked[1:] & ((same_reference[1:] != same_reference[:-1]) | ~linked[:-1])
        at = np.arange(len(score))
        run = np.maximum.accumulate(np.where(turn, at - 1, np.where(linked, 0, at)))
        return cls(first, np.diff(np.append(first, len(score))), turn, run, score)


def as_before(numbers: Positions) -> Mask:
    """Whether each number is that of its left neighbour."""
    same = np.zeros(len(numbers), bool)
    same[1:] = numbers[1:] == numbers[:-1]
    return same


def _walk_all(chains: _Chains) -> Mask:
    """Candidates to take, bool ``(candidates,)``: the few longest chains alone, others at once."""
    order = np.argsort(-chains.length, kind="stable")
    steps = int(chains.length[order[FEW]]) if len(order) > FEW else 0
    alone = int(np.searchsorted(-chains.length[order], -steps))
    took = np.zeros(len(chains.score), bool)
    for number in order[:alone]:
        _walk_one(chains, int(chains.first[number]), int(chains.length[number]), took)
    together = order[alone:]
    if len(together):
        _walk_together(chains, together, took)
    taken = np.zeros(len(took), bool)
    _trace_back(chains, order, took, taken)
    return taken


def _walk_one(chains: _Chains, first: int, length: int, took: Mask) -> None:
    """Mark the candidates of one chain that beat doing without them."""
    stretch = slice(first, first + length)
    before, last, base = (0, 0.0), (0, 0.0), (0, 0.0)
    found = []
    steps = zip(chains.turn[stretch].tolist(), chains.score[stretch].tolist(), strict=True)
    for turn, score in steps:
        if turn:
            base = before
        with_it = base[0] + 1, base[1] + score
        better = with_it > last
        found.append(better)
        before, last = last, (with_it if better else last)
    took[stretch] = found


def _walk_together(chains: _Chains, order: Positions, took: Mask) -> None:
    """The same for many chains, the longest first, by the position in the chain."""
    first, length = chains.first[order], chains.length[order]
    count = np.zeros((3, len(order)), np.int64)  # before, last, base
    total = np.zeros((3, len(order)))
    for step in range(int(length[0])):
        active = int(np.searchsorted(-length, -step))
        at = first[:active] + step
        turn = chains.turn[at]
        here = slice(0, active)
        count[2, here] = np.where(turn, count[0, here], count[2, here])
        total[2, here] = np.where(turn, total[0, here], total[2, here])
        with_it, score = count[2, here] + 1, total[2, here] + chains.score[at]
        more = with_it > count[1, here]
        better = more | ((with_it == count[1, here]) & (score > total[1, here]))
        took[at] = better
        count[0, here], total[0, here] = count[1, here], total[1, here]
        count[1, here] = np.where(better, with_it, count[1, here])
        total[1, here] = np.where(better, score, total[1, here])


def _trace_back(chains: _Chains, order: Positions, took: Mask, taken: Mask) -> None:
    """Mark the candidates of the best matching, from the ends of the chains to their beginnings."""
    first = chains.first[order]
    at = first + chains.length[order] - 1
    while len(at) > FEW:
        here = took[at]
        taken[at[here]] = True
        at = np.where(here, chains.run[at], at) - 1
        left = at >= first
        at, first = at[left], first[left]
    for position, begin in zip(at.tolist(), first.tolist(), strict=True):
        where = position
        while where >= begin:
            here = bool(took[where])
            taken[where] = here
            where = (int(chains.run[where]) if here else where) - 1
