"""Tables of labels and of annotators, with intervals and with reasons for what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tslab.agreement.measure import TierAgreement
from tslab.agreement.page.input import Names
from tslab.agreement.page.rows import DASH, Index, interval, number, shown, unit
from tslab.agreement.report.words import hours
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.values import Value
from tslab.errors import counted
from tslab.pages.markup import element, svg, text

BAR = 84
MOST_ROWS = 60


def label_table(tier: TierAgreement, index: Index, settings: AgreementSettings) -> str:
    """One line for each label that the tier declares, used or not."""
    main = [f"event/f1@{settings.iou:g}", "instant/f1", "time/iou", "time/cohen_kappa"]
    apart = ["event/onset_median_error", "event/offset_median_error", "instant/median_error"]
    metrics = index.known([*main, *apart])
    header = ["label", "marks", *(_column(metric) for metric in metrics)]
    count = np.bincount(tier.tier.table.label, minlength=len(tier.tier.table.labels)).tolist()
    lines = []
    for label, many in list(zip(tier.tier.table.labels, count, strict=True))[:MOST_ROWS]:
        rows = [index.row(metric, "label", (label,)) for metric in metrics]
        cells = [text(label), text(number("count", many))]
        values = [row.value if row else None for row in rows]
        cells += [_cell(m, v, label) for m, v in zip(metrics, values, strict=True)]
        lines.append(cells)
    more = len(tier.tier.table.labels) - MOST_ROWS
    return _markup(header, lines) + (_note(counted(more, "labels more")) if more > 0 else "")


def annotator_table(
    tier: TierAgreement, index: Index, settings: AgreementSettings, names: Names
) -> str:
    """One line for each annotator and model: what they marked, and with whom they agree."""
    main = index.known([f"event/f1@{settings.iou:g}", "instant/f1"])
    beside = index.known(["time/iou", "time/cohen_kappa"])
    bias = index.known(["event/onset_bias", "event/offset_bias", "instant/bias"])
    who = tier.tier.readers
    header = ["annotator", "tasks", "reviewed", "marks"]
    header += [_column(metric) for metric in (*main, *beside, *bias)]
    truth = who.reference is not None
    header += [f"{_column(metric)}, ground truth" for metric in main] if truth else []
    lines = []
    for name in who.annotators[:MOST_ROWS]:
        said = names.reader(name)
        cells = [text(said), *map(text, _amount(tier, name))]
        for metric in (*main, *beside, *bias):
            row = index.row(metric, "annotator", (name,))
            value = row.value if row else None
            cells.append(_leaning(value) if metric in bias else _cell(metric, value, said))
        for metric in main if truth else []:
            row = index.row(metric, "reference", (name,))
            cells.append(_cell(metric, row.value if row else None, said))
        lines.append(cells)
    return _markup(header, lines)


def _amount(tier: TierAgreement, name: str) -> Iterator[str]:
    table = tier.tier.table
    reader = table.annotators.index(name)
    own = table.reviewed.annotator == reader
    seen = float((table.reviewed.end[own] - table.reviewed.start[own]).sum()) / 3.6e9
    yield str(len(np.unique(table.reviewed.task[own])))
    yield hours(seen)
    yield number("count", int((table.annotator == reader).sum()))


def _column(metric: str) -> str:
    """A short heading; the list of words explains it."""
    name, _, at = metric.partition("@")
    short = {
        "event/f1": "events, F1",
        "instant/f1": "instants, F1",
        "time/iou": "time, IoU",
        "time/cohen_kappa": "kappa",
        "event/onset_median_error": "onsets apart",
        "event/offset_median_error": "offsets apart",
        "instant/median_error": "apart",
        "event/onset_bias": "onset",
        "event/offset_bias": "offset",
        "instant/bias": "leaning",
    }.get(name, name)
    return f"{short} at IoU {at}" if at and at != "0.5" else short


def _cell(metric: str, value: Value | None, of: str) -> str:
    """A number with its interval drawn and said, or a dash with the reason."""
    if value is None:
        return DASH
    if value.value is None:
        return DASH + element("div", text(value.reason), class_="why")
    said = text(shown(metric, value))
    between = interval(metric, value)
    if unit(metric) == "seconds":
        return said + (element("div", text(between), class_="why") if between else "")
    drawn = _range(value, f"{of}: {shown(metric, value)}")
    return said + (element("div", drawn + text(between), class_="why") if between else "")


def _range(value: Value, label: str) -> str:
    """A line from 0 to 1 with the interval and the number on it."""
    x, low, high = (
        BAR * min(1.0, max(0.0, part or 0.0)) for part in (value.value, value.low, value.high)
    )
    parts = [
        element("rect", x=0, y=4, width=BAR, height=4, rx=2, class_="track"),
        element("rect", x=f"{low:.1f}", y=4, width=f"{max(1.0, high - low):.1f}", height=4, rx=2,
                class_="bar span"),
        element("circle", cx=f"{min(BAR - 4, max(4, x)):.1f}", cy=6, r=4, class_="dot"),
    ]  # fmt: skip
    return svg(BAR, 12, label, parts, class_="range")


def _leaning(value: Value | None) -> str:
    """A bias in words: before or after the others."""
    if value is None or value.value is None:
        return DASH
    if abs(value.value) < 0.0005:
        return text("on time")
    when = "late" if value.value > 0 else "early"
    return text(f"{number('seconds', abs(value.value))} {when}")


def _note(said: str) -> str:
    return element("p", text(said), class_="soft")


def _markup(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    top = element("tr", "".join(element("th", text(cell), scope="col") for cell in header))
    rows = [element("tr", "".join(element("td", cell) for cell in line)) for line in lines]
    return element("table", element("thead", top) + element("tbody", "".join(rows)))
