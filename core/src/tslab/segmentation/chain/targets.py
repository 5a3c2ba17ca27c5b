"""What a model of a tier is asked to tell apart, and what the examples say, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Tier
from tslab.segmentation.chain.tuning import UNKNOWN, Classes
from tslab.spans import Span

NEAR = 4
"""Frames to either side of an instant that are no example of anything."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to learn: a chain of ranges, or the instants of one label.

    Attributes:
        tier: Name of the tier.
        labels: Labels that occur in the examples, in the domain's order; one for instants.
        instants: Whether it is about instants.
        background: Whether "none of them" is an answer.
    """

    tier: str
    labels: tuple[str, ...]
    instants: bool
    background: bool

    @property
    def classes(self) -> int:
        """How many answers there are."""
        return len(self.labels) + self.background

    def spans(self, example: TrainingExample) -> list[Span]:
        """The example's spans that this is about."""
        return [
            span
            for span in example.spans
            if span.tier == self.tier
            and span.label in self.labels
            and span.is_instant == self.instants
        ]


def tasks_of(domain: Domain, examples: Sequence[TrainingExample]) -> list[Task]:
    """What there is to learn, tier by tier; labels that never occur are no task."""
    found: list[Task] = []
    for tier in domain.tiers:
        reviewed = [example for example in examples if example.reviewed.get(tier.name)]
        spans = [[s for s in example.spans if s.tier == tier.name] for example in reviewed]
        ranges = [
            label for label in _names(tier, spans) if not _mostly_instants(tier, label, spans)
        ]
        points = [label for label in _names(tier, spans) if label not in ranges]
        overlap = tier.kind == "intervals" and any(_overlap(part, ranges) for part in spans)
        groups = [(label,) for label in ranges] if overlap else [tuple(ranges)] if ranges else []
        found += [Task(tier.name, group, False, not tier.exhaustive) for group in groups]
        found += [Task(tier.name, (label,), True, True) for label in points]
    return found


def _names(tier: Tier, spans: Sequence[Sequence[Span]]) -> list[str]:
    used = {span.label for part in spans for span in part}
    return [label.name for label in tier.labels if label.name in used]


def _mostly_instants(tier: Tier, label: str, spans: Sequence[Sequence[Span]]) -> bool:
    """Whether the examples of a label are points; in tiers of one kind the kind decides."""
    if tier.kind != "intervals":
        return tier.kind == "instants"
    points = [span.is_instant for part in spans for span in part if span.label == label]
    return 2 * sum(points) > len(points)


def _overlap(spans: Sequence[Span], labels: Sequence[str]) -> bool:
    """Whether ranges overlap by more than a hair."""
    chosen = sorted((s.start, s.end) for s in spans if s.label in labels and not s.is_instant)
    reached = 0.0
    for start, end in chosen:
        if reached - start > 0.05 * (end - start):
            return True
        reached = max(reached, end)
    return False


def frame_classes(task: Task, example: TrainingExample, frames: int, seconds: float) -> Classes:
    """Class of every frame by its centre, `UNKNOWN` where nobody looked.

    Args:
        task: A chain of ranges.
        example: What people said.
        frames: How many frames the recording has.
        seconds: Length of a frame.
    """
    reviewed = reviewed_frames(task, example, frames, seconds)
    # A tier that must always have a label says nothing where it has none.
    classes = np.where(reviewed & task.background, 0, UNKNOWN)
    for span in task.spans(example):
        first, last = _frames(span.start, span.end, frames, seconds)
        if last == first:
            # A region shorter than a frame still fills the frame that it lies in.
            first = min(int(0.5 * (span.start + span.end) / seconds), frames - 1)
            last = first + 1
        number = task.labels.index(span.label) + task.background
        classes[first:last][reviewed[first:last]] = number
    return classes


def instant_classes(task: Task, example: TrainingExample, frames: int, seconds: float) -> Classes:
    """1 in the frames next to an instant, 0 away from it, `UNKNOWN` where that is not clear."""
    reviewed = reviewed_frames(task, example, frames, seconds)
    classes = np.where(reviewed, 0, UNKNOWN)
    times = np.array([span.start for span in task.spans(example)])
    places = np.clip((times / seconds).astype(np.int64), 0, frames - 1)
    for place in places:
        near = classes[max(0, place - NEAR) : place + NEAR + 1]
        near[near == 0] = UNKNOWN
    for place in places:
        if reviewed[place]:
            classes[max(0, place - 1) : place + 2] = 1
    return classes


def reviewed_frames(
    task: Task, example: TrainingExample, frames: int, seconds: float
) -> NDArray[np.bool_]:
    """Frames that somebody looked at."""
    seen = np.zeros(frames, bool)
    for start, end in example.reviewed.get(task.tier, ()):
        first, last = _frames(start, end, frames, seconds)
        seen[first:last] = True
    return seen


def _frames(start: float, end: float, frames: int, seconds: float) -> tuple[int, int]:
    """Frames whose centre lies in ``[start, end)``."""
    first = int(np.ceil(start / seconds - 0.5 - 1e-9))
    last = int(np.ceil(end / seconds - 0.5 - 1e-9))
    return min(max(first, 0), frames), min(max(last, 0), frames)
