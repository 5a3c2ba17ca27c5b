"""What kind of tier the regions of an export are: the config of a project does not say it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from tslab.span_table import SpanTable

Kind = Literal["states", "intervals", "instants"]

FULL = 0.95
"""Share of the time of readings that states fill: people leave holes."""
TWICE = 0.01
"""Share of it that may have two of them: drawings reach over what a model had marked there."""
FEWEST = 3
"""Regions of a reading, on average; what reaches from the first to the last of fewer is no proof
where the export does not say what was shown."""


def kind_of(table: SpanTable, *, shown: bool) -> Kind:
    """Kind of a tier: states where each moment has one label, as sleep stages and rhythms do.

    Args:
        table: What people marked.
        shown: Whether the export says what was shown of each task.
    """
    if len(table) and table.instants.all():
        return "instants"
    many = max(1, len(table.annotators))
    reading = table.task.astype(np.int64) * many + table.annotator
    seen = table.reviewed.task.astype(np.int64) * many + table.reviewed.annotator
    used = np.isin(seen, reading)  # Who marks nothing of a tier may have another one to mark.
    time = int((table.reviewed.end - table.reviewed.start)[used].sum())
    enough = shown or len(table) >= FEWEST * len(np.unique(reading))
    if table.instants.any() or len(np.unique(table.label)) < 2 or not (enough and time):
        return "intervals"
    order = np.lexsort((table.end, table.start, reading))
    reading, start, end = reading[order], table.start[order], table.end[order]
    twice = np.maximum(end[:-1] - start[1:], 0)[reading[1:] == reading[:-1]].sum()
    filled = (end - start).sum() - twice
    return "states" if filled >= FULL * time and twice <= TWICE * time else "intervals"
