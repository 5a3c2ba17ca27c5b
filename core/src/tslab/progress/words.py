"""Numbers as people read them; a dash stands where there is none."""

from __future__ import annotations

from tslab.progress.trends import Trend

TITLES = {
    "time/krippendorff_alpha": "Krippendorff's alpha",
    "time/iou": "IoU",
    "event/f1@0.5": "event F1",
    "instant/f1": "instants F1",
}
UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def span(seconds: float | None) -> str:
    """A length of time: ``45 s``, ``3.5 min``, ``2.1 h``."""
    if seconds is None:
        return "-"
    if seconds < 99.5:
        return f"{seconds:.3g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"


def shift(seconds: float | None) -> str:
    """A signed shift: ``+0.25 s``."""
    return "-" if seconds is None else f"{seconds:+.3g} s"


def ago(seconds: float | None) -> str:
    """How old something is: ``20 minutes ago``."""
    if seconds is None:
        return "nobody knows when"
    for length, unit in UNITS:
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number != 1 else ''} ago"
    return "just now"


def figure(value: float | None) -> str:
    """A measure of agreement."""
    return "-" if value is None else f"{value:.2f}"


def share(part: int, whole: int) -> str:
    """A share in percent."""
    return f"{100 * part / whole:.0f} %" if whole else "-"


def day(moment: str) -> str:
    """An ISO time to the minute: ``2026-11-28 17:00``."""
    return moment[:16].replace("T", " ") or "-"


def trend_value(trend: Trend, value: float | None) -> str:
    """One end of a trend in its own unit."""
    if trend.what == "lead time":
        return span(value)
    return shift(value) if trend.what.endswith("bias") else figure(value)


def trend_name(trend: Trend) -> str:
    """What a trend is of: ``agreement in rhythm``, ``lead time``."""
    return f"{trend.what} in {trend.tier}" if trend.tier else trend.what
