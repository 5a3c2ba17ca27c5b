"""Sums of rows of an array: those of one key, and weighted ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.coefficients import Floats


def added(key: NDArray[np.integer], values: NDArray[Any], length: int) -> Floats:
    """Rows of one key added up, float64 ``(length, ...)``; whole ticks stay exact."""
    flat = flattened(values)
    if (key[1:] < key[:-1]).any():
        columns = [np.bincount(key, flat[:, at], length) for at in range(flat.shape[1])]
        whole = np.array(columns, np.float64).T
    else:
        # Rows of one key are neighbours, which is ten times as fast.
        whole = np.zeros((length, flat.shape[1]))
        at = np.flatnonzero(np.diff(key, prepend=-1))
        whole[key[at]] = np.add.reduceat(flat, at, axis=0) if len(at) else 0.0
    return whole.reshape(length, *values.shape[1:])


def weighted(weights: Floats, rows: NDArray[Any]) -> Floats:
    """Weighted sums ``(draws, ...)`` of rows ``(rows, ...)``; weights are ``(draws, rows)``.

    All draws of one sum lie next to each other in memory, and so do those of what is made of it: a
    measure reads few sums of all draws, and bounds are sought among all draws of a measure.
    """
    columns: Floats = flattened(rows).T @ weights.T
    return np.moveaxis(columns.reshape(*rows.shape[1:], len(weights)), -1, 0)


def flattened(part: NDArray[Any]) -> NDArray[Any]:
    """Rows and columns, also where there are no rows."""
    return part.reshape(len(part), math.prod(part.shape[1:]))
