"""How far apart borders are, in bins: the shape that a median hides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.boundaries import SECOND, SIDES, Borders
from tslab.span_table import Mask, Ticks

BINS = 41
"""Odd, so that one bin lies around 0."""
INSIDE = 0.95
"""Share of the errors that bins reach to, if that is not too far; the rest is counted apart."""
FARTHEST = 6
"""Bins reach to so many medians at most: a few who are far out leave the others their shape."""
LEAST = 0.001
"""Seconds of the narrowest bin: nobody marks anything more exactly."""
ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Signed errors of one side of matched events.

    Attributes:
        side: onset, offset or instant.
        labels: Of which set of labels; () is all.
        edges: Seconds, float64 ``(bins + 1,)``.
        counts: int64 ``(bins,)``.
        beyond: How many lie before the first bin, and how many after the last.
    """

    side: str
    labels: tuple[str, ...]
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    beyond: tuple[int, int]

    @property
    def errors(self) -> int:
        """How many there are."""
        return int(self.counts.sum()) + sum(self.beyond)

    @property
    def label(self) -> str:
        """What the set of labels is called; "" is all."""
        return " + ".join(self.labels)


def histograms(
    borders: Borders,
    people: Mask,
    labels: tuple[tuple[str, ...], ...],
    sides: tuple[str, ...] = SIDES,
    least: float = 0.0,
) -> list[Histogram]:
    """Histograms of all matches of people, and of each set of labels.

    Args:
        borders: The errors; those of borders that nobody drew are left out.
        people: Which items are pairs of people, bool ``(items,)``.
        labels: Labels of each set.
        sides: Names of the sides; one name takes onsets alone.
        least: Seconds below which an error says nothing, such as a sample: no bin is narrower.
    """
    if not len(borders.cell):
        return []
    of_people, found = people[borders.item], list[Histogram]()
    every = zip((borders.onset, borders.offset), borders.undrawn, strict=True)
    for side, (errors, undrawn) in zip(sides, every, strict=False):
        shown = of_people.copy()
        shown[undrawn] = False
        errors, label = errors[shown], borders.label[shown]
        edges = _edges(errors, least)
        if edges is None:
            continue
        # Bin 0 is what lies before all of them, the last one what lies after.
        bins = np.searchsorted(edges, errors / SECOND, side="right")
        wide = BINS + 2
        table = np.bincount(label * wide + bins, minlength=len(labels) * wide).reshape(-1, wide)
        found.append(_of_counts(side, (), edges, table.sum(axis=0)))
        if len(labels) > 1:
            found += [
                _of_counts(side, names, edges, counts)
                for names, counts in zip(labels, table, strict=True)
                if counts.any()
            ]
    return found


def _of_counts(
    side: str, labels: tuple[str, ...], edges: NDArray[np.float64], counts: NDArray[np.int64]
) -> Histogram:
    return Histogram(side, labels, edges, counts[1:-1], (int(counts[0]), int(counts[-1])))


def _edges(errors: Ticks, least: float) -> NDArray[np.float64] | None:
    """Borders of bins of a round width; None where there is no error to show."""
    if not len(errors):
        return None
    places = [math.ceil(share * (len(errors) - 1)) for share in (0.5, INSIDE)]
    middle, reach = np.partition(np.abs(errors), places)[places] / SECOND
    if middle:
        reach = min(reach, FARTHEST * middle)
    width = max(2 * reach / BINS, least, LEAST)
    power = 10.0 ** np.floor(np.log10(width))
    width = next(power * step for step in ROUND if power * step >= width * (1 - 1e-9))
    return np.asarray((np.arange(BINS + 1) - BINS / 2) * width)
