"""Puts together what readers agree on and what a reviewer decided, with exact times.

The time line is cut into parts. In a dispute the reading that was upheld speaks, elsewhere any of
the readers, for they say the same there. A span that crosses a cut goes on in the part behind it
under the same label; so its start comes from the part in which it starts, and its end from the one
in which it ends. Where that part is an undecided dispute, nobody knows: the span is no truth yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tslab.agreement.dispute_values import Reading
from tslab.agreement.disputes.finding import panels
from tslab.agreement.disputes.lookup import Lookup
from tslab.agreement.disputes.parts import Decision, Part, parts_of
from tslab.spans import FieldValue, Span, sort_key, to_microseconds
from tslab.stretches import Stretch, subtract, union


class Truth(NamedTuple):
    """What holds in a tier, and where that is known.

    Attributes:
        spans: Sorted by time.
        known: Stretches in whole microseconds: what at least two readers reviewed, without the
            undecided and the spans that wait for it.
        waiting: Spans that everybody has, but with a border that is not decided, as stretches.
    """

    spans: list[Span]
    known: list[Stretch]
    waiting: list[Stretch]


@dataclass(slots=True)
class _Thread:
    """A span in the making.

    Attributes:
        label: Its label.
        start: Seconds.
        last: The span that it goes on as.
        decided: Spans of the verdicts that it went through.
        may_end: Whether a reviewer let it end where it has come to.
        open: Whether one of its borders is not decided.
    """

    label: str
    start: float
    last: Span
    decided: list[Span] = field(default_factory=list)
    may_end: bool = False
    open: bool = False

    def goes_on(self, span: Span, part: Part) -> None:
        self.last = span
        if part.decision is not None:
            self.decided.append(span)


Answers = dict[tuple[str, int, int], list[Mapping[str, FieldValue]]]
"""What readers answer about a span, by label and time."""


def truth_of(readings: Sequence[Reading], decisions: Sequence[Decision]) -> Truth:
    """What holds.

    Args:
        readings: Of one recording and tier.
        decisions: One for each dispute, sorted and apart.
    """
    loom, lookup = _Loom(_all_answers(readings)), Lookup()
    for panel in panels(readings):
        for part in parts_of(panel, decisions, lookup):
            loom.take(part)
    loom.close(loom.reached)
    known = subtract(union(loom.known), union(loom.waiting))
    return Truth(sorted(loom.spans, key=sort_key), known, sorted(loom.waiting))


class _Loom:
    """Makes spans of parts, which come in order of time."""

    def __init__(self, answers: Answers) -> None:
        self.spans: list[Span] = []
        self.known: list[Stretch] = []
        self.waiting: list[Stretch] = []
        self.reached = 0
        self._answers = answers
        self._threads: list[_Thread] = []
        self._after_open = False

    def take(self, part: Part) -> None:
        """Goes on with the next part."""
        if self.reached != part.start:
            self.close(self.reached)
            self._after_open = False
        self._through(part)
        self.reached, self._after_open = part.end, part.open
        if not part.open and part.end > part.start:
            self.known.append((part.start, part.end))

    def _through(self, part: Part) -> None:
        before, self._threads = self._threads, []
        for span in part.said():
            thread = _taken(span, part, before)
            if thread is None:
                crosses = part.crosses_start(span)
                start = max(span.start, part.start / 1e6) if crosses else span.start
                thread = _Thread(span.label, start, span, open=crosses and self._after_open)
            else:
                before.remove(thread)
            thread.goes_on(span, part)
            thread.may_end = not part.crosses_end(span)
            if not thread.may_end or part.may_touch_end(span):
                self._threads.append(thread)
            else:
                self._finish(thread, span.end)
        on, self._threads = self._threads, before
        self.close(part.start, open=part.open)
        self._threads = on

    def close(self, at: int, *, open: bool = False) -> None:
        """Ends what nobody takes up, at the cut or where the reviewer let it end.

        Args:
            at: The cut, in whole microseconds.
            open: Whether it is not decided what happens there.
        """
        for thread in self._threads:
            thread.open |= open and not thread.may_end
            last = thread.last.end
            self._finish(thread, last if thread.may_end else min(at / 1e6, last))
        self._threads = []

    def _finish(self, thread: _Thread, end: float) -> None:
        """The span of a thread, unless nothing of it is left."""
        last = thread.last
        stretch = to_microseconds(thread.start), to_microseconds(end)
        if not last.is_instant and stretch[1] <= stretch[0]:
            return
        if thread.open:
            self.waiting.append(stretch)
            return
        answers = self._answers
        fields = thread.decided[-1].fields if thread.decided else _most_given(last, answers)
        self.spans.append(Span(thread.start, end, thread.label, last.tier, fields=fields))


def _taken(span: Span, part: Part, waiting: Sequence[_Thread]) -> _Thread | None:
    """The thread that goes on as a span; the same span first, then in order of time."""
    if not (part.crosses_start(span) or part.may_touch_start(span)):
        return None
    alike = [thread for thread in waiting if thread.label == span.label]
    same = [thread for thread in alike if thread.last is span]
    return next(iter(same or alike), None)


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


def median_reading(readings: Sequence[Reading], start: int, end: int, lookup: Lookup) -> Reading:
    """The reading whose borders in a stretch are nearest to all others', the first of several."""

    def times(reading: Reading) -> list[int]:
        there = lookup.meeting(reading.spans, start, end)
        return sorted(t for s in there for t in (s.start_us, s.end_us) if start <= t <= end)

    own = [times(reading) for reading in readings]
    far = [
        sum(abs(a - b) for other in own for a, b in zip(mine, other, strict=False)) for mine in own
    ]
    return readings[far.index(min(far))]
