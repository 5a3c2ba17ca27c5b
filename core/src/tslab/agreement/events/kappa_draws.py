"""Kappas of events in each draw of tasks: counts of who called what how add up over tasks."""

from __future__ import annotations

import math

import numpy as np

from tslab.agreement.coefficients import Floats
from tslab.agreement.events.levels import Levels
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.scores import event_kappa, matched_kappa
from tslab.agreement.panel import MOST_PAIRS
from tslab.agreement.row_sums import added, weighted

MOST = 20_000_000
"""Numbers that are worth keeping for intervals."""
MEASURES = {"kappa": event_kappa, "kappa_matched": matched_kappa}
Bounds = dict[str, tuple[Floats, Floats]]


def kappa_bounds(levels: Levels, matches: Matches) -> Bounds:
    """Bounds by measure, each ``(1 + pairs,)``: of all people, then of each pair; {} without draws.

    Args:
        levels: Who is compared with whom, and the draws.
        matches: Matches whatever the labels.
    """
    items, sets = matches.counts.items, len(matches.counts.sets)
    size, draws = (sets + 1) ** 2, levels.draws
    many = len(items.pair) + len(draws.weights) * (len(levels.pairs) + 1)
    if not draws.draws or len(levels.pairs) > MOST_PAIRS or many * size > MOST:
        return {}
    cells = _by_item(matches)
    people = np.flatnonzero(levels.is_pair[items.pair])
    both = cells[people] + cells[people].swapaxes(1, 2)
    tables = [weighted(draws.weights, added(items.task[people], both, len(levels.table.tasks)))]
    for pair in range(len(levels.pairs)):
        own = np.flatnonzero(items.pair == pair)
        tables.append(weighted(draws.weights[:, items.task[own]], cells[own]))
    drawn = {
        name: np.stack([measure(table) for table in tables], axis=1)
        for name, measure in MEASURES.items()
    }
    return draws.bounds_of(drawn)


def _by_item(matches: Matches) -> Floats:
    """Counts of label sets of each pair in each task, ``(items, sets + 1, sets + 1)``."""
    counts = matches.counts
    shape = len(counts.items.pair), len(counts.sets), len(counts.sets)
    found = np.zeros(math.prod(shape))
    for piece in matches.settled().pieces:
        key = piece.key * shape[2] + piece.hypothesis.label.take(piece.at_hypothesis)
        found += np.bincount(key, minlength=len(found))
    out = np.zeros((shape[0], shape[1] + 1, shape[2] + 1))
    out[:, 1:, 1:] = found.reshape(shape)
    out[:, 1:, 0] = counts.reference - counts.found
    out[:, 0, 1:] = counts.hypothesis - counts.confirmed
    return out
