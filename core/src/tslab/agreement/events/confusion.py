"""Which label one annotator gives to what another one calls something else, or does not mark."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tslab.agreement.events.counts import Counts
from tslab.agreement.events.kappa_draws import Bounds
from tslab.agreement.events.levels import Levels
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.scores import event_kappa, kappa_value, matched_kappa
from tslab.agreement.values import ONE_READER, Row, Value


@dataclass(frozen=True, slots=True)
class EventConfusion:
    """Events of two annotators by their sets of labels.

    Attributes:
        by: overall, pair, reference or model.
        of: Names of the two; rows of the table are the first one's.
        counts: int64 ``(sets + 1, sets + 1)``; the first row and column are "no partner". Overall
            it is all pairs of people, both ways, so that each match is there twice.
    """

    by: str
    of: tuple[str, ...]
    counts: Counts


def event_confusion(matches: Matches, pairs: int) -> Counts:
    """Counts of label sets of matched and of lonely events, int64 ``(pairs, sets + 1, sets + 1)``.

    Row and column 0 are "no partner"; set number k is row and column k + 1. Rows are the
    reference's. The matching should not ask for equal labels, or there is nothing to confuse.
    """
    counts = matches.counts
    sets = len(counts.sets)
    # Pair and set of the reference of each cell of the counts, as one number.
    row = (counts.items.pair[:, None] * sets + np.arange(sets)).reshape(-1)
    found = np.zeros(pairs * sets**2, np.int64)
    for piece in matches.settled().pieces:
        key = row.take(piece.key) * sets
        key += piece.hypothesis.label.take(piece.at_hypothesis)
        if len(key):
            low, high = int(key.min()), int(key.max()) + 1
            found[low:high] += np.bincount(key - low)
    out = np.zeros((pairs, sets + 1, sets + 1), np.int64)
    out[:, 1:, 1:] = found.reshape(pairs, sets, sets)
    np.add.at(out[:, 1:, 0], counts.items.pair, counts.reference - counts.found)
    np.add.at(out[:, 0, 1:], counts.items.pair, counts.hypothesis - counts.confirmed)
    return out


def confusions(levels: Levels, matches: Matches) -> list[EventConfusion]:
    """Tables of all people together and of each pair."""
    counts = event_confusion(matches, len(levels.pairs))
    people = counts[levels.is_pair].sum(axis=0)
    out = [EventConfusion("overall", (), people + people.T)]
    for pair, kind in enumerate(levels.kinds):
        first, second = levels.pairs[pair].tolist()
        names = levels.table.annotators[first], levels.table.annotators[second]
        out.append(EventConfusion(kind, names, counts[pair]))
    return out


def kappa_rows(
    levels: Levels, found: list[EventConfusion], events: int, bounds: Bounds
) -> Iterator[Row]:
    """Kappa with and without what nobody else marked; users of ELAN are used to see both.

    Args:
        levels: Who is compared with whom.
        found: The tables of `confusions`.
        events: Events of all people together.
        bounds: Ends of the intervals by measure, of each table.
    """
    for at, confusion in enumerate(found):
        table = confusion.counts.astype(float)
        of = levels.names(at - 1) if at else ()
        tasks, seconds = levels.support(confusion.by, of)
        rest = tasks, int(table.sum() + table[1:, 1:].sum()) if at else events, seconds
        for name, measure in (("kappa", event_kappa), ("kappa_matched", matched_kappa)):
            value = kappa_value(float(measure(table)), table)
            if not at and not levels.is_pair.any():
                value = Value(None, ONE_READER)
            if name in bounds and value.value is not None:
                low, high = (float(bound[at]) for bound in bounds[name])
                value = value.within(low, high) if math.isfinite(low) else value
            yield Row(levels.tier, f"event/{name}", confusion.by, of, value, *rest)
