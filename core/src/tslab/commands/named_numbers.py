"""``NAME=NUMBER`` on the command line: tolerances of tiers, weights of controls."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import click


def tolerance_option(*, fields: bool = False) -> Callable[[Any], Any]:
    """The option ``--tolerance TIER=SECONDS``; `tslab.tolerances` has what holds without it.

    Args:
        fields: Whether it takes number fields, too, as ``FIELD=X``.
    """
    said = (
        "Seconds between instants that are the same [the domain's; else a fifth of their usual "
        "distance, 0.02 to 0.5]"
    )
    said += ", or how far apart equal answers of a number field may be [0]." if fields else "."
    kind = "NAME=X" if fields else "TIER=SECONDS"
    return click.option("--tolerance", "tolerances", multiple=True, metavar=kind, help=said)


def read_tolerances(
    tiers: Sequence[str], given: Sequence[str], fields: Sequence[str] = ()
) -> dict[str, float]:
    """``TIER=SECONDS`` or ``FIELD=X`` as numbers by name.

    Args:
        tiers: Names of the tiers.
        given: What the command line says.
        fields: Names of the number fields, where answers are compared, too.

    Raises:
        UsageError: There is no such tier or field, or no such number.
    """
    from tslab.errors import UsageError, did_you_mean

    found = {}
    names = list(dict.fromkeys([*tiers, *fields]))
    for item in given:
        name, mark, text = item.rpartition("=")
        name, text = (name, text) if mark else (item, "")
        if not mark and name in names:
            raise UsageError(
                f"--tolerance has no number: '{item}'", f"Write for example {name}=0.15."
            )
        if name not in names:
            hint = did_you_mean(name, names) or f"There are {', '.join(names) or 'none'}."
            kinds = "no tier and no number field" if fields else "no tier"
            raise UsageError(f"--tolerance names {kinds}: '{item}'", hint)
        found[name] = number(text)
        most = 86_400 if name in tiers else math.inf
        if not 0 <= found[name] < most:
            what = "number of seconds" if name in tiers else "number"
            raise UsageError(
                f"--tolerance has no {what}: '{item}'", f"Write for example {name}=0.15."
            )
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
