"""What a consensus is made of: the span of each annotator behind a region, and their spread."""

from __future__ import annotations

import numpy as np

from tslab.agreement.consensus.event_clusters import grouped_median
from tslab.agreement.consensus.patterns import Floats
from tslab.agreement.consensus.regions import Regions
from tslab.agreement.kernels.overlaps import Positions
from tslab.agreement.kernels.presence import ranges
from tslab.span_table import SpanTable, Ticks, refuse_too_long


def sources_of(table: SpanTable, regions: Regions) -> tuple[Positions, Positions]:
    """The span of each annotator that shares most time with each region of its label.

    Returns:
        Numbers of regions, and rows of the table.
    """
    found_region, found_row = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    if not len(regions) or not len(table):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    low = int(min(table.start.min(), regions.start.min()))
    reach = int(max(table.end.max(), regions.end.max())) - low + 1
    refuse_too_long(float(reach) * len(table.tasks), len(table.tasks))
    lasting = table.end > table.start
    for label in np.unique(regions.label).tolist():
        numbers = np.flatnonzero(regions.label == label)
        own = regions.taken(numbers)
        start, end = own.start + own.task * reach - low, own.end + own.task * reach - low
        for reader in range(len(table.annotators)):
            rows = np.flatnonzero(lasting & (table.label == label) & (table.annotator == reader))
            lift = table.task[rows].astype(np.int64) * reach - low
            begins, ends = table.start[rows] + lift, table.end[rows] + lift
            first = np.searchsorted(np.maximum.accumulate(ends), start, side="right")
            last = np.searchsorted(begins, end, side="left")
            at, place = ranges(first, np.maximum(last - first, 0))
            shared = np.minimum(ends[place], end[at]) - np.maximum(begins[place], start[at])
            order = np.lexsort((place, -shared, at))
            best = order[np.append(True, at[order][1:] != at[order][:-1])[: len(order)]]
            best = best[shared[best] > 0]
            found_region.append(numbers[at[best]])
            found_row.append(rows[place[best]])
    region, row = np.concatenate(found_region), np.concatenate(found_row)
    order = np.lexsort((row, region))
    return region[order], row[order]


def spreads(group: Positions, values: Ticks, groups: int) -> Floats:
    """Median distance from the median (MAD) of each group in seconds; nan below two values.

    Args:
        group: Numbers of groups, sorted, intp ``(values,)``.
        values: Microseconds, int64 ``(values,)``.
        groups: How many there are.
    """
    count = np.bincount(group, minlength=groups)
    out = np.full(groups, np.nan)
    if len(group):
        dense = np.cumsum(np.append(False, group[1:] != group[:-1]))
        middle = grouped_median(dense, values)
        out[np.unique(group)] = grouped_median(dense, np.abs(values - middle[dense])) / 1e6
    out[count < 2] = np.nan
    return out
