"""Verdicts that hold no more, because somebody has read the stretch since or changed a reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tslab.agreement.dispute_values import Dispute
from tslab.contracts import Finding
from tslab.errors import counted
from tslab.label_studio.review.ballots import Box
from tslab.label_studio.review.key import Case, Key, Window
from tslab.label_studio.review.readings import Matter, mark_of
from tslab.lint.codes import finding

Disputed = Sequence[tuple[Matter, Sequence[Dispute]]]


def void_verdicts(key: Key, box: Box, disputed: Disputed) -> Iterator[Finding]:
    """One finding for each recording in which verdicts are void and their disputes open again.

    Args:
        key: All windows.
        box: What reviewers answered.
        disputed: What annotators differ about now, as it is cut for windows.
    """
    given = {(ballot.window, case) for ballot in box.ballots for case in ballot.letters}
    answered = [(w, c) for w in key.windows for c in w.cases if (w.task.id, c.id) in given]
    decided = {case.mark for _, case in answered}
    now = [(m, d, mark_of(m, d)) for m, cut in disputed for d in cut]
    live = {mark for *_, mark in now}
    open_again = [(m, d) for m, d, mark in now if mark not in decided]
    void: Counter[str] = Counter()
    since: dict[str, set[str]] = {}
    for window, case in answered:
        met = [d for m, d in open_again if _is_of(window, case, m, d)]
        if met and case.mark not in live:
            recording, before = window.task.recording, set(window.letters.values())
            void[recording] += 1
            fresh = {reader for dispute in met for reader in dispute.readers} - before
            since.setdefault(recording, set()).update(fresh)
    for recording, count in sorted(void.items()):
        who = ", ".join(sorted(since[recording]))
        why = f"{who} read it since" if who else "somebody changed a reading since"
        text = f"{counted(count, 'verdicts [holds|hold] no more')}: {why}"
        yield finding("TSL133", text, f"recording {recording}", severity="warning")


def _is_of(window: Window, case: Case, matter: Matter, dispute: Dispute) -> bool:
    """Whether a dispute is about the tier and time of a case."""
    here = (window.task.recording, window.task.view, case.tier)
    same = here == (matter.recording, matter.view, matter.tier.name)
    return same and dispute.start <= case.end and case.start <= dispute.end
