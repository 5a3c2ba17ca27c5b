"""From what a model found to spans of the recording: on sample times, apart, of allowed length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tslab.domain import Label, Tier
from tslab.recording import Recording, Signal
from tslab.segmentation.chain.instants import Detector
from tslab.segmentation.chain.model import Chain, Look
from tslab.segmentation.features.grid import Grid, fastest
from tslab.spans import Span

GAP_FRAMES = 8
"""Frames without samples over which no region is drawn: a quarter of a short region."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where spans of a recording may begin and end.

    Attributes:
        signal: The fastest channel.
        duration: Of the recording, seconds.
        gaps: Stretches without samples.
    """

    signal: Signal
    duration: float
    gaps: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, recording: Recording) -> Placement:
        """The placement of a recording that has samples."""
        signal = fastest(recording)
        if signal is None:
            raise ValueError("a recording without signals has no places")
        return cls(signal, recording.duration, tuple(recording.gaps))

    def snapped(self, time: float, end: bool = False) -> float:
        """The nearest sample time, for an end the recording's end too."""
        signal = self.signal
        if end and time >= self._last + 0.5 * (self.duration - self._last):
            return self.duration
        if signal.times is None:
            row = min(max(round(time * signal.sampling_rate), 0), signal.sample_count - 1)
            return min(row / signal.sampling_rate, self.duration)
        after = int(np.searchsorted(signal.times, time))
        near = signal.times[max(0, after - 1) : after + 1]
        found = float(near[np.abs(near - time).argmin()])
        return min(max(found, 0.0), self.duration)

    @property
    def _last(self) -> float:
        last = self.signal.sample_count - 1
        times = self.signal.times
        return last / self.signal.sampling_rate if times is None else float(times[last])


def range_spans(
    chain: Chain, grid: Grid, look: Look, placement: Placement, tier: Tier
) -> list[Span]:
    """Ranges that a chain finds."""
    seconds = chain.scorer.plan.stride / grid.rate
    spans: list[Span] = []
    for stretch in chain.stretches(look.logs, _longest(chain, tier, seconds)):
        label = tier.label(chain.labels[stretch.kind - chain.background])
        if label is None:
            continue
        score = chain.score(stretch)
        whole = (stretch.first * seconds, stretch.last * seconds)
        gaps = placement.gaps if chain.background else ()
        for first, last in without_gaps(whole, gaps, GAP_FRAMES * seconds):
            start, end = placement.snapped(first), placement.snapped(last, end=True)
            if end > start and long_enough(end - start, label, chain.background):
                spans.append(Span(start, end, label.name, chain.tier, score))
    return spans


def _longest(chain: Chain, tier: Tier, seconds: float) -> Mapping[int, int]:
    """Most frames of every class whose label says how long it may be."""
    limits: dict[int, int] = {}
    for number, name in enumerate(chain.labels):
        label = tier.label(name)
        if chain.background and label is not None and label.max_seconds is not None:
            limits[number + 1] = max(1, int(label.max_seconds / seconds))
    return limits


def without_gaps(
    span: tuple[float, float], gaps: tuple[tuple[float, float], ...], least: float
) -> Iterator[tuple[float, float]]:
    """What is left of a stretch of time without the gaps that last at least so long."""
    start, end = span
    for first, last in sorted(gaps):
        if last - first < least or last <= start or first >= end:
            continue
        if first > start:
            yield start, first
        start = last
    if start < end:
        yield start, end


def long_enough(seconds: float, label: Label, background: bool) -> bool:
    """Whether a span has the least length that its label asks for.

    Where every moment needs a label, a short one is better than none.
    """
    return not background or label.min_seconds is None or seconds >= 0.999 * label.min_seconds


def instant_spans(
    detector: Detector, grid: Grid, look: Look, placement: Placement, tier: Tier
) -> list[Span]:
    """Instants that a detector finds."""
    if tier.label(detector.label) is None:
        return []
    spans: list[Span] = []
    for time, confidence in detector.instants(grid, look):
        at = placement.snapped(min(max(time, 0.0), placement.duration))
        score = detector.curve.score(confidence)
        if not spans or spans[-1].start < at:
            spans.append(Span(at, at, detector.label, detector.tier, score))
    return spans
