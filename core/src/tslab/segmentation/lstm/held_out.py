"""Which rows the `lstm` segmenter is judged on while it learns: recordings, or blocks of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.segmentation.lstm.rows import Classes

SHARE = 0.2
BLOCKS = 10
Piece = tuple[int, int]
Labels = Counter[tuple[int, int]]
"""Rows by head and class, without the background."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Pieces of rows to learn from and to be judged on.

    Attributes:
        train: First and last row, half-open.
        held_out: The same; shares no row with `train`, but for recordings of a few rows.
        recordings: Numbers of the held-out recordings; empty where blocks of time are held out.
    """

    train: Sequence[Piece]
    held_out: Sequence[Piece]
    recordings: Sequence[int]


def hold_out(
    pieces: Sequence[Sequence[Piece]],
    classes: Sequence[Classes],
    seed: int,
    owners: Sequence[str] = (),
) -> Parts:
    """A fifth of the recordings, or of the time where recordings cannot be spared.

    Recordings of one owner stay together. They can be spared when every label that they have is
    in those of another one too.

    Args:
        pieces: Pieces of each recording.
        classes: Classes of all rows, one array for each head.
        seed: Of the choice.
        owners: Whose recordings they are, "" where nobody knows; empty for nobody's.
    """
    units = _units(owners or [""] * len(pieces))
    labels = [_labels([piece for i in unit for piece in pieces[i]], classes) for unit in units]
    chosen = sorted(i for unit in _spared(labels, seed) for i in units[unit])
    if not chosen:
        return _blocks(pieces, classes)
    kept = [i for i in range(len(pieces)) if i not in chosen]
    return Parts(
        [piece for i in kept for piece in pieces[i]],
        [piece for i in chosen for piece in pieces[i]],
        chosen,
    )


def _units(owners: Sequence[str]) -> list[list[int]]:
    """Numbers of the recordings that stay together; all on their own if one owner has all."""
    if len(set(owners)) == 1:
        return [[number] for number in range(len(owners))]
    units: dict[str, list[int]] = {}
    for number, owner in enumerate(owners):
        # Nobody's recordings are each their own; a space never begins an owner's name.
        units.setdefault(owner or f" {number}", []).append(number)
    return list(units.values())


def _labels(pieces: Sequence[Piece], classes: Sequence[Classes]) -> Labels:
    found: Labels = Counter()
    for head, rows in enumerate(classes):
        for first, last in pieces:
            numbers, counts = np.unique(rows[first:last], return_counts=True)
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                if number > 0:
                    found[head, number] += count
    return found


def _spared(labels: Sequence[Labels], seed: int) -> list[int]:
    """Units to hold out: those first that show the most labels not yet held out."""
    useful = [i for i, found in enumerate(labels) if found]
    wanted = max(1, round(SHARE * len(labels)))
    left: Labels = Counter(key for found in labels for key in found)
    order = [int(i) for i in np.random.default_rng(seed).permutation(useful)]
    chosen: list[int] = []
    seen: set[tuple[int, int]] = set()
    while len(chosen) < wanted:
        spare = [i for i in order if i not in chosen and all(left[key] > 1 for key in labels[i])]
        if not spare:
            break
        best = max(spare, key=lambda i: len(labels[i].keys() - seen))
        chosen.append(best)
        seen |= labels[best].keys()
        left.subtract(labels[best].keys())
    return chosen


def _blocks(pieces: Sequence[Sequence[Piece]], classes: Sequence[Classes]) -> Parts:
    """Two tenths of every piece, those that leave the most labels on both sides.

    Where there are too few rows to spare any, the same rows are learned from and judged on.
    """
    all_pieces = [piece for part in pieces for piece in part]
    if all(last - first < BLOCKS for first, last in all_pieces):
        return Parts(all_pieces, all_pieces, ())
    cuts = [_cut(all_pieces, offset) for offset in range(BLOCKS // 2)]

    def both(cut: tuple[list[Piece], list[Piece]]) -> tuple[int, int]:
        train, held = (_labels(side, classes) for side in cut)
        shared = train.keys() & held.keys()
        return len(train), len(shared)

    train, held = max(cuts, key=both)
    return Parts(train, held, ())


def _cut(pieces: Sequence[Piece], offset: int) -> tuple[list[Piece], list[Piece]]:
    train: list[Piece] = []
    held: list[Piece] = []
    for first, last in pieces:
        edges = np.linspace(first, last, BLOCKS + 1).astype(int).tolist()
        for number in range(BLOCKS):
            side = held if number % (BLOCKS // 2) == offset else train
            if edges[number] < edges[number + 1]:
                side.append((edges[number], edges[number + 1]))
    return train, held
