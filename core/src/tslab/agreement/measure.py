"""All measures of all tiers in one value: what the command, the files and the page are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

import tslab
from tslab.agreement.answer_rows import answer_rows, own_rows, score_rows
from tslab.agreement.domain_metrics import DomainMetrics
from tslab.agreement.enterprise.custom_metric import CustomMetric, load_metric
from tslab.agreement.events.confusion import EventConfusion
from tslab.agreement.events.counts import EventItems
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.histograms import Histogram, histograms
from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.metrics import (
    EventAgreement,
    EventMatches,
    EventSettings,
    event_metrics,
    event_tally,
    find_events,
    tallied,
    tallies,
)
from tslab.agreement.events.szcore import detection_rows
from tslab.agreement.intervals import believed
from tslab.agreement.kernels.contingency import Contingency, Tally, all_kinds
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.kernels.stream import items_of, stream
from tslab.agreement.panel import TimeSettings
from tslab.agreement.settings import MOST_UNITS, AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable, made_of_people
from tslab.agreement.time.metrics import Confusion, TimeAgreement, time_metrics
from tslab.agreement.unitizing.holistic import holistic_rows
from tslab.agreement.values import Row
from tslab.contracts import Finding
from tslab.errors import counted
from tslab.span_table import Mask, Numbers, SpanTable

UNASKED = "unitizing alpha is worked out on demand only (--metric unitizing/alpha_u)"
UNDRAWN = "nobody drew them, and they do not count as borders"
ALONE = "single coverage: nobody else reviewed anything that they reviewed"


@dataclass(frozen=True, slots=True)
class PairScores:
    """How well each pair agrees in each task.

    Attributes:
        pair: Names of the two.
        task: Position in the table's tasks, int32 ``(tasks,)``.
        seconds: Time that both reviewed, ``(tasks,)``.
        iou: Intersection over union of all labelled time; NaN where neither marked any.
        f1: F1 of events at the main threshold; NaN where neither marked any.
    """

    pair: tuple[str, str]
    task: Numbers
    seconds: NDArray[np.float64]
    iou: NDArray[np.float64]
    f1: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TierAgreement:
    """Everything about one tier.

    Attributes:
        tier: What was compared.
        tolerance: Seconds that two instants may be apart.
        rows: All numbers; rows by "window" are of the windows that Label Studio shows.
        states: Labels of each row and column of `confusions`.
        confusions: Hours in each two states.
        sets: Labels of each row and column of `event_confusions` after the first.
        event_confusions: Counts of events.
        histograms: Errors of borders, and of instants.
        pair_scores: Agreement of each pair of people in each task.
        matches: Matched events at the main threshold, of all pairs that are compared.
        instants: Matched instants, likewise.
        notes: What a reader must know to trust the numbers.
        titles: What measures of the domain are called, by name.
        for_detectors: Measures of the domain that hold a detector against a reference.
    """

    tier: TierTable
    tolerance: float
    rows: list[Row]
    states: tuple[tuple[str, ...], ...] = ()
    confusions: list[Confusion] = field(default_factory=list)
    sets: tuple[tuple[str, ...], ...] = ()
    event_confusions: list[EventConfusion] = field(default_factory=list)
    histograms: list[Histogram] = field(default_factory=list)
    pair_scores: list[PairScores] = field(default_factory=list)
    matches: Matches | None = None
    instants: Matches | None = None
    notes: list[str] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)
    for_detectors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Agreement:
    """The whole result.

    Attributes:
        tiers: One for each tier that somebody reviewed.
        settings: How it was measured.
        findings: What was left out or mended.
        counts: How many things each code of the findings stands for.
        notes: What a reader must know to trust the numbers.
        versions: Of tslab and NumPy.
    """

    tiers: tuple[TierAgreement, ...]
    settings: AgreementSettings
    findings: tuple[Finding, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> Iterator[Row]:
        """All numbers of all tiers."""
        for tier in self.tiers:
            yield from tier.rows

    def row(
        self, tier: str, metric: str, by: str = "overall", of: Sequence[str] = ()
    ) -> Row | None:
        """One number; None where there is none of that name."""
        wanted = (tier, metric, by, tuple(of))
        return next((r for r in self.rows if (r.tier, r.metric, r.by, r.of) == wanted), None)


def measure(
    intake: Intake,
    settings: AgreementSettings | None = None,
    offered: DomainMetrics | None = None,
    own: Sequence[CustomMetric] | None = None,
) -> Agreement:
    """All measures.

    Args:
        intake: What is compared.
        settings: How.
        offered: Metrics of the domain.
        own: The functions that `AgreementSettings.custom` names, where they are loaded already.

    Raises:
        PluginError: A metric of a plugin failed.
        DataError: A measure of the user's own failed.
    """
    settings = settings or AgreementSettings()
    own = [load_metric(place) for place in settings.custom] if own is None else own
    tiers = tuple(measure_tier(tier, settings, offered, own) for tier in intake.tiers)
    versions = {"tslab": tslab.__version__, "numpy": np.__version__}
    return Agreement(tiers, settings, intake.findings, dict(intake.counts), intake.notes, versions)


def measure_tier(
    tier: TierTable,
    settings: AgreementSettings,
    offered: DomainMetrics | None = None,
    own: Sequence[CustomMetric] = (),
) -> TierAgreement:
    """All measures of one tier."""
    tolerance = settings.tolerances.get(tier.name, tier.tolerance)
    titles = {} if offered is None else offered.titles
    result = TierAgreement(tier, tolerance, [], notes=_about_models(tier), titles=titles)
    if offered is not None:
        result = replace(result, for_detectors=offered.for_detectors)
    pairs, kinds = all_kinds(tier.table, tier.readers)
    if not len(pairs):
        return replace(result, notes=[ALONE, *result.notes])
    points, marks = bool(tier.table.instants.any()), bool(tier.table.labels)
    if marks and (tier.kind != "instants" or not (points or not len(tier.table))):
        result = _with_ranges(result, settings, pairs, kinds)
    if marks and (points or tier.kind == "instants"):
        result = _with_instants(result, settings, kinds)
    matched = [found for found in (result.matches, result.instants) if found is not None]
    result.rows.extend(answer_rows(tier, matched, settings))
    if settings.enterprise or len(tier.table) <= MOST_UNITS:
        result.rows.extend(score_rows(tier, tolerance, settings))
    if offered is not None:
        result.rows.extend(offered.rows(tier, pairs, kinds, settings.time))
    result.rows.extend(own_rows(tier, own, settings))
    rows, notes = believed(tier, result.rows)
    return replace(result, rows=rows, notes=[*result.notes, *notes])


def _about_models(tier: TierTable) -> list[str]:
    """A note on each consensus among the models."""
    return [
        f"'{name}' is made of these annotators' own marks: that they agree with it says little"
        for name in tier.readers.models
        if made_of_people(name)
    ]


def _with_ranges(
    result: TierAgreement, settings: AgreementSettings, pairs: Numbers, kinds: Sequence[str]
) -> TierAgreement:
    """The result with the measures of time and of events that last."""
    tier = result.tier
    # What a task is taken to reach to because of its marks is no edge, but where somebody drew.
    wanted = replace(settings.events, edges=tier.shown)
    found, events = _swept(tier.table, pairs, wanted)
    times = time_metrics(tier.name, tier.table, tier.readers, settings.time, found)
    marks = event_metrics(tier.name, tier.table, tier.readers, wanted, events)
    main = events.matches[wanted.criteria.index(Iou(settings.iou))]
    people = np.array([kind == "pair" for kind in kinds], bool)
    rows = [*times.rows, *marks.rows]
    if settings.szcore:
        rows += detection_rows(tier.name, tier.table, tier.readers, settings.time)
    notes = [*result.notes, *times.notes, *_at_edges(events, people)]
    if settings.gamma or settings.unitizing or len(tier.table) <= MOST_UNITS:
        rows += holistic_rows(tier.name, tier.table, tier.readers, settings.holistic)
    else:
        notes.append(f"{UNASKED}: {counted(len(tier.table), 'spans')}")
    rows += _window_rows(tier)
    return replace(
        result,
        rows=[*result.rows, *rows],
        states=times.states,
        confusions=times.confusions,
        sets=marks.sets,
        event_confusions=marks.confusions,
        histograms=_of_borders(marks, main, people, tier.sample),
        pair_scores=_pair_scores(tier.table, found, main, people),
        matches=main,
        notes=notes,
    )


def _swept(
    table: SpanTable, pairs: Numbers, settings: EventSettings
) -> tuple[Contingency, EventMatches]:
    """Sums of time and matched events: of one stream of overlaps where that can be."""
    runs = runs_of(table)
    items = items_of(runs.presence, pairs)
    tally = Tally(runs, items)
    events = event_tally(settings, runs, items) if tallies(settings, runs) else None
    for batch in stream(runs, items):
        tally.add(batch)
        if events is not None:
            events.add(batch)
    if events is not None:
        return tally.result(), tallied(settings, events, table, pairs)
    return tally.result(), find_events(table, pairs, settings)


def _at_edges(events: EventMatches, people: Mask) -> Iterator[str]:
    """A note on the borders of matches that nobody drew; those of people where there are two."""
    borders, pair = events.borders, events.splits.items.pair
    of_people = people[pair] if people.any() else np.ones(len(pair), bool)
    onsets, offsets = (int(of_people[borders.item[at]].sum()) for at in borders.undrawn)
    if onsets or offsets:
        many = f"{counted(onsets, 'onsets')} and {counted(offsets, 'offsets')}"
        yield f"{many} of matched events lie at the edge of what was reviewed: {UNDRAWN}"


def _of_borders(
    marks: EventAgreement, main: Matches, people: Mask, least: float
) -> list[Histogram]:
    own = people[main.counts.items.pair]
    return histograms(marks.found.borders, own, marks.sets, least=least)


def _window_rows(tier: TierTable) -> Iterator[Row]:
    """Measures of time of each window; events would be counted in each that they reach into."""
    if tier.windows is None:
        return
    times: TimeAgreement = time_metrics(
        tier.name, tier.windows, tier.readers, TimeSettings(draws=0)
    )
    for row in times.tasks.rows():
        yield replace(row, by="window")


def _with_instants(
    result: TierAgreement, settings: AgreementSettings, kinds: Sequence[str]
) -> TierAgreement:
    """The result with the measures of points in time."""
    tier = result.tier
    own = InstantSettings(round(result.tolerance * 1e6), intervals=settings.time)
    found = instant_metrics(tier.name, tier.table, tier.readers, own)
    sets = tuple(
        tuple(tier.table.labels[n] for n in members) for members in found.matches.counts.sets
    )
    people = np.array([kind == "pair" for kind in kinds], bool)[found.matches.counts.items.pair]
    return replace(
        result,
        rows=[*result.rows, *found.rows],
        histograms=[
            *result.histograms,
            *histograms(found.borders, people, sets, ("instant",), tier.sample),
        ],
        instants=found.matches,
    )


def _pair_scores(
    table: SpanTable, found: Contingency, main: Matches, people: Mask
) -> list[PairScores]:
    """Scores of each pair of people in each task that both reviewed."""
    tasks, many = len(table.tasks), len(found.items.pairs)
    key = found.items.pair.astype(np.int64) * tasks + found.task
    own = found.label_first.sum(axis=1), found.label_second.sum(axis=1)
    both = found.both.sum(axis=1)
    parts = [_by_task(key, part, many, tasks) for part in (found.ticks, both, own[0] + own[1])]
    hits, events = _events_by_task(main.counts.items, main, many, tasks)
    with np.errstate(divide="ignore", invalid="ignore"):
        iou, f1 = parts[1] / (parts[2] - parts[1]), 2 * hits / events
    scores = []
    for pair in np.flatnonzero(people).tolist():
        at = np.flatnonzero(parts[0][pair] > 0)
        one, other = found.items.pairs[pair].tolist()
        names = (table.annotators[one], table.annotators[other])
        seconds = parts[0][pair, at] / 1e6
        scores.append(PairScores(names, at.astype(np.int32), seconds, iou[pair, at], f1[pair, at]))
    return scores


def _events_by_task(
    items: EventItems, main: Matches, many: int, tasks: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matched events and all events of both, each float64 ``(pairs, tasks)``."""
    counts = main.counts
    key = items.pair.astype(np.int64) * tasks + items.task
    events = counts.reference.sum(axis=1) + counts.hypothesis.sum(axis=1)
    hits = (counts.found.sum(axis=1) + counts.confirmed.sum(axis=1)) / 2
    return _by_task(key, hits, many, tasks), _by_task(key, events, many, tasks)


def _by_task(
    key: NDArray[np.int64], values: NDArray[np.float64] | NDArray[np.int64], many: int, tasks: int
) -> NDArray[np.float64]:
    return np.bincount(key, values, many * tasks).reshape(many, tasks).astype(np.float64)
