"""How early anomalies are found: mean delay, and the score of the Numenta benchmark."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tslab.stretches import Stretch, intersect
from tslab_iot_maintenance.anomaly_metric import AnomalyMetric, Scored, share

PROFILES = {"standard": (0.11, 1.0), "low_fp": (0.22, 1.0), "low_fn": (0.11, 2.0)}
"""Weights of a false alarm and of a miss; a hit weighs 1 (Lavin A, Ahmad S. NAB. 2015)."""
STEEPNESS = 5.0
FAR = 3.0
"""Lengths of a window after it, from where a false alarm counts in full."""


@dataclass(frozen=True, slots=True)
class DetectionDelay(AnomalyMetric):
    """Seconds from the start of an anomaly to the first time at which it is marked.

    The share that was found stands beside it, without which a delay says little.
    """

    name: str = "detection-delay"
    title: str = "Detection delay (s), from the start of an anomaly to where it is found; 0 is best"

    SHARES = (("found", "found", "events"),)

    def sums(self, scored: Scored) -> Mapping[str, float]:
        """Anomalies, those that were found, and the delays of these in seconds."""
        pieces = [(one, intersect([one], scored.hypothesis)) for one in scored.reference]
        delays = [found[0][0] - one[0] for one, found in pieces if found]
        return {
            "events": float(len(pieces)),
            "found": float(len(delays)),
            "seconds": sum(delays) / 1e6,
        }

    def value(self, components: Mapping[str, float]) -> float | None:
        """Mean delay of what was found, in seconds; None where nothing was."""
        return share(components.get("seconds", 0.0), components.get("found", 0.0))


@dataclass(frozen=True, slots=True)
class WindowScore(AnomalyMetric):
    """Score of the Numenta Anomaly Benchmark: an alarm is worth the more the earlier it comes.

    Each range that was found is one alarm, at its start. The first one in a true event counts, by
    where in the event it is; one after it, or before any, is a false alarm, which costs less soon
    after an event. 1 is perfect, 0 is silence. The benchmark's tables say 100 times that, its
    windows are wider than the events, and it leaves out the first 15 % of a recording.
    """

    name: str = "nab"
    title: str = (
        "NAB score: that of the Numenta Anomaly Benchmark, events as windows; early is good"
    )

    def sums(self, scored: Scored) -> Mapping[str, float]:
        """Worth of hits, cost of false alarms, missed windows, and all windows."""
        alarms = [start for start, _ in scored.hypothesis]
        hits = {}
        cost = 0.0
        for alarm, window in _windows(alarms, scored.reference):
            place = 2 * FAR if window is None else (alarm - window[1]) / (window[1] - window[0])
            if place >= 0:
                cost -= _worth(place)
            elif window not in hits:
                hits[window] = _worth(place) / _worth(-1.0)
        windows = len(scored.reference)
        return {
            "hits": math.fsum(hits.values()),
            "false_alarms": cost,
            "missed": float(windows - len(hits)),
            "windows": float(windows),
        }

    def value(self, components: Mapping[str, float]) -> float | None:
        """Score with the standard weights; None where there is no event."""
        return self.details(components)["standard"]

    def details(self, components: Mapping[str, float]) -> Mapping[str, float | None]:
        """Scores with the benchmark's three profiles of weights."""
        return {name: _score(components, *weights) for name, weights in PROFILES.items()}


def _windows(
    alarms: Sequence[int], windows: Sequence[Stretch]
) -> Iterator[tuple[int, Stretch | None]]:
    """Each alarm and the last window that began before it."""
    at = -1
    for alarm in alarms:
        while at + 1 < len(windows) and windows[at + 1][0] <= alarm:
            at += 1
        yield alarm, windows[at] if at >= 0 else None


def _worth(place: float) -> float:
    """Between 0.98661 at the start of a window (-1), 0 at its end (0), and -1 far behind it."""
    return -1.0 if place >= FAR else 2 / (1 + math.exp(STEEPNESS * place)) - 1


def _score(components: Mapping[str, float], false_alarm: float, miss: float) -> float | None:
    windows = components.get("windows", 0.0)
    if not windows:
        return None
    raw = components["hits"] - false_alarm * components["false_alarms"]
    raw -= miss * components["missed"]
    silence = -miss * windows
    return (raw - silence) / (windows - silence)
