"""What stands first: events and their borders, time by label, and chance-corrected numbers last.

Kappa alone is no headline: where events are rare it says more about the silence between them.
"""

from __future__ import annotations

from collections.abc import Iterable

from tslab.agreement.measure import TierAgreement
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.values import NOT_ITS_MARKS, Row

FIRST = ("event/onset_median_error", "event/offset_median_error", "time/iou")
BESIDE = (
    "time/percent_agreement",
    "time/cohen_kappa",
    "time/fleiss_kappa",
    "time/krippendorff_alpha",
    "unitizing/alpha_u",
    "gamma",
)
AGAINST = ("reference", "model")
"""Levels at which one of two is the reference."""
INSTANTS = ("instant/f1", "instant/median_error")


def main_metrics(tier: TierAgreement, settings: AgreementSettings) -> list[str]:
    """Measures that a tier is judged by: F1 of its events, of its instants, or of both."""
    known = {row.metric for row in tier.rows}
    wanted = (f"event/f1@{settings.iou:g}", "instant/f1")
    return [metric for metric in wanted if metric in known]


def headline(
    tier: TierAgreement, settings: AgreementSettings, *, everything: bool = False
) -> list[Row]:
    """The numbers of a tier that stand first, of people together.

    A measure of the domain is none of them where nobody marked anything that it is about.

    Args:
        tier: The tier.
        settings: How it was measured.
        everything: Whether details of the domain's measures are asked for, too.
    """
    order = (f"event/f1@{settings.iou:g}", *FIRST, *INSTANTS, *BESIDE)
    people = {row.metric: row for row in tier.rows if row.by == "overall"}
    own = [
        name
        for name, row in people.items()
        if _of_domain(name, everything)
        and (everything or not (name in tier.for_detectors or row.value.reason == NOT_ITS_MARKS))
    ]
    return [people[name] for name in (*order, *own) if name in people]


def judged(tier: TierAgreement, metric: str) -> list[Row]:
    """Rows that a minimum is for: people together, or each against ground truth and models."""
    rows = [row for row in tier.rows if row.metric == metric]
    together = [row for row in rows if row.by == "overall"]
    if len(tier.tier.readers.annotators) > 1 and together:
        return together
    return [row for row in rows if row.by in ("reference", "model")]


def _of_domain(metric: str, details: bool) -> bool:
    """Whether it is a measure of the domain: ``domain/NAME``, or one of its details."""
    return metric.startswith("domain/") and (details or metric.count("/") == 1)


def columns(
    tier: TierAgreement, settings: AgreementSettings, by: str = "", *, everything: bool = False
) -> list[str]:
    """Measures that tables of labels, annotators and pairs show.

    Args:
        tier: The tier.
        settings: How it was measured.
        by: Level of the table; measures for detectors stand where there is a reference.
        everything: Whether measures of the domain are asked for, too.
    """
    known = {row.metric for row in tier.rows}
    wanted: Iterable[str] = (
        f"event/f1@{settings.iou:g}",
        "event/onset_median_error",
        "event/offset_median_error",
        "time/iou",
        "instant/f1",
        "instant/median_error",
        "time/cohen_kappa",
    )
    own = sorted(
        name
        for name in known
        if (everything or (by in AGAINST and name in tier.for_detectors))
        and _of_domain(name, details=False)
    )
    return [name for name in (*wanted, *own) if name in known]
