"""Coefficients of answers against scikit-learn, pingouin, krippendorff and nltk."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tslab.agreement.attributes.coefficients import (
    Numbers,
    alpha,
    bias,
    icc,
    interval_alpha,
    jaccard,
    limits,
    linear,
    masi,
    nominal,
    ordinal_alpha,
    weighted_kappa,
    with_none,
)
from tslab.agreement.attributes.levenshtein import distance, similarity

GOLDEN = json.loads((Path(__file__).parent / "golden" / "answers.json").read_text())


def kappa(first: Any, second: Any, distances: Any) -> float:
    size = len(distances)
    ours, theirs = (np.bincount(side, minlength=size).astype(float) for side in (first, second))
    apart = np.asarray(distances[first, second].sum(), float)
    return float(weighted_kappa(np.asarray(float(len(first))), apart, ours, theirs, distances))


def sums_of(pairs: list[list[float]]) -> Numbers:
    x, y = np.array(pairs, float).T
    x, y = x - x[0], y - x[0]
    parts = [x, y, x**2 + y**2, (x + y) ** 2, (y - x) ** 2]
    return Numbers(np.array(float(len(x))), *(np.asarray(part.sum()) for part in parts))


@pytest.mark.parametrize("seed", range(40))
def test_kappas_equal_scikit_learn(seed: int) -> None:
    dice = np.random.default_rng(seed)
    size, many = int(dice.integers(2, 8)), int(dice.integers(3, 400))
    first = dice.integers(0, size, many)
    second = np.where(dice.random(many) < 0.6, first, dice.integers(0, size, many))
    steps = linear(range(size))
    every = {None: nominal(size), "linear": steps, "quadratic": steps**2}
    for weights, distances in every.items():
        expected = cohen_kappa_score(first, second, labels=range(size), weights=weights)
        assert kappa(first, second, distances) == pytest.approx(expected, abs=2.3e-16)


@pytest.mark.parametrize("case", [*GOLDEN["ratings"], *GOLDEN["numbers"]])
def test_icc_equals_pingouin(case: dict[str, Any]) -> None:
    # pingouin itself loses digits by sums of squares around 0: fractions say which are right.
    found = float(icc(sums_of(case["pairs"])))
    assert found == pytest.approx(case["icc"], abs=2.1e-14)
    assert found == pytest.approx(float(icc_in_fractions(case["pairs"])), abs=5e-16)


def icc_in_fractions(pairs: list[list[float]]) -> Fraction:
    """ICC(2,1) by its mean squares, without rounding."""
    rows = [[Fraction(value) for value in pair] for pair in pairs]
    n, mean = len(rows), sum(map(sum, rows), Fraction(0)) / (2 * len(rows))
    of_rows = sum(2 * (sum(row) / 2 - mean) ** 2 for row in rows) / (n - 1)
    columns = [sum(column) / n for column in zip(*rows, strict=True)]
    of_columns = sum(n * (column - mean) ** 2 for column in columns)
    whole = sum((value - mean) ** 2 for row in rows for value in row)
    rest = (whole - of_rows * (n - 1) - of_columns) / (n - 1)
    return (of_rows - rest) / (of_rows + rest + Fraction(2, n) * (of_columns - rest))


@pytest.mark.parametrize("case", GOLDEN["ratings"])
def test_icc_of_ratings_equals_pingouin_to_the_last_digit(case: dict[str, Any]) -> None:
    assert float(icc(sums_of(case["pairs"]))) == pytest.approx(case["icc"], abs=1e-15)


@pytest.mark.parametrize("case", GOLDEN["ratings"])
def test_alphas_of_two_equal_krippendorff(case: dict[str, Any]) -> None:
    codes = np.array(case["pairs"]) - 1
    table = np.zeros((5, 5))
    np.add.at(table, (codes[:, 0], codes[:, 1]), 1)
    values = table.sum(axis=0) + table.sum(axis=1)
    found = {
        "nominal": alpha(np.asarray((table * nominal(5)).sum()), values, nominal(5)),
        "ordinal": ordinal_alpha(table, values),
        "interval": interval_alpha(sums_of(case["pairs"])),
    }
    for level, value in case["alpha"].items():
        assert float(found[level]) == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("case", GOLDEN["numbers"])
def test_interval_alpha_equals_krippendorff(case: dict[str, Any]) -> None:
    assert float(interval_alpha(sums_of(case["pairs"]))) == pytest.approx(case["alpha"], abs=1e-15)


def test_distances_of_sets_equal_nltk() -> None:
    sets = [frozenset(members) for members in GOLDEN["sets"]]
    assert jaccard(sets) == pytest.approx(np.array(GOLDEN["distances"]["jaccard"]), abs=1e-16)
    # nltk writes .67 and .33 for two thirds and one third.
    assert masi(sets) == pytest.approx(np.array(GOLDEN["distances"]["masi"]), abs=0.0034)
    assert masi([frozenset("a"), frozenset("ab")])[0, 1] == 1 - 2 / 3 / 2


def test_bland_altman_by_hand() -> None:
    found = sums_of([[1, 2], [3, 3], [5, 8]])  # differences 1, 0, 3
    low, high = limits(found)
    spread = 1.96 * np.std([1, 0, 3], ddof=1)
    assert float(bias(found)) == pytest.approx(4 / 3)
    assert (float(low), float(high)) == pytest.approx((4 / 3 - spread, 4 / 3 + spread))


def test_undefined_values_are_none_of_a_number() -> None:
    one, same = sums_of([[1, 2]]), sums_of([[3, 3], [3, 3]])
    assert math.isnan(icc(one))
    assert math.isnan(limits(one)[0])
    assert math.isnan(icc(same))
    assert math.isnan(interval_alpha(same))
    assert math.isnan(kappa(np.array([0, 0]), np.array([0, 0]), nominal(2)))
    assert math.isnan(alpha(np.array(0.0), np.array([4.0, 0.0]), nominal(2)))
    empty = Numbers(*(np.zeros(2) for _ in range(6)))
    assert np.isnan(icc(empty)).all()
    assert np.isnan(bias(empty)).all()


def test_none_is_as_far_as_any_two_can_be() -> None:
    assert with_none(linear([1, 2, 4]), 4.0).tolist() == [
        [0, 1, 3, 4],
        [1, 0, 2, 4],
        [3, 2, 0, 4],
        [4, 4, 4, 0],
    ]


def slow_distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    return row[-1]


@given(st.text("abc", max_size=90), st.text("abcd", max_size=90))
def test_edit_distance_equals_the_table(one: str, other: str) -> None:
    assert distance(one, other) == slow_distance(one, other) == distance(other, one)


def test_similarity() -> None:
    assert similarity("kitten", "sitting") == 1 - 3 / 7
    assert similarity("", "") == 1
    assert similarity("", "ab") == 0
    assert similarity("same", "same") == 1
