"""Multinomial logistic regression with class-balanced weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.segmentation.grid import Float32, Float64

STEPS = 60


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
        return log_softmax(features @ self.weights + self.bias)


def log_softmax(scores: Float32) -> Float32:
    """Scores with the logarithm of the sum of their exponentials taken off, row by row."""
    scores = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)))


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
) -> Softmax:
    """Fits by L-BFGS.

    Args:
        features: Standardised, float32 ``(rows, features)``.
        classes: Class of every row.
        weight: Weight of every row; they sum to 1.
        penalty: Ridge penalty on the weights, not on the bias; one, or one for each feature.
        count: How many classes there are.
    """
    from scipy.optimize import minimize

    width = features.shape[1]
    hot = np.zeros((len(classes), count), np.float32)
    hot[np.arange(len(classes)), classes] = 1
    ridge = np.broadcast_to(np.asarray(penalty, np.float32), (width,))[:, None]

    def loss(flat: Float64) -> tuple[float, Float64]:
        table = flat.astype(np.float32).reshape(width + 1, count)
        logs = log_softmax(features @ table[:-1] + table[-1])
        slope = (np.exp(logs) - hot) * weight[:, None]
        shrink = ridge * table[:-1]
        value = -float(np.sum(weight * np.sum(logs * hot, axis=1)))
        value += 0.5 * float(np.sum(shrink * table[:-1]))
        gradient = np.concatenate([features.T @ slope + shrink, slope.sum(axis=0)[None]])
        return value, gradient.ravel().astype(np.float64)

    first = np.zeros((width + 1, count))
    best = minimize(
        loss,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "maxcor": 12, "ftol": 1e-6, "gtol": 1e-5},
    )
    table = best.x.astype(np.float32).reshape(width + 1, count)
    return Softmax(table[:-1].copy(), table[-1].copy())
