"""Cutting at window borders and joining again, for one annotator at a time."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.domain import Domain
from tslab.preparation.stitching import cut, give_way, span_id, stitch, with_ids
from tslab.spans import Span, sort_key
from tslab.task import Task


def window(number: int, start: float, end: float) -> Task:
    return Task(f"t{number}", "rec-a", "all", start, end, ("x",), 1000, (number, 3))


THREE = [window(1, 0, 10), window(2, 10, 20), window(3, 20, 30)]
GAP = [window(1, 0, 10), window(2, 15, 25)]


def span(start: float, end: float, label: str = "Leak", tier: str = "event", **more: Any) -> Span:
    return Span(start, end, label, tier, **{"id": "a", **more})


def times(parts: dict[str, list[Span]]) -> dict[str, list[tuple[float, float, str]]]:
    return {key: [(s.start, s.end, s.id) for s in found] for key, found in parts.items()}


@settings(max_examples=1000)
@given(data=st.data())
def test_cut_and_stitch_is_the_identity(
    some_worlds: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    world = data.draw(some_worlds)
    parts = cut(world.spans, world.tasks)
    for task in world.tasks:
        for part in parts[task.id]:
            assert task.start_us <= part.start_us <= part.end_us <= task.end_us
        ids = [part.id for part in parts[task.id]]
        assert len(ids) == len(set(ids))
    whole, findings = stitch(parts, world.tasks, world.domain)
    assert whole == sorted(world.spans, key=sort_key)
    assert findings == []


def test_parts_share_a_stem_and_meet_at_the_borders() -> None:
    assert times(cut([span(5, 25)], THREE)) == {
        "t1": [(5, 10, "a~1")],
        "t2": [(10, 20, "a~2")],
        "t3": [(20, 25, "a~3")],
    }


def test_what_ends_or_begins_on_a_border_is_not_cut() -> None:
    assert times(cut([span(5, 10, id="a"), span(10, 20, id="b")], THREE)) == {
        "t1": [(5, 10, "a")],
        "t2": [(10, 20, "b")],
        "t3": [],
    }


@pytest.mark.parametrize(
    ("at", "tasks", "where"),
    [
        (0, THREE, ["t1"]),
        (10, THREE, ["t2"]),
        (30, THREE, ["t3"]),
        (10, GAP, ["t1"]),
        (15, GAP, ["t2"]),
        (12, GAP, []),
        (25, GAP, ["t2"]),
    ],
)
def test_an_instant_lies_in_one_window(at: float, tasks: list[Task], where: list[str]) -> None:
    parts = cut([span(at, at, "Peak", "mark")], tasks)
    assert [key for key, found in parts.items() if found] == where


def test_a_span_over_a_gap_is_one_again(demo_domain: Domain) -> None:
    parts = cut([span(5, 20)], GAP)
    assert times(parts) == {"t1": [(5, 10, "a~1")], "t2": [(15, 20, "a~2")]}
    assert stitch(parts, GAP, demo_domain)[0] == [span(5, 20)]


def test_states_join_by_contact_and_events_do_not(demo_domain: Domain) -> None:
    drawn = {
        "t1": [span(5, 10, "N", "rhythm", id="p"), span(5, 10, id="q")],
        "t2": [span(10, 15, "N", "rhythm", id="r"), span(10, 15, id="s")],
    }
    whole, _ = stitch(drawn, THREE, demo_domain)
    assert [(s.start, s.end, s.tier) for s in whole] == [
        (5, 10, "event"),
        (5, 15, "rhythm"),
        (10, 15, "event"),
    ]


def test_states_do_not_join_over_a_gap_or_with_another_label(demo_domain: Domain) -> None:
    over = {"t1": [span(5, 10, "N", "rhythm", id="p")], "t2": [span(15, 20, "N", "rhythm")]}
    assert len(stitch(over, GAP, demo_domain)[0]) == 2
    other = {"t1": [span(5, 10, "N", "rhythm", id="p")], "t2": [span(10, 20, "A", "rhythm")]}
    assert len(stitch(other, THREE, demo_domain)[0]) == 2


def test_a_part_that_was_shortened_or_relabelled_stays_apart(demo_domain: Domain) -> None:
    parts = cut([span(5, 25)], THREE)
    parts["t2"] = [dataclasses.replace(parts["t2"][0], end=18.0)]
    whole, _ = stitch(parts, THREE, demo_domain)
    assert [(s.start, s.end, s.id) for s in whole] == [(5, 18, "a"), (20, 25, "a")]
    parts = cut([span(5, 25)], THREE)
    parts["t2"] = [dataclasses.replace(parts["t2"][0], label="<Ü>")]
    whole, _ = stitch(parts, THREE, demo_domain)
    assert [(s.start, s.end, s.label) for s in whole] == [
        (5, 10, "Leak"),
        (10, 20, "<Ü>"),
        (20, 25, "Leak"),
    ]


def test_contradicting_answers_keep_the_earlier_one_and_are_a_finding(demo_domain: Domain) -> None:
    parts = cut([span(5, 15, fields={"note": "one", "severity": 2.0}, score=0.9)], THREE)
    right = dataclasses.replace(
        parts["t2"][0], fields={"note": "two", "depth": 1.0}, score=0.4, origin="manual"
    )
    whole, findings = stitch({**parts, "t2": [right]}, THREE, demo_domain)
    assert [f.code for f in findings] == ["TSL080"]
    assert "note" in findings[0].message
    assert "t2" in findings[0].place
    (joined,) = whole
    assert joined.fields == {"note": "one", "severity": 2.0, "depth": 1.0}
    assert (joined.score, joined.origin) == (0.4, "prediction-changed")


def drawn_over_the_border(**right: Any) -> dict[str, list[Span]]:
    """An interval up to the end of the first window, and one from the start of the second."""
    first = span(5, 10, id="p", origin="manual", fields={"note": "one"})
    return {"t1": [first], "t2": [span(10, 15, id="q", **{"origin": "manual", **right})]}


def test_an_event_drawn_from_both_sides_of_a_border_is_two_and_said(demo_domain: Domain) -> None:
    whole, findings = stitch(drawn_over_the_border(), THREE, demo_domain)
    assert [(s.start, s.end) for s in whole] == [(5, 10), (10, 15)]
    (finding,) = findings
    assert finding.code == "TSL126"
    assert "'Leak'" in finding.message
    assert finding.place == "task t2 at 10 s"
    assert "join_events" in finding.remedy


@pytest.mark.parametrize(
    "parts",
    [
        drawn_over_the_border(label="<Ü>"),
        {"t1": [span(5, 9.9, origin="manual")], "t2": [span(10, 15, id="q", origin="manual")]},
        {"t1": [span(5, 10, id="p")], "t2": [span(10, 15, id="q")]},
        {
            "t1": [span(5, 10, id="p", origin="prediction")],
            "t2": [span(10, 15, id="q", origin="prediction")],
        },
    ],
    ids=["another label", "not at the border", "a model's own", "predictions that stand"],
)
def test_two_events_that_are_surely_two_are_not_said(
    parts: dict[str, list[Span]], demo_domain: Domain
) -> None:
    assert stitch(parts, THREE, demo_domain)[1] == []


def test_nothing_is_said_over_a_gap(demo_domain: Domain) -> None:
    parts = {"t1": [span(5, 10, origin="manual")], "t2": [span(15, 20, id="q", origin="manual")]}
    whole, findings = stitch(parts, GAP, demo_domain, join_events=True)
    assert (len(whole), findings) == (2, [])


def test_events_join_at_a_border_where_the_study_says_so(demo_domain: Domain) -> None:
    whole, findings = stitch(drawn_over_the_border(), THREE, demo_domain, join_events=True)
    assert [(s.start, s.end, s.fields) for s in whole] == [(5, 15, {"note": "one"})]
    assert findings == []
    contrary = drawn_over_the_border(fields={"note": "two"})
    whole, findings = stitch(contrary, THREE, demo_domain, join_events=True)
    assert [(s.start, s.end) for s in whole] == [(5, 15)]
    assert [f.code for f in findings] == ["TSL080"]


def test_order_of_the_windows_does_not_matter(demo_domain: Domain) -> None:
    parts = cut([span(5, 25)], THREE)
    assert stitch(parts, THREE[::-1], demo_domain)[0] == [span(5, 25)]


def test_windows_of_another_view_are_not_needed(demo_domain: Domain) -> None:
    parts = {"t2": [span(10, 20, "N", "rhythm", id="p")], "strange": [span(0, 1)]}
    whole, _ = stitch(parts, THREE, demo_domain)
    assert [(s.start, s.end) for s in whole] == [(10, 20)]


def test_ids_are_deterministic_unique_and_kept() -> None:
    spans = [span(1, 2, id=""), span(1, 2, id=""), span(3, 4, id="mine"), span(5, 6, id="mine")]
    first, second = with_ids(spans, "seed"), with_ids(spans[::-1], "seed")
    assert first == second
    assert len({s.id for s in first}) == 4
    assert [s.id for s in first][2:] == ["mine", "minex2"]
    assert span_id("one", spans[0]) != span_id("two", spans[0])
    assert len(span_id("one", spans[0])) == 10


def test_ids_stay_unique_when_a_name_looks_like_a_made_one() -> None:
    spans = [span(1, 2, id="m"), span(3, 4, id="mx2"), span(5, 6, id="m")]
    assert len({s.id for s in with_ids(spans, "seed")}) == 3


def test_an_untouched_prediction_gives_way_to_what_was_drawn(demo_domain: Domain) -> None:
    state = next(tier for tier in demo_domain.tiers if tier.kind == "states")
    one, two = state.labels[0].name, state.labels[1].name
    predicted = Span(0, 100, one, state.name, id="p", origin="prediction")
    other = Span(100, 120, one, state.name, id="q", origin="prediction")
    drawn = Span(20, 30, two, state.name, id="d", origin="manual")
    kept = give_way([predicted, other, drawn], demo_domain)
    assert [(s.start, s.end, s.label) for s in kept] == [
        (0, 20, one),
        (20, 30, two),
        (30, 100, one),
        (100, 120, one),
    ]
    assert [s.origin for s in kept] == [
        "prediction-changed",
        "manual",
        "prediction-changed",
        "prediction",
    ]
    covered = Span(20, 25, one, state.name, id="c", origin="prediction")
    assert give_way([covered, drawn], demo_domain) == [drawn]
    by_hand = [Span(0, 50, one, state.name, origin="manual"), drawn]
    assert give_way(by_hand, demo_domain) == by_hand


def test_intervals_may_overlap(demo_domain: Domain) -> None:
    tier = next(tier for tier in demo_domain.tiers if tier.kind == "intervals")
    label = tier.labels[0].name
    spans = [
        Span(0, 9, label, tier.name, origin="prediction"),
        Span(3, 5, label, tier.name, origin="manual"),
    ]
    assert give_way(spans, demo_domain) == spans
