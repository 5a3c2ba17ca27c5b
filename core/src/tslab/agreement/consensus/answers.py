"""What several annotators answer together, about a region or a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from tslab.agreement.attributes.fields import answer_of
from tslab.annotation import Annotation
from tslab.domain import RegionField, TaskField
from tslab.spans import FieldValue

if TYPE_CHECKING:
    from tslab.agreement.consensus.methods import Consensus
    from tslab.agreement.tier_tables import TierTable

Given = Mapping[str, FieldValue]


def answer_together(
    asked: RegionField | TaskField, given: Sequence[FieldValue]
) -> FieldValue | None:
    """One answer out of several, None where they do not give one.

    Of one choice the one that most give; of several choices those that more than half give; of
    ratings and numbers the median, for a rating only if it is one. Texts are nobody's but their
    writer's: they are never put together.
    """
    if asked.kind == "text":
        return None
    said = [answer for value in given if (answer := answer_of(asked, value)) is not None]
    numbers = [answer for answer in said if isinstance(answer, float)]
    if numbers:
        middle = median(numbers)
        return middle if asked.kind == "number" or middle.is_integer() else None
    sets = [answer for answer in said if isinstance(answer, frozenset)]
    if sets:
        counts = Counter(part for parts in sets for part in parts)
        often = {part for part, many in counts.items() if 2 * many > len(sets)}
        declared = [choice.value for choice in asked.choices]
        ordered = [value for value in declared if value in often]
        return tuple(ordered + sorted(often.difference(declared))) or None
    words = Counter(answer for answer in said if isinstance(answer, str)).most_common(2)
    tied = len(words) > 1 and words[0][1] == words[1][1]
    return None if tied or not words else words[0][0]


def together(
    fields: Iterable[RegionField | TaskField], given: Sequence[Given]
) -> dict[str, FieldValue]:
    """One answer to each field as far as there is one, by name."""
    found = {}
    for item in fields:
        values = [answers[item.name] for answers in given if item.name in answers]
        value = answer_together(item, values)
        if value is not None:
            found[item.name] = value
    return found


def region_answers(tier: TierTable, found: Consensus) -> list[dict[str, FieldValue]]:
    """Answers to each region of a consensus by those whose spans stand behind it."""
    said: list[list[Given]] = [[] for _ in range(len(found.regions))]
    pairs = zip(found.source_region.tolist(), found.source_row.tolist(), strict=True)
    for region, row in pairs:
        said[region].append(tier.fields.get(int(tier.table.region[row]), {}))
    names = [tier.table.labels[label] for label in found.regions.label.tolist()]
    return [
        together((f for f in tier.region_fields if not f.per_label or name in f.per_label), given)
        for name, given in zip(names, said, strict=True)
    ]


def task_answers(
    fields: Sequence[TaskField], readings: Sequence[Annotation]
) -> dict[str, Mapping[str, FieldValue]]:
    """Answers about tasks that at least two readings answer, task id -> field -> value."""
    given: dict[str, list[Given]] = {}
    for reading in readings:
        for task, answers in reading.task_fields.items():
            given.setdefault(task, []).append(answers)
    several = {
        task: together((f for f in fields if sum(f.name in own for own in answers) > 1), answers)
        for task, answers in sorted(given.items())
    }
    return {task: answers for task, answers in several.items() if answers}
