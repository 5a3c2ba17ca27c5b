"""Tables of labels and of annotators, with intervals and with reasons for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.input import Names, fitting
from tslab.agreement.page.rows import DASH, Index, interval, number, shown, unit
from tslab.agreement.report.amounts import Counts, Marks, unused_text
from tslab.agreement.report.words import column, hours, reasons
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.values import Row, Value
from tslab.errors import counted
from tslab.pages.markup import element, text

BAR = 84  # as wide as `.range` of the page's style
MOST_ROWS = 60
MOST_BESIDE = 3
"""Columns of numbers that have room for their intervals beside them; of more they go below."""


def label_table(tier: TierAgreement, index: Index, settings: AgreementSettings) -> str:
    """One line for each label that an annotator used; marks of people and models stand apart.

    A cell is empty where a measure is about instants and the label has none, or vice versa.
    """
    main = [f"event/f1@{settings.iou:g}", "instant/f1", "time/iou", "time/cohen_kappa"]
    apart = ["event/onset_median_error", "event/offset_median_error", "instant/median_error"]
    metrics = index.known([*main, *apart])
    marks, labels = Marks.of(tier.tier), tier.tier.table.labels
    counts = _counts(tier, marks)
    header = ["label", *(column(metric) for metric in metrics), *counts]
    used = np.flatnonzero(marks.people).tolist()
    lines, missing = [], []
    for at in used[:MOST_ROWS]:
        found = [
            index.row(metric, "label", (labels[at],)) if marks.suits(metric, at) else None
            for metric in metrics
        ]
        missing += [row for row in found if row is not None]
        name = fitting(labels[at])
        cells = [
            _cell(metric, row.value) if row else ""
            for metric, row in zip(metrics, found, strict=True)
        ]
        own = [text(number("count", int(n[at]))) for n in counts.values()]
        lines.append([text(name), *cells, *own])
    more = [f"{counted(len(used) - MOST_ROWS, 'labels')} more"] if len(used) > MOST_ROWS else []
    said = [*more, unused_text(tier.tier), *_reasons(missing, tier)]
    sure = {row.metric for row in missing if interval(row.metric, row.value)}
    look = {"class_": "tall"} if len(sure) > MOST_BESIDE else {}
    made = _markup(header, lines, **look) if lines else ""
    return made + "".join(_note(line) for line in said if line)


def _counts(tier: TierAgreement, marks: Marks) -> dict[str, Counts]:
    """Marks by label, by what the column is called."""
    found = {"marks of people": marks.people}
    if tier.tier.readers.reference:
        found["of the truth"] = marks.truth
    if tier.tier.readers.models:
        found["of models"] = marks.models
    return found


def annotator_table(
    tier: TierAgreement, index: Index, settings: AgreementSettings, names: Names
) -> str:
    """One line for each annotator and model: what they marked, and with whom they agree."""
    main = index.known([f"event/f1@{settings.iou:g}", "instant/f1"])
    beside = index.known(["time/iou", "time/cohen_kappa"])
    bias = index.known(
        [f"{side}median_bias" for side in ("event/onset_", "event/offset_", "instant/")]
    )
    who = tier.tier.readers
    header = ["annotator", *(column(metric) for metric in (*main, *beside, *bias))]
    truth = who.reference is not None
    header += [f"{column(metric)}, ground truth" for metric in main] if truth else []
    header += [f"{tier.tier.unit}s", "reviewed", "marks"]
    lines, missing = [], []
    for name in who.annotators[:MOST_ROWS]:
        said = names.reader(name)
        cells = [text(said)]
        for metric in (*main, *beside, *bias):
            row = index.row(metric, "annotator", (name,))
            value = row.value if row else None
            missing += [replace(row, of=(said,))] if row else []
            cells.append(_leaning(value) if metric in bias else _cell(metric, value))
        for metric in main if truth else []:
            row = index.row(metric, "reference", (name,))
            cells.append(_cell(metric, row.value if row else None))
        lines.append([*cells, *map(text, _amount(tier, name))])
    notes = "".join(_note(line) for line in _reasons(missing, tier))
    return _markup(header, lines, class_="tall") + notes


def _amount(tier: TierAgreement, name: str) -> Iterator[str]:
    table = tier.tier.table
    reader = table.annotators.index(name)
    own = table.reviewed.annotator == reader
    seen = float((table.reviewed.end[own] - table.reviewed.start[own]).sum()) / 3.6e9
    yield str(len(np.unique(table.reviewed.task[own])))
    yield hours(seen)
    yield number("count", int((table.annotator == reader).sum()))


def _cell(metric: str, value: Value | None) -> str:
    """A number with its interval drawn and said, or a dash; the reason stands below the table."""
    if value is None:
        return DASH
    if value.value is None:
        return element("span", DASH, title=value.reason)
    said = element("span", text(shown(metric, value)))
    between = interval(metric, value)
    if value.no_interval:  # a note of the tier says so, too; a dash beside it would be a minus
        return element("span", text(shown(metric, value)), title=value.no_interval)
    if not between:
        return said
    drawn = _range(value) if unit(metric) != "seconds" else ""
    inside = said + drawn + element("span", text(between), class_="why")
    return element("div", inside, class_="value")


def _range(value: Value) -> str:
    """A line from 0 to 1 with the interval and the number on it, which stand beside it in words."""
    x, low, high = (
        BAR * min(1.0, max(0.0, part or 0.0)) for part in (value.value, value.low, value.high)
    )
    # What all of these share stands in the page's style: there may be hundreds.
    span = element("rect", x=f"{low:.1f}", width=f"{max(1.0, high - low):.1f}")
    dot = element("circle", cx=f"{min(BAR - 4, max(4, x)):.1f}")
    return element("svg", span + dot, aria_hidden="true", class_="range")


def _leaning(value: Value | None) -> str:
    """A bias in words: before or after the others."""
    if value is None or value.value is None:
        return DASH
    if abs(value.value) < 0.0005:
        return text("on time")
    when = "late" if value.value > 0 else "early"
    return text(f"{number('seconds', abs(value.value))} {when}")


def _reasons(rows: Sequence[Row], tier: TierAgreement) -> list[str]:
    """Why there are dashes, with the dash of this page."""
    return [DASH + line.removeprefix("-") for line in reasons(rows, tier.titles)]


def _note(said: str) -> str:
    return element("p", text(said), class_="soft")


def _markup(header: Sequence[str], lines: Sequence[Sequence[str]], **given: object) -> str:
    top = element("tr", "".join(element("th", text(cell), scope="col") for cell in header))
    rows = [element("tr", "".join(element("td", cell) for cell in line)) for line in lines]
    return element("table", element("thead", top) + element("tbody", "".join(rows)), **given)
