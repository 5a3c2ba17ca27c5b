"""The consensus of a project: spans with their support, and ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tslab.agreement.consensus.answers import region_answers, task_answers
from tslab.agreement.consensus.methods import Consensus, ConsensusSettings, Kind, consensus_of
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.annotation import Annotation
from tslab.domain import Domain
from tslab.spans import FieldValue, Span, sort_key, to_seconds
from tslab.stretches import Stretch, clipped, in_seconds, intersect, subtract, union


@dataclass(frozen=True, slots=True)
class TierConsensus:
    """The consensus in one tier.

    Attributes:
        tier: What people marked.
        voters: Who voted.
        settings: How they were combined.
        found: What they say together.
        units: Recording and view of each task of the tier's table; the view may be "".
        answers: What the voters answer together about each region.
    """

    tier: TierTable
    voters: tuple[str, ...]
    settings: ConsensusSettings
    found: Consensus
    units: tuple[tuple[str, str], ...]
    answers: Sequence[Mapping[str, FieldValue]]

    def spans(self, task: int) -> list[Span]:
        """Regions of one task of the table, with their support as score, sorted."""
        regions = self.found.regions
        labels = self.tier.table.labels
        return [
            Span(
                to_seconds(int(regions.start[n])),
                to_seconds(int(regions.end[n])),
                labels[regions.label[n]],
                self.tier.name,
                fields=self.answers[n],
                score=round(float(self.found.support[n]), 6),
            )
            for n in np.flatnonzero(regions.task == task).tolist()
        ]

    def reviewed(self, task: int) -> list[Stretch]:
        """What at least two voters reviewed of a task: one alone makes no ground truth."""
        seen, names = self.tier.table.reviewed, self.tier.table.annotators
        numbers = [names.index(name) for name in self.voters]
        at = (seen.task == task) & np.isin(seen.annotator, numbers)
        borders = [(int(time), 1) for time in seen.start[at]]
        borders += [(int(time), -1) for time in seen.end[at]]
        found: list[Stretch] = []
        present = before = 0
        for time, change in sorted(borders):
            if present > 1:
                found.append((before, time))
            present, before = present + change, time
        return union(found)

    def settled(self, task: int) -> list[Stretch]:
        """What of that is neither disputed nor ground truth already."""
        disputed = self.found.disputed
        around = self.settings.tolerance
        gone = [
            (start - around, end + around) if start == end or self.tier.kind == "instants"
            else (start, end)
            for number, _, start, end in disputed.rows()
            if number == task
        ]  # fmt: skip
        reference = self.tier.readers.reference
        if reference is not None:
            seen = self.tier.table.reviewed
            at = (seen.task == task) & (
                seen.annotator == self.tier.table.annotators.index(reference)
            )
            gone += zip(seen.start[at].tolist(), seen.end[at].tolist(), strict=True)
        return subtract(self.reviewed(task), union(gone))


def consensus_tiers(
    intake: Intake,
    domain: Domain,
    settings: Mapping[str, ConsensusSettings],
    voters: Sequence[str] = (),
) -> list[TierConsensus]:
    """The consensus in each tier that people reviewed.

    Args:
        intake: What was said.
        domain: Knows which tiers are exhaustive.
        settings: By name of the tier.
        voters: Who votes; everybody where it is empty. Ground truth and models never do.

    Raises:
        DataError: A weight is given for somebody who does not vote.
    """
    exhaustive = {tier.name for tier in domain.tiers if tier.exhaustive}
    views = tuple(view.name for view in domain.views)
    found = []
    for tier in intake.tiers:
        people = tuple(n for n in tier.readers.annotators if not voters or n in voters)
        if not people:
            continue
        kind: Kind = tier.kind  # type: ignore[assignment]
        own = _of_voters(settings[tier.name], people)
        agreed = consensus_of(
            tier.table, kind, people, own,
            exhaustive=tier.name in exhaustive, reference=tier.readers.reference,
        )  # fmt: skip
        units = tuple(unit_of(name, views) for name in tier.table.tasks)
        answers = region_answers(tier, agreed)
        found.append(TierConsensus(tier, people, own, agreed, units, answers))
    return found


def _of_voters(settings: ConsensusSettings, people: Sequence[str]) -> ConsensusSettings:
    """Weights of those who mark in a tier; others may mark in another one."""
    if settings.weights is None:
        return settings
    return replace(settings, weights={n: w for n, w in settings.weights.items() if n in people})


def unit_of(name: str, views: Sequence[str]) -> tuple[str, str]:
    """Recording and view of a task's name; "" where the name has none."""
    for view in views:
        if name.endswith(f" ({view})"):
            return name.removesuffix(f" ({view})"), view
    return name, ""


def consensus_spans(tiers: Sequence[TierConsensus]) -> dict[str, list[Span]]:
    """Spans of all tiers by recording, for predictions; of several views the first one counts."""
    found: dict[str, list[Span]] = {}
    for tier in tiers:
        taken: set[str] = set()
        for task, (recording, _) in enumerate(tier.units):
            own = found.setdefault(recording, [])
            if recording not in taken:
                own += tier.spans(task)
            taken.add(recording)
    return {key: sorted(found[key], key=sort_key) for key in sorted(found)}


def consensus_truth(
    tiers: Sequence[TierConsensus], annotations: Sequence[Annotation], domain: Domain, name: str
) -> list[Annotation]:
    """Ground truth: one annotation for each recording and view that people reviewed.

    Time that is disputed in any tier of the view, and time that has a ground truth already, is not
    reviewed by it.

    Args:
        tiers: The consensus in each tier.
        annotations: What people said.
        domain: Knows which tiers a view has.
        name: Stands for the annotator.
    """
    truth = []
    everything = tuple(tier.name for tier in domain.tiers)
    of_view = {view.name: view.tiers for view in domain.views}
    for recording, view in sorted({(a.recording, a.view) for a in annotations}):
        spans: list[Span] = []
        settled: list[Stretch] | None = None
        for tier in tiers:
            if tier.tier.name not in of_view.get(view, everything if not view else ()):
                continue
            for task, unit in enumerate(tier.units):
                if unit in ((recording, view), (recording, "")):
                    spans += tier.spans(task)
                    own = tier.settled(task)
                    settled = own if settled is None else intersect(settled, own)
        if settled:
            voters = {who for tier in tiers for who in tier.voters}
            here = [a for a in annotations if (a.recording, a.view) == (recording, view)]
            said = [a for a in here if a.annotator in voters and not a.ground_truth]
            answers = task_answers(domain.task_fields, said)
            kept, extents = clipped(spans, settled), in_seconds(settled)
            truth.append(
                Annotation(recording, name, kept, view, extents, answers, ground_truth=True)
            )
    return truth
