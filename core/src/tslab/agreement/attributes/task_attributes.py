"""Agreement of what was answered about whole tasks: no matching, a task is the unit.

Krippendorff's alpha of the group takes all annotators of a task together: a pair of answers of a
task with m of them has the weight 1 / (m - 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.attributes.fields import AnyField, FieldStudies, answer_of
from tslab.agreement.attributes.metrics import AttributeSettings, measure_of
from tslab.agreement.attributes.sums import Entries
from tslab.agreement.events.counts import EventItems
from tslab.agreement.events.levels import Levels
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.values import Readers, Row
from tslab.domain import TaskField
from tslab.span_table import Extents, Numbers, SpanTable
from tslab.spans import FieldValue

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """What was answered about tasks.

    Attributes:
        view: What rows carry in place of a tier.
        tasks: Names of the tasks.
        annotators: Names of all readers.
        readers: Who is who.
        answers: By positions of task and annotator, answers by field. Whoever submitted a task is
            in it, with or without an answer.
        order: Numbers of the tasks in the order in which chance draws them, as in `SpanTable`.
    """

    view: str
    tasks: tuple[str, ...]
    annotators: tuple[str, ...]
    readers: Readers
    answers: Mapping[tuple[int, int], Mapping[str, FieldValue]]
    order: Numbers | None = None


def task_attribute_rows(
    given: TaskAnswers, fields: Sequence[TaskField], settings: AttributeSettings | None = None
) -> list[Row]:
    """All measures of all fields about tasks; a field that nobody answered has none."""
    settings = settings or AttributeSettings()
    table = _presence(given)
    pairs, kinds = all_kinds(table, given.readers)
    if not len(pairs):
        return []
    levels = Levels(given.view, table, given.readers, pairs, kinds, settings.intervals)
    rows: list[Row] = []
    for item in fields:
        rows += _field_rows(given, item, levels, settings)
    return [replace(row, seconds=0.0) for row in rows]


def _presence(given: TaskAnswers) -> SpanTable:
    """A table without spans, in which whoever submitted a task reviewed a microsecond of it."""
    keys = np.array(sorted(given.answers), np.int64).reshape(-1, 2)
    start = np.zeros(len(keys), np.int64)
    seen = Extents.of(keys[:, 0], keys[:, 1], start, start + 1)
    none = dict.fromkeys(("task", "annotator", "label", "start", "end"), np.zeros(0, np.int64))
    table = SpanTable.of((given.tasks, given.annotators, ()), none, seen)
    return replace(table, order=given.order)


def _field_rows(
    given: TaskAnswers, item: TaskField, levels: Levels, settings: AttributeSettings
) -> Iterator[Row]:
    values = [own[item.name] for own in given.answers.values() if item.name in own]
    studies = FieldStudies.of(item, values, settings.tolerances.get(item.name, 0.0))
    if not studies.answers:
        return
    codes = _codes(given, item, studies)
    pair, task = np.nonzero(levels.ticks > 0)
    items = EventItems(pair.astype(np.int32), task.astype(np.int32))
    sides = levels.pairs[pair]
    first, second = (codes[task, sides[:, side]] for side in (0, 1))
    cell = np.arange(len(items))
    for joint, group in ((False, studies.conditional), (True, studies.joint)):
        plain = Entries(cell, len(items), first, second, np.ones(len(items)))
        grouped = replace(
            plain, weight=1 / np.maximum(_members(given, codes, joint=joint)[task] - 1, 1)
        )
        answered = np.asarray((codes[:, _people(given)] >= 0).any(axis=1))
        plain, grouped = (
            (plain.either(), grouped.where(answered[task])) if joint
            else (plain.both(), grouped.both())
        )  # fmt: skip
        for study in group:
            measure = measure_of(study, "task", item.name, joint=joint)
            one, all_ = (study.sums(x)[:, None, :] for x in (plain, grouped))
            yield from (row for row in levels.rows(items, one, measure) if not _of_group(row))
            yield from (row for row in levels.rows(items, all_, measure) if _of_group(row))


def _of_group(row: Row) -> bool:
    """Whether a row is alpha of all annotators together."""
    return row.by in ("overall", "task") and row.metric.startswith("task/alpha")


def _codes(given: TaskAnswers, item: AnyField, studies: FieldStudies) -> Codes:
    """Position of each answer among the distinct ones, -1 for none, ``(tasks, annotators)``."""
    known = {answer: number for number, answer in enumerate(studies.answers)}
    codes = np.full((len(given.tasks), len(given.annotators)), -1, np.int64)
    for place, answers in given.answers.items():
        value = answers.get(item.name)
        answer = answer_of(item, value) if value is not None else None
        if answer is not None:
            codes[place] = known[answer]
    return codes


def _people(given: TaskAnswers) -> list[int]:
    return [given.annotators.index(name) for name in given.readers.annotators]


def _members(given: TaskAnswers, codes: Codes, *, joint: bool) -> Codes:
    """How many people answered each task, or submitted it where none is an answer, ``(tasks,)``."""
    if not joint:
        return np.asarray((codes[:, _people(given)] >= 0).sum(axis=1))
    there = np.zeros(codes.shape, np.int64)
    for place in given.answers:
        there[place] = 1
    return np.asarray(there[:, _people(given)].sum(axis=1))
