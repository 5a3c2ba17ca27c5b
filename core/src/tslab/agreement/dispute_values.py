"""Disputes as values: what they are about, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tslab.spans import Span
from tslab.stretches import Stretch

TierKind = Literal["states", "intervals", "instants"]
Item = tuple[str, int, int]
"""Label, start and end of a mark from the start of a dispute, in microseconds.

What comes from before has -1, what goes on afterwards the length plus 1.
"""


@dataclass(frozen=True, slots=True)
class DisputeSettings:
    """What counts as a dispute and what it costs. Times are whole microseconds.

    Attributes:
        tolerance: Borders and instants that are no farther apart are settled by their median.
        gap: Disputed stretches that are no farther apart are one.
        around: What is added on both sides of a lone border or instant, so that it can be seen;
            at least 1.
        point: What a lone border or an instant counts as, for it takes no time itself.
        weights: What a label counts by its name, 1 where it is not named.
    """

    tolerance: int = 100_000
    gap: int = 500_000
    around: int = 100_000
    point: int = 1_000_000
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in a task of a table readings are to be compared, and how.

    Attributes:
        recording: Id of the recording; "" where nobody is to know.
        view: Name of the view.
        settings: What counts.
        decided: Stretches that have a ground truth already, sorted and apart.
    """

    recording: str = ""
    view: str = ""
    settings: DisputeSettings = field(default_factory=DisputeSettings)
    decided: Sequence[Stretch] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one annotator said about one recording in one tier.

    Attributes:
        reader: Who.
        spans: Of that tier, sorted by time.
        reviewed: Stretches in whole microseconds, sorted and apart.
    """

    reader: str
    spans: Sequence[Span]
    reviewed: Sequence[Stretch]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A stretch in which readings differ; outside of all stretches they say the same.

    Attributes:
        start: Whole microseconds; the dispute is about what begins or ends at it, too.
        end: Whole microseconds, inclusive.
        kind: One of `kinds.KINDS`.
        labels: Those that it is about, sorted.
        cost: Seconds x entropy of what is said in bits x weight of the label.
        readers: Who reviewed it, sorted.
        said: What each of them says there, see `finding.portion`.
    """

    start: int
    end: int
    kind: str
    labels: tuple[str, ...]
    cost: float
    readers: tuple[str, ...]
    said: Mapping[str, tuple[Item, ...]]
