"""Disputes that are about one thing become one, so that nothing is adjudicated twice."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.agreement.disputes.kinds import CONFLICT, INSTANT, MISSED, MOVED
from tslab.agreement.disputes.values import Dispute, DisputeSettings
from tslab.span_table import SpanTable

NEIGHBOURS = 32
"""Disputes after a dispute, by start, that may be about the same thing; more only where hundreds
of regions lie on one another, which would take minutes."""


def near_ones(disputes: list[Dispute], gap: int) -> list[Dispute]:
    """Disputes of one track with those joined that are nearer to each other than a gap."""
    kept: list[Dispute] = []
    for one in disputes:
        if kept and kept[-1].task == one.task and 0 <= one.start - kept[-1].end < gap:
            kept.append(_union([kept.pop(), one]))
        else:
            kept.append(one)
    return kept


def _union(parts: Sequence[Dispute], kind: str = "", cost: float | None = None) -> Dispute:
    """Several disputes as one; the costliest one says its kind."""
    leading = max(parts, key=lambda d: (d.cost, -d.start))
    return Dispute(
        task=leading.task,
        start=min(d.start for d in parts),
        end=max(d.end for d in parts),
        kind=kind or leading.kind,
        labels=tuple(sorted({label for d in parts for label in d.labels})),
        present=tuple(sorted({who for d in parts for who in d.present})),
        rows=tuple(sorted({row for d in parts for row in d.rows})),
        cost=sum(d.cost for d in parts) if cost is None else cost,
    )


def joined(
    disputes: Sequence[Dispute], table: SpanTable, settings: DisputeSettings
) -> list[Dispute]:
    """Disputes of several labels that are about one thing become one.

    One thing are the labels of one region, what some call by one label and others by another, and
    an instant that others have a little away.
    """
    groups: list[list[Dispute]] = [[one] for one in disputes]
    home = {id(one): group for group in groups for one in group}
    by_task: dict[int, list[Dispute]] = {}
    for one in sorted(disputes, key=lambda d: (d.task, d.start)):
        by_task.setdefault(one.task, []).append(one)
    links = [
        (rank, one, other)
        for own in by_task.values()
        for rank, one, other in _links(own, table, settings)
    ]
    for _, one, other in sorted(links, key=lambda link: link[0]):
        left, right = home[id(one)], home[id(other)]
        if left is right or not _may_join(left, right, table):
            continue
        left += right
        home.update({id(moved): left for moved in right})
        right.clear()
    return [_as_one(group, table) if len(group) > 1 else group[0] for group in groups if group]


def _links(
    disputes: Sequence[Dispute], table: SpanTable, settings: DisputeSettings
) -> list[tuple[tuple[float, int, int], Dispute, Dispute]]:
    """Disputes of one task that may be about one thing, with a rank: the lowest is joined first."""
    reach = 5 * settings.tolerance
    longest = max((d.end - d.start for d in disputes), default=0) + reach
    found = []
    for number, one in enumerate(disputes):
        for other in disputes[number + 1 : number + 1 + NEIGHBOURS]:
            if other.start - one.start > longest:
                break
            rank = _rank(one, other, table, settings)
            if rank is not None:
                found.append(((rank, one.start, other.start), one, other))
    return found


def _rank(
    one: Dispute, other: Dispute, table: SpanTable, settings: DisputeSettings
) -> float | None:
    """How far two disputes are from being one thing; None if they are two."""
    if _regions(one, table) == _regions(other, table) and one.kind == other.kind:
        same_time = (one.start, one.end) == (other.start, other.end)
        return 0.0 if same_time else None
    if one.kind == other.kind == INSTANT:
        away = abs(other.start - one.start)
        if one.labels != other.labels:
            return 1 + away / 1e6 if away <= settings.tolerance else None
        return 1e6 + away / 1e6 if away <= 5 * settings.tolerance else None
    if one.kind == other.kind == MISSED and one.labels != other.labels:
        both = min(one.end, other.end) - max(one.start, other.start)
        either = max(one.end, other.end) - min(one.start, other.start)
        return 1 + 1 - both / either if 2 * both >= either > 0 else None
    return None


def _regions(dispute: Dispute, table: SpanTable) -> set[int]:
    return set(table.region[list(dispute.rows)].tolist())


def _speakers(disputes: Sequence[Dispute], table: SpanTable) -> set[int]:
    return {int(table.annotator[row]) for d in disputes for row in d.rows}


def _may_join(left: Sequence[Dispute], right: Sequence[Dispute], table: SpanTable) -> bool:
    """Whether nobody has both, unless they are one region of his."""
    if {_key(d, table) for d in left} & {_key(d, table) for d in right}:
        return True
    return not _speakers(left, table) & _speakers(right, table)


def _key(dispute: Dispute, table: SpanTable) -> tuple[object, ...]:
    regions = tuple(sorted(_regions(dispute, table)))
    return (dispute.start, dispute.end, dispute.kind, regions)


def _as_one(group: Sequence[Dispute], table: SpanTable) -> Dispute:
    cost = max(d.cost for d in group)
    if len({_key(d, table) for d in group}) == 1:
        return _union(group, cost=cost)
    labels = {label for d in group for label in d.labels}
    kind = CONFLICT if len(labels) > 1 else MOVED
    return _union(group, kind, cost)
