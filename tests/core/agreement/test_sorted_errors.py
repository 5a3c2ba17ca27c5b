"""Errors of borders sorted once for all groupings."""

from __future__ import annotations

import numpy as np
import pytest

from tslab.agreement.events.boundaries import SortedErrors


@pytest.mark.parametrize("largest", [10, 10**7, 2**61])
@pytest.mark.parametrize("dtype", [np.uint16, np.int64])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("turn", [False, True])
def test_groups_are_those_made_one_by_one(
    largest: int, dtype: type[np.integer], columns: int, turn: bool
) -> None:
    dice = np.random.default_rng(0)
    errors, cell = dice.integers(-largest, largest, 500), dice.integers(0, 30, 500)
    # Group 4 takes what is in no group.
    table = dice.integers(0, 5, (30, columns)).astype(dtype)
    turned = dice.integers(0, 5, 30).astype(dtype) if turn else None
    parts = []
    for group in range(4):
        own = [errors[table[cell, column] == group] for column in range(columns)]
        if turned is not None:
            own.append(-errors[turned[cell] == group])
        parts.append(np.sort(np.concatenate(own)))
    expected = np.concatenate(parts)
    found = SortedErrors.of(errors, cell).grouped(4, table, turned)
    assert np.array_equal(found[: len(expected)], expected)


def test_no_errors_have_no_groups() -> None:
    nothing = np.zeros(0, np.int64)
    found = SortedErrors.of(nothing, nothing).grouped(3, np.zeros((6, 1), np.uint16))
    assert not len(found)
