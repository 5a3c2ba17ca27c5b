"""One chain: labels of a tier of which at most one holds at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.calibration import Curve
from tslab.segmentation.decoding import viterbi
from tslab.segmentation.features import FramePlan, feature_chunks, standardised
from tslab.segmentation.grid import Float32, Grid
from tslab.segmentation.kernels import KernelBank
from tslab.segmentation.softmax import Softmax
from tslab.segmentation.tuning import Classes, Decoder, events_of


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

    def logs(self, grid: Grid) -> Float32:
        """Log-probability of every class in every frame, float32 ``(frames, classes)``."""
        parts = []
        used = np.asarray(self.softmax.weights.any(axis=1), bool)
        centre, scale = self.centre[used], self.scale[used]
        softmax = Softmax(self.softmax.weights[used], self.softmax.bias)
        for _, features in feature_chunks(grid, self.plan, self.bank, used):
            even = standardised(features, centre, scale)
            parts.append(softmax.log_probabilities(even.T))
        return np.concatenate(parts)


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
    """

    tier: str
    labels: tuple[str, ...]
    background: bool
    scorer: Scorer
    decoder: Decoder
    curve: Curve

    def stretches(self, grid: Grid, longest: Mapping[int, int]) -> list[Stretch]:
        """What is found on a grid, times in frames.

        Args:
            grid: A recording.
            longest: Most frames of a class that has such a limit.
        """
        logs = self.scorer.logs(grid)
        path = viterbi(self.decoder.gains(logs, self.background), self.decoder.cost)
        return stretches_of(logs, path, self.background, longest)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one class.

    Attributes:
        first: Where it starts, in frames, between frames where the odds say so.
        last: Where it ends.
        kind: Class.
        confidence: Mean probability of the class, before calibration.
    """

    first: float
    last: float
    kind: int
    confidence: float


def stretches_of(
    logs: Float32, path: Classes, background: bool, longest: Mapping[int, int] | None = None
) -> list[Stretch]:
    """The runs of a path with their confidence, their edges moved to where the odds turn."""
    found = []
    runs = events_of(path, background)
    own = np.take_along_axis(logs, np.maximum(path, 0)[:, None], axis=1)[:, 0]
    chance = np.exp(own.astype(np.float64))
    for first, last, kind in _not_too_long(runs, logs, longest) if longest else runs:
        confidence = float(chance[first:last].mean())
        start, end = _edge(logs, path, first), _edge(logs, path, last)
        found.append(Stretch(start, end, kind, confidence))
    return found


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
