"""Rules that name a rhythm from beat times, one rule a function.

Each takes one unbroken sequence of beats and returns the episodes it claims; which claim wins
where two overlap is decided in `rhythm`.
"""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray
from tslab_ecg_eeg.episodes import Episode, runs_of
from tslab_ecg_eeg.rr_irregularity import without_ectopic

BRADYCARDIA = "(SBR"
SINUS_TACHYCARDIA = "(ST"
SUPRAVENTRICULAR_TACHYCARDIA = "(SVTA"
VENTRICULAR_TACHYCARDIA = "(VT"
BIGEMINY = "(B"
TRIGEMINY = "(T"
ASYSTOLE = "(ASYS"
PAUSE = "pause"

SLOWEST_NORMAL = 1.2
"""Seconds: 50 beats a minute."""

FASTEST_NORMAL = 0.6
"""Seconds: 100 beats a minute."""

PAUSE_FROM = 2.5
ASYSTOLE_FROM = 4.0
"""Seconds without a QRS complex (Clifford GD et al., PhysioNet/CinC Challenge 2015)."""

_SLOW_BEATS = 4
_FAST_BEATS = 8
_VENTRICULAR_BEATS = 3
_ABRUPT = 1.3
_STAY = 0.98
_BEYOND_SINUS = 60.0 / 180.0


def bradycardia(times: FloatArray, ventricular: BoolArray) -> list[Episode]:
    """At least 4 beats below 50 a minute.

    Args:
        times: (n,) beats in seconds.
        ventricular: (n,) True at beats of ventricular origin.
    """
    rr = _basic_intervals(times, ventricular)
    found = []
    for first, last in _sustained(rr / SLOWEST_NORMAL, _SLOW_BEATS):
        beyond = (float(np.median(rr[first:last])) - SLOWEST_NORMAL) / 0.4
        found.append(_episode(times, first, last, BRADYCARDIA, beyond))
    return found


def tachycardia(times: FloatArray, ventricular: BoolArray) -> list[Episode]:
    """At least 8 beats above 100 a minute: sinus if it comes and goes slowly, else SVT.

    A sinus node changes its rate over many beats and seldom passes 180 a minute at rest; a
    re-entry begins and ends from one beat to the next. This is a candidate for a human, not a
    diagnosis: flutter with fixed conduction looks the same.

    Args:
        times: (n,) beats in seconds.
        ventricular: (n,) True at beats of ventricular origin.
    """
    rr = _basic_intervals(times, ventricular)
    found = []
    for first, last in _sustained(FASTEST_NORMAL / np.maximum(rr, 1e-3), _FAST_BEATS):
        inside = float(np.median(rr[first:last]))
        abrupt = _is_jump(rr, first, -1) or _is_jump(rr, last, 1) or inside < _BEYOND_SINUS
        code = SUPRAVENTRICULAR_TACHYCARDIA if abrupt else SINUS_TACHYCARDIA
        beyond = (FASTEST_NORMAL - inside) / 0.2
        found.append(_episode(times, first, last, code, beyond))
    return found


def ventricular_tachycardia(times: FloatArray, ventricular: BoolArray) -> list[Episode]:
    """At least 3 ventricular beats in a row, on average at 100 a minute or more.

    Args:
        times: (n,) beats in seconds.
        ventricular: (n,) True at beats of ventricular origin.
    """
    found = []
    for first, last in runs_of(ventricular):
        beats = last - first
        if beats < _VENTRICULAR_BEATS:
            continue
        mean = float(times[last - 1] - times[first]) / (beats - 1)
        if mean <= FASTEST_NORMAL:
            beyond = (FASTEST_NORMAL - mean) / 0.3 + (beats - _VENTRICULAR_BEATS) / 10
            found.append(_episode(times, first, last - 1, VENTRICULAR_TACHYCARDIA, beyond))
    return found


def ventricular_pattern(times: FloatArray, ventricular: BoolArray) -> list[Episode]:
    """Every second or every third beat ventricular, three times or more in a row.

    Args:
        times: (n,) beats in seconds.
        ventricular: (n,) True at beats of ventricular origin.
    """
    at = np.flatnonzero(ventricular)
    found = []
    for step, code in ((2, BIGEMINY), (3, TRIGEMINY)):
        for first, last in runs_of(np.diff(at) == step):
            if last - first + 1 >= _VENTRICULAR_BEATS:
                beyond = (last - first + 1 - _VENTRICULAR_BEATS) / 10
                begin = max(int(at[first]) - 1, 0)
                found.append(_episode(times, begin, int(at[last]), code, beyond))
    return found


def pauses(times: FloatArray) -> list[Episode]:
    """Intervals of 2.5 s or more, from beat to beat.

    Args:
        times: (n,) beats in seconds.
    """
    return [
        _episode(times, int(i), int(i) + 1, PAUSE, (gap - PAUSE_FROM) / 2.5)
        for i, gap in enumerate(np.diff(times))
        if gap >= PAUSE_FROM
    ]


def asystole(edges: FloatArray) -> list[Episode]:
    """Stretches of 4 s or more without a beat.

    Args:
        edges: (n,) beats in seconds, with the ends of the readable stretch where no beat is near.
    """
    return [
        _episode(edges, int(i), int(i) + 1, ASYSTOLE, (gap - ASYSTOLE_FROM) / 4.0)
        for i, gap in enumerate(np.diff(edges))
        if gap >= ASYSTOLE_FROM
    ]


def score_beyond(beyond: float) -> float:
    """0.5 at the threshold, 1 where the evidence lies a full span (`beyond` = 1) past it."""
    return 0.5 + 0.5 * min(max(beyond, 0.0), 1.0)


def _episode(times: FloatArray, first: int, last: int, code: str, beyond: float) -> Episode:
    return Episode(float(times[first]), float(times[last]), code, score_beyond(float(beyond)))


def _basic_intervals(times: FloatArray, ventricular: BoolArray) -> FloatArray:
    """(n - 1,) RR without ectopic beats: one early beat does not end a slow or a fast run."""
    if times.size < 4:
        return np.diff(times)
    rr = without_ectopic(np.diff(times), ventricular)
    edged = np.concatenate((rr[:1], rr, rr[-1:]))
    filtered: FloatArray = np.median(np.lib.stride_tricks.sliding_window_view(edged, 3), axis=1)
    return filtered


def _sustained(ratio: FloatArray, beats: int) -> list[tuple[int, int]]:
    """Runs of intervals past a limit (ratio over 1) for at least so many beats.

    Once begun, a run lasts while the ratio is over 0.98: a rate that wanders about the limit
    would else fall to pieces.
    """
    entered = [run for run in runs_of(ratio > 1.0) if run[1] - run[0] + 1 >= beats]
    return [
        (first, last)
        for first, last in runs_of(ratio > _STAY)
        if any(first <= a and b <= last for a, b in entered)
    ]


def _is_jump(rr: FloatArray, edge: int, direction: int) -> bool:
    """Whether the rate changes at once at one end of a fast run of intervals."""
    before, after = rr[max(edge - 3, 0) : edge], rr[edge : edge + 3]
    outside, inside = (before, after) if direction < 0 else (after, before)
    if outside.size < 3:
        return False
    return float(np.median(outside)) > _ABRUPT * float(np.median(inside))
