"""Holes in a consensus where every moment must carry a label."""

from __future__ import annotations

import numpy as np

from tslab.agreement.consensus.patterns import Floats, Moments
from tslab.agreement.consensus.regions import Line, Regions, runs_on
from tslab.stretches import subtract


def filled(regions: Regions, moments: Moments, support: Floats) -> tuple[Regions, Regions]:
    """Regions without holes, where every reviewed moment must carry a label, and what stays open.

    A hole between two labels that both have the most support in it is shared by them; else each
    moment takes the label with the most support in it, of several the one beside it. Moments on
    which nobody says anything, or on which several labels tie and none lies beside, stay as they
    are: no order of labels decides. What ties is the second answer; its label is -1.
    """
    line = Line.of(moments)
    holes = _holes(regions, moments)
    if not holes:
        return regions, Regions.of([])
    ends = {(task, end): label for task, label, _, end in regions.rows()}
    starts = {(task, start): label for task, label, start, _ in regions.rows()}
    rows: list[tuple[int, int, int, int]] = []
    for task, start, end in holes:
        left, right = ends.get((task, start), -1), starts.get((task, end), -1)
        rows += _filling(task, (start, end), (left, right), (line, moments, support))
    added = {row for row in rows if row[1] >= 0}
    whole = _united(Regions.of([*regions.rows(), *added]), added)
    return whole, Regions.of([row for row in rows if row[1] < 0])


def _holes(regions: Regions, moments: Moments) -> list[tuple[int, int, int]]:
    """Reviewed stretches without a region: rows (task, start, end)."""
    task, start, end = runs_on(moments, np.ones(len(moments), bool))
    whole: dict[int, list[tuple[int, int]]] = {}
    for number, low, high in zip(task.tolist(), start.tolist(), end.tolist(), strict=True):
        whole.setdefault(number, []).append((low, high))
    taken: dict[int, list[tuple[int, int]]] = {}
    for number, _, low, high in regions.rows():
        taken.setdefault(number, []).append((low, high))
    return [
        (number, low, high)
        for number, stretches in whole.items()
        for low, high in subtract(stretches, taken.get(number, []))
    ]


def _filling(
    task: int,
    hole: tuple[int, int],
    beside: tuple[int, int],
    known: tuple[Line, Moments, Floats],
) -> list[tuple[int, int, int, int]]:
    """Rows that fill one hole; -1 is the label of what several share."""
    line, moments, support = known
    start, end = hole
    first, last = line.sides(task, start)[1], line.sides(task, end)[0]
    best = []
    for moment in range(first, last + 1):
        share = support[moments.pattern[moment]]
        top = np.flatnonzero((share >= share.max() - 1e-9) & (share > 1e-9))
        low, high = max(start, int(moments.start[moment])), min(end, int(moments.end[moment]))
        best.append((low, high, set(top.tolist())))
    left, right = beside
    if left >= 0 and right >= 0 and all({left, right} <= labels for _, _, labels in best):
        middle = (start + end) // 2
        halves = [(task, left, start, middle), (task, right, middle, end)]
        return [row for row in halves if row[2] < row[3]]
    rows, before = [], left
    for low, high, labels in best:
        alone = labels if len(labels) == 1 else ()
        if labels:
            before = next((x for x in (*alone, before, right) if x in labels), -1)
            rows.append((task, before, low, high))
    return rows


def _united(regions: Regions, added: set[tuple[int, int, int, int]]) -> Regions:
    """Fillings continue what lies beside them and has their label."""
    kept: list[tuple[int, int, int, int]] = []
    open_end = False
    for row in regions.rows():
        task, label, start, end = row
        touching = bool(kept) and kept[-1][:2] == (task, label) and kept[-1][3] == start
        if touching and (open_end or row in added):
            kept[-1] = (task, label, kept[-1][2], end)
        else:
            kept.append(row)
        open_end = row in added
    return Regions.of(kept)
