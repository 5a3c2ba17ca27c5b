"""Findings of a blind study: who annotated where, and in how many projects."""

from __future__ import annotations

from dataclasses import replace

from tslab.progress.activity import Activity, Entry
from tslab.progress.rater_findings import rater_findings
from tslab.reading_plan import ReadingPlan


def entry(task: str, who: str, rater: int, number: int = 1) -> Entry:
    return Entry(task, "rec", "v", 0, 10, who, rater=rater, number=number)


def found(*entries: Entry, people: dict[int, list[str]] | None = None) -> list[str]:
    plan = ReadingPlan({"a": (1, 2), "b": (1,), "c": (2,)})
    said = rater_findings(Activity("", entries), people or {}, plan)
    assert all(finding.severity == "warning" and finding.remedy for finding in said)
    return [f"{finding.code} {finding.message}" for finding in said]


def test_an_orderly_study_has_no_finding() -> None:
    assert found(entry("a", "ann", 1), entry("a", "ben", 2), entry("b", "ann", 1)) == []
    open_study = Activity("", [entry("a", "ann", 0), entry("a", "ben", 0)])
    assert rater_findings(open_study, {}, None, blind=False) == []


def test_somebody_in_another_raters_project() -> None:
    assert found(entry("b", "ann", 1), entry("c", "ben", 2), entry("a", "ben", 1)) == [
        "TSL118 ben, taken for rater 2, annotated 1 task of rater 1"
    ]
    people = {1: ["ann"], 2: ["ben"]}
    assert found(entry("b", "Ben", 1), people=people) == [
        "TSL118 Ben, who is rater 2, annotated 1 task of rater 1"
    ]


def test_several_people_in_one_project() -> None:
    said = found(entry("a", "ann", 1), entry("b", "ann", 1), entry("b", "zoe", 1))
    text = "TSL119 in the project of rater 1, ann annotated 2 tasks, zoe annotated 1 task"
    assert said == [text]
    both = {1: ["ann", "zoe"]}
    assert found(entry("a", "ann", 1), entry("b", "zoe", 1), people=both) == []


def test_who_is_no_rater_is_named() -> None:
    people = {1: ["ann@x"], 2: ["ben@x"]}
    lead = entry("c", "lead@x", 1), entry("c", "lead@x", 2, 2)
    assert found(entry("a", "ann@x", 1), *lead, entry("a", "zoe@x", 1, 3), people=people) == [
        "TSL119 lead@x annotated 1 task, zoe@x annotated 1 task in the project of rater 1, and are "
        "no raters: left out",
        "TSL119 lead@x annotated 1 task in the project of rater 2, and is no rater: left out",
    ]
    assert found(entry("a", "cem@x", 1), people={2: ["ben@x"]}) == [], "may be rater 1"
    assert found(entry("a", "unknown of rater 1", 1), people=people) == [], "may have been ann"


def test_work_in_the_project_for_all_from_before_is_not_blind() -> None:
    people = {1: ["ann@x"], 2: ["ben@x"]}
    strays = entry("a", "ann@x", 0, 2), replace(entry("b", "ben@x", 0, 3), state="draft")
    assert found(entry("a", "ann@x", 1), *strays, people=people) == [
        "TSL118 ann@x, who is rater 1, annotated 1 task in the earlier project for all",
        "TSL118 ben@x, who is rater 2, began 1 task in the earlier project for all",
        "TSL120 ann@x read 1 task in the projects of several raters; what stands in that of rater "
        "1 counts",
    ]
    assert found(entry("a", "zoe@x", 0), people=people) == [
        "TSL119 zoe@x annotated 1 task in the earlier project for all, and is no rater: left out"
    ]
    assert found(entry("a", "zoe@x", 0)) == [
        "TSL118 zoe@x annotated 1 task in the earlier project for all"
    ]


def test_drafts_and_skipped_tasks_are_no_annotations() -> None:
    """Ben, who is rater 2, in a project whose rater left: push gave its tasks to others."""
    done = (
        replace(entry("c", "ben", 1), state="draft"),
        replace(entry("b", "ben", 1), state="skipped"),
        replace(entry("b", "ben", 1, 2), state="draft"),
    )
    people = {2: ["ben"]}
    text = "TSL118 ben, who is rater 2, skipped 1 task and began 1 task of rater 1"
    assert found(*done, people=people) == [text]
    (finding,) = rater_findings(Activity("", done), people, None)
    assert "Delete" not in finding.remedy
    both = found(*done, entry("c", "ben", 1, 3), people=people)
    assert both[0].endswith("annotated 1 task and skipped 1 task of rater 1")
    assert both[1].startswith("TSL121 rater 1 has annotations of 1 task")


def test_one_person_in_two_projects_is_one_reader() -> None:
    twice = entry("a", "ann", 1), entry("a", "ann", 2, number=2)
    said = "TSL120 ann read 1 task in the projects of several raters; what stands in that of rater"
    assert found(*twice) == [
        "TSL118 ann, taken for rater 1, annotated 1 task of rater 2",
        f"{said} 1 counts",
    ]
    assert found(*twice, people={2: ["ann"], 1: ["ben"]}) == [
        "TSL118 ann, who is rater 2, annotated 1 task of rater 1",
        f"{said} 2 counts",
    ]
    assert "the last counts" in found(*twice, people={3: ["ann"]})[-1]


def test_tasks_that_the_plan_has_elsewhere() -> None:
    assert found(entry("c", "ann", 1)) == [
        "TSL121 rater 1 has annotations of 1 task that the plan gives to others"
    ]
