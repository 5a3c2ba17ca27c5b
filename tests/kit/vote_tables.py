"""Tables of several annotators for tests of voting, and the same on a grid of microseconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Extents, SpanTable

LABELS = ("x", "y", "z")


def table(seed: int, readers: int = 4, *, ragged: bool = True) -> SpanTable:
    """Random spans of three labels, some overlapping, in two tasks of a hundred microseconds."""
    dice = np.random.default_rng(seed)
    rows = []
    for task in range(2):
        for reader in range(readers):
            for _ in range(12):
                start, length = int(dice.integers(0, 95)), int(dice.integers(1, 25))
                label = int(dice.integers(3))
                rows.append((task, reader, label, start, min(100, start + length)))
    task, annotator, label, start, end = np.array(rows).T
    seen = [
        (t, r, int(dice.integers(0, 30)) if ragged else 0, int(dice.integers(60, 100)))
        for t in range(2)
        for r in range(readers)
        if not (ragged and dice.random() < 0.1)
    ]
    columns = {"task": task, "annotator": annotator, "label": label, "start": start, "end": end}
    names = ([f"t{n}" for n in range(2)], [f"r{n}" for n in range(readers)], ["x", "y", "z"])
    return SpanTable.of(names, columns, Extents.of(*np.array(seen).T))


def grid(marks: SpanTable) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who says what and who is there at each microsecond: (tasks, time, readers[, labels])."""
    readers, labels = len(marks.annotators), len(marks.labels)
    on, there = np.zeros((2, 100, readers, labels), bool), np.zeros((2, 100, readers), bool)
    for t, r, k, a, b in zip(
        marks.task, marks.annotator, marks.label, marks.start, marks.end, strict=True
    ):
        on[t, a:b, r, k] = True
    seen = marks.reviewed
    for t, r, a, b in zip(seen.task, seen.annotator, seen.start, seen.end, strict=True):
        there[t, a:b, r] = True
    return on, there


def marks(*readings: list[tuple[int, int, str]], length: int = 100) -> SpanTable:
    """One task in which everybody reviewed everything; rows (start, end, label)."""
    rows = [(0, r, LABELS.index(k), a, b) for r, own in enumerate(readings) for a, b, k in own]
    columns = dict(
        zip(
            ("task", "annotator", "label", "start", "end"),
            np.array(rows, np.int64).reshape(-1, 5).T,
            strict=True,
        )
    )
    n = len(readings)
    extents = Extents.of([0] * n, range(n), [0] * n, [length] * n)
    return SpanTable.of((["t"], names(n), LABELS), columns, extents)


def names(count: int) -> list[str]:
    return [f"r{number}" for number in range(count)]
