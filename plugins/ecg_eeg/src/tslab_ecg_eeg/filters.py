"""The few scipy filters in use, typed, and imported only when called.

`scipy.signal` costs about 1.5 s of CPU to import for the first time, ten times numpy.
"""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import FloatArray


def bandpass(signal: FloatArray, rate: float, low: float, high: float) -> FloatArray:
    """Second order Butterworth band, run forward and backward: no delay. (n,) to (n,), Hz."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, (low, high), btype="bandpass", output="sos", fs=rate)
    padding = min(signal.size - 1, 30)
    return np.asarray(sosfiltfilt(sections, signal, padlen=padding), dtype=np.float64)


def exponential_average(signal: FloatArray, coefficient: float) -> FloatArray:
    """Exponential average, forward and backward. (n,) to (n,)."""
    from scipy.signal import lfilter

    def forward(series: FloatArray) -> FloatArray:
        keep = 1.0 - coefficient
        averaged, _ = lfilter([coefficient], [1.0, -keep], series, zi=[keep * series[0]])
        return np.asarray(averaged, dtype=np.float64)

    return forward(forward(signal)[::-1])[::-1]


def moving_average(signal: FloatArray, width: float) -> FloatArray:
    """Mean of `width` samples around each; along the last axis."""
    from scipy.ndimage import uniform_filter1d

    size = max(1, round(width))
    return np.asarray(uniform_filter1d(signal, size, mode="nearest"), dtype=np.float64)


def moving_maximum(signal: FloatArray, width: float) -> FloatArray:
    """Largest of `width` samples around each; along the last axis."""
    from scipy.ndimage import maximum_filter1d

    size = max(1, round(width))
    return np.asarray(maximum_filter1d(signal, size, mode="nearest"), dtype=np.float64)


def moving_median(signal: FloatArray, width: int) -> FloatArray:
    """Median of `width` samples around each. (n,) to (n,)."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(signal, size=max(1, width), mode="nearest"), dtype=np.float64)
