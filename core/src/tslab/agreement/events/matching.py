"""Which event of one annotator is which event of another, one to one.

The best matching pairs as many events as the criterion allows; among those it is the one with the
highest sum of intersection over union, or with the closest borders where a collar decides. It is
found exactly, in linear time where nobody's events overlap among themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.events.assignment import best_assignment
from tslab.agreement.events.candidates import (
    Candidates,
    around_instants,
    in_blocks,
    overlapping,
    similar,
    within_collar,
)
from tslab.agreement.events.chains import Scores, as_before, best_in_chains
from tslab.agreement.events.counts import EventCounts, EventItems, tally
from tslab.agreement.events.criteria import Collar, Criterion, Iou, Labels
from tslab.agreement.events.edges import PairEdges
from tslab.agreement.events.events import Events, Positions, Sets, Shared, shared
from tslab.agreement.events.lines import Line, Side
from tslab.agreement.events.matches import Matches, Piece
from tslab.span_table import Mask, SpanTable, Ticks

Pair = tuple[int, int]
TIE = 1e-9


def match_events(
    table: SpanTable,
    pairs: ArrayLike,
    criteria: Sequence[Criterion],
    labels: Labels = "same",
) -> tuple[Matches, ...]:
    """Match the ranges of pairs of annotators; instants are left to `match_instants`.

    Args:
        table: What everybody marked.
        pairs: Numbers of annotators, the reference first, ``(pairs, 2)``.
        criteria: When two events can be the same.
        labels: Whether their labels must be equal.

    Returns:
        The matches by each criterion.
    """
    events = Events.of(table).ranges()
    margin = max([0] + [rule.onset for rule in criteria if isinstance(rule, Collar)])
    line = Line.of(events, len(table.tasks), margin, by_label=labels == "same")
    parts, found = [], []
    for pair in as_pairs(pairs):
        part = shared(events, table, pair)
        sides = line.sides(part, pair)
        parts.append(part)
        found.append(_match(part, sides, criteria, labels))
    return tuple(
        _matches(
            rule.name,
            events.sets,
            [(part, pieces[number]) for part, pieces in zip(parts, found, strict=True)],
            labels,
        )
        for number, rule in enumerate(criteria)
    )


def match_instants(
    table: SpanTable,
    pairs: ArrayLike,
    tolerance: int | Sequence[int],
    labels: Labels = "same",
    *,
    instant_in_span: bool = False,
) -> Matches:
    """Match the instants of pairs of annotators: as many as can be, then the closest.

    Args:
        table: What everybody marked.
        pairs: Numbers of annotators, the reference first, ``(pairs, 2)``.
        tolerance: How far apart two instants may be, microseconds, or that for each label; what is
            exactly so far apart matches.
        labels: Whether labels must be equal.
        instant_in_span: Whether an instant may also match a range that it lies in. Ranges near no
            instant of the other stay out of the counts.
    """
    every = Events.of(table)
    events = every if instant_in_span else every.instants()
    allowed = _tolerances(tolerance, events)
    line = Line.of(events, len(table.tasks), int(allowed.max()), by_label=labels == "same")
    found = []
    for pair in as_pairs(pairs):
        part = shared(events, table, pair)
        sides = line.sides(part, pair)
        at = allowed[part.reference.label[sides[0].at]]
        search = around_instants if instant_in_span else _instants
        candidates = of_labels(search(*sides, at), part, sides, labels)
        found.append((_near(part, sides, candidates), _piece(part, sides, candidates)))
    return _matches("tolerance", events.sets, found, labels)


def best(found: Candidates) -> Mask:
    """Which candidates the best one-to-one matching takes, bool ``(candidates,)``."""
    if found.apart:
        return best_in_chains(found.reference, found.hypothesis, found.score)
    block, needs = in_blocks(found)
    hard = needs[block]
    easy = np.flatnonzero(~hard)
    taken = np.zeros(len(hard), bool)
    taken[easy] = best_in_chains(found.reference[easy], found.hypothesis[easy], found.score[easy])
    rest = np.flatnonzero(hard)
    if len(rest):
        score = found.score[rest]
        low, high = score.min(), score.max()
        # One more match outweighs whatever the scores of all matches of a block can add up to.
        reference = found.reference[rest]
        most = int(np.bincount(block[rest], ~as_before(reference)).max()) + 1
        weight = most + (score - low) / max(high - low, 1.0)
        taken[rest] = best_assignment(reference, found.hypothesis[rest], weight, block[rest])
    return taken


def _match(
    part: Shared, sides: tuple[Side, Side], criteria: Sequence[Criterion], labels: Labels
) -> list[Piece]:
    """Matches of one pair by each criterion."""
    overlaps: Candidates | None = None
    of_size: dict[int, Piece] = {}
    pieces, edges = list[Piece](), PairEdges(part)
    for rule in criteria:
        if isinstance(rule, Collar):
            close = within_collar(*sides, rule.onset, rule.offset, rule.share)
            found = _piece(part, sides, of_labels(close, part, sides, labels))
            pieces.append(replace(found, edges=edges))
            continue
        if overlaps is None:
            overlaps = of_labels(overlapping(*sides), part, sides, labels)
        threshold = rule.threshold if isinstance(rule, Iou) else 0.0
        enough = overlaps.where(overlaps.score >= threshold)
        # As many candidates are the same ones: each threshold only takes away from a lower one's.
        size = len(enough.score)
        if size not in of_size:
            of_size[size] = replace(_piece(part, sides, enough, with_iou=True), edges=edges)
        pieces.append(of_size[size])
    return pieces


def _instants(left: Side, right: Side, tolerance: Ticks) -> Candidates:
    return within_collar(left, right, tolerance, tolerance)


def of_labels(
    found: Candidates, part: Shared, sides: tuple[Side, Side], labels: Labels
) -> Candidates:
    """Candidates whose labels are alike enough, where that is not equal or whatever they are."""
    return similar(found, part, sides) if labels == "similar" else found


def _piece(
    part: Shared, sides: tuple[Side, Side], found: Candidates, *, with_iou: bool = False
) -> Piece:
    """The best matching among candidates; `with_iou` where their score is that already."""
    taken = np.flatnonzero(best(_equal_first(found, part, sides)))
    reference = sides[0].at[found.reference[taken]]
    hypothesis = sides[1].at[found.hypothesis[taken]]
    iou = found.score[taken] if with_iou else _iou(part, reference, hypothesis)
    key = part.reference.keys(part.tasks, reference)
    sets = len(part.reference.sets)
    return Piece(part.reference, part.hypothesis, reference, hypothesis, iou, key, sets)


def _equal_first(found: Candidates, part: Shared, sides: tuple[Side, Side]) -> Candidates:
    """Equal labels break ties, as two spans of different labels at the very same time make them."""
    if len(part.reference.sets) == 1:
        return found
    one = part.reference.label[sides[0].at[found.reference]]
    other = part.hypothesis.label[sides[1].at[found.hypothesis]]
    same = one == other
    if same.all():
        return found
    return replace(found, score=found.score + TIE * same)


def _iou(part: Shared, reference: Positions, hypothesis: Positions) -> Scores:
    """Intersection over union; 1 for two instants at the same time and 0 for others."""
    starts = part.reference.start[reference], part.hypothesis.start[hypothesis]
    ends = part.reference.end[reference], part.hypothesis.end[hypothesis]
    both = np.maximum(np.minimum(*ends) - np.maximum(*starts), 0)
    either = np.maximum(*ends) - np.minimum(*starts)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def _near(part: Shared, sides: tuple[Side, Side], found: Candidates) -> Shared:
    """The instants of a pair, and the ranges that have a candidate among them."""
    kept = []
    for events, side, places in (
        (part.reference, sides[0], found.reference),
        (part.hypothesis, sides[1], found.hypothesis),
    ):
        counted = events.start == events.end
        counted[side.at[places]] = True
        kept.append(events.taken(counted))
    return replace(part, reference=kept[0], hypothesis=kept[1], whole=False)


def _matches(
    rule: str, sets: Sets, found: Sequence[tuple[Shared, Piece]], labels: Labels
) -> Matches:
    """The matches of all pairs, each counted."""
    columns: list[list[NDArray[np.generic]]] = [[], [], [], [], []]
    numbered, first = [], 0
    for part, piece in found:
        numbered.append(replace(piece, key=piece.key + first * len(sets)))
        first += len(part.tasks)
        for column, value in zip(columns, _tallies(part, piece, labels), strict=True):
            column.append(value)
    items = EventItems.of([part for part, _ in found])
    return Matches(rule, EventCounts.of(items, sets, columns), tuple(numbered))


def _tallies(part: Shared, piece: Piece, labels: Labels) -> list[NDArray[np.generic]]:
    """Events of both, those with a partner, and the sum of their IoU, each ``(tasks, sets)``."""
    sets = len(part.reference.sets)
    found = tally(piece.key, part)
    confirmed = found
    if labels != "same":
        theirs = piece.hypothesis.label[piece.at_hypothesis]
        confirmed = tally(piece.key // sets * sets + theirs, part)
    sides = [tally(side.keys(part.tasks), part) for side in (part.reference, part.hypothesis)]
    return [*sides, found, confirmed, tally(piece.key, part, piece.iou)]


def _tolerances(tolerance: int | Sequence[int], events: Events) -> Ticks:
    """The tolerance for each set of labels: the smallest of its labels."""
    if isinstance(tolerance, int):
        return np.full(max(1, len(events.sets)), tolerance, np.int64)
    of_sets = [min(tolerance[label] for label in members) for members in events.sets]
    return np.array(of_sets or [0], np.int64)


def as_pairs(pairs: ArrayLike) -> list[Pair]:
    """Two numbers for each pair."""
    numbers = np.asarray(pairs, np.int64).reshape(-1, 2)
    return [(int(one), int(other)) for one, other in numbers]
