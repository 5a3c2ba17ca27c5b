"""One measurement of the segmenters' benchmark, in a process of its own: time, memory, scores.

`python benchmarks/segmentation_trials.py '{"what": "learn", "method": "learning", ...}'` prints one
JSON document. A process measures one method, so that imports and memory are its own.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from benchmarks import segmentation_sets as sets  # noqa: E402

from tslab.contracts import ReadOptions, Source, TrainingExample  # noqa: E402
from tslab.domain import Domain  # noqa: E402
from tslab.recording import Recording  # noqa: E402
from tslab.segmentation.chain.prior import Prior, guided  # noqa: E402
from tslab.segmentation.evaluation.tier_counts import TierCounts, count_tier  # noqa: E402
from tslab.segmentation.features.clock import VARIABLE  # noqa: E402
from tslab.spans import Span, to_microseconds  # noqa: E402
from tslab.stretches import in_microseconds  # noqa: E402

METHODS = (
    "learning",
    "learning-no-clock",
    "learning-alone",
    "learning-alone-no-clock",
    "own",
    "lstm",
    "as-reference",
    "as-reference-1",
    "always",
    "never",
)
"""`-no-clock` may not look at the time since the start, `-alone` not at what the plugin's own
segmenter finds, which is `own` itself; `-1` has one thread; the last two are what a segmenter must
beat to be worth anything."""

TOLERANCE = 0.5
"""Seconds by which an instant may be off."""

CHANNELS = 4
RATE = 50.0


class Method(Protocol):
    """What all have in common."""

    def fit(self, examples: Sequence[TrainingExample]) -> dict[str, Any]:
        """Learns; gives notes."""
        ...

    def segment(self, recording: Recording) -> Sequence[Span]:
        """Spans."""
        ...


def _quiet(share: float, what: str) -> None:
    del share, what


class _Learning:
    """`learning`, with the time since the start and the own segmenter where they help, or not."""

    def __init__(self, domain: Domain, clock: bool, own: Prior | None) -> None:
        from tslab.segmentation.learning import LearningSegmenter

        self._segmenter, self._clock = guided(LearningSegmenter(domain), own), clock

    def fit(self, examples: Sequence[TrainingExample]) -> dict[str, Any]:
        os.environ[VARIABLE] = str(int(self._clock))
        return dict(self._segmenter.fit(examples, _quiet))

    def segment(self, recording: Recording) -> Sequence[Span]:
        return list(self._segmenter.segment(recording))


class _Lstm:
    """`lstm`; a budget of CPU seconds ends its training after a pass."""

    def __init__(self, domain: Domain, seed: int, epochs: int, budget: float) -> None:
        from tslab.segmentation.lstm.segmenter import LstmSegmenter
        from tslab.segmentation.lstm.settings import LstmSettings

        self._settings, self._budget, self._ended = LstmSettings(epochs=epochs), budget, False
        self._segmenter = LstmSegmenter(domain, self._settings, seed=seed)

    def fit(self, examples: Sequence[TrainingExample]) -> dict[str, Any]:
        begin = time.process_time()

        def watch(share: float, what: str) -> None:
            del share
            if what.startswith("pass ") and time.process_time() - begin > self._budget:
                self._ended = True
                # It keeps the best weights so far, as it does when its passes are over.
                object.__setattr__(self._settings, "epochs", 1)

        notes = dict(self._segmenter.fit(examples, watch))
        return {**notes, "out_of_budget": 1} if self._ended else notes

    def segment(self, recording: Recording) -> Sequence[Span]:
        return list(self._segmenter.segment(recording))


class _Reference:
    """`as-reference`."""

    def __init__(self, domain: Domain, seed: int, epochs: int, budget: float) -> None:
        from benchmarks.reference_segmenter import AsReference

        self._segmenter = AsReference(domain, seed, epochs, budget=budget)

    def fit(self, examples: Sequence[TrainingExample]) -> dict[str, Any]:
        self._segmenter.fit(examples)
        return dict(self._segmenter.notes)

    def segment(self, recording: Recording) -> Sequence[Span]:
        return self._segmenter.segment(recording)


class _Own:
    """What the plugin finds without learning, in the set's labels.

    A label of the plugin stands for the one that it lies in most of its time in training.
    """

    def __init__(self, own: Prior) -> None:
        self._own, self._meaning = own, dict[tuple[str, str], tuple[str, str]]()

    def fit(self, examples: Sequence[TrainingExample]) -> dict[str, Any]:
        inside: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()
        total: Counter[tuple[str, str]] = Counter()
        for example in examples:
            for span in self._ranges(example.recording):
                total[span.tier, span.label] += span.end_us - span.start_us
                for true in example.spans:
                    shared = min(span.end_us, true.end_us) - max(span.start_us, true.start_us)
                    key = (span.tier, span.label), (true.tier, true.label)
                    inside[key] += max(0, shared)
        for (name, meaning), shared in inside.items():
            if 2 * shared > total[name]:
                self._meaning[name] = meaning
        return {}

    def segment(self, recording: Recording) -> Sequence[Span]:
        return [
            Span(span.start, span.end, meaning[1], meaning[0], span.score)
            for span in self._ranges(recording)
            if (meaning := self._meaning.get((span.tier, span.label))) is not None
        ]

    def _ranges(self, recording: Recording) -> list[Span]:
        return [span for span in self._own.segment(recording) if not span.is_instant]


class _Floor:
    """Without a look at the samples: nothing, or the usual label of each tier all the time."""

    def __init__(self, domain: Domain, always: bool) -> None:
        self._tiers, self._always, self._usual = domain.tiers, always, dict[str, str]()

    def fit(self, examples: Sequence[TrainingExample]) -> dict[str, Any]:
        for tier in self._tiers:
            total: Counter[str] = Counter()
            for span in (s for e in examples for s in e.spans if s.tier == tier.name):
                total[span.label] += span.end_us - span.start_us
            if total and total.most_common(1)[0][1]:
                self._usual[tier.name] = total.most_common(1)[0][0]
        return {}

    def segment(self, recording: Recording) -> Sequence[Span]:
        found = self._usual.items() if self._always else ()
        return [Span(0.0, recording.duration, label, tier, 0.5) for tier, label in found]


def make(
    method: str,
    domain: Domain,
    seed: int,
    epochs: int = 1000,
    budget: float = float("inf"),
    own: Prior | None = None,
) -> Method:
    """An untrained segmenter."""
    if method in ("always", "never"):
        return _Floor(domain, always=method == "always")
    if method.startswith("as-reference"):
        return _Reference(domain, seed, epochs, budget)
    if method == "lstm":
        return _Lstm(domain, seed, epochs, budget)
    if method == "own":
        return _Own(own) if own is not None else _Floor(domain, always=False)
    clock = not method.endswith("-no-clock")
    return _Learning(domain, clock, None if "alone" in method else own)


def splits_of(name: str, seed: int) -> list[sets.Split]:
    """The splits of a set for one seed; cpsc2021 has one for each patient, whatever the seed."""
    if name == "cpsc2021":
        return sets.leave_patients_out()
    made: dict[str, Callable[[int], sets.Split]] = {
        "skab": sets.skab_split,
        "imu": sets.imu_split,
        "skab-one": sets.one_skab,
        "imu-one": sets.one_imu,
    }
    return [made[name](seed)]


def learn(method: str, name: str, seed: int, budget: float) -> dict[str, Any]:
    """Trains on each split of a set and scores what was not learned from."""
    total: dict[str, Any] = {"cpu": 0.0, "wall": 0.0, "notes": []}
    counts = TierCounts()
    for split in splits_of(name, seed):
        # The first call of every library is slow, and no part of learning.
        own = split.own() if split.own is not None else None
        make(method, split.domain, seed, epochs=1, own=own).fit([_cut(split.train)])
        segmenter = make(method, split.domain, seed, budget=budget, own=own)
        cpu, wall = time.process_time(), time.perf_counter()
        total["notes"].append(segmenter.fit(split.train))
        total["cpu"] += time.process_time() - cpu
        total["wall"] += time.perf_counter() - wall
        for example in split.test:
            counts.add(_counted(example, segmenter.segment(example.recording), split.domain))
    events = [x.events for x in counts.labels.values()]
    instants = [x.instants for x in counts.labels.values()]
    return {
        **total,
        "mb": peak_mb(),
        "events": [sum(getattr(x, key) for x in events) for key in HITS],
        "instants": [sum(getattr(x, key) for x in instants) for key in HITS],
        "regions": counts.regions,
    }


HITS = ("matched", "reference", "hypothesis")


def _cut(examples: Sequence[TrainingExample]) -> TrainingExample:
    """The smallest recording that has a label, for warming up."""
    labelled = [example for example in examples if example.spans]
    return min(labelled, key=lambda e: e.recording.signals[0].sample_count)


def _counted(example: TrainingExample, found: Sequence[Span], domain: Domain) -> TierCounts:
    counts = TierCounts()
    for tier in domain.tiers:
        counts.add(
            count_tier(
                [span for span in example.spans if span.tier == tier.name],
                [span for span in found if span.tier == tier.name],
                in_microseconds(example.reviewed[tier.name]),
                to_microseconds(TOLERANCE),
            )
        )
    return counts


def peak_mb() -> float:
    """Most memory that this process ever had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def predict(method: str, rows: int, repeats: int) -> dict[str, Any]:
    """Times prediction from CSV text on: 4 channels, one tier of 4 labels."""
    whole = sets.imu(1)[0]
    domain = sets.IMU.model_copy(update={"tiers": sets.IMU.tiers[:1]})
    tier = domain.tiers[0].name
    example = TrainingExample(
        whole.recording.with_signals(whole.recording.signals[:CHANNELS]),
        [span for span in whole.spans if span.tier == tier],
        {tier: whole.reviewed[tier]},
    )
    segmenter = make(method, domain, 0, epochs=1)
    segmenter.fit([example])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        write_csv(path, example, rows)
        read = read_like_reference if method.startswith("as-reference") else read_like_tslab
        before, times, walls = peak_mb(), [], []
        if rows <= 10_000:
            segmenter.segment(read(path))  # warm
        for _ in range(repeats):
            cpu, wall = time.process_time(), time.perf_counter()
            segmenter.segment(read(path))
            times.append(time.process_time() - cpu)
            walls.append(time.perf_counter() - wall)
    return {
        "cpu": statistics.median(times),
        "wall": statistics.median(walls),
        "mb": peak_mb(),
        "mb_before": before,
    }


def write_csv(path: Path, example: TrainingExample, rows: int) -> None:
    """The example's samples over and over, with other noise, as a time column and 4 channels."""
    values = np.stack([signal.values() for signal in example.recording.signals], axis=1)
    rng = np.random.default_rng(rows)
    names = ",".join(signal.name for signal in example.recording.signals)
    with path.open("w") as file:
        file.write(f"time,{names}\n")
        for first in range(0, rows, len(values)):
            count = min(len(values), rows - first)
            block = values[:count] + 0.05 * rng.standard_normal((count, values.shape[1]))
            times = np.arange(first, first + count) / RATE
            np.savetxt(file, np.column_stack([times, block]), fmt="%.5f", delimiter=",")


def read_like_tslab(path: Path) -> Recording:
    """tslab's own reader."""
    from tslab.readers import csv

    recording = csv.read_recording(Source.open(path), ReadOptions(time_column="time"), sets.IMU)
    assert recording is not None
    return recording


def read_like_reference(path: Path) -> Recording:
    """pandas, as the reference reads a task."""
    import pandas as pd

    from tslab.recording import Signal

    frame = pd.read_csv(path)
    signals = [Signal.from_array(name, frame[name].to_numpy(), RATE) for name in frame.columns[1:]]
    return Recording("made", tuple(signals), len(frame) / RATE)


def main() -> int:
    """Runs the measurement that the first argument describes."""
    asked = json.loads(sys.argv[1])
    what = asked.pop("what")
    print(json.dumps(learn(**asked) if what == "learn" else predict(**asked)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
