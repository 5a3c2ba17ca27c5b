"""Disputes: planted ones come out exactly, none twice; nothing else comes out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from kit.disputes import CLOSE, CONFLICT, MISSED, SPLIT, all_disputes
from kit.vote_tables import LABELS, grid, marks, names, table
from numpy.typing import NDArray
from scipy.stats import entropy

from tslab.agreement.dispute_values import Dispute, DisputeSettings
from tslab.agreement.disputes.kinds import KINDS
from tslab.span_table import Extents, SpanTable

STEP, COUNT = 1000, 24
PLANTED = DisputeSettings(tolerance=10, gap=60, around=20)
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
        (t[0] + 200, t[1], MISSED, k[2]),
    ]
    return one, [*other, (t[0] + 200, t[1], k[2])], expected


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
        room = PLANTED.around if start == end else 0
        self.expected.add((task, start - room, end + room, kind, named))

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
    disputes = all_disputes(table, kind, PLANTED)
    rows = [(task, d.start, d.end, d.kind, "".join(d.labels)) for task, d in disputes]
    return [d for _, d in disputes], rows


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
        assert dispute.readers == tuple(names(plan.readers))
        assert len(set(dispute.said.values())) > 1


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
    borders = np.unique([t for *_, a, b in rows for t in (a, b)])
    for _, dispute in all_disputes(given, "states", CLOSE):
        covered[dispute.start : dispute.end] += 1
        for at in (dispute.start, dispute.end):
            assert np.abs(borders - at).min() <= CLOSE.around, "a dispute ends at a border"
    assert covered.max() <= 1
    assert covered[disputed].all()
    more = np.flatnonzero((covered > 0) & ~disputed)
    assert all(np.abs(borders - at).min() <= CLOSE.around for at in more), "room to see a border"


@pytest.mark.parametrize("kind", ["states", "intervals"])
@pytest.mark.parametrize("seed", range(50))
def test_dense_overlapping_spans_of_people_who_reviewed_in_part(seed: int, kind: Any) -> None:
    """Nothing twice, nothing missing, and costs that add up, whatever lies over each other."""
    given = table(seed)
    disputes = all_disputes(given, kind, CLOSE)
    for (task, one), (after, other) in itertools.pairwise(disputes):
        assert task < after or one.end <= other.start, "none twice"
    on, there = grid(given)
    votes, voters = on.sum(axis=2), there.sum(axis=2)
    expected = (votes > 0) & (votes < voters[:, :, None])
    covered = np.zeros_like(expected)
    for task, d in disputes:
        covered[task, d.start : d.end, [LABELS.index(label) for label in d.labels]] = True
        assert d.readers == tuple(sorted(d.readers))
    assert (covered | ~expected).all()
    lasting = [d for task, d in disputes if expected[task, d.start : d.end].any()]
    assert sum(d.cost for d in lasting) == pytest.approx(_bits(on, there) / 1e6)


def _bits(on: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Entropy of what is said, over all microseconds."""
    total = 0.0
    for task, time in np.ndindex(*there.shape[:2]):
        said = on[task, time][there[task, time]]
        _, counts = np.unique(said, axis=0, return_counts=True)
        total += float(entropy(counts, base=2)) if len(said) else 0.0
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
