"""One chain: labels of a tier of which at most one holds at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.calibration import Curve
from tslab.segmentation.chain.decoding import viterbi
from tslab.segmentation.chain.lengths import Lengths, is_whole
from tslab.segmentation.chain.shortness import without_short
from tslab.segmentation.chain.softmax import Softmax
from tslab.segmentation.chain.tuning import Classes, Decoder, events_of
from tslab.segmentation.features.columns import (
    CLOCK_MARKS,
    FramePlan,
    feature_chunks,
    fill_unknown,
    scaled,
)
from tslab.segmentation.features.grid import Float32, Float64, Grid, Mask
from tslab.segmentation.features.kernels import KernelBank


@dataclass(frozen=True, slots=True)
class Look:
    """A recording as a regression sees it.

    Attributes:
        logs: Log-probability of every class in every frame, float32 ``(frames, classes)``.
        means: Means over time of the features that the regression uses, in standard deviations of
            training frames, float64 ``(features,)``.
    """

    logs: Float32
    means: Float64


@dataclass(frozen=True, slots=True)
class Scorer:
    """From cells to log-probabilities by frame.

    Attributes:
        plan: How time is cut.
        bank: Random kernels.
        centre: Mean of every feature in training, float32 ``(features,)``.
        scale: Its standard deviation.
        softmax: The regression.
    """

    plan: FramePlan
    bank: KernelBank
    centre: Float32
    scale: Float32
    softmax: Softmax

    def look(self, grid: Grid) -> Look:
        """What the features of a recording say of its classes, and of how usual it is.

        Only features that the regression uses are computed.
        """
        used = np.asarray(self.softmax.weights.any(axis=1), bool)
        centre, scale = self.centre[used], self.scale[used]
        softmax = Softmax(self.softmax.weights[used], self.softmax.bias)
        parts, total, known = [], np.zeros(len(centre)), np.zeros(len(centre))
        for _, features in feature_chunks(grid, self.plan, self.bank, used):
            scaled(features, centre, scale)
            sums, counts = fill_unknown(features)
            total += sums
            known += counts
            parts.append(softmax.log_probabilities(features.T))
        # One that cannot be known here counts as one standard deviation.
        means = np.where(known > 0, total / np.maximum(known, 1), 1.0)
        return Look(np.concatenate(parts), means[self._timeless()[used]])

    def _timeless(self) -> Mask:
        """Features of the signals: the time since the start says nothing of a recording."""
        count = len(self.centre)
        return np.arange(count) < count - (CLOCK_MARKS if self.plan.clock else 0)


@dataclass(frozen=True, slots=True)
class Chain:
    """What was learned about the ranges of a tier, or of one label of it.

    Attributes:
        tier: Its name.
        labels: Names of the labels, in the order of the classes.
        background: Whether class 0 is "nothing"; the labels follow it.
        scorer: Probabilities.
        decoder: Stretches.
        curve: Scores.
        lengths: How long regions usually are.
    """

    tier: str
    labels: tuple[str, ...]
    background: bool
    scorer: Scorer
    decoder: Decoder
    curve: Curve
    lengths: Lengths = field(default_factory=Lengths)

    def stretches(self, logs: Float32, longest: Mapping[int, int]) -> list[Stretch]:
        """What is found, times in frames.

        Args:
            logs: Log-probabilities of a recording.
            longest: Most frames of a class that has such a limit.
        """
        path = viterbi(self.decoder.gains(logs, self.background), self.decoder.cost)
        path = without_short(path, self.decoder.least)
        return stretches_of(logs, path, self.background, longest)

    def score(self, stretch: Stretch) -> float:
        """The probability that a stretch is right."""
        odd = self.lengths.oddity(stretch.kind, stretch.last - stretch.first, stretch.whole)
        return self.curve.score(stretch.confidence, odd)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one class.

    Attributes:
        first: Where it starts, in frames, between frames where the odds say so.
        last: Where it ends.
        kind: Class.
        confidence: Mean probability of the class against the likeliest other one, not calibrated.
        whole: Whether it ends before what was measured does, at both ends.
    """

    first: float
    last: float
    kind: int
    confidence: float
    whole: bool = True


def stretches_of(
    logs: Float32, path: Classes, background: bool, longest: Mapping[int, int] | None = None
) -> list[Stretch]:
    """The runs of a path with their confidence, their edges moved to where the odds turn."""
    found = []
    runs = events_of(path, background)
    chance = _duels(logs, path)
    for first, last, kind in _not_too_long(runs, logs, longest) if longest else runs:
        confidence = float(chance[first:last].mean())
        start, end = _edge(logs, path, first), _edge(logs, path, last)
        whole = is_whole(path, first, last)
        found.append(Stretch(start, end, kind, confidence, whole))
    return found


def _duels(logs: Float32, path: Classes) -> Float64:
    """Probability of the path's class in every frame if only it and the likeliest other count.

    A class among five that has 0.6 leaves less to each other one than a class of two.
    """
    place = np.maximum(path, 0)[:, None]
    own = np.take_along_axis(logs, place, axis=1)[:, 0].astype(np.float64)
    others = logs.copy()
    np.put_along_axis(others, place, -np.inf, axis=1)
    return np.asarray(1 / (1 + np.exp(np.minimum(others.max(axis=1) - own, 30.0))))


def _not_too_long(
    runs: Sequence[tuple[int, int, int]], logs: Float32, longest: Mapping[int, int]
) -> Iterator[tuple[int, int, int]]:
    """Runs that are longer than their class allows, cut where the class is least sure."""
    left = list(reversed(runs))
    while left:
        first, last, kind = left.pop()
        limit = longest.get(kind, last - first)
        if last - first <= limit:
            yield first, last, kind
            continue
        quarter = (last - first) // 4
        cut = first + quarter + int(logs[first + quarter : last - quarter, kind].argmin())
        left += [(max(cut, first + 1), last, kind), (first, max(cut, first + 1), kind)]


def _edge(logs: Float32, path: NDArray[np.int64], at: int) -> float:
    """Edge between frames ``at - 1`` and ``at``, up to half a frame to either side of it."""
    if at <= 0 or at >= len(path):
        return float(at)
    before, after = path[at - 1], path[at]
    odds = logs[at - 1 : at + 1, after].astype(np.float64) - logs[at - 1 : at + 1, before]
    if not odds[0] < 0 < odds[1]:
        return float(at)
    # The odds belong to the frames' centres, half a frame before and after the edge.
    return float(at - 0.5 + odds[0] / (odds[0] - odds[1]))
