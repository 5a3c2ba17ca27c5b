"""Which marks of several annotators are one event: clusters with at most one mark of each.

All pairs of annotators are matched one to one. The pairs that fit best are joined first, and two
clusters are never joined where one annotator would have two marks in it. Most clusters come out
whole from the matches alone; only those in which somebody has two marks are walked one by one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from tslab.agreement.consensus.patterns import Floats
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.kernels.overlaps import Positions
from tslab.span_table import Mask, Numbers, SpanTable, Ticks


@dataclass(frozen=True, slots=True)
class Clusters:
    """Marks of one label and task that mean the same, sorted by task, label and time.

    Attributes:
        row: Rows of the table, intp ``(marks,)``; those of one cluster are neighbours, sorted by
            annotator.
        cluster: Cluster of each mark, intp ``(marks,)``, never falling.
        task: int64 ``(clusters,)``.
        label: int64 ``(clusters,)``.
        start: Median of the starts, microseconds, int64 ``(clusters,)``.
        end: Median of the ends.
    """

    row: Positions
    cluster: Positions
    task: Ticks
    label: Ticks
    start: Ticks
    end: Ticks

    def __len__(self) -> int:
        """How many clusters."""
        return len(self.task)


def range_clusters(table: SpanTable, iou: float, weights: Floats | None = None) -> Clusters:
    """Clusters of ranges that overlap.

    Args:
        table: Marks of the annotators.
        iou: Least intersection over union of two marks of one event.
        weights: What each annotator counts in the medians, ``(annotators,)``.
    """
    single = _one_label_each(table)
    (found,) = match_events(single, _pairs(table), [Iou(iou)])
    rows = np.flatnonzero(table.end > table.start)
    return _clusters(table, rows, (found.reference, found.hypothesis, found.iou), weights)


def instant_clusters(table: SpanTable, tolerance: int, weights: Floats | None = None) -> Clusters:
    """Clusters of instants that lie within `tolerance` microseconds of each other in pairs."""
    single = _one_label_each(table)
    found = match_instants(single, _pairs(table), tolerance)
    away = -np.abs(table.start[found.reference] - table.start[found.hypothesis]).astype(float)
    rows = np.flatnonzero(table.instants)
    return _clusters(table, rows, (found.reference, found.hypothesis, away), weights)


def _one_label_each(table: SpanTable) -> SpanTable:
    """The table with each row a region of its own: labels are looked at one by one."""
    return replace(table, region=np.arange(len(table), dtype=np.int64))


def _pairs(table: SpanTable) -> list[tuple[int, int]]:
    there = np.unique(table.reviewed.annotator).tolist()
    return list(itertools.combinations(there, 2))


def _clusters(
    table: SpanTable, rows: Positions, edges: tuple[Ticks, Ticks, Floats], weights: Floats | None
) -> Clusters:
    """Clusters of some rows, joined by the edges with the highest scores first."""
    root = _joined(table, edges)[rows]
    order = np.lexsort((table.annotator[rows], root))
    rows, root = rows[order], root[order]
    group = np.cumsum(np.append(False, root[1:] != root[:-1]))[: len(rows)]
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))[: len(rows)]
    of_mark = None if weights is None else weights[table.annotator[rows]]
    middle = [grouped_median(group, side[rows], of_mark) for side in (table.start, table.end)]
    task, label = table.task[rows[first]], table.label[rows[first]]
    order = np.lexsort((middle[1], middle[0], label, task))
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    marks = np.argsort(place[group], kind="stable")
    return Clusters(
        rows[marks], place[group][marks], task[order].astype(np.int64),
        label[order].astype(np.int64), middle[0][order], middle[1][order],
    )  # fmt: skip


def _joined(table: SpanTable, edges: tuple[Ticks, Ticks, Floats]) -> Positions:
    """A number for each mark that it shares with its cluster, intp ``(marks,)``."""
    one, other, _ = edges
    root = _components(len(table), one, other)
    twice = _crowded(root, table.annotator)
    loose = np.flatnonzero(twice[root])
    order = _best_first(table, edges, np.flatnonzero(twice[root[one]]))
    root[loose] = loose
    members = {mark: [mark] for mark in loose.tolist()}
    home = {mark: mark for mark in members}
    people = table.annotator.tolist()
    for left, right in zip(one[order].tolist(), other[order].tolist(), strict=True):
        a, b = sorted((home[left], home[right]))
        here = {people[mark] for mark in members[a]}
        if a == b or any(people[mark] in here for mark in members[b]):
            continue
        moved = members.pop(b)
        members[a] += moved
        home.update(dict.fromkeys(moved, a))
    for mark, number in home.items():
        root[mark] = number
    return root


def _best_first(table: SpanTable, edges: tuple[Ticks, Ticks, Floats], at: Positions) -> Positions:
    """Some edges by falling score, then by time, so that no annotator comes before another."""
    one, other, score = edges[0][at], edges[1][at], edges[2][at]
    times = [table.start[one], table.start[other], table.end[one], table.end[other]]
    starts = np.minimum(*times[:2]), np.maximum(*times[:2])
    ends = np.minimum(*times[2:]), np.maximum(*times[2:])
    order = np.lexsort((other, one, *ends, *starts[::-1], -score))
    return np.asarray(at[order], np.intp)


def _components(many: int, one: Ticks, other: Ticks) -> Positions:
    """The lowest mark that each mark is linked with, however indirectly."""
    root: Positions = np.arange(many)
    while True:
        low = np.minimum(root[one], root[other])
        before = root.copy()
        np.minimum.at(root, one, low)
        np.minimum.at(root, other, low)
        root = root[root]
        if (root == before).all():
            return root


def _crowded(root: Positions, annotator: Numbers) -> Mask:
    """Whether the component of each root has two marks of one annotator, bool ``(marks,)``."""
    order = np.lexsort((annotator, root))
    same = (root[order][1:] == root[order][:-1]) & (annotator[order][1:] == annotator[order][:-1])
    out = np.zeros(len(root), bool)
    out[root[order][1:][same]] = True
    return out


def grouped_median(group: Positions, values: Ticks, weights: Floats | None = None) -> Ticks:
    """Median of each group, rounded down to whole microseconds, int64 ``(groups,)``.

    Args:
        group: Numbers from 0, none of them left out.
        values: Whole microseconds.
        weights: What each value counts; the lower weighted median and the upper one are averaged
            where the weight is halved between two values.
    """
    if not len(group):
        return np.zeros(0, np.int64)
    weight = np.ones(len(group)) if weights is None else weights
    order = np.lexsort((values, group))
    group, values, weight = group[order], values[order], weight[order]
    groups = int(group[-1]) + 1
    whole = np.bincount(group, weight, groups)
    passed = np.cumsum(weight) - np.repeat(np.cumsum(whole) - whole, np.bincount(group))
    slack = 1e-9 * whole
    low = _first_where(group, passed >= (whole / 2 - slack)[group], groups)
    high = _first_where(group, passed > (whole / 2 + slack)[group], groups)
    return np.asarray((values[low] + values[high]) // 2)


def _first_where(group: Positions, mask: Mask, groups: int) -> Positions:
    """First position of each group at which a mask holds; its last one where it never does."""
    out = np.cumsum(np.bincount(group, minlength=groups)) - 1
    at = np.flatnonzero(mask)[::-1]
    out[group[at]] = at
    return np.asarray(out)
