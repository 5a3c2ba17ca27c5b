"""Overlaps of two families of spans on one line, computed once for all measures.

Each family is sorted and its spans are apart. An overlap begins where the later of its two spans
begins, so one merge of the starts finds them all, in order of time: both positions only ever grow
(a staircase), which is what linear matching of events needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from tslab.span_table import Ticks

Positions = NDArray[np.intp]

# Spans to look at from which compiled code earns the second that it takes to load.
FAST_FROM = 100_000_000


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


Kernel = Callable[[Ticks, Ticks, Ticks, Ticks], Overlaps]


def kernel_for(spans: int) -> Kernel:
    """What finds overlaps soonest: numpy, or compiled code where it is installed and worth it.

    Args:
        spans: How many will be looked at in all, those of both sides of each pair.
    """
    if spans < FAST_FROM or find_spec("numba") is None:
        return overlaps
    from tslab.agreement.kernels import _fast

    return _fast.overlaps


def overlaps(
    first_start: Ticks, first_end: Ticks, second_start: Ticks, second_end: Ticks
) -> Overlaps:
    """All overlaps of two sorted families; the spans of one family never overlap.

    Spans that only touch share no time. The sort merges two runs that are sorted already, which
    is linear and several times faster than a search for each span. Times are below 2**62.
    """
    many = len(second_start)
    if not many or not len(first_start):
        none = np.zeros(0, np.intp)
        return Overlaps(none, none, np.zeros(0, np.int64))
    # The last bit tells whose start it is: sorting numbers is faster than finding their order.
    starts = np.empty(many + len(first_start), np.int64)
    np.left_shift(second_start, 1, out=starts[:many])
    np.left_shift(first_start, 1, out=starts[many:])
    starts[many:] |= 1
    starts.sort(kind="stable")
    of_first = starts & 1
    # Nothing overlaps before both families have begun.
    begin = int(max(of_first.argmax(), of_first.argmin()))
    first: Positions = np.cumsum(of_first)[begin:]
    first -= 1
    second = np.arange(begin - 1, len(starts) - 1)
    second -= first
    shared = np.minimum(first_end.take(first), second_end.take(second))
    starts >>= 1
    shared -= starts[begin:]
    at = np.flatnonzero(shared > 0)
    return Overlaps(first.take(at), second.take(at), shared.take(at))
