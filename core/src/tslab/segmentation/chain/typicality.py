"""How typical a recording is of its pool, and what a task's score is made of.

Region scores say how sure the model is of what it found. The recordings of which it is least sure
are often odd ones: a loose sensor, a person like nobody else. Who labels those first learns little
about the rest. So uncertainty counts as much as a recording is like the others of its pool: its
features, averaged over time, lie where theirs lie.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tslab.contracts import PlacingSegmenter, Segmenter
from tslab.errors import PluginError
from tslab.recording import Recording
from tslab.segmentation.chain.model import Look
from tslab.segmentation.features.grid import Float64
from tslab.spans import Span

Key = TypeVar("Key", int, str)

REPORT = "Report it to the plugin's author."

REMEMBERED = 16
"""Recordings that a segmenter may be busy with at once."""

COIN = 0.5
"""What it means that nothing was found, as long as nobody knows how good the model is."""

MOST_OTHERS = 500
"""Recordings of a large pool that every one is compared with, evenly spread."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What makes a task's score of the scores of its regions.

    Attributes:
        typicality: How typical the recording is of its pool, 0 to 1; 1 where no pool is known.
        silence: What it means that nothing is found, 0 to 1; None: no score then.
    """

    typicality: float = 1.0
    silence: float | None = None

    def score(self, spans: Sequence[Span]) -> float | None:
        """A task's score: the lower, the more there is to learn from it.

        It does not grow or shrink with the number of regions.
        """
        scores = [span.score for span in spans if span.score is not None]
        mean = sum(scores) / len(scores) if scores else self.silence
        return None if mean is None else weighed(mean, self.typicality)


def weighed(certainty: float, typicality: float) -> float:
    """A task's score, rounded to four digits: doubts count as far as a recording is typical.

    Args:
        certainty: Mean score of the task's regions.
        typicality: Of its recording.
    """
    return round(1 - (1 - certainty) * typicality, 4)


def place_of(segmenter: Segmenter | None, recording: Recording) -> Float64 | None:
    """Where a segmenter places a recording; None if it places none.

    Raises:
        PluginError: The place is no row of numbers.
    """
    if not isinstance(segmenter, PlacingSegmenter):
        return None
    said = segmenter.place(recording)
    try:
        place = np.asarray(said, np.float64)
    except (TypeError, ValueError) as error:
        raise PluginError(f"a segmenter's place is no row of numbers: {error}", REPORT) from error
    if place.ndim != 1:
        raise PluginError("a segmenter's place is no row of numbers", REPORT)
    return place


def typicality(places: Mapping[Key, Float64]) -> dict[Key, float]:
    """How typical each is of all: 1 for the one that lies nearest to all others on average.

    One twice as far away has 0.5. Places with other lengths or with NaN are like no other: 0.

    Args:
        places: Of a pool's recordings, one model's.
    """
    sizes = [len(place) for place in places.values() if np.isfinite(place).all()]
    usual = max(set(sizes), key=sizes.count, default=0)
    known = [k for k, p in places.items() if len(p) == usual and np.isfinite(p).all()]
    if not known:
        return dict.fromkeys(places, 0.0)
    away = _mean_distances(np.stack([places[key] for key in known]))
    found = np.where(away > 0, away.min() / np.where(away > 0, away, 1.0), 1.0)
    return dict.fromkeys(places, 0.0) | dict(zip(known, found.tolist(), strict=True))


def _mean_distances(points: Float64) -> Float64:
    """Mean distance of each point to all, or to evenly spread ones of many, ``(points,)``."""
    others = points[:: -(-len(points) // MOST_OTHERS)]
    total = np.zeros(len(points))
    for other in others:
        total += np.sqrt(((points - other) ** 2).sum(axis=1))
    return total / len(others)


def place_in_model(looks: Sequence[Look]) -> Float64:
    """Where a recording lies for a model, ``(features that it uses,)``; every part counts as much.

    Args:
        looks: What each part of the model sees; parts that use no feature say nothing.
    """
    parts = [look.means / np.sqrt(max(1, len(look.means))) for look in looks]
    return np.concatenate([np.zeros(0), *parts])


class Memory:
    """The places of recordings that were segmented a moment ago and are still in use.

    Segmenting computes all that a place needs, and is most of the work of either. Whoever predicts
    asks for both.
    """

    def __init__(self) -> None:
        self._known: deque[tuple[weakref.ref[Recording], Float64]] = deque(maxlen=REMEMBERED)

    def keep(self, recording: Recording, place: Float64) -> None:
        """Remembers a recording's place as long as the recording lives."""
        self._known.append((weakref.ref(recording), place))

    def of(self, recording: Recording) -> Float64 | None:
        """The place of this very recording, None where it is not remembered."""
        found = (place for kept, place in list(self._known) if kept() is recording)
        return next(found, None)
