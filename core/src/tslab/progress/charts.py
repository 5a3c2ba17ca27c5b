"""Drawings of the progress page; colours come from its style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tslab.pages.markup import element, named, short, svg, text, words
from tslab.progress.use import LabelUse
from tslab.progress.words import span

OUTCOMES = ("accepted", "moved", "relabelled", "deleted")
ROW = 26
WIDE = 420
PLOT_HEIGHT = 180
STYLE = """
main { max-width: 1240px; }
:root { --kept: #1f7a4d; --moved: #d9a514; --relabelled: #7a4fb5; --deleted: #c0392b;
  --added: #8a949f; }
@media (prefers-color-scheme: dark) { :root { --kept: #4fbf86; --moved: #e8c04f;
  --relabelled: #b093e6; --deleted: #f07f70; --added: #7c8794; } }
.accepted { fill: var(--kept); } .moved { fill: var(--moved); }
.relabelled { fill: var(--relabelled); } .deleted { fill: var(--deleted); }
.added { fill: var(--added); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 8px 0 0; padding: 0;
  list-style: none; font-size: 13px; color: var(--soft); }
.legend svg { display: inline-block; vertical-align: -1px; margin-right: 6px; }
.panel > svg { min-width: 420px; }
ul.said { margin: 0; padding-left: 20px; } ul.said li { overflow-wrap: anywhere; }
.line { fill: none; stroke: var(--accent); stroke-width: 2; }
.gridline { stroke: var(--line); }
"""


def use_plot(labels: Sequence[LabelUse]) -> str:
    """What became of each label's predicted regions, as bars of shares; added ones behind."""
    left = 16 + 7 * max((len(short(use.label)) for use in labels), default=0)
    parts = []
    for number, use in enumerate(labels):
        y = ROW * number + 4
        parts.append(named(left - 8, y + 14, use.label, "end"))
        parts.append(element("rect", x=left, y=y + 2, width=WIDE, height=ROW - 10, class_="track"))
        x = float(left)
        for outcome in OUTCOMES:
            count = getattr(use, outcome)
            wide = WIDE * count / use.predicted if use.predicted else 0.0
            if count:
                tip = element("title", text(f"{use.label}: {count} of {use.predicted} {outcome}"))
                place = {"x": f"{x:.1f}", "y": y + 2, "width": f"{wide:.1f}", "height": ROW - 10}
                parts.append(element("rect", tip, class_=outcome, **place))
            x += wide
        behind = f"{use.predicted} predicted, {use.added} added"
        parts.append(words(left + WIDE + 8, y + 14, behind, "start", "soft"))
    return svg(left + WIDE + 190, ROW * len(labels) + 8, "What became of predictions", parts)


def legend() -> str:
    """Which colour is which outcome."""
    items = []
    for outcome in OUTCOMES:
        box = element("rect", width=10, height=10, class_=outcome)
        drawn = element("svg", box, width=10, height=10, aria_hidden="true")
        items.append(element("li", drawn + text(outcome)))
    return element("ul", "".join(items), class_="legend")


def line_plot(points: Sequence[tuple[str, float | None]], label: str) -> str:
    """Values from 0 to 1 one after the other; a gap where there is none.

    Args:
        points: Name and value of each.
        label: Says what is shown, for people who cannot see it.
    """
    left, top, wide = 34, 10, 380
    step = wide / max(1, len(points) - 1)
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = top + PLOT_HEIGHT * (1 - share)
        parts.append(element("line", x1=left, x2=left + wide, y1=y, y2=y, class_="gridline"))
        parts.append(words(left - 6, y + 4, f"{share:g}", "end", "soft"))
    place = {n: left + (step * n if len(points) > 1 else wide / 2) for n in range(len(points))}
    known = [(n, value) for n, (_, value) in enumerate(points) if value is not None]
    high = {n: top + PLOT_HEIGHT * (1 - min(1.0, max(0.0, value))) for n, value in known}
    for n, _ in known:
        if n + 1 in high:
            ends = {"x1": f"{place[n]:.1f}", "x2": f"{place[n + 1]:.1f}"}
            ends |= {"y1": f"{high[n]:.1f}", "y2": f"{high[n + 1]:.1f}"}
            parts.append(element("line", class_="line", **ends))
    for n, value in known:
        tip = element("title", text(f"{points[n][0]}: {value:.3f}"))
        parts.append(
            element("circle", tip, cx=f"{place[n]:.1f}", cy=f"{high[n]:.1f}", r=5, class_="dot")
        )
    parts += _axis([name for name, _ in points], place, top + PLOT_HEIGHT + 18)
    return svg(left + wide + 44, top + PLOT_HEIGHT + 28, label, parts)


def _axis(names: Sequence[str], place: Mapping[int, float], y: float) -> list[str]:
    """Names below a plot: the first, the last, and as many between as fit."""
    if not names:
        return []
    every = max(1, -(-len(names) // 5))
    shown = [n for n in range(0, len(names), every) if n == 0 or len(names) - 1 - n >= every]
    shown += [len(names) - 1] if len(names) > 1 else []
    return [words(place[n], y, names[n], "middle", "soft") for n in dict.fromkeys(shown)]


def amount_plot(weeks: Sequence[tuple[str, int, float | None]]) -> str:
    """Columns: how many tasks each week, with the median lead time in the tooltip."""
    left, top, wide = 34, 18, 380
    most = max((count for _, count, _ in weeks), default=0) or 1
    step = wide / max(1, len(weeks))
    parts, base = [], top + PLOT_HEIGHT
    for number, (week, count, median) in enumerate(weeks):
        high = PLOT_HEIGHT * count / most
        x = left + step * number
        tip = element("title", text(f"{week}: {count} submitted, median {span(median)}"))
        size = {"x": f"{x + step * 0.1:.1f}", "width": f"{min(step * 0.8, 48):.1f}"}
        size |= {"y": f"{base - high:.1f}", "height": f"{high:.1f}"}
        parts.append(element("rect", tip, class_="bar", **size))
        if len(weeks) <= 12:
            middle = x + step * 0.1 + min(step * 0.8, 48) / 2
            parts.append(words(middle, base - high - 5, str(count), "middle", "soft"))
    line = {"x1": left, "x2": left + wide, "y1": base, "y2": base}
    parts.append(element("line", class_="gridline", **line))
    half = min(step * 0.8, 48) / 2
    place = {n: left + step * n + step * 0.1 + half for n in range(len(weeks))}
    parts += _axis([week for week, _, _ in weeks], place, base + 18)
    return svg(left + wide + 44, base + 28, "Tasks submitted by week", parts)
