"""Episode-by-episode comparison as ANSI/AAMI EC57 defines it and the program epicmp reports it.

Any overlap makes an episode right. Episodes and their durations are counted apart: a few long ones
must not hide many short ones, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tslab import AgreementContext, Span
from tslab.stretches import Stretch, in_microseconds, intersect, subtract, total, union


@dataclass(frozen=True, slots=True)
class EpisodeComparison:
    """Sensitivity and positive predictivity of the episodes of one rhythm.

    Attributes:
        name: What ``--metric`` takes.
        title: One line for people.
        codes: Codes of the rhythm; what follows each other without a gap is one episode.
        excluded: Codes of rhythms of the reference in which detections do not count; the edition
            of 1998 excludes flutter from fibrillation, that of 2007 does not.
        learning: Seconds from the start of the recording that do not count.
        tier_kinds: Rhythms are states.
    """

    name: str = "ec57-af"
    title: str = "Episodes of atrial fibrillation as EC57 and epicmp"
    codes: Sequence[str] = ("(AFIB",)
    excluded: Sequence[str] = ()
    learning: float = 0.0
    tier_kinds: Sequence[str] = ("states",)

    @property
    def for_detectors(self) -> bool:
        """Whether it matters which of two is the reference: some of its rhythms do not count."""
        return bool(self.excluded) or self.learning > 0

    def components(
        self, reference: Sequence[Span], hypothesis: Sequence[Span], context: AgreementContext
    ) -> Mapping[str, float]:
        """Episodes, those that overlap one of the other, and seconds."""
        learning = (0, round(self.learning * 1e6))
        time = subtract(in_microseconds(context.extents), [learning])
        true = intersect(_stretches(reference, self.codes, context), time)
        found = intersect(_stretches(hypothesis, self.codes, context), time)
        gone = _stretches(reference, self.excluded, context)
        found = subtract(found, gone)
        return {
            "reference": float(len(true)),
            "reference_found": float(_touched(true, found)),
            "hypothesis": float(len(found)),
            "hypothesis_right": float(_touched(found, true)),
            "reference_seconds": total(true) / 1e6,
            "hypothesis_seconds": total(found) / 1e6,
            "common_seconds": total(intersect(true, found)) / 1e6,
        }

    def value(self, components: Mapping[str, float]) -> float | None:
        """F1 of episodes: the harmonic mean of their sensitivity and positive predictivity."""
        details = self.details(components)
        sensitivity, predictivity = details["sensitivity"], details["predictivity"]
        if sensitivity is None or predictivity is None:
            return None if sensitivity is predictivity else 0.0
        both = sensitivity + predictivity
        return 2 * sensitivity * predictivity / both if both else 0.0

    def details(self, components: Mapping[str, float]) -> Mapping[str, float | None]:
        """What EC57 reports, as shares."""
        parts = {
            "sensitivity": ("reference_found", "reference"),
            "predictivity": ("hypothesis_right", "hypothesis"),
            "duration_sensitivity": ("common_seconds", "reference_seconds"),
            "duration_predictivity": ("common_seconds", "hypothesis_seconds"),
        }
        return {
            name: components[above] / components[below] if components.get(below) else None
            for name, (above, below) in parts.items()
        }


def _stretches(
    spans: Sequence[Span], codes: Sequence[str], context: AgreementContext
) -> list[Stretch]:
    found = []
    for span in spans:
        label = context.domain.tier(span.tier).label(span.label)
        if label is not None and label.code in codes:
            found.append((span.start_us, span.end_us))
    return union(found)


def _touched(stretches: Sequence[Stretch], others: Sequence[Stretch]) -> int:
    """How many stretches share time with any of the others."""
    return sum(any(a < end and b > start for a, b in others) for start, end in stretches)
