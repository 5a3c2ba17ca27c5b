"""From what people annotated to what a segmenter learns from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tslab.contracts import TrainingExample
from tslab.errors import TslabError, counted
from tslab.segmentation.examples.borders import settle_borders
from tslab.segmentation.examples.instant_clusters import PointReading, agreed_points
from tslab.segmentation.examples.majority import Reading, majority, painted
from tslab.spans import Span, sort_key, to_microseconds, to_seconds
from tslab.stretches import (
    Stretch,
    clipped,
    in_microseconds,
    in_seconds,
    intersect,
    subtract,
    total,
    touches,
    union,
)

if TYPE_CHECKING:
    from tslab.annotation import Annotation
    from tslab.domain import Domain, Tier
    from tslab.recording import Recording

AROUND_AN_INSTANT = to_microseconds(0.5)
"""Reviewed time that an instant with a label of yesterday takes with it, on both sides."""


@dataclass(slots=True)
class TrainingSet:
    """What a segmenter learns from.

    Attributes:
        examples: One for each recording with reviewed time, by id.
        left_out: One line for each thing that could not be used: what, how much, why.
        data_hash: SHA-256 of recordings, spans and reviewed time, whatever order they came in.
        truth: Share of the reviewed time that is ground truth, 0 to 1.
    """

    examples: list[TrainingExample] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    data_hash: str = ""
    truth: float = 0.0


@dataclass(slots=True)
class _Reader:
    """What one annotator says in one tier of one recording, in microseconds.

    Attributes:
        seen: What he looked at.
        lost: What of it he marked with labels that the domain no longer has.
        spans: His marks with labels that it has, in the order in which they came.
    """

    seen: list[Stretch] = field(default_factory=list)
    lost: list[Stretch] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    @property
    def present(self) -> list[Stretch]:
        return subtract(self.seen, self.lost)


@dataclass(slots=True)
class _Loss:
    """Counts of what was left out, by the line that says so."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def text(self) -> list[str]:
        return [*self.lines, *(counted(n, what) for what, n in sorted(self.counts.items()))]


def training_set(
    annotations: Sequence[Annotation],
    domain: Domain,
    open_recording: Callable[[str], Recording],
) -> TrainingSet:
    """What annotators say together, recording by recording.

    Ground truth replaces everything else for the time that it covers. Elsewhere a moment says what
    more than half of the annotators who reviewed it say; where no majority exists it counts as not
    reviewed, unless the dispute is only about where a border lies: then its middle counts. An
    annotation reviews the tiers of its view over its extents. Where a label left the domain, its
    span's time counts as not reviewed: it is not background.

    Args:
        annotations: Of any recordings and annotators, skipped ones left out by `pull`; the order
            only decides which of one annotator's annotations of the same time counts: the last.
        domain: The effective domain.
        open_recording: A recording by id; errors of tslab leave that recording out.
    """
    loss = _Loss()
    by_recording: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        by_recording.setdefault(annotation.recording, []).append(annotation)
    found = TrainingSet()
    truth = reviewed = 0
    for key, own in sorted(by_recording.items()):
        try:
            recording = open_recording(key)
        except TslabError as error:
            loss.lines.append(f"recording '{key}' ({counted(len(own), 'annotations')}): {error}")
            continue
        example, true_time = _example(recording, key, own, domain, loss)
        if not example.reviewed:
            loss.lines.append(f"recording '{key}': nothing of it counts as reviewed")
            continue
        found.examples.append(example)
        truth += true_time
        reviewed += sum(total(in_microseconds(part)) for part in example.reviewed.values())
    found.left_out = loss.text()
    found.data_hash = data_hash(found.examples)
    found.truth = truth / reviewed if reviewed else 0.0
    return found


def data_hash(examples: Sequence[TrainingExample]) -> str:
    """SHA-256 of recording ids, spans and reviewed time, hexadecimal; the order plays no part."""
    from tslab.files import json_bytes

    content = sorted(
        (
            example.recording.id,
            sorted((s.tier, s.start_us, s.end_us, s.label) for s in example.spans),
            sorted((tier, in_microseconds(part)) for tier, part in example.reviewed.items()),
        )
        for example in examples
    )
    return hashlib.sha256(json_bytes(content)).hexdigest()


def _example(
    recording: Recording, key: str, annotations: Sequence[Annotation], domain: Domain, loss: _Loss
) -> tuple[TrainingExample, int]:
    """One recording's example, and how many microseconds of it are ground truth."""
    whole = [(0, to_microseconds(recording.duration))]
    spans: list[Span] = []
    reviewed: dict[str, list[tuple[float, float]]] = {}
    true_time = 0
    _count_strange_tiers(annotations, domain, loss)
    for tier in domain.tiers:
        sides: tuple[dict[str, _Reader], dict[str, _Reader]] = ({}, {})
        for annotation in annotations:
            if tier.name in _tiers_of(annotation, domain):
                readers = sides[annotation.ground_truth]
                reader = readers.setdefault(annotation.annotator, _Reader())
                _read(annotation, tier, whole, reader, loss)
        truth_seen = union(part for reader in sides[True].values() for part in reader.seen)
        kept_truth, times_truth = _combined(list(sides[True].values()), tier, truth_seen, loss)
        elsewhere = subtract(whole, truth_seen)
        kept, times = _combined(list(sides[False].values()), tier, elsewhere, loss)
        spans += [*kept_truth, *kept]
        both = union([*times_truth, *times])
        true_time += total(times_truth)
        if both:
            reviewed[tier.name] = in_seconds(both)
    recording = recording if recording.id == key else replace(recording, id=key)
    return TrainingExample(recording, sorted(spans, key=sort_key), reviewed), true_time


def _tiers_of(annotation: Annotation, domain: Domain) -> set[str]:
    if not annotation.view:
        return {tier.name for tier in domain.tiers}
    return {name for v in domain.views if v.name == annotation.view for name in v.tiers}


def _count_strange_tiers(annotations: Sequence[Annotation], domain: Domain, loss: _Loss) -> None:
    known = {tier.name for tier in domain.tiers}
    for annotation in annotations:
        tiers = _tiers_of(annotation, domain)
        if not tiers:
            loss.counts[f"annotations in view '{annotation.view}', which is no view now"] += 1
        if not annotation.extents:
            loss.counts["annotations without a stretch that was reviewed"] += 1
        for span in annotation.spans:
            if span.tier not in known:
                loss.counts[f"spans in tier '{span.tier}', which the domain no longer has"] += 1
            elif tiers and span.tier not in tiers:
                loss.counts[f"spans in tier '{span.tier}' outside of the annotation's view"] += 1


def _read(
    annotation: Annotation, tier: Tier, whole: list[Stretch], reader: _Reader, loss: _Loss
) -> None:
    """Adds an annotation to what its annotator said before, which it replaces for its time."""
    seen = intersect(in_microseconds(annotation.extents), whole)
    beside = subtract(reader.seen, seen)
    reader.spans = clipped(reader.spans, beside) if reader.seen else []
    reader.lost = intersect(union(reader.lost), beside)
    reader.seen = union([*reader.seen, *seen])
    known = {label.name: label.name for label in tier.labels}
    folded = {label.name.casefold(): label.name for label in tier.labels}
    mine: list[Span] = []
    for span in _drawing_order([span for span in annotation.spans if span.tier == tier.name]):
        label = known.get(span.label) or folded.get(span.label.casefold(), "")
        problem = _problem(span, label, tier)
        if problem:
            loss.counts[problem] += 1
            reader.lost = union([*reader.lost, _surroundings(span)])
        elif not touches(span, seen):
            loss.counts[f"spans in tier '{tier.name}' outside of what was reviewed"] += 1
        else:
            mine.append(Span(span.start, span.end, label, tier.name))
    reader.spans += clipped(_without_overlap(mine, tier) if tier.kind == "states" else mine, seen)


def _without_overlap(spans: Sequence[Span], tier: Tier) -> list[Span]:
    marks = painted([(s.start_us, s.end_us, s.label) for s in spans])
    return [Span(to_seconds(a), to_seconds(b), label, tier.name) for a, b, label in marks]


def _drawing_order(spans: Sequence[Span]) -> list[Span]:
    """Untouched predictions first: they give way to what the annotator drew over them."""
    return sorted(spans, key=lambda span: span.origin != "prediction")


def _problem(span: Span, label: str, tier: Tier) -> str:
    if not label:
        return f"spans of '{span.label}' in tier '{tier.name}', a label that it no longer has"
    if tier.kind == "instants" and not span.is_instant:
        return f"ranges in tier '{tier.name}', which holds instants"
    if tier.kind == "states" and span.is_instant:
        return f"instants in tier '{tier.name}', which holds states"
    return ""


def _surroundings(span: Span) -> Stretch:
    if span.is_instant:
        return max(0, span.start_us - AROUND_AN_INSTANT), span.end_us + AROUND_AN_INSTANT
    return span.start_us, span.end_us


def _combined(
    readers: Sequence[_Reader], tier: Tier, within: Sequence[Stretch], loss: _Loss
) -> tuple[list[Span], list[Stretch]]:
    """Spans and reviewed time of readers who count alike, inside of some stretches."""
    present = [intersect(reader.present, within) for reader in readers]
    spans = [clipped(r.spans, part) for r, part in zip(readers, present, strict=True)]
    points = [
        PointReading(part, [(s.start_us, s.label) for s in own if s.is_instant])
        for own, part in zip(spans, present, strict=True)
    ]
    ranges = [
        Reading(part, [(s.start_us, s.end_us, s.label) for s in own if not s.is_instant])
        for own, part in zip(spans, present, strict=True)
    ]
    agreed = majority(ranges, exclusive=tier.kind == "states") if ranges else None
    if agreed is None or not points:
        return [], []
    wanted = tier.tolerance_seconds
    tolerance = None if wanted is None else to_microseconds(wanted)
    instants = agreed_points(points, exclusive=tier.kind == "instants", tolerance=tolerance)
    agreed = settle_borders(agreed, ranges)
    disputed = union([*agreed.disputed, *instants.disputed])
    everything = union(part for stretches in present for part in stretches)
    reviewed = subtract(everything, disputed)
    undecided = len(intersect(everything, disputed))
    if undecided:
        loss.counts[f"parts in tier '{tier.name}' that [has|have] no majority"] += undecided
    kept = [
        Span(to_seconds(a), to_seconds(b), label, tier.name)
        for a, b, label in [*agreed.marks, *((at, at, label) for at, label in instants.points)]
    ]
    return clipped(kept, reviewed), reviewed
