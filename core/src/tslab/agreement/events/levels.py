"""Rows of the result at every level from sums that are kept for each pair, task and label.

What is measured is a function of sums. People are compared with each other in pairs that have no
order: together they have no measure that asks who comes first. An annotator has the mean of his
pairs; so has the group where a measure is for two only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats
from tslab.agreement.events.counts import EventItems
from tslab.agreement.events.rests import met_ticks
from tslab.agreement.kernels.common_time import common_ticks
from tslab.agreement.kernels.presence import presence_of
from tslab.agreement.panel import MOST_PAIRS, Draws, Mean, TimeSettings
from tslab.agreement.row_sums import added, weighted
from tslab.agreement.values import NO_PAIR, ONE_READER, Readers, Row, Value, counts_of
from tslab.span_table import SpanTable, Ticks

Named = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Measure:
    """How sums become numbers.

    Attributes:
        values: Measures by name of sums ``(..., columns)``, each ``(...)``.
        explain: The value of a measure by its name, number and sums ``(columns,)``.
        directed: Whether a measure asks which of the two comes first, by its name.
        events: How many events of both, or pairs of answers, sums ``(..., columns)`` rest on.
        matches: How many matches they do, for measures of these, by name.
        sides: Whether the first two columns are events of each of the two.
        paired: Whether a measure is for two only, by its name: a group has the mean over its pairs,
            and tasks have none.
    """

    values: Callable[[Floats], Named]
    explain: Callable[[str, float, Floats], Value]
    directed: Callable[[str], bool]
    events: Callable[[Floats], Floats]
    matches: Mapping[str, Callable[[Floats], Floats]] = field(default_factory=dict)
    sides: bool = False
    paired: Callable[[str], bool] = lambda _: False

    def counts(self, sums: Floats) -> dict[str, Floats]:
        """What sums rest on, by what a row counts, or by name of a measure of matches."""
        events = np.asarray(self.events(sums))
        matches = {name: np.asarray(count(sums)) for name, count in self.matches.items()}
        return {"events": events, "answers": events, **matches}


class Levels:
    """Who is compared with whom in one tier, and how often each draw takes each task."""

    def __init__(
        self,
        tier: str,
        table: SpanTable,
        readers: Readers,
        pairs: NDArray[np.int32],
        kinds: Sequence[str],
        settings: TimeSettings,
    ) -> None:
        self.tier, self.table, self.readers = tier, table, readers
        self.pairs, self.kinds = pairs, list(kinds)
        self.presence = presence_of(table.reviewed, len(table.annotators))
        self.ticks = common_ticks(table, pairs, self.presence)
        self.people = np.isin(np.array(table.annotators, object), readers.annotators)
        self.is_pair = np.array([kind == "pair" for kind in kinds], bool)
        self.met = np.asarray((self.ticks > 0).any(axis=0))
        self.draws = Draws.of(self.met, settings, table.order)
        self._known: dict[tuple[str, tuple[str, ...]], tuple[int, float]] = {}

    def rows(self, items: EventItems, cells: Floats, measure: Measure) -> Iterator[Row]:
        """Rows of all levels.

        Args:
            items: Pair and task of each row of `cells`.
            cells: Sums ``(items, labels + 1, columns)``; the last label stands for all events.
            measure: How they become numbers.
        """
        own = self.own_events(items, cells) if measure.sides else None
        yield from self._overall(items, cells, measure, own)
        yield from self._tasks(items, cells, measure, own)
        yield from self._pairs(items, cells, measure, own)

    def own_events(self, items: EventItems, cells: Floats) -> Floats:
        """Events of each annotator in the tasks that he shares, ``(tasks, people, labels + 1)``.

        Args:
            items: Pair and task of each row of `cells`.
            cells: Sums ``(items, labels + 1, columns)``; the first two are events of each side.
        """
        place = np.cumsum(self.people) - 1
        out = np.zeros((len(self.table.tasks), int(self.people.sum()), cells.shape[1]))
        rows = np.flatnonzero(self.is_pair[items.pair])
        for side in (0, 1):
            who = place[self.pairs[items.pair[rows], side]]
            # Those that two both saw: with whoever shares most of the task, all of them.
            np.maximum.at(out, (items.task[rows], who), cells[rows, :, side])
        return out

    def names(self, pair: int) -> tuple[str, ...]:
        """What a row of a pair is of: both names, or the annotator next to the ground truth."""
        both = tuple(self.table.annotators[number] for number in self.pairs[pair])
        return both[1:] if self.kinds[pair] == "reference" else both

    def support(self, by: str, of: tuple[str, ...]) -> tuple[int, float]:
        """Tasks and seconds that a row rests on."""
        if not self._known:
            self._known.update(self._supports())
        key = by.removesuffix("-label"), of[:-1] if by.endswith("-label") else of
        return self._known[("overall", ()) if by == "label" else key]

    def _supports(self) -> Iterator[tuple[tuple[str, tuple[str, ...]], tuple[int, float]]]:
        met = self.met_by(None)
        yield ("overall", ()), _support(met)
        for pair, kind in enumerate(self.kinds):
            yield (kind, self.names(pair)), _support(self.ticks[pair])
        for name in self.readers.annotators:
            yield ("annotator", (name,)), _support(self.met_by(self.table.annotators.index(name)))
        seconds = met / 1e6
        for task, name in enumerate(self.table.tasks):
            yield ("task", (name,)), (1, float(seconds[task]))

    def met_by(self, one: int | None) -> Ticks:
        """Microseconds of each task that two or more people reviewed, one of them the given."""
        return met_ticks(self.presence, self.people, len(self.table.tasks), one)

    def _overall(
        self, items: EventItems, cells: Floats, measure: Measure, own: Floats | None
    ) -> Iterator[Row]:
        people = np.flatnonzero(self.is_pair[items.pair])
        by_task = added(items.task[people], cells[people], len(self.table.tasks))
        sums = weighted(self.draws.weights, by_task)
        values = _undirected(measure, sums)
        if not self.is_pair.any():
            measure = replace(measure, explain=lambda *_: Value(None, ONE_READER))
        asked = _Asked("overall", "label", (), measure)
        once = None if own is None else own.sum(axis=(0, 1))
        yield from self._columns(asked, values, sums[0], self.draws, once)

    def _tasks(
        self, items: EventItems, cells: Floats, measure: Measure, own: Floats | None
    ) -> Iterator[Row]:
        """Rows of each task; one that a single annotator reviewed says so."""
        people = np.flatnonzero(self.is_pair[items.pair])
        sums = added(items.task[people], cells[people, -1], len(self.table.tasks))
        values = _undirected(measure, sums)
        seconds = self.met_by(None) / 1e6
        met = (np.bincount(items.task[people], minlength=len(self.table.tasks)) > 0).tolist()
        counts = measure.counts(sums)
        if own is not None:
            counts["events"] = own[..., -1].sum(axis=1)
        rests = {kind: count.astype(np.int64).tolist() for kind, count in counts.items()}
        numbers = {name: array.tolist() for name, array in values.items()}
        nobody = Value(None, ONE_READER)
        for task in np.flatnonzero(self._reviewed()).tolist():
            of, time = (self.table.tasks[task],), float(seconds[task])
            for name, array in numbers.items():
                value = Value(array[task]) if met[task] else nobody
                if met[task] and not math.isfinite(array[task]):
                    value = measure.explain(name, array[task], sums[task])
                count = rests[name if name in rests else counts_of(name)][task]
                yield Row(self.tier, name, "task", of, value, 1, count, time)

    def _reviewed(self) -> NDArray[np.bool_]:
        """Which tasks any of the people reviewed."""
        members = [self.table.annotators.index(name) for name in self.readers.annotators]
        own = np.isin(self.table.reviewed.annotator, members)
        out = np.zeros(len(self.table.tasks), bool)
        out[self.table.reviewed.task[own]] = True
        return out

    def _pairs(
        self, items: EventItems, cells: Floats, measure: Measure, own_events: Floats | None
    ) -> Iterator[Row]:
        means: dict[str, Mean] = {name: Mean() for name in self.readers.annotators}
        rests, group = dict.fromkeys(means, 0), _Group()
        draws = self.draws if len(self.pairs) <= MOST_PAIRS else self.draws.none()
        bounds = np.searchsorted(items.pair, np.arange(len(self.pairs) + 1))
        for pair, kind in enumerate(self.kinds):
            own = slice(int(bounds[pair]), int(bounds[pair + 1]))
            sums = weighted(draws.of_tasks(items.task[own]), cells[own])
            values = measure.values(sums)
            asked = _Asked(kind, f"{kind}-label", self.names(pair), measure)
            yield from self._columns(asked, values, sums[0], draws)
            if kind == "pair":
                whole = {k: v[:, -1] for k, v in values.items() if not measure.directed(k)}
                group.add({k: v for k, v in values.items() if measure.paired(k)}, sums[0])
                events = int(measure.events(sums[0, -1]))
                for name in self.names(pair):
                    means[name].add(whole)
                    rests[name] += events
        if own_events is not None:
            people = np.flatnonzero(self.people).tolist()
            each = own_events[..., -1].sum(axis=0).astype(np.int64).tolist()
            rests = {self.table.annotators[n]: many for n, many in zip(people, each, strict=True)}
        for name, mean in means.items():
            yield from self._annotator(name, mean, rests[name], draws)
        yield from self._group(group, measure, draws)

    def _group(self, group: _Group, measure: Measure, draws: Draws) -> Iterator[Row]:
        """Means over pairs of what is for two only."""
        missing = replace(
            measure,
            explain=lambda _, value, __: (
                Value(float(value)) if np.isfinite(value) else Value(None, NO_PAIR)
            ),
        )
        asked = _Asked("overall", "label", (), missing)
        yield from self._columns(asked, dict(group.mean.values()), group.sums, draws)

    def _annotator(self, name: str, mean: Mean, events: int, draws: Draws) -> Iterator[Row]:
        """Mean of an annotator's pairs; undefined where all of them are."""
        for metric, array in mean.values().items():
            value = Value(None, NO_PAIR)
            if np.isfinite(array[0]):
                value = _within(Value(float(array[0])), draws.bounds(array))
            tasks, seconds = self.support("annotator", (name,))
            yield Row(self.tier, metric, "annotator", (name,), value, tasks, events, seconds)

    def _columns(
        self, asked: _Asked, values: Named, sums: Floats, draws: Draws, once: Floats | None = None
    ) -> Iterator[Row]:
        """A row for all events and one for each label, of values ``(1 + draws, labels + 1)``."""
        labels = self.table.labels
        if not values:
            return
        tasks, seconds = self.support(asked.by, asked.of)
        counts = asked.measure.counts(sums)
        if once is not None:
            counts["events"] = once
        rests = {kind: count.astype(np.int64).tolist() for kind, count in counts.items()}
        bounds = draws.bounds_of(values)
        for metric, array in values.items():
            (low, high) = bounds.get(metric, (None, None))
            count = rests[metric if metric in rests else counts_of(metric)]
            for column, name in enumerate([*labels, ""]):
                value = asked.measure.explain(metric, float(array[0, column]), sums[column])
                if low is not None and high is not None:
                    value = _within(value, (low[column], high[column]))
                whole = column == len(labels)
                by, of = (asked.by, asked.of) if whole else (asked.by_label, (*asked.of, name))
                yield Row(self.tier, metric, by, of, value, tasks, count[column], seconds)


@dataclass(slots=True)
class _Group:
    """Values of all pairs of people added up."""

    mean: Mean = field(default_factory=Mean)
    sums: Floats = field(default_factory=lambda: np.zeros(()))

    def add(self, values: Named, sums: Floats) -> None:
        self.mean.add(values)
        self.sums = self.sums + sums


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the rows of one level are for, and how they are measured."""

    by: str
    by_label: str
    of: tuple[str, ...]
    measure: Measure


def _support(ticks: Ticks) -> tuple[int, float]:
    """How many tasks there are, and the seconds of all of them."""
    return int((ticks > 0).sum()), float(ticks.sum()) / 1e6


def _within(value: Value, bounds: tuple[Floats, Floats] | None) -> Value:
    if bounds is None or value.value is None or not math.isfinite(bounds[0]):
        return value
    return value.within(float(bounds[0]), float(bounds[1]))


def _undirected(measure: Measure, sums: Floats) -> Named:
    values = measure.values(sums)
    return {
        name: array
        for name, array in values.items()
        if not measure.directed(name) and not measure.paired(name)
    }
