"""How much there is of a tier: what people read together, and who used which label how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.kernels.presence import presence_of
from tslab.agreement.report.words import hours
from tslab.agreement.tier_tables import TierTable, made_of_people
from tslab.errors import counted
from tslab.span_table import SpanTable
from tslab.wording import short

Counts = NDArray[np.int64]
MOST_NAMED = 4
"""Labels that a sentence names."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of one tier. Those of people, of models and of the ground truth never mix.

    Attributes:
        people: By label, int64 ``(labels,)``.
        models: Likewise; a consensus is no model.
        truth: Likewise.
        readers: All marks of each reader, by name.
        points: Share of all marks of each label that are instants, float64 ``(labels,)``; NaN
            where there are none.
    """

    people: Counts
    models: Counts
    truth: Counts
    readers: dict[str, int]
    points: NDArray[np.float64]

    @classmethod
    def of(cls, tier: TierTable) -> Marks:
        """Marks of a tier."""
        table, who = tier.table, tier.readers
        many = len(table.labels)
        key = table.annotator.astype(np.int64) * many + table.label
        shape = len(table.annotators), many
        count = np.bincount(key, minlength=shape[0] * many).reshape(shape)
        truth = () if who.reference is None else (who.reference,)
        models = [name for name in who.models if not made_of_people(name)]
        parts = [
            count[[table.annotators.index(name) for name in names]].sum(axis=0)
            for names in (who.annotators, models, truth)
        ]
        own = dict(zip(table.annotators, count.sum(axis=1).tolist(), strict=True))
        with np.errstate(invalid="ignore"):
            points = np.bincount(table.label[table.instants], minlength=many) / count.sum(axis=0)
        return cls(parts[0], parts[1], parts[2], own, points)

    def suits(self, metric: str, label: int) -> bool:
        """Whether a measure is about marks of the kind that a label has: instants, or ranges."""
        share = float(self.points[label])
        return share != 0 if metric.startswith("instant/") else share != 1

    @property
    def anybody(self) -> Counts:
        """Marks of people, models and the ground truth, by label, int64 ``(labels,)``."""
        return self.people + self.models + self.truth


def used_labels(tier: TierTable) -> list[str]:
    """Labels that anybody used: people, models or the ground truth."""
    marks = Marks.of(tier)
    there = (marks.anybody > 0).tolist()
    return [label for label, used in zip(tier.table.labels, there, strict=True) if used]


def unused_text(tier: TierTable) -> str:
    """One line about labels that are left out of tables of people; "" where people used all."""
    marks, labels = Marks.of(tier), tier.table.labels
    gone = np.flatnonzero(marks.people == 0)
    if not len(gone):
        return ""
    others = [labels[n] for n in gone.tolist() if marks.anybody[n]]
    names = [labels[n] for n in gone.tolist() if not marks.anybody[n]]
    what = f"{len(gone)} of {counted(len(labels), 'labels')}"
    parts = [f"nobody used {_few(names)}"] if names else []
    parts += [f"models or the ground truth alone used {_few(others)}"] if others else []
    return f"Left out: {what}; {'; '.join(parts)}."


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(map(short, names[:MOST_NAMED])) + more


def amounts(tier: TierTable) -> list[str]:
    """What the numbers of a tier rest on: readers, recordings, time and marks of people."""
    readers, table = tier.readers, tier.table
    models = [name for name in readers.models if not made_of_people(name)]
    parts = [counted(len(readers.annotators), "annotators")]
    parts += ["ground truth"] if readers.reference else []
    parts += [counted(len(models), "models")] if models else []
    parts += ["their consensus"] if len(models) < len(readers.models) else []
    people = [table.annotators.index(name) for name in readers.annotators]
    own, seen = np.isin(table.annotator, people), np.isin(table.reviewed.annotator, people)
    read = float((table.reviewed.end - table.reviewed.start)[seen].sum()) / 3.6e9
    marks = counted(int(own.sum()), "marks")
    # Where nobody marked anything an export does not say how long what was read is.
    parts += [amount_text(tier), f"{hours(read)} of reading with {marks}" if own.any() else marks]
    return parts


def amount_text(tier: TierTable) -> str:
    """How many recordings (tasks of an export) there are, and of how many people read the same."""
    units = len(tier.table.tasks)
    shared = read_together(tier.table, tier.readers.annotators)
    text = f"{counted(units, f'{tier.unit}s')}, {shared} read by two or more people"
    if tier.windows is None:
        return text
    tasks = read_together(tier.windows, tier.readers.annotators)
    return f"{text} ({tasks} of {counted(len(tier.windows.tasks), 'tasks')})"


def read_together(table: SpanTable, people: Sequence[str]) -> int:
    """Tasks of which two or more people reviewed the same time."""
    found = presence_of(table.reviewed, len(table.annotators))
    own = np.isin(found.annotator, [table.annotators.index(name) for name in people])
    readers = np.bincount(found.zone[own], minlength=len(found.task))
    return len(np.unique(found.task[(readers > 1) & (found.ticks > 0)]))
