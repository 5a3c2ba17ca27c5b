"""What numbers rest on is counted once, however many pairs share it, and the same everywhere."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from kit.event_tables import any_spans, table_of

from tslab.agreement.events.rests import Rests
from tslab.agreement.measure import measure
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.values import Readers, Row, counts_of
from tslab.span_table import Extents, SpanTable

SECOND = 1_000_000
SETTINGS = AgreementSettings(draws=0, enterprise=True, unitizing=True)
GROUPS = ("time/", "event/f1", "event/kappa", "instant/f1", "unitizing/", "enterprise/")


def rows_of(table: SpanTable, readers: Readers, kind: str = "intervals") -> list[Row]:
    tier = TierTable("t", kind, table, readers, 0.1)
    return list(measure(Intake((tier,)), SETTINGS).rows)


def three() -> SpanTable:
    """Each of three marks one event in a task of ten seconds; two of them another of one second."""
    rows = [(0, who, 0, 2 * SECOND, 4 * SECOND) for who in range(3)]
    rows += [(1, 0, 1, 0, SECOND // 2), (1, 1, 1, 0, SECOND // 2)]
    seen = [(0, 0, 10), (0, 1, 10), (0, 2, 10), (1, 0, 1), (1, 1, 1)]
    task, who, end = np.array(seen).T
    reviewed = Extents.of(task, who, np.zeros(5, int), end * SECOND)
    return table_of(rows, annotators=3, tasks=2, reviewed=reviewed)


def test_an_event_that_three_marked_is_three_events_and_not_six() -> None:
    table = three()
    rows = rows_of(table, Readers(table.annotators))
    wanted = {
        ("overall", ()): (5, 11.0), ("label", ("L0",)): (3, 11.0), ("label", ("L1",)): (2, 11.0),
        ("task", ("t0",)): (3, 10.0), ("task", ("t1",)): (2, 1.0),
        ("annotator", ("a0",)): (2, 11.0), ("annotator", ("a2",)): (1, 10.0),
        ("pair", ("a0", "a1")): (4, 11.0), ("pair", ("a1", "a2")): (2, 10.0),
    }  # fmt: skip
    seen = dict.fromkeys(wanted, 0)
    for row in rows:
        if row.metric.startswith(GROUPS) and (row.by, row.of) in wanted:
            assert (row.events, row.seconds) == wanted[row.by, row.of], row
            seen[row.by, row.of] += 1
    assert min(seen.values()) >= 3


def test_a_region_of_two_labels_is_one_event_in_every_group_of_measures() -> None:
    rows = [(0, who, label, 0, SECOND, who) for who in range(2) for label in range(2)]
    table = table_of(rows, until=10 * SECOND)
    found = rows_of(table, Readers(table.annotators))
    counts: dict[tuple[str, tuple[str, ...]], set[int]] = {}
    for row in found:
        if row.counts == "events":
            counts.setdefault((row.by, row.of), set()).add(row.events)
    assert len({row.metric.partition("/")[0] for row in found}) == 4
    assert counts["overall", ()] == counts["pair", ("a0", "a1")] == counts["task", ("t0",)] == {2}
    assert counts["label", ("L0",)] == counts["label", ("L1",)] == {2}
    assert counts["annotator", ("a0",)] == {1}


def test_measures_of_matches_count_matches() -> None:
    table = three()
    rows = {(r.metric, r.by, r.of): r for r in rows_of(table, Readers(table.annotators))}
    row = rows["event/onset_median_error", "overall", ()]
    # Three pairs; in the other task both begin where it begins, which is nobody's border.
    assert (row.counts, row.events) == ("matches", 3)
    assert rows["event/offset_median_error", "overall", ()].events == 4
    assert rows["event/onset_bias", "pair", ("a0", "a1")].events == 1
    assert rows["event/offset_bias", "pair", ("a0", "a1")].events == 2
    assert rows["event/offset_bias", "annotator", ("a0",)].events == 3
    assert rows["event/f1@0.5", "overall", ()].counts == "events"
    assert counts_of("attribute/kappa:quality") == counts_of("task/percent:state") == "answers"


@pytest.mark.parametrize("seed", range(8))
def test_all_groups_of_measures_rest_on_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans = [(task, who, int(rng.integers(2)), *span) for task in range(4) for who in range(4)
             for span in any_spans(rng, 6, 1000)]  # fmt: skip
    table = table_of(spans, tasks=4, annotators=4)
    readers = Readers(table.annotators[:3], None, table.annotators[3:])
    rests = Rests(table, readers)
    ranges = table.where(~table.instants)
    people = ranges.annotator < 3
    found = [r for r in rows_of(table, readers) if r.metric.startswith(GROUPS)]
    for row in found:
        if row.metric.startswith("enterprise") or row.by in ("without", "window"):
            continue
        if row.by == "overall" and not row.metric.startswith("instant"):
            assert row.events == int(people.sum()), row
        assert row.seconds == pytest.approx(rests.of(row.by, row.of)[1]), row


def test_time_that_only_one_reviewed_is_no_part_of_it() -> None:
    reviewed = Extents.of([0, 0, 0, 0], [0, 1, 2, 2], [0, 40, 0, 80], [100, 60, 10, 90])
    rows = [(0, 0, 0, 20, 30), (0, 0, 0, 45, 50), (0, 1, 0, 45, 50), (0, 2, 0, 2, 8)]
    table = table_of(rows, annotators=3, reviewed=reviewed)
    readers = Readers(table.annotators)
    for row in rows_of(table, readers):
        if row.metric.startswith(("time/", "event/f1")) and row.by == "overall":
            assert row.seconds == pytest.approx(40e-6)
    rests = Rests(table, readers)
    assert rests.of("pair", ("a0", "a1"))[1] == pytest.approx(20e-6)
    assert rests.of("annotator", ("a1",))[1] == pytest.approx(20e-6)
    for one, other in combinations(table.annotators, 2):
        assert rests.of("pair", (one, other)) == rests.of("pair", (other, one))
