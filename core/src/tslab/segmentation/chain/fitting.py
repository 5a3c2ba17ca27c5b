"""Learning a chain: features of the reviewed frames, folds, regression, decoder, scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.segmentation.chain.belief import belief_of, trust_in, worth_it
from tslab.segmentation.chain.calibration import Curve
from tslab.segmentation.chain.frame_folds import assign_folds
from tslab.segmentation.chain.held_out import HeldOut, fair_classes
from tslab.segmentation.chain.lengths import lengths_of
from tslab.segmentation.chain.model import Chain, Scorer
from tslab.segmentation.chain.plans import dilations
from tslab.segmentation.chain.relevance import family_gain, pieces_of, relevance, squared_t
from tslab.segmentation.chain.softmax import Softmax, balanced, fit_softmax
from tslab.segmentation.chain.targets import Task, frame_classes, instant_classes, reviewed_frames
from tslab.segmentation.chain.tuning import (
    UNKNOWN,
    USUAL,
    Classes,
    Decoder,
    change_costs,
    events_of,
    tune,
)
from tslab.segmentation.features.clock import (
    CLOCK_GAIN,
    GOOD_WITHOUT_CLOCK,
    LEAST_FOR_CLOCK,
    NOTED,
    clock_of,
)
from tslab.segmentation.features.columns import (
    FramePlan,
    feature_chunks,
    feature_widths,
    hint_columns,
    opening_columns,
    signals_of,
    standardised,
)
from tslab.segmentation.features.grid import Float32, Grid
from tslab.segmentation.features.hints import USES_PRIOR, Layout
from tslab.segmentation.features.kernels import KernelBank, draw_kernels, responses
from tslab.segmentation.features.opening import opening_frames, opening_stays

Number = TypeVar("Number", bound=np.generic)

GROUPS = 12


@dataclass(frozen=True, slots=True)
class View:
    """One way to fit.

    Attributes:
        penalty: Of the ridge.
        least: Squared t below which a feature is left out; 0 takes all features as they are.
    """

    penalty: float
    least: float


RANGE_VIEWS = (View(0.1, 8.0),)
INSTANT_VIEWS = (View(0.01, 8.0), View(0.01, 0.0))
"""Many instants bear all features, one bears few of them; the mean of both serves both."""

ONE_CLASS_ODDS = 2.0
"""Log-odds of the only class that was seen."""

MOST_NUMBERS = 12_000_000
"""Numbers in the table of features of all training frames; more frames are thinned out."""


@dataclass(frozen=True, slots=True)
class Material:
    """A training example on its grid."""

    example: TrainingExample
    grid: Grid


@dataclass(frozen=True, slots=True)
class Table:
    """Features of frames of all recordings, recording after recording.

    Attributes:
        features: Standardised, float32 ``(frames, features)``.
        classes: Class of every frame, `UNKNOWN` where it is no example.
        seen: Frames that somebody looked at.
        starts: First row of every recording, and the end of the last.
        fold: Fold of every frame.
        width: Frames that every feature looks at.
        views: How to fit.
        gain: How much every feature may count beside how far it is trusted.
        hints: Which features come from the domain's own segmenter.
        opening: Which compare with a recording's opening.
        belief: The regression before anything was learned: the domain's own segmenter is right
            about the labels that it shares with the task. None where it shares none.
    """

    features: Float32
    classes: Classes
    seen: NDArray[np.bool_]
    starts: NDArray[np.int64]
    fold: NDArray[np.int64]
    width: NDArray[np.int64]
    views: tuple[View, ...]
    gain: Float32
    hints: NDArray[np.bool_]
    opening: NDArray[np.bool_]
    belief: Softmax | None = None

    def only(self, kept: NDArray[np.bool_]) -> Table:
        """The table with some of its features."""
        if kept.all():
            return self
        belief = self.belief
        if belief is not None:
            gone = bool(belief.weights[~kept].any())
            belief = None if gone else Softmax(belief.weights[kept], belief.bias)
        return replace(
            self,
            features=self.features[:, kept],
            width=self.width[kept],
            gain=self.gain[kept],
            hints=self.hints[kept],
            opening=self.opening[kept],
            belief=belief,
        )

    def parts(self, rows: NDArray[Number]) -> list[NDArray[Number]]:
        """Rows by recording."""
        return np.split(rows, self.starts[1:-1])


def learn_chain(
    task: Task, material: Sequence[Material], plan: FramePlan, seed: int
) -> tuple[Chain, Mapping[str, object]]:
    """Learns one chain, and says what was chosen."""
    grids = [part.grid for part in material]
    layout = Layout.of([grid.hints for grid in grids])
    opening = opening_frames(plan.windows, [plan.frames(grid.cells) for grid in grids])
    full = replace(plan, clock=clock_of(grids), layout=layout, opening=opening)
    bank = make_bank(material, plan, seed)
    table, centre, scale = make_table(task, material, full, bank)
    tried = try_out(table, task)
    table, centre, scale = table.only(tried.kept), centre[tried.kept], scale[tried.kept]
    softmax = fit_rows(table, np.ones(len(table.classes), bool), task.classes)
    scorer = Scorer(tried.seen(full), bank, centre, scale, softmax)
    notes: dict[str, object] = {
        "frame_seconds": plan.seconds,
        "windows_seconds": [window * plan.seconds for window in plan.windows],
        "period_seconds": plan.period / plan.rate,
        "folds": int(table.fold.max()) + 1,
        "held_out": tried.value,
        NOTED: tried.clock,
        "opening_seconds": tried.opening * opening * plan.seconds,
        "least_seconds": [frames * plan.seconds for frames in tried.decoder.least],
        "bias": tried.decoder.bias,
        "smoothing": tried.smoothing,
    }
    if layout is not None:
        notes[USES_PRIOR] = tried.hints
    lengths = lengths_of(table.parts(table.classes), task.background)
    parts = (scorer, tried.decoder, tried.curve, lengths)
    return Chain(task.tier, task.labels, task.background, *parts), notes


@dataclass(frozen=True, slots=True)
class Trial:
    """What folds say about the decoder.

    Attributes:
        decoder: The best one.
        smoothing: Its smoothing weight.
        curve: Scores.
        value: How well it does, None where nothing could be held out.
        kept: Features that are used.
        clock: Whether the time since the start helps.
        hints: Whether what the domain's own segmenter finds helps.
        opening: Whether recordings are compared with their opening.
    """

    decoder: Decoder
    smoothing: float
    curve: Curve
    value: float | None
    kept: NDArray[np.bool_]
    clock: bool
    hints: bool
    opening: bool

    def seen(self, full: FramePlan) -> FramePlan:
        """What is left of a plan with all that may help."""
        return replace(
            full,
            clock=full.clock if self.clock else 0.0,
            layout=full.layout if self.hints else None,
            opening=full.opening if self.opening else 0,
        )


def try_out(table: Table, task: Task) -> Trial:
    """Chooses decoder and features on recordings that were held out.

    What the domain's own segmenter finds is looked at where that helps, and where it knows the
    task's labels unless it clearly does harm; the comparison with the opening unless recordings
    clearly do better without; the time since the start only where it helps.
    """
    believed = table.belief is not None
    best = _trial(table, task, hints=believed)
    if table.hints.any() and len(table.starts) > LEAST_FOR_CLOCK:
        other = _trial(table, task, hints=not believed)
        told, alone = (best, other) if believed else (other, best)
        best = told if worth_it(told.value, alone.value, believed=believed) else alone
    if best.value is None or best.value >= GOOD_WITHOUT_CLOCK:
        return best
    if table.opening.any():
        other = _trial(table, task, hints=best.hints, opening=True)
        events = sum(len(events_of(p, task.background)) for p in table.parts(table.classes))
        best = other if opening_stays(other.value, best.value, events) else best
    if (table.width > 0).all() or (best.value or 0.0) >= GOOD_WITHOUT_CLOCK:
        return best
    timed = _trial(table, task, clock=True, hints=best.hints, opening=best.opening)
    return timed if (timed.value or 0.0) > (best.value or 0.0) + CLOCK_GAIN else best


def _trial(
    table: Table, task: Task, *, hints: bool, clock: bool = False, opening: bool = False
) -> Trial:
    """How well the features do with the best decoder for them."""
    kept = (clock | (table.width > 0)) & (hints | ~table.hints) & (opening | ~table.opening)
    chosen = (kept, clock, hints, opening)
    marked, fold = table.parts(table.classes), table.parts(table.fold)
    cost = change_costs(marked, task.classes)
    # Who believes the domain's own segmenter knows labels of which there is no example.
    known = fair_classes(table.classes, table.fold) if table.belief is None else table.classes
    truth = table.parts(known)
    logs = out_of_fold(table.only(kept), task.classes)
    if logs is None or not any(events_of(real, task.background) for real in truth):
        return Trial(Decoder(cost * np.float32(USUAL), 0.0), USUAL, Curve(), None, *chosen)
    parts = table.parts(logs)
    decoder, smoothing, value = tune(parts, truth, cost, task.background)
    held_out = HeldOut(parts, marked, truth, fold, task.background)
    curve = held_out.evidence(decoder).curve()
    return Trial(decoder, smoothing, curve, value, *chosen)


def make_bank(material: Sequence[Material], plan: FramePlan, seed: int) -> KernelBank:
    """Random kernels with thresholds drawn from what they answer to the training recordings."""
    channels = len(material[0].grid.values) + 1
    bank = draw_kernels(channels, dilations(plan), GROUPS, seed)
    rng = np.random.default_rng([seed, 1])
    shares = rng.uniform(0.1, 0.9, bank.threshold.shape)
    samples = [_excerpt(part.grid) for part in material[:: max(1, len(material) // 8)]]
    threshold = np.zeros_like(bank.threshold)
    for group in range(len(bank.channel)):
        answers = [list(responses(part, bank, group)) for part in samples]
        for number in range(threshold.shape[1]):
            together = np.concatenate([answer[number] for answer in answers])
            threshold[group, number] = np.quantile(together, shares[group, number])
    return replace(bank, threshold=threshold)


def _excerpt(grid: Grid) -> Float32:
    """The middle of a recording, at most 10 000 cells."""
    first = max(0, grid.cells // 2 - 5_000)
    part = Grid(grid.values[:, first : first + 10_000], None, grid.present, grid.rate)
    return signals_of(part)[0]


def make_table(
    task: Task, material: Sequence[Material], plan: FramePlan, bank: KernelBank
) -> tuple[Table, Float32, Float32]:
    """Features of every frame of the recordings, and how they were standardised."""
    features, classes, seen = [], [], []
    label = instant_classes if task.instants else frame_classes
    for part in material:
        features.append(np.concatenate([f for _, f in feature_chunks(part.grid, plan, bank)], 1))
        seconds = plan.stride / part.grid.rate
        frames = features[-1].shape[1]
        classes.append(label(task, part.example, frames, seconds))
        seen.append(reviewed_frames(task, part.example, frames, seconds))
    folds = assign_folds(classes, task.background)
    starts = np.concatenate(([0], np.cumsum([len(part) for part in classes])))
    wide = np.concatenate(features, axis=1)
    known = np.concatenate(classes) != UNKNOWN
    centre, scale = spread_of(wide[:, known])
    belief = belief_of(task, plan, centre, scale)
    table = np.ascontiguousarray(standardised(wide, centre, scale).T)
    frames_of = (np.concatenate(classes), np.concatenate(seen), starts, np.concatenate(folds))
    width = feature_widths(plan, len(material[0].grid.values) + 1, bank.count)
    if task.instants:
        # Instants lie apart: a wide window around one holds no other.
        width = np.minimum(width, 1)
    views = INSTANT_VIEWS if task.instants else RANGE_VIEWS
    opening = opening_columns(plan, len(material[0].grid.values), len(width))
    kinds = (family_gain(plan, opening), hint_columns(plan, len(width)), opening)
    return Table(table, *frames_of, width, views, *kinds, belief), centre, scale


def spread_of(features: Float32) -> tuple[Float32, Float32]:
    """Mean and standard deviation of every feature, of the frames in which it is known."""
    known = ~np.isnan(features)
    count = np.maximum(known.sum(axis=1), 1)
    filled = np.where(known, features, 0).astype(np.float64)
    centre = filled.sum(axis=1) / count
    away = np.where(known, features - centre[:, None], 0)
    scale = np.sqrt((away * away).sum(axis=1) / count)
    scale[scale < 1e-4] = 1.0
    return centre.astype(np.float32), scale.astype(np.float32)


def fit_rows(table: Table, rows: NDArray[np.bool_], classes: int) -> Softmax:
    """Regression on the chosen frames, as far as somebody looked at them: the mean of the views."""
    chosen = np.flatnonzero(rows & (table.classes != UNKNOWN))
    thin = -(-len(chosen) * table.features.shape[1] // MOST_NUMBERS)
    chosen = chosen[:: max(1, thin)]
    target = table.classes[chosen]
    weight = balanced(target, classes)
    belief = table.belief
    if len(np.unique(target)) < 2:
        usual = _always(target, table.features.shape[1], classes)
        return usual if belief is None else belief.plus(usual)
    recording = np.repeat(np.arange(len(table.starts) - 1), np.diff(table.starts))
    pieces = pieces_of(np.where(rows, table.classes, UNKNOWN), recording)
    told = squared_t(table.features, pieces, table.width)
    offset = None if belief is None else belief.scores(table.features[chosen])
    trust = trust_in(belief, len(np.unique(recording[chosen])))
    weights = np.zeros((len(told), classes), np.float32)
    constant = np.zeros(classes, np.float32)
    share = np.float32(1 / len(table.views))
    for view in table.views:
        factor = table.gain * relevance(told, view.least)
        factor = factor if factor.any() else np.ones_like(factor)
        used = np.flatnonzero(factor)
        part = table.features[np.ix_(chosen, used)] * factor[used]
        penalty = view.penalty * trust
        fitted = fit_softmax(part, target, weight, penalty, classes, offset)
        weights[used] += share * fitted.weights * factor[used, None]
        constant += share * fitted.bias
    learned = Softmax(weights, constant)
    return learned if belief is None else belief.plus(learned)


def _always(target: Classes, features: int, classes: int) -> Softmax:
    """What can be learned where all examples are of one class: that it is the usual one."""
    constant = np.zeros(classes, np.float32)
    constant[target[:1]] = ONE_CLASS_ODDS
    return Softmax(np.zeros((features, classes), np.float32), constant)


def out_of_fold(table: Table, classes: int) -> Float32 | None:
    """Log-probabilities of every frame by a regression that has not seen its fold.

    None where there is only one fold, or a fold takes all examples of all classes but one away.
    """
    folds = int(table.fold.max()) + 1
    logs = np.zeros((len(table.classes), classes), np.float32)
    if folds < 2:
        return None
    for fold in range(folds):
        inside = table.fold == fold
        left = table.classes[~inside]
        if len(np.unique(left[left != UNKNOWN])) < 2:
            return None
        softmax = fit_rows(table, ~inside, classes)
        logs[inside] = softmax.log_probabilities(table.features[inside])
    return logs
