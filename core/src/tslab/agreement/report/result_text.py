"""The result as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tslab.agreement.measure import Agreement, TierAgreement
from tslab.agreement.report.headline import columns, headline, main_metrics
from tslab.agreement.report.words import reasons, shown, title
from tslab.agreement.values import Row
from tslab.errors import counted

MOST_NAMES = 12
"""Annotators of a matrix that still fits a terminal."""
TABLES = (
    ("label", "label"),
    ("annotator", "annotator (mean of pairs)"),
    ("reference", "annotator against ground truth"),
    ("model", "reader and model"),
)


def agreement_text(found: Agreement) -> str:
    """Headline, labels, pairs, annotators and reasons of each tier."""
    parts = [tier_text(tier, found) for tier in found.tiers]
    parts += ["\n".join([*found.notes])] if found.notes else []
    return printable("\n\n".join(parts))


def printable(text: str) -> str:
    """A text that a terminal only prints: names come from strangers, and an escape is obeyed."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def tier_text(tier: TierAgreement, found: Agreement) -> str:
    """One tier."""
    blocks = ["\n".join([_about(tier), *_headline(tier, found)])]
    for by, name in TABLES:
        rows = [row for row in tier.rows if row.by == by]
        names = columns(tier, found.settings)
        if rows:
            blocks.append(_table(rows, names, name))
    blocks += [_matrix(tier, metric) for metric in main_metrics(tier, found.settings)]
    shown_rows = [r for r in tier.rows if r.by in ("overall", "label", "reference", "model")]
    used = {*columns(tier, found.settings), *(r.metric for r in headline(tier, found.settings))}
    blocks.append("\n".join(reasons(row for row in shown_rows if row.metric in used)))
    blocks.append("\n".join(f"note: {note}" for note in tier.notes))
    return "\n\n".join(block for block in blocks if block)


def _about(tier: TierAgreement) -> str:
    readers, table = tier.tier.readers, tier.tier.table
    parts = [counted(len(readers.annotators), "annotators")]
    parts += ["ground truth"] if readers.reference else []
    parts += [counted(len(readers.models), "models")] if readers.models else []
    both = max((row.tasks for row in tier.rows if row.by == "overall"), default=0)
    parts.append(f"{counted(len(table.tasks), 'tasks')}, {both} of them by two or more people")
    if any(row.metric == "instant/f1" for row in tier.rows):
        parts.append(f"instants within {tier.tolerance:g} s")
    return f"{tier.tier.name} ({tier.tier.kind}): {', '.join(parts)}"


def _headline(tier: TierAgreement, found: Agreement) -> Iterator[str]:
    rows = headline(tier, found.settings)
    width = max((len(title(row.metric)) for row in rows), default=0)
    for row in rows:
        text = shown(row.metric, row.value)
        why = f" {row.value.reason}" if row.value.value is None else ""
        yield f"  {title(row.metric).ljust(width)}  {text}{why}"


def _table(rows: Sequence[Row], metrics: Sequence[str], name: str) -> str:
    """One line for each thing, one column for each measure."""
    values = {(row.of, row.metric): row for row in rows}
    ofs = list(dict.fromkeys(row.of for row in rows))
    kept = [metric for metric in metrics if any((of, metric) in values for of in ofs)]
    lines = [[name, *(_short(metric) for metric in kept), "events"]]
    for of in ofs:
        own = [values.get((of, metric)) for metric in kept]
        cells = [shown(r.metric, r.value, interval=False) if r else "" for r in own]
        events = max((row.events for row in own if row is not None), default=0)
        lines.append([", ".join(of), *cells, str(events)])
    return aligned(lines)


def _matrix(tier: TierAgreement, metric: str) -> str:
    """Names across and down: the score below the diagonal, common tasks above it."""
    pairs = {row.of: row for row in tier.rows if row.by == "pair" and row.metric == metric}
    names = list(tier.tier.readers.annotators)
    if len(names) < 3 or len(names) > MOST_NAMES:
        return ""
    lines = [[f"{_short(metric)} \\ common tasks", *names]]
    for at, name in enumerate(names):
        cells = [name]
        for other_at, other in enumerate(names):
            row = pairs.get((name, other)) or pairs.get((other, name))
            if row is None:
                cells.append("" if at == other_at else "-")
            else:
                below = other_at < at
                cells.append(shown(metric, row.value, interval=False) if below else str(row.tasks))
        lines.append(cells)
    return aligned(lines)


def _short(metric: str) -> str:
    return metric.partition("/")[2] or metric


def rows_text(rows: Sequence[Row]) -> str:
    """Chosen rows, one a line."""
    lines = [["tier", "measure", "for", "of", "value", "interval", "tasks", "events", "hours", ""]]
    for row in rows:
        value = row.value
        interval = ""
        if value.low is not None and value.high is not None:
            interval = f"{value.low:.4g} to {value.high:.4g}"
        number = "-" if value.value is None else f"{value.value:.6g}"
        lines.append(
            [row.tier, row.metric, row.by, ", ".join(row.of), number, interval, str(row.tasks),
             str(row.events), f"{row.seconds / 3600:.3g}", value.reason]
        )  # fmt: skip
    return printable(aligned(lines))


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns of text."""
    lines = [[" ".join(cell.split()) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
