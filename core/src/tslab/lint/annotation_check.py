"""Core's checks of annotations: bounds, geometry, overlapping states, uncovered stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.domain import Domain, Tier
from tslab.errors import did_you_mean
from tslab.recording import Recording
from tslab.spans import Span, sort_key

SHORTEST_GAP_SECONDS = 0.001
"""Seconds; where samples lie further apart, a gap of one sample is none: see `_shortest`."""


def check_annotation(annotation: Annotation, recording: Recording, domain: Domain) -> list[Finding]:
    """Findings about one annotation of one recording, by tier.

    Args:
        annotation: Spans in seconds.
        recording: Gives the duration.
        domain: Knows tiers and labels.
    """
    findings: list[Finding] = []
    who = f"{annotation.recording}, {annotation.annotator}"
    shown = {name for v in domain.views if v.name == annotation.view for name in v.tiers}
    for span in annotation.spans:
        findings += _check_span(span, recording, domain, who)
    for tier in domain.tiers:
        spans = sorted((s for s in annotation.spans if s.tier == tier.name), key=sort_key)
        if tier.kind == "states":
            findings += _overlaps(spans, who)
        if tier.exhaustive and (spans or tier.name in shown):
            findings += _uncovered(spans, annotation.extents, tier, who, _shortest(recording))
    return findings


def _shortest(recording: Recording) -> float:
    """Seconds that a gap must exceed.

    The editor puts borders on samples: two states that meet there end and begin one sample apart.
    """
    rates = [signal.sampling_rate for signal in recording.signals if signal.sampling_rate > 0]
    # A hair more, because borders are rounded to microseconds.
    return max(SHORTEST_GAP_SECONDS, 1 / max(rates) + 2e-6) if rates else SHORTEST_GAP_SECONDS


def _check_span(span: Span, recording: Recording, domain: Domain, who: str) -> Iterator[Finding]:
    place = f"{who}, {span.start:.3f} s"
    tier = next((tier for tier in domain.tiers if tier.name == span.tier), None)
    if tier is None:
        text, tiers = f"tier '{span.tier}' is not in the domain", [t.name for t in domain.tiers]
        yield Finding("TSL082", "error", text, place, did_you_mean(span.tier, tiers))
        return
    label = tier.label(span.label)
    if span.end > recording.duration + 1e-6:
        text = f"'{span.label}' ends after the recording ({recording.duration:g} s)"
        yield Finding("TSL085", "error", text, place, "Redraw it inside the recording.")
    if tier.kind == "instants" and not span.is_instant:
        text = f"'{span.label}' is an instant but was drawn as a range"
        yield Finding("TSL086", "warning", text, place, "Double-click instead of dragging.")
    if tier.kind == "states" and span.is_instant:
        text = f"'{span.label}' is a state but was drawn as an instant"
        yield Finding("TSL086", "warning", text, place, "Drag instead of double-clicking.")
    if label is None:
        text, names = f"'{span.label}' is no label of '{tier.name}'", [x.name for x in tier.labels]
        yield Finding("TSL083", "error", text, place, did_you_mean(span.label, names))
        return
    if label.min_seconds is not None and 0 < span.duration < label.min_seconds:
        text = f"'{span.label}' lasts {span.duration:.3g} s, less than {label.min_seconds:g} s"
        yield Finding("TSL087", "warning", text, place, "Check its borders.")
    if label.max_seconds is not None and span.duration > label.max_seconds:
        text = f"'{span.label}' lasts {span.duration:.3g} s, more than {label.max_seconds:g} s"
        yield Finding("TSL087", "warning", text, place, "Check its borders.")


def _overlaps(spans: Sequence[Span], who: str) -> Iterator[Finding]:
    """States that overlap; `spans` are sorted by start."""
    last: Span | None = None
    for span in spans:
        if last is not None and span.start_us < last.end_us:
            text = f"'{last.label}' and '{span.label}' overlap by {last.end - span.start:.3g} s"
            place = f"{who}, {span.start:.3f} s"
            yield Finding("TSL066", "warning", text, place, "Make one end where the other begins.")
        if last is None or span.end_us > last.end_us:
            last = span


def _uncovered(
    spans: Sequence[Span],
    extents: Sequence[tuple[float, float]],
    tier: Tier,
    who: str,
    shortest: float,
) -> Iterator[Finding]:
    """Reviewed stretches that no state of an exhaustive tier covers."""
    for start, end in extents:
        at = start
        for span in spans:
            if span.end <= at or span.start >= end:
                continue
            if span.start - at > shortest:
                yield _gap(at, span.start, tier, who)
            at = max(at, span.end)
        if end - at > shortest:
            yield _gap(at, end, tier, who)


def _gap(start: float, end: float, tier: Tier, who: str) -> Finding:
    text = f"no {tier.title or tier.name} between {start:.3f} s and {end:.3f} s"
    return Finding("TSL088", "warning", text, who, "Label it, or skip the task.")
