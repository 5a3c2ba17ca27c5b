"""What a review asks about, so that nobody else writes ground truth there."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from tslab.agreement.disputes.parts import Decision
from tslab.agreement.disputes.verdicts import truth_of
from tslab.label_studio.review.key import load_key
from tslab.label_studio.review.readings import mark_of, matters
from tslab.label_studio.review.windows import all_pieces, cases_by_mark
from tslab.project import Project
from tslab.spans import Span
from tslab.stretches import Stretch, touches, union


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about in one tier of one recording and view.

    Attributes:
        tier: Its name.
        stretches: Disputes, and spans with a border in one; sorted and apart.
        settled: What everybody has nevertheless: label, start and end in microseconds.
    """

    tier: str
    stretches: list[Stretch]
    settled: Set[tuple[str, int, int]]

    def has(self, span: Span) -> bool:
        """Whether a span cannot be told before there is a verdict."""
        alike = (span.label, span.start_us, span.end_us) in self.settled
        return span.tier == self.tier and not alike and touches(span, self.stretches)


def asked_by_review(project: Project) -> dict[tuple[str, str], list[Asked]]:
    """Disputes that there are and that `tslab review` asked about, by recording and view.

    Those that are decided are among them: they have a ground truth already.

    Raises:
        DataError: The review's key is damaged, or a file of the project folder is.
    """
    key = load_key(project.state)
    found: dict[tuple[str, str], list[Asked]] = {}
    if key is None:
        return found
    known = cases_by_mark(key)
    for matter, cut in all_pieces(project, matters(project, project.pulled_annotations())):
        asked = [d for d in cut if mark_of(matter, d) in known]
        truth = truth_of(matter.readings, [Decision(d.start, d.end, None) for d in asked])
        stretches = union([*((d.start, d.end) for d in asked), *truth.waiting])
        settled = {(s.label, s.start_us, s.end_us) for s in truth.spans}
        own = found.setdefault((matter.recording, matter.view), [])
        own.append(Asked(matter.tier.name, stretches, settled))
    return found
