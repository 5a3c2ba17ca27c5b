"""What an export says twice, in two ways, or so that nobody can read it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tslab.agreement.tier_tables import Intake
from tslab.label_studio.exports.intake import export_intake
from tslab.label_studio.exports.oddities import of_another_kind, repeated
from tslab.label_studio.exports.same import reader_name


def region(start: object, end: object, label: str = "Run", control: str = "lab") -> dict[str, Any]:
    value = {"start": start, "end": end, "instant": False, "timeserieslabels": [label]}
    return {"id": "r", "from_name": control, "type": "timeserieslabels", "value": value}


def made(number: int | None, who: object, *regions: object) -> dict[str, Any]:
    return {"id": number, "completed_by": who, "result": list(regions)}


def task(number: int, *annotations: object, **more: Any) -> dict[str, Any]:
    return {"id": number, "data": {"csv": "x"}, "annotations": list(annotations), **more}


def read(*tasks: object) -> Intake:
    return export_intake(json.dumps(tasks).encode(), "e.json")


def reviewed(intake: Intake, tier: int = 0) -> set[tuple[str, str]]:
    """Task and annotator of all readings of a tier."""
    table = intake.tiers[tier].table
    pairs = zip(table.reviewed.task.tolist(), table.reviewed.annotator.tolist(), strict=True)
    return {(table.tasks[task], table.annotators[who]) for task, who in pairs}


UNREADABLE = (
    region(float("nan"), 3),
    region("noon", 3),
    region(5, 4),
    {**region(1, 2), "value": None},
    {**region(1, 2), "value": "odd"},
    {**region(1, 2), "value": {"start": 1, "end": 2, "timeserieslabels": []}},
)


@pytest.mark.parametrize("broken", UNREADABLE)
def test_a_reading_that_cannot_be_read_is_absent_and_not_empty(broken: object) -> None:
    found = read(
        task(1, made(1, 1, region(0, 9)), made(2, 2, broken), made(3, 3)),
        task(2, made(4, 1, region(0, 9)), made(5, 2, region(1, 9), broken)),
    )
    assert reviewed(found) == {("1", "user 1"), ("1", "user 3"), ("2", "user 1"), ("2", "user 2")}
    assert found.counts["TSL117"] == 1
    assert any("first in task 1" in f.place for f in found.findings if f.code == "TSL117")


def test_a_reading_is_absent_only_in_the_tier_that_cannot_be_read() -> None:
    other = [region(2, 3, control="other")]
    found = read(
        task(
            1,
            made(1, 1, region(0, 9), *other),
            made(2, 2, region(None, 9), *other),
        )
    )
    assert [tier.name for tier in found.tiers] == ["lab", "other"]
    assert reviewed(found, 0) == {("1", "user 1")}
    assert reviewed(found, 1) == {("1", "user 1"), ("1", "user 2")}


def test_what_a_file_holds_twice_counts_once() -> None:
    predicted = {"predictions": [{"id": 5, "model_version": "m", "result": [region(0, 3)]}]}
    once = [task(n, made(n, 1, region(0, 2)), made(n + 10, 2), **predicted) for n in (1, 2)]
    single, double = read(*once), read(*once, *once)
    assert double.tiers[0].table.tasks == single.tiers[0].table.tasks == ("1", "2")
    assert len(double.tiers[0].table) == len(single.tiers[0].table) == 4
    assert reviewed(double) == reviewed(single)
    assert single.counts == {}
    assert double.counts == {"TSL064": 2, "TSL089": 6}


def test_two_exports_of_a_task_are_joined_and_the_last_copy_counts() -> None:
    found = read(
        task(1, made(1, 1, region(0, 2))),
        task(1, made(1, 1, region(0, 4)), made(2, 2, region(0, 3))),
    )
    assert reviewed(found) == {("1", "user 1"), ("1", "user 2")}
    assert sorted(found.tiers[0].table.end.tolist()) == [3_000_000, 4_000_000]


def test_an_id_that_two_servers_gave_stays_two_tasks() -> None:
    found = read(
        task(1, made(1, 1, region(0, 2))),
        {**task(1, made(1, 1, region(0, 2))), "data": {"csv": "y"}},
    )
    assert len(found.tiers[0].table.tasks) == 2
    assert found.counts == {}


def test_a_bare_id_is_the_person_whose_email_the_file_tells() -> None:
    spelled = {"id": 1, "email": "ann@x"}
    found = read(
        task(1, made(1, spelled, region(0, 2)), made(2, 2, region(0, 2))),
        task(2, made(3, 1, region(0, 2)), made(4, 2, region(0, 2))),
    )
    assert found.tiers[0].readers.annotators == ("ann@x", "user 2")


def test_an_id_with_two_emails_names_nobody() -> None:
    people = [{"id": 1, "email": "ann@x"}, {"id": 1, "email": "bob@x"}, 1]
    found = read(task(1, *(made(n, who, region(0, 2)) for n, who in enumerate(people))))
    assert found.tiers[0].readers.annotators == ("ann@x", "bob@x", "user 1")


def test_names() -> None:
    assert reader_name("1", {"1": "ann@x"}) == "ann@x"
    assert reader_name("bob", {"1": "ann@x"}) == "bob"
    assert reader_name(None, {}) == reader_name("", {}) == "unknown"


DATES = ("2024-01-01T00:00:05Z", "2024-01-01T00:00:10Z")


def test_times_of_two_kinds_in_a_task_do_not_make_it_last_for_decades() -> None:
    found = read(
        task(1, made(1, 1, region(0, 10), region(20, 30)), made(2, 2, region(*DATES))),
        task(2, made(3, 1, region(0, 10)), made(4, 2, region(0, 9))),
    )
    table = found.tiers[0].table
    assert int((table.reviewed.end - table.reviewed.start).max()) == 30_000_000
    assert found.counts == {"TSL093": 1, "TSL117": 1}
    assert ("1", "user 2") not in reviewed(found)


def test_the_kind_that_is_rare_in_a_task_is_odd() -> None:
    date, task_of = 1.7e15, np.array([0, 0, 0, 1, 1, 2, 3])
    start = np.array([0, 1e6, date, date, date + 1, date, 0])
    end = np.array([1e6, 2e6, date + 1, date + 1, date + 2, np.nan, date])
    odd = of_another_kind(task_of, start, end, 4)
    assert odd.tolist() == [False, False, True, False, False, False, True]


def test_a_region_that_was_drawn_twice_is_said_and_kept() -> None:
    found = read(
        task(
            1,
            made(1, 1, region(0, 10), region(0.1, 10), region(20, 30), region(0, 10, "Walk")),
            made(2, 2, region(0, 10), region(5, 15)),
        )
    )
    assert found.counts == {"TSL116": 1}
    assert len(found.tiers[0].table) == 6


def test_repeats_are_of_one_reading_and_label() -> None:
    start = np.array([0, 0, 0, 5, 5, 0])
    end = np.array([100, 100, 95, 5, 5, 80])
    reading, label = np.array([0, 1, 0, 2, 2, 0]), np.array([0, 0, 0, 1, 1, 0], np.int32)
    assert sorted(repeated((reading, label), start, end).tolist()) in ([0, 4], [2, 4])
    none = np.zeros(0, np.int64)
    assert not len(repeated((none, none.astype(np.int32)), none, none))


def test_half_a_letter_in_a_name_is_a_whole_one() -> None:
    half = "\ud800bad"
    tasks = [{
        "id": 1, "data": {},
        "annotations": [
            {"id": n, "completed_by": who, "result": [{
                "id": "a", "type": "timeserieslabels", "from_name": "lab",
                "value": {"start": 0, "end": 1, "timeserieslabels": [half]},
            }]}
            for n, who in enumerate(("ann", half))
        ],
    }]  # fmt: skip
    found = export_intake(json.dumps(tasks).encode(), "e.json").tiers[0]
    assert found.table.labels == ("?bad",)
    assert found.readers.annotators == ("?bad", "ann")


@pytest.mark.parametrize("rating", [float("nan"), float("inf"), 1e308, "x"])
def test_an_answer_that_is_no_number_is_counted_and_left_out(rating: object) -> None:
    region = {"id": "a", "type": "timeserieslabels", "from_name": "lab",
              "value": {"start": 0, "end": 1, "timeserieslabels": ["x"]}}  # fmt: skip
    answer = {"id": "a", "type": "rating", "from_name": "sure", "value": {"rating": rating}}
    said = {"id": 1, "completed_by": "ann", "result": [region, answer]}
    found = export_intake(json.dumps([{"id": 1, "annotations": [said]}]).encode(), "e.json")
    assert found.tiers[0].fields == {}
    assert found.findings[0].message == "1 answer that should be a number is left out"


def test_a_window_of_centuries_is_none() -> None:
    meta = {"tslab": 1, "start_us": -(2**63), "end_us": 2**63 - 1, "tick_us": 1}
    region = {"id": "a", "type": "timeserieslabels", "from_name": "lab",
              "value": {"start": 0, "end": 1, "timeserieslabels": ["x"]}}  # fmt: skip
    said = [{"id": n, "completed_by": n, "result": [region]} for n in (1, 2)]
    tasks = [{"id": 1, "meta": meta, "annotations": said}]
    found = export_intake(json.dumps(tasks).encode(), "e.json").tiers[0]
    assert found.table.reviewed.end.tolist() == [1_000_000] * 2
