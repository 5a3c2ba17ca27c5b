"""Rows of features for what the domain's own segmenter finds.

Ranges give the share of a frame, and of the windows around it, that lies in them. Instants give how
near one is, how often they come, how far apart and how evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.segmentation.features.grid import Float32, Float64
from tslab.segmentation.features.hints import Hints, Layout
from tslab.segmentation.features.rhythm import CLEAR_CHANGE, MOST_CHANGE


@dataclass(frozen=True, slots=True)
class Totals:
    """What has come up to any time: differences of two of them are what a window holds.

    Attributes:
        times: Seconds, rising.
        lines: Totals at these times, ``(quantities, times)``.
        steps: Whether totals jump at the times (instants) instead of growing between them.
    """

    times: Float64
    lines: Float64
    steps: bool

    @classmethod
    def of_ranges(cls, start: Float64, end: Float64, score: Float64) -> Totals:
        """Seconds inside, and seconds inside weighed by score."""
        times = np.concatenate((start, end))
        order = np.argsort(times, kind="stable")
        times = times[order]
        weight = np.stack([np.ones_like(score), score])
        level = np.concatenate((weight, -weight), axis=1)[:, order].cumsum(axis=1)
        grown = level[:, :-1] * np.diff(times)
        lines = np.zeros((2, len(times)))
        np.cumsum(grown, axis=1, out=lines[:, 1:])
        return cls(times, lines, steps=False)

    @classmethod
    def of_instants(cls, times: Float64) -> Totals:
        """Numbers of instants, of known intervals and changes, and what they add up to."""
        rows = np.zeros((6, len(times) + 1))
        rows[0, 1:] = 1
        if len(times) > 1:
            interval = np.log(np.maximum(np.diff(times), 1e-6))
            rows[1, 2:], rows[2, 2:] = 1, interval
            change = np.abs(np.diff(interval))
            rows[3, 3:], rows[4, 3:] = 1, np.minimum(change, MOST_CHANGE)
            rows[5, 3:] = change > CLEAR_CHANGE
        return cls(times, rows.cumsum(axis=1), steps=True)

    def at(self, when: Float64) -> Float64:
        """The totals at some times, ``(quantities, times)``."""
        if self.steps:
            return np.asarray(self.lines[:, np.searchsorted(self.times, when)])
        if not len(self.times):
            return np.zeros((len(self.lines), len(when)))
        return np.stack([np.interp(when, self.times, line) for line in self.lines])


class HintRows:
    """Rows of one recording.

    Args:
        hints: What the segmenter found, None where it failed: all rows are unknown then.
        layout: Which rows there are.
        windows: Lengths in frames, odd.
        seconds: Length of a frame.
        duration: Of the recording, in seconds.

    Attributes:
        height: How many rows there are.
    """

    def __init__(
        self,
        hints: Hints | None,
        layout: Layout,
        windows: Sequence[int],
        seconds: float,
        duration: float,
    ) -> None:
        self._known = hints is not None
        self._layout, self._windows = layout, windows
        self._seconds, self._duration = seconds, duration
        self.height = len(layout.widths(windows))
        if hints is None:
            return
        self._ranges = [Totals.of_ranges(*hints.ranges(key)) for key in layout.ranges]
        own = {tier: [key for key in layout.instants if key[0] == tier] for tier in layout.tiers}
        self._tiers = {t: Totals.of_instants(hints.instants(keys)) for t, keys in own.items()}
        self._points = [Totals.of_instants(hints.instants([key])) for key in layout.instants]

    def of(self, first: int, last: int) -> Float32:
        """Rows of the frames `first` to `last` (half-open), float32 ``(rows, frames)``."""
        if not self._known:
            return np.full((self.height, last - first), np.nan, np.float32)
        edges = [self._edges(first, last, window) for window in (1, *self._windows)]
        rows: list[Float64] = []
        for inside in self._ranges:
            rows += _shares(inside, edges)
        for tier in self._layout.tiers:
            rows += _evenness(self._tiers[tier], edges[1:])
        for (tier, _), times in zip(self._layout.instants, self._points, strict=True):
            centres: Float64 = (np.arange(first, last, dtype=np.float64) + 0.5) * self._seconds
            rows.append(_nearness(times.times, centres, self._seconds))
            rows += [_share_of(times, self._tiers[tier], pair) for pair in edges[1:]]
        return np.array(rows, np.float32)

    def _edges(self, first: int, last: int, window: int) -> tuple[Float64, Float64]:
        """Where windows around frames begin and end, within the recording."""
        begin = (np.arange(first, last) - window // 2) * self._seconds
        end = np.minimum(begin + window * self._seconds, self._duration)
        return np.maximum(begin, 0.0), np.maximum(end, 0.0)


Edges = tuple[Float64, Float64]


def _shares(inside: Totals, edges: Sequence[Edges]) -> list[Float64]:
    """Share of each frame, by score too, and of the windows around it."""
    rows: list[Float64] = []
    for number, (begin, end) in enumerate(edges):
        share = (inside.at(end) - inside.at(begin)) / np.maximum(end - begin, 1e-9)
        rows += list(np.clip(share, 0, 1)[: 1 if number else 2])
    return rows


def _evenness(times: Totals, edges: Sequence[Edges]) -> list[Float64]:
    """How often instants come in each window, how far apart, and how unevenly."""
    rows: list[Float64] = []
    for begin, end in edges:
        number, known, interval, pairs, change, clear = times.at(end) - times.at(begin)
        known[known == 0] = np.nan
        pairs[pairs == 0] = np.nan
        rate = np.log((number + 0.5) / np.maximum(end - begin, 1e-9))
        rows += [rate, interval / known, change / pairs, clear / pairs]
    return rows


def _share_of(own: Totals, every: Totals, edges: Edges) -> Float64:
    """Share of a tier's instants that are of one label; unknown where there are none."""
    begin, end = edges
    total = every.at(end)[0] - every.at(begin)[0]
    total[total == 0] = np.nan
    return np.asarray((own.at(end)[0] - own.at(begin)[0]) / total)


def _nearness(times: Float64, centres: Float64, seconds: float) -> Float64:
    """1 at an instant, falling with the distance in frames."""
    if not len(times):
        return np.zeros(len(centres))
    after = np.searchsorted(times, centres)
    left, right = times[np.maximum(after - 1, 0)], times[np.minimum(after, len(times) - 1)]
    away = np.minimum(np.abs(centres - left), np.abs(right - centres)) / seconds
    return np.asarray(np.exp(-0.5 * away * away))
