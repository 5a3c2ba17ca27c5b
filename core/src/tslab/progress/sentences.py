"""What stands out, in sentences: what somebody should do something about."""

from __future__ import annotations

from collections.abc import Iterator

from tslab.errors import counted
from tslab.progress.people import Person
from tslab.progress.report import Progress
from tslab.progress.trends import Trend
from tslab.progress.use import LabelUse, Relabelled
from tslab.progress.words import span, trend_name, trend_value
from tslab.wording import short

FEW = 5
"""Regions below which nothing is said about a label."""
ENOUGH = 10
"""Predicted regions, or tasks, from which a share means something."""
STAMPED = 0.95
"""Share of tasks submitted as predicted from which somebody may not look."""


def stands_out(found: Progress) -> list[str]:
    """Sentences, the model's habits first, then people's."""
    uses = {(use.model, use.tier, use.label): use for use in found.use.labels}
    said = [*_relabelled(found.use.relabelled, uses)]
    for use in found.use.labels:
        said += _label(use)
    for person in found.people:
        said += _person(person)
    said += [_trend(trend) for trend in (*found.drift, *found.fatigue) if trend.says_something]
    return said


def _relabelled(
    pairs: list[Relabelled], uses: dict[tuple[str, str, str], LabelUse]
) -> Iterator[str]:
    for pair in pairs:
        predicted = uses[pair.model, pair.tier, pair.before].predicted
        if pair.regions >= FEW and pair.regions >= 0.2 * predicted:
            yield (
                f"{short(pair.model)} says {short(pair.before)} where annotators say "
                f"{short(pair.after)}: "
                f"{pair.regions} of {predicted}"
            )


def _label(use: LabelUse) -> Iterator[str]:
    model, label = short(use.model), short(use.label)
    found = use.accepted + use.moved
    if use.deleted >= FEW and use.deleted >= 0.3 * use.predicted:
        yield (
            f"{model} sees {label} where there is none: {use.deleted} of {use.predicted} deleted"
        )
    if use.added >= FEW and use.added > found:
        yield f"{model} misses {label}: {use.added} added by hand, {found} found"
    if use.predicted >= ENOUGH:
        for what, shift in (("begins", use.onset), ("ends", use.offset)):
            if shift.median and shift.one_sided and shift.moved >= 0.5 * use.predicted:
                # Moved later by annotators: the model was early.
                side = "early" if shift.median > 0 else "late"
                yield (
                    f"{model} {what} {label} {span(abs(shift.median))} too {side}: "
                    f"moved in {shift.moved} of {use.predicted}"
                )


def _person(person: Person) -> Iterator[str]:
    name, many = short(person.annotator), person.from_prediction
    if many >= ENOUGH and person.untouched >= STAMPED * many:
        yield (
            f"{name} submitted {person.untouched} of {counted(many, 'tasks')} just as "
            f"predicted, in {span(person.lead.median)} at the median: the model is that good, or "
            "nobody looked"
        )


def _trend(trend: Trend) -> str:
    along = "within sittings" if trend.along == "sitting" else "with time"
    return (
        f"{short(trend.annotator)}: {trend_name(trend)} {trend.verdict} {along}, from "
        f"{trend_value(trend, trend.early)} to {trend_value(trend, trend.late)} over "
        f"{counted(trend.tasks, 'tasks')}"
    )
