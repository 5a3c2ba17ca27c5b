"""The same table said otherwise: what must not change a measure, for tests of properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.span_table import Extents, SpanTable

GAP = 10**6
"""How far tasks are apart where one task is made of them; no table of the tests is as long."""


def columns_of(table: SpanTable) -> dict[str, ArrayLike]:
    """All columns of a table, its regions too."""
    names = ("task", "annotator", "label", "start", "end", "region")
    return {name: getattr(table, name) for name in names}


def fine(table: SpanTable, seed: int, ticks: int = 1000) -> SpanTable:
    """Times in finer ticks, each span a little off: no two matchings are equally good then."""
    dice = np.random.default_rng(seed)
    seen = table.reviewed
    off = dice.integers(0, ticks // 3, (2, len(table)))
    start, end = ticks * table.start + off[0], ticks * table.end + off[1]
    times = {"start": start, "end": np.where(table.instants, start, np.maximum(end, start + 1))}
    extents = Extents.of(seen.task, seen.annotator, ticks * seen.start, ticks * seen.end)
    names = table.tasks, table.annotators, table.labels
    return SpanTable.of(names, columns_of(table) | times, extents)


def reversed_readers(table: SpanTable) -> SpanTable:
    """The annotators in the opposite order, each with his own marks and his own name."""
    seen, last = table.reviewed, len(table.annotators) - 1
    return SpanTable.of(
        (table.tasks, table.annotators[::-1], table.labels),
        columns_of(table) | {"annotator": last - table.annotator},
        Extents.of(seen.task, last - seen.annotator, seen.start, seen.end),
    )


def moved(table: SpanTable, *, by: ArrayLike = 0, times: int = 1) -> SpanTable:
    """All times scaled, then shifted, each task by its own number of ticks if there are several."""
    seen = table.reviewed
    shift = np.broadcast_to(np.asarray(by), (len(table.tasks),))
    extents = Extents.of(
        seen.task, seen.annotator, seen.start * times + shift[seen.task],
        seen.end * times + shift[seen.task],
    )  # fmt: skip
    start, end = (part * times + shift[table.task] for part in (table.start, table.end))
    return replace(table, start=start, end=end, reviewed=extents)


def relabelled(table: SpanTable, order: Sequence[int] | NDArray[np.int64]) -> SpanTable:
    """Label `k` is now called as label `order[k]` was: the numbers change, the marks do not."""
    columns = columns_of(table) | {"label": np.asarray(order)[table.label]}
    return SpanTable.of((table.tasks, table.annotators, table.labels), columns, table.reviewed)


def one_task(table: SpanTable) -> SpanTable:
    """All tasks one after the other in a single one; nobody reviewed what lies between."""
    seen = table.reviewed
    columns = columns_of(table) | {
        "task": np.zeros(len(table)),
        "start": table.start + GAP * table.task,
        "end": table.end + GAP * table.task,
    }
    extents = Extents.of(
        np.zeros(len(seen)), seen.annotator, seen.start + GAP * seen.task,
        seen.end + GAP * seen.task,
    )  # fmt: skip
    return SpanTable.of((["all"], table.annotators, table.labels), columns, extents)


def edged(table: SpanTable, ticks: int) -> SpanTable:
    """Tasks in which everybody marks every label at both ends: no gap lies at a border.

    Args:
        table: Everybody reviewed every task from 0 to `ticks`.
        ticks: Length of the tasks.
    """
    edge = ticks // 20
    shape = len(table.tasks), len(table.annotators), len(table.labels), 2
    task, annotator, label, side = (part.ravel() for part in np.indices(shape))
    start = side * (ticks + edge)
    added = {"task": task, "annotator": annotator, "label": label, "start": start,
             "end": start + edge, "region": 10**6 + np.arange(len(task))}  # fmt: skip
    columns = moved_columns(table, edge)
    seen = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
    extents = Extents.of(*seen, np.zeros(len(seen[0])), np.full(len(seen[0]), ticks + 2 * edge))
    both = {name: np.concatenate([columns[name], added[name]]) for name in columns}
    return SpanTable.of((table.tasks, table.annotators, table.labels), both, extents)


def moved_columns(table: SpanTable, by: int) -> dict[str, NDArray[np.int64]]:
    """All columns with later times."""
    columns = {name: np.asarray(own, np.int64) for name, own in columns_of(table).items()}
    return columns | {name: columns[name] + by for name in ("start", "end")}
