"""How well a model knows recordings like this one, and what a task's score is made of.

Region scores say how sure the model is of what it found. A model that meets a new device or a label
that it never saw can be sure and wrong: its frames fall on one side of its borders, far from
anything that it learned from. What gives such a recording away is that its features, averaged over
time, lie elsewhere than those of the training recordings.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.contracts import FamiliaritySegmenter, Segmenter
from tslab.errors import PluginError
from tslab.recording import Recording
from tslab.segmentation.chain import Look
from tslab.spans import Span

REMEMBERED = 16
"""Recordings that a segmenter may be busy with at once."""

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


def familiarity(looks: Sequence[Look]) -> float:
    """1 where a recording's features lie where those of training do on average, towards 0 beyond.

    Args:
        looks: What each part of a model sees; parts that use no feature say nothing.
    """
    away = [float(np.mean(look.means * look.means)) for look in looks if len(look.means)]
    return 1 / (1 + float(np.mean(away))) if away else 1.0


class Memory:
    """The familiarity of recordings that were segmented a moment ago and are still in use.

    Segmenting computes all that familiarity needs, and is most of the work of either. Whoever
    predicts asks for both.
    """

    def __init__(self) -> None:
        self._known: deque[tuple[weakref.ref[Recording], float]] = deque(maxlen=REMEMBERED)

    def keep(self, recording: Recording, value: float) -> None:
        """Remembers a recording's familiarity as long as the recording lives."""
        self._known.append((weakref.ref(recording), value))

    def of(self, recording: Recording) -> float | None:
        """The familiarity of this very recording, None where it is not remembered."""
        found = (value for kept, value in list(self._known) if kept() is recording)
        return next(found, None)
