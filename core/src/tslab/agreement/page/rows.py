"""Rows of the result by what they are for, and numbers as the page writes them."""

from __future__ import annotations

from collections.abc import Iterable

from tslab.agreement.measure import TierAgreement
from tslab.agreement.report.words import SECONDS, SHARES, fixed, hours, seconds
from tslab.agreement.values import REASONS, Row, Value

DASH = "\u2013"
Key = tuple[str, str, tuple[str, ...]]


class Index:
    """Rows of one tier by measure, level and names; rows of windows are not in it."""

    def __init__(self, tier: TierAgreement) -> None:
        self.rows: dict[Key, Row] = {
            (row.metric, row.by, row.of): row for row in tier.rows if row.by != "window"
        }
        self.metrics = list(dict.fromkeys(metric for metric, _, _ in self.rows))

    def row(self, metric: str, by: str = "overall", of: Iterable[str] = ()) -> Row | None:
        """One number; None where there is none of that name."""
        return self.rows.get((metric, by, tuple(of)))

    def pair(self, metric: str, one: str, other: str, label: str = "") -> Row | None:
        """The number of two readers, whatever their roles and their order."""
        names = (one, other), (other, one), (one,), (other,)
        after = (label,) if label else ()
        suffix = "-label" if label else ""
        for by in ("pair", "model", "reference"):
            for of in names[2:] if by == "reference" else names[:2]:
                found = self.rows.get((metric, by + suffix, (*of, *after)))
                if found is not None:
                    return found
        return None

    def known(self, wanted: Iterable[str]) -> list[str]:
        """Those measures that the tier has."""
        have = set(self.metrics)
        return [metric for metric in wanted if metric in have]


def unit(metric: str) -> str:
    """What a measure is counted in: score, seconds or share."""
    name = metric.partition("@")[0]
    if name.endswith(SECONDS):
        return "seconds"
    return "share" if name.endswith(SHARES) else "score"


def number(kind: str, value: float) -> str:
    """A number as the page writes it; its script does the same."""
    if kind == "seconds":
        return seconds(value)
    if kind == "share":
        return f"{fixed(100 * value, 0)}%"
    if kind == "count":
        return f"{value:,.0f}".replace(",", "\u202f")
    if kind == "hours":
        return hours(value)
    return fixed(value, 2)


def shown(metric: str, value: Value | None) -> str:
    """A number, or a dash."""
    if value is None or value.value is None:
        return DASH
    return number(unit(metric), value.value)


def interval(metric: str, value: Value) -> str:
    """The interval of a number; "" where it has none."""
    if value.value is None or value.low is None or value.high is None:
        return ""
    kind = unit(metric)
    return f"{number(kind, value.low)} to {number(kind, value.high)}"


def coded(value: Value | None) -> float | int | str | None:
    """A number for the script: None is nothing at all, text is the number of a reason."""
    if value is None:
        return None
    if value.value is None:
        return str(REASONS.index(value.reason)) if value.reason in REASONS else value.reason
    return rounded(value.value)


def rounded(value: float) -> float:
    """Five digits that say something."""
    return float(f"{value:.5g}")
