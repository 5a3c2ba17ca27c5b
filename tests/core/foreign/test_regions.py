"""Results of foreign projects become spans and come back; anything may stand in them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.foreign import config, config_xml, editor_times, region, series, stored

from tslab.label_studio.foreign.axis import TimeAxis
from tslab.label_studio.foreign.config import ForeignConfig, read_config
from tslab.label_studio.foreign.regions import read_regions, write_regions
from tslab.spans import Span, sort_key

TENTHS = series([i / 10 for i in range(11)]).axis
CONFIG = config()


def read(*results: object, axis: TimeAxis = TENTHS, known: ForeignConfig = CONFIG) -> list[Span]:
    spans, problems = read_regions(stored(results), axis, known)
    assert problems == []
    return spans


def problems(*results: object, axis: TimeAxis = TENTHS) -> list[str]:
    return read_regions(list(results), axis, CONFIG)[1]


def times(spans: Sequence[Span]) -> list[tuple[float, float]]:
    return [(pytest.approx(span.start), pytest.approx(span.end)) for span in spans]


def span(start: float, end: float, label: str = "Run", **more: Any) -> Span:
    return Span(start, end, label, "lab", **more)


# --- reading


def test_the_row_at_the_end_belongs_to_a_range() -> None:
    assert times(read(region(0.2, 0.5, "Run"))) == [(0.2, 0.6)]


def test_a_range_may_end_on_the_last_row() -> None:
    (found,) = read(region(0.2, 1.0, "Run"))
    assert found.end == TENTHS.duration == 1.1


def test_an_instant_stays_an_instant() -> None:
    (found,) = read(region(0.3, 0.3, "Walk"))
    assert found.is_instant
    assert found.start == 0.3


def test_zero_length_is_a_range_of_one_row_only_where_the_editor_says_so() -> None:
    assert times(read(region(0.3, 0.3, "Run", value={"instant": False}))) == [(0.3, 0.4)]
    for odd in ({"instant": None}, {"instant": "no"}):
        assert read(region(0.3, 0.3, "Run", value=odd))[0].is_instant
    without = region(0.3, 0.3, "Run")
    del without["value"]["instant"]
    assert read(without)[0].is_instant


def test_times_count_more_than_the_instant_flag() -> None:
    assert times(read(region(0.3, 0.4, "Run", value={"instant": True}))) == [(0.3, 0.5)]


def test_ranges_drawn_side_by_side_share_no_row() -> None:
    found = read(region(0.2, 0.5, "Run"), region(0.5, 0.8, "Walk"), region(0.5, 0.5, "Run"))
    assert times(found) == [(0.2, 0.5), (0.5, 0.5), (0.5, 0.9)]
    other = read_config(
        config_xml().replace(
            "<TimeSeries ",
            '<TimeSeriesLabels name="x" toName="ts"><Label value="Q"/></TimeSeriesLabels>'
            "<TimeSeries ",
        )
    )
    apart = region(0.5, 0.8, "Q", from_name="x")
    assert times(read(region(0.2, 0.5, "Run"), apart, known=other)) == [(0.2, 0.6), (0.5, 0.9)]


def test_several_labels_become_several_spans() -> None:
    assert [s.label for s in read(region(0.2, 0.5, "Walk", "Run", "walk"))] == ["Run", "Walk"]


def test_names_count_whatever_their_case() -> None:
    (found,) = read(region(0.2, 0.5, " RUN", from_name="LAB"))
    assert (found.tier, found.label) == ("lab", "Run")


def test_ids_scores_and_origins_come_along() -> None:
    (found,) = read(region(0.2, 0.5, "Run", score=0.91, origin="prediction"))
    assert (found.id, found.score, found.origin) == ("r1", 0.91, "prediction")
    for odd in (7, "high", None, -1, math.nan, True, [0.5]):
        assert read_regions([region(0, 1, "Run", score=odd)], TENTHS, CONFIG)[0][0].score is None


def test_times_off_the_rows_are_kept() -> None:
    assert times(read(region(0.23, 0.57, "Run"), region(0.41, 0.44, "Run"))) == [
        (0.23, 0.57),
        (0.41, 0.44),
    ]


def test_answers_of_other_controls_are_passed_over_in_silence() -> None:
    known = config(
        more='<Choices name="q" toName="ts" perRegion="true"><Choice value="x"/></Choices>'
    )
    answer = {**region(0.2, 0.5), "from_name": "Q", "type": "choices", "value": {"choices": ["x"]}}
    whole = {"id": "n", "from_name": "q", "to_name": "ts", "type": "choices", "value": {}}
    assert len(read(region(0.2, 0.5, "Run"), answer, whole, known=known)) == 1


CASES: list[tuple[object, str]] = [
    ({"type": "relation", "from_id": "a", "to_id": "b"}, "1 result that are relations"),
    (region(0.2, 0.5, "Run", from_name="gone"), "controls that the labeling config does not have"),
    (region(0.2, 0.5, "Jump"), "labels that the labeling config does not have"),
    (region(0.2, 0.5), "without a label"),
    (region(0.2, 0.5, None, 3), "2 results without a label"),
    (region(0.2, 0.5, value={"timeserieslabels": "Jump"}), "Jump"),
    (region(0.5, 0.2, "Run"), "end before they start"),
    (region(math.nan, 0.2, "Run"), "times that cannot be read"),
    (region("soon", 0.2, "Run"), "times that cannot be read"),
    (region(None, [1], "Run"), "nothing to a list"),
    (region(True, {}, "Run"), "times that cannot be read"),
    (region(10**400, 0.2, "Run"), "times that cannot be read"),
    (region(5, 6, "Run"), "beyond the series"),
    (region(5, 5, "Run"), "beyond the series"),
    (region(-3, -2, "Run"), "beyond the series"),
    (None, "a NoneType in the list"),
    ([1], "a list in the list"),
    ({}, "a form that no editor writes"),
    ({"value": [], "from_name": "lab"}, "a form that no editor writes"),
    ({"value": {}, "from_name": 5}, "a form that no editor writes"),
    ({"value": {"start": 0, "end": 1}, "from_name": "lab", "type": 5}, "a form"),
]


@pytest.mark.parametrize(("result", "said"), CASES)
def test_what_cannot_be_used_is_left_out_and_counted(result: object, said: str) -> None:
    good = region(0.2, 0.5, "Run")
    spans, lines = read_regions([good, result], TENTHS, CONFIG)
    assert len(spans) == 1
    assert len(lines) == 1
    assert said in lines[0]
    assert "\n" not in lines[0]


def test_each_kind_of_problem_is_one_line_with_its_count() -> None:
    lines = problems(*[case for case, _ in CASES] * 3)
    assert len(lines) == 8
    assert lines[0].startswith("18 results")
    assert all(len(line) < 200 for line in lines)


@pytest.mark.parametrize("result", [None, [], ()])
def test_nothing_is_no_problem(result: object) -> None:
    assert read_regions(result, TENTHS, CONFIG) == ([], [])


@pytest.mark.parametrize("result", [5, "x", {}, {"result": []}])
def test_what_is_no_list_is_one_problem(result: object) -> None:
    spans, lines = read_regions(result, TENTHS, CONFIG)
    assert (spans, len(lines)) == ([], 1)


def test_a_range_that_an_arrow_key_threw_out_is_cut() -> None:
    spans, lines = read_regions([region(0.3, 1000.3, "Run")], TENTHS, CONFIG)
    assert times(spans) == [(0.3, 1.1)]
    assert lines == ["1 result that left the series were cut to it (0.3 to 1000.3)"]
    spans, _ = read_regions([region(-1000, 0.3, "Run")], TENTHS, CONFIG)
    assert times(spans) == [(0, 0.4)]


def test_a_range_that_touches_another_never_becomes_an_instant() -> None:
    spans, _ = read_regions([region(-3, 0, "Run"), region(0, 0.3, "Walk")], TENTHS, CONFIG)
    assert times(spans) == [(0, 0.1), (0, 0.4)]


# --- writing


def test_results_are_what_the_editor_would_have_written() -> None:
    (result,) = write_regions([span(0.2, 0.6, score=0.912345)], TENTHS, CONFIG)
    assert result.pop("id")
    assert result == {
        "from_name": "lab",
        "to_name": "ts",
        "type": "timeserieslabels",
        "value": {"start": 0.2, "end": 0.5, "instant": False, "timeserieslabels": ["Run"]},
        "score": 0.9123,
    }


def test_instants_go_to_the_nearest_row() -> None:
    (result,) = write_regions([span(0.33, 0.33)], TENTHS, CONFIG)
    assert result["value"]["start"] == result["value"]["end"] == 0.3
    assert result["value"]["instant"] is True
    assert "score" not in result


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (0.25, 0.65, 0.3, 0.6),  # borders between the rows
        (0.2, 0.3, 0.2, 0.3),  # one row: the editor could not show less than two
        (1.0, 1.1, 0.9, 1.0),
        (0.31, 0.34, 0.3, 0.4),  # no row
        (0.0, 1.1, 0.0, 1.0),
        (5.0, 6.0, 0.9, 1.0),
    ],
)
def test_ranges_are_drawn_over_at_least_two_rows(
    start: float, end: float, first: float, last: float
) -> None:
    (result,) = write_regions([span(start, end)], TENTHS, CONFIG)
    assert editor_times(result) == (first, last)
    assert result["value"]["instant"] is False


def test_spans_that_touch_are_drawn_touching() -> None:
    found = write_regions([span(0.2, 0.5), span(0.5, 0.9, "Walk")], TENTHS, CONFIG)
    assert [editor_times(result) for result in found] == [(0.2, 0.5), (0.5, 0.8)]
    assert times(read(*found)) == [(0.2, 0.5), (0.5, 0.9)]


def test_labels_that_the_config_does_not_have_are_not_written() -> None:
    gone = [span(0.2, 0.6, "Jump"), Span(0.2, 0.6, "Run", "other")]
    assert write_regions(gone, TENTHS, CONFIG) == []


def test_aliases_and_names_are_written_as_the_config_has_them() -> None:
    known = read_config(
        '<View><TimeSeriesLabels name="My Labels" toName="TS-1"><Label value="Run" alias="r"/>'
        '<Label value="a"/><Label value="A"/></TimeSeriesLabels>'
        '<TimeSeries name="TS-1" value="$csv"/></View>'
    )
    spans = [Span(0.2, 0.6, label, "my_labels") for label in ("Run", "A", "a (2)")]
    found = write_regions(spans, TENTHS, known)
    assert {result["value"]["timeserieslabels"][0] for result in found} == {"r", "A", "a"}
    assert {(result["from_name"], result["to_name"]) for result in found} == {("My Labels", "TS-1")}
    assert sorted(s.label for s in read(*found, known=known)) == ["A", "Run", "a (2)"]


def test_ids_are_unique_and_depend_on_the_content_alone() -> None:
    spans = [span(0.2, 0.6), span(0.2, 0.6), span(0.3, 0.6, score=0.5), span(0.3, 0.6, "Walk")]
    first = write_regions(spans, TENTHS, CONFIG)
    again = write_regions(spans[::-1], TENTHS, CONFIG)
    assert len({result["id"] for result in first}) == 4
    assert {result["id"] for result in first} == {result["id"] for result in again}
    alone = write_regions(spans[3:], TENTHS, CONFIG)
    assert alone[0]["id"] in {result["id"] for result in first}


def test_one_row_alone_can_only_be_an_instant() -> None:
    axis = series([3]).axis
    (result,) = write_regions([span(0, 1)], axis, CONFIG)
    assert result["value"]["instant"] is True
    assert editor_times(result) == (3, 3)


def test_rows_of_one_millisecond_are_drawn_to_the_next_one() -> None:
    cells = [f"2026-01-02 00:00:00.{i * 100:06d}" for i in range(40)]  # 10 kHz
    axis = series(cells, form="%Y-%m-%d %H:%M:%S.%f").axis
    (result,) = write_regions([span(0.0003, 0.0007)], axis, CONFIG)
    assert editor_times(result) == ("2026-01-02 00:00:00.000000", "2026-01-02 00:00:00.001000")
    (result,) = write_regions([span(0.0035, 0.0037)], axis, CONFIG)
    assert editor_times(result) == ("2026-01-02 00:00:00.002000", "2026-01-02 00:00:00.003000")


# --- there and back


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


def test_many_results_are_read_in_time_that_grows_evenly() -> None:
    axis = series([i / 10 for i in range(20_000)]).axis
    results = [region(i / 10, i / 10 + 0.5, "Run") for i in range(10_000)]
    spans, lines = read_regions(results, axis, CONFIG)
    assert (len(spans), lines) == (10_000, [])
