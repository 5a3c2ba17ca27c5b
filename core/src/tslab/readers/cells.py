"""What one cell of a text table may hold: a number, a missing value, a yes or no, a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

MISSING = (
    "", "NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NAN", "-nan", "NaT", "null", "NULL",
    "Null", "None", "none", "-", "--", "?", "Bad", "BAD", "bad", "Bad Input", "I/O Timeout",
    "Pt Created", "No Data", "Shutdown", "Comm Fail", "Not Connect",
)  # fmt: skip
"""Cells without a value; the last ones are digital states of historians, which are no numbers."""

TRUE = ("true", "True", "TRUE", "on", "On", "ON", "yes", "Yes", "YES")
FALSE = ("false", "False", "FALSE", "off", "Off", "OFF", "no", "No", "NO")

_MISSING = frozenset(word.lower() for word in MISSING)
_TRUE = frozenset(word.lower() for word in TRUE)
_FALSE = frozenset(word.lower() for word in FALSE)
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_POINT = re.compile(r"[+-]?\d*\.\d*([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d*,\d*([eE][+-]?\d+)?")
_PLAIN = frozenset("0123456789.+-eE")
_TIME_LIKE = re.compile(
    r"\d{1,4}[-/.]\w{1,9}[-/.]\d{1,4}([ T]+\d{1,2}:\d{2}.*)?|\d{1,3}:\d{2}(:\d{2}([.,]\d*)?)?"
    r"|\d{4}-?\d{2}-?\d{2}([ T]\d{2}:?\d{2}.*)?"
)


def is_missing(cell: str) -> bool:
    """Whether the cell stands for a missing value."""
    return cell.strip().lower() in _MISSING


def is_number(cell: str) -> bool:
    """Whether the cell is a number, with either decimal mark."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_boolean(cell: str) -> bool:
    """Whether the cell is a yes or no in words."""
    word = cell.strip().lower()
    return word in _TRUE or word in _FALSE


def is_time(cell: str) -> bool:
    """Whether the cell looks like a date or a time of day."""
    return _TIME_LIKE.fullmatch(cell.strip()) is not None


def is_value(cell: str) -> bool:
    """Whether a row of data may hold the cell: anything but free text."""
    return is_number(cell) or is_missing(cell) or is_time(cell) or is_boolean(cell)


def decimal_mark(cells: Sequence[str]) -> str:
    """The decimal mark that the numbers among the cells use; "." where none needs one."""
    if not any("," in cell for cell in cells):
        return "."
    points = sum(1 for cell in cells if _POINT.fullmatch(cell.strip()))
    commas = sum(1 for cell in cells if _COMMA.fullmatch(cell.strip()))
    return "," if commas > points else "."


def to_number(cell: str, decimal: str = ".") -> float | None:
    """The number in a cell, NaN for a missing value, 1 and 0 for yes and no, None for text."""
    text = cell.strip()
    if _NUMBER.fullmatch(text):  # first, for nearly all cells are numbers
        return None if decimal == "." and "," in text else float(text.replace(decimal, "."))
    word = text.lower()
    if word in _MISSING:
        return float("nan")
    if word in _TRUE:
        return 1.0
    return 0.0 if word in _FALSE else None


def plain_numbers(cells: Sequence[str]) -> list[float] | None:
    """The numbers of cells that hold nothing but digits, signs and points; None for others.

    Most columns are so, and are read ten times as fast as cell by cell.
    """
    if not cells or not _PLAIN.issuperset("".join(cells)):
        return None
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def is_zero_or_one(cells: Sequence[str]) -> bool:
    """Whether a column may be a yes/no signal in numbers: nothing but zeros and ones."""
    present = [cell for cell in cells if not is_missing(cell)]
    return bool(present) and all(to_number(cell) in (0.0, 1.0) for cell in present)
