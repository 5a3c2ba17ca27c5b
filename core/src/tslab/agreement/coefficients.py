"""Coefficients of agreement as functions of sums of time.

All functions take arrays whose leading axes are whatever is looked at: pairs, labels, tasks, draws
of the bootstrap. A value that is undefined is NaN; `reasons` says why. Disagreement is divided by
the disagreement that chance would give, d_o / d_e, in which nothing cancels: both are sums of
numbers that are not negative, and d_e is 0 only where all time is in one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Named = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Two:
    """Time of two annotators in the same set of classes; float64, exact below 2**53.

    Attributes:
        ticks: Time that both reviewed, ``(...)``.
        agreed: Time that both are in a class, ``(..., classes)``.
        first: Time of the first one in each class, ``(..., classes)``.
        second: Time of the other one, ``(..., classes)``.
    """

    ticks: Floats
    agreed: Floats
    first: Floats
    second: Floats

    @property
    def differing(self) -> Floats:
        """Time on which they differ."""
        return np.asarray(self.ticks - self.agreed.sum(axis=-1))


@dataclass(frozen=True, slots=True)
class Group:
    """Time of any number of annotators, of whom not all need be there all the time.

    With m annotators present, two of them differing for t adds 2 t / (m - 1) to `differing` and
    2 t / (m (m - 1)) to `paired`.

    Attributes:
        ticks: Time with at least two present, ``(...)``.
        paired: Mean over pairs of the time on which they differ, where two are present.
        differing: Off-diagonal of Krippendorff's table of coincidences.
        spent: Time of all annotators together in each class where at least two are present,
            ``(..., classes)``; the margin of that table.
        any_ticks: Time with anybody present.
        share: Time in each class, each annotator counting 1 / m, ``(..., classes)``.
        full_ticks: Time with all annotators present.
        full_paired: Mean over pairs of the time on which they differ, where all are present.
        full_spent: Time of all annotators together in each class where all are present.
    """

    ticks: Floats
    paired: Floats
    differing: Floats
    spent: Floats
    any_ticks: Floats
    share: Floats
    full_ticks: Floats
    full_paired: Floats
    full_spent: Floats


def ratio(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN where nothing is below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def iou(both: Floats, first: Floats, second: Floats) -> Floats:
    """Shared time by time of either: Jaccard's index of one label."""
    return ratio(both, first + second - both)


def as_dice(value: float) -> float:
    """Dice of a given IoU: it is to time what F1 is to events."""
    return 2 * value / (1 + value)


def dice(both: Floats, first: Floats, second: Floats) -> Floats:
    """2 both / (first + second), which is F1 of time (Dice 1945)."""
    return ratio(2 * both, first + second)


def percent_agreement(two: Two) -> Floats:
    """Share of the time on which both say the same."""
    return ratio(two.agreed.sum(axis=-1), two.ticks)


def cohen_kappa(two: Two) -> Floats:
    """Cohen 1960: 1 - p_e = sum of r_k (n - c_k) / n^2 with each one's own margin."""
    ticks = two.ticks[..., None]
    chance = ratio((two.first * (ticks - two.second)).sum(axis=-1), two.ticks)
    return 1 - ratio(two.differing, chance)


def scott_pi(two: Two) -> Floats:
    """Scott 1955: chance from the mean of both margins."""
    total = 2 * two.ticks[..., None]
    margin = two.first + two.second
    chance = ratio((margin * (total - margin)).sum(axis=-1), 4 * two.ticks)
    return 1 - ratio(two.differing, chance)


def gwet_ac1(two: Two, classes: int) -> Floats:
    """Gwet 2008 for two: chance from the mean margin and the number of declared classes."""
    margin = ratio(two.first + two.second, 2 * two.ticks[..., None])
    return _gwet(ratio(two.differing, two.ticks), margin, classes)


def fleiss_kappa(group: Group) -> Floats:
    """Fleiss 1971, on the time that all annotators reviewed."""
    total = group.full_spent.sum(axis=-1)
    # In whole ticks, so that no variation is exactly 0.
    chance = (group.full_spent * (total[..., None] - group.full_spent)).sum(axis=-1)
    return 1 - ratio(ratio(group.full_paired, group.full_ticks), ratio(chance, total**2))


def krippendorff_alpha(group: Group, unit: float | None = None) -> Floats:
    """Krippendorff 2004, nominal, missing annotators left out exactly.

    Args:
        group: Sums of time.
        unit: Length of one item in ticks, such as one sample; without one, time is a continuum,
            which has no correction for few items.
    """
    scale = unit or 1
    total, margin = group.spent.sum(axis=-1) / scale, group.spent / scale
    chance = (margin * (total[..., None] - margin)).sum(axis=-1)
    items = total - 1 if unit else total
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            (chance > 0) & (items > 0), 1 - group.differing / scale * items / chance, np.nan
        )


def group_ac1(group: Group, classes: int) -> Floats:
    """Gwet 2008 for any number of annotators, as irrCAC computes it."""
    margin = ratio(group.share, group.any_ticks[..., None])
    return _gwet(ratio(group.paired, group.ticks), margin, classes)


def _spread(margin: Floats) -> Floats:
    return np.asarray((margin * (1 - margin)).sum(axis=-1))


def _gwet(differing: Floats, margin: Floats, classes: int) -> Floats:
    if classes < 2:
        return np.full(np.shape(differing), np.nan)
    return np.asarray(1 - differing / (1 - _spread(margin) / (classes - 1)))


def binary(ticks: Floats, both: Floats, first: Floats, second: Floats) -> Two:
    """One label against everything else, for all labels at once.

    Args:
        ticks: Time that both reviewed, ``(...)``.
        both: Time that both set the label, ``(..., labels)``.
        first: Time that the first one sets it, ``(..., labels)``.
        second: Time that the other one sets it, ``(..., labels)``.
    """
    whole = np.broadcast_to(ticks[..., None], both.shape)
    agreed = np.stack([whole - first - second + both, both], axis=-1)
    return Two(
        whole,
        agreed,
        np.stack([whole - first, first], axis=-1),
        np.stack([whole - second, second], axis=-1),
    )
