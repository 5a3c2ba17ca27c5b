"""A grid of samples that are given."""

from __future__ import annotations

import numpy as np

from kit import marked_signals as made
from tslab.segmentation.features.grid import Grid, make_grid


def grid_of(values: np.ndarray, rate: float = 20.0) -> Grid:
    keys = [f"c{i}" for i in range(len(values))]
    recording = made.recording(values, rate, channels=keys)
    return make_grid(recording, keys, rate, made.DOMAIN)
