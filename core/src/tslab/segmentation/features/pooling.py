"""How often kernels answer in windows around every frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32, Mask
from tslab.segmentation.features.kernels import KernelBank, exceeded
from tslab.segmentation.features.picking import Picked
from tslab.segmentation.features.windows import WindowSums, frame_sums


def add_shares(  # noqa: PLR0913 - a stretch is described by that much
    picked: Picked,
    signals: Float32,
    present: Mask,
    bank: KernelBank,
    stride: int,
    windows: Sequence[int],
    asked: tuple[int, int],
) -> None:
    """Adds the share of cells above the threshold of every kernel, over window after window.

    Args:
        picked: What is asked for; kernels that no window asks for are not computed.
        signals: Channels and magnitude, float32 ``(signals, cells)``.
        present: Which of them say anything; shares of the others are NaN.
        bank: The kernels.
        stride: Cells a frame.
        windows: Lengths of windows in frames, odd.
        asked: First frame that is asked about, and how many are.
    """
    needed = picked.masks(bank.count, len(windows))
    computed: Mask = np.logical_or.reduce(needed, axis=0)
    if not computed.any():
        picked.skip(bank.count * len(windows))
        return
    lines = _lines(signals, bank, stride, computed.reshape(bank.threshold.shape))
    sums = WindowSums(lines, *asked, max(windows))
    absent = ~np.repeat(present[bank.channel], bank.threshold.shape[1])
    for window, mask in zip(windows, needed, strict=True):

        def block(window: int = window, mask: Mask = mask) -> Float32:
            half = window // 2
            share = sums.over(-half, half + 1).astype(np.float32)
            share /= _cells_around(signals.shape[1], stride, half, asked)
            share = share if np.array_equal(mask, computed) else share[mask[computed]]
            if not present.all():
                share[absent[mask]] = np.nan
            return share

        picked.add_masked(bank.count, block)


def _lines(signals: Float32, bank: KernelBank, stride: int, wanted: Mask) -> NDArray[np.int32]:
    """Cells above the threshold in every frame, int32 ``(wanted kernels, frames)``."""
    frames = -(-signals.shape[1] // stride)
    lines = np.empty((int(wanted.sum()), frames), np.float32)
    for row, numbers, above in exceeded(signals, bank, wanted, frames * stride):
        frame_sums(above, stride, lines[row : row + len(numbers)])
    return lines.astype(np.int32)


def _cells_around(cells: int, stride: int, half: int, asked: tuple[int, int]) -> Float32:
    """How many cells the window around every asked frame holds, float32 ``(frames,)``."""
    frame = np.arange(asked[0], asked[0] + asked[1])
    first = np.maximum((frame - half) * stride, 0)
    last = np.minimum((frame + half + 1) * stride, cells)
    return np.asarray(last - first, np.float32)
