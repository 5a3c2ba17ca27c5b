"""The time line of a tier in parts, each with the one who speaks in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.finding import Panel, item_of
from tslab.agreement.disputes.lookup import Lookup
from tslab.spans import Span
from tslab.stretches import Stretch


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

    @property
    def rank(self) -> int:
        """Whose a border is that two decisions share: a reading's, the undecided, a drawing's."""
        return 1 if self.spans is None else 0 if self.drawn else 2


def core(dispute: Dispute) -> Stretch:
    """A dispute without the room around a lone border or instant, in which nobody differs."""
    length = dispute.end - dispute.start
    items = dispute.said.values()
    marks = [at for said in items for _, *ends in said for at in ends if 0 <= at <= length]
    if not marks:
        return dispute.start, dispute.end
    before = [sorted(label for label, first, _ in said if first < 0) for said in items]
    after = [sorted(label for label, _, last in said if last > length) for said in items]
    start, end = min(marks), max(marks)
    return (
        dispute.start + (start if all(own == before[0] for own in before) else 0),
        dispute.start + (end if all(own == after[0] for own in after) else length),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the time line with what is said in it; it may own its ends.

    Attributes:
        start: Whole microseconds.
        end: Whole microseconds.
        spans: Of the one who speaks, sorted; of an undecided part, what everybody says alike.
        own_start: Whether what begins or ends at its start is its own.
        own_end: The same of its end.
        decision: What was decided, None outside of disputes.
        open: Whether nobody decided it.
    """

    start: int
    end: int
    spans: Sequence[Span]
    own_start: bool
    own_end: bool
    decision: Decision | None = None
    open: bool = False

    def said(self) -> list[Span]:
        """Spans that have something in it, be it a border on an end that it owns."""
        found = []
        for span in self.spans:
            first, last = span.start_us, span.end_us
            after = last >= self.start if self.own_start else last > self.start
            before = first <= self.end if self.own_end else first < self.end
            if after and before:
                found.append(span)
        return found

    def crosses_start(self, span: Span) -> bool:
        """Whether a span comes from before."""
        if span.is_instant:
            return False
        return span.start_us < self.start if self.own_start else span.start_us <= self.start

    def crosses_end(self, span: Span) -> bool:
        """Whether a span goes on afterwards."""
        if span.is_instant:
            return False
        return span.end_us > self.end if self.own_end else span.end_us >= self.end

    def may_touch_start(self, span: Span) -> bool:
        """Whether a drawn span may go on what comes from before."""
        return self._is_drawn(span) and abs(span.start_us - self.start) <= self._near

    def may_touch_end(self, span: Span) -> bool:
        """Whether a drawn span may go on afterwards."""
        return self._is_drawn(span) and abs(span.end_us - self.end) <= self._near

    def _is_drawn(self, span: Span) -> bool:
        return self.decision is not None and self.decision.drawn and not span.is_instant

    @property
    def _near(self) -> int:
        return self.decision.near if self.decision else 0


def parts_of(panel: Panel, decisions: Sequence[Decision], lookup: Lookup) -> Iterator[Part]:
    """Who speaks when, in order and without a hole."""
    spokesman = panel.readings[0].spans
    ranks = {decision.start: decision.rank for decision in decisions}
    at, owned = panel.start, True
    for decision in decisions:
        start, end = max(decision.start, panel.start), min(decision.end, panel.end)
        if start > end or (start == panel.end and panel.follows) or end < at:
            continue
        if start > at:
            said = lookup.meeting(spokesman, at, start)
            yield Part(at, start, said, own_start=owned, own_end=False)
            at, owned = start, True
        is_open = decision.spans is None
        last = (end == panel.end and panel.follows) or ranks.get(end, -1) > decision.rank
        if decision.spans is None:
            said = _alike([lookup.meeting(r.spans, at, end) for r in panel.readings], at, end)
        else:
            said = lookup.meeting(decision.spans, at, end)
        yield Part(at, end, said, owned, not last, None if is_open else decision, is_open)
        at, owned = end, last and end < panel.end
    if at < panel.end:
        said = lookup.meeting(spokesman, at, panel.end)
        yield Part(at, panel.end, said, own_start=owned, own_end=not panel.follows)


def _alike(met: Sequence[Sequence[Span]], start: int, end: int) -> list[Span]:
    """Spans of the first reader of which all say the same in a stretch, equally often.

    Args:
        met: What each reader has there.
        start: Whole microseconds.
        end: Inclusive.
    """
    counts = [Counter(item_of(span, start, end) for span in own) for own in met]
    said = [(span, item_of(span, start, end)) for span in met[0]]
    return [s for s, item in said if all(own[item] == counts[0][item] for own in counts[1:])]
