"""What the `lstm` segmenter learns from: rows, their classes, and windows that cross no gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tslab.contracts import TrainingExample
from tslab.domain import Domain, Tier
from tslab.recording import Recording
from tslab.segmentation.features.grid import Float32, Grid, Mask, channel_key, fastest
from tslab.spans import Span

Classes = NDArray[np.int64]
UNKNOWN = -1
"""Class of a row that nobody reviewed, or in which nothing was measured."""

NEAR_SECONDS = 0.06
"""Rows so near to an instant are of its class."""


@dataclass(frozen=True, slots=True)
class Head:
    """Classes that exclude each other: the background (0) and labels of one tier.

    Attributes:
        tier: Name of the tier.
        labels: Labels of the classes from 1 on.
        kind: Whether the labels are stretches or points in time.
    """

    tier: str
    labels: tuple[str, ...]
    kind: Literal["spans", "instants"]

    @property
    def size(self) -> int:
        """How many classes there are."""
        return len(self.labels) + 1


def find_heads(examples: Sequence[TrainingExample], domain: Domain) -> list[Head]:
    """What can be learned: labels that occur, those that exclude each other together."""
    heads: list[Head] = []
    for tier in domain.tiers:
        rows = [[s for s in e.spans if s.tier == tier.name] for e in examples]
        used = [x.name for x in tier.labels if any(s.label == x.name for r in rows for s in r)]
        points = [name for name in used if _is_instant(name, tier, rows)]
        ranges = [name for name in used if name not in points]
        if points:
            heads.append(Head(tier.name, tuple(points), "instants"))
        if ranges and tier.kind == "intervals" and any(_overlap(row, ranges) for row in rows):
            heads += [Head(tier.name, (name,), "spans") for name in ranges]
        elif ranges:
            heads.append(Head(tier.name, tuple(ranges), "spans"))
    return heads


def _is_instant(label: str, tier: Tier, rows: Sequence[Sequence[Span]]) -> bool:
    """Whether most marks of a label are points; a tier of intervals may hold both kinds."""
    if tier.kind != "intervals":
        return tier.kind == "instants"
    marks = [span.is_instant for row in rows for span in row if span.label == label]
    return 2 * sum(marks) > len(marks)


def _overlap(spans: Iterable[Span], labels: Sequence[str]) -> bool:
    """Whether spans of different labels share time."""
    last_end, last_label = -1, ""
    ranges = (s for s in spans if s.label in labels and not s.is_instant)
    for span in sorted(ranges, key=lambda s: s.start_us):
        if span.start_us < last_end and span.label != last_label:
            return True
        if span.end_us > last_end:
            last_end, last_label = span.end_us, span.label
    return False


def find_channels(examples: Sequence[TrainingExample], domain: Domain) -> list[str]:
    """Keys of all channels of the recordings, in the order in which they first appear."""
    names = (signal.name for example in examples for signal in example.recording.signals)
    return list(dict.fromkeys(channel_key(name, domain) for name in names))


def find_rate(examples: Sequence[TrainingExample]) -> float:
    """Rows a second: the median over the recordings of their fastest channel's rate."""
    signals = [signal for e in examples if (signal := fastest(e.recording)) is not None]
    rates = [s.sampling_rate for s in signals if s.sample_count and s.sampling_rate > 0]
    return float(np.median(rates)) if rates else 0.0


def inputs_of(grid: Grid) -> Float32:
    """What the network sees of a grid, ``(rows, channels + 1)``; last: share that is missing."""
    rows = np.zeros((grid.cells, len(grid.values) + 1), np.float32)
    rows[:, :-1] = grid.values.T
    known = grid.present[:, None] if grid.valid is None else grid.valid
    rows[:, -1] = 1 - known.mean(axis=0)
    return rows


def measured(grid: Grid, recording: Recording) -> Mask:
    """Rows in which some channel has a sample, outside of the recording's gaps, ``(rows,)``."""
    known = np.full(grid.cells, bool(grid.present.any()))
    if grid.valid is not None:
        known &= grid.valid.any(axis=0)
    return known & ~_inside(recording.gaps, grid)


def _inside(stretches: Iterable[tuple[float, float]], grid: Grid) -> Mask:
    """Rows whose middle lies in one of the stretches."""
    mask = np.zeros(grid.cells, bool)
    for start, end in stretches:
        first, last = _rows_between(start, end, grid.rate)
        mask[first:last] = True
    return mask


def _rows_between(start: float, end: float, rate: float) -> tuple[int, int]:
    """Rows whose middle lies in ``[start, end)``, half-open."""
    # A hair of tolerance for times that came back from microseconds.
    return tuple(max(0, int(np.ceil(t * rate - 0.5 - 1e-4))) for t in (start, end))  # type: ignore[return-value]


def classes_of(example: TrainingExample, head: Head, grid: Grid, window: int) -> Classes:
    """Class of every row, ``(rows,)``; UNKNOWN where it was not reviewed or not measured."""
    classes = np.zeros(grid.cells, np.int64)
    spans = [s for s in example.spans if s.tier == head.tier and s.label in head.labels]
    near = min(int(NEAR_SECONDS * grid.rate), window // 10)
    for span in spans:
        number = head.labels.index(span.label) + 1
        if head.kind == "instants":
            at = int((span.start + span.end) / 2 * grid.rate + 1e-4)
            classes[max(0, at - near) : at + near + 1] = number
            continue
        first, last = _rows_between(span.start, span.end, grid.rate)
        # A span that is shorter than a row still marks one.
        classes[min(first, grid.cells - 1) : max(last, first + 1)] = number
    reviewed = _inside(example.reviewed.get(head.tier, ()), grid)
    classes[~(reviewed & measured(grid, example.recording))] = UNKNOWN
    return classes


def pieces_of(known: Mask, window: int) -> list[tuple[int, int]]:
    """Stretches of rows, half-open, between gaps of at least half a window."""
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    pieces: list[tuple[int, int]] = []
    for first, last in edges.tolist():
        if pieces and first - pieces[-1][1] < max(1, window // 2):
            pieces[-1] = (pieces[-1][0], last)
        else:
            pieces.append((first, last))
    return pieces


def windows_of(pieces: Iterable[tuple[int, int]], window: int) -> NDArray[np.int64]:
    """First and last row (half-open) of windows that step by half a window, ``(windows, 2)``.

    The last window of a piece ends with it; a piece that is shorter than a window is one window.
    """
    found = []
    for first, last in pieces:
        if last <= first:
            continue
        final = max(first, last - window)
        starts = np.append(np.arange(first, final, max(1, window // 2)), final)
        found.append(np.stack([starts, np.minimum(starts + window, last)], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def row_numbers(windows: NDArray[np.int64], window: int, rows: int) -> NDArray[np.int64]:
    """Row of every place of every window, ``(windows, window)``; `rows` is the padding."""
    numbers = windows[:, :1] + np.arange(window)
    return np.where(numbers < windows[:, 1:], numbers, rows)
