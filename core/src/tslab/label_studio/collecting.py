"""What exported tasks say: one annotation of each annotator, joined over windows."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tslab.annotation import Annotation
from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.label_studio.activity import ActivityReader
from tslab.label_studio.people import People
from tslab.label_studio.predictions import TaskPrediction, exact_times, load_predictions
from tslab.label_studio.regions import Exact, from_regions
from tslab.label_studio.review.judging import Outcome
from tslab.label_studio.served_times import served_times
from tslab.preparation.stitching import give_way, stitch
from tslab.progress.activity import Activity
from tslab.progress.plausible import lead_time
from tslab.project import Project
from tslab.rater_people import Homes, people_of
from tslab.spans import FieldValue, Span
from tslab.task import Task

Predictions = Mapping[str, Mapping[str, TaskPrediction]]


@dataclass(slots=True)
class Pulled:
    """What a pull brought.

    Attributes:
        annotations: One for each recording, view, annotator and ground-truth mark.
        findings: What could not be used, and what a person should look at.
        counts: Annotations, those of strangers to a blind study, skipped ones, drafts and tasks
            that are not ours.
        activity: How it came about: every annotation of every task.
        numbers: Label Studio's project and task of each of our tasks that has an annotation; in a
            blind study of each rater's copy.
        review: What the review has come to, None without one.
    """

    annotations: list[Annotation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    activity: Activity = field(default_factory=lambda: Activity("", ()))
    numbers: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    review: Outcome | None = None


@dataclass(slots=True)
class _Reader:
    """Everything that one annotator said about one recording in one view."""

    parts: dict[str, list[Span]] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    task_fields: dict[str, Mapping[str, FieldValue]] = field(default_factory=dict)
    lead_time: float | None = None


def collect(
    project: Project,
    exports: Sequence[Sequence[Mapping[str, Any]]],
    people: People,
    raters: Sequence[int] = (),
) -> Pulled:
    """What the tasks of Label Studio's projects say; writes nothing.

    Args:
        project: The project folder.
        exports: Tasks with their annotations, as Label Studio exports them, by project.
        people: Knows who made what.
        raters: Whose each of the projects is, 0 for one of all annotators.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    known = project.entries().keys()
    said = _Said(project, load_predictions(project))
    pulled = Pulled()
    activity = ActivityReader(project.domain, said.predictions, people.of)
    readers: dict[tuple[str, str, str, bool], _Reader] = {}
    copies: dict[str, list[_Copy]] = {}
    for exported, rater in zip(exports, raters or itertools.repeat(0), strict=False):
        for item in exported:
            task = pushed_task(item)
            if task is None or task.recording not in known:
                pulled.counts["tasks of no recording here"] += 1
                continue
            copies.setdefault(task.id, []).append(_Copy(item, task, rater))
    namer = _Namer.of(project, [copy for own in copies.values() for copy in own], people)
    for name, own in copies.items():
        exact = said.exact(name)
        _read_task(own, namer, (project.domain, exact), (readers, pulled))
        for copy in own:
            activity.read(copy.item, copy.task, exact, copy.rater)
    for (recording, view, annotator, truth), reader in sorted(readers.items()):
        join = project.settings.window.join_events
        spans, findings = stitch(reader.parts, list(reader.tasks.values()), project.domain, join)
        pulled.findings += _said_of(findings, annotator)
        pulled.annotations.append(
            Annotation(
                recording=recording,
                annotator=annotator,
                spans=give_way(spans, project.domain),
                view=view,
                extents=merged([(t.start, t.end) for t in reader.tasks.values()]),
                task_fields=reader.task_fields,
                lead_time=reader.lead_time,
                ground_truth=truth,
            )
        )
    pulled.findings += activity.findings + people.findings()
    pulled.activity = activity.activity(dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
    drafts = sum(entry.state == "draft" for entry in pulled.activity.entries)
    pulled.counts += Counter({"drafts": drafts})
    return pulled


@dataclass(frozen=True, slots=True)
class _Copy:
    """A task as one project has it: mirrored projects have copies of it."""

    item: Mapping[str, Any]
    task: Task
    rater: int


@dataclass(frozen=True, slots=True)
class _Namer:
    """Who made what, and in whose project each of these people belongs."""

    people: People
    homes: Homes

    @classmethod
    def of(cls, project: Project, copies: Sequence[_Copy], people: People) -> _Namer:
        """Counts who annotated where; skipped tasks do not make a project somebody's own."""
        read = [(people.of(said, copy.rater), copy.rater) for copy, said in _in_order(copies)
                if not said.get("was_cancelled")]  # fmt: skip
        return cls(people, Homes.of(people_of(project), read))

    def at_home(self, copy: _Copy, annotation: Mapping[str, Any]) -> bool:
        """Whether its annotator made it where he belongs."""
        return self.homes.by_work.get(self.people.of(annotation, copy.rater)) == copy.rater

    def is_strangers(self, copy: _Copy, annotation: Mapping[str, Any]) -> bool:
        """Whether it is no rater's of a blind study; a ground truth may be anybody's."""
        who = self.people.of(annotation, copy.rater)
        return not annotation.get("ground_truth") and self.homes.is_stranger(who, copy.rater)


@dataclass(frozen=True, slots=True)
class _Said:
    """What Label Studio was told: the domain's labels, and where predicted regions really lie."""

    project: Project
    predictions: Predictions

    def exact(self, task: str) -> Exact:
        """Exact times of the regions that were pushed, and of those that the ML backend served."""
        return served_times(self.project.state, task) | exact_times(self.predictions, task)


def pushed_task(item: Mapping[str, Any]) -> Task | None:
    """The task as it was pushed: its regions belong to that window, whatever was cut since."""
    try:
        return Task.from_json(item)
    except (KeyError, TypeError, ValueError, IndexError):
        return None


def _read_task(
    copies: Sequence[_Copy],
    namer: _Namer,
    known: tuple[Domain, Exact],
    found: tuple[dict[tuple[str, str, str, bool], _Reader], Pulled],
) -> None:
    readers, pulled = found
    domain, exact = known
    for who, task, annotation in _latest(copies, namer, pulled):
        truth = bool(annotation.get("ground_truth"))
        reading = from_regions(annotation.get("result") or (), task, domain, exact)
        pulled.findings += _said_of(reading.findings, who)
        pulled.counts["annotations"] += 1
        reader = readers.setdefault((task.recording, task.view, who, truth), _Reader())
        reader.parts[task.id] = reading.spans
        reader.tasks[task.id] = task
        if reading.task_fields:
            reader.task_fields[task.id] = reading.task_fields
        seconds = lead_time(annotation.get("lead_time"))
        if seconds is not None:
            reader.lead_time = (reader.lead_time or 0.0) + seconds


def _said_of(findings: Sequence[Finding], annotator: str) -> list[Finding]:
    """Findings that name whose annotation they are about: a task has several."""
    return [replace(finding, place=f"{finding.place}, {annotator}") for finding in findings]


def _latest(
    copies: Sequence[_Copy], namer: _Namer, pulled: Pulled
) -> list[tuple[str, Task, Mapping[str, Any]]]:
    """One annotation for each annotator, by name, with its window: the last that was not skipped.

    In a blind study, what somebody read in his own project counts before what he read in another's,
    where others' readings were in sight, and what strangers read does not count; `rater_findings`
    tells of both.
    """
    chosen: dict[tuple[str, bool], tuple[_Copy, Mapping[str, Any]]] = {}
    for copy, annotation in sorted(_in_order(copies), key=lambda pair: namer.at_home(*pair)):
        if annotation.get("was_cancelled"):
            pulled.counts["skipped"] += 1
            continue
        if namer.is_strangers(copy, annotation):
            pulled.counts["annotations of accounts that are no rater"] += 1
            continue
        name = namer.people.of(annotation, copy.rater)
        key = (name, bool(annotation.get("ground_truth")))
        if key in chosen and chosen[key][0] is copy:
            text = f"{key[0]} annotated the task more than once; the last annotation counts"
            remedy = "Delete the others in Label Studio."
            place = f"task {copy.task.id}"
            pulled.findings.append(Finding("TSL089", "warning", text, place, remedy))
        chosen[key] = copy, annotation
    return [(name, copy.task, annotation) for (name, _), (copy, annotation) in chosen.items()]


def _in_order(copies: Sequence[_Copy]) -> list[tuple[_Copy, Mapping[str, Any]]]:
    """All annotations by number; numbers rise over all projects of a server."""
    said = [(copy, found) for copy in copies for found in copy.item.get("annotations") or ()]
    return sorted(said, key=lambda pair: int(pair[1].get("id") or 0))


def merged(extents: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Stretches in order, those that touch joined."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(extents):
        if joined and start <= joined[-1][1] + 1e-6:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
