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

LOWEST, HIGHEST, LINE, MARGIN = 24, 30, 3, 6
"""Pixels of a lane, of a line in it, and what the style leaves between two lanes."""

PANE_TOP, PANE_MARGINS = 20, 50
"""Pixels that the editor leaves above a pane, and above and below it together."""

EDGE, INSET = 5, 10
"""Pixels from a lane's edges to its outermost lines, and to the ends of the editor's value axis."""

OFF = 0
"""Where no span holds. It lies below the lane, so nothing is drawn there. Like all levels it is a
whole number, for long windows would be too large for some browsers."""

STEP = 0.01
"""By how much a line that never changes begins lower, a fraction of a pixel. The editor stretches
the lines of long windows by the extent of their values: one without any extent would vanish."""

NOTCH = 1 / 2000
"""Share of the rows that a notch or an instant takes: the editor thins long windows."""

STYLE = """
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE) { position: relative; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE)::before { content: "LETTER";
  position: absolute; left: 22px; top: TOPpx; font-size: 18px; line-height: 24px; font-weight: 700;
  z-index: 2; }
.tsl .htx-timeseries-multichannel:nth-last-child(PLACE)::after { content: "KEY";
  position: absolute; left: 4px; top: TOPpx; font-size: 12px; line-height: 24px; opacity: .7;
  z-index: 2; }
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

FEWER = """
.tsl:has(.tsl-rest input):not(:has(.tsl-rest input[name=LETTER]))
  .htx-timeseries-multichannel:nth-last-child(PLACE) { display: none; }
.tsl:has(.tsl-rest input[name=LAST]):not(:has(.tsl-rest input[name=LETTER]))
  .htx-timeseries-multichannel:nth-last-child(BEFORE) .htx-timeseries-channel { margin-bottom: 0; }
.tsl:has(.tsl-rest input[name=LAST]):not(:has(.tsl-rest input[name=LETTER]))
  .htx-timeseries-multichannel:nth-last-child(BEFORE) .xaxis text { display: inline; }
"""
"""A window with fewer readings than others has no answer for a letter, and no lane: the lane above
has the time axis then. Letters stand without quotes: Label Studio takes whatever is quoted after
"name=" for the name of a control."""


@dataclass(frozen=True, slots=True)
class Line:
    """One label in a lane.

    Attributes:
        tier: Its tier.
        label: The label.
        number: Place of the label in its tier, from 1: names the column.
        level: Height of the line, see `shown_levels`.
    """

    tier: Tier
    label: Label
    number: int
    level: int

    def column(self, letter: str) -> str:
        """Column of what one reading says about the label."""
        return f"said_{letter.lower()}_{self.tier.name}_{self.number}"


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
    top = _top(len(order))
    levels = {key: top - place for place, key in enumerate(order)}
    return [
        Line(tier, label, number, levels.get((tier.name, number), top))
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
    values = np.full(len(times), float(OFF))
    for span in own:
        values[_rows(span, times, width)] = line.level
    for at in {at for s in own if not s.is_instant for at in (s.start, s.end)}:
        row = int(np.searchsorted(times, at - 1e-7))
        if 0 < row < len(times) - 1 and (values[row - 1 : row + 1] == line.level).all():
            values[row : row + width] = OFF
    if (values == line.level).all():
        values[0] -= STEP
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
    return min(max(LOWEST, 2 * EDGE + LINE * _ranges(shown)), HIGHEST)


def _ranges(shown: Sequence[Line]) -> int:
    return sum(line.tier.kind != "instants" for line in shown)


def _top(ranges: int) -> int:
    """Level of the top line: with twice as many levels as lines, 0 is far below the lowest."""
    return 2 * max(ranges, 1)


def shown_levels(shown: Sequence[Line]) -> str:
    """The range of values that puts all lines into the lane, for the editor.

    Without it each line would be scaled to its own values.
    """
    ranges, pixels = _ranges(shown), height(shown)
    apart = (pixels - 2 * EDGE) / max(ranges - 1, 1)
    low, high = (_top(ranges) - (y - EDGE) / apart for y in (pixels - INSET, INSET))
    return f"{low:.4f},{high:.4f}"


def lane(shown: Sequence[Line], letter: str) -> Element:
    """The pane of one reading, with a line for each label in the label's colour."""
    levels = shown_levels(shown)
    pane = etree.Element("MultiChannel", height=str(height(shown)), showYAxis="false")
    for line in shown:
        given = {"column": line.column(letter), "legend": f"{letter} {line.label.name}"}
        given |= {"strokeColor": line.label.color, "strokeWidth": str(LINE)}
        given |= {"dataRange": levels, "displayFormat": ".0f"}
        etree.SubElement(pane, "Channel", given)
    return pane


def lane_style(keys: Sequence[tuple[str, str]], pixels: int) -> str:
    """Style of all lanes.

    Args:
        keys: Letter of each lane and the key that upholds it.
        pixels: Height of a lane.
    """
    rules = []
    for number, (letter, key) in enumerate(keys):
        place = len(keys) + 1 - number
        rule = STYLE.replace("PLACE", str(place)).replace("LETTER", letter)
        last = number == len(keys) - 1
        rule = rule.replace("BOTTOM", str(0 if last else MARGIN - PANE_MARGINS))
        rule = rule.replace("TOP", str(PANE_TOP + pixels // 2 - 12))
        rules.append(rule.replace("KEY", key if key != letter.lower() else ""))
        if number > 1:
            rule = FEWER.replace("PLACE", str(place)).replace("BEFORE", str(place + 1))
            rules.append(rule.replace("LETTER", letter).replace("LAST", keys[number - 1][0]))
    return "".join(rules)
