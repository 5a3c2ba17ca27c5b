"""What several annotators say together about instants: a majority in each cluster of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tslab.stretches import Stretch, union
from tslab.tolerances import instant_tolerance

Point = tuple[int, str]
"""Time in whole microseconds, and label."""


@dataclass(slots=True)
class PointReading:
    """One annotator's instants in one tier of one recording.

    Attributes:
        present: Stretches that he reviewed, sorted and apart.
        points: Instants, sorted, inside of `present` or at the end of one of its stretches.
    """

    present: Sequence[Stretch]
    points: Sequence[Point]


@dataclass(slots=True)
class AgreedPoints:
    """What a majority says.

    Attributes:
        points: Instants, sorted.
        disputed: Surroundings of instants on which there is no majority.
    """

    points: list[Point] = field(default_factory=list)
    disputed: list[Stretch] = field(default_factory=list)


Cluster = list[tuple[int, str, int]]
"""Time, label and number of the reader, of marks that mean the same moment."""


def agreed_points(
    readings: Sequence[PointReading], *, exclusive: bool, tolerance: int | None = None
) -> AgreedPoints:
    """Instants that more than half of those who reviewed a moment marked there.

    An instant lies at the median of its marks. Without a majority for a label, or for silence, the
    surroundings (the tolerance on both sides) are disputed.

    Args:
        readings: One for each annotator; the order makes no difference.
        exclusive: Whether different labels at one moment contradict each other.
        tolerance: Microseconds; None takes that of the marks.
    """
    if len(readings) == 1:
        return AgreedPoints(points=sorted(readings[0].points))
    if tolerance is None:
        tolerance = instant_tolerance([at for at, _ in reading.points] for reading in readings)
    agreed = AgreedPoints()
    for cluster in _clusters(readings, tolerance, exclusive):
        first, last = min(cluster)[0], max(cluster)[0]
        middle = _median([at for at, _, _ in cluster])
        voting = {reader for _, _, reader in cluster}
        present = {i for i, r in enumerate(readings) if _holds(r.present, middle)} | voting
        label, votes = max(Counter(label for _, label, _ in cluster).items(), key=lambda x: x[1])
        if 2 * votes > len(present):
            agreed.points.append((_median([at for at, name, _ in cluster if name == label]), label))
        elif 2 * (len(present) - len(voting)) <= len(present):
            agreed.disputed.append((max(0, first - tolerance), last + tolerance))
    return AgreedPoints(sorted(agreed.points), union(agreed.disputed))


def _holds(stretches: Sequence[Stretch], at: int) -> bool:
    return any(start <= at <= end for start, end in stretches)


def _median(times: Sequence[int]) -> int:
    ordered = sorted(times)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def _clusters(readings: Sequence[PointReading], tolerance: int, exclusive: bool) -> list[Cluster]:
    """Marks of different readers, no further apart than the tolerance, nearest first."""
    marks = sorted((at, label, i) for i, r in enumerate(readings) for at, label in r.points)
    home = list(range(len(marks)))
    members = {number: [number] for number in home}
    for _, _, left, right in sorted(_near(marks, tolerance, exclusive)):
        one, other = sorted((home[left], home[right]))
        if one == other:
            continue
        joined = sorted(members[one] + members[other])
        too_wide = marks[joined[-1]][0] - marks[joined[0]][0] > tolerance
        if too_wide or len({marks[number][2] for number in joined}) < len(joined):
            continue
        members[one] = joined
        for number in members.pop(other):
            home[number] = one
    return [[marks[number] for number in numbers] for numbers in members.values()]


def _near(
    marks: Sequence[tuple[int, str, int]], tolerance: int, exclusive: bool
) -> list[tuple[bool, int, int, int]]:
    """Pairs of marks of different readers: same label first, then by distance."""
    pairs = []
    for left, (at, label, reader) in enumerate(marks):
        for right in range(left + 1, len(marks)):
            time, name, other = marks[right]
            if time - at > tolerance:
                break
            if reader != other and (exclusive or label == name):
                pairs.append((label != name, time - at, left, right))
    return pairs
