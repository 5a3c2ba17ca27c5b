"""One rhythm for every moment of an ECG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray
from tslab_ecg_eeg.atrial_fibrillation import detect_atrial_fibrillation
from tslab_ecg_eeg.episodes import Episode, runs_of
from tslab_ecg_eeg.qrs_shape import ventricular_beats
from tslab_ecg_eeg.r_peaks import Survey, survey
from tslab_ecg_eeg.rhythm_rules import (
    FASTEST_NORMAL,
    SINUS_TACHYCARDIA,
    SLOWEST_NORMAL,
    SUPRAVENTRICULAR_TACHYCARDIA,
    asystole,
    bradycardia,
    pauses,
    score_beyond,
    tachycardia,
    ventricular_pattern,
    ventricular_tachycardia,
)

NORMAL = "(N"
NOISE = "(NOISE"
ATRIAL_FIBRILLATION = "(AFIB"

UNREADABLE_BELOW = 0.55
"""Signal quality of an unreadable second."""

_DOUBTFUL_BELOW = 0.8

_SHORTEST_NOISE = 3
_SHORTEST = {NORMAL: 1.0, SINUS_TACHYCARDIA: 2.0, SUPRAVENTRICULAR_TACHYCARDIA: 2.0}
_LONGEST_EDGE = 2.5
_NO_RHYTHM = (NOISE, "(ASYS")
_FEWEST_BEATS = 3
_SURE_BEAT = 0.65


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The rhythms of one recording.

    Attributes:
        states: cover [0, duration) without gap or overlap, ascending.
        pauses: events inside those states, with the code `pause`.
        beats: (n,) seconds.
        beat_scores: (n,) in [0, 1].
        ventricular: (n,) True at wide beats of another shape than usual.
    """

    states: list[Episode]
    pauses: list[Episode]
    beats: FloatArray
    beat_scores: FloatArray
    ventricular: BoolArray


def analyse_rhythm(
    leads: Sequence[FloatArray], sampling_rate: float, *, minimum_af: float = 0.0
) -> Rhythm:
    """Beats, rhythm states and pauses of a recording.

    Args:
        leads: one or more (n,) arrays on one time axis, any unit.
        sampling_rate: in Hz.
        minimum_af: seconds; 30 reports only AF that is AF by the clinical definition.
    """
    found = survey(leads, sampling_rate)
    duration = max((lead.size for lead in leads), default=0) / sampling_rate
    times = found.indices / sampling_rate
    wide = ventricular_beats(leads, found.indices, sampling_rate) & (found.scores >= _SURE_BEAT)
    noise = unreadable_stretches(found, duration)
    states, events = classify_rhythm(
        times,
        duration,
        scores=found.scores,
        ventricular=wide,
        unreadable=noise,
        minimum_af=minimum_af,
    )
    return Rhythm(states, events, times, found.scores, wide)


def unreadable_stretches(found: Survey, duration: float) -> list[Episode]:
    """Stretches with 3 s or more in which no lead can be read, nor shows a silent line.

    Args:
        found: of `survey`.
        duration: of the recording in seconds.
    """
    # Quality looks 5 s to both sides: it falls before noise begins and less than it should near
    # the edges, so noise lasts as long as there is doubt.
    doubtful = (found.quality < _DOUBTFUL_BELOW) & ~found.quiet
    dark = found.quality < UNREADABLE_BELOW
    return [
        Episode(float(a), min(float(b), duration), NOISE, _noise_score(found.quality[a:b]))
        for a, b in runs_of(doubtful)
        if dark[a:b].sum() >= min(_SHORTEST_NOISE, duration)
    ]


def classify_rhythm(
    beats: FloatArray,
    duration: float,
    *,
    scores: FloatArray | None = None,
    ventricular: BoolArray | None = None,
    unreadable: Sequence[Episode] = (),
    minimum_af: float = 0.0,
) -> tuple[list[Episode], list[Episode]]:
    """Rhythm states and pauses from beats.

    Where rules overlap the graver claim wins, in this order: noise, asystole, ventricular
    tachycardia, atrial fibrillation, tachycardia, bradycardia, bigeminy and trigeminy, normal.

    Args:
        beats: (n,) seconds, ascending.
        duration: of the recording in seconds.
        scores: (n,) how sure each beat is, in [0, 1]; all sure by default.
        ventricular: (n,) True at beats of ventricular origin; none by default.
        unreadable: where no rhythm can be claimed; ascending, not overlapping.
        minimum_af: seconds; shorter AF is not reported.

    Returns:
        States that cover [0, duration) exactly once, and pauses.
    """
    if duration <= 0:
        return [], []
    times = np.asarray(beats, dtype=np.float64)
    sure = np.ones(times.size) if scores is None else scores
    wide = np.zeros(times.size, dtype=bool) if ventricular is None else ventricular
    claims: list[Episode] = []
    events: list[Episode] = []
    for start, end in _readable(unreadable, duration):
        inside = (times >= start) & (times < end)
        part = times[inside]
        claims += _claims(part, wide[inside], start, end, minimum_af)
        events += pauses(part)
    painted = _paint([_weigh(claim, times, sure) for claim in claims], duration)
    return _absorb_edges(_join(_paint([*painted, *unreadable], duration))), events


def _claims(
    times: FloatArray, wide: BoolArray, start: float, end: float, minimum_af: float
) -> list[Episode]:
    """What the rules say of one readable stretch, the weakest claim first."""
    edges = np.concatenate(([start], times, [end]))
    silent = asystole(edges)
    if times.size < _FEWEST_BEATS:
        return [Episode(start, end, NOISE, 0.5), *silent]
    fibrillation = detect_atrial_fibrillation(times, ectopic=wide, minimum_duration=minimum_af)
    return [
        Episode(start, end, NORMAL, _normal_score(times)),
        *ventricular_pattern(times, wide),
        *bradycardia(times, wide),
        *tachycardia(times, wide),
        *(Episode(max(a, start), min(b, end), ATRIAL_FIBRILLATION, s) for a, b, s in fibrillation),
        *ventricular_tachycardia(times, wide),
        *silent,
    ]


def _paint(layers: Sequence[Episode], duration: float) -> list[Episode]:
    """Non-overlapping pieces of [0, duration), each from the last layer that covers it."""
    cuts = np.unique([0.0, duration, *(x.start for x in layers), *(x.end for x in layers)])
    cuts = cuts[(cuts >= 0.0) & (cuts <= duration)]
    owner = np.full(cuts.size - 1, -1)
    for number, layer in enumerate(layers):
        low, high = np.searchsorted(cuts, (layer.start, layer.end))
        owner[low:high] = number
    pieces: list[Episode] = []
    for index, number in enumerate(owner):
        layer = layers[number] if number >= 0 else Episode(0.0, duration, NOISE, 0.5)
        piece = replace(layer, start=float(cuts[index]), end=float(cuts[index + 1]))
        pieces.append(piece)
    return _join(pieces)


def _join(pieces: Sequence[Episode]) -> list[Episode]:
    """Equal neighbours made one, and remains too short to be a rhythm given to a neighbour."""
    joined: list[Episode] = []
    for piece in pieces:
        before = joined[-1] if joined else None
        if before is not None and before.code == piece.code:
            joined[-1] = replace(before, end=piece.end, score=_mean_score(before, piece))
        elif before is not None and _is_remnant(before):
            # What led up to a rhythm goes to it, like the fast beats at the onset of AF.
            start = joined.pop().start
            earlier = joined[-1] if joined else None
            if earlier is not None and earlier.code == piece.code:
                start = joined.pop().start
            joined.append(replace(piece, start=start))
        else:
            joined.append(piece)
    if len(joined) > 1 and _is_remnant(joined[-1]):
        last = joined.pop()
        joined[-1] = replace(joined[-1], end=last.end)
    return joined


def _absorb_edges(states: list[Episode]) -> list[Episode]:
    """What lies before the first beat, or after the last one, belongs to the rhythm beside it."""
    found = list(states)
    if len(found) > 1 and _is_edge(found[0]) and found[1].code not in _NO_RHYTHM:
        first = found.pop(0)
        found[0] = replace(found[0], start=first.start)
    if len(found) > 1 and _is_edge(found[-1]) and found[-2].code not in _NO_RHYTHM:
        last = found.pop()
        found[-1] = replace(found[-1], end=last.end)
    return found


def _is_edge(piece: Episode) -> bool:
    return piece.code == NORMAL and piece.end - piece.start < _LONGEST_EDGE


def _is_remnant(piece: Episode) -> bool:
    return piece.end - piece.start < _SHORTEST.get(piece.code, 0.0)


def _mean_score(one: Episode, other: Episode) -> float:
    first, second = one.end - one.start, other.end - other.start
    return (one.score * first + other.score * second) / (first + second)


def _weigh(claim: Episode, times: FloatArray, sure: FloatArray) -> Episode:
    low, high = np.searchsorted(times, (claim.start, claim.end))
    trust = float(sure[low:high].mean()) if high > low else 1.0
    return replace(claim, score=max(claim.score * trust, 0.01))


def _normal_score(times: FloatArray) -> float:
    usual = float(np.median(np.diff(times)))
    room = min(usual - FASTEST_NORMAL, SLOWEST_NORMAL - usual)
    return score_beyond(room / 0.15)


def _noise_score(quality: FloatArray) -> float:
    return score_beyond(1.0 - float(quality.min()) / UNREADABLE_BELOW)


def _readable(unreadable: Sequence[Episode], duration: float) -> list[tuple[float, float]]:
    edges = [0.0, *(x for item in unreadable for x in (item.start, item.end)), duration]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
