"""Measures in plain words, and numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tslab.agreement.events.criteria import in_words as rule_in_words
from tslab.agreement.values import Row, Value
from tslab.errors import UsageError, did_you_mean
from tslab.wording import short

TITLES = {
    "event/f1": "events that match (F1)",
    "event/precision": "precision of events",
    "event/recall": "recall of events",
    "event/onset_median_error": "onsets apart (median)",
    "event/offset_median_error": "offsets apart (median)",
    "event/onset_bias": "onset later by (mean)",
    "event/offset_bias": "offset later by (mean)",
    "event/onset_median_bias": "onset later by (median)",
    "event/offset_median_bias": "offset later by (median)",
    "event/kappa": "kappa of events",
    "instant/f1": "instants that match (F1)",
    "instant/median_error": "instants apart (median)",
    "instant/bias": "instant later by (mean)",
    "instant/median_bias": "instant later by (median)",
    "time/iou": "common time (IoU, mean of labels)",
    "time/percent_agreement": "time with the same label",
    "time/cohen_kappa": "Cohen's kappa (mean of pairs)",
    "time/fleiss_kappa": "Fleiss' kappa",
    "time/krippendorff_alpha": "Krippendorff's alpha",
    "time/gwet_ac1": "Gwet's AC1",
    "unitizing/alpha_u": "unitizing alpha",
    "gamma": "gamma",
}
COLUMNS = {
    "event/f1": "events F1",
    "event/onset_median_error": "onsets apart",
    "event/offset_median_error": "offsets apart",
    "event/onset_bias": "onset, mean",
    "event/offset_bias": "offset, mean",
    "event/onset_median_bias": "onset, median",
    "event/offset_median_bias": "offset, median",
    "instant/f1": "instants F1",
    "instant/median_error": "instants apart",
    "instant/bias": "instant, mean",
    "instant/median_bias": "instant, median",
    "time/iou": "time IoU",
    "time/percent_agreement": "same label",
    "time/cohen_kappa": "kappa",
    "time/fleiss_kappa": "Fleiss' kappa",
    "time/krippendorff_alpha": "alpha",
    "unitizing/alpha_u": "unitizing alpha",
}
"""Short headings of columns."""
SECONDS = ("_error", "bias", "mad")
MOST_REASONS = 2
"""Things that a reason names; nobody reads more."""
SHARES = ("percent_agreement",)


def title(metric: str, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a measure is called where there is room for words.

    Args:
        metric: Its name.
        titles: What measures of the domain are called.
    """
    name, _, criterion = metric.partition("@")
    group, _, own = name.partition("/")
    if name in TITLES:
        return f"{TITLES[name]} {rule_in_words(criterion)}" if criterion else TITLES[name]
    if group != "domain":
        return metric
    main, _, detail = own.partition("/")
    said = titles.get(f"domain/{main}", "") or in_words(main)
    return f"{said}: {in_words(detail)}" if detail else said


def column(metric: str, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a measure is called above a column."""
    name, _, criterion = metric.partition("@")
    found = COLUMNS.get(name) or title(name, titles)
    return f"{found} {rule_in_words(criterion)}" if criterion and criterion != "0.5" else found


def in_words(name: str) -> str:
    """A name as words: ``duration_sensitivity`` becomes duration sensitivity."""
    return name.replace("_", " ").replace("-", " ")


def number(metric: str, value: float) -> str:
    """A number with its unit."""
    name = metric.partition("@")[0]
    if name.endswith(SECONDS):
        return seconds(value)
    if name.endswith(SHARES):
        return f"{value:.1%}"
    if name in ("event/splits", "event/merges", "event/fragments"):
        return f"{value:.0f}"
    return fixed(value, 3)


def fixed(value: float, places: int) -> str:
    """So many digits behind the point; nothing is below 0 that shows as 0."""
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def seconds(value: float) -> str:
    """Seconds with three digits that say something: ``35 ms``, ``1.20 s``, ``240 s``."""
    size = abs(value)
    if size < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} s" if size < 1000 else f"{value:.0f} s"


def hours(value: float) -> str:
    """Hours with the digits that say something; little time in minutes or seconds."""
    if value <= 0:
        return "0"
    if value < 1 / 60:
        return f"{3600 * value:.2g} s"
    if value < 1:
        return f"{60 * value:.2g} min" if value < 1 / 6 else f"{60 * value:.0f} min"
    return f"{value:.1f} h" if value < 100 else f"{value:.0f} h"


def shown(metric: str, value: Value, interval: bool = True) -> str:
    """A value with its interval; a dash where there is none."""
    if value.value is None:
        return "-"
    text = number(metric, value.value)
    if not interval or value.low is None or value.high is None:
        return text
    return f"{text} [{number(metric, value.low)}, {number(metric, value.high)}]"


def reasons(rows: Iterable[Row], titles: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """Why there are dashes: each reason once, with what it is about."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.value.value is None:
            names = found.setdefault(row.value.reason, {})
            about = ", ".join(map(short, row.of)) or "all together"
            names.setdefault(about, []).append(short(column(row.metric, titles)))
    lines = []
    for reason, names in found.items():
        said = [f"{name}: {', '.join(dict.fromkeys(what))}" for name, what in names.items()]
        more = f"; {len(said) - MOST_REASONS} more" if len(said) > MOST_REASONS else ""
        lines.append(f"-: {reason} ({'; '.join(said[:MOST_REASONS])}{more})")
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
            raise UsageError(f"no measure '{name}'", which_measures(name, known))
        wanted |= meant
    named = [row for row in rows if not metrics or row.metric in wanted]
    found = [row for row in named if not levels or row.by in levels]
    if named and not found and metrics:
        there = ", ".join(dict.fromkeys(row.by for row in named))
        asked = f"{', '.join(metrics)} by {', '.join(sorted(levels))}"
        raise UsageError(f"there is no {asked}", f"It is there by {there}.")
    return found


def which_measures(name: str, known: Iterable[str]) -> str:
    """What somebody may have meant; names of all measures would fill a screen."""
    known = sorted(known)
    groups = ", ".join(dict.fromkeys(short(metric.partition("/")[0]) for metric in known))
    return did_you_mean(name, known) or f"There are {groups}; --csv FOLDER writes all names."


def _is_meant(name: str, metric: str) -> bool:
    group, _, own = metric.partition("/")
    bare = own.partition("@")[0]
    parts = own.partition("/")[0]  # a measure of the domain brings its details
    rule = f"{group}@{own.partition('@')[2]}"
    return name in (metric, group, own, bare, parts, rule, f"{group}/{bare}", f"{group}/{parts}")
