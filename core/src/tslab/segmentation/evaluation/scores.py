"""How well a segmenter does: against given predictions, or by folds that it never learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tslab.errors import DataError, counted
from tslab.segmentation.evaluation.calibration_note import calibration_note
from tslab.segmentation.evaluation.report import (
    RecordingScore,
    Report,
    TierScore,
    Trial,
    calibration,
    headline,
    tier_score,
)
from tslab.segmentation.evaluation.tier_counts import TierCounts, count_tier
from tslab.segmentation.examples.folds import FOLDS, Fold, divided
from tslab.spans import Span, to_microseconds
from tslab.stretches import in_microseconds
from tslab.tolerances import tier_tolerance

if TYPE_CHECKING:
    from tslab.contracts import Progress, Segmenter, TrainableSegmenter, TrainingExample
    from tslab.domain import Domain, Tier

Tolerances = Mapping[str, float]
"""Tier -> seconds between instants that are the same; see `tier_tolerance` for the others."""


def score(
    examples: Sequence[TrainingExample],
    predicted: Mapping[str, Sequence[Span]],
    domain: Domain,
    tolerances: Tolerances | None = None,
) -> Report:
    """Compares predictions with what is known.

    Args:
        examples: What is known; only their reviewed time is compared.
        predicted: Spans by recording id; a recording that is missing counts as silence.
        domain: Its tiers are compared.
        tolerances: Where the usual ones do not fit, for example 0.15 s for heart beats.
    """
    trials = [Trial(example, predicted.get(example.recording.id, ())) for example in examples]
    return _report(trials, domain, tolerances or {}, counted(len(examples), "recordings"), ())


def cross_validate(
    examples: Sequence[TrainingExample],
    domain: Domain,
    create: Callable[[], TrainableSegmenter],
    folds: int = FOLDS,
    progress: Progress | None = None,
    tolerances: Tolerances | None = None,
) -> Report:
    """Trains without a part of the recordings and tests on that part, for each part.

    Recordings of one subject or machine stay together; a single recording is divided into blocks of
    time; see `folds`. A fold without anything to learn is left out and named in the notes.

    Args:
        examples: What to learn from.
        domain: The effective domain.
        create: Makes an untrained segmenter.
        folds: How many at most, 2 or more.
        progress: Told about all of it; None tells nobody.
        tolerances: See `score`.
    """
    report = progress or _silent
    made, how = divided(examples, max(2, folds))
    trials: list[Trial] = []
    notes: list[str] = []
    for number, fold in enumerate(made):

        def told(share: float, text: str, number: int = number) -> None:
            report((number + share) / len(made), f"fold {number + 1} of {len(made)}: {text}")

        told(0.0, "learning")
        try:
            segmenter = create()
            segmenter.fit(fold.learn, told)
        except DataError as error:
            notes.append(f"fold {number + 1} was left out: {error}")
            continue
        trials += _tried(segmenter, fold, notes)
    report(1.0, "scoring")
    notes += _unlearnable(made)
    found = _report(trials, domain, tolerances or {}, f"held out: {how}", notes)
    note = calibration_note(found.calibration)
    return replace(found, notes=[*found.notes, note]) if note else found


def _silent(share: float, text: str) -> None:
    del share, text


def _unlearnable(folds: Sequence[Fold]) -> list[str]:
    """A note about labels that nothing was left to learn from wherever they were tested."""
    tested: set[tuple[str, str]] = set()
    learned: set[tuple[str, str]] = set()
    for fold in folds:
        here = _labels(fold.test)
        tested |= here
        learned |= here & _labels(fold.learn)
    lost = sorted(label for _, label in tested - learned)
    if not lost:
        return []
    named = ", ".join(lost[:8]) + (f" and {len(lost) - 8} more" if len(lost) > 8 else "")
    return [f"marked in one part only, so that held out nothing was left to learn from: {named}"]


def _labels(examples: Sequence[TrainingExample]) -> set[tuple[str, str]]:
    return {(span.tier, span.label) for example in examples for span in example.spans}


def _tried(segmenter: Segmenter, fold: Fold, notes: list[str]) -> list[Trial]:
    trials = []
    for example in fold.test:
        try:
            spans = list(segmenter.segment(example.recording))
        except DataError as error:
            notes.append(f"nothing was predicted for '{example.recording.id}': {error}")
            spans = []
        trials.append(Trial(example, spans))
    return trials


def _report(
    trials: Sequence[Trial],
    domain: Domain,
    tolerances: Tolerances,
    method: str,
    notes: Sequence[str],
) -> Report:
    chosen = chosen_tolerances(trials, domain, tolerances)
    counted = [(trial, counts_by_tier(trial, domain, chosen)) for trial in trials]
    tiers, whole = _tiers([counts for _, counts in counted], domain, chosen)
    calibrated = calibration(whole.regions, whole.unscored)
    scores, missing = headline(tiers, calibrated)
    by_id: dict[str, list[tuple[Trial, Mapping[str, TierCounts]]]] = {}
    for trial, counts in counted:
        by_id.setdefault(trial.example.recording.id, []).append((trial, counts))
    return Report(
        method=method,
        scores=scores,
        missing=missing,
        tiers=tiers,
        calibration=calibrated,
        recordings=[_recording(key, by_id[key], domain, chosen) for key in sorted(by_id)],
        notes=list(notes),
        trials=trials,
    )


def chosen_tolerances(trials: Sequence[Trial], domain: Domain, given: Tolerances) -> dict[str, int]:
    """Microseconds between instants that are the same, by tier."""
    return {tier.name: _tolerance(tier, trials, given) for tier in domain.tiers}


def _tolerance(tier: Tier, trials: Sequence[Trial], given: Tolerances) -> int:
    if tier.name in given:
        return to_microseconds(given[tier.name])
    rows = [
        sorted(s.start_us for s in trial.example.spans if s.tier == tier.name and s.is_instant)
        for trial in trials
    ]
    return tier_tolerance(tier, rows)


def counts_by_tier(
    trial: Trial, domain: Domain, tolerances: Mapping[str, int]
) -> dict[str, TierCounts]:
    """What was predicted for a recording against what is known, by tier that was reviewed."""
    found = {}
    for tier in domain.tiers:
        reviewed = in_microseconds(trial.example.reviewed.get(tier.name, ()))
        if reviewed:
            reference = [span for span in trial.example.spans if span.tier == tier.name]
            hypothesis = [span for span in trial.spans if span.tier == tier.name]
            found[tier.name] = count_tier(reference, hypothesis, reviewed, tolerances[tier.name])
    return found


def _tiers(
    counted: Sequence[Mapping[str, TierCounts]], domain: Domain, tolerances: Mapping[str, int]
) -> tuple[list[TierScore], TierCounts]:
    """Scores of the tiers that were reviewed anywhere, and all their counts together."""
    tiers, whole = [], TierCounts()
    for tier in domain.tiers:
        own = [counts[tier.name] for counts in counted if tier.name in counts]
        together = TierCounts()
        for counts in own:
            together.add(counts)
        whole.add(together)
        if own:
            tiers.append(tier_score(tier.name, tier.kind, together, tolerances[tier.name]))
    return tiers, whole


def _recording(
    key: str,
    parts: Sequence[tuple[Trial, Mapping[str, TierCounts]]],
    domain: Domain,
    tolerances: Mapping[str, int],
) -> RecordingScore:
    tiers, whole = _tiers([counts for _, counts in parts], domain, tolerances)
    scores, _ = headline(tiers, calibration(whole.regions, whole.unscored))
    spans = sum(len(trial.example.spans) for trial, _ in parts)
    return RecordingScore(key, round(whole.reviewed / 1e6, 3), spans, scores)
