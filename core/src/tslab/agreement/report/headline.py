"""What stands first: events and their borders, time by label, and chance-corrected numbers last.

Kappa alone is no headline: where events are rare it says more about the silence between them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tslab.agreement.measure import TierAgreement
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.values import NOT_ITS_MARKS, Row

UNLABELLED = 0.05
"""Share of the time that a tier may leave without a label where each moment is to have one."""
FEW_RUNS = 5
"""Marks for each reading of a task, from which on it is believed that they fill it."""
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
OF_TIME = ("time/percent_agreement", "time/cohen_kappa", "time/iou")
"""What stands first where each moment has a label."""
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
    order = [f"event/f1@{settings.iou:g}", *FIRST, *INSTANTS, *BESIDE]
    if fills_time(tier):
        order = [*OF_TIME, *(metric for metric in order if metric not in OF_TIME)]
    people = {row.metric: row for row in tier.rows if row.by == "overall"}
    own = [
        name
        for name, row in people.items()
        if _of_domain(name, everything)
        and (everything or not (name in tier.for_detectors or row.value.reason == NOT_ITS_MARKS))
    ]
    return [people[name] for name in (*order, *own) if name in people]


def fills_time(tier: TierAgreement) -> bool:
    """Whether people give each moment one label, as sleep stages and rhythms do.

    Stretches of one label are then no events of their own: a moment that one sees otherwise cuts
    his stretch in two. What a task reaches to because of its marks is always filled by few of them.
    """
    own = (c.hours for c in tier.confusions if c.by == "overall")
    hours = next(own, np.zeros((0, 0)))
    if not hours.sum() or any(len(state) > 1 for state in tier.states):
        return False
    blank = hours[0].sum() + hours[:, 0].sum() - hours[0, 0]
    table = tier.tier.table
    enough = tier.tier.shown or len(table) >= FEW_RUNS * len(table.reviewed)
    return bool(blank <= UNLABELLED * hours.sum()) and enough


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
