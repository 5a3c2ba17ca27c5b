"""Which column of a table is the time, and in which unit its numbers count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from tslab.contracts import ReadOptions
from tslab.errors import DataError
from tslab.readers.column_names import split_unit

NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
"""Nanoseconds in each unit that a numeric time column may count."""

_UNIT_WORDS = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "ms": "ms", "msec": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
    "us": "us", "µs": "us", "μs": "us", "usec": "us", "micros": "us", "microsecond": "us",
    "microseconds": "us", "ns": "ns", "nsec": "ns", "nanosecond": "ns", "nanoseconds": "ns",
}  # fmt: skip
_STRONG = re.compile(
    r"(source|server|unix|epoch|posix|utc|gmt|local|start|elapsed|sample|event|log)?"
    r"(timestamp|datetime|datetimes|dateandtime|date|time|times|zeitstempel|zeit|datum|uhrzeit"
    r"|datumzeit|datumuhrzeit|timeofday|epoch|clock)"
    r"(sec|secs|seconds|ms|millis|us|µs|ns|s|utc|local|iso)?"
)
_WEAK = frozenset({"t", "ts", "elapsed", "index", *_UNIT_WORDS})
_SUFFIX = re.compile(r".*[a-z)\]]?[\s_.\-]+(?P<unit>[a-zµμ]+)")

Strength = Literal["strong", "weak", ""]


def name_strength(header: str) -> Strength:
    """How much a header says that its column is the time."""
    name = re.sub(r"[\s_.\-/]+", "", split_unit(header)[0].lower())
    if _STRONG.fullmatch(name):
        return "strong"
    bare = re.sub(r"(ms|us|ns|s)$", "", name)
    return "weak" if name in _WEAK or bare in {"t", "ts", "elapsed"} else ""


def unit_of(header: str, options: ReadOptions, place: str) -> str:
    """Unit that the user or the header gives to a numeric time column, "" where neither does.

    Raises:
        DataError: The user's unit is not one that tslab knows.
    """
    if options.time_unit:
        unit = _UNIT_WORDS.get(options.time_unit.lower(), "")
        if not unit:
            raise DataError(
                f"{place}: time unit '{options.time_unit}' is not known", "Use s, ms, us or ns."
            )
        return unit
    name, bracket = split_unit(header.lower())
    if bracket in _UNIT_WORDS:
        return _UNIT_WORDS[bracket]
    if name in _UNIT_WORDS:
        return _UNIT_WORDS[name]
    suffix = _SUFFIX.fullmatch(name)
    if suffix and suffix["unit"] in _UNIT_WORDS:
        return _UNIT_WORDS[suffix["unit"]]
    glued = re.fullmatch(r"(?:time|timestamp|t|ts|epoch)(ms|us|ns)", name)
    return glued[1] if glued else ""


def epoch_unit(values: Sequence[float]) -> str:
    """Unit in which numbers are times since 1970, "" where they are no such times.

    Times from 1980 to 2100 are told apart by magnitude: each unit is a thousand of the next.
    """
    middle = sorted(values)[len(values) // 2]
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if 3.15e8 * scale <= middle <= 4.2e9 * scale:
            return unit
    return ""
