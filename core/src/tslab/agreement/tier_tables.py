"""What is compared: the table of each tier, who is who in it, and what was left out on the way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.dispute_values import Scope
from tslab.agreement.values import Readers
from tslab.contracts import Finding
from tslab.domain import RegionField, TaskField
from tslab.errors import counted
from tslab.span_table import Extents, Numbers, SpanTable
from tslab.spans import FieldValue
from tslab.wording import short

GROUND_TRUTH = "ground truth"
"""Name of the reading that holds the ground truth."""
UNREAD = "readings [is|are] left out, for none of [its|their] regions can be read"
CONSENSUS = ("consensus ", "consensus-")
"""How names of predictions begin that `tslab consensus` wrote, and those in private output."""
MOST_LETTERS = 80
"""Of a place: names come from strangers."""
LOOK = "'tslab pull' names each."
WHAT_HELPS = {
    "TSL061": "Delete or redraw the region.",
    "TSL064": "Put all regions into one prediction.",
    "TSL081": "Label or redraw the region; where a program wrote the file, mend that.",
    "TSL082": "Use the config that the labels were made with.",
    "TSL083": "Relabel the region, or bring the label back.",
    "TSL084": "Look at the region in Label Studio.",
    "TSL085": "Redraw it inside the recording.",
    "TSL086": "Drag for a range, double-click for an instant.",
    "TSL089": "Delete the others in Label Studio.",
    "TSL090": "Mark one annotation as ground truth.",
    "TSL091": "Add the recording, or delete its annotations.",
    "TSL092": "Submit it, if it should count.",
    "TSL093": "Give the labeling config with --config.",
    "TSL116": "Delete one of them.",
    "TSL117": "Delete and redraw its regions.",
    "TSL131": "No region is wrong. Compare models in a study, or export a snapshot over the API "
    "with serialization_options: {predictions: {only_id: false}}.",
}
"""Remedies of the findings about what is compared."""
PULLED = {
    "TSL080": "spans with parts that disagree [was|were] mended",
    "TSL081": "regions without a value [was|were] left out",
    "TSL082": "regions of unknown controls [was|were] left out",
    "TSL083": "regions with unknown labels [was|were] left out",
    "TSL084": "regions that left [its|their] window [was|were] cut or left out",
    "TSL085": "regions outside of [its|their] recording [was|were] left out",
    "TSL089": "annotations [was|were] left out: [its annotator|their annotators] made a later one",
    "TSL092": "annotations [was|were] left out: skipped, or a draft that nobody submitted",
    "TSL118": "accounts [has|have] work in another rater's project",
    "TSL119": "projects [has|have] work of several people, or of an account that is no rater",
    "TSL120": "accounts read tasks in several raters' projects",
    "TSL121": "projects [has|have] annotations of tasks that the plan gives to others",
}
"""What `tslab pull` found, in words that stand alone."""


@dataclass(frozen=True, slots=True)
class TierTable:
    """One tier, ready to be compared.

    Attributes:
        name: Name of the tier.
        kind: states, intervals or instants.
        table: Who marked what. Its tasks are what events are counted in, never cut.
        readers: Who is who.
        tolerance: Seconds that instants may be apart where nobody says otherwise (`tolerances`).
        windows: The same marks cut to the windows that Label Studio shows as tasks; None where
            these are the tasks of `table`.
        fields: Answers about regions, by their number in `table`.
        region_fields: What was asked about regions.
        task_fields: What was asked about tasks.
        task_answers: Answers about tasks, with the first tier of their view.
        colors: "#rrggbb" by label, as Label Studio shows it; those that are not known are missing.
        sample: Seconds of one sample of the signal; 0 where it is not known.
        scopes: What of each task of `table` is to be reviewed; none where nobody knows.
        shown: Whether it is known which stretch of each task was shown, not guessed from its marks.
    """

    name: str
    kind: str
    table: SpanTable
    readers: Readers
    tolerance: float
    windows: SpanTable | None = None
    fields: Mapping[int, Mapping[str, FieldValue]] = field(default_factory=dict)
    region_fields: tuple[RegionField, ...] = ()
    task_fields: tuple[TaskField, ...] = ()
    task_answers: TaskAnswers | None = None
    colors: Mapping[str, str] = field(default_factory=dict)
    sample: float = 0.0
    scopes: tuple[Scope, ...] = ()
    shown: bool = True

    @property
    def unit(self) -> str:
        """What people call a task of `table`: a project compares recordings."""
        return "task" if self.windows is None else "recording"


def made_of_people(model: str) -> bool:
    """Whether a model version is the consensus of the people that it would be compared with."""
    return model.startswith(CONSENSUS)


def of_people(table: SpanTable, readers: Readers) -> SpanTable:
    """Marks of people alone: what a model finds changes no tolerance and uses no label."""
    numbers = [table.annotators.index(name) for name in readers.annotators]
    return table.where(np.isin(table.annotator, numbers))


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that was said, and what of it cannot be used.

    Attributes:
        tiers: One for each tier that somebody reviewed.
        findings: What was left out or mended, each kind once, with its count.
        counts: How many things each code of the findings stands for.
        notes: What a reader must know to trust the numbers.
    """

    tiers: tuple[TierTable, ...]
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Problems:
    """Counts what cannot be used; a defect of the data repeats itself in every task."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[int, str]] = {}

    def add_pulled(self, code: str, count: int) -> None:
        """Count what the last pull found; the pull itself names each."""
        if count:
            what = PULLED.get(code, "things [was|were] left out or mended")
            self._found[code, what] = count, "in the last pull"

    def add(self, code: str, what: str, place: str, count: int = 1) -> None:
        """Count something.

        Args:
            code: Stable code of the finding.
            what: What it is and what became of it; its first word is a plural.
            place: Where the first one is.
            count: How many there are.
        """
        if count:
            many, first = self._found.get(
                (code, what), (0, f"first in {short(place, MOST_LETTERS)}")
            )
            self._found[code, what] = many + count, first

    def findings(self) -> tuple[Finding, ...]:
        """One finding for each kind, by code."""
        return tuple(
            Finding(
                code,
                "warning",
                counted(many, what),
                place,
                WHAT_HELPS.get(code, LOOK),
            )
            for (code, what), (many, place) in sorted(self._found.items())
        )

    def counts(self) -> dict[str, int]:
        """How many things each code stands for."""
        found: dict[str, int] = {}
        for (code, _), (many, _) in sorted(self._found.items()):
            found[code] = found.get(code, 0) + many
        return found


Window = tuple[int, int, str]
"""Start and end in microseconds, and the name of the task."""


def in_windows(table: SpanTable, windows: Mapping[str, Sequence[Window]]) -> SpanTable | None:
    """A table whose tasks are windows; marks that cross a border are cut there.

    Args:
        table: Its tasks are recordings.
        windows: Windows of each task of the table.

    Returns:
        None where no task of the table has a window.
    """
    names: list[str] = []
    spans = _Parts.of(("task", "annotator", "label", "start", "end", "region"))
    seen = _Parts.of(("task", "annotator", "start", "end"))
    rows = _slices(table.task, len(table.tasks))
    stretches = _slices(table.reviewed.task, len(table.tasks))
    for number, task in enumerate(table.tasks):
        for start, end, name in windows.get(task, ()):
            whole = {"task": len(names)}
            spans.cut(table, rows[number], (start, end), whole)
            seen.cut(table.reviewed, stretches[number], (start, end), whole)
            names.append(name)
    if not names:
        return None
    columns = spans.columns()
    extents = Extents.of(*(seen.columns()[key] for key in seen.names))
    return SpanTable.of((names, table.annotators, table.labels), columns, extents)


def _slices(sorted_numbers: Numbers, many: int) -> list[slice]:
    bounds = np.searchsorted(sorted_numbers, np.arange(many + 1)).tolist()
    return [slice(first, last) for first, last in itertools.pairwise(bounds)]


@dataclass(frozen=True, slots=True)
class _Parts:
    """Rows of several windows, column by column."""

    names: tuple[str, ...]
    parts: dict[str, list[NDArray[np.integer]]]

    @classmethod
    def of(cls, names: tuple[str, ...]) -> _Parts:
        return cls(names, {name: [] for name in names})

    def cut(
        self, source: SpanTable | Extents, rows: slice, window: tuple[int, int],
        given: Mapping[str, int],
    ) -> None:  # fmt: skip
        """Take the rows that meet a window; an instant on its end belongs to the next one."""
        start, end = source.start[rows], source.end[rows]
        point = start == end
        met = np.flatnonzero(
            (start < window[1]) & ((end > window[0]) | (point & (end >= window[0])))
        )
        for name, parts in self.parts.items():
            if name in given:
                parts.append(np.full(len(met), given[name]))
            elif name in ("start", "end"):
                parts.append(np.clip(getattr(source, name)[rows][met], *window))
            else:
                parts.append(getattr(source, name)[rows][met])

    def columns(self) -> dict[str, ArrayLike]:
        return {
            name: np.concatenate([np.zeros(0, np.int64), *parts])
            for name, parts in self.parts.items()
        }


def unique_names(people: Iterable[str], models: Iterable[str]) -> dict[tuple[str, str], str]:
    """Names by role ("person" or "model") and name, so that no two readers share one."""
    taken = {GROUND_TRUTH}
    names: dict[tuple[str, str], str] = {}
    for role, given in [("person", name) for name in people] + [("model", n) for n in models]:
        name, number = given or "unnamed", 2
        while name in taken:
            name, number = (
                f"{given or 'unnamed'} ({role}{'' if number == 2 else number})",
                number + 1,
            )
        taken.add(name)
        names[role, given] = name
    return names
