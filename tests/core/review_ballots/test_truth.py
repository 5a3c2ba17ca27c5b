"""What becomes truth of answers, and what the server lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from kit.planted import ANNOTATORS
from kit.review_desk import DORA, EMIL, Desk, drawn_by, letters_and_drawn
from kit.review_study import DOMAIN, domain_of_all_kinds

from tslab import files
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
    save_ballots,
)
from tslab.label_studio.review.key import new_key, save_key
from tslab.label_studio.review.project import ReviewPush
from tslab.label_studio.review.pull import missing_key, outcome_of, review_outcome
from tslab.label_studio.review.queue import make_queue
from tslab.spans import Span
from tslab.testing.fake_label_studio import FakeLabelStudio


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


def test_drawings_that_differ_are_asked_anew_where_nobody_can_change_them(desk: Desk) -> None:
    """Both said 'None', so nobody was asked again, and the dispute was open for good."""
    window = next(w for w in desk.key.windows if drawn_by(desk, w))
    letters, drawn = letters_and_drawn(desk, window, desk.truth(window))
    case = next(c for c, letter in letters.items() if letter == "")
    moved = [span.moved(span.start + 0.5, span.end + 0.5) for span in drawn]
    state, server = desk.study.project.state, mock.Mock()
    save_key(state, desk.key)
    save_ballots(state, [
        Ballot(window.task.id, "1|", by, number, str(number), letters, own)
        for number, (by, own) in enumerate([(DORA, drawn), (EMIL, moved)])
    ])  # fmt: skip
    try:
        outcome = review_outcome(desk.study.project, server, {}, desk.annotations, str)
        stored = load_ballots(state)
    finally:
        (state / FILE).unlink()
        (state / "review-key.json").unlink()
    assert outcome is not None
    assert case in outcome.split
    assert {f.remedy for f in outcome.findings} == {"Their task is gone: 'tslab review' asks anew."}
    assert answered(stored, ()) == letters.keys() - outcome.split, "the other verdicts stay"


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
