"""Trains `learning`, `lstm` and `as-reference` on the same data and compares them.

`learning-no-clock` may not use the time since a recording's start: in SKAB nearly every fault
begins after ten minutes, so that time tells what another rig's protocol would not. `always` and
`never` are what must be beaten without a look at the samples.

`learning` looks at what the plugin's own segmenter finds, as in the product; `learning-alone` does
not, and `own` is that segmenter without learning, each of its labels meaning what it mostly
coincides with in the training recordings. Limits of the ECG rules and constants of the IoT rules
were chosen while looking at these very records, so `own` and `learning` know something of the test
recordings of cpsc2021 and SKAB: what they gain over `learning-alone` is more than other recordings
will show. In cpsc2021 the label has the plugin's name, in SKAB it has not. Made IMU recordings have
no such segmenter.

Run: `python benchmarks/segmentation.py`. Data: `$TSLAB_DATA`, by default `../shared/data`; a set
whose data is absent is skipped. `--quick` takes fewer seeds, `--sets` and `--methods` pick,
`--budget` ends a training of `lstm` or `as-reference` after so many CPU seconds, `--million`
predicts a million rows with `as-reference` too (8 GB) instead of taking ten times its hundred
thousand.

Every measurement is a process of its own. `as-reference` has the threads that torch takes by
itself, as the reference runs: one for each core, which costs it more CPU than one would.
`as-reference-1` is the same with one thread; only seed 0 is trained so, and no goal is measured
against it. CPU is training alone: imports, reading and a first small training are not in it. F1 is
pooled over the recordings of a split: events at IoU 0.5, instants within 0.5 s. ECE is over all
regions of all seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.segmentation_trials import METHODS  # noqa: E402

from tslab.segmentation.evaluation.report import calibration  # noqa: E402

OURS, NO_CLOCK, OPPONENT, ONE_THREAD = (
    "learning",
    "learning-no-clock",
    "as-reference",
    "as-reference-1",
)
WITHOUT = {
    NO_CLOCK: "without the time since the start",
    "learning-alone": "without the plugin's own segmenter",
    "learning-alone-no-clock": "without both",
    "own": "of that segmenter without learning",
}
"""Methods that are shown beside ours, and are no goal."""

FLOORS = ("always", "never")
FASTER_TRAINING = 20.0
LARGEST_MB = 300.0
LARGEST_ECE = 0.05
LEAST_INSTANTS = 0.95


@dataclass(frozen=True, slots=True)
class Set:
    """One set.

    Attributes:
        title: What the table says.
        seeds: Of splits or of made recordings, all and quick.
        floor: Least event F1 of ours, median over seeds; 0 has none.
        fair: What the opponent must reach for the comparison to be fair.
        instants: Whether it has instants that must be found.
        own: Whether a plugin ships a segmenter for such recordings.
    """

    title: str
    seeds: tuple[int, int]
    floor: float = 0.0
    fair: float = 0.0
    instants: bool = False
    own: bool = False


SETS = {
    "skab": Set("SKAB, 8 files -> 4, by chance", (10, 3), 0.90, 0.30, own=True),
    "imu": Set("made IMU, 10 persons -> 10 others", (3, 1), 0.95, 0.35, instants=True),
    "cpsc2021": Set("cpsc2021 AF, each patient left out", (1, 1), own=True),
    "skab-one": Set("SKAB, 1 file -> 11", (10, 3), 0.65, own=True),
    "imu-one": Set("made IMU, 1 person -> 10 others", (3, 1), 0.85),
}


class Verdicts:
    """Goals with what was reached."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def line(self, goal: str, value: float, limit: float, *, below: bool = False) -> None:
        """Prints one goal."""
        good = value <= limit if below else value >= limit
        sign = "<=" if below else ">="
        print(f"    {'ok    ' if good else 'MISSED'} {goal}: {value:.3g} (goal {sign} {limit:g})")
        if not good:
            self.missed.append(f"{goal}: {value:.3g} (goal {sign} {limit:g})")


def environment_of(method: str) -> dict[str, str]:
    """One thread for each but `as-reference`, whose torch takes what it takes."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    others = {name: value for name, value in os.environ.items() if name not in names}
    return others if method == OPPONENT else {**others, **dict.fromkeys(names, "1")}


def measure(what: str, **asked: Any) -> dict[str, Any]:
    """One measurement in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "segmentation_trials.py"),
            json.dumps({"what": what, **asked}),
        ],
        env=environment_of(asked["method"]),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{what} {asked} failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def f1(counts: Sequence[int]) -> float:
    """F1 of matched, reference and hypothesis; 0 where there is nothing."""
    return 2 * counts[0] / (counts[1] + counts[2]) if counts[1] + counts[2] else 0.0


@dataclass(slots=True)
class Row:
    """What one method did on one set, over all seeds."""

    trials: list[dict[str, Any]]

    def scores(self, kind: str) -> list[float]:
        """F1 of each seed."""
        return [f1(trial[kind]) for trial in self.trials]

    @property
    def cpu(self) -> float:
        """Training, median CPU seconds."""
        return float(statistics.median(trial["cpu"] for trial in self.trials))

    @property
    def event_f1(self) -> float:
        """Median over seeds."""
        return statistics.median(self.scores("events"))

    @property
    def instant_f1(self) -> float:
        """Median over seeds."""
        return statistics.median(self.scores("instants"))

    @property
    def ece(self) -> tuple[float, int]:
        """Expected calibration error and the number of regions that it rests on."""
        regions = [(score, right) for trial in self.trials for score, right in trial["regions"]]
        return calibration(regions).error or 0.0, len(regions)

    @property
    def cut(self) -> int:
        """Trainings that the budget ended."""
        return sum("out_of_budget" in note for trial in self.trials for note in trial["notes"])

    def text(self, method: str, instants: bool) -> str:
        """One line of the table."""
        events, points = self.scores("events"), self.scores("instants")
        wall = statistics.median(trial["wall"] for trial in self.trials)
        mb = max(trial["mb"] for trial in self.trials)
        ece, regions = self.ece
        shown = f"{self.instant_f1:5.3f} {min(points):5.3f}" if instants else "    -     -"
        ended = f"  {self.cut} trainings ended by the budget" if self.cut else ""
        return (
            f"  {method:18}{self.cpu:9.2f}{wall:9.2f}{mb:7.0f}  {self.event_f1:6.3f} "
            f"{min(events):5.3f}  {shown}  {ece:6.3f} /{regions:5}{ended}"
        )


HEADER = (
    f"  {'':18}{'CPU s':>9}{'wall s':>9}{'MB':>7}  {'events':>6} {'least':>5}  "
    f"{'inst.':>5} {'least':>5}  {'ECE':>6} / regions"
)


def compare(name: str, options: argparse.Namespace, verdicts: Verdicts) -> None:
    """Trains all methods on one set and prints table and goals."""
    made = SETS[name]
    seeds = options.seeds or made.seeds[options.quick]
    if name == "cpsc2021":
        seeds = 1
    print(f"\n{made.title}; {seeds} seeds: median (CPU, wall, F1), least F1, most MB")
    print(HEADER)
    rows: dict[str, Row] = {}
    for method in options.methods:
        if not made.own and method != NO_CLOCK and method in WITHOUT:
            continue
        trials = []
        for seed in range(1 if method == ONE_THREAD else seeds):
            asked = {"method": method, "name": name, "seed": seed, "budget": options.budget}
            trials.append(measure("learn", **asked))
            told = {key: trials[-1][key] for key in ("cpu", "events", "instants", "notes")}
            print(f"{asked} -> {told}", file=sys.stderr, flush=True)
        rows[method] = Row(trials)
        print(rows[method].text(method, made.instants), flush=True)
    judge(made, rows, verdicts)


def _show_variants(rows: dict[str, Row]) -> None:
    """Prints what is no goal."""
    for method in (method for method in WITHOUT if method in rows):
        print(f"    event F1 {WITHOUT[method]}: {rows[method].event_f1:.3f}")


def judge(made: Set, rows: dict[str, Row], verdicts: Verdicts) -> None:
    """Prints the goals of one set."""
    ours = rows.get(OURS)
    if ours is None:
        return
    _show_variants(rows)
    if made.floor:
        verdicts.line(f"{made.title}: event F1", ours.event_f1, made.floor)
    if made.instants:
        verdicts.line(f"{made.title}: instants F1", ours.instant_f1, LEAST_INSTANTS)
    verdicts.line(f"{made.title}: calibration error", ours.ece[0], LARGEST_ECE, below=True)
    for method, row in rows.items():
        if method not in (OURS, *WITHOUT, ONE_THREAD):
            goal = f"{made.title}: event F1 over {method}'s {row.event_f1:.3f}"
            verdicts.line(goal, ours.event_f1, row.event_f1)
    if ONE_THREAD in rows:
        ratio = rows[ONE_THREAD].cpu / max(ours.cpu, 1e-9)
        print(f"    CPU to train against {ONE_THREAD} (seed 0): {ratio:.3g} times less, no goal")
    if OPPONENT in rows:
        opponent = rows[OPPONENT]
        goal = f"{made.title}: times less CPU to train"
        verdicts.line(goal, opponent.cpu / max(ours.cpu, 1e-9), FASTER_TRAINING)
        if made.fair:
            verdicts.line(f"{made.title}: a fair opponent's F1", opponent.event_f1, made.fair)


SIZES = (
    (1000, 20, 15.0),
    (3000, 20, 15.0),
    (10_000, 5, 0.0),
    (100_000, 3, 50.0),
    (1_000_000, 1, 50.0),
)
"""Rows, repeats, and how many times less CPU is the goal (0: none)."""


def compare_predictions(options: argparse.Namespace, verdicts: Verdicts) -> None:
    """Times prediction from CSV text on, 4 channels."""
    print("\nPrediction from CSV text to spans, 4 channels: CPU s / wall s / peak MB")
    last: dict[str, dict[str, Any]] = {}
    for rows, repeats, goal in SIZES:
        found: dict[str, dict[str, Any]] = {}
        for method in options.methods:
            if method in (*WITHOUT, *FLOORS):
                continue
            huge = rows >= 1_000_000 and method.startswith(OPPONENT) and not options.million
            if huge:
                previous = last[method]
                found[method] = {key: 10 * previous[key] for key in ("cpu", "wall", "mb")}
            else:
                count = 2 if method != OURS and rows < 10_000 else repeats
                found[method] = measure("predict", method=method, rows=rows, repeats=count)
            each = found[method]
            print(
                f"  {rows:>9} {method:16}{each['cpu']:9.4f} {each['wall']:9.4f} {each['mb']:7.0f}"
                + ("  ten times the row before" if huge else ""),
                flush=True,
            )
        last = found
        if OURS in found and OPPONENT in found and goal:
            ratio = found[OPPONENT]["cpu"] / found[OURS]["cpu"]
            verdicts.line(f"prediction of {rows} rows: times less CPU", ratio, goal)
        if OURS in found and ONE_THREAD in found:
            ratio = found[ONE_THREAD]["cpu"] / found[OURS]["cpu"]
            print(f"    against {ONE_THREAD}: {ratio:.3g} times less, no goal")
    if OURS in last:
        verdicts.line("prediction of 1e6 rows: MB", last[OURS]["mb"], LARGEST_MB, below=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer seeds")
    parser.add_argument("--seeds", type=int, default=0, help="seeds of every set")
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--budget", type=float, default=1800.0, metavar="SECONDS")
    parser.add_argument("--no-predictions", action="store_true")
    parser.add_argument("--million", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs all; 1 when a goal is missed."""
    from benchmarks.segmentation_sets import DATA

    options = parse(arguments)
    verdicts = Verdicts()
    for name in options.sets:
        folder = DATA / ("ecg/cpsc2021" if name == "cpsc2021" else "iot/skab")
        if not name.startswith("imu") and not folder.is_dir():
            print(f"\n{SETS[name].title}: skipped, no data at {folder}; set TSLAB_DATA")
            continue
        compare(name, options, verdicts)
    if not options.no_predictions:
        compare_predictions(options, verdicts)
    print(f"\n{len(verdicts.missed)} goals missed")
    for text in verdicts.missed:
        print(f"  {text}")
    return 1 if verdicts.missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
