"""Drawings that reach beyond their dispute: what readers agree on is not lost without a word."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from tslab.agreement.dispute_values import DisputeSettings, Reading, TierKind
from tslab.agreement.disputes.finding import disputes_of
from tslab.agreement.disputes.verdicts import Truth, truth_of
from tslab.domain import Label, Tier
from tslab.label_studio.review.ballots import Ballot, Box
from tslab.label_studio.review.judging import Judge, Outcome
from tslab.label_studio.review.key import Case, Window
from tslab.label_studio.review.readings import Matter, mark_of
from tslab.spans import Span
from tslab.stretches import intersect, subtract, union
from tslab.task import Task

DORA = "dora@example.org"
LENGTH, CONTEXT, AROUND = 100_000_000, 3_000_000, 500_000
LETTERS = {"A": "ann", "B": "ben", "C": "cem"}


def span(start: float, end: float, label: str = "x") -> Span:
    return Span(start, end, label, "t")


class Study:
    """Readings of a tier, and what a reviewer's answers make of them."""

    def __init__(self, *said: Sequence[Span], gap: int = 0, kind: TierKind = "intervals") -> None:
        readings = [
            Reading(name, spans, [(0, LENGTH)])
            for name, spans in zip(LETTERS.values(), said, strict=False)
        ]
        found = disputes_of(readings, kind, DisputeSettings(0, gap, AROUND))
        tier = Tier(
            name="t",
            kind=kind,
            labels=(Label(name="x", color="#4477aa"), Label(name="y", color="#ee6677")),
        )
        self.matter = Matter("r", "v", tier, readings, found.disputes, found.settled, AROUND)
        self.windows = []
        for number, d in enumerate(found.disputes):
            start, end = max(d.start - CONTEXT, 0), min(d.end + CONTEXT, LENGTH)
            task = Task(f"w{number}", "r", "v", start / 1e6, end / 1e6, ("c",), 1000)
            mark = mark_of(self.matter, d)
            case = Case(f"case{number}", "t", d.start, d.end, d.kind, d.cost, mark)
            self.windows.append(Window(task, LETTERS, [case]))

    def truth(self, *answers: str | list[Span] | None) -> tuple[Truth, list[str]]:
        """Truth and findings of an answer to each dispute: a letter, drawings, or none."""
        ballots = [
            Ballot(w.task.id, "1|", DORA, 1, "1", {w.cases[0].id: answer})
            if isinstance(answer, str)
            else Ballot(w.task.id, "1|", DORA, 1, "1", {w.cases[0].id: ""}, answer)
            for w, answer in zip(self.windows, answers, strict=True)
            if answer is not None
        ]
        outcome = Outcome()
        judge = Judge(self.matter, self.matter.disputes, Box(ballots), outcome)
        known = {w.cases[0].mark: (w, w.cases[0]) for w in self.windows}
        truth = truth_of(self.matter.readings, judge.decisions(known))
        assert {found.code for found in outcome.findings} <= {"TSL094"}
        return truth, [found.message for found in outcome.findings]


def described(truth: Truth) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, s.label) for s in truth.spans]


ONSET = [span(20, 80)], [span(22, 80)]
"""A dispute from 20 to 22 s, shown from 17 to 25 s."""
OFFSET = [span(20, 80)], [span(20, 78)]
"""A dispute from 78 to 80 s, shown from 75 to 83 s."""


@pytest.mark.parametrize("end", [25, 24.5])
def test_a_drawing_to_the_windows_edge_goes_on_as_readers_do(end: float) -> None:
    """It ended there, and what all readers have behind the edge was lost."""
    truth, findings = Study(*ONSET).truth([span(20.5, end)])
    assert described(truth) == [(20.5, 80, "x")]
    assert findings == []


def test_a_drawing_from_the_windows_edge_comes_from_where_readers_begin() -> None:
    truth, findings = Study(*OFFSET).truth([span(75.2, 79)])
    assert described(truth) == [(20, 79, "x")]
    assert findings == []


@pytest.mark.parametrize("end", [21.8, 22.3])
def test_a_drawing_within_its_dispute_changes_nothing_else(end: float) -> None:
    truth, findings = Study(*ONSET).truth([span(20.5, end)])
    assert described(truth) == [(20.5, 80, "x")]
    assert findings == []


def test_parts_drawn_of_one_span_are_all_there() -> None:
    """The second part was lost, and with it what all readers have."""
    extra = span(50, 52, "y")
    study = Study([span(20, 80)], [span(20, 80), extra])
    truth, findings = study.truth([span(47, 51), span(53, 55), span(50, 51, "y")])
    assert described(truth) == [(20, 51, "x"), (50, 51, "y"), (53, 80, "x")]
    assert len(findings) == 1


def test_an_instant_that_is_drawn_anew_is_not_there_twice() -> None:
    study = Study([span(40, 40)], [])
    truth, findings = study.truth([span(40.2, 40.2)])
    assert described(truth) == [(40.2, 40.2, "x")]
    truth, findings = study.truth([])
    assert described(truth) == []
    assert findings == []


@pytest.mark.parametrize("end", [24.0, 25.0])
def test_another_dispute_behind_the_edge_makes_no_hole(end: float) -> None:
    """The rest began at the room around the other dispute, a border that nobody has."""
    one, two = ONSET
    study = Study([*one, span(40, 40, "y")], two)
    for verdict in ("A", "B"):
        truth, findings = study.truth([span(20.5, end)], verdict)
        assert described(truth)[0] == (20.5, 80, "x")
        assert findings == []
    truth, findings = study.truth([span(20.5, end)], None)
    assert described(truth) == [(20.5, 80, "x")]


def test_agreed_time_that_a_drawing_changes_is_said() -> None:
    extra = span(50, 52, "y")
    study = Study([span(20, 80)], [span(20, 80), extra])
    (truth, (taken,)) = study.truth([span(47, 49), span(51, 53)])
    assert described(truth) == [(20, 49, "x"), (51, 80, "x")]
    text = f"{DORA} drew no 'x' 00:00:49\u201300:00:50, where all readers have it, for the dispute"
    assert text in taken
    (truth, (added,)) = Study(*ONSET).truth([span(18.5, 25)])
    assert described(truth) == [(18.5, 80, "x")]
    text = f"{DORA} drew 'x' 00:00:18.5\u201300:00:20, where no reader has it, for the dispute"
    assert text in added


@pytest.mark.parametrize("drawn", [(50, 53), (49.6, 53), (49, 53), (30, 53), (20, 53), (47, 53)])
@pytest.mark.parametrize("turned", [False, True], ids=["", "readers turned"])
@pytest.mark.parametrize("mirrored", [False, True], ids=["", "mirrored"])
def test_a_border_is_corrected_from_wherever_the_drawing_comes(
    drawn: tuple[float, float], turned: bool, mirrored: bool
) -> None:
    """An end could not be corrected: two events came out, or the event's first part was lost.

    The event is from 20 to 50 or 55 s, and ends at 53 s; its begin is in no window.
    """

    def seen(start: float, end: float) -> tuple[float, float]:
        return (100 - end, 100 - start) if mirrored else (start, end)

    said = [[span(*seen(20, 50))], [span(*seen(20, 55))], [span(*seen(20, 50))]]
    truth, findings = Study(*(said[::-1] if turned else said)).truth([span(*seen(*drawn))])
    assert described(truth) == [(*seen(20, 53), "x")]
    assert findings == []
    truth, findings = Study(*said[:2][:: -1 if turned else 1]).truth([span(*seen(*drawn))])
    assert described(truth) == [(*seen(20, 53), "x")]


def test_an_event_that_touches_another_one_stays_its_own() -> None:
    before, behind = span(20, 50), span(50, 55)
    for said in ([[before], [before, behind]], [[before, behind], [before]]):
        truth, findings = Study(*said).truth([span(50, 53)])
        assert described(truth) == [(20, 50, "x"), (50, 53, "x")]
        assert findings == []


def test_a_hand_drawn_border_is_the_readers_own() -> None:
    study = Study([span(20, 24)], [span(22, 24)])
    for end in (23.6, 24.3):
        truth, findings = study.truth([span(20.5, end)])
        assert described(truth) == [(20.5, 24, "x")]
        assert findings == []


def random_study(
    dice: random.Random, kind: TierKind
) -> tuple[Study, list[str | list[Span] | None]]:
    said = []
    shared = [_random_span(dice) for _ in range(dice.randint(0, 5))]
    for _ in range(3):
        spans = [s for s in shared if dice.random() < 0.9]
        spans += [_random_span(dice) for _ in range(dice.randint(0, 3))]
        spans.sort(key=lambda s: (s.start, s.end))
        said.append(_apart(spans) if kind == "states" else spans)
    study = Study(*said, gap=dice.choice([0, 1_000_000]), kind=kind)
    return study, [_random_answer(dice, window) for window in study.windows]


def _apart(spans: Sequence[Span]) -> list[Span]:
    """States: none begins before another one ends."""
    kept: list[Span] = []
    for one in spans:
        if not one.is_instant and (not kept or kept[-1].end <= one.start):
            kept.append(one)
    return kept


def _random_span(dice: random.Random) -> Span:
    start = dice.randint(0, 90)
    return span(start, min(start + dice.choice([0, 2, 5, 20, 50]), 100), dice.choice("xy"))


def _random_answer(dice: random.Random, window: Window) -> str | list[Span] | None:
    if dice.random() < 0.5:
        return dice.choice(["A", "B", "C", None])
    task = window.task
    times = [task.start, task.end]
    times += [round(dice.uniform(task.start, task.end), 6) for _ in range(4)]
    drawn = []
    for _ in range(dice.randint(0, 2)):
        start, end = sorted(dice.sample(times, 2))
        drawn.append(span(start, end, dice.choice("xy")))
    return drawn


@pytest.mark.parametrize("kind", ["intervals", "states"])
@pytest.mark.parametrize("seed", range(60))
def test_each_border_is_a_readers_a_drawings_or_an_extents(seed: int, kind: TierKind) -> None:
    study, answers = random_study(random.Random(seed), kind)
    truth, _ = study.truth(*answers)
    borders = set(_borders([s for r in study.matter.readings for s in r.spans]))
    borders |= set(_borders([s for a in answers if isinstance(a, list) for s in a]))
    borders |= {at for stretch in [(0, LENGTH), *truth.known] for at in stretch}
    assert set(_borders(truth.spans)) <= borders


def _borders(spans: Sequence[Span]) -> Iterator[int]:
    for one in spans:
        yield from (one.start_us, one.end_us)


@pytest.mark.parametrize("kind", ["intervals", "states"])
@pytest.mark.parametrize("seed", range(60))
def test_no_agreed_time_changes_without_a_word(seed: int, kind: TierKind) -> None:
    study, answers = random_study(random.Random(seed), kind)
    truth, findings = study.truth(*answers)
    outside = subtract(truth.known, union((d.start, d.end) for d in study.matter.disputes))
    for label in "xy":
        have, agreed = (
            intersect(outside, union((s.start_us, s.end_us) for s in spans if s.label == label))
            for spans in (truth.spans, study.matter.readings[0].spans)
        )
        for verb, changed in (
            ("drew", subtract(have, agreed)),
            ("drew no", subtract(agreed, have)),
        ):
            said = [f"{DORA} {verb} '{label}'"]
            if kind == "states":
                # A state gives way to another one that was drawn, of which it is said.
                said.append(f"{DORA} drew '{'y' if label == 'x' else 'x'}'")
            if any(end - start > AROUND for start, end in changed):
                assert any(text in found for found in findings for text in said)
