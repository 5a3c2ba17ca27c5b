"""Whether a new model may replace the one that serves: one rule for `train` and for the backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.errors import DataError, counted
from tslab.segmentation.evaluation import Tolerances, score_trials
from tslab.segmentation.report import Report, Trial

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.segmentation.model_card import ModelCard
    from tslab.spans import Span

TOLERANCE = 0.02
"""How much lower a new model's overall score may be: folds dealt otherwise move it that much."""


LEAST_SCORE = 0.05
"""Two models that are both below are right about next to nothing: a tie that proves nothing."""

LEAST_SHARE = 0.02
"""Of the reviewed time; fewer new recordings than that are too few to overrule all the others."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, and why, in words.

    Attributes:
        promote: Whether the new model is no worse.
        reason: What was compared, with figures.
    """

    promote: bool
    reason: str


def no_worse(
    new: ModelCard,
    old: ModelCard | None,
    report: Report | None,
    segment_old: Callable[[Recording], Sequence[Span]],
    domain: Domain,
    tolerances: Tolerances | None = None,
) -> Verdict:
    """Whether a new model is no worse than the one that serves.

    1. The first model is promoted, and so is one that learned other labels than the old one, whose
       predictions could not be used any more.
    2. Otherwise it must have been evaluated. If some of its recordings are new to the old model,
       both predict those: the old model as it is, the new one by the fold that did not learn them.
    3. Without such recordings the held-out scores of both cards are compared, and also where those
       recordings prove nothing: neither model is right about them, or they are next to nothing of
       what the new one learned from.

    The new one may be lower by `TOLERANCE` in the overall score, the mean of macro F1, event F1 and
    instant F1.

    Args:
        new: Card of the new model.
        old: Card of the model that serves, None without one.
        report: The new model's cross-validation, None without one.
        segment_old: What the old model predicts; called for recordings that it never saw.
        domain: The effective domain.
        tolerances: See `score`.
    """
    if old is None:
        return Verdict(True, "it is the first model")
    changed = _changed_labels(new, old)
    if changed:
        return Verdict(True, f"it learned other labels than the current one: {changed}")
    if report is None:
        return Verdict(False, "it was not evaluated on held-out recordings")
    fresh = [t for t in report.trials if t.example.recording.id not in set(old.trained_on)]
    where = "on each one's held-out recordings"
    if fresh:
        ours = score_trials(fresh, domain, tolerances).scores["overall"]
        tried = [Trial(t.example, _predicted(segment_old, t)) for t in fresh]
        theirs = score_trials(tried, domain, tolerances).scores["overall"]
        count = counted(len({trial.example.recording.id for trial in fresh}), "recordings")
        unseen = f"{count} that the current one never saw"
        if ours is not None and theirs is not None:
            doubt = _doubt(ours, theirs, fresh, report.trials)
            if not doubt or old.scores.get("overall") is None:
                return _compared(ours, theirs, f"on {unseen}")
            where += f", because of the {unseen} {doubt}"
    return _compared(new.scores.get("overall"), old.scores.get("overall"), where)


def _doubt(ours: float, theirs: float, fresh: Sequence[Trial], trials: Sequence[Trial]) -> str:
    """Why recordings that the old model never saw cannot decide, "" if they can."""
    if max(ours, theirs) < LEAST_SCORE:
        return f"neither is right: {ours:.3f} against {theirs:.3f}"
    if _reviewed(fresh) < LEAST_SHARE * _reviewed(trials):
        return "too little was reviewed"
    return ""


def _reviewed(trials: Sequence[Trial]) -> float:
    """Seconds, summed over recordings and tiers."""
    return sum(b - a for t in trials for part in t.example.reviewed.values() for a, b in part)


def _compared(new: float | None, old: float | None, where: str) -> Verdict:
    if old is None:
        return Verdict(True, "the current model has no held-out score")
    if new is None:
        return Verdict(False, "its held-out score is undefined")
    figures = f"overall score {new:.3f} against {old:.3f} {where}"
    if new >= old - TOLERANCE:
        return Verdict(True, f"it is no worse than the current model: {figures}")
    return Verdict(False, f"it is worse than the current model: {figures}")


def _predicted(segment: Callable[[Recording], Sequence[Span]], trial: Trial) -> Sequence[Span]:
    try:
        return list(segment(trial.example.recording))
    except DataError:
        return []  # a model that cannot read a recording finds nothing in it


def _changed_labels(new: ModelCard, old: ModelCard) -> str:
    ours = {f"{tier}: {name}" for tier, names in new.labels.items() for name in names}
    theirs = {f"{tier}: {name}" for tier, names in old.labels.items() for name in names}
    changes = [*(f"+{x}" for x in sorted(ours - theirs)), *(f"-{x}" for x in sorted(theirs - ours))]
    return ", ".join(changes[:4]) + (", ..." if len(changes) > 4 else "")
