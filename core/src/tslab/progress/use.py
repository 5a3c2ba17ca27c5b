"""What annotators made of predictions: what the layout or the model gets wrong.

A region keeps its id however it is changed. So a predicted region whose id is still there was
accepted, moved or relabelled; one whose id is gone was deleted; an id that no prediction has is a
region that was added by hand.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tslab.progress.activity import UNKNOWN_MODEL
from tslab.progress.trends import SURE
from tslab.progress.work import Work, counting
from tslab.spans import Span

Place = tuple[str, str]
"""Region id and tier."""


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much borders were moved, seconds; above 0 is later.

    Attributes:
        moved: How many borders were moved.
        later: How many of them to a later time.
        median: Median of these; None without any.
        mean: Mean of these.
    """

    moved: int
    later: int
    median: float | None
    mean: float | None

    @property
    def one_sided(self) -> bool:
        """Whether borders go to one side more often than chance lets them: a sign test."""
        return abs(2 * self.later - self.moved) >= SURE * math.sqrt(self.moved) > 0


@dataclass(frozen=True, slots=True)
class LabelUse:
    """What became of one label of one model version.

    Attributes:
        model: Model version.
        tier: Tier.
        label: Label; that of the prediction, of added regions their own.
        predicted: Regions that annotators were shown, each annotation of a task counting.
        accepted: Left as they were.
        moved: Moved, the label kept.
        relabelled: Given another label.
        deleted: Deleted.
        added: Regions that were added by hand in tasks with a prediction of this model.
        onset: How starts were moved, of regions that kept their label.
        offset: How ends were moved.
    """

    model: str
    tier: str
    label: str
    predicted: int
    accepted: int
    moved: int
    relabelled: int
    deleted: int
    added: int
    onset: Shift
    offset: Shift


@dataclass(frozen=True, slots=True)
class Relabelled:
    """How often a label became another one."""

    model: str
    tier: str
    before: str
    after: str
    regions: int


@dataclass(frozen=True, slots=True)
class Use:
    """How predictions were used.

    Attributes:
        labels: By model version, tier and label; most predicted first.
        relabelled: Which label became which, most often first.
        untouched: Numbers of the annotations that changed nothing.
        annotations: Annotations that began from a prediction.
        by_hand: Annotations that began empty.
    """

    labels: list[LabelUse]
    relabelled: list[Relabelled]
    untouched: frozenset[int]
    annotations: int
    by_hand: int


@dataclass(slots=True)
class _Cell:
    """Counts of one label of one model version."""

    counts: Counter[str] = field(default_factory=Counter)
    onset: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Counts:
    cells: dict[tuple[str, str, str], _Cell] = field(default_factory=lambda: defaultdict(_Cell))
    pairs: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def add(self, model: str, shown: Sequence[Span], said: Sequence[Span]) -> bool:
        """One annotation and the prediction that it began from; whether they are the same."""
        before, after = _by_place(shown), _by_place(said)
        same = True
        for place in {**before, **after}:
            one, other = before.get(place, ()), after.get(place, ())
            if len(one) == len(other) == 1 and _equal(one[0], other[0]):
                # Most regions are left as they were.
                self.cells[model, one[0].tier, one[0].label].counts["accepted"] += 1
            else:
                same &= self._region(model, one, other)
        return same

    def _region(self, model: str, before: Sequence[Span], after: Sequence[Span]) -> bool:
        """One region; it has several spans where it carries several labels."""
        new = {span.label: span for span in after}
        same = True
        for span in before:
            cell = self.cells[model, span.tier, span.label]
            kept = new.pop(span.label, None)
            moved = kept is not None and _moved(cell, span, kept)
            if kept is not None:
                cell.counts["moved" if moved else "accepted"] += 1
            same &= kept is not None and not moved
        gone = [span for span in before if span.label not in {s.label for s in after}]
        fresh = list(new.values())
        for span, other in zip(gone, fresh, strict=False):
            self.cells[model, span.tier, span.label].counts["relabelled"] += 1
            self.pairs[model, span.tier, span.label, other.label] += 1
        for span in gone[len(fresh) :]:
            self.cells[model, span.tier, span.label].counts["deleted"] += 1
        for span in fresh[len(gone) :]:
            self.cells[model, span.tier, span.label].counts["added"] += 1
        return same and not fresh


def prediction_use(work: Sequence[Work], shown: Mapping[str, Mapping[str, Sequence[Span]]]) -> Use:
    """How predictions were used.

    Args:
        work: All annotations; those that count are looked at.
        shown: Predicted spans by task and model version.
    """
    counts, untouched = _Counts(), set()
    annotations = by_hand = 0
    for item in counting(work):
        entry = item.entry
        if not entry.model:
            by_hand += 1
        elif entry.model != UNKNOWN_MODEL and entry.model in shown.get(entry.task, {}):
            annotations += 1
            if counts.add(entry.model, shown[entry.task][entry.model], entry.spans):
                untouched.add(entry.number)
    labels = [_label(key, cell) for key, cell in counts.cells.items()]
    labels.sort(key=lambda use: (use.model, -use.predicted, -use.added, use.tier, use.label))
    pairs = [Relabelled(*key, number) for key, number in counts.pairs.items()]
    pairs.sort(key=lambda pair: (-pair.regions, pair.model, pair.tier, pair.before, pair.after))
    return Use(labels, pairs, frozenset(untouched), annotations, by_hand)


def _by_place(spans: Sequence[Span]) -> dict[Place, list[Span]]:
    found: dict[Place, list[Span]] = {}
    for number, span in enumerate(spans):
        # A region without an id is nobody else's.
        found.setdefault((span.id or f"#{number}", span.tier), []).append(span)
    return found


def _equal(one: Span, other: Span) -> bool:
    return (one.label, one.start, one.end) == (other.label, other.start, other.end)


def _moved(cell: _Cell, before: Span, after: Span) -> bool:
    """Whether a border is elsewhere; notes by how much."""
    onset, offset = after.start_us - before.start_us, after.end_us - before.end_us
    cell.onset += [onset] if onset else []
    cell.offset += [offset] if offset else []
    return bool(onset or offset)


def _label(key: tuple[str, str, str], cell: _Cell) -> LabelUse:
    counts = cell.counts
    outcomes = ("accepted", "moved", "relabelled", "deleted")
    return LabelUse(
        model=key[0], tier=key[1], label=key[2],
        predicted=sum(counts[name] for name in outcomes),
        accepted=counts["accepted"], moved=counts["moved"], relabelled=counts["relabelled"],
        deleted=counts["deleted"], added=counts["added"],
        onset=_shift(cell.onset), offset=_shift(cell.offset),
    )  # fmt: skip


def _shift(microseconds: Sequence[int]) -> Shift:
    if not microseconds:
        return Shift(0, 0, None, None)
    middle, mean = statistics.median(microseconds), statistics.fmean(microseconds)
    later = sum(by > 0 for by in microseconds)
    return Shift(len(microseconds), later, middle / 1e6, mean / 1e6)
