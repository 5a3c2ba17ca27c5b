"""What small steps cost, as ratios to a plain pass over the same data, in turn in one process.

Run as `python benchmarks/small_steps.py`. Each step and its yardstick run in turns, and the best of
each is taken, so that a busy machine slows both. CPU seconds are of the process and of those that
it started. A goal is a ratio, well above what was measured; a step beyond it makes the exit code 1.
Nothing is read but what is made here, and nothing is written outside a temporary folder.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

ROOT = Path(__file__).resolve().parents[1]
for distribution in ("core", "plugins/ecg_eeg", "plugins/iot_maintenance"):
    sys.path.insert(0, str(ROOT / distribution / "src"))

from tslab.agreement.events.assignment import best_assignment  # noqa: E402
from tslab.domain import Domain, Label, Tier  # noqa: E402
from tslab.lint.prediction_check import check_predictions  # noqa: E402
from tslab.lint.task_check import check_task_csv  # noqa: E402
from tslab.recording import Recording, Signal  # noqa: E402
from tslab.segmentation.similar import find_similar  # noqa: E402
from tslab.spans import Span  # noqa: E402
from tslab_ecg_eeg.r_peaks import detect_beats  # noqa: E402
from tslab_ecg_eeg.rhythm import analyse_rhythm  # noqa: E402
from tslab_ecg_eeg.synthetic import Segment, synthesize_ecg  # noqa: E402
from tslab_iot_maintenance.residual import residual_alarm  # noqa: E402
from tslab_iot_maintenance.rules import find_rule_anomalies  # noqa: E402

TURNS = 5
RATE = 360.0
CONFIG = """<View>
  <TimeSeriesLabels name="rhythm" toName="ts"><Label value="Sinus"/></TimeSeriesLabels>
  <TimeSeries name="ts" value="$csv" timeColumn="time" timeFormat="%Q"><Channel column="ii"/>
  </TimeSeries>
  <Rating name="sure" toName="ts" perRegion="true" maxRating="5"/></View>"""
DOMAIN = Domain(
    name="marked",
    title="Marked signals",
    tiers=(Tier(name="state", kind="states", labels=(Label(name="high"),)),),
    open_channels=True,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that tslab does, and the plain pass over the same data that it is compared with."""

    name: str
    work: Callable[[], object]
    yardstick: str
    plain: Callable[[], object]
    goal: float

    def measure(self) -> tuple[float, float]:
        """CPU seconds of the step and of its yardstick, the best of a few turns."""
        turns = [(spent(self.work), spent(self.plain)) for _ in range(TURNS + 1)][1:]
        own, other = zip(*turns, strict=True)  # the first turn imports
        return min(own), min(other)


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of one call, with those of processes that it waited for."""
    before = used()
    work()
    return used() - before


def used() -> float:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(found.ru_utime + found.ru_stime for found in map(resource.getrusage, whose))


def steps(folder: Path) -> Iterator[Step]:
    """The steps, each with data of its own."""
    yield start_up()
    yield predictions("valid predictions", "Sinus", 1.0)
    yield predictions("50 000 wrong labels", "Sinuss", 1.0)
    yield table(folder)
    yield from ecg()
    yield from machine()
    yield similar()
    yield crowd()


def start_up() -> Step:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    run = partial(subprocess.run, env=environment, stdout=subprocess.DEVNULL, check=True)
    tslab = [sys.executable, "-c", "from tslab.cli import run; run(['--help'])"]
    plain = [sys.executable, "-c", "pass"]
    return Step("tslab --help", partial(run, tslab), "python -c pass", partial(run, plain), 6.0)


def predictions(name: str, label: str, goal: float) -> Step:
    """A thousand tasks with a hundred regions each."""

    def region(number: int, control: str, kind: str, value: object) -> dict[str, Any]:
        times = {"start": str(number * 100), "end": str(number * 100 + 50), "instant": False}
        common = {"id": f"r{number}", "to_name": "ts", "from_name": control, "type": kind}
        return {**common, "value": {**times, kind: value}}

    kinds = (("rhythm", "timeserieslabels", [label]), ("sure", "rating", 3))
    result = [region(number, *kind) for number in range(50) for kind in kinds]
    said = [
        {"task": task, "model_version": "m", "score": 0.5, "result": result}
        for task in range(1000)
    ]  # fmt: skip
    text = json.dumps(said)
    given = json.loads(text)  # no two regions are the same object
    windows = dict.fromkeys(range(1000), (0.0, 5000.0))
    check = partial(check_predictions, given, CONFIG, windows)
    return Step(f"lint, {name}", check, "json.loads", partial(json.loads, text), goal)


def table(folder: Path) -> Step:
    """A task's table of 100 000 rows and four channels."""
    path = folder / "table.csv"
    names = ["a", "b", "c", "d"]
    values = np.random.default_rng(0).standard_normal((100_000, 4))
    frame = pd.DataFrame(values, columns=names).round(4)
    frame.insert(0, "time", np.arange(len(frame)) * 4)
    frame.to_csv(path, index=False)
    check = partial(check_task_csv, path, names)
    return Step("lint, a task's table", check, "pandas.read_csv", partial(pd.read_csv, path), 2.0)


def ecg() -> Iterator[Step]:
    """Half an hour of two leads."""
    plan = [Segment("(N", 900.0, premature=0.05), Segment("(AFIB", 900.0)]
    leads = synthesize_ecg(plan, RATE, seed=0).leads
    filtered = partial(band_pass, np.array(leads))
    yield Step("beats", partial(detect_beats, leads, RATE), "band-pass", filtered, 20.0)
    yield Step("rhythm", partial(analyse_rhythm, leads, RATE), "band-pass", filtered, 20.0)


def band_pass(values: NDArray[np.float64]) -> object:
    """SciPy's filter of fourth order, there and back."""
    return sosfiltfilt(butter(2, (5.0, 15.0), "bandpass", fs=RATE, output="sos"), values)


def machine() -> Iterator[Step]:
    """A million samples of one channel; three hours of eight that follow one another."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(1_000_000)
    rules = partial(find_rule_anomalies, np.arange(noise.size, dtype=np.float64), noise, "x")
    yield Step("rules of machines", rules, "band-pass", partial(band_pass, noise), 30.0)
    load = np.cumsum(rng.standard_normal((10_800, 1)), axis=0)
    values = load * rng.uniform(1, 2, 8) + rng.standard_normal((10_800, 8))
    alarm = partial(residual_alarm, values)
    yield Step("residual alarm", alarm, "band-pass", partial(band_pass, values.T), 6.0)


def similar() -> Step:
    """One example in 100 000 rows of four channels."""
    values = np.random.default_rng(1).standard_normal((4, 100_000))
    for first in (40_000, 70_000):
        values[:, first : first + 400] += 4
    signals = tuple(
        Signal.from_array(name, row, 100.0) for name, row in zip("abcd", values, strict=True)
    )
    recording = Recording("made", signals, 1000.0)
    context = [Span(400.0, 404.0, "high", "state")]
    find = partial(find_similar, recording, context, DOMAIN, None)
    return Step("find similar", find, "band-pass", partial(band_pass, values), 20.0)


def crowd() -> Step:
    """250 spans on 250 others, all equal."""
    many = 250
    rows, columns = np.divmod(np.arange(many * many), many)
    weight = np.ones(many * many)
    match = partial(best_assignment, rows, columns, weight)
    pairs = list(zip(columns.tolist(), rows.tolist(), strict=True))
    return Step("matching of a crowd", match, "sorted pairs", partial(sorted, pairs), 2.0)


def main() -> int:
    missed = 0
    print(f"{'step':26} {'CPU ms':>8}  {'yardstick':16} {'CPU ms':>8} {'ratio':>7} {'goal':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for step in steps(Path(folder)):
            own, plain = (1000 * seconds for seconds in step.measure())
            ratio = own / plain
            missed += ratio > step.goal
            print(
                f"{step.name:26} {own:8.1f}  {step.yardstick:16} {plain:8.1f}"
                f" {ratio:7.2f} {step.goal:6.1f}{'  MISSED' if ratio > step.goal else ''}"
            )
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
