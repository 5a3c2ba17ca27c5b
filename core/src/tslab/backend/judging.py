"""One training of one Label Studio project, judged against what serves it at present."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tslab.contracts import PredictRequest
from tslab.segmentation.evaluation import score, score_trials
from tslab.segmentation.promotion import TOLERANCE, Verdict, no_worse
from tslab.segmentation.report_text import figure
from tslab.segmentation.train_run import Options, Shelf, Trained, train

if TYPE_CHECKING:
    from tslab.backend.models import Model, Models, Subject
    from tslab.backend.study import Study
    from tslab.contracts import Progress
    from tslab.recording import Recording
    from tslab.segmentation.model_card import ModelCard
    from tslab.segmentation.training_set import TrainingSet
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
        shelf = Shelf(store, self.project, subject.domain, list(subject.specs.values()))
        first = not store.current(self.project)
        options = Options(FOLDS.get(self.segmenter, 3), False if first else None)
        trained = train(data, subject.specs[self.segmenter], shelf, options, progress)
        verdict, version = trained.verdict, trained.card.version
        if version == store.current(self.project):
            return version, verdict
        if first or not trained.is_new:
            verdict = self._against_the_standing(trained, data)
        if verdict.promote:
            store.promote(self.project, version)
        return version, verdict

    def _against_the_standing(self, trained: Trained, data: TrainingSet) -> Verdict:
        """Compares with what serves a project that has no model of its own, or had a crash.

        The rule of `no_worse` knows models only; here the domain's own segmenter, or the study's
        model, may do well already, and one annotation must not replace it by something worse.
        """
        standing = self.models.serving(self.project, self.subject)
        if standing.segmenter is None:
            return Verdict(True, "it is the first model")
        card = self._card_of(standing)
        domain = self.subject.domain
        segment = self._segment_by(standing)
        if card is not None:
            report = trained.report or score_trials([], domain)
            return no_worse(trained.card, card, report, segment, domain)
        predicted = {e.recording.id: segment(e.recording) for e in data.examples}
        ours = trained.card.scores.get("overall")
        theirs = score(data.examples, predicted, domain).scores["overall"]
        figures = f"{figure(ours)} against {figure(theirs)}"
        figures = f"'{standing.version}': {_figure(ours)} against {_figure(theirs)}"
        if theirs is None or (ours is not None and ours >= theirs - TOLERANCE):
            return Verdict(True, f"it is no worse than {figures}")
        return Verdict(False, f"it is worse than {figures}")

    def _card_of(self, model: Model) -> ModelCard | None:
        for holder in (self.project, 0):
            for card in self.models.store.cards(holder):
                if card.version == model.version:
                    return card
        return None

    def _segment_by(self, model: Model) -> Callable[[Recording], Sequence[Span]]:
        domain, study, segmenter = self.subject.domain, self.study, model.segmenter

        def segment(recording: Recording) -> Sequence[Span]:
            assert segmenter is not None  # noqa: S101 - asked for a standing one only
            if study is None:
                return segmenter.segment(recording)
            found: list[Span] = []
            seen: set[str] = set()
            for view in domain.views:
                request = PredictRequest(view=view.name)
                answer = study.project.plugins.predict(segmenter, recording, domain, request)
                found += [span for span in answer if span.tier not in seen]
                seen |= set(view.tiers)
            return found

        return segment


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
