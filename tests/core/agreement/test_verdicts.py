"""Disputes of readings, and the truth that verdicts make of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from kit.planted import ANNOTATORS, Planted, covering, planted

from tslab.agreement.dispute_values import Dispute, DisputeSettings, Reading
from tslab.agreement.disputes.corrections import Agreed, common_spans, corrections, crossings
from tslab.agreement.disputes.finding import disputes_of, panels
from tslab.agreement.disputes.kinds import CONFLICT, INSTANT, MISSED, MOVED, OFFSET, ONSET, SPLIT
from tslab.agreement.disputes.lookup import Lookup
from tslab.agreement.disputes.parts import Decision
from tslab.agreement.disputes.verdicts import median_reading, truth_of
from tslab.domain import Domain, Tier
from tslab.spans import Span, sort_key
from tslab.stretches import clipped, subtract, touches, union

SECONDS = 400.0
RATE = 250.0
AROUND = 20_000
CLOSE = DisputeSettings(tolerance=0, gap=0, around=1)
SETTINGS = DisputeSettings(tolerance=0, gap=500_000, around=AROUND)


def readings_of(made: Planted, tier: str) -> list[Reading]:
    whole = [(0, round(SECONDS * 1e6))]
    return [
        Reading(name, [s for s in made.said[name] if s.tier == tier], whole) for name in ANNOTATORS
    ]


def decided(made: Planted, tier: Tier, found: Sequence[Dispute]) -> list[Decision]:
    """Verdicts of somebody who knows the truth: who is right there, else he draws the truth."""
    true = [s for s in made.truth if s.tier == tier.name]
    readings = readings_of(made, tier.name)
    decisions: list[Decision] = []
    for dispute in found:
        (plant,) = covering(made.plants, tier.name, dispute.start / 1e6, dispute.end / 1e6)
        if plant.right:
            (spans,) = [r.spans for r in readings if r.reader == plant.right[-1]]
            decisions.append(Decision(dispute.start, dispute.end, spans))
            continue
        others = [(d.start, d.end) for d in found if d is not dispute]
        agreed = Agreed(
            readings[0].spans, common_spans(readings), tier.kind == "states", others, AROUND,
            crossing=crossings(readings),
        )  # fmt: skip
        drawn = [s for s in true if plant.low <= s.start and s.end <= plant.high]
        decisions += corrections(dispute.start, dispute.end, drawn, agreed)
    return sorted(decisions, key=lambda d: d.start)


def described(spans: Sequence[Span]) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, s.label) for s in spans]


@pytest.mark.parametrize("seed", range(20))
def test_verdicts_give_the_planted_truth_exactly(demo_domain: Domain, seed: int) -> None:
    made = planted(demo_domain, SECONDS, RATE, seed)
    assert len(made.plants) > 40
    for tier in demo_domain.tiers:
        readings = readings_of(made, tier.name)
        found = disputes_of(readings, tier.kind, SETTINGS).disputes
        for dispute in found:
            near = covering(made.plants, tier.name, dispute.start / 1e6, dispute.end / 1e6)
            assert len(near) == 1, "a dispute is about one plant"
            assert dispute.cost > 0
        assert len(found) == len([p for p in made.plants if p.tier == tier.name])
        assert all(a.end < b.start for a, b in itertools.pairwise(found)), "none twice"
        truth, known, _ = truth_of(readings, decided(made, tier, found))
        assert described(truth) == described([s for s in made.truth if s.tier == tier.name])
        assert known == [(0, round(SECONDS * 1e6))]


@pytest.mark.parametrize("seed", range(5))
def test_undecided_stretches_are_left_out(demo_domain: Domain, seed: int) -> None:
    made = planted(demo_domain, SECONDS, RATE, seed)
    for tier in demo_domain.tiers:
        readings = readings_of(made, tier.name)
        found = disputes_of(readings, tier.kind, SETTINGS).disputes
        opened = [Decision(d.start, d.end, None) for d in found[::2]]
        mixed = sorted([*opened, *decided(made, tier, found[1::2])], key=lambda d: d.start)
        truth, known, waiting = truth_of(readings, mixed)
        closed = [(d.start, d.end) for d in opened]
        assert known == subtract([(0, round(SECONDS * 1e6))], union([*closed, *waiting]))
        true = [s for s in made.truth if s.tier == tier.name]
        assert set(described(truth)) <= set(described(true)), "nothing wrong is written"
        left = [
            (round(plant.low * 1e6), round(plant.high * 1e6))
            for d in opened
            for plant in covering(made.plants, tier.name, d.start / 1e6, d.end / 1e6)
        ]
        untouched = [s for s in true if not _met(s, [*closed, *left])]
        assert set(described(untouched)) <= set(described(truth))


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_while_disputes_are_open_stays(seed: int) -> None:
    """An open border cut its span: the truth had an end that nobody had marked."""
    dice = random.Random(seed)
    readings = random_readings(dice)
    settings = DisputeSettings(0, gap=dice.choice([0, 1_000_000]), around=500_000)
    found = all_disputes(readings, settings)
    right = [dice.choice(readings).spans for _ in found]
    final = [Decision(d.start, d.end, spans) for d, spans in zip(found, right, strict=True)]
    now = [replace(d, spans=None) if dice.random() < 0.5 else d for d in final]
    truth, known, _ = truth_of(readings, now)
    end, everything, _ = truth_of(readings, final)
    assert everything == readings[0].reviewed
    shown = [s for s in truth if touches(s, known)]
    assert set(described(shown)) <= set(described(end))
    there, later = (
        described(clipped([s for s in spans if not _at_edge(s, known)], known))
        for spans in (shown, end)
    )
    assert there == later


def _at_edge(one: Span, known: Sequence[tuple[int, int]]) -> bool:
    """Whether an instant lies where reviewed time begins or ends: it may be a dispute's."""
    return one.is_instant and any(one.start_us in stretch for stretch in known)


def test_a_span_that_crosses_another_ones_open_dispute_is_whole() -> None:
    held = span(5, 50, "y")
    readings = [reading("a", held, span(20, 30)), reading("b", held, span(20, 32))]
    (dispute,) = all_disputes(readings, CLOSE)
    truth, known, waiting = truth_of(readings, [Decision(dispute.start, dispute.end, None)])
    assert described(truth) == [(5, 50, "y")]
    assert waiting == [(20_000_000, 30_000_000)]
    assert known == [(0, 20_000_000), (32_000_000, 100_000_000)]


def _met(span: Span, stretches: Sequence[tuple[int, int]]) -> bool:
    return any(span.start_us <= end and span.end_us >= start for start, end in stretches)


def all_disputes(readings: Sequence[Reading], settings: DisputeSettings) -> Sequence[Dispute]:
    found = disputes_of(readings, "intervals", settings)
    assert found.settled == []
    return found.disputes


def reading(name: str, *spans: Span, reviewed: Sequence[tuple[int, int]] = ()) -> Reading:
    return Reading(name, spans, reviewed or [(0, 100_000_000)])


def span(start: float, end: float, label: str = "x", **fields: str) -> Span:
    return Span(start, end, label, "t", fields=fields)


@pytest.mark.parametrize(
    ("one", "other", "kind", "stretch"),
    [
        ([span(10, 20)], [span(10, 22)], OFFSET, (20, 22)),
        ([span(10, 20)], [], MISSED, (10, 20)),
        ([span(10, 20)], [span(10, 20, "y")], CONFLICT, (10, 20)),
        ([span(10, 15), span(15, 20)], [span(10, 20)], SPLIT, (14.9, 15.1)),
        ([span(10, 10)], [], INSTANT, (9.9, 10.1)),
        ([span(10, 10)], [span(10.05, 10.05)], MOVED, (10, 10.05)),
        ([span(10, 10)], [span(10, 10, "y")], CONFLICT, (9.9, 10.1)),
        ([span(10, 20)], [span(9, 20), span(12, 14, "y")], ONSET, (9, 10)),
    ],
)  # fmt: skip
def test_kinds(one: list[Span], other: list[Span], kind: str, stretch: tuple[float, float]) -> None:
    settings = DisputeSettings(tolerance=0, gap=100_000, around=100_000)
    found = all_disputes([reading("a", *one), reading("b", *other)], settings)
    assert (found[0].kind, found[0].start / 1e6, found[0].end / 1e6) == (kind, *stretch)


def test_equal_readings_have_no_disputes() -> None:
    spans = [span(1, 2), span(2, 3), span(2.5, 2.5, "y")]
    assert all_disputes([reading("a", *spans), reading("b", *spans)], CLOSE) == []


def test_who_came_later_is_no_party_before() -> None:
    late = reading("c", span(60, 70), reviewed=[(50_000_000, 100_000_000)])
    both = [reading("a", span(10, 80)), reading("b", span(10, 80)), late]
    assert [(p.start, len(p.readings)) for p in panels(both)] == [(0, 2), (50_000_000, 3)]
    found = all_disputes(both, CLOSE)
    assert [(d.start, d.end) for d in found] == [
        (50_000_000, 60_000_000),
        (70_000_000, 80_000_000),
    ]
    truth, *_ = truth_of(both, [Decision(d.start, d.end, both[0].spans) for d in found])
    assert described(truth) == [(10, 80, "x")]


def test_single_coverage_is_no_truth() -> None:
    one = reading("a", span(10, 80))
    other = reading("b", span(10, 50), reviewed=[(0, 50_000_000)])
    truth, known, _ = truth_of([one, other], [])
    assert described(truth) == [(10, 50, "x")]
    assert known == [(0, 50_000_000)]


def test_answers_are_those_of_the_upheld_else_of_most() -> None:
    readings = [
        reading("a", span(1, 2, cause="p"), span(5, 6, cause="p")),
        reading("b", span(1, 2, cause="p"), span(5, 7, cause="q")),
        reading("c", span(1, 2, cause="q"), span(5, 7, cause="r")),
    ]
    found = all_disputes(readings, CLOSE)
    truth, *_ = truth_of(readings, [Decision(d.start, d.end, readings[2].spans) for d in found])
    assert [s.fields for s in truth] == [{"cause": "p"}, {"cause": "r"}]


def test_a_drawn_span_joins_what_it_touches() -> None:
    readings = [reading("a", span(10, 20)), reading("b", span(10, 22))]
    (dispute,) = all_disputes(readings, CLOSE)
    drawn = [span(20.004, 21, cause="new")]
    decision = Decision(dispute.start, dispute.end, drawn, drawn=True, near=4000)
    truth, *_ = truth_of(readings, [decision])
    assert described(truth) == [(10, 21, "x")]
    apart = [span(20.5, 21)]
    truth, *_ = truth_of(readings, [Decision(dispute.start, dispute.end, apart, True, 4000)])
    assert described(truth) == [(10, 20, "x"), (20.5, 21, "x")]


def test_the_median_reading_has_the_middle_border() -> None:
    readings = [reading(n, span(10, 20 + d)) for n, d in (("a", 0.3), ("b", 0.1), ("c", 0.0))]
    assert median_reading(readings, 20_000_000, 20_300_000, Lookup()).reader == "b"


@pytest.mark.parametrize("seed", range(30))
def test_upholding_one_reader_everywhere_gives_his_reading(seed: int) -> None:
    """Whatever readers say, touching, overlapping, twice: who is always right is the truth."""
    dice = random.Random(seed)
    readings = random_readings(dice)
    settings = DisputeSettings(0, gap=dice.choice([0, 1_000_000]), around=500_000)
    found = all_disputes(readings, settings)
    for chosen in readings:
        decisions = [Decision(d.start, d.end, chosen.spans) for d in found]
        truth, known, _ = truth_of(readings, decisions)
        assert sorted(described(truth)) == sorted(described(chosen.spans))
        assert known == readings[0].reviewed


def random_readings(dice: random.Random) -> list[Reading]:
    """Three readings that touch, overlap and repeat each other."""
    readings = []
    for name in "abc":
        spans = []
        for _ in range(dice.randint(0, 12)):
            start = dice.randint(0, 58)
            end = min(start + dice.choice([0, 1, 2, 5]), 60)
            spans.append(span(start, end, dice.choice("xy")))
        spans.sort(key=lambda s: (s.start, s.end))
        readings.append(Reading(name, spans, [(0, 60_000_000)]))
    return readings


@pytest.mark.parametrize("seed", range(20))
def test_spans_are_found_by_time(seed: int) -> None:
    """Every part of the time line went through all spans: an hour of heart beats took minutes."""
    dice, lookup = random.Random(seed), Lookup()
    readings = random_readings(dice)
    for reader in (*readings, *readings):
        start = dice.randint(-1_000_000, 60_000_000)
        end = start + dice.choice([0, 1_000_000, 5_000_000])
        met = [s for s in reader.spans if s.start_us <= end and s.end_us >= start]
        assert lookup.meeting(reader.spans, start, end) == sorted(met, key=sort_key)
    assert lookup.meeting([], 0, 1) == []
