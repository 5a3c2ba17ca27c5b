"""What annotators said, by recording, view and tier, with the ground truth that exists already."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from tslab.agreement.dispute_values import Dispute, Reading
from tslab.agreement.disputes.tables import tier_disputes
from tslab.agreement.intake import project_intake
from tslab.annotation import Annotation
from tslab.domain import Tier
from tslab.ground_truth import REVIEWER, made_truth
from tslab.project import Project
from tslab.spans import Span


@dataclass(frozen=True, slots=True)
class Matter:
    """One tier of one recording in one view, as several annotators see it.

    Attributes:
        recording: Id of the recording.
        view: Name of the view.
        tier: The tier.
        readings: One for each annotator.
        disputes: Where they differ by more than the tolerance, sorted.
        settled: Where they differ by less: the median decides.
        around: Microseconds that count as touching.
    """

    recording: str
    view: str
    tier: Tier
    readings: Sequence[Reading]
    disputes: Sequence[Dispute]
    settled: Sequence[Dispute]
    around: int


def matters(project: Project, annotations: Sequence[Annotation]) -> list[Matter]:
    """Everything that at least two annotators reviewed, in order.

    Ground truth of somebody else, be it marked in Label Studio or made here, is decided already.
    What is read and how is that of `tslab agreement`, so that both speak of the same disputes.

    Args:
        project: The project folder.
        annotations: What `tslab pull` brings.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    made = made_truth(project.root)
    others = [a for maker, own in made.items() if maker != REVIEWER for a in own]
    texts = {field.name for field in project.domain.fields if field.kind == "text"}
    known = project_intake(project, [*annotations, *others], models=False)
    tiers = {tier.name: (number, tier) for number, tier in enumerate(project.domain.tiers)}
    found: list[tuple[str, str, int, Matter]] = []
    for table in known.tiers:
        number, tier = tiers[table.name]
        for own in tier_disputes(table):
            scope = table.scopes[own.task]
            if scope.view:
                place = (scope.recording, scope.view)
                said = [
                    replace(r, spans=[_without(s, texts) for s in r.spans]) for r in own.readings
                ]
                matter = Matter(*place, tier, said, own.disputes, own.settled, own.settings.around)
                found.append((*place, number, matter))
    return [matter for *_, matter in sorted(found, key=lambda item: item[:3])]


def _without(span: Span, texts: Set[str]) -> Span:
    """A span without what its annotator wrote: a note is no truth, and may say who wrote it."""
    if texts.isdisjoint(span.fields):
        return span
    return replace(span, fields={k: v for k, v in span.fields.items() if k not in texts})


def mark_of(matter: Matter, dispute: Dispute) -> str:
    """Hash of a dispute: where it is and what everybody says there."""
    where = (matter.recording, matter.view, matter.tier.name, dispute.start, dispute.end)
    text = repr((where, sorted(dispute.said.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
