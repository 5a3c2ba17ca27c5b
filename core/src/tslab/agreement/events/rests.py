"""What the numbers of a tier rest on: tasks, events and time, each once, however many read it.

Two annotators share a task or do not; of three, each event is in two pairs. Numbers are made of
pairs, but who asks how many events there were does not mean pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.events import Events
from tslab.agreement.kernels.presence import Presence, presence_of
from tslab.agreement.values import Readers, Row
from tslab.span_table import Mask, SpanTable, Ticks


def met_ticks(presence: Presence, members: Mask, tasks: int, one: int | None = None) -> Ticks:
    """Microseconds of each task that two or more of some annotators reviewed, ``(tasks,)``.

    Args:
        presence: Who was there.
        members: Who is meant, bool ``(annotators,)``.
        tasks: How many tasks there are.
        one: An annotator who must be one of them; None for any two.
    """
    own = members[presence.annotator]
    met = np.bincount(presence.zone[own], minlength=len(presence.task)) > 1
    if one is not None:
        there = np.zeros(len(met), bool)
        there[presence.zone[presence.annotator == one]] = True
        met &= there
    out = np.zeros(tasks, np.int64)
    np.add.at(out, presence.task[met], presence.ticks[met])
    return out


class Rests:
    """Tasks, events and seconds of one tier, by what a number is for."""

    def __init__(self, table: SpanTable, readers: Readers) -> None:
        self.table = table
        self.presence = presence_of(table.reviewed, len(table.annotators))
        self.place = {name: number for number, name in enumerate(table.annotators)}
        self.people = np.isin(np.array(table.annotators, object), readers.annotators)
        self.reference = readers.reference or ""
        self.task = {name: number for number, name in enumerate(table.tasks)}
        self._known: dict[tuple[int, ...], Ticks] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}

    @cached_property
    def events(self) -> Events:
        """All events, ranges and instants."""
        return Events.of(self.table)

    def count(self, label: str) -> NDArray[np.int64]:
        """Events of a label, "" for all, int64 ``(tasks, annotators)``."""
        if label not in self._counts:
            events, shape = self.events, (len(self.table.tasks), len(self.table.annotators))
            named = [label in (self.table.labels[n] for n in own) for own in events.sets]
            kept = np.array(named or [False])[events.label] if label else slice(None)
            key = events.task.astype(np.int64) * shape[1] + events.annotator
            self._counts[label] = np.bincount(key[kept], minlength=shape[0] * shape[1]).reshape(
                shape
            )
        return self._counts[label]

    def of(self, by: str, of: tuple[str, ...]) -> tuple[int, float]:
        """Events and seconds; an annotator has his own events."""
        level, _, labelled = by.partition("-")
        count = self.count(of[-1] if labelled or by == "label" else "")
        met, own = self._met(None), self.people
        if level == "task":
            at = self.task[of[0]]
            return int(count[at, self.people].sum()), float(met[at]) / 1e6
        if level == "annotator":
            met, own = self._met(self.place[of[0]]), self._only(self.place[of[0]])
        elif level in ("pair", "model", "reference"):
            names = (self.reference, of[0]) if level == "reference" else of[:2]
            pair = [self.place[name] for name in names]
            met, own = self._met(*sorted(pair)), self._only(*pair)
        return int(count[met > 0][:, own].sum()), float(met.sum()) / 1e6

    def _only(self, *who: int) -> Mask:
        return np.isin(np.arange(len(self.people)), who)

    def _met(self, *who: int | None) -> Ticks:
        key = tuple(-1 if number is None else number for number in who)
        if key not in self._known:
            members, one = self.people, who[0]
            if len(who) == 2:
                members, one = self._only(*key), None
            tasks = len(self.table.tasks)
            self._known[key] = met_ticks(self.presence, members, tasks, one)
        return self._known[key]

    def under(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows with the events and the time that they rest on."""
        known: dict[tuple[str, tuple[str, ...]], tuple[int, float]] = {}
        for row in rows:
            key = row.by, row.of
            if key not in known:
                known[key] = self.of(*key)
            yield replace(row, events=known[key][0], seconds=known[key][1])
