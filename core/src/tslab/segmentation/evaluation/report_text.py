"""The evaluation report as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tslab.segmentation.evaluation.report import HEADLINE, LabelScore, Report, TierScore

TITLES = {
    "overall": "overall",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1 of time",
    "event_f1": "event F1 (IoU 0.5)",
    "instant_f1": "instants F1",
    "ece": "calibration error",
}
"""What people read for the headline figures."""

NOTHING_TITLE = "(nothing)"
"""What people read for time without a label."""

RANGES = ("time", "time F1", "events", "event F1")
INSTANTS = ("instants", "instants F1")
LARGEST_MATRIX = 8
"""Classes of a confusion matrix that fit a terminal; the page has larger ones."""

LONGEST_NAME = 14

LONGEST_TABLE = 10
"""Recordings that the text lists; the page has all."""


def figure(value: float | None) -> str:
    """A figure with three digits, a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def duration(seconds: float) -> str:
    """A length of time in the unit that people would take."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.3g} s"


def report_text(report: Report) -> str:
    """Headline figures, a table for each tier, the worst recordings, and notes."""
    parts = [report.method, *_headline(report)]
    for tier in report.tiers:
        parts += ["", *_tier(tier)]
    if len(report.recordings) > 1:
        parts += ["", *_recordings(report)]
    if report.notes:
        parts += ["", *(f"note: {note}" for note in report.notes)]
    return "\n".join(parts)


def _headline(report: Report) -> Iterator[str]:
    for name in HEADLINE:
        why = f"  {report.missing[name]}" if name in report.missing else ""
        yield f"  {TITLES[name]:20} {figure(report.scores[name])}{why}".rstrip()


def _tier(tier: TierScore) -> Iterator[str]:
    ranges = any(label.events.reference + label.events.hypothesis for label in tier.labels)
    instants = any(label.instants.reference + label.instants.hypothesis for label in tier.labels)
    within = f", instants within {tier.tolerance:.3g} s" if instants else ""
    yield f"{tier.tier} ({tier.kind}{within})"
    if not tier.labels:
        yield "  no label was marked or predicted"
        return
    header = ["label", *(RANGES if ranges else ()), *(INSTANTS if instants else ())]
    yield from aligned(header, [_label_row(x, ranges, instants) for x in tier.labels])
    if 1 < len(tier.confusion.classes) <= LARGEST_MATRIX:
        names = [_short(name or NOTHING_TITLE) for name in tier.confusion.classes]
        yield "  seconds, true in rows and predicted in columns:"
        cells = [
            (name, *(f"{value:.1f}" for value in row))
            for name, row in zip(names, tier.confusion.seconds, strict=True)
        ]
        yield from aligned(("", *names), cells)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 2]}.."


def _label_row(label: LabelScore, ranges: bool, instants: bool) -> tuple[str, ...]:
    row = [label.label]
    if ranges:
        row += [duration(label.seconds), figure(label.time_f1)]
        row += [str(label.events.reference), figure(label.event_f1)]
    if instants:
        row += [str(label.instants.reference), figure(label.instant_f1)]
    return tuple(row)


def _recordings(report: Report) -> Iterator[str]:
    # Where everything is undefined a recording teaches nothing about the model: it comes last.
    ordered = sorted(report.recordings, key=lambda r: _or_two(r.scores["overall"]))
    rows = [
        (r.recording, duration(r.seconds), str(r.spans), figure(r.scores["overall"]))
        for r in ordered[:LONGEST_TABLE]
    ]
    more = f" (the lowest {LONGEST_TABLE} of {len(ordered)})" if len(ordered) > len(rows) else ""
    yield f"recordings{more}"
    yield from aligned(("recording", "reviewed", "spans", "overall"), rows)


def _or_two(value: float | None) -> float:
    return 2.0 if value is None else value


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table: the first column to the left, figures to the right."""
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        yield "  " + "  ".join([first, *rest]).rstrip()
