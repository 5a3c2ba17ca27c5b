"""Affiliation precision and recall (Huet, Navarro and Rossi, KDD 2022).

Time is divided among the true events, each moment to the nearest. In each zone, how far the found
time is from the event, and the event from the found time, is set against a point drawn at random:
1 is perfect, about 0.5 is chance. Nothing is to be chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tslab.stretches import Stretch, intersect
from tslab_iot_maintenance.anomaly_metric import AnomalyMetric, Scored

Zone = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Affiliation(AnomalyMetric):
    """Precision is the mean over zones in which something was found, recall that over all."""

    name: str = "affiliation"
    title: str = "Affiliation: how near to each other, against chance; for detectors and gold"

    SHARES = (("precision", "precision", "found_zones"), ("recall", "recall", "zones"))

    def sums(self, scored: Scored) -> Mapping[str, float]:
        """Sums over zones; found time where a whole stretch has no true event has no zone."""
        found = {"precision": 0.0, "found_zones": 0.0, "recall": 0.0, "zones": 0.0}
        for event, zone in _zones(scored):
            pieces = intersect([zone], scored.hypothesis)
            found["zones"] += 1
            if pieces:
                found["found_zones"] += 1
                found["precision"] += _precision(event, zone, pieces)
                found["recall"] += _recall(event, zone, pieces)
        return found


def _zones(scored: Scored) -> Iterator[tuple[Stretch, Zone]]:
    """Each true event and the time that is nearer to it than to the others of its stretch."""
    for low, high in scored.time:
        events = intersect(scored.reference, [(low, high)])
        borders = [(one[1] + other[0]) / 2 for one, other in pairwise(events)]
        ends = [float(low), *borders, float(high)]
        if events:
            yield from zip(events, pairwise(ends), strict=True)


def _precision(event: Stretch, zone: Zone, pieces: Sequence[Zone]) -> float:
    """Mean over the found time of the chance that a random point of the zone is farther away."""
    left, right = event[0] - zone[0], zone[1] - event[1]

    def survival(away: float) -> float:
        nearer = event[1] - event[0] + min(away, left) + min(away, right)
        return 1 - nearer / (zone[1] - zone[0])

    found = 0.0
    for start, end in pieces:
        found += max(0.0, min(end, event[1]) - max(start, event[0]))  # inside: always farther
        for first, last in ((event[0] - end, event[0] - start), (start - event[1], end - event[1])):
            if last > 0:
                found += _integral(survival, max(first, 0.0), last, [left, right])
    return found / sum(end - start for start, end in pieces)


def _recall(event: Stretch, zone: Zone, pieces: Sequence[Zone]) -> float:
    """Mean over the event of the chance that a random point is farther away than found time."""

    def survival(time: float) -> float:
        away = min(max(start - time, time - end, 0.0) for start, end in pieces)
        nearer = min(away, time - zone[0]) + min(away, zone[1] - time)
        return 1 - nearer / (zone[1] - zone[0])

    borders = [border for piece in pieces for border in piece]
    corners = borders + [(border + end) / 2 for border in borders for end in zone]
    corners += [(one[1] + other[0]) / 2 for one, other in pairwise(pieces)]
    length = event[1] - event[0]
    return _integral(survival, event[0], event[1], corners) / length


def _integral(
    function: Callable[[float], float], start: float, end: float, corners: Sequence[float]
) -> float:
    """Integral of a function that is straight between corners: exact."""
    places = sorted({start, end, *(corner for corner in corners if start < corner < end)})
    return sum((b - a) * (function(a) + function(b)) / 2 for a, b in pairwise(places))
