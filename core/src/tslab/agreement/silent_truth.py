"""A ground truth that marks nothing in a tier: it found nothing there, or was not asked about it.

Which of the two decides whether everybody's marks in that tier are wrong, so it is always said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tslab.agreement.tier_tables import TierTable
from tslab.wording import short

NOTHING = (
    "the ground truth marks nothing in '{}', which it was shown: it says that nothing is there"
)
SILENT = (
    "the ground truth marks nothing in '{}', and nobody knows whether it was shown: nobody is held "
    "against it there"
)


def speaking(
    tiers: Sequence[TierTable], shown: Callable[[TierTable], bool]
) -> tuple[tuple[TierTable, ...], list[str]]:
    """The tiers, without a ground truth that does not speak of one; and a note on each.

    Args:
        tiers: What was said.
        shown: Whether it is known that the ground truth was shown a tier.
    """
    found, notes = [], []
    for tier in tiers:
        if not _is_silent(tier):
            found.append(tier)
            continue
        known = shown(tier)
        notes.append((NOTHING if known else SILENT).format(short(tier.name)))
        found.append(tier if known else _without(tier))
    return tuple(found), notes


def _is_silent(tier: TierTable) -> bool:
    """Whether there is a ground truth that reviewed something, and marked nothing."""
    table, reference = tier.table, tier.readers.reference
    if reference is None:
        return False
    number = table.annotators.index(reference)
    return bool(
        (table.reviewed.annotator == number).any() and not (table.annotator == number).any()
    )


def _without(tier: TierTable) -> TierTable:
    gone = [tier.readers.reference or ""]
    windows = None if tier.windows is None else tier.windows.without_annotators(gone)
    return replace(
        tier,
        table=tier.table.without_annotators(gone),
        windows=windows,
        readers=replace(tier.readers, reference=None),
    )
