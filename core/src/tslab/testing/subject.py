"""What the contract test looks at: one loaded domain with its sample recordings."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NoReturn

from tslab.annotation import Annotation
from tslab.contracts import SampleRecording, Segmenter, SegmenterSpec
from tslab.domain import View
from tslab.errors import TslabError
from tslab.plugin_manager import PluginEntry, find_domain, load_entry
from tslab.preparation.stitching import with_ids
from tslab.project import Project
from tslab.recording import Recording
from tslab.settings import Settings
from tslab.spans import Span
from tslab.task import Task

MOST_SAMPLES = 3
"""Sample recordings that the slow checks look at."""


class ContractFailure(AssertionError):  # noqa: N818 - not a defect of the test: a finding
    """A promise of the contract that the plugin does not keep.

    Args:
        message: What is wrong, naming the thing.
        remedy: What the plugin's author can do.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}. {remedy}" if remedy else message)
        self.message = " ".join(message.split())
        self.remedy = " ".join(remedy.split())


def expect(condition: object, message: str, remedy: str = "") -> None:
    """Fails the check unless the condition holds.

    Raises:
        ContractFailure: It does not hold.
    """
    if not condition:
        raise ContractFailure(message, remedy)


def not_applicable(reason: str) -> NoReturn:
    """Ends a check that has nothing to look at; pytest shows it as skipped."""
    raise unittest.SkipTest(reason)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample recording as `add` would prepare it.

    Attributes:
        given: What the plugin, or tslab for it, generated.
        recording: With an id, channels mapped and derived.
        tasks: Its tasks, in the order in which they came.
    """

    given: SampleRecording
    recording: Recording
    tasks: tuple[Task, ...]

    @property
    def truth(self) -> list[Span]:
        """The exact spans, each with an id."""
        return with_ids(self.given.truth, self.recording.id)

    def tasks_of(self, view: str) -> list[Task]:
        """Tasks of one view, sorted by time."""
        return sorted((t for t in self.tasks if t.view == view), key=lambda t: t.start_us)

    def annotation(self, view: View, spans: Sequence[Span]) -> Annotation:
        """What an annotator would have left of the view's tiers, having seen everything."""
        return Annotation(
            recording=self.recording.id,
            annotator="annotator-1",
            spans=[span for span in spans if span.tier in view.tiers],
            view=view.name,
            extents=((0.0, self.recording.duration),),
        )


class Subject:
    """One loaded domain; whatever is slow is made once.

    Attributes:
        entry: Where the domain comes from.
        plugins: Its plugins.
        domain: What it declares.
    """

    def __init__(self, entry: PluginEntry) -> None:
        self.entry = entry
        self.plugins, self.domain = load_entry(entry)
        self._spans: dict[tuple[str, str], list[Span]] = {}

    @cached_property
    def project(self) -> Project:
        """A project that has no folder: channels are mapped and files read as `add` does it."""
        return Project(Path(), Settings(domain=self.domain.name), self.plugins, self.domain)

    def given_samples(self) -> list[SampleRecording]:
        """The plugin's sample recordings, made anew; tslab's synthetic one if it has none."""
        from tslab.testing.synthetic import synthetic_recording

        found = self.plugins.sample_recordings(self.domain)
        return found or [synthetic_recording(self.domain, seed=1)]

    @cached_property
    def samples(self) -> list[Sample]:
        """The sample recordings, prepared and cut into tasks."""
        return [self.prepared(given) for given in self.given_samples()]

    def prepared(self, given: SampleRecording) -> Sample:
        """A recording with an id, mapped and derived channels, and its tasks."""
        named = replace(given.recording, id=f"rec-{given.name}", identity={})
        recording = self.project.prepare(named, given.name)
        tasks = tuple(self.plugins.make_tasks(recording, self.domain))
        return Sample(given, recording, tasks)

    @property
    def views(self) -> tuple[View, ...]:
        """The domain's views."""
        return self.domain.views

    def segmenters(self) -> list[tuple[SegmenterSpec, Segmenter]]:
        """Segmenters that need no training; all but the first may lack an extra."""
        made = self._made([spec for spec in self._specs if not spec.trainable])
        if not made:
            not_applicable("the domain offers no segmenter of its own")
        return made

    def trainable(self) -> list[tuple[SegmenterSpec, Segmenter]]:
        """Segmenters that learn, as far as they can be made here."""
        return self._made([spec for spec in self._specs if spec.trainable])

    def all_segmenters(self) -> list[tuple[SegmenterSpec, Segmenter]]:
        """Both kinds, as far as they can be made here."""
        return self._made(self._specs)

    @cached_property
    def _specs(self) -> list[SegmenterSpec]:
        return self.plugins.segmenters(self.domain)

    def _made(self, specs: Sequence[SegmenterSpec]) -> list[tuple[SegmenterSpec, Segmenter]]:
        made = []
        for spec in specs:
            try:
                made.append((spec, self.create(spec)))
            except TslabError:
                if spec is self._specs[0]:
                    raise
        return made

    def create(self, spec: SegmenterSpec) -> Segmenter:
        """A segmenter of a spec; what goes wrong is blamed on its plugin."""
        with self.plugins.calling(spec, f"segmenter '{spec.name}', creating"):
            return spec.create(self.domain)

    def segmented(self, spec: SegmenterSpec, segmenter: Segmenter, sample: Sample) -> list[Span]:
        """What a segmenter finds in a sample."""
        key = (spec.name, sample.given.name)
        if key not in self._spans:
            with self.plugins.calling(spec, f"segmenter '{spec.name}', segmenting"):
                self._spans[key] = list(segmenter.segment(sample.recording))
        return self._spans[key]


class WithSubject:
    """What every group of checks shares.

    Attributes:
        domain: Name of the domain; its plugin must be installed.
        entry: Its entry point, for one that is not installed.
    """

    domain: ClassVar[str] = ""
    entry: ClassVar[PluginEntry | None] = None
    _subject: ClassVar[Subject | None] = None

    @classmethod
    def subject(cls) -> Subject:
        """The domain, loaded once for each test class.

        Raises:
            PluginError: The plugin is missing or broken.
        """
        if cls.__dict__.get("_subject") is None:
            cls._subject = Subject(cls.entry or find_domain(cls.domain))
        subject = cls._subject
        if subject is None:
            raise ContractFailure("no domain was loaded", "Set the class attribute 'domain'.")
        return subject
