"""The consensus as cells of a table: times, shares and uncertainty as those of agreement."""

from __future__ import annotations

from tslab.agreement.consensus.project import TierConsensus
from tslab.agreement.consensus.result import label_rows
from tslab.agreement.report.words import fixed, hours, seconds

LABEL_HEADER = ("label", "regions", "time", "support", "onset spread", "offset spread")


def label_cells(tier: TierConsensus) -> list[tuple[str, ...]]:
    """What is agreed on, label by label, as people read it."""
    return [
        (
            str(label),
            str(regions),
            "-" if lasting is None else hours(float(lasting) / 3600),
            fixed(float(support or 0), 3),
            *("-" if spread is None else seconds(float(spread)) for spread in spreads),
        )
        for label, regions, lasting, support, *spreads in label_rows(tier)
    ]
