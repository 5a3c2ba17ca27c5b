"""Episodes of atrial fibrillation from the irregularity of RR intervals.

Method: Petrenas A, Marozas V, Sörnmo L. Low-complexity detection of atrial fibrillation in
continuous long-term monitoring. Comput Biol Med 2015;65:184-191; with its constants. Around it,
and our own: the measure is taken at two smoothing coefficients, so that paroxysms of a few tens
of beats are not averaged away; two guards take out ectopy (`rr_irregularity`); a change point
in RR places the ends.
"""

from __future__ import annotations

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray
from tslab_ecg_eeg.episodes import runs_of
from tslab_ecg_eeg.rr_irregularity import (
    GUARD_WINDOW,
    THRESHOLD,
    WINDOW,
    change_point,
    has_sinus_between_ectopy,
    has_underlying_rhythm,
    petrenas,
    without_ectopic,
)

CLINICAL_MINIMUM = 30.0
"""Seconds from which an episode counts as AF (ESC guidelines 2020)."""

LONGEST_INTERVAL = 4.0
"""Seconds without a beat after which the intervals before and after are not compared."""

_SLOW = 0.02
_FAST = 0.1
_KEEP = 0.85
_ONE_RATE = 1.15
_MARK_BEFORE = 0.15


def detect_atrial_fibrillation(
    beats: FloatArray,
    *,
    ectopic: BoolArray | None = None,
    minimum_duration: float = 0.0,
    minimum_beats: int = 12,
) -> list[tuple[float, float, float]]:
    """Episodes of atrial fibrillation.

    Regular flutter and AF with a paced or wholly regular response cannot be seen in RR
    intervals, and fewer than 17 beats in a row never give an episode.

    Args:
        beats: (n,) times of all beats in seconds, ascending.
        ectopic: (n,) True at beats known to be ventricular, such as wide early ones.
        minimum_duration: seconds; `CLINICAL_MINIMUM` reports only what is AF by definition.
        minimum_beats: shortest paroxysm, in intervals.

    Returns:
        (start, end, score) in seconds, ascending and not touching. Episodes begin 0.15 s before
        their first beat and end 0.15 s after their last. The score in (0, 1] grows with the
        irregularity above the threshold and with the number of beats.
    """
    times = np.asarray(beats, dtype=np.float64)
    flags = np.zeros(times.size, dtype=bool) if ectopic is None else ectopic
    breaks = np.flatnonzero(np.diff(times) > LONGEST_INTERVAL) + 1
    episodes: list[tuple[float, float, float]] = []
    for part, part_flags in zip(np.split(times, breaks), np.split(flags, breaks), strict=True):
        episodes += _in_sequence(part, part_flags, minimum_beats)
    return [item for item in episodes if item[1] - item[0] >= minimum_duration]


def _in_sequence(
    times: FloatArray, ectopic: BoolArray, minimum_beats: int
) -> list[tuple[float, float, float]]:
    if times.size < 2 * WINDOW + 2:
        return []
    rr = without_ectopic(np.diff(times), ectopic)
    fast = petrenas(rr, _FAST)
    measure = np.maximum(petrenas(rr, _SLOW), fast)
    # The slow measure leans on 100 beats around: it may confirm AF, not spread it.
    underlying = has_underlying_rhythm(rr) | has_sinus_between_ectopy(np.diff(times), ectopic)
    possible = (fast > _KEEP * THRESHOLD) & ~underlying
    runs = [(a, b) for a, b in runs_of(possible) if measure[a:b].max() > THRESHOLD]
    runs = _joined(runs, rr, fast > _KEEP * THRESHOLD)
    episodes = []
    for first, last in _refined(rr, runs):
        if last - first < minimum_beats:
            continue
        # Interval i lies between beats i and i + 1; the first one may follow a normal beat.
        start = times[first + 1 if first else 0] - _MARK_BEFORE
        end = times[last] + _MARK_BEFORE
        episodes.append((float(start), float(end), _score(measure[first:last])))
    return episodes


def _joined(
    runs: list[tuple[int, int]], rr: FloatArray, irregular: BoolArray
) -> list[tuple[int, int]]:
    """Runs without gaps that mean nothing between them, nor lone short runs.

    A gap shorter than the window is one. So is a gap between longer runs that is shorter than
    what the guards look at, and either irregular all through or of one rate with both runs: by
    chance a few intervals compensate or resemble each other, but sinus rhythm returns at its
    own rate.
    """
    joined: list[tuple[int, int]] = []
    for first, last in runs:
        begin, end = joined[-1] if joined else (0, -GUARD_WINDOW)
        gap = first - end
        both = min(end - begin, last - first) >= GUARD_WINDOW
        chance = gap < GUARD_WINDOW and both
        if chance:
            pieces = rr[begin:end], rr[end:first], rr[first:last]
            rates = [float(np.median(piece)) for piece in pieces]
            chance = bool(irregular[end:first].all()) or max(rates) < _ONE_RATE * min(rates)
        if gap < WINDOW or chance:
            joined[-1] = (begin, last)
        else:
            joined.append((first, last))
    return [(first, last) for first, last in joined if last - first >= WINDOW]


def _refined(rr: FloatArray, runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ends moved to the change of rhythm; those at the ends of the series stay there."""
    refined: list[tuple[int, int]] = []
    for first, last in runs:
        begin = change_point(rr, first) if first > WINDOW else 0
        finish = change_point(rr, last) if last < rr.size - WINDOW else rr.size
        if refined and begin <= refined[-1][1]:
            refined[-1] = (refined[-1][0], max(finish, refined[-1][1]))
        elif finish > begin:
            refined.append((begin, finish))
    return refined


def _score(measure: FloatArray) -> float:
    excess = float(np.clip(measure.mean() / THRESHOLD - 0.5, 0.1, 1.0))
    return excess * float(1.0 - 2.0 ** (-measure.size / WINDOW))
