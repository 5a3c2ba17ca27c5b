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

from tslab.segmentation.features.grid import Float32, Mask

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
    step = int(bank.dilation[group])
    half, cells = step * (TAPS // 2), signals.shape[1]
    padded = np.zeros(cells + 2 * half, np.float32)
    padded[half : half + cells] = signals[bank.channel[group]]
    shifted = [padded[i * step : i * step + cells] for i in range(TAPS)]
    total = shifted[0] + shifted[1]
    for part in shifted[2:]:
        total += part
    for first, second, third in bank.taps[group]:
        out = shifted[first] + shifted[second]
        out += shifted[third]
        out *= 3
        out -= total
        yield out


def exceeded(
    signals: Float32, bank: KernelBank, wanted: Mask, length: int
) -> Iterator[tuple[int, list[int], Float32]]:
    """Where responses exceed their thresholds, group after group of which a kernel is wanted.

    All kernels of a group are one product of matrices: many times fewer calls than tap by tap.

    Args:
        signals: float32 ``(signals, cells)``.
        bank: The kernels.
        wanted: Which kernels, ``(groups, kernels)``.
        length: Of the rows that are given; what lies beyond the cells is 0.

    Yields:
        How many wanted kernels came before, which of the group are wanted, and 1 or 0, float32
        ``(wanted kernels, length)``, valid until the next is asked for.
    """
    cells, most = signals.shape[1], bank.reach
    padded = np.zeros((len(signals), cells + 2 * most), np.float32)
    padded[:, most : most + cells] = signals
    weights = np.full((*wanted.shape, TAPS), -1, np.float32)
    np.put_along_axis(weights, bank.taps, 2, axis=2)
    taps = np.empty((TAPS, cells), np.float32)
    above = np.zeros((wanted.shape[1], length), np.float32)
    before = 0
    for group, chosen in enumerate(wanted.tolist()):
        numbers = [number for number, needed in enumerate(chosen) if needed]
        if not numbers:
            continue
        line, step = padded[bank.channel[group]], int(bank.dilation[group])
        first = 4 * (most - (TAPS // 2) * step)
        # Row i is the line i steps later: rows that overlap, which a product cannot take as such.
        taps[...] = np.ndarray(taps.shape, np.float32, line, first, (4 * step, 4))
        answers = weights[group, numbers] @ taps
        out = above[: len(numbers)]
        np.greater(answers, bank.threshold[group, numbers, None], out=out[:, :cells])
        yield before, numbers, out
        before += len(numbers)
