"""Overlaid ranges, against sets of whole microseconds; parts of examples."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from kit.small_models import example

from tslab.segmentation.examples.folds import restricted
from tslab.segmentation.examples.majority import painted
from tslab.stretches import Stretch

pairs = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=8).map(
    lambda found: [(a, a + n) for a, n in found]
)


@given(pairs)
def test_the_last_one_drawn_shows(drawn: list[Stretch]) -> None:
    marks = [(a, b, f"label {n}") for n, (a, b) in enumerate(drawn) if a < b]
    found = painted(marks)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(found))
    shown = {at: label for a, b, label in found for at in range(a, b)}
    assert shown == {at: label for a, b, label in marks for at in range(a, b)}
    assert len(set(found)) == len(found)


def test_a_restricted_example_keeps_what_is_inside() -> None:
    found = restricted(example(), [(20_000_000, 50_000_000)])
    assert [(s.start, s.end) for s in found.spans] == [(20, 30), (45, 50)]
    assert found.reviewed == {"state": [(20, 50)]}
    assert restricted(example(), []).reviewed == {}
