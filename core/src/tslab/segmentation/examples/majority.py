"""What several annotators say together about ranges: a majority at each moment, exactly."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tslab.stretches import Stretch, union

Mark = tuple[int, int, str]
"""Start, end (whole microseconds) and label of a range."""

Voters = Mapping[int, frozenset[int]]
"""Reader -> numbers of the marks with which he says a label."""


@dataclass(slots=True)
class Reading:
    """One annotator's ranges in one tier of one recording.

    Attributes:
        present: Stretches that he reviewed, sorted and apart.
        marks: Ranges, inside of `present`.
    """

    present: Sequence[Stretch]
    marks: Sequence[Mark]


@dataclass(slots=True)
class Agreed:
    """What a majority says.

    Attributes:
        marks: Ranges, sorted.
        disputed: Stretches that were reviewed and on which there is no majority.
    """

    marks: list[Mark] = field(default_factory=list)
    disputed: list[Stretch] = field(default_factory=list)


@dataclass(slots=True)
class Moment:
    """A stretch in which nobody starts or ends anything.

    Attributes:
        start: Whole microseconds.
        end: Whole microseconds.
        present: How many readers reviewed it.
        votes: Label -> who says it.
    """

    start: int
    end: int
    present: int
    votes: dict[str, Voters]


def majority(readings: Sequence[Reading], *, exclusive: bool) -> Agreed:
    """Ranges on which more than half of those who reviewed a moment agree.

    Touching ranges of one label stay two where more voters end one there than carry on.

    Args:
        readings: One for each annotator; the order makes no difference.
        exclusive: Whether one moment has one label (states) or any number (intervals).
    """
    if len(readings) == 1:
        return Agreed(marks=sorted(readings[0].marks))
    agreed = Agreed()
    running: dict[str, tuple[int, int, Voters]] = {}
    for moment in moments(readings):
        winners = _states(moment) if exclusive else _intervals(moment)
        if winners is None:
            agreed.disputed.append((moment.start, moment.end))
        for label in sorted(running.keys() | (winners or {}).keys()):
            voters = (winners or {}).get(label)
            begun, until, before = running.pop(label, (moment.start, moment.start, {}))
            carries_on = voters is not None and until == moment.start and _same(before, voters)
            if begun < until and not carries_on:
                agreed.marks.append((begun, until, label))
                begun = moment.start
            if voters is not None:
                running[label] = (begun, moment.end, voters)
    agreed.marks += [(begun, until, label) for label, (begun, until, _) in running.items()]
    return Agreed(sorted(agreed.marks), union(agreed.disputed))


def _same(before: Voters, after: Voters) -> bool:
    """Whether at least half of those who vote on both sides of a border carry one mark across."""
    both = before.keys() & after.keys()
    carrying = sum(bool(before[reader] & after[reader]) for reader in both)
    return 2 * carrying >= len(both)


def _states(moment: Moment) -> dict[str, Voters] | None:
    """The label of more than half, {} if more than half say nothing, None without either."""
    for label, voters in moment.votes.items():
        if 2 * len(voters) > moment.present:
            return {label: voters}
    silent = moment.present - sum(len(voters) for voters in moment.votes.values())
    return {} if 2 * silent > moment.present else None


def _intervals(moment: Moment) -> dict[str, Voters] | None:
    """Every label of more than half; None if exactly half say one."""
    if any(2 * len(voters) == moment.present for voters in moment.votes.values()):
        return None
    return {k: voters for k, voters in moment.votes.items() if 2 * len(voters) > moment.present}


def moments(readings: Sequence[Reading]) -> Iterator[Moment]:
    """Reviewed stretches between neighbouring borders, with what each reader says there."""
    changes: dict[int, list[tuple[int, int, bool]]] = {}
    for reader, reading in enumerate(readings):
        for start, end in reading.present:
            changes.setdefault(start, []).append((reader, -1, True))
            changes.setdefault(end, []).append((reader, -1, False))
        for number, (start, end, _) in enumerate(reading.marks):
            changes.setdefault(start, []).append((reader, number, True))
            changes.setdefault(end, []).append((reader, number, False))
    active: list[set[int]] = [set() for _ in readings]
    for at, until in itertools.pairwise(sorted(changes)):
        for reader, number, begins in changes[at]:
            if begins:
                active[reader].add(number)
            else:
                active[reader].discard(number)
        present = [reader for reader, numbers in enumerate(active) if -1 in numbers]
        if present:
            yield Moment(at, until, len(present), _votes(readings, active, present))


def _votes(
    readings: Sequence[Reading], active: Sequence[set[int]], present: Sequence[int]
) -> dict[str, Voters]:
    votes: dict[str, dict[int, frozenset[int]]] = {}
    for reader in present:
        for number in active[reader] - {-1}:
            label = readings[reader].marks[number][2]
            mine = votes.setdefault(label, {})
            mine[reader] = mine.get(reader, frozenset()) | {number}
    return dict(votes)


def painted(marks: Sequence[Mark]) -> list[Mark]:
    """Ranges without overlap, sorted: where several lie over each other, the last one shows.

    Args:
        marks: In the order in which they were drawn.
    """
    order = sorted(range(len(marks)), key=lambda number: marks[number][0])
    if all(marks[a][1] <= marks[b][0] for a, b in itertools.pairwise(order)):
        return [marks[number] for number in order]
    borders = sorted({border for start, end, _ in marks for border in (start, end)})
    pieces: list[tuple[int, int, int]] = []
    waiting: list[int] = []
    following = iter([*order, None])
    upcoming = next(following)
    for at, until in itertools.pairwise(borders):
        while upcoming is not None and marks[upcoming][0] == at:
            heapq.heappush(waiting, -upcoming)
            upcoming = next(following)
        while waiting and marks[-waiting[0]][1] <= at:
            heapq.heappop(waiting)
        if waiting:
            _extend(pieces, at, until, -waiting[0])
    return [(start, end, marks[number][2]) for start, end, number in pieces]


def _extend(pieces: list[tuple[int, int, int]], start: int, end: int, number: int) -> None:
    if pieces and pieces[-1][1:] == (start, number):
        pieces[-1] = (pieces[-1][0], end, number)
    else:
        pieces.append((start, end, number))
