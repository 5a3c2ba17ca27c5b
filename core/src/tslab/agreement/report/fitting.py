"""Text that is no wider than a terminal.

Sentences wrap. In tables headings wrap, names give way, and columns go below.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tslab.wording import MOST, on_one_line, short, width, without_shared_address

LEAST = 14
"""Columns that a name keeps, whatever else there is."""
APART = "  "

Lines = Sequence[Sequence[str]]


def wrapped(line: str, wide: int) -> str:
    """A sentence that goes on below where the terminal ends; 0 is no limit."""
    return textwrap.fill(line, wide, subsequent_indent="  ") if wide else line


def fitted(lines: Lines, wide: int, names: int = 1, keys: int = 0, bundle: int = 1) -> str:
    """Columns of text, at most so wide.

    What does not fit goes below, in a table of its own that has no empty lines.

    Args:
        lines: Cells of each line; the first one has the headings.
        wide: Columns of the terminal; 0 leaves everything as wide as it is.
        names: How many columns at the left hold names; these give way first.
        keys: How many columns at the left each table begins with, where not the names alone.
        bundle: How many of the other columns stay side by side.
    """
    cells = [[on_one_line(cell) for cell in line] for line in lines]
    columns = [_Names([line[n] for line in cells[1:]]) for n in range(names)]
    while True:
        for line, own in zip(cells[1:], zip(*(c.shown for c in columns), strict=True), strict=True):
            line[:names] = own
        widths = _widths(cells)
        over = sum(widths) + len(APART) * (len(widths) - 1) - wide
        if not wide or over <= 0:
            break
        free = [column for column in columns if column.gives_way]
        if not free:
            break
        max(free, key=lambda column: column.most).shrink(max(1, over // len(free)))
    keys = max(names, keys)
    head, *below = cells
    tables = []
    parts = _parts(widths, wide, keys, bundle)
    for part in parts:
        told = [line for line in below if len(parts) == 1 or any(line[n] for n in part[keys:])]
        tables.append(_drawn([[line[column] for column in part] for line in (head, *told)]))
    return "\n\n".join(tables)


class _Names:
    """A column of names that gets narrower, as long as the names can be told apart."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.most = max((min(MOST, width(name)) for name in names), default=0)
        self.gives_way = self.most > LEAST
        self.shown = [short(name, MOST) for name in names]

    def shrink(self, by: int) -> None:
        """Leave out columns; first where all have the same address behind the @."""
        size = max(LEAST, self.most - by)
        found = [short(name, size) for name in without_shared_address(self.names)]
        if len({*found}) < len({*self.names}):
            self.gives_way = False
            return
        self.shown, self.most = found, min(size, max(map(width, found)))
        self.gives_way = self.most > LEAST


def _parts(widths: Sequence[int], wide: int, keys: int, bundle: int) -> list[list[int]]:
    """Numbers of the columns of each table; each begins with the keys."""
    head = list(range(keys))
    parts = [list(head)]
    room = wide - sum(widths[column] + len(APART) for column in head)
    left = room
    for first in range(keys, len(widths), bundle):
        columns = range(first, min(first + bundle, len(widths)))
        need = sum(widths[column] for column in columns) + len(APART) * (len(columns) - 1)
        need += len(APART) * (len(parts[-1]) > keys)
        if wide and need > left and len(parts[-1]) > keys:
            parts.append(list(head))
            left, need = room, need - len(APART)
        parts[-1] += columns
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
