"""Which comparisons of EC57 a domain can be measured by."""

from __future__ import annotations

from collections.abc import Sequence

from tslab import AgreementMetric, Domain
from tslab_ecg_eeg.beat_comparison import CLASSES, LEARNING, BeatComparison
from tslab_ecg_eeg.episode_comparison import EpisodeComparison

FIBRILLATION = ("(AFIB",)
FLUTTER = ("(AFL",)
VENTRICULAR = ("(VF", "(VFL")


def metrics(domain: Domain) -> Sequence[AgreementMetric]:
    """Those whose labels the domain has, by code."""
    codes = {label.code for tier in domain.tiers for label in tier.labels}
    found: list[AgreementMetric] = []
    if codes & set(CLASSES):
        title = "Beat by beat after the first 5 minutes, in which a device may learn"
        found += [BeatComparison(), BeatComparison("ec57-beats-5min", title, LEARNING)]
    if codes.issuperset(FIBRILLATION):
        found.append(EpisodeComparison(codes=FIBRILLATION))
        if codes.issuperset(FLUTTER):
            title = "Atrial fibrillation outside of flutter, which the reference has (epicmp -x)"
            found.append(EpisodeComparison("ec57-af-without-flutter", title, FIBRILLATION, FLUTTER))
    if codes & set(VENTRICULAR):
        title = "Episodes of ventricular flutter or fibrillation as EC57"
        found.append(EpisodeComparison("ec57-vf", title, VENTRICULAR))
    return found
