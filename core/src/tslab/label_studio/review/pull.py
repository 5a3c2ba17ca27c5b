"""Verdicts back: ground truth on the original recordings, and who was upheld how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tslab.agreement.disputes.corrections import Agreed, common_spans, corrections
from tslab.agreement.disputes.unanimity import Dispute
from tslab.agreement.disputes.verdicts import Decision, median_reading, truth_of
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.errors import counted
from tslab.label_studio.client import Client
from tslab.label_studio.review.ballots import (
    Ballot,
    Box,
    Namer,
    load_ballots,
    place_of,
    read_ballots,
    save_ballots,
)
from tslab.label_studio.review.config import is_right
from tslab.label_studio.review.key import Case, Key, Window, load_key
from tslab.label_studio.review.readings import REVIEWER, Matter, mark_of, matters
from tslab.label_studio.review.task_answers import unanimous
from tslab.label_studio.review.windows import all_pieces, cases_by_mark
from tslab.lint.codes import finding
from tslab.preparation.stitching import with_ids
from tslab.project import Project
from tslab.spans import FieldValue, Span, sort_key
from tslab.task import clock

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


def review_outcome(
    project: Project,
    client: Client,
    projects: Mapping[str, int],
    annotations: Sequence[Annotation],
    name: Namer,
) -> Outcome | None:
    """The outcome of a project's review so far; None if there was never one.

    Args:
        project: The project folder.
        client: The server.
        projects: Label Studio's ids of the review's projects, by group key.
        annotations: What annotators say now, as it was just pulled.
        name: Names reviewers.

    Raises:
        DataError: The key is damaged.
        ServerError: The server does not answer or refuses.
    """
    key, stored = load_key(project.state), load_ballots(project.state)
    if key is None or not (projects or stored):
        return None
    there = {int(item["id"]) for item in client.projects()} if projects else set()
    numbers = sorted(set(projects.values()) & there)
    exports = [client.annotated(number) for number in numbers]
    places = {place_of(item) for number in numbers for item in client.tasks(number)}
    box = read_ballots(project, key, exports, (stored, places), name)
    for number in sorted(set(projects.values()) - there):
        box.findings.append(_gone(number, len(box.kept)))
    save_ballots(project.state, box.ballots)
    return outcome_of(project, key, box, annotations)


def _gone(number: int, kept: int) -> Finding:
    text = f"review project {number} is gone from Label Studio"
    if kept:
        text += f"; the verdicts on {counted(kept, 'disputes')} that earlier pulls read still count"
    return finding("TSL123", text, severity="warning")


def outcome_of(project: Project, key: Key, box: Box, annotations: Sequence[Annotation]) -> Outcome:
    """What verdicts make of annotations; asks no server."""
    outcome = Outcome(findings=box.findings)
    truths: dict[tuple[str, str], list[tuple[Sequence[Span], list[tuple[int, int]]]]] = {}
    known = cases_by_mark(key)
    for matter, cut in all_pieces(project, matters(project, annotations)):
        judge = _Judge(matter, cut, box, outcome)
        decisions = judge.decisions(known)
        truth = truth_of(matter.readings, decisions)
        truths.setdefault((matter.recording, matter.view), []).append(truth)
    tasks = _task_answers(project, annotations, truths, outcome)
    for (recording, view), parts in truths.items():
        extents = _common([known for _, known in parts])
        spans = [span for own, _ in parts for span in own]
        spans = [s for s in spans if _inside(s, extents)]
        outcome.annotations.append(
            Annotation(
                recording=recording,
                annotator=REVIEWER,
                spans=with_ids(sorted(spans, key=sort_key), f"{REVIEWER}|{recording}|{view}"),
                view=view,
                extents=[(start / 1e6, end / 1e6) for start, end in extents],
                task_fields=tasks[recording, view],
                ground_truth=True,
            )
        )
    return outcome


def _task_answers(
    project: Project,
    annotations: Sequence[Annotation],
    wanted: Iterable[tuple[str, str]],
    outcome: Outcome,
) -> dict[tuple[str, str], dict[str, dict[str, FieldValue]]]:
    """Answers about tasks that everybody gives alike, by recording and view."""
    found = {}
    for recording, view in wanted:
        own = [a for a in annotations if (a.recording, a.view) == (recording, view)]
        readings = [a for a in own if not a.ground_truth]
        found[recording, view], differing = unanimous(project.domain.task_fields, readings)
        outcome.differing += differing
    return found


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


class _Judge:
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
        if not usable:
            return None
        first, *others = usable.values()
        if all(self._alike(asked, first, other) for other in others):
            return asked
        self.outcome.split += 1
        self._note_split(asked)
        return None

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
        text = f"{who} decide the dispute at {clock(asked.case.start / 1e6)} differently: {what}"
        place = f"task {asked.window.task.id}"
        self.outcome.findings.append(finding("TSL122", text, place, severity="warning"))

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
        tier = self.matter.tier.name
        cases = [c for c in window.cases if c.tier == tier and ballot.letters.get(c.id) == ""]
        found: dict[str, list[Span]] = {}
        for span in ballot.drawn:
            if span.tier == tier and cases:
                found.setdefault(_nearest(cases, span).id, []).append(span)
        return {case: sorted(spans, key=sort_key) for case, spans in found.items()}

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


def _common(extents: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Time that is known in all tiers of a view."""
    common = list(extents[0])
    for other in extents[1:]:
        common = [
            (max(a, c), min(b, d)) for a, b in common for c, d in other if max(a, c) < min(b, d)
        ]
    return sorted(common)


def _inside(span: Span, extents: Sequence[tuple[int, int]]) -> bool:
    return any(span.start_us <= end and span.end_us >= start for start, end in extents)
