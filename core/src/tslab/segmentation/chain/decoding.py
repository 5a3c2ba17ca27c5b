"""From probabilities by frame to stretches of one label: Viterbi in blocks, and runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32

Path = NDArray[np.int64]
FEW_CLASSES = 12
"""Up to so many classes long series are decoded in blocks that run side by side."""

SMALL_TREE = 250_000
"""Frames times cubed classes up to which pairs of pairs of frames take less time than blocks."""


def viterbi_batch(
    gains: Float32, cost: Float32, start: Float32 | None = None
) -> tuple[NDArray[np.int16], Float32]:
    """Best way into every class, many series side by side.

    Args:
        gains: Gain of a class in a frame, ``(series, frames, classes)``.
        cost: Cost of a change, ``(classes, classes)`` or ``(series, classes, classes)``; row is
            the class before.
        start: What the classes are worth before the first frame, ``(series, classes)``.

    Returns:
        For every frame and class the class before it, ``(frames, series, classes)``, and what the
        classes are worth after the last frame.
    """
    series, frames, classes = gains.shape
    # The many series last, where numpy is fast.
    worth = np.zeros((classes, series), np.float32) if start is None else start.T.copy()
    before = np.empty((frames, classes, series), np.int16)
    lines = np.ascontiguousarray(gains.transpose(1, 2, 0))
    price = cost[:, :, None] if cost.ndim == 2 else cost.transpose(1, 2, 0)
    for frame in range(frames):
        ways = worth[:, None] - price
        before[frame] = ways.argmax(axis=0)
        worth = np.maximum.reduce(ways, axis=0)
        worth += lines[frame]
    return before.transpose(0, 2, 1), worth.T


def trace(before: NDArray[np.int16], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Classes of the best ways that end in `last`, ``(series, frames)``, and one before them.

    The result has a column more than there are frames: the first is the class before the series.
    """
    frames, series, _ = before.shape
    rows = np.arange(series)
    path = np.empty((series, frames + 1), np.int64)
    path[:, frames] = last
    for frame in range(frames - 1, -1, -1):
        path[:, frame] = before[frame, rows, path[:, frame + 1]]
    return path


def viterbi(gains: Float32, cost: Float32) -> Path:
    """The best sequence of classes, int64 ``(frames,)``.

    Args:
        gains: ``(frames, classes)``.
        cost: Cost of a change, ``(classes, classes)``, 0 on the diagonal.
    """
    frames, classes = gains.shape
    length = int(np.sqrt(frames * classes)) + 1
    if frames > 1 and frames * classes**3 < SMALL_TREE:
        return _by_pairs(gains, cost)
    if frames < 64 or classes > FEW_CLASSES:
        before, worth = viterbi_batch(gains[None], cost)
        return trace(before, worth.argmax(axis=1))[0, 1:]
    return _in_blocks(gains, cost, length)


def _by_pairs(gains: Float32, cost: Float32) -> Path:
    """Viterbi by doubling: the same result in as many steps as the logarithm of the frames.

    The best way between the ends of a stretch, for every class at either end, is the best of those
    through its middle. Found for pairs of frames, pairs of pairs and so on, it gives the classes at
    the ends of the series, then the one in the middle, then those in between.
    """
    frames, classes = gains.shape
    size = 1 << (frames - 2).bit_length()
    # Class before, class after, change; the changes beyond the end keep the class for nothing.
    way = np.full((classes, classes, size), -np.inf)
    way[np.arange(classes), np.arange(classes)] = 0
    np.subtract(gains[1:].T[None], cost[:, :, None], out=way[:, :, : frames - 1])
    ways = [way]
    while way.shape[2] > 1:
        way = np.maximum.reduce(way[:, :, None, 0::2] + way[None, :, :, 1::2], axis=1)
        ways.append(way)
    total = gains[0][:, None] + way[:, :, 0]
    path = np.array(divmod(int(total.argmax()), classes))
    for way in ways[-2::-1]:
        left = np.arange(0, way.shape[2], 2)
        through = way[path[:-1], :, left] + way[:, path[1:], left + 1].T
        finer = np.empty(2 * len(path) - 1, np.int64)
        finer[0::2], finer[1::2] = path, through.argmax(axis=1)
        path = finer
    return path[:frames]


def _in_blocks(gains: Float32, cost: Float32, length: int) -> Path:
    """Viterbi in blocks that run side by side: the same result in far fewer steps."""
    frames, classes = gains.shape
    blocks = -(-frames // length)
    padded = np.zeros((blocks * length, classes), np.float32)
    padded[:frames] = gains
    parts = padded.reshape(blocks, length, classes)
    worth = _worth_at_starts(parts, cost)
    before, _ = viterbi_batch(parts, cost, worth[:-1])
    # Where every class at a block's end came from at its start; then the ends, back to front.
    ends = np.repeat(np.arange(classes)[None], blocks, axis=0)
    rows = np.arange(blocks)[:, None]
    came = ends
    for frame in range(length - 1, -1, -1):
        came = before[frame][rows, came].astype(np.int64)
    last = np.empty(blocks, np.int64)
    last[-1] = worth[-1].argmax()
    for block in range(blocks - 1, 0, -1):
        last[block - 1] = came[block, last[block]]
    return trace(before, last)[:, 1:].reshape(-1)[:frames]


def _worth_at_starts(parts: Float32, cost: Float32) -> Float32:
    """What the classes are worth before every block and after the last, ``(blocks + 1, K)``."""
    blocks, length, classes = parts.shape
    # Classes now, classes at the start, blocks: the many blocks last, where numpy is fast.
    step = np.full((classes, classes, blocks), -np.inf, np.float32)
    step[np.arange(classes), np.arange(classes)] = 0
    lines = np.ascontiguousarray(parts.transpose(1, 2, 0))
    price = cost[:, :, None, None]
    for frame in range(length):
        step = np.maximum.reduce(step[:, None] - price, axis=0)
        step += lines[frame][:, None]
    worth = np.zeros((blocks + 1, classes), np.float32)
    for block in range(blocks):
        worth[block + 1] = (worth[block] + step[:, :, block]).max(axis=1)
        # Only differences count; what is taken off keeps float32 exact on long series.
        worth[block + 1] -= worth[block + 1].max()
    return worth


def runs(path: Path) -> list[tuple[int, int, int]]:
    """Runs of one class: first frame, last frame (half-open) and class."""
    if not len(path):
        return []
    edges = np.flatnonzero(np.diff(path)) + 1
    first = np.concatenate(([0], edges))
    last = np.concatenate((edges, [len(path)]))
    return [(int(a), int(b), int(path[a])) for a, b in zip(first, last, strict=True)]
