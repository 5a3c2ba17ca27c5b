"""Voting on events instead of moments: borders at the median, crisp and without slivers.

Marks that mean the same event are a cluster. A cluster is kept if enough of those who reviewed it
have a mark in it, and it lies at the median of their onsets and offsets. Instants take no time, so
that every method votes on them in this way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tslab.agreement.consensus.event_clusters import Clusters
from tslab.agreement.consensus.patterns import Floats, Votes
from tslab.agreement.consensus.regions import Regions
from tslab.agreement.consensus.voting import DISPUTED, ON, Rule, vote
from tslab.agreement.kernels.overlaps import Positions
from tslab.span_table import Extents, Mask, SpanTable, refuse_too_long


@dataclass(frozen=True, slots=True)
class Elected:
    """Clusters on which there was a vote.

    Attributes:
        regions: Those that were kept.
        support: Support of each, ``(regions,)``.
        region: Region of each mark that went in, intp ``(marks,)``, never falling.
        row: Row of the table of each mark.
        disputed: Clusters with support of exactly half, from their first mark to their last.
        quality: What a model found out about the annotators, see `Outcome`.
    """

    regions: Regions
    support: Floats
    region: Positions
    row: Positions
    disputed: Regions
    quality: dict[str, Floats] = field(default_factory=dict)


def elected(table: SpanTable, clusters: Clusters, rule: Rule) -> Elected:
    """The clusters that enough annotators have a mark in.

    Labels are voted on one by one: an event that people label differently is several clusters,
    each with the votes for its label.
    """
    present = present_in(table.reviewed, clusters, len(table.annotators))
    said = np.zeros_like(present)
    said[clusters.cluster, table.annotator[clusters.row]] = True
    present |= said
    support, decided = np.zeros(len(clusters)), np.zeros(len(clusters), np.int8)
    alone = replace(rule, exclusive=False, exhaustive=False)
    quality: dict[str, Floats] = {}
    for label in np.unique(clusters.label).tolist():
        at = np.flatnonzero(clusters.label == label)
        votes = Votes(present[at], said[at][:, :, None], np.ones(len(at)))
        outcome = vote(votes, alone)
        support[at], decided[at] = outcome.support[:, 0], outcome.decided[:, 0]
        for name, values in outcome.quality.items():
            quality.setdefault(name, np.zeros(len(values)))
            quality[name] = quality[name] + values / len(np.unique(clusters.label))
    return _elected(table, clusters, (support, decided == ON, decided == DISPUTED), quality)


def _elected(
    table: SpanTable,
    clusters: Clusters,
    found: tuple[Floats, Mask, Mask],
    quality: dict[str, Floats],
) -> Elected:
    support, kept, disputed = found
    regions = Regions(clusters.task, clusters.label, clusters.start, clusters.end).taken(kept)
    order = np.lexsort((regions.label, regions.end, regions.start, regions.task))
    number = np.full(len(clusters), -1, np.intp)
    number[np.flatnonzero(kept)[order]] = np.arange(len(order))
    of_mark = number[clusters.cluster]
    marks = np.flatnonzero(of_mark >= 0)
    marks = marks[np.argsort(of_mark[marks], kind="stable")]
    return Elected(
        regions.taken(order), support[kept][order], of_mark[marks], clusters.row[marks],
        _extent(table, clusters, disputed), quality,
    )  # fmt: skip


def _extent(table: SpanTable, clusters: Clusters, which: Mask) -> Regions:
    """Some clusters from the first mark to the last; their label is -1."""
    low = np.full(len(clusters), np.iinfo(np.int64).max)
    high = np.full(len(clusters), np.iinfo(np.int64).min)
    np.minimum.at(low, clusters.cluster, table.start[clusters.row])
    np.maximum.at(high, clusters.cluster, table.end[clusters.row])
    label = np.full(len(clusters), -1, np.int64)
    return Regions(clusters.task, label, low, high).taken(which).ordered()


def present_in(reviewed: Extents, clusters: Clusters, readers: int) -> Mask:
    """Who reviewed more than half of each event, or the moment of an instant; bool ``(n, A)``."""
    out = np.zeros((len(clusters), readers), bool)
    if not len(clusters) or not len(reviewed):
        return out
    low = int(min(clusters.start.min(), reviewed.start.min()))
    reach = int(max(clusters.end.max(), reviewed.end.max())) - low + 2
    tasks = int(max(clusters.task.max(), reviewed.task.max())) + 1
    refuse_too_long(float(reach) * tasks, tasks)
    lift = clusters.task * reach - low
    start, end = clusters.start + lift, clusters.end + lift
    for reader in range(readers):
        own = np.flatnonzero(reviewed.annotator == reader)
        if not len(own):
            continue
        shift = reviewed.task[own].astype(np.int64) * reach - low
        begins, ends = reviewed.start[own] + shift, reviewed.end[own] + shift
        before = np.concatenate([[0], np.cumsum(ends - begins)])
        at = [np.searchsorted(begins, place, side="right") for place in (start, end)]
        seen = [
            before[i] - np.where(i > 0, np.maximum(ends[i - 1] - place, 0), 0)
            for i, place in zip(at, (start, end), strict=True)
        ]
        within = (at[0] > 0) & (start <= ends[at[0] - 1])
        out[:, reader] = np.where(start == end, within, 2 * (seen[1] - seen[0]) > end - start)
    return out
