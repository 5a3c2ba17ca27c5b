"""Readings as lanes below the signal: a line for each label, which is there while a span holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from lxml import etree

from tslab.domain import Domain, Label, Tier
from tslab.spans import Span

if TYPE_CHECKING:
    from tslab.recording import FloatArray

    Element = etree._Element

LOWEST, HIGHEST, LINE, MARGIN = 34, 62, 7, 6
"""Pixels of a lane, of a line in it, and what the style leaves between two lanes."""

OFF = -1.0
"""Where no span holds. It lies below the lane, so nothing is drawn there."""

SHOWN = "0,1"
"""What a lane shows, always. Without it the editor scales each line to its own values: a label that
holds from the first sample to the last would lie on the lane's floor, or out of it."""

NOTCH = 1 / 2000
"""Share of the rows that a notch or an instant takes: the editor thins long windows."""

STYLE = """
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) { position: relative; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE)::before { content: "LETTER";
  position: absolute; left: 22px; top: TOPpx; font-size: 21px; font-weight: 700; z-index: 2; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE)::after { content: "KEY";
  position: absolute; left: 4px; top: calc(TOPpx + 6px); font-size: 12px; opacity: .7; z-index: 2; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .htx-timeseries-channel-legend-container,
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .yaxis,
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .yaxis2,
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) g[style*="pointer-events"] text,
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) g[style*="pointer-events"] circle {
  display: none; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) g[clip-path] > path {
  filter: drop-shadow(0 0 1px rgba(150,150,150,.9)); }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) .htx-timeseries-channel {
  margin-right: 30px; margin-bottom: BOTTOMpx; }
"""
"""A lane is named by its letter and its key. Its lines have the labels' colours, and a rim: a label
may be as dark as the dark theme."""


@dataclass(frozen=True, slots=True)
class Line:
    """One label in a lane.

    Attributes:
        tier: Its tier.
        label: The label.
        number: Place of the label in its tier, from 1: names the column.
        level: Height of the line, above 0, at most 1.
    """

    tier: Tier
    label: Label
    number: int
    level: float

    def column(self, letter: str) -> str:
        """Column of what one reading says about the label."""
        return f"reading_{letter.lower()}_{self.tier.name}_{self.number}"


def lines(domain: Domain, view: str, used: Collection[tuple[str, str]]) -> list[Line]:
    """The lines of a lane: labels that somebody used, the first on top.

    Instants have full height, because they are nothing but a line upwards.

    Args:
        domain: The effective domain.
        view: Name of the view.
        used: Names of tier and label.
    """
    kept = [
        (tier, label, number)
        for tier in domain.view_tiers(view)
        for number, label in enumerate(tier.labels, start=1)
        if (tier.name, label.name) in used
    ]
    order = [(tier.name, number) for tier, _, number in kept if tier.kind != "instants"]
    levels = {key: round(1 - place / len(order), 4) for place, key in enumerate(order)}
    return [
        Line(tier, label, number, levels.get((tier.name, number), 1.0))
        for tier, label, number in kept
    ]


def used_labels(spans: Iterable[Span], start: float, end: float) -> set[tuple[str, str]]:
    """Tiers and labels of the spans that meet a stretch."""
    return {(span.tier, span.label) for span in spans if span.start <= end and span.end >= start}


def lane_values(line: Line, spans: Sequence[Span], times: FloatArray) -> FloatArray:
    """What one reading says about a label, at each row.

    A border inside of what holds is a notch, so that two touching spans are not one.

    Args:
        line: The label.
        spans: The reading.
        times: Seconds of the rows, ``(rows,)``.

    Returns:
        The line's level or `OFF`, ``(rows,)``.
    """
    own = [s for s in spans if (s.tier, s.label) == (line.tier.name, line.label.name)]
    width = max(1, round(NOTCH * len(times)))
    values = np.full(len(times), OFF)
    for span in own:
        values[_rows(span, times, width)] = line.level
    for at in {at for s in own if not s.is_instant for at in (s.start, s.end)}:
        row = int(np.searchsorted(times, at - 1e-7))
        if 0 < row < len(times) - 1 and (values[row - 1 : row + 1] == line.level).all():
            values[row : row + width] = OFF
    return values


def _rows(span: Span, times: FloatArray, width: int) -> slice:
    """Rows at which a span holds; some at least, if it meets the window at all."""
    if span.end < times[0] or span.start > times[-1]:
        return slice(0, 0)
    first, last = np.searchsorted(times, (span.start - 1e-7, span.end - 1e-7)).tolist()
    if last == len(times) - 1:
        last = len(times)  # the last row is the window's end
    first = min(first, len(times) - width)
    return slice(first, max(last, first + width))


def height(shown: Sequence[Line]) -> int:
    """Pixels of a lane: lines of several labels must be told apart."""
    ranges = sum(line.tier.kind != "instants" for line in shown)
    return min(max(LOWEST, 20 + LINE * ranges), HIGHEST)


def lane(shown: Sequence[Line], letter: str) -> Element:
    """The pane of one reading, with a line for each label in the label's colour."""
    pane = etree.Element("MultiChannel", height=str(height(shown)), showYAxis="false")
    for line in shown:
        given = {"column": line.column(letter), "legend": f"{letter} {line.label.name}"}
        given |= {"strokeColor": line.label.color, "strokeWidth": "4", "dataRange": SHOWN}
        etree.SubElement(pane, "Channel", given | {"displayFormat": ".0f"})
    return pane


def lane_style(keys: Sequence[tuple[str, str]], pixels: int) -> str:
    """Style of all lanes.

    Args:
        keys: Letter of each lane and the key that upholds it.
        pixels: Height of a lane.
    """
    rules = []
    for number, (letter, key) in enumerate(keys):
        last = number == len(keys) - 1
        rule = STYLE.replace("PLACE", str(len(keys) + 1 - number)).replace("LETTER", letter)
        rule = rule.replace("BOTTOM", str(0 if last else MARGIN - 50))
        rule = rule.replace("TOP", str(pixels // 2 + 5))
        rules.append(rule.replace("KEY", key if key != letter.lower() else ""))
    return "".join(rules)
