"""Verdicts whose drawings cannot be used, and verdicts on what is no dispute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from kit.planted import ANNOTATORS
from kit.review_study import DOMAIN, described, domain_of_all_kinds, make_review_study
from kit.review_table import DORA, EMIL, Table, task, walk
from kit.studies import Study

from tslab.commands.pull import review_document, review_text
from tslab.domain import Domain
from tslab.label_studio.regions import to_regions
from tslab.label_studio.review.ballots import (
    FILE,
    Ballot,
    Box,
    answered,
    load_ballots,
    read_ballots,
    save_ballots,
)
from tslab.label_studio.review.config import NONE, REST, VERDICT
from tslab.label_studio.review.judging import Outcome
from tslab.label_studio.review.key import FILE as KEY_FILE
from tslab.label_studio.review.key import save_key
from tslab.label_studio.review.pull import outcome_of, review_outcome
from tslab.preparation.task_table import row_ticks
from tslab.spans import Span

ANN, BOB, _ = ANNOTATORS
NAN = float("nan")
REVERSED = {"start": "end", "end": "start"}
NONE_OF_THEM = {"from_name": REST, "type": "choices", "value": {"choices": [NONE]}}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with domain_of_all_kinds():
        yield make_review_study(tmp_path_factory.mktemp("unusable"), [1])[0]


@pytest.fixture
def table(study: Study) -> Table:
    """Two disputes in one window."""
    made = Table(study, {ANN: [walk(10, 14), walk(16, 18)], BOB: []})
    assert len(made.key.windows) == 1
    return made


def drawn(table: Table, *spans: Span) -> list[dict[str, Any]]:
    """Spans as a reviewer's regions."""
    ((window, _), *_), project = table.cases, table.study.project
    named = [replace(span, id=f"d{number}") for number, span in enumerate(spans, start=1)]
    ticks = row_ticks(window.task, project.recording(window.task.recording))
    return to_regions(named, window.task, ticks, project.domain)[0]


def changed(region: dict[str, Any], **values: Any) -> dict[str, Any]:
    value = region["value"]
    turned = {key: value[other] for key, other in REVERSED.items()} if values == REVERSED else {}
    return {**region, "value": {**value, **values, **turned}}


def read(table: Table, result: list[Any]) -> Box:
    window, _ = table.cases[0]
    return read_ballots(table.study.project, table.key, [[task(table, window, result)]])


def judged(table: Table, box: Box) -> Outcome:
    return outcome_of(table.study.project, table.key, box, table.annotations)


@pytest.mark.parametrize(
    ("wrong", "code", "left"),
    [
        (REVERSED, "TSL061", 1),
        ({"start": NAN, "end": NAN}, "TSL061", 2),
        ({"start": None}, "TSL061", 2),
        ({"start": 10**400}, "TSL061", 2),
        ({"timeserieslabels": ["Jump"]}, "TSL083", 1),
        ({"timeserieslabels": []}, "TSL083", 1),
        ({"start": "0", "end": "1000"}, "TSL084", 1),
    ],
)
def test_none_with_a_drawing_that_cannot_be_read_is_not_nothing(
    table: Table, wrong: dict[str, Any], code: str, left: int
) -> None:
    """The drawing was left out, and ground truth said that nothing is there."""
    (region,) = drawn(table, walk(11, 13))
    box = read(table, [NONE_OF_THEM, changed(region, **wrong)])
    outcome = judged(table, box)
    assert (outcome.open, outcome.nothing, outcome.corrected) == (left, 2 - left, 0)
    assert len(outcome.unusable) == left
    assert review_document(outcome)["unusable"] == left
    assert f"{left} open ({left} because answers cannot be used)" in review_text(outcome)
    about, open_ = outcome.findings
    assert (about.code, open_.code) == (code, "TSL094")
    assert f"{DORA} says 'None', but region 'd1' cannot be used ({code})" in open_.message
    assert "open" in open_.message
    assert "leaves" not in open_.message, "it has an answer"
    (truth,) = outcome.annotations
    assert not any(start < 12 < end for start, end in truth.extents), "no silence there"


@pytest.mark.parametrize("region", [
    {"from_name": "posture", "to_name": "ts", "type": "timeserieslabels", "id": "d1",
     "value": {"start": "11000", "end": "13000", "timeserieslabels": ["Sits"]}},
    {"from_name": "state", "to_name": "ts", "type": "timeserieslabels", "id": "d1"},
    "damaged",
])  # fmt: skip
def test_a_drawing_of_nothing_known_leaves_what_it_may_be_for_open(
    table: Table, region: Any
) -> None:
    """A region of a tier that the config no longer has was left out without a word."""
    outcome = judged(table, read(table, [NONE_OF_THEM, region]))
    located = isinstance(region, dict) and region["from_name"] == "posture"
    assert outcome.open == len(outcome.unusable) == (1 if located else 2)
    assert {found.code for found in outcome.findings} > {"TSL094"}


def test_other_verdicts_of_the_window_hold(table: Table) -> None:
    """Only 'None' says that the drawing is what holds."""
    (region,) = drawn(table, walk(11, 13))
    wrong = changed(region, **REVERSED)
    whose = {"from_name": REST, "type": "choices", "value": {"choices": [table.letter(0, ANN)]}}
    outcome = judged(table, read(table, [whose, wrong]))
    assert (outcome.decided, outcome.open) == (2, 0)
    assert [found.code for found in outcome.findings] == ["TSL061"]
    knock = changed(drawn(table, Span(11, 13, "Knock", "event"))[0], timeserieslabels=["Bang"])
    outcome = judged(table, read(table, [NONE_OF_THEM, knock]))
    assert (outcome.nothing, outcome.open) == (2, 0), "nothing is disputed in that tier"


def test_half_of_a_correction_is_no_truth(table: Table) -> None:
    """What could be read of it was, and is given to no other dispute now."""
    first, second = drawn(table, walk(10, 12), walk(12, 13, "Run"))
    box = read(table, [NONE_OF_THEM, first, changed(second, timeserieslabels=["Jump"])])
    outcome = judged(table, box)
    assert (outcome.corrected, outcome.nothing, outcome.open) == (0, 1, 1)
    (truth,) = outcome.annotations
    assert described(truth.spans, "state") == []
    assert [found.code for found in outcome.findings] == ["TSL083", "TSL094"]


def test_another_reviewers_answer_counts(table: Table) -> None:
    (region,) = drawn(table, walk(11, 13))
    (wrong,) = read(table, [NONE_OF_THEM, changed(region, start=NAN)]).ballots
    other = Ballot(wrong.window, "7|", EMIL, 2, "2", {c.id: "" for _, c in table.cases})
    outcome = judged(table, Box([wrong, other], unusable={c.id for _, c in table.cases}))
    assert (outcome.nothing, outcome.open, len(outcome.unusable)) == (2, 0, 0)


def test_a_verdict_on_what_is_no_dispute_is_said(table: Table) -> None:
    """It was left out without a word."""
    choice = {"from_name": VERDICT, "type": "choices", "value": {"choices": ["Z"]}, "id": "bad"}
    box = read(table, [NONE_OF_THEM, choice])
    (found,) = box.findings
    assert found.code == "TSL094"
    assert f"{DORA} gave a verdict on region 'bad', which is no dispute here" in found.message
    assert judged(table, box).decided == 2


def pulled(table: Table, ballots: list[Ballot]) -> tuple[Outcome, list[Ballot]]:
    """What a pull makes of answers whose tasks are gone, and what it keeps of them."""
    state = table.study.project.state
    save_key(state, table.key)
    save_ballots(state, ballots)
    try:
        outcome = review_outcome(table.study.project, mock.Mock(), {}, table.annotations, str)
        assert outcome is not None
        return outcome, load_ballots(state)
    finally:
        (state / FILE).unlink()
        (state / KEY_FILE).unlink()


def test_a_kept_drawing_of_a_label_that_is_gone_is_asked_anew(table: Table) -> None:
    """It would have become truth, and the config has no such label."""
    window, case = table.cases[0]
    letters = {c.id: "" for _, c in table.cases}
    ballot = Ballot(window.task.id, "1|", DORA, 1, "1", letters, [walk(10, 12, "Run")])
    with domain_of_all_kinds(_without_run()):
        outcome, kept = pulled(table, [ballot])
        _, again = pulled(table, kept)
    assert (outcome.nothing, outcome.open, len(outcome.unusable)) == (1, 1, 1)
    (found,) = outcome.findings
    assert found.code == "TSL094"
    assert "(TSL083)" in found.message
    assert "asks anew" in found.remedy
    assert answered(kept, ()) == letters.keys() - {case.id}
    assert again == kept


def _without_run() -> Domain:
    state, *others = DOMAIN.tiers
    fewer = state.model_copy(update={"labels": state.labels[:2]})
    return DOMAIN.model_copy(update={"tiers": (fewer, *others)})


def test_an_answer_that_decides_nothing_is_kept_for_none(table: Table) -> None:
    """Its task was deleted: the dispute was open for good, and `tslab review` asked nobody."""
    window, case = table.cases[0]
    ballot = Ballot(window.task.id, "1|", DORA, 1, "1", {case.id: ""}, [walk(30, 34)])
    outcome, kept = pulled(table, [ballot])
    assert outcome.unusable == {case.id}
    (found,) = outcome.findings
    assert (found.code, found.remedy) == ("TSL094", "Their task is gone: 'tslab review' asks anew.")
    table.queue.leave_out_answered(kept, ())
    assert case.id in {c.id for w in table.queue.open.values() for c in w.cases}
