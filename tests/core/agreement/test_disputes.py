"""Disputes: planted ones come out exactly, none twice; nothing else comes out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kit.vote_tables import LABELS, grid, marks, names, table
from numpy.typing import NDArray

from tslab.agreement.disputes.kinds import KINDS
from tslab.agreement.disputes.stretches import disputes_of
from tslab.agreement.disputes.values import Dispute, DisputeSettings, entropy
from tslab.span_table import Extents, SpanTable

Found = tuple[int, int, str, str]
SETTINGS = DisputeSettings(tolerance=1)


def found(table: SpanTable, kind: Any = "intervals", **settings: Any) -> list[Found]:
    """Start, end, kind and labels of all disputes."""
    return [
        (d.start, d.end, d.kind, "".join(LABELS[k] for k in d.labels))
        for d in disputes_of(table, kind, table.annotators, replace(SETTINGS, **settings))
    ]


MISSED, CONFLICT, SPLIT = "missed or extra event", "label conflict", "split or merge"

CASES = [
    ("nobody says anything", [[], []], []),
    ("all agree", [[(10, 20, "x"), (30, 30, "y")]] * 3, []),
    ("missed", [[(10, 20, "x")], [(10, 20, "x")], []], [(10, 20, MISSED, "x")]),
    ("extra at the edge", [[(0, 20, "x")], []], [(0, 20, MISSED, "x")]),
    ("extra all along", [[(0, 100, "x")], []], [(0, 100, MISSED, "x")]),
    ("conflict", [[(10, 20, "x")], [(10, 20, "y")]], [(10, 20, CONFLICT, "xy")]),
    ("conflict of three", [[(10, 20, "x")], [(10, 20, "y")], [(10, 20, "z")]],
     [(10, 20, CONFLICT, "xyz")]),
    ("onset", [[(10, 20, "x")], [(14, 20, "x")]], [(10, 14, "onset shift", "x")]),
    ("onset at the edge", [[(0, 20, "x")], [(4, 20, "x")]], [(0, 4, "onset shift", "x")]),
    ("offset", [[(10, 20, "x")], [(10, 25, "x")], [(10, 22, "x")]],
     [(20, 25, "offset shift", "x")]),
    ("both borders", [[(10, 30, "x")], [(13, 26, "x")]],
     [(10, 13, "onset shift", "x"), (26, 30, "offset shift", "x")]),
    ("within the tolerance", [[(10, 20, "x")], [(11, 19, "x")]], []),
    ("split by a gap", [[(10, 40, "x")], [(10, 20, "x"), (24, 40, "x")]], [(20, 24, SPLIT, "x")]),
    ("split by a border", [[(10, 40, "x")], [(10, 20, "x"), (20, 40, "x")]],
     [(20, 20, SPLIT, "x")]),
    ("borders far apart", [[(10, 20, "x"), (20, 90, "x")], [(10, 70, "x"), (70, 90, "x")]],
     [(20, 20, SPLIT, "x"), (70, 70, SPLIT, "x")]),
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
    ("instant missed", [[(10, 10, "x")], [(10, 10, "x")], []], [(10, 10, "missing instant", "x")]),
    ("instants within the tolerance", [[(10, 10, "x")], [(11, 11, "x")]], []),
    ("instant moved", [[(10, 10, "x")], [(14, 14, "x")]], [(10, 14, "instant shift", "x")]),
    ("instants far apart", [[(10, 10, "x")], [(30, 30, "x")]],
     [(10, 10, "missing instant", "x"), (30, 30, "missing instant", "x")]),
    ("instant with another label", [[(10, 10, "x")], [(11, 11, "y")]], [(10, 11, CONFLICT, "xy")]),
    ("instant in a range", [[(10, 20, "x"), (15, 15, "x")], [(10, 20, "x")]],
     [(15, 15, "missing instant", "x")]),
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


def test_labels_that_overlap_are_looked_at_alone() -> None:
    one = [(10, 40, "x"), (20, 60, "y"), (30, 80, "z")]
    other = [(10, 45, "x"), (20, 60, "y")]
    expected = [(30, 80, MISSED, "z"), (40, 45, "offset shift", "x")]
    assert found(marks(one, other)) == expected


def test_a_region_with_two_labels_is_one_event() -> None:
    one = marks([(10, 20, "x"), (10, 20, "y")], [])
    joined = replace(one, region=np.array([7, 7]))
    assert found(joined) == [(10, 20, MISSED, "xy")]
    assert len(found(one)) == 2


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
    assert found(table, gap=13) == [
        (10, 13, "onset shift", "x"),
        (26, 30, "offset shift", "x"),
    ]
    assert found(table, gap=14) == [(10, 30, "offset shift", "x")]


def test_cost_is_time_times_entropy_times_weight() -> None:
    table = marks([(0, 40, "x")], [(0, 40, "x")], [(10, 40, "x")], [(20, 40, "x"), (60, 60, "y")])
    weights = {"x": 3.0, "y": 0.5}
    settings = DisputeSettings(tolerance=1, point=2_000_000, weights=weights)
    costs = [d.cost for d in disputes_of(table, "intervals", table.annotators, settings)]
    quarter = float(entropy(np.array([1, 3])))
    assert costs == pytest.approx([10e-6 * 3 * (1.0 + quarter), 2 * 0.5 * quarter])
    assert entropy(np.array([[2, 2], [4, 0]])).tolist() == [1.0, 0.0]


def test_rows_are_those_of_the_whole_table() -> None:
    table = marks([(10, 20, "x")], [(1, 5, "y")], [(10, 24, "x")])
    (one,) = disputes_of(table, "intervals", ["r0", "r2"], SETTINGS)
    assert one.present == (0, 2)
    assert [(int(table.annotator[r]), int(table.end[r])) for r in one.rows] == [(0, 20), (2, 24)]


# --- planted ------------------------------------------------------------------------------------

STEP, COUNT = 1000, 24


Times = tuple[int, int, int, int]
Spans = list[tuple[int, int, int]]
Planted = tuple[Spans, Spans, list[Any]]
"""What some say, what the others say, and the disputes: start, end, kind, labels."""


def nothing(t: Times, k: list[int]) -> Planted:
    return [(t[0], t[1], k[0])], [(t[0], t[1], k[0])], []


def slack(t: Times, k: list[int]) -> Planted:
    return [(t[0] + 5, t[1] - 7, k[0])], [(t[0], t[1], k[0])], []


def missed(t: Times, k: list[int]) -> Planted:
    return [(t[0], t[1], k[0])], [], [(t[0], t[1], MISSED, k[0])]


def onset(t: Times, k: list[int]) -> Planted:
    later = t[0] + t[3]
    expected = [(t[0], later, "onset shift", k[0])]
    return [(later, t[1], k[0])], [(t[0], t[1], k[0])], expected


def offset(t: Times, k: list[int]) -> Planted:
    later = t[1] + t[3]
    expected = [(t[1], later, "offset shift", k[0])]
    return [(t[0], later, k[0])], [(t[0], t[1], k[0])], expected


def conflict(t: Times, k: list[int]) -> Planted:
    return [(t[0], t[1], k[1])], [(t[0], t[1], k[0])], [(t[0], t[1], CONFLICT, *k[:2])]


def gap(t: Times, k: list[int]) -> Planted:
    a, b = t[0] + 100, t[0] + 100 + t[3]
    return [(t[0], a, k[0]), (b, t[1], k[0])], [(t[0], t[1], k[0])], [(a, b, SPLIT, k[0])]


def seam(t: Times, k: list[int]) -> Planted:
    a = t[0] + 100
    return [(t[0], a, k[0]), (a, t[1], k[0])], [(t[0], t[1], k[0])], [(a, a, SPLIT, k[0])]


def moved_seam(t: Times, k: list[int]) -> Planted:
    a = t[0] + 150
    b = a + t[3] // 2 + 11
    expected = [(a, b, "border shift", k[0])]
    return [(t[0], a, k[0]), (a, t[1], k[0])], [(t[0], b, k[0]), (b, t[1], k[0])], expected


def touching_missed(t: Times, k: list[int]) -> Planted:
    expected = [(t[1], t[2], MISSED, k[0])]
    return [(t[0], t[1], k[0]), (t[1], t[2], k[0])], [(t[0], t[1], k[0])], expected


def border(t: Times, k: list[int]) -> Planted:
    b = t[1] + t[3]
    expected = [(t[1], b, "border shift", *k[:2])]
    return [(t[0], t[1], k[0]), (t[1], t[2], k[1])], [(t[0], b, k[0]), (b, t[2], k[1])], expected


def between(t: Times, k: list[int]) -> Planted:
    a = t[0] + 90
    ends: Spans = [(t[0], a, k[0]), (t[1], t[2], k[2])]
    return [*ends, (a, t[1], k[1])], ends, [(a, t[1], MISSED, k[1])]


def overlapping(t: Times, k: list[int]) -> Planted:
    one: Spans = [(t[0], t[1], k[0]), (t[0] + 50, t[2], k[1])]
    other: Spans = [(t[0] + t[3], t[1], k[0]), (t[0] + 50, t[2] + t[3], k[1])]
    expected: list[Any] = [
        (t[0], t[0] + t[3], "onset shift", k[0]),
        (t[2], t[2] + t[3], "offset shift", k[1]),
        (t[0] + 60, t[1], MISSED, k[2]),
    ]
    return one, [*other, (t[0] + 60, t[1], k[2])], expected


def instant(t: Times, k: list[int]) -> Planted:
    return [(t[0], t[0], k[0])], [], [(t[0], t[0], "missing instant", k[0])]


def instant_slack(t: Times, k: list[int]) -> Planted:
    return [(t[0], t[0], k[0])], [(t[0] + 9, t[0] + 9, k[0])], []


def instant_conflict(t: Times, k: list[int]) -> Planted:
    a, b = t[0], t[0] + 5
    return [(a, a, k[0])], [(b, b, k[1])], [(a, b, CONFLICT, *k[:2])]


def instant_shift(t: Times, k: list[int]) -> Planted:
    a, b = t[0], t[0] + 30
    return [(a, a, k[0])], [(b, b, k[0])], [(a, b, "instant shift", k[0])]


PLANTS = (
    nothing, slack, missed, onset, offset, conflict, gap, seam, moved_seam, touching_missed,
)  # fmt: skip
STATE_PLANTS = (border, between)
INTERVAL_PLANTS = (overlapping, instant, instant_slack, instant_conflict, instant_shift)


class Plan:
    """Events a second apart that all agree on, and what is changed of them."""

    def __init__(self, seed: int, kind: str) -> None:
        self.dice = np.random.default_rng(seed)
        self.kind = kind
        self.readers = int(self.dice.integers(2, 6))
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.expected: set[tuple[int, int, int, str, str]] = set()
        for task in range(3):
            for slot in range(COUNT):
                self.slot(task, slot * STEP + int(self.dice.integers(0, 100)))

    def some(self) -> list[int]:
        """At least one annotator, and not all."""
        size = int(self.dice.integers(1, self.readers))
        return sorted(self.dice.choice(self.readers, size, replace=False).tolist())

    def say(self, who: list[int], task: int, *spans: tuple[int, int, int]) -> None:
        self.rows += [(task, r, label, a, b) for r in who for a, b, label in spans]

    def expect(self, task: int, start: int, end: int, kind: str, *labels: int) -> None:
        named = "".join(LABELS[k] for k in sorted(labels))
        self.expected.add((task, start, end, kind, named))

    def slot(self, task: int, at: int) -> None:
        """Plants one thing, chosen at random, and says what must come out."""
        labels = self.dice.permutation(3).tolist()
        few = self.some()
        rest = [r for r in range(self.readers) if r not in few]
        plants = [*PLANTS, *{"states": STATE_PLANTS, "intervals": INTERVAL_PLANTS}[self.kind]]
        what = plants[int(self.dice.integers(len(plants)))]
        end = at + 300 + int(self.dice.integers(0, 100))
        moved = int(self.dice.integers(20, 90))
        one, other, expected = what((at, end, end + 200, moved), labels)
        self.say(few, task, *one)
        self.say(rest, task, *other)
        for start, until, kind, *about in expected:
            self.expect(task, start, until, kind, *about)

    def table(self) -> SpanTable:
        order = self.dice.permutation(len(self.rows))
        columns = np.array(self.rows, np.int64)[order].T
        keys = ("task", "annotator", "label", "start", "end")
        task, who = np.divmod(np.arange(3 * self.readers), self.readers)
        whole = np.full(len(task), COUNT * STEP + STEP)
        extents = Extents.of(task, who, whole * 0, whole)
        named = ([f"t{n}" for n in range(3)], names(self.readers), LABELS)
        return SpanTable.of(named, dict(zip(keys, columns, strict=True)), extents)


def told(table: SpanTable, kind: Any) -> tuple[list[Dispute], list[Any]]:
    disputes = disputes_of(table, kind, table.annotators, DisputeSettings(tolerance=10))
    rows = [
        (d.task, d.start, d.end, d.kind, "".join(LABELS[k] for k in d.labels)) for d in disputes
    ]
    return disputes, rows


@pytest.mark.parametrize("kind", ["states", "intervals"])
@pytest.mark.parametrize("seed", range(50))
def test_planted_disputes_come_out_exactly_and_once(seed: int, kind: str) -> None:
    plan = Plan(seed, kind)
    table = plan.table()
    disputes, rows = told(table, kind)
    assert len(rows) == len(set(rows))
    assert set(rows) == plan.expected
    for dispute in disputes:
        assert dispute.kind in KINDS
        assert dispute.cost > 0
        assert dispute.present == tuple(range(plan.readers))
        assert dispute.rows
        for row in dispute.rows:
            assert table.task[row] == dispute.task
            assert table.start[row] <= dispute.end
            assert table.end[row] >= dispute.start


@pytest.mark.parametrize("seed", range(50))
def test_every_disputed_moment_is_in_one_dispute(seed: int) -> None:
    """On dense random spans of states: all time without one opinion, and no other, once."""
    plan = Plan(seed, "states")
    dice = plan.dice
    rows = []
    for reader in range(3):
        edges = np.sort(dice.choice(400, 30, replace=False))
        for a, b in itertools.pairwise(edges):
            if dice.random() < 0.8:
                rows.append((0, reader, int(dice.integers(3)), int(a), int(b)))
    given = marks(*[[(a, b, LABELS[k]) for _, r, k, a, b in rows if r == n] for n in range(3)],
                  length=400)  # fmt: skip
    said = np.full((3, 400), -1)
    for _, reader, label, a, b in rows:
        said[reader, a:b] = label
    disputed = (said != said[0]).any(axis=0)
    covered = np.zeros(400, int)
    for dispute in disputes_of(given, "states", given.annotators, DisputeSettings(tolerance=0)):
        if dispute.kind == SPLIT and not disputed[dispute.start : dispute.end].any():
            continue
        if disputed[dispute.start : dispute.end].all():
            covered[dispute.start : dispute.end] += 1
    assert (covered == disputed).all()


@pytest.mark.parametrize("kind", ["states", "intervals"])
@pytest.mark.parametrize("seed", range(50))
def test_dense_overlapping_spans_of_people_who_reviewed_in_part(seed: int, kind: Any) -> None:
    """Nothing twice, nothing missing, and costs that add up, whatever lies over each other."""
    given = table(seed)
    settings = DisputeSettings(tolerance=0, point=1)
    disputes = disputes_of(given, kind, given.annotators, settings)
    keys = [(d.task, d.start, d.end, d.kind, d.labels) for d in disputes]
    assert len(keys) == len(set(keys))
    on, there = grid(given)
    votes, voters = on.sum(axis=2), there.sum(axis=2)
    expected = (votes > 0) & (votes < voters[:, :, None])
    covered = np.zeros_like(expected)
    for d in disputes:
        covered[d.task, d.start : d.end, list(d.labels)] = True
        assert d.present == tuple(sorted(d.present))
        assert {int(given.annotator[row]) for row in d.rows} <= set(d.present)
    if kind == "intervals":
        assert (covered | ~expected).all()
        return
    assert (covered.any(axis=2) | ~expected.any(axis=2)).all()
    lasting = [d for d in disputes if expected[d.task, d.start : d.end].any()]
    assert sum(d.cost for d in lasting) == pytest.approx(_bits(on, there) / 1e6)


def _bits(on: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Entropy of what is said, over all microseconds."""
    total = 0.0
    for task, time in np.ndindex(*there.shape[:2]):
        said = on[task, time][there[task, time]]
        _, counts = np.unique(said, axis=0, return_counts=True)
        total += float(entropy(counts)) if len(said) else 0.0
    return total


@pytest.mark.parametrize("kind", ["states", "intervals"])
@pytest.mark.parametrize("seed", range(10))
def test_disputes_do_not_depend_on_who_comes_first(seed: int, kind: Any) -> None:
    given = Plan(seed, kind).table()
    many = len(given.annotators)
    swapped = np.random.default_rng(seed).permutation(many)
    seen = given.reviewed
    keys = ("task", "label", "start", "end", "region")
    columns = {key: getattr(given, key) for key in keys}
    other = SpanTable.of(
        (given.tasks, given.annotators, given.labels),
        {**columns, "annotator": swapped[given.annotator]},
        Extents.of(seen.task, swapped[seen.annotator], seen.start, seen.end),
    )
    one, two = told(given, kind), told(other, kind)
    assert one[1] == two[1]
    assert [d.cost for d in one[0]] == pytest.approx([d.cost for d in two[0]])
