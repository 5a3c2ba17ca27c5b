"""Agreement of instants: F1 within a tolerance and how far apart matched ones are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tslab.agreement.coefficients import Floats, ratio
from tslab.agreement.events.border_rows import border_rows
from tslab.agreement.events.boundaries import Borders
from tslab.agreement.events.counts import labels_and_all
from tslab.agreement.events.criteria import Labels
from tslab.agreement.events.levels import Levels, Measure, Named
from tslab.agreement.events.matches import Matches
from tslab.agreement.events.matching import match_instants
from tslab.agreement.events.scores import event_scores, event_value
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_MATCH, Readers, Row, Value
from tslab.span_table import SpanTable

DIRECTED = ("instant/precision", "instant/recall", "instant/bias")


@dataclass(frozen=True, slots=True)
class InstantSettings:
    """How instants are measured.

    Attributes:
        tolerance: Microseconds that two may be apart, one number or one for each label. One sample
            period of the signal is a good choice.
        labels: Whether labels must be equal.
        instant_in_span: Whether an instant may match a range that it lies in.
        intervals: Draws, seed and level of the bootstrap.
    """

    tolerance: int | tuple[int, ...]
    labels: Labels = "same"
    instant_in_span: bool = False
    intervals: TimeSettings = field(default_factory=TimeSettings)


@dataclass(frozen=True, slots=True)
class InstantAgreement:
    """All measures of instants of one tier.

    Attributes:
        rows: The numbers.
        matches: What they rest on.
        borders: How far apart matched instants are, for histograms; offsets repeat onsets.
    """

    rows: list[Row]
    matches: Matches
    borders: Borders


def instant_metrics(
    tier: str, table: SpanTable, readers: Readers, settings: InstantSettings
) -> InstantAgreement:
    """All measures of instants.

    Args:
        tier: Name of the tier.
        table: Its spans; ranges have no part in it, unless the settings let instants match them.
        readers: Who is who.
        settings: How to measure.
    """
    pairs, kinds = all_kinds(table, readers)
    found = match_instants(
        table, pairs, settings.tolerance, settings.labels, instant_in_span=settings.instant_in_span
    )
    counts, borders = found.counts, Borders.of(found)
    levels = Levels(tier, table, readers, pairs, kinds, settings.intervals)
    errors = borders.sums[..., :2]
    cells = np.concatenate([counts.stacked(), errors], axis=-1)
    whole = labels_and_all(cells, counts.sets, len(table.labels))
    rows = [
        *levels.rows(counts.items, whole, MEASURE),
        *border_rows(levels, borders, counts.items, counts.sets, {"onset": "instant/"}),
    ]
    return InstantAgreement(rows, found, borders)


def _values(sums: Floats) -> Named:
    scores = event_scores(sums)
    out = {f"instant/{name}": scores[name] for name in ("precision", "recall", "f1")}
    out["instant/bias"] = ratio(sums[..., 6], sums[..., 5])
    return out


def _explain(name: str, value: float, sums: Floats) -> Value:
    if name == "instant/bias":
        return Value(float(value)) if np.isfinite(value) else Value(None, NO_MATCH)
    return event_value(name.removeprefix("instant/"), value, sums)


MEASURE = Measure(
    _values, _explain, DIRECTED.__contains__, lambda sums: sums[..., 0] + sums[..., 1],
    matches={"instant/bias": lambda sums: sums[..., 5]}, sides=True,
)  # fmt: skip
