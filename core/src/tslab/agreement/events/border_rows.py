"""Rows of how far apart borders are, at every level; their bias is among the event scores.

Medians do not add up, so each level is worked out from the errors themselves. Tasks have theirs
sorted; all other levels are put together from the errors of each pair and set of labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.boundaries import SECOND, SPREADS, Borders, spreads
from tslab.agreement.events.counts import Counts, EventItems
from tslab.agreement.events.events import Positions, Sets
from tslab.agreement.events.levels import Levels
from tslab.agreement.events.quantile_draws import SHARES, Key, quantile_bounds
from tslab.agreement.events.sorted_errors import Grouping, Members, Unions
from tslab.agreement.row_sums import added
from tslab.agreement.values import NO_BORDER, NO_MATCH, NO_SUM, ONE_READER, TAKES_LONG, Row, Value
from tslab.span_table import Mask, Ticks

Named = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class _Groups:
    """What was measured of the groups of one level.

    Attributes:
        by: What each row is for.
        names: Names of the groups.
        matches: How many matches each has, ``(groups,)``.
        count: How many of them have a border that somebody drew, ``(groups,)``.
        values: Measures in seconds by name, each ``(groups,)``.
    """

    by: Sequence[str]
    names: Sequence[tuple[str, ...]]
    matches: Counts
    count: Counts
    values: Named


@dataclass(frozen=True, slots=True)
class _Level:
    """Groups of one level, put together from parts: each pair and set of labels.

    Attributes:
        by: What each row is for.
        names: Names of the groups.
        group: Group of each member, ``(members,)``.
        part: Number of the part, ``(members,)``: pair * sets + set.
        turned: Whether a group takes the errors of the part turned round, ``(members,)``.
        measures: What is given of them; a bias only where it is known who of two is meant.
    """

    by: Sequence[str]
    names: Sequence[tuple[str, ...]]
    group: Positions
    part: Positions
    turned: Mask
    measures: Sequence[str] = SPREADS

    @classmethod
    def of(
        cls,
        by: Sequence[str],
        names: Sequence[tuple[str, ...]],
        group: Positions,
        part: Positions,
        measures: Sequence[str] = SPREADS,
    ) -> _Level:
        """Groups that take errors as they are; numbers of any shape and order."""
        order = np.argsort(group, axis=None, kind="stable")
        group, part = group.reshape(-1)[order], part.reshape(-1)[order]
        return cls(by, names, group, part, np.zeros(len(part), bool), measures)


def border_rows(
    levels: Levels, borders: Borders, items: EventItems, sets: Sets, prefixes: Mapping[str, str]
) -> Iterator[Row]:
    """Rows of medians, MAD and 95th percentiles, and of the bias of pairs and annotators.

    Args:
        levels: Who is compared with whom.
        borders: The errors.
        items: Pair and task of the items that they name.
        sets: The labels of the sets that they name.
        prefixes: What the names of measures of each side begin with.
    """
    many, pair = len(levels.table.tasks), items.pair.astype(np.intp)
    part = (pair[:, None] * len(sets) + np.arange(len(sets))).reshape(-1)
    task = np.repeat(np.where(levels.is_pair[pair], items.task, many), len(sets))
    parts = Grouping.of(part.take(borders.cell), len(levels.pairs) * len(sets))
    tasks = Grouping.of(task.take(borders.cell), many)
    ticks = added(pair, borders.ticks, len(levels.pairs)).reshape(-1, 3)
    whole = list(_levels(levels, sets))
    for number, (side, prefix) in enumerate(prefixes.items()):
        errors = getattr(borders, side)
        drawn = np.ones(len(errors), bool)
        drawn[borders.undrawn[number]] = False
        own, each = parts.where(drawn), tasks.where(drawn)
        found = list(_measured(whole, errors, own, ticks[:, 1 + number], parts.count))
        names = [(name,) for name in levels.table.tasks]
        values = spreads(each.sorted(errors), each.count)
        # Tasks come between people together and pairs.
        found.insert(2, _Groups(["task"] * many, names, tasks.count, each.count, values))
        bounds = quantile_bounds(levels, borders.cell[drawn], errors[drawn], items, sets)
        for group in found:
            yield from _rows(levels, group, prefix, bounds)


def _measured(
    whole: Sequence[_Level], errors: Ticks, parts: Grouping, ticks: Floats, matches: Counts
) -> Iterator[_Groups]:
    """The groups of all levels.

    Args:
        whole: All levels, which are worked out at once.
        errors: All errors.
        parts: Those of each part.
        ticks: Their sum in each part.
        matches: How many matches each part has.
    """
    lift = np.cumsum([0, *(len(level.names) for level in whole)]).tolist()
    members = Members(
        np.concatenate([level.group + first for level, first in zip(whole, lift, strict=False)]),
        np.concatenate([level.part for level in whole]),
        np.concatenate([level.turned for level in whole]),
        lift[-1],
    )
    unions = Unions(errors, parts, members)
    nothing = np.zeros(lift[-1], np.int64)
    middle, high = unions.distances(nothing, (0.5, 0.95))
    twice = unions.twice_median()
    (spread,) = unions.distances(twice, (0.5,))
    total = added(members.group, np.where(members.turned, -1, 1) * ticks[members.part], lift[-1])
    matched = added(members.group, matches[members.part], lift[-1]).astype(np.int64)
    there = unions.count > 0
    named = {name: np.where(there, array / (2 * SECOND), np.nan)
             for name, array in zip((*SPREADS, "median_bias"), (middle, spread, high, twice),
                                    strict=True)}  # fmt: skip
    named["bias"] = ratio(total, unions.count.astype(float)) / SECOND
    for number, level in enumerate(whole):
        own = slice(lift[number], lift[number + 1])
        values = {name: named[name][own] for name in level.measures}
        yield _Groups(level.by, level.names, matched[own], unions.count[own], values)


def _rows(
    levels: Levels,
    groups: _Groups,
    prefix: str,
    bounds: Mapping[Key, tuple[float, float]],
) -> Iterator[Row]:
    """Rows of the groups of one level."""
    alone = groups.by[:1] in (["overall"], ["label"], ["task"]) and not levels.is_pair.any()
    nothing = [
        Value(None, ONE_READER if alone else NO_BORDER if many else NO_MATCH)
        for many in groups.matches.tolist()
    ]
    ofs = list(zip(groups.by, groups.names, groups.count.tolist(), strict=True))
    supports = [levels.support(by, of) for by, of, _ in ofs]
    for name, array in groups.values.items():
        metric, numbers = f"{prefix}{name}", array.tolist()
        for (by, of, count), number, missing, (tasks, seconds) in zip(
            ofs, numbers, nothing, supports, strict=True
        ):
            value = Value(number) if count else missing
            if count and (name, by, of) in bounds:
                value = value.within(*bounds[name, by, of])
            elif count and by != "task" and levels.draws.draws:
                left_out = name in SHARES and by in ("overall", "label", *levels.kinds)
                value = replace(value, no_interval=TAKES_LONG if left_out else NO_SUM)
            yield Row(levels.tier, metric, by, of, value, tasks, count, seconds)


def _levels(levels: Levels, sets: Sets) -> Iterator[_Level]:
    """Levels in the order of their rows, but for tasks."""
    labels, pairs = levels.table.labels, np.arange(len(levels.pairs))
    people = np.flatnonzero(levels.is_pair)
    each = [(name,) for name in labels]
    both = [levels.names(number) for number in pairs.tolist()]
    part = np.arange(len(pairs) * len(sets)).reshape(len(pairs), len(sets))
    # Each label of each set.
    member = np.repeat(np.arange(len(sets)), [len(own) for own in sets])
    label = np.array([name for own in sets for name in own], np.intp)
    own, labelled = part[people], part[:, member]
    yield _Level.of(["overall"], [()], np.zeros(own.size, np.intp), own)
    group = np.tile(label, len(people))
    yield _Level.of(["label"] * len(labels), each, group, labelled[people])
    measures = ("median_bias", *SPREADS)
    yield _Level.of(levels.kinds, both, np.repeat(pairs, len(sets)), part, measures)
    kinds = [f"{kind}-label" for kind in levels.kinds for _ in labels]
    names = [(*of, name) for of in both for name in labels]
    yield _Level.of(kinds, names, pairs[:, None] * len(labels) + label, labelled)
    yield _annotators(levels, own)


def _annotators(levels: Levels, part: Positions) -> _Level:
    """Each annotator against all others, of parts ``(pairs, sets)``: below 0 he is earlier."""
    names = levels.readers.annotators
    place = np.zeros(len(levels.table.annotators), np.intp)
    place[[levels.table.annotators.index(name) for name in names]] = np.arange(len(names))
    # The first of a pair has its errors turned round.
    group = np.repeat(place[levels.pairs[levels.is_pair]].T.reshape(-1), part.shape[1])
    turned = np.arange(len(group)) < part.size
    order = np.argsort(group, kind="stable")
    whole = np.tile(part.reshape(-1), 2)[order]
    ofs = [(name,) for name in names]
    by = ["annotator"] * len(names)
    measures = ("bias", "median_bias", *SPREADS)
    return _Level(by, ofs, group[order], whole, turned[order], measures)
