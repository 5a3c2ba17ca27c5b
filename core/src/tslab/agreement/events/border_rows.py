"""Rows of how far apart borders are, at every level; their bias is among the event scores.

Medians do not add up, so each level is worked out from the errors themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.boundaries import Borders, SortedErrors, border_measures
from tslab.agreement.events.counts import EventItems
from tslab.agreement.events.events import Sets
from tslab.agreement.levels import Levels
from tslab.agreement.values import NO_MATCH, ONE_READER, Row, Value

SPREADS = ("median_error", "mad", "p95_error")


@dataclass(frozen=True, slots=True)
class _Group:
    """Groups of one level. A group that does not exist has the number of how many there are.

    Attributes:
        by: What each row is for.
        names: Names of the groups.
        table: Groups of each cell, ``(cells, columns)``.
        count: Errors of each group, int64 ``(groups,)``.
        turned: Groups of each cell that take its errors turned round, ``(cells,)``; None if none.
        measures: What is given of them.
    """

    by: Sequence[str]
    names: Sequence[tuple[str, ...]]
    table: NDArray[np.integer]
    count: NDArray[np.int64]
    turned: NDArray[np.integer] | None = None
    measures: tuple[str, ...] = SPREADS


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of errors: each pair and task, and set of labels of the reference event.

    Attributes:
        pair: Pair of each, intp ``(cells,)``.
        task: Task of each, intp ``(cells,)``.
        label: Its labels, intp ``(cells, most labels of a set)``; -1 where it has fewer.
        people: Whether it is of two people, bool ``(cells,)``.
        count: Errors of each, int64 ``(cells,)``.
    """

    pair: NDArray[np.intp]
    task: NDArray[np.intp]
    label: NDArray[np.intp]
    people: NDArray[np.bool_]
    count: NDArray[np.int64]

    @classmethod
    def of(cls, levels: Levels, borders: Borders, items: EventItems, sets: Sets) -> _Cells:
        """The cells of all items."""
        members = np.full((len(sets), max((len(own) for own in sets), default=1)), -1, np.intp)
        for number, own in enumerate(sets):
            members[number, : len(own)] = own
        pair, task = (
            np.repeat(part.astype(np.intp), len(sets)) for part in (items.pair, items.task)
        )
        count = np.bincount(borders.cell, minlength=len(pair))
        label = np.tile(members, (len(items), 1))
        return cls(pair, task, label, levels.is_pair[pair], count)

    def group(
        self,
        by: Sequence[str],
        names: Sequence[tuple[str, ...]],
        table: NDArray[np.intp],
        there: NDArray[np.bool_],
    ) -> _Group:
        """Groups of cells; ``table`` counts where ``there``, both ``(cells, columns)``."""
        numbers = _numbers(table, there, len(names))
        times = np.broadcast_to(self.count[:, None], numbers.shape)
        count = np.bincount(numbers.reshape(-1), times.reshape(-1), len(names) + 1)
        return _Group(by, names, numbers, count[:-1].astype(np.int64))


def border_rows(
    levels: Levels, borders: Borders, items: EventItems, sets: Sets, prefixes: Mapping[str, str]
) -> Iterator[Row]:
    """Rows of medians, MAD and 95th percentiles, and of the bias of each annotator.

    Args:
        levels: Who is compared with whom.
        borders: The errors.
        items: Pair and task of the items that they name.
        sets: The labels of the sets that they name.
        prefixes: What the names of measures of each side begin with.
    """
    groups = list(_groups(levels, _Cells.of(levels, borders, items, sets)))
    for side, prefix in prefixes.items():
        errors = SortedErrors.of(getattr(borders, side), borders.cell)
        for group in groups:
            yield from _rows(levels, group, prefix, errors)


def _rows(levels: Levels, group: _Group, prefix: str, errors: SortedErrors) -> Iterator[Row]:
    values = errors.grouped(len(group.names), group.table, group.turned)
    found = border_measures(values, group.count)
    counts = group.count.tolist()
    alone = group.by[:1] in (["overall"], ["label"], ["task"]) and not levels.is_pair.any()
    nothing = Value(None, ONE_READER if alone else NO_MATCH)
    ofs = list(zip(group.by, group.names, counts, strict=True))
    supports = [levels.support(by, of) for by, of, _ in ofs]
    for name in group.measures:
        metric = f"{prefix}{name}"
        numbers = found[name].tolist()
        for (by, of, count), number, (tasks, seconds) in zip(ofs, numbers, supports, strict=True):
            value = Value(number) if count else nothing
            yield Row(levels.tier, metric, by, of, value, tasks, count, seconds)


def _groups(levels: Levels, cells: _Cells) -> Iterator[_Group]:
    labels, many = levels.table.labels, len(levels.pairs)
    people, pair = cells.people[:, None], cells.pair[:, None]
    everywhere, known = np.ones_like(people), cells.label >= 0
    yield cells.group(["overall"], [()], np.zeros_like(pair), people)
    names = [(name,) for name in labels]
    yield cells.group(["label"] * len(labels), names, cells.label, known & people)
    tasks = [(name,) for name in levels.table.tasks]
    yield cells.group(["task"] * len(tasks), tasks, cells.task[:, None], people)
    both = [levels.names(number) for number in range(many)]
    yield cells.group(levels.kinds, both, pair, everywhere)
    kinds = [f"{kind}-label" for kind in levels.kinds for _ in labels]
    each = [(*own_names, name) for own_names in both for name in labels]
    yield cells.group(kinds, each, pair * len(labels) + cells.label, known)
    yield _annotators(levels, cells)


def _annotators(levels: Levels, cells: _Cells) -> _Group:
    """Each annotator against all others: below 0 he is the earlier one."""
    readers = [levels.table.annotators.index(name) for name in levels.readers.annotators]
    place = np.zeros(len(levels.table.annotators), np.intp)
    place[readers] = np.arange(len(readers))
    names = [(name,) for name in levels.readers.annotators]
    by, people = ["annotator"] * len(names), cells.people[:, None]
    first, second = (
        cells.group(by, names, place[levels.pairs[cells.pair, side]][:, None], people)
        for side in (0, 1)
    )
    measures = ("bias", *SPREADS)
    count = first.count + second.count
    return _Group(by, names, second.table, count, first.table[:, 0], measures)


def _numbers(table: NDArray[np.intp], there: NDArray[np.bool_], groups: int) -> NDArray[np.integer]:
    """Numbers of groups, ``groups`` where there is none; short ones are sorted by radix."""
    small = groups < np.iinfo(np.uint16).max
    return np.where(there, table, groups).astype(np.uint16 if small else np.int64)
