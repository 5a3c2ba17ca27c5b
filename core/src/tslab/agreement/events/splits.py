"""Events that one annotator has in one piece and another one in several.

An event is split where at least two of the other's events lie in it with more than half of their
length each. What is split for one of the two is merged for the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.events.candidates import overlapping
from tslab.agreement.events.chains import Scores
from tslab.agreement.events.counts import EventItems, tally
from tslab.agreement.events.criteria import Labels
from tslab.agreement.events.events import Events, Positions, Sets, shared
from tslab.agreement.events.lines import Line
from tslab.agreement.events.matching import as_pairs, of_labels
from tslab.span_table import Numbers, SpanTable, Ticks


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """How many events are in several parts, for each pair, task and set of labels.

    Attributes:
        items: Pair and task of each row.
        sets: The labels of each column.
        split: Events of the reference that the hypothesis has in parts, int32 ``(items, sets)``.
        merged: Events of the hypothesis that the reference has in parts, int32 ``(items, sets)``.
    """

    items: EventItems
    sets: Sets
    split: Numbers
    merged: Numbers


def count_splits(table: SpanTable, pairs: ArrayLike, labels: Labels = "same") -> SplitCounts:
    """Events in several parts.

    Args:
        table: What everybody marked; instants have no part in it.
        pairs: Numbers of annotators, the reference first, ``(pairs, 2)``.
        labels: Whether the labels of an event and of its parts must be equal.
    """
    events = Events.of(table).ranges()
    line = Line.of(events, len(table.tasks), 0, by_label=labels == "same")
    parts = []
    counts: list[list[NDArray[np.generic]]] = [[], []]
    for pair in as_pairs(pairs):
        part = shared(events, table, pair)
        sides = line.sides(part, pair)
        found = of_labels(overlapping(*sides), part, sides, labels)
        events_of = part.reference, part.hypothesis
        at = sides[0].at[found.reference], sides[1].at[found.hypothesis]
        starts = np.maximum(events_of[0].start[at[0]], events_of[1].start[at[1]])
        ticks = np.minimum(events_of[0].end[at[0]], events_of[1].end[at[1]]) - starts
        lengths = [(side.end - side.start)[at[n]] for n, side in enumerate(events_of)]
        for number, rows in enumerate(broken(*at, ticks, *lengths)):
            which = np.unique(at[number][rows])
            key = events_of[number].keys(part.tasks, which)
            counts[number].append(tally(key, part))
        parts.append(part)
    none = np.zeros((0, len(events.sets)), np.int32)
    split, merged = (np.concatenate([none, *column]).astype(np.int32) for column in counts)
    return SplitCounts(EventItems.of(parts), events.sets, split, merged)


def broken(
    reference: Positions,
    hypothesis: Positions,
    ticks: Ticks | Scores,
    length: Ticks | Scores,
    other: Ticks | Scores,
) -> tuple[Positions, Positions]:
    """One overlap of each event that is in parts: of the reference, and of the hypothesis.

    Args:
        reference: Event of each overlap, intp ``(overlaps,)``.
        hypothesis: Likewise.
        ticks: What both share, ``(overlaps,)``.
        length: Length of the reference event of each overlap.
        other: Length of its hypothesis event.
    """
    inside = np.flatnonzero(2 * ticks > other)
    around = np.flatnonzero(2 * ticks > length)
    return _repeated(reference, inside), _repeated(hypothesis, around)


def _repeated(numbers: Positions, at: Positions) -> Positions:
    """One of the places `at` for each number that is there more than once."""
    _, first, count = np.unique(numbers[at], return_index=True, return_counts=True)
    return at[first[count > 1]]
