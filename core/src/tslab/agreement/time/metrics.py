"""Agreement of time at every level: overall, label, task, pair, annotator, reference, model.

Measures that are ratios of times (IoU, Dice, percent, coverage, Jaccard) add the pairs up first.
Cohen's kappa and Scott's pi are for two annotators: several have the mean over pairs (Light 1971).
Fleiss, Krippendorff and Gwet's AC1 take the group as a whole. An annotator has the mean of his
pairs. ``without`` is the group with one annotator left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tslab.agreement.bootstrap import BLOCKS, FEW_TASKS, FEWEST_TASKS, in_blocks
from tslab.agreement.coefficients import Floats, Group, Named, ratio
from tslab.agreement.events.rests import met_ticks
from tslab.agreement.kernels.contingency import Contingency, all_kinds, contingency
from tslab.agreement.panel import MOST_PAIRS, Draws, TimeSettings
from tslab.agreement.time.pairs import Pairs
from tslab.agreement.time.rows import Level, TaskValues, symmetric
from tslab.agreement.time.sums import added_up, group_states, reduced, taken
from tslab.agreement.time.support import Events, Support
from tslab.agreement.time.tier_sums import TierSums
from tslab.agreement.time.values import group_values, shared_label_values, shared_values
from tslab.agreement.values import Readers, Row
from tslab.span_table import Mask, SpanTable


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


@dataclass(frozen=True)
class TimeAgreement:
    """All measures of time of one tier.

    Attributes:
        levels: The numbers of all levels but tasks.
        tasks: The numbers of each task.
        states: Labels of each state; the first, empty one is time without a label.
        confusions: Tables of confusion; none where there are too many states.
        notes: What a reader must know to trust the numbers.
    """

    levels: list[Row]
    tasks: TaskValues
    states: tuple[tuple[str, ...], ...]
    confusions: list[Confusion]
    notes: list[str]

    @cached_property
    def rows(self) -> list[Row]:
        """All numbers."""
        return [*self.levels, *self.tasks.rows()]


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
    settings = settings or TimeSettings()
    pairs, kinds = all_kinds(table, readers)
    found = contingency(table, pairs) if found is None else found
    people = np.isin(np.array(table.annotators), np.array(readers.annotators))
    exact = TierSums.of(found, people, len(table.tasks), kinds)
    study = _Study(tier, table, readers, settings, exact, found)
    names = tuple(tuple(table.labels[label] for label in sorted(s)) for s in found.states)
    confusions = _confusions(found, exact, table)
    levels = list(study.rows(found))
    tasks = TaskValues.of(tier, table, exact, study.events, settings)
    return TimeAgreement(levels, tasks, names, confusions, study.notes())


class _Study:
    """One tier while its numbers are worked out."""

    def __init__(
        self,
        tier: str,
        table: SpanTable,
        readers: Readers,
        settings: TimeSettings,
        exact: TierSums,
        found: Contingency,
    ) -> None:
        self.tier, self.table, self.readers = tier, table, readers
        self.settings, self.exact = settings, exact
        self.events, self.presence = Events.of(table, found), found.presence

    def rows(self, found: Contingency) -> Iterator[Row]:
        """Rows of all levels but tasks."""
        drawn = self._drawn(found)
        order = self.table.order if drawn is self.exact else None
        draws = Draws.of(drawn.met, self.settings, order)
        some = draws if len(found.items.pairs) <= MOST_PAIRS else draws.none()
        pairs = Pairs(self.tier, self.table, found.items.pairs, some)
        yield from pairs.rows(self.exact, drawn, self.events, self.settings.unit)
        yield from pairs.annotator_rows(self._of_annotator)
        yield from self._overall(drawn, draws, pairs)
        yield from self._without(found, draws.none())

    def _drawn(self, found: Contingency) -> TierSums:
        """What draws are made of: tasks, or blocks of the only one."""
        if self.exact.met.sum() != 1 or not self.settings.draws:
            return self.exact
        blocks = in_blocks(self.table)
        parts = contingency(blocks, found.items.pairs)
        return TierSums.of(parts, self.exact.members, len(blocks.tasks), self.exact.kinds)

    def notes(self) -> list[str]:
        """What a reader must know."""
        tasks = int(self.exact.met.sum())
        if not self.settings.draws or not tasks:
            return []
        if tasks == 1:
            return [f"one task only: intervals come from {BLOCKS} blocks of its time"]
        if FEWEST_TASKS <= tasks < FEW_TASKS:
            return [f"intervals rest on {tasks} tasks; fewer than {FEW_TASKS} make them too narrow"]
        return []

    def _overall(self, drawn: TierSums, draws: Draws, pairs: Pairs) -> Iterator[Row]:
        """Rows of people together, and of each label."""
        pooled, group = reduced(draws.weights, drawn.pooled), reduced(draws.weights, drawn.group)
        unit = self.settings.unit
        values = {**symmetric(shared_values(pooled)), **group_values(group.states, unit)}
        labels = {**symmetric(shared_label_values(pooled)), **group_values(group.labels, unit)}
        values["time/iou_task_mean"] = _task_mean(shared_values(drawn.pooled), draws)
        labels["time/iou_task_mean"] = _task_mean(shared_label_values(drawn.pooled), draws)
        whole, by_label = self._levels(self.exact.members, self.exact.group.states)
        yield from whole.rows(values, draws)
        yield from whole.rows(pairs.people.values(), pairs.draws)
        yield from by_label.rows(labels, draws)
        yield from by_label.rows(pairs.people_labels.values(), pairs.draws)

    def _levels(self, members: Mask, group: Group) -> tuple[Level, Level]:
        """Where values of people together belong, and those of each label."""
        ticks = float(group.ticks.sum())
        support, supports = self.events.of_group(members, group.ticks > 0, ticks)
        full = float(group.full_ticks.sum())
        ofs = [(label,) for label in self.table.labels]
        return (
            Level(self.tier, "overall", [()], [support], full),
            Level(self.tier, "label", ofs, supports, full),
        )

    def _of_annotator(self, name: str) -> Support:
        """An annotator's own events, and the time that he shares with anybody."""
        number = self.table.annotators.index(name)
        met = met_ticks(self.presence, self.exact.members, len(self.table.tasks), number)
        own = np.arange(len(self.table.annotators)) == number
        return self.events.of_group(own, met > 0, float(met.sum()))[0]

    def _without(self, found: Contingency, draws: Draws) -> Iterator[Row]:
        """Rows of the group without each annotator in turn: who holds agreement up or down."""
        if len(self.readers.annotators) < 3:
            return
        names, pairs = np.array(self.table.annotators), found.items.pairs
        unit = self.settings.unit
        for name in self.readers.annotators:
            left = self.exact.members & (names != name)
            inside = np.flatnonzero(left[pairs].all(axis=1))
            pooled = added_up(taken(self.exact.by_pair, inside))
            group = group_states(found, left, len(self.table.tasks))
            values = {**symmetric(shared_values(pooled)), **group_values(added_up(group), unit)}
            whole, _ = self._levels(left, group)
            level = Level(self.tier, "without", [(name,)], whole.supports, whole.full_ticks)
            yield from level.rows(values, draws)


def _task_mean(values: Named, draws: Draws) -> Floats:
    """Mean over tasks of the IoU that is defined, in every draw."""
    by_task = values["time/iou"]
    there = np.isfinite(by_task)
    known = np.where(there, by_task, 0.0)
    return ratio(draws.weights @ known, draws.weights @ there.astype(float))


def _confusions(found: Contingency, sums: TierSums, table: SpanTable) -> list[Confusion]:
    """Tables of confusion in hours."""
    if found.confusion is None:
        return []
    hours = found.confusion / 3.6e9
    people = hours[sums.is_pair].sum(axis=0)
    out = [Confusion("overall", (), (people + people.T) / 2)]
    pairs: Sequence[Sequence[int]] = found.items.pairs.tolist()
    for kind, (one, other), square in zip(sums.kinds, pairs, hours, strict=True):
        out.append(Confusion(kind, (table.annotators[one], table.annotators[other]), square))
    return out
