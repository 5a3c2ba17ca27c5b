"""What one annotation of a review's window says: whose letter is right, and what was drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.errors import counted
from tslab.label_studio.regions import Lost, Reading, from_regions
from tslab.label_studio.review.config import CORRECTED, DISPUTE, REST, VERDICT, verdict_of
from tslab.label_studio.review.key import Case, Window, nearest
from tslab.lint.codes import finding
from tslab.project import Project
from tslab.spans import Span
from tslab.task import clock


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Reads an annotation of a window.

    Attributes:
        project: The project folder.
        window: The window.
        by: The reviewer.
        kept: Ids of disputes that are decided in tasks which are gone.
        there: Ids of disputes that there still are.
        findings: What could not be used.
        unusable: Ids of disputes whose answer is none, for what was drawn cannot be read.
    """

    project: Project
    window: Window
    by: str
    kept: Collection[str]
    there: Collection[str]
    findings: list[Finding] = field(default_factory=list)
    unusable: set[str] = field(default_factory=set)

    def read(self, results: Sequence[Any]) -> tuple[dict[str, str], list[Span]]:
        """Letters by dispute, and what was drawn."""
        asked = [case for case in self.window.cases if case.id not in self.kept]
        if self._is_of_another_window(results):
            self._note(f"{self.by} answered another window", "Delete the answer, and decide anew.")
            return {}, []
        letters, given = self._given(results, asked)
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
        return self._drawn(results, letters)

    def _is_of_another_window(self, results: Sequence[Any]) -> bool:
        """A task may be made anew while its window is open, and its number given away."""
        names = {case.id for case in self.window.cases}
        shown = {str(r.get("id")) for r in results if _control(r) == DISPUTE}
        return bool(shown) and not shown & names

    def _given(
        self, results: Sequence[Any], asked: Sequence[Case]
    ) -> tuple[dict[str, str], dict[str, set[str]]]:
        """Letters for all that have none of their own, and the own ones of each dispute."""
        names = {case.id for case in self.window.cases}
        rest: dict[str, str] = {}
        given: dict[str, set[str]] = {}
        for result in results:
            control = _control(result)
            if control not in (REST, VERDICT):
                continue
            case = str(result.get("id"))
            if control == VERDICT and case not in names:
                text = f"{self.by} gave a verdict on region '{case}', which is no dispute here"
                self._note(text, "Give it on a grey region, or draw with 'None' for one.")
                continue
            letter = self._letter(result)
            if letter is None:
                continue
            if control == VERDICT:
                given.setdefault(case, set()).add(letter)
            else:
                rest = {case.id: letter for case in asked} | rest
        return rest, given

    def _letter(self, result: Mapping[str, Any]) -> str | None:
        value = result.get("value")
        chosen = value.get("choices") if isinstance(value, Mapping) else None
        first = chosen[0] if isinstance(chosen, list) and chosen else None
        letter = verdict_of(first)
        if letter is None or (letter and letter not in self.window.letters):
            self._note(f"verdict '{first}' names no reading of this window", "Choose another one.")
            return None
        return letter

    def _drawn(
        self, results: Sequence[Any], letters: Mapping[str, str]
    ) -> tuple[dict[str, str], list[Span]]:
        """Letters without those that a lost drawing leaves open, and what was drawn."""
        reading = self._reading(results)
        self.findings.extend(reading.findings)
        tiers = {case.tier for case in self.window.cases if letters.get(case.id) == ""}
        names = {case.id for case in self.window.cases}
        idle = [s for s in reading.spans if s.tier not in tiers and s.id not in names]
        if idle:
            count = counted(len(idle), "regions")
            text = f"{count} drawn, but no dispute there is said to be corrected"
            self._note(text, f"Choose '{CORRECTED}' for one.")
        opened: set[str] = set()
        for lost in reading.lost:
            cases = drawn_for(self.project.domain, self.window, letters, lost)
            opened |= {case.id for case in cases}
            live = [case for case in cases if case.id in self.there]
            if live:
                self.findings.append(lost_drawing(self.window, self.by, live, lost))
        self.unusable.update(opened)
        place = self.project.domain, self.window
        return without_open(*place, letters, reading.spans, opened)

    def _reading(self, results: Sequence[Any]) -> Reading:
        """What was drawn, without disputes and verdicts."""
        task, domain = self.window.task, self.project.domain
        drawn = [r for r in results if _control(r) not in (DISPUTE, VERDICT, REST)]
        reading = from_regions(drawn, task, domain, self.window.exact)
        shown = {tier.name for tier in domain.view_tiers(task.view)}
        for span in [s for s in reading.spans if s.tier not in shown]:
            reading.spans.remove(span)
            reading.lost.append(lost_span(span, "TSL082"))
            text = f"control '{span.tier}' is no tier of view '{task.view}'"
            place = f"task {task.id}"
            reading.findings.append(finding("TSL082", text, place, severity="warning"))
        return reading

    def _note(self, text: str, remedy: str) -> None:
        place = f"task {self.window.task.id}"
        self.findings.append(finding("TSL094", text, place, remedy, "warning"))


def _control(result: Any) -> str:
    """Name of the control that a result is of, "" if it is no object."""
    return str(result.get("from_name", "")) if isinstance(result, Mapping) else ""


def lost_span(span: Span, code: str) -> Lost:
    """Something drawn that was read and is of no use."""
    return Lost(span.id, span.tier, code, (span.start_us, span.end_us))


def drawn_for(domain: Domain, window: Window, letters: Mapping[str, str], lost: Lost) -> list[Case]:
    """Disputes that something lost may have been drawn for.

    It is the nearest one of its tier; all, if nobody knows where it is, or of which tier.
    """
    known = {tier.name for tier in domain.view_tiers(window.task.view)}
    cases = [
        case
        for case in window.cases
        if letters.get(case.id) == "" and (case.tier == lost.tier or lost.tier not in known)
    ]
    return [nearest(cases, *lost.between)] if cases and lost.between else cases


def without_open(
    domain: Domain,
    window: Window,
    letters: Mapping[str, str],
    drawn: Sequence[Span],
    opened: set[str],
) -> tuple[dict[str, str], list[Span]]:
    """Letters without disputes that stay open, and drawings without those that are for them."""
    spans = [
        span
        for span in drawn
        if opened.isdisjoint(c.id for c in drawn_for(domain, window, letters, lost_span(span, "")))
    ]
    return {case: letter for case, letter in letters.items() if case not in opened}, spans


def lost_drawing(
    window: Window, by: str, cases: Sequence[Case], lost: Lost, remedy: str = "Delete or redraw it."
) -> Finding:
    """Says that disputes stay open, and why."""
    at = clock(cases[0].start / 1e6)
    what = f"the dispute at {at} stays open"
    if len(cases) > 1:
        what = f"{counted(len(cases), 'disputes')} from {at} on stay open"
    text = f"{by} says 'None', but region '{lost.region}' cannot be used ({lost.code}): {what}"
    return finding("TSL094", text, f"task {window.task.id}", remedy, "warning")
