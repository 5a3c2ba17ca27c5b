"""Drift of an annotator along his tasks, and fatigue within a sitting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.progress.shared_tasks import Groups, Shared
from tslab.progress.work import Work

FEWEST = 10
"""Tasks below which nothing is said about a trend."""
SURE = 2.58
"""Standard errors from which something is said: chance does this once in a hundred."""
TOO_FEW = "too few to say"
PAUSE = 1800.0
"""Seconds without work after which a new sitting begins."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How something of one annotator changes with the order of his tasks or in a sitting.

    Attributes:
        annotator: Who.
        tier: Tier; of lead times the view, "" where there is one only.
        what: ``agreement``, ``self``, ``onset bias``, ``offset bias`` or ``lead time``.
        along: ``order`` of his tasks, or ``sitting``: the place within a sitting.
        tasks: Tasks that it rests on.
        early: Value of the first third of them, agreement pooled, others the mean; None too few.
        late: That of the last third.
        correlation: Spearman's rank correlation; None where it is not defined.
        verdict: ``rises``, ``falls``, ``no trend`` or ``too few to say``.
    """

    annotator: str
    tier: str
    what: str
    along: str
    tasks: int
    early: float | None
    late: float | None
    correlation: float | None
    verdict: str

    @property
    def says_something(self) -> bool:
        """Whether it rises or falls."""
        return self.verdict in ("rises", "falls")


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Rank correlation, ties sharing their mean rank; None where one side does not vary."""
    if len(one) < 2:
        return None
    first, second = _ranks(one), _ranks(other)
    first, second = first - first.mean(), second - second.mean()
    below = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / below if below > 0 else None


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    _, group, count = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[group], np.float64)


def verdict(correlation: float | None, tasks: int) -> str:
    """What a rank correlation says: z = r sqrt(n - 1) is normal where there is no trend."""
    if tasks < FEWEST:
        return TOO_FEW
    if correlation is None or abs(correlation) * (tasks - 1) ** 0.5 < SURE:
        return "no trend"
    return "rises" if correlation > 0 else "falls"


def sittings(work: Sequence[Work]) -> dict[str, int]:
    """Place of each task within its sitting, from 1, for one annotator.

    Args:
        work: His annotations, submitted and skipped. A sitting ends where nothing was submitted
            for `PAUSE` seconds before the next task was begun.
    """
    known = sorted(
        ((w.created, w) for w in work if w.created and w.entry.state != "draft"),
        key=lambda pair: (pair[0], pair[1].entry.number),
    )
    places: dict[str, int] = {}
    before: dt.datetime | None = None
    place = 0
    for created, item in known:
        begun = created - dt.timedelta(seconds=min(item.lead_time or 0.0, 86400.0))
        pause = before is None or (begun - before).total_seconds() > PAUSE
        place = 1 if pause else place + 1
        before = created
        if item.counts:
            places[item.entry.task] = place
    return places


def order_of(work: Sequence[Work]) -> dict[str, int]:
    """Place of each task among all that one annotator submitted; they are in order of time."""
    return {w.entry.task: place for place, w in enumerate(work) if w.created}


def drift(name: str, work: Sequence[Work], shared: Shared) -> list[Trend]:
    """One annotator's agreement and borders along his tasks.

    Args:
        name: The annotator.
        work: His annotations that count, by time.
        shared: One tier.
    """
    order = order_of(work)
    others = _placed(shared.rows_of(name, ("pair", "truth")), order)
    again = _placed(shared.rows_of(name, ("self",)), order)
    found = [_agreement(name, shared, others, "agreement", "order")]
    if again:
        found.append(_agreement(name, shared, again, "self", "order"))
    if shared.borders[:, :2].any():
        for side, what in enumerate(("onset bias", "offset bias")):

            def bias(groups: Groups, side: int = side) -> list[float | None]:
                return shared.bias(groups, name, side)

            found.append(_trend((name, shared.tier, what, "order"), others, bias))
    return found


def lead_trend(
    name: str, work: Sequence[Work], places: Mapping[str, int], along: str, view: str = ""
) -> Trend:
    """One annotator's lead times along his sittings, or along all his tasks.

    Args:
        name: The annotator.
        work: His annotations that count.
        places: Place of each task.
        along: What the places are: ``sitting`` or ``order``.
        view: What the annotations are of, where others take another time.
    """
    known = [
        (float(places[w.entry.task]), w.lead_time)
        for w in work
        if w.lead_time is not None and w.entry.task in places
    ]
    times = sorted(known, key=lambda pair: pair[0])
    third = len(times) // 3
    early = float(np.median([t for _, t in times[:third]])) if third else None
    late = float(np.median([t for _, t in times[-third:]])) if third else None
    return _judged((name, view, "lead time", along), times, (early, late))


def tired_agreement(name: str, shared: Shared, places: Mapping[str, int]) -> Trend:
    """One annotator's agreement with the others along his sittings."""
    rows = _placed(shared.rows_of(name, ("pair", "truth")), places)
    return _agreement(name, shared, rows, "agreement", "sitting")


Placed = list[tuple[int, list[int]]]


def _placed(rows: Mapping[str, list[int]], order: Mapping[str, int]) -> Placed:
    """Rows of each task with the task's place, in the order of places."""
    found = [(order[task], own) for task, own in rows.items() if task in order]
    return sorted(found)


def _agreement(name: str, shared: Shared, placed: Placed, what: str, along: str) -> Trend:
    return _trend((name, shared.tier, what, along), placed, shared.main_of)


def _trend(
    of: tuple[str, str, str, str], placed: Placed, value: Callable[[Groups], list[float | None]]
) -> Trend:
    """The trend of a value; tasks in which it is not defined are left out."""
    values = value([rows for _, rows in placed])
    known = [
        (float(place), rows, number)
        for (place, rows), number in zip(placed, values, strict=True)
        if number is not None
    ]
    third = len(known) // 3
    ends: list[float | None] = [None, None]
    if third:
        parts = known[:third], known[-third:]
        ends = value([[row for _, rows, _ in part for row in rows] for part in parts])
    return _judged(of, [(place, number) for place, _, number in known], (ends[0], ends[1]))


def _judged(
    of: tuple[str, str, str, str],
    points: Sequence[tuple[float, float]],
    ends: tuple[float | None, float | None],
) -> Trend:
    correlation = spearman([place for place, _ in points], [value for _, value in points])
    return Trend(*of, len(points), *ends, correlation, verdict(correlation, len(points)))
