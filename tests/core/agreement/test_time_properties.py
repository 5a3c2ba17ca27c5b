"""What must not change a measure of time, and what must change it in a known way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.span_tables import random_table
from numpy.typing import NDArray

from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import time_metrics
from tslab.agreement.values import Readers
from tslab.span_table import Extents, SpanTable

QUIET = TimeSettings(draws=0)
Numbers = dict[tuple[str, str, tuple[str, ...]], float | None]


def tables(ragged: st.SearchStrategy[bool] | None = None) -> st.SearchStrategy[SpanTable]:
    """Small tables of every kind."""
    return st.builds(
        random_table,
        st.integers(0, 2**20),
        tasks=st.integers(1, 4),
        annotators=st.integers(2, 4),
        labels=st.integers(1, 4),
        overlapping=st.booleans(),
        ragged=st.booleans() if ragged is None else ragged,
    )


def numbers(table: SpanTable, readers: Readers | None = None) -> Numbers:
    found = time_metrics("tier", table, readers or Readers(table.annotators), QUIET)
    return {(row.metric, row.by, row.of): row.value.value for row in found.rows}


def rebuilt(
    table: SpanTable,
    label: NDArray[np.int32] | None = None,
    scale: int = 1,
    shift: NDArray[np.int64] | int = 0,
) -> SpanTable:
    """The table with other labels, and with times scaled and moved."""
    seen = table.reviewed
    moved = np.broadcast_to(np.asarray(shift), (len(table.tasks),))
    columns = {
        "task": table.task,
        "annotator": table.annotator,
        "label": table.label if label is None else label,
        "start": table.start * scale + moved[table.task],
        "end": table.end * scale + moved[table.task],
    }
    extents = Extents.of(
        seen.task, seen.annotator, seen.start * scale + moved[seen.task],
        seen.end * scale + moved[seen.task],
    )  # fmt: skip
    return SpanTable.of((table.tasks, table.annotators, table.labels), columns, extents)


def same(one: Numbers, other: Numbers) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert other[key] == pytest.approx(value, abs=1e-11), key


@settings(max_examples=25)
@given(tables())
def test_order_of_annotators_does_not_matter(table: SpanTable) -> None:
    turned = replace(table, annotators=table.annotators[::-1])
    last = len(table.annotators) - 1
    seen = table.reviewed
    back = SpanTable.of(
        (table.tasks, turned.annotators, table.labels),
        {"task": table.task, "annotator": last - table.annotator, "label": table.label,
         "start": table.start, "end": table.end},
        Extents.of(seen.task, last - seen.annotator, seen.start, seen.end),
    )  # fmt: skip
    one, other = numbers(table), numbers(back)
    unordered = ("overall", "label", "task", "without")
    plain = {key: value for key, value in one.items() if key[1] in unordered}
    same(plain, {key: other[key] for key in plain})
    turn = {"time/coverage_first": "time/coverage_second"}
    turn |= {new: old for old, new in turn.items()}
    for (metric, by, of), value in one.items():
        if by in ("pair", "pair-label"):
            twin = other[turn.get(metric, metric), by, (of[1], of[0], *of[2:])]
            assert twin == pytest.approx(value, abs=1e-11)


@settings(max_examples=25)
@given(tables(), st.integers(-(2**40), 2**40), st.integers(1, 1000))
def test_shift_scale_and_finer_ticks_do_not_matter(
    table: SpanTable, shift: int, scale: int
) -> None:
    moved = rebuilt(table, scale=scale, shift=shift * (1 + np.arange(len(table.tasks))))
    same(numbers(table), numbers(moved))


@settings(max_examples=25)
@given(tables(), st.integers(0, 99))
def test_names_of_labels_do_not_matter(table: SpanTable, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(table.labels))
    new = rebuilt(table, label=order[table.label].astype(np.int32))
    one, other = numbers(table), numbers(new)
    renamed = {table.labels[old]: table.labels[order[old]] for old in range(len(order))}
    for (metric, by, of), value in one.items():
        target = tuple(renamed.get(name, name) for name in of)
        assert other[metric, by, target] == pytest.approx(value, abs=1e-11)


def split(table: SpanTable, at: int) -> SpanTable:
    """Each task becomes two, cut at one time; spans are cut, too."""
    seen = table.reviewed
    sides = []
    for part, (low, high) in enumerate(((-(2**40), at), (at, 2**40))):
        rows = (table.start < high) & (table.end > low)
        there = (seen.start < high) & (seen.end > low)
        sides.append(
            (
                [2 * table.task[rows] + part, table.annotator[rows], table.label[rows],
                 np.maximum(table.start[rows], low), np.minimum(table.end[rows], high)],
                [2 * seen.task[there] + part, seen.annotator[there],
                 np.maximum(seen.start[there], low), np.minimum(seen.end[there], high)],
            )
        )  # fmt: skip
    columns, extents = (
        [np.concatenate(pair) for pair in zip(sides[0][k], sides[1][k], strict=True)]
        for k in (0, 1)
    )
    names = [f"{task}.{part}" for task in table.tasks for part in (0, 1)]
    keys = ("task", "annotator", "label", "start", "end")
    return SpanTable.of(
        (names, table.annotators, table.labels),
        dict(zip(keys, columns, strict=True)),
        Extents.of(*extents),
    )


@settings(max_examples=25)
@given(tables(), st.integers(1, 59))
def test_tasks_may_be_split(table: SpanTable, at: int) -> None:
    ranges = table.where(~table.instants)
    one, other = numbers(ranges), numbers(split(ranges, at))
    for key, value in one.items():
        if key[1] != "task" and key[0] != "time/iou_task_mean":
            assert other[key] == pytest.approx(value, abs=1e-11), key


@settings(max_examples=25)
@given(tables())
def test_removing_an_annotator_is_never_having_had_him(table: SpanTable) -> None:
    gone = table.annotators[-1]
    left = table.annotators[:-1]
    one = numbers(table, Readers(left))
    other = numbers(table.without_annotators([gone]), Readers(left))
    for key, value in one.items():
        # Sets of labels that only he used are classes of AC1 still.
        if key[0] != "time/gwet_ac1" or key[1] in ("label", "pair-label"):
            assert other[key] == pytest.approx(value, abs=1e-11), key
    whole = numbers(table)
    if len(table.annotators) > 2:
        for metric in ("time/krippendorff_alpha", "time/fleiss_kappa", "time/iou"):
            assert whole[metric, "without", (gone,)] == pytest.approx(
                one[metric, "overall", ()], abs=1e-11
            )


@settings(max_examples=25)
@given(tables(ragged=st.just(False)))
def test_who_says_the_same_agrees_perfectly(table: SpanTable) -> None:
    own, tasks = table.annotator == 0, len(table.tasks)
    columns = {
        key: np.tile(getattr(table, key)[own], 2) for key in ("task", "label", "start", "end")
    }
    extents = Extents.of(
        np.tile(np.arange(tasks), 2), np.repeat([0, 1], tasks), np.zeros(2 * tasks),
        np.full(2 * tasks, 60),
    )  # fmt: skip
    who = {"annotator": np.repeat([0, 1], own.sum())}
    twin = SpanTable.of((table.tasks, ("x", "y"), table.labels), columns | who, extents)
    for value in numbers(twin).values():
        assert value is None or value == pytest.approx(1, abs=1e-12)


@settings(max_examples=25)
@given(tables())
def test_no_number_is_out_of_bounds(table: SpanTable) -> None:
    for (metric, _, _), value in numbers(table).items():
        corrected = any(name in metric for name in ("kappa", "pi", "alpha", "ac1"))
        low = -np.inf if corrected else -1e-12
        assert value is None or low <= value <= 1 + 1e-12
