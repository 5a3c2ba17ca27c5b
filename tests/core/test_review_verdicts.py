"""What answers make of readings: open disputes, drawings that miss, own readings, void windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from kit.planted import ANNOTATORS
from kit.review_study import described, domain_of_all_kinds, make_review_study
from kit.review_table import DORA, EMIL, Table, task, walk
from kit.studies import Study

from tslab.commands.pull import review_document, review_text
from tslab.label_studio.review.ballots import Ballot, read_ballots
from tslab.label_studio.review.config import REST
from tslab.label_studio.review.key import new_key
from tslab.spans import Span

ANN, BOB, CID = ANNOTATORS


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    with domain_of_all_kinds():
        yield make_review_study(tmp_path_factory.mktemp("verdicts"), [1])[0]


def test_a_span_with_an_open_border_is_no_truth_yet(study: Study) -> None:
    """It was written up to the dispute: an end that neither of two had marked, or one of them."""
    knock = Span(5, 40, "Knock", "event")
    table = Table(study, {ANN: [walk(10, 20), knock], BOB: [walk(10, 22), knock]})
    before = table.outcome()
    (truth,) = before.annotations
    assert truth.spans[0].label == "Knock"
    assert described(truth.spans, "event") == [(5, 40, "Knock")], "what crosses it is not cut"
    assert described(truth.spans, "state") == []
    assert truth.extents == [(0.0, 10.0), (22.0, 120.0)]
    assert (before.open, before.waiting) == (1, 1)
    assert review_document(before)["waiting"] == 1
    assert "1 region with an open border is left out" in review_text(before)
    after = table.outcome((DORA, {0: BOB}, []))
    (truth,) = after.annotations
    assert described(truth.spans, "state") == [(10, 22, "Walk")]
    assert truth.extents == [(0.0, 120.0)]
    assert after.waiting == 0
    assert "open border" not in review_text(after)


def test_what_is_reviewed_nowhere_in_its_time_is_left_out(study: Study) -> None:
    """A knock that only touched reviewed time was in the truth, inside of an open dispute."""
    knock = Span(20, 22, "Knock", "event")
    table = Table(study, {ANN: [walk(10, 20), knock], BOB: [walk(10, 22), knock]})
    (truth,) = table.outcome().annotations
    assert truth.spans == []


def test_none_with_a_drawing_that_is_left_out_is_not_nothing(study: Study) -> None:
    """The drawing was left out, and the answer said that there is nothing."""
    table = Table(study, {ANN: [walk(10, 14)], BOB: []})
    stray = walk(30, 34)
    outcome = table.outcome((DORA, {0: ""}, [stray]))
    assert (outcome.decided, outcome.nothing, outcome.open) == (0, 0, 1)
    (found,) = outcome.findings
    assert found.code == "TSL094"
    assert f"{DORA} says 'None', but drew 'Walk' at 00:00:30, far from the dispute" in found.message
    assert "open" in found.remedy
    both = table.outcome((DORA, {0: ""}, [stray]), (EMIL, {0: ""}, []))
    assert (both.nothing, len(both.split)) == (1, 0), "another reviewer's answer counts"
    assert both.reviewers == {EMIL: 1}
    with_one = table.outcome((DORA, {0: ""}, [walk(10, 12), stray]))
    assert (with_one.corrected, len(with_one.findings)) == (1, 1)
    (truth,) = with_one.annotations
    assert described(truth.spans, "state") == [(10, 12, "Walk")]


def test_a_drawing_takes_no_other_disputes_place(study: Study) -> None:
    """The other one's verdict was dropped; without one, what the first annotator says was truth."""
    one, two = walk(10, 14), walk(15, 17, "Run")
    table = Table(study, {ANN: [one, two], BOB: []})
    drawn = walk(14.5, 17.5)
    for given, runs in (({0: ""}, []), ({0: "", 1: ANN}, [(15, 17, "Run")])):
        outcome = table.outcome((DORA, given, [drawn]))
        (found,) = outcome.findings
        assert "in another dispute than" in found.message
        (truth,) = outcome.annotations
        assert described(truth.spans, "state") == runs
        assert outcome.open == 2 - len(runs)


def test_a_correction_leaves_the_next_part_of_a_long_dispute_open(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts share a border: the drawing took the place of the next part's answer."""
    monkeypatch.setattr("tslab.label_studio.review.context.most_rows", lambda _: 2000)
    monkeypatch.setattr("tslab.label_studio.review.context.MOST_BYTES", 0)
    said = [walk(0, 20), walk(20, 45, "Run"), walk(45, 60)]
    table = Table(study, {ANN: said, BOB: []})
    assert [(c.start, c.end) for _, c in table.cases] == [
        (0, 20_000_000), (20_000_000, 45_000_000), (45_000_000, 60_000_000),
    ]  # fmt: skip
    outcome = table.outcome((DORA, {0: "", 2: ANN}, [walk(2, 30)]))
    assert (outcome.decided, outcome.open) == (2, 1)
    (truth,) = outcome.annotations
    assert described(truth.spans, "state") == [(45, 60, "Walk")]
    assert truth.extents == [(0.0, 2.0), (45.0, 120.0)]
    outcome = table.outcome((DORA, {0: "", 1: BOB, 2: ANN}, [walk(2, 18)]))
    (truth,) = outcome.annotations
    assert described(truth.spans, "state") == [(2, 18, "Walk"), (45, 60, "Walk")]


def test_a_correction_keeps_what_those_agree_on_who_read_there(study: Study) -> None:
    """The first reader of all had not read it; what the others agree on was lost."""
    later = [(60.0, 120.0)]
    knock, leak = Span(84, 90, "Knock", "event"), Span(88, 94, "Leak", "event")
    table = Table(study, {ANN: [], BOB: [knock, leak], CID: [knock]},
                  seen={ANN: [(0.0, 60.0)], CID: later})  # fmt: skip
    outcome = table.outcome((DORA, {0: ""}, [leak.moved(87, 92)]))
    (truth,) = outcome.annotations
    assert described(truth.spans, "event") == [(84, 90, "Knock"), (87, 92, "Leak")]


def test_who_decides_about_an_own_reading_is_said(study: Study) -> None:
    """It went into the truth without a word."""
    table = Table(study, {ANN: [walk(10, 14), walk(50, 54)], BOB: []})
    outcome = table.outcome((ANN, {0: ANN, 1: BOB}, []), (DORA, {0: ANN}, []))
    assert outcome.decided == 2
    (found,) = outcome.findings
    assert (found.code, found.severity) == ("TSL132", "warning")
    assert f"{ANN} decided 2 disputes of own readings and upheld the own one in 1" in found.message
    document = review_document(outcome)
    assert (document["own"], document["favoured"]) == ({ANN: 2}, {ANN: 1})
    shown = [line.split() for line in review_text(outcome).splitlines()]
    assert ["reviewer", "decided", "own", "readings", "own", "upheld"] in shown
    assert [ANN, "2", "2", "1"] in shown
    assert [DORA, "1", "0", "0"] in shown
    plain = table.outcome((DORA, {0: ANN}, []))
    assert plain.findings == []
    assert "own" not in review_text(plain)
    nameless = table.outcome(("unknown", {0: ANN}, []))
    assert nameless.findings == []


def test_answers_to_void_windows_are_no_findings(study: Study) -> None:
    """Each pull asked to answer what nobody can answer any more."""
    table = Table(study, {ANN: [walk(10, 14), walk(16, 18)], BOB: []})
    (window,) = table.key.windows
    project = study.project
    for said, text in (
        ([walk(10, 14), walk(16, 18)], "leaves 2 of 2 disputes"),
        ([walk(10, 14), walk(16, 17)], "leaves 1 of 1 dispute "),
        ([walk(10, 13), walk(16, 17)], ""),
    ):
        now = Table(study, {ANN: said, BOB: []}, key=new_key()).queue.live
        box = read_ballots(project, table.key, [[task(table, window, [])]], live=now)
        assert [text in found.message for found in box.findings] == ([True] if text else [])
    wrong = {"from_name": REST, "type": "choices", "value": {"choices": ["H is right"]}}
    box = read_ballots(project, table.key, [[task(table, window, [wrong])]], live=())
    assert box.findings == []


def test_taking_back_a_void_verdict_opens_nothing(study: Study) -> None:
    """It said that disputes are open again that are there no more."""
    table = Table(study, {ANN: [walk(10, 14), walk(16, 18)], BOB: []})
    (window,) = table.key.windows
    ballot = Ballot(window.task.id, "7|", DORA, 1, "1", {c.id: "A" for c in window.cases})
    earlier = ([ballot], {"7|"})
    for live, texts in (
        ({c.mark for c in window.cases}, ["took back 2 verdicts"]),
        ({window.cases[0].mark}, ["took back 1 verdict", "on what is disputed no more"]),
        (set(), ["took back 2 verdicts on what is disputed no more"]),
    ):
        box = read_ballots(study.project, table.key, [], earlier, live=live)
        assert [found.code for found in box.findings] == ["TSL124"] * len(texts)
        assert all(t in f.message for t, f in zip(texts, box.findings, strict=True))
        opened = ["open again" in found.remedy for found in box.findings]
        assert opened == ([True, False] if len(texts) == 2 else [bool(live)])
    nothing = replace(ballot, letters={})
    assert read_ballots(study.project, table.key, [], ([nothing], {"7|"})).findings == []


def test_verdicts_that_hold_no_more_are_said(study: Study) -> None:
    """Who had yet to read a task submitted it: ground truth was gone from there without a word."""
    before = {ANN: [walk(10, 14)], BOB: list[Span]()}
    for now, why in (
        ({**before, CID: [walk(10, 14)]}, f"{CID} read it since"),
        ({**before, ANN: [walk(10, 15)]}, "somebody changed a reading since"),
        ({**before, BOB: [walk(10, 14)]}, ""),
        (before, ""),
    ):
        key = Table(study, before).key
        table = Table(study, now, key=key)
        found = table.outcome((DORA, {0: ANN}, [])).findings
        assert [f.message for f in found] == [f"1 verdict holds no more: {why}"] * bool(why)
        assert {f.code for f in found} <= {"TSL133"}
        again = dict.fromkeys(range(len(table.cases)), ANN)
        assert table.outcome((DORA, again, [])).findings == [], "decided anew"


def test_verdicts_whose_readings_are_gone_are_said(study: Study) -> None:
    """A rater's project was deleted: 32 decided disputes were none, without a word."""
    one, other = [walk(10, 14)], [walk(10, 15)]
    before = {ANN: one, BOB: list[Span](), CID: other}
    key = Table(study, before).key
    gone = f"1 verdict holds no more: Label Studio has no reading of {BOB} any more"
    for now, text, remedy in (
        ({ANN: one, CID: other}, gone, "Their disputes are open again"),
        ({ANN: one}, gone.replace(BOB, f"{BOB}, {CID}"), "until two have read it"),
        ({ANN: one, CID: one}, "", ""),
    ):
        found = Table(study, now, key=key).outcome((DORA, {0: ANN}, [])).findings
        assert [f.message for f in found] == [text] * bool(text)
        assert all(f.code == "TSL133" and remedy in f.remedy for f in found)


def test_none_without_a_drawing_upholds_who_marked_nothing(study: Study) -> None:
    """Which of two answers that come to the same was given changed the shares."""
    for said in ([walk(10, 14)], [walk(10, 14), walk(50, 54)]):
        table = Table(study, {ANN: said, BOB: said[1:], CID: said[1:]})
        for given in ("", BOB):
            outcome = table.outcome((DORA, {0: given}, []))
            assert outcome.upheld == {BOB: 1, CID: 1}
    drawn = table.outcome((DORA, {0: ""}, [walk(10, 12)]))
    assert drawn.upheld == {}
    later = Table(study, {ANN: [walk(10, 20)], BOB: [walk(12, 20)]})
    outcome = later.outcome((BOB, {0: ""}, []))
    assert outcome.upheld == {BOB: 1}, "nothing before 12 s is his reading"
    assert outcome.favoured == {BOB: 1}


def test_windows_of_equal_cost_have_the_same_order_in_each_run(study: Study) -> None:
    """Their random ids decided it: a dry run listed others first."""
    said = [walk(at, at + 2) for at in range(5, 115, 10)]
    orders = set()
    for _ in range(5):
        table = Table(study, {ANN: said, BOB: []})
        orders.add(tuple(w.task.start for w in table.key.windows if len(w.cases) == 1))
    assert len(orders) == 1
