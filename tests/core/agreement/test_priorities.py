"""Which task comes first, and which gets another annotator."""

from __future__ import annotations

import numpy as np
import pytest
from kit.disputes import tier_of
from kit.event_tables import table_of
from kit.vote_tables import marks, table
from statsmodels.stats.proportion import proportion_confint

from tslab.agreement.dispute_values import DisputeSettings
from tslab.agreement.disputes.priorities import (
    LowAgreement,
    lower_bound,
    priorities,
    task_agreement,
)
from tslab.agreement.disputes.tables import tier_disputes
from tslab.span_table import Extents

SECOND = 1_000_000


@pytest.mark.parametrize("hits", [0, 1, 7, 19, 20])
def test_lower_bound_is_wilsons(hits: int) -> None:
    low, _ = proportion_confint(hits, 20, method="wilson")
    assert lower_bound(hits / 20, 20) == pytest.approx(max(0.0, low), abs=1e-12)


def test_lower_bound_without_events() -> None:
    assert lower_bound(None, 5) == 0.0
    assert lower_bound(1.0, 0) == 1.0


@pytest.mark.parametrize(
    ("agreement", "annotators", "disputes", "step"),
    [
        (0.5, 2, 3, "add annotator"),
        (0.5, 3, 3, "add annotator"),
        (0.5, 4, 3, "adjudicate"),
        (0.5, 4, 0, "adjudicate"),
        (0.8, 2, 3, "adjudicate"),
        (0.7, 2, 3, "adjudicate"),
        (0.8, 2, 0, "none"),
        (None, 1, 0, "none"),
    ],
)
def test_low_agreement_as_in_enterprise(
    agreement: float | None, annotators: int, disputes: int, step: str
) -> None:
    """Below the threshold, and fewer annotators than overlap + additional: one more."""
    rule = LowAgreement(threshold=0.7, overlap=2, additional=2)
    assert rule.step(agreement, annotators, disputes) == step


def test_without_a_threshold_nobody_is_added() -> None:
    assert LowAgreement().step(0.0, 1, 2) == "adjudicate"


def test_agreement_counts_events_of_all_pairs() -> None:
    given = marks([(10, 20, "x"), (50, 50, "y")], [(10, 20, "x"), (51, 51, "y")], [(12, 20, "x")])
    share, events = task_agreement(given, 1)
    # Pairs: 2 of 2 + 2, 1 of 2 + 1, 1 of 2 + 1.
    assert share.tolist() == [2 * 4 / 10]
    assert events.tolist() == [10 / 6]


def test_agreement_of_silence_and_of_one() -> None:
    given = table_of([(1, 0, 0, 5, 9)], tasks=3, annotators=2)
    seen = given.reviewed
    assert task_agreement(given, 1)[0].tolist() == [1.0, 0.0, 1.0]
    alone = given.without_annotators(["a1"])
    assert np.isnan(task_agreement(alone, 1)[0]).all()
    assert len(seen) == 6


def test_most_disputed_seconds_come_first_then_more_annotators_then_older() -> None:
    rows = [(task, who, 0, SECOND, 3 * SECOND) for task in (0, 1, 3) for who in (0,)]
    rows += [(2, who, 0, SECOND, 9 * SECOND) for who in (0,)]
    rows += [(4, who, 0, SECOND, 3 * SECOND) for who in range(2)]
    seen = [(task, who) for task in range(5) for who in range(2)]
    task, who = np.array(seen).T
    whole = np.full(len(task), 10 * SECOND)
    given = table_of(rows, tasks=5, annotators=2, reviewed=Extents.of(task, who, whole * 0, whole))
    disputes = list(tier_disputes(tier_of(given, "intervals", DisputeSettings())))
    ranked = priorities(given, given.annotators, disputes)
    assert [p.task for p in ranked] == [2, 0, 1, 3, 4]
    assert [p.priority for p in ranked] == pytest.approx([8.0, 2.0, 2.0, 2.0, 0.0])
    assert [p.step for p in ranked] == ["adjudicate"] * 4 + ["none"]
    assert [p.annotators for p in ranked] == [2] * 5
    rule = LowAgreement(0.5, overlap=2, additional=1)
    assert [p.step for p in priorities(given, given.annotators, disputes, rule)][:4] == [
        "add annotator"
    ] * 4


@pytest.mark.parametrize("seed", range(20))
def test_priority_is_cost_times_doubt(seed: int) -> None:
    given = table(seed)
    settings = DisputeSettings(tolerance=0, gap=0, around=1, point=1)
    disputes = list(tier_disputes(tier_of(given, "intervals", settings)))
    for ranked in priorities(given, given.annotators, disputes, tolerance=0):
        own = [d for found in disputes if found.task == ranked.task for d in found.disputes]
        assert ranked.cost == pytest.approx(sum(d.cost for d in own))
        assert ranked.priority == pytest.approx(ranked.cost * (1 - ranked.lower))
        assert ranked.disputes == len(own)
        assert 0 <= ranked.lower <= (ranked.agreement or 0.0) <= 1
