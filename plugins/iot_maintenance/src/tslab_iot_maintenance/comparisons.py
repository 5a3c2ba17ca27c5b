"""Measures of agreement for anomalies."""

from __future__ import annotations

from collections.abc import Sequence

from tslab import AgreementMetric
from tslab_iot_maintenance.affiliation import Affiliation
from tslab_iot_maintenance.detection import DetectionDelay, WindowScore
from tslab_iot_maintenance.range_based import RangeBased

EARLY = RangeBased(
    "range-based-early",
    "Range-based with existence 0.5: front bias and 1 / n for n pieces, early and whole is good",
    existence=0.5,
    bias="front",
    reciprocal=True,
)


def metrics() -> Sequence[AgreementMetric]:
    """All of them; they ask for a reference and suit detectors better than people."""
    return [RangeBased(), EARLY, Affiliation(), DetectionDelay(), WindowScore()]
