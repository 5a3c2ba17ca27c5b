"""Numbers and switches that the environment gives to segmenters."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tslab.errors import UsageError

DIGITS = 12
_YES = frozenset({"true", "1", "yes", "on"})
_NO = frozenset({"false", "0", "no", "off"})


def _text(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip()


def _unusable(name: str, text: str, remedy: str) -> UsageError:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    return UsageError(f"{name}='{shown}' is not usable", remedy)


def whole(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """The whole number of a variable, `default` where it is absent or empty.

    Raises:
        UsageError: It is no whole number from `low` to `high`.
    """
    text = _text(environment, name)
    if not text:
        return default
    digits = text.isascii() and text.isdigit() and len(text) <= DIGITS
    if not digits or not low <= int(text) <= high:
        raise _unusable(name, text, f"Give a whole number, {low} to {high}.")
    return int(text)


def share(environment: Mapping[str, str], name: str, default: float) -> float:
    """The share of a variable, 0 to 1, `default` where it is absent or empty.

    Raises:
        UsageError: It is no such number.
    """
    text = _text(environment, name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise _unusable(name, text, "Give a number from 0 to 1.")
    return value


def switch(environment: Mapping[str, str], name: str, default: bool) -> bool:
    """Whether a variable says yes.

    Raises:
        UsageError: It says neither yes nor no.
    """
    text = _text(environment, name).lower()
    if not text:
        return default
    if text not in _YES | _NO:
        raise _unusable(name, text, "Give true or false.")
    return text in _YES
