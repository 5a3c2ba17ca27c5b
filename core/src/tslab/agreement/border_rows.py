"""Rows of how far apart borders are, at every level; their bias is among the event scores.

Medians do not add up, so each level is worked out from the errors themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.boundaries import Borders, border_measures, by_value
from tslab.agreement.event_counts import EventItems
from tslab.agreement.events import Sets
from tslab.agreement.levels import Levels
from tslab.agreement.values import NO_MATCH, ONE_READER, Row, Value
from tslab.span_table import Ticks

SPREADS = ("median_error", "mad", "p95_error")


@dataclass(frozen=True, slots=True)
class _Group:
    """Groups of one level.

    Attributes:
        by: What each row is for.
        names: Names of the groups.
        number: Group of each error, intp ``(errors,)``.
        at: Which errors, intp ``(errors,)``; in order where they are all.
        turned: Which of them are turned round, bool; None where none is.
        measures: What is given of them.
    """

    by: Sequence[str]
    names: Sequence[tuple[str, ...]]
    number: NDArray[np.intp]
    at: NDArray[np.intp]
    turned: NDArray[np.bool_] | None = None
    measures: tuple[str, ...] = SPREADS


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
    pair, task = items.pair[borders.item].astype(np.intp), items.task[borders.item]
    groups = list(_groups(levels, pair, task, _by_label(borders.label, sets)))
    for side, prefix in prefixes.items():
        errors: Ticks = getattr(borders, side)
        order = by_value(errors)
        for group in groups:
            yield from _rows(levels, group, prefix, errors, order)


def _rows(
    levels: Levels, group: _Group, prefix: str, errors: Ticks, order: NDArray[np.intp]
) -> Iterator[Row]:
    whole = group.turned is None and len(group.at) == len(errors)
    own = errors[group.at]
    if group.turned is not None:
        own = np.where(group.turned, -own, own)
    found = border_measures(own, group.number, len(group.names), order if whole else None)
    count = np.bincount(group.number, minlength=len(group.names)).tolist()
    alone = group.by[:1] in (["overall"], ["label"], ["task"]) and not levels.is_pair.any()
    nothing = ONE_READER if alone else NO_MATCH
    for name in group.measures:
        for number, (by, of) in enumerate(zip(group.by, group.names, strict=True)):
            number_found = float(found[name][number])
            value = Value(number_found) if count[number] else Value(None, nothing)
            tasks, seconds = levels.support(by, of)
            yield Row(levels.tier, f"{prefix}{name}", by, of, value, tasks, count[number], seconds)


def _groups(
    levels: Levels,
    pair: NDArray[np.intp],
    task: NDArray[np.int32],
    by_label: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> Iterator[_Group]:
    labels, many = levels.table.labels, len(levels.pairs)
    people = np.flatnonzero(levels.is_pair[pair])
    yield _Group(["overall"], [()], np.zeros(len(people), np.intp), people)
    at, label = by_label
    own = np.flatnonzero(levels.is_pair[pair[at]])
    yield _Group(["label"] * len(labels), [(name,) for name in labels], label[own], at[own])
    tasks = [(name,) for name in levels.table.tasks]
    yield _Group(["task"] * len(tasks), tasks, task[people].astype(np.intp), people)
    names = [levels.names(number) for number in range(many)]
    yield _Group(levels.kinds, names, pair, np.arange(len(pair)))
    kinds = [f"{kind}-label" for kind in levels.kinds for _ in labels]
    each = [(*own_names, name) for own_names in names for name in labels]
    yield _Group(kinds, each, pair[at] * len(labels) + label, at)
    yield _annotators(levels, pair, people)


def _annotators(levels: Levels, pair: NDArray[np.intp], people: NDArray[np.intp]) -> _Group:
    """Each annotator against all others: below 0 he is the earlier one."""
    readers = [levels.table.annotators.index(name) for name in levels.readers.annotators]
    place = np.zeros(len(levels.table.annotators), np.intp)
    place[readers] = np.arange(len(readers))
    both = levels.pairs[pair[people]]
    number = place[np.concatenate([both[:, 0], both[:, 1]])]
    turned = np.arange(len(number)) < len(people)
    names = [(name,) for name in levels.readers.annotators]
    measures = ("bias", *SPREADS)
    at = np.concatenate([people, people])
    return _Group(["annotator"] * len(names), names, number, at, turned, measures)


def _by_label(label: Ticks, sets: Sets) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Errors and their labels; one of an event of several labels is there for each."""
    if all(len(members) == 1 for members in sets):
        return np.arange(len(label)), label.astype(np.intp)
    size = np.array([len(members) for members in sets])
    flat = np.concatenate([np.array(members, np.intp) for members in sets])
    count = size[label]
    at = np.repeat(np.arange(len(label)), count)
    step = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    return at, flat[(np.cumsum(size) - size)[label][at] + step]
