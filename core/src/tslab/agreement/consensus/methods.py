"""The consensus of several annotators in one tier, by any method, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tslab.agreement.consensus.event_clusters import instant_clusters, range_clusters
from tslab.agreement.consensus.filling import filled
from tslab.agreement.consensus.median_boundaries import Elected, elected
from tslab.agreement.consensus.patterns import Floats, Moments, moments_of
from tslab.agreement.consensus.regions import (
    Line,
    Regions,
    decided_regions,
    disputed_stretches,
    tidied,
    without_overlap,
)
from tslab.agreement.consensus.sources import sources_of, spreads
from tslab.agreement.consensus.voting import EQUAL, Method, Outcome, Rule, vote
from tslab.agreement.kernels.overlaps import Positions
from tslab.errors import DataError
from tslab.span_table import SpanTable
from tslab.stretches import subtract, union

Kind = Literal["states", "intervals", "instants"]


@dataclass(frozen=True, slots=True)
class ConsensusSettings:
    """How annotators are combined. Times are whole microseconds.

    Attributes:
        method: majority, weighted, intersection, union, dawid-skene, staple or median.
        least: Annotators that a label needs; 0 is more than half of those who reviewed it.
        weights: What each annotator's vote counts; None takes how often he agrees with the ground
            truth where there is one, else Dawid and Skene's accuracy.
        iou: Least intersection over union of two spans of one event (median).
        tolerance: How far apart two instants of one event may be.
        gap: Gaps shorter than this are closed.
        shortest: Regions shorter than this are left out, after gaps are closed.
    """

    method: Method = "majority"
    least: int = 0
    weights: Mapping[str, float] | None = None
    iou: float = 0.5
    tolerance: int = 100_000
    gap: int = 0
    shortest: int = 0


@dataclass(frozen=True, slots=True)
class Consensus:
    """What annotators say together in one tier.

    Attributes:
        regions: Ranges and instants, sorted; numbers of tasks and labels are those of the table.
        support: Share of the votes or mean posterior of each region, 0 to 1, ``(regions,)``.
        onset_spread: Median distance of the annotators' onsets from their median, in seconds; nan
            where fewer than two have a span there, ``(regions,)``.
        offset_spread: The same of the offsets.
        source_region: Number of a region, once for each span behind it, intp ``(sources,)``.
        source_row: Row of that span in the table.
        disputed: Stretches and instants without a decision; their label is -1.
        quality: What is known about the annotators: measure -> annotator -> number.
    """

    regions: Regions
    support: Floats
    onset_spread: Floats
    offset_spread: Floats
    source_region: Positions
    source_row: Positions
    disputed: Regions
    quality: dict[str, dict[str, float]] = field(default_factory=dict)


def consensus_of(
    table: SpanTable,
    kind: Kind,
    voters: Sequence[str],
    settings: ConsensusSettings | None = None,
    *,
    exhaustive: bool = False,
    reference: str | None = None,
) -> Consensus:
    """What some annotators of a table say together.

    Args:
        table: Marks of one tier.
        kind: Kind of the tier.
        voters: Names of the annotators who vote.
        settings: How they are combined.
        exhaustive: Whether every moment must carry a label (states only).
        reference: The reading that holds the ground truth; it never votes.

    Raises:
        DataError: Nobody votes, or a weight is given for somebody unknown or is not above 0.
    """
    settings = settings or ConsensusSettings()
    own = table.without_annotators([name for name in table.annotators if name not in voters])
    if not len(own.reviewed):
        raise DataError("nobody who votes reviewed anything", "Pull annotations first: tslab pull")
    rule = Rule(settings.method, kind == "states", exhaustive, settings.least)
    weights = _weights(table, kind, voters, settings, reference)
    rule = replace(rule, weights=weights)
    at = np.flatnonzero(np.isin(table.annotator, own.reviewed.annotator))
    parts: list[Elected] = []
    if kind != "instants":
        lasting = ~own.instants
        found = _ranges(own.where(lasting), rule, settings)
        parts.append(replace(found, row=at[lasting][found.row]))
    if own.instants.any():
        clusters = instant_clusters(own.where(own.instants), settings.tolerance, weights)
        found = elected(own.where(own.instants), clusters, rule)
        parts.append(replace(found, row=at[own.instants][found.row]))
    quality = {key: values for part in parts[::-1] for key, values in part.quality.items()}
    if weights is not None:
        quality["weight"] = weights
    named = {
        key: {name: float(values[table.annotators.index(name)]) for name in voters}
        for key, values in sorted(quality.items())
    }
    return _together(parts, table, named)


def _weights(
    table: SpanTable,
    kind: Kind,
    voters: Sequence[str],
    settings: ConsensusSettings,
    reference: str | None,
) -> Floats | None:
    """Weight of each annotator of the table, None where all count alike."""
    given = settings.weights
    if given is None and settings.method != "weighted":
        return None
    if given is None:
        return _earned(table, kind, voters, settings, reference)
    strangers = sorted(given.keys() - set(voters))
    if strangers:
        names = ", ".join(voters)
        raise DataError(f"a weight for '{strangers[0]}', who does not vote", f"Voters: {names}.")
    if any(not 0 < weight < float("inf") for weight in given.values()):
        raise DataError("a weight is not above 0", "Leave annotators out by not naming them.")
    return np.array([given.get(name, 1.0) for name in table.annotators])


def _earned(
    table: SpanTable,
    kind: Kind,
    voters: Sequence[str],
    settings: ConsensusSettings,
    reference: str | None,
) -> Floats:
    """How often each annotator is right: by the ground truth, else by Dawid and Skene."""
    if reference is not None and kind != "instants":
        right = _agreed_with(table, table.annotators.index(reference))
        if np.isfinite(right[[table.annotators.index(name) for name in voters]]).all():
            return np.maximum(np.nan_to_num(right, nan=1.0), EQUAL)
    plain = replace(settings, method="dawid-skene", weights=None)
    found = consensus_of(table, kind, voters, plain).quality.get("accuracy", {})
    return np.array([max(found.get(name, 1.0), EQUAL) for name in table.annotators])


def _agreed_with(table: SpanTable, reference: int) -> Floats:
    """Share of the time shared with a reference on which all labels are equal; nan without."""
    votes = moments_of(table).votes
    both = votes.present & votes.present[:, [reference]]
    same = (votes.on == votes.on[:, [reference], :]).all(axis=2)
    time = votes.weight @ both
    right: Floats = votes.weight @ (both & same)
    return np.asarray(np.where(time > 0, right / np.maximum(time, 1), np.nan))


def _ranges(table: SpanTable, rule: Rule, settings: ConsensusSettings) -> Elected:
    """Regions of ranges."""
    moments = moments_of(table)
    if rule.method == "median":
        clusters = range_clusters(table, settings.iou, rule.weights)
        found = elected(table, clusters, rule)
        regions = without_overlap(found.regions) if rule.exclusive else found.regions
        disputed = found.disputed
        outcome = vote(moments.votes, rule)
    else:
        outcome = vote(moments.votes, rule)
        regions = decided_regions(table, moments, outcome)
        disputed = disputed_stretches(moments, outcome.decided)
    regions = tidied(regions, settings.gap, settings.shortest, exclusive=rule.exclusive)
    if rule.exhaustive and rule.method not in ("intersection", "union"):
        regions, tied = filled(regions, moments, outcome.support)
        disputed = _with_ties(disputed, tied)
    support = _support(regions, moments, outcome)
    return Elected(regions, support, *sources_of(table, regions), disputed, outcome.quality)


def _with_ties(disputed: Regions, tied: Regions) -> Regions:
    """Disputes, and what of some ties is in none of them."""
    rows = disputed.rows()
    for task in sorted({row[0] for row in tied.rows()}):
        known = union([(start, end) for number, _, start, end in rows if number == task])
        fresh = union([(start, end) for number, _, start, end in tied.rows() if number == task])
        rows += [(task, -1, start, end) for start, end in subtract(fresh, known)]
    return Regions.of(rows)


def _support(regions: Regions, moments: Moments, outcome: Outcome) -> Floats:
    """Mean support of each region's label over its time."""
    line, support = Line.of(moments), np.zeros(len(regions))
    for label in np.unique(regions.label).tolist():
        at = np.flatnonzero(regions.label == label)
        values = outcome.support[moments.pattern, label]
        support[at] = line.mean(values, regions.taken(at))
    return np.clip(support, 0.0, 1.0)


def _together(
    parts: Sequence[Elected], table: SpanTable, quality: dict[str, dict[str, float]]
) -> Consensus:
    """Ranges and instants in one order, each with the spread of what it is made of."""
    rows = [row for part in parts for row in part.regions.rows()]
    order = np.array(sorted(range(len(rows)), key=lambda n: _time_order(rows[n])), np.intp)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    first = np.cumsum([0, *(len(part.regions) for part in parts)])
    none = np.zeros(0, np.intp)
    region = np.concatenate(
        [none, *(part.region + n for part, n in zip(parts, first, strict=False))]
    )
    row = np.concatenate([none, *(part.row for part in parts)])
    region = place[region]
    marks = np.lexsort((row, region))
    region, row = region[marks], row[marks]
    support = np.concatenate([np.zeros(0), *(part.support for part in parts)])
    disputed = Regions.of([item for part in parts for item in part.disputed.rows()])
    return Consensus(
        Regions.of(rows), support[order], spreads(region, table.start[row], len(rows)),
        spreads(region, table.end[row], len(rows)), region, row, disputed, quality,
    )  # fmt: skip


def _time_order(row: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    task, label, start, end = row
    return task, start, end, label
