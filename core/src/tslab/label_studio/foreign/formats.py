"""d3's date formats: read as the editor reads them, and written as it writes them.

The editor works in UTC and in whole milliseconds. Here a time is milliseconds since 1970 as a
float, so that microseconds of the data are not lost. Python's strptime knows other directives and
other rules (d3 lets the 13th month be the next January), hence a reader of its own.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tslab.errors import DataError
from tslab.label_studio.foreign.text import quoted, shown
from tslab.lint.time_formats import unknown_directives
from tslab.readers.arrow_arrays import compute as pc
from tslab.readers.arrow_arrays import floats

if TYPE_CHECKING:
    from tslab.recording import FloatArray

MAX_CHARACTERS = 100
"""Longest format and longest time."""
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY_MS = 86_400_000
_MONTHS = ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December")  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_WORDS = {"b": [name[:3].lower() for name in _MONTHS], "a": [name[:3].lower() for name in _DAYS]}
_DIRECTIVE = re.compile(r"%([-_0]?)(.)", re.DOTALL)
_LOCALE = {"c": "%-m/%-d/%Y, %-I:%M:%S %p", "x": "%-m/%-d/%Y", "X": "%-I:%M:%S %p"}
_SHAPES: Mapping[str, str] = {
    **dict.fromkeys("demHIMSygUVW", r"\s*(?P<NAME>\d{1,2})"),
    **dict.fromkeys("aAbB", r"(?P<NAME>[a-z]{3,9})"),
    **dict.fromkeys("YG", r"\s*(?P<NAME>\d{1,4})"),
    **dict.fromkeys("uwq", r"\s*(?P<NAME>\d)"),
    **dict.fromkeys("Lf", r"(?P<NAME>\d{1,9})"),
    **dict.fromkeys("Qs", r"\s*(?P<NAME>-?\d{1,18}(?:\.\d{0,9})?)"),
    "j": r"\s*(?P<NAME>\d{1,3})",
    "p": r"(?P<NAME>[ap]m)",
    "Z": r"(?P<NAME>z|[+-]\d\d(?::?\d\d)?)",
}
_ISO_LIKE = re.compile(r"%Y-%m-%d(?:[T ]%H:%M(?::%S(?:\.%[Lf])?)?)?(Z|%Z)?")
_SAME = {"e": "d", "g": "y", "G": "Y", "f": "L", "B": "b", "A": "a"}
"""Directives that set the same field as another."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """One ``timeFormat``.

    Attributes:
        pattern: As the config writes it.
        regex: What a whole time looks like, for Python and for Arrow; one group per field.
        fields: Directive of each group.
    """

    pattern: str
    regex: str
    fields: tuple[str, ...]

    def read(self, text: str) -> float:
        """Milliseconds since 1970 of one time, NaN where it does not fit."""
        found = re.match(self.regex, text) if len(text) <= MAX_CHARACTERS else None
        if found is None:
            return math.nan
        values = (
            _value(name, part) for name, part in zip(self.fields, found.groups(), strict=True)
        )
        fields = dict(zip(self.fields, map(np.atleast_1d, values), strict=True))
        return float(_milliseconds(fields, 1)[0])

    def read_all(self, texts: pa.ChunkedArray) -> FloatArray:
        """Milliseconds since 1970 of many times, float64 ``(n,)``, NaN where they do not fit."""
        iso = _ISO_LIKE.fullmatch(self.pattern)
        times = read_iso(texts, zoned=iso[1] is not None) if iso else None
        if times is not None:
            return times
        result = np.full(len(texts), math.nan)
        groups = pc.extract_regex(texts, self.regex)
        fits = np.flatnonzero(~groups.is_null().to_numpy())
        groups = groups.drop_null()
        fields = {
            name: _values(name, pc.struct_field(groups, [index]))
            for index, name in enumerate(self.fields)
        }
        result[fits] = _milliseconds(fields, len(fits))
        return result

    def write(self, milliseconds: float) -> str:
        """A time as the editor writes it: in UTC, whole milliseconds, rounded down.

        Args:
            milliseconds: Since 1970; what Python's calendar cannot hold is written as a number.
        """
        whole = math.floor(milliseconds)
        if self.pattern in ("%Q", "%s"):
            return str(whole if self.pattern == "%Q" else whole // 1000)
        try:
            time = EPOCH + dt.timedelta(milliseconds=whole)
        except OverflowError:
            return str(whole)
        return _written(self.pattern, time, whole)


@lru_cache(maxsize=64)
def date_format(pattern: str) -> DateFormat:
    """A format that is ready to use.

    Raises:
        DataError: The editor would not know it.
    """
    unknown = unknown_directives(pattern)
    if unknown or "%" not in pattern or len(pattern) > MAX_CHARACTERS:
        reason = f"has {quoted(unknown, 3)}, which is no directive" if unknown else "is no date"
        raise DataError(
            f"timeFormat '{shown(pattern)}' of the labeling config {reason} format",
            "Write one of d3's, such as %Y-%m-%d %H:%M:%S.",
        )
    names: list[str] = []
    parts: list[str] = []
    place = 0
    plain = _DIRECTIVE.sub(lambda found: _LOCALE.get(found[2], found[0]), pattern)
    for found in _DIRECTIVE.finditer(plain):
        parts.append(re.escape(plain[place : found.start()]))
        parts.append(_shape(found[2], names))
        place = found.end()
    parts.append(re.escape(plain[place:]))
    return DateFormat(pattern, rf"(?i)^\s*{''.join(parts)}\s*$", tuple(names))


def _shape(directive: str, names: list[str]) -> str:
    """Expression of one directive; a field that was there before only has to look right."""
    if directive == "%":
        return "%"
    name, shape = _SAME.get(directive, directive), _SHAPES[directive]
    if name in names:
        return shape.replace("?P<NAME>", "?:")
    names.append(name)
    return shape.replace("NAME", f"g{name}")


def read_iso(texts: pa.ChunkedArray, *, zoned: bool) -> FloatArray | None:
    """Milliseconds since 1970 of times in ISO 8601, float64 ``(n,)``; None where one is none.

    Ten times faster than any other way; the fraction may be missing here and there.
    """
    try:
        stamps = texts.cast(pa.timestamp("us", "UTC" if zoned else None))
    except pa.ArrowInvalid:
        return None
    if stamps.null_count:
        return None
    return floats(stamps.cast(pa.int64())) / 1000


def _value(name: str, text: str) -> float | int:
    """The number that the text of one field stands for."""
    if name in _WORDS:
        words = _WORDS[name]
        return words.index(text[:3].lower()) if text[:3].lower() in words else math.nan
    if name == "p":
        return int(text.lower() == "pm")
    if name == "Z":
        return _offset(text)
    return float("." + text) * 1000 if name == "L" else float(text)


def _offset(text: str) -> int:
    """Minutes east of Greenwich."""
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:]) if text.lower() != "z" else 0
    return -minutes if text[0] == "-" else minutes


def _values(name: str, texts: pa.ChunkedArray) -> FloatArray:
    """The numbers that the texts of one field stand for, float64 ``(n,)``."""
    if name in _WORDS or name in "pZ":  # few different ones
        coded = pc.dictionary_encode(texts).unify_dictionaries().combine_chunks()
        if isinstance(coded, pa.ChunkedArray):
            return np.empty(0)
        known = np.array([_value(name, text) for text in coded.dictionary.to_pylist()], np.float64)
        return known.take(np.asarray(coded.indices))
    if name == "L":
        return floats(pc.binary_join_element_wise("0", texts, ".").cast(pa.float64())) * 1000
    return floats(texts.cast(pa.float64()))


def _milliseconds(fields: Mapping[str, FloatArray], count: int) -> FloatArray:
    """Milliseconds since 1970 of dates in fields, float64 ``(count,)``, by d3's rules."""
    if "Q" in fields:
        return fields["Q"]
    fraction = fields.get("L", np.zeros(count))
    if "s" in fields:
        return fields["s"] * 1000 + fraction
    hours = fields.get("H", np.zeros(count))
    if "I" in fields:
        hours = fields["I"] % 12 + 12 * fields.get("p", np.zeros(count))
    minutes = hours * 60 + fields.get("M", 0) - fields.get("Z", 0)
    return _days(fields, count) * _DAY_MS + (minutes * 60 + fields.get("S", 0)) * 1000 + fraction


def _days(fields: Mapping[str, FloatArray], count: int) -> FloatArray:
    """Days since 1970-01-01; without a year it is 1900, as in d3."""
    year = fields.get("Y", np.full(count, 1900.0))
    if "y" in fields:
        year = fields["y"] + np.where(fields["y"] > 68, 1900, 2000)
    one = np.ones(count)
    if "j" in fields:
        return _civil(year, one, fields["j"])
    week = _week_days(fields, _civil(year, one, one))
    if week is not None:
        return week
    month = fields["b"] + 1 if "b" in fields else fields.get("m", one)
    if "q" in fields and "m" not in fields:
        month = fields["q"] * 3 - 2
    return _civil(year, month, fields.get("d", one))


def _week_days(fields: Mapping[str, FloatArray], new_year: FloatArray) -> FloatArray | None:
    """Days since 1970 where the format counts weeks, None where it does not."""
    week = next((name for name in "VWU" if name in fields), "")
    if not week:
        return None
    first = 0 if week == "U" else 1
    day = fields["u"] % 7 if "u" in fields else fields.get("w", fields.get("a", first))
    begins = (new_year + 4) % 7  # weekday of the first of January, Sunday is 0
    if week == "U":
        return new_year - 1 + day + fields["U"] * 7 - (begins + 6) % 7
    monday = (day + 6) % 7
    if week == "W":
        return new_year - 1 + monday + fields["W"] * 7 - (begins + 5) % 7
    after = (begins > 4) | (begins == 0)
    start: FloatArray = new_year - (begins + 6) % 7 + 7 * after
    return start + (fields["V"] - 1) * 7 + monday


def _civil(year: FloatArray, month: FloatArray, day: FloatArray) -> FloatArray:
    """Days since 1970 of a date of the Gregorian calendar; months and days may overflow."""
    year = year + (month - 1) // 12
    month = (month - 1) % 12 + 1
    year = year - (month <= 2)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    era = year // 400
    in_era = year - era * 400
    return era * 146_097 + in_era * 365 + in_era // 4 - in_era // 100 + of_year - 719_468


_Writer = Callable[[dt.datetime], int]
_PAD: Mapping[str, tuple[str, int, _Writer]] = {
    "d": ("0", 2, lambda t: t.day),
    "e": (" ", 2, lambda t: t.day),
    "m": ("0", 2, lambda t: t.month),
    "q": ("", 1, lambda t: (t.month + 2) // 3),
    "H": ("0", 2, lambda t: t.hour),
    "I": ("0", 2, lambda t: t.hour % 12 or 12),
    "M": ("0", 2, lambda t: t.minute),
    "S": ("0", 2, lambda t: t.second),
    "L": ("0", 3, lambda t: t.microsecond // 1000),
    "j": ("0", 3, lambda t: t.timetuple().tm_yday),
    "y": ("0", 2, lambda t: t.year % 100),
    "Y": ("0", 4, lambda t: t.year),
    "g": ("0", 2, lambda t: t.isocalendar().year % 100),
    "G": ("0", 4, lambda t: t.isocalendar().year),
    "u": ("", 1, lambda t: t.isoweekday()),
    "w": ("", 1, lambda t: t.isoweekday() % 7),
    "V": ("0", 2, lambda t: t.isocalendar().week),
    "W": ("0", 2, lambda t: (t.timetuple().tm_yday + 6 - t.weekday()) // 7),
    "U": ("0", 2, lambda t: (t.timetuple().tm_yday + 6 - t.isoweekday() % 7) // 7),
}


def _written(pattern: str, time: dt.datetime, milliseconds: int) -> str:
    words = {
        "%": "%",
        "b": _MONTHS[time.month - 1][:3],
        "B": _MONTHS[time.month - 1],
        "a": _DAYS[time.isoweekday() % 7][:3],
        "A": _DAYS[time.isoweekday() % 7],
        "p": "PM" if time.hour >= 12 else "AM",
        "Z": "+0000",
        "Q": str(milliseconds),
        "s": str(milliseconds // 1000),
        "f": f"{time.microsecond // 1000:03d}000",
    }

    def write(found: re.Match[str]) -> str:
        if found[2] in _LOCALE:
            return _DIRECTIVE.sub(write, _LOCALE[found[2]])
        if found[2] in words:
            return words[found[2]]
        fill, width, number = _PAD[found[2]]
        fill = {"-": "", "_": " ", "0": "0"}.get(found[1], fill)
        return str(number(time)).rjust(width, fill) if fill else str(number(time))

    return _DIRECTIVE.sub(write, pattern)
