"""Borders inside of time on which all say one label: where one span ends and the next begins."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.span_table import SpanTable

Point = tuple[int, int, int, tuple[int, int, int, int], tuple[int, int]]
"""First and last microsecond, annotator, times of the spans on both sides, and their rows."""


@dataclass(frozen=True, slots=True)
class Seam:
    """A border, as those who draw it draw it.

    Attributes:
        task: Number of the task.
        label: Number of the label on both sides.
        start: Earliest of their borders, microseconds.
        end: Latest of them.
        annotators: Who draws it.
        rows: Rows of the spans on both sides.
    """

    task: int
    label: int
    start: int
    end: int
    annotators: tuple[int, ...]
    rows: tuple[int, ...]


def seams_of(
    table: SpanTable,
    label: int | None,
    disputed: Sequence[tuple[int, int, int]],
    tolerance: int,
) -> list[Seam]:
    """Seams of one label, or of all, outside of stretches that are disputed anyway.

    Seams of different annotators are one where they lie within the tolerance, or where the spans
    on both sides are the same events: they overlap by half of all their time.

    Args:
        table: Marks of the annotators.
        label: Number of the label; None takes all.
        disputed: Rows (task, start, end), sorted, apart.
        tolerance: Microseconds.
    """
    found: list[Seam] = []
    by_task: dict[int, list[tuple[int, int]]] = {}
    for task, start, end in disputed:
        by_task.setdefault(task, []).append((start, end))
    for (task, name), points in sorted(_points(table, label).items()):
        own = by_task.get(task, [])
        free = [point for point in points if not _meets(own, point)]
        found += [_as_one(task, name, group) for group in _groups(free, tolerance)]
    return found


def _points(table: SpanTable, label: int | None) -> dict[tuple[int, int], list[Point]]:
    """Seams of each task and label, sorted by time; spans may touch or overlap there."""
    kept = table.end > table.start
    if label is not None:
        kept &= table.label == label
    at = np.flatnonzero(kept)
    order = at[np.lexsort((
        table.end[at], table.start[at], table.label[at], table.annotator[at], table.task[at],
    ))]  # fmt: skip
    columns = (table.task, table.annotator, table.label, table.start, table.end)
    rows = list(zip(*(c[order].tolist() for c in columns), order.tolist(), strict=True))
    found: dict[tuple[int, int], list[Point]] = {}
    for one, other in itertools.pairwise(rows):
        task, who, name, start, end, row = other
        if one[:3] != other[:3] or one[4] < start:
            continue
        sides = (one[3], one[4], start, end)
        point = (start, min(one[4], end), who, sides, (one[5], row))
        found.setdefault((task, name), []).append(point)
    return {key: sorted(points) for key, points in found.items()}


def _meets(disputed: Sequence[tuple[int, int]], point: Point) -> bool:
    """Whether a seam lies in or at a disputed stretch."""
    at = bisect.bisect_right(disputed, (point[1], point[1] + 2**62)) - 1
    return at >= 0 and disputed[at][1] >= point[0]


def _groups(points: Sequence[Point], tolerance: int) -> list[list[Point]]:
    """Seams that are one border, with at most one of each annotator."""
    groups: list[list[Point]] = []
    for point in points:
        if groups:
            last = groups[-1]
            alike = all(_alike(point, other, tolerance) for other in last)
            if alike and point[2] not in {p[2] for p in last}:
                last.append(point)
                continue
        groups.append([point])
    return groups


def _alike(point: Point, other: Point, tolerance: int) -> bool:
    if abs(point[0] - other[0]) <= tolerance and abs(point[1] - other[1]) <= tolerance:
        return True
    (a, b, c, d), (e, f, g, h) = point[3], other[3]
    left = 2 * (min(b, f) - max(a, e)) >= max(b, f) - min(a, e)
    return left and 2 * (min(d, h) - max(c, g)) >= max(d, h) - min(c, g)


def _as_one(task: int, label: int, group: Sequence[Point]) -> Seam:
    return Seam(
        task, label, min(p[0] for p in group), max(p[1] for p in group),
        tuple(sorted(p[2] for p in group)), tuple(sorted({row for p in group for row in p[4]})),
    )  # fmt: skip
