"""What must not change a measure, of events, instants, units, answers and consensus.

Those of time are in test_time_properties.py. Shift and scale, the order of annotators, names of
labels, cutting of tasks, and leaving out an annotator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.changed_tables import edged, fine, moved, one_task, relabelled, reversed_readers
from kit.span_tables import random_table

from tslab.agreement.attributes.metrics import AttributeSettings, Regions, attribute_rows
from tslab.agreement.consensus.methods import Consensus, ConsensusSettings, consensus_of
from tslab.agreement.consensus.voting import Method
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.events.matching import match_events
from tslab.agreement.events.metrics import EventSettings, event_metrics
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.panel import TimeSettings
from tslab.agreement.unitizing.holistic import holistic_rows
from tslab.agreement.values import Readers, Row
from tslab.domain import Choice, RegionField
from tslab.span_table import SpanTable

QUIET = TimeSettings(draws=0)
TOLERANCE = 4_000
FIELDS = (
    RegionField(name="kind", kind="choice", choices=tuple(Choice(value=v) for v in "xyz")),
    RegionField(name="size", kind="number"),
)
Numbers = dict[tuple[str, str, tuple[str, ...]], float | None]
Family = Callable[[SpanTable, Readers, int], Iterable[Row]]


def events(table: SpanTable, readers: Readers, scale: int) -> Iterable[Row]:
    return event_metrics("tier", table, readers, EventSettings(intervals=QUIET)).rows


def instants(table: SpanTable, readers: Readers, scale: int) -> Iterable[Row]:
    wanted = InstantSettings(TOLERANCE * scale, intervals=QUIET)
    return instant_metrics("tier", table, readers, wanted).rows


def units(table: SpanTable, readers: Readers, scale: int) -> Iterable[Row]:
    return holistic_rows("tier", table, readers)


def answers(table: SpanTable, readers: Readers, scale: int) -> Iterable[Row]:
    """Each region is answered by its number, which no change of a table changes."""
    said: dict[int, dict[str, str | float]] = {
        int(region): {"kind": "xyz"[region * 7 % 5 % 3], "size": float(region * 11 % 17)}
        for region in (table.region % 10**6)
    }
    said |= {10**6 + region: value for region, value in said.items()}
    pairs, _ = all_kinds(table, readers)
    matched = match_events(table, pairs, [Iou(0.2)])
    regions = Regions("tier", table, readers, said)
    return attribute_rows(regions, FIELDS, matched, AttributeSettings(intervals=QUIET))


FAMILIES: tuple[Family, ...] = (events, instants, units, answers)
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
few = settings(max_examples=8)


def tables(ragged: st.SearchStrategy[bool] | None = None) -> st.SearchStrategy[SpanTable]:
    """Small tables of every kind, in ticks so fine that matchings are not tied.

    Spans of two labels that are cut to one reviewed stretch are alike: with ragged tables either
    may be the partner.
    """
    return st.builds(
        lambda seed, **how: fine(random_table(seed, **how), seed),
        st.integers(0, 2**20),
        tasks=st.integers(1, 4),
        annotators=st.integers(2, 4),
        labels=st.integers(1, 4),
        overlapping=st.booleans(),
        ragged=st.booleans() if ragged is None else ragged,
    )


def numbers(
    family: Family, table: SpanTable, readers: Readers | None = None, scale: int = 1
) -> Numbers:
    rows = list(family(table, readers or Readers(table.annotators), scale))
    found = {(row.metric, row.by, row.of): row.value.value for row in rows}
    assert len(found) == len(rows)
    return found


def close(one: float | None, other: float | None, key: object) -> None:
    if one is None or other is None:
        assert one is other, key
        return
    assert one == pytest.approx(other, rel=1e-9, abs=1e-9), key


TURNED = {"precision": "recall", "recall": "precision", "splits": "merges", "merges": "splits"}
SIGNED = ("onset_bias", "offset_bias", "onset_median_bias", "offset_median_bias", "instant/bias",
          "instant/median_bias", "attribute/bias")  # fmt: skip
LIMITS = {"limit_low": "limit_high", "limit_high": "limit_low"}


def turned(metric: str) -> tuple[str, int]:
    """The name and the sign that a measure has with the other one as the first of its pair."""
    group, _, name = metric.partition("/")
    stem = name.split("@")[0].split(":")[0]
    renamed = name.replace(stem, {**TURNED, **LIMITS}.get(stem, stem), 1)
    signed = any(metric.startswith(word) or stem == word for word in SIGNED) or stem in LIMITS
    return f"{group}/{renamed}", -1 if signed else 1


@each_family
@few
@given(table=tables(st.just(False)))
def test_the_order_of_annotators_does_not_matter(family: Family, table: SpanTable) -> None:
    one, other = numbers(family, table), numbers(family, reversed_readers(table))
    assert len(one) == len(other)
    for (metric, by, of), value in one.items():
        name, sign = turned(metric) if by.startswith("pair") else (metric, 1)
        place = (of[1], of[0], *of[2:]) if by.startswith("pair") else of
        twin = other[name, by, place]
        close(value, None if twin is None else sign * twin, (metric, by, of))


@each_family
@few
@given(table=tables(), shift=st.integers(-(2**40), 2**40), scale=st.integers(1, 500))
def test_shift_changes_nothing_and_scale_only_seconds(
    family: Family, table: SpanTable, shift: int, scale: int
) -> None:
    far = moved(table, by=shift * (1 + np.arange(len(table.tasks))), times=scale)
    one, other = numbers(family, table), numbers(family, far, scale=scale)
    assert one.keys() == other.keys()
    lengths = ("bias", "median_error", "mad", "p95_error")
    for key, value in one.items():
        timed = key[0].split("/")[0] in ("event", "instant") and key[0].endswith(lengths)
        close(other[key], value if value is None else value * (scale if timed else 1), key)


@each_family
@few
@given(table=tables(st.just(False)), seed=st.integers(0, 99))
def test_names_of_labels_do_not_matter(family: Family, table: SpanTable, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(table.labels))
    one, other = numbers(family, table), numbers(family, relabelled(table, order))
    renamed = {table.labels[old]: table.labels[new] for old, new in enumerate(order)}
    assert len(one) == len(other)
    for (metric, by, of), value in one.items():
        target = tuple(renamed.get(name, name) for name in of)
        close(other[metric, by, target], value, (metric, by, of))


@each_family
@few
@given(table=tables())
def test_tasks_may_be_joined_where_nothing_is(family: Family, table: SpanTable) -> None:
    """The other way round: a task may be split there. Gaps of alpha_U differ, see below."""
    one, other = numbers(family, table), numbers(family, one_task(table))
    for (metric, by, of), value in other.items():
        if by != "task" and metric != "unitizing/alpha_u":
            close(one[metric, by, of], value, (metric, by, of))


@few
@given(table=tables(st.just(False)))
def test_alpha_u_of_tasks_is_that_of_one_where_no_gap_lies_at_a_border(table: SpanTable) -> None:
    """Gaps of two tasks are never one, so that elsewhere a long gap counts for more than two."""
    full = edged(table, 60_000)
    one, other = numbers(units, full), numbers(units, one_task(full))
    for key, value in other.items():
        if key[1] != "task" and key[0] == "unitizing/alpha_u":
            close(one[key], value, key)


@each_family
@few
@given(table=tables())
def test_leaving_out_an_annotator_is_never_having_had_him(family: Family, table: SpanTable) -> None:
    gone, left = table.annotators[-1], Readers(table.annotators[:-1])
    absent = numbers(family, table.without_annotators([gone]), left)
    unasked = numbers(family, table, left)
    assert absent.keys() == unasked.keys()
    for key, value in absent.items():
        close(unasked[key], value, key)
    whole = numbers(family, table)
    for key, value in absent.items():
        if key[1].startswith("pair"):
            close(whole[key], value, key)


METHODS: tuple[Method, ...] = (
    "majority", "weighted", "intersection", "union", "dawid-skene", "staple", "median",
)  # fmt: skip
each_method = pytest.mark.parametrize("method", METHODS)


def together(
    table: SpanTable, method: Method, voters: Iterable[str] | None = None, scale: int = 1
) -> Consensus:
    wanted = ConsensusSettings(method, tolerance=TOLERANCE * scale)
    return consensus_of(table, "intervals", tuple(voters or table.annotators), wanted)


def full(table: SpanTable) -> bool:
    """Whether everybody who is left to vote reviewed something."""
    return set(table.reviewed.annotator.tolist()) == set(range(len(table.annotators)))


@each_method
@few
@given(table=tables().filter(full))
def test_consensus_does_not_ask_who_is_first(method: Method, table: SpanTable) -> None:
    one, other = together(table, method), together(reversed_readers(table), method)
    assert one.regions.rows() == other.regions.rows()
    np.testing.assert_allclose(one.support, other.support, atol=1e-7)


@each_method
@few
@given(table=tables().filter(full), shift=st.integers(0, 2**40), scale=st.integers(1, 500))
def test_consensus_moves_with_its_times(
    method: Method, table: SpanTable, shift: int, scale: int
) -> None:
    one = together(table, method)
    far = together(moved(table, by=shift, times=scale), method, scale=scale)
    expected = [(task, label, start * scale + shift, end * scale + shift)
                for task, label, start, end in one.regions.rows()]  # fmt: skip
    # Medians of an even number are rounded to a whole tick.
    slack = scale if method == "median" or table.instants.any() else 0
    np.testing.assert_allclose(
        np.array(far.regions.rows()).reshape(-1, 4), np.array(expected).reshape(-1, 4),
        rtol=0, atol=slack,
    )  # fmt: skip
    # Support is a share of the region's time, of which a tick is a larger part at scale 1.
    np.testing.assert_allclose(one.support, far.support, atol=5e-3 if slack else 1e-7)


@each_method
@few
@given(table=tables().filter(full), seed=st.integers(0, 99))
def test_consensus_keeps_names_of_labels_apart(method: Method, table: SpanTable, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(table.labels))
    one, other = together(table, method), together(relabelled(table, order), method)
    renamed = sorted((task, int(order[label]), start, end)
                     for task, label, start, end in one.regions.rows())  # fmt: skip
    assert renamed == sorted(other.regions.rows())


@each_method
@few
@given(table=tables().filter(full))
def test_consensus_of_tasks_is_that_of_one_after_the_other(
    method: Method, table: SpanTable
) -> None:
    apart, joined = together(table, method), together(one_task(table), method)
    assert len(apart.regions) == len(joined.regions)
    np.testing.assert_allclose(np.sort(apart.support), np.sort(joined.support), atol=1e-7)


@each_method
@few
@given(table=tables().filter(full))
def test_consensus_without_an_annotator_is_that_of_the_others(
    method: Method, table: SpanTable
) -> None:
    left = table.annotators[:-1]
    one = together(table, method, left)
    other = together(table.without_annotators(table.annotators[-1:]), method, left)
    assert one.regions.rows() == other.regions.rows()
    np.testing.assert_array_equal(one.support, other.support)
