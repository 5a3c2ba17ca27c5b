"""Spans come back as they were from axes of any kind; anything may stand in a result."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.foreign import editor_times, region, series, stored
from kit.foreign_results import CONFIG, problems, span

from tslab.label_studio.foreign.axis import TimeAxis
from tslab.label_studio.foreign.regions import read_regions, write_regions
from tslab.spans import Span, sort_key


@dataclass(frozen=True)
class Axis:
    """A way to write times: the config's format, and the cell of a time in milliseconds."""

    form: str
    cell: Callable[[int], object]
    kind: type
    time: str = "time"


def _date(pattern: str) -> Callable[[int], object]:
    start = dt.datetime(2026, 12, 31, 23, 59, 58, tzinfo=dt.UTC)
    return lambda ms: (start + dt.timedelta(milliseconds=ms)).strftime(pattern)


AXES = {
    "seconds": Axis("", lambda ms: ms / 1000, float),
    "epoch seconds": Axis("", lambda ms: 1767323045 + ms / 1000, float),
    "milliseconds": Axis("", lambda ms: ms, int),
    "epoch milliseconds": Axis("", lambda ms: 1767323045000 + ms, int),
    "%Q": Axis("%Q", lambda ms: 1767323045000 + ms, str),
    "%s": Axis("%s", lambda ms: 1767323045 + ms, str),
    "iso": Axis("%Y-%m-%d %H:%M:%S.%L", _date("%Y-%m-%d %H:%M:%S.%f"), str),
    "iso us": Axis("%Y-%m-%dT%H:%M:%S.%fZ", _date("%Y-%m-%dT%H:%M:%S.%fZ"), str),
    "american": Axis("%m/%d/%Y %I:%M:%S.%L %p", _date("%m/%d/%Y %I:%M:%S.%f %p"), str),
    "rows": Axis("", lambda ms: ms, int, time=""),
}
STEPS = st.one_of(
    st.tuples(st.just(1000) | st.integers(1, 5000), st.integers(2, 60)).map(
        lambda pair: [pair[0]] * pair[1]
    ),
    st.lists(st.integers(1, 3000), min_size=2, max_size=60),
    st.lists(st.sampled_from([0, 16, 17, 17, 100, 60_000]), min_size=4, max_size=60),
)


def made(name: str, steps: list[int]) -> TimeAxis:
    axis, elapsed = AXES[name], 0
    cells = []
    for step in [0, *steps]:
        elapsed += step
        cells.append(axis.cell(elapsed))
    return series(cells, form=axis.form, time=axis.time).axis


def wire_types(results: Sequence[dict[str, Any]]) -> set[type]:
    return {type(time) for result in results for time in editor_times(result)}


@pytest.mark.parametrize("name", AXES)
@settings(max_examples=25)
@given(steps=STEPS, data=st.data())
def test_spans_on_rows_come_back_as_they_were(name: str, steps: list[int], data: Any) -> None:
    axis = made(name, steps)
    starts = sorted({int(axis.keys.searchsorted(key)) for key in axis.keys})
    rows = st.integers(0, len(starts))
    ranges: list[tuple[int, int]] = []
    for pair in data.draw(st.lists(st.tuples(rows, rows), max_size=6)):
        first, last = min(pair), max(pair)
        # The editor shows no range of one row, and a border row that two ranges share is drawn
        # like two that touch.
        shared = any(first == right - 1 or left == last - 1 for left, right in ranges)
        if last - first >= 2 and not shared:
            ranges.append((first, last))
    starts.append(len(axis.keys))
    spans = [
        span(axis.row_start(starts[first]), axis.row_end(starts[last] - 1), "Run", score=0.25)
        for first, last in ranges
    ]
    instants = data.draw(st.sets(st.sampled_from(starts[:-1]), max_size=3))
    spans += [span(axis.row_start(row), axis.row_start(row), "Walk") for row in instants]
    spans.sort(key=sort_key)
    results = stored(write_regions(spans, axis, CONFIG))
    assert wire_types(results) <= {AXES[name].kind, int}
    again, lines = read_regions(results, axis, CONFIG)
    assert lines == []
    assert [(s.start, s.end, s.label, s.score) for s in again] == [
        (s.start, s.end, s.label, s.score) for s in spans
    ]


@pytest.mark.parametrize("name", AXES)
@settings(max_examples=25)
@given(steps=STEPS, data=st.data())
def test_what_the_editor_saved_comes_back_as_it_was(name: str, steps: list[int], data: Any) -> None:
    axis = made(name, steps)
    rows = st.integers(0, len(steps))
    picked = data.draw(st.lists(st.tuples(rows, rows), max_size=5))
    results = [region(axis.written(min(pair)), axis.written(max(pair)), "Run") for pair in picked]
    spans, lines = read_regions(stored(results), axis, CONFIG)
    assert lines == []
    starts = {axis.to_key(editor_times(result)[0]) for result in results}
    alone = [r for r in results if axis.to_key(editor_times(r)[1]) not in starts]
    for result in alone:
        (own,), _ = read_regions([result], axis, CONFIG)
        (written,) = write_regions([own], axis, CONFIG)
        assert editor_times(written) == editor_times(result)
        assert written["value"]["instant"] == result["value"]["instant"]
    assert all(0 <= s.start <= s.end <= axis.duration for s in spans)


@settings(max_examples=100)
@given(
    spans=st.lists(
        st.builds(
            lambda start, length, label: span(start, start + length, label),
            st.floats(0, 1e6),
            st.sampled_from([0.0, 1e-9, 0.05, 0.1, 3.0, 1e5]),
            st.sampled_from(["Run", "Walk"]),
        ),
        max_size=6,
    ),
    name=st.sampled_from(sorted(AXES)),
    steps=STEPS,
)
def test_any_spans_become_legal_results(spans: list[Span], name: str, steps: list[int]) -> None:
    axis = made(name, steps)
    results = stored(write_regions(spans, axis, CONFIG))
    assert len(results) == len(spans)
    again, lines = read_regions(results, axis, CONFIG)
    assert lines == []
    assert len(again) == len(spans)
    for result in results:
        start, end = map(axis.to_key, editor_times(result))
        assert start <= end
        assert {start, end} <= set(axis.keys.tolist())
        assert result["value"]["instant"] == (start == end)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["lab", "Run", "timeserieslabels", "relation", 0.5, "0.5", 10**400]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
RESULT = st.fixed_dictionaries(
    {},
    optional={
        "id": ANYTHING,
        "from_name": st.just("lab") | ANYTHING,
        "type": st.just("timeserieslabels") | ANYTHING,
        "score": ANYTHING,
        "origin": ANYTHING,
        "value": ANYTHING
        | st.fixed_dictionaries(
            {},
            optional={
                "start": ANYTHING | st.floats(-1, 2),
                "end": ANYTHING | st.floats(-1, 2),
                "instant": ANYTHING,
                "timeserieslabels": st.just(["Run"]) | ANYTHING,
            },
        ),
    },
)


@settings(max_examples=150)
@given(
    result=ANYTHING | st.lists(RESULT | ANYTHING, max_size=4), name=st.sampled_from(sorted(AXES))
)
def test_nothing_in_a_result_raises(result: object, name: str) -> None:
    axis = made(name, [1000] * 10)
    spans, lines = read_regions(result, axis, CONFIG)
    assert all(0 <= s.start <= s.end <= axis.duration for s in spans)
    assert all("\n" not in line and line.isprintable() for line in lines)
    json.dumps(write_regions(spans, axis, CONFIG), allow_nan=False)


def test_deep_results_do_not_raise() -> None:
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]
    assert problems(region(deep, 0.5, "Run"), region(0, 1, deep), {"value": deep}, deep)


def test_many_results_are_all_read() -> None:
    axis = series([i / 10 for i in range(20_000)]).axis
    results = [region(i / 10, i / 10 + 0.5, "Run") for i in range(10_000)]
    spans, lines = read_regions(results, axis, CONFIG)
    assert (len(spans), lines) == (10_000, [])
