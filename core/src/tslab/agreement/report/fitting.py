"""Text that is no wider than a terminal.

Sentences wrap. In tables headings wrap, names give way, columns go below, and words wrap.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest

from tslab.wording import numbered, on_one_line, told_apart, width

LEAST = 14
"""Columns that names and words keep, whatever else there is."""
APART = "  "

Lines = Sequence[Sequence[str]]


def wrapped(line: str, wide: int) -> str:
    """A sentence that goes on below where the terminal ends; 0 is no limit."""
    return textwrap.fill(line, wide, subsequent_indent="  ") if wide else line


def fitted(
    lines: Lines,
    wide: int,
    names: int = 1,
    keys: int = 0,
    bundle: int = 1,
    late: Collection[int] = (),
) -> str:
    """Columns of text, at most so wide.

    What does not fit goes below, in a table of its own that has no empty lines.

    Args:
        lines: Cells of each line; the first one has the headings.
        wide: Columns of the terminal; 0 leaves everything as wide as it is.
        names: How many columns at the left hold names; these give way first.
        keys: How many columns at the left each table begins with, where not the names alone.
        bundle: How many of the other columns stay side by side.
        late: Numbers of columns that give way last, where a table is still too wide: words wrap,
            and names are cut.
    """
    cells = [[on_one_line(cell) for cell in line] for line in lines]
    columns = [_Names([line[n] for line in cells[1:]]) for n in range(names)]
    keys = max(names, keys)
    room: dict[int, int] = {}
    while True:
        for line, own in zip(cells[1:], zip(*(c.shown for c in columns), strict=True), strict=True):
            line[:names] = own
        widths = _widths(cells, room)
        parts = _parts(widths, wide, keys, bundle)
        over = _width_of(range(len(widths)), widths) - wide
        if not wide or over <= 0:
            break
        free = [c for n, c in enumerate(columns) if n not in late and c.gives_way]
        if free:
            max(free, key=lambda column: column.most).shrink(max(1, over // len(free)))
            continue
        widest = max(parts, key=lambda part: _width_of(part, widths))
        least = _widths(cells, dict.fromkeys(late, LEAST))
        wrapping = [n for n in widest if n in late and n >= names and widths[n] > least[n]]
        last = [c for n, c in enumerate(columns) if n in late and c.gives_way]
        over = _width_of(widest, widths) - wide
        if over <= 0 or not (wrapping or last):
            break
        if wrapping:
            longest = max(wrapping, key=widths.__getitem__)
            room[longest] = max(least[longest], widths[longest] - over)
        else:
            last[0].shrink(over)
    head, *below = cells
    tables = []
    for part in parts:
        told = [line for line in below if len(parts) == 1 or any(line[n] for n in part[keys:])]
        shown = [[line[column] for column in part] for line in (head, *told)]
        tables.append(_drawn(shown, [widths[column] for column in part]))
    return "\n\n".join(tables)


class _Names:
    """A column of names that gets narrower, as long as the names can be told apart."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.whole = list(dict.fromkeys(names))
        self._show(numbered(self.whole, told_apart(self.whole)))

    def shrink(self, by: int) -> None:
        """Leave out columns; first where all have the same address behind the @."""
        for size in range(max(LEAST, self.most - by), self.most):
            found = told_apart(self.whole, size)
            if len({*found}) == len(self.whole):
                self._show(found)
                return
        self.gives_way = False

    def _show(self, found: Sequence[str]) -> None:
        shown = dict(zip(self.whole, found, strict=True))
        self.shown = [shown[name] for name in self.names]
        self.most = max(map(width, found), default=0)
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


def _width_of(part: Iterable[int], widths: Sequence[int]) -> int:
    """How wide some columns are side by side."""
    own = [widths[column] for column in part]
    return sum(own) + len(APART) * (len(own) - 1)


def _widths(cells: Lines, room: Mapping[int, int]) -> list[int]:
    """Of each column what its cells need, or the longest word of its heading.

    Args:
        cells: All lines.
        room: What columns of words wrap at; a long word still stays whole.
    """
    found = []
    for n, (heading, *column) in enumerate(zip(*cells, strict=True)):
        need = max((width(word) for word in heading.split()), default=0)
        most = max(map(width, column), default=0)
        if n in room and most > room[n]:
            words = (width(word) for cell in column for word in cell.split())
            most = max(room[n], *words)
        found.append(max(need, most))
    return found


def _drawn(cells: Lines, widths: Sequence[int]) -> str:
    heads = [_wrapped_cell(cell, size) for cell, size in zip(cells[0], widths, strict=True)]
    deep = max(map(len, heads), default=0)
    tops = [[""] * (deep - len(head)) + head for head in heads]
    lines = [*zip(*tops, strict=True)]
    for line in cells[1:]:
        parts = [_wrapped_cell(cell, size) for cell, size in zip(line, widths, strict=True)]
        lines += zip_longest(*parts, fillvalue="") if any(line) else [tuple(line)]
    return "\n".join(_line(line, widths) for line in lines)


def _wrapped_cell(cell: str, size: int) -> list[str]:
    """Lines of a cell; one that fits stays as it is."""
    if width(cell) <= size:
        return [cell] if cell else []
    return textwrap.wrap(cell, size, break_long_words=False, break_on_hyphens=False)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    filled = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return APART.join(filled).rstrip()
