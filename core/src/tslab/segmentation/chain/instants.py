"""Instants: peaks of a detector's odds, the threshold chosen out of fold, the time made exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.belief import worth_it
from tslab.segmentation.chain.calibration import Curve, fit_curve
from tslab.segmentation.chain.fitting import (
    Material,
    Table,
    fit_rows,
    make_bank,
    make_table,
    out_of_fold,
)
from tslab.segmentation.chain.model import Look, Scorer
from tslab.segmentation.chain.targets import Task
from tslab.segmentation.features.anchors import Anchor, learn_anchor
from tslab.segmentation.features.clock import LEAST_FOR_CLOCK
from tslab.segmentation.features.columns import FramePlan
from tslab.segmentation.features.grid import Float32, Float64, Grid
from tslab.segmentation.features.hints import USES_PRIOR, Layout

UNTRIED = 0.3
"""Threshold where nothing could be held out: what is missed is dearer than what is too much."""

PREJUDICE = 0.1
"""F1 that a threshold must gain for each unit of log-odds below `UNTRIED`, for one instant.

It falls with the root of the number of instants.
"""

TOLERANCE = 0.5
"""Seconds by which an instant may be off and still be the same, unless they lie closer."""


@dataclass(frozen=True, slots=True)
class Detector:
    """What was learned about one label of instants.

    Attributes:
        tier: Its tier.
        label: Its name.
        scorer: Odds by frame.
        threshold: Probability from which on a peak counts.
        apart: Seconds that two instants lie apart at least.
        anchor: Where in the neighbourhood of a peak the instant lies.
        curve: Scores.
    """

    tier: str
    label: str
    scorer: Scorer
    threshold: float
    apart: float
    anchor: Anchor
    curve: Curve

    def instants(self, grid: Grid, look: Look) -> list[tuple[float, float]]:
        """Time in seconds and confidence of everything that is found."""
        seconds = self.scorer.plan.stride / grid.rate
        odds = look.logs[:, 1]
        frames = peaks(odds, self.apart / seconds)
        frames = frames[np.exp(odds[frames]) >= self.threshold]
        placed = {
            self.anchor.place(grid, peak_time(odds, int(frame), seconds)): odds[frame]
            for frame in frames
        }
        kept: list[tuple[float, float]] = []
        for time, level in sorted(placed.items()):
            if not kept or time - kept[-1][0] >= 0.5 * self.apart:
                kept.append((time, float(np.exp(level))))
        return kept


def peak_time(odds: Float32, frame: int, seconds: float) -> float:
    """Time of a peak, between frames by the parabola through its neighbours."""
    shift = 0.0
    if 0 < frame < len(odds) - 1:
        left, middle, right = (float(odds[frame + i]) for i in (-1, 0, 1))
        bend = left - 2 * middle + right
        shift = 0.5 * (left - right) / bend if bend < -1e-9 else 0.0
    return (frame + 0.5 + min(0.5, max(-0.5, shift))) * seconds


def peaks(odds: Float32, apart: float) -> NDArray[np.int64]:
    """Frames of local maxima, the highest first taken, none closer than `apart` frames."""
    padded = np.concatenate(([-np.inf], odds, [-np.inf]))
    top = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
    taken = np.zeros(len(odds) + 1, bool)
    reach = max(0, int(np.ceil(apart)) - 1)
    kept = []
    for frame in top[np.argsort(-odds[top], kind="stable")]:
        if not taken[frame]:
            kept.append(int(frame))
            taken[max(0, frame - reach) : frame + reach + 1] = True
    return np.array(sorted(kept), np.int64)


def learn_detector(
    task: Task, material: Sequence[Material], plan: FramePlan, seed: int
) -> tuple[Detector, Mapping[str, object]]:
    """Learns to find one label of instants, and says what was chosen."""
    plan = replace(plan, layout=Layout.of([part.grid.hints for part in material]))
    bank = make_bank(material, plan, seed)
    table, centre, scale = make_table(task, material, plan, bank)
    truth = [np.array([s.start for s in task.spans(part.example)]) for part in material]
    apart = _apart(truth, plan.seconds)
    reach = min(TOLERANCE, 0.5 * apart + plan.seconds)
    looks, logs = _try_out(table, Trial(material, plan, apart, truth, reach))
    if not looks:
        kept = ~table.hints
        table, centre, scale = table.only(kept), centre[kept], scale[kept]
        plan = replace(plan, layout=None)
    scorer = Scorer(
        plan, bank, centre, scale, fit_rows(table, np.ones(len(table.classes), bool), 2)
    )
    held = logs is not None
    if logs is None:
        logs = scorer.softmax.log_probabilities(table.features)
    found = _peaks_of(table, logs, material, plan, apart)
    right = _right(found, truth, reach)
    odds = np.concatenate([part for _, part in found])
    correct = np.concatenate([part >= 0 for part in right])
    threshold = best_threshold(odds, correct, sum(map(len, truth))) if held else UNTRIED
    curve = Curve()
    if held:
        kept = odds >= np.log(threshold)
        curve = fit_curve(np.exp(odds[kept]).tolist(), correct[kept].tolist())
    pairs = [
        (part.grid, float(time), float(true[mark]))
        for part, (times, _), true, marks in zip(material, found, truth, right, strict=True)
        for time, mark in zip(times, marks, strict=True)
        if mark >= 0
    ]
    anchor = learn_anchor(pairs, plan.seconds)
    notes: dict[str, object] = {
        "frame_seconds": plan.seconds,
        "threshold": threshold,
        "apart": apart,
    }
    if any(part.grid.hints is not None for part in material):
        notes[USES_PRIOR] = looks
    return Detector(task.tier, task.labels[0], scorer, threshold, apart, anchor, curve), notes


@dataclass(frozen=True, slots=True)
class Trial:
    """What features are tried on.

    Attributes:
        material: The recordings.
        plan: How time is cut.
        apart: Seconds that two instants lie apart at least.
        truth: Times of the instants of each recording.
        reach: Seconds by which one may be off.
    """

    material: Sequence[Material]
    plan: FramePlan
    apart: float
    truth: Sequence[Float64]
    reach: float

    def f1(self, table: Table, logs: Float32) -> float:
        """The best F1 that any threshold reaches with out-of-fold odds."""
        found = _peaks_of(table, logs, self.material, self.plan, self.apart)
        odds = np.concatenate([part for _, part in found])
        correct = np.concatenate([part >= 0 for part in _right(found, self.truth, self.reach)])
        order = np.argsort(-odds, kind="stable")
        wanted = sum(map(len, self.truth))
        score = 2 * np.cumsum(correct[order]) / (np.arange(len(order)) + 1 + wanted)
        return float(score.max(initial=0.0))


def _try_out(table: Table, trial: Trial) -> tuple[bool, Float32 | None]:
    """Whether to look at what the domain's own segmenter finds, and out-of-fold odds.

    Only where it knows the label, and unless it clearly does harm.
    """
    if table.belief is None:
        return False, out_of_fold(table.only(~table.hints), 2)
    told = out_of_fold(table, 2)
    if told is None or len(trial.material) < LEAST_FOR_CLOCK:
        return True, told
    alone = out_of_fold(table.only(~table.hints), 2)
    value = trial.f1(table, alone) if alone is not None else None
    looks = worth_it(trial.f1(table, told), value, believed=True)
    return looks, told if looks else alone


def _right(
    found: Sequence[tuple[Float64, Float64]], truth: Sequence[Float64], reach: float
) -> list[NDArray[np.int64]]:
    return [hits(times, true, reach) for (times, _), true in zip(found, truth, strict=True)]


def _apart(truth: Sequence[Float64], seconds: float) -> float:
    """Least distance of two instants: half of what neighbours keep, at least three frames."""
    pauses = np.concatenate([np.diff(np.sort(part)) for part in truth])
    pauses = pauses[pauses > 0]
    usual = 0.5 * float(np.quantile(pauses, 0.05)) if len(pauses) else 2 * TOLERANCE
    return max(3 * seconds, min(usual, 2 * TOLERANCE))


def _peaks_of(
    table: Table, logs: Float32, material: Sequence[Material], plan: FramePlan, apart: float
) -> list[tuple[Float64, Float64]]:
    """Times and log-probabilities of all peaks in reviewed time, by recording."""
    found = []
    for part, odds, classes in zip(
        material, table.parts(logs[:, 1]), table.parts(table.seen), strict=True
    ):
        seconds = plan.stride / part.grid.rate
        frames = peaks(odds, apart / seconds)
        frames = frames[classes[frames]]
        times = np.array([peak_time(odds, int(frame), seconds) for frame in frames])
        found.append((times, odds[frames].astype(np.float64)))
    return found


def hits(times: Float64, truth: Float64, tolerance: float) -> NDArray[np.int64]:
    """For every time the number of the instant that it meets, -1 for none; nearest pairs first."""
    mark = np.full(len(times), -1, np.int64)
    if not len(times) or not len(truth):
        return mark
    away = np.abs(times[:, None] - truth[None, :])
    order = np.argsort(away, axis=None, kind="stable")
    used = np.zeros(len(truth), bool)
    for place in order[: np.count_nonzero(away <= tolerance)]:
        row, column = divmod(int(place), len(truth))
        if mark[row] < 0 and not used[column]:
            mark[row], used[column] = column, True
    return mark


def best_threshold(odds: Float64, correct: NDArray[np.bool_], wanted: int) -> float:
    """The probability that parts the peaks best (F1), in the middle between two of them.

    A low one lets many peaks in, of which few instants prove little: the fewer are wanted, the more
    must be gained by peaks that lie below the usual threshold.
    """
    if not len(odds) or not correct.any():
        return 0.5
    order = np.argsort(-odds, kind="stable")
    right = np.cumsum(correct[order])
    score = 2 * right / (np.arange(len(order)) + 1 + wanted)
    levels = _logits(odds[order])
    below = np.append(levels[1:], _logits(odds[order[-1:]] - 2.0))
    cuts = 0.5 * (levels + below)
    usual = np.log(UNTRIED / (1 - UNTRIED))
    gain = score - PREJUDICE / np.sqrt(max(1, wanted)) * np.maximum(0, usual - levels)
    last = int(np.flatnonzero(gain >= gain.max() - 1e-12)[-1])
    return float(1 / (1 + np.exp(-cuts[last])))


def _logits(log_probabilities: Float64) -> Float64:
    chance = np.clip(np.exp(log_probabilities), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(chance / (1 - chance)))
