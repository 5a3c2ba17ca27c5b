"""Folds of frames for choosing settings: whole recordings, or blocks of time of the only one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.tuning import UNKNOWN, Classes, events_of

FOLDS = 5


def assign_folds(classes: Sequence[Classes], background: bool) -> Sequence[NDArray[np.int64]]:
    """Fold of every frame: whole recordings, or stretches of time if there is only one.

    Recordings with the same labels go to different folds, as far as there are enough of them.
    """
    useful = [i for i, part in enumerate(classes) if (part != UNKNOWN).any()]
    folds: list[NDArray[np.int64]] = [np.zeros(len(part), np.int64) for part in classes]
    if len(useful) > 1:
        number = min(FOLDS, len(useful))
        order = sorted(useful, key=lambda i: (tuple(np.unique(classes[i]).tolist()), i))
        for place, index in enumerate(order):
            folds[index][:] = place % number
        return folds
    for index in useful:
        folds[index] = time_blocks(classes[index], background)
    return folds


def time_blocks(classes: Classes, background: bool) -> NDArray[np.int64]:
    """Blocks of time, cut half-way between two events; one block if there are fewer than two."""
    events = events_of(classes, background)
    number = min(FOLDS, len(events))
    fold = np.zeros(len(classes), np.int64)
    for block in range(1, number):
        after = block * len(events) // number
        cut = (events[after - 1][1] + events[after][0]) // 2
        fold[cut:] = block
    return fold
