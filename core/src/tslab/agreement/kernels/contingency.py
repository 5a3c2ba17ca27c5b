"""Time that two annotators spend in the same and in different states: all that agreement needs.

For each item (a pair of annotators and a zone that both reviewed) there is the time on which they
agree in each state, and each one's own time in it. Everything is in whole microseconds, and adds
up over items, so that every level of the result is a sum of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import Positions, overlaps
from tslab.agreement.kernels.presence import Presence
from tslab.agreement.kernels.runs import Runs, Tracks, first_of, runs_of, summed
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
from tslab.span_table import Numbers, SpanTable

Counts = NDArray[np.int64]

# More states than this have no square table: labels are then compared one by one.
MOST_STATES = 64


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
        self.square = states <= MOST_STATES
        self.agreed = np.zeros((many, states), np.int64)
        self.shared = np.zeros(many, np.int64)
        self.similar = np.zeros(many)
        sides = (len(items.pairs), states, states) if self.square else (0, 0, 0)
        self.confusion = np.zeros(sides, np.int64)
        self.likeness = _likeness(runs.states) if self.square and runs.tracks else None

    def add(self, batch: Batch) -> None:
        """Add the overlaps of a batch; each batch once."""
        if self.square:
            self._add_cells(batch)
        else:
            self._add_diagonal(batch)

    def _add_cells(self, batch: Batch) -> None:
        states, many = len(self.runs.states), batch.end - batch.begin
        found = batch.overlaps
        one, other = batch.states
        key = batch.item * states**2
        key += one * states
        key += other
        cells = summed(key, found.ticks, many * states**2).reshape(many, states, states)
        rows = slice(batch.begin, batch.end)
        self.agreed[rows] = np.diagonal(cells, axis1=1, axis2=2)
        self.shared[rows] = cells.sum(axis=(1, 2))
        if self.likeness is not None:
            self.similar[rows] = (cells * self.likeness).sum(axis=(1, 2))
        pair = self.items.pair[rows]
        cuts = np.flatnonzero(np.concatenate([[True], pair[1:] != pair[:-1]]))
        # A pair may go on in the next batch, but is there only once in this one.
        self.confusion[pair[cuts]] += np.add.reduceat(cells, cuts, axis=0)

    def _add_diagonal(self, batch: Batch) -> None:
        states, many = len(self.runs.states), batch.end - batch.begin
        found, item = batch.overlaps, batch.item
        one, other = batch.states
        same = one == other
        rows = slice(batch.begin, batch.end)
        key = item[same] * states + one[same]
        self.agreed[rows] = summed(key, found.ticks[same], many * states).reshape(many, states)
        self.shared[rows] = summed(item, found.ticks, many)
        kinds, kind = np.unique(one * states + other, return_inverse=True)
        likeness = [_jaccard(self.runs.states[k // states], self.runs.states[k % states])
                    for k in kinds.tolist()]  # fmt: skip
        self.similar[rows] = np.bincount(item, found.ticks * np.array(likeness)[kind], many)

    def result(self) -> Contingency:
        """The sums, with the time that is left without a label."""
        runs, items = self.runs, self.items
        spent = runs.ticks
        first, second = spent[items.first], spent[items.second]
        ticks = runs.presence.ticks[items.zone]
        idle = first[:, 0] + second[:, 0] - ticks + self.shared
        agreed = self.agreed.copy()
        agreed[:, 0] = idle
        if runs.tracks is None:
            by_label = agreed[:, 1:], first[:, 1:], second[:, 1:]
            similar, label_spent = agreed[:, 1:].sum(axis=1).astype(np.float64), spent[:, 1:]
        else:
            label_spent = _label_spent(runs.tracks, spent.shape[0], runs.labels)
            both = _both(runs, runs.tracks, items)
            by_label = both, label_spent[items.first], label_spent[items.second]
            similar = self.similar
        confusion = self._with_idle(first, second) if self.square else None
        return Contingency(
            items, runs.presence, runs.states, ticks, agreed, first, second, similar, *by_label,
            confusion, spent, label_spent, runs.count[:, 1:] if runs.plain else None,
        )  # fmt: skip

    def _with_idle(self, first: Counts, second: Counts) -> Counts:
        """The confusion with its background row and column, which the margins determine."""
        whole = self.confusion.copy()
        rows, columns = np.zeros(whole.shape[:2], np.int64), np.zeros(whole.shape[:2], np.int64)
        np.add.at(rows, self.items.pair, first)
        np.add.at(columns, self.items.pair, second)
        whole[:, :, 0] = rows - whole.sum(axis=2)
        whole[:, 0, :] = columns - whole[:, 1:, :].sum(axis=1)
        return whole


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def _likeness(states: tuple[frozenset[int], ...]) -> NDArray[np.float64]:
    """Jaccard index of each two states, float64 ``(states, states)``."""
    return np.array([[_jaccard(one, other) for other in states] for one in states])


def _label_spent(tracks: Tracks, readings: int, labels: int) -> Counts:
    key = tracks.reading * labels + tracks.label
    return summed(key, tracks.end - tracks.start, readings * labels).reshape(readings, labels)


def _both(runs: Runs, tracks: Tracks, items: Items) -> Counts:
    """Time that both set each label, where labels overlap: a line for each label."""
    both = np.zeros((len(items), runs.labels), np.int64)
    first = first_of(tracks.reading, len(runs.presence.zone))
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
