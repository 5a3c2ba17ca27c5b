"""Random dilated convolution kernels in the MiniRocket manner.

A kernel has nine taps, six of -1 and three of 2, a dilation and a threshold; what counts is the
share of cells in which its response lies above the threshold (Dempster A, Schmidt DF, Webb GI.
MiniRocket. KDD 2021). Kernels that share channel and dilation share the sum of their taps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.grid import Float32

TAPS = 9
KERNELS_A_GROUP = 4


@dataclass(frozen=True, slots=True)
class KernelBank:
    """Groups of kernels.

    Attributes:
        channel: Row of the signals, int64 ``(groups,)``.
        dilation: Cells between two taps, int64 ``(groups,)``.
        taps: The three taps of weight 2, int64 ``(groups, kernels, 3)``.
        threshold: What a response must exceed, float32 ``(groups, kernels)``.
    """

    channel: NDArray[np.int64]
    dilation: NDArray[np.int64]
    taps: NDArray[np.int64]
    threshold: Float32

    @property
    def count(self) -> int:
        """How many kernels there are."""
        return int(self.threshold.size)

    @property
    def reach(self) -> int:
        """Cells to either side that a response depends on."""
        return int(self.dilation.max(initial=0)) * (TAPS // 2)


def draw_kernels(channels: int, dilations: Sequence[int], groups: int, seed: int) -> KernelBank:
    """Kernels whose thresholds are still 0; every channel and dilation gets its turn."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(channels) for _ in range(groups // channels + 1)])
    steps = np.array([dilations[i % len(dilations)] for i in range(groups)], np.int64)
    taps = [
        [np.sort(rng.choice(TAPS, 3, replace=False)) for _ in range(KERNELS_A_GROUP)]
        for _ in range(groups)
    ]
    return KernelBank(
        order[:groups].astype(np.int64),
        steps,
        np.array(taps, np.int64).reshape(groups, KERNELS_A_GROUP, 3),
        np.zeros((groups, KERNELS_A_GROUP), np.float32),
    )


def responses(signals: Float32, bank: KernelBank, group: int) -> Iterator[Float32]:
    """Each kernel's response in a group, float32 ``(cells,)``; zeros lie beyond both ends."""
    shifted, total = _taps(signals, bank, group)
    for first, second, third in bank.taps[group]:
        out = shifted[first] + shifted[second]
        out += shifted[third]
        out *= 3
        out -= total
        yield out


def exceeded(
    signals: Float32, bank: KernelBank, group: int, numbers: Sequence[int], out: Float32
) -> None:
    """Writes where the responses of some kernels of a group exceed their thresholds, 1 or 0.

    Args:
        signals: float32 ``(signals, cells)``.
        bank: The kernels.
        group: Which group.
        numbers: Which kernels of it.
        out: float32 ``(len(numbers), cells)``.
    """
    shifted, total = _taps(signals, bank, group)
    total *= np.float32(1 / 3)
    some = np.empty_like(total)
    for row, number in enumerate(numbers):
        first, second, third = bank.taps[group, number].tolist()
        np.add(shifted[first], shifted[second], out=some)
        some += shifted[third]
        some -= total
        np.greater(some, bank.threshold[group, number] / np.float32(3), out=out[row])


def _taps(signals: Float32, bank: KernelBank, group: int) -> tuple[list[Float32], Float32]:
    """What the taps of a group see, and its sum."""
    step = int(bank.dilation[group])
    half, cells = step * (TAPS // 2), signals.shape[1]
    padded = np.zeros(cells + 2 * half, np.float32)
    padded[half : half + cells] = signals[bank.channel[group]]
    shifted = [padded[i * step : i * step + cells] for i in range(TAPS)]
    # Two, four, eight taps, and the ninth.
    two = padded[:-step] + padded[step:]
    four = two[: -2 * step] + two[2 * step :]
    total = four[:cells] + four[4 * step : 4 * step + cells]
    total += shifted[-1]
    return shifted, total
