"""Answers of several reviewers, and answers for whole windows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.review_desk import DORA, EMIL, Desk, drawn_by, letters_and_drawn, said_of, touches

from tslab.label_studio.review.ballots import Ballot, Box, answered, place_of
from tslab.label_studio.review.config import NONE
from tslab.label_studio.review.pull import outcome_of


def test_one_answer_holds_for_all_disputes_that_have_none(desk: Desk) -> None:
    window = desk.window
    first, *others = [case.id for case in window.cases]
    assert len(others) > 1
    for order in (1, -1):
        result = desk.answer(window, {first: "B"}, rest="A")[::order]
        (ballot,) = desk.box(desk.task(window, (DORA, result))).ballots
        assert ballot.letters == {first: "B", **dict.fromkeys(others, "A")}
    result = desk.answer(window, {first: "B"}, rest=NONE)
    outcome = desk.outcome(desk.task(window, (DORA, result)))
    assert (outcome.decided, outcome.nothing) == (len(window.cases), len(others))
    assert outcome.corrected == 0, "nobody drew anything"


def test_reviewers_who_differ_leave_a_dispute_open_and_are_named(desk: Desk) -> None:
    """The second one to decide was believed without a word."""
    window = desk.window
    plain = next(c for c in window.cases if len(said_of(desk, window, c.id)) == len(window.letters))
    letters = {case.id: "A" for case in window.cases}
    others = letters | {plain.id: "B"}
    task = desk.task(
        window, (DORA, desk.answer(window, letters)), (EMIL, desk.answer(window, others))
    )
    outcome = desk.outcome(task)
    assert (outcome.decided, len(outcome.split)) == (len(window.cases) - 1, 1)
    (found,) = outcome.findings
    assert found.code == "TSL122"
    assert DORA in found.message
    assert EMIL in found.message
    assert "'A is right' and 'B is right'" in found.message
    assert window.task.id in found.place
    assert outcome.reviewers == {DORA: outcome.decided, EMIL: outcome.decided}
    again = desk.task(
        window, (EMIL, desk.answer(window, others)), (EMIL, desk.answer(window, letters))
    )
    assert desk.outcome(again).decided == len(window.cases), "one may change an answer"


def test_letters_that_say_the_same_are_no_difference(desk: Desk) -> None:
    for window in desk.key.windows:
        for case in window.cases:
            plan, letters = desk.plans[window.task.recording], window.letters
            says = {
                x: [s for s in plan.said[n] if s.tier == case.tier and touches(s, case)]
                for x, n in letters.items()
            }
            alike = next(((x, y) for x in says for y in says if x < y and says[x] == says[y]), None)
            if alike:
                given = [(who, desk.answer(window, {case.id: x}))
                         for who, x in zip((DORA, EMIL), alike, strict=True)]  # fmt: skip
                outcome = desk.outcome(desk.task(window, *given))
                assert (outcome.decided, len(outcome.split)) == (1, 0)
                return
    pytest.fail("no dispute in which two say the same")


def test_drawings_agree_as_far_as_hands_are_exact(desk: Desk) -> None:
    window = next(w for w in desk.key.windows if drawn_by(desk, w))
    result = desk.truth(window)
    ballots = [
        Ballot(window.task.id, "1|", DORA, 1, "1", *letters_and_drawn(desk, window, result)),
        Ballot(window.task.id, "1|", EMIL, 2, "2", *letters_and_drawn(desk, window, result)),
    ]
    for shift, split in ((0.05, 0), (0.5, 1)):
        moved = [s.moved(s.start + shift, s.end + shift) for s in ballots[1].drawn[:1]]
        second = replace(ballots[1], drawn=[*moved, *ballots[1].drawn[1:]])
        box = Box([ballots[0], second])
        outcome = outcome_of(desk.study.project, desk.key, box, desk.annotations)
        assert len(outcome.split) == split


def test_a_window_made_anew_asks_only_what_nobody_decided(desk: Desk) -> None:
    window = desk.window
    first, *others = [case.id for case in window.cases]
    old = desk.task(window, (DORA, desk.answer(window, {first: "B"})), number=1)
    stored = desk.box(old).ballots
    assert answered(stored, ()) == {first}
    new = desk.task(window, (EMIL, desk.answer(window, {}, rest="A")), number=2)
    box = desk.box(new, stored=stored, places={place_of(new)})
    assert {case: b.by for case in others for b in box.votes(window.task.id, case).values()} == (
        dict.fromkeys(others, EMIL)
    )
    assert list(box.votes(window.task.id, first)) == [DORA], "Emil was not asked"
    outcome = outcome_of(desk.study.project, desk.key, box, desk.annotations)
    assert (outcome.decided, outcome.kept, len(outcome.split)) == (len(window.cases), 1, 0)


def test_answers_that_contradict_each_other_are_asked_anew(desk: Desk) -> None:
    case = desk.window.cases[0].id
    ballots = [Ballot("w", "1|", by, 1, "1", {case: x}) for by, x in ((DORA, "A"), (EMIL, "B"))]
    assert answered(ballots, ()) == frozenset()
    assert answered(ballots[:1], ()) == {case}
    window = desk.window
    stored = [replace(ballot, window=window.task.id) for ballot in ballots]
    task = desk.task(window, ("fay@example.org", desk.answer(window, {case: "C"})), number=2)
    outcome = desk.outcome(task, stored=stored, places={place_of(task)})
    assert (outcome.decided, len(outcome.split)) == (1, 0)


def test_disputes_without_an_answer_are_said(desk: Desk) -> None:
    """Nothing was said of a window that was submitted as it came, or answered twice."""
    window = desk.window
    first, *others = [case.id for case in window.cases]
    empty = desk.box(desk.task(window, (DORA, desk.answer(window, {}))))
    (found,) = empty.findings
    assert found.code == "TSL094"
    assert f"{DORA} leaves {len(window.cases)} of {len(window.cases)} disputes" in found.message
    assert window.task.id in found.place
    both = [*desk.answer(window, {first: "A"}, rest="B"), *desk.answer(window, {first: "B"})]
    box = desk.box(desk.task(window, (DORA, both)))
    assert box.ballots[0].letters == dict.fromkeys(others, "B"), "neither of two answers"
    (found,) = box.findings
    assert "leaves 1 of" in found.message
    assert "two answers" in found.message


def test_answers_of_a_deleted_account_keep_their_name(desk: Desk) -> None:
    window = desk.window
    task = desk.task(window, (DORA, desk.truth(window)))
    stored = desk.box(task).ballots
    task["annotations"][0]["completed_by"] = None
    box = desk.box(task, stored=stored, places={place_of(task)})
    assert [ballot.by for ballot in box.ballots] == [DORA]
    assert box.findings == []


def test_an_answer_given_in_another_window_is_none_for_this_one(desk: Desk) -> None:
    """A page may stay open while its task is made anew, and its number goes to another window."""
    one, other = desk.key.windows[:2]
    result = desk.answer(other, {}, rest="A")
    box = desk.box(desk.task(one, (DORA, result)))
    assert [ballot.letters for ballot in box.ballots] == [{}]
    (found,) = box.findings
    assert found.code == "TSL094"
    assert f"{DORA} answered another window" in found.message
    blank = [item for item in result if item["id"] == "rest"]
    (ballot,) = desk.box(desk.task(one, (DORA, blank))).ballots
    assert set(ballot.letters) == {case.id for case in one.cases}, "a tab begun without regions"


@pytest.mark.parametrize("rest", ["", "D"])
def test_a_letter_without_a_reading_counts_for_nothing_and_is_said(desk: Desk, rest: str) -> None:
    window = desk.window
    assert sorted(window.letters) == list("ABC")
    given = {} if rest else {window.cases[0].id: "D"}
    box = desk.box(desk.task(window, (DORA, desk.answer(window, given, rest=rest))))
    assert [ballot.letters for ballot in box.ballots] == [{}]
    assert any("names no reading of this window" in found.message for found in box.findings)
