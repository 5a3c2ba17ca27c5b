"""Matched events: who goes with whom, and by how much their borders differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tslab.agreement.events.chains import Scores
from tslab.agreement.events.counts import EventCounts
from tslab.agreement.events.edges import Edges
from tslab.agreement.events.events import Positions
from tslab.span_table import Numbers, Ticks


class Columns(Protocol):
    """Events of one or of all annotators, in columns of one length."""

    @property
    def label(self) -> Numbers | Positions:
        """Number of the set of labels."""

    @property
    def start(self) -> Ticks:
        """Microseconds."""

    @property
    def end(self) -> Ticks:
        """Microseconds."""

    @property
    def row(self) -> Ticks | Positions:
        """Row of the table."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some matched events; what is below `least` is none of them.

    Attributes:
        reference: The events of the reference.
        hypothesis: The events of the hypothesis, on the same time axis.
        at_reference: Positions in `reference`, intp ``(candidates,)``.
        at_hypothesis: Positions in `hypothesis`, intp ``(candidates,)``.
        iou: Intersection over union, ``(candidates,)``.
        key: Cell of the counts: item * sets + set of the reference, ``(candidates,)``.
        sets: How many sets of labels there are.
        least: The least intersection over union of a match.
        edges: Which events of the reference reach an edge of what both reviewed; None where that
            is not known, and for instants, which somebody put there.
    """

    reference: Columns
    hypothesis: Columns
    at_reference: Positions
    at_hypothesis: Positions
    iou: Scores
    key: Ticks | Positions
    sets: int
    least: float = 0.0
    edges: Edges | None = None

    def at(self) -> Positions | slice:
        """Which candidates are matches."""
        return np.flatnonzero(self.iou >= self.least) if self.least else slice(None)

    def matched(self) -> Piece:
        """The same without those below `least`."""
        at = self.at()
        if isinstance(at, slice):
            return self
        return Piece(
            self.reference, self.hypothesis, self.at_reference.take(at),
            self.at_hypothesis.take(at), self.iou.take(at), self.key.take(at), self.sets,
            edges=self.edges,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matches:
    """Matched events of some pairs of annotators, by one criterion.

    Columns of matches are in the same order for one and the same object; that order means nothing.

    Attributes:
        criterion: Name of the criterion.
        counts: How many are found, missed and added for each pair, task and set of labels.
        pieces: The matched events.
    """

    criterion: str
    counts: EventCounts
    pieces: tuple[Piece, ...]

    def settled(self) -> Matches:
        """The same with its matches picked once for all that is asked of it."""
        return Matches(self.criterion, self.counts, tuple(p.matched() for p in self.pieces))

    @property
    def reference(self) -> Ticks:
        """Rows of the table, int64 ``(matches,)``."""
        return as_ticks([p.reference.row[p.at_reference] for p in self._pieces()])

    @property
    def hypothesis(self) -> Ticks:
        """Rows of the table, int64 ``(matches,)``."""
        return as_ticks([p.hypothesis.row[p.at_hypothesis] for p in self._pieces()])

    @property
    def iou(self) -> Scores:
        """Intersection over union, float64 ``(matches,)``."""
        return np.concatenate([np.zeros(0), *(p.iou for p in self._pieces())])

    @property
    def cell(self) -> Ticks:
        """Item and set of labels as one number: item * sets + set, int64 ``(matches,)``."""
        return as_ticks([p.key for p in self._pieces()])

    @property
    def item(self) -> Ticks:
        """Pair and task of each match: rows of ``counts``, int64 ``(matches,)``."""
        return as_ticks([p.key // p.sets for p in self._pieces()])

    @property
    def label(self) -> Ticks:
        """Set of labels of the reference event: columns of ``counts``, int64 ``(matches,)``."""
        return as_ticks([p.key % p.sets for p in self._pieces()])

    @property
    def hypothesis_label(self) -> Ticks:
        """Set of labels of the hypothesis event, int64 ``(matches,)``."""
        return as_ticks([p.hypothesis.label[p.at_hypothesis] for p in self._pieces()])

    @property
    def onset(self) -> Ticks:
        """Start of the hypothesis less that of the reference, microseconds, int64."""
        return as_ticks([
            p.hypothesis.start.take(p.at_hypothesis) - p.reference.start.take(p.at_reference)
            for p in self._pieces()
        ])  # fmt: skip

    @property
    def offset(self) -> Ticks:
        """End of the hypothesis less that of the reference, microseconds, int64."""
        return as_ticks([
            p.hypothesis.end.take(p.at_hypothesis) - p.reference.end.take(p.at_reference)
            for p in self._pieces()
        ])  # fmt: skip

    def _pieces(self) -> list[Piece]:
        return [piece.matched() for piece in self.pieces]


def as_ticks(parts: Sequence[Ticks | Numbers | Positions]) -> Ticks:
    """Whole numbers one after the other."""
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64, copy=False)
