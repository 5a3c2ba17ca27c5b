"""Times far from 0, such as microseconds since 1970, in many tasks: 64 bits must not run over."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from kit.event_tables import table_of

from tslab.agreement.consensus.methods import Consensus, ConsensusSettings, consensus_of
from tslab.agreement.consensus.voting import Method
from tslab.agreement.kernels.contingency import contingency
from tslab.agreement.kernels.presence import presence_of
from tslab.agreement.unitizing.alpha import disagreement
from tslab.errors import DataError
from tslab.span_table import Extents, SpanTable

NOW = 1_700_000_000_000_000
TASKS = 6_000
"""So many times `NOW` are more than 64 bits hold."""


def many_tasks(origin: int) -> SpanTable:
    """Two readers of many tasks that begin at times of their own; one began later once."""
    rng = np.random.default_rng(1)
    task, who = np.divmod(np.arange(2 * TASKS), 2)
    begin = np.repeat(rng.integers(0, 10**6, TASKS), 2) + origin
    start = begin + rng.integers(200, 500, 2 * TASKS)
    columns = {"task": task, "annotator": who, "label": rng.integers(0, 2, 2 * TASKS),
               "start": start, "end": start + rng.integers(1, 400, 2 * TASKS)}  # fmt: skip
    late = np.zeros(2 * TASKS, np.int64)
    late[1] = 100
    reviewed = Extents.of(task, who, begin + late, begin + 1000)
    return SpanTable.of(([str(n) for n in range(TASKS)], ("a", "b"), ("x", "y")), columns, reviewed)


def test_common_time_does_not_depend_on_where_time_begins() -> None:
    near, far = (contingency(many_tasks(at), np.array([[0, 1]], np.int32)) for at in (0, NOW))
    for name in ("ticks", "both", "label_first", "label_second"):
        assert np.array_equal(getattr(near, name), getattr(far, name))
    assert near.both.sum() > 0


def test_unitizing_alpha_does_not_depend_on_where_time_begins() -> None:
    near, far = (disagreement(many_tasks(at), (0, 1)) for at in (0, NOW))
    assert np.array_equal(near.observed, far.observed)
    assert np.array_equal(near.expected, far.expected)
    assert near.observed.any()


@pytest.mark.parametrize("method", ["union", "median"])
def test_a_consensus_does_not_depend_on_where_time_begins(method: Method) -> None:
    def found(origin: int) -> Consensus:
        made = many_tasks(origin)
        return consensus_of(made, "intervals", made.annotators, ConsensusSettings(method=method))

    near, far = found(0), found(NOW)
    assert len(near.regions) > 100
    assert np.array_equal(near.regions.start, far.regions.start - NOW)
    for field in fields(near):
        if field.name not in ("regions", "disputed", "quality"):
            own = getattr(near, field.name), getattr(far, field.name)
            assert np.array_equal(*own, equal_nan=True), field.name


def test_more_reviewed_time_than_fits_is_refused_with_a_remedy() -> None:
    long = 2**61
    task, who = np.divmod(np.arange(10), 2)
    reviewed = Extents.of(task, who, np.zeros(10, np.int64), np.full(10, long))
    with pytest.raises(DataError, match=r"5 tasks hold more time .* several parts"):
        presence_of(reviewed, 2)
    rows = [(number, reader, 0, 10, 500) for number in range(5) for reader in (0, 1)]
    with pytest.raises(DataError, match=r"5 tasks hold more time .* several parts"):
        table_of(rows, tasks=5, reviewed=reviewed)


def test_zones_so_far_apart_that_no_line_holds_them_are_refused() -> None:
    task, who = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 1])
    begin = np.array([0, 0, 2**61, 2**61 + 5, 2**62 - 100])
    reviewed = Extents.of(task, who, begin, begin + 50)
    made = table_of(
        [(0, 0, 0, 1, 9), (1, 0, 0, 2**61 + 10, 2**61 + 20)], tasks=3, reviewed=reviewed
    )
    with pytest.raises(DataError, match="3 tasks hold more time"):
        contingency(made, np.array([[0, 1]], np.int32))
