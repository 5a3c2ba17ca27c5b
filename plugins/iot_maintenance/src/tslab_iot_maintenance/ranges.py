"""Anomalies of a reading as ranges of time, in whole microseconds.

Whatever the labels say, a machine is anomalous or not: ranges of all labels of anomalies are
joined. Time in which the reference says maintenance is not scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from tslab import AgreementContext, Recording, Span

N = TypeVar("N", int, float)
Range = tuple[int, int]
"""Start and end, microseconds, half-open."""
NO_ANOMALY = frozenset({"MNT", "OPM", "NRM"})
"""Codes of labels that describe the context."""
UNSCORED = frozenset({"MNT"})


@dataclass(frozen=True, slots=True)
class Scored:
    """What two readings are compared on.

    Attributes:
        time: Scored time, in order and apart.
        reference: Anomalies of the reference in it, in order and apart.
        hypothesis: Those of the hypothesis.
    """

    time: Sequence[Range]
    reference: Sequence[Range]
    hypothesis: Sequence[Range]

    @classmethod
    def of(
        cls, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Self:
        """Both readings on the time that both reviewed, less maintenance."""
        seen = joined((round(a * 1e6), round(b * 1e6)) for a, b in context.extents)
        gone = joined(
            (span.start_us, span.end_us) for span in reference if _code(span, context) in UNSCORED
        )
        time = without(seen, gone)
        sample = sample_of(context.recording)
        sides = [common(_anomalies(spans, context, sample), time) for spans in
                 (reference, hypothesis)]  # fmt: skip
        return cls(time, sides[0], sides[1])


def sample_of(recording: Recording | None) -> int:
    """Microseconds of one sample of the fastest channel: how long an instant lasts; 0 unknown."""
    signals = recording.signals if recording is not None else ()
    rates = [signal.sampling_rate for signal in signals if signal.sampling_rate > 0]
    return max(1, round(1e6 / max(rates))) if rates else 0


def _anomalies(spans: Sequence[Span], context: AgreementContext, sample: int) -> list[Range]:
    return joined(
        (span.start_us, span.end_us if span.end_us > span.start_us else span.start_us + sample)
        for span in spans
        if _code(span, context) not in NO_ANOMALY
    )


def _code(span: Span, context: AgreementContext) -> str:
    label = context.domain.tier(span.tier).label(span.label)
    return label.code if label else ""


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The union of some ranges, in order; ranges that touch are one, empty ones vanish."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def common(one: Sequence[tuple[N, N]], other: Sequence[tuple[N, N]]) -> list[tuple[N, N]]:
    """Time in both; each is in order and apart in itself."""
    found, at = [], 0
    for start, end in one:
        while at < len(other) and other[at][1] <= start:
            at += 1
        later = at
        while later < len(other) and other[later][0] < end:
            found.append((max(start, other[later][0]), min(end, other[later][1])))
            later += 1
    return found


def without(one: Sequence[Range], gone: Sequence[Range]) -> list[Range]:
    """Time in the first and not in the second; each is in order and apart in itself."""
    found = []
    for first, end in one:
        start = first
        for low, high in gone:
            if high <= start or low >= end:
                continue
            if low > start:
                found.append((start, low))
            start = max(start, high)
        if start < end:
            found.append((start, end))
    return found


def f1(precision: float | None, recall: float | None) -> float | None:
    """Harmonic mean; 0 where one of both is undefined, None where both are."""
    if precision is None or recall is None:
        return None if precision is recall else 0.0
    both = precision + recall
    return 2 * precision * recall / both if both else 0.0


def share(above: float, below: float) -> float | None:
    """The quotient, None where nothing is below."""
    return above / below if below else None
