"""Answers about whole tasks in an export, and what was asked: the config knows, or answers tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tslab.agreement.answer_rows import guessed_fields
from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Readers
from tslab.domain import RegionField, TaskField
from tslab.label_studio.exports.columns import Columns
from tslab.label_studio.exports.fields import ExportFields
from tslab.span_table import Extents, Numbers, SpanTable
from tslab.spans import FieldValue

TASKS = "tasks"
"""Name of the tier of a project in which nothing but whole tasks was answered about."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Who answered in which task.

    Attributes:
        tasks: Names of the tasks.
        names: Names of all readers.
        readers: Who is who.
        number: Reader of each reading, int32 ``(readings,)``.
        extents: What everybody reviewed.
    """

    tasks: Sequence[str]
    names: Sequence[str]
    readers: Readers
    number: Numbers
    extents: Extents


def with_answers(
    tiers: Sequence[TierTable], columns: Columns, fields: ExportFields, who: Answered
) -> tuple[TierTable, ...]:
    """Tiers with what was asked, the first one with the answers about tasks.

    Args:
        tiers: What was marked. Without any, answers about tasks make one of their own.
        columns: What was answered.
        fields: What the config asks; what it does not have is guessed from the answers.
        who: Who answered in which task.
    """
    asked = asked_of_regions(fields.regions, columns.fields)
    found = [replace(tier, region_fields=asked) for tier in tiers]
    if not columns.answers:
        return tuple(found)
    answers = _answers(columns, who, found[0].name if found else TASKS)
    found = found or [_nothing_marked(who, answers.readers)]
    asked_tasks = asked_of_tasks(fields.tasks, columns.answers)
    found[0] = replace(found[0], task_fields=asked_tasks, task_answers=answers)
    return tuple(found)


def asked_of_regions(
    declared: Sequence[RegionField], answers: Mapping[int, Mapping[str, FieldValue]]
) -> tuple[RegionField, ...]:
    """Fields that are declared, then those that only answers tell of."""
    known = {item.name for item in declared}
    return (*declared, *(item for item in guessed_fields(answers) if item.name not in known))


def asked_of_tasks(
    declared: Sequence[TaskField], answers: Mapping[int, Mapping[str, FieldValue]]
) -> tuple[TaskField, ...]:
    """The same of whole tasks."""
    known = {item.name for item in declared}
    guessed = (item for item in guessed_fields(answers) if item.name not in known)
    return (
        *declared,
        *(
            TaskField.model_construct(name=item.name, kind=item.kind, multiple=item.multiple)
            for item in guessed
        ),
    )


def _answers(columns: Columns, who: Answered, tier: str) -> TaskAnswers:
    """Whoever submitted a task is in it; a model only if it answers about tasks at all."""
    models = {
        who.names[who.number[reading]]
        for reading in columns.answers
        if columns.reader[reading][0] == "model"
    }
    said: dict[tuple[int, int], Mapping[str, FieldValue]] = {}
    for reading, (task, number) in enumerate(zip(columns.task, who.number.tolist(), strict=True)):
        if columns.reader[reading][0] != "model" or who.names[number] in models:
            said[task, number] = columns.answers.get(reading, {})
    every = who.readers
    readers = Readers(
        every.annotators, every.reference, tuple(name for name in every.models if name in models)
    )
    return TaskAnswers(tier, tuple(who.tasks), tuple(who.names), readers, said)


def _nothing_marked(who: Answered, readers: Readers) -> TierTable:
    """A tier without a label: its tasks were read, and nothing could be marked in them."""
    none = dict.fromkeys(("task", "annotator", "label", "start", "end"), np.zeros(0, np.int64))
    table = SpanTable.of((who.tasks, who.names, ()), none, who.extents)
    return TierTable(TASKS, "intervals", table, readers, 0.0)
