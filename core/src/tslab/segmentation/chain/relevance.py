"""How far each feature can be trusted: what it tells of the labels against how much it wavers.

Frames next to each other say nearly the same, so a hundred frames of one event are no hundred
proofs. Frames are averaged over pieces of a quarter of a short event; a feature counts by the
largest t of one class against the others over pieces, with errors that may be shared within a
recording. What does not stand out is left out, and the ridge penalty falls on the others the
harder the less they stand out.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.chain.tuning import UNKNOWN, Classes
from tslab.segmentation.features.columns import CLOCK_MARKS, FramePlan, hint_columns
from tslab.segmentation.features.grid import Float32, Float64, Mask
from tslab.segmentation.features.rhythm import ROWS

PIECE = 6
"""Frames of a piece."""


def pieces_of(classes: Classes, recording: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pieces of one class within one recording: first frame, last, class, recording."""
    change = (np.diff(classes) != 0) | (np.diff(recording) != 0)
    edges = np.concatenate(([0], np.flatnonzero(change) + 1, [len(classes)]))
    found: list[tuple[int, int, int, int]] = []
    for first, last in itertools.pairwise(edges):
        if classes[first] == UNKNOWN:
            continue
        number = max(1, round((last - first) / PIECE))
        cuts = np.linspace(first, last, number + 1).astype(np.int64)
        kind, place = int(classes[first]), int(recording[first])
        found += [(int(a), int(b), kind, place) for a, b in itertools.pairwise(cuts)]
    return np.array(found, np.int64).reshape(-1, 4)


def squared_t(features: Float32, pieces: NDArray[np.int64], width: NDArray[np.int64]) -> Float64:
    """Largest squared t of one class against the others, for every feature.

    Args:
        features: Standardised, ``(frames, features)``.
        pieces: Of `pieces_of`.
        width: Frames that each feature looks at: wide ones see the same in several pieces.
    """
    means, kinds = _means(features, pieces), pieces[:, 2]
    best: Float64 = np.zeros(features.shape[1])
    names = np.unique(kinds)
    for kind in names if len(names) > 2 else names[-1:]:
        best = np.maximum(best, _squared_t(means, kinds == kind, pieces[:, 3]))
    return np.asarray(best / np.maximum(1.0, width / PIECE))


def relevance(told: Float64, least: float) -> Float32:
    """Factor from 0 to 1 for every feature.

    Args:
        told: Of `squared_t`.
        least: Below it a feature is left out; 0 trusts all alike.
    """
    if least <= 0:
        return np.ones(len(told), np.float32)
    top = np.sort(told)[-max(1, len(told) // 50)]
    kept = np.maximum(0, 1 - least / np.maximum(told, 1e-9))
    return np.asarray(np.sqrt(kept * np.minimum(1, told / max(top, 1e-9))), np.float32)


def family_gain(plan: FramePlan, opening: Mask) -> Float32:
    """Lets the few features of a family count together as much as the others.

    Families are rhythm, hints and what is compared with the opening.

    Args:
        plan: Whose features they are.
        opening: Which compare with the opening, ``(features,)``.
    """
    count = len(opening)
    gain = np.ones(count, np.float32)
    hints = hint_columns(plan, count)
    for family in (hints, opening):
        own = int(family.sum())
        if own:
            gain[family] = np.sqrt(max(1.0, (count - own) / own))
    if plan.period:
        end = count - int((hints | opening).sum()) - (CLOCK_MARKS if plan.clock else 0)
        own = ROWS * len(plan.windows)
        gain[end - own : end] = np.sqrt(max(1.0, (end - own) / own))
    return gain


def _means(features: Float32, pieces: NDArray[np.int64]) -> Float64:
    total = np.empty((len(pieces), features.shape[1]))
    for row, (first, last) in enumerate(pieces[:, :2]):
        total[row] = features[first:last].mean(axis=0)
    return total


def _squared_t(means: Float64, inside: NDArray[np.bool_], place: NDArray[np.int64]) -> Float64:
    """Squared t of what lies inside against the rest."""
    away = np.zeros(means.shape[1])
    error = np.zeros(means.shape[1])
    rest = 0.0
    for side, sign in ((inside, 1), (~inside, -1)):
        part, count = means[side], int(side.sum())
        middle = part.mean(axis=0)
        away += sign * middle
        left = part - middle
        rest = rest + (left * left).sum(axis=0)
        shared = np.zeros_like(error)
        for recording in np.unique(place[side]):
            shared += left[place[side] == recording].sum(axis=0) ** 2
        error += shared / count**2
    count = len(means)
    ones = int(inside.sum())
    plain = rest / max(1, count - 2) * (1 / ones + 1 / (count - ones))
    return np.asarray(away * away / (np.maximum(plain, error) + 1e-4))
