"""Agreement of events: F1 and the like at every level, borders, splits and kappa."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.border_rows import border_rows
from tslab.agreement.events.boundaries import Borders
from tslab.agreement.events.confusion import EventConfusion, confusions, kappa_rows
from tslab.agreement.events.counts import labels_and_all
from tslab.agreement.events.criteria import Criterion, Iou, Labels
from tslab.agreement.events.kappa_draws import kappa_bounds
from tslab.agreement.events.levels import Levels, Measure, Named
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.matching import match_events
from tslab.agreement.events.scores import event_scores, event_value
from tslab.agreement.events.splits import SplitCounts, count_splits
from tslab.agreement.events.stream import EventTally, streams
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.kernels.runs import Runs, runs_of
from tslab.agreement.kernels.stream import Items, items_of, stream
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_BORDER, NO_MATCH, Readers, Row, Value
from tslab.span_table import Numbers, SpanTable

PREFIXES = {"onset": "event/onset_", "offset": "event/offset_"}
BIASES = tuple(f"{prefix}bias" for prefix in PREFIXES.values())
Columns = list[int]
DIRECTED = ("precision", "recall", "onset_bias", "offset_bias", "splits", "merges")


@dataclass(frozen=True, slots=True)
class EventSettings:
    """How events are measured.

    Attributes:
        criteria: When two events are the same; F1 and the like are given for each.
        main: The one that borders and kappa rest on.
        labels: Whether labels must be equal.
        intervals: Draws, seed and level of the bootstrap.
        edges: Whether the edges of what was reviewed are known, so that a border that lies there
            for both is nobody's.
    """

    criteria: tuple[Criterion, ...] = tuple(Iou(t) for t in (0.1, 0.3, 0.5, 0.7, 0.9))
    main: Criterion = field(default_factory=Iou)
    labels: Labels = "same"
    intervals: TimeSettings = field(default_factory=TimeSettings)
    edges: bool = True


@dataclass(frozen=True, slots=True)
class EventMatches:
    """What the measures of events are made of.

    Attributes:
        matches: By each criterion of the settings.
        borders: Errors of the borders by the main criterion.
        splits: Events in several parts.
        loose: Matches by the main criterion whatever the labels, for kappa.
    """

    matches: tuple[Matches, ...]
    borders: Borders
    splits: SplitCounts
    loose: Matches


@dataclass(frozen=True, slots=True)
class EventAgreement:
    """All measures of events of one tier.

    Attributes:
        rows: The numbers.
        sets: Labels of each row and column of the confusions after the first.
        confusions: Which label goes with which.
        found: The matches that the numbers rest on.
    """

    rows: list[Row]
    sets: tuple[tuple[str, ...], ...]
    confusions: list[EventConfusion]
    found: EventMatches


def find_events(table: SpanTable, pairs: Numbers, settings: EventSettings) -> EventMatches:
    """Match the events of some pairs: on the stream of runs where that can be, else the table."""
    runs = runs_of(table)
    if not tallies(settings, runs):
        return _from_table(table, pairs, settings)
    items = items_of(runs.presence, pairs)
    tally = event_tally(settings, runs, items)
    for batch in stream(runs, items):
        tally.add(batch)
    return tallied(settings, tally, table, pairs)


def tallies(settings: EventSettings, runs: Runs) -> bool:
    """Whether an `EventTally` can find what the settings ask for; it knows IoU only."""
    return streams(runs) and settings.labels == "same" and isinstance(settings.main, Iou)


def event_tally(settings: EventSettings, runs: Runs, items: Items) -> EventTally:
    """Feed it the stream that the measures of time are made of; then ask `tallied`."""
    thresholds = [rule.threshold for rule in _streamed(settings)]
    main = [rule == settings.main for rule in _streamed(settings)].index(True)
    return EventTally(runs, items, thresholds, main, thresholds[main], edges=settings.edges)


def tallied(
    settings: EventSettings, tally: EventTally, table: SpanTable, pairs: Numbers
) -> EventMatches:
    """What a tally has found, and what only the table tells: matches by other rules than IoU."""
    found, borders = tally.result()
    known: dict[Criterion, Matches] = dict(zip(_streamed(settings), found, strict=True))
    others = [rule for rule in settings.criteria if rule not in known]
    if others:
        known |= zip(others, match_events(table, pairs, others, settings.labels), strict=True)
    own = tuple(known[rule] for rule in settings.criteria)
    return EventMatches(own, borders, tally.splits(), tally.any_label())


def _from_table(table: SpanTable, pairs: Numbers, settings: EventSettings) -> EventMatches:
    found = match_events(table, pairs, _wanted(settings), settings.labels)
    (loose,) = match_events(table, pairs, [settings.main], "any")
    splits = count_splits(table, pairs, settings.labels)
    borders = Borders.of(found[_main(settings)], edges=settings.edges)
    return EventMatches(found[: len(settings.criteria)], borders, splits, loose)


def _wanted(settings: EventSettings) -> tuple[Criterion, ...]:
    """The criteria, and the main one after them where it is none of them."""
    return tuple(dict.fromkeys((*settings.criteria, settings.main)))


def _streamed(settings: EventSettings) -> tuple[Iou, ...]:
    return tuple(rule for rule in _wanted(settings) if isinstance(rule, Iou))


def _main(settings: EventSettings) -> int:
    return _wanted(settings).index(settings.main)


def event_metrics(
    tier: str,
    table: SpanTable,
    readers: Readers,
    settings: EventSettings | None = None,
    found: EventMatches | None = None,
) -> EventAgreement:
    """All measures of events that last; instants are `instant_metrics`.

    Args:
        tier: Name of the tier.
        table: Its spans.
        readers: Who is who.
        settings: How to measure.
        found: Matches of the pairs of `all_kinds`, where somebody has them already.
    """
    settings = settings or EventSettings()
    pairs, kinds = all_kinds(table, readers)
    found = find_events(table, pairs, settings) if found is None else found
    levels = Levels(tier, table, readers, pairs, kinds, settings.intervals)
    cells, columns = _cells(found, len(table.labels))
    names = [matches.criterion for matches in found.matches]
    tables = confusions(levels, found.loose)
    events = int(levels.own_events(found.splits.items, cells)[..., -1].sum())
    rows = [
        *levels.rows(found.splits.items, cells, _measure(names, columns)),
        *border_rows(levels, found.borders, found.splits.items, found.splits.sets, PREFIXES),
        *kappa_rows(levels, tables, events, kappa_bounds(levels, found.loose)),
    ]
    sets = tuple(tuple(table.labels[n] for n in members) for members in found.loose.counts.sets)
    return EventAgreement(rows, sets, tables, found)


def _cells(found: EventMatches, labels: int) -> tuple[Floats, Columns]:
    """Sums ``(items, labels + 1, columns)``, and which column is what.

    What is one and the same array is one column: where events match one to one, all that are found
    are confirmed.
    """
    counts, splits = [matches.counts for matches in found.matches], found.splits
    main, *errors = np.moveaxis(found.borders.sums, -1, 0)
    parts = [
        counts[0].reference, counts[0].hypothesis, splits.split, splits.merged, main,
        *found.borders.drawn(main), *errors,
    ]  # fmt: skip
    parts += [part for own in counts for part in (own.found, own.confirmed, own.overlap)]
    once = {id(part): part for part in parts}
    place = {name: number for number, name in enumerate(once)}
    cells = np.stack([part.astype(float) for part in once.values()], axis=-1)
    return labels_and_all(cells, splits.sets, labels), [place[id(part)] for part in parts]


def _measure(names: Sequence[str], columns: Columns) -> Measure:
    """How the sums of `_cells` become measures.

    Args:
        names: Names of the criteria.
        columns: Where there are events of both, split, merged, main matches, those of them whose
            onset and whose offset somebody drew, their onset and offset errors, and for each
            criterion found, confirmed and overlap.
    """

    def of_name(sums: Floats, number: int) -> Floats:
        at = [*columns[:2], *columns[9 + 3 * number : 12 + 3 * number]]
        # Columns first: all draws of one stay next to each other.
        return np.moveaxis(np.moveaxis(sums, -1, 0)[at], 0, -1)

    def values(sums: Floats) -> Named:
        split, merged = (sums[..., at] for at in columns[2:4])
        out = {"event/splits": split, "event/merges": merged, "event/fragments": split + merged}
        for at, name in enumerate(BIASES, 5):
            out[name] = ratio(sums[..., columns[at + 2]], sums[..., columns[at]])
        for number, criterion in enumerate(names):
            scores = event_scores(of_name(sums, number))
            out.update({f"event/{name}@{criterion}": v for name, v in scores.items()})
        return out

    def explain(name: str, value: float, sums: Floats) -> Value:
        if math.isfinite(value):
            return Value(float(value))
        measure, _, criterion = name.removeprefix("event/").partition("@")
        if criterion:
            return event_value(measure, value, of_name(sums, names.index(criterion)))
        return Value(None, NO_BORDER if sums[columns[4]] else NO_MATCH)

    return Measure(
        values, explain, _directed, lambda sums: sums[..., 0] + sums[..., 1],
        matches={name: partial(_column, columns[at]) for at, name in enumerate(BIASES, 5)},
        sides=True,
    )  # fmt: skip


def _column(at: int, sums: Floats) -> Floats:
    return np.asarray(sums[..., at])


def _directed(name: str) -> bool:
    measure = name.removeprefix("event/").partition("@")[0]
    return measure in DIRECTED
