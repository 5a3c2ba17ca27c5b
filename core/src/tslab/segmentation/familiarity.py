"""How well a model knows recordings like this one, and what a task's score is made of.

Region scores say how sure the model is of what it found. A model that meets a new device or a label
that it never saw can be sure and wrong: its frames fall on one side of its borders, far from
anything that it learned from. What gives such a recording away is that its features, averaged over
time, lie elsewhere than those of the training recordings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tslab.contracts import FamiliaritySegmenter, Segmenter
from tslab.errors import PluginError
from tslab.recording import Recording
from tslab.segmentation.chain import Scorer
from tslab.segmentation.features import CLOCK_MARKS, FramePlan, feature_chunks, standardised
from tslab.segmentation.grid import Grid
from tslab.segmentation.kernels import KernelBank
from tslab.spans import Span

EXCERPTS = 8
"""Stretches of a long recording that are looked at, evenly spread."""

MOST_CELLS = 80_000
"""Cells up to which a recording is looked at as a whole."""

COIN = 0.5
"""What it means that nothing was found, as long as nobody knows how good the model is."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a model is to be trusted on one recording.

    Attributes:
        familiarity: How well it knows such recordings, 0 to 1.
        silence: What it means that it finds nothing, 0 to 1; None: no score then.
    """

    familiarity: float = 1.0
    silence: float | None = None

    @classmethod
    def of(cls, segmenter: Segmenter, recording: Recording, silence: float | None = None) -> Trust:
        """The trust in a segmenter; one that judges no familiarity is trusted as it is.

        Raises:
            PluginError: The segmenter's familiarity is not from 0 to 1.
        """
        if not isinstance(segmenter, FamiliaritySegmenter):
            return cls(silence=silence)
        known = float(segmenter.familiarity(recording))
        if not 0 <= known <= 1:
            raise PluginError(f"a familiarity of {known} is not from 0 to 1", "Report it.")
        return cls(known, COIN if silence is None else silence)

    def score(self, spans: Sequence[Span]) -> float | None:
        """A task's score: mean score of its regions, times familiarity; rounded to four digits.

        It does not grow or shrink with the number of regions.
        """
        scores = [span.score for span in spans if span.score is not None]
        mean = sum(scores) / len(scores) if scores else self.silence
        return None if mean is None else round(mean * self.familiarity, 4)


def familiarity(scorers: Sequence[Scorer], grid: Grid) -> float:
    """1 where a recording's features lie where those of training do on average, towards 0 beyond.

    Args:
        scorers: Of all parts of a model.
        grid: A recording.
    """
    away = [part for scorer in scorers if (part := distance(scorer, grid)) is not None]
    return 1 / (1 + float(np.mean(away))) if away else 1.0


def distance(scorer: Scorer, grid: Grid) -> float | None:
    """Mean square of the features' means over time, in standard deviations of training frames.

    Only features that the regression uses count; None where it uses none. One that cannot be known
    here counts as one standard deviation. The time since the start says nothing of a recording.
    """
    timeless = len(scorer.centre) - (CLOCK_MARKS if scorer.plan.clock else 0)
    plan = replace(scorer.plan, clock=0.0)
    used = np.asarray(scorer.softmax.weights.any(axis=1), bool)[:timeless]
    if not used.any():
        return None
    total, count = np.zeros(int(used.sum())), np.zeros(int(used.sum()))
    for part in _excerpts(grid, plan, scorer.bank):
        for _, features in feature_chunks(part, plan, scorer.bank, used):
            count += (~np.isnan(features)).sum(axis=1)
            even = standardised(
                features, scorer.centre[:timeless][used], scorer.scale[:timeless][used]
            )
            total += even.sum(axis=1, dtype=np.float64)
    means = np.where(count > 0, total / np.maximum(count, 1), 1.0)
    return float(np.mean(means * means))


def _excerpts(grid: Grid, plan: FramePlan, bank: KernelBank) -> Iterator[Grid]:
    """The recording, or evenly spread stretches of a long one, each far wider than any window."""
    reach = max(plan.windows[-1] * plan.stride, bank.reach)
    size = max(MOST_CELLS // EXCERPTS, 8 * reach)
    if grid.cells <= max(MOST_CELLS, EXCERPTS * size):
        yield grid
        return
    for first in np.linspace(0, grid.cells - size, EXCERPTS).astype(int).tolist():
        valid = None if grid.valid is None else grid.valid[:, first : first + size]
        yield Grid(grid.values[:, first : first + size], valid, grid.present, grid.rate)
