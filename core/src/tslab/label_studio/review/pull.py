"""Verdicts back: ground truth on the original recordings, and who was upheld how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tslab.agreement.disputes.corrections import Agreed, common_spans, corrections
from tslab.agreement.disputes.unanimity import Dispute
from tslab.agreement.disputes.verdicts import Decision, median_reading, truth_of
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.errors import counted
from tslab.label_studio.client import Client
from tslab.label_studio.regions import LABELS_TYPE, from_regions
from tslab.label_studio.review.config import CORRECTED, DISPUTE, VERDICT, verdict_of
from tslab.label_studio.review.key import Case, Key, Window, load_key
from tslab.label_studio.review.readings import REVIEWER, Matter, mark_of, matters
from tslab.label_studio.review.windows import all_pieces, cases_by_mark
from tslab.preparation.stitching import with_ids
from tslab.project import Project
from tslab.spans import Span, sort_key


@dataclass(slots=True)
class Verdicts:
    """What reviewers said.

    Attributes:
        letters: Letter that was upheld by the dispute's id; "" where the reviewer drew.
        drawn: What was drawn, by window.
        findings: What could not be used.
    """

    letters: dict[str, str] = field(default_factory=dict)
    drawn: dict[str, list[Span]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """What a review has come to.

    Attributes:
        annotations: Ground truth, one for each recording and view.
        decided: How many disputes a verdict decided.
        corrected: How many of them the reviewer decided by drawing.
        open: How many have no verdict yet.
        settled: How many were so small that the median decided.
        upheld: How often each annotator was upheld.
        party: In how many decided disputes each annotator had a say.
        findings: What could not be used.
    """

    annotations: list[Annotation] = field(default_factory=list)
    decided: int = 0
    corrected: int = 0
    open: int = 0
    settled: int = 0
    upheld: Counter[str] = field(default_factory=Counter)
    party: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def review_outcome(
    project: Project,
    client: Client,
    projects: Mapping[str, int],
    annotations: Sequence[Annotation],
) -> Outcome | None:
    """The outcome of a project's review so far; None if there was never one.

    Args:
        project: The project folder.
        client: The server.
        projects: Label Studio's ids of the review's projects, by group key.
        annotations: What annotators say now, as it was just pulled.

    Raises:
        DataError: The key is damaged.
        ServerError: The server does not answer or refuses.
    """
    key = load_key(project.state)
    if key is None or not projects:
        return None
    exports = [client.annotated(number) for _, number in sorted(projects.items())]
    return outcome_of(project, key, exports, annotations)


def outcome_of(
    project: Project,
    key: Key,
    exports: Sequence[Sequence[Mapping[str, Any]]],
    annotations: Sequence[Annotation],
) -> Outcome:
    """What verdicts make of annotations; asks no server."""
    verdicts = read_verdicts(project, key, exports)
    outcome = Outcome(findings=verdicts.findings)
    truths: dict[tuple[str, str], list[tuple[Sequence[Span], list[tuple[int, int]]]]] = {}
    known = cases_by_mark(key)
    for matter, cut in all_pieces(project, matters(project, annotations)):
        judge = _Judge(matter, cut, verdicts, outcome)
        decisions = judge.decisions(known)
        truth = truth_of(matter.readings, decisions)
        truths.setdefault((matter.recording, matter.view), []).append(truth)
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
                ground_truth=True,
            )
        )
    return outcome


def read_verdicts(
    project: Project, key: Key, exports: Sequence[Sequence[Mapping[str, Any]]]
) -> Verdicts:
    """Verdicts and drawings of exported review tasks; the last annotation of a window counts."""
    windows = {window.task.id: window for window in key.windows}
    verdicts = Verdicts()
    for exported in exports:
        for item in exported:
            window = windows.get(str((item.get("data") or {}).get("task", "")))
            given = [a for a in item.get("annotations") or () if not a.get("was_cancelled")]
            if window is None or not given:
                continue
            last = max(given, key=lambda a: (str(a.get("updated_at") or ""), int(a["id"])))
            _read(project, window, last.get("result") or (), verdicts)
    return verdicts


def _read(
    project: Project, window: Window, results: Sequence[Mapping[str, Any]], verdicts: Verdicts
) -> None:
    cases = {case.id: case for case in window.cases}
    for result in results:
        if result.get("from_name") != VERDICT or result.get("id") not in cases:
            continue
        chosen = (result.get("value") or {}).get("choices") or [None]
        letter = verdict_of(chosen[0])
        if letter is None or (letter and letter not in window.letters):
            text = f"verdict '{chosen[0]}' names no reading of this window"
            verdicts.findings.append(_finding(window, text, "Choose another one."))
            continue
        verdicts.letters[str(result["id"])] = letter
    labels = {tier.name for tier in project.domain.view_tiers(window.task.view)}
    own = [
        r
        for r in results
        if r.get("from_name") not in (DISPUTE, VERDICT)
        and (r.get("type") != LABELS_TYPE or r.get("from_name") in labels)
    ]
    reading = from_regions(own, window.task, project.domain, window.exact)
    verdicts.findings += reading.findings
    verdicts.drawn[window.task.id] = reading.spans
    corrected = {c.tier for c in window.cases if verdicts.letters.get(c.id) == ""}
    lost = [s for s in reading.spans if s.tier not in corrected and s.id not in cases]
    if lost:
        text = (
            f"{counted(len(lost), 'regions')} drawn, but no dispute there is said to be corrected"
        )
        verdicts.findings.append(_finding(window, text, f"Choose '{CORRECTED}' for one."))


class _Judge:
    """Makes decisions of verdicts, for one tier of one recording."""

    def __init__(
        self, matter: Matter, cut: Sequence[Dispute], verdicts: Verdicts, outcome: Outcome
    ) -> None:
        self.matter, self.cut = matter, cut
        self.verdicts, self.outcome = verdicts, outcome
        self.spans = {reading.reader: reading.spans for reading in matter.readings}

    def decisions(self, known: Mapping[str, tuple[Window, Case]]) -> list[Decision]:
        """One for each dispute, sorted."""
        found = [
            Decision(d.start, d.end, median_reading(self._of(d), d.start, d.end).spans)
            for d in self.matter.settled
        ]
        self.outcome.settled += len(found)
        corrected: list[tuple[Window, Case]] = []
        for dispute in self.cut:
            window, case = known.get(mark_of(self.matter, dispute), (None, None))
            letter = self.verdicts.letters.get(case.id) if case is not None else None
            if window is None or case is None or letter is None:
                self.outcome.open += 1
                found.append(Decision(dispute.start, dispute.end, None))
                continue
            self.outcome.decided += 1
            self.outcome.party.update(dispute.readers)
            if letter == "":
                self.outcome.corrected += 1
                corrected.append((window, case))
                continue
            upheld = window.letters[letter]
            same = [n for n, said in dispute.said.items() if said == dispute.said.get(upheld)]
            self.outcome.upheld.update(same)
            found.append(Decision(dispute.start, dispute.end, self.spans.get(upheld, ())))
        found += self._corrections(corrected)
        return _apart(found)

    def _of(self, dispute: Dispute) -> list[Any]:
        return [r for r in self.matter.readings if r.reader in dispute.readers]

    def _corrections(self, cases: Sequence[tuple[Window, Case]]) -> Iterator[Decision]:
        """Drawings, each in the nearest dispute of its tier that was said to be corrected."""
        tier = self.matter.tier
        windows = {window.task.id: window for window, _ in cases}
        drawn: dict[str, list[Span]] = {case.id: [] for _, case in cases}
        for name in windows:
            own = [case for window, case in cases if window.task.id == name]
            for span in self.verdicts.drawn.get(name, ()):
                if span.tier == tier.name:
                    drawn[_nearest(own, span).id].append(span)
        everything = [(d.start, d.end) for d in (*self.cut, *self.matter.settled)]
        common = common_spans(self.matter.readings)
        for _, case in cases:
            agreed = Agreed(
                spans=self.matter.readings[0].spans,
                common=common,
                exclusive=tier.kind == "states",
                taken=[s for s in everything if s[1] < case.start or s[0] > case.end],
                near=self.matter.around,
            )
            yield from corrections(case.start, case.end, drawn[case.id], agreed)


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


def _finding(window: Window, message: str, remedy: str) -> Finding:
    return Finding("TSL094", "warning", message, f"task {window.task.id}", remedy)
