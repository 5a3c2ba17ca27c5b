"""How much time two annotators both reviewed of each task."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.kernels.presence import Presence, presence_of
from tslab.agreement.kernels.stream import items_of
from tslab.span_table import SpanTable


def common_ticks(
    table: SpanTable, pairs: ArrayLike, presence: Presence | None = None
) -> NDArray[np.int64]:
    """Microseconds that both reviewed, int64 ``(pairs, tasks)``; 0 where one was not there.

    Args:
        table: Who reviewed what.
        pairs: Numbers of annotators, ``(pairs, 2)``.
        presence: That of the table, where somebody has it already.
    """
    asked = np.sort(np.asarray(pairs, np.int32).reshape(-1, 2), axis=1)
    once, which = np.unique(asked, axis=0, return_inverse=True)
    if presence is None:
        presence = presence_of(table.reviewed, len(table.annotators))
    items = items_of(presence, once)
    out = np.zeros((len(once), len(table.tasks)), np.int64)
    np.add.at(out, (items.pair, presence.task[items.zone]), presence.ticks[items.zone])
    return np.asarray(out[which.reshape(-1)])
