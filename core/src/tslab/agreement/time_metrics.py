"""Agreement of time at every level: overall, label, task, pair, annotator, reference, model.

Everything comes from the sums of `sums.task_rows` and `sums.group_rows`. Measures that are ratios
of times (IoU, Dice, percent, coverage, Jaccard) add the pairs up first. Cohen's kappa and Scott's
pi are for two annotators: several have the mean over pairs (Light 1971). Fleiss, Krippendorff and
Gwet's AC1 take the group as a whole. An annotator has the mean of his pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.bootstrap import BLOCKS, FEW_TASKS, in_blocks
from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.contingency import Contingency, contingency, pairs_of
from tslab.agreement.overlaps import Positions
from tslab.agreement.panel import MOST_PAIRS, Draws, Mean, TimeSettings
from tslab.agreement.sums import (
    Pairwise,
    Several,
    TaskRows,
    added,
    group_rows,
    mapped,
    reduced,
    taken,
    task_rows,
)
from tslab.agreement.support import Events, Support
from tslab.agreement.time_values import (
    Named,
    group_label_values,
    group_values,
    pair_label_values,
    pair_values,
    shared_label_values,
    shared_values,
    value_of,
)
from tslab.agreement.values import ONE_READER, Readers, Row, Value
from tslab.span_table import Numbers, SpanTable

KINDS = ("pair", "reference", "model")
MEAN_OF_PAIRS = ("time/cohen_kappa", "time/scott_pi")
OF_A_TASK = ("time/iou", "time/dice")


@dataclass(frozen=True, slots=True)
class Confusion:
    """Hours of two annotators in each two states; over all pairs, both ways and halved.

    Attributes:
        by: overall, pair, reference or model.
        of: Names of the two; rows of the table are the first one's states.
        hours: float64 ``(states, states)``.
    """

    by: str
    of: tuple[str, ...]
    hours: Floats


@dataclass(frozen=True, slots=True)
class TimeAgreement:
    """All measures of time of one tier.

    Attributes:
        rows: The numbers.
        states: Labels of each state; the first, empty one is time without a label.
        confusions: Tables of confusion; none where there are too many states.
        notes: What a reader must know to trust the numbers.
    """

    rows: list[Row]
    states: tuple[tuple[str, ...], ...]
    confusions: list[Confusion]
    notes: list[str]


def all_kinds(table: SpanTable, readers: Readers) -> tuple[Numbers, list[str]]:
    """All pairs that are compared, int32 ``(pairs, 2)``, and the kind of each."""
    found = [(pairs_of(table, readers, kind), kind) for kind in KINDS]
    kinds = [kind for pairs, kind in found for _ in range(len(pairs))]
    return np.concatenate([pairs for pairs, _ in found]), kinds


def time_metrics(
    tier: str,
    table: SpanTable,
    readers: Readers,
    settings: TimeSettings | None = None,
    found: Contingency | None = None,
) -> TimeAgreement:
    """All measures of time.

    Args:
        tier: Name of the tier.
        table: Its spans.
        readers: Who is who.
        settings: How to measure.
        found: Sums of the pairs of `all_kinds`, where somebody has them already.
    """
    pairs, kinds = all_kinds(table, readers)
    found = contingency(table, pairs) if found is None else found
    study = _Study(tier, table, readers, kinds, settings or TimeSettings(), found)
    rows = [*study.pairs(), *study.overall(), *study.tasks(), *study.without()]
    names = tuple(tuple(table.labels[label] for label in sorted(s)) for s in found.states)
    return TimeAgreement(rows, names, study.confusions(), study.notes())


class _Study:
    """One tier while its numbers are worked out."""

    def __init__(
        self,
        tier: str,
        table: SpanTable,
        readers: Readers,
        kinds: Sequence[str],
        settings: TimeSettings,
        found: Contingency,
    ) -> None:
        self.tier, self.table, self.readers = tier, table, readers
        self.settings, self.found, self.kinds = settings, found, list(kinds)
        self.events = Events.of(table)
        self.members = np.isin(np.array(table.annotators), np.array(readers.annotators))
        self.exact = _Sums.of(found, self.members, len(table.tasks), self.kinds)
        self.drawn = self._drawn()
        self.draws = Draws.of(self.drawn.met, settings)
        self.people = Mean()
        self.people_labels = Mean()
        self.each: dict[str, Mean] = {}
        self.each_support: dict[str, list[Support]] = {}

    def _drawn(self) -> _Sums:
        """What draws are made of: tasks, or blocks of the only one."""
        if self.exact.met.sum() != 1 or not self.settings.draws:
            return self.exact
        blocks = in_blocks(self.table)
        found = contingency(blocks, self.found.items.pairs)
        return _Sums.of(found, self.members, len(blocks.tasks), self.kinds)

    def notes(self) -> list[str]:
        """What a reader must know."""
        tasks = int(self.exact.met.sum())
        if not self.settings.draws or not tasks:
            return []
        if tasks == 1:
            return [f"one task only: intervals come from {BLOCKS} blocks of its time"]
        if tasks < FEW_TASKS:
            return [f"intervals rest on {tasks} tasks; fewer than {FEW_TASKS} make them too narrow"]
        return []

    def pairs(self) -> Iterator[Row]:
        """Rows of each pair, each pair and label, and each annotator."""
        many = len(self.found.items.pairs)
        draws = self.draws if many <= MOST_PAIRS else self.draws.none()
        for pair, (one, other) in enumerate(self.found.items.pairs.tolist()):
            sums = self.drawn.of_pair(pair, draws)
            values = pair_values(sums, self.settings.unit)
            labels = pair_label_values(sums, self.settings.unit)
            kind, names = (
                self.kinds[pair],
                (self.table.annotators[one], self.table.annotators[other]),
            )
            support, by_label = self._pair_support(pair)
            if kind == "pair":
                self.people.add({name: values[name] for name in MEAN_OF_PAIRS})
                self.people_labels.add({name: labels[name] for name in MEAN_OF_PAIRS})
                for name in names:
                    self.each.setdefault(name, Mean()).add(values)
                    self.each_support.setdefault(name, []).append(support)
            of = names[1:] if kind == "reference" else names
            yield from self._rows(kind, [of], _one(values), [support], draws)
            ofs = [(*of, label) for label in self.table.labels]
            yield from self._rows(f"{kind}-label", ofs, labels, by_label, draws)
        for name, mean in self.each.items():
            total = _together(self.each_support[name])
            yield from self._rows("annotator", [(name,)], _one(mean.values()), [total], draws)

    def overall(self) -> Iterator[Row]:
        """Rows of everything together, and of each label."""
        pooled = reduced(self.draws.weights, self.drawn.pooled)
        group = reduced(self.draws.weights, self.drawn.group)
        unit = self.settings.unit
        values = {**_symmetric(shared_values(pooled)), **group_values(group, unit)}
        labels = {**_symmetric(shared_label_values(pooled)), **group_label_values(group, unit)}
        values["time/iou_task_mean"] = self._task_mean(shared_values(self.drawn.pooled))
        labels["time/iou_task_mean"] = self._task_mean(shared_label_values(self.drawn.pooled))
        many = len(self.found.items.pairs) <= MOST_PAIRS
        draws = self.draws if many else self.draws.none()
        support, by_label = self._overall_support()
        yield from self._rows("overall", [()], _one(values), [support], self.draws)
        yield from self._rows("overall", [()], _one(self.people.values()), [support], draws)
        ofs = [(label,) for label in self.table.labels]
        yield from self._rows("label", ofs, labels, by_label, self.draws)
        yield from self._rows("label", ofs, self.people_labels.values(), by_label, draws)

    def _task_mean(self, values: Named) -> Floats:
        """Mean over tasks of the IoU that is defined, in every draw."""
        by_task = values["time/iou"]
        there = np.isfinite(by_task)
        known = np.where(there, by_task, 0.0)
        return ratio(self.draws.weights @ known, self.draws.weights @ there.astype(float))

    def tasks(self) -> Iterator[Row]:
        """Rows of each task; one that a single annotator reviewed says so."""
        pooled, group, rows = self.exact.pooled, self.exact.group, self.exact.rows
        values = {**_symmetric(shared_values(pooled)), **group_values(group, self.settings.unit)}
        people = np.flatnonzero(self.exact.is_pair[rows.pair])
        by_item = pair_values(taken(rows.sums, people), self.settings.unit)
        for name in MEAN_OF_PAIRS:
            item = by_item[name]
            there = np.isfinite(item)
            columns = np.stack([np.where(there, item, 0.0), there.astype(float)], axis=-1)
            total = added(rows.task[people], columns, len(self.table.tasks))
            values[name] = ratio(total[:, 0], total[:, 1])
        if self.settings.empty_is_one:
            empty = (pooled.two.ticks > 0) & ~np.isfinite(values["time/iou"])
            values.update({name: np.where(empty, 1.0, values[name]) for name in OF_A_TASK})
        yield from self._task_rows(values)

    def _task_rows(self, values: Named) -> Iterator[Row]:
        seen = self.table.reviewed
        own = np.flatnonzero(self.members[seen.annotator])
        codes = np.unique(seen.task[own].astype(np.int64) * self.events.annotators
                          + seen.annotator[own])  # fmt: skip
        task, annotator = np.divmod(codes, self.events.annotators)
        readers = np.bincount(task, minlength=len(self.table.tasks))
        events = np.bincount(
            task, self.events.of_readings(task, annotator).sum(axis=1), len(self.table.tasks)
        )
        group = self.exact.group.states
        for at in np.flatnonzero(readers).tolist():
            ticks, full = float(group.ticks[at]), float(group.full_ticks[at])
            seconds = float(self.exact.pooled.two.ticks[at]) / 1e6
            for metric, array in values.items():
                value = value_of(metric, float(array[at]), ticks, full)
                if readers[at] == 1:
                    value = Value(None, ONE_READER)
                yield Row(
                    self.tier, metric, "task", (self.table.tasks[at],), value, 1,
                    int(events[at]), seconds,
                )  # fmt: skip

    def without(self) -> Iterator[Row]:
        """Rows of the group without each annotator in turn: who holds agreement up or down."""
        if len(self.readers.annotators) < 3:
            return
        for name in self.readers.annotators:
            left = self.members & (np.array(self.table.annotators) != name)
            sums = _Sums.of(self.found, left, len(self.table.tasks), self._kinds(left))
            pooled = reduced(np.ones((1, len(sums.met))), sums.pooled)
            group = reduced(np.ones((1, len(sums.met))), sums.group)
            values = {
                **_symmetric(shared_values(pooled)), **group_values(group, self.settings.unit)
            }  # fmt: skip
            pairs = np.flatnonzero(sums.is_pair)
            support = _together([self._pair_support(pair)[0] for pair in pairs.tolist()])
            yield from self._rows("without", [(name,)], _one(values), [support], self.draws.none())

    def _kinds(self, members: NDArray[np.bool_]) -> list[str]:
        pairs = self.found.items.pairs
        return ["pair" if members[pair].all() else "" for pair in pairs]

    def _rows(
        self,
        by: str,
        ofs: Sequence[tuple[str, ...]],
        values: Named,
        supports: Sequence[Support],
        draws: Draws,
    ) -> Iterator[Row]:
        """Rows of values ``(1 + draws, len(ofs))``."""
        full = self._full_ticks()
        for metric, array in values.items():
            bounds = draws.bounds(array)
            for at, (of, support) in enumerate(zip(ofs, supports, strict=True)):
                value = value_of(metric, float(array[0, at]), support.seconds, full)
                if bounds is not None and value.value is not None:
                    value = value.within(float(bounds[0][at]), float(bounds[1][at]))
                yield Row(
                    self.tier, metric, by, of, value, support.tasks, support.events,
                    support.seconds,
                )  # fmt: skip

    def _full_ticks(self) -> float:
        return float(self.exact.group.states.full_ticks.sum())

    def _pair_support(self, pair: int) -> tuple[Support, list[Support]]:
        rows = self.exact.slice_of(pair)
        task = self.exact.rows.task[rows]
        one, other = self.found.items.pairs[pair].tolist()
        count = sum(
            self.events.of_readings(task, np.full(len(task), who)).sum(axis=0)
            for who in (one, other)
        )
        seconds = float(self.exact.rows.sums.two.ticks[rows].sum()) / 1e6
        labels = [Support(len(task), int(n), seconds) for n in np.asarray(count).tolist()]
        return Support(len(task), int(np.sum(count)), seconds), labels

    def _overall_support(self) -> tuple[Support, list[Support]]:
        tasks = self.exact.group.states.ticks > 0
        codes = self.events.code
        task, annotator = np.divmod(codes, self.events.annotators)
        inside = tasks[task] & self.members[annotator]
        count = self.events.count[inside].sum(axis=0)
        seconds = float(self.exact.pooled.two.ticks.sum()) / 1e6
        many = int(tasks.sum())
        labels = [Support(many, int(n), seconds) for n in count.tolist()]
        return Support(many, int(count.sum()), seconds), labels

    def confusions(self) -> list[Confusion]:
        """Tables of confusion in hours."""
        square = self.found.confusion
        if square is None:
            return []
        hours = square / 3.6e9
        people = hours[self.exact.is_pair].sum(axis=0)
        out = [Confusion("overall", (), (people + people.T) / 2)]
        for pair, (one, other) in enumerate(self.found.items.pairs.tolist()):
            names = self.table.annotators[one], self.table.annotators[other]
            out.append(Confusion(self.kinds[pair], names, hours[pair]))
        return out


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of a tier: rows of pairs and tasks, people added up by task, and people as a group."""

    rows: TaskRows
    pooled: Pairwise
    group: Several
    is_pair: NDArray[np.bool_]
    met: NDArray[np.bool_]

    @classmethod
    def of(
        cls, found: Contingency, members: NDArray[np.bool_], tasks: int, kinds: Sequence[str]
    ) -> _Sums:
        rows = task_rows(found)
        is_pair = np.array([kind == "pair" for kind in kinds], bool)
        people = np.flatnonzero(is_pair[rows.pair])
        pooled = by_task(taken(rows.sums, people), rows.task[people], tasks)
        met = np.bincount(rows.task, minlength=tasks) > 0
        return cls(rows, pooled, group_rows(found, members, tasks), is_pair, met)

    def slice_of(self, pair: int) -> slice:
        first, last = np.searchsorted(self.rows.pair, [pair, pair + 1]).tolist()
        return slice(first, last)

    def of_pair(self, pair: int, draws: Draws) -> Pairwise:
        rows = self.slice_of(pair)
        task = self.rows.task[rows]
        whole = len(task) == draws.weights.shape[1]
        weights = draws.weights if whole else draws.weights[:, task]
        return reduced(weights, taken(self.rows.sums, rows))


def by_task(sums: Pairwise, task: Positions, tasks: int) -> Pairwise:
    """Pairs added up for each task."""
    return mapped(sums, lambda part: added(task, part, tasks))


def _one(values: Named) -> Named:
    """Values without an axis of what they are of get one."""
    return {name: array[:, None] for name, array in values.items()}


def _symmetric(values: Named) -> dict[str, Floats]:
    """Without what asks which of the two comes first: pairs of people have no order."""
    return {name: array for name, array in values.items() if "coverage" not in name}


def _together(supports: Sequence[Support]) -> Support:
    """What pairs rest on together; the tasks are those of the pair that shares most."""
    return Support(
        max((support.tasks for support in supports), default=0),
        sum(support.events for support in supports),
        sum(support.seconds for support in supports),
    )
