"""Measures of events as functions of counts.

Arrays have whatever axes are looked at: pairs, labels, tasks, draws of the bootstrap. What is
undefined is NaN; `event_value` says why.
"""

from __future__ import annotations

import math

import numpy as np

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.values import (
    NO_HYPOTHESIS,
    NO_MATCH,
    NO_REFERENCE,
    NO_VARIATION,
    NOTHING_MARKED,
    Value,
)

REFERENCE, HYPOTHESIS, FOUND, CONFIRMED, OVERLAP = range(5)


def event_scores(sums: Floats) -> dict[str, Floats]:
    """Precision, recall, F1 and mean IoU of sums ``(..., 5)`` as `EventCounts.stacked` has them.

    F1 is the share of all events of both that have a partner, which is 2 TP / (2 TP + FP + FN).
    """
    reference, hypothesis = sums[..., REFERENCE], sums[..., HYPOTHESIS]
    found, confirmed = sums[..., FOUND], sums[..., CONFIRMED]
    return {
        "precision": ratio(confirmed, hypothesis),
        "recall": ratio(found, reference),
        "f1": ratio(found + confirmed, reference + hypothesis),
        "mean_iou": ratio(sums[..., OVERLAP], found),
    }


def event_value(name: str, value: float, sums: Floats) -> Value:
    """A score, or why there is none.

    Args:
        name: precision, recall, f1 or mean_iou.
        value: The score; NaN where it is undefined.
        sums: What it is made of, ``(5,)``.
    """
    if math.isfinite(value):
        return Value(float(value))
    if not sums[REFERENCE] + sums[HYPOTHESIS]:
        return Value(None, NOTHING_MARKED)
    if name == "mean_iou":
        return Value(None, NO_MATCH)
    return Value(None, NO_HYPOTHESIS if name == "precision" else NO_REFERENCE)


def event_kappa(confusion: Floats) -> Floats:
    """Cohen's kappa of events with "no partner" as a class of its own, as EasyDIAg has it.

    Two missing events never meet, so that the expected table has a structural zero there (Holle
    and Rein 2015, who fit it iteratively). With m matched of n, and rows and columns of real
    classes that add up to R and C, the fit is ``E_kk = r_k c_k m / (R C)``.

    Args:
        confusion: Counts ``(..., classes + 1, classes + 1)``; the first row and column are events
            without a partner.
    """
    total = confusion.sum(axis=(-1, -2))
    matched = confusion[..., 1:, 1:].sum(axis=(-1, -2))
    rows, columns = confusion.sum(axis=-1)[..., 1:], confusion.sum(axis=-2)[..., 1:]
    agreed = np.trace(confusion[..., 1:, 1:], axis1=-2, axis2=-1)
    both = rows.sum(axis=-1) * columns.sum(axis=-1)
    chance = ratio((rows * columns).sum(axis=-1) * matched, both * total)
    return np.where(matched > 0, ratio(ratio(agreed, total) - chance, 1 - chance), np.nan)


def matched_kappa(confusion: Floats) -> Floats:
    """Cohen's kappa of the labels of matched events alone; arguments as for `event_kappa`."""
    table = confusion[..., 1:, 1:]
    total = table.sum(axis=(-1, -2))
    agreed = ratio(np.trace(table, axis1=-2, axis2=-1), total)
    products = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1)
    chance = ratio(products, total * total)
    return ratio(agreed - chance, 1 - chance)


def kappa_value(value: float, confusion: Floats) -> Value:
    """A kappa, or why there is none."""
    if np.isfinite(value):
        return Value(float(value))
    if not confusion.sum():
        return Value(None, NOTHING_MARKED)
    return Value(None, NO_VARIATION if confusion[1:, 1:].sum() else NO_MATCH)
