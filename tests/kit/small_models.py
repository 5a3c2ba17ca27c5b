"""A small domain, recordings of it, and a segmenter that learns a little."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tslab.annotation import Annotation
from tslab.contracts import Progress, TrainingExample
from tslab.domain import Domain, Label, Tier
from tslab.errors import DataError
from tslab.recording import Recording, Signal
from tslab.segmentation.evaluation.report import Report, TierScore
from tslab.spans import Span

DOMAIN = Domain(
    name="toy",
    title="Toy",
    tiers=(
        Tier(name="state", kind="states", labels=(Label(name="Up"), Label(name="Down"))),
        Tier(name="event", kind="intervals", labels=(Label(name="Leak"), Label(name="Blip"))),
        Tier(name="beat", kind="instants", labels=(Label(name="N"), Label(name="V"))),
    ),
    open_channels=True,
)


class LevelSegmenter:
    """Learns the mean level of each state from samples; says nothing about other tiers."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.levels: dict[str, float] = {}

    @property
    def version(self) -> str:
        if not self.levels:
            return "untrained"
        return "-".join(f"{k}{round(1000 * v)}" for k, v in sorted(self.levels.items()))

    def fit(self, examples: Sequence[TrainingExample], progress: Progress) -> Mapping[str, object]:
        found: dict[str, list[float]] = {}
        for number, example in enumerate(examples):
            progress(number / len(examples), f"reading {example.recording.id}")
            for span in example.spans:
                if span.tier == "state":
                    values = example.recording.signals[0].read(span.start, span.end)[1]
                    found.setdefault(span.label, []).extend(values.tolist())
        if not found:
            raise DataError("nothing is labelled", "Label something.")
        self.levels = {k: float(np.nanmean(v)) for k, v in found.items()}
        return {"levels": len(self.levels)}

    def segment(self, recording: Recording) -> Sequence[Span]:
        if not self.levels:
            raise DataError("this segmenter has not learned yet", "Run: tslab train")
        signal = recording.signals[0]
        values = signal.values()
        names = sorted(self.levels)
        distances = np.abs(values[:, None] - np.array([self.levels[k] for k in names]))
        near = np.where(distances.min(axis=1) < 0.5, distances.argmin(axis=1), -1)
        cuts = [0, *(np.flatnonzero(np.diff(near)) + 1).tolist(), len(near)]
        return [
            Span(a / signal.sampling_rate, b / signal.sampling_rate, names[near[a]], "state", 0.9)
            for a, b in itertools.pairwise(cuts)
            if b > a and near[a] >= 0
        ]

    def save(self, folder: Path) -> None:
        (folder / "levels.json").write_text(json.dumps(self.levels))

    def load(self, folder: Path) -> None:
        self.levels = json.loads((folder / "levels.json").read_text())


def made(key: str = "r1", seconds: float = 60.0, seed: int = 0, **metadata: str) -> Recording:
    """A recording at 10 Hz: level 1 in its second quarter, level 2 in its last, else 0."""
    count = round(seconds * 10)
    values = np.random.default_rng(seed).normal(0, 0.05, count)
    values[count // 4 : count // 2] += 1
    values[3 * count // 4 :] += 2
    signal = Signal.from_array("x", values, 10.0)
    return Recording(key, [signal], count / 10, metadata=metadata)


def truth(seconds: float = 60.0) -> list[Span]:
    """What `made` holds."""
    quarter = seconds / 4
    return [
        Span(quarter, 2 * quarter, "Up", "state"),
        Span(3 * quarter, seconds, "Down", "state"),
    ]


def example(key: str = "r1", seed: int = 0, **metadata: str) -> TrainingExample:
    return TrainingExample(made(key, seed=seed, **metadata), truth(), {"state": [(0.0, 60.0)]})


def says(
    who: str, spans: Sequence[Span], *, key: str = "r1", extents: object = None, **more: object
) -> Annotation:
    """An annotation of the whole recording unless told otherwise."""
    given = ((0.0, 60.0),) if extents is None else extents
    return replace(Annotation(key, who, list(spans), extents=given), **more)  # type: ignore[arg-type]


def known(*spans: Span, reviewed: Mapping[str, Sequence[tuple[float, float]]]) -> TrainingExample:
    return TrainingExample(made(), sorted(spans, key=lambda s: s.start), reviewed)


def tier(report: Report, name: str) -> TierScore:
    return next(item for item in report.tiers if item.tier == name)
