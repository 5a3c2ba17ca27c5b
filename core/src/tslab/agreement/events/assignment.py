"""The best one-to-one matching of any candidates: what chains cannot do, because spans overlap.

Rows are added one by one; each looks for the cheapest alternating path to a free column, or to a
row that is better off alone (Jonker and Volgenant's shortest augmenting paths, 1987, on sparse
candidates). A path stays within what hangs together, so that the work is local.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from tslab.agreement.events.chains import Scores, as_before
from tslab.agreement.events.events import Positions
from tslab.agreement.events.wide_assignment import FREE, best_wide
from tslab.span_table import Mask

WIDE = 128
"""Candidates of a row from which on NumPy looks at them faster than a loop."""
SHARE = 32
"""Of how many columns a row must have one as a candidate for that: each step looks at them all."""


def best_assignment(
    rows: Positions, columns: Positions, weight: Scores, block: Positions | None = None
) -> Mask:
    """Which candidates to take so that the weights add up to most; none is taken by force.

    Args:
        rows: A number for each candidate, ascending, intp ``(candidates,)``.
        columns: Likewise, ``(candidates,)``; no two candidates have the same row and column.
        weight: Above 0, ``(candidates,)``.
        block: Which candidates hang together, ascending, ``(candidates,)``; all of them if missing.

    Returns:
        bool ``(candidates,)``.
    """
    taken = np.zeros(len(rows), bool)
    if not len(rows):
        return taken
    block = np.zeros(len(rows), np.intp) if block is None else block
    begins = np.append(np.flatnonzero(~as_before(block)), len(rows))
    narrow = np.ones(len(rows), bool)
    for begin, end in zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True):
        if end - begin > WIDE and _is_wide(rows[begin:end], columns[begin:end]):
            stretch = slice(begin, end)
            narrow[stretch] = False
            row = np.cumsum(~as_before(rows[stretch])) - 1
            column = columns[stretch] - columns[stretch].min()
            taken[begin + best_wide(row, column, weight[stretch])] = True
    at = np.flatnonzero(narrow)
    taken[at[_one_by_one(rows[at], columns[at], weight[at])]] = True
    return taken


def _is_wide(rows: Positions, columns: Positions) -> bool:
    """Whether the rows of a block have so many candidates that looking at all at once pays."""
    each = len(rows) / np.count_nonzero(~as_before(rows))
    return bool(each > max(WIDE, (columns.max() - columns.min()) / SHARE))


def _one_by_one(rows: Positions, columns: Positions, weight: Scores) -> list[int]:
    """Positions of the candidates to take."""
    _, row = np.unique(rows, return_inverse=True)
    _, column = np.unique(columns, return_inverse=True)
    solver = _Solver(row.tolist(), column.tolist(), weight.tolist())
    for number in range(len(solver.edges)):
        solver.add(number)
    return [at for at in solver.edge_of_row if at != FREE]


@dataclass(slots=True)
class _Search:
    """One search for the cheapest way to assign one more row.

    Attributes:
        best: The cheapest way so far to each column.
        came: From which row, by which candidate and at which cost it comes there.
        done: Columns whose cheapest way is known.
        heap: Columns to go on from: how far each is, whether it is taken, and its number. Of
            columns that are as far, free ones come first: equal spans would else be searched whole.
    """

    best: dict[int, float] = field(default_factory=dict)
    came: dict[int, tuple[int, int, float]] = field(default_factory=dict)
    done: dict[int, float] = field(default_factory=dict)
    heap: list[tuple[float, bool, int]] = field(default_factory=list)

    def nearest(self) -> tuple[float, int]:
        """The next column and how far it is."""
        distance, _, column = heappop(self.heap)
        while column in self.done:
            distance, _, column = heappop(self.heap)
        return distance, column


class _Solver:
    """What is assigned so far, and a price for each column.

    Beyond the columns of the candidates, each row has one of its own that costs nothing: it stays
    alone.
    """

    def __init__(self, row: Sequence[int], column: Sequence[int], weight: Sequence[float]) -> None:
        rows = max(row, default=-1) + 1
        columns = max(column, default=-1) + 1
        self.edges: list[list[tuple[int, float, int]]] = [[] for _ in range(rows)]
        for at, (r, c, w) in enumerate(zip(row, column, weight, strict=True)):
            self.edges[r].append((c, -w, at))
        for number, edges in enumerate(self.edges):
            edges.append((columns + number, 0.0, FREE))
        self.price = [0.0] * (columns + rows)
        self.row_of_column = [FREE] * (columns + rows)
        self.column_of_row = [FREE] * rows
        self.edge_of_row = [FREE] * rows
        self.cost_of_row = [0.0] * rows

    def add(self, row: int) -> None:
        """Assign one more row, moving others where that is cheaper in all."""
        search = _Search()
        current, distance, paid = row, 0.0, 0.0
        while True:
            self._look(search, current, distance - paid)
            distance, column = search.nearest()
            if self.row_of_column[column] == FREE:
                break
            search.done[column] = distance
            current = self.row_of_column[column]
            paid = self.cost_of_row[current] - self.price[column]
        for seen, at in search.done.items():
            self.price[seen] += at - distance
        self._move(row, column, search)

    def _look(self, search: _Search, row: int, distance: float) -> None:
        """Widen the search by the candidates of one row."""
        for column, cost, at in self.edges[row]:
            if column in search.done:
                continue
            there = distance + cost - self.price[column]
            if there < search.best.get(column, np.inf):
                search.best[column] = there
                search.came[column] = row, at, cost
                taken = self.row_of_column[column] != FREE
                heappush(search.heap, (there, taken, column))

    def _move(self, row: int, column: int, search: _Search) -> None:
        """Give each row on the way the column that it came to."""
        current = FREE
        while current != row:
            current, edge, cost = search.came[column]
            self.row_of_column[column] = current
            left = self.column_of_row[current]
            self.column_of_row[current] = column
            self.edge_of_row[current], self.cost_of_row[current] = edge, cost
            column = left
