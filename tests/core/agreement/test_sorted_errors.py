"""Errors of borders sorted within groups, and groups that are put together from them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tslab.agreement.events import sorted_errors
from tslab.agreement.events.sorted_errors import Grouping, Members, Unions
from tslab.errors import DataError


@pytest.mark.parametrize("largest", [10, 10**7, 2**40, 2**61])
@pytest.mark.parametrize("alone", [0, 4096])
def test_errors_are_sorted_within_their_groups(
    largest: int, alone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorted_errors, "MOST_SORTED_ALONE", alone)
    dice = np.random.default_rng(0)
    errors, number = dice.integers(-largest, largest, 500), dice.integers(0, 6, 500)
    number[number == 2] = 3
    # Group 5 takes what is in no group.
    grouping = Grouping.of(number, 5)
    expected = [np.sort(errors[number == group]) for group in range(5)]
    assert grouping.count.tolist() == [len(part) for part in expected]
    assert np.array_equal(grouping.sorted(errors), np.concatenate(expected))


def test_more_groups_than_16_bits_hold() -> None:
    dice = np.random.default_rng(1)
    errors, number = dice.integers(-50, 50, 5000), dice.integers(0, 70_001, 5000)
    grouping = Grouping.of(number, 70_000)
    order = np.lexsort((errors, number))
    assert np.array_equal(grouping.sorted(errors), errors[order][number[order] < 70_000])


def test_no_errors_have_no_groups() -> None:
    nothing = np.zeros(0, np.int64)
    assert not len(Grouping.of(nothing, 3).sorted(nothing))


def unions_of(seed: int, largest: int) -> tuple[Unions, list[NDArray[np.int64]]]:
    """Groups of parts at random, and their errors as numpy puts them together."""
    dice = np.random.default_rng(seed)
    parts = [np.sort(dice.integers(-largest, largest + 1, n)) for n in dice.integers(0, 40, 9)]
    group = np.sort(dice.integers(0, 7, 25))
    part, turned = dice.integers(0, 9, 25), dice.random(25) < 0.5
    expected = [
        np.concatenate([np.zeros(0, np.int64), *(
            -parts[p] if t else parts[p]
            for g, p, t in zip(group, part, turned, strict=True) if g == number
        )])
        for number in range(8)
    ]  # fmt: skip
    number = np.repeat(np.arange(9), [len(own) for own in parts])
    order = dice.permutation(len(number))
    grouping = Grouping.of(number[order], 9)
    members = Members(group, part, turned, 8)
    return Unions(np.concatenate(parts)[order], grouping, members), expected


@pytest.mark.parametrize("largest", [0, 3, 10**7, 2**50])
@pytest.mark.parametrize("seed", range(4))
def test_quantiles_of_groups_put_together_are_numpys(seed: int, largest: int) -> None:
    found, expected = unions_of(seed, largest)
    assert found.count.tolist() == [len(own) for own in expected]
    twice = found.twice_median()
    middle, high = found.distances(np.zeros(8, np.int64), (0.5, 0.95))
    (spread,) = found.distances(twice, (0.5,))
    for number, own in enumerate(expected):
        if not len(own):
            continue
        assert twice[number] / 2 == np.median(own)
        assert middle[number] / 2 == pytest.approx(np.median(abs(own)), rel=1e-15)
        assert high[number] / 2 == pytest.approx(np.percentile(abs(own), 95), rel=1e-14)
        assert spread[number] / 2 == pytest.approx(np.median(abs(own - np.median(own))), rel=1e-15)


def test_errors_that_do_not_fit_a_line_are_refused() -> None:
    values = np.array([-(2**61), 2**61])
    nothing, turned = np.zeros(1, np.intp), np.zeros(1, bool)
    with pytest.raises(DataError, match="more time than can be compared"):
        Unions(values, Grouping.of(np.zeros(2, np.intp), 1), Members(nothing, nothing, turned, 1))
