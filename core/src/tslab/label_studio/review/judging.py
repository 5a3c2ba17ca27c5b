"""Decisions of what reviewers answered, for one tier of one recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.corrections import Agreed, common_spans, corrections
from tslab.agreement.disputes.verdicts import Decision, median_reading
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.label_studio.review.ballots import Ballot, Box
from tslab.label_studio.review.config import is_right
from tslab.label_studio.review.key import Case, Window
from tslab.label_studio.review.readings import Matter, mark_of
from tslab.lint.codes import finding
from tslab.spans import Span, sort_key
from tslab.task import clock

FAR = 25
"""How far from its dispute a correction may lie, in what counts as touching: 5 % of a page."""

HAND = 5
"""By how much states that a hand draws side by side may overlap, in the same: 1 % of a page."""

NEAR = 100_000
"""Microseconds by which the drawings of two reviewers may differ: a hand is no more exact."""


@dataclass(slots=True)
class Outcome:
    """What a review has come to.

    Attributes:
        annotations: Ground truth, one for each recording and view.
        decided: How many disputes a verdict decided.
        corrected: How many of them the reviewer decided by drawing.
        nothing: How many by saying that there is nothing.
        open: How many have no verdict yet.
        split: How many of these are open because reviewers differ.
        kept: How many were decided in tasks that Label Studio no longer has.
        differing: How many answers about tasks differ; they are no part of the truth.
        settled: How many were so small that the median decided.
        upheld: How often each annotator was upheld.
        party: In how many decided disputes each annotator had a say.
        reviewers: How many disputes each reviewer decided.
        findings: What could not be used.
    """

    annotations: list[Annotation] = field(default_factory=list)
    decided: int = 0
    corrected: int = 0
    nothing: int = 0
    open: int = 0
    split: int = 0
    kept: int = 0
    differing: int = 0
    settled: int = 0
    upheld: Counter[str] = field(default_factory=Counter)
    party: Counter[str] = field(default_factory=Counter)
    reviewers: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A dispute with the window that shows it, and what reviewers answered."""

    dispute: Dispute
    window: Window
    case: Case
    votes: Mapping[str, Ballot]

    @property
    def last(self) -> Ballot:
        """The latest answer."""
        return list(self.votes.values())[-1]


class Judge:
    """Makes decisions of verdicts, for one tier of one recording."""

    def __init__(self, matter: Matter, cut: Sequence[Dispute], box: Box, outcome: Outcome) -> None:
        self.matter, self.cut = matter, cut
        self.box, self.outcome = box, outcome
        self.spans = {reading.reader: reading.spans for reading in matter.readings}

    def decisions(self, known: Mapping[str, tuple[Window, Case]]) -> list[Decision]:
        """One for each dispute, sorted."""
        found = [
            Decision(d.start, d.end, median_reading(self._of(d), d.start, d.end).spans)
            for d in self.matter.settled
        ]
        self.outcome.settled += len(found)
        corrected: list[_Asked] = []
        for dispute in self.cut:
            asked = self._asked(dispute, known)
            if asked is None:
                self.outcome.open += 1
                found.append(Decision(dispute.start, dispute.end, None))
                continue
            self._count(asked)
            letter = asked.last.letters[asked.case.id]
            if letter == "":
                corrected.append(asked)
                continue
            upheld = asked.window.letters[letter]
            same = [n for n, said in dispute.said.items() if said == dispute.said[upheld]]
            self.outcome.upheld.update(same)
            found.append(Decision(dispute.start, dispute.end, self.spans[upheld]))
        self._note_far(corrected)
        found += self._corrections(corrected)
        return _apart(found)

    def _of(self, dispute: Dispute) -> list[Any]:
        return [r for r in self.matter.readings if r.reader in dispute.readers]

    def _asked(self, dispute: Dispute, known: Mapping[str, tuple[Window, Case]]) -> _Asked | None:
        """A dispute that is decided: somebody answered, and nobody else differently."""
        window, case = known.get(mark_of(self.matter, dispute), (None, None))
        if window is None or case is None:
            return None
        votes = self.box.votes(window.task.id, case.id)
        # Who did not review that stretch says nothing about it, right or wrong.
        usable = {
            by: ballot
            for by, ballot in votes.items()
            if not (letter := ballot.letters[case.id]) or window.letters[letter] in dispute.said
        }
        asked = _Asked(dispute, window, case, usable)
        for by in sorted(votes.keys() - usable.keys()):
            letter = votes[by].letters[case.id]
            self._note("TSL094", asked, f"{by} says '{is_right(letter)}', who did not read")
        if not usable:
            return None
        first, *others = usable.values()
        if self._draws_twice(asked):
            self._note("TSL094", asked, f"{asked.last.by} drew states that overlap, for")
            return None
        if all(self._alike(asked, first, other) for other in others):
            return asked
        self.outcome.split += 1
        self._note_split(asked)
        return None

    def _draws_twice(self, asked: _Asked) -> bool:
        """Whether a correction says two things of one moment where only one can hold."""
        if self.matter.tier.kind != "states" or asked.last.letters[asked.case.id] != "":
            return False
        placed = [(case, span) for case, span in self._placed(asked.window, asked.last) if case]
        own = [span for case, span in placed if case.id == asked.case.id]
        most = HAND * self.matter.around
        return any(
            one is not other
            and min(one.end_us, other.end_us) - max(one.start_us, other.start_us) > most
            for one in own
            for _, other in placed
        )

    def _alike(self, asked: _Asked, one: Ballot, other: Ballot) -> bool:
        """Whether two answers come to the same."""
        letters = [ballot.letters[asked.case.id] for ballot in (one, other)]
        if "" not in letters:
            said = [asked.dispute.said[asked.window.letters[letter]] for letter in letters]
            return said[0] == said[1]
        if any(letters):
            return False
        drawn = [
            self._drawn(asked.window, ballot).get(asked.case.id, []) for ballot in (one, other)
        ]
        near = max(self.matter.around, NEAR)
        return len(drawn[0]) == len(drawn[1]) and all(
            a.label == b.label
            and max(abs(a.start_us - b.start_us), abs(a.end_us - b.end_us)) <= near
            for a, b in zip(*drawn, strict=True)
        )

    def _note_split(self, asked: _Asked) -> None:
        said = {
            by: f"'{is_right(letter)}'" if (letter := b.letters[asked.case.id]) else "'None'"
            for by, b in sorted(asked.votes.items())
        }
        who, what = " and ".join(said), " and ".join(said.values())
        self._note("TSL122", asked, f"{who} decide differently ({what})")

    def _note(self, code: str, asked: _Asked, text: str) -> None:
        text, place = f"{text} the dispute at {clock(asked.case.start / 1e6)}", asked.window.task.id
        self.outcome.findings.append(finding(code, text, f"task {place}", severity="warning"))

    def _count(self, asked: _Asked) -> None:
        outcome, case = self.outcome, asked.case.id
        outcome.decided += 1
        outcome.kept += case in self.box.kept
        outcome.party.update(asked.dispute.readers)
        outcome.reviewers.update(list(asked.votes))
        if asked.last.letters[case] == "":
            drawn = bool(self._drawn(asked.window, asked.last).get(case))
            outcome.corrected += drawn
            outcome.nothing += not drawn

    def _drawn(self, window: Window, ballot: Ballot) -> dict[str, list[Span]]:
        """Drawings by dispute: each belongs to the nearest one that was said to be corrected."""
        found: dict[str, list[Span]] = {}
        for case, span in self._placed(window, ballot):
            if case is not None:
                found.setdefault(case.id, []).append(span)
        return {case: sorted(spans, key=sort_key) for case, spans in found.items()}

    def _placed(self, window: Window, ballot: Ballot) -> Iterator[tuple[Case | None, Span]]:
        """What was drawn in the tier with its dispute, None where it lies far from all."""
        tier = self.matter.tier.name
        cases = [c for c in window.cases if c.tier == tier and ballot.letters.get(c.id) == ""]
        for span in ballot.drawn:
            if span.tier == tier and cases:
                case = _nearest(cases, span)
                reach = max(FAR * self.matter.around, case.end - case.start)
                yield (case if _distance(case, span)[0] <= reach else None), span

    def _note_far(self, corrected: Sequence[_Asked]) -> None:
        """Says what is left out because it was drawn where nothing is disputed."""
        for asked in {asked.window.task.id: asked for asked in corrected}.values():
            far = [s for case, s in self._placed(asked.window, asked.last) if case is None]
            for span in far:
                text = f"{asked.last.by} drew '{span.label}' at {clock(span.start)}, far from"
                self._note("TSL094", asked, text)

    def _corrections(self, corrected: Sequence[_Asked]) -> Iterator[Decision]:
        """What was drawn in place of what readers say."""
        everything = [(d.start, d.end) for d in (*self.cut, *self.matter.settled)]
        common = common_spans(self.matter.readings)
        for asked in corrected:
            case = asked.case
            agreed = Agreed(
                spans=self.matter.readings[0].spans,
                common=common,
                exclusive=self.matter.tier.kind == "states",
                taken=[s for s in everything if s[1] < case.start or s[0] > case.end],
                near=self.matter.around,
            )
            drawn = self._drawn(asked.window, asked.last).get(case.id, [])
            yield from corrections(case.start, case.end, drawn, agreed)


def _nearest(cases: Sequence[Case], span: Span) -> Case:
    return min(cases, key=lambda case: _distance(case, span))


def _distance(case: Case, span: Span) -> tuple[int, int]:
    apart = max(case.start - span.end_us, span.start_us - case.end, 0)
    return apart, abs(case.start + case.end - span.start_us - span.end_us)


def _apart(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions in order of time, none of which begins before another ends."""
    kept: list[Decision] = []
    for decision in sorted(decisions, key=lambda d: (d.start, d.end)):
        if kept and decision.start < kept[-1].end and decision.end <= kept[-1].end:
            continue
        kept.append(decision)
    return kept
