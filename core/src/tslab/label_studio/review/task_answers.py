"""Answers about whole tasks: what everybody says becomes truth, the rest is counted."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.agreement.attributes.fields import answer_of
from tslab.annotation import Annotation
from tslab.domain import TaskField
from tslab.spans import FieldValue


def unanimous(
    fields: Sequence[TaskField], readings: Sequence[Annotation]
) -> tuple[dict[str, dict[str, FieldValue]], int]:
    """Answers that at least two readings give and none contradicts.

    Texts are left out: they are nobody's but their writer's.

    Args:
        fields: What is asked about tasks.
        readings: Of one recording in one view.

    Returns:
        Answers by task and field, and how many differ.
    """
    agreed: dict[str, dict[str, FieldValue]] = {}
    differing = 0
    for task in sorted({task for reading in readings for task in reading.task_fields}):
        given = [reading.task_fields.get(task, {}) for reading in readings]
        for field in fields:
            values = [answers[field.name] for answers in given if field.name in answers]
            if field.kind == "text" or len(values) < 2:
                continue
            if len({answer_of(field, value) for value in values}) == 1:
                agreed.setdefault(task, {})[field.name] = values[0]
            else:
                differing += 1
    return agreed, differing
