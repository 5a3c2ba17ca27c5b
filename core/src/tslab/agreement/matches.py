"""Matched events: who goes with whom, and by how much their borders differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.agreement.chains import Scores
from tslab.agreement.event_counts import EventCounts
from tslab.agreement.events import Positions, Shared
from tslab.span_table import Numbers, Ticks


@dataclass(frozen=True, slots=True)
class Piece:
    """The matched events of one pair of annotators.

    Attributes:
        shared: The events of both.
        reference: Positions in ``shared.reference``, intp ``(matches,)``.
        hypothesis: Positions in ``shared.hypothesis``, intp ``(matches,)``.
        iou: Intersection over union, ``(matches,)``.
    """

    shared: Shared
    reference: Positions
    hypothesis: Positions
    iou: Scores


@dataclass(frozen=True, slots=True)
class Matches:
    """Matched events of some pairs of annotators, by one criterion.

    Attributes:
        criterion: Name of the criterion.
        counts: How many are found, missed and added for each pair, task and set of labels.
        pieces: The matched events of each pair.
    """

    criterion: str
    counts: EventCounts
    pieces: tuple[Piece, ...]

    @property
    def reference(self) -> Ticks:
        """Rows of the table, int64 ``(matches,)``."""
        return _ticks([p.shared.reference.row[p.reference] for p in self.pieces])

    @property
    def hypothesis(self) -> Ticks:
        """Rows of the table, int64 ``(matches,)``."""
        return _ticks([p.shared.hypothesis.row[p.hypothesis] for p in self.pieces])

    @property
    def iou(self) -> Scores:
        """Intersection over union, float64 ``(matches,)``."""
        return np.concatenate([np.zeros(0), *(p.iou for p in self.pieces)])

    @property
    def item(self) -> Ticks:
        """Pair and task of each match: rows of ``counts``, int64 ``(matches,)``."""
        size = np.cumsum([0] + [len(p.shared.tasks) for p in self.pieces])
        places = [
            np.searchsorted(p.shared.tasks, p.shared.reference.task[p.reference]) + before
            for p, before in zip(self.pieces, size, strict=False)
        ]
        return _ticks(places)

    @property
    def label(self) -> Numbers:
        """Set of labels of the reference event: columns of ``counts``, int32 ``(matches,)``."""
        return _numbers([p.shared.reference.label[p.reference] for p in self.pieces])

    @property
    def hypothesis_label(self) -> Numbers:
        """Set of labels of the hypothesis event, int32 ``(matches,)``."""
        return _numbers([p.shared.hypothesis.label[p.hypothesis] for p in self.pieces])

    @property
    def onset(self) -> Ticks:
        """Start of the hypothesis less that of the reference, microseconds, int64."""
        errors = [
            p.shared.hypothesis.start[p.hypothesis] - p.shared.reference.start[p.reference]
            for p in self.pieces
        ]
        return _ticks(errors)

    @property
    def offset(self) -> Ticks:
        """End of the hypothesis less that of the reference, microseconds, int64."""
        errors = [
            p.shared.hypothesis.end[p.hypothesis] - p.shared.reference.end[p.reference]
            for p in self.pieces
        ]
        return _ticks(errors)


def _ticks(parts: Sequence[Ticks]) -> Ticks:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _numbers(parts: Sequence[Numbers]) -> Numbers:
    return np.concatenate([np.zeros(0, np.int32), *parts])
