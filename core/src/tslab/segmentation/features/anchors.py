"""Where exactly an instant lies: at the turning point of a signal that people seem to mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tslab.segmentation.features.columns import signals_of
from tslab.segmentation.features.grid import Float32, Float64, Grid

SHAPES = ("highest", "lowest", "farthest", "rise", "fall", "jump")
MOST_INSTANTS = 400
REACHES = (1.5, 2.5, 3.5)
"""Frames to either side of the detector's time in which landmarks are looked for."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A landmark of a signal near an instant.

    Attributes:
        signal: Row of the signals, -1 trusts the detector's own time.
        shape: Which landmark, an index of `SHAPES`.
        offset: Seconds from the landmark to the instant.
        reach: Seconds to either side of the detector's time in which the landmark is looked for.
    """

    signal: int = -1
    shape: int = 0
    offset: float = 0.0
    reach: float = 0.0

    def place(self, grid: Grid, time: float) -> float:
        """The instant's exact time; the detector's where the signal is not there."""
        if self.signal < 0:
            return time + self.offset
        first, part = excerpt(grid, time, self.reach)
        row = self.signal
        known = grid.present.any() if row == len(grid.present) else grid.present[row]
        if not known or part.shape[1] < 2:
            return time
        return (first + landmark(part[row], self.shape) + 0.5) / grid.rate + self.offset


def excerpt(grid: Grid, time: float, reach: float) -> tuple[int, Float32]:
    """First cell and signals around a time."""
    first = max(0, int((time - reach) * grid.rate))
    last = min(grid.cells, int((time + reach) * grid.rate) + 1)
    first = min(first, last)
    valid = None if grid.valid is None else grid.valid[:, first:last]
    part = Grid(grid.values[:, first:last], valid, grid.present, grid.rate)
    return first, signals_of(part)[0]


def landmark(line: Float32, shape: int) -> float:
    """Cell of a landmark; between two cells for those of the slope."""
    name = SHAPES[shape]
    if name in ("rise", "fall", "jump"):
        step = np.diff(line)
        step = {"rise": step, "fall": -step, "jump": np.abs(step)}[name]
        return int(step.argmax()) + 0.5
    line = {"highest": line, "lowest": -line, "farthest": np.abs(line - np.median(line))}[name]
    return float(line.argmax())


def learn_anchor(found: Sequence[tuple[Grid, float, float]], frame: float) -> Anchor:
    """The landmark that keeps the steadiest distance to what people marked.

    Args:
        found: Grid, the detector's time and the true time of every instant that was found.
        frame: Seconds of a frame of the detector.
    """
    chosen = found[:: max(1, len(found) // MOST_INSTANTS)]
    if not chosen:
        return Anchor()
    own = np.array([true - time for _, time, true in chosen])
    best, spread = Anchor(-1, 0, float(np.median(own)), 0.0), _spread(own)
    if len(chosen) < 2:
        return best
    for reach in (width * frame for width in REACHES):
        for anchor, away in _tried(chosen, reach):
            # A landmark must be clearly better than none: few instants agree by chance.
            if _spread(away) < 0.8 * spread:
                best, spread = anchor, _spread(away)
    return best


def _tried(
    chosen: Sequence[tuple[Grid, float, float]], reach: float
) -> Iterator[tuple[Anchor, Float64]]:
    """Every landmark, its offset learned, and how far the instants are from it, in seconds."""
    parts = [(grid, *excerpt(grid, time, reach), true) for grid, time, true in chosen]
    parts = [part for part in parts if part[2].shape[1] >= 2]
    for signal in range(len(chosen[0][0].present) + 1 if parts else 0):
        for shape in range(len(SHAPES)):
            away = np.array(
                [
                    true - (first + landmark(part[signal], shape) + 0.5) / grid.rate
                    for grid, first, part, true in parts
                ]
            )
            yield Anchor(signal, shape, float(np.median(away)), reach), away


def _spread(away: Float64) -> float:
    """Mean distance from the median: what an annotator would have to move."""
    return float(np.abs(away - np.median(away)).mean()) + 1e-9
