"""Nearest neighbours between two ascending series of beats."""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import IntArray

MATCH = 0.1
"""Seconds within which two detectors or two leads mean the same beat."""

_FAR_AWAY = -(2**40)


def nearest(of: IntArray, among: IntArray) -> IntArray:
    """For each of `of` (n,) the closest of `among` (m,); far away where `among` is empty."""
    if not among.size:
        return np.full(of.size, _FAR_AWAY, dtype=np.int64)
    right = np.clip(np.searchsorted(among, of), 0, among.size - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.abs(among[left] - of) <= np.abs(among[right] - of)
    return np.where(nearer, among[left], among[right])


def distance_to_nearest(of: IntArray, among: IntArray) -> IntArray:
    """(n,) samples from each of `of` to the closest of `among`."""
    distance: IntArray = np.abs(nearest(of, among) - of)
    return distance
