"""Puts together what readers agree on and what a reviewer decided, with exact times.

The time line is cut into parts. In a dispute the reading that was upheld speaks, elsewhere any of
the readers, for they say the same there. A span that crosses a cut goes on in the part behind it
under the same label; so its start comes from the part in which it starts, and its end from the one
in which it ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tslab.agreement.dispute_values import Reading
from tslab.agreement.disputes.finding import Panel, panels
from tslab.spans import FieldValue, Span, sort_key, to_microseconds
from tslab.stretches import union


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds in a stretch.

    Attributes:
        start: Whole microseconds.
        end: Whole microseconds, inclusive.
        spans: Those of the reading that was upheld, or drawn by the reviewer; None is undecided.
        drawn: Whether the reviewer drew them: they may touch what holds beside the stretch.
        near: How far from the stretch's ends a drawn border still counts as touching them;
            microseconds.
    """

    start: int
    end: int
    spans: Sequence[Span] | None
    drawn: bool = False
    near: int = 1


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the time line with the one who speaks in it; it may own its ends."""

    start: int
    end: int
    spans: Sequence[Span] | None
    own_start: bool
    own_end: bool
    decision: Decision | None = None


@dataclass(slots=True)
class _Thread:
    """A span in the making."""

    label: str
    start: float
    last: Span
    decided: list[Span] = field(default_factory=list)
    may_end: bool = False

    def goes_on(self, span: Span, part: _Part) -> None:
        self.last = span
        if part.decision is not None:
            self.decided.append(span)


Answers = dict[tuple[str, int, int], list[Mapping[str, FieldValue]]]
"""What readers answer about a span, by label and time."""


def truth_of(
    readings: Sequence[Reading], decisions: Sequence[Decision]
) -> tuple[list[Span], list[tuple[int, int]]]:
    """What holds, and where that is known.

    Args:
        readings: Of one recording and tier.
        decisions: One for each dispute, sorted and apart.

    Returns:
        Spans sorted by time; and stretches in whole microseconds: what at least two readers
        reviewed, without the undecided.
    """
    spans: list[Span] = []
    known: list[tuple[int, int]] = []
    threads: list[_Thread] = []
    reached = 0
    answers = _all_answers(readings)
    for panel in panels(readings):
        for part in _parts(panel, decisions):
            if reached != part.start:
                spans += _closed(threads, reached, answers)
                threads = []
            threads, ended = _through(part, threads, answers)
            spans += ended
            reached = part.end
            if part.spans is not None and part.end > part.start:
                known.append((part.start, part.end))
    spans += _closed(threads, reached, answers)
    return sorted(spans, key=sort_key), union(known)


def _parts(panel: Panel, decisions: Sequence[Decision]) -> Iterator[_Part]:
    """Who speaks when, in order and without a hole."""
    spokesman = panel.readings[0].spans
    at, owned = panel.start, True
    for decision in decisions:
        start, end = max(decision.start, panel.start), min(decision.end, panel.end)
        if start > end or (start == panel.end and panel.follows) or end < at:
            continue
        if start > at:
            yield _Part(at, start, spokesman, own_start=owned, own_end=False)
            at, owned = start, True
        last = end == panel.end and panel.follows
        yield _Part(at, end, decision.spans, owned, not last, decision)
        at, owned = end, False
    if at < panel.end:
        yield _Part(at, panel.end, spokesman, own_start=owned, own_end=not panel.follows)


def _through(
    part: _Part, threads: list[_Thread], answers: Answers
) -> tuple[list[_Thread], list[Span]]:
    """Threads that leave a part, and spans that ended at its start or in it."""
    ended: list[Span] = []
    waiting = list(threads)
    going: list[_Thread] = []
    for span in _said(part):
        thread = _taken(span, part, waiting)
        if thread is None:
            start = max(span.start, part.start / 1e6) if _crosses_start(span, part) else span.start
            thread = _Thread(span.label, start, span)
        else:
            waiting.remove(thread)
        thread.goes_on(span, part)
        if _crosses_end(span, part):
            thread.may_end = False
            going.append(thread)
        elif _may_touch_end(span, part):
            thread.may_end = True
            going.append(thread)
        else:
            ended += _finished(thread, span.end, answers)
    return going, ended + _closed(waiting, part.start, answers)


def _said(part: _Part) -> list[Span]:
    """Spans that have something in a part, be it a border on an end that the part owns."""
    found = []
    for span in sorted(part.spans or (), key=sort_key):
        first, last = span.start_us, span.end_us
        after = last >= part.start if part.own_start else last > part.start
        before = first <= part.end if part.own_end else first < part.end
        if after and before:
            found.append(span)
    return found


def _crosses_start(span: Span, part: _Part) -> bool:
    if span.is_instant:
        return False
    return span.start_us < part.start if part.own_start else span.start_us <= part.start


def _crosses_end(span: Span, part: _Part) -> bool:
    if span.is_instant:
        return False
    return span.end_us > part.end if part.own_end else span.end_us >= part.end


def _may_touch_end(span: Span, part: _Part) -> bool:
    decision = part.decision
    if span.is_instant or decision is None or not decision.drawn:
        return False
    return abs(span.end_us - part.end) <= decision.near


def _may_touch_start(span: Span, part: _Part) -> bool:
    decision = part.decision
    if span.is_instant or decision is None or not decision.drawn:
        return False
    return abs(span.start_us - part.start) <= decision.near


def _taken(span: Span, part: _Part, waiting: Sequence[_Thread]) -> _Thread | None:
    """The thread that goes on as a span; the same span first, then in order of time."""
    if not (_crosses_start(span, part) or _may_touch_start(span, part)):
        return None
    alike = [thread for thread in waiting if thread.label == span.label]
    same = [thread for thread in alike if thread.last is span]
    return next(iter(same or alike), None)


def _closed(threads: Sequence[_Thread], at: int, answers: Answers) -> list[Span]:
    """Threads that nobody takes up end at the cut, or where the reviewer let them end."""
    return [
        span
        for thread in threads
        for span in _finished(
            thread, thread.last.end if thread.may_end else min(at / 1e6, thread.last.end), answers
        )
    ]


def _finished(thread: _Thread, end: float, answers: Answers) -> list[Span]:
    """The span of a thread; none if nothing of it is left."""
    last = thread.last
    if not last.is_instant and to_microseconds(end) <= to_microseconds(thread.start):
        return []
    fields = thread.decided[-1].fields if thread.decided else _most_given(last, answers)
    return [Span(thread.start, end, thread.label, last.tier, fields=fields)]


def _all_answers(readings: Sequence[Reading]) -> Answers:
    found: Answers = {}
    for reading in readings:
        for span in reading.spans:
            if span.fields:
                key = (span.label, span.start_us, span.end_us)
                found.setdefault(key, []).append(span.fields)
    return found


def _most_given(span: Span, answers: Answers) -> dict[str, FieldValue]:
    """To each field the answer that most readers give about a span that all of them drew."""
    asked: dict[str, Counter[FieldValue]] = {}
    for fields in answers.get((span.label, span.start_us, span.end_us), ()):
        for name, answer in fields.items():
            asked.setdefault(name, Counter())[answer] += 1
    given: dict[str, FieldValue] = {}
    for name, counts in asked.items():
        first, *rest = counts.most_common(2)
        if not rest or rest[0][1] < first[1]:
            given[name] = first[0]
    return given


def median_reading(readings: Sequence[Reading], start: int, end: int) -> Reading:
    """The reading whose borders in a stretch are nearest to all others', the first of several."""

    def times(reading: Reading) -> list[int]:
        inside = [t for s in reading.spans for t in (s.start_us, s.end_us) if start <= t <= end]
        return sorted(inside)

    own = [times(reading) for reading in readings]
    far = [
        sum(abs(a - b) for other in own for a, b in zip(mine, other, strict=False)) for mine in own
    ]
    return readings[far.index(min(far))]
