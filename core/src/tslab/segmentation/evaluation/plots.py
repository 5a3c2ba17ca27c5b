"""Plots of the report as SVG: colours come from the page's style, all text is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.errors import counted
from tslab.pages.markup import element, named, short, svg, text, words
from tslab.segmentation.evaluation.report import Bin, Confusion

CELL = 56
BAR = 26
PLOT = 220
MARGIN = 44


def confusion_plot(confusion: Confusion, nothing: str) -> str:
    """A heat map: each row adds up to 1, tooltips say the seconds.

    Args:
        confusion: Of at least one class.
        nothing: What time without a label is called.
    """
    names = [name or nothing for name in confusion.classes]
    left = 16 + 7 * max(len(short(name)) for name in names)
    top = 30
    parts = [words(left + CELL * len(names) / 2, 12, "predicted", kind="soft")]
    for i, (name, row) in enumerate(zip(names, confusion.seconds, strict=True)):
        y = top + CELL * i
        parts.append(named(left - 8, y + CELL / 2 + 4, name, "end"))
        whole = sum(row)
        for j, seconds in enumerate(row):
            parts += _cell(left + CELL * j, y, (seconds, whole), f"{name} as {names[j]}")
    bottom = top + CELL * len(names)
    for j, name in enumerate(names):
        shown = element("title", text(name))
        x = left + CELL * (j + 0.5)
        place = {"x": f"{x:g}", "y": f"{bottom + 16:g}", "text-anchor": "end", "class_": "ink"}
        turn = f"rotate(-35 {x:g} {bottom + 16:g})"
        parts.append(element("text", text(short(name)) + shown, transform=turn, **place))
    deep = bottom + 24 + 4.4 * max(len(short(name)) for name in names)
    return svg(left + CELL * len(names) + 8, deep, "Confusion of time", parts)


def _cell(x: float, y: float, share_of: tuple[float, float], what: str) -> list[str]:
    seconds, whole = share_of
    share = seconds / whole if whole else 0.0
    tip = element("title", text(f"{what}: {seconds:.1f} s of {whole:.1f} s"))
    square = element(
        "rect",
        tip,
        x=f"{x + 1:g}",
        y=f"{y + 1:g}",
        width=CELL - 2,
        height=CELL - 2,
        rx=4,
        class_="heat",
        fill_opacity=f"{0.04 + 0.96 * share:.3f}",
    )
    kind = "on-heat" if share > 0.65 else ("ink" if share >= 0.005 else "faint")
    shown = f"{share:.2f}" if whole else "-"
    return [square, words(x + CELL / 2, y + CELL / 2 + 4, shown, kind=kind)]


def reliability_plot(bins: Sequence[Bin]) -> str:
    """Share of right regions over their score; the diagonal is perfect, dots grow with counts."""
    most = max((b.count for b in bins), default=0) or 1
    parts = [
        element("rect", x=MARGIN, y=8, width=PLOT, height=PLOT, class_="frame"),
        _line(0, 0, 1, 1, "diagonal"),
    ]
    for tick in (0, 0.5, 1):
        parts.append(words(MARGIN + PLOT * tick, PLOT + 26, f"{tick:g}", kind="soft"))
        parts.append(words(MARGIN - 8, 12 + PLOT * (1 - tick), f"{tick:g}", "end", "soft"))
    known = [b for b in bins if b.mean_score is not None and b.right is not None]
    points = [(b.mean_score or 0.0, b.right or 0.0) for b in known]
    parts += [_line(*points[i], *points[i + 1], "curve") for i in range(len(points) - 1)]
    for b, (score, right) in zip(known, points, strict=True):
        tip = f"scores {b.low:.1f} to {b.high:.1f}: {counted(b.count, 'regions')}, "
        tip += f"mean score {score:.2f}, right {right:.2f}"
        radius = 3 + 6 * (b.count / most) ** 0.5
        parts.append(
            element(
                "circle",
                element("title", text(tip)),
                cx=f"{MARGIN + PLOT * score:.1f}",
                cy=f"{8 + PLOT * (1 - right):.1f}",
                r=f"{radius:.1f}",
                class_="dot",
            )
        )
    parts.append(words(MARGIN + PLOT / 2, PLOT + 44, "score of the region", kind="soft"))
    return svg(MARGIN + PLOT + 16, PLOT + 50, "Share of right regions by score", parts)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return element(
        "line",
        x1=f"{MARGIN + PLOT * x1:.1f}",
        y1=f"{8 + PLOT * (1 - y1):.1f}",
        x2=f"{MARGIN + PLOT * x2:.1f}",
        y2=f"{8 + PLOT * (1 - y2):.1f}",
        class_=kind,
    )


def bars_plot(rows: Sequence[tuple[str, float | None, str]], label: str) -> str:
    """Horizontal bars from 0 to 1.

    Args:
        rows: Name, value (None shows a dash), and what stands behind the bar.
        label: Says what is shown, for people who cannot see it.
    """
    left = 16 + 7 * max((len(short(name)) for name, _, _ in rows), default=0)
    wide = 240
    parts = []
    for number, (name, value, behind) in enumerate(rows):
        y = BAR * number + 4
        parts.append(named(left - 8, y + 14, name, "end"))
        track = {"x": left, "y": y + 2, "height": BAR - 10, "rx": 4}
        parts.append(element("rect", width=wide, class_="track", **track))
        if value is not None:
            parts.append(element("rect", width=f"{wide * value:.1f}", class_="bar", **track))
        shown = "-" if value is None else f"{value:.2f}"
        parts.append(words(left + wide + 8, y + 14, shown, "start"))
        parts.append(words(left + wide + 44, y + 14, behind, "start", "soft"))
    longest = max((len(behind) for _, _, behind in rows), default=0)
    return svg(left + wide + 52 + 6.4 * longest, BAR * len(rows) + 8, label, parts)
