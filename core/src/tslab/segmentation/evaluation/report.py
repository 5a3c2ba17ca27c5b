"""The evaluation report: figures with what they rest on, and reasons where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tslab.segmentation.evaluation.tier_counts import NOTHING, Hits, LabelCounts, TierCounts

if TYPE_CHECKING:
    from tslab.contracts import TrainingExample
    from tslab.spans import Span

HEADLINE = ("overall", "balanced_accuracy", "macro_f1", "event_f1", "instant_f1", "ece")
"""Names of the headline figures, in the order in which they are shown."""

LEAST_NOTHING = 0.01
"""Of a tier's reviewed time. Less without a label are slivers between two regions, no class."""

BINS = 10
SECOND = 1e6


@dataclass(frozen=True, slots=True)
class Bin:
    """Regions with scores between two limits.

    Attributes:
        low: Lowest score, included.
        high: Highest score, excluded but for 1.
        count: Regions.
        mean_score: Mean of their scores, None without any.
        right: Share of them that is right, None without any.
    """

    low: float
    high: float
    count: int
    mean_score: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether scores are probabilities: of regions with score 0.8, four of five are right.

    Attributes:
        error: Expected calibration error: mean distance between score and share of right ones.
        regions: How many have a score.
        bins: Ten, by score.
        missing: Why there is no error, "" if there is one.
    """

    error: float | None
    regions: int
    bins: Sequence[Bin]
    missing: str = ""


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label.

    Attributes:
        label: Its name.
        seconds: Labelled time in the reference.
        time_f1: F1 of its time, None where neither side has any.
        events: Ranges: in the reference, in the hypothesis, matched at IoU 0.5.
        event_f1: F1 of ranges.
        instants: The same of instants.
        instant_f1: F1 of instants.
    """

    label: str
    seconds: float
    time_f1: float | None
    events: Hits
    event_f1: float | None
    instants: Hits
    instant_f1: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """Seconds by class of the reference (rows) and of the hypothesis (columns); "" is nothing."""

    classes: Sequence[str]
    seconds: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class TierScore:
    """One tier.

    Attributes:
        tier: Its name.
        kind: Its kind.
        balanced_accuracy: Mean share of each class's time that is found, "nothing" being a class.
        macro_f1: Mean F1 of time over labels on either side.
        event_f1: F1 of all ranges at IoU 0.5.
        instant_f1: F1 of all instants.
        tolerance: Seconds between instants that are the same.
        labels: By name.
        confusion: Of time.
        calibration: Of region scores.
        missing: Name of a figure -> why it is None.
    """

    tier: str
    kind: str
    balanced_accuracy: float | None
    macro_f1: float | None
    event_f1: float | None
    instant_f1: float | None
    tolerance: float
    labels: Sequence[LabelScore]
    confusion: Confusion
    calibration: Calibration
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RecordingScore:
    """One recording, all tiers.

    Attributes:
        recording: Its id.
        seconds: Reviewed time, summed over tiers.
        spans: In the reference.
        scores: Headline figures.
    """

    recording: str
    seconds: float
    spans: int
    scores: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """A recording, or a part of it, and what was predicted for it by a model that never saw it."""

    example: TrainingExample
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Report:
    """What `score` and `cross_validate` found.

    Attributes:
        method: How it was measured, one sentence.
        scores: Headline figures by name, see `HEADLINE`; means over tiers.
        missing: Name of a headline figure -> why it is None.
        tiers: In the domain's order.
        calibration: Of all regions of all tiers.
        recordings: By id.
        notes: What a reader must know: what was left out, what failed.
        trials: What was compared; not part of the files.
    """

    method: str
    scores: Mapping[str, float | None]
    missing: Mapping[str, str]
    tiers: Sequence[TierScore]
    calibration: Calibration
    recordings: Sequence[RecordingScore]
    notes: Sequence[str] = ()
    trials: Sequence[Trial] = field(default=(), repr=False)

    def document(self) -> dict[str, object]:
        """The report as a JSON object."""
        import dataclasses

        import msgspec

        plain: dict[str, object] = msgspec.to_builtins(dataclasses.replace(self, trials=()))
        del plain["trials"]
        return plain


# --- from counts to figures ---------------------------------------------------------------


def tier_score(tier: str, kind: str, counts: TierCounts, tolerance: int) -> TierScore:
    """The figures of one tier."""
    ranged = bool(counts.confusion)
    events, instants = _all_hits(counts)
    labels = [_label_score(name, counts.labels[name]) for name in sorted(counts.labels)]
    scores = [label.time_f1 for label in labels if label.time_f1 is not None]
    values = {
        "balanced_accuracy": _balanced_accuracy(counts) if ranged else None,
        "macro_f1": _mean(scores),
        "event_f1": events.f1,
        "instant_f1": instants.f1,
    }
    without = _why_nothing(counts)
    reasons = {
        "balanced_accuracy": without or "no ranges, neither true nor predicted",
        "macro_f1": without or "no ranges, neither true nor predicted",
        "event_f1": without or "no ranges, neither true nor predicted",
        "instant_f1": without or "no instants, neither true nor predicted",
    }
    return TierScore(
        tier=tier,
        kind=kind,
        tolerance=tolerance / SECOND,
        labels=labels,
        confusion=_confusion(counts),
        calibration=calibration(counts.regions, counts.unscored),
        missing={name: reasons[name] for name, value in values.items() if value is None},
        **values,
    )


def _why_nothing(counts: TierCounts) -> str:
    return "" if counts.reviewed else "no reviewed time"


def _all_hits(counts: TierCounts) -> tuple[Hits, Hits]:
    events, instants = Hits(), Hits()
    for label in counts.labels.values():
        events.add(label.events)
        instants.add(label.instants)
    return events, instants


def _label_score(name: str, counts: LabelCounts) -> LabelScore:
    return LabelScore(
        label=name,
        seconds=counts.time.reference / SECOND,
        time_f1=counts.time.f1,
        events=counts.events,
        event_f1=counts.events.f1,
        instants=counts.instants,
        instant_f1=counts.instants.f1,
    )


def _balanced_accuracy(counts: TierCounts) -> float | None:
    found: dict[str, float] = {}
    whole: dict[str, float] = {}
    for (true, said), length in counts.confusion.items():
        whole[true] = whole.get(true, 0) + length
        found[true] = found.get(true, 0) + (length if true == said else 0)
    if len(whole) > 1 and whole.get(NOTHING, 0) < LEAST_NOTHING * sum(whole.values()):
        whole.pop(NOTHING, None)
    return _mean([found[name] / whole[name] for name in sorted(whole)])


def _confusion(counts: TierCounts) -> Confusion:
    """Seconds by pair of classes; slivers of nothing are no class and get no row and column."""
    names = {name for pair in counts.confusion for name in pair}
    nothing = sum(length for pair, length in counts.confusion.items() if NOTHING in pair)
    if nothing < LEAST_NOTHING * sum(counts.confusion.values()):
        names.discard(NOTHING)
    classes = sorted(names - {NOTHING}) + ([NOTHING] if NOTHING in names else [])
    rows = [
        [counts.confusion.get((row, column), 0) / SECOND for column in classes] for row in classes
    ]
    return Confusion(classes, rows)


def calibration(regions: Sequence[tuple[float, bool]], unscored: int = 0) -> Calibration:
    """How far scores are from the share of right regions.

    Args:
        regions: Score from 0 to 1, and whether the region is right.
        unscored: Regions without a score.
    """
    sorted_in: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, right in regions:
        sorted_in[min(int(score * BINS), BINS - 1)].append((score, right))
    bins = []
    distance = 0.0
    for number, members in enumerate(sorted_in):
        size = len(members)
        mean = sum(score for score, _ in members) / size if size else None
        share = sum(right for _, right in members) / size if size else None
        if mean is not None and share is not None:
            distance += size * abs(mean - share)
        bins.append(Bin(number / BINS, (number + 1) / BINS, size, mean, share))
    if regions:
        return Calibration(distance / len(regions), len(regions), bins)
    why = f"none of {unscored} regions has a score" if unscored else "no regions were predicted"
    return Calibration(None, 0, bins, why)


def headline(
    tiers: Sequence[TierScore], calibrated: Calibration
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Means over tiers by name, and why a figure is missing.

    `overall` is the mean over tiers of the mean of macro F1, event F1 and instant F1, whichever a
    tier has: the one number by which models are compared.
    """
    parts = [[t.macro_f1, t.event_f1, t.instant_f1] for t in tiers]
    overall = [_mean([value for value in part if value is not None]) for part in parts]
    scores: dict[str, float | None] = {
        "overall": _mean([value for value in overall if value is not None])
    }
    for name in ("balanced_accuracy", "macro_f1", "event_f1", "instant_f1"):
        values = [getattr(tier, name) for tier in tiers]
        scores[name] = _mean([value for value in values if value is not None])
    scores["ece"] = calibrated.error
    missing = {name: _reason(name, tiers) for name, value in scores.items() if value is None}
    if "ece" in missing:
        missing["ece"] = calibrated.missing
    return scores, missing


def _reason(name: str, tiers: Sequence[TierScore]) -> str:
    reasons = {tier.missing[name] for tier in tiers if name in tier.missing}
    return "; ".join(sorted(reasons)) or "nothing was compared"


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
