"""Columns of a table: names, units in headers, what the user picked and what is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tslab.contracts import ReadOptions
from tslab.errors import DataError, did_you_mean

_UNIT = re.compile(r"(?P<name>.*\S)\s*[\[(](?P<unit>[^\[\]()]*)[\])]\s*")


def split_unit(header: str) -> tuple[str, str]:
    """Name and unit of a header such as ``Current [A]`` or ``Pressure (bar)``."""
    match = _UNIT.fullmatch(header.strip())
    if match is None:
        return header.strip(), ""
    return match["name"].strip(), match["unit"].strip()


def unique_names(names: Sequence[str]) -> list[str]:
    """The names, later ones of equal names (whatever the case) numbered: ``x``, ``x 2``."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 2
        while candidate.lower() in taken:
            candidate, number = f"{name} {number}", number + 1
        taken.add(candidate.lower())
        result.append(candidate)
    return result


def find_column(wanted: str, headers: Sequence[str]) -> int | None:
    """Index of a column given by header, by header without unit, or by number from 0."""
    bare = [split_unit(header)[0] for header in headers]
    for names in (list(headers), bare):
        if wanted in names:
            return names.index(wanted)
    lowered = wanted.strip().lower()
    for names in (list(headers), bare):
        folded = [name.strip().lower() for name in names]
        if lowered in folded:
            return folded.index(lowered)
    if wanted.strip().isdecimal() and int(wanted) < len(headers):
        return int(wanted)
    return None


def need_columns(
    wanted: Sequence[str], headers: Sequence[str], place: str, option: str
) -> list[int]:
    """Indexes of columns that the user named.

    Raises:
        DataError: Some do not exist; all of them are listed.
    """
    found = [find_column(name, headers) for name in wanted]
    lost = [name for name, index in zip(wanted, found, strict=True) if index is None]
    if lost:
        words = ", ".join(f"'{name}'" for name in lost)
        hint = did_you_mean(lost[0], headers) or f"It has {', '.join(headers)}."
        raise DataError(f"{place} has no column {words} (asked for by `{option}:`)", hint)
    return [index for index in found if index is not None]


def signal_columns(
    headers: Sequence[str], taken: Sequence[int], options: ReadOptions, place: str
) -> list[int]:
    """Indexes of the columns that may be signals, in the order in which they are shown.

    Args:
        headers: All headers of the table.
        taken: Indexes of the time columns.
        options: `columns` picks and orders; `ignore` leaves out, and may name what is not there.
        place: File name for errors.

    Raises:
        DataError: A picked column does not exist.
    """
    left_out = {*taken}
    left_out |= {i for name in options.ignore if (i := find_column(name, headers)) is not None}
    if options.columns:
        picked = need_columns(options.columns, headers, place, "columns")
    else:
        picked = list(range(len(headers)))
    return [index for index in picked if index not in left_out]


def names_and_units(
    headers: Sequence[str], picked: Sequence[int], units: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Unique name and unit of each picked column; `units` of the user go before the header's."""
    given = {
        index: unit
        for name, unit in units.items()
        if (index := find_column(name, headers)) is not None
    }
    parts = [split_unit(headers[index]) for index in picked]
    names = unique_names([name for name, _ in parts])
    return [
        (name, given.get(index, unit))
        for name, index, (_, unit) in zip(names, picked, parts, strict=True)
    ]
