"""Random tables of spans, and the same thing said slowly: one cell for each tick."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Extents, SpanTable


def random_table(
    seed: int,
    *,
    tasks: int = 3,
    annotators: int = 3,
    labels: int = 3,
    ticks: int = 60,
    spans: int = 6,
    overlapping: bool = True,
    ragged: bool = False,
) -> SpanTable:
    """A small table; `ragged` gives annotators different reviewed times, and some none."""
    dice = np.random.default_rng(seed)
    seen: list[tuple[int, int, int, int]] = []
    rows: list[tuple[int, int, int, int, int]] = []
    for task in range(tasks):
        for annotator in range(annotators):
            if ragged and dice.random() < 0.2:
                continue
            stretches = [(0, ticks)]
            if ragged and dice.random() < 0.6:
                cuts = sorted(dice.choice(ticks + 1, 4, replace=False).tolist())
                stretches = [(cuts[0], cuts[1]), (cuts[2], cuts[3])]
            seen += [(task, annotator, start, end) for start, end in stretches]
            borders = np.sort(dice.integers(0, ticks + 1, 2 * int(dice.integers(0, spans + 1))))
            if overlapping:
                dice.shuffle(borders)
            for start, end in borders.reshape(-1, 2):
                low, high = sorted((int(start), int(end)))
                rows.append((task, annotator, int(dice.integers(labels)), low, high))
    names = [f"t{i}" for i in range(tasks)], [f"a{i}" for i in range(annotators)]
    columns = dict(
        zip(
            ("task", "annotator", "label", "start", "end"),
            np.array(rows, np.int64).reshape(-1, 5).T,
            strict=True,
        )
    )
    extents = Extents.of(*np.array(seen, np.int64).reshape(-1, 4).T)
    return SpanTable.of((*names, [f"l{i}" for i in range(labels)]), columns, extents)


def grids(table: SpanTable, ticks: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which labels are on, bool ``(annotators, tasks, labels, ticks)``; and who was there."""
    shape = len(table.annotators), len(table.tasks)
    on = np.zeros((*shape, len(table.labels), ticks), bool)
    there = np.zeros((*shape, ticks), bool)
    for row in range(len(table)):
        at = table.annotator[row], table.task[row], table.label[row]
        on[at][table.start[row] : table.end[row]] = True
    seen = table.reviewed
    for row in range(len(seen)):
        there[seen.annotator[row], seen.task[row]][seen.start[row] : seen.end[row]] = True
    return on, there


def table_of_runs(readings: list[list[list[int]]], labels: int) -> SpanTable:
    """One task from runs of (class, start, end): class 0 is no label, below 0 was not reviewed."""
    rows = [
        (annotator, *run) for annotator, runs in enumerate(readings) for run in runs if run[0] >= 0
    ]
    annotator, state, start, end = np.array(rows, np.int64).reshape(-1, 4).T
    zeros = np.zeros(len(rows), np.int64)
    extents = Extents.of(zeros, annotator, start, end)
    marked = state > 0
    columns = {
        "task": zeros[marked],
        "annotator": annotator[marked],
        "label": state[marked] - 1,
        "start": start[marked],
        "end": end[marked],
    }
    names = ["t"], [f"a{i}" for i in range(len(readings))], [f"l{i}" for i in range(labels)]
    return SpanTable.of(names, columns, extents)


def study(
    seed: int, *, tasks: int = 3, annotators: int = 3, labels: int = 3, seconds: int = 1800
) -> SpanTable:
    """Annotators who say nearly the same, in whole milliseconds: labels never overlap."""
    dice = np.random.default_rng(seed)
    rows: list[tuple[int, int, int, int, int]] = []
    for task in range(tasks):
        borders = np.sort(dice.integers(0, seconds * 1000, 40))
        label = dice.integers(0, labels, 20)
        for annotator in range(annotators):
            moved = np.sort(np.clip(borders + dice.integers(-4000, 4000, 40), 0, seconds * 1000))
            said = np.where(dice.random(20) < 0.1, dice.integers(0, labels, 20), label)
            for at in np.flatnonzero(dice.random(20) > 0.1).tolist():
                start, end = moved[2 * at] * 1000, moved[2 * at + 1] * 1000
                rows.append((task, annotator, int(said[at]), int(start), int(end)))
    names = [f"t{i}" for i in range(tasks)], [f"a{i}" for i in range(annotators)]
    columns = dict(
        zip(
            ("task", "annotator", "label", "start", "end"),
            np.array(rows, np.int64).T,
            strict=True,
        )
    )
    seen = np.arange(tasks * annotators)
    whole = np.full(len(seen), seconds * 1_000_000)
    extents = Extents.of(seen // annotators, seen % annotators, 0 * whole, whole)
    return SpanTable.of((*names, [f"l{i}" for i in range(labels)]), columns, extents)
