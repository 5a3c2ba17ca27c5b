"""What annotators said, by recording, view and tier, with the ground truth that exists already."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from tslab.agreement.disputes.unanimity import Dispute, Reading, disputes, unclaimed
from tslab.annotation import Annotation
from tslab.domain import Tier
from tslab.ground_truth import made_truth
from tslab.preparation.windows import NICE_SECONDS, SAMPLES_PER_PAGE
from tslab.project import Project
from tslab.recording_table import RecordingEntry
from tslab.spans import Span, to_microseconds

REVIEWER = "review"
"""Who makes the ground truth of the review, in its file and as its annotator."""

SHARE_AROUND, SHARE_GAP = 0.002, 0.01
"""Of a page: what is added to a lone border, and how near two disputes are one."""


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

    Args:
        project: The project folder.
        annotations: What `tslab pull` brings.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    entries = project.entries()
    made = made_truth(project.root)
    others = [a for maker, own in made.items() if maker != REVIEWER for a in own]
    groups: dict[tuple[str, str], list[Annotation]] = {}
    for annotation in (*annotations, *others):
        if annotation.recording in entries:
            key = (annotation.recording, annotation.view)
            groups.setdefault(key, []).append(annotation)
    views = {view.name for view in project.domain.views}
    return [
        found
        for (recording, view), given in sorted(groups.items())
        if view in views
        for tier in project.domain.view_tiers(view)
        if (found := _matter(project, entries[recording], view, tier, given)) is not None
    ]


def _matter(
    project: Project, entry: RecordingEntry, view: str, tier: Tier, given: Sequence[Annotation]
) -> Matter | None:
    texts = {field.name for field in project.domain.fields if field.kind == "text"}
    truths = [stretch for a in given if a.ground_truth for stretch in _stretches(a)]
    readings = [
        Reading(
            a.annotator,
            [_without(span, texts) for span in a.spans if span.tier == tier.name],
            list(unclaimed(_stretches(a), truths)),
        )
        for a in given
        if not a.ground_truth
    ]
    if len(readings) < 2:
        return None
    page, sample = page_seconds(project, view, entry), 1 / max(entry.sampling_rates)
    around = to_microseconds(max(SHARE_AROUND * page, sample))
    found = disputes(readings, max(to_microseconds(SHARE_GAP * page), around), around)
    wanted = project.settings.review.tolerance_seconds
    tolerance = to_microseconds(sample if wanted is None else wanted)
    small = [d for d in found if _is_small(d, tolerance, around)]
    large = [d for d in found if d not in small]
    return Matter(entry.id, view, tier, readings, large, small, around)


def _without(span: Span, texts: Set[str]) -> Span:
    """A span without what its annotator wrote: a note is no truth, and may say who wrote it."""
    if texts.isdisjoint(span.fields):
        return span
    return replace(span, fields={k: v for k, v in span.fields.items() if k not in texts})


def _is_small(dispute: Dispute, tolerance: int, around: int) -> bool:
    """Whether everybody has the same borders there, and no two of them are far apart."""
    alike = {tuple(sorted(label for label, _, _ in said)) for said in dispute.said.values()}
    shifts = dispute.kind in ("border", "instant") and len(alike) == 1
    return shifts and 0 < dispute.end - dispute.start <= tolerance and around > 0


def _stretches(annotation: Annotation) -> list[tuple[int, int]]:
    found = [(to_microseconds(a), to_microseconds(b)) for a, b in annotation.extents]
    return sorted((max(a, 0), b) for a, b in found if b > max(a, 0))


def page_seconds(project: Project, view: str, entry: RecordingEntry) -> float:
    """Length of the first screen of a recording in a view."""
    page = project.domain.view(view).page_seconds or project.domain.page_seconds
    enough = SAMPLES_PER_PAGE / max(entry.sampling_rates)
    return page or next((n for n in NICE_SECONDS if n >= 0.6 * enough), NICE_SECONDS[-1])


def mark_of(matter: Matter, dispute: Dispute) -> str:
    """Hash of a dispute: where it is and what everybody says there."""
    where = (matter.recording, matter.view, matter.tier.name, dispute.start, dispute.end)
    text = repr((where, sorted(dispute.said.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
