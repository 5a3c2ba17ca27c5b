"""Tables that are no wider than a terminal: headings wrap, names give way, columns go below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tslab.wording import MOST, on_one_line, short, width

LEAST = 14
"""Columns that a name keeps, whatever else there is."""
APART = "  "

Lines = Sequence[Sequence[str]]


def fitted(lines: Lines, wide: int, names: int = 1) -> str:
    """Columns of text, at most so wide.

    Args:
        lines: Cells of each line; the first one has the headings.
        wide: Columns of the terminal; 0 leaves everything as wide as it is.
        names: How many columns at the left hold names; these give way first.
    """
    cells = [[on_one_line(cell) for cell in line] for line in lines]
    given = [line[:names] for line in cells]
    most = [MOST] * names
    while True:
        for line, own in zip(cells[1:], given[1:], strict=True):
            line[:names] = [short(cell, size) for cell, size in zip(own, most, strict=True)]
        widths = _widths(cells)
        over = sum(widths) + len(APART) * (len(widths) - 1) - wide
        widest = max(range(names), key=lambda n: min(widths[n], most[n]))
        size = min(widths[widest], most[widest])
        if not wide or over <= 0 or size <= LEAST:
            break
        most[widest] = max(LEAST, size - max(1, over // names))
    parts = [
        [[line[column] for column in part] for line in cells]
        for part in _parts(widths, wide, names)
    ]
    return "\n\n".join(_drawn(part) for part in parts)


def _parts(widths: Sequence[int], wide: int, names: int) -> list[list[int]]:
    """Numbers of the columns of each table; each begins with the names."""
    head = list(range(names))
    parts = [list(head)]
    room = wide - sum(widths[column] + len(APART) for column in head)
    left = room
    for column in range(names, len(widths)):
        need = widths[column] + len(APART) * (len(parts[-1]) > len(head))
        if wide and need > left and len(parts[-1]) > len(head):
            parts.append(list(head))
            left, need = room, widths[column]
        parts[-1].append(column)
        left -= need
    return parts


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    """Of each column what its cells need, or the longest word of its heading."""
    found = []
    for heading, *column in zip(*cells, strict=True):
        words = max((width(word) for word in heading.split()), default=0)
        found.append(max([words, *map(width, column)]))
    return found


def _drawn(cells: Lines) -> str:
    widths = _widths(cells)
    heads = [
        textwrap.wrap(heading, size, break_long_words=False) if heading else []
        for heading, size in zip(cells[0], widths, strict=True)
    ]
    deep = max(map(len, heads), default=0)
    tops = [[""] * (deep - len(head)) + head for head in heads]
    lines = [*zip(*tops, strict=True), *cells[1:]]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    filled = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return APART.join(filled).rstrip()
