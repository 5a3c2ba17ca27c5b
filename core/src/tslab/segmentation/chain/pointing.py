"""What an annotator asks more of: ranges or instants, and what a double-click points at.

Label Studio's editor sends a request after a double-click only, and a double-click makes an
instant. Where a label is one of ranges, that instant is no example of it: it points at one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from tslab.contracts import Segmenter
from tslab.domain import Domain, Tier
from tslab.segmentation.features.grid import Float32, Grid
from tslab.spans import Span

Kind = tuple[str, str]
"""A tier and one of its labels."""

FRAMES = 400
"""Frames of a recording in which a stretch is looked for."""

LEAST_CELLS = 4
BLOCK = 5
"""Frames beside a stretch that are compared with it; their median, so that a spike is no border."""

BORDER = 4.5
"""How many times its usual error a difference must be to end a stretch."""

LEVEL_FLOOR = 0.02


@runtime_checkable
class Learned(Protocol):
    """A segmenter that knows what its labels were used for when it learned."""

    @property
    def kinds(self) -> Mapping[Kind, bool]:
        """Whether a label was one of instants."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for.

    Attributes:
        examples: Ranges of labels of ranges, instants of labels of instants.
        pointed: Those of them that nobody drew: where somebody pointed at.
        drawn: What stands in the annotation already, without instants that only point.
    """

    examples: list[Span] = field(default_factory=list)
    pointed: list[Span] = field(default_factory=list)
    drawn: list[Span] = field(default_factory=list)


def asked_of(
    context: Sequence[Span],
    domain: Domain,
    segmenter: Segmenter | None,
    known: Sequence[Span],
    grid: Grid,
) -> Asked:
    """Sorts what was drawn by what its label is used for.

    Args:
        context: What was drawn, of labels of the domain.
        domain: The effective domain.
        segmenter: A trained one, None without one.
        known: What it finds on this recording.
        grid: The recording.
    """
    asked = Asked()
    tiers = {tier.name: tier for tier in domain.tiers}
    learned: Mapping[Kind, bool] = segmenter.kinds if isinstance(segmenter, Learned) else {}
    for kind in sorted({(span.tier, span.label) for span in context}):
        spans = [span for span in context if (span.tier, span.label) == kind]
        instants = has_instants(tiers[kind[0]], spans, learned.get(kind))
        fitting = [span for span in spans if span.is_instant == instants]
        pointers = [] if instants else [span for span in spans if span.is_instant]
        asked.drawn.extend(span for span in spans if span not in pointers)
        asked.examples.extend(fitting)
        if not fitting:
            asked.pointed.extend(_stretches(pointers, known, grid))
    asked.examples.extend(asked.pointed)
    return asked


def has_instants(tier: Tier, spans: Sequence[Span], learned: bool | None) -> bool:
    """Whether a label is one of instants.

    The tier says it; where it takes both, the annotation, in which one instant may be the
    double-click that asks; else what the model has learned.

    Args:
        tier: Its tier.
        spans: Its regions in the annotation.
        learned: What it was when the model learned, None if that is not known.
    """
    if tier.kind != "intervals":
        return tier.kind == "instants"
    instants = sum(span.is_instant for span in spans)
    ranges = len(spans) - instants
    if ranges >= max(1, instants - 1):
        return False
    return True if learned is None else learned


def _stretches(pointers: Sequence[Span], known: Sequence[Span], grid: Grid) -> list[Span]:
    """The ranges around double-clicks, each once; none where nothing ends near one."""
    found: list[Span] = []
    for pointer in pointers:
        if any(span.start <= pointer.start <= span.end for span in found):
            continue
        stretch = _of_model(pointer, known) or stretch_at(grid, pointer.start)
        if stretch is None:
            continue
        start, end = stretch
        if not any(span.start < end and start < span.end for span in found):
            found.append(Span(start, end, pointer.label, pointer.tier))
    return found


def _of_model(pointer: Span, known: Sequence[Span]) -> tuple[float, float] | None:
    """The range of the model that covers a moment, first of all one of the same label."""
    covering = [
        span
        for span in known
        if span.tier == pointer.tier
        and not span.is_instant
        and span.start <= pointer.start <= span.end
    ]
    best = min(
        covering, key=lambda span: (span.label != pointer.label, span.duration), default=None
    )
    return (best.start, best.end) if best is not None else None


def stretch_at(grid: Grid, at: float) -> tuple[float, float] | None:
    """The stretch around a moment in which level, spread and steps of the channels stay the same.

    Args:
        grid: The recording.
        at: Seconds.

    Returns:
        Start and end in seconds; None where no such stretch is shorter than half of the recording.
    """
    width = max(LEAST_CELLS, grid.cells // FRAMES)
    lines = _lines(grid.values[grid.present], width)
    count = lines.shape[1]
    if not len(lines) or count < 4 * BLOCK:
        return None
    middle = min(int(at * grid.rate / width), count - 1)
    first, last = max(0, middle - 1), min(count, middle + 2)
    # Both ends in turn: each step makes what the next one is compared with more certain.
    moved = True
    while moved:
        moved = False
        if last < count and not _differs(lines, first, last, lines[:, last : last + BLOCK]):
            last, moved = last + 1, True
        before = lines[:, max(0, first - BLOCK) : first]
        if first > 0 and not _differs(lines, first, last, before):
            first, moved = first - 1, True
    if not BLOCK <= last - first <= count / 2:
        return None
    seconds = width / grid.rate
    return first * seconds, last * seconds


def _lines(signals: Float32, width: int) -> Float32:
    """Level, spread and steps of every frame in units of their usual error, ``(lines, frames)``."""
    count = signals.shape[1] // width
    if not count or not len(signals):
        return np.zeros((0, count), np.float32)
    parts = signals[:, : count * width].reshape(len(signals), count, width)
    steps = np.abs(np.diff(parts, axis=2)).mean(axis=2)
    sizes = [np.log(size + LEVEL_FLOOR) for size in (parts.std(axis=2), steps)]
    lines = np.concatenate([parts.mean(axis=2), *sizes])
    # From one frame to the next little changes but chance.
    error = np.median(np.abs(np.diff(lines, axis=1)), axis=1, keepdims=True) * 1.4826 / np.sqrt(2)
    return np.asarray(lines / (error + LEVEL_FLOOR), np.float32)


def _differs(lines: Float32, first: int, last: int, beside: Float32) -> bool:
    """Whether the frames beside a stretch are unlike it."""
    inside = np.median(lines[:, first:last], axis=1)
    outside = np.median(beside, axis=1)
    # The error of a median is about a quarter larger than that of a mean.
    error = 1.25 * np.sqrt(1 / (last - first) + 1 / beside.shape[1])
    return bool(np.abs(outside - inside).max() > BORDER * error)
