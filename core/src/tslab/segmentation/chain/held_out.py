"""What folds say about a model's regions: which of them are right, as far as that is fair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.calibration import Evidence
from tslab.segmentation.chain.lengths import Lengths, lengths_of
from tslab.segmentation.chain.model import stretches_of
from tslab.segmentation.chain.tuning import (
    UNKNOWN,
    Classes,
    Decoder,
    decode_all,
    events_of,
    matched,
)
from tslab.segmentation.features.grid import Float32

Folds = NDArray[np.int64]


def fair_classes(classes: Classes, fold: Folds) -> Classes:
    """Class of every frame, `UNKNOWN` where the other folds have no example of it.

    Nothing can find what it has never seen, but the whole model will have seen it: such frames say
    nothing about how well it will do. With one recording they are many.
    """
    fair = classes.copy()
    for number in range(int(fold.max()) + 1):
        inside = fold == number
        fair[inside & ~np.isin(classes, classes[~inside])] = UNKNOWN
    return fair


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Recordings with what was said of them out of fold.

    Attributes:
        logs: Log-probabilities by recording, ``(frames, classes)``.
        classes: What people marked.
        fair: The same without what no other fold has, `fair_classes`.
        fold: Fold of every frame.
        background: Whether class 0 is the background.
    """

    logs: Sequence[Float32]
    classes: Sequence[Classes]
    fair: Sequence[Classes]
    fold: Sequence[Folds]
    background: bool

    def evidence(self, decoder: Decoder) -> Evidence:
        """Regions that are found, and which of them are right."""
        evidence = Evidence()
        lengths = self._lengths()
        paths = decode_all(self.logs, decoder, self.background)
        for part, path, real, fold in zip(self.logs, paths, self.fair, self.fold, strict=True):
            seen = np.where(real == UNKNOWN, UNKNOWN, path)
            guesses = events_of(seen, self.background)
            right = matched(guesses, events_of(real, self.background))
            found = stretches_of(part, seen, self.background)
            for stretch, guess, good in zip(found, guesses, right, strict=True):
                usual = lengths[int(fold[guess[0]])]
                odd = usual.oddity(stretch.kind, stretch.last - stretch.first, stretch.whole)
                evidence.add(stretch.confidence, odd, bool(good))
        return evidence

    def _lengths(self) -> list[Lengths]:
        """For every fold the usual lengths in the others: its own ones are not known to it."""
        found = []
        for number in range(max(int(part.max()) for part in self.fold) + 1):
            pairs = zip(self.classes, self.fold, strict=True)
            others = [np.where(fold == number, UNKNOWN, part) for part, fold in pairs]
            found.append(lengths_of(others, self.background))
        return found
