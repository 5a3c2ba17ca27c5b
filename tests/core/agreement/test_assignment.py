"""Assignment where many regions lie on one another: as SciPy has it, or refused."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.matchings import as_tasks, best_by_scipy, iou_matrix
from scipy.optimize import linear_sum_assignment

from tslab.agreement.events import assignment, candidates, matching, wide_assignment
from tslab.agreement.events.assignment import best_assignment
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.events.wide_assignment import best_wide
from tslab.errors import DataError


def test_a_span_among_many_equal_ones_looks_at_one_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = 250
    rows, columns = np.divmod(np.arange(many * many), many)
    looks = []
    for solver in (assignment._Solver, wide_assignment._Solver):
        look = solver._look

        def seen(self: Any, *given: Any, look: Any = look) -> None:
            looks.append(type(self))
            look(self, *given)

        monkeypatch.setattr(solver, "_look", seen)
    for wide in (1, many):  # by either way
        looks.clear()
        monkeypatch.setattr(assignment, "WIDE", wide)
        taken = best_assignment(rows, columns, np.ones(many * many))
        assert looks == [wide_assignment._Solver if wide == 1 else assignment._Solver] * many
        assert taken.sum() == len(set(rows[taken])) == len(set(columns[taken])) == many


@pytest.mark.parametrize("kind", ["ties", "any", "near"])
def test_wide_blocks_equal_scipys_assignment(kind: str) -> None:
    rng = np.random.default_rng(len(kind))
    for _ in range(300):
        shape = tuple(rng.integers(1, 12, 2))
        allowed = rng.random(shape) < rng.choice([0.3, 0.6, 1.0])
        allowed[np.arange(shape[0]), rng.integers(0, shape[1], shape[0])] = True
        weight = {
            "ties": rng.integers(1, 4, shape) / 2,
            "any": rng.random(shape) + 1e-6,
            "near": 100 + rng.random(shape) / 1000,
        }[kind]
        rows, columns = np.nonzero(allowed)
        taken = best_wide(np.asarray(rows), np.asarray(columns), weight[rows, columns])
        assert len(set(rows[taken])) == len(set(columns[taken])) == len(taken)
        score = np.where(allowed, weight, 0.0)
        best = score[linear_sum_assignment(score, maximize=True)].sum()
        assert weight[rows[taken], columns[taken]].sum() == pytest.approx(best, abs=1e-9)


def test_a_heap_of_nearly_equal_spans_is_matched_as_scipy_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng, many = np.random.default_rng(2), 150
    cases = []
    for _ in range(3):
        starts, ends = rng.integers(0, 40, (2, many)), rng.integers(60, 100, (2, many))
        cases.append(
            tuple(
                list(zip(*side, strict=True))
                for side in zip(starts.tolist(), ends.tolist(), strict=True)
            )
        )
    rows = as_tasks(cases)
    monkeypatch.setattr(assignment, "best_wide", wide := Mock(wraps=best_wide))
    for found, threshold in zip(
        match_events(table_of(rows, tasks=3), (0, 1), [Iou(0.3), Iou(0.8)]), (0.3, 0.8), strict=True
    ):
        for task, (one, other) in enumerate(cases):
            score = iou_matrix(one, other)
            count, total = best_by_scipy(score, score >= threshold)
            there = found.item == task
            assert int(there.sum()) == count
            assert float(found.iou[there].sum()) == pytest.approx(total, abs=1e-9)
    assert wide.called


def test_thresholds_that_leave_the_same_candidates_are_matched_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [(0, who, 0, 10, 20) for who in (0, 1) for _ in range(5)] + [(0, 0, 0, 12, 24)]
    monkeypatch.setattr(matching, "best", best := Mock(wraps=matching.best))
    criteria = [Iou(threshold) for threshold in (0.1, 0.5, 0.7, 0.9)]
    found = match_events(table_of(rows), (0, 1), criteria)
    assert best.call_count == 2  # with the span that is only like the others, and without it
    assert [len(matches.iou) for matches in found] == [5, 5, 5, 5]


@pytest.mark.parametrize("instants", [False, True])
def test_regions_beyond_number_on_one_another_are_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, instants: bool
) -> None:
    monkeypatch.setattr(candidates, "MOST", 24)
    rows = [(0, who, 0, 10, 10 if instants else 20) for who in (0, 1) for _ in range(5)]

    def matched(spans: list[tuple[int, int, int, int, int]]) -> object:
        table = table_of(spans)
        return (
            match_instants(table, (0, 1), 3) if instants else match_events(table, (0, 1), [Iou()])
        )

    matched(rows[1:])
    with pytest.raises(DataError, match=r"25 pairs of regions on or near one another.*TSL116"):
        matched(rows)
