"""Which features somebody asks for, so that no others are computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tslab.segmentation.features.grid import Float32, Mask


class Picked:
    """The features of a stretch, block after block in the order of `feature_widths`.

    Args:
        used: Features that are asked for, ``(features,)``; None asks for all.
    """

    def __init__(self, used: Mask | None) -> None:
        # Bytes answer "any of these?" ten times as fast as short arrays do.
        self._flags = None if used is None else used.tobytes()
        self._used, self._at = used, 0
        self._blocks: list[Float32] = []

    def wants(self, rows: int, after: int = 0) -> bool:
        """Whether any of the next `rows` features is asked for, `after` others."""
        first = self._at + after
        return self._flags is None or b"\1" in self._flags[first : first + rows]

    def mask(self, rows: int) -> Mask:
        """Which of the next `rows` features are asked for."""
        if self._used is None:
            return np.ones(rows, bool)
        return self._used[self._at : self._at + rows]

    def masks(self, rows: int, times: int) -> Mask:
        """Which of the next ``times`` blocks of `rows` features are asked for, one block a row."""
        return self.mask(rows * times).reshape(times, rows)

    def skip(self, rows: int) -> None:
        """Leaves the next features out, none of which is asked for."""
        self._at += rows

    def add(self, rows: int, block: Callable[[], Float32]) -> None:
        """Adds the next features, of which `block` computes all ``(rows, frames)``."""
        if self.wants(rows):
            whole = self._flags is None or b"\0" not in self._flags[self._at : self._at + rows]
            self._blocks.append(block() if whole else block()[self.mask(rows)])
        self._at += rows

    def add_masked(self, rows: int, block: Callable[[], Float32]) -> None:
        """Adds the next features, of which `block` computes those of `mask` only."""
        if self.wants(rows):
            self._blocks.append(block())
        self._at += rows

    def together(self, frames: int) -> Float32:
        """All that was added, ``(features, frames)``."""
        if not self._blocks:
            return np.zeros((0, frames), np.float32)
        return np.concatenate(self._blocks)
