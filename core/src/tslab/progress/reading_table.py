"""Who read which task: readings, the table of their spans, and who is compared with whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tslab.progress.work import Work
from tslab.span_table import Extents, SpanTable
from tslab.spans import to_microseconds

if TYPE_CHECKING:
    from tslab.domain import Tier

GROUND_TRUTH = "ground truth"
AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader said about one task.

    Attributes:
        reader: Annotator, `GROUND_TRUTH`, or "again" and an annotator for an earlier annotation.
        work: The annotation.
    """

    reader: str
    work: Work


def readings(work: Sequence[Work]) -> list[Reading]:
    """All submitted annotations; of two by one annotator the earlier one is a reader of its own."""
    found: dict[tuple[str, str], Reading] = {}
    for item in sorted(work, key=lambda item: item.entry.number):
        entry = item.entry
        if entry.state == "submitted":
            reader = entry.annotator if item.counts else f"{AGAIN} {entry.annotator}"
            reader = GROUND_TRUTH if entry.ground_truth else reader
            if item.counts or not entry.ground_truth:
                found[reader, entry.task] = Reading(reader, item)
    return list(found.values())


def reading_table(found: Sequence[Reading], tier: Tier) -> SpanTable:
    """Spans of one tier; labels that the domain does not have are left out, as pull reported."""
    tasks = sorted({reading.work.entry.task for reading in found})
    readers = sorted({reading.reader for reading in found})
    labels = {label.name: number for number, label in enumerate(tier.labels)}
    place = {name: number for number, name in enumerate(tasks)}
    seen, rows, regions = [], [], dict[tuple[int, str], int]()
    for number, reading in enumerate(found):
        entry = reading.work.entry
        who = place[entry.task], readers.index(reading.reader)
        seen.append((*who, to_microseconds(entry.start), to_microseconds(entry.end)))
        for position, span in enumerate(entry.spans):
            if span.tier == tier.name and span.label in labels:
                name = span.id or f"#{position}"
                region = regions.setdefault((number, name), len(regions))
                rows.append((*who, labels[span.label], span.start_us, span.end_us, region))
    keys = ("task", "annotator", "label", "start", "end", "region")
    columns = dict(zip(keys, np.array(rows, np.int64).reshape(-1, 6).T, strict=True))
    extents = Extents.of(*np.array(seen, np.int64).reshape(-1, 4).T)
    return SpanTable.of((tasks, readers, list(labels)), columns, extents)


def reader_pairs(readers: Sequence[str]) -> tuple[NDArray[np.int32], list[str]]:
    """Pairs of people, each with the ground truth, and each with himself."""
    pairs, kinds = [], []
    for one, first in enumerate(readers):
        for other, second in enumerate(readers):
            kind = _kind(first, second)
            if kind and (one < other or kind != "pair"):
                pairs.append((one, other))
                kinds.append(kind)
    return np.array(pairs, np.int32).reshape(-1, 2), kinds


def _kind(first: str, second: str) -> str:
    """What a pair is; "" where it is none. The truth and the earlier reading come first."""
    if first == GROUND_TRUTH:
        return "" if second == GROUND_TRUTH or second.startswith(f"{AGAIN} ") else "truth"
    if first.startswith(f"{AGAIN} "):
        return "self" if first == f"{AGAIN} {second}" else ""
    return "" if second == GROUND_TRUTH or second.startswith(f"{AGAIN} ") else "pair"
