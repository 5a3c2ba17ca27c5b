"""What a reviewer drew, each with the dispute that it is for; and what can be for none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.changes import Change
from tslab.label_studio.review.ballots import Ballot
from tslab.label_studio.review.key import Case, Window, nearest
from tslab.label_studio.review.readings import Matter
from tslab.label_studio.review.tasks import between
from tslab.spans import Span, sort_key
from tslab.stretches import touches, union

FAR = 25
"""How far from its dispute a correction may lie, in what counts as touching: 5 % of a page."""

HAND = 5
"""By how much states that a hand draws side by side may overlap, in the same: 1 % of a page."""

CHANGED = "It counts as it was drawn: draw it anew if that was not meant."


@dataclass(frozen=True, slots=True)
class Placed:
    """Something drawn with the dispute that it is for, and why it cannot be, "" where it can."""

    case: Case
    span: Span
    wrong: str


class Drawings:
    """Drawings in one tier of one recording.

    Args:
        matter: The tier.
        cut: All its disputes, as they are cut for windows.
    """

    def __init__(self, matter: Matter, cut: Sequence[Dispute]) -> None:
        self._matter = matter
        self._stretches = [(dispute.start, dispute.end) for dispute in cut]

    def of(self, window: Window, ballot: Ballot) -> dict[str, list[Span]]:
        """What counts, by dispute: each is for the nearest one that was said to be corrected."""
        found: dict[str, list[Span]] = {}
        for placed in self.placed(window, ballot):
            if not placed.wrong:
                found.setdefault(placed.case.id, []).append(placed.span)
        return {case: sorted(spans, key=sort_key) for case, spans in found.items()}

    def placed(self, window: Window, ballot: Ballot) -> Iterator[Placed]:
        """Everything in the tier, if anything there was said to be corrected."""
        tier = self._matter.tier.name
        cases = [c for c in window.cases if c.tier == tier and ballot.letters.get(c.id) == ""]
        for span in ballot.drawn:
            if span.tier == tier and cases:
                case = nearest(cases, span.start_us, span.end_us)
                yield Placed(case, span, self._wrong(case, span))

    def twice(self, window: Window, case: Case, ballot: Ballot) -> bool:
        """Whether a correction says two things of one moment where only one can hold."""
        if self._matter.tier.kind != "states":
            return False
        placed = [p for p in self.placed(window, ballot) if not p.wrong]
        own = [p.span for p in placed if p.case.id == case.id]
        most = HAND * self._matter.around
        return any(
            one is not other.span
            and min(one.end_us, other.span.end_us) - max(one.start_us, other.span.start_us) > most
            for one in own
            for other in placed
        )

    def _wrong(self, case: Case, span: Span) -> str:
        stretch = case.start, case.end
        if case.distance(span.start_us, span.end_us)[0] > max(
            FAR * self._matter.around, case.end - case.start
        ):
            return "far from"
        others = union(other for other in self._stretches if other != stretch)
        if touches(span, others) and not touches(span, [stretch]):
            # It would take the place of another verdict, or of none.
            return "in another dispute than"
        return ""


def in_words(change: Change) -> tuple[str, str]:
    """What a drawing changes, or would change, outside of disputes; and what to do about it."""
    what = f"'{change.label}' {between(change.start, change.end)}"
    if change.how == "left out":
        text = f"drew {what} behind another dispute, where it is left out, for"
        return text, "Draw it for that dispute."
    if change.how == "added":
        return f"drew {what}, where no reader has it, for", CHANGED
    return f"drew no {what}, where all readers have it, for", CHANGED
