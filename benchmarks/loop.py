"""Whether the loop is worth it: what a simulated annotator corrects as the segmenter learns.

Run: `python benchmarks/loop.py`. The recordings of a pool are corrected one at a time; the default
segmenter learns again after each. The next recording is the one with the lowest task score, as the
Data Manager sorts, or one picked by chance. Three pools, see `mixed_pools.py`: in each most
recordings look alike and some do not. Every seed is another pool (of SKAB, which has its twelve
files only, another cut); chance picks in several ways through each.

A correction is one action in the editor: draw a missing region, delete a wrong one, give another
label, or move one border. A border may be off by half a second or by a hundredth of the plot,
whichever is more (an instant: by 0.2 s). Nobody spends more on a region than deleting it and
drawing it again: two. Without a model every region has to be drawn: that is the cold start.

**Orders are compared by how good the model gets**: after each recording, the corrections that other
recordings of the same mixture would need, which nobody ever corrects; their mean over the session
(the area under that learning curve), and how many recordings it takes until they are at most half
of a cold start. The other figures are printed too, and no order can be judged by them: *all
corrections* of a pool count against an order that takes hard recordings while the model is weak,
because every order ends up correcting all of them; those of the *second half*, and what is *still
wrong* in recordings not yet corrected, count in its favour, because what is left is easy. That the
second half needs at most half of a cold start is a goal of its own, for both orders.

Orders were chosen on the seeds 0 to 29, with a cheaper stand-in for training; the default seeds
begin at 100.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from benchmarks.mixed_pools import POOLS, Mixture  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from tslab.contracts import TrainingExample  # noqa: E402
from tslab.domain import Domain  # noqa: E402
from tslab.recording import Recording  # noqa: E402
from tslab.segmentation.chain.typicality import COIN, Trust, typicality  # noqa: E402
from tslab.segmentation.learning import LearningSegmenter  # noqa: E402
from tslab.spans import Span  # noqa: E402

BORDER, INSTANT = 0.5, 0.2
"""Seconds by which a border or an instant may be off before anybody moves it."""

PLOT = 0.01
"""Share of a recording by which a border may be off as well."""

LATE = 0.5
"""Share of a cold start that the second half may need."""

NEAR, OVERLAP = 1.0, 0.2
"""An instant that far away, or a range with that much in common, is mended and not drawn anew."""

REDRAW = 2
FloatArray = NDArray[np.float64]
Unknown = Mapping[int, tuple[Recording, Sequence[Span]]]
Chooser = Callable[[Sequence[int], Callable[[int], float]], int]


def corrections(truth: Sequence[Span], found: Sequence[Span], border: float = BORDER) -> int:
    """Actions that turn what was found into what is true; `border` is how far off one may be."""
    actions = 0
    for tier in {span.tier for span in (*truth, *found)}:
        true = [span for span in truth if span.tier == tier]
        said = [span for span in found if span.tier == tier]
        pairs = _pairs(true, said)
        actions += len(true) + len(said) - 2 * len(pairs)
        actions += sum(min(REDRAW, _mending(true[i], said[j], border)) for i, j in pairs)
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


def _mending(true: Span, said: Span, border: float) -> int:
    actions = int(true.label != said.label)
    if true.is_instant:
        return actions + int(abs(true.start - said.start) > INSTANT)
    borders = ((true.start, said.start), (true.end, said.end))
    return actions + sum(abs(a - b) > border for a, b in borders)


def task_scores(segmenter: LearningSegmenter, pool: Unknown) -> dict[int, float]:
    """The scores of tasks with all of a recording, as `tslab predict` gives them.

    Args:
        segmenter: Who predicted.
        pool: Recordings that nobody has labelled yet, and what was found in them.
    """
    typical = typicality({i: segmenter.place(recording) for i, (recording, _) in pool.items()})
    return {i: Trust(typical[i], COIN).score(found) or 0.0 for i, (_, found) in pool.items()}


def tolerance(example: TrainingExample) -> float:
    """Seconds by which a border may be off: less is hardly seen on a plot of the recording."""
    return max(BORDER, PLOT * example.recording.duration)


@dataclass(frozen=True, slots=True)
class Session:
    """One way through the pool.

    Attributes:
        cold: Corrections of each recording without a model, in the order of correction.
        made: Corrections with the model of the recordings before it.
        left: Corrections that all recordings to come would need, after each recording but the last.
        held: Corrections for each held-out recording, after each recording.
        held_cold: The same without a model.
    """

    cold: Sequence[int]
    made: Sequence[int]
    left: Sequence[int]
    held: Sequence[float]
    held_cold: float


def session(domain: Domain, mixture: Mixture, first: int, choose: Chooser) -> Session:
    """Corrects the whole pool, beginning with recording `first`."""
    pool = mixture.pool
    left = [number for number in range(len(pool)) if number != first]
    order, made, wrong, held = [first], [corrections(pool[first].spans, [])], [], []
    while True:
        segmenter = LearningSegmenter(domain)
        segmenter.fit([pool[i] for i in order], _quiet)
        held.append(float(np.mean([_needed(segmenter, e)[0] for e in mixture.held])))
        if not left:
            break
        needed, found = zip(*(_needed(segmenter, pool[i]) for i in left), strict=True)
        wrong.append(sum(needed))
        unknown = {i: (pool[i].recording, spans) for i, spans in zip(left, found, strict=True)}
        number = choose(left, _scores(segmenter, unknown))
        made.append(needed[left.index(number)])
        order.append(number)
        left.remove(number)
    cold = [corrections(pool[i].spans, []) for i in order]
    held_cold = float(np.mean([corrections(e.spans, []) for e in mixture.held]))
    return Session(cold, made, wrong, held, held_cold)


def _needed(segmenter: LearningSegmenter, example: TrainingExample) -> tuple[int, Sequence[Span]]:
    """Corrections that a recording needs, and what was found in it."""
    found = segmenter.segment(example.recording)
    return corrections(example.spans, found, tolerance(example)), found


def _scores(segmenter: LearningSegmenter, pool: Unknown) -> Callable[[int], float]:
    """Task scores, computed for those that ask."""
    known: dict[int, float] = {}

    def score(number: int) -> float:
        if not known:
            known.update(task_scores(segmenter, pool))
        return known[number]

    return score


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
        held: Corrections for each held-out recording, after each recording.
        held_cold: The same without a model.
    """

    made: FloatArray
    cold: FloatArray
    left: FloatArray
    held: FloatArray
    held_cold: float

    @classmethod
    def of(cls, sessions: Sequence[Session]) -> Course:
        """The means."""

        def mean(lines: Sequence[Sequence[float]]) -> FloatArray:
            return np.asarray(np.mean(lines, axis=0))

        return cls(
            mean([one.made for one in sessions]),
            mean([one.cold for one in sessions]),
            mean([one.left for one in sessions]),
            mean([one.held for one in sessions]),
            float(np.mean([one.held_cold for one in sessions])),
        )

    @property
    def late(self) -> float:
        """Corrections of the second half."""
        return float(self.made[len(self.made) // 2 :].sum())

    @property
    def late_share(self) -> float:
        """Corrections of the second half as a share of a cold start's."""
        return self.late / float(self.cold[len(self.made) // 2 :].sum())

    @property
    def all(self) -> float:
        """All corrections."""
        return float(self.made.sum())

    @property
    def mean_held(self) -> float:
        """Corrections for each held-out recording, mean over the session."""
        return float(self.held.mean())

    @property
    def until_half(self) -> float:
        """Recordings until held-out ones need at most half of a cold start; one more than all
        where that is never reached."""
        good = self.held <= LATE * self.held_cold
        return float(good.argmax() + 1 if good.any() else len(good) + 1)

    @property
    def mean_left(self) -> float:
        """Still wrong, mean over the session."""
        return float(self.left.mean())

    def show(self, title: str) -> None:
        """Prints it."""
        print(f"  {title}")
        print("    corrections by recording: " + " ".join(f"{x:.1f}" for x in self.made))
        print("    still wrong after it:     " + " ".join(f"{x:.1f}" for x in self.left))
        print("    held-out, each, after it: " + " ".join(f"{x:.2f}" for x in self.held))
        print(
            f"    held-out: {self.mean_held:.2f} on average (cold start {self.held_cold:.2f}); "
            f"all: {self.all:.1f} of {self.cold.sum():.1f} regions; second half: "
            f"{self.late:.1f}, {self.late_share:.0%} of a cold start; "
            f"still wrong: {self.mean_left:.1f}",
            flush=True,
        )


MAIN = "held-out corrections, mean over the session"
MEASURES: Mapping[str, Callable[[Course], float]] = {
    MAIN: lambda course: course.mean_held,
    "recordings until held-out ones need half of a cold start": lambda course: course.until_half,
    "all corrections": lambda course: course.all,
    "corrections of the second half": lambda course: course.late,
    "still wrong, mean over the session": lambda course: course.mean_left,
}


def compare(name: str, seeds: Sequence[int], orders: int) -> bool:
    """Runs the sessions of one pool; whether all goals are reached.

    Args:
        name: Of the pool.
        seeds: Each is another pool, or another start.
        orders: Ways of chance through each.
    """
    domain, make = POOLS[name]
    sure: list[Session] = []
    chance: list[Session] = []
    for seed in seeds:
        mixture = make(seed)
        first = int(np.random.default_rng(seed).integers(len(mixture.pool)))
        sure.append(session(domain, mixture, first, least_sure))
        ways = [by_chance(orders * seed + way) for way in range(orders)]
        others = [session(domain, mixture, first, way) for way in ways]
        chance += others
        print(
            f"{name} {seed}: {_short(sure[-1:])} by score, {_short(others)} by chance", flush=True
        )
    ordered, random = Course.of(sure), Course.of(chance)
    print(f"{name}: {len(sure)} sessions by score, {len(chance)} by chance")
    ordered.show("lowest score first")
    random.show("by chance")
    for title, measure in MEASURES.items():
        print(f"  {title}: {_ratio(measure, sure, chance)}")
    shares = (ordered.late_share, random.late_share)
    goals = {
        f"second half {shares[0]:.0%} by score and {shares[1]:.0%} by chance, at most 50 % of a "
        "cold start": max(shares) <= LATE
    }
    ours, theirs = ordered.mean_held, random.mean_held
    goals[f"{MAIN}: fewer by score, {ours:.2f} against {theirs:.2f}"] = ours < theirs
    for text, reached in goals.items():
        print(f"{'ok    ' if reached else 'MISSED'} {name}: {text}", flush=True)
    return all(goals.values())


def _short(sessions: Sequence[Session]) -> str:
    course = Course.of(sessions)
    return "/".join(f"{measure(course):.2f}" for measure in MEASURES.values())


def _ratio(
    measure: Callable[[Course], float], sure: Sequence[Session], chance: Sequence[Session]
) -> str:
    """A measure of both orders, the spread of chance, and how often score beats its own chance."""
    ours = [measure(Course.of([one])) for one in sure]
    others = np.array([measure(Course.of([one])) for one in chance]).reshape(len(ours), -1)
    wins = int(np.count_nonzero(np.array(ours) < others.mean(axis=1)))
    mean = float(others.mean())
    return (
        f"{np.mean(ours):.2f} against {mean:.2f} (sessions by chance spread by "
        f"{others.std(ddof=1):.2f}), ratio {np.mean(ours) / mean:.2f}; "
        f"less for {wins} of {len(ours)} seeds"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs all sessions; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pool", choices=list(POOLS), action="append", help="default: all")
    parser.add_argument("--first", type=int, default=100, help="first seed")
    parser.add_argument("--seeds", type=int, default=6, help="pools of each kind")
    parser.add_argument("--orders", type=int, default=1, help="ways of chance through each")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.seeds)
    reached = [compare(name, seeds, options.orders) for name in options.pool or POOLS]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    raise SystemExit(main())
