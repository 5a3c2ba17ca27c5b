"""Tables of spans: order, presence, and cutting to what was reviewed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tslab.errors import DataError
from tslab.span_table import Extents, SpanTable, outside

NAMES = (("t0", "t1", "t2"), ("ann", "bob"), ("A", "B"))
WHOLE = Extents.of([0, 0, 1, 1], [0, 1, 0, 1], [0] * 4, [100] * 4)

rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 60), st.integers(0, 20)),
    max_size=25,
)


def table(spans: list[tuple[int, int, int, int, int]], reviewed: Extents = WHOLE) -> SpanTable:
    task, annotator, label, start, end = (list(column) for column in zip(*spans, strict=True))
    columns = {"task": task, "annotator": annotator, "label": label, "start": start, "end": end}
    return SpanTable.of(NAMES, columns, reviewed)


def test_rows_are_sorted_by_task_annotator_start_end_and_label() -> None:
    made = table([(1, 0, 0, 5, 9), (0, 1, 1, 3, 4), (0, 0, 1, 3, 9), (0, 0, 0, 3, 9)])
    seen = list(zip(made.task, made.annotator, made.start, made.end, made.label, strict=True))
    assert seen == sorted(seen)
    assert made.region.tolist() == [3, 2, 1, 0]


def test_extents_that_touch_or_overlap_are_one() -> None:
    made = Extents.of([0, 0, 0, 0], [0, 0, 0, 1], [10, 0, 30, 5], [20, 10, 40, 6])
    assert made.start.tolist() == [0, 30, 5]
    assert made.end.tolist() == [20, 40, 6]
    assert made.annotator.tolist() == [0, 0, 1]


def test_a_span_over_a_gap_is_two_rows_of_one_region() -> None:
    seen = Extents.of([0, 0], [0, 0], [0, 50], [40, 100])
    made = table([(0, 0, 0, 30, 60)], seen)
    assert list(zip(made.start, made.end, made.region, strict=True)) == [(30, 40, 0), (50, 60, 0)]


def test_what_nobody_reviewed_is_dropped_and_can_be_told() -> None:
    seen = Extents.of([0], [0], [10], [40])
    made = table([(0, 0, 0, 5, 20), (0, 1, 0, 5, 20), (1, 0, 0, 5, 20), (0, 0, 0, 12, 13)], seen)
    assert list(zip(made.start, made.end, strict=True)) == [(10, 20), (12, 13)]
    asked = outside([0, 0, 1, 0], [0, 1, 0, 0], [5, 5, 5, 12], [20, 20, 20, 13], seen)
    assert asked.tolist() == [True, True, True, False]


def test_an_instant_at_the_end_of_the_reviewed_time_stays() -> None:
    made = table([(0, 0, 0, 100, 100), (0, 0, 0, 101, 101), (0, 0, 0, 100, 105)])
    assert made.start.tolist() == [100]
    assert made.instants.tolist() == [True]


def test_a_task_that_was_reviewed_and_left_empty_keeps_its_presence() -> None:
    made = table([(0, 0, 0, 1, 2)]).without_annotators(["bob"])
    assert made.reviewed.annotator.tolist() == [0, 0]
    assert made.reviewed.task.tolist() == [0, 1]
    assert len(made) == 1


def test_reversed_times_and_unknown_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="before it starts"):
        table([(0, 0, 0, 9, 3)])
    with pytest.raises(DataError, match="label number"):
        table([(0, 0, 2, 3, 9)])
    with pytest.raises(DataError, match="before it starts"):
        Extents.of([0], [0], [9], [3])


def test_an_empty_table_is_one() -> None:
    nothing: list[int] = []
    columns = dict.fromkeys(("task", "annotator", "label", "start", "end"), nothing)
    made = SpanTable.of(NAMES, columns, Extents.of([], [], [], []))
    assert len(made) == 0
    assert len(made.reviewed) == 0
    assert len(made.without_annotators(["ann"])) == 0


def test_times_too_far_apart_for_one_line_are_still_right() -> None:
    late = 8_999_000_000_000_000_000
    seen = Extents.of([0, 2], [0, 1], [0, late], [100, late + 100])
    made = table([(2, 1, 0, late + 5, late + 500), (0, 0, 1, 50, 60)], seen)
    assert made.start.tolist() == [50, late + 5]
    assert made.end.tolist() == [60, late + 100]


@given(rows, rows)
def test_cutting_equals_a_naive_loop(
    reviewed: list[tuple[int, int, int, int]], spans: list[tuple[int, int, int, int]]
) -> None:
    task, annotator, start, long = ([r[i] for r in reviewed] for i in range(4))
    ends = [a + b for a, b in zip(start, long, strict=True)]
    seen = Extents.of(task, annotator, start, ends)
    columns = {
        "task": [s[0] for s in spans],
        "annotator": [s[1] for s in spans],
        "label": [0] * len(spans),
        "start": [s[2] for s in spans],
        "end": [s[2] + s[3] for s in spans],
    }
    made = SpanTable.of(NAMES, columns, seen)
    there = {(int(t), int(a), moment) for t, a, s, e in _stretches(seen) for moment in range(s, e)}
    wanted = sorted(
        (task, annotator, moment, number)
        for number, (task, annotator, start, long) in enumerate(spans)
        for moment in range(start, start + long)
        if (task, annotator, moment) in there
    )
    found = sorted(
        (int(task), int(annotator), moment, int(region))
        for task, annotator, start, end, region in zip(
            made.task, made.annotator, made.start, made.end, made.region, strict=True
        )
        for moment in range(start, end)
    )
    assert found == wanted
    points = [(s[0], s[1], s[2]) for s in spans if not s[3]]
    inside = [
        (t, a, m) for t, a, m in points if any(
            (t, a) == (x, y) and s <= m <= e for x, y, s, e in _stretches(seen)
        )
    ]  # fmt: skip
    assert int(made.instants.sum()) == len(inside)


def _stretches(seen: Extents) -> list[tuple[int, int, int, int]]:
    columns = (seen.task, seen.annotator, seen.start, seen.end)
    return [(int(t), int(a), int(s), int(e)) for t, a, s, e in zip(*columns, strict=True)]


def test_a_million_shuffled_spans_are_sorted_by_one_key() -> None:
    rng = np.random.default_rng(1)
    many = 100_000
    task, annotator = rng.integers(0, 3, many), rng.integers(0, 2, many)
    start = rng.permutation(many) * 7
    columns = {
        "task": task, "annotator": annotator, "label": np.zeros(many, int), "start": start,
        "end": start + 5,
    }  # fmt: skip
    seen = Extents.of([0, 0, 1, 1, 2, 2], [0, 1] * 3, [0] * 6, [many * 8] * 6)
    made = SpanTable.of(NAMES, columns, seen)
    wanted = np.lexsort((start, annotator, task))
    assert (made.start == start[wanted]).all()
    assert (made.region == wanted).all()
