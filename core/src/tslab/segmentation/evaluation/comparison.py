"""Two models on the same reviewed time: who is better, and how much of that is chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tslab.errors import DataError
from tslab.segmentation.evaluation.report import Trial
from tslab.segmentation.evaluation.scores import Tolerances, chosen_tolerances, counts_by_tier
from tslab.segmentation.examples.folds import kin
from tslab.spans import Span, to_microseconds
from tslab.stretches import clipped, in_microseconds, subtract

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.segmentation.evaluation.fold_predictions import HeldOut
    from tslab.segmentation.evaluation.tier_counts import Hits, TierCounts

Floats = npt.NDArray[np.float64]
Segment = Callable[["Recording"], Sequence[Span]]

RESAMPLES = 400
"""Draws of the bootstrap: its error is known to a twentieth, which is enough here."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a model learned from, as far as a comparison must know.

    Attributes:
        recordings: Ids.
        held_out: What its folds predicted for them, by recording; empty without evaluation.
    """

    recordings: frozenset[str] = frozenset()
    held_out: Sequence[HeldOut] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same time.

    Attributes:
        ours: Overall score of the new one, None where it is undefined.
        theirs: Overall score of the old one.
        error: Standard error of the difference, 0 where there is one unit only.
    """

    ours: float | None
    theirs: float | None
    error: float


def paired(
    trials: Sequence[Trial], old: Learned, segment_old: Segment, learned: int
) -> list[tuple[Trial, Trial]]:
    """What both models say about the same time, neither having learned from it.

    A recording that the old model never saw it predicts as it is. For one that it learned from
    counts what its folds said. Left out is what would be no fair match, because one of the two
    learned more about it: recordings of a subject that only the old model knows, or that were held
    out from one model with all of their subject and from the other alone or by blocks of time.

    Args:
        trials: Held-out predictions of the new model.
        old: What the old model learned from, nothing for one that does not learn.
        segment_old: What it predicts.
        learned: Recordings that the new model learned from.
    """
    recordings = {trial.example.recording.id: trial.example.recording for trial in trials}
    families = kin(list(recordings.values()))
    before = kin([r for key, r in recordings.items() if key in old.recordings])
    known = {families[key] for key in before}
    kept = {item.recording: item for item in old.held_out}
    one_each = len(old.recordings) == 1 == learned
    alone = 1 in (len(old.recordings), learned)
    pairs = []
    for trial in trials:
        key = trial.example.recording.id
        if key not in old.recordings:
            if families[key] not in known:
                pairs.append((trial, Trial(trial.example, _predicted(segment_old, trial))))
        elif one_each and kept:
            pairs.append((trial, Trial(trial.example, _by_blocks(trial, old, segment_old))))
        elif key in kept and not alone and before[key] == families[key]:
            pairs.append((trial, Trial(trial.example, kept[key].spans)))
    return pairs


def _by_blocks(trial: Trial, old: Learned, segment_old: Segment) -> list[Span]:
    """The only recording of both: its blocks as the folds said, time that was new as it is."""
    whole = [(0, to_microseconds(trial.example.recording.duration) + 1)]
    found: list[Span] = []
    rest = _predicted(segment_old, trial)
    for tier in trial.example.reviewed:
        left = whole
        for item in old.held_out:
            part = in_microseconds(item.reviewed.get(tier, ()))
            found += clipped([span for span in item.spans if span.tier == tier], part)
            left = subtract(left, part)
        found += clipped([span for span in rest if span.tier == tier], left)
    return found


def _predicted(segment: Segment, trial: Trial) -> Sequence[Span]:
    try:
        return list(segment(trial.example.recording))
    except DataError:
        return []  # a model that cannot read a recording finds nothing in it


# --- scores and their uncertainty ---------------------------------------------------------


def compare(
    pairs: Sequence[tuple[Trial, Trial]], domain: Domain, tolerances: Tolerances | None = None
) -> Comparison:
    """Overall scores of both, and the standard error of their difference.

    The error is that of a paired bootstrap: recordings (subjects, where they are known; blocks of
    time, where there is one recording) are drawn with replacement, the same ones for both models.
    """
    chosen = chosen_tolerances([ours for ours, _ in pairs], domain, tolerances or {})
    sides = [[counts_by_tier(pair[side], domain, chosen) for pair in pairs] for side in (0, 1)]
    layout = _Layout.of([*sides[0], *sides[1]])
    units = _units([ours for ours, _ in pairs])
    rows = [np.array([layout.row(counts) for counts in side]) for side in sides]
    count = max(units, default=-1) + 1
    summed = [np.zeros((count, layout.width)) for _ in rows]
    for whole, parts in zip(summed, rows, strict=True):
        np.add.at(whole, units, parts.reshape(len(units), layout.width))
    ours, theirs = (_number(layout.overall(whole.sum(axis=0)[None])[0]) for whole in summed)
    if count < 2:
        return Comparison(ours, theirs, 0.0)
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    gap = layout.overall(draws @ summed[0]) - layout.overall(draws @ summed[1])
    gap = gap[~np.isnan(gap)]
    return Comparison(ours, theirs, float(gap.std()) if len(gap) else 0.0)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _units(trials: Sequence[Trial]) -> list[int]:
    """Number of the unit that each trial belongs to."""
    families = kin([trial.example.recording for trial in trials])
    if len(families) == 1:
        return list(range(len(trials)))
    numbers = {name: n for n, name in enumerate(dict.fromkeys(families.values()))}
    return [numbers[families[trial.example.recording.id]] for trial in trials]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the counts of each tier and label stand in a row of numbers.

    A row has reference, hypothesis and matched for all events and all instants of a tier, and for
    the time of each of its labels.
    """

    tiers: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, counted: Sequence[Mapping[str, TierCounts]]) -> _Layout:
        labels: dict[str, set[str]] = {}
        for counts in counted:
            for tier, own in counts.items():
                labels.setdefault(tier, set()).update(own.labels)
        return cls({tier: sorted(names) for tier, names in sorted(labels.items())})

    @property
    def width(self) -> int:
        return sum(3 * (2 + len(labels)) for labels in self.tiers.values())

    def row(self, counts: Mapping[str, TierCounts]) -> list[float]:
        found: list[float] = []
        for tier, labels in self.tiers.items():
            own = counts[tier].labels if tier in counts else {}
            for kind in ("events", "instants"):
                hits = [getattr(label, kind) for label in own.values()]
                found += [sum(column) for column in zip((0, 0, 0), *map(_three, hits), strict=True)]
            for label in labels:
                found += _three(own[label].time) if label in own else (0, 0, 0)
        return found

    def overall(self, sums: Floats) -> Floats:
        """The overall score of each row, as `headline` defines it; NaN where it is undefined."""
        scores = []
        at = 0
        for labels in self.tiers.values():
            block = sums[:, at : at + 3 * (2 + len(labels))].reshape(len(sums), -1, 3)
            at += 3 * (2 + len(labels))
            f1 = _f1(block)
            macro = _mean(f1[:, 2:])
            scores.append(_mean(np.column_stack([macro, f1[:, :2]])))
        return _mean(np.column_stack(scores)) if scores else np.full(len(sums), np.nan)


def _three(hits: Hits) -> tuple[int, int, int]:
    return hits.reference, hits.hypothesis, hits.matched


def _f1(counts: Floats) -> Floats:
    whole = counts[..., 0] + counts[..., 1]
    return np.where(whole > 0, 2 * counts[..., 2] / np.where(whole > 0, whole, 1), np.nan)


def _mean(values: Floats) -> Floats:
    """Means of rows over what is defined in them."""
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
