"""Overlaps of two families of spans on one line, computed once for all measures.

Each family is sorted and its spans are apart. An overlap begins where the later of its two spans
begins, so one merge of the starts finds them all, in order of time: both positions only ever grow
(a staircase), which is what linear matching of events needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Ticks

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Overlaps in order of time.

    Attributes:
        first: Positions in the first family, intp ``(overlaps,)``, never falling.
        second: Positions in the second family, intp ``(overlaps,)``, never falling.
        ticks: Microseconds that both share, int64 ``(overlaps,)``, above 0.
    """

    first: Positions
    second: Positions
    ticks: Ticks

    def __len__(self) -> int:
        """How many overlaps."""
        return len(self.ticks)


def overlaps(
    first_start: Ticks, first_end: Ticks, second_start: Ticks, second_end: Ticks
) -> Overlaps:
    """All overlaps of two sorted families; the spans of one family never overlap.

    Spans that only touch share no time. The sort merges two runs that are sorted already, which
    is linear and several times faster than a search for each span.
    """
    many = len(second_start)
    if not many or not len(first_start):
        none = np.zeros(0, np.intp)
        return Overlaps(none, none, np.zeros(0, np.int64))
    starts = np.concatenate([second_start, first_start])
    order = np.argsort(starts, kind="stable")
    of_first = order >= many
    # Nothing overlaps before both families have begun.
    begin = int(max(of_first.argmax(), of_first.argmin()))
    first: Positions = np.cumsum(of_first, dtype=np.intp)[begin:]
    first -= 1
    second = np.arange(begin - 1, len(order) - 1)
    second -= first
    shared = np.minimum(first_end.take(first), second_end.take(second))
    shared -= starts.take(order[begin:])
    at = np.flatnonzero(shared > 0)
    return Overlaps(first.take(at), second.take(at), shared.take(at))
