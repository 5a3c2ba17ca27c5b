"""What a reviewer drew instead of all readings, as decisions.

A drawing counts in its dispute. It may reach beyond it: a person draws the whole event, not the
sliver in which two borders differ. A drawn span replaces spans of the same label that it overlaps,
and whatever only some readers say in the dispute goes. What all readers say in the same way stays,
but states give way to what was drawn.

A drawn border that lies where all readers have the span's label, beyond the dispute, says nothing
about it: the window often shows a part of the event only, and a review decides what is disputed. So
the readers' own border holds there, as it does where the drawn one is as near to it as a hand is
exact. What else a drawing changes outside of disputes is said, see
`tslab.agreement.disputes.changes`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from tslab.agreement.dispute_values import Reading
from tslab.agreement.disputes.parts import Decision
from tslab.spans import Span
from tslab.stretches import Stretch, touches, union


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
        crossing: Whether any reader's span of a label goes on across a moment.
    """

    spans: Sequence[Span]
    common: Set[Span]
    exclusive: bool
    taken: Sequence[Stretch]
    near: int
    crossing: Callable[[str, int], bool]


def common_spans(readings: Sequence[Reading]) -> set[Span]:
    """Spans of the first reading that all others have at the same time under the same label."""
    first, *others = readings
    have = [{(s.label, s.start_us, s.end_us) for s in reading.spans} for reading in others]
    return {s for s in first.spans if all((s.label, s.start_us, s.end_us) in h for h in have)}


def crossings(readings: Sequence[Reading]) -> Callable[[str, int], bool]:
    """Whether any reader's span of a label goes on across a moment, in microseconds."""
    spans = [s for reading in readings for s in reading.spans if not s.is_instant]
    return lambda label, at: any(s.label == label and s.start_us < at < s.end_us for s in spans)


def corrections(start: int, end: int, drawn: Sequence[Span], agreed: Agreed) -> Iterator[Decision]:
    """Decisions that put drawn spans in place of everything said in a dispute.

    Args:
        start: Of the dispute without room around it, whole microseconds.
        end: Inclusive.
        drawn: In its tier.
        agreed: What is around.
    """
    drawn = placed(start, end, drawn, agreed)
    own = [s for s in drawn if s.start_us <= end and s.end_us >= start]
    inside = all(start <= s.start_us and s.end_us <= end for s in own)
    wide = [(start, end)] if inside else _reach(own, agreed)
    rest = [s for s in drawn if s not in own]
    parts, rest = _parts((start, end), wide, rest, agreed)
    if inside and not parts:
        kept = _kept((start, end), (start, end), own, agreed)
        yield Decision(start, end, [*own, *kept], drawn=True, near=agreed.near)
    else:
        yield _spread((start, end), (start, end), [*own, *parts], agreed)
    while rest:
        first, *others = rest
        around = first.start_us, first.end_us
        parts, rest = _parts(around, _reach([first], agreed), others, agreed)
        yield _spread(around, None, [first, *parts], agreed)


def _parts(
    around: Stretch, wide: Sequence[Stretch], rest: Sequence[Span], agreed: Agreed
) -> tuple[list[Span], list[Span]]:
    """Drawn spans that one decision takes in, as what they replace lies in its time; the others."""
    low, high = _room(around, agreed)
    parts = [
        span
        for span in rest
        if low < span.end_us
        and span.start_us < high
        and any(touches(s, wide) for s in (span, *_replaced([span], agreed)))
    ]
    return parts, [span for span in rest if span not in parts]


def _reach(drawn: Sequence[Span], agreed: Agreed) -> list[Stretch]:
    """Time of drawn spans and of what they replace."""
    return union((s.start_us, s.end_us) for s in (*drawn, *_replaced(drawn, agreed)))


def placed(start: int, end: int, drawn: Sequence[Span], agreed: Agreed) -> list[Span]:
    """Drawn spans with the borders that they mean."""
    snapped = [_snapped(span, start, end, agreed) for span in drawn]
    return [_going_on(span, (start, end), snapped, agreed) for span in snapped]


def _going_on(span: Span, dispute: Stretch, drawn: Sequence[Span], agreed: Agreed) -> Span:
    """A drawn span with the readers' borders beyond the dispute where it means them."""
    alike = _replaced([span], agreed)
    if not alike or span.is_instant:
        return span
    start, end = dispute
    first, last = min(s.start_us for s in alike), max(s.end_us for s in alike)
    # What somebody drew beside it bounds it.
    beside = [s for s in drawn if agreed.exclusive or s.label == span.label]
    before = (
        max(first, span.start_us) < start
        and span.start_us <= min(s.start_us for s in beside)
        and first - span.start_us <= agreed.near
    )
    after = (
        min(last, span.end_us) > end
        and span.end_us >= max(s.end_us for s in beside)
        and span.end_us - last <= agreed.near
    )
    return replace(
        span,
        start=first / 1e6 if before else span.start,
        end=last / 1e6 if after else span.end,
    )


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
    meant = [*drawn, *_replaced(drawn, agreed)]
    first, last = _room(around, agreed)
    low = max(first, min(around[0], *(s.start_us for s in meant)))
    high = min(last, max(around[1], *(s.end_us for s in meant)))
    kept = _kept((low, high), dispute, drawn, agreed)
    return Decision(low, high, [*drawn, *kept], drawn=True, near=0)


def _room(around: Stretch, agreed: Agreed) -> Stretch:
    """From the dispute before a stretch to the one behind it."""
    low = max((last for _, last in agreed.taken if last <= around[0]), default=-sys.maxsize)
    return low, min((first for first, _ in agreed.taken if first >= around[1]), default=sys.maxsize)


def _replaced(drawn: Sequence[Span], agreed: Agreed) -> list[Span]:
    """What drawn spans take the place of."""
    return [s for s in agreed.spans if any(_replaces(d, s) for d in drawn)]


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
        if dispute is None or span in agreed.common:
            parts.append(span)
            continue
        parts += (p for p in _beside(span, *dispute) if not _continued(p, dispute, drawn, agreed))
    if agreed.exclusive:
        for other in drawn:
            parts = [p for part in parts for p in _beside(part, other.start_us, other.end_us)]
    return parts


def _continued(part: Span, dispute: Stretch, drawn: Sequence[Span], agreed: Agreed) -> bool:
    """Whether a drawn span goes on what ends where the dispute begins, or the other way round.

    Of a reader whose border that is; another one's span goes on there, or they would be two.
    """
    own = [s for s in drawn if s.label == part.label and not s.is_instant]
    start, end = dispute
    before = part.end_us == start and any(s.start_us == start for s in own)
    after = part.start_us == end and any(s.end_us == end for s in own)
    return (before and agreed.crossing(part.label, start)) or (
        after and agreed.crossing(part.label, end)
    )


def _replaces(drawn: Span, span: Span) -> bool:
    if drawn.label != span.label or drawn.is_instant != span.is_instant:
        return False
    if drawn.is_instant:
        return drawn.start_us == span.start_us
    return drawn.start_us < span.end_us and drawn.end_us > span.start_us


def _beside(span: Span, start: int, end: int) -> Iterator[Span]:
    """What is left of a span outside of a stretch; the span itself if it does not meet it."""
    if span.is_instant:
        if not start <= span.start_us <= end:
            yield span
        return
    if span.end_us <= start or span.start_us >= end:
        yield span
        return
    if span.start_us < start:
        yield replace(span, end=start / 1e6)
    if span.end_us > end:
        yield replace(span, start=end / 1e6)
