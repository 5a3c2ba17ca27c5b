"""Readings of one recording that a test writes down, with the review of what they differ about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit.review_study import KEYS
from kit.studies import Study
from tslab import files
from tslab.annotation import Annotation
from tslab.label_studio.review.ballots import Ballot, Box
from tslab.label_studio.review.judging import Outcome
from tslab.label_studio.review.key import Case, Key, Window, new_key
from tslab.label_studio.review.pull import outcome_of
from tslab.label_studio.review.queue import make_queue
from tslab.label_studio.review.tasks import task_document
from tslab.spans import Span

DORA, EMIL = "dora@example.org", "emil@example.org"
Extents = Sequence[tuple[float, float]]


class Table:
    """Readings of one recording, the windows of their disputes, and answers to these."""

    def __init__(self, study: Study, said: dict[str, list[Span]], key: Key | None = None,
                 seen: dict[str, Extents] | None = None) -> None:  # fmt: skip
        self.study, self.key = study, key or new_key()
        (recording,) = study.project.entries()
        seen = seen or {}
        self.annotations = [
            Annotation(recording, name, spans, "anomalies", seen.get(name, [(0.0, 120.0)]))
            for name, spans in said.items()
        ]
        path = study.root / "annotations" / "annotations.json"
        files.write_bytes(path, files.json_bytes(self.annotations))
        self.queue = make_queue(study.project, self.key)

    @property
    def cases(self) -> list[tuple[Window, Case]]:
        """Disputes in order of time."""
        found = [(w, c) for w in self.key.windows for c in w.cases]
        return sorted(found, key=lambda item: item[1].start)

    def letter(self, number: int, name: str) -> str:
        """Whose letter it is in the window of a dispute."""
        window, _ = self.cases[number]
        return next(letter for letter, who in window.letters.items() if who == name)

    def outcome(self, *given: tuple[str, dict[int, str], list[Span]]) -> Outcome:
        """What answers come to: who, whose letter by dispute ("" is none), and what was drawn."""
        ballots = []
        for number, (by, names, drawn) in enumerate(given):
            letters: dict[str, dict[str, str]] = {}
            for at, name in names.items():
                window, case = self.cases[at]
                letters.setdefault(window.task.id, {})[case.id] = name and self.letter(at, name)
            ballots += [
                Ballot(window, f"{number}|", by, number, str(number), own, drawn)
                for window, own in letters.items()
            ]
        return outcome_of(self.study.project, self.key, Box(ballots), self.annotations)


def walk(start: float, end: float, label: str = "Walk") -> Span:
    return Span(start, end, label, "state")


def task(table: Table, window: Window, result: list[Any]) -> dict[str, Any]:
    """An exported task with an annotation."""
    document = task_document(table.study.project, window, {}, KEYS)
    given = {"id": 1, "completed_by": DORA, "updated_at": "2026-01-01", "result": result}
    return {**document, "id": 7, "created_at": "2026-01-01", "annotations": [given]}
