"""``NAME=NUMBER`` on the command line: tolerances of tiers, weights of controls."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import click


def tolerance_option() -> Callable[[Any], Any]:
    """The option ``--tolerance TIER=SECONDS``; `tslab.tolerances` has what holds without it."""
    said = (
        "Seconds between instants that are the same [the domain's; else a fifth of their usual "
        "distance, 0.02 to 0.5]."
    )
    return click.option(
        "--tolerance", "tolerances", multiple=True, metavar="TIER=SECONDS", help=said
    )


def read_tolerances(tiers: Sequence[str], given: Sequence[str]) -> dict[str, float]:
    """``TIER=SECONDS`` as numbers by tier.

    Raises:
        UsageError: There is no such tier, or no such number.
    """
    from tslab.errors import UsageError, did_you_mean

    found = {}
    for item in given:
        tier, mark, text = item.rpartition("=")
        tier, text = (tier, text) if mark else (item, "")
        if tier not in tiers:
            hint = did_you_mean(tier, tiers) or f"There are {', '.join(tiers) or 'none'}."
            raise UsageError(f"--tolerance names no tier: '{item}'", hint)
        found[tier] = number(text)
        if not 0 <= found[tier] < 86_400:
            example = f"Write for example {tier}=0.15."
            raise UsageError(f"--tolerance has no number of seconds: '{item}'", example)
    return found


def read_weights(controls: Sequence[str], given: Sequence[str]) -> dict[str, float]:
    """``CONTROL=X`` as numbers by control.

    Raises:
        UsageError: There is no such control, or no such weight.
    """
    from tslab.errors import UsageError, did_you_mean

    found = {}
    for item in given:
        name, _, text = item.rpartition("=")
        found[name] = number(text)
        if not name or not 0 <= found[name] < math.inf:
            raise UsageError(f"--weight has no weight: '{item}'", "Write for example quality=0.3.")
        if name not in controls:
            hint = did_you_mean(name, controls) or f"There are {', '.join(controls) or 'none'}."
            raise UsageError(f"--weight names no tier or field: '{item}'", hint)
    return found


def number(text: str) -> float:
    """What a text says; NaN where that is no number."""
    try:
        return float(text)
    except ValueError:
        return math.nan
