"""The time since a recording's start: whether a model may look at it, and what people are told.

Where a protocol lets things happen at the same time in every recording, that time tells the labels
of held-out recordings of the same protocol, and nothing in others. A model that needs it says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np

from tslab.segmentation.environment import switch
from tslab.segmentation.features.columns import CLOCK_MARKS
from tslab.segmentation.features.grid import Grid

VARIABLE = "TSLAB_LEARNING_CLOCK"
"""Environment: ``0`` trains without the time since the start."""

NOTED = "uses_time_since_start"
"""Where the notes of a training say whether a part of the model needs it."""

LEAST_FOR_CLOCK = 5
"""Recordings that must agree before the time since the start may count."""

GOOD_WITHOUT_CLOCK = 0.96
"""From here on the time since the start is not even tried."""

CLOCK_GAIN = 0.01
"""What the time since the start must add on held-out recordings."""


def clock_of(grids: Sequence[Grid]) -> float:
    """Seconds between the marks of the clock; 0 where it may not count.

    Too few recordings could prove nothing, and people may not want it.

    Raises:
        UsageError: The environment says neither yes nor no.
    """
    if not switch(os.environ, VARIABLE, True) or len(grids) < LEAST_FOR_CLOCK:
        return 0.0
    usual = float(np.median([grid.cells / grid.rate for grid in grids]))
    return usual / (CLOCK_MARKS - 1)


def clock_note(notes: Mapping[str, object]) -> str:
    """What people must know of a model that needs the time since the start; "" for others.

    Args:
        notes: What `fit` gave, or the settings of a model card.
    """
    parts = [
        name
        for name, value in notes.items()
        if isinstance(value, Mapping) and value.get(NOTED) is True
    ]
    if not parts:
        return ""
    return (
        f"for {'; '.join(parts)} the model relies on when things happen in a recording (time since "
        f"its start); recordings of another protocol will be harder. {VARIABLE}=0 trains without"
    )
