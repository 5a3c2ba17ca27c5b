"""The result as CSV files, in long form, for tables and notebooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tslab import files
from tslab.agreement.events.events import Events, shared
from tslab.agreement.events.matches import Matches
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.measure import Agreement, TierAgreement
from tslab.agreement.report.headline import main_metrics
from tslab.agreement.values import Row
from tslab.errors import UsageError
from tslab.wording import csv_cell

Cells = tuple[object, ...]
ROWS = (
    "tier",
    "metric",
    "by",
    "of",
    "value",
    "low",
    "high",
    "reason",
    "tasks",
    "count",
    "count_of",
    "seconds",
)
HEADERS = {
    "metrics.csv": ROWS,
    "matrix.csv": ("tier", "metric", "first", "second", "kind", "value", "tasks", "seconds"),
    "per_task.csv": ("tier", "task", "first", "second", "seconds", "iou", "f1"),
    "per_label.csv": (
        "tier", "label", "metric", "value", "low", "high", "reason", "count", "count_of",
    ),
    "confusion.csv": ("tier", "by", "first", "second", "state", "other_state", "hours"),
    "event_confusion.csv": ("tier", "by", "first", "second", "label", "other_label", "events"),
    "matched_events.csv": (
        "tier", "task", "first", "second", "match", "label", "start", "end", "other_start",
        "other_end", "iou",
    ),
}  # fmt: skip
"""Files and their columns. Times are seconds; what has no value is empty."""


def write_files(found: Agreement, folder: Path) -> list[Path]:
    """Write all files.

    Raises:
        UsageError: A file of that name is there that is no report.
        ProjectError: One cannot be written.
    """
    paths = [folder / name for name in HEADERS]
    for path in paths:
        _refuse_strangers(path)
    contents = {
        "metrics.csv": _metrics(found),
        "matrix.csv": _matrix(found),
        "per_task.csv": _tasks(found),
        "per_label.csv": _labels(found),
        "confusion.csv": _confusion(found),
        "event_confusion.csv": _event_confusion(found),
        "matched_events.csv": _matched(found),
    }
    for path in paths:
        files.write_bytes(path, _csv(HEADERS[path.name], contents[path.name]))
    return paths


def folder_target(name: str) -> Path:
    """Where tables go; asked before anything is measured.

    Raises:
        UsageError: That is a file, or holds one that is no report.
    """
    if not name:
        raise UsageError("--csv has no name", "Name a folder.")
    folder = Path(name)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--csv '{name}' is a file", "Name a folder.")
    for file in HEADERS:
        _refuse_strangers(folder / file)
    return folder


def _refuse_strangers(path: Path) -> None:
    if not path.exists():
        return
    head = ",".join(HEADERS[path.name]).encode()
    with path.open("rb") as file:
        if file.readline().strip() != head:
            raise UsageError(
                f"'{path}' is no file of 'tslab agreement'", "Name another folder, or move it away."
            )


def _csv(header: Iterable[str], rows: Iterable[Cells]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Nothing for what is undefined; text that a spreadsheet would take for a formula is quoted."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    return csv_cell(value) if isinstance(value, str) else value


def _metrics(found: Agreement) -> Iterator[Cells]:
    for row in found.rows:
        value = row.value
        yield (row.tier, row.metric, row.by, " | ".join(row.of), value.value, value.low,
               value.high, value.reason, row.tasks, row.events, row.counts,
               row.seconds)  # fmt: skip


def _matrix(found: Agreement) -> Iterator[Cells]:
    for tier in found.tiers:
        metrics = [*main_metrics(tier, found.settings), "time/iou", "time/cohen_kappa"]
        for row in tier.rows:
            if row.metric in metrics and row.by in ("pair", "reference", "model"):
                first, second = _names(row, tier)
                yield (row.tier, row.metric, first, second, row.by, row.value.value, row.tasks,
                       row.seconds)  # fmt: skip


def _names(row: Row, tier: TierAgreement) -> tuple[str, str]:
    if row.by == "reference":
        return tier.tier.readers.reference or "", row.of[0]
    return row.of[0], row.of[1]


def _tasks(found: Agreement) -> Iterator[Cells]:
    for tier in found.tiers:
        names = tier.tier.table.tasks
        for scores in tier.pair_scores:
            columns = (scores.task, scores.seconds, scores.iou, scores.f1)
            for task, *values in zip(*(column.tolist() for column in columns), strict=True):
                yield (tier.tier.name, names[task], *scores.pair, *values)


def _labels(found: Agreement) -> Iterator[Cells]:
    for row in found.rows:
        if row.by == "label":
            value = row.value
            yield (row.tier, row.of[0], row.metric, value.value, value.low, value.high,
                   value.reason, row.events, row.counts)  # fmt: skip


def _confusion(found: Agreement) -> Iterator[Cells]:
    for tier in found.tiers:
        names = [" + ".join(state) for state in tier.states]
        for item in tier.confusions:
            pair = _pair(item.of)
            for (one, other), hours in np.ndenumerate(item.hours):
                yield (tier.tier.name, item.by, *pair, names[one], names[other], float(hours))


def _event_confusion(found: Agreement) -> Iterator[Cells]:
    for tier in found.tiers:
        names = ["", *(" + ".join(labels) for labels in tier.sets)]
        for item in tier.event_confusions:
            pair = _pair(item.of)
            for (one, other), count in np.ndenumerate(item.counts):
                if count:
                    yield (tier.tier.name, item.by, *pair, names[one], names[other], int(count))


def _pair(of: tuple[str, ...]) -> tuple[str, str]:
    return (of[0], of[1]) if len(of) == 2 else ("", "")


def _matched(found: Agreement) -> Iterator[Cells]:
    for tier in found.tiers:
        events = Events.of(tier.tier.table)
        for matches, own in ((tier.matches, events.ranges()), (tier.instants, events.instants())):
            if matches is not None:
                yield from _events(tier, matches, own)


def _events(tier: TierAgreement, matches: Matches, events: Events) -> Iterator[Cells]:
    """Matched events of each pair, and those without a partner on tasks that both reviewed."""
    table = tier.tier.table
    pairs, _ = all_kinds(table, tier.tier.readers)
    pair = matches.counts.items.pair[matches.item]
    reference, hypothesis, iou = matches.reference, matches.hypothesis, matches.iou
    text = _Texts(tier, events)
    for number, (one, other) in enumerate(pairs.tolist()):
        names = (table.annotators[one], table.annotators[other])
        own = np.flatnonzero(pair == number)
        own = own[np.argsort(reference[own], kind="stable")]
        for first, second, overlap in zip(
            reference[own].tolist(), hypothesis[own].tolist(), iou[own].tolist(), strict=True
        ):
            yield text.line(names, "both", first, second, round(overlap, 6))
        common = shared(events, table, (one, other))
        for row in np.setdiff1d(common.reference.row, reference[own]).tolist():
            yield text.line(names, "first only", row, None, None)
        for row in np.setdiff1d(common.hypothesis.row, hypothesis[own]).tolist():
            yield text.line(names, "second only", None, row, None)


class _Texts:
    """Events as cells, by their rows in the table."""

    def __init__(self, tier: TierAgreement, events: Events) -> None:
        table = tier.tier.table
        self.tier = tier.tier.name
        self.tasks = [table.tasks[number] for number in table.task.tolist()]
        self.start, self.end = (table.start / 1e6).tolist(), (table.end / 1e6).tolist()
        names = [" + ".join(table.labels[n] for n in members) for members in events.sets]
        labels = zip(events.row.tolist(), events.label.tolist(), strict=True)
        self.label = {row: names[number] for row, number in labels}

    def line(
        self,
        names: tuple[str, str],
        match: str,
        first: int | None,
        second: int | None,
        iou: float | None,
    ) -> Cells:
        """One line; what is missing stays empty."""
        there = second if first is None else first
        if there is None:
            raise ValueError("a line needs an event")
        ends = [
            (None, None) if row is None else (self.start[row], self.end[row])
            for row in (first, second)
        ]
        return (self.tier, self.tasks[there], *names, match, self.label[there], *ends[0], *ends[1],
                iou)  # fmt: skip
