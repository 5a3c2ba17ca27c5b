"""The best one-to-one matching where each row has very many candidates.

The shortest augmenting paths of `assignment`, with all candidates of a row looked at in one step of
NumPy: a thousand spans on one another would take minutes one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tslab.agreement.events.chains import Scores
from tslab.agreement.events.events import Positions
from tslab.span_table import Mask

FREE = -1


def best_wide(row: Positions, column: Positions, weight: Scores) -> Positions:
    """Which candidates to take so that the weights add up to most; none is taken by force.

    Args:
        row: Numbers from 0 on, ascending, intp ``(candidates,)``.
        column: Numbers from 0 on; no two candidates have the same row and column.
        weight: Above 0, ``(candidates,)``.

    Returns:
        Positions of the candidates, one for each row that is not better off alone.
    """
    solver = _Solver.of(row, column, weight)
    for number in range(len(solver.taken)):
        solver.add(number)
    return np.asarray(solver.taken[solver.taken != FREE])


@dataclass(frozen=True, slots=True)
class _Search:
    """One search for the cheapest way to assign one more row.

    Attributes:
        best: The cheapest way so far to each column, ``(columns,)``.
        ahead: The same for columns to go on from, infinite for all others.
        done: Columns whose cheapest way is known: rounding must not open them again.
        came: The candidate by which it comes to each.
    """

    best: Scores
    ahead: Scores
    done: Mask
    came: Positions

    @classmethod
    def of(cls, columns: int) -> _Search:
        far = np.full(columns, np.inf)
        return cls(far, far.copy(), np.zeros(columns, bool), np.full(columns, FREE, np.intp))


@dataclass(frozen=True, slots=True)
class _Solver:
    """What is assigned so far.

    Attributes:
        first: Where the candidates of each row begin, and where the last ones end, ``(rows + 1,)``.
        row: Of each candidate, ``(candidates,)``.
        column: Likewise.
        cost: Likewise; a row that stays alone costs nothing.
        price: Of each column, ``(columns,)``.
        row_of_column: FREE where none has it, ``(columns,)``.
        taken: The candidate of each row, FREE where it has none, ``(rows,)``.
    """

    first: Positions
    row: Positions
    column: Positions
    cost: Scores
    price: Scores
    row_of_column: Positions
    taken: Positions

    @classmethod
    def of(cls, row: Positions, column: Positions, weight: Scores) -> _Solver:
        rows, columns = int(row[-1]) + 1, int(column.max()) + 1
        return cls(
            np.searchsorted(row, np.arange(rows + 1)), row, column, -weight, np.zeros(columns),
            np.full(columns, FREE, np.intp), np.full(rows, FREE, np.intp),
        )  # fmt: skip

    def add(self, row: int) -> None:
        """Assign one more row, moving others where that is cheaper in all."""
        search = _Search.of(len(self.price))
        current, spent = row, 0.0
        alone, left = spent, row
        while True:
            self._look(search, current, spent)
            column = self._nearest(search)
            distance = float(search.ahead[column])
            if self.row_of_column[column] == FREE or distance >= alone:
                break
            search.done[column], search.ahead[column] = True, np.inf
            current = int(self.row_of_column[column])
            spent = distance - float(self.cost[self.taken[current]] - self.price[column])
            if spent < alone:
                alone, left = spent, current
        self.price[search.done] += search.best[search.done] - min(distance, alone)
        if distance <= alone and self.row_of_column[column] == FREE:
            self._move(row, column, search.came)
        elif left != row:
            freed = int(self.column[self.taken[left]])
            self.taken[left] = FREE
            self._move(row, freed, search.came)

    def _look(self, search: _Search, row: int, spent: float) -> None:
        """Widen the search by the candidates of one row."""
        mine = slice(int(self.first[row]), int(self.first[row + 1]))
        column = self.column[mine]
        there = spent + self.cost[mine] - self.price[column]
        nearer = np.flatnonzero((there < search.best[column]) & ~search.done[column])
        reached = column[nearer]
        search.best[reached] = search.ahead[reached] = there[nearer]
        search.came[reached] = nearer + mine.start

    def _nearest(self, search: _Search) -> int:
        """The next column; of several as far a free one, or equal spans are all searched."""
        nearest = int(search.ahead.argmin())
        as_far = np.flatnonzero(search.ahead == search.ahead[nearest])
        free = as_far[self.row_of_column[as_far] == FREE]
        return int(free[0]) if len(free) else nearest

    def _move(self, row: int, column: int, came: Positions) -> None:
        """Give each row on the way the column that it came to."""
        while True:
            at = int(came[column])
            current = int(self.row[at])
            left, self.taken[current] = int(self.taken[current]), at
            self.row_of_column[column] = current
            if current == row:
                return
            column = int(self.column[left])
