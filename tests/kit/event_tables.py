"""Tables for tests, from rows of (task, annotator, label, start, end) and maybe a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tslab.span_table import Extents, SpanTable


def table_of(
    spans: Sequence[Sequence[int]],
    *,
    tasks: int = 1,
    annotators: int = 2,
    labels: int = 2,
    until: int = 1000,
    reviewed: Extents | None = None,
) -> SpanTable:
    """Everybody reviewed every task from 0 to `until`, unless `reviewed` says otherwise."""
    columns = {
        name: [row[place] for row in spans]
        for place, name in enumerate(("task", "annotator", "label", "start", "end"))
    }
    columns["region"] = [row[5] if len(row) > 5 else 10_000 + n for n, row in enumerate(spans)]
    names = (
        [f"t{n}" for n in range(tasks)],
        [f"a{n}" for n in range(annotators)],
        [f"L{n}" for n in range(labels)],
    )
    if reviewed is None:
        task, annotator = np.divmod(np.arange(tasks * annotators), annotators)
        whole = np.zeros(len(task), np.int64)
        reviewed = Extents.of(task, annotator, whole, whole + until)
    return SpanTable.of(names, columns, reviewed)


def apart(rng: np.random.Generator, count: int, until: int) -> list[tuple[int, int]]:
    """Random spans that do not overlap; some touch."""
    edges = np.sort(rng.choice(until, size=min(2 * count, until), replace=False))
    spans = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    touching = rng.random(len(spans)) < 0.2
    return [
        (a, spans[n + 1][0] if touching[n] and n + 1 < len(spans) else b)
        for n, (a, b) in enumerate(spans)
    ]


def any_spans(rng: np.random.Generator, count: int, until: int) -> list[tuple[int, int]]:
    """Random spans that may overlap."""
    starts = rng.integers(0, until - 1, count)
    return [(int(s), int(min(until, s + rng.integers(1, until // 3 + 2)))) for s in starts]
