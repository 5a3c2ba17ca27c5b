"""Matchings that SciPy finds, and spans to be matched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Spans = list[tuple[int, int]]


def iou_matrix(one: Spans, other: Spans) -> NDArray[np.float64]:
    a, b = np.array(one).reshape(-1, 2), np.array(other).reshape(-1, 2)
    both = np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    both = np.maximum(both, 0)
    either = (a[:, 1] - a[:, 0])[:, None] + (b[:, 1] - b[:, 0])[None, :] - both
    return np.asarray(both / either)


def best_by_scipy(score: NDArray[np.float64], allowed: NDArray[np.bool_]) -> tuple[int, float]:
    """Most matches, and the highest sum of scores among those."""
    if not allowed.size:
        return 0, 0.0
    rows, columns = linear_sum_assignment(np.where(allowed, 1e4 + score, 0.0), maximize=True)
    taken = allowed[rows, columns]
    return int(taken.sum()), float(score[rows, columns][taken].sum())


def as_tasks(cases: list[tuple[Spans, Spans]]) -> list[tuple[int, int, int, int, int]]:
    return [
        (task, annotator, 0, start, end)
        for task, sides in enumerate(cases)
        for annotator, spans in enumerate(sides)
        for start, end in spans
    ]
