"""Rows about answers and task scores of one tier, of what an intake and a measurement hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tslab.agreement.attributes.metrics import AttributeSettings, Regions, attribute_rows
from tslab.agreement.attributes.task_attributes import task_attribute_rows
from tslab.agreement.enterprise.controls import choice_controls, overlap_control, task_controls
from tslab.agreement.enterprise.custom_metric import CustomMetric, custom_rows
from tslab.agreement.enterprise.scores import EnterpriseSettings, enterprise_rows
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.rests import Rests
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import TierTable
from tslab.agreement.values import Row
from tslab.domain import FieldKind, RegionField
from tslab.spans import FieldValue

FEW = 20
"""Up to so many distinct texts are choices where no config says what they are."""
MOST_STARS = 10


def answer_rows(
    tier: TierTable, matched: Sequence[Matches], settings: AgreementSettings
) -> Iterator[Row]:
    """Agreement of answers about regions and about tasks.

    Args:
        tier: What was answered.
        matched: Matched ranges and instants, those that there are.
        settings: How to measure.
    """
    own = AttributeSettings(settings.tolerances, settings.time)
    if tier.fields and matched:
        regions = Regions(tier.name, tier.table, tier.readers, tier.fields)
        yield from attribute_rows(regions, asked_fields(tier), matched, own)
    if tier.task_answers is not None:
        yield from task_attribute_rows(tier.task_answers, tier.task_fields, own)


def score_rows(tier: TierTable, tolerance: float, settings: AgreementSettings) -> list[Row]:
    """Task scores as Label Studio Enterprise has them, of what it shows as tasks."""
    table = tier.table if tier.windows is None else tier.windows
    regions, fields = Regions(tier.name, table, tier.readers, tier.fields), asked_fields(tier)
    ticks = round(tolerance * 1e6)
    # Where nothing could be marked, two who marked nothing do not agree about it.
    controls = [overlap_control(regions, ticks)] if table.labels else []
    controls += choice_controls(regions, fields, ticks)
    if tier.task_answers is not None:
        controls += task_controls(tier.task_answers, tier.task_fields)
    own = EnterpriseSettings(settings.weights, settings.iou, settings.time)
    rows = enterprise_rows(tier.name, controls, tier.readers, own)
    return list(Rests(table, tier.readers).under(rows))


def own_rows(
    tier: TierTable, metrics: Sequence[CustomMetric], settings: AgreementSettings
) -> Iterator[Row]:
    """Measures of the user's own, of what Label Studio shows as tasks.

    Raises:
        DataError: A function failed; it is named with its file and line.
    """
    table = tier.table if tier.windows is None else tier.windows
    regions = Regions(tier.name, table, tier.readers, tier.fields)
    rests = Rests(table, tier.readers)
    for metric in metrics:
        rows = custom_rows(metric, regions, asked_fields(tier), settings.time)
        yield from rests.under(rows)


def asked_fields(tier: TierTable) -> Sequence[RegionField]:
    """The fields that were declared, or, for an export, what the answers look like."""
    return tier.region_fields or guessed_fields(tier.fields)


def guessed_fields(answers: Mapping[int, Mapping[str, FieldValue]]) -> list[RegionField]:
    """Fields from answers alone: whole numbers up to ten are ratings, few texts are choices."""
    values: dict[str, set[FieldValue]] = {}
    counts: dict[str, int] = {}
    for own in answers.values():
        for name, value in own.items():
            values.setdefault(name, set()).add(value)
            counts[name] = counts.get(name, 0) + 1
    return [_guessed(name, values[name]) for name in sorted(values)]


def _guessed(name: str, values: set[FieldValue]) -> RegionField:
    # Not validated: names of controls in an export are whatever people wrote.
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == len(values):
        stars = all(value == int(value) and 0 <= value <= MOST_STARS for value in numbers)
        kind: FieldKind = "rating" if stars else "number"
        return RegionField.model_construct(name=name, kind=kind)
    several = any(isinstance(value, tuple) for value in values)
    kind = "choice" if several or len(values) <= FEW else "text"
    return RegionField.model_construct(name=name, kind=kind, multiple=several)
