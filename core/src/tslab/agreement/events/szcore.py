"""Detection of events as SzCORE scores it: any overlap counts, within a tolerance.

Spans of one label are first put together where less than a gap is between them, then cut into parts
of a longest length. An event of the reference is found where the hypothesis marks anything within
the tolerance around it; what the hypothesis marks and no such event is near is a false alarm (Dan
et al. 2024, timescoring.EventScoring). One false alarm can so be near many events, and one long
detection can find several: this is no one-to-one matching.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.candidates import overlapping
from tslab.agreement.events.counts import EventItems, labels_and_all
from tslab.agreement.events.events import Events, Shared, by_single_label, shared
from tslab.agreement.events.levels import Levels, Measure, Named
from tslab.agreement.events.lines import Side
from tslab.agreement.events.matching import as_pairs
from tslab.agreement.kernels.common_time import common_ticks
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import (
    NO_COMMON_TIME,
    NO_HYPOTHESIS,
    NO_REFERENCE,
    NOTHING_MARKED,
    Readers,
    Row,
    Value,
)
from tslab.span_table import Extents, SpanTable, Ticks, refuse_too_long

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Detection:
    """How detections are scored; microseconds.

    Attributes:
        merge: Spans with less than this between them are one.
        longest: Spans that are longer are cut into parts of this length; 0 leaves them whole.
        before: How much earlier than the reference a detection may be.
        after: How much later.
    """

    merge: int = 0
    longest: int = 0
    before: int = 0
    after: int = 0


SZCORE = Detection(90 * SECOND, 300 * SECOND, 30 * SECOND, 60 * SECOND)


@dataclass(frozen=True, slots=True)
class Detections:
    """Counts for each pair, task and label; all add up.

    Attributes:
        items: Pair and task of each row.
        reference: Events of the reference, int64 ``(items, labels)``.
        found: Those with a detection, int64 ``(items, labels)``.
        alarms: Detections near no event, int64 ``(items, labels)``.
        ticks: Time that both reviewed, int64 ``(items,)``.
    """

    items: EventItems
    reference: NDArray[np.int64]
    found: NDArray[np.int64]
    alarms: NDArray[np.int64]
    ticks: Ticks


def detections(table: SpanTable, pairs: ArrayLike, rule: Detection = SZCORE) -> Detections:
    """Score detections; regions of several labels count for each of them.

    Args:
        table: What everybody marked; instants have no part in it.
        pairs: Numbers of annotators, the reference first, ``(pairs, 2)``.
        rule: How to score.
    """
    events = by_single_label(table)
    parts: list[Shared] = []
    columns: list[list[NDArray[np.int64]]] = [[], [], []]
    for pair in as_pairs(pairs):
        part = shared(events, table, pair)
        parts.append(part)
        for column, value in zip(columns, _detected(part, rule), strict=True):
            column.append(value)
    none = np.zeros((0, len(table.labels)), np.int64)
    reference, found, alarms = (np.concatenate([none, *column]) for column in columns)
    items = EventItems.of(parts)
    ticks = common_ticks(table, pairs)[items.pair, items.task]
    return Detections(items, reference, found, alarms, ticks)


def detection_scores(
    reference: Floats, found: Floats, alarms: Floats, ticks: Floats
) -> dict[str, Floats]:
    """Sensitivity, precision, F1 and false alarms a day, of counts of any one shape."""
    return {
        "sensitivity": ratio(found, reference),
        "precision": ratio(found, found + alarms),
        "f1": ratio(2 * found, found + reference + alarms),
        "false_alarms_per_day": ratio(alarms, ticks / (86_400 * SECOND)),
    }


UNDEFINED = {
    "sensitivity": NO_REFERENCE,
    "precision": NO_HYPOTHESIS,
    "f1": NOTHING_MARKED,
    "false_alarms_per_day": NO_COMMON_TIME,
}
"""Why a score is undefined."""


def detection_rows(
    tier: str,
    table: SpanTable,
    readers: Readers,
    intervals: TimeSettings | None = None,
    rule: Detection = SZCORE,
) -> Iterator[Row]:
    """Rows ``szcore/...`` of each two, the first the reference; people together have none.

    Args:
        tier: Name of the tier.
        table: Its spans; instants have no part in it.
        readers: Who is who.
        intervals: Draws, seed and level of the bootstrap.
        rule: How to score.
    """
    pairs, kinds = all_kinds(table, readers)
    found = detections(table, pairs, rule)
    time = np.repeat(found.ticks[:, None], len(table.labels), axis=1)
    parts = (found.reference, found.found, found.alarms, time)
    cells = np.stack([part.astype(float) for part in parts], axis=-1)
    sets = tuple((number,) for number in range(len(table.labels)))
    whole = labels_and_all(cells, sets, len(table.labels))
    whole[:, -1, 3] = found.ticks  # time that all labels share counts once
    levels = Levels(tier, table, readers, pairs, kinds, intervals or TimeSettings())
    yield from levels.rows(found.items, whole, _MEASURE)


def _values(sums: Floats) -> Named:
    scores = detection_scores(*np.moveaxis(sums, -1, 0))
    return {f"szcore/{name}": score for name, score in scores.items()}


def _explain(name: str, value: float, _: Floats) -> Value:
    known = math.isfinite(value)
    return Value(float(value)) if known else Value(None, UNDEFINED[name.removeprefix("szcore/")])


_MEASURE = Measure(_values, _explain, lambda _: True, lambda sums: sums[..., 0] + sums[..., 2])


def _detected(part: Shared, rule: Detection) -> tuple[NDArray[np.int64], ...]:
    """Events, those found, and false alarms of one pair, each ``(tasks, labels)``."""
    shape = len(part.tasks), len(part.reference.sets)
    reference, hypothesis = (
        _prepared(events, part, rule) for events in (part.reference, part.hypothesis)
    )
    low = min(int(side.start.min(initial=0)) for side in (reference, hypothesis)) - rule.before
    high = max(int(side.end.max(initial=0)) for side in (reference, hypothesis)) + rule.after
    reach = high - low + 1
    refuse_too_long(float(reach) * shape[0] * shape[1], shape[0])
    lift = [side.task.astype(np.int64) * reach - low for side in (reference, hypothesis)]
    found = overlapping(
        _on_line(reference.start - rule.before + lift[0], reference.end + rule.after + lift[0]),
        _on_line(hypothesis.start + lift[1], hypothesis.end + lift[1]),
    )
    near = np.zeros(len(hypothesis), bool)
    near[found.hypothesis] = True
    cells = shape[0] * shape[1]
    hit = np.unique(found.reference)
    return tuple(
        np.bincount(keys, minlength=cells).reshape(shape)
        for keys in (reference.task, reference.task[hit], hypothesis.task[~near])
    )


def _on_line(start: Ticks, end: Ticks) -> Side:
    return Side(np.arange(len(start)), start, end, bool((start[1:] >= end[:-1]).all()))


def _prepared(events: Events, part: Shared, rule: Detection) -> Extents:
    """Spans put together and cut; their "task" is the cell of task and label.

    Times are doubled meanwhile: spans that only touch must stay apart where nothing is merged.
    """
    key = events.keys(part.tasks)
    reach = 2 * rule.merge - 1
    whole = Extents.of(key, np.zeros(len(key)), 2 * events.start, 2 * events.end + reach)
    start, end = whole.start // 2, (whole.end - reach) // 2
    if not rule.longest:
        return Extents(whole.task, whole.annotator, start, end)
    count = -(-(end - start) // rule.longest)
    row = np.repeat(np.arange(len(start)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    begin = start[row] + step * rule.longest
    stop = np.minimum(begin + rule.longest, end[row])
    return Extents(whole.task[row], whole.annotator[row], begin, stop)
