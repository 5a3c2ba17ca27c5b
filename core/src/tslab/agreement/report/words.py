"""Measures in plain words, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from tslab.agreement.values import Row, Value
from tslab.errors import UsageError, did_you_mean

TITLES = {
    "event/f1": "events that match (F1)",
    "event/precision": "precision of events",
    "event/recall": "recall of events",
    "event/onset_median_error": "onsets apart (median)",
    "event/offset_median_error": "offsets apart (median)",
    "event/onset_bias": "onset later by (mean)",
    "event/offset_bias": "offset later by (mean)",
    "event/kappa": "kappa of events",
    "instant/f1": "instants that match (F1)",
    "instant/median_error": "instants apart (median)",
    "time/iou": "common time (IoU, mean of labels)",
    "time/percent_agreement": "time with the same label",
    "time/cohen_kappa": "Cohen's kappa (mean of pairs)",
    "time/fleiss_kappa": "Fleiss' kappa",
    "time/krippendorff_alpha": "Krippendorff's alpha",
    "time/gwet_ac1": "Gwet's AC1",
    "unitizing/alpha_u": "unitizing alpha",
    "gamma": "gamma",
}
SECONDS = ("_error", "bias", "mad")
SHARES = ("percent_agreement",)


def title(metric: str) -> str:
    """What a measure is called where there is room for words."""
    name, _, criterion = metric.partition("@")
    found = TITLES.get(name, name)
    return (
        f"{found} at IoU {criterion}" if criterion and name in TITLES else metric_or(found, metric)
    )


def metric_or(found: str, metric: str) -> str:
    """A title, or the whole name where there is none."""
    return metric if found == metric.partition("@")[0] else found


def number(metric: str, value: float) -> str:
    """A number with its unit."""
    name = metric.partition("@")[0]
    if name.endswith(SECONDS):
        return seconds(value)
    if name.endswith(SHARES):
        return f"{value:.1%}"
    if name in ("event/splits", "event/merges", "event/fragments"):
        return f"{value:.0f}"
    return f"{value:.3f}"


def seconds(value: float) -> str:
    """Seconds with three digits that say something: ``35 ms``, ``1.20 s``, ``240 s``."""
    size = abs(value)
    if size < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} s" if size < 1000 else f"{value:.0f} s"


def shown(metric: str, value: Value, interval: bool = True) -> str:
    """A value with its interval; a dash where there is none."""
    if value.value is None:
        return "-"
    text = number(metric, value.value)
    if not interval or value.low is None or value.high is None:
        return text
    return f"{text} [{number(metric, value.low)}, {number(metric, value.high)}]"


def reasons(rows: Iterable[Row]) -> list[str]:
    """Why there are dashes: each reason once, with what it is about."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.value.value is None:
            found.setdefault(row.value.reason, []).append(" ".join((*row.of, row.metric)))
    lines = []
    for reason, names in found.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        lines.append(f"-: {reason} ({', '.join(names[:3])}{more})")
    return lines


def chosen(rows: Iterable[Row], metrics: Iterable[str], levels: Iterable[str]) -> list[Row]:
    """Rows of some measures at some levels; all where none is named.

    Args:
        rows: All rows.
        metrics: Whole names (``event/f1@0.5``), groups (``event``), or names without group or
            threshold (``f1``, ``cohen_kappa``).
        levels: What rows are for: overall, label, pair and so on.

    Raises:
        UsageError: Nothing has such a name.
    """
    rows, metrics, levels = list(rows), list(metrics), set(levels)
    known = {row.metric for row in rows}
    wanted: set[str] = set()
    for name in metrics:
        meant = {metric for metric in known if _is_meant(name, metric)}
        if not meant:
            hint = did_you_mean(name, known) or f"There are {', '.join(sorted(known))}."
            raise UsageError(f"no measure '{name}'", hint)
        wanted |= meant
    return [
        row
        for row in rows
        if (not metrics or row.metric in wanted) and (not levels or row.by in levels)
    ]


def _is_meant(name: str, metric: str) -> bool:
    group, _, own = metric.partition("/")
    bare = own.partition("@")[0]
    return name in (metric, group, own, bare, f"{group}/{bare}")
