"""Who says what at each moment: stretches between borders, and the few patterns that recur.

Between two neighbouring borders nobody changes his mind. Such a moment has a pattern: who is
present and which labels each of them says. Long recordings have many moments and few patterns, so
all voting works on patterns weighted by their time, whatever the duration or the sampling rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.kernels.sweep import distinct, membership, sweep
from tslab.span_table import Extents, Mask, SpanTable, Ticks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Votes:
    """What each annotator says in some patterns.

    Attributes:
        present: Who was there, bool ``(patterns, annotators)``.
        on: Who says which label, bool ``(patterns, annotators, labels)``.
        weight: What each pattern counts, microseconds or events, float64 ``(patterns,)``.
    """

    present: Mask
    on: Mask
    weight: Floats

    def __len__(self) -> int:
        """How many patterns."""
        return len(self.weight)


@dataclass(frozen=True, slots=True)
class Moments:
    """Stretches of reviewed time between neighbouring borders, sorted by task and start.

    Attributes:
        task: int64 ``(moments,)``.
        start: Microseconds, int64 ``(moments,)``.
        end: Microseconds, exclusive.
        pattern: Pattern of each moment, intp ``(moments,)``.
        votes: The patterns.
    """

    task: Ticks
    start: Ticks
    end: Ticks
    pattern: Positions
    votes: Votes

    def __len__(self) -> int:
        """How many moments."""
        return len(self.task)

    @property
    def follows(self) -> Mask:
        """Which moments begin where the one before ends, bool ``(moments,)``."""
        out = np.zeros(len(self), bool)
        out[1:] = (self.task[1:] == self.task[:-1]) & (self.start[1:] == self.end[:-1])
        return out


def moments_of(table: SpanTable) -> Moments:
    """Moments of all ranges of a table; whoever did not review a moment has no voice in it.

    Spans of one label by one annotator are united. Instants take no time and are not here.
    """
    readers, step = len(table.annotators), len(table.labels) + 1
    ranges = table.end > table.start
    seen, said = table.reviewed, table.annotator[ranges].astype(np.int64) * step
    marks = Extents.of(
        table.task[ranges], said + 1 + table.label[ranges], table.start[ranges], table.end[ranges]
    )
    member = np.concatenate([seen.annotator * step, marks.annotator]).astype(np.int32)
    swept = sweep(
        np.concatenate([seen.task, marks.task]).astype(np.int64),
        np.concatenate([seen.start, marks.start]),
        np.concatenate([seen.end, marks.end]),
        member,
        readers * step,
    )
    first, pattern = distinct(swept.bits)
    on = membership(swept.bits[first], readers * step).reshape(len(first), readers, step)
    ticks = np.bincount(pattern, swept.end - swept.start, len(first)).astype(np.float64)
    votes = Votes(on[:, :, 0], on[:, :, 1:], ticks)
    return Moments(swept.group, swept.start, swept.end, pattern, votes)
