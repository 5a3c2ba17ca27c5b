"""All measures of time, by name, as functions of sums: for a pair, a group, and each label."""

from __future__ import annotations

import math

import numpy as np

from tslab.agreement.coefficients import (
    Floats,
    Group,
    Named,
    Two,
    cohen_kappa,
    dice,
    fleiss_kappa,
    group_ac1,
    gwet_ac1,
    iou,
    krippendorff_alpha,
    percent_agreement,
    ratio,
    scott_pi,
)
from tslab.agreement.time.sums import Pairwise
from tslab.agreement.values import (
    NO_COMMON_TIME,
    NO_HYPOTHESIS,
    NO_REFERENCE,
    NO_VARIATION,
    NOT_ALL_PRESENT,
    NOTHING_MARKED,
    Value,
)

# Why a measure is undefined although there is time to measure on.
REASON = {
    "time/percent_agreement": NO_COMMON_TIME,
    "time/cohen_kappa": NO_VARIATION,
    "time/scott_pi": NO_VARIATION,
    "time/fleiss_kappa": NO_VARIATION,
    "time/krippendorff_alpha": NO_VARIATION,
    "time/gwet_ac1": NO_VARIATION,
    "time/jaccard": NOTHING_MARKED,
    "time/iou": NOTHING_MARKED,
    "time/iou_pooled": NOTHING_MARKED,
    "time/iou_task_mean": NOTHING_MARKED,
    "time/dice": NOTHING_MARKED,
    "time/coverage_first": NO_REFERENCE,
    "time/coverage_second": NO_HYPOTHESIS,
}


def defined_mean(values: Floats, axis: int = -1) -> Floats:
    """Mean of what is defined; NaN where nothing is."""
    there = np.isfinite(values)
    return ratio(np.where(there, values, 0).sum(axis=axis), there.sum(axis=axis).astype(float))


def shared_values(sums: Pairwise) -> Named:
    """Measures that are ratios of times, so that pairs may be added up first, ``(...)``."""
    both, first, second = sums.both, sums.label_first, sums.label_second
    marked = sums.two.first[..., 1:].sum(-1), sums.two.second[..., 1:].sum(-1)
    # Time without a label of either = agreed in state 0; the rest is the union.
    union = sums.two.ticks - sums.two.agreed[..., 0]
    all_both, all_union = both.sum(axis=-1), (first + second - both).sum(axis=-1)
    inside = marked[0] + marked[1] - union
    return {
        "time/percent_agreement": percent_agreement(sums.two),
        "time/jaccard": ratio(sums.similar, union),
        "time/iou": defined_mean(iou(both, first, second)),
        "time/iou_pooled": ratio(all_both, all_union),
        "time/dice": defined_mean(dice(both, first, second)),
        "time/coverage_first": ratio(inside, marked[0]),
        "time/coverage_second": ratio(inside, marked[1]),
    }


def shared_label_values(sums: Pairwise) -> Named:
    """The same for each label, ``(..., labels)``."""
    both, first, second = sums.both, sums.label_first, sums.label_second
    return {
        "time/percent_agreement": percent_agreement(sums.by_label()),
        "time/iou": iou(both, first, second),
        "time/dice": dice(both, first, second),
        "time/coverage_first": ratio(both, first),
        "time/coverage_second": ratio(both, second),
    }


def pair_values(sums: Pairwise, unit: float | None) -> Named:
    """All measures of two annotators, ``(...)``."""
    classes = sums.two.agreed.shape[-1]
    return {**shared_values(sums), **_chance_corrected(sums.two, classes, unit)}


def pair_label_values(sums: Pairwise, unit: float | None) -> Named:
    """All measures of two annotators for each label, ``(..., labels)``."""
    return {**shared_label_values(sums), **_chance_corrected(sums.by_label(), 2, unit)}


def _chance_corrected(two: Two, classes: int, unit: float | None) -> Named:
    pi = scott_pi(two)
    return {
        "time/cohen_kappa": cohen_kappa(two),
        "time/scott_pi": pi,
        "time/krippendorff_alpha": pi if unit is None else _small_sample(pi, two, unit),
        "time/gwet_ac1": gwet_ac1(two, classes),
    }


def _small_sample(pi: Floats, two: Two, unit: float) -> Floats:
    """Two annotators' alpha is pi with a correction for few items: 2 T / unit of them."""
    items = 2 * two.ticks / unit
    return np.asarray(1 - (1 - pi) * ratio(items - 1, items))


def group_values(group: Group, unit: float | None) -> Named:
    """Measures of a group, ``(...)``; of each label where labels are an axis of its sums."""
    return {
        "time/fleiss_kappa": fleiss_kappa(group),
        "time/krippendorff_alpha": krippendorff_alpha(group, unit),
        "time/gwet_ac1": group_ac1(group, group.spent.shape[-1]),
    }


def value_of(metric: str, number: float, ticks: float, full_ticks: float | None = None) -> Value:
    """A number, or the reason why it is none.

    Args:
        metric: Name of the measure.
        number: What came out; NaN where it is undefined.
        ticks: Time that could be compared.
        full_ticks: Time that all annotators reviewed, where that matters.
    """
    if math.isfinite(number):
        return Value(float(number))
    if not ticks > 0:
        return Value(None, NO_COMMON_TIME)
    if metric == "time/fleiss_kappa" and full_ticks is not None and not full_ticks > 0:
        return Value(None, NOT_ALL_PRESENT)
    return Value(None, REASON[metric])
