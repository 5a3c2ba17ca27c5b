"""Alpha for unitizing where not everybody read every task: only who was there counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from kit.event_tables import apart, table_of

from tslab.agreement.kernels.contingency import contingency
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.kernels.stream import all_pairs
from tslab.agreement.unitizing.alpha import Coincidence, alpha_u, coincidence, disagreement
from tslab.agreement.unitizing.holistic import holistic_rows
from tslab.agreement.values import Readers
from tslab.span_table import Extents, SpanTable

ALL = (0, 1, 2, 3)


def random_rows(seed: int, tasks: int) -> list[tuple[int, ...]]:
    """Spans of four readers of every task; those of one reader and label do not overlap."""
    rng = np.random.default_rng(seed)
    return [
        (task, who, label, *span)
        for task in range(tasks)
        for who in ALL
        for label in range(2)
        for span in apart(rng, int(rng.integers(0, 6)), 100)
    ]


def seen_by(*readers: Sequence[int]) -> Extents:
    """Who read each task, from 0 to 100."""
    pairs = [(task, who) for task, group in enumerate(readers) for who in group]
    task, who = np.array(pairs).T
    return Extents.of(task, who, np.zeros(len(task), int), np.full(len(task), 100))


def read_by(rows: Sequence[Sequence[int]], *readers: Sequence[int]) -> SpanTable:
    """The rows as if only these had read each task."""
    kept = [row for row in rows if row[1] in readers[row[0]]]
    return table_of(kept, annotators=4, tasks=len(readers), reviewed=seen_by(*readers))


def coincident(table: SpanTable, members: Sequence[int]) -> Coincidence:
    names = tuple(table.annotators[member] for member in members)
    return coincidence(contingency(table, all_pairs(table, names)), runs_of(table), members)


@pytest.mark.parametrize("seed", range(20))
def test_who_left_a_task_was_never_there(seed: int) -> None:
    rows = random_rows(seed, 5)
    groups = [(0, 1), (1, 2, 3), (0, 1, 2, 3), (2,), (0, 3)]
    found = disagreement(read_by(rows, *groups), ALL)
    for task, group in enumerate(groups):
        wanted = disagreement(read_by(rows, *[ALL] * 5), group)
        if len(group) < 2:
            assert (
                found.weight[task] == found.observed[task].sum() == found.expected[task].sum() == 0
            )
            continue
        assert found.weight[task] == wanted.weight[task] > 0
        np.testing.assert_allclose(found.observed[task], wanted.observed[task], rtol=1e-12)
        np.testing.assert_allclose(found.expected[task], wanted.expected[task], rtol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_u_alpha_knows_only_who_was_there(seed: int) -> None:
    rows = random_rows(seed, 3)
    groups = [(0, 1), (1, 2, 3), (2,)]
    found = coincident(read_by(rows, *groups), ALL)
    for task, group in enumerate(groups[:2]):
        wanted = coincident(read_by(rows, *[ALL] * 3), group)
        for name in ("agreed", "spent", "squares"):
            np.testing.assert_allclose(getattr(found, name)[task], getattr(wanted, name)[task])
    assert found.spent[2].sum() == 0


@pytest.mark.parametrize(
    "groups", [[(0, 1), (2, 3)], [(0, 1), (1, 2), (0, 2)], [(0, 1), (2, 3), (0,)]]
)
def test_readers_of_different_tasks_do_not_disagree(groups: list[tuple[int, ...]]) -> None:
    rows = [
        (task, who, 0, 10, 20 - place)
        for task, group in enumerate(groups)
        for place, who in enumerate(group)
    ]
    table = table_of(rows, annotators=4, tasks=len(groups), reviewed=seen_by(*groups))
    alone = disagreement(table_of([(0, 0, 0, 10, 20), (0, 1, 0, 10, 19)], until=100), [0, 1])
    wanted = float(alpha_u(alone.observed[0, 0], alone.expected[0, 0]))
    readers = Readers(table.annotators)
    found = [row for row in holistic_rows("t", table, readers) if row.metric == "unitizing/alpha_u"]
    kinds = {"overall", "label", "task", "pair", "pair-label"}
    assert {row.by for row in found} == kinds
    values = [row.value.value for row in found if row.of[-1:] != ("L1",) and row.tasks]
    assert wanted > 0.9
    # Gaps of several tasks do not join, so that chance has a little less room in one task alone.
    assert values == pytest.approx([wanted] * len(values), abs=3e-4)
    spans = {row.by: row.events for row in found if row.by in ("overall", "task")}
    shared = sum(len(group) > 1 for group in groups)
    assert spans == {"overall": 2 * shared, "task": 2}
    assert {row.events for row in found if row.by == "pair"} <= {0, 2}
