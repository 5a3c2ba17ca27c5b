"""Spans: what they refuse, plain numbers, whole microseconds, one order."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.annotation import Annotation
from tslab.errors import DataError
from tslab.spans import LATEST, Span, sort_key, to_microseconds, to_seconds


@pytest.mark.parametrize(
    ("start", "end", "score", "words"),
    [
        (math.nan, 1.0, None, "'N' has a time that is not finite"),
        (0.0, math.inf, None, "not finite"),
        (2.0, 1.0, None, "from 2.0 s to 1.0 s"),
        (-1e-9, 1.0, None, "from -1e-09 s"),
        (0.0, 1e308, None, "to 1e\\+308 s. Times must satisfy .* <= 9e\\+12"),
        (1e13, 1e13, None, "from 10000000000000.0 s"),
        (0.0, 1.0, 1.01, "score 1.01 of a span of 'N'"),
        (0.0, 1.0, -0.1, "outside 0..1"),
        (0.0, 1.0, math.nan, "score nan"),
    ],
)
def test_refusals_name_label_and_value(
    start: float, end: float, score: float | None, words: str
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        Span(start, end, "N", "rhythm", score)
    assert caught.value.exit_code == 4


def test_the_latest_time_fits_64_bits() -> None:
    assert Span(LATEST, LATEST, "P", "mark").end_us < 2**63


@pytest.mark.parametrize("time", [1e308, -1e308, math.nan, math.inf])
def test_annotations_review_no_impossible_time(time: float) -> None:
    with pytest.raises(DataError, match="annotation of 'r1' reviews"):
        Annotation("r1", "a", [], extents=[(0.0, time)])


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, int])
def test_numbers_of_numpy_become_plain_and_fit_json(kind: Any) -> None:
    span = Span(kind(1), kind(2), "N", "rhythm", kind(1), {"depth": kind(3), "lead": ["a", "b"]})
    assert {type(span.start), type(span.end), type(span.score)} == {float}
    assert span.fields == {"depth": 3.0, "lead": ("a", "b")}
    again = msgspec.json.decode(msgspec.json.encode(span), type=Span)
    assert again == span


def test_numpy_scalars_that_are_no_floats_are_refused() -> None:
    with pytest.raises(DataError):
        Span(np.float32(np.nan), 1.0, "N", "rhythm")


@settings(max_examples=1000)
@given(st.integers(0, 10**13))
def test_microseconds_survive_seconds(microseconds: int) -> None:
    assert to_microseconds(to_seconds(microseconds)) == microseconds


def test_an_instant_has_no_length() -> None:
    assert Span(1.0, 1.0, "P", "mark").is_instant
    assert not Span(1.0, 1.0 + 1e-9, "P", "mark").is_instant
    assert Span(0.25, 1.5, "P", "mark").duration == 1.25


def test_moving_keeps_everything_else_and_checks_again() -> None:
    span = Span(1, 2, "N", "rhythm", 0.5, {"note": "x"}, "id", "manual")
    moved = span.moved(3, 4)
    assert (moved.start, moved.end) == (3, 4)
    assert moved.moved(1, 2) == span
    with pytest.raises(DataError):
        span.moved(2, 1)


def test_order_is_time_then_tier_label_and_id() -> None:
    spans = [
        Span(1, 3, "B", "b", id="2"),
        Span(1, 3, "B", "b", id="1"),
        Span(1, 3, "A", "b"),
        Span(1, 3, "Z", "a"),
        Span(1, 2, "Z", "z"),
        Span(0.5, 9, "Z", "z"),
    ]
    assert sorted(spans, key=sort_key) == spans[::-1]


def test_spans_are_values() -> None:
    span = Span(1, 2, "N", "rhythm", fields={"note": "x"})
    assert len({span, Span(1, 2, "N", "rhythm", fields={"note": "x"})}) == 1
    with pytest.raises(AttributeError):
        span.start = 0.0  # type: ignore[misc]
