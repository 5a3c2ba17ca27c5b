"""Multinomial logistic regression with class-balanced weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.features.grid import Float32

STEPS = 30
MEMORY = 10
TOLERANCE = 1e-4
"""Relative gain of a step at which the search ends: stopping early is a mild ridge, too."""


@dataclass(frozen=True, slots=True)
class Softmax:
    """Weights of a fitted regression.

    Attributes:
        weights: float32 ``(features, classes)``.
        bias: float32 ``(classes,)``.
    """

    weights: Float32
    bias: Float32

    def log_probabilities(self, features: Float32) -> Float32:
        """Log-probability of every class, float32 ``(rows, classes)``."""
        # The many rows last, where numpy is fast.
        scores = self.weights.T @ features.T + self.bias[:, None]
        return np.ascontiguousarray(log_softmax(scores, axis=0).T)

    def scores(self, features: Float32) -> Float32:
        """What is made into probabilities, float32 ``(rows, classes)``; few features may count."""
        used = np.flatnonzero(self.weights.any(axis=1))
        return np.asarray(features[:, used] @ self.weights[used] + self.bias)

    def plus(self, other: Softmax) -> Softmax:
        """The regression whose scores are the sum of both."""
        return Softmax(self.weights + other.weights, self.bias + other.bias)


def log_softmax(scores: Float32, axis: int = -1) -> Float32:
    """Scores with the logarithm of the sum of their exponentials along an axis taken off."""
    scores = scores - scores.max(axis=axis, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=axis, keepdims=True))
    return scores


def balanced(classes: NDArray[np.int64], count: int) -> Float32:
    """A weight for each row so that every class that occurs weighs the same; their sum is 1."""
    sizes = np.bincount(classes, minlength=count)
    share = 1.0 / (np.maximum(sizes, 1) * max(1, np.count_nonzero(sizes)))
    return share[classes].astype(np.float32)


def fit_softmax(
    features: Float32,
    classes: NDArray[np.int64],
    weight: Float32,
    penalty: Float32 | float,
    count: int = 2,
    offset: Float32 | None = None,
) -> Softmax:
    """Fits by L-BFGS.

    Args:
        features: Standardised, float32 ``(rows, features)``.
        classes: Class of every row.
        weight: Weight of every row; they sum to 1.
        penalty: Ridge penalty on the weights, not on the bias; one, or one for each feature.
        count: How many classes there are.
        offset: Scores that are there before anything is learned, ``(rows, classes)``.
    """
    width = features.shape[1]
    hot = np.zeros((len(classes), count), np.float32)
    hot[np.arange(len(classes)), classes] = 1
    ridge = np.broadcast_to(np.asarray(penalty, np.float32), (width,))[:, None]

    def loss(table: Float32) -> tuple[float, Float32]:
        scores = features @ table[:-1] + table[-1]
        logs = log_softmax(scores if offset is None else scores + offset)
        slope = (np.exp(logs) - hot) * weight[:, None]
        shrink = ridge * table[:-1]
        value = -float(np.vdot(weight, np.sum(logs * hot, axis=1)))
        value += 0.5 * float(np.vdot(shrink, table[:-1]))
        return value, np.concatenate([features.T @ slope + shrink, slope.sum(axis=0)[None]])

    table = minimise(loss, np.zeros((width + 1, count), np.float32))
    return Softmax(table[:-1].copy(), table[-1].copy())


def minimise(loss: Callable[[Float32], tuple[float, Float32]], start: Float32) -> Float32:
    """L-BFGS with backtracking, for a smooth convex loss that gives its value and gradient."""
    place, memory = start, deque[tuple[Float32, Float32, float]](maxlen=MEMORY)
    value, slope = loss(place)
    for _ in range(STEPS):
        way = -_direction(slope, memory)
        down = float(np.vdot(way, slope))
        if down > -1e-10:
            break
        length = 1.0 if memory else 1.0 / max(1.0, float(np.linalg.norm(slope)))
        for _ in range(20):
            next_value, next_slope = loss(place + np.float32(length) * way)
            if next_value <= value + 1e-4 * length * down:
                break
            length *= 0.5
        else:
            break
        step, change = np.float32(length) * way, next_slope - slope
        bend = float(np.vdot(step, change))
        if bend > 1e-12:
            memory.append((step, change, bend))
        place = place + step
        gained, value, slope = value - next_value, next_value, next_slope
        if gained < TOLERANCE * max(abs(value), 1e-3):
            break
    return place


def _direction(slope: Float32, memory: Sequence[tuple[Float32, Float32, float]]) -> Float32:
    """The gradient as the inverse curvature of the last steps turns it."""
    way, parts = slope.copy(), []
    for step, change, bend in reversed(memory):
        share = np.float32(np.vdot(step, way) / bend)
        way -= share * change
        parts.append(share)
    if memory:
        step, change, bend = memory[-1]
        way *= np.float32(bend / np.vdot(change, change))
    for (step, change, bend), share in zip(memory, reversed(parts), strict=True):
        way += (share - np.float32(np.vdot(change, way) / bend)) * step
    return way
