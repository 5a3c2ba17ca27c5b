"""From a field and its answers to the studies that measure it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tslab.agreement.attributes.coefficients import jaccard, linear, masi, nominal
from tslab.agreement.attributes.sums import Classes, Scale, Study, Texts
from tslab.domain import RegionField, TaskField
from tslab.spans import FieldValue

AnyField = RegionField | TaskField
Answer = str | float | frozenset[str]
HIGHEST_RATING = 5.0
"""What Label Studio's stars go up to where a field does not say."""


@dataclass(frozen=True, slots=True)
class FieldStudies:
    """Studies of one field.

    Attributes:
        answers: The distinct answers, in order.
        conditional: Studies of what both answered.
        joint: Studies of what either answered.
    """

    answers: tuple[Answer, ...]
    conditional: tuple[Study, ...]
    joint: tuple[Study, ...]

    @classmethod
    def of(
        cls, item: AnyField, given: Iterable[FieldValue], tolerance: float = 0.0
    ) -> FieldStudies:
        """Studies of a field for the answers that occur.

        Args:
            item: The field.
            given: All answers; what the field does not take is left out.
            tolerance: How far apart two numbers may be and agree.
        """
        distinct = {answer_of(item, value) for value in given} - {None}
        if item.kind in ("rating", "number"):
            numbers = sorted(x for x in distinct if isinstance(x, float))
            return _of_numbers(item, numbers, tolerance)
        if _is_set(item):
            sets = sorted((x for x in distinct if isinstance(x, frozenset)), key=sorted)
            return _of_sets(sets)
        texts = sorted(x for x in distinct if isinstance(x, str))
        if item.kind == "text":
            study = Texts(texts)
            return cls(tuple(texts), (study,), (study,))
        names = ("percent", "kappa", "alpha")
        plain = dict.fromkeys(names, nominal(len(texts)))
        return cls(
            tuple(texts),
            (Classes.of(plain, {}, joint=False),),
            (Classes.of(plain, {}, joint=True),),
        )


def answer_of(item: AnyField, value: FieldValue) -> Answer | None:
    """An answer as it is compared; None for what the field does not take and for empty ones."""
    if item.kind in ("rating", "number"):
        if isinstance(value, str | tuple):
            return None
        return float(value) if np.isfinite(value) else None
    parts = value if isinstance(value, tuple) else (value,)
    words = [str(part).strip() for part in parts]
    if _is_set(item):
        return frozenset(word for word in words if word) or None
    return "|".join(words).strip() or None


def _is_set(item: AnyField) -> bool:
    return item.kind in ("choice", "channel") and item.multiple


def _of_sets(sets: Sequence[frozenset[str]]) -> FieldStudies:
    exact, shared = nominal(len(sets)), jaccard(sets)
    distances = {
        "percent": exact,
        "jaccard": shared,
        "kappa": exact,
        "alpha_jaccard": shared,
        "alpha_masi": masi(sets),
    }
    return FieldStudies(
        tuple(sets),
        (Classes.of(distances, {}, joint=False),),
        (Classes.of(distances, {}, joint=True),),
    )


def _of_numbers(item: AnyField, numbers: Sequence[float], tolerance: float) -> FieldStudies:
    rating = item.kind == "rating"
    # Around an answer that occurs, so that equal answers have no variance at all.
    middle = numbers[len(numbers) // 2] if numbers else 0.0
    around = np.array([*numbers, middle]) - middle
    scale = Scale(around, tolerance, joint=False, rating=rating)
    if not rating:
        return FieldStudies(tuple(numbers), (scale,), (Scale(around, tolerance, joint=True),))
    steps = linear(numbers)
    distances = {
        "percent": nominal(len(numbers)),
        "kappa_linear": steps,
        "kappa_quadratic": steps**2,
    }
    low = 1.0 if item.minimum is None else item.minimum
    high = HIGHEST_RATING if item.maximum is None else item.maximum
    reach = max(high - low, float(steps.max(initial=0.0)))
    largest = {"kappa_linear": reach, "kappa_quadratic": reach**2}
    return FieldStudies(
        tuple(numbers),
        (Classes.of(distances, largest, joint=False, ranked=True), scale),
        (Classes.of(distances, largest, joint=True),),
    )
