"""One training of one Label Studio project, judged against what serves it at present."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.segmentation.models.choosing import segment_views
from tslab.segmentation.models.promotion import Standing, Verdict
from tslab.segmentation.models.train_run import Options, Shelf, standing_model, train

if TYPE_CHECKING:
    from tslab.backend.models import Model, Models, Subject
    from tslab.backend.study import Study
    from tslab.contracts import Progress
    from tslab.recording import Recording
    from tslab.segmentation.examples.training_set import TrainingSet
    from tslab.spans import Span

FOLDS = {"learning": 3, "lstm": 2}
"""Folds of the evaluation: enough to judge by, few enough to be quick."""


@dataclass(frozen=True, slots=True)
class Training:
    """What is trained.

    Attributes:
        models: What serves, and where models are stored.
        project: Label Studio's id.
        subject: Domain and segmenters.
        segmenter: Name of what is trained.
        study: The project folder of tslab's own projects, None for others.
    """

    models: Models
    project: int
    subject: Subject
    segmenter: str
    study: Study | None

    def run(self, data: TrainingSet, progress: Progress) -> tuple[str, Verdict]:
        """Trains, stores, and promotes what is no worse; the version and why.

        Raises:
            DataError: There is nothing to learn from.
            ProjectError: The model cannot be written.
        """
        store, subject = self.models.store, self.subject
        specs = list(subject.specs.values())
        shelf = Shelf(store, self.project, subject.domain, specs, self._standing)
        options = Options(FOLDS.get(self.segmenter, 3), judge_again=True)
        trained = train(data, subject.specs[self.segmenter], shelf, options, progress)
        verdict, version = trained.verdict, trained.card.version
        if verdict.promote:
            store.promote(self.project, version)
        return version, verdict

    def _standing(self) -> Standing | None:
        """What serves a project without a model of its own.

        It may be the study's model or the domain's own segmenter, which may do well already: one
        annotation must not replace it by something worse.
        """
        model = self.models.serving(self.project, self.subject)
        if model.segmenter is None:
            return None
        segment = self._segment_by(model)
        for holder in (self.project, 0):
            if model.version in {card.version for card in self.models.store.cards(holder)}:
                return standing_model(self.models.store, holder, model.version, segment)
        return Standing(model.version, segment)

    def _segment_by(self, model: Model) -> Callable[[Recording], Sequence[Span]]:
        study, segmenter = self.study, model.segmenter

        def segment(recording: Recording) -> Sequence[Span]:
            assert segmenter is not None  # noqa: S101 - asked for a standing one only
            if study is None:
                return segmenter.segment(recording)
            return segment_views(study.project, segmenter, recording)

        return segment
