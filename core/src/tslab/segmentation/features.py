"""What a model sees of a frame: statistics of windows of many lengths around it, and kernels.

Cells are summed up to frames once; windows are whole numbers of frames, so every statistic of
every window is a difference of two cumulative sums. A feature that cannot be known (channel
missing, nothing measured there) is NaN until it is standardised, where it becomes 0: neutral.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.grid import Float32, Grid, Mask
from tslab.segmentation.kernels import KernelBank, responses
from tslab.segmentation.rhythm import ROWS, find_bursts
from tslab.segmentation.windows import Moments, WindowSums, log_mean

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
    """

    rate: float
    stride: int
    windows: tuple[int, ...]
    lags: tuple[int, ...]
    period: int = 0
    clock: float = 0.0

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
    """First frame and features ``(features, frames)`` of one stretch after the other.

    Args:
        grid: A recording.
        plan: How time is cut.
        bank: The kernels.
        used: Features that are needed; kernels of which none is are not computed. None needs all.
    """
    wanted = _wanted_kernels(plan, len(grid.values) + 1, bank, used)
    frames = plan.frames(grid.cells)
    reach = _reach(plan, bank)
    size = max(64, CHUNK // (plan.stride * (len(grid.values) + 1)), 2 * reach)
    if frames <= size + reach:
        size = frames
    bursts = find_bursts(grid, plan.period) if plan.period else None
    for first in range(0, frames, size):
        last = min(frames, first + size)
        low, high = max(0, first - reach), min(frames, last + reach)
        part = _cut(grid, low * plan.stride, high * plan.stride)
        blocks = [_chunk(part, plan, bank, wanted, (first - low, last - first))]
        if bursts is not None:
            lines = bursts.by_frame(plan.stride, low, high)
            blocks.append(_regularity(lines, plan, (first - low, last - first)))
        if plan.clock:
            blocks.append(_clock(plan, grid.rate, first, last))
        yield first, blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _reach(plan: FramePlan, bank: KernelBank) -> int:
    """Frames to either side that a feature depends on."""
    cells = max((*plan.lags, bank.reach))
    return plan.windows[-1] + 1 + -(-cells // plan.stride)


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


def frame_sums(lines: Float32, stride: int) -> Float32:
    """Sums of `stride` cells, float32 ``(rows, frames)``; the last frame may be part empty."""
    rows, cells = lines.shape
    if stride == 1:
        return lines
    whole = cells // stride
    out = np.zeros((rows, -(-cells // stride)), np.float32)
    ones = np.ones(stride, np.float32)
    np.matmul(lines[:, : whole * stride].reshape(rows, whole, stride), ones, out=out[:, :whole])
    if whole < out.shape[1]:
        out[:, whole] = lines[:, whole * stride :].sum(axis=1)
    return out


def _chunk(
    part: Grid, plan: FramePlan, bank: KernelBank, wanted: Mask, asked: tuple[int, int]
) -> Float32:
    """Features of the asked frames (first, count), ``(features, count)``."""
    signals, known = signals_of(part)
    present = np.append(part.present, part.present.any())
    blocks = _statistics(signals, known, plan, asked)
    if bank.count:
        blocks.append(_kernel_shares(signals, plan, bank, wanted, asked))
        present_kernels = np.tile(
            np.repeat(present[bank.channel], bank.count // len(bank.channel)), len(plan.pooled())
        )
        if not present.all():
            blocks[-1][~present_kernels] = np.nan
    names = len(present)
    for block in blocks[: len(blocks) - bool(bank.count)] if not present.all() else ():
        if len(block) == names:
            block[~present] = np.nan
    return np.concatenate(blocks)


def _statistics(
    signals: Float32, known: Float32 | None, plan: FramePlan, asked: tuple[int, int]
) -> list[Float32]:
    """Statistics of all windows: blocks of one row for each signal."""
    reach = plan.windows[-1] + 1
    count = known if known is not None else np.ones((1, signals.shape[1]), np.float32)
    sums = WindowSums(frame_sums(signals, plan.stride), *asked, reach)
    squares = WindowSums(frame_sums(signals * signals, plan.stride), *asked, reach)
    counts = WindowSums(frame_sums(count, plan.stride), *asked, reach)
    steps = [_steps(signals, known, lag, plan.stride, asked, reach) for lag in plan.lags]
    blocks: list[Float32] = []
    for window in plan.windows:
        moments = Moments.of(sums, squares, counts, window)
        mean, spread = moments.around()
        blocks += [mean, spread, _departure(mean), *moments.change()]
        for lag, (total, number) in zip(plan.lags, steps, strict=True):
            if lag <= window * plan.stride:
                blocks.append(log_mean(total, number, window))
    return blocks


def _departure(mean: Float32) -> Float32:
    """How far the channels (without their magnitude) are from normal together, two rows.

    Some events show in another channel each time; what they share is that something departs.
    """
    size = np.abs(mean[:-1])
    size[np.isnan(size)] = 0
    together = np.sqrt((size * size).mean(axis=0))
    return np.asarray(np.stack([together, size.max(axis=0)]))


def _steps(
    signals: Float32,
    known: Float32 | None,
    lag: int,
    stride: int,
    asked: tuple[int, int],
    reach: int,
) -> tuple[WindowSums, WindowSums]:
    """Sums of absolute differences at a lag, and of how many there are."""
    size = np.zeros_like(signals)
    number = np.ones((1, signals.shape[1]), np.float32) if known is None else known.copy()
    number[:, :lag] = 0
    if lag < signals.shape[1]:
        np.abs(signals[:, lag:] - signals[:, :-lag], out=size[:, lag:])
        if known is not None:
            number[:, lag:] *= known[:, :-lag]
            size *= number
    return (
        WindowSums(frame_sums(size, stride), *asked, reach),
        WindowSums(frame_sums(number, stride), *asked, reach),
    )


def _wanted_kernels(plan: FramePlan, signals: int, bank: KernelBank, used: Mask | None) -> Mask:
    """Kernels whose share is needed over some window, ``(groups, kernels)``."""
    if used is None:
        return np.ones(bank.threshold.shape, bool)
    first = len(feature_widths(replace(plan, period=0, clock=0.0), signals, 0))
    last = first + len(plan.pooled()) * bank.count
    needed = used[first:last].reshape(-1, bank.count).any(axis=0)
    return np.asarray(needed.reshape(bank.threshold.shape))


def _kernel_shares(
    signals: Float32, plan: FramePlan, bank: KernelBank, wanted: Mask, asked: tuple[int, int]
) -> Float32:
    """Share of cells above the threshold of every kernel, for both windows that they pool over."""
    if not wanted.any():
        return np.zeros((bank.count * len(plan.pooled()), asked[1]), np.float32)
    lines = np.zeros((bank.count, plan.frames(signals.shape[1])), np.float32)
    kernels = wanted.shape[1]
    above = np.zeros((kernels, signals.shape[1]), np.float32)
    for group in np.flatnonzero(wanted.any(axis=1)).tolist():
        for number, response in enumerate(responses(signals, bank, group)):
            np.greater(response, bank.threshold[group, number], out=above[number])
        lines[group * kernels : (group + 1) * kernels] = frame_sums(above, plan.stride)
    reach = max(plan.pooled())
    sums = WindowSums(lines, *asked, reach)
    frames = WindowSums(
        frame_sums(np.ones((1, signals.shape[1]), np.float32), plan.stride), *asked, reach
    )
    shares = []
    for window in plan.pooled():
        half = window // 2
        share = sums.over(-half, half + 1) / np.maximum(frames.over(-half, half + 1), 1)
        shares.append(share.astype(np.float32))
    return np.concatenate(shares)


def _regularity(lines: Float32, plan: FramePlan, asked: tuple[int, int]) -> Float32:
    """How many bursts a window holds, and means of what is known of them."""
    sums = WindowSums(lines, *asked, plan.windows[-1])
    blocks = []
    for window in plan.windows:
        half = window // 2
        number, *rest = sums.over(-half, half + 1)
        blocks.append(np.log(number / (window * plan.stride / plan.period) + 0.1))
        # One burst tells little of how regular they are; none tells nothing.
        blocks += [row / (number + 0.5) for row in rest]
    return np.array(blocks, np.float32)


def _clock(plan: FramePlan, rate: float, first: int, last: int) -> Float32:
    """Nearness of every frame to the marks of the clock."""
    time = (np.arange(first, last) + 0.5) * plan.stride / rate
    away = time[None, :] / plan.clock - np.arange(CLOCK_MARKS)[:, None]
    return np.exp(-0.5 * away * away).astype(np.float32)


def standardised(features: Float32, centre: Float32, scale: Float32) -> Float32:
    """Features in standard deviations, in place; what is not known becomes 0."""
    features -= centre[:, None]
    features /= scale[:, None]
    np.clip(features, -LIMIT, LIMIT, out=features)
    features[np.isnan(features)] = 0
    return features


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
    if plan.clock:
        widths += [0] * CLOCK_MARKS
    return np.array(widths, np.int64)
