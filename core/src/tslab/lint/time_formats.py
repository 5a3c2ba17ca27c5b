"""The two small languages that a time axis is written in: d3's date formats and number formats."""

from __future__ import annotations

import datetime as dt
import math
import re

_DIRECTIVES = frozenset("aAbBcdefgGHIjLmMpqQsSuUVwWxXyYZ%")
_DIRECTIVE = re.compile(r"%([-_0]?)(.?)", re.DOTALL)
_NUMBER_FORMAT = re.compile(
    r"(?:.?[<>=^])?[-+( ]?[$#]?0?\d*,?(?:\.\d+)?~?[abcdefgnoprsxX%]?", re.DOTALL
)
_ZONE_AFTER_FRACTION = re.compile(r"%[Lf](?!%)[^\W\d_]")


def unknown_directives(pattern: str) -> list[str]:
    """Directives of a date format that d3 does not know, in order, as written."""
    return [
        found.group()
        for found in _DIRECTIVE.finditer(pattern)
        if found.group(2) not in _DIRECTIVES or not found.group(2)
    ]


def directives(pattern: str) -> frozenset[str]:
    """Letters of the directives in a date format."""
    return frozenset(found.group(2) for found in _DIRECTIVE.finditer(pattern))


def is_date_format(pattern: str) -> bool:
    """Whether the text holds at least one directive and none that d3 does not know."""
    return "%" in pattern and not unknown_directives(pattern)


def is_number_format(pattern: str) -> bool:
    """Whether ``d3.format`` takes the text; what it does not take blanks the chart."""
    return bool(_NUMBER_FORMAT.fullmatch(pattern))


def letter_after_fraction(pattern: str) -> bool:
    """Whether a letter such as Z follows the fraction: the editor then corrupts what it reads."""
    return bool(_ZONE_AFTER_FRACTION.search(pattern))


def read_time(text: str, pattern: str) -> float | None:
    """A time as the axis counts it (milliseconds for dates), None where it does not fit.

    Args:
        text: As the editor or a model writes it.
        pattern: The axis' ``timeFormat``.
    """
    if pattern in ("%Q", "%s"):
        return _count(text, 1 if pattern == "%Q" else 1000)
    python = _DIRECTIVE.sub(
        lambda found: "%" + _PYTHON.get(found.group(2), found.group(2)), pattern
    )
    try:
        time = dt.datetime.strptime(text, python)  # noqa: DTZ007 - UTC is set below
    except (ValueError, re.error, OverflowError):
        return None
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp() * 1000


_PYTHON = {"L": "f", "e": "d", "Z": "z"}
"""Directives that Python calls otherwise."""


def _count(text: str, milliseconds: int) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value * milliseconds if math.isfinite(value) else None
