"""What is measured, and how: one value that stands in every report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tslab.agreement.events.criteria import Criterion, Iou
from tslab.agreement.events.metrics import EventSettings
from tslab.agreement.panel import TimeSettings
from tslab.agreement.unitizing.holistic import HolisticSettings

IOUS = (0.1, 0.3, 0.5, 0.7, 0.9)
GAMMA_SAMPLES = 30
MOST_UNITS = 200_000


@dataclass(frozen=True, slots=True)
class AgreementSettings:
    """How agreement is measured.

    Attributes:
        ious: Least intersection over union of two events that are the same; one F1 for each.
        rules: Further rules by which two events are the same: collars, any overlap, other IoU.
        szcore: Whether detections are scored as SzCORE has it.
        iou: The one that the headline, borders and confusions rest on.
        tolerances: Seconds that two instants may be apart, by tier, that of the tier if missing;
            how far apart two answers of a number field may be, by field, 0 if missing.
        draws: Draws of the bootstrap over tasks; 0 leaves intervals out.
        seed: Makes intervals and gamma the same each time.
        level: How sure the intervals are.
        gamma: Whether gamma is worked out, which takes by far the longest.
        unitizing: Whether the unitizing alphas are even where a tier has over `MOST_UNITS` spans.
        weights: Weight of each control in the scores of Label Studio Enterprise; 1 where missing.
        enterprise: Whether these are worked out even where a tier has over `MOST_UNITS` spans.
        custom: Measures of the user's own, as ``FILE.py:FUNCTION``.
    """

    ious: tuple[float, ...] = IOUS
    iou: float = 0.5
    rules: tuple[Criterion, ...] = ()
    szcore: bool = False
    tolerances: Mapping[str, float] = field(default_factory=dict)
    draws: int = 2000
    seed: int = 0
    level: float = 0.95
    gamma: bool = False
    unitizing: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)
    enterprise: bool = False
    custom: tuple[str, ...] = ()

    @property
    def time(self) -> TimeSettings:
        """How time is measured."""
        return TimeSettings(draws=self.draws, seed=self.seed, level=self.level)

    @property
    def events(self) -> EventSettings:
        """How events are measured; the main threshold is always among the others."""
        ious = tuple(Iou(threshold) for threshold in sorted({*self.ious, self.iou}))
        rules = tuple(dict.fromkeys((*ious, *self.rules)))
        return EventSettings(rules, Iou(self.iou), intervals=self.time)

    @property
    def holistic(self) -> HolisticSettings:
        """What is measured of units as a whole."""
        samples = GAMMA_SAMPLES if self.gamma else 0
        return HolisticSettings(samples=samples, seed=self.seed, intervals=self.time)

    def document(self) -> dict[str, object]:
        """The settings as a JSON document."""
        return {
            "iou": self.iou,
            "ious": [rule.name for rule in self.events.criteria],
            "szcore": self.szcore,
            "tolerances": dict(self.tolerances),
            "draws": self.draws,
            "seed": self.seed,
            "level": self.level,
            "gamma": self.gamma,
            "unitizing": self.unitizing,
            "weights": dict(self.weights),
            "enterprise": self.enterprise,
            "custom": [place.rpartition(":")[2] for place in self.custom],
            "end": "exclusive",
        }
