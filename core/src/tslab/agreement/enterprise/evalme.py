"""Scores of Label Studio's public agreement code (label-studio-evalme), number by number.

They are here so that a dashboard can move without a jump, not because they are good measures: the
best partner of each region may be shared, chance is not corrected for, two equal instants have 0,
and three copies of a region agree fully with one. Functions take results as Label Studio exports
them, and keep its floats: nothing is rounded to microseconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tslab.errors import DataError

Result = Mapping[str, Any]
LABELS = "timeserieslabels"


def agreement(
    annotation_1: Mapping[str, Any], annotation_2: Mapping[str, Any], per_label: bool = False
) -> float | dict[str, float]:
    """The score of two annotations, with the signature of Label Studio's custom metrics.

    Args:
        annotation_1: An annotation or prediction as Label Studio exports it: its ``result`` counts.
        annotation_2: The other one.
        per_label: Whether each label has a score of its own.
    """
    one, other = (list(side.get("result") or ()) for side in (annotation_1, annotation_2))
    return per_label_scores(one, other) if per_label else score(one, other)


def score(
    one: Sequence[Result],
    other: Sequence[Result],
    weights: Mapping[str, float] | None = None,
    iou_threshold: float | None = None,
) -> float:
    """Mean over controls of the symmetric intersection of regions, 1 for two empty results.

    Args:
        one: Results of one annotation; whatever carries no labels of a time series is left out.
        other: Those of the other one.
        weights: Weight of each control; 1 where it is missing.
        iou_threshold: Makes each region right or wrong: right above it, not at it.
    """
    if not one and not other:
        return 1.0
    total, above = 0.0, 0.0
    for control in _controls(one, other):
        sides = [_of_control(side, control) for side in (one, other)]
        found = min(
            intersection(sides[0], sides[1], iou_threshold),
            intersection(sides[1], sides[0], iou_threshold),
        )
        weight = (weights or {}).get(control, 1)
        total, above = total + weight, above + found * weight
    return above / total if total > 0 else 0.0


def per_label_scores(
    one: Sequence[Result], other: Sequence[Result], iou_threshold: float | None = None
) -> dict[str, float]:
    """The same for each label: the lower of both directions, or the one that there is."""
    total: dict[str, list[float]] = defaultdict(list)
    for control in _controls(one, other):
        sides = [_of_control(side, control) for side in (one, other)]
        there, back = (
            _by_label(sides[0], sides[1], iou_threshold),
            _by_label(sides[1], sides[0], iou_threshold),
        )
        for label in sorted({*there, *back}):
            total[label].append(min(side[label] for side in (there, back) if label in side))
    return {label: sum(found) / len(found) for label, found in total.items()}


def intersection(
    reference: Sequence[Result], found: Sequence[Result], iou_threshold: float | None = None
) -> float:
    """Mean over the second one's regions of the best intersection over union with the first's.

    A region with several labels weighs as many. Both empty are 1, one empty is 0.
    """
    if not reference or not found:
        return 0.0 if reference or found else 1.0
    total, above = 0.0, 0.0
    for region in found:
        weight = len(region["value"].get(LABELS, [""]))
        above += weight * _best(region, reference, iou_threshold)
        total += weight
    return above / total if total else 0.0


def spans_iou(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Intersection by the reach of two regions; 0 where they are apart and for two instants."""
    start, end = seconds_of(one["start"]), seconds_of(one["end"])
    first, last = seconds_of(other["start"]), seconds_of(other["end"])
    reach = max(end, last) - min(start, first)
    if first > end or start > last or reach == 0:
        return 0.0
    return (min(end, last) - max(start, first)) / reach


def seconds_of(value: object) -> float:
    """A time as a number; dates are seconds, and without a zone they count as UTC.

    Raises:
        DataError: It is neither.
    """
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pass
    try:
        date = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise DataError(
            f"'{value}' is no time of a region", "Times are numbers or ISO dates."
        ) from error
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _best(region: Result, among: Sequence[Result], iou_threshold: float | None) -> float:
    value = region["value"]
    best = max(
        spans_iou(other["value"], value) if other["value"].get(LABELS) == value.get(LABELS) else 0
        for other in among
    )
    return float(best) if iou_threshold is None else float(best > iou_threshold)


def _by_label(
    reference: Sequence[Result], found: Sequence[Result], iou_threshold: float | None
) -> dict[str, float]:
    scores: dict[str, list[float]] = defaultdict(list)
    for region in found:
        best = _best(region, reference, iou_threshold) if reference else 0.0
        for label in region["value"].get(LABELS, ()):
            scores[label].append(best)
    return {label: sum(own) / len(own) for label, own in scores.items()}


def _controls(one: Sequence[Result], other: Sequence[Result]) -> list[str]:
    """Controls that label stretches of time, in the order in which they occur."""
    names = [r["from_name"] for r in (*one, *other) if r.get("type") == LABELS and "from_name" in r]
    return list(dict.fromkeys(names))


def _of_control(results: Sequence[Result], control: str) -> list[Result]:
    return [r for r in results if r.get("from_name") == control and r.get("type") == LABELS]
