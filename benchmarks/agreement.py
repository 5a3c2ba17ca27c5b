"""What agreement costs: all measures of many spans against the overlap of the same spans alone.

Run: `python benchmarks/agreement.py`. Five annotators, 1 000 tasks of 8 hours with up to 200 spans
each, ten pairs. The yardstick is a plain overlap with two binary searches for each span, written as
anybody would, on the same table in the same process.

- *sums*: time of each pair and task in each two states, matches at five thresholds of intersection
  over union, and the errors of the borders of all matched events.
- *numbers*: the sums, and of them every measure of time and F1, precision and recall overall, by
  label, task, pair, pair and label, annotator, and without each annotator.
- *result*: the numbers with intervals of 2 000 draws and medians of the errors, as rows.

`--large` adds ten million spans (sums, numbers), `--peers` packages that do parts of this singly:
they are measured on one pair of one task, and multiplied by the 10 000 that the numbers are of.
Times are those of the processor, the best of several rounds; wall time stands beside them. Ratios
are taken within each round, and their median is told, so that a busy machine disturbs them little.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from tslab.agreement.events.boundaries import Borders  # noqa: E402
from tslab.agreement.events.counts import EventCounts  # noqa: E402
from tslab.agreement.events.matches import Matches  # noqa: E402
from tslab.agreement.events.metrics import (  # noqa: E402
    EventSettings,
    event_metrics,
    event_tally,
    tallied,
)
from tslab.agreement.events.scores import event_scores  # noqa: E402
from tslab.agreement.events.stream import EventTally  # noqa: E402
from tslab.agreement.kernels.contingency import Contingency, Tally, pairs_of  # noqa: E402
from tslab.agreement.kernels.overlaps import Kernel, overlaps  # noqa: E402
from tslab.agreement.kernels.runs import runs_of  # noqa: E402
from tslab.agreement.kernels.stream import items_of, stream  # noqa: E402
from tslab.agreement.panel import TimeSettings  # noqa: E402
from tslab.agreement.time.metrics import time_metrics  # noqa: E402
from tslab.agreement.values import Readers  # noqa: E402
from tslab.span_table import Extents, SpanTable  # noqa: E402

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
DAY = int(8 * 3.6e9)
JITTER = 2_000_000
RATIO, NUMPY_SECONDS, FAST_SECONDS = 1.5, 0.5, 0.2


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a piece of work: of the processor and on the wall, each the best of several.

    Attributes:
        processor: Of the processor.
        wall: On the wall.
        ratio: To the processor's time of the yardstick in the same round, the median of all
            rounds; 0 where it was not measured in turn with it.
    """

    processor: float
    wall: float
    ratio: float = 0.0

    def times(self, yardstick: Cost) -> float:
        """How many times the yardstick it is."""
        return self.ratio or self.processor / yardstick.processor


def study(annotators: int = 5, tasks: int = 1000, spans: int = 200, seed: int = 0) -> SpanTable:
    """Annotators who nearly agree: borders differ by seconds, some spans and labels are missed."""
    dice, labels = np.random.default_rng(seed), 5
    borders = np.sort(dice.integers(0, DAY, (tasks, 2 * spans)), axis=1)
    truth = dice.integers(0, labels, (tasks, spans))
    task = np.broadcast_to(np.arange(tasks)[:, None], (tasks, spans))
    parts = []
    for annotator in range(annotators):
        moved = borders + dice.integers(-JITTER, JITTER, borders.shape)
        moved = np.sort(np.clip(moved, 0, DAY), axis=1)
        start, end = moved[:, ::2], moved[:, 1::2]
        other = dice.integers(0, labels, truth.shape)
        label = np.where(dice.random(truth.shape) < 0.08, other, truth)
        kept = (dice.random(truth.shape) > 0.05) & (end > start)
        who = np.full(int(kept.sum()), annotator)
        parts.append((task[kept], who, label[kept], start[kept], end[kept]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    seen = np.arange(tasks * annotators)
    extents = Extents.of(
        seen // annotators, seen % annotators, np.zeros(len(seen)), np.full(len(seen), DAY)
    )
    names = (
        [f"task {number}" for number in range(tasks)],
        [f"annotator {number}" for number in range(annotators)],
        [f"label {number}" for number in range(labels)],
    )
    keys = ("task", "annotator", "label", "start", "end")
    return SpanTable.of(names, dict(zip(keys, columns, strict=True)), extents)


def plain_overlap(table: SpanTable, pairs: NDArray[np.int32]) -> int:
    """The yardstick: overlaps of all pairs with two searches for each span, and their lengths."""
    order = np.argsort(table.annotator, kind="stable")
    line = table.task[order].astype(np.int64) * (DAY + 1)
    start, end = table.start[order] + line, table.end[order] + line
    first = np.searchsorted(table.annotator[order], np.arange(len(table.annotators) + 1))
    found = 0
    for one, other in pairs.tolist():
        a, b = slice(first[one], first[one + 1]), slice(first[other], first[other + 1])
        low = np.searchsorted(end[b], start[a], side="right")
        high = np.searchsorted(start[b], end[a], side="left")
        count = np.maximum(high - low, 0)
        i = np.repeat(np.arange(len(count)), count)
        j = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count) + low[i]
        shared = np.minimum(end[a][i], end[b][j]) - np.maximum(start[a][i], start[b][j])
        found += len(shared)
    return found


def compiled() -> Kernel | None:
    """The kernel of the extra `fast`, where numba is installed."""
    if find_spec("numba") is None:
        return None
    from tslab.agreement.kernels import _fast

    return _fast.overlaps


def sums(
    table: SpanTable, pairs: NDArray[np.int32], kernel: Kernel = overlaps
) -> tuple[Contingency, tuple[Matches, ...], Borders]:
    """Everything that measures are made of, from one stream of overlaps."""
    runs = runs_of(table)
    items = items_of(runs.presence, pairs)
    tally, events = Tally(runs, items), EventTally(runs, items, THRESHOLDS, THRESHOLDS.index(0.5))
    for batch in stream(runs, items, kernel):
        tally.add(batch)
        events.add(batch)
    return tally.result(), *events.result()


def numbers(table: SpanTable, pairs: NDArray[np.int32], kernel: Kernel = overlaps) -> int:
    """Every measure at every level; how many there are."""
    found, matches, borders = sums(table, pairs, kernel)
    readers = Readers(table.annotators)
    times = time_metrics("tier", table, readers, TimeSettings(draws=0), found)
    many = len(times.levels) + len(times.tasks.tasks) * len(times.tasks.values)
    for match in matches:
        many += sum(
            array.size
            for level in levels(match.counts, len(pairs), len(table.tasks))
            for array in event_scores(level).values()
        )
    return many + borders.sums[..., 1:].size


def levels(counts: EventCounts, pairs: int, tasks: int) -> list[NDArray[np.float64]]:
    """Counts of events overall, by label, pair, pair and label, and task."""
    cells = counts.stacked().reshape(pairs, tasks, -1, 5)
    by_pair, by_task = cells.sum(axis=1), cells.sum(axis=0).sum(axis=1)
    by_label = by_pair.sum(axis=0)
    return [by_label.sum(axis=0), by_label, by_pair.sum(axis=1), by_pair, by_task]


def result(table: SpanTable) -> int:
    """The finished result with intervals and medians; how many rows it has.

    One stream feeds time and events, as in `tslab agreement`.
    """
    readers, settings = Readers(table.annotators), EventSettings()
    runs = runs_of(table)
    pairs = pairs_of(table, readers)
    items = items_of(runs.presence, pairs)
    tally, events = Tally(runs, items), event_tally(settings, runs, items)
    for batch in stream(runs, items):
        tally.add(batch)
        events.add(batch)
    times = time_metrics("tier", table, readers, found=tally.result())
    found = tallied(settings, events, table, pairs)
    return len(times.rows) + len(event_metrics("tier", table, readers, settings, found).rows)


def in_turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, Cost]:
    """Costs of all, after one round that warms up: a busy machine meets all in each round."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            if turn:
                took = time.process_time() - processor, time.perf_counter() - wall
                spent[name].append(took)
    first = next(iter(spent.values()))
    return {name: _best(own, first) for name, own in spent.items()}


def _best(own: Sequence[tuple[float, float]], first: Sequence[tuple[float, float]]) -> Cost:
    """The best of several rounds, and the median of the ratios to the yardstick in each."""
    processors, walls = zip(*own, strict=True)
    ratios = [spent / yardstick for (spent, _), (yardstick, _) in zip(own, first, strict=True)]
    return Cost(min(processors), min(walls), median(ratios))


def compare(table: SpanTable, rounds: int, *, finished: bool = True) -> dict[str, Cost]:
    """Costs by name; `finished` with the result, whose medians take long where spans are many."""
    pairs, kernel = pairs_of(table, Readers(table.annotators)), compiled()
    works: dict[str, Callable[[], object]] = {
        "plain overlap": lambda: plain_overlap(table, pairs),
        "sums": lambda: sums(table, pairs),
        "numbers": lambda: numbers(table, pairs),
    }
    if kernel is not None:
        works["sums, numba"] = lambda: sums(table, pairs, kernel)
        works["numbers, numba"] = lambda: numbers(table, pairs, kernel)
    costs = in_turns(works, rounds)
    if finished:
        # By itself: what it leaves of memory would be a cost of the others.
        (found,) = in_turns({"result": lambda: result(table)}, 1).values()
        costs["result"] = replace(found, ratio=0.0)
    return costs


def show(title: str, costs: dict[str, Cost]) -> None:
    """Print costs and their ratios to the first one."""
    yardstick = next(iter(costs.values()))
    print(f"\n{title}\n{'':22}{'processor':>12}{'wall':>12}{'ratio':>12}")
    for name, spent in costs.items():
        ratio = spent.times(yardstick)
        print(f"{name:22}{spent.processor:10.4f} s{spent.wall:10.4f} s{ratio:12,.2f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="ten million spans, too")
    parser.add_argument("--peers", action="store_true", help="other packages, too")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    table = study(tasks=chosen.tasks)
    tables = {f"{len(table):,} spans": compare(table, chosen.rounds)}
    costs = tables[f"{len(table):,} spans"]
    if chosen.peers:
        from benchmarks.agreement_peers import peers

        own = {"tslab, all numbers": replace(costs["numbers"], ratio=0.0)}
        tables["peers: one pair of one task, times 10 000"] = {**own, **peers(study(2, 1))}
    if chosen.large:
        table = study(tasks=10_600)
        tables[f"{len(table):,} spans"] = compare(table, 1, finished=False)
    if chosen.json:
        print(json.dumps({title: {name: [spent.processor, spent.wall] for name, spent in
                                  costs.items()} for title, costs in tables.items()}))  # fmt: skip
        return 0
    for title, costs in tables.items():
        show(title, costs)
    return verdict(next(iter(tables.values())))


def verdict(costs: dict[str, Cost]) -> int:
    """Say what of the bar is met; 1 where something is not."""
    numpy_alone = costs["numbers"].processor
    ratio = costs["numbers"].times(costs["plain overlap"])
    print(f"\nnumpy alone: {ratio:.2f} plain overlaps (bar {RATIO}), {numpy_alone:.3f} s "
          f"(bar {NUMPY_SECONDS} s)")  # fmt: skip
    missed = ratio > RATIO or numpy_alone > NUMPY_SECONDS
    if "numbers, numba" in costs:
        fast = costs["numbers, numba"].processor
        print(f"with numba: {fast:.3f} s (bar {FAST_SECONDS} s)")
        missed |= fast > FAST_SECONDS
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
