"""The same overlaps by a loop that numba compiles: for many millions of spans, never needed.

Only `overlaps.kernel_for` imports this, where numba is there (`pip install "tslab[fast]"`). Loading
and compiling it takes about a second the first time, which less work than that does not earn.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.overlaps import Overlaps, Positions
from tslab.span_table import Ticks


def overlaps(
    first_start: Ticks, first_end: Ticks, second_start: Ticks, second_end: Ticks
) -> Overlaps:
    """What `tslab.agreement.kernels.overlaps.overlaps` answers, number for number."""
    most = len(first_start) + len(second_start)
    first, second = np.empty(most, np.intp), np.empty(most, np.intp)
    ticks = np.empty(most, np.int64)
    found = _walk((first_start, first_end), (second_start, second_end), first, second, ticks)
    return Overlaps(first[:found], second[:found], ticks[:found])


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _walk(
    one: tuple[Ticks, Ticks],
    other: tuple[Ticks, Ticks],
    first: Positions,
    second: Positions,
    ticks: NDArray[np.int64],
) -> int:
    """Two pointers; whichever span ends first makes room for the next of its family."""
    i = j = found = 0
    while i < len(one[0]) and j < len(other[0]):
        shared = min(one[1][i], other[1][j]) - max(one[0][i], other[0][j])
        # Written always, counted where there is one: no branch to guess wrong.
        first[found], second[found], ticks[found] = i, j, shared
        found += shared > 0
        ahead = one[1][i] < other[1][j]
        i += ahead
        j += not ahead
    return found
