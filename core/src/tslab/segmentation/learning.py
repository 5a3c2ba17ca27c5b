"""The default segmenter: window statistics and random kernels, softmax regression, Viterbi.

It learns in seconds from one marked recording or from hundreds, and needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tslab.contracts import Progress, Segmenter, TrainingExample
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.recording import Recording
from tslab.segmentation import UNTRAINED
from tslab.segmentation.chain import weights
from tslab.segmentation.chain.fitting import Material, learn_chain
from tslab.segmentation.chain.instants import Detector, learn_detector
from tslab.segmentation.chain.model import Chain, Look
from tslab.segmentation.chain.plans import base_rate, instant_plan, range_plan
from tslab.segmentation.chain.regions import Placement, instant_spans, range_spans
from tslab.segmentation.chain.targets import Task, tasks_of
from tslab.segmentation.chain.typicality import Memory, place_in_model
from tslab.segmentation.features.grid import Float64, Grid, channel_key, make_grid
from tslab.segmentation.features.hints import NAMED, Hints, refuse_other
from tslab.segmentation.features.rhythm import usual_period
from tslab.segmentation.features.threads import one_thread
from tslab.spans import Span, sort_key

SEED = 20


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that was learned.

    Attributes:
        channels: Keys of the channels, in the order of the grid's rows.
        rate: Cells a second.
        parts: Chains and detectors.
        prior: Version of the domain's own segmenter that a part looks at, "" if none does.
    """

    channels: tuple[str, ...]
    rate: float
    parts: tuple[Chain | Detector, ...]
    prior: str = ""

    def settings(self) -> weights.ModelSettings:
        """What is no array."""
        parts = [weights.split(part)[0] for part in self.parts]
        layouts = weights.layouts_of(self.parts)
        names = list(self.channels)
        return weights.ModelSettings(weights.FORMAT, names, self.rate, parts, self.prior, layouts)

    def arrays(self) -> list[weights.Arrays]:
        """The arrays of every part."""
        return [weights.split(part)[1] for part in self.parts]


class LearningSegmenter:
    """Learns labels from examples and finds them elsewhere.

    Args:
        domain: The effective domain.
        seed: Of the random kernels.
    """

    def __init__(self, domain: Domain, seed: int = SEED) -> None:
        self._domain = domain
        self._seed = seed
        self._model: Model | None = None
        self._prior: Segmenter | None = None
        self._version = UNTRAINED
        self._memory = Memory()

    @property
    def version(self) -> str:
        """A short hash of what was learned."""
        return self._version

    def guide(self, prior: Segmenter) -> None:
        """Takes the domain's own segmenter, whose spans may help."""
        self._prior = prior

    @property
    def kinds(self) -> Mapping[tuple[str, str], bool]:
        """Whether a label was one of instants when it was learned, by tier and label."""
        parts = self._model.parts if self._model else ()
        chains = [part for part in parts if isinstance(part, Chain)]
        found = {(part.tier, label): False for part in chains for label in part.labels}
        points = [part for part in parts if not isinstance(part, Chain)]
        return found | {(part.tier, part.label): True for part in points}

    @property
    def channels(self) -> tuple[str, ...]:
        """Keys of the channels that the model looks at."""
        return self._model.channels if self._model else ()

    def fit(self, examples: Sequence[TrainingExample], progress: Progress) -> Mapping[str, object]:
        """Learns from scratch.

        Args:
            examples: At least one with reviewed time.
            progress: Told about long work.

        Returns:
            What was chosen, for the model card.

        Raises:
            DataError: There is nothing to learn from.
        """
        usable = [e for e in examples if any(e.reviewed.values()) and _measured(e.recording)]
        usable.sort(key=lambda example: example.recording.id)
        tasks = tasks_of(self._domain, usable)
        _refuse_nothing(examples, usable, tasks)
        with one_thread():
            return self._fit(usable, tasks, progress)

    def _fit(
        self, usable: Sequence[TrainingExample], tasks: Sequence[Task], progress: Progress
    ) -> Mapping[str, object]:
        rate = base_rate(usable)
        names = {channel_key(s.name, self._domain) for e in usable for s in e.recording.signals}
        channels = tuple(sorted(names))
        material = []
        for number, example in enumerate(usable):
            progress(0.3 * number / len(usable), f"reading {example.recording.id}")
            grid = make_grid(example.recording, channels, rate, self._domain)
            grid = self._hinted(grid, example.recording)
            material.append(Material(example, grid))
        period = usual_period([part.grid for part in material])
        parts: list[Chain | Detector] = []
        notes: dict[str, object] = {"channels": list(channels), "rate": rate, "seed": self._seed}
        for number, task in enumerate(tasks):
            name = f"{task.tier}: {', '.join(task.labels)}"
            progress(0.3 + 0.7 * number / len(tasks), f"learning {name}")
            part, notes[name] = self._learn(task, material, rate, period)
            parts.append(part)
        looked = any(part.scorer.plan.layout is not None for part in parts)
        prior = self._prior.version if self._prior is not None else ""
        if prior:
            notes[NAMED] = prior
        self._use(Model(channels, rate, tuple(parts), prior if looked else ""))
        progress(1.0, "done")
        return notes

    def _learn(
        self, task: Task, material: Sequence[Material], rate: float, period: int
    ) -> tuple[Chain | Detector, Mapping[str, object]]:
        own = [part for part in material if part.example.reviewed.get(task.tier)]
        examples = [part.example for part in own]
        if task.instants:
            return learn_detector(task, own, instant_plan(task, examples, rate), self._seed)
        plan = range_plan(task, examples, rate, period, self._domain)
        return learn_chain(task, own, plan, self._seed)

    def _use(self, model: Model) -> None:
        self._version = weights.digest(model.settings(), model.arrays())
        self._model = model
        self._memory = Memory()

    def segment(self, recording: Recording) -> Sequence[Span]:
        """Spans with scores, sorted by time.

        Raises:
            DataError: Nothing was learned yet.
        """
        model = self._learned()
        if not _measured(recording):
            return []
        with one_thread():
            grid, looks = self._looks(model, recording)
            placement = Placement.of(recording)
            spans = [
                span
                for part, look in zip(model.parts, looks, strict=True)
                for span in self._spans(part, grid, look, placement)
            ]
        self._memory.keep(recording, place_in_model(looks))
        return sorted(spans, key=sort_key)

    def _hinted(self, grid: Grid, recording: Recording) -> Grid:
        """The grid with what the domain's own segmenter finds, as far as it can."""
        if self._prior is None:
            return grid
        try:
            return replace(grid, hints=Hints.of(self._prior.segment(recording)))
        except DataError:
            return grid  # whoever handed the segmenter in tells people

    def place(self, recording: Recording) -> Float64:
        """Where the recording lies among others, ``(features,)``; NaN if it has no samples.

        Raises:
            DataError: Nothing was learned yet.
        """
        model = self._learned()
        if not _measured(recording):
            return np.full(1, np.nan)
        known = self._memory.of(recording)
        if known is None:
            with one_thread():
                known = place_in_model(self._looks(model, recording)[1])
            self._memory.keep(recording, known)
        return known

    def _looks(self, model: Model, recording: Recording) -> tuple[Grid, list[Look]]:
        grid = make_grid(recording, model.channels, model.rate, self._domain)
        grid = self._hinted(grid, recording) if model.prior else grid
        return grid, [part.scorer.look(grid) for part in model.parts]

    def _learned(self) -> Model:
        if self._model is None:
            raise DataError("the segmenter has not learned yet", "Train it first: tslab train.")
        return self._model

    def _spans(
        self, part: Chain | Detector, grid: Grid, look: Look, placement: Placement
    ) -> list[Span]:
        tier = next((t for t in self._domain.tiers if t.name == part.tier), None)
        if tier is None:
            return []
        if isinstance(part, Chain):
            return range_spans(part, grid, look, placement, tier)
        return instant_spans(part, grid, look, placement, tier)

    def save(self, folder: Path) -> None:
        """Writes the model into a folder.

        Raises:
            DataError: Nothing was learned yet.
        """
        if self._model is None:
            raise DataError("the segmenter has nothing to save", "Train it first: tslab train.")
        weights.write(folder, self._model.settings(), self._model.arrays())

    def load(self, folder: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: A file is missing, damaged or was tampered with, or the model looks at
                another version of the domain's own segmenter than there is.
        """
        settings, arrays = weights.read(folder)
        present = self._prior.version if self._prior is not None and settings.prior else ""
        if settings.prior != present:
            refuse_other(settings.prior, present)
        parts = weights.parts_of(settings, arrays)
        self._use(Model(tuple(settings.channels), settings.rate, parts, settings.prior))


def _measured(recording: Recording) -> bool:
    return recording.duration > 0 and any(s.sample_count for s in recording.signals)


def _refuse_nothing(
    examples: Sequence[TrainingExample], usable: Sequence[TrainingExample], tasks: Sequence[Task]
) -> None:
    if not examples or not any(any(e.reviewed.values()) for e in examples):
        raise DataError("no time was reviewed, so there is nothing to learn", "Submit a task.")
    if not usable:
        raise DataError("no reviewed recording has samples", "Add recordings that can be read.")
    if not tasks:
        raise DataError(
            "no label was used in the reviewed time", "Mark at least one region, then train."
        )
