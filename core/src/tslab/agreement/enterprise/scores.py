"""Task scores as Label Studio Enterprise documents them: `pairwise` and `consensus`.

A pair of annotators has a score for each control of a task: how well regions overlap (the best
partner of each region, the lower mean of both directions; other labels score 0), how well overlap
and answer go together (choices about regions), whether answers are equal (choices about tasks).
Controls are averaged with weights. `pairwise` is the mean over pairs; `consensus` is the share of
annotators in the largest group that agrees throughout, a pair agreeing from a threshold on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tslab.agreement.enterprise.controls import Control, PairKey
from tslab.agreement.panel import Draws, TimeSettings
from tslab.agreement.values import NO_PAIR, ONE_READER, Readers, Row, Value

PAIRWISE, CONSENSUS = "enterprise/pairwise", "enterprise/consensus"
ALL_CONTROLS = ""
"""Name of all controls together."""


@dataclass(frozen=True, slots=True)
class EnterpriseSettings:
    """How task scores are made.

    Attributes:
        weights: Weight of each control in the score of all together; 1 where it is missing.
        threshold: From which score on two annotators agree, for `consensus`.
        intervals: Draws, seed and level of the bootstrap over tasks.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    threshold: float = 0.5
    intervals: TimeSettings = field(default_factory=TimeSettings)


def enterprise_rows(
    tier: str,
    controls: Sequence[Control],
    readers: Readers,
    settings: EnterpriseSettings | None = None,
) -> list[Row]:
    """Scores of all controls together, with weights, and of each (``enterprise/pairwise:CONTROL``).

    Args:
        tier: What rows are of.
        controls: Scores of pairs, of people with each other and with the ground truth and models.
        readers: Who is who.
        settings: Weights and threshold.
    """
    settings = settings or EnterpriseSettings()
    rows = list(_control_rows(tier, combined(controls, settings.weights), readers, settings))
    if len(controls) > 1:
        for control in controls:
            rows += _control_rows(tier, control, readers, settings)
    return rows


def combined(controls: Sequence[Control], weights: Mapping[str, float]) -> Control:
    """Weighted mean of controls; one that has no score for a pair and task is left out there."""
    above: dict[PairKey, float] = {}
    total: dict[PairKey, float] = {}
    events: dict[PairKey, int] = {}
    for control in controls:
        weight = weights.get(control.name, 1.0)
        for key, (score, marks) in control.scores.items():
            above[key] = above.get(key, 0.0) + weight * score
            total[key] = total.get(key, 0.0) + weight
            events[key] = events.get(key, 0) + marks
    scores = {key: (above[key] / total[key], events[key]) for key in above if total[key] > 0}
    return Control(ALL_CONTROLS, scores)


def consensus(agreeing: Sequence[Sequence[bool]]) -> float:
    """Share of annotators in the largest group of whom any two agree.

    Args:
        agreeing: Who agrees with whom, symmetric, ``(annotators, annotators)``.
    """
    many = len(agreeing)
    friends = [
        sum(1 << other for other in range(many) if other != one and agreeing[one][other])
        for one in range(many)
    ]
    return _largest(friends, (1 << many) - 1) / many


def _largest(friends: Sequence[int], left: int) -> int:
    """Size of the largest clique among annotators given as bits."""
    if not left:
        return 0
    one = left.bit_length() - 1
    rest = left & ~(1 << one)
    with_one = 1 + _largest(friends, rest & friends[one])
    if rest & ~friends[one] == 0:
        return with_one
    return max(with_one, _largest(friends, rest))


def _control_rows(
    tier: str, control: Control, readers: Readers, settings: EnterpriseSettings
) -> Iterator[Row]:
    suffix = f":{control.name}" if control.name else ""
    tasks = _by_task(control, readers)
    agreed = {task: _consensus_of(own, settings.threshold) for task, own in tasks.items()}
    named = Control(tier, control.scores)
    yield from mean_rows(named, readers, PAIRWISE + suffix, settings.intervals)
    yield from _task_rows(tier, CONSENSUS + suffix, agreed, tasks, settings.intervals)


def mean_rows(
    control: Control, readers: Readers, metric: str, intervals: TimeSettings
) -> Iterator[Row]:
    """Mean scores of pairs at all levels; the control's name stands in place of the tier."""
    tasks = _by_task(control, readers)
    means = {task: float(np.mean([s for s, _ in own.values()])) for task, own in tasks.items()}
    yield from _task_rows(control.name, metric, means, tasks, intervals)
    yield from _pair_rows(control, readers, metric, intervals)


PairScores = dict[tuple[str, str], tuple[float, int]]


def _by_task(control: Control, readers: Readers) -> dict[str, PairScores]:
    """Scores of people with each other."""
    people = set(readers.annotators)
    tasks: dict[str, PairScores] = {}
    for (one, other, task), found in control.scores.items():
        if one in people and other in people:
            tasks.setdefault(task, {})[one, other] = found
    return tasks


def _task_rows(
    name: str, metric: str, scores: Mapping[str, float], tasks: Mapping[str, PairScores],
    intervals: TimeSettings,
) -> Iterator[Row]:  # fmt: skip
    marks = {task: sum(events for _, events in own.values()) for task, own in tasks.items()}
    for task, score in scores.items():
        yield Row(name, metric, "task", (task,), Value(score), 1, marks[task], 0.0)
    value = _mean(list(scores.values()), intervals)
    yield Row(name, metric, "overall", (), value, len(scores), sum(marks.values()), 0.0)


def _consensus_of(scores: Mapping[tuple[str, str], tuple[float, int]], threshold: float) -> float:
    names = sorted({name for pair in scores for name in pair})
    agreeing = [[False] * len(names) for _ in names]
    for (one, other), (score, _) in scores.items():
        if score >= threshold:
            a, b = names.index(one), names.index(other)
            agreeing[a][b] = agreeing[b][a] = True
    return consensus(agreeing)


def _pair_rows(
    control: Control, readers: Readers, metric: str, intervals: TimeSettings
) -> Iterator[Row]:
    """Mean over tasks of each pair, and of all pairs of each annotator."""
    found: dict[tuple[str, tuple[str, ...]], dict[str, list[tuple[float, int]]]] = {}
    for (one, other, task), score in control.scores.items():
        for level in _levels(one, other, readers):
            found.setdefault(level, {}).setdefault(task, []).append(score)
    for (by, of), tasks in found.items():
        means = [float(np.mean([score for score, _ in own])) for own in tasks.values()]
        events = sum(marks for own in tasks.values() for _, marks in own)
        value = _mean(means, intervals)
        yield Row(control.name, metric, by, of, value, len(tasks), events, 0.0)
    for name in readers.annotators:
        if ("annotator", (name,)) not in found:
            yield Row(control.name, metric, "annotator", (name,), Value(None, NO_PAIR), 0, 0, 0.0)


def _levels(one: str, other: str, readers: Readers) -> list[tuple[str, tuple[str, ...]]]:
    if one == readers.reference and other not in readers.models:
        return [("reference", (other,))]
    if other in readers.models:
        return [("model", (one, other))]
    return [("pair", (one, other)), ("annotator", (one,)), ("annotator", (other,))]


def _mean(scores: Sequence[float], intervals: TimeSettings) -> Value:
    """Mean over tasks, with an interval where there are two or more."""
    if not scores:
        return Value(None, ONE_READER)
    draws = Draws.of(np.ones(len(scores), bool), intervals)
    # In order of size: what tasks are called does not decide which of them are drawn.
    means = draws.weights @ np.sort(np.array(scores)) / draws.weights.sum(axis=1)
    bounds = draws.bounds(means)
    value = Value(float(np.mean(scores)))
    return value if bounds is None else value.within(float(bounds[0]), float(bounds[1]))
