"""What a reviewer's drawings change of what all readers say, outside of every dispute.

A review decides what is in dispute. A drawing may say more, and then it counts; but nobody is to
lose time that all readers agree on without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from tslab.agreement.disputes.corrections import Agreed, corrections, placed
from tslab.spans import Span
from tslab.stretches import Stretch, clipped, intersect, subtract, union

How = Literal["taken away", "added", "left out"]


class Change(NamedTuple):
    """Time outside of disputes for which a drawing says something else than all readers.

    Attributes:
        start: Whole microseconds.
        end: Whole microseconds.
        label: What it is about.
        how: What happens to the label there.
    """

    start: int
    end: int
    label: str
    how: How


def changes(start: int, end: int, drawn: Sequence[Span], agreed: Agreed) -> Iterator[Change]:
    """What drawings change of what all readers say outside of disputes, or would change.

    Args:
        start: Of the dispute without room around it, whole microseconds.
        end: Inclusive.
        drawn: In its tier.
        agreed: What is around.
    """
    decisions = list(corrections(start, end, drawn, agreed))
    reached = union((d.start, d.end) for d in decisions)
    outside = subtract(reached, union([(start, end), *agreed.taken]))
    shown = placed(start, end, drawn, agreed)
    for label in sorted({span.label for span in shown}):
        given = _time(
            label, (s for d in decisions for s in clipped(d.spans or (), [(d.start, d.end)]))
        )
        said, own = _time(label, agreed.spans), _time(label, shown)
        gone = subtract(said, given)
        if agreed.exclusive:
            # Of the state that takes its place is said that it does.
            gone = subtract(gone, union((s.start_us, s.end_us) for s in shown))
        beyond = subtract(own, union([*said, *reached, (start, end), *agreed.taken]))
        found: list[tuple[list[Stretch], How]] = [
            (intersect(gone, outside), "taken away"),
            (intersect(subtract(given, said), outside), "added"),
            (beyond, "left out"),
        ]
        for stretches, how in found:
            for first, last in stretches:
                if last - first > agreed.near:
                    yield Change(first, last, label, how)


def _time(label: str, spans: Iterable[Span]) -> list[Stretch]:
    return union((s.start_us, s.end_us) for s in spans if s.label == label and not s.is_instant)
