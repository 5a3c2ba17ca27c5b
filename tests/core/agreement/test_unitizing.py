"""Alpha for unitizing: Krippendorff's own example, and the formulas said slowly."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from kit.event_tables import apart, table_of

from tslab.agreement.kernels.contingency import contingency
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.kernels.stream import all_pairs
from tslab.agreement.unitizing.alpha import (
    Coincidence,
    alpha_u,
    alpha_u_value,
    coincidence,
    disagreement,
    u_alpha,
    u_alpha_value,
)
from tslab.agreement.values import NO_COMMON_TIME, NO_VARIATION, NOTHING_MARKED, Value
from tslab.span_table import Extents, SpanTable

C, K = 0, 1
# Krippendorff 2004, p. 254: a continuum of 300 units that begins at 150.
EXAMPLE = [
    (0, 0, C, 225, 295), (0, 0, C, 370, 400), (0, 1, C, 220, 300), (0, 1, C, 355, 375),
    (0, 1, C, 400, 420), (0, 0, K, 180, 240), (0, 0, K, 300, 350), (0, 1, K, 180, 240),
    (0, 1, K, 300, 350),
]  # fmt: skip


def example() -> SpanTable:
    return table_of(EXAMPLE, reviewed=Extents.of([0, 0], [0, 1], [150, 150], [450, 450]))


def test_krippendorffs_example() -> None:
    found = disagreement(example(), [0, 1], unit=1)
    observed, expected = found.observed[0], found.expected[0]
    assert observed.tolist() == pytest.approx([0.0144, 0.0], abs=1e-4)
    assert expected.tolist() == pytest.approx([0.0532, 0.0490], abs=1e-4)
    assert alpha_u(observed, expected).tolist() == pytest.approx([0.7285989968, 1.0], abs=1e-10)
    whole = float(alpha_u(observed.sum(), expected.sum()))
    assert whole == pytest.approx(0.8586654051841702, abs=1e-14)


def slow(table: SpanTable, members: list[int], label: int, length: int) -> tuple[float, float]:
    """The definition, section by section."""
    sections = [_sections(table, member, label, length) for member in members]
    m = len(members)
    observed = sum(
        _distance(g, h) for i, j in permutations(range(m), 2)
        for g in sections[i] for h in sections[j]
    )  # fmt: skip
    units = [s for own in sections for s in own if s[2]]
    gaps = [s for own in sections for s in own if not s[2]]
    chance = 0.0
    for _, size, _ in units:
        chance += (len(units) - 1) / 3 * (2 * size**3 - 3 * size**2 + size)
        chance += size**2 * sum(gap - size + 1 for _, gap, _ in gaps if gap >= size)
    taken = sum(size * (size - 1) for _, size, _ in units)
    whole = m * length * (m * length - 1) - taken
    return observed / (m * (m - 1) * length**2), 2 / length * chance / whole


def _sections(table: SpanTable, member: int, label: int, length: int) -> list[tuple[int, int, int]]:
    own = (table.annotator == member) & (table.label == label)
    out, at = [], 0
    for start, end in zip(table.start[own].tolist(), table.end[own].tolist(), strict=True):
        if start > at:
            out.append((at, start - at, 0))
        out.append((start, end - start, 1))
        at = end
    return [*out, (at, length - at, 0)] if at < length else out


def _distance(g: tuple[int, int, int], h: tuple[int, int, int]) -> float:
    begin = g[0] - h[0]
    if g[2] and h[2] and -g[1] < begin < h[1]:
        return begin**2 + (begin + g[1] - h[1]) ** 2
    if g[2] and not h[2] and h[1] - g[1] >= begin >= 0:
        return g[1] ** 2
    if h[2] and not g[2] and g[1] - h[1] >= -begin >= 0:
        return h[1] ** 2
    return 0.0


def random_units(seed: int, members: int, tasks: int = 1) -> SpanTable:
    rng = np.random.default_rng(seed)
    rows = [
        (task, member, label, *span)
        for task in range(tasks)
        for member in range(members)
        for label in range(2)
        for span in apart(rng, int(rng.integers(0, 6)), 100)
    ]
    return table_of(rows, annotators=members, tasks=tasks, until=100)


@pytest.mark.parametrize("seed", range(60))
def test_equals_the_definition(seed: int) -> None:
    members = list(range(2 + seed % 3))
    table = random_units(seed, len(members))
    found = disagreement(table, members, unit=1)
    for label in range(2):
        observed, expected = slow(table, members, label, 100)
        assert found.observed[0, label] == pytest.approx(observed)
        assert found.expected[0, label] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(12))
def test_one_task_is_its_own_line(seed: int) -> None:
    members = list(range(2 + seed % 3))
    found = disagreement(random_units(seed, len(members)), members, unit=seed % 2 or None)
    for whole, own in zip(found.together, (found.observed[0], found.expected[0]), strict=True):
        np.testing.assert_allclose(whole, own, rtol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_several_tasks_are_one_line_by_the_definition(seed: int) -> None:
    members = list(range(2 + seed % 3))
    table = random_units(seed, len(members), tasks=4)
    m, length, tasks = len(members), 100, 4
    found = disagreement(table, members, unit=1)
    for label in range(2):
        parts = [
            [
                _sections(table.where(table.task == task), member, label, length)
                for member in members
            ]
            for task in range(tasks)
        ]
        observed = sum(
            _distance(g, h) for part in parts for i, j in permutations(range(m), 2)
            for g in part[i] for h in part[j]
        )  # fmt: skip
        sections = [s for part in parts for own in part for s in own]
        units, gaps = ([s[1] for s in sections if s[2] == kind] for kind in (1, 0))
        chance = 0.0
        for size in units:
            chance += (len(units) - 1) / 3 * (2 * size**3 - 3 * size**2 + size)
            chance += size**2 * sum(gap - size + 1 for gap in gaps if gap >= size)
        read = m * length * tasks
        below = read * (read - 1) - sum(size * (size - 1) for size in units)
        wanted = observed / (m - 1) / (read * length * tasks), 2 / (length * tasks) * chance / below
        assert found.together[0][label] == pytest.approx(wanted[0])
        assert found.together[1][label] == pytest.approx(wanted[1])


def test_a_short_full_task_counts_for_its_seconds() -> None:
    hour, second = 3_600_000, 1_000
    rows = [(0, who, 0, at, at + 60_000 + 500 * who) for who in (0, 1)
            for at in range(0, hour, 600_000)]  # fmt: skip
    full = [(1, 0, 0, 0, second), (1, 1, 0, 0, second // 3), (1, 1, 0, second // 2, second)]
    seen = Extents.of([0, 0, 1, 1], [0, 1, 0, 1], [0] * 4, [hour, hour, second, second])
    alone = disagreement(table_of(rows, until=hour), [0, 1]).together
    both = disagreement(table_of([*rows, *full], tasks=2, reviewed=seen), [0, 1])
    values = [float(alpha_u(*part)[0]) for part in (alone, both.together)]
    assert float(alpha_u(both.observed[1], both.expected[1])[0]) < 0.5 < 0.99 < values[0]
    assert values[1] == pytest.approx(values[0], abs=1e-3)


def test_the_order_of_tasks_changes_nothing() -> None:
    table = random_units(5, 3, tasks=6)
    turned = [(5 - task, *rest) for task, *rest in zip(
        table.task, table.annotator, table.label, table.start, table.end, strict=True)]  # fmt: skip
    again = table_of(turned, annotators=3, tasks=6, until=100)
    for one, other in zip(
        disagreement(table, [0, 1, 2]).together,
        disagreement(again, [0, 1, 2]).together,
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_finer_unit_comes_to_the_continuum() -> None:
    table = random_units(3, 3)
    limit = disagreement(table, [0, 1, 2])
    near = disagreement(table, [0, 1, 2], unit=1e-9)
    np.testing.assert_allclose(near.expected, limit.expected, rtol=1e-8)


def test_tasks_are_cut_to_what_all_reviewed_and_gaps_are_taken_out() -> None:
    seen = Extents.of([0, 0, 0, 1], [0, 0, 1, 0], [150, 500, 150, 0], [400, 560, 560, 9])
    rows = [*EXAMPLE[:2], (0, 0, C, 510, 520), (0, 1, C, 380, 530), (1, 0, C, 1, 2)]
    found = disagreement(table_of(rows, tasks=2, reviewed=seen), [0, 1], unit=1)
    moved = [(0, 0, C, 75, 145), (0, 0, C, 220, 250), (0, 0, C, 260, 270),
             (0, 1, C, 230, 250), (0, 1, C, 250, 280)]  # fmt: skip
    wanted = disagreement(table_of(moved, until=310), [0, 1], unit=1)
    np.testing.assert_allclose(found.observed[0], wanted.observed[0])
    np.testing.assert_allclose(found.expected[0], wanted.expected[0])
    assert found.weight[1] == 0


def test_overlaps_of_one_annotator_are_one_unit() -> None:
    rows = [(0, 0, 0, 10, 30), (0, 0, 0, 20, 50), (0, 1, 0, 10, 50)]
    found = disagreement(table_of(rows), [0, 1], unit=1)
    assert found.observed[0, 0] == 0
    assert found.expected[0, 0] > 0


def test_undefined_says_why() -> None:
    nothing = disagreement(table_of([]), [0, 1])
    value = float(alpha_u(nothing.observed.sum(), nothing.expected.sum()))
    assert alpha_u_value(value, 1.0) == Value(None, NOTHING_MARKED)
    assert alpha_u_value(np.nan, 0.0) == Value(None, NO_COMMON_TIME)
    alone = disagreement(example(), [0])
    assert alone.weight.tolist() == [0.0]
    assert alpha_u_value(0.5, 1.0) == Value(0.5)


def test_only_instants_have_no_alpha() -> None:
    found = disagreement(table_of([(0, 0, 0, 5, 5), (0, 1, 0, 5, 5)]), [0, 1])
    assert np.isnan(alpha_u(found.observed.sum(), found.expected.sum()))


def test_marking_nothing_against_something_is_no_agreement() -> None:
    found = disagreement(table_of([(0, 0, 0, 100, 300)]), [0, 1])
    assert float(alpha_u(found.observed[0, 0], found.expected[0, 0])) < 0.1


def coincident(table: SpanTable, members: list[int], unit: float | None = None) -> Coincidence:
    names = tuple(table.annotators[member] for member in members)
    return coincidence(contingency(table, all_pairs(table, names)), runs_of(table), members, unit)


def slow_u_alpha(table: SpanTable, length: int, unit: float) -> float:
    """Coincidences of every two segments, gaps among them."""
    values = [
        [(a, b, int(label) + 1) for a, b, label in zip(table.start[own].tolist(),
         table.end[own].tolist(), table.label[own].tolist(), strict=True)]
        for own in (table.annotator == n for n in range(len(table.annotators)))
    ]  # fmt: skip
    whole = [[*own, *_holes(own, length)] for own in values]
    m, states = len(whole), len(table.labels) + 1
    seen = np.zeros((states, states))
    for i, j in permutations(range(m), 2):
        for a, b, c in whole[i]:
            for d, e, k in whole[j]:
                seen[c, k] += max(0, min(b, e) - max(a, d)) / (m - 1)
    squares = np.zeros(states)
    for own in whole:
        for a, b, c in own:
            squares[c] += (b - a) * (unit if c == 0 else b - a)
    margin, total = seen.sum(axis=0), seen.sum()
    chance = total * (margin**2 - squares) / (total**2 - squares.sum())
    return float(1 - (total - np.trace(seen)) / (total - chance.sum()))


def _holes(own: list[tuple[int, int, int]], length: int) -> list[tuple[int, int, int]]:
    out, at = [], 0
    for a, b, _ in sorted(own):
        if a > at:
            out.append((at, a, 0))
        at = b
    return [*out, (at, length, 0)] if at < length else out


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("unit", [0.0, 1.0])
def test_u_alpha_equals_its_definition(seed: int, unit: float) -> None:
    rng = np.random.default_rng(seed)
    members = 2 + seed % 3
    rows = [
        (0, member, int(rng.integers(2)), *span)
        for member in range(members)
        for span in apart(rng, int(rng.integers(1, 6)), 100)
    ]
    table = table_of(rows, annotators=members, until=100)
    found = coincident(table, list(range(members)), unit)
    value = float(u_alpha(found.agreed[0], found.spent[0], found.squares[0]))
    assert value == pytest.approx(slow_u_alpha(table, 100, unit), abs=1e-12)


def test_u_alpha_of_several_tasks_is_that_of_one_after_the_other() -> None:
    rows = [
        (task, member, label, 200 * task + start, 200 * task + end)
        for task, member, label, start, end in (
            (0, 0, 0, 5, 50), (0, 1, 0, 8, 60), (1, 0, 1, 10, 90), (1, 1, 0, 10, 90),
        )
    ]  # fmt: skip
    apart_ = Extents.of([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 200, 200], [100, 100, 300, 300])
    together = Extents.of([0] * 4, [0, 1, 0, 1], [0, 0, 200, 200], [100, 100, 300, 300])
    two = coincident(table_of(rows, tasks=2, reviewed=apart_), [0, 1])
    one = coincident(table_of([(0, *row[1:]) for row in rows], reviewed=together), [0, 1])
    for name in ("agreed", "spent", "squares"):
        np.testing.assert_allclose(getattr(two, name).sum(axis=0), getattr(one, name).sum(axis=0))


def test_u_alpha_without_variation_says_so() -> None:
    found = coincident(table_of([]), [0, 1])
    value = float(u_alpha(found.agreed[0], found.spent[0], found.squares[0]))
    assert u_alpha_value(value, found.spent[0]) == Value(None, NO_VARIATION)
    assert u_alpha_value(np.nan, np.zeros(2)) == Value(None, NO_COMMON_TIME)
