"""Gamma: exact alignments, chance from a seed."""

from __future__ import annotations

import json
from itertools import combinations, permutations
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from kit.event_tables import any_spans, table_of
from kit.span_tables import random_table
from scipy.optimize import linear_sum_assignment

from tslab.agreement.events import candidates
from tslab.agreement.unitizing import gamma as gamma_module
from tslab.agreement.unitizing.gamma import disorder, gamma, gamma_value
from tslab.agreement.values import NOTHING_MARKED, Value
from tslab.errors import DataError
from tslab.span_table import Extents, SpanTable

GOLDEN = Path(__file__).parent / "golden" / "pygamma.json"
Unit = tuple[int, int, int]


def cost(one: list[Unit], other: list[Unit]) -> float:
    """The least cost by a square assignment in which each unit may stay alone."""
    n, m = len(one), len(other)
    table = np.full((n + m, n + m), 0.0)
    table[:n, m:] = table[n:, :m] = 1.0
    for i, (label, a, b) in enumerate(one):
        for j, (kind, c, d) in enumerate(other):
            apart = (abs(a - c) + abs(b - d)) / (b - a + d - c)
            table[i, j] = apart**2 + (label != kind)
    rows, columns = linear_sum_assignment(table)
    return float(table[rows, columns].sum())


def units(table: SpanTable, annotator: int, task: int) -> list[Unit]:
    own = (table.annotator == annotator) & (table.task == task) & ~table.instants
    return list(
        zip(table.label[own].tolist(), table.start[own].tolist(), table.end[own].tolist(),
            strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
def test_the_best_alignment_is_exact(seed: int) -> None:
    table = random_table(seed, tasks=4, annotators=3, spans=10)
    pairs = list(combinations(range(3), 2))
    found = disorder(table, pairs, samples=1)
    for item, (pair, task) in enumerate(zip(found.items.pair, found.items.task, strict=True)):
        sides = [units(table, number, int(task)) for number in pairs[pair]]
        assert found.observed[item] == pytest.approx(cost(*sides), abs=1e-9)


def test_it_equals_pygamma() -> None:
    studies = json.loads(GOLDEN.read_text())["studies"]
    assert len(studies) >= 10
    for study in studies:
        table = table_of(study["spans"], labels=3, until=study["length"])
        found = disorder(table, (0, 1), samples=1)
        mean = len(table) / 2
        # The peer works in 32-bit numbers.
        assert found.observed[0] / mean == pytest.approx(study["disorder"], abs=2.2e-6)


def test_nobody_differs_from_himself() -> None:
    rng = np.random.default_rng(0)
    rows = [(0, who, 0, *span) for span in any_spans(rng, 20, 900) for who in (0, 1)]
    found = disorder(table_of(rows), (0, 1))
    assert found.observed.tolist() == [0.0]
    assert float(gamma(found.observed.sum(), found.expected.sum())) == 1.0


def test_chance_has_a_gamma_of_about_0() -> None:
    rng = np.random.default_rng(1)
    rows = [
        (task, who, 0, start, start + 20)
        for task in range(60)
        for who in (0, 1)
        for start in rng.integers(0, 980, 10).tolist()
    ]
    found = disorder(table_of(rows, tasks=60), (0, 1), samples=20)
    assert abs(float(gamma(found.observed.sum(), found.expected.sum()))) < 0.05


def test_a_seed_makes_the_same_samples() -> None:
    table = random_table(3, spans=10)
    one, same, other = (disorder(table, (0, 1), seed=seed).expected for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_pair_has_no_order_in_its_alignment() -> None:
    table = random_table(4, spans=10)
    there, back = (disorder(table, pair, samples=1).observed for pair in permutations((0, 1)))
    np.testing.assert_allclose(there, back)


def test_a_third_reader_does_not_change_the_chance_of_two() -> None:
    rows = [(0, 0, 0, 5, 50), (0, 1, 0, 9, 50), (0, 0, 0, 70, 80)]
    found = [
        disorder(
            table_of(rows, annotators=3, reviewed=Extents.of([0] * 3, [0, 1, 2], [0] * 3, ends)),
            (0, 1),
        ).expected
        for ends in ([100, 100, 100], [100, 100, 9000], [100, 300, 50])
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_instants_and_nothing_have_no_gamma() -> None:
    for rows in ([], [(0, 0, 0, 5, 5), (0, 1, 0, 5, 5)]):
        found = disorder(table_of(rows), (0, 1))
        assert gamma_value(float(gamma(found.observed.sum(), found.expected.sum()))) == Value(
            None, NOTHING_MARKED
        )
    assert gamma_value(0.5) == Value(0.5)


def test_one_who_marks_nothing_has_a_gamma() -> None:
    found = disorder(table_of([(0, 0, 0, 5, 50), (0, 0, 1, 500, 540)]), (0, 1))
    assert found.observed.tolist() == [2.0]
    assert np.isfinite(gamma(found.observed, found.expected)).all()


def test_samples_of_chance_are_the_same_in_one_go_and_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    rows = [(task, who, int(rng.integers(2)), *span) for task in range(3) for who in range(2)
            for span in any_spans(rng, 8, 1000)]  # fmt: skip
    table = table_of(rows, tasks=3)
    whole = disorder(table, [(0, 1)], samples=7)
    monkeypatch.setattr(gamma_module, "AT_ONCE", 1)
    aligned = Mock(wraps=gamma_module.aligned_cost)
    monkeypatch.setattr(gamma_module, "aligned_cost", aligned)
    single = disorder(table, [(0, 1)], samples=7)
    assert aligned.call_count == 1 + 7
    assert whole.expected.tolist() == single.expected.tolist()
    assert whole.expected.any()


def test_units_beyond_number_near_one_another_are_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(candidates, "MOST", 24)
    rows = [(0, who, 0, 10, 20) for who in (0, 1) for _ in range(5)]
    assert disorder(table_of(rows[2:]), [(0, 1)], samples=1).observed.tolist() == [2.0]
    with pytest.raises(DataError, match="25 pairs of regions"):
        disorder(table_of(rows), [(0, 1)], samples=1)
