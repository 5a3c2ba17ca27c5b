"""What a reviewer drew instead of all readings, as decisions.

A drawing counts in its dispute. It may reach beyond it: a person draws the whole event, not the
sliver in which two borders differ. A drawn span replaces spans of the same label that it overlaps,
and whatever only some readers say in the dispute goes. What all readers say in the same way stays,
but states give way to what was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from tslab.agreement.dispute_values import Reading
from tslab.agreement.disputes.parts import Decision
from tslab.spans import Span
from tslab.stretches import Stretch


@dataclass(frozen=True, slots=True)
class Agreed:
    """What all readers say around a dispute.

    Attributes:
        spans: Of any of them, of one tier.
        common: Those of them that all readers drew alike.
        exclusive: Whether spans of this tier never overlap.
        taken: Stretches of all other disputes of the tier, which corrections leave alone.
        near: How far from a dispute's ends a drawn border still counts as touching them;
            microseconds.
    """

    spans: Sequence[Span]
    common: Set[Span]
    exclusive: bool
    taken: Sequence[Stretch]
    near: int


def common_spans(readings: Sequence[Reading]) -> set[Span]:
    """Spans of the first reading that all others have at the same time under the same label."""
    first, *others = readings
    have = [{(s.label, s.start_us, s.end_us) for s in reading.spans} for reading in others]
    return {s for s in first.spans if all((s.label, s.start_us, s.end_us) in h for h in have)}


def corrections(start: int, end: int, drawn: Sequence[Span], agreed: Agreed) -> Iterator[Decision]:
    """Decisions that put drawn spans in place of everything said in a dispute.

    Args:
        start: Of the dispute, whole microseconds.
        end: Inclusive.
        drawn: In its tier.
        agreed: What is around.
    """
    drawn = [_snapped(span, start, end, agreed) for span in drawn]
    own = [s for s in drawn if s.start_us <= end and s.end_us >= start]
    if all(start <= s.start_us and s.end_us <= end for s in own):
        kept = _kept((start, end), (start, end), own, agreed)
        yield Decision(start, end, [*own, *kept], drawn=True, near=agreed.near)
    else:
        yield _spread((start, end), (start, end), own, agreed)
    for span in drawn:
        if span not in own:
            yield _spread((span.start_us, span.end_us), None, [span], agreed)


def _snapped(span: Span, start: int, end: int, agreed: Agreed) -> Span:
    """A drawn span that begins or ends at the dispute's edge, where its label holds beyond it."""
    if span.is_instant:
        return span
    alike = [s for s in agreed.spans if s.label == span.label]
    first, last = span.start, span.end
    if abs(span.start_us - start) <= agreed.near:
        first = start / 1e6 if any(s.start_us < start <= s.end_us for s in alike) else first
    if abs(span.end_us - end) <= agreed.near:
        last = end / 1e6 if any(s.start_us <= end < s.end_us for s in alike) else last
    return replace(span, start=first, end=last) if first < last else span


def _spread(
    around: tuple[int, int], dispute: tuple[int, int] | None, drawn: Sequence[Span], agreed: Agreed
) -> Decision:
    """A decision for all the time that drawn spans and what they replace take."""
    start, end = around
    gone = [s for s in agreed.spans if any(_replaces(d, s) for d in drawn)]
    low = min(start, *(s.start_us for s in (*drawn, *gone)))
    high = max(end, *(s.end_us for s in (*drawn, *gone)))
    low = max([low, *(last for _, last in agreed.taken if last <= start)])
    high = min([high, *(first for first, _ in agreed.taken if first >= end)])
    kept = _kept((low, high), dispute, drawn, agreed)
    return Decision(low, high, [*drawn, *kept], drawn=True, near=0)


def _kept(
    within: tuple[int, int], dispute: tuple[int, int] | None, drawn: Sequence[Span], agreed: Agreed
) -> list[Span]:
    """What stays of the readers' spans in a stretch beside drawn ones."""
    parts: list[Span] = []
    for span in agreed.spans:
        if span.start_us > within[1] or span.end_us < within[0]:
            continue
        if any(_replaces(other, span) for other in drawn):
            continue
        disputed = dispute is not None and span not in agreed.common
        parts += _beside(span, *dispute) if disputed and dispute else [span]
    if agreed.exclusive:
        for other in drawn:
            parts = [p for part in parts for p in _beside(part, other.start_us, other.end_us)]
    return parts


def _replaces(drawn: Span, span: Span) -> bool:
    if drawn.label != span.label or drawn.is_instant != span.is_instant:
        return False
    if drawn.is_instant:
        return drawn.start_us == span.start_us
    return drawn.start_us < span.end_us and drawn.end_us > span.start_us


def _beside(span: Span, start: int, end: int) -> Iterator[Span]:
    """What is left of a span outside of a stretch; the span itself if it does not meet it."""
    if span.end_us <= start or span.start_us >= end:
        yield span
        return
    if span.is_instant:
        return
    if span.start_us < start:
        yield replace(span, end=start / 1e6)
    if span.end_us > end:
        yield replace(span, start=end / 1e6)
