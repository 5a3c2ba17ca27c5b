"""Answers of several reviewers, answers for whole windows, and answers that the server lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from kit.planted import ANNOTATORS, Planted
from kit.review_study import DOMAIN, domain_of_all_kinds, make_review_study, verdicts
from kit.studies import Study

from tslab import files
from tslab.annotation import Annotation
from tslab.domain import Choice, RegionField, TaskField
from tslab.errors import DataError, ProjectError
from tslab.label_studio.client import Client
from tslab.label_studio.review.ballots import (
    FILE,
    Ballot,
    Box,
    answered,
    load_ballots,
    place_of,
    read_ballots,
    save_ballots,
)
from tslab.label_studio.review.config import CORRECTED, NONE, REST, VERDICT, is_right
from tslab.label_studio.review.judging import Outcome
from tslab.label_studio.review.key import Key, Window, new_key
from tslab.label_studio.review.project import ReviewPush
from tslab.label_studio.review.pull import missing_key, outcome_of
from tslab.label_studio.review.queue import make_queue
from tslab.label_studio.review.tasks import disputes_as_regions, task_document
from tslab.spans import Span
from tslab.testing.fake_label_studio import FakeLabelStudio

DORA, EMIL = "dora@example.org", "emil@example.org"


class Desk:
    """A review without a server: windows, and what reviewers answer."""

    def __init__(self, study: Study, plans: dict[str, Planted]) -> None:
        self.study, self.plans = study, plans
        self.key: Key = new_key()
        make_queue(study.project, self.key)
        self.annotations = said(plans)

    @property
    def window(self) -> Window:
        """A window with several disputes."""
        return max(self.key.windows, key=lambda window: len(window.cases))

    def shown(self, window: Window) -> list[Any]:
        recording = self.study.project.recording(window.task.recording)
        return list(disputes_as_regions(self.study.project, window, recording).result)

    def answer(self, window: Window, letters: dict[str, str], rest: str = "") -> list[Any]:
        """An annotation's result: verdicts by dispute, and one for all others."""
        regions = {region["id"]: region for region in self.shown(window)}
        result = list(regions.values())
        for case, letter in letters.items():
            value = {k: v for k, v in regions[case]["value"].items() if k != "timeserieslabels"}
            value["choices"] = [is_right(letter) if letter else CORRECTED]
            result.append({"id": case, "from_name": VERDICT, "type": "choices", "value": value})
        if rest:
            whole = {"from_name": REST, "type": "choices", "value": {"choices": [rest]}}
            result.append({"id": "rest", **whole})
        return result

    def truth(self, window: Window) -> list[Any]:
        """The result of somebody who knows the truth."""
        plan = self.plans[window.task.recording]
        return verdicts(self.study.project, plan, window, self.shown(window))

    def task(self, window: Window, *given: tuple[str, list[Any]], number: int = 7) -> Any:
        """An exported task with an annotation for each reviewer, in order of time."""
        document = task_document(self.study.project, window, {})
        annotations = [
            {"id": n, "completed_by": by, "updated_at": f"2026-01-0{n}", "result": result}
            for n, (by, result) in enumerate(given, start=1)
        ]
        made = {"id": number, "created_at": "2026-01-01", "annotations": annotations}
        return {**document, **made}

    def box(self, *tasks: Any, stored: Any = (), places: Any = ()) -> Box:
        project = self.study.project
        return read_ballots(project, self.key, [tasks], (stored, places))

    def outcome(self, *tasks: Any, stored: Any = (), places: Any = ()) -> Outcome:
        box = self.box(*tasks, stored=stored, places=places)
        return outcome_of(self.study.project, self.key, box, self.annotations)


def said(plans: dict[str, Planted]) -> list[Annotation]:
    return [
        Annotation(recording, name, plan.said[name], "anomalies", [(0.0, 120.0)])
        for recording, plan in plans.items()
        for name in ANNOTATORS
    ]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with domain_of_all_kinds():
        study, plans = make_review_study(tmp_path_factory.mktemp("ballots"), [3, 4])
        path = study.root / "annotations" / "annotations.json"
        files.write_bytes(path, files.json_bytes(said(plans)))
        yield Desk(study, plans)


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
    assert (outcome.decided, outcome.split) == (len(window.cases) - 1, 1)
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


def said_of(desk: Desk, window: Window, case: str) -> set[str]:
    """What readings say in a dispute, each once."""
    found = next(c for c in window.cases if c.id == case)
    plan = desk.plans[window.task.recording]
    return {
        repr([s for s in plan.said[n] if s.tier == found.tier and touches(s, found)])
        for n in window.letters.values()
    }


def touches(span: Span, case: Any) -> bool:
    return span.start_us <= case.end and span.end_us >= case.start


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
                assert (outcome.decided, outcome.split) == (1, 0)
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
        assert outcome.split == split


def drawn_by(desk: Desk, window: Window) -> list[Span]:
    return letters_and_drawn(desk, window, desk.truth(window))[1]


def letters_and_drawn(
    desk: Desk, window: Window, result: list[Any]
) -> tuple[dict[str, str], list[Span]]:
    (ballot,) = desk.box(desk.task(window, (DORA, result))).ballots
    return dict(ballot.letters), list(ballot.drawn)


def test_answers_outlive_the_project_that_they_were_given_in(desk: Desk, tmp_path: Path) -> None:
    """A project deleted by hand took 74 of 76 verdicts out of the truth, without a word."""
    tasks = [
        desk.task(window, (DORA, desk.truth(window)), number=n)
        for n, window in enumerate(desk.key.windows)
    ]
    before = desk.outcome(*tasks)
    assert before.open == 0
    save_ballots(tmp_path, desk.box(*tasks).ballots)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    stored = load_ballots(tmp_path)
    after = desk.outcome(stored=stored)
    assert after.annotations == before.annotations
    assert (after.decided, after.kept) == (before.decided, before.decided)
    assert after.reviewers == before.reviewers
    assert answered(stored, ()) == {c.id for w in desk.key.windows for c in w.cases}
    assert answered(stored, {place_of(task) for task in tasks}) == frozenset()


def test_answers_taken_back_from_a_task_that_is_there_count_no_more(desk: Desk) -> None:
    window = desk.window
    task = desk.task(window, (DORA, desk.truth(window)))
    stored = desk.box(task).ballots
    outcome = desk.outcome(stored=stored, places={place_of(task)})
    assert outcome.decided == 0
    (found,) = outcome.findings
    assert found.code == "TSL124"
    assert DORA in found.message
    assert str(len(window.cases)) in found.message


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
    assert (outcome.decided, outcome.kept, outcome.split) == (len(window.cases), 1, 0)


def test_answers_that_contradict_each_other_are_asked_anew(desk: Desk) -> None:
    case = desk.window.cases[0].id
    ballots = [Ballot("w", "1|", by, 1, "1", {case: x}) for by, x in ((DORA, "A"), (EMIL, "B"))]
    assert answered(ballots, ()) == frozenset()
    assert answered(ballots[:1], ()) == {case}
    window = desk.window
    stored = [replace(ballot, window=window.task.id) for ballot in ballots]
    task = desk.task(window, ("fay@example.org", desk.answer(window, {case: "C"})), number=2)
    outcome = desk.outcome(task, stored=stored, places={place_of(task)})
    assert (outcome.decided, outcome.split) == (1, 0)


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


def test_nobody_is_right_about_what_he_did_not_read(desk: Desk) -> None:
    """The answer was taken, and took the dispute's time into the truth."""
    window = desk.window
    name = next(iter(window.letters.values()))
    others = [a for a in desk.annotations if a.annotator != name]
    key, desk.key = desk.key, new_key()
    path = desk.study.root / "annotations" / "annotations.json"
    try:
        files.write_bytes(path, files.json_bytes(others))
        make_queue(desk.study.project, desk.key)
        window = desk.window
        window = replace(window, letters={**window.letters, "C": name})
        desk.key.windows = [window]
        task = desk.task(window, (DORA, desk.answer(window, {}, rest="C")))
        box = desk.box(task)
        outcome = outcome_of(desk.study.project, desk.key, box, others)
    finally:
        desk.key = key
        files.write_bytes(path, files.json_bytes(desk.annotations))
    assert outcome.decided == 0
    assert {found.code for found in outcome.findings} == {"TSL094"}
    assert "who did not read" in outcome.findings[0].message


def test_a_drawing_far_from_every_dispute_is_no_truth(desk: Desk) -> None:
    window = next(w for w in desk.key.windows if drawn_by(desk, w))
    letters, drawn = letters_and_drawn(desk, window, desk.truth(window))
    stray = replace(drawn[0], start=119.0, end=119.5 if not drawn[0].is_instant else 119.0)
    if window.task.start > 60:
        stray = stray.moved(1.0, 1.5 if not stray.is_instant else 1.0)
    ballot = Ballot(window.task.id, "1|", DORA, 1, "1", letters, [*drawn, stray])
    project, annotations = desk.study.project, desk.annotations
    plain = replace(ballot, drawn=drawn)
    with_it, without = (outcome_of(project, desk.key, Box([b]), annotations)
                        for b in (ballot, plain))  # fmt: skip
    assert with_it.annotations == without.annotations
    assert without.findings == []
    (found,) = with_it.findings
    assert found.code == "TSL094"
    assert "far from" in found.message


def test_states_drawn_over_each_other_are_no_truth(desk: Desk) -> None:
    """They went into it as they were, and only a lint said so later."""
    window, case = next(
        (w, c) for w in desk.key.windows for c in w.cases if c.tier == "state" and c.end > c.start
    )
    start, end = case.start / 1e6, case.end / 1e6
    middle = (start + end) / 2
    for reach, decided in ((middle, 1), (end, 0)):
        drawn = [Span(start, reach, "Walk", "state"), Span(middle, end, "Run", "state")]
        ballot = Ballot(window.task.id, "1|", DORA, 1, "1", {case.id: ""}, drawn)
        outcome = outcome_of(desk.study.project, desk.key, Box([ballot]), desk.annotations)
        assert outcome.decided == outcome.corrected == decided
        assert [found.code for found in outcome.findings] == ["TSL094"] * (1 - decided)


def test_a_lost_key_is_said_and_empties_nothing(desk: Desk, tmp_path: Path) -> None:
    project = desk.study.project
    assert missing_key(project, {}) == []
    (found,) = missing_key(project, {"a": 3})
    assert found.code == "TSL127"
    save_ballots(project.state, [Ballot("w", "1|", DORA, 1, "1", {"c": "A"})])
    try:
        assert len(missing_key(project, {})) == 1
        with FakeLabelStudio() as server, Client(server.url, server.api_key) as client:
            push = ReviewPush(project, client, "local", False, lambda items, _: items)
            with pytest.raises(ProjectError, match="missing"):
                push.run_review(None, {}, {})
    finally:
        (project.state / FILE).unlink()


def test_answers_of_a_deleted_account_keep_their_name(desk: Desk) -> None:
    window = desk.window
    task = desk.task(window, (DORA, desk.truth(window)))
    stored = desk.box(task).ballots
    task["annotations"][0]["completed_by"] = None
    box = desk.box(task, stored=stored, places={place_of(task)})
    assert [ballot.by for ballot in box.ballots] == [DORA]
    assert box.findings == []


def test_answers_about_tasks_that_everybody_gives_are_truth(desk: Desk) -> None:
    """They were never part of it. Texts are their writers' own."""
    choices = (Choice(value="usable"), Choice(value="unusable"))
    asked = (
        TaskField(name="strip", kind="choice", choices=choices),
        TaskField(name="remark", kind="text"),
    )
    recording = next(iter(desk.plans))
    tasks = [t.id for t in desk.study.project.tasks() if t.recording == recording]
    one, two = tasks[:2]
    given = {
        ANNOTATORS[0]: {one: {"strip": "usable", "remark": "same"}, two: {"strip": "usable"}},
        ANNOTATORS[1]: {one: {"strip": "usable", "remark": "same"}, two: {"strip": "unusable"}},
        ANNOTATORS[2]: {one: {"strip": "usable"}},
    }
    annotations = [
        replace(a, task_fields=given[a.annotator]) if a.recording == recording else a
        for a in desk.annotations
    ]
    domain = DOMAIN.model_copy(update={"task_fields": asked})
    with mock.patch("kit.review_study.DOMAIN", domain), domain_of_all_kinds():
        outcome = outcome_of(desk.study.project, desk.key, Box(), annotations)
    truth = {annotation.recording: annotation.task_fields for annotation in outcome.annotations}
    assert truth.pop(recording) == {one: {"strip": "usable"}}
    assert list(truth.values()) == [{}]
    assert outcome.differing == 1


def test_notes_of_annotators_are_no_truth(desk: Desk) -> None:
    asked = (RegionField(name="note", kind="text"), RegionField(name="quality", kind="rating"))
    domain = DOMAIN.model_copy(update={"fields": asked})
    noted = {"note": "says Bob", "quality": 4.0}
    annotations = [
        replace(a, spans=[replace(s, fields=noted) for s in a.spans]) for a in desk.annotations
    ]
    tasks = [
        desk.task(window, (DORA, desk.truth(window)), number=n)
        for n, window in enumerate(desk.key.windows)
    ]
    with mock.patch("kit.review_study.DOMAIN", domain), domain_of_all_kinds():
        outcome = outcome_of(desk.study.project, desk.key, desk.box(*tasks), annotations)
    fields = [dict(span.fields) for a in outcome.annotations for span in a.spans]
    assert outcome.open == 0
    assert all("note" not in own for own in fields)
    assert {"quality": 4.0} in fields


def test_a_damaged_file_of_answers_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('[{"window": 3}]')
    with pytest.raises(DataError, match="damaged"):
        load_ballots(tmp_path)
