"""Spans: labelled stretches of a recording, and the only arithmetic on their time."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tslab.errors import DataError

FieldValue = str | float | tuple[str, ...]
"""Value of a region field: text or one choice, a number or rating, or several choices."""

MICROSECONDS = 1_000_000
LATEST = 9e12
"""Seconds, 285 000 years: what is later does not fit whole microseconds in 64 bits."""


def to_microseconds(seconds: float) -> int:
    """Whole microseconds nearest to a time in seconds."""
    return round(seconds * MICROSECONDS)


def to_seconds(microseconds: int) -> float:
    """Seconds of a time in whole microseconds."""
    return microseconds / MICROSECONDS


@dataclass(frozen=True, slots=True)
class Span:
    """One labelled stretch, half-open ``[start, end)``; an instant has ``start == end``.

    Attributes:
        start: Seconds from the start of the recording.
        end: Seconds from the start of the recording, not before `start`.
        label: Name of a label of the tier.
        tier: Name of the tier that the label belongs to.
        score: Confidence from 0 to 1, None where nobody gave one.
        fields: Answers to the domain's region fields, by field name.
        id: Identity of the region in Label Studio; parts of one cut span share its stem.
        origin: ``manual``, ``prediction`` or ``prediction-changed``, as the editor says; may be "".
    """

    start: float
    end: float
    label: str
    tier: str
    score: float | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict, hash=False)
    id: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        """Refuses times that no later step could give a meaning.

        Raises:
            DataError: Times are not finite, negative, reversed or beyond `LATEST`, or the score is
                outside 0..1.
        """
        self._make_plain()
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            raise DataError(f"span of '{self.label}' has a time that is not finite")
        if not 0 <= self.start <= self.end <= LATEST:
            raise DataError(
                f"span of '{self.label}' runs from {self.start} s to {self.end} s",
                f"Times must satisfy 0 <= start <= end <= {LATEST:g}.",
            )
        if self.score is not None and not 0 <= self.score <= 1:
            raise DataError(f"score {self.score} of a span of '{self.label}' is outside 0..1")

    def _make_plain(self) -> None:
        """Plain numbers instead of numpy's, which segmenters give and JSON does not take."""
        for name in ("start", "end", "score"):
            value = getattr(self, name)
            if value is not None and type(value) is not float:
                object.__setattr__(self, name, float(value))
        if any(type(value) not in (str, float, tuple) for value in self.fields.values()):
            plain = {key: _plain(value) for key, value in self.fields.items()}
            object.__setattr__(self, "fields", plain)

    @property
    def is_instant(self) -> bool:
        """Whether the span is a point in time."""
        return self.start == self.end

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    @property
    def start_us(self) -> int:
        """Start in whole microseconds."""
        return to_microseconds(self.start)

    @property
    def end_us(self) -> int:
        """End in whole microseconds."""
        return to_microseconds(self.end)

    def moved(self, start: float, end: float) -> Span:
        """The same span at another time."""
        return replace(self, start=start, end=end)


def _plain(value: object) -> FieldValue:
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(str(part) for part in value)
    return str(value)


def sort_key(span: Span) -> tuple[int, int, str, str, str]:
    """Order of spans in every file that tslab writes: time, tier, label, id."""
    return (span.start_us, span.end_us, span.tier, span.label, span.id)
