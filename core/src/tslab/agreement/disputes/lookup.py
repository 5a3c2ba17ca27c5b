"""Spans by time, looked up as often as there are disputes."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from tslab.spans import Span, sort_key


class Lookup:
    """Finds spans by time. Each list is sorted once: a day of heart beats has 100,000 of them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sequence[Span], list[int], list[Span], int]] = {}

    def meeting(self, spans: Sequence[Span], start: int, end: int) -> list[Span]:
        """Spans that have something in a stretch or at its ends, sorted.

        Args:
            spans: Kept, so that no other list gets its place in memory.
            start: Whole microseconds.
            end: Inclusive.
        """
        if id(spans) not in self._known:
            ordered = sorted(spans, key=sort_key)
            longest = max((span.end_us - span.start_us for span in ordered), default=0)
            self._known[id(spans)] = spans, [s.start_us for s in ordered], ordered, longest
        _, starts, ordered, longest = self._known[id(spans)]
        first = bisect.bisect_left(starts, start - longest)
        last = bisect.bisect_right(starts, end)
        return [span for span in ordered[first:last] if span.end_us >= start]
