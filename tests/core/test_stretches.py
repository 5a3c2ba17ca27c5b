"""Arithmetic on stretches, against sets of whole microseconds."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

import tslab
from tslab.spans import Span
from tslab.stretches import (
    Stretch,
    clipped,
    in_microseconds,
    in_seconds,
    intersect,
    subtract,
    total,
    touches,
    union,
)

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


def test_seconds_are_rounded_to_microseconds() -> None:
    assert in_microseconds([(2.0, 3.0), (0.5, 2.0000004)]) == [(500_000, 3_000_000)]
    assert in_seconds([(500_000, 3_000_000)]) == [(0.5, 3.0)]


def test_halves_of_microseconds_can_be_shared() -> None:
    assert intersect([(0.5, 2.5)], [(0, 1), (2, 9)]) == [(0.5, 1), (2, 2.5)]


def test_the_module_is_public() -> None:
    assert "stretches" in tslab.__all__
    assert tslab.stretches.union is union
