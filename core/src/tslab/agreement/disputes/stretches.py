"""What to adjudicate: each stretch on which annotators do not agree, once, with its kind and cost.

In states a moment is disputed where not all who reviewed it say the same. In intervals labels do
not exclude each other, so that each label is looked at alone; a label that some give and another
one that others give for the same time are then one conflict. A dispute is a maximal run of such
moments. Borders between two spans of one label, and instants, take no time and are compared in
clusters. A border that is moved by no more than the tolerance is no dispute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from tslab.agreement.consensus.event_clusters import instant_clusters
from tslab.agreement.consensus.median_boundaries import present_in
from tslab.agreement.consensus.patterns import Floats, Moments, moments_of
from tslab.agreement.consensus.regions import Line, runs_on
from tslab.agreement.disputes.joining import joined, near_ones
from tslab.agreement.disputes.kinds import BORDER, INSTANT, SHIFTS, SPLIT, Beside, Spans, kind_of
from tslab.agreement.disputes.seams import Seam, seams_of
from tslab.agreement.disputes.values import Dispute, DisputeSettings, entropy, label_weights
from tslab.span_table import Mask, SpanTable, Ticks

Kind = Literal["states", "intervals", "instants"]


def disputes_of(
    table: SpanTable, kind: Kind, voters: Sequence[str], settings: DisputeSettings | None = None
) -> list[Dispute]:
    """All disputes of some annotators in one tier, sorted by task, time and label.

    Args:
        table: Marks of one tier; rows of the disputes are those of this table.
        kind: Kind of the tier.
        voters: Names of the annotators who are compared.
        settings: What counts.
    """
    settings = settings or DisputeSettings()
    own = table.without_annotators([name for name in table.annotators if name not in voters])
    origin = np.flatnonzero(np.isin(table.annotator, own.reviewed.annotator))
    found: list[Dispute] = []
    if kind != "instants":
        moments = moments_of(own)
        search = _Ranges(own, moments, settings)
        tracks = [None] if kind == "states" else list(range(len(own.labels)))
        for label in tracks:
            found += near_ones(search.track(label), settings.gap)
        if kind == "intervals":
            found = joined(found, own, settings)
    if own.instants.any():
        found += joined(_instants(own, settings), own, settings)
    mapped = [replace(d, rows=tuple(origin[list(d.rows)].tolist())) for d in found]
    return sorted(mapped, key=lambda d: (d.task, d.start, d.end, d.labels, d.kind))


class _Ranges:
    """Disputes about ranges of one table."""

    def __init__(self, table: SpanTable, moments: Moments, settings: DisputeSettings) -> None:
        self.table, self.moments, self.settings = table, moments, settings
        self.line = Line.of(moments)
        self.follows = moments.follows
        self.seconds = (moments.end - moments.start) / 1e6
        self.weights = label_weights(table, settings)

    def track(self, label: int | None) -> list[Dispute]:
        """Disputes about one label, or about all of them where they exclude each other."""
        disputed, bits = self._disputed(label)
        spans = Spans.of(self.table, label)
        runs = runs_on(self.moments, disputed[self.moments.pattern])
        found, stretches = [], []
        for task, start, end in zip(*(column.tolist() for column in runs), strict=True):
            stretches.append((task, start, end))
            dispute = self._run(spans, (task, start, end), bits)
            if dispute is not None:
                found.append(dispute)
        seams = seams_of(self.table, label, stretches, self.settings.tolerance)
        found += [one for seam in seams if (one := self._seam(seam, spans)) is not None]
        return sorted(found, key=lambda d: (d.task, d.start, d.end))

    def _disputed(self, label: int | None) -> tuple[Mask, Floats]:
        """Which patterns are disputed, and the bits that a second of each is worth."""
        votes = self.moments.votes
        there = votes.present.sum(axis=1)
        if label is None:
            numbers, cost = _states(votes.on, votes.present)
            weighed = np.where(votes.on.any(axis=1), self.weights, 0.0).max(axis=1, initial=0.0)
            return numbers > 1, cost * weighed
        said = votes.on[:, :, label].sum(axis=1)
        cost = entropy(np.stack([said, there - said], axis=-1)) * self.weights[label]
        return (said > 0) & (said < there), cost

    def _run(self, spans: Spans, run: tuple[int, int, int], bits: Floats) -> Dispute | None:
        task, start, end = run
        first, last = self.line.sides(task, start)[1], self.line.sides(task, end)[0]
        patterns = self.moments.pattern[first : last + 1]
        present = np.flatnonzero(self.moments.votes.present[patterns].any(axis=0)).tolist()
        beside = Beside(self._shared(first - 1, first), self._shared(last, last + 1))
        kind, rows, labels = kind_of(spans, run, present, beside)
        if kind in SHIFTS and end - start <= self.settings.tolerance:
            return None
        cost = float(bits[patterns] @ self.seconds[first : last + 1])
        return Dispute(task, start, end, kind, labels, tuple(present), rows, cost)

    def _shared(self, before: int, after: int) -> bool:
        """Whether two neighbouring moments touch and the same annotators are there."""
        if before < 0 or after >= len(self.moments) or not self.follows[after]:
            return False
        one, other = self.moments.pattern[before], self.moments.pattern[after]
        return bool((self.moments.votes.present[one] == self.moments.votes.present[other]).all())

    def _seam(self, seam: Seam, spans: Spans) -> Dispute | None:
        """A border between spans of one label that not all draw, or not at the same time."""
        present = self._voters(seam)
        if len(present) == len(seam.annotators):
            if seam.end - seam.start <= self.settings.tolerance:
                return None
            kind, votes = BORDER, [1.0, 1.0]
        else:
            kind = SPLIT
            votes = [len(seam.annotators), len(present) - len(seam.annotators)]
        ticks = max(seam.end - seam.start, self.settings.point)
        cost = ticks / 1e6 * float(entropy(np.array(votes, float))) * self.weights[seam.label]
        around = spans.across(seam.task, seam.start, seam.end, present)
        rows = set(seam.rows) | {row for row in around if self.table.label[row] == seam.label}
        return Dispute(
            seam.task, seam.start, seam.end, kind, (seam.label,), tuple(present),
            tuple(sorted(rows)), float(cost),
        )  # fmt: skip

    def _voters(self, seam: Seam) -> list[int]:
        """Who reviewed all of a seam, and those who draw it."""
        before, after = self.line.sides(seam.task, seam.start)
        # Spans that touch reach to both sides; those that overlap share what lies between.
        first, last = before, after
        if seam.end > seam.start:
            first, last = after, self.line.sides(seam.task, seam.end)[0]
        there = self.moments.votes.present[self.moments.pattern[first : last + 1]].all(axis=0)
        return sorted({*np.flatnonzero(there).tolist(), *seam.annotators})


def _states(on: Mask, present: Mask) -> tuple[Ticks, Floats]:
    """How many different states the annotators of each pattern say, and their entropy."""
    numbers, cost = np.zeros(len(on), np.int64), np.zeros(len(on))
    for pattern in range(len(on)):
        _, count = np.unique(on[pattern][present[pattern]], axis=0, return_counts=True)
        numbers[pattern], cost[pattern] = len(count), float(entropy(count))
    return numbers, cost


def _instants(table: SpanTable, settings: DisputeSettings) -> list[Dispute]:
    """Clusters of instants that do not hold everybody who reviewed them."""
    at = np.flatnonzero(table.instants)
    points = table.where(table.instants)
    clusters = instant_clusters(points, settings.tolerance)
    there = present_in(table.reviewed, clusters, len(table.annotators))
    weights = label_weights(table, settings)
    bounds = np.searchsorted(clusters.cluster, np.arange(len(clusters) + 1)).tolist()
    found = []
    for number in range(len(clusters)):
        rows = clusters.row[bounds[number] : bounds[number + 1]]
        said = set(points.annotator[rows].tolist())
        present = sorted(said | set(np.flatnonzero(there[number]).tolist()))
        if len(said) == len(present):
            continue
        label = int(clusters.label[number])
        times = points.start[rows].tolist()
        ticks = max(settings.point, max(times) - min(times))
        bits = float(entropy(np.array([len(said), len(present) - len(said)], float)))
        found.append(Dispute(
            int(clusters.task[number]), min(times), max(times), INSTANT, (label,), tuple(present),
            tuple(sorted(at[rows].tolist())), ticks / 1e6 * bits * float(weights[label]),
        ))  # fmt: skip
    return found
