"""What reviewers answered, window by window; kept in ``.tslab/``, so that no verdict is lost.

Label Studio holds the answers, but its projects and tasks can be deleted. Every pull keeps what it
read. An answer whose task is gone from the server still counts; one that was deleted from a task
that is there was taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tslab import files
from tslab.contracts import Finding
from tslab.errors import DataError, counted
from tslab.label_studio.review.answers import (
    AnswerReader,
    drawn_for,
    lost_drawing,
    lost_span,
    without_open,
)
from tslab.label_studio.review.key import Key, Window
from tslab.lint.codes import finding
from tslab.project import Project
from tslab.spans import Span

FILE = "review-verdicts.json"

ASKED_ANEW = "Their task is gone: 'tslab review' asks anew."

Exports = Sequence[Sequence[Mapping[str, Any]]]
Namer = Callable[[Mapping[str, Any]], str]
"""Says who made an annotation."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one reviewer answered in one window.

    Attributes:
        window: Id of the window's task.
        place: Label Studio's task, see `place_of`.
        by: The reviewer.
        number: Label Studio's id of the annotation.
        at: When it was changed last.
        letters: Letter that is right by the dispute's id; "" where only a drawing is.
        drawn: What was drawn.
    """

    window: str
    place: str
    by: str
    number: int
    at: str
    letters: Mapping[str, str]
    drawn: Sequence[Span] = ()


@dataclass(slots=True)
class Box:
    """All answers that count.

    Attributes:
        ballots: In order of time.
        kept: Ids of disputes that are answered in tasks which Label Studio no longer has.
        unusable: Ids of disputes about which somebody drew what cannot be used.
        findings: What could not be used, and what was taken back.
    """

    ballots: list[Ballot] = field(default_factory=list)
    kept: frozenset[str] = frozenset()
    unusable: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def votes(self, window: str, case: str) -> dict[str, Ballot]:
        """The last answer of each reviewer about a dispute."""
        return {b.by: b for b in self.ballots if b.window == window and case in b.letters}


def place_of(item: Mapping[str, Any]) -> str:
    """Names a task of Label Studio for good: a new server may give out the same ids again."""
    return f"{item.get('id')}|{item.get('created_at') or ''}"


def load_ballots(state: Path) -> list[Ballot]:
    """Answers of earlier pulls.

    Raises:
        DataError: The file is damaged.
    """
    import msgspec

    path = state / FILE
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Ballot])
    except (msgspec.MsgspecError, DataError, OSError) as error:
        raise DataError(
            f"'.tslab/{FILE}' is damaged: {error}",
            "Bring back an older copy, or delete it: what Label Studio still has is read anew.",
        ) from error


def save_ballots(state: Path, ballots: Sequence[Ballot]) -> None:
    """Writes answers so that only the owner reads them."""
    files.write_bytes(state / FILE, files.json_bytes(list(ballots)), mode=0o600)


def answered(ballots: Sequence[Ballot], places: Collection[str]) -> frozenset[str]:
    """Disputes that tasks other than these answer, everybody alike: nobody is asked again."""
    given: dict[str, set[str]] = {}
    for ballot in ballots:
        if ballot.place not in places:
            for case, letter in ballot.letters.items():
                given.setdefault(case, set()).add(letter)
    return frozenset(case for case, letters in given.items() if len(letters) == 1)


def without(ballots: Sequence[Ballot], given: Collection[tuple[str, str, str]]) -> list[Ballot]:
    """Ballots without some answers, each given as place, reviewer and dispute."""
    return [
        _only(b, {case for case in b.letters if (b.place, b.by, case) not in given})
        for b in ballots
    ]


def read_ballots(
    project: Project,
    key: Key,
    exports: Exports,
    earlier: tuple[Sequence[Ballot], Collection[str]] = ((), ()),
    name: Namer = lambda annotation: str(annotation.get("completed_by")),
    live: Collection[str] | None = None,
) -> Box:
    """Answers of exported review tasks, and those of earlier pulls that are still to be counted.

    Args:
        project: The project folder.
        key: Its windows.
        exports: Review tasks with annotations, by project.
        earlier: Answers of earlier pulls, and the places of all tasks that the server has.
        name: Names reviewers.
        live: Marks of the disputes that there are: nothing is said of answers about others, for
            they count for nothing. None is all.
    """
    stored, places = earlier
    box = Box()
    there = {c.id for w in key.windows for c in w.cases if live is None or c.mark in live}
    windows = {window.task.id: window for window in key.windows}
    stored = [
        b if b.place in places else _readable(project, windows.get(b.window), b, (box, there))
        for b in stored
    ]
    box.kept = kept = answered(stored, places)
    before = {(b.place, b.number): b.by for b in stored}
    fresh = list(_fresh(project, key, exports, (box, there), _Names(before, name)))
    given = {(ballot.place, ballot.by) for ballot in fresh}
    old = [_only(b, kept) for b in stored if b.place not in places]
    for ballot in stored:
        if ballot.place in places and (ballot.place, ballot.by) not in given:
            box.findings += _taken_back(ballot, there)
    box.ballots = sorted((*old, *fresh), key=lambda b: (b.at, b.place, b.by))
    return box


def _readable(
    project: Project, window: Window | None, ballot: Ballot, found: tuple[Box, Collection[str]]
) -> Ballot:
    """A ballot of a lost task without drawings of labels that the config no longer has."""
    box, there = found
    labels = {(tier.name, x.name) for tier in project.domain.tiers for x in tier.labels}
    gone = [span for span in ballot.drawn if (span.tier, span.label) not in labels]
    if window is None or not gone:
        return ballot
    opened: set[str] = set()
    for lost in (lost_span(span, "TSL083") for span in gone):
        cases = drawn_for(project.domain, window, ballot.letters, lost)
        opened |= {case.id for case in cases}
        if live := [case for case in cases if case.id in there]:
            box.findings.append(lost_drawing(window, ballot.by, live, lost, ASKED_ANEW))
    box.unusable |= opened
    drawn = [span for span in ballot.drawn if span not in gone]
    letters, drawn = without_open(project.domain, window, ballot.letters, drawn, opened)
    return replace(ballot, letters=letters, drawn=drawn)


def _taken_back(ballot: Ballot, there: Collection[str]) -> Iterator[Finding]:
    """Says that an answer was deleted: of disputes that there are, and of those that are gone."""
    place = f"task {ballot.window}"
    gone = sum(case not in there for case in ballot.letters)
    if count := len(ballot.letters) - gone:
        text = f"{ballot.by} took back {counted(count, 'verdicts')}"
        yield finding("TSL124", text, place, severity="warning")
    if gone:
        text = f"{ballot.by} took back {counted(gone, 'verdicts')} on what is disputed no more"
        yield finding("TSL124", text, place, "They counted for nothing: a reading has changed "
                      "since.", "warning")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Names:
    """Names of reviewers. An annotation of a deleted account keeps the one that it had."""

    before: Mapping[tuple[str, int], str]
    name: Namer

    def of(self, annotation: Mapping[str, Any], place: str) -> str:
        if annotation.get("completed_by") is None:
            known = self.before.get((place, int(annotation["id"])))
            return known or self.name(annotation)
        return self.name(annotation)


def _only(ballot: Ballot, cases: Collection[str]) -> Ballot:
    """Answers to some disputes: what reviewers of a lost task differed about is asked anew."""
    letters = {case: letter for case, letter in ballot.letters.items() if case in cases}
    return replace(ballot, letters=letters)


def _fresh(
    project: Project,
    key: Key,
    exports: Exports,
    found: tuple[Box, Collection[str]],
    names: _Names,
) -> Iterator[Ballot]:
    """The last annotation of each reviewer in each window."""
    box, there = found
    windows = {window.task.id: window for window in key.windows}
    for exported in exports:
        for item in exported:
            window = windows.get(str((item.get("data") or {}).get("task", "")))
            if window is None:
                continue
            given = [a for a in item.get("annotations") or () if not a.get("was_cancelled")]
            given.sort(key=lambda a: (str(a.get("updated_at") or ""), int(a["id"])))
            place = place_of(item)
            last = {names.of(a, place): a for a in given}
            for by, annotation in last.items():
                reader = AnswerReader(project, window, by, box.kept, there)
                letters, drawn = reader.read(annotation.get("result") or ())
                if any(case.id in there for case in window.cases):
                    box.findings += reader.findings
                box.unusable |= reader.unusable
                number, at = int(annotation["id"]), str(annotation.get("updated_at") or "")
                yield Ballot(window.task.id, place, by, number, at, letters, drawn)
