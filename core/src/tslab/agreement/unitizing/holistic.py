"""Rows of measures that take where units are and what they are together: alpha and gamma."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.events import Events
from tslab.agreement.events.levels import Levels
from tslab.agreement.kernels.contingency import Contingency, contingency, pairs_of
from tslab.agreement.kernels.runs import Runs, runs_of
from tslab.agreement.panel import MOST_PAIRS, Draws, TimeSettings
from tslab.agreement.unitizing.alpha import (
    alpha_u,
    alpha_u_value,
    coincidence,
    disagreement,
    u_alpha,
    u_alpha_value,
)
from tslab.agreement.unitizing.alpha_draws import alpha_u_draws
from tslab.agreement.unitizing.gamma import Disorder, disorder, gamma, gamma_value
from tslab.agreement.values import TAKES_LONG, Readers, Row, Value
from tslab.span_table import SpanTable


@dataclass(frozen=True, slots=True)
class HolisticSettings:
    """What is measured.

    Attributes:
        unit: Microseconds of one unit of length for both alphas; None takes time as a continuum.
        samples: Samples of chance for gamma; 0 leaves gamma out, which takes by far the longest.
        seed: Makes the samples the same each time.
        intervals: Draws, seed and level of the bootstrap.
    """

    unit: float | None = None
    samples: int = 0
    seed: int = 0
    intervals: TimeSettings = field(default_factory=lambda: TimeSettings(draws=0))


def holistic_rows(
    tier: str, table: SpanTable, readers: Readers, settings: HolisticSettings | None = None
) -> Iterator[Row]:
    """Alpha_U and the provisional u-alpha of the group and of each pair, and gamma of each pair.

    Args:
        tier: Name of the tier.
        table: Its spans; instants have no part in it.
        readers: Who is who; only people are compared.
        settings: What is measured.
    """
    settings = settings or HolisticSettings()
    pairs = pairs_of(table, readers)
    levels = Levels(tier, table, readers, pairs, ["pair"] * len(pairs), settings.intervals)
    study = _Study(levels, settings, contingency(table, pairs), runs_of(table))
    members = sorted(table.annotators.index(name) for name in readers.annotators)
    yield from study.group("overall", (), members)
    for number in range(len(pairs) if len(pairs) <= MOST_PAIRS else 0):
        yield from study.group("pair", levels.names(number), sorted(pairs[number].tolist()))
    if settings.samples:
        yield from study.gammas()


@dataclass(frozen=True)
class _Study:
    """One tier while its numbers are worked out."""

    levels: Levels
    settings: HolisticSettings
    found: Contingency
    runs: Runs

    @cached_property
    def marks(self) -> NDArray[np.int64]:
        """Events that last; one with several labels is one, int64 ``(tasks, annotators)``."""
        shape = len(self.levels.table.tasks), len(self.levels.table.annotators)
        lasting = Events.of(self.levels.table).ranges()
        key = lasting.task * np.int64(shape[1]) + lasting.annotator
        return np.bincount(key, minlength=shape[0] * shape[1]).reshape(shape)

    @cached_property
    def spans(self) -> NDArray[np.int64]:
        """The same with each label, int64 ``(tasks, annotators, labels)``."""
        table = self.levels.table
        shape = len(table.tasks), len(table.annotators), len(table.labels)
        lasting = np.flatnonzero(~table.instants)
        key = (table.task[lasting] * np.int64(shape[1]) + table.annotator[lasting]) * shape[2]
        size = shape[0] * shape[1] * shape[2]
        return np.bincount(key + table.label[lasting], minlength=size).reshape(shape)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Who reviewed anything of which task, bool ``(tasks, annotators)``."""
        table = self.levels.table
        out = np.zeros((len(table.tasks), len(table.annotators)), bool)
        out[table.reviewed.task, table.reviewed.annotator] = True
        return out

    @cached_property
    def task(self) -> dict[str, int]:
        """Numbers of the tasks."""
        return {name: number for number, name in enumerate(self.levels.table.tasks)}

    def group(self, by: str, of: tuple[str, ...], members: Sequence[int]) -> Iterator[Row]:
        """Rows of some annotators as a group."""
        yield from self._alpha_u(by, of, members)
        sums = coincidence(self.found, self.runs, members, self.settings.unit)
        parts = sums.agreed, sums.spent, sums.squares
        whole = [part.sum(axis=0) for part in parts]
        value = u_alpha_value(float(u_alpha(*whole)), whole[1])
        drawn = u_alpha(*(self._weights[:, : len(part)] @ part for part in parts))
        (value,) = self._within([value], drawn[:, None])
        yield self._row("unitizing/u_alpha_provisional", by, of, value, members)

    def _alpha_u(self, by: str, of: tuple[str, ...], members: Sequence[int]) -> Iterator[Row]:
        found = disagreement(self.levels.table, members, self.settings.unit)
        observed, expected = found.together
        total = float(found.weight.sum())
        whole = alpha_u_value(float(alpha_u(observed.sum(), expected.sum())), total)
        by_label = "label" if by == "overall" else f"{by}-label"
        each = [alpha_u_value(float(x), total) for x in alpha_u(observed, expected)]
        if self.draws.draws:
            unit = self.settings.unit or 0.0
            drawn = alpha_u_draws(self.levels.table, members, self._weights, unit)
            *each, whole = self._within([*each, whole], drawn)
            if drawn is None:
                *each, whole = (replace(x, no_interval=TAKES_LONG) for x in (*each, whole))
        yield self._row("unitizing/alpha_u", by, of, whole, members)
        for label, name in enumerate(self.levels.table.labels):
            of_label = (*of, name)
            yield self._row("unitizing/alpha_u", by_label, of_label, each[label], members, label)
        if by == "overall":
            tasks = alpha_u(found.observed.sum(axis=1), found.expected.sum(axis=1))
            for task in np.flatnonzero(found.weight).tolist():
                value = alpha_u_value(float(tasks[task]), total)
                of_task = (self.levels.table.tasks[task],)
                yield self._row("unitizing/alpha_u", "task", of_task, value, members)

    def gammas(self) -> Iterator[Row]:
        """Rows of gamma: each pair, each annotator and all as the mean of pairs."""
        levels, settings = self.levels, self.settings
        found = disorder(levels.table, levels.pairs, settings.samples, settings.seed)
        many = len(levels.pairs)
        costs = [np.bincount(found.items.pair, part, many) for part in
                 (found.observed, found.expected)]  # fmt: skip
        each = gamma(costs[0].astype(float), costs[1].astype(float))
        drawn = self._gamma_draws(found)
        for pair, value in enumerate(self._within(list(map(gamma_value, each.tolist())), drawn)):
            members = levels.pairs[pair].tolist()
            yield self._row("gamma", "pair", levels.names(pair), value, members)
        members = [levels.table.annotators.index(name) for name in levels.readers.annotators]
        groups = [(levels.pairs == number).any(axis=1) for number in members]
        groups.append(np.ones(many, bool))
        values = [gamma_value(_mean(each[own])) for own in groups]
        means = np.stack([_means(drawn[:, own]) for own in groups], axis=1)
        *own_values, whole = self._within(values, means)
        for number, value in zip(members, own_values, strict=True):
            name = levels.table.annotators[number]
            yield self._row("gamma", "annotator", (name,), value, members)
        yield self._row("gamma", "overall", (), whole, members)

    def _gamma_draws(self, found: Disorder) -> Floats:
        """Gamma of each pair in each draw, ``(draws, pairs)``: costs of tasks add up."""
        drawn = np.full((len(self._weights), len(self.levels.pairs)), np.nan)
        for pair in range(len(self.levels.pairs)):
            own = np.flatnonzero(found.items.pair == pair)
            weights = self._weights[:, found.items.task[own]]
            costs = (weights @ part[own] for part in (found.observed, found.expected))
            drawn[:, pair] = gamma(*costs)
        return drawn

    @property
    def draws(self) -> Draws:
        """Draws of tasks; none where nobody could read the intervals of so many pairs."""
        draws = self.levels.draws
        return draws if len(self.levels.pairs) <= MOST_PAIRS else draws.none()

    @property
    def _weights(self) -> Floats:
        return self.draws.weights

    def _within(self, values: Sequence[Value], drawn: Floats | None) -> list[Value]:
        """Values with the bounds of their draws ``(1 + draws, values)``."""
        bounds = None if drawn is None or not len(values) else self.draws.bounds(drawn)
        if bounds is None:
            return list(values)
        low, high = (bound.tolist() for bound in bounds)
        return [
            value.within(a, b) if value.value is not None and np.isfinite(a) else value
            for value, a, b in zip(values, low, high, strict=True)
        ]

    def _row(
        self,
        metric: str,
        by: str,
        of: tuple[str, ...],
        value: Value,
        members: Sequence[int],
        label: int | None = None,
    ) -> Row:
        tasks, seconds = self.levels.support(by, of)
        count = self._events(by, of, members, label)
        return Row(self.levels.tier, metric, by, of, value, tasks, count, seconds)

    def _events(
        self, by: str, of: tuple[str, ...], members: Sequence[int], label: int | None
    ) -> int:
        """Events of some annotators in tasks that two of them read, of a label or of all."""
        tasks = self.present[:, members].sum(axis=1) > 1
        if by == "task":
            tasks &= np.arange(len(tasks)) == self.task[of[0]]
        elif by == "annotator":
            tasks &= self.present[:, self.levels.table.annotators.index(of[0])]
        counts = self.marks if label is None else self.spans[..., label]
        return int(counts[:, members][tasks].sum())


def _means(values: Floats) -> Floats:
    """Mean of what is defined in each row; NaN where nothing is."""
    there = np.isfinite(values)
    return ratio(np.where(there, values, 0.0).sum(axis=1), there.sum(axis=1).astype(float))


def _mean(values: Floats) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")
