"""What kind of dispute a stretch is, by the spans that meet it and what lies beside it."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tslab.span_table import SpanTable

MISSED = "missed or extra event"
CONFLICT = "label conflict"
ONSET, OFFSET, BORDER = "onset shift", "offset shift", "border shift"
SPLIT = "split or merge"
INSTANT = "missing instant"
MOVED = "instant shift"
SHIFTS = (ONSET, OFFSET, BORDER)
KINDS = (MISSED, CONFLICT, *SHIFTS, SPLIT, INSTANT, MOVED)

Row = tuple[int, int, int, int]
"""Start, end (microseconds), label and row of a span."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Ranges by task and annotator, to look them up by time.

    Attributes:
        rows: Spans of each task and annotator, sorted by start.
        starts: Their starts.
        longest: Length of the longest of them.
    """

    rows: dict[tuple[int, int], list[Row]]
    starts: dict[tuple[int, int], list[int]]
    longest: dict[tuple[int, int], int]

    @classmethod
    def of(cls, table: SpanTable, label: int | None) -> Spans:
        """Ranges of one label, or of all."""
        kept = table.end > table.start
        if label is not None:
            kept &= table.label == label
        rows: dict[tuple[int, int], list[Row]] = {}
        longest: dict[tuple[int, int], int] = {}
        columns = (table.task, table.annotator, table.start, table.end, table.label)
        at = np.flatnonzero(kept)
        for task, who, start, end, name, row in zip(
            *(column[at].tolist() for column in columns), at.tolist(), strict=True
        ):
            rows.setdefault((task, who), []).append((start, end, name, row))
            longest[task, who] = max(longest.get((task, who), 0), end - start)
        starts = {key: [span[0] for span in own] for key, own in rows.items()}
        return cls(rows, starts, longest)

    def within(self, task: int, who: int, start: int, end: int) -> list[Row]:
        """Spans that share time with a stretch."""
        own = self.rows.get((task, who))
        if own is None:
            return []
        starts = self.starts[task, who]
        first = bisect.bisect_left(starts, start - self.longest[task, who])
        last = bisect.bisect_left(starts, end)
        return [span for span in own[first:last] if span[1] > start]

    def across(self, task: int, start: int, end: int, people: Sequence[int]) -> list[int]:
        """Rows of spans that meet a stretch or touch it."""
        return [span[3] for who in people for span in self.within(task, who, start - 1, end + 1)]


@dataclass(frozen=True, slots=True)
class Beside:
    """Whether the same annotators reviewed what lies before and after a stretch."""

    before: bool
    after: bool


def kind_of(
    spans: Spans, run: tuple[int, int, int], present: Sequence[int], beside: Beside
) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Kind of a disputed stretch, the rows that it is about, and their labels.

    Where every span that meets the stretch reaches out of it, all have the same events and their
    borders differ. A span that lies wholly in it is an event that not everybody has.

    Args:
        spans: Spans of one label, or of labels that exclude each other.
        run: Task, start and end of the stretch.
        present: Who reviewed it.
        beside: What lies around it.
    """
    task, start, end = run
    met = {who: spans.within(task, who, start, end) for who in present}
    said = {who: _cut(own, start, end, beside) for who, own in met.items()}
    everything = [span for own in said.values() for span in own]
    contained = any(a >= start and b <= end for a, b, _, _ in everything)
    names = tuple(sorted({label for _, _, label, _ in everything}))
    if not contained:
        kind = _border_kind(said, start, end)
        rows = {span[3] for span in everything} | set(spans.across(task, start, end, present))
        return kind, tuple(sorted(rows)), names
    speaking = all(own for own in said.values())
    kind = CONFLICT if speaking and len(names) > 1 else MISSED
    return kind, tuple(sorted(span[3] for span in everything)), names


def _cut(own: Sequence[Row], start: int, end: int, beside: Beside) -> list[Row]:
    """Spans without what lies where not the same annotators can be compared."""
    return [
        (a if beside.before else max(a, start), b if beside.after else min(b, end), label, row)
        for a, b, label, row in own
    ]


def _border_kind(said: dict[int, list[Row]], start: int, end: int) -> str:
    """Which borders differ where all spans reach out of the stretch."""
    ends, starts = set(), set()
    for own in said.values():
        if any(a < start and b > end for a, b, _, _ in own):
            return SPLIT
        ends.add(max((b for a, b, _, _ in own if a < start), default=start))
        starts.add(min((a for a, b, _, _ in own if b > end), default=end))
    if len(ends) > 1 and len(starts) > 1:
        return BORDER
    return OFFSET if len(ends) > 1 else ONSET
