"""A review without a server: windows, and what reviewers answer."""

from __future__ import annotations

from typing import Any

from kit.planted import ANNOTATORS, Planted
from kit.review_study import KEYS, verdicts
from kit.studies import Study
from tslab.annotation import Annotation
from tslab.label_studio.review.ballots import Box, read_ballots
from tslab.label_studio.review.config import CORRECTED, REST, VERDICT, is_right
from tslab.label_studio.review.judging import Outcome
from tslab.label_studio.review.key import Key, Window, new_key
from tslab.label_studio.review.pull import outcome_of
from tslab.label_studio.review.queue import make_queue
from tslab.label_studio.review.tasks import disputes_as_regions, task_document
from tslab.spans import Span

DORA, EMIL = "dora@example.org", "emil@example.org"


class Desk:
    """A review without a server: windows, and what reviewers answer."""

    def __init__(self, study: Study, plans: dict[str, Planted]) -> None:
        self.study, self.plans = study, plans
        self.key: Key = new_key()
        make_queue(study.project, self.key)
        self.annotations = said(plans)

    @property
    def window(self) -> Window:
        """A window with several disputes."""
        return max(self.key.windows, key=lambda window: len(window.cases))

    def shown(self, window: Window) -> list[Any]:
        recording = self.study.project.recording(window.task.recording)
        return list(disputes_as_regions(self.study.project, window, recording).result)

    def answer(self, window: Window, letters: dict[str, str], rest: str = "") -> list[Any]:
        """An annotation's result: verdicts by dispute, and one for all others."""
        regions = {region["id"]: region for region in self.shown(window)}
        result = list(regions.values())
        for case, letter in letters.items():
            value = {k: v for k, v in regions[case]["value"].items() if k != "timeserieslabels"}
            value["choices"] = [is_right(letter) if letter else CORRECTED]
            result.append({"id": case, "from_name": VERDICT, "type": "choices", "value": value})
        if rest:
            whole = {"from_name": REST, "type": "choices", "value": {"choices": [rest]}}
            result.append({"id": "rest", **whole})
        return result

    def truth(self, window: Window) -> list[Any]:
        """The result of somebody who knows the truth."""
        plan = self.plans[window.task.recording]
        return verdicts(self.study.project, plan, window, self.shown(window))

    def task(self, window: Window, *given: tuple[str, list[Any]], number: int = 7) -> Any:
        """An exported task with an annotation for each reviewer, in order of time."""
        document = task_document(self.study.project, window, {}, KEYS)
        annotations = [
            {"id": n, "completed_by": by, "updated_at": f"2026-01-0{n}", "result": result}
            for n, (by, result) in enumerate(given, start=1)
        ]
        made = {"id": number, "created_at": "2026-01-01", "annotations": annotations}
        return {**document, **made}

    def box(self, *tasks: Any, stored: Any = (), places: Any = ()) -> Box:
        project = self.study.project
        return read_ballots(project, self.key, [tasks], (stored, places))

    def outcome(self, *tasks: Any, stored: Any = (), places: Any = ()) -> Outcome:
        box = self.box(*tasks, stored=stored, places=places)
        return outcome_of(self.study.project, self.key, box, self.annotations)


def said(plans: dict[str, Planted]) -> list[Annotation]:
    return [
        Annotation(recording, name, plan.said[name], "anomalies", [(0.0, 120.0)])
        for recording, plan in plans.items()
        for name in ANNOTATORS
    ]


def said_of(desk: Desk, window: Window, case: str) -> set[str]:
    """What readings say in a dispute, each once."""
    found = next(c for c in window.cases if c.id == case)
    plan = desk.plans[window.task.recording]
    return {
        repr([s for s in plan.said[n] if s.tier == found.tier and touches(s, found)])
        for n in window.letters.values()
    }


def touches(span: Span, case: Any) -> bool:
    return span.start_us <= case.end and span.end_us >= case.start


def drawn_by(desk: Desk, window: Window) -> list[Span]:
    return letters_and_drawn(desk, window, desk.truth(window))[1]


def letters_and_drawn(
    desk: Desk, window: Window, result: list[Any]
) -> tuple[dict[str, str], list[Span]]:
    (ballot,) = desk.box(desk.task(window, (DORA, result))).ballots
    return dict(ballot.letters), list(ballot.drawn)
