"""What all measures of anomalies share: the time that is scored, and shares of sums.

Whatever the labels say, a machine is anomalous or not: ranges of all labels of anomalies are
joined. Time in which the reference says maintenance is not scored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from tslab import AgreementContext, Recording, Span
from tslab.stretches import Stretch, in_microseconds, intersect, subtract, union

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

    time: Sequence[Stretch]
    reference: Sequence[Stretch]
    hypothesis: Sequence[Stretch]

    @classmethod
    def of(
        cls, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Self:
        """Both readings on the time that both reviewed, less maintenance."""
        gone = union(
            (span.start_us, span.end_us) for span in reference if _code(span, context) in UNSCORED
        )
        time = subtract(in_microseconds(context.extents), gone)
        sample = sample_of(context.recording)
        sides = [intersect(_anomalies(spans, context, sample), time) for spans in
                 (reference, hypothesis)]  # fmt: skip
        return cls(time, sides[0], sides[1])


@dataclass(frozen=True, slots=True)
class AnomalyMetric(ABC):
    """A measure of anomalies, whatever their labels, made of sums over recordings.

    Attributes:
        name: What ``--metric`` takes.
        title: One line for people.
        tier_kinds: Anomalies are intervals.
        for_detectors: What they hold against a reference; people have none.
    """

    name: str
    title: str
    tier_kinds: Sequence[str] = ("intervals",)
    for_detectors: ClassVar[bool] = True

    SHARES: ClassVar[Sequence[tuple[str, str, str]]] = ()
    """Name of a detail, and of the sums above and below its line."""

    def components(
        self, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Mapping[str, float]:
        """The sums of one recording."""
        return self.sums(Scored.of(reference, hypothesis, context))

    @abstractmethod
    def sums(self, scored: Scored) -> Mapping[str, float]:
        """What is added up over recordings."""

    def value(self, components: Mapping[str, float]) -> float | None:
        """F1 of precision and recall; 0 where one of them is undefined."""
        details = self.details(components)
        precision, recall = details["precision"], details["recall"]
        if precision is None or recall is None:
            return None if precision is recall else 0.0
        both = precision + recall
        return 2 * precision * recall / both if both else 0.0

    def details(self, components: Mapping[str, float]) -> Mapping[str, float | None]:
        """The shares, None where nothing is below the line."""
        return {
            name: share(components.get(above, 0.0), components.get(below, 0.0))
            for name, above, below in self.SHARES
        }


def share(above: float, below: float) -> float | None:
    """The quotient, None where nothing is below."""
    return above / below if below else None


def sample_of(recording: Recording | None) -> int:
    """Microseconds of one sample of the fastest channel: how long an instant lasts; 0 unknown."""
    signals = recording.signals if recording is not None else ()
    rates = [signal.sampling_rate for signal in signals if signal.sampling_rate > 0]
    return max(1, round(1e6 / max(rates))) if rates else 0


def _anomalies(spans: Sequence[Span], context: AgreementContext, sample: int) -> list[Stretch]:
    return union(
        (span.start_us, span.end_us if span.end_us > span.start_us else span.start_us + sample)
        for span in spans
        if _code(span, context) not in NO_ANOMALY
    )


def _code(span: Span, context: AgreementContext) -> str:
    label = context.domain.tier(span.tier).label(span.label)
    return label.code if label else ""
