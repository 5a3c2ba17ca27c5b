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
from tslab.label_studio.regions import LABELS_TYPE, from_regions
from tslab.label_studio.review.config import CORRECTED, DISPUTE, REST, VERDICT, verdict_of
from tslab.label_studio.review.key import Key, Window
from tslab.lint.codes import finding
from tslab.project import Project
from tslab.spans import Span

FILE = "review-verdicts.json"

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
        findings: What could not be used, and what was taken back.
    """

    ballots: list[Ballot] = field(default_factory=list)
    kept: frozenset[str] = frozenset()
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


def without(ballots: Sequence[Ballot], cases: Collection[str]) -> list[Ballot]:
    """Ballots without what they answer to some disputes."""
    return [_only(ballot, ballot.letters.keys() - cases) for ballot in ballots]


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
    kept = answered(stored, places)
    box = Box(kept=kept)
    before = {(b.place, b.number): b.by for b in stored}
    there = {c.id for w in key.windows for c in w.cases if live is None or c.mark in live}
    fresh = list(_fresh(project, key, exports, (box, there), _Names(before, name)))
    given = {(ballot.place, ballot.by) for ballot in fresh}
    old = [_only(b, kept) for b in stored if b.place not in places]
    for ballot in stored:
        if ballot.place in places and (ballot.place, ballot.by) not in given:
            box.findings += _taken_back(ballot, there)
    box.ballots = sorted((*old, *fresh), key=lambda b: (b.at, b.place, b.by))
    return box


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
                reader = _Reader(project, window, by, box.kept, there)
                letters, drawn = reader.read(annotation.get("result") or ())
                if any(case.id in there for case in window.cases):
                    box.findings += reader.findings
                number, at = int(annotation["id"]), str(annotation.get("updated_at") or "")
                yield Ballot(window.task.id, place, by, number, at, letters, drawn)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what one annotation of a window says."""

    project: Project
    window: Window
    by: str
    kept: Collection[str]
    there: Collection[str]
    findings: list[Finding] = field(default_factory=list)

    def read(self, results: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], list[Span]]:
        """Letters by dispute, and what was drawn."""
        asked = [case for case in self.window.cases if case.id not in self.kept]
        names = {case.id for case in self.window.cases}
        shown = {str(r.get("id")) for r in results if r.get("from_name") == DISPUTE}
        if shown and not shown & names:
            # The window was open when its task was made anew, and the server gave its number away.
            self._note(f"{self.by} answered another window", "Delete the answer, and decide anew.")
            return {}, []
        letters: dict[str, str] = {}
        given: dict[str, set[str]] = {}
        for result in results:
            if result.get("from_name") == REST:
                letter = self._letter(result)
                if letter is not None:
                    letters = {case.id: letter for case in asked} | letters
            elif result.get("from_name") == VERDICT and result.get("id") in names:
                letter, case = self._letter(result), str(result["id"])
                if letter is not None:
                    given.setdefault(case, set()).add(letter)
        letters |= {case: min(said) for case, said in given.items() if len(said) == 1}
        twice = {case for case, said in given.items() if len(said) > 1}
        letters = {case: letter for case, letter in letters.items() if case not in twice}
        live = {case.id for case in asked if case.id in self.there}
        missing, twice = live - letters.keys(), live & twice
        if missing:
            count = counted(len(live), "disputes")
            text = f"{self.by} leaves {len(missing)} of {count} without an answer"
            text += f"; {len(twice)} of these with two answers" if twice else ""
            self._note(text, "Answer them, or answer for all that have none.")
        return letters, self._drawn(results, letters)

    def _letter(self, result: Mapping[str, Any]) -> str | None:
        chosen = (result.get("value") or {}).get("choices") or [None]
        letter = verdict_of(chosen[0])
        if letter is None or (letter and letter not in self.window.letters):
            text = f"verdict '{chosen[0]}' names no reading of this window"
            self._note(text, "Choose another one.")
            return None
        return letter

    def _drawn(
        self, results: Sequence[Mapping[str, Any]], letters: Mapping[str, str]
    ) -> list[Span]:
        task, domain = self.window.task, self.project.domain
        labels = {tier.name for tier in domain.view_tiers(task.view)}
        own = [
            r
            for r in results
            if r.get("from_name") not in (DISPUTE, VERDICT, REST)
            and (r.get("type") != LABELS_TYPE or r.get("from_name") in labels)
        ]
        reading = from_regions(own, task, domain, self.window.exact)
        self.findings.extend(reading.findings)
        tiers = {case.tier for case in self.window.cases if letters.get(case.id) == ""}
        names = {case.id for case in self.window.cases}
        lost = [s for s in reading.spans if s.tier not in tiers and s.id not in names]
        if lost:
            count = counted(len(lost), "regions")
            text = f"{count} drawn, but no dispute there is said to be corrected"
            self._note(text, f"Choose '{CORRECTED}' for one.")
        return list(reading.spans)

    def _note(self, text: str, remedy: str) -> None:
        place = f"task {self.window.task.id}"
        self.findings.append(finding("TSL094", text, place, remedy, "warning"))
