"""How a prediction of one tier differs from the reference, in counts that can be added up."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tslab.segmentation.examples.majority import Reading, moments
from tslab.segmentation.examples.matching import matched_events, matched_instants
from tslab.spans import Span
from tslab.stretches import Stretch, clipped, total

NOTHING = ""
"""Class of reviewed time without a label."""


@dataclass(slots=True)
class Hits:
    """Things in the reference, things in the hypothesis, and pairs of them."""

    reference: int = 0
    hypothesis: int = 0
    matched: int = 0

    def add(self, other: Hits) -> None:
        """Adds the counts of another recording or label."""
        self.reference += other.reference
        self.hypothesis += other.hypothesis
        self.matched += other.matched

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall, None without anything to find or found."""
        whole = self.reference + self.hypothesis
        return 2 * self.matched / whole if whole else None


@dataclass(slots=True)
class LabelCounts:
    """One label: microseconds of time, events with a duration, and instants."""

    time: Hits = field(default_factory=Hits)
    events: Hits = field(default_factory=Hits)
    instants: Hits = field(default_factory=Hits)


@dataclass(slots=True)
class TierCounts:
    """One tier of one recording, or of several added up.

    Attributes:
        labels: By label.
        confusion: Microseconds by class of the reference and class of the hypothesis; `NOTHING` is
            a class too. A moment with several labels is shared between their pairs.
        regions: Score of each judged region of the hypothesis, and whether it is right.
        unscored: Judged regions without a score.
        reviewed: Microseconds.
    """

    labels: dict[str, LabelCounts] = field(default_factory=dict)
    confusion: dict[tuple[str, str], float] = field(default_factory=dict)
    regions: list[tuple[float, bool]] = field(default_factory=list)
    unscored: int = 0
    reviewed: int = 0

    def of(self, label: str) -> LabelCounts:
        """Counts of one label, made when they are asked for."""
        return self.labels.setdefault(label, LabelCounts())

    def add(self, other: TierCounts) -> None:
        """Adds the counts of another recording."""
        for label, counts in other.labels.items():
            mine = self.of(label)
            mine.time.add(counts.time)
            mine.events.add(counts.events)
            mine.instants.add(counts.instants)
        for pair, length in other.confusion.items():
            self.confusion[pair] = self.confusion.get(pair, 0) + length
        self.regions += other.regions
        self.unscored += other.unscored
        self.reviewed += other.reviewed


@dataclass(frozen=True, slots=True)
class _Event:
    """A range of the hypothesis on a clock that runs in reviewed time only."""

    start: int
    end: int
    score: float | None
    mostly: bool


class _Clock:
    """Counts reviewed microseconds: time that nobody reviewed takes none."""

    def __init__(self, reviewed: Sequence[Stretch]) -> None:
        self._starts = [start for start, _ in reviewed]
        self._reviewed = reviewed
        lengths = (end - start for start, end in reviewed)
        self._before = [0, *itertools.accumulate(lengths)]

    def __call__(self, at: int) -> int:
        """Reviewed time before a moment."""
        number = bisect.bisect_right(self._starts, at) - 1
        if number < 0:
            return 0
        start, end = self._reviewed[number]
        return self._before[number] + min(at, end) - start


def count_tier(
    reference: Sequence[Span],
    hypothesis: Sequence[Span],
    reviewed: Sequence[Stretch],
    tolerance: int,
) -> TierCounts:
    """Compares two readings of one tier of one recording, in reviewed time only.

    The overlap of events is that of their reviewed time. A predicted event of which less than half
    lies in reviewed time is right or is not judged.

    Args:
        reference: What is true, within the reviewed time.
        hypothesis: What was predicted, anywhere.
        reviewed: Microseconds, sorted and apart.
        tolerance: Microseconds between instants that are the same.
    """
    counts = TierCounts(reviewed=total(reviewed))
    clock = _Clock(reviewed)
    known = clipped(reference, reviewed)
    found = clipped(hypothesis, reviewed)
    _count_time(counts, known, found, reviewed)
    for label in sorted({span.label for span in [*known, *found]}):
        true = [span for span in known if span.label == label]
        said = [span for span in hypothesis if span.label == label]
        _count_events(counts, label, _true_events(true, clock), _events(said, clock))
        points = [span for span in found if span.label == label and span.is_instant]
        instants = sorted(span.start_us for span in true if span.is_instant)
        _count_instants(counts, label, instants, points, tolerance)
    return counts


def _events(spans: Sequence[Span], clock: _Clock) -> list[_Event]:
    events = []
    for span in spans:
        start, end = clock(span.start_us), clock(span.end_us)
        if start < end:
            mostly = 2 * (end - start) >= span.end_us - span.start_us
            events.append(_Event(start, end, span.score, mostly))
    return events


def _true_events(spans: Sequence[Span], clock: _Clock) -> list[Stretch]:
    """Events of the reference, made whole again where time that nobody reviewed cut them."""
    events: list[Stretch] = []
    last = 0
    for span in spans:
        if span.is_instant:
            continue
        start, end = clock(span.start_us), clock(span.end_us)
        if events and events[-1][1] == start and last < span.start_us:
            events[-1] = (events[-1][0], end)
        else:
            events.append((start, end))
        last = span.end_us
    return events


def _count_time(
    counts: TierCounts, known: Sequence[Span], found: Sequence[Span], reviewed: Sequence[Stretch]
) -> None:
    reference = [(s.start_us, s.end_us, s.label) for s in known if not s.is_instant]
    hypothesis = [(s.start_us, s.end_us, s.label) for s in found if not s.is_instant]
    if not reference and not hypothesis:
        return  # a tier of instants: time says nothing
    for moment in moments([Reading(reviewed, reference), Reading(reviewed, hypothesis)]):
        length = moment.end - moment.start
        true = {label for label, voters in moment.votes.items() if 0 in voters}
        said = {label for label, voters in moment.votes.items() if 1 in voters}
        for label in true | said:
            hits = Hits((label in true) * length, (label in said) * length)
            hits.matched = (label in true & said) * length
            counts.of(label).time.add(hits)
        pairs = _pairs(true, said)
        for pair in pairs:
            counts.confusion[pair] = counts.confusion.get(pair, 0) + length / len(pairs)


def _pairs(true: set[str], said: set[str]) -> list[tuple[str, str]]:
    """Labels of one moment in pairs: equal ones first, the others in order, padded with nothing."""
    common = true & said
    rest = sorted(true - common), sorted(said - common)
    size = max(len(rest[0]), len(rest[1]), 0 if common else 1)
    left = [*rest[0], *[NOTHING] * (size - len(rest[0]))]
    right = [*rest[1], *[NOTHING] * (size - len(rest[1]))]
    return [*((label, label) for label in sorted(common)), *zip(left, right, strict=True)]


def _count_events(
    counts: TierCounts, label: str, events: Sequence[Stretch], found: Sequence[_Event]
) -> None:
    pairs = matched_events(events, [(event.start, event.end) for event in found])
    right = {j for _, j in pairs}
    judged = [j for j, event in enumerate(found) if event.mostly or j in right]
    counts.of(label).events.add(Hits(len(events), len(judged), len(pairs)))
    _count_regions(counts, ((found[j].score, j in right) for j in judged))


def _count_instants(
    counts: TierCounts,
    label: str,
    instants: Sequence[int],
    found: Sequence[Span],
    tolerance: int,
) -> None:
    pairs = matched_instants(instants, [span.start_us for span in found], tolerance)
    right = {j for _, j in pairs}
    counts.of(label).instants.add(Hits(len(instants), len(found), len(pairs)))
    _count_regions(counts, ((span.score, j in right) for j, span in enumerate(found)))


def _count_regions(counts: TierCounts, regions: Iterable[tuple[float | None, bool]]) -> None:
    for score, right in regions:
        if score is None:
            counts.unscored += 1
        else:
            counts.regions.append((score, right))
