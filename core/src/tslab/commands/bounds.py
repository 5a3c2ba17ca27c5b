"""``--min`` and ``--max`` of `tslab agreement`: what a pipeline holds agreement against."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.named_numbers import number

if TYPE_CHECKING:
    from tslab.agreement.measure import Agreement
    from tslab.agreement.values import Row

SHARES = ("event", "instant", "time", "unitizing", "gamma", "enterprise", "szcore")
"""Groups of measures that reach from -1 to 1, other than seconds and counts."""
COUNTS = ("splits", "merges", "false_alarms_per_day")
LEAST_DRAWS = 20
"""Fewer draws have no 2.5 and 97.5 of a hundred, not even roughly."""


def bound_options() -> Callable[[Any], Any]:
    """The options ``--min [METRIC=]X`` and ``--max METRIC=X``."""
    least = click.option(
        "--min", "least", multiple=True, metavar="[METRIC=]X",
        help="Exit with 1 if agreement is below X; the measure is F1 of events or instants "
        "[event F1].",
    )  # fmt: skip
    most = click.option(
        "--max", "most", multiple=True, metavar="METRIC=X",
        help="Exit with 1 if a distance or a count is above X, such as "
        "event/onset_median_error=0.5; a bias counts without its sign.",
    )  # fmt: skip
    return lambda command: least(most(command))


def checked_draws(_: click.Context, __: click.Parameter, draws: int) -> int:
    """How many draws.

    Raises:
        BadParameter: Too few to give an interval.
    """
    if 0 < draws < LEAST_DRAWS:
        raise click.BadParameter(f"{draws} give no interval; write 0, or {LEAST_DRAWS} and more.")
    return draws


def read_bounds(least: Sequence[str], most: Sequence[str]) -> list[Bound]:
    """What the options say, before anything is measured.

    Raises:
        UsageError: A bound is no number, cannot be reached, or is on the wrong side.
    """
    return [*(_minimum(item) for item in least), *(_maximum(item) for item in most)]


def below(found: Agreement, bounds: Sequence[Bound]) -> list[str]:
    """What breaks a bound, or is undefined; one line each.

    Raises:
        UsageError: A bound names no measure.
    """
    from tslab.agreement.report.headline import judged, main_metrics

    known = {row.metric for row in found.rows}
    lines = []
    for bound in bounds:
        if bound.metric and bound.metric not in known:
            raise _unknown(bound, known)
        for tier in found.tiers:
            for metric in [bound.metric] if bound.metric else main_metrics(tier, found.settings):
                lines += [bound.line(row) for row in judged(tier, metric) if bound.broken(row)]
    return lines


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound.

    Attributes:
        item: What was written.
        metric: Name of the measure; "" for the main ones.
        limit: The bound.
        most: Whether values must not be above it; else not below.
    """

    item: str
    metric: str
    limit: float
    most: bool = False

    @property
    def option(self) -> str:
        """Name of the option."""
        return "--max" if self.most else "--min"

    def broken(self, row: Row) -> bool:
        """Whether a number breaks the bound; one that does not exist does."""
        value = row.value.value
        if value is None:
            return True
        return abs(value) > self.limit if self.most else value < self.limit

    def line(self, row: Row) -> str:
        """What is wrong."""
        from tslab.wording import short

        who = f" of {', '.join(map(short, row.of))}" if row.of else ""
        value = row.value
        said = f"undefined ({value.reason})" if value.value is None else f"{value.value:.4g}"
        limit = f"the {'maximum' if self.most else 'minimum'} is {self.limit:g}"
        return f"{short(row.tier)}: {short(row.metric)}{who} is {said}, {limit}"


def _minimum(item: str) -> Bound:
    from tslab.errors import UsageError

    name, _, text = item.rpartition("=")
    bound = Bound(item, name, number(text))
    if not math.isfinite(bound.limit):
        raise UsageError(f"--min has no number: '{item}'", "Write for example --min 0.7.")
    if _smaller_is_better(name):
        raise UsageError(
            f"--min {item}: of '{name}' less is better", f"Write --max {name}={bound.limit:g}."
        )
    if not -1 <= bound.limit <= 1 and (not name or name.partition("/")[0] in SHARES):
        raise UsageError(
            f"--min {item}: no agreement is {bound.limit:g}", "Write a number from -1 to 1."
        )
    return bound


def _maximum(item: str) -> Bound:
    from tslab.errors import UsageError

    name, _, text = item.rpartition("=")
    bound = Bound(item, name, number(text), most=True)
    if not name or not 0 <= bound.limit < math.inf:
        raise UsageError(
            f"--max has no measure with a number: '{item}'",
            "Write for example --max event/onset_median_error=0.5.",
        )
    if name.partition("/")[0] in SHARES and not _smaller_is_better(name):
        raise UsageError(
            f"--max {item}: of '{name}' more is better", f"Write --min {name}={bound.limit:g}."
        )
    return bound


def _smaller_is_better(name: str) -> bool:
    """Whether a measure is a distance or a count; the domain's own may be either."""
    from tslab.agreement.report.words import SECONDS

    group, _, own = name.partition("@")[0].partition("/")
    return group in SHARES and own.endswith((*SECONDS, *COUNTS))


def _unknown(bound: Bound, known: Iterable[str]) -> Exception:
    from tslab.agreement.report.words import which_measures
    from tslab.errors import UsageError

    hint = which_measures(bound.metric, known)
    return UsageError(f"{bound.option} names no measure: '{bound.item}'", hint)
