"""Time that two annotators spend in the same and in different states: all that agreement needs.

For each item (a pair of annotators and a zone that both reviewed) there is the time on which they
agree in each state, and each one's own time in it. Everything is in whole microseconds, and adds
up over items, so that every level of the result is a sum of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import Positions, overlaps
from tslab.agreement.kernels.presence import Presence
from tslab.agreement.kernels.runs import Runs, Tracks, bounds_of, runs_of, summed
from tslab.agreement.kernels.stream import (
    Batch,
    Items,
    all_pairs,
    batches,
    items_of,
    lifted,
    sharing,
    stream,
)
from tslab.agreement.values import Readers
from tslab.span_table import Numbers, SpanTable, Ticks

Counts = NDArray[np.int64]

# More states than this have no square table: labels are then compared one by one.
MOST_STATES = 64


KINDS = ("pair", "reference", "model")


@dataclass(frozen=True, slots=True)
class Contingency:
    """Sums for each item, in microseconds; state 0 is time without a label.

    Attributes:
        items: Pair, zone and readings of each item.
        presence: Who reviewed what.
        states: Labels of each state.
        ticks: Time that both reviewed, int64 ``(items,)``.
        agreed: Time that both are in a state, int64 ``(items, states)``.
        first: Time of the pair's first annotator in each state, int64 ``(items, states)``.
        second: Time of the other one, int64 ``(items, states)``.
        similar: Integral of the Jaccard index of both label sets, where one of them is not empty,
            float64 ``(items,)``.
        both: Time that both set a label, whatever else, int64 ``(items, labels)``.
        label_first: Time that the first one sets it, int64 ``(items, labels)``.
        label_second: Time that the other one sets it, int64 ``(items, labels)``.
        confusion: Time of each pair in each two states, int64 ``(pairs, states, states)``; None
            where there are more than `MOST_STATES` states.
        spent: Time of each reading in each state, int64 ``(readings, states)``.
        label_spent: Time of each reading with each label, int64 ``(readings, labels)``.
        spans: Spans of each reading with each label, int64 ``(readings, labels)``; None where
            spans are cut or overlap, so that runs are not spans.
    """

    items: Items
    presence: Presence
    states: tuple[frozenset[int], ...]
    ticks: Counts
    agreed: Counts
    first: Counts
    second: Counts
    similar: NDArray[np.float64]
    both: Counts
    label_first: Counts
    label_second: Counts
    confusion: Counts | None
    spent: Counts
    label_spent: Counts
    spans: Counts | None = None

    @property
    def task(self) -> Numbers:
        """Task of each item, int32 ``(items,)``."""
        return self.presence.task[self.items.zone]


def pairs_of(table: SpanTable, readers: Readers, by: str = "pair") -> Numbers:
    """Pairs who share a task, int32 ``(pairs, 2)``.

    Args:
        table: The spans.
        readers: Who is who.
        by: ``pair``: people with each other, the ground truth left out. ``reference``: the ground
            truth with each of them. ``model``: the ground truth and each of them with each model.
    """
    if by == "pair":
        return all_pairs(table, readers.annotators)
    lead = (readers.reference,) if readers.reference else ()
    if by == "reference":
        named = [(one, other) for one in lead for other in readers.annotators]
    else:
        named = [(one, model) for model in readers.models for one in (*lead, *readers.annotators)]
    numbers = [[table.annotators.index(name) for name in pair] for pair in named]
    return sharing(table, np.array(numbers, np.int32).reshape(-1, 2))


def all_kinds(table: SpanTable, readers: Readers) -> tuple[Numbers, list[str]]:
    """All pairs that are compared, int32 ``(pairs, 2)``, and the kind of each."""
    found = [(pairs_of(table, readers, kind), kind) for kind in KINDS]
    kinds = [kind for pairs, kind in found for _ in range(len(pairs))]
    return np.concatenate([pairs for pairs, _ in found]), kinds


def contingency(table: SpanTable, pairs: Numbers) -> Contingency:
    """Sums for all pairs."""
    runs = runs_of(table)
    items = items_of(runs.presence, pairs)
    tally = Tally(runs, items)
    for batch in stream(runs, items):
        tally.add(batch)
    return tally.result()


class Tally:
    """Adds up overlaps as they come, so that others can use the same stream of them."""

    def __init__(self, runs: Runs, items: Items) -> None:
        self.runs, self.items = runs, items
        states, many = len(runs.states), len(items)
        self.agreed = np.zeros((many, states), np.int64)
        self.differing = np.zeros(many, np.int64)
        self.similar = np.zeros(many)
        self.square = states <= MOST_STATES
        sides = (len(items.pairs), states, states) if self.square else (0, 0, 0)
        self.confusion = np.zeros(sides, np.int64)

    def add(self, batch: Batch) -> None:
        """Add the overlaps of a batch; each batch once."""
        same, many = batch.agreeing, batch.end - batch.begin
        own = len(self.runs.states) - 1
        rows = slice(batch.begin, batch.end)
        self.agreed[rows, 1:] = summed(same.key, same.ticks, many * own).reshape(many, own)
        one, other = batch.states
        apart = np.flatnonzero(one != other)
        item, ticks = batch.item_of(apart), batch.overlaps.ticks.take(apart)
        self.differing[rows] = summed(item, ticks, many)
        both = one.take(apart).astype(np.intp) * (own + 1) + other.take(apart)
        if self.runs.tracks is not None:
            self.similar[rows] = np.bincount(item, ticks * self._likeness(both), many)
        if self.square:
            self._confuse(self.items.pair[batch.begin + item], both, ticks)

    def _confuse(self, pair: Positions, both: Positions, ticks: Ticks) -> None:
        """Add time on which the two of a pair differ; pairs never fall."""
        if not len(pair):
            return
        first, last = int(pair[0]), int(pair[-1]) + 1
        shape = (last - first, *self.confusion.shape[1:])
        key = (pair - first) * math.prod(shape[1:]) + both
        self.confusion[first:last] += summed(key, ticks, math.prod(shape)).reshape(shape)

    def _likeness(self, both: Positions) -> NDArray[np.float64]:
        """Jaccard index of two states as one number, each, float64 ``(overlaps,)``."""
        states = self.runs.states
        kinds, kind = np.unique(both, return_inverse=True)
        found = [
            _jaccard(states[k // len(states)], states[k % len(states)]) for k in kinds.tolist()
        ]
        return np.array(found, np.float64)[kind]

    def result(self) -> Contingency:
        """The sums, with the time that is left without a label."""
        runs, items = self.runs, self.items
        spent = runs.ticks
        first, second = spent[items.first], spent[items.second]
        ticks = runs.presence.ticks[items.zone]
        agreed = self.agreed.copy()
        shared = agreed[:, 1:].sum(axis=1) + self.differing
        agreed[:, 0] = first[:, 0] + second[:, 0] - ticks + shared
        if runs.tracks is None:
            by_label = agreed[:, 1:], first[:, 1:], second[:, 1:]
            label_spent = spent[:, 1:]
        else:
            label_spent = _label_spent(runs.tracks, spent.shape[0], runs.labels)
            both = _both(runs, runs.tracks, items)
            by_label = both, label_spent[items.first], label_spent[items.second]
        similar = agreed[:, 1:].sum(axis=1) + self.similar
        confusion = self._whole(agreed, first, second) if self.square else None
        return Contingency(
            items, runs.presence, runs.states, ticks, agreed, first, second, similar, *by_label,
            confusion, spent, label_spent, runs.count[:, 1:] if runs.plain else None,
        )  # fmt: skip

    def _whole(self, agreed: Counts, first: Counts, second: Counts) -> Counts:
        """The confusion with its diagonal, and with its background, which the margins determine."""
        whole = self.confusion.copy()
        sums = np.zeros((3, *whole.shape[:2]), np.int64)
        for out, part in zip(sums, (agreed, first, second), strict=True):
            np.add.at(out, self.items.pair, part)
        np.einsum("pss->ps", whole)[:, 1:] = sums[0, :, 1:]
        whole[:, :, 0] = sums[1] - whole.sum(axis=2)
        whole[:, 0, :] = sums[2] - whole[:, 1:, :].sum(axis=1)
        return whole


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def _label_spent(tracks: Tracks, readings: int, labels: int) -> Counts:
    key = tracks.reading * labels + tracks.label
    return summed(key, tracks.end - tracks.start, readings * labels).reshape(readings, labels)


def _both(runs: Runs, tracks: Tracks, items: Items) -> Counts:
    """Time that both set each label, where labels overlap: a line for each label."""
    both = np.zeros((len(items), runs.labels), np.int64)
    first = bounds_of(np.bincount(tracks.reading, minlength=len(runs.presence.zone)))
    size = np.diff(first)
    for begin, end in batches(items, size[items.first] + size[items.second]):
        zone = items.zone[begin:end]
        width = runs.presence.width[zone]
        lift = np.cumsum(width) - width - runs.presence.begin[zone]
        length = int(width.sum())
        one, start, stop = _lanes(tracks, first, items.first[begin:end], lift, length)
        _, start_2, stop_2 = _lanes(tracks, first, items.second[begin:end], lift, length)
        found = overlaps(start, stop, start_2, stop_2)
        item, label = (column[found.first] for column in one)
        many = (end - begin) * runs.labels
        spent = summed(item * runs.labels + label, found.ticks, many)
        both[begin:end] = spent.reshape(-1, runs.labels)
    return both


def _lanes(
    tracks: Tracks, first: Positions, readings: Positions, lift: Counts, length: int
) -> tuple[tuple[Positions, Positions], Counts, Counts]:
    """Item and label, start and end of the tracks of some readings, a lane for each label.

    Only these readings are on the line, which keeps its numbers far below 2**63.
    """
    item, rows, start, end = lifted(tracks.start, tracks.end, first, readings, lift)
    label = tracks.label[rows]
    order = np.lexsort((start, label))
    lane = label[order] * length
    return (item[order], label[order]), start[order] + lane, end[order] + lane
