"""Who did what, and how long it took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tslab.progress.work import Work


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """How long tasks took.

    Attributes:
        seconds: All time together: submitted, made again, skipped, and drafts.
        tasks: Submitted tasks whose time is known.
        median: Seconds of the median one of these; None without any.
        per_hour: Seconds for each hour of signal in these; None without any.
    """

    seconds: float
    tasks: int
    median: float | None
    per_hour: float | None


@dataclass(frozen=True, slots=True)
class Person:
    """What one annotator did.

    Attributes:
        annotator: Name.
        submitted: Tasks.
        skipped: Tasks that were skipped and not submitted.
        drafts: Drafts that are not submitted.
        spans: What was marked in the submitted tasks.
        signal_hours: Length of these tasks together.
        untouched: Tasks that were submitted just as the model had them.
        from_prediction: Tasks that began from a prediction.
        lead: How long tasks took.
        last_active: ISO 8601, UTC; "" unknown.
    """

    annotator: str
    submitted: int
    skipped: int
    drafts: int
    spans: int
    signal_hours: float
    untouched: int
    from_prediction: int
    lead: LeadTimes
    last_active: str


def people(work: Sequence[Work], untouched: Iterable[int]) -> list[Person]:
    """All annotators, who did most first.

    Args:
        work: All annotations.
        untouched: Numbers of the annotations that changed nothing in their prediction.
    """
    same = set(untouched)
    names = sorted({item.entry.annotator for item in work})
    found = [_person(name, [w for w in work if w.entry.annotator == name], same) for name in names]
    return sorted(found, key=lambda person: (-person.submitted, person.annotator))


def _person(name: str, work: Sequence[Work], same: set[int]) -> Person:
    done = [item for item in work if item.counts]
    tasks = {item.entry.task: item.entry.seconds for item in done}
    skipped = {item.entry.task for item in work if item.entry.state == "skipped"} - tasks.keys()
    active = max((item.active for item in work if item.active), default=None)
    return Person(
        annotator=name,
        submitted=len(tasks),
        skipped=len(skipped),
        drafts=sum(item.entry.state == "draft" for item in work),
        spans=sum(len(item.entry.spans) for item in done),
        signal_hours=sum(tasks.values()) / 3600,
        untouched=sum(item.entry.number in same for item in done),
        from_prediction=sum(item.entry.model != "" for item in done),
        lead=lead_times(work),
        last_active=active.isoformat(timespec="seconds") if active else "",
    )


def lead_times(work: Iterable[Work]) -> LeadTimes:
    """How long some tasks took. A task that one annotator made again took both times."""
    total, known, signal = 0.0, dict[tuple[str, str], float](), dict[tuple[str, str], float]()
    for item in work:
        if item.lead_time is None:
            continue
        total += item.lead_time
        key = (item.entry.annotator, item.entry.task)
        if item.entry.state == "submitted":
            known[key] = known.get(key, 0.0) + item.lead_time
            signal[key] = item.entry.seconds
    hours = sum(signal.values()) / 3600
    return LeadTimes(
        seconds=total,
        tasks=len(known),
        median=statistics.median(known.values()) if known else None,
        per_hour=sum(known.values()) / hours if hours else None,
    )
