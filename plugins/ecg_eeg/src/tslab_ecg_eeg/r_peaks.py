"""R peaks of one lead, and beats agreed on by several leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab_ecg_eeg.arrays import BoolArray, FloatArray, IntArray
from tslab_ecg_eeg.beat_matching import MATCH, distance_to_nearest, nearest
from tslab_ecg_eeg.qrs_detectors import (
    REFRACTORY,
    Lead,
    condition,
    drop_too_close,
    pan_tompkins,
    two_averages,
)
from tslab_ecg_eeg.signal_quality import lead_quality, quiet_seconds

_FIRST_OPINION = 0.6
_NONE: IntArray = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class LeadBeats:
    """What one lead says.

    Attributes:
        first: R peaks by the main detector, refined; samples of the recording.
        second: QRS positions by the second detector; samples of the recording.
        quality: (seconds,) signal quality in [0, 1] at 0.5, 1.5, ... s.
        quiet: (seconds,) True where the lead is connected and holds no QRS complex nor noise.
    """

    first: IntArray
    second: IntArray
    quality: FloatArray
    quiet: BoolArray


@dataclass(frozen=True, slots=True)
class Survey:
    """What all leads say together.

    Attributes:
        indices: (n,) beats as sample indices, ascending.
        scores: (n,) in [0, 1].
        quality: (seconds,) of the best lead at each second, in [0, 1].
        quiet: (seconds,) True where a connected lead shows a line without QRS complexes.
    """

    indices: IntArray
    scores: FloatArray
    quality: FloatArray
    quiet: BoolArray


def detect_r_peaks(ecg: FloatArray, sampling_rate: float) -> IntArray:
    """R peaks of one lead.

    Args:
        ecg: (n,) one lead, any unit and polarity; NaN and infinity are gaps.
        sampling_rate: in Hz; 100 or more gives the stated accuracy.

    Returns:
        Ascending sample indices of the peaks; empty where the lead holds no readable beat.
    """
    ecg = np.asarray(ecg, dtype=np.float64)
    lead = condition(ecg, sampling_rate)
    if lead is None:
        return np.empty(0, dtype=np.int64)
    return _refine(ecg, sampling_rate, lead, pan_tompkins(lead))


def detect_beats(leads: Sequence[FloatArray], sampling_rate: float) -> tuple[IntArray, FloatArray]:
    """Beats on which the leads agree, each lead weighted by its quality at that moment.

    A beat is kept when the weighted share of votes is at least one half. Each lead has two:
    0.6 for the main detector and 0.4 for the second one. A lead that turns to noise loses its
    weight for as long as that lasts.

    Args:
        leads: one or more (n,) arrays on one time axis.
        sampling_rate: in Hz.

    Returns:
        Ascending sample indices, and for each beat a score in [0, 1]: the share of votes times
        the quality of the best lead around it.
    """
    found = survey(leads, sampling_rate)
    return found.indices, found.scores


def survey(leads: Sequence[FloatArray], sampling_rate: float) -> Survey:
    """The beats of `detect_beats`, with the quality of the signal second by second.

    Args:
        leads: one or more (n,) arrays on one time axis.
        sampling_rate: in Hz.
    """
    opinions = [examine_lead(np.asarray(ecg, dtype=np.float64), sampling_rate) for ecg in leads]
    if not opinions:
        return Survey(_NONE, np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    quality = np.max([opinion.quality for opinion in opinions], axis=0)
    quiet = np.any([opinion.quiet for opinion in opinions], axis=0)
    heard = [opinion for opinion in opinions if opinion.first.size]
    if not heard:
        return Survey(_NONE, np.zeros(0), quality, quiet)
    # The best lead gives the positions: changing leads from beat to beat would add jitter to RR.
    heard.sort(key=lambda opinion: -float(opinion.quality.mean()))
    return Survey(*_vote(heard, sampling_rate), quality, quiet)


def examine_lead(ecg: FloatArray, sampling_rate: float) -> LeadBeats:
    """Beats of one lead by both detectors, with its quality second by second.

    Args:
        ecg: (n,) one lead.
        sampling_rate: in Hz.
    """
    seconds = max(1, int(np.ceil(ecg.size / sampling_rate))) if sampling_rate > 0 else 1
    lead = condition(ecg, sampling_rate)
    if lead is None:
        return LeadBeats(_NONE, _NONE, np.zeros(seconds), np.zeros(seconds, dtype=bool))
    raw, second = pan_tompkins(lead), two_averages(lead)
    return LeadBeats(
        _refine(ecg, sampling_rate, lead, raw),
        np.rint(second * (sampling_rate / lead.rate)).astype(np.int64),
        lead_quality(lead, raw, second, seconds),
        quiet_seconds(lead, raw, seconds),
    )


def _refine(ecg: FloatArray, sampling_rate: float, lead: Lead, found: IntArray) -> IntArray:
    """Move each find to the extremum of the recording near it; drop those inside gaps."""
    found = found[lead.valid[found]]
    centres: IntArray = np.rint(found * (sampling_rate / lead.rate)).astype(np.int64)
    if not centres.size:
        return _NONE
    half, near = max(2, round(0.15 * sampling_rate)), max(1, round(0.06 * sampling_rate))
    at = np.clip(centres[:, None] + np.arange(-half, half + 1), 0, ecg.size - 1)
    values = np.where(np.isfinite(ecg[at]), ecg[at], np.nan)
    values -= np.nanmedian(values, axis=1, keepdims=True)
    core = values[:, half - near : half + near + 1]
    up, down = (
        np.where(np.isfinite(core), core, -np.inf),
        np.where(np.isfinite(core), -core, -np.inf),
    )
    highest, deepest = up.max(axis=1), down.max(axis=1)
    upright = _polarity(highest, deepest)
    offset = np.where(upright, up.argmax(axis=1), down.argmax(axis=1)) - near
    peaks = np.clip(centres + offset, 0, ecg.size - 1)
    # In place order can only break where two finds share one extremum.
    order = np.argsort(peaks, kind="stable")
    height = np.maximum(highest, deepest)[order]
    peaks = drop_too_close(peaks[order], height, round(REFRACTORY * sampling_rate))
    kept: IntArray = peaks[np.isfinite(ecg[peaks])]
    return kept


def _polarity(highest: FloatArray, deepest: FloatArray) -> BoolArray:
    """Which beats have their peak above the line: the lead's habit, unless a beat is clear."""
    usual = float(np.median(highest)) >= float(np.median(deepest))
    clearly_up, clearly_down = highest > 2.0 * deepest, deepest > 2.0 * highest
    upright: BoolArray = ~clearly_down if usual else clearly_up
    return upright


def _vote(opinions: list[LeadBeats], sampling_rate: float) -> tuple[IntArray, FloatArray]:
    reference = opinions[0].first
    reach = MATCH * sampling_rate
    firsts = [reference] + [_align(item.first, reference, reach) for item in opinions[1:]]
    merged = np.sort(np.concatenate(firsts))
    breaks = np.flatnonzero(np.diff(merged) > reach) + 1
    starts, ends = np.append(0, breaks), np.append(breaks, merged.size)
    middle = merged[(starts + ends) // 2]
    ballots, weights, places = [], [], []
    for item, first in zip(opinions, firsts, strict=True):
        second_at = np.clip((middle / sampling_rate).astype(np.int64), 0, item.quality.size - 1)
        weights.append(item.quality[second_at] ** 2 + 1e-6)
        heard = distance_to_nearest(middle, first) <= reach
        seconded = distance_to_nearest(middle, item.second) <= reach
        ballots.append(_FIRST_OPINION * heard + (1 - _FIRST_OPINION) * seconded)
        places.append(np.where(heard, nearest(middle, first), -1))
    weight = np.array(weights)
    votes = (np.array(ballots) * weight).sum(axis=0) / weight.sum(axis=0)
    place = np.array(places)
    chosen = place[np.argmax(place >= 0, axis=0), np.arange(middle.size)]
    scores = np.clip(votes * np.sqrt(weight.max(axis=0)), 0.0, 1.0)
    kept = votes >= 0.5
    peaks, order = np.unique(chosen[kept], return_index=True)
    best = scores[kept][order]
    spaced = drop_too_close(peaks, best, round(REFRACTORY * sampling_rate))
    return spaced, best[np.searchsorted(peaks, spaced)]


def _align(beats: IntArray, reference: IntArray, reach: float) -> IntArray:
    """Shift one lead's beats by its usual delay: R peaks differ by 10 to 40 ms between leads."""
    delay = beats - nearest(beats, reference)
    same = np.abs(delay) <= reach
    if same.sum() < 5:
        return beats
    return np.maximum(beats - round(float(np.median(delay[same]))), 0)
