"""Scores of pairs of readers for each control of each task, as Label Studio Enterprise has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.attributes.fields import answer_of
from tslab.agreement.attributes.metrics import Regions
from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.coefficients import Floats
from tslab.agreement.events.candidates import overlapping, within_collar
from tslab.agreement.events.events import Events, Shared, shared
from tslab.agreement.events.lines import Line, Side
from tslab.agreement.kernels.contingency import all_kinds
from tslab.domain import RegionField, TaskField

PairKey = tuple[str, str, str]
"""Two readers and a task; the ground truth is the first, a model the second."""
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Control:
    """Scores of one control.

    Attributes:
        name: Name of the tier or field.
        scores: Score and number of marks or answers of both.
    """

    name: str
    scores: dict[PairKey, tuple[float, int]]


def overlap_control(regions: Regions, tolerance: int = 0) -> Control:
    """How well regions of the same labels overlap; nothing marked by both is 1.

    Args:
        regions: The regions of a tier; its tasks are what Label Studio shows.
        tolerance: Microseconds that two instants may be apart; matched ones score 1. evalme gives
            them 0.
    """
    events = Events.of(regions.table)
    sizes = np.array([len(members) for members in events.sets] or [1], float)
    return Control(regions.tier, dict(_scores(regions, events, sizes, tolerance, None)))


def choice_controls(
    regions: Regions, fields: Sequence[RegionField], tolerance: int = 0
) -> list[Control]:
    """How well overlap and answer go together, of each choice about regions that was answered."""
    found, events = [], Events.of(regions.table)
    ones = np.ones(max(1, len(events.sets)))
    for item in fields:
        codes = _codes(regions, item)
        answered = events.taken(codes[events.row] >= 0)
        if item.kind == "choice" and len(answered):
            scores = dict(_scores(regions, answered, ones, tolerance, codes))
            found.append(Control(item.name, scores))
    return found


def task_controls(given: TaskAnswers, fields: Sequence[TaskField]) -> list[Control]:
    """Whether answers about tasks are equal: 1 or 0; what neither answered has no score."""
    found = []
    for item in fields:
        scores: dict[PairKey, tuple[float, int]] = {}
        answers = {
            place: answer_of(item, own[item.name]) if item.name in own else None
            for place, own in given.answers.items()
        }
        if item.kind not in ("choice", "rating", "number"):
            continue
        for one, other in _pairs(given):
            for task, name in enumerate(given.tasks):
                if (task, one) not in answers or (task, other) not in answers:
                    continue
                ours, theirs = answers[task, one], answers[task, other]
                said = (ours is not None) + (theirs is not None)
                if said:
                    key = given.annotators[one], given.annotators[other], name
                    scores[key] = float(ours == theirs), said
        if scores:
            found.append(Control(item.name, scores))
    return found


def _pairs(given: TaskAnswers) -> Iterator[tuple[int, int]]:
    people = [given.annotators.index(name) for name in given.readers.annotators]
    models = [given.annotators.index(name) for name in given.readers.models]
    truth = [given.annotators.index(given.readers.reference)] if given.readers.reference else []
    yield from ((one, other) for at, one in enumerate(people) for other in people[at + 1 :])
    yield from ((one, other) for one in truth for other in people)
    yield from ((one, other) for one in (*truth, *people) for other in models)


def _codes(regions: Regions, item: RegionField) -> Codes:
    """Number of the answer of each row of the table, -1 for none."""
    known: dict[object, int] = {}
    out = np.full(len(regions.table), -1, np.int64)
    for row, region in enumerate(regions.table.region.tolist()):
        value = regions.answers.get(region, {}).get(item.name)
        answer = answer_of(item, value) if value is not None else None
        if answer is not None:
            out[row] = known.setdefault(answer, len(known))
    return out


def _scores(
    regions: Regions, events: Events, sizes: Floats, tolerance: int, codes: Codes | None
) -> Iterator[tuple[PairKey, tuple[float, int]]]:
    table = regions.table
    pairs, _ = all_kinds(table, regions.readers)
    line = Line.of(events, len(table.tasks), tolerance, by_label=codes is None)
    for one, other in pairs.tolist():
        part = shared(events, table, (one, other))
        best = _best(part, line.sides(part, (one, other)), tolerance, codes)
        parts, marks = [], np.zeros(len(table.tasks), np.int64)
        for side, own in zip((part.reference, part.hypothesis), best, strict=True):
            weight = sizes[side.label]
            sums = np.bincount(side.task, weight * own, len(table.tasks))
            whole = np.bincount(side.task, weight, len(table.tasks))
            parts.append((sums, whole))
            marks += np.bincount(side.task, minlength=len(table.tasks))
        names = table.annotators[one], table.annotators[other]
        for task in part.tasks.tolist():
            score = _symmetric([(float(s[task]), float(w[task])) for s, w in parts])
            if codes is None or marks[task]:
                yield (*names, table.tasks[task]), (score, int(marks[task]))


def _symmetric(parts: Sequence[tuple[float, float]]) -> float:
    """The lower mean of both directions; both empty are 1, one empty is 0."""
    if not any(whole for _, whole in parts):
        return 1.0
    return min(above / whole if whole else 0.0 for above, whole in parts)


def _best(
    part: Shared, sides: tuple[Side, Side], tolerance: int, codes: Codes | None
) -> tuple[Floats, Floats]:
    """The best overlap of each event with any of the other annotator's, of both."""
    best = np.zeros(len(part.reference)), np.zeros(len(part.hypothesis))
    found = [(f.reference, f.hypothesis, f.score) for f in (overlapping(*sides),)]
    close = within_collar(*sides, tolerance, tolerance)
    points = np.flatnonzero(
        (sides[0].start == sides[0].end)[close.reference]
        & (sides[1].start == sides[1].end)[close.hypothesis]
    )
    found.append((close.reference[points], close.hypothesis[points], np.ones(len(points))))
    for ours, theirs, score in found:
        first, second = sides[0].at[ours], sides[1].at[theirs]
        if codes is not None:
            same = codes[part.reference.row[first]] == codes[part.hypothesis.row[second]]
            score = score * same
        np.maximum.at(best[0], first, score)
        np.maximum.at(best[1], second, score)
    return best
