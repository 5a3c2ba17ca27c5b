"""A Label Studio JSON export as tables that can be compared: no project, no server, no series.

Any ``TimeSeriesLabels`` control becomes a tier. The series is not in the export, so nobody knows
what stretch of it was shown: it is taken to reach from the first to the last mark of a task. What
tslab made knows its windows exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike

from tslab.agreement.silent_truth import speaking
from tslab.agreement.tier_tables import (
    GROUND_TRUTH,
    UNREAD,
    Intake,
    Problems,
    TierTable,
    of_people,
    unique_names,
)
from tslab.agreement.values import Readers
from tslab.errors import DataError
from tslab.label_studio.exports.answers import Answered, with_answers
from tslab.label_studio.exports.columns import Columns, columns_of
from tslab.label_studio.exports.fields import ExportFields, read_fields
from tslab.label_studio.exports.kinds import kind_of
from tslab.label_studio.exports.oddities import repeated
from tslab.label_studio.exports.records import Task, read_export
from tslab.label_studio.exports.regions import Positions, Regions, regions_of
from tslab.label_studio.exports.same import each_once
from tslab.label_studio.foreign.config import ForeignConfig, read_config
from tslab.span_table import Extents, Mask, Numbers, SpanTable, outside
from tslab.spans import to_seconds
from tslab.tolerances import table_tolerance
from tslab.wording import natural

GUESSED = (
    "the export does not say what was shown: a task is taken to reach from its first to its last "
    "mark, so kappa, alpha and percent, which count unlabelled time, are lower than with all of it"
)
UNKNOWN = "regions of unknown labels [is|are] left out"
REPEATED = "regions [is|are] nearly the same as another of [its|their] annotator"
UNIT = "times without a unit are taken as seconds; --config knows better"


def export_intake(payload: bytes, name: str, config: str | None = None) -> Intake:
    """Tables of all tiers of an export.

    Args:
        payload: The file's bytes.
        name: Its name, for messages.
        config: The project's labeling config; tells labels, time format and unit.

    Raises:
        DataError: The file is no JSON export of Label Studio, or the config is no config.
    """
    problems = Problems()
    fields = read_fields(config) if config is not None else ExportFields()
    known = _known(config, fields)
    tasks = each_once(read_export(payload, name, problems), problems)
    columns = columns_of(tasks, problems)
    shown = [task.window() for task in tasks]
    names = _task_names(tasks)
    del payload, tasks  # most of the memory
    readers = _Readers.of(columns)
    regions = regions_of(columns, (names, shown), known, problems)
    found = list(_tiers(columns, regions, readers, known, problems))
    # One control was shown to whoever annotated at all; of several only the config knows.
    marked, silent = speaking(found, lambda _: known is not None or len(found) == 1)
    who = Answered(
        names, readers.names, readers.readers, readers.number, _extents(columns, regions, readers)
    )
    tiers = with_answers(marked, columns, fields, who)
    notes = [] if regions.shown or not marked else [GUESSED]
    if regions.guessed and known is None:
        notes.append(UNIT)
    return Intake(tiers, problems.findings(), problems.counts(), (*notes, *silent))


def _known(config: str | None, fields: ExportFields) -> ForeignConfig | None:
    """What a config says of marks; None without one, and where it asks about whole tasks only."""
    if config is None:
        return None
    try:
        return read_config(config)
    except DataError:
        if fields.tasks and "timeserieslabels" not in config.lower():
            return None
        raise


@dataclass(frozen=True, slots=True)
class _Readers:
    """Who is who; `number` is the reader of each reading."""

    names: list[str]
    readers: Readers
    number: Numbers

    @classmethod
    def of(cls, columns: Columns) -> _Readers:
        people = sorted({name for role, name in columns.reader if role == "person"}, key=natural)
        models = sorted({name for role, name in columns.reader if role == "model"}, key=natural)
        names = unique_names(people, models)
        truth = any(role == "truth" for role, _ in columns.reader)
        order = [*names.values(), *([GROUND_TRUTH] if truth else [])]
        place = {key: order.index(name) for key, name in names.items()}
        place["truth", ""] = len(order) - 1
        readers = Readers(
            tuple(names["person", name] for name in people),
            GROUND_TRUTH if truth else None,
            tuple(names["model", name] for name in models),
        )
        return cls(order, readers, np.array([place[key] for key in columns.reader], np.int32))


def _task_names(tasks: Sequence[Task]) -> list[str]:
    """Ids as names; what has none, or one that is taken, gets its place in the file."""
    names: dict[str, None] = {}
    for number, task in enumerate(tasks, start=1):
        name = str(task.id) if task.id is not None else f"number {number}"
        names[name if name not in names else f"{name} (number {number})"] = None
    return list(names)


def _tiers(
    columns: Columns,
    regions: Regions,
    readers: _Readers,
    config: ForeignConfig | None,
    problems: Problems,
) -> Iterator[TierTable]:
    extents = _extents(columns, regions, readers)
    build = _Builder(columns, regions, readers, extents, config, problems)
    for name, rows in _by_tier(columns, config, problems).items():
        tier = build.tier(name, rows)
        if tier.table.labels:  # without a config, a control whose regions are all broken has none
            yield tier


def _extents(
    columns: Columns, regions: Regions, readers: _Readers, kept: Mask | None = None
) -> Extents:
    task, number = np.array(columns.task, np.int64), readers.number
    if kept is not None:
        task, number = task[kept], number[kept]
    if not len(task):
        return Extents.of([], [], [], [])
    return Extents.of(task, number, regions.low[task], regions.high[task])


def _by_tier(
    columns: Columns, config: ForeignConfig | None, problems: Problems
) -> dict[str, Positions]:
    """Regions of each tier, usable or not; with a config also tiers that nobody used."""
    controls = list(dict.fromkeys(columns.control))
    number = {name: at for at, name in enumerate(controls)}
    code: Numbers = np.fromiter(map(number.__getitem__, columns.control), np.int32)
    tiers: dict[str, list[int]] = {} if config is None else {name: [] for name in config.control_of}
    for control, at in number.items():
        tier = (control or "label") if config is None else config.tier_of(control)
        if tier:
            tiers.setdefault(tier, []).append(at)
            continue
        text = "regions of controls that the config does not have [is|are] left out"
        problems.add("TSL082", text, f"control '{control}'", int((code == at).sum()))
    return {tier: np.flatnonzero(np.isin(code, own)) for tier, own in tiers.items()}


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the table of one tier after the other."""

    columns: Columns
    regions: Regions
    readers: _Readers
    extents: Extents
    config: ForeignConfig | None
    problems: Problems
    tasks: Numbers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tasks", np.array(self.columns.task, np.int32))

    def tier(self, name: str, rows: Positions) -> TierTable:
        """The table of some regions."""
        given, rows = rows, rows[self.regions.usable[rows]]
        row, label, labels = self._labelled(name, rows)
        reading = self.regions.reading[row]
        columns: dict[str, ArrayLike] = {
            "task": self.tasks[reading],
            "annotator": self.readers.number[reading],
            "label": label,
            "start": self.regions.start[row],
            "end": self.regions.end[row],
            "region": row,
        }
        if any(window is not None for window in self.regions.windows):
            self._report(columns)
        again = repeated((reading, label), self.regions.start[row], self.regions.end[row])
        self._note("TSL116", REPEATED, row[again])
        extents = self._read_by(given, row)
        names = (self.regions.tasks, self.readers.names, labels)
        table = SpanTable.of(names, columns, extents)
        fields = dict(self.columns.fields)
        readers = self._known(table)
        people = of_people(table, readers)
        kind = kind_of(people if len(people) else table, shown=self.regions.shown)
        tolerance = to_seconds(table_tolerance(None, people))
        colors = self._colors(name)
        return TierTable(
            name, kind, table, readers, tolerance, fields=fields, colors=colors,
            shown=self.regions.shown,
        )  # fmt: skip

    def _colors(self, name: str) -> dict[str, str]:
        """Colours of the labels, as the config has them."""
        tiers = () if self.config is None else self.config.domain.tiers
        labels = [label for tier in tiers if tier.name == name for label in tier.labels]
        return {label.name: label.color for label in labels}

    def _read_by(self, given: Positions, rows: Positions) -> Extents:
        """What was reviewed, without the readings that marked something of which nothing is left.

        Args:
            given: All regions of the tier.
            rows: Those with usable times and a known label.
        """
        marked, read = (np.zeros(len(self.tasks), bool) for _ in range(2))
        marked[self.regions.reading[given]] = True
        read[self.regions.reading[rows]] = True
        lost = np.flatnonzero(marked & ~read)
        if not len(lost):
            return self.extents
        place = f"task {self.regions.tasks[self.tasks[lost[0]]]}"
        self.problems.add("TSL117", UNREAD, place, len(lost))
        return _extents(self.columns, self.regions, self.readers, ~(marked & ~read))

    def _labelled(self, tier: str, rows: Positions) -> tuple[Positions, Numbers, list[str]]:
        """A row and a label number for each label of each region, and the labels."""
        every = self.columns.labels
        own = every if len(rows) == len(every) else [every[at] for at in rows.tolist()]
        count = np.fromiter(map(len, own), np.int64, len(own))
        texts = list(chain.from_iterable(own))
        row = np.repeat(rows, count)
        self._note("TSL081", "regions without a label [is|are] left out", rows[count == 0])
        labels, number = self._numbers(tier, set(texts))
        code: Numbers = np.fromiter(map(number.__getitem__, texts), np.int32, len(texts))
        unknown = [text for text, at in number.items() if at < 0]
        if unknown:
            kept = code >= 0
            place = f"label '{min(unknown)}' of '{tier}'"
            self.problems.add("TSL083", UNKNOWN, place, int((~kept).sum()))
            return row[kept], code[kept], labels
        return row, code, labels

    def _numbers(self, tier: str, texts: set[str]) -> tuple[list[str], Mapping[str, int]]:
        """The labels of a tier, and the number that each text stands for; -1 is none."""
        if self.config is None:
            labels = sorted(texts)
            return labels, {text: at for at, text in enumerate(labels)}
        labels = [label.name for label in self.config.domain.tier(tier).labels]
        place = {label: at for at, label in enumerate(labels)}
        return labels, {text: place.get(self.config.label_of(tier, text), -1) for text in texts}

    def _note(self, code: str, what: str, rows: Positions) -> None:
        if len(rows):
            task = self.regions.tasks[self.tasks[self.regions.reading[rows[0]]]]
            self.problems.add(code, what, f"task {task}", len(rows))

    def _report(self, columns: Mapping[str, ArrayLike]) -> None:
        """Say what lies outside of its window."""
        keys = ("task", "annotator", "start", "end")
        task, annotator, start, end = (columns[key] for key in keys)
        cut = np.flatnonzero(outside(task, annotator, start, end, self.extents))
        text = "regions [reaches|reach] out of what was reviewed: cut to it"
        self._note("TSL084", text, np.asarray(columns["region"])[cut])

    def _known(self, table: SpanTable) -> Readers:
        """Who is who in a tier; a model that never marks in it does not know it."""
        marked = {table.annotators[number] for number in np.unique(table.annotator).tolist()}
        every = self.readers.readers
        models = tuple(name for name in every.models if name in marked)
        return Readers(every.annotators, every.reference, models)
