"""Arithmetic on stretches and overlaid ranges, against sets of whole microseconds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from kit.small_models import example

from tslab.segmentation.examples.majority import painted
from tslab.segmentation.examples.stretches import (
    Stretch,
    clipped,
    in_microseconds,
    in_seconds,
    intersect,
    restricted,
    subtract,
    total,
    touches,
    union,
)
from tslab.spans import Span

pairs = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=8).map(
    lambda found: [(a, a + n) for a, n in found]
)


def moments(stretches: Sequence[Stretch]) -> set[int]:
    return {at for start, end in stretches for at in range(start, end)}


def is_tidy(stretches: Sequence[Stretch]) -> bool:
    borders = [border for stretch in stretches for border in stretch]
    return borders == sorted(set(borders))


@given(pairs, pairs)
def test_stretches_are_sets_of_moments(left: list[Stretch], right: list[Stretch]) -> None:
    one, other = union(left), union(right)
    assert moments(one) == moments(left)
    assert moments(union([*left, *right])) == moments(one) | moments(other)
    assert moments(intersect(one, other)) == moments(one) & moments(other)
    assert moments(subtract(one, other)) == moments(one) - moments(other)
    for found in (one, intersect(one, other), subtract(one, other)):
        assert is_tidy(found)
        assert total(found) == len(moments(found))


@given(pairs, pairs)
def test_clipped_spans_are_inside(given_: list[Stretch], stretches: list[Stretch]) -> None:
    within = union(stretches)
    spans = [Span(a / 1e6, b / 1e6, "x", "t", id=str(n)) for n, (a, b) in enumerate(given_)]
    found = clipped(spans, within)
    for span in spans:
        parts = [part for part in found if part.id == span.id]
        assert touches(span, within) == bool(parts)
        if span.is_instant:
            inside = any(a <= span.start_us <= b for a, b in within)
            assert parts == ([span] if inside else [])
        else:
            whole = moments([(span.start_us, span.end_us)]) & moments(within)
            assert moments([(p.start_us, p.end_us) for p in parts]) == whole


@given(pairs)
def test_the_last_one_drawn_shows(drawn: list[Stretch]) -> None:
    marks = [(a, b, f"label {n}") for n, (a, b) in enumerate(drawn) if a < b]
    found = painted(marks)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(found))
    shown = {at: label for a, b, label in found for at in range(a, b)}
    assert shown == {at: label for a, b, label in marks for at in range(a, b)}
    assert len(set(found)) == len(found)


def test_seconds_and_microseconds() -> None:
    assert in_microseconds([(2.0, 3.5), (0.0, 1.0), (1.0, 2.0)]) == [(0, 3_500_000)]
    assert in_seconds([(0, 3_500_000)]) == [(0.0, 3.5)]


def test_a_restricted_example_keeps_what_is_inside() -> None:
    found = restricted(example(), [(20_000_000, 50_000_000)])
    assert [(s.start, s.end) for s in found.spans] == [(20, 30), (45, 50)]
    assert found.reviewed == {"state": [(20, 50)]}
    assert restricted(example(), []).reviewed == {}
