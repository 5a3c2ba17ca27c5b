"""Range-based precision and recall (Tatbul N et al. Precision and recall for time series. 2018).

A range is found in part: by how much of it, where in it, and in how many pieces. Computed on time
as it is; with a `step`, as if time came in samples of that length, which is how packages count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tslab.stretches import Stretch, intersect
from tslab_iot_maintenance.anomaly_metric import AnomalyMetric, Scored

Bias = Literal["flat", "front", "middle", "back"]


@dataclass(frozen=True, slots=True)
class RangeBased(AnomalyMetric):
    """Range-based precision and recall: means over ranges.

    Attributes:
        existence: Weight of finding a range at all in its recall, 0 to 1 (alpha).
        bias: Which part of a range counts most (delta).
        reciprocal: Whether a range found in n pieces counts 1 / n (gamma).
        step: Microseconds of a sample; 0 takes time as a continuum.
    """

    name: str = "range-based"
    title: str = "Range-based precision and recall: the mean covered part of each range"
    existence: float = 0.0
    bias: Bias = "flat"
    reciprocal: bool = False
    step: int = 0

    SHARES = (("precision", "precision", "hypothesis"), ("recall", "recall", "reference"))

    def sums(self, scored: Scored) -> Mapping[str, float]:
        """Sums over ranges of their recall and precision, and how many there are."""
        return {
            "recall": sum(
                self._part(one, scored.hypothesis, self.existence) for one in scored.reference
            ),
            "reference": float(len(scored.reference)),
            "precision": sum(self._part(one, scored.reference, 0.0) for one in scored.hypothesis),
            "hypothesis": float(len(scored.hypothesis)),
        }

    def _part(self, one: Stretch, others: Sequence[Stretch], existence: float) -> float:
        pieces = intersect([one], others)
        if not pieces:
            return 0.0
        start, length = one[0], one[1] - one[0]
        covered = sum(
            self._weight(end - start, length) - self._weight(first - start, length)
            for first, end in pieces
        )
        overlap = covered / self._weight(length, length)
        pieces_factor = 1 / len(pieces) if self.reciprocal else 1.0
        return existence + (1 - existence) * pieces_factor * overlap

    def _weight(self, reach: float, length: float) -> float:
        """Weight of the first `reach` microseconds of a range, up to a constant."""
        if self.bias == "flat":
            return reach
        if self.bias == "back":
            return reach * (reach + self.step) / 2
        if self.bias == "front":
            return reach * length - reach * (reach - self.step) / 2
        middle = length // (2 * self.step) * self.step if self.step else length / 2
        if reach <= middle:
            return reach * (reach + self.step) / 2
        falling = [x * length - x * (x - self.step) / 2 for x in (reach, middle)]
        return middle * (middle + self.step) / 2 + falling[0] - falling[1]
