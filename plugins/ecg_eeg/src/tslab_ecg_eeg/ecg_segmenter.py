"""The ECG segmenter: R peaks, rhythm states with atrial fibrillation, pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tslab import DataError, Domain, Recording, Signal, Span
from tslab_ecg_eeg.arrays import FloatArray
from tslab_ecg_eeg.ecg_ontology import LEAD_NAMES
from tslab_ecg_eeg.episodes import Episode
from tslab_ecg_eeg.rhythm import NOISE, Rhythm, analyse_rhythm
from tslab_ecg_eeg.rhythm_rules import ASYSTOLE

PAUSE_CODE = "(PAUSE"
LEAST_SURE = 0.25
"""Beats below this score lie in noise: an annotator would only have to delete them."""

LEAST_SURE_IN_NOISE = 0.5
"""The same where the rhythm is called noise."""


@dataclass(frozen=True, slots=True)
class RuleSegmenter:
    """R peaks by sleepecg, rhythms by published rules; see `analyse_rhythm` for the sources.

    Attributes:
        domain: The effective domain; labels that it lacks are left out.
        version: Changes when the same recording would give other spans.
    """

    domain: Domain
    version: str = "0.1"

    def segment(self, recording: Recording) -> list[Span]:
        """Rhythm states that cover the recording, and beats; each with a score.

        Args:
            recording: One or more leads; those of the fastest rate are used.

        Raises:
            DataError: The recording has no ECG lead.
        """
        leads, rate = read_leads(recording)
        found = analyse_rhythm(leads, rate)
        end = recording.duration
        # Without a label for pauses they stay part of the rhythm around them.
        pauses = found.pauses if self._label("rhythm", PAUSE_CODE) is not None else []
        states = _until(list(_with_pauses(found.states, pauses)), end, 1 / rate)
        spans = [
            Span(
                start=min(episode.start, end),
                end=min(episode.end, end),
                label=label,
                tier="rhythm",
                score=round(min(episode.score, 1.0), 4),
            )
            for episode in states
            if (label := self._label("rhythm", _code(episode))) is not None
            and min(episode.end, end) > episode.start
        ]
        least = _least_sure(found)
        for at, score, wide in zip(found.beats, found.beat_scores, found.ventricular, strict=True):
            label = self._label("beats", "V" if wide else "N")
            at = float(at)
            if label is not None and at <= end and score >= least(at):
                spans.append(Span(at, at, label, "beats", score=round(float(score), 4)))
        return spans

    def _label(self, tier: str, code: str) -> str | None:
        labels = next((t.labels for t in self.domain.tiers if t.name == tier), ())
        return next((label.name for label in labels if label.code == code), None)


def read_leads(recording: Recording) -> tuple[list[FloatArray], float]:
    """Samples of the leads that share the fastest rate, float64 ``(n,)`` each, and that rate (Hz).

    All begin with the recording and end with it: NaN where a lead has no samples.

    Raises:
        DataError: There is none.
    """
    leads = [
        _on_grid(s)
        for s in recording.signals
        if s.name in LEAD_NAMES and not s.derived and s.sample_count
    ]
    if not leads:
        raise DataError(
            f"recording '{recording.id}' has no ECG lead",
            "Map one in tslab.yaml, for example channels: {'ECG lead 1': II}.",
        )
    rate = max(lead_rate for _, lead_rate in leads)
    fastest = [values for values, lead_rate in leads if lead_rate == rate]
    count = max(round(recording.duration * rate), 1)
    return [_of_length(values, count) for values in fastest], rate


def _on_grid(signal: Signal) -> tuple[FloatArray, float]:
    """A lead at equal distances, ``(n,)``, and its rate in Hz; NaN in gaps of irregular times."""
    values = np.asarray(signal.values(), dtype=np.float64)
    if signal.times is None:
        return values, signal.sampling_rate
    steps = np.diff(signal.times)
    steps = steps[steps > 0]
    if not steps.size:
        return values, signal.sampling_rate
    step = float(np.median(steps))
    grid = np.arange(round(float(signal.times[-1]) / step) + 1) * step
    placed: FloatArray = np.interp(grid, signal.times, values, left=np.nan)
    after = np.clip(np.searchsorted(signal.times, grid), 1, signal.times.size - 1)
    near = np.minimum(np.abs(signal.times[after] - grid), np.abs(signal.times[after - 1] - grid))
    placed[near > step] = np.nan
    return placed, 1 / step


def _of_length(values: FloatArray, count: int) -> FloatArray:
    if values.size >= count:
        return values[:count]
    return np.pad(values, (0, count - values.size), constant_values=np.nan)


def heart_rate(recording: Recording) -> Signal:
    """Instantaneous heart rate of a recording at 4 Hz, in beats a minute.

    Raises:
        DataError: The recording has no ECG lead.
    """
    from tslab_ecg_eeg.ecg_ontology import HEART_RATE
    from tslab_ecg_eeg.r_peaks import detect_beats
    from tslab_ecg_eeg.tachogram import instantaneous_heart_rate

    leads, rate = read_leads(recording)
    peaks, _ = detect_beats(leads, rate)
    values = instantaneous_heart_rate(peaks, rate, recording.duration)
    return Signal.from_array(
        HEART_RATE.name, values, 4.0, HEART_RATE.unit, kind="state", derived=True
    )


def _code(episode: Episode) -> str:
    return PAUSE_CODE if episode.code == "pause" else episode.code


def _least_sure(found: Rhythm) -> Callable[[float], float]:
    """The score that a beat at a time in seconds needs."""
    noise = [(state.start, state.end) for state in found.states if state.code == NOISE]

    def least(at: float) -> float:
        in_noise = any(start <= at < end for start, end in noise)
        return LEAST_SURE_IN_NOISE if in_noise else LEAST_SURE

    return least


def _until(states: Sequence[Episode], end: float, sample: float) -> list[Episode]:
    """States whose last one ends with the recording, where only rounding lies between."""
    if not states or abs(states[-1].end - end) > sample:
        return list(states)
    return [*states[:-1], replace(states[-1], end=end)]


def _with_pauses(states: Sequence[Episode], pauses: Sequence[Episode]) -> Iterator[Episode]:
    """States with the pauses cut out of them: a moment has one state, and a pause is the graver."""
    for state in states:
        at = state.start
        for pause in pauses:
            if pause.end <= at or pause.start >= state.end or state.code in {ASYSTOLE, NOISE}:
                continue
            if pause.start > at:
                yield Episode(at, pause.start, state.code, state.score)
            yield Episode(max(pause.start, at), min(pause.end, state.end), pause.code, pause.score)
            at = min(pause.end, state.end)
        if state.end > at:
            yield Episode(at, state.end, state.code, state.score)
