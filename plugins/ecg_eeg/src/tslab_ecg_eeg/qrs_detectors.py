"""Two independent QRS detectors for one lead, and the conditioning in front of them.

The first is Pan and Tompkins' in sleepecg's C version; the second is Elgendi's. They share
no threshold logic, so their agreement measures how readable the lead is.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray, IntArray
from tslab_ecg_eeg.filters import bandpass, moving_average, moving_maximum, moving_median

REFRACTORY = 0.2
"""Seconds in which the ventricles cannot be excited again: two beats are never closer."""

SHORTEST_SIGNAL = 1.0
"""Seconds below which no detector can tell a beat from a step."""

_LOWEST_RATE = 100.0
_HIGHEST_RATE = 500.0
_CLIP_AT = 4.0
_SMALLEST_PEAK = 0.15
_FLANK = 0.13

PIECE_SECONDS = 60.0
LEARNING_SECONDS = 10.0
LONG_PAUSE = 5.0
AFTER_A_BEAT = 0.3
FEWEST_SAMPLES = 32


@dataclass(frozen=True, slots=True)
class Lead:
    """One conditioned lead.

    Attributes:
        signal: (n,) unitless: gaps bridged, wander removed, typical QRS height near 1.
        valid: (n,) False where the recording held NaN or infinity.
        moving: (n,) False where the recording held one value for a second or more.
        rate: samples per second of both; between 100 and 500 Hz.
        envelope: (n,) energy in the QRS band, the input of the second detector.
    """

    signal: FloatArray
    valid: BoolArray
    moving: BoolArray
    rate: float
    envelope: FloatArray


def condition(ecg: FloatArray, sampling_rate: float) -> Lead | None:
    """Bridge gaps, remove wander and bring the amplitude to about 1.

    Args:
        ecg: (n,) any unit; may hold NaN and infinity.
        sampling_rate: in Hz.

    Returns:
        The lead, or None where nothing in it can be a heartbeat: too short, constant, empty.
    """
    usable = np.isfinite(ecg)
    if sampling_rate <= 0 or usable.sum() < SHORTEST_SIGNAL * sampling_rate:
        return None
    filled = _bridge(ecg, usable)
    signal, rate = _to_working_rate(filled, sampling_rate)
    valid = usable
    if rate != sampling_rate:
        times = np.arange(signal.size) * (sampling_rate / rate)
        valid = usable[np.minimum(np.rint(times).astype(np.int64), ecg.size - 1)]
    scaled = _normalise(signal, rate)
    if scaled is None:
        return None
    moving = valid & ~_constant(signal, rate)
    envelope = bandpass(scaled, rate, 8.0, 20.0) ** 2
    return Lead(scaled, valid, moving, rate, envelope)


def pan_tompkins(lead: Lead) -> IntArray:
    """Beats by sleepecg's detector, without its finds in the noise of an empty stretch.

    Pan J, Tompkins WJ. A real-time QRS detection algorithm. IEEE Trans Biomed Eng 1985;
    32:230-236. The search back of that method lowers its thresholds up to 16 times, so in
    asystole it ends in noise: a peak far below the typical height is dropped here.

    Returns:
        Ascending sample indices at `lead.rate`, not refined.
    """
    signal = lead.signal
    # Learning takes two seconds; a shorter signal is mirrored, never answered with nothing.
    pad = max(0, math.ceil((4.0 * lead.rate - signal.size) / 2))
    padded = np.pad(signal, pad, mode="reflect") if pad else signal
    if not np.ptp(padded):
        return np.empty(0, dtype=np.int64)
    found = _search(padded, lead.rate) - pad
    found = _at_energy_peak(lead, found[(found >= 0) & (found < signal.size)])
    return found[_tall_enough(lead, found)]


def _search(signal: FloatArray, rate: float) -> IntArray:
    """Beats of sleepecg, minute by minute, and once more where seconds passed without one.

    Where it expects a beat and sees nothing at all, as when an electrode falls off, it searches
    back from every sample to its last beat. In one piece that takes time with the square of the
    silence: hours for a Holter. What it learnt from an artefact makes it blind for what follows,
    so a long pause is searched again by itself; a true pause shows no peak of usual height.
    """
    beats = _in_pieces(signal, rate)
    edges = np.concatenate([[0], beats, [signal.size]])
    margin = round(AFTER_A_BEAT * rate)
    again = [
        _in_pieces(signal[start + margin : end - margin], rate) + start + margin
        for start, end in itertools.pairwise(edges)
        if beats.size and end - start > LONG_PAUSE * rate
    ]
    return np.sort(np.concatenate([beats, *again]))


def _in_pieces(signal: FloatArray, rate: float) -> IntArray:
    """Beats of sleepecg; each piece starts ten seconds early, so that it has learnt."""
    piece, early = round(PIECE_SECONDS * rate), round(LEARNING_SECONDS * rate)
    found = []
    for start in range(0, max(signal.size - early, 1), piece):
        last = start + piece >= signal.size - early
        end = signal.size if last else start + piece
        first = max(0, start - early)
        beats = _sleepecg(signal[first : min(end + early, signal.size)], rate) + first
        found.append(beats[(beats >= start) & (beats < end)])
    return np.concatenate(found)


def _sleepecg(signal: FloatArray, rate: float) -> IntArray:
    # 0.15 s with scipy loaded, more than 1 s without.
    from sleepecg.heartbeats import detect_heartbeats

    moving = np.flatnonzero(signal != signal[:1])
    # It begins to filter where the line first moves, and learns for two seconds from there.
    if not moving.size or signal.size - moving[0] < max(2 * rate, FEWEST_SAMPLES):
        return np.empty(0, dtype=np.int64)
    return np.asarray(detect_heartbeats(signal, rate), dtype=np.int64)


def two_averages(lead: Lead) -> IntArray:
    """Beats as the blocks in which a short moving average exceeds a long one.

    Elgendi M. Fast QRS detection with an optimized knowledge-based method: evaluation on 11
    standard ECG databases. PLoS ONE 2013;8(9):e73557, with its windows (97 and 611 ms). Its
    offset, 8 % of the mean energy, is taken from a running mean: one artefact must not raise
    the threshold of the whole recording.

    Returns:
        Ascending sample indices at `lead.rate`, not refined.
    """
    energy, rate = lead.envelope, lead.rate
    qrs = moving_average(energy, 0.097 * rate)
    beat = moving_average(energy, 0.611 * rate)
    above = qrs > beat + 0.08 * moving_average(energy, 10.0 * rate)
    edges = np.flatnonzero(np.diff(above.astype(np.int8), prepend=0, append=0))
    starts, ends = edges[::2], edges[1::2]
    long_enough = ends - starts >= 0.097 * rate
    starts, ends = starts[long_enough], ends[long_enough]
    found = np.array(
        [a + int(np.argmax(qrs[a:b])) for a, b in zip(starts, ends, strict=True)], dtype=np.int64
    )
    found = found[_tall_enough(lead, found)]
    return drop_too_close(found, qrs[found], round(REFRACTORY * rate))


def drop_too_close(indices: IntArray, heights: FloatArray, distance: int) -> IntArray:
    """Of two events closer than `distance` samples keep the higher one.

    Args:
        indices: (n,) ascending.
        heights: (n,) what makes one event better than its neighbour.
        distance: samples.
    """
    while indices.size > 1:
        close = np.flatnonzero(np.diff(indices) < distance)
        if not close.size:
            break
        losers = np.where(heights[close] < heights[close + 1], close, close + 1)
        # One loser of each chain at a time: a dropped event frees its other neighbour.
        worst = losers[np.argmin(heights[losers])] if close.size < 2 else _isolated(losers)
        keep = np.ones(indices.size, dtype=bool)
        keep[worst] = False
        indices, heights = indices[keep], heights[keep]
    return indices


def _isolated(losers: IntArray) -> IntArray:
    unique = np.unique(losers)
    isolated: IntArray = unique[np.diff(unique, prepend=-2) > 1]
    return isolated


def _bridge(ecg: FloatArray, usable: BoolArray) -> FloatArray:
    values = np.asarray(ecg, dtype=np.float64)
    if usable.all():
        return values
    at = np.arange(values.size)
    bridged: FloatArray = np.interp(at, at[usable], values[usable])
    return bridged


def _constant(signal: FloatArray, rate: float) -> BoolArray:
    # A line drawn over a gap is as dead as a constant: look at the slope's changes.
    bends = np.abs(np.diff(signal, n=2, prepend=signal[:1], append=signal[-1:]))
    largest = np.max(np.abs(signal))
    alive = moving_maximum(bends, rate) > 1e-9 * largest
    constant: BoolArray = ~alive
    return constant


def _to_working_rate(signal: FloatArray, rate: float) -> tuple[FloatArray, float]:
    if rate > _HIGHEST_RATE:
        step = math.ceil(rate / _HIGHEST_RATE)
        blocks = signal[: signal.size // step * step].reshape(-1, step)
        averaged: FloatArray = blocks.mean(axis=1)
        return averaged, rate / step
    if rate < _LOWEST_RATE:  # sleepecg's 30 Hz band edge must stay well below half the rate
        count = math.floor((signal.size - 1) / rate * 128.0) + 1
        times = np.arange(count) / 128.0 * rate
        return np.interp(times, np.arange(signal.size), signal), 128.0
    return signal, rate


def _normalise(signal: FloatArray, rate: float) -> FloatArray | None:
    # Divided first: the square of a huge value would overflow in the filters.
    largest = float(np.max(np.abs(signal)))
    if not largest:
        return None
    unit = signal / largest
    level = unit - moving_average(unit, 0.7 * rate)
    window = max(1, round(2.0 * rate))
    blocks = np.abs(level[: max(1, level.size // window) * window])
    peaks = [float(part.max()) for part in np.array_split(blocks, max(1, blocks.size // window))]
    lively = [peak for peak in peaks if peak > 1e-12]
    if not lively:
        return None
    height = float(np.median(lively))
    clipped: FloatArray = np.clip(level / height, -_CLIP_AT, _CLIP_AT)
    return clipped


def _at_energy_peak(lead: Lead, found: IntArray) -> IntArray:
    """Finds moved to the middle of the QRS complex near them, each complex once.

    When the rate falls at once, sleepecg's search back ends within the next complex and reports
    its two flanks, 0.2 s apart, instead of its middle.
    """
    if not found.size:
        return found
    reach = round(_FLANK * lead.rate)
    energy = moving_average(lead.envelope, 0.097 * lead.rate)
    around = np.clip(found[:, None] + np.arange(-reach, reach + 1), 0, energy.size - 1)
    middle = np.unique(around[np.arange(found.size), energy[around].argmax(axis=1)])
    return drop_too_close(middle, energy[middle], round(REFRACTORY * lead.rate))


def _tall_enough(lead: Lead, found: IntArray) -> BoolArray:
    """Which finds reach a fair share of the median height of the 15 around them."""
    if not found.size:
        return np.empty(0, dtype=bool)
    heights = np.sqrt(moving_maximum(lead.envelope, 0.15 * lead.rate)[found])
    typical = moving_median(heights, min(15, found.size))
    # A pause may hold many false finds: the level of the whole lead is a second yardstick.
    typical = np.maximum(typical, np.median(heights))
    tall: BoolArray = heights >= _SMALLEST_PEAK * typical
    return tall
