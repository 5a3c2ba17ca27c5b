"""Which rater of a blind study reads which task: decided once, kept in raters.json.

Nothing is ever taken away from a rater who is still there: new recordings, more raters and higher
shares add to the plan.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tslab import files
from tslab.errors import DataError
from tslab.settings import Review
from tslab.task import Task

FILE = "raters.json"
Pair = tuple[int, str]
"""Number of a rater and id of a task."""


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """Who reads what.

    Attributes:
        readers: Numbers of a task's raters, from 1 on, sorted, by task id.
    """

    readers: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def tasks_of(self, rater: int) -> frozenset[str]:
        """Ids of a rater's tasks."""
        return frozenset(task for task, own in self.readers.items() if rater in own)

    def raters(self) -> list[int]:
        """Numbers of all raters who have a task."""
        return sorted({rater for own in self.readers.values() for rater in own})


def load_plan(root: Path) -> ReadingPlan | None:
    """The plan of a project folder; None before the first push.

    Raises:
        DataError: The file is damaged.
    """
    import msgspec

    path = root / FILE
    if not path.exists():
        return None
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, list[int]])
        if any(rater < 1 for own in found.values() for rater in own):
            raise ValueError("raters count from 1")
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        raise DataError(
            f"'{FILE}' is damaged: {error}",
            "Delete it: the next push sees in Label Studio who has which task.",
        ) from error
    return ReadingPlan({task: tuple(sorted(set(own))) for task, own in found.items()})


def save_plan(root: Path, plan: ReadingPlan) -> None:
    """Writes the plan where it is new."""
    content = files.json_bytes({task: list(own) for task, own in sorted(plan.readers.items())})
    path = root / FILE
    if not path.exists() or path.read_bytes() != content:
        files.write_bytes(path, content)


def share_of(count: int, percentage: int) -> int:
    """How many of some tasks several people read, rounded as Label Studio rounds."""
    return int(count * percentage / 100 + 0.5)


def planned(
    known: ReadingPlan, tasks: Sequence[Task], review: Review, read: Collection[Pair] = ()
) -> ReadingPlan:
    """A plan for all tasks: what is known stays, what is missing is dealt out evenly.

    Which tasks several people read is drawn by hashes of their ids, separately for each view and
    set of channels: the same tasks give the same plan.

    Args:
        known: The plan so far.
        tasks: All tasks of the project.
        review: How many raters there are, and who reads what.
        read: What raters read who are not in the study any more; it still counts.
    """
    dealer = _Dealer(review, {})
    for task in tasks:
        own = known.readers.get(task.id, ())
        kept = [rater for rater in own if rater <= review.raters or (rater, task.id) in read]
        dealer.give(task.id, kept)
    groups: dict[object, list[str]] = {}
    for task in tasks:
        groups.setdefault((task.view, task.channels, task.tick_us), []).append(task.id)
    for _, names in sorted(groups.items(), key=lambda item: str(item[0])):
        dealer.deal(names)
    return ReadingPlan({task.id: tuple(sorted(dealer.readers[task.id])) for task in tasks})


def with_another(plan: ReadingPlan, task: str, review: Review) -> ReadingPlan:
    """The plan with one more rater for a task; the same plan where all have it."""
    dealer = _Dealer(review, {})
    for name, own in plan.readers.items():
        dealer.give(name, own)
    dealer.give(task, ())
    dealer.fill(task, len(dealer.readers[task]) + 1)
    return ReadingPlan({name: tuple(sorted(own)) for name, own in dealer.readers.items()})


class _Dealer:
    """Deals tasks out; whoever has least gets the next, with whom he has shared least."""

    def __init__(self, review: Review, readers: dict[str, list[int]]) -> None:
        self.review = review
        self.readers = readers
        self._loads: Counter[int] = Counter()
        self._met: Counter[tuple[int, int]] = Counter()

    def give(self, task: str, raters: Sequence[int]) -> None:
        own = self.readers.setdefault(task, [])
        for rater in raters:
            for other in own:
                self._met[min(rater, other), max(rater, other)] += 1
            own.append(rater)
            self._loads[rater] += 1

    def deal(self, names: Sequence[str]) -> None:
        """Deals out the tasks of one view and set of channels."""
        drawn = sorted(names, key=digest)
        shared = [name for name in drawn if len(self.readers[name]) > 1]
        # New tasks first: what one rater may have read already shall not go round again.
        alone = [name for many in (0, 1) for name in drawn if len(self.readers[name]) == many]
        more = max(0, share_of(len(names), self.review.percentage) - len(shared))
        for name in [*shared, *alone[:more]]:
            if self.review.readers == self.review.raters:
                missing = set(range(1, self.review.raters + 1)) - set(self.readers[name])
                self.give(name, sorted(missing))
            self.fill(name, self.review.readers)
        for name in alone[more:]:
            self.fill(name, 1)

    def fill(self, task: str, wanted: int) -> None:
        """Gives a task to raters until it has as many as are wanted, or all there are."""
        while len(self.readers[task]) < wanted:
            own = self.readers[task]
            free = [r for r in range(1, self.review.raters + 1) if r not in own]
            if not free:
                return
            met = {r: sum(self._met[min(r, o), max(r, o)] for o in own) for r in free}
            least = min(free, key=lambda r: (self._loads[r], met[r], digest(task, r)))
            self.give(task, [least])


def digest(*parts: object) -> str:
    """A hash of some things, for orders that look like chance and are the same on every run."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
