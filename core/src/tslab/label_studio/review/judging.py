"""Decisions of what reviewers answered, for one tier of one recording."""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tslab.agreement.dispute_values import Dispute
from tslab.agreement.disputes.changes import changes
from tslab.agreement.disputes.corrections import Agreed, common_spans, corrections, crossings
from tslab.agreement.disputes.lookup import Lookup
from tslab.agreement.disputes.parts import Decision, core
from tslab.agreement.disputes.verdicts import median_reading
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.label_studio.people import NAMELESS
from tslab.label_studio.review.ballots import ASKED_ANEW, Ballot, Box
from tslab.label_studio.review.config import is_right
from tslab.label_studio.review.drawings import Drawings, in_words
from tslab.label_studio.review.key import Case, Window
from tslab.label_studio.review.readings import Matter, mark_of
from tslab.lint.codes import finding
from tslab.spans import Span
from tslab.stretches import Stretch
from tslab.task import clock

NEAR = 100_000
"""Microseconds by which the drawings of two reviewers may differ: a hand is no more exact."""

MISSED_IT = "It is open: draw that where it is disputed, or delete it."


@dataclass(slots=True)
class Outcome:
    """What a review has come to.

    Attributes:
        annotations: Ground truth, one for each recording and view.
        decided: How many disputes a verdict decided.
        corrected: How many of them the reviewer decided by drawing.
        nothing: How many by saying that there is nothing.
        open: How many have no verdict yet.
        split: Ids of these that are open because reviewers differ.
        unusable: Ids of these that are open because what was answered cannot be used.
        refused: Answers that say nothing of their dispute: place, reviewer and dispute.
        kept: How many were decided in tasks that Label Studio no longer has.
        differing: How many answers about tasks differ; they are no part of the truth.
        settled: How many were so small that the median decided.
        waiting: How many spans have a border that is open; they are no part of the truth.
        upheld: How often each annotator was upheld.
        party: In how many decided disputes each annotator had a say.
        reviewers: How many disputes each reviewer decided.
        own: How many of these each decided about an own reading.
        favoured: In how many of these the own reading was upheld.
        findings: What could not be used.
    """

    annotations: list[Annotation] = field(default_factory=list)
    decided: int = 0
    corrected: int = 0
    nothing: int = 0
    open: int = 0
    split: set[str] = field(default_factory=set)
    unusable: set[str] = field(default_factory=set)
    refused: set[tuple[str, str, str]] = field(default_factory=set)
    kept: int = 0
    differing: int = 0
    settled: int = 0
    waiting: int = 0
    upheld: Counter[str] = field(default_factory=Counter)
    party: Counter[str] = field(default_factory=Counter)
    reviewers: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    favoured: Counter[str] = field(default_factory=Counter)
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
        self.drawings = Drawings(matter, cut)
        self.spans = {reading.reader: reading.spans for reading in matter.readings}

    def decisions(self, known: Mapping[str, tuple[Window, Case]]) -> list[Decision]:
        """One for each dispute, sorted."""
        lookup = Lookup()
        found = [
            Decision(*core(d), median_reading(self._of(d), d.start, d.end, lookup).spans)
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
                if not self.drawings.of(asked.window, asked.last).get(asked.case.id):
                    self._uphold(asked, silent(dispute))
                continue
            upheld = asked.window.letters[letter]
            same = [n for n, said in dispute.said.items() if said == dispute.said[upheld]]
            self._uphold(asked, same)
            found.append(Decision(*core(dispute), self.spans[upheld]))
        self._note_left_out(corrected)
        own = [core(asked.dispute) for asked in corrected]
        found += self._corrections(corrected, [*((d.start, d.end) for d in found), *own])
        return _apart(found)

    def _uphold(self, asked: _Asked, readers: Sequence[str]) -> None:
        self.outcome.upheld.update(readers)
        own = own_readers(asked.votes, asked.dispute.readers)
        self.outcome.favoured.update(own.intersection(readers))

    def _of(self, dispute: Dispute) -> list[Any]:
        return [r for r in self.matter.readings if r.reader in dispute.readers]

    def _asked(self, dispute: Dispute, known: Mapping[str, tuple[Window, Case]]) -> _Asked | None:
        """A dispute that is decided: somebody answered, and nobody else differently."""
        window, case = known.get(mark_of(self.matter, dispute), (None, None))
        if window is None or case is None:
            return None
        asked = _Asked(dispute, window, case, self.box.votes(window.task.id, case.id))
        usable = dict(self._usable(asked))
        refused = {by: ballot for by, ballot in asked.votes.items() if by not in usable}
        self.outcome.refused |= {(b.place, by, case.id) for by, b in refused.items()}
        if not usable:
            if refused or case.id in self.box.unusable:
                self.outcome.unusable.add(case.id)
            return None
        asked = replace(asked, votes=usable)
        first, *others = asked.votes.values()
        if all(self._alike(asked, first, other) for other in others):
            return asked
        self.outcome.split.add(case.id)
        self._note_split(asked)
        return None

    def _usable(self, asked: _Asked) -> Iterator[tuple[str, Ballot]]:
        """Answers that say what holds in a dispute; of the others is said why they do not."""
        for by, ballot in asked.votes.items():
            letter = ballot.letters[asked.case.id]
            if letter and asked.window.letters[letter] not in asked.dispute.said:
                # Who did not review that stretch says nothing about it, right or wrong.
                self._note("TSL094", asked, f"{by} says '{is_right(letter)}', who did not read")
            elif not letter and self.drawings.twice(asked.window, asked.case, ballot):
                self._note("TSL094", asked, f"{by} drew states that overlap, for")
            elif not letter and (missed := self._misses(asked, ballot)):
                self._note(
                    "TSL094",
                    asked,
                    f"{by} says 'None', but {missed[0]}",
                    self._remedy(asked, MISSED_IT),
                )
            else:
                yield by, ballot

    def _misses(self, asked: _Asked, ballot: Ballot) -> list[str]:
        """What was drawn for a dispute and left out, if nothing was drawn in it."""
        if self.drawings.of(asked.window, ballot).get(asked.case.id):
            return []
        return list(self._left_out(asked, ballot))

    def _alike(self, asked: _Asked, one: Ballot, other: Ballot) -> bool:
        """Whether two answers come to the same."""
        letters = [ballot.letters[asked.case.id] for ballot in (one, other)]
        if "" not in letters:
            said = [asked.dispute.said[asked.window.letters[letter]] for letter in letters]
            return said[0] == said[1]
        if any(letters):
            return False
        drawn = [
            self.drawings.of(asked.window, ballot).get(asked.case.id, []) for ballot in (one, other)
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
        self._note("TSL122", asked, f"{who} decide differently ({what})", self._remedy(asked))

    def _remedy(self, asked: _Asked, usual: str = "") -> str:
        """Nobody can change an answer whose task is gone."""
        return ASKED_ANEW if asked.case.id in self.box.kept else usual

    def _note(self, code: str, asked: _Asked, text: str, remedy: str = "") -> None:
        text, place = f"{text} the dispute at {clock(asked.case.start / 1e6)}", asked.window.task.id
        found = finding(code, text, f"task {place}", remedy, severity="warning")
        self.outcome.findings.append(found)

    def _count(self, asked: _Asked) -> None:
        outcome, case = self.outcome, asked.case.id
        outcome.decided += 1
        outcome.kept += case in self.box.kept
        outcome.party.update(asked.dispute.readers)
        outcome.reviewers.update(list(asked.votes))
        outcome.own.update(own_readers(asked.votes, asked.dispute.readers))
        if asked.last.letters[case] == "":
            drawn = bool(self.drawings.of(asked.window, asked.last).get(case))
            outcome.corrected += drawn
            outcome.nothing += not drawn

    def _left_out(self, asked: _Asked, ballot: Ballot) -> Iterator[str]:
        """What was drawn for a dispute and cannot be, in words."""
        for placed in self.drawings.placed(asked.window, ballot):
            if placed.wrong and placed.case.id == asked.case.id:
                span = placed.span
                yield f"drew '{span.label}' at {clock(span.start)}, {placed.wrong}"

    def _note_left_out(self, corrected: Sequence[_Asked]) -> None:
        """Says what is left out because it was drawn where it is for no dispute."""
        for asked in corrected:
            for what in self._left_out(asked, asked.last):
                self._note("TSL094", asked, f"{asked.last.by} {what}")

    def _corrections(
        self, corrected: Sequence[_Asked], everything: Sequence[Stretch]
    ) -> Iterator[Decision]:
        """What was drawn in place of what readers say.

        Args:
            corrected: Disputes that are decided by drawing.
            everything: Stretches of all disputes.
        """
        common: dict[tuple[str, ...], set[Span]] = {}
        for asked in corrected:
            case, own, readings = asked.case, core(asked.dispute), self._of(asked.dispute)
            if asked.dispute.readers not in common:
                common[asked.dispute.readers] = common_spans(readings)
            agreed = Agreed(
                spans=readings[0].spans,
                common=common[asked.dispute.readers],
                exclusive=self.matter.tier.kind == "states",
                taken=[s for s in everything if s != own and (s[1] <= own[0] or s[0] >= own[1])],
                near=self.matter.around,
                crossing=crossings(readings),
            )
            drawn = self.drawings.of(asked.window, asked.last).get(case.id, [])
            yield from corrections(*own, drawn, agreed)
            for change in changes(*own, drawn, agreed):
                text, remedy = in_words(change)
                self._note("TSL094", asked, f"{asked.last.by} {text}", remedy)


def silent(dispute: Dispute) -> list[str]:
    """Who says nothing in a dispute but what all say."""
    length = dispute.end - dispute.start
    inside = {
        reader: Counter(
            (label, max(first, 0), min(last, length))
            for label, first, last in said
            if first == last or max(first, 0) < min(last, length)
        )
        for reader, said in dispute.said.items()
    }
    common = functools.reduce(operator.and_, inside.values())
    return [reader for reader, own in inside.items() if own == common]


def own_readers(reviewers: Iterable[str], readers: Collection[str]) -> set[str]:
    """Reviewers who decide about a reading of their own; nobody knows who has no name."""
    return {by for by in reviewers if by in readers and not by.startswith(NAMELESS)}


def _apart(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions in order of time, none of which begins before another ends."""
    kept: list[Decision] = []
    for decision in sorted(decisions, key=lambda d: (d.start, d.end)):
        if kept and decision.start < kept[-1].end and decision.end <= kept[-1].end:
            continue
        kept.append(decision)
    return kept
