"""Disputes of small tables, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from kit.disputes import CONFLICT, MISSED, SPLIT, all_disputes
from kit.vote_tables import marks
from scipy.stats import entropy

from tslab.agreement.dispute_values import DisputeSettings
from tslab.span_table import Extents, SpanTable

Found = tuple[int, int, str, str]
SETTINGS = DisputeSettings(tolerance=1, gap=4, around=1)


def found(table: SpanTable, kind: Any = "intervals", **settings: Any) -> list[Found]:
    """Start, end, kind and labels of all disputes."""
    return [
        (d.start, d.end, d.kind, "".join(d.labels))
        for _, d in all_disputes(table, kind, replace(SETTINGS, **settings))
    ]


CASES = [
    ("nobody says anything", [[], []], []),
    ("all agree", [[(10, 20, "x"), (30, 30, "y")]] * 3, []),
    ("missed", [[(10, 20, "x")], [(10, 20, "x")], []], [(10, 20, MISSED, "x")]),
    ("extra at the edge", [[(0, 20, "x")], []], [(0, 20, MISSED, "x")]),
    ("extra all along", [[(0, 100, "x")], []], [(0, 100, MISSED, "x")]),
    ("conflict", [[(10, 20, "x")], [(10, 20, "y")]], [(10, 20, CONFLICT, "xy")]),
    ("conflict of three", [[(10, 20, "x")], [(10, 20, "y")], [(10, 20, "z")]],
     [(10, 20, CONFLICT, "xyz")]),
    ("conflict over a small one that one has",
     [[(0, 90, "x"), (30, 40, "z")], [(0, 90, "x")], [(0, 90, "y"), (30, 40, "z")]],
     [(0, 90, CONFLICT, "xyz")]),
    ("a small one in place of nothing beside a long one",
     [[(0, 90, "x"), (30, 40, "y")], [(30, 40, "z")]], [(0, 90, MISSED, "xyz")]),
    ("onset", [[(10, 20, "x")], [(14, 20, "x")]], [(10, 14, "onset shift", "x")]),
    ("onset at the edge", [[(0, 20, "x")], [(4, 20, "x")]], [(0, 4, "onset shift", "x")]),
    ("offset", [[(10, 20, "x")], [(10, 25, "x")], [(10, 22, "x")]],
     [(20, 25, "offset shift", "x")]),
    ("both borders", [[(10, 30, "x")], [(13, 26, "x")]],
     [(10, 13, "onset shift", "x"), (26, 30, "offset shift", "x")]),
    ("within the tolerance", [[(10, 20, "x")], [(11, 19, "x")]], []),
    ("split by a gap", [[(10, 40, "x")], [(10, 20, "x"), (24, 40, "x")]], [(20, 24, SPLIT, "x")]),
    ("split by a border", [[(10, 40, "x")], [(10, 20, "x"), (20, 40, "x")]],
     [(19, 21, SPLIT, "x")]),
    ("borders far apart", [[(10, 20, "x"), (20, 90, "x")], [(10, 70, "x"), (70, 90, "x")]],
     [(19, 21, SPLIT, "x"), (69, 71, SPLIT, "x")]),
    ("split by an overlap", [[(10, 40, "x")], [(10, 22, "x"), (20, 40, "x")]],
     [(20, 22, SPLIT, "x")]),
    ("border between two of one label",
     [[(10, 20, "x"), (20, 40, "x")], [(10, 24, "x"), (24, 40, "x")]],
     [(20, 24, "border shift", "x")]),
    ("the same border", [[(10, 20, "x"), (20, 40, "x")], [(10, 21, "x"), (21, 40, "x")]], []),
    ("one begins later after a border",
     [[(10, 20, "x"), (20, 40, "x")], [(10, 20, "x"), (23, 40, "x")]],
     [(20, 23, "onset shift", "x")]),
    ("one of two that touch is missed",
     [[(10, 20, "x"), (20, 40, "x")], [(10, 20, "x")]], [(20, 40, MISSED, "x")]),
    ("the middle of three that touch is missed",
     [[(10, 20, "x"), (20, 30, "x"), (30, 40, "x")], [(10, 20, "x"), (30, 40, "x")]],
     [(20, 30, MISSED, "x")]),
    ("instant missed", [[(10, 10, "x")], [(10, 10, "x")], []], [(9, 11, "missing instant", "x")]),
    ("instants within the tolerance", [[(10, 10, "x")], [(11, 11, "x")]], []),
    ("instant moved", [[(10, 10, "x")], [(14, 14, "x")]], [(10, 14, "instant shift", "x")]),
    ("instants far apart", [[(10, 10, "x")], [(30, 30, "x")]],
     [(9, 11, "missing instant", "x"), (29, 31, "missing instant", "x")]),
    ("instant with another label", [[(10, 10, "x")], [(11, 11, "y")]], [(10, 11, CONFLICT, "xy")]),
    ("instant in a range", [[(10, 20, "x"), (15, 15, "x")], [(10, 20, "x")]],
     [(14, 16, "missing instant", "x")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("readings", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_intervals(readings: list[Any], expected: list[Found]) -> None:
    assert found(marks(*readings)) == expected
    assert found(marks(*readings[::-1])) == expected


STATES = [
    ("border", [[(0, 20, "x"), (20, 40, "y")], [(0, 23, "x"), (23, 40, "y")]],
     [(20, 23, "border shift", "xy")]),
    ("border with a hole", [[(0, 20, "x"), (20, 40, "y")], [(0, 20, "x"), (25, 40, "y")]],
     [(20, 25, "onset shift", "y")]),
    ("inner event", [[(0, 50, "x"), (50, 60, "y"), (60, 100, "x")], [(0, 100, "x")]],
     [(50, 60, CONFLICT, "xy")]),
    ("missed between two", [[(0, 20, "x"), (20, 30, "y"), (30, 60, "z")],
     [(0, 20, "x"), (30, 60, "z")]], [(20, 30, MISSED, "y")]),
    ("missed after a neighbour", [[(0, 20, "x"), (20, 30, "y")], [(0, 20, "x")]],
     [(20, 30, MISSED, "y")]),
    ("two borders of a short one",
     [[(0, 20, "x"), (20, 40, "y"), (40, 60, "z")], [(0, 22, "x"), (22, 37, "y"), (37, 60, "z")]],
     [(20, 22, "border shift", "xy"), (37, 40, "border shift", "yz")]),
    ("relabelled between two", [[(0, 20, "x"), (20, 30, "y"), (30, 60, "x")],
     [(0, 20, "x"), (20, 30, "z"), (30, 60, "x")]], [(20, 30, CONFLICT, "yz")]),
    ("continued as its neighbour", [[(0, 20, "x"), (20, 30, "y"), (30, 60, "z")],
     [(0, 20, "x"), (20, 30, "z"), (30, 60, "z")]], [(20, 30, CONFLICT, "yz")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("readings", "expected"), [c[1:] for c in STATES], ids=[c[0] for c in STATES]
)
def test_states(readings: list[Any], expected: list[Found]) -> None:
    assert found(marks(*readings), "states") == expected
    assert found(marks(*readings[::-1]), "states") == expected


def test_disputes_about_labels_that_overlap_are_one_stretch() -> None:
    """A reviewer decides time, not labels; what all say in the same way is not what it is about."""
    one = [(10, 40, "x"), (20, 60, "y"), (30, 80, "z")]
    other = [(10, 45, "x"), (20, 60, "y")]
    assert found(marks(one, other)) == [(30, 80, MISSED, "xz")]
    assert found(marks([*one, (5, 90, "x")], [*other, (5, 90, "x")])) == [(30, 80, MISSED, "xz")]


def test_two_labels_of_one_event_are_one_dispute() -> None:
    assert found(marks([(10, 20, "x"), (10, 20, "y")], [])) == [(10, 20, MISSED, "xy")]
    assert found(marks([(10, 20, "x")], [(10, 20, "y")], [])) == [(10, 20, CONFLICT, "xy")]


def test_who_did_not_review_disputes_nothing() -> None:
    table = marks([(10, 60, "x")], [(10, 30, "x")], [])
    seen = table.reviewed
    partly = Extents.of(seen.task, seen.annotator, [0, 0, 90], [100, 30, 100])
    assert found(replace(table, reviewed=partly)) == []
    until = Extents.of(seen.task, seen.annotator, [0, 0, 50], [100, 30, 100])
    assert found(replace(table, reviewed=until)) == [(50, 60, MISSED, "x")]
    assert found(table.without_annotators(["r1", "r2"])) == []


def test_disputes_that_are_near_are_one() -> None:
    table = marks([(10, 30, "x")], [(13, 26, "x")])
    assert found(table, gap=12) == [
        (10, 13, "onset shift", "x"),
        (26, 30, "offset shift", "x"),
    ]
    assert found(table, gap=13) == [(10, 30, "border shift", "x")]
    split = marks([(10, 30, "x")], [(10, 18, "x"), (20, 32, "x")])
    assert found(split, gap=10) == [(18, 32, SPLIT, "x")]
    apart = marks([(10, 20, "x")], [(21, 30, "x")])
    assert found(apart) == [(10, 30, MISSED, "x")]


def test_cost_is_time_times_entropy_times_weight() -> None:
    table = marks([(0, 40, "x")], [(0, 40, "x")], [(10, 40, "x")], [(20, 40, "x"), (60, 60, "y")])
    weights = {"x": 3.0, "y": 0.5}
    settings = replace(SETTINGS, point=2_000_000, weights=weights)
    costs = [d.cost for _, d in all_disputes(table, "intervals", settings)]
    quarter = float(entropy([1, 3], base=2))
    assert costs == pytest.approx([10e-6 * 3 * (1.0 + quarter), 2 * 0.5 * quarter])


def test_only_people_who_are_asked_count() -> None:
    table = marks([(10, 20, "x")], [(1, 5, "y")], [(10, 24, "x")])
    ((_, one),) = all_disputes(table, "intervals", SETTINGS, ["r0", "r2"])
    assert one.readers == ("r0", "r2")
    assert one.said == {"r0": (("x", -1, 0),), "r2": (("x", -1, 4),)}
