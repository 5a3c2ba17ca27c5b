"""Whether the loop is worth it: what a simulated annotator corrects as the segmenter learns.

Run: `python benchmarks/loop.py`. Twenty made recordings of twenty persons are corrected one at a
time; the default segmenter learns again after each. The next recording is the one of which the
model is least sure (lowest task score, as the Data Manager sorts), or one picked by chance.

A correction is one action in the editor: draw a missing region, delete a wrong one, give another
label, or move one border by more than half a second (an instant: by more than 0.2 s). Nobody
spends more on a region than deleting it and drawing it again: two.
Without a model every region has to be drawn: that is the cold start.

All twenty are corrected in the end, whatever the order, so an order shows its worth before: by what
would still be wrong in the recordings that nobody has corrected yet, were the annotator to stop.
It is counted after each recording; its mean over the session is what orders are compared by.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from benchmarks import segmentation_sets as sets  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from tslab.contracts import TrainingExample  # noqa: E402
from tslab.segmentation.learning import LearningSegmenter  # noqa: E402
from tslab.spans import Span  # noqa: E402

BORDER, INSTANT = 0.5, 0.2
"""Seconds by which a border or an instant may be off before anybody moves it."""

NEAR, OVERLAP = 1.0, 0.2
"""An instant that far away, or a range with that much in common, is mended and not drawn anew."""

REDRAW = 2
FloatArray = NDArray[np.float64]
POOL = 20
Chooser = Callable[[Sequence[int], Callable[[int], float]], int]


def corrections(truth: Sequence[Span], found: Sequence[Span]) -> int:
    """Actions that turn what was found into what is true."""
    actions = 0
    for tier in {span.tier for span in (*truth, *found)}:
        true = [span for span in truth if span.tier == tier]
        said = [span for span in found if span.tier == tier]
        pairs = _pairs(true, said)
        actions += len(true) + len(said) - 2 * len(pairs)
        actions += sum(min(REDRAW, _mending(true[i], said[j])) for i, j in pairs)
    return actions


def _pairs(true: Sequence[Span], said: Sequence[Span]) -> list[tuple[int, int]]:
    """What is mended into what: those that have the most in common first, same labels before."""
    candidates = [
        (one.label != other.label, -common, i, j)
        for i, one in enumerate(true)
        for j, other in enumerate(said)
        if (common := _common(one, other)) > 0
    ]
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs = []
    for _, _, i, j in sorted(candidates):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((i, j))
    return pairs


def _common(one: Span, other: Span) -> float:
    """How alike two regions are, from 0 to 1; 0 where mending makes no sense."""
    if one.is_instant != other.is_instant:
        return 0.0
    if one.is_instant:
        return max(0.0, 1 - abs(one.start - other.start) / NEAR)
    shared = min(one.end, other.end) - max(one.start, other.start)
    whole = max(one.end, other.end) - min(one.start, other.start)
    return shared / whole if shared >= OVERLAP * whole else 0.0


def _mending(true: Span, said: Span) -> int:
    actions = int(true.label != said.label)
    if true.is_instant:
        return actions + int(abs(true.start - said.start) > INSTANT)
    borders = ((true.start, said.start), (true.end, said.end))
    return actions + sum(abs(a - b) > BORDER for a, b in borders)


def task_score(found: Sequence[Span]) -> float:
    """Mean score of a task's regions; 0 without any: nobody can be less sure."""
    scores = [span.score for span in found if span.score is not None]
    return statistics.fmean(scores) if scores else 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """One way through the pool.

    Attributes:
        cold: Corrections of each recording without a model, in the order of correction.
        made: Corrections with the model of the recordings before it.
        left: Corrections that all recordings to come would need, after each recording but the last.
    """

    cold: Sequence[int]
    made: Sequence[int]
    left: Sequence[int]


def session(pool: Sequence[TrainingExample], first: int, choose: Chooser) -> Session:
    """Corrects the whole pool, beginning with recording `first`."""
    left = [number for number in range(len(pool)) if number != first]
    known = [pool[first]]
    cold, made = [corrections(pool[first].spans, [])], [corrections(pool[first].spans, [])]
    wrong: list[int] = []
    while left:
        segmenter = LearningSegmenter(sets.IMU)
        segmenter.fit(known, _quiet)
        found = {i: list(segmenter.segment(pool[i].recording)) for i in left}
        needed = {i: corrections(pool[i].spans, found[i]) for i in left}
        wrong.append(sum(needed.values()))
        number = choose(left, lambda i, found=found: task_score(found[i]))  # type: ignore[misc]
        cold.append(corrections(pool[number].spans, []))
        made.append(needed[number])
        known.append(pool[number])
        left.remove(number)
    return Session(cold, made, wrong)


def _quiet(share: float, what: str) -> None:
    del share, what


def least_sure(left: Sequence[int], score: Callable[[int], float]) -> int:
    """The recording with the lowest task score."""
    return min(left, key=lambda number: (score(number), number))


def by_chance(seed: int) -> Chooser:
    """Any recording."""
    rng = np.random.default_rng(seed)

    def choose(left: Sequence[int], score: Callable[[int], float]) -> int:
        del score
        return int(rng.choice(list(left)))

    return choose


@dataclass(frozen=True, slots=True)
class Course:
    """Means over sessions of one order.

    Attributes:
        made: Corrections of each recording.
        cold: The same without a model.
        left: Still wrong after each recording but the last.
    """

    made: FloatArray
    cold: FloatArray
    left: FloatArray

    @classmethod
    def of(cls, sessions: Sequence[Session]) -> Course:
        """The means."""
        rows = [(one.made, one.cold, one.left) for one in sessions]
        return cls(*(np.mean(part, axis=0) for part in zip(*rows, strict=True)))

    @property
    def late_share(self) -> float:
        """Corrections of the second half as a share of a cold start's."""
        half = len(self.made) // 2
        return float(self.made[half:].sum() / self.cold[half:].sum())

    @property
    def mean_left(self) -> float:
        """Still wrong, mean over the session."""
        return float(self.left.mean())

    def show(self, title: str) -> None:
        """Prints it."""
        half = len(self.made) // 2
        print(title)
        print("  corrections by recording: " + " ".join(f"{x:.1f}" for x in self.made))
        print("  still wrong after it:     " + " ".join(f"{x:.1f}" for x in self.left))
        print(
            f"  all: {self.made.sum():.1f} of {self.cold.sum():.1f} regions; second half: "
            f"{self.made[half:].sum():.1f} of {self.cold[half:].sum():.1f}, "
            f"{self.late_share:.0%} of a cold start; still wrong: {self.mean_left:.1f}",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs all sessions; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pools", type=int, default=2, help="pools of twenty persons")
    parser.add_argument("--starts", type=int, default=3, help="first recordings of each pool")
    options = parser.parse_args(arguments)
    sure: list[Session] = []
    chance: list[Session] = []
    for seed in range(options.pools):
        pool = sets.imu(POOL, 100, seed)
        for first in np.random.default_rng(seed).choice(POOL, options.starts, replace=False):
            sure.append(session(pool, int(first), least_sure))
            chance.append(session(pool, int(first), by_chance(int(first))))
    ordered, random = Course.of(sure), Course.of(chance)
    ordered.show(f"least sure first (mean of {len(sure)} sessions)")
    random.show(f"by chance (mean of {len(chance)} sessions)")
    late, other = random.late_share, ordered.late_share
    wrong = (ordered.mean_left, random.mean_left)
    goals = {
        f"second half at most 50 % of a cold start, by chance: {late:.0%}": late <= 0.5,
        f"second half at most 50 % of a cold start, least sure first: {other:.0%}": other <= 0.5,
        f"least sure first leaves less wrong: {wrong[0]:.1f} against {wrong[1]:.1f}": wrong[0]
        < wrong[1],
    }
    for text, reached in goals.items():
        print(f"{'ok    ' if reached else 'MISSED'} {text}")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
