"""What a model sees of a frame: statistics of windows of many lengths around it, and kernels.

Cells are summed up to frames once; windows are whole numbers of frames, so every statistic of
every window is a difference of two cumulative sums. A feature that cannot be known (channel
missing, nothing measured there) is NaN until it is standardised, where it becomes 0: neutral.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32, Grid, Mask
from tslab.segmentation.features.hint_rows import HintRows
from tslab.segmentation.features.hints import Layout
from tslab.segmentation.features.kernels import KernelBank
from tslab.segmentation.features.opening import TOGETHER, Opening, opening_features, opening_windows
from tslab.segmentation.features.picking import Picked
from tslab.segmentation.features.pooling import add_shares
from tslab.segmentation.features.rhythm import ROWS, find_bursts
from tslab.segmentation.features.statistics import Statistics
from tslab.segmentation.features.windows import WindowSums

LIMIT = 5.0
"""Standard deviations at which a feature is cut off: nothing unseen rules a decision."""

CHUNK = 1 << 17
"""Numbers of one channel block that are worked on at once: bounds memory, and fits the cache."""


CLOCK_MARKS = 13
"""Marks of the clock: from the start to a little beyond the usual end."""


@dataclass(frozen=True, slots=True)
class FramePlan:
    """How time is cut.

    Attributes:
        rate: Cells a second.
        stride: Cells a frame.
        windows: Lengths of the windows in frames, odd, rising.
        lags: Lags of absolute differences in cells, rising.
        period: Cells between bursts of activity as a rule, 0 where nothing repeats.
        clock: Seconds between the marks of a clock that starts with the recording; 0 is none.
        opening: Frames of a recording's start that the rest is compared with; 0 compares nothing.
        layout: Labels of the domain's own segmenter that are looked at, None for none.
    """

    rate: float
    stride: int
    windows: tuple[int, ...]
    lags: tuple[int, ...]
    period: int = 0
    clock: float = 0.0
    layout: Layout | None = None
    opening: int = 0

    @property
    def seconds(self) -> float:
        """Length of a frame."""
        return self.stride / self.rate

    def frames(self, cells: int) -> int:
        """How many frames hold that many cells; the last one may be part empty."""
        return -(-cells // self.stride)

    def pooled(self) -> tuple[int, ...]:
        """The windows over which kernels are pooled."""
        return tuple(dict.fromkeys((self.windows[min(1, len(self.windows) - 1)], self._middle())))

    def _middle(self) -> int:
        return self.windows[len(self.windows) // 2]


def feature_chunks(
    grid: Grid, plan: FramePlan, bank: KernelBank, used: Mask | None = None
) -> Iterator[tuple[int, Float32]]:
    """First frame and features ``(used features, frames)`` of one stretch after the other.

    Args:
        grid: A recording.
        plan: How time is cut.
        bank: The kernels.
        used: Features that are asked for; others are not computed. None asks for all.
    """
    frames = plan.frames(grid.cells)
    reach, beyond = _reach(plan, bank, len(grid.values) + 1, used)
    size = max(64, CHUNK // (plan.stride * (len(grid.values) + 1)), 2 * beyond)
    if frames <= size + beyond:
        size = frames
    bursts = cache(partial(find_bursts, grid, plan.period))
    looks = opening_windows(plan.windows)
    opening = cache(partial(Opening.of, grid, plan.stride, looks, plan.opening))
    hints = _hints(grid, plan)
    for first in range(0, frames, size):
        last = min(frames, first + size)
        low, high = max(0, first - beyond), min(frames, last + beyond)
        picked = Picked(used)
        asked = (first - low, last - first, reach)
        part = _cut(grid, low * plan.stride, high * plan.stride)
        statistics = _add_chunk(picked, part, plan, bank, asked)
        if plan.period and picked.wants(ROWS * len(plan.windows)):
            lines = bursts().by_frame(plan.stride, low, high)
            _add_regularity(picked, lines, plan, asked)
        elif plan.period:
            picked.skip(ROWS * len(plan.windows))
        if plan.opening:
            for place, window in enumerate(looks):
                look = partial(_departed, statistics, opening, place, window)
                picked.add(len(grid.values) + TOGETHER, look)
        if hints is not None:
            picked.add(hints.height, partial(hints.of, first, last))
        if plan.clock:
            picked.add(CLOCK_MARKS, partial(_clock, plan, grid.rate, first, last))
        yield first, picked.together(last - first)


def _hints(grid: Grid, plan: FramePlan) -> HintRows | None:
    if plan.layout is None:
        return None
    seconds, duration = plan.stride / grid.rate, grid.cells / grid.rate
    return HintRows(grid.hints, plan.layout, plan.windows, seconds, duration)


def _reach(plan: FramePlan, bank: KernelBank, signals: int, used: Mask | None) -> tuple[int, int]:
    """Frames to either side that windows reach, and that features depend on."""
    widths = feature_widths(plan, signals, bank.count)
    reach = int(widths.max() if used is None else widths[used].max(initial=0)) // 2 + 1
    cells = max((*plan.lags, bank.reach))
    return reach, reach + -(-cells // plan.stride)


def _cut(grid: Grid, first: int, last: int) -> Grid:
    valid = None if grid.valid is None else grid.valid[:, first:last]
    return Grid(grid.values[:, first:last], valid, grid.present, grid.rate)


def signals_of(grid: Grid) -> tuple[Float32, Float32 | None]:
    """The channels and, as the last row, their mean magnitude; and what was measured (1 or 0).

    The magnitude does not care which way a sensor is turned, or which of the channels there are.
    """
    known: Float32 | None = None
    magnitude = np.abs(grid.values).sum(axis=0)
    if grid.valid is None:
        magnitude /= max(1, int(grid.present.sum()))
    else:
        count = grid.valid.sum(axis=0)
        magnitude /= np.maximum(count, 1)
        known = np.vstack([grid.valid, count > 0]).astype(np.float32)
    return np.vstack([grid.values, magnitude.astype(np.float32)]), known


def _add_chunk(
    picked: Picked, part: Grid, plan: FramePlan, bank: KernelBank, asked: tuple[int, int, int]
) -> Statistics:
    """Adds statistics and kernels of the asked frames (first, count, reach of windows)."""
    signals, known = signals_of(part)
    present = np.append(part.present, part.present.any())
    statistics = Statistics(signals, known, present, plan.stride, plan.lags, asked)
    for window in plan.windows:
        statistics.add_to(picked, window)
    if bank.count:
        add_shares(picked, signals, present, bank, plan.stride, plan.pooled(), asked[:2])
    return statistics


def _departed(
    statistics: Statistics, opening: Callable[[], Opening], place: int, window: int
) -> Float32:
    """Distance of the channels in one window from the recording's opening."""
    return opening().departure(statistics.mean(window)[:-1], place)


def _add_regularity(
    picked: Picked, lines: Float32, plan: FramePlan, asked: tuple[int, int, int]
) -> None:
    """Adds how many bursts a window holds, and means of what is known of them."""
    sums = WindowSums(lines, *asked)
    for window in plan.windows:
        picked.add(ROWS, partial(_regular, sums, window, window * plan.stride / plan.period))


def _regular(sums: WindowSums, window: int, usual: float) -> Float32:
    """Of one window, in which there are `usual` bursts as a rule."""
    half = window // 2
    found = sums.over(-half, half + 1)
    number = found[0].copy()
    # One burst tells little of how regular they are; none tells nothing.
    found[1:] /= number + 0.5
    found[0] = np.log(number / usual + 0.1)
    return found.astype(np.float32)


def _clock(plan: FramePlan, rate: float, first: int, last: int) -> Float32:
    """Nearness of every frame to the marks of the clock."""
    time = (np.arange(first, last) + 0.5) * plan.stride / rate
    away = time[None, :] / plan.clock - np.arange(CLOCK_MARKS)[:, None]
    return np.exp(-0.5 * away * away).astype(np.float32)


def standardised(features: Float32, centre: Float32, scale: Float32) -> Float32:
    """Features in standard deviations, in place; what is not known becomes 0."""
    scaled(features, centre, scale)
    fill_unknown(features)
    return features


def scaled(features: Float32, centre: Float32, scale: Float32) -> None:
    """Turns features into standard deviations, in place."""
    features -= centre[:, None]
    features /= scale[:, None]
    np.clip(features, -LIMIT, LIMIT, out=features)


def fill_unknown(features: Float32) -> tuple[Float32, NDArray[np.int64]]:
    """Sets what is not known to 0, in place; gives every feature's sum and number of known."""
    sums = features.sum(axis=1)
    known = np.full(len(features), features.shape[1])
    # The sums tell which features have any that are not known.
    for row in np.flatnonzero(np.isnan(sums)):
        line = features[row]
        unknown = np.isnan(line)
        line[unknown] = 0
        sums[row] = line.sum()
        known[row] -= np.count_nonzero(unknown)
    return sums, known


def opening_columns(plan: FramePlan, channels: int, count: int) -> Mask:
    """Which of the features compare with the recording's opening."""
    columns = np.zeros(count, bool)
    if plan.opening:
        end = count - int(hint_columns(plan, count).sum()) - (CLOCK_MARKS if plan.clock else 0)
        columns[end - len(opening_features(plan.windows, channels)) : end] = True
    return columns


def hint_columns(plan: FramePlan, count: int) -> Mask:
    """Which of so many features come from the domain's own segmenter, ``(features,)``."""
    found = np.zeros(count, bool)
    if plan.layout is not None:
        end = count - (CLOCK_MARKS if plan.clock else 0)
        found[end - len(plan.layout.widths(plan.windows)) : end] = True
    return found


def feature_widths(plan: FramePlan, signals: int, kernels: int) -> NDArray[np.int64]:
    """Frames that every feature looks at, int64 ``(features,)``."""
    widths: list[int] = []
    for window in plan.windows:
        lags = sum(lag <= window * plan.stride for lag in plan.lags)
        blocks = [2 * window + 1, 2 * window + 1, *[window] * lags]
        widths += [window] * (2 * signals + 2)
        widths += [width for width in blocks for _ in range(signals)]
    for window in plan.pooled():
        widths += [window] * kernels
    if plan.period:
        widths += [window for window in plan.windows for _ in range(ROWS)]
    if plan.opening:
        widths += opening_features(plan.windows, signals - 1)
    if plan.layout is not None:
        widths += plan.layout.widths(plan.windows)
    if plan.clock:
        widths += [0] * CLOCK_MARKS
    return np.array(widths, np.int64)
