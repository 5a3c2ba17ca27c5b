"""Verdicts that hold no more: a reading is new since, has changed, or is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tslab.agreement.dispute_values import Dispute
from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.errors import counted
from tslab.label_studio.review.ballots import Ballot
from tslab.label_studio.review.key import Case, Key, Window
from tslab.label_studio.review.readings import Matter, mark_of
from tslab.lint.codes import finding

Disputed = Sequence[tuple[Matter, Sequence[Dispute]]]


def void_verdicts(
    key: Key, ballots: Sequence[Ballot], disputed: Disputed, annotations: Sequence[Annotation]
) -> Iterator[Finding]:
    """One finding for each recording in which verdicts are void and nothing holds in their place.

    Args:
        key: All windows.
        ballots: What reviewers answered.
        disputed: What annotators differ about now, as it is cut for windows.
        annotations: What they say now.
    """
    given = {(ballot.window, case) for ballot in ballots for case in ballot.letters}
    answered = [(w, c) for w in key.windows for c in w.cases if (w.task.id, c.id) in given]
    decided = {case.mark for _, case in answered}
    now = [(m, d, mark_of(m, d)) for m, cut in disputed for d in cut]
    live = {mark for *_, mark in now}
    open_again = [(m, d) for m, d, mark in now if mark not in decided]
    found: dict[str, _Void] = {}
    for window, case in answered:
        if case.mark in live:
            continue
        met = [d for m, d in open_again if _is_of(window, case, m, d)]
        readers = _readers(window, case, annotations)
        if met or len(readers) < 2:
            before = set(window.letters.values())
            void = found.setdefault(window.task.recording, _Void())
            void.count += 1
            void.open += bool(met)
            void.since |= {reader for dispute in met for reader in dispute.readers} - before
            void.gone |= before - readers
    for recording, void in sorted(found.items()):
        text = f"{counted(void.count, 'verdicts [holds|hold] no more')}: {void.why}"
        remedy = "" if void.open else "Nothing is disputed there until two have read it."
        yield finding("TSL133", text, f"recording {recording}", remedy, "warning")


@dataclass(slots=True)
class _Void:
    """Verdicts of a recording that hold no more.

    Attributes:
        count: How many.
        open: How many of them were about what is disputed again.
        since: Who has read it since.
        gone: Whose reading is there no more.
    """

    count: int = 0
    open: int = 0
    since: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    @property
    def why(self) -> str:
        """What happened."""
        new, gone = (", ".join(sorted(names)) for names in (self.since, self.gone))
        parts = [f"{new} read it since"] * bool(new)
        parts += [f"Label Studio has no reading of {gone} any more"] * bool(gone)
        return "; ".join(parts) or "somebody changed a reading since"


def _readers(window: Window, case: Case, annotations: Sequence[Annotation]) -> set[str]:
    """Who has read the stretch of a case."""
    here = (window.task.recording, window.task.view)
    return {
        a.annotator
        for a in annotations
        if (a.recording, a.view) == here
        and not a.ground_truth
        and any(start * 1e6 <= case.end and case.start <= end * 1e6 for start, end in a.extents)
    }


def _is_of(window: Window, case: Case, matter: Matter, dispute: Dispute) -> bool:
    """Whether a dispute is about the tier and time of a case."""
    here = (window.task.recording, window.task.view, case.tier)
    same = here == (matter.recording, matter.view, matter.tier.name)
    return same and dispute.start <= case.end and case.start <= dispute.end
