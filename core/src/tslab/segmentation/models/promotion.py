"""Whether a new model may replace what serves: one rule for `train` and for the backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.errors import counted
from tslab.segmentation.evaluation.comparison import Comparison, Learned, compare, paired

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.segmentation.evaluation.fold_predictions import HeldOut
    from tslab.segmentation.evaluation.report import Trial
    from tslab.segmentation.evaluation.scores import Tolerances
    from tslab.segmentation.models.card import ModelCard
    from tslab.spans import Span

TOLERANCE = 0.02
"""How much lower a new model's overall score may be in any case: folds dealt otherwise move it."""

MOST_TOLERANCE = 0.05
"""A model that is so much lower does not serve, however uncertain the difference is."""

SHARE_OF_ERROR = 0.5
"""Of the standard error: a whole one let in four times as many models that bad labels spoiled, and
hardly more that were better."""

LEAST_SCORE = 0.05
"""Two models that are both below are right about next to nothing: a tie that proves nothing."""

LEAST_SHARE = 0.02
"""Of the reviewed time; less than that is too little to judge a model by."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, and why, in words.

    Attributes:
        promote: Whether the new model is no worse.
        reason: What was compared, with figures.
    """

    promote: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What serves at present.

    Attributes:
        version: What it calls itself.
        segment: What it predicts for a recording.
        card: Of a model; None for a segmenter that does not learn.
        held_out: What the model's folds predicted, see `read_held_out`.
    """

    version: str
    segment: Callable[[Recording], Sequence[Span]]
    card: ModelCard | None = None
    held_out: Sequence[HeldOut] = ()


def no_worse(
    new: ModelCard,
    old: Standing | None,
    trials: Sequence[Trial] | None,
    domain: Domain,
    tolerances: Tolerances | None = None,
) -> Verdict:
    """Whether a new model is no worse than what serves.

    1. It is promoted if nothing serves, or if it learned other labels than the model that serves,
       whose predictions could not be used any more.
    2. Otherwise it must have been evaluated, and both are scored on the same reviewed time: on each
       recording that neither learned from in what is compared, see `paired`.
    3. Where that proves nothing (neither is right, or it is next to nothing of what was reviewed),
       the held-out scores of both cards are compared.

    The overall score, the mean of macro F1, event F1 and instant F1, may be `TOLERANCE` lower. A
    model of the same kind, which has only learned from newer annotations, may be lower by half a
    standard error of the difference, up to `MOST_TOLERANCE`: correct labels must not be held up by
    chance.

    Args:
        new: Card of the new model.
        old: What serves, None for nothing.
        trials: The new model's held-out predictions, None without evaluation.
        domain: The effective domain.
        tolerances: See `score`.
    """
    if old is None:
        return Verdict(True, "it is the first model")
    changed = _changed_labels(new, old.card) if old.card is not None else ""
    if changed:
        return Verdict(True, f"it learned other labels than the current one: {changed}")
    if trials is None:
        return Verdict(False, "it was not evaluated on held-out recordings")
    known = frozenset(old.card.trained_on if old.card is not None else ())
    learned = Learned(known, old.held_out)
    pairs = paired(trials, learned, old.segment, len(new.trained_on))
    found = compare(pairs, domain, tolerances)
    if old.card is None:
        return _against_rules(old.version, found, bool(trials))
    doubt = _doubt(found, pairs, trials)
    if doubt and old.card.scores.get("overall") is not None:
        return _by_cards(new, old.card, doubt)
    slack = min(max(TOLERANCE, SHARE_OF_ERROR * found.error), MOST_TOLERANCE)
    where = f"on {_place(pairs, known)}"
    same_kind = new.segmenter == old.card.segmenter
    return _compared(found.ours, found.theirs, where, slack if same_kind else TOLERANCE)


def _against_rules(version: str, found: Comparison, measured: bool) -> Verdict:
    """A first model against a segmenter that does not learn, which stays until it is matched."""
    if not measured:
        return Verdict(False, f"nothing could be held out to compare it with {version}")
    ours, theirs = _figure(found.ours), _figure(found.theirs)
    # No quotes around the version: the backend's log takes quoted words with a dot for a file.
    figures = f"{version}, on the same time: {ours} against {theirs}"
    if found.theirs is None or (found.ours is not None and found.ours >= found.theirs - TOLERANCE):
        return Verdict(True, f"it is no worse than {figures}")
    return Verdict(False, f"it is worse than {figures}")


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _place(pairs: Sequence[tuple[Trial, Trial]], known: frozenset[str]) -> str:
    keys = {ours.example.recording.id for ours, _ in pairs}
    count = counted(len(keys), "recordings")
    if keys & known:
        return f"the same reviewed time of {count}, each held out from both"
    return f"{count} that the current one never saw"


def _doubt(found: Comparison, pairs: Sequence[tuple[Trial, Trial]], trials: Sequence[Trial]) -> str:
    """Why both on the same time cannot decide, "" if it can."""
    if not pairs:
        return "nothing was held out from both"
    if found.ours is None or found.theirs is None:
        return "nothing was marked where both can be compared"
    if max(found.ours, found.theirs) < LEAST_SCORE:
        return f"neither is right: {found.ours:.3f} against {found.theirs:.3f}"
    if _reviewed([ours for ours, _ in pairs]) < LEAST_SHARE * _reviewed(trials):
        return "too little was reviewed where both can be compared"
    return ""


def _reviewed(trials: Sequence[Trial]) -> float:
    """Seconds, summed over recordings and tiers."""
    return sum(b - a for t in trials for part in t.example.reviewed.values() for a, b in part)


def _by_cards(new: ModelCard, old: ModelCard, doubt: str) -> Verdict:
    where = f"on each one's held-out recordings, because {doubt}"
    return _compared(new.scores.get("overall"), old.scores.get("overall"), where, TOLERANCE)


def _compared(new: float | None, old: float | None, where: str, slack: float) -> Verdict:
    if old is None:
        return Verdict(True, "the current model has no held-out score")
    if new is None:
        return Verdict(False, "its held-out score is undefined")
    figures = f"overall score {new:.3f} against {old:.3f} {where}"
    if slack > TOLERANCE:
        figures += f"; {slack:.3f} of it may be chance"
    if new >= old - slack:
        return Verdict(True, f"it is no worse than the current model: {figures}")
    return Verdict(False, f"it is worse than the current model: {figures}")


def _changed_labels(new: ModelCard, old: ModelCard) -> str:
    ours = {f"{tier}: {name}" for tier, names in new.labels.items() for name in names}
    theirs = {f"{tier}: {name}" for tier, names in old.labels.items() for name in names}
    changes = [*(f"+{x}" for x in sorted(ours - theirs)), *(f"-{x}" for x in sorted(theirs - ours))]
    return ", ".join(changes[:4]) + (", ..." if len(changes) > 4 else "")
