"""How far apart borders are, and how tasks are spread, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tslab.agreement.events.histograms import Histogram
from tslab.agreement.page.input import fitting
from tslab.agreement.page.rows import DASH, Index, number
from tslab.agreement.report.words import seconds
from tslab.pages.markup import element, svg, text, words

WIDE = 340
HIGH = 110
BUCKETS = 10
PREFIXES = {"onset": "event/onset_", "offset": "event/offset_", "instant": "instant/"}
SIGN = element("p", "Right of 0 the later named annotator of the two is later.", class_="soft")
TITLES = {"onset": "Onsets", "offset": "Offsets", "instant": "Instants"}


def border_plots(found: Sequence[Histogram], index: Index) -> tuple[list[str], list[object]]:
    """Drawings of all labels together, by side, and what the script needs for each label."""
    plots: list[str] = []
    documents: list[object] = []
    for side in dict.fromkeys(histogram.side for histogram in found):
        own = [histogram for histogram in found if histogram.side == side]
        captions = [_caption(histogram, index) for histogram in own]
        options = "".join(
            element("option", text(fitting(h.label) or "all labels"), value=n)
            for n, h in enumerate(own)
        )
        what = f"{TITLES.get(side, side)}: how far apart"
        choose = element("select", options, aria_label=f"{what}: label")
        tools = element("div", choose, class_="tools") if len(own) > 1 else ""
        title = element("h3", text(what))
        caption = element("p", text(captions[0]), class_="soft caption")
        drawing = title + tools + _borders(own[0], what) + caption + SIGN
        plots.append(element("div", drawing, class_="panel bars", data_bars=len(documents)))
        documents.append([[h.counts.tolist() for h in own], captions])
    return plots, documents


def _caption(histogram: Histogram, index: Index) -> str:
    """How many, the median distance and how it is spread."""
    prefix = PREFIXES.get(histogram.side, "")
    labels = histogram.labels
    by = ("label", labels) if len(labels) == 1 else ("overall", ())
    rows = [index.row(f"{prefix}{name}", *by) for name in ("median_error", "mad", "p95_error")]
    said = [
        DASH if row is None or row.value.value is None else seconds(row.value.value) for row in rows
    ]
    many = f"{number('count', histogram.errors)} matched"
    before, after = histogram.beyond
    out = f"; {before + after} farther out: {before} left, {after} right" if before + after else ""
    if len(labels) > 1:
        return many + out
    return f"{many}, median apart {said[0]}, MAD {said[1]}, 95% within {said[2]}{out}"


def _borders(histogram: Histogram, what: str) -> str:
    """Bars of signed errors around a line at 0."""
    edges = histogram.edges
    parts = _bars(histogram.counts)
    middle = WIDE / 2
    parts.append(element("line", x1=middle, x2=middle, y1=4, y2=HIGH, class_="diagonal"))
    reach = float(edges[-1])
    for x, value, anchor in ((0.0, -reach, "start"), (middle, 0.0, "middle"), (WIDE, reach, "end")):
        sign = "+" if value > 0 else ""
        said = "0" if value == 0 else f"{sign}{seconds(value)}"
        parts.append(words(x, HIGH + 16, said, anchor, "soft"))
    return svg(WIDE, HIGH + 22, what, parts)


def task_plot(scores: NDArray[np.float64], what: str) -> str:
    """How many tasks lie in each tenth of a score; NaN is left out."""
    known = scores[np.isfinite(scores)]
    bins = np.clip((known * BUCKETS).astype(int), 0, BUCKETS - 1)
    counts = np.bincount(bins, minlength=BUCKETS)
    parts = _bars(counts, gap=4, said=True)
    for tick in (0.0, 0.5, 1.0):
        anchor = {0.0: "start", 1.0: "end"}.get(tick, "middle")
        parts.append(words(WIDE * tick, HIGH + 16, f"{tick:g}", anchor, "soft"))
    return svg(WIDE, HIGH + 22, what, parts)


def _bars(counts: NDArray[np.int64], gap: float = 1, said: bool = False) -> list[str]:
    """Bars from the ground line up, the highest one as high as there is room."""
    most = max(1, int(counts.max(initial=0)))
    wide = WIDE / max(1, len(counts))
    parts = [element("line", x1=0, x2=WIDE, y1=HIGH, y2=HIGH, class_="frame")]
    room = HIGH - 18
    for n, count in enumerate(counts.tolist()):
        tall = room * count / most
        tip = element("title", text(number("count", count)))
        parts.append(
            element("rect", tip, x=f"{wide * n + gap / 2:.2f}", y=f"{HIGH - tall:.1f}",
                    width=f"{wide - gap:.2f}", height=f"{tall:.1f}", class_="bar")
        )  # fmt: skip
        if said and count:
            x = wide * (n + 0.5)
            parts.append(words(x, HIGH - tall - 4, number("count", count), kind="soft"))
    return parts
