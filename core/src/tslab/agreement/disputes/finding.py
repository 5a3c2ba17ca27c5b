"""Where annotators of one recording do not say the same, as stretches that a person can decide.

Readers are unanimous at a moment if the same labels hold for all of them, and at a border if the
same spans begin or end there. So two touching spans against one long span are a dispute, too: about
their common border. Outside of the disputes every reader says the same, span by span, which is what
lets verdicts be put together exactly, see `tslab.agreement.disputes.verdicts`.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tslab.agreement.dispute_values import Dispute, DisputeSettings, Item, Reading, TierKind
from tslab.agreement.disputes.kinds import MOVED, SHIFTS, kind_of
from tslab.spans import Span
from tslab.stretches import Stretch

Event = tuple[str, str]
"""A label, and ``[`` where a span begins, ``]`` where one ends, ``.`` where an instant is."""
Mark = tuple[int, int, str]
"""Start and end (microseconds) and label of a span."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A stretch in which nobody comes or goes.

    Attributes:
        start: Whole microseconds.
        end: Whole microseconds, exclusive, unless nothing follows.
        readings: Of those who reviewed it, sorted by name.
        follows: Whether another panel begins where this one ends.
    """

    start: int
    end: int
    readings: tuple[Reading, ...]
    follows: bool = False


@dataclass(slots=True)
class Found:
    """What some readings differ about, in order of time.

    Attributes:
        disputes: To be decided.
        settled: Borders and instants within the tolerance: the median decides.
    """

    disputes: list[Dispute] = field(default_factory=list)
    settled: list[Dispute] = field(default_factory=list)


def panels(readings: Sequence[Reading]) -> list[Panel]:
    """Stretches that at least two readers reviewed, cut wherever somebody comes or goes."""
    borders = sorted({at for r in readings for stretch in r.reviewed for at in stretch})
    found: list[Panel] = []
    for start, end in itertools.pairwise(borders):
        there = [r for r in readings if any(a <= start and end <= b for a, b in r.reviewed)]
        if len(there) < 2:
            continue
        there.sort(key=lambda reading: reading.reader)
        if found and found[-1].end == start:
            found[-1] = replace(found[-1], follows=True)
        found.append(Panel(start, end, tuple(there)))
    return found


def disputes_of(
    readings: Sequence[Reading], kind: TierKind, settings: DisputeSettings | None = None
) -> Found:
    """Where readers differ: maximal stretches on which not all say the same, none twice.

    Args:
        readings: Of one recording and tier.
        kind: Kind of the tier.
        settings: What counts.
    """
    settings = settings or DisputeSettings()
    marks = {reading.reader: Marks(reading.spans) for reading in readings}
    found = Found()
    for panel in panels(readings):
        search = _Search(panel, [marks[r.reader] for r in panel.readings], kind, settings)
        for dispute in search.disputes():
            small = search.is_small(dispute)
            (found.settled if small else found.disputes).append(dispute)
    return found


def portion(spans: Sequence[Span], start: int, end: int) -> tuple[Item, ...]:
    """What somebody says in a stretch: labels with times relative to its start, sorted.

    A span that comes from before or goes on afterwards has -1 or the length plus 1 instead.
    """
    return Marks(spans).portion(start, end)


def item_of(span: Span, start: int, end: int) -> Item:
    """What a span says in a stretch that it meets, see `portion`."""
    return span.label, max(span.start_us - start, -1), min(span.end_us - start, end - start + 1)


class Marks:
    """Spans of one reading, to look them up by time."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.rows: list[Mark] = sorted((s.start_us, s.end_us, s.label) for s in spans)
        self._starts = [start for start, _, _ in self.rows]
        self._longest = max((end - start for start, end, _ in self.rows), default=0)

    def meeting(self, start: int, end: int) -> list[Mark]:
        """Marks that have something in a stretch or at its ends."""
        first = bisect.bisect_left(self._starts, start - self._longest)
        last = bisect.bisect_right(self._starts, end)
        return [mark for mark in self.rows[first:last] if mark[1] >= start]

    def portion(self, start: int, end: int) -> tuple[Item, ...]:
        """See the function of this name."""
        said = [
            (label, max(first - start, -1), min(last - start, end - start + 1))
            for first, last, label in self.meeting(start, end)
        ]
        return tuple(sorted(said))


class _Search:
    """Looks for disputes in one panel."""

    def __init__(
        self, panel: Panel, marks: Sequence[Marks], kind: TierKind, settings: DisputeSettings
    ) -> None:
        self.panel, self.marks, self.settings = panel, marks, settings
        self.exclusive = kind == "states"

    def disputes(self) -> list[Dispute]:
        """All of them, in order."""
        low, high = self.panel.start, self.panel.end
        around, gap = self.settings.around, self.settings.gap
        wide = [
            (max(start - around, low), min(end + around, high)) if start == end else (start, end)
            for start, end in _joined(self._differences(), gap)
        ]
        return [self._described(*stretch) for stretch in _joined(wide, gap)]

    def is_small(self, dispute: Dispute) -> bool:
        """Whether everybody has the same borders there, and no two of them are far apart."""
        alike = {tuple(sorted(name for name, _, _ in said)) for said in dispute.said.values()}
        shift = dispute.kind in (*SHIFTS, MOVED) and len(alike) == 1
        return shift and dispute.end - dispute.start <= self.settings.tolerance

    def _differences(self) -> Iterator[Stretch]:
        """Closed stretches and points at which readers differ, in order."""
        start, end = self.panel.start, self.panel.end
        readers = len(self.marks)
        held: dict[str, list[int]] = defaultdict(lambda: [0] * readers)
        split: set[str] = set()
        since = start
        for at, events in self._events():
            if split and at > since:
                yield since, at
            # What begins with the panel or ends with it began or ends somewhere else.
            own = events if at > start else [e for e in events if e[1][1] == "."]
            if _differ_at(own, readers):
                yield at, at
            for reader, (label, what) in events:
                if what != ".":
                    held[label][reader] += 1 if what == "[" else -1
            for label in {label for _, (label, what) in events if what != "."}:
                (split.discard if len(set(held[label])) == 1 else split.add)(label)
            since = at
        if split and end > since:
            yield since, end

    def _events(self) -> list[tuple[int, list[tuple[int, Event]]]]:
        """By time: what begins, ends and happens, with the position of the reader."""
        low, high, follows = self.panel.start, self.panel.end, self.panel.follows
        found: dict[int, list[tuple[int, Event]]] = defaultdict(list)
        for reader, marks in enumerate(self.marks):
            for start, end, label in marks.meeting(low, high):
                if start == end:
                    if start < high or not follows:
                        found[start].append((reader, (label, ".")))
                elif start < high and end > low:
                    found[max(start, low)].append((reader, (label, "[")))
                    if end < high:
                        found[end].append((reader, (label, "]")))
        return sorted(found.items())

    def _described(self, start: int, end: int) -> Dispute:
        names = tuple(reading.reader for reading in self.panel.readings)
        portions = [marks.portion(start, end) for marks in self.marks]
        said = dict(zip(names, portions, strict=True))
        clipped = {name: self._clipped(items, start, end) for name, items in said.items()}
        kind, labels = kind_of(clipped, end - start, exclusive=self.exclusive)
        weight = max((self.settings.weights.get(label, 1.0) for label in labels), default=1.0)
        cost = weight * self._bits(portions, end - start)
        return Dispute(start, end, kind, labels, cost, names, said)

    def _clipped(self, items: Sequence[Item], start: int, end: int) -> list[Item]:
        """Without what lies where not the same readers can be compared."""
        low = 0 if start == self.panel.start else -1
        high = end - start + (end < self.panel.end)
        return [
            (label, max(first, low), min(last, high))
            for label, first, last in items
            if first == last or max(first, low) < min(last, high)
        ]

    def _bits(self, portions: Sequence[tuple[Item, ...]], length: int) -> float:
        """Entropy of what readers say times seconds; a lone border or instant counts as a point."""
        changes: dict[int, list[tuple[int, str, int]]] = {0: [], length: []}
        for reader, items in enumerate(portions):
            for label, first, last in items:
                if first < last:
                    changes.setdefault(max(first, 0), []).append((reader, label, 1))
                    changes.setdefault(min(last, length), []).append((reader, label, -1))
        held = [Counter[str]() for _ in portions]
        bits = 0.0
        for low, high in itertools.pairwise(sorted(changes)):
            for reader, label, change in changes[low]:
                held[reader][label] += change
            votes = [frozenset(label for label in own if own[label]) for own in held]
            bits += _entropy(votes) * (high - low)
        return bits / 1e6 if bits else self.settings.point / 1e6 * _entropy(portions)


def _joined(stretches: Iterable[Stretch], gap: int) -> list[Stretch]:
    """Closed stretches with those joined that are no farther apart than a gap; points stay."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _differ_at(events: Sequence[tuple[int, Event]], readers: int) -> bool:
    if len(events) % readers:
        return True
    own: list[list[Event]] = [[] for _ in range(readers)]
    for reader, event in events:
        own[reader].append(event)
    first = sorted(own[0])
    return any(sorted(other) != first for other in own[1:])


def _entropy(votes: Sequence[Hashable]) -> float:
    """Entropy of votes in bits."""
    shares = [count / len(votes) for count in Counter(votes).values()]
    return -sum(share * math.log2(share) for share in shares)
