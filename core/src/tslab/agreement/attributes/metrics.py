"""Agreement of what was answered about regions and about tasks.

Answers about regions are compared on regions that were matched: conditional measures rest on
matched regions that both answered, joint ones take a region without a partner, and a missing
answer, for the class "none". The two stand side by side: ``attribute/kappa:FIELD`` and
``attribute/kappa_joint:FIELD``. Answers about tasks need no matching (``task/kappa:FIELD``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.attributes.fields import AnyField, FieldStudies, answer_of
from tslab.agreement.attributes.sums import Entries, Study
from tslab.agreement.coefficients import Floats
from tslab.agreement.events.counts import EventItems, labels_and_all
from tslab.agreement.events.events import Events, shared
from tslab.agreement.events.levels import Levels, Measure, Named
from tslab.agreement.events.matches import Matches
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_ANSWER, NO_VARIATION, TOO_FEW, Readers, Row, Value
from tslab.domain import RegionField
from tslab.span_table import SpanTable
from tslab.spans import FieldValue

Answers = Mapping[int, Mapping[str, FieldValue]]
"""Answers by number of the region in a table, then by name of the field."""
Codes = NDArray[np.int64]
FOR_TWO = ("icc", "limit_low", "limit_high")
"""Measures that need two entries."""


@dataclass(frozen=True, slots=True)
class AttributeSettings:
    """How answers are measured.

    Attributes:
        tolerances: How far apart two numbers may be and agree, by field; 0 where it is missing.
        intervals: Draws, seed and level of the bootstrap.
    """

    tolerances: Mapping[str, float] = field(default_factory=dict)
    intervals: TimeSettings = field(default_factory=TimeSettings)


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions of one tier and what was answered about them.

    Attributes:
        tier: Name of the tier.
        table: The regions.
        readers: Who is who.
        answers: What was answered.
    """

    tier: str
    table: SpanTable
    readers: Readers
    answers: Answers


def attribute_rows(
    regions: Regions,
    fields: Sequence[RegionField],
    matched: Sequence[Matches],
    settings: AttributeSettings | None = None,
) -> list[Row]:
    """All measures of all fields about regions; a field that nobody answered has none.

    Args:
        regions: What was marked and answered.
        fields: The domain's fields.
        matched: Matched ranges, matched instants, or both, of the pairs of `all_kinds`.
        settings: How to measure.
    """
    settings = settings or AttributeSettings()
    given = {name for answers in regions.answers.values() for name in answers}
    asked = [item for item in fields if item.name in given]
    pairs, kinds = all_kinds(regions.table, regions.readers)
    if not asked or not len(pairs):
        return []
    levels = Levels(regions.tier, regions.table, regions.readers, pairs, kinds, settings.intervals)
    couples = _couples(regions.table, levels, matched)
    rows: list[Row] = []
    for item in asked:
        rows += _field_rows(regions, item, levels, couples, settings)
    return rows


@dataclass(frozen=True, slots=True)
class _Couples:
    """Events in twos: matched ones, and those without a partner, in columns.

    Attributes:
        items: Pair and task that each is counted in.
        item: Position in `items`, ``(couples,)``.
        sets: Labels of each set of labels.
        label: Set of labels of the first event, or of the other where there is no first.
        first: Row of the table, -1 where there is none, ``(couples,)``.
        second: Likewise.
    """

    items: EventItems
    item: Codes
    sets: tuple[tuple[int, ...], ...]
    label: Codes
    first: Codes
    second: Codes


def _couples(table: SpanTable, levels: Levels, matched: Sequence[Matches]) -> _Couples:
    events = Events.of(table)
    pair, task = np.nonzero(levels.ticks > 0)
    items = EventItems(pair.astype(np.int32), task.astype(np.int32))
    number = np.full((len(levels.pairs), len(table.tasks)), -1, np.int64)
    number[pair, task] = np.arange(len(pair))
    set_of_row = np.zeros(len(table), np.int64)
    set_of_row[events.row] = events.label
    parts = [_matched_rows(matches) for matches in matched]
    couples = [np.concatenate([np.zeros((0, 3), np.int64), *parts])]
    kept = _kinds_of(events, matched)
    for at, (one, other) in enumerate(levels.pairs.tolist()):
        own = couples[0][couples[0][:, 0] == at]
        both = shared(kept, table, (one, other))
        for side, column in ((both.reference, 1), (both.hypothesis, 2)):
            alone = np.unique(side.row[~np.isin(side.row, own[:, column])])
            rows = np.full((len(alone), 3), -1, np.int64)
            rows[:, 0], rows[:, column] = at, alone
            couples.append(rows)
    whole = np.concatenate(couples)
    some = np.where(whole[:, 1] >= 0, whole[:, 1], whole[:, 2])
    item = number[whole[:, 0], table.task[some]]
    return _Couples(items, item, events.sets, set_of_row[some], whole[:, 1], whole[:, 2])


def _matched_rows(matches: Matches) -> Codes:
    """Pair, row of the reference and row of the hypothesis, ``(matches, 3)``."""
    pair = matches.counts.items.pair[matches.item]
    return np.stack([pair, matches.reference, matches.hypothesis], axis=1).astype(np.int64)


def _kinds_of(events: Events, matched: Sequence[Matches]) -> Events:
    """The events that were there to be matched: ranges, instants, or both."""
    ranges = any(matches.criterion != "tolerance" for matches in matched)
    points = any(matches.criterion == "tolerance" for matches in matched)
    if ranges and points:
        return events
    return events.ranges() if ranges else events.instants()


def _field_rows(
    regions: Regions,
    item: RegionField,
    levels: Levels,
    couples: _Couples,
    settings: AttributeSettings,
) -> Iterator[Row]:
    values = (own[item.name] for own in regions.answers.values() if item.name in own)
    studies = FieldStudies.of(item, values, settings.tolerances.get(item.name, 0.0))
    if not studies.answers:
        return
    codes = np.append(_codes(regions, item, studies), -1)
    asked = _asked_sets(item, regions.table, couples.sets)[couples.label]
    first, second = (np.where(asked, codes[rows], -1) for rows in (couples.first, couples.second))
    cell = couples.item * len(couples.sets) + couples.label
    size = len(couples.items) * len(couples.sets)
    entries = Entries(cell, size, first, second, np.ones(len(cell)))
    labels = len(regions.table.labels)
    for study, joint in _both_ways(studies):
        own = entries.either() if joint else entries.both()
        sums = study.sums(own).reshape(len(couples.items), len(couples.sets), -1)
        cells = labels_and_all(sums, couples.sets, labels)
        measure = measure_of(study, "attribute", item.name, joint=joint)
        yield from levels.rows(couples.items, cells, measure)


def _both_ways(studies: FieldStudies) -> Iterator[tuple[Study, bool]]:
    yield from ((study, False) for study in studies.conditional)
    yield from ((study, True) for study in studies.joint)


def _codes(regions: Regions, item: AnyField, studies: FieldStudies) -> Codes:
    """Position of each row's answer among the distinct ones, -1 for none, ``(rows,)``."""
    known = {answer: number for number, answer in enumerate(studies.answers)}
    found = {}
    for region, answers in regions.answers.items():
        value = answers.get(item.name)
        answer = answer_of(item, value) if value is not None else None
        if answer is not None:
            found[region] = known[answer]
    numbers = np.array(sorted(found), np.int64)
    codes = np.array([found[region] for region in numbers.tolist()], np.int64)
    if not len(numbers):
        return np.full(len(regions.table), -1, np.int64)
    at = np.minimum(np.searchsorted(numbers, regions.table.region), len(numbers) - 1)
    return np.where(numbers[at] == regions.table.region, codes[at], -1)


def _asked_sets(
    item: RegionField, table: SpanTable, sets: Sequence[tuple[int, ...]]
) -> NDArray[np.bool_]:
    """Which sets of labels a field is asked about."""
    names = [{table.labels[number] for number in members} for members in sets]
    wanted = set(item.per_label)
    return np.array([not wanted or bool(own & wanted) for own in names], bool)


def measure_of(study: Study, prefix: str, name: str, *, joint: bool) -> Measure:
    """How the sums of a study become rows, named ``PREFIX/MEASURE:FIELD``."""
    suffix = "_joint" if joint else ""

    def values(sums: Floats) -> Named:
        found = study.values(sums)
        return {f"{prefix}/{key}{suffix}:{name}": array for key, array in found.items()}

    def short(metric: str) -> str:
        own = metric.removeprefix(f"{prefix}/").removesuffix(f":{name}")
        return own.removesuffix(suffix)

    def explain(metric: str, value: float, sums: Floats) -> Value:
        if np.isfinite(value):
            return Value(float(value))
        if not sums[0] > 0:
            return Value(None, NO_ANSWER)
        few = short(metric) in FOR_TWO and sums[0] < 2
        return Value(None, TOO_FEW if few else NO_VARIATION)

    return Measure(
        values,
        explain,
        directed=lambda metric: short(metric) in study.directed,
        events=lambda sums: sums[..., 0],
        paired=lambda metric: short(metric) in study.paired,
    )
