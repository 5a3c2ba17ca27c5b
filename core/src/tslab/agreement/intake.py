"""What a project's people and models said, as tables that can be compared.

The unit is the recording: what was cut at a window's border is whole again after a pull and counts
once, and windows of one recording are no independent draws for intervals. The windows, which Label
Studio shows as tasks, stand beside it, for measures of time, which add up over them exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.dispute_scopes import dispute_settings
from tslab.agreement.dispute_values import Scope
from tslab.agreement.silent_truth import speaking
from tslab.agreement.tier_tables import (
    GROUND_TRUTH,
    UNREAD,
    Intake,
    Problems,
    TierTable,
    Window,
    in_windows,
    of_people,
    unique_names,
)
from tslab.agreement.values import Readers
from tslab.annotation import Annotation
from tslab.domain import Domain, Tier
from tslab.ground_truth import REVIEWER
from tslab.project import Project
from tslab.recording_table import RecordingEntry
from tslab.span_table import Extents, SpanTable, Ticks, outside
from tslab.spans import FieldValue, Span, to_microseconds, to_seconds
from tslab.stretches import Stretch, clipped, subtract, union
from tslab.tolerances import table_tolerance
from tslab.wording import natural


@dataclass(frozen=True, slots=True)
class _Reading:
    """What somebody said about one recording.

    Attributes:
        reader: Name of the person or the model, or `GROUND_TRUTH`.
        role: person, truth or model.
        recording: Id of the recording.
        view: The view it was made in; "" where it is none's.
        tiers: Tiers that were looked at.
        spans: What was marked.
        seen: Reviewed stretches in microseconds, sorted and apart.
        answers: Answers about tasks, by id and field.
        decides: Whether it is a ground truth that leaves nothing to review.
    """

    reader: str
    role: str
    recording: str
    view: str
    tiers: tuple[str, ...]
    spans: Sequence[Span]
    seen: list[Stretch]
    answers: Mapping[str, Mapping[str, FieldValue]] = field(default_factory=dict)
    decides: bool = False


def project_intake(
    project: Project, annotations: Sequence[Annotation] | None = None, *, models: bool = True
) -> Intake:
    """Tables of all tiers that somebody reviewed.

    Args:
        project: The project folder.
        annotations: What people said; all that the folder holds where it is None.
        models: Whether what models found is there, too.

    Raises:
        DataError: A file of the project folder is damaged.
    """
    entries, problems = project.entries(), Problems()
    for code, count in project.pulled_findings().items():
        problems.add_pulled(code, count)
    given = project.annotations_list() if annotations is None else annotations
    readings = list(_said(project, given, entries, problems))
    readings += _predicted(project, entries, problems) if models else ()
    people = sorted({r.reader for r in readings if r.role == "person"}, key=natural)
    versions = list(dict.fromkeys(r.reader for r in readings if r.role == "model"))
    names = unique_names(people, versions)
    readings = [replace(r, reader=names.get((r.role, r.reader), GROUND_TRUTH)) for r in readings]
    _count_strangers(readings, project.domain, problems)
    order = [*names.values(), GROUND_TRUTH]
    tiers = []
    for tier in project.domain.tiers:
        own = [reading for reading in readings if tier.name in reading.tiers]
        if any(reading.role != "model" for reading in own):
            tiers.append(_Builder(project, tier, order, entries, problems).built(own))
    seen = {tier for r in readings if r.role == "truth" and r.view for tier in r.tiers}
    alone = len(project.domain.tiers) == 1
    spoken, notes = speaking(tiers, lambda tier: alone or tier.name in seen)
    return Intake(spoken, problems.findings(), problems.counts(), tuple(notes))


def _said(
    project: Project,
    annotations: Sequence[Annotation],
    entries: Mapping[str, RecordingEntry],
    problems: Problems,
) -> Iterator[_Reading]:
    """What people submitted; the last of several annotations of one person counts."""
    latest: dict[tuple[str, str, str, bool], Annotation] = {}
    for annotation in annotations:
        key = (annotation.recording, annotation.view, annotation.annotator, annotation.ground_truth)
        place = f"recording {annotation.recording}"
        if annotation.recording not in entries:
            problems.add("TSL091", "annotations of unknown recordings [is|are] left out", place)
            continue
        if key in latest:
            problems.add(
                "TSL089",
                "annotations that [its|their] annotator made again [is|are] left out",
                place,
            )
        latest[key] = annotation
    views = {view.name: view.tiers for view in project.domain.views}
    everything = tuple(tier.name for tier in project.domain.tiers)
    for key in sorted(latest):
        annotation = latest[key]
        if annotation.view and annotation.view not in views:
            place = f"view '{annotation.view}'"
            problems.add("TSL082", "annotations of unknown views [is|are] left out", place)
            continue
        ends = to_microseconds(entries[annotation.recording].duration)
        seen = [
            (max(to_microseconds(start), 0), min(to_microseconds(end), ends))
            for start, end in annotation.extents
        ]
        yield _Reading(
            reader=annotation.annotator,
            role="truth" if annotation.ground_truth else "person",
            recording=annotation.recording,
            view=annotation.view,
            tiers=views.get(annotation.view, everything),
            spans=annotation.spans,
            seen=union(seen),
            answers=annotation.task_fields,
            decides=annotation.ground_truth and annotation.annotator != REVIEWER,
        )


def _predicted(
    project: Project, entries: Mapping[str, RecordingEntry], problems: Problems
) -> Iterator[_Reading]:
    """What models found; a tier that a model never marks is one that it does not know."""
    for version in project.prediction_files():
        found = project.predicted_spans(version)
        known = {span.tier for spans in found.values() for span in spans}
        tiers = tuple(tier.name for tier in project.domain.tiers if tier.name in known)
        for recording, spans in found.items():
            if recording not in entries:
                place = f"recording {recording}"
                problems.add("TSL091", "predictions of unknown recordings [is|are] left out", place)
                continue
            whole = (0, to_microseconds(entries[recording].duration))
            yield _Reading(version, "model", recording, "", tiers, spans, [whole])


def _count_strangers(readings: Sequence[_Reading], domain: Domain, problems: Problems) -> None:
    """Count spans of tiers that the domain or the view does not have."""
    tiers = {tier.name for tier in domain.tiers}
    for reading in readings:
        place = f"recording {reading.recording}"
        for span in reading.spans:
            if span.tier not in tiers:
                problems.add("TSL082", "regions of unknown tiers [is|are] left out", place)
            elif span.tier not in reading.tiers:
                problems.add("TSL082", "regions of tiers of another view [is|are] left out", place)


class _Builder:
    """Makes the table of one tier."""

    def __init__(
        self,
        project: Project,
        tier: Tier,
        order: Sequence[str],
        entries: Mapping[str, RecordingEntry],
        problems: Problems,
    ) -> None:
        self.project, self.tier, self.order = project, tier, order
        self.entries, self.problems = entries, problems
        self.labels = {label.name: number for number, label in enumerate(tier.labels)}
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        self.seen: list[tuple[int, int, int, int]] = []
        self.fields: dict[int, Mapping[str, FieldValue]] = {}
        self.regions: dict[tuple[int, int, str, int, int], int] = {}
        self.count = 0

    def built(self, readings: Sequence[_Reading]) -> TierTable:
        """The table of some readings."""
        views = {reading.view for reading in readings if reading.role != "model"}
        scopes = self._scopes(readings)
        readings = [r for r in _once(readings, self.problems) if self._readable(r)]
        units = self._units(readings, views)
        present = {reading.reader for reading in readings}
        names = [name for name in self.order if name in present]
        for reading in readings:
            for view in [reading.view] if reading.view in views else sorted(views):
                unit = _unit_name(reading.recording, view, len(views) > 1)
                if unit in units:
                    self._add(reading, units[unit], names.index(reading.reader))
        extents = Extents.of(*np.array(self.seen, np.int64).reshape(-1, 4).T)
        keys = ("task", "annotator", "label", "start", "end", "region")
        columns = dict(zip(keys, np.array(self.rows, np.int64).reshape(-1, 6).T, strict=True))
        self._report(columns, extents, list(units))
        table = SpanTable.of((list(units), names, list(self.labels)), columns, extents)
        roles = {reading.reader: reading.role for reading in readings}
        readers = Readers(
            tuple(name for name in names if roles[name] == "person"),
            GROUND_TRUTH if GROUND_TRUTH in present else None,
            tuple(name for name in names if roles[name] == "model"),
        )
        windows = in_windows(table, self._windows(views))
        domain = self.project.domain
        return TierTable(
            name=self.tier.name,
            kind=self.tier.kind,
            table=table,
            readers=readers,
            tolerance=to_seconds(table_tolerance(self.tier, of_people(table, readers))),
            windows=windows,
            fields=self.fields,
            region_fields=domain.fields,
            task_fields=domain.task_fields,
            task_answers=self._task_answers(readings, views, names, readers),
            colors={label.name: label.color for label in self.tier.labels},
            scopes=scopes,
            sample=self._sample({reading.recording for reading in readings}),
        )

    def _readable(self, reading: _Reading) -> bool:
        """False where somebody marked something of which nothing is left: that is not "nothing"."""
        own = [span for span in reading.spans if span.tier == self.tier.name]
        if not own or any(not self._left_out(reading, span)[0] for span in own):
            return True
        for span in own:
            self.problems.add(*self._left_out(reading, span))
        self.problems.add("TSL117", UNREAD, f"recording {reading.recording}")
        return False

    def _left_out(self, reading: _Reading, span: Span) -> tuple[str, str, str]:
        """Code, words and place of why a span of the tier cannot be used; "" for one that can."""
        ends = to_microseconds(self.entries[reading.recording].duration)
        place = f"recording {reading.recording}"
        if span.label not in self.labels:
            text = "regions of unknown labels [is|are] left out"
            return "TSL083", text, f"label '{span.label}', {place}"
        if span.start_us > ends or (span.start_us == ends and not span.is_instant):
            return "TSL085", "regions outside [its|their] recording [is|are] left out", place
        return "", "", place

    def _task_answers(
        self, readings: Sequence[_Reading], views: set[str], names: list[str], readers: Readers
    ) -> TaskAnswers | None:
        """Answers about windows that were reviewed; None for later tiers of a view."""
        firsts = {view.name: view.tiers[0] for view in self.project.domain.views}
        own = {view for view in views if firsts.get(view) == self.tier.name}
        tasks = [task for task in self.project.tasks() if task.view in own]
        if not tasks or not self.project.domain.task_fields:
            return None
        said: dict[tuple[int, int], Mapping[str, FieldValue]] = {}
        for reading in readings:
            if reading.role == "model":
                continue
            for number, task in enumerate(tasks):
                if (task.recording, task.view) != (reading.recording, reading.view):
                    continue
                if not subtract([(task.start_us, task.end_us)], reading.seen):
                    place = number, names.index(reading.reader)
                    said[place] = reading.answers.get(task.id, {})
        return TaskAnswers(
            self.tier.name, tuple(task.id for task in tasks), tuple(names), readers, said
        )

    def _units(self, readings: Sequence[_Reading], views: set[str]) -> dict[str, int]:
        """Numbers of the recordings that people reviewed, of each view where there are several."""
        said = {(r.recording, r.view) for r in readings if r.role != "model"}
        return {
            _unit_name(recording, view, len(views) > 1): number
            for number, (recording, view) in enumerate(sorted(said))
        }

    def _scopes(self, readings: Sequence[_Reading]) -> tuple[Scope, ...]:
        """What of each unit is to be reviewed."""
        decided: dict[tuple[str, str], list[Stretch]] = {}
        for reading in readings:
            if reading.decides:
                decided.setdefault((reading.recording, reading.view), []).extend(reading.seen)
        return tuple(
            Scope(
                recording,
                view,
                dispute_settings(self.project, view, self.entries[recording]),
                union(decided.get((recording, view), ())),
            )
            for recording, view in sorted({(r.recording, r.view) for r in readings
                                           if r.role != "model"})
        )  # fmt: skip

    def _windows(self, views: set[str]) -> dict[str, list[Window]]:
        """Windows of each recording, as Label Studio shows them."""
        found: dict[str, list[Window]] = {}
        shown = {view.name for view in self.project.domain.views if self.tier.name in view.tiers}
        for task in self.project.tasks():
            if task.view in shown and (task.view in views or "" in views):
                view = task.view if task.view in views else ""
                unit = _unit_name(task.recording, view, len(views) > 1)
                found.setdefault(unit, []).append((task.start_us, task.end_us, task.id))
        return found

    def _add(self, reading: _Reading, unit: int, reader: int) -> None:
        self.seen += [(unit, reader, start, end) for start, end in reading.seen]
        for span in reading.spans:
            if span.tier != self.tier.name:
                continue
            code, text, place = self._left_out(reading, span)
            if code:
                self.problems.add(code, text, place)
                continue
            region = self._region(unit, reader, span)
            label = self.labels[span.label]
            self.rows.append((unit, reader, label, span.start_us, span.end_us, region))
            if span.fields:
                self.fields[region] = span.fields

    def _region(self, unit: int, reader: int, span: Span) -> int:
        """Number of a region; spans of one id and time are one region with several labels."""
        self.count += 1
        if not span.id:
            return self.count
        key = (unit, reader, span.id, span.start_us, span.end_us)
        return self.regions.setdefault(key, self.count)

    def _report(self, columns: Mapping[str, Ticks], extents: Extents, units: Sequence[str]) -> None:
        """Say what lies outside of what its annotator reviewed."""
        task, reader, start, end = (columns[k] for k in ("task", "annotator", "start", "end"))
        cut = np.flatnonzero(outside(task, reader, start, end, extents))
        # A model marks whole recordings: what people did not review is compared with nobody.
        for row in cut.tolist():
            place = f"recording {units[task[row]]}"
            self.problems.add(
                "TSL084", "regions [reaches|reach] out of what was reviewed: cut to it", place
            )

    def _sample(self, recordings: set[str]) -> float:
        """Seconds of one sample of the fastest channel, of the slowest recording."""
        rates = [max(self.entries[r].sampling_rates, default=0.0) for r in recordings]
        return max((1 / rate for rate in rates if rate > 0), default=0.0)


def _unit_name(recording: str, view: str, several: bool) -> str:
    return f"{recording} ({view})" if several and view else recording


def _once(readings: Sequence[_Reading], problems: Problems) -> Iterator[_Reading]:
    """Readings in which each moment has one ground truth: that of the first annotator by name."""
    taken: dict[tuple[str, str], list[Stretch]] = {}
    for reading in readings:
        if reading.role != "truth":
            yield reading
            continue
        known = taken.setdefault((reading.recording, reading.view), [])
        left = subtract(reading.seen, known)
        if left != reading.seen:
            text = "ground truth[|s] [is|are] cut where another one holds already"
            problems.add("TSL090", text, f"recording {reading.recording}")
        known[:] = union([*known, *left])
        spans = clipped(reading.spans, left)
        yield replace(reading, seen=left, spans=spans)
