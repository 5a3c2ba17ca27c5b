"""What the domain's own segmenter says of a recording, as features beside those of the samples.

Core knows no label: every label that the segmenter uses gets its rows, and data say what they are
worth. `hint_rows` makes the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tslab.errors import DataError
from tslab.segmentation.features.grid import Float64
from tslab.spans import Span

Key = tuple[str, str]
"""Tier and label."""

USES_PRIOR = "uses_own_segmenter"
"""Where the notes of a training say whether a part of the model looks at hints."""

NAMED = "own_segmenter"
"""Where the notes of a training name the segmenter that was looked at, with its version."""

MOST_KEYS = 48
"""Labels that get rows; of more, those that are used most often do."""

RHYTHM_ROWS = 4
"""Rows that a window has for the instants of a tier."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which labels have rows, in the order of the rows.

    Attributes:
        ranges: Labels of ranges.
        instants: Labels of instants.
    """

    ranges: tuple[Key, ...]
    instants: tuple[Key, ...]

    @classmethod
    def of(cls, hints: Sequence[Hints | None]) -> Layout | None:
        """The labels that occur in training recordings; None where none does."""
        used: Counter[tuple[bool, Key]] = Counter()
        for part in hints:
            if part is not None:
                used.update(part.counted())
        often = sorted(used, key=lambda kind: (-used[kind], kind))[:MOST_KEYS]
        ranges = tuple(sorted(key for instant, key in often if not instant))
        instants = tuple(sorted(key for instant, key in often if instant))
        return cls(ranges, instants) if often else None

    @property
    def tiers(self) -> tuple[str, ...]:
        """Tiers with instants."""
        return tuple(dict.fromkeys(tier for tier, _ in self.instants))

    def rows_of(self, key: Key, windows: Sequence[int], *, instant: bool) -> int | None:
        """Number of the row with a label's own share of a frame, or the nearness of its instants.

        None where the label has no rows.
        """
        kinds = self.instants if instant else self.ranges
        if key not in kinds:
            return None
        place, wide = kinds.index(key), len(windows)
        before = len(self.ranges) * (2 + wide) + len(self.tiers) * RHYTHM_ROWS * wide
        return before + place * (1 + wide) if instant else place * (2 + wide)

    def widths(self, windows: Sequence[int]) -> list[int]:
        """Frames that every row looks at."""
        found: list[int] = []
        for _ in self.ranges:
            found += [1, 1, *windows]
        for _ in self.tiers:
            found += [window for window in windows for _ in range(RHYTHM_ROWS)]
        for _ in self.instants:
            found += [1, *windows]
        return found


@dataclass(frozen=True, slots=True)
class Hints:
    """Spans of one recording, packed: a day of heart beats is a hundred thousand of them.

    Attributes:
        keys: Tier and label of each code.
        code: Of every span, int32 ``(spans,)``.
        start: Seconds, rising.
        end: Seconds.
        score: From 0 to 1; 1 where the segmenter gave none.
    """

    keys: tuple[Key, ...]
    code: NDArray[np.int32]
    start: Float64
    end: Float64
    score: Float64

    @classmethod
    def of(cls, spans: Sequence[Span]) -> Hints:
        """Packs spans of any order."""
        ordered = sorted(spans, key=lambda span: (span.start, span.end, span.tier, span.label))
        keys = tuple(sorted({(span.tier, span.label) for span in ordered}))
        number = {key: place for place, key in enumerate(keys)}
        return cls(
            keys,
            np.array([number[span.tier, span.label] for span in ordered], np.int32),
            np.array([span.start for span in ordered], np.float64),
            np.array([span.end for span in ordered], np.float64),
            np.array([1.0 if s.score is None else s.score for s in ordered], np.float64),
        )

    def spans(self) -> list[Span]:
        """The spans again, sorted, without their fields."""
        rows = zip(
            self.code.tolist(),
            self.start.tolist(),
            self.end.tolist(),
            self.score.tolist(),
            strict=True,
        )
        return [Span(a, b, self.keys[c][1], self.keys[c][0], score) for c, a, b, score in rows]

    def counted(self) -> Counter[tuple[bool, Key]]:
        """How many spans of each kind there are."""
        instant = self.start == self.end
        found: Counter[tuple[bool, Key]] = Counter()
        for place, key in enumerate(self.keys):
            own = self.code == place
            for kind in (False, True):
                if number := int(np.count_nonzero(own & (instant == kind))):
                    found[kind, key] = number
        return found

    def ranges(self, key: Key) -> tuple[Float64, Float64, Float64]:
        """Starts, ends and scores of a label's ranges."""
        chosen = self._is(key) & (self.start < self.end)
        return self.start[chosen], self.end[chosen], self.score[chosen]

    def instants(self, keys: Sequence[Key]) -> Float64:
        """Times of the instants of some labels."""
        chosen = np.zeros(len(self.code), bool)
        for key in keys:
            chosen |= self._is(key)
        return np.asarray(self.start[chosen & (self.start == self.end)])

    def _is(self, key: Key) -> NDArray[np.bool_]:
        if key not in self.keys:
            return np.zeros(len(self.code), bool)
        return np.asarray(self.code == self.keys.index(key))


def refuse_other(learned: str, present: str) -> None:
    """Raises the error of a model that looks at another segmenter than the one that is there.

    Args:
        learned: Name and version of what it learned with.
        present: Of what is there, "" for nothing.

    Raises:
        DataError: Always.
    """
    now = f"'{present}' is installed" if present else "the domain has none now"
    raise DataError(
        f"the model looks at what the domain's own segmenter '{learned}' finds, and {now}",
        "Train again: tslab train",
    )
