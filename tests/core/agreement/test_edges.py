"""Borders at the edge of what was reviewed, which nobody drew, and what they must not change."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.span_tables import random_table

from tslab.agreement.events.boundaries import Borders
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matching import match_events
from tslab.agreement.measure import TierAgreement, measure
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import Intake, TierTable
from tslab.agreement.values import NO_BORDER, NO_MATCH, Readers, Row
from tslab.span_table import Extents, SpanTable

S = 1_000_000
SETTINGS = AgreementSettings(draws=0)


def compared(
    table: SpanTable, *, shown: bool = True
) -> tuple[TierAgreement, dict[tuple[str, str, tuple[str, ...]], Row]]:
    tier = TierTable("rhythm", "states", table, Readers(table.annotators), 0.1, shown=shown)
    found = measure(Intake((tier,)), SETTINGS).tiers[0]
    return found, {(row.metric, row.by, row.of): row for row in found.rows}


def states() -> SpanTable:
    """Two fill a recording of 100 s with two rhythms: one changes at 40 s, the other at 43 s."""
    rows = [(0, 0, 0, 0, 40 * S), (0, 0, 1, 40 * S, 100 * S)]
    rows += [(0, 1, 0, 0, 43 * S), (0, 1, 1, 43 * S, 100 * S)]
    return table_of(rows, until=100 * S)


def test_borders_at_the_edge_for_both_do_not_count() -> None:
    tier, rows = compared(states())
    for side in ("onset", "offset"):
        row = rows[f"event/{side}_median_error", "overall", ()]
        assert (row.value.value, row.events, row.counts) == (3, 1, "matches")
        assert rows[f"event/{side}_p95_error", "overall", ()].value.value == 3
        bias = rows[f"event/{side}_bias", "pair", ("a0", "a1")]
        assert (bias.value.value, bias.events) == (3, 1)
        assert rows[f"event/{side}_bias", "annotator", ("a0",)].value.value == -3
        assert rows[f"event/{side}_mad", "task", ("t0",)].value.value == 0
        (shown,) = [h for h in tier.histograms if h.side == side and not h.label]
        assert shown.counts.sum() == 1
    assert rows["event/f1@0.5", "overall", ()].value.value == 1
    assert (
        "1 onset and 1 offset of matched events lie at the edge of what was reviewed: nobody drew "
        "them, and they do not count as borders"
    ) in tier.notes


def test_where_all_borders_are_edges_the_reason_says_so() -> None:
    _, rows = compared(states())
    onset = rows["event/onset_median_error", "label", ("L0",)].value
    assert (onset.value, onset.reason) == (None, NO_BORDER)
    assert rows["event/onset_bias", "pair-label", ("a0", "a1", "L0")].value.reason == NO_BORDER
    _, apart = compared(table_of([(0, 0, 0, 0, 10 * S), (0, 1, 0, 50 * S, 60 * S)]))
    assert apart["event/onset_median_error", "overall", ()].value.reason == NO_MATCH
    assert apart["event/onset_bias", "pair", ("a0", "a1")].value.reason == NO_MATCH


def test_a_border_at_the_edge_for_one_of_two_counts() -> None:
    table = table_of([(0, 0, 0, 0, 40 * S), (0, 1, 0, 2 * S, 40 * S)], until=100 * S)
    _, rows = compared(table)
    for side, apart in (("onset", 2), ("offset", 0)):
        row = rows[f"event/{side}_median_error", "overall", ()]
        assert (row.value.value, row.events) == (apart, 1)


def test_the_edge_is_that_of_the_time_that_both_reviewed() -> None:
    """The first read 0 to 100 s and marked 10 to 60 s; the second began to read at 20 s."""
    rows = [(0, 0, 0, 10 * S, 60 * S), (0, 1, 0, 20 * S, 61 * S)]
    seen = Extents.of([0, 0], [0, 1], [0, 20 * S], [100 * S, 100 * S])
    _, found = compared(table_of(rows, reviewed=seen))
    onset = found["event/onset_median_error", "overall", ()]
    assert (onset.value.reason, onset.events) == (NO_BORDER, 0)
    assert found["event/offset_median_error", "overall", ()].value.value == 1


def test_where_nobody_knows_what_was_shown_every_border_counts() -> None:
    tier, rows = compared(states(), shown=False)
    onset = rows["event/onset_median_error", "overall", ()]
    assert (onset.value.value, onset.events) == (1.5, 2)
    assert not [note for note in tier.notes if "nobody drew" in note]


@pytest.mark.parametrize("seed", range(30))
def test_errors_equal_a_plain_count_of_borders_inside(seed: int) -> None:
    """Ragged extents with gaps, labels that overlap, and times so coarse that many are edges."""
    table = random_table(
        seed, tasks=9, annotators=3, overlapping=bool(seed % 2), ragged=seed % 3 > 0, ticks=20
    )
    pairs = list(combinations(range(3), 2))
    (found,) = match_events(table, pairs, [Iou(0.3)])
    wanted: list[list[int]] = [[], []]
    number = 0
    for pair, piece in zip(pairs, found.pieces, strict=True):
        for one, other in zip(piece.at_reference, piece.at_hypothesis, strict=True):
            common = _common(table, int(piece.reference.task[one]), pair)
            for side, name in enumerate(("start", "end")):
                times = getattr(piece.reference, name)[one], getattr(piece.hypothesis, name)[other]
                if times[0] == times[1] and times[0] in {stretch[side] for stretch in common}:
                    wanted[side].append(number)
            number += 1
    assert number
    assert [np.sort(at).tolist() for at in Borders.of(found).undrawn] == wanted
    assert [len(at) for at in Borders.of(found, edges=False).undrawn] == [0, 0]


def _common(table: SpanTable, task: int, pair: tuple[int, int]) -> list[tuple[int, int]]:
    """Stretches of a task that both of a pair reviewed."""
    seen = table.reviewed
    one, other = (
        list(zip(seen.start[own].tolist(), seen.end[own].tolist(), strict=True))
        for own in ((seen.task == task) & (seen.annotator == who) for who in pair)
    )
    both = [(max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other]
    return [(low, high) for low, high in both if low < high]
