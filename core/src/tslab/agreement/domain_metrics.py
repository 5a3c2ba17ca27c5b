"""Metrics that plugins offer: their parts are summed over tasks, their value is made of sums."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.rests import Rests
from tslab.agreement.panel import Draws, TimeSettings
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import (
    NO_HYPOTHESIS,
    NO_REFERENCE,
    NOT_ITS_MARKS,
    NOTHING_MARKED,
    TOO_FEW,
    Row,
    Value,
)
from tslab.contracts import AgreementContext, AgreementMetric, DetailedMetric
from tslab.domain import Domain
from tslab.recording import Recording
from tslab.span_table import Numbers, SpanTable
from tslab.spans import Span
from tslab.stretches import Stretch, intersect

CLAUSE = re.compile("[,;:]")
"""What ends the part of a title that fits above a number."""
Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DomainMetrics:
    """The metrics of a domain, and what they need.

    Attributes:
        domain: The effective domain.
        metrics: What the plugins offer.
        calling: Blames whatever a metric raises on the plugin that offered it.
        recording: Opens the recording of a task; None where there is none.
    """

    domain: Domain
    metrics: Sequence[AgreementMetric]
    calling: Callable[[object, str], AbstractContextManager[None]]
    recording: Callable[[str], Recording | None] = lambda task: None  # noqa: ARG005

    @property
    def titles(self) -> dict[str, str]:
        """What each is called: the first part of its title, without what explains it."""
        found = {m.name: CLAUSE.split(str(getattr(m, "title", "")))[0] for m in self.metrics}
        return {f"domain/{name}": title for name, title in found.items() if title}

    @property
    def for_detectors(self) -> frozenset[str]:
        """Those that hold a detector against a reference, and say little of people alone."""
        own = (m.name for m in self.metrics if getattr(m, "for_detectors", False))
        return frozenset(f"domain/{name}" for name in own)

    def rows(
        self, tier: TierTable, pairs: Numbers, kinds: Sequence[str], intervals: TimeSettings
    ) -> Iterator[Row]:
        """Rows of all metrics that suit a tier.

        Args:
            tier: What is compared.
            pairs: Who with whom, int32 ``(pairs, 2)``.
            kinds: Kind of each pair.
            intervals: Draws of the bootstrap.
        """
        own = [metric for metric in self.metrics if tier.kind in metric.tier_kinds]
        if not own:
            return
        compared = list(_comparisons(tier, pairs, kinds, self))
        rests = Rests(tier.table, tier.readers)
        for metric in own:
            with self.calling(metric, f"metric '{metric.name}', comparing"):
                rows = list(_Study(metric, tier, compared, intervals).rows())
            yield from rests.under(rows)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two readings of one task."""

    kind: str
    names: tuple[str, str]
    task: int
    reference: Sequence[Span]
    hypothesis: Sequence[Span]
    context: AgreementContext

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.context.extents)


def _comparisons(
    tier: TierTable, pairs: Numbers, kinds: Sequence[str], offered: DomainMetrics
) -> Iterator[_Comparison]:
    table, seen = tier.table, _stretches(tier.table)
    rows = _rows(table)
    for task, name in enumerate(table.tasks):
        recording = offered.recording(name)
        for (one, other), kind in zip(pairs.tolist(), kinds, strict=True):
            common = intersect(seen.get((task, one), []), seen.get((task, other), []))
            if not common:
                continue
            first, second = (
                _spans(tier, rows.get((task, who), ()), common) for who in (one, other)
            )
            names = (table.annotators[one], table.annotators[other])
            extents = [(start / 1e6, end / 1e6) for start, end in common]
            context = AgreementContext(offered.domain, extents, names, recording)
            yield _Comparison(kind, names, task, first, second, context)


def _stretches(table: SpanTable) -> dict[tuple[int, int], list[Stretch]]:
    found: dict[tuple[int, int], list[Stretch]] = {}
    seen = table.reviewed
    columns = (seen.task, seen.annotator, seen.start, seen.end)
    for task, who, start, end in zip(*(column.tolist() for column in columns), strict=True):
        found.setdefault((task, who), []).append((start, end))
    return found


def _rows(table: SpanTable) -> dict[tuple[int, int], list[int]]:
    found: dict[tuple[int, int], list[int]] = {}
    both = zip(table.task.tolist(), table.annotator.tolist(), strict=True)
    for row, key in enumerate(both):
        found.setdefault(key, []).append(row)
    return found


def _spans(tier: TierTable, rows: Iterable[int], common: list[Stretch]) -> list[Span]:
    """Spans in seconds, cut to the time that both reviewed."""
    table, found = tier.table, []
    for row in rows:
        start, end = int(table.start[row]), int(table.end[row])
        fields = tier.fields.get(int(table.region[row]), {})
        for low, high in common:
            first, last = max(start, low), min(end, high)
            if last > first or (start == end and low <= start <= high):
                label = table.labels[table.label[row]]
                found.append(Span(first / 1e6, last / 1e6, label, tier.name, fields=fields))
                if start == end:
                    break
    return found


@dataclass(slots=True)
class _Level:
    """Comparisons that one number is made of."""

    by: str
    of: tuple[str, ...]
    parts: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    tasks: set[int] = field(default_factory=set)
    marks: list[int] = field(default_factory=lambda: [0, 0])
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Study:
    """One metric of one tier while its numbers are worked out."""

    metric: AgreementMetric
    tier: TierTable
    compared: Sequence[_Comparison]
    intervals: TimeSettings

    def rows(self) -> Iterator[Row]:
        """Rows of all levels: a group of people has no order, so both ways are added up."""
        levels: dict[tuple[str, tuple[str, ...]], _Level] = {}
        for item in self.compared:
            forth = self.metric.components(item.reference, item.hypothesis, item.context)
            self._note(levels, item, item.kind, _of(item), forth)
            if item.kind != "pair":
                continue
            back = self.metric.components(item.hypothesis, item.reference, item.context)
            task = self.tier.table.tasks[item.task]
            groups = [("overall", ()), ("task", (task,))]
            groups += [("annotator", (name,)) for name in item.names]
            for by, of in groups:
                self._note(levels, item, by, of, forth, back)
        met = np.zeros(len(self.tier.table.tasks), bool)
        met[[item.task for item in self.compared if item.kind == "pair"]] = True
        draws = Draws.of(met, self.intervals, self.tier.table.order)
        for level in levels.values():
            yield from self._rows(level, draws)

    def _note(
        self,
        levels: dict[tuple[str, tuple[str, ...]], _Level],
        item: _Comparison,
        by: str,
        of: tuple[str, ...],
        *components: Mapping[str, float],
    ) -> None:
        level = levels.setdefault((by, of), _Level(by, of))
        level.parts += [(item.task, part) for part in components]
        level.tasks.add(item.task)
        level.marks[0] += len(item.reference)
        level.marks[1] += len(item.hypothesis)
        level.seconds += item.seconds

    def _rows(self, level: _Level, draws: Draws) -> Iterator[Row]:
        """The value, and each detail of a metric that has some, of the same sums."""
        names = sorted(set(chain.from_iterable(part for _, part in level.parts)))
        sums = np.zeros((len(self.tier.table.tasks), len(names)))
        for task, part in level.parts:
            sums[task] += [part.get(name, 0.0) for name in names]
        found = self._values(names, sums.sum(axis=0))
        drawn: dict[str, list[float]] = {name: [] for name in found}
        if draws.draws and level.by != "task" and not self.intervals.bca:
            for weights in draws.weights[1 : 1 + draws.draws]:
                for name, value in self._values(names, weights @ sums).items():
                    drawn[name].append(value)
        events, tasks = sum(level.marks), len(level.tasks)
        for name, value in found.items():
            told = _with_bounds(value, drawn[name], draws, _reason(level, sums))
            yield Row(self.tier.name, name, level.by, level.of, told, tasks, events, level.seconds)

    def _values(self, names: Sequence[str], sums: Sums) -> dict[str, float]:
        """Value and details by the name of the row; NaN where one is undefined."""
        components = dict(zip(names, sums.tolist(), strict=True))
        name = f"domain/{self.metric.name}"
        found = {name: self.metric.value(components)}
        if isinstance(self.metric, DetailedMetric):
            details = self.metric.details(components)
            found |= {f"{name}/{detail}": value for detail, value in details.items()}
        return {key: float("nan") if value is None else value for key, value in found.items()}


def _with_bounds(value: float, drawn: Sequence[float], draws: Draws, reason: str) -> Value:
    """A number with its interval, where it is defined in every draw."""
    if not np.isfinite(value):
        return Value(None, reason)
    whole = np.array([value, *drawn])
    bounds = draws.bounds(whole[:, None]) if drawn and np.isfinite(whole).all() else None
    if bounds is None:
        return Value(float(value))
    return Value(float(value)).within(float(bounds[0][0]), float(bounds[1][0]))


def _of(item: _Comparison) -> tuple[str, ...]:
    return item.names[1:] if item.kind == "reference" else item.names


def _reason(level: _Level, sums: Sums) -> str:
    one, other = level.marks
    if not one and not other:
        return NOTHING_MARKED
    if not one or not other:
        return NO_HYPOTHESIS if one else NO_REFERENCE
    return TOO_FEW if sums.any() else NOT_ITS_MARKS
