"""The fallback for a recording of one channel: which of its own windows look unlike the rest."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from tslab_iot_maintenance.findings import (
    MAD_TO_SIGMA,
    BoolArray,
    FloatArray,
    fill_missing,
    find_runs,
    is_state,
    normalise,
)

EMBEDDING = 20  # samples in a window
EMBEDDING_THRESHOLD = 10.0  # robust standard deviations
MEDIAN_ROWS = 41
COMMON_RUNS = 4
TRIMMED = 0.05  # of the windows, left out of the second fit


def window_evidence(values: FloatArray) -> FloatArray:
    """Measure how unusual the shapes of a channel's windows are.

    Sub-PCA, the best detector for one channel in TSB-AD (Liu & Paparrizos, NeurIPS 2024 datasets
    track): the distance of windows of 20 samples from their mean along their principal axes, each
    in its own spread, fitted on the whole channel because a season is longer than any reference.
    Channels of ten or fewer distinct values are states and are not judged.

    Args:
        values: Shape (n,), NaN = missing, any unit.

    Returns:
        Evidence over the threshold (1 = just there), shape (n,), 0 where missing.
    """
    x = normalise(fill_missing(values[:, None])[:, 0])
    if x.size < 2 * EMBEDDING or is_state(x):
        return np.zeros(x.size)
    windows = np.lib.stride_tricks.sliding_window_view(x, EMBEDDING)
    distance = _distance(windows, windows)
    # What is unusual must not shape the axes it is measured on: fit again without it.
    distance = _distance(windows, windows[distance <= np.quantile(distance, 1 - TRIMMED)])
    middle = float(np.median(distance))
    scale = max(MAD_TO_SIGMA * float(np.median(np.abs(distance - middle))), 0.01)
    z = (distance - middle) / (scale * EMBEDDING_THRESHOLD)
    half = EMBEDDING // 2
    row = np.clip(np.arange(x.size) - half, 0, z.size - 1)  # a window belongs to its middle
    return np.where(np.isfinite(values), z[row], 0.0)


def _distance(windows: FloatArray, fitted: FloatArray) -> FloatArray:
    """Root mean square of the standardised coordinates on the fitted windows' principal axes."""
    centre = np.median(fitted, axis=0)
    power, axes = np.linalg.eigh((fitted - centre).T @ (fitted - centre) / len(fitted))
    spread = np.sqrt(np.maximum(power, max(1e-4 * power[-1], 1e-12)))
    return np.asarray(np.sqrt(np.mean(((windows - centre) @ axes / spread) ** 2, axis=1)))


def uncommon(evidence: FloatArray) -> BoolArray:
    """Rows above the threshold; from four stretches on, only those twice as unusual as most.

    What happens again and again, such as the edges of a duty cycle, is how this channel works.

    Args:
        evidence: Over the threshold, shape (n,).

    Returns:
        Rows in alarm, shape (n,).
    """
    hit = np.asarray(median_filter((evidence > 1.0).astype(np.uint8), MEDIAN_ROWS) > 0)
    starts, ends = find_runs(hit)
    peaks = np.asarray([evidence[a:b].max() for a, b in zip(starts, ends, strict=True)])
    if peaks.size >= COMMON_RUNS:
        for i in np.flatnonzero(peaks < 2.0 * np.median(peaks)):
            hit[starts[i] : ends[i]] = False
    return hit
