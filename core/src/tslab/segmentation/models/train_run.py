"""One training from examples to a stored, judged model; `tslab train` and the backend share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tslab import files
from tslab.errors import DataError
from tslab.segmentation.chain.prior import own_prior, prior_note
from tslab.segmentation.evaluation.fold_predictions import held_out_files, read_held_out, trials_of
from tslab.segmentation.evaluation.report_page import page
from tslab.segmentation.evaluation.scores import Tolerances, cross_validate
from tslab.segmentation.examples.folds import FOLDS
from tslab.segmentation.features.clock import clock_note
from tslab.segmentation.models.card import ModelCard, describe
from tslab.segmentation.models.choosing import maker, open_model
from tslab.segmentation.models.damage import promoted
from tslab.segmentation.models.promotion import Standing, Verdict, no_worse

if TYPE_CHECKING:
    from tslab.contracts import Progress, SegmenterSpec, TrainableSegmenter
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.segmentation.evaluation.report import Report, Trial
    from tslab.segmentation.examples.training_set import TrainingSet
    from tslab.segmentation.models.store import ModelStore
    from tslab.spans import Span

REPORT = "report.json"
PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Options:
    """How to train.

    Attributes:
        folds: Folds of the evaluation, 2 or more; 0 does not evaluate.
        promote: True or False decides; None asks `no_worse`.
        tolerances: See `score`.
        judge_again: Whether a stored version that does not serve is judged once more, because the
            process that made it may have ended before it could.
    """

    folds: int = FOLDS
    promote: bool | None = None
    tolerances: Tolerances = field(default_factory=dict)
    judge_again: bool = False

    @property
    def measured(self) -> dict[str, object]:
        """What the card keeps of them: other options are another measurement."""
        return {"folds": self.folds, "tolerances": dict(self.tolerances)} if self.folds else {}


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left.

    Attributes:
        card: As it is stored.
        report: Held-out figures; None where nothing was evaluated.
        verdict: Whether it may be promoted, and why; the caller does it.
        is_new: False if a model of that version was there before; of it at most the report is new.
    """

    card: ModelCard
    report: Report | None
    verdict: Verdict
    is_new: bool


def nothing() -> Standing | None:
    """Nothing serves where there is no model."""
    return None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a model goes, and what it may be compared with.

    Attributes:
        store: Where models are.
        number: Of the Label Studio project, 0 for the study's own.
        domain: The effective domain.
        specs: All segmenters: the current model may be of another kind.
        otherwise: What serves while the project has no model: the domain's own segmenter, say.
        writing: Entered while the model is written.
    """

    store: ModelStore
    number: int
    domain: Domain
    specs: Sequence[SegmenterSpec]
    otherwise: Callable[[], Standing | None] = nothing
    writing: Callable[[], AbstractContextManager[object]] = nullcontext


def train(
    data: TrainingSet, spec: SegmenterSpec, shelf: Shelf, options: Options, progress: Progress
) -> Trained:
    """Learns from all examples, evaluates by folds, stores the model, and judges it.

    It does not promote the model: the caller does, where the verdict says so. A version that is
    stored already is measured again only if the options ask for another measurement.

    Args:
        data: What to learn from.
        spec: What to train.
        shelf: Where the model goes.
        options: How.
        progress: Told about all of it.

    Raises:
        DataError: There is nothing to learn from.
        ProjectError: The model cannot be written.
    """
    if not data.examples:
        raise DataError("there is no reviewed time to learn from", _why_nothing(data))
    began = time.monotonic()
    # Folds ask it again about the same recordings.
    prior = own_prior(shelf.specs, shelf.domain, remember=True)
    create = maker(spec, shelf.domain, prior)
    segmenter = create()
    # Folds learn a little less than everything each, so the whole is one of folds + 1 shares.
    share = 1 / (options.folds + 1)
    notes = segmenter.fit(data.examples, lambda done, text: progress(done * share, text))
    version = f"{spec.name} {segmenter.version}"
    known = _known(shelf, version)
    if known is not None and (not options.folds or known.measured == options.measured):
        kept = _kept_trials(data, shelf, known)
        return Trained(known, None, _repeated(shelf, known, options, kept), is_new=False)

    def told(done: float, text: str) -> None:
        progress(share + done * (1 - share), text)

    report = _evaluated(data, create, shelf.domain, options, told) if options.folds else None
    if report:
        said = [note for note in (clock_note(notes), prior_note(notes)) if note]
        report = replace(report, notes=[*report.notes, *said])
    failed = prior.notes() if prior is not None else []
    card = describe(
        (spec.name, segmenter.version),
        data.examples,
        (shelf.domain.name, data.data_hash, [*data.left_out, *failed]),
        notes,
        report.scores if report else {},
        time.monotonic() - began,
    )
    card = replace(card, measured=options.measured)
    # Judging takes a while: whoever interrupts it finds no model that nobody judged.
    trials = report.trials if report else None
    judge = _verdict if known is None else _repeated
    verdict = judge(shelf, card, options, trials)
    extra = _extra(report, shelf.domain, card)
    with shelf.writing():
        stored = shelf.store.save(shelf.number, segmenter, card, extra, anew=known is not None)
    return Trained(stored, report, verdict, is_new=known is None)


def _evaluated(
    data: TrainingSet,
    create: Callable[[], TrainableSegmenter],
    domain: Domain,
    options: Options,
    progress: Progress,
) -> Report:
    given = options.tolerances
    return cross_validate(data.examples, domain, create, options.folds, progress, given)


def _extra(report: Report | None, domain: Domain, card: ModelCard) -> dict[str, bytes]:
    """Files beside the model's own."""
    if report is None:
        return {}
    return {
        REPORT: files.json_bytes(report.document()),
        PAGE: page(report, f"{domain.title}: {card.version}", card),
        **held_out_files(report.trials),
    }


def _why_nothing(data: TrainingSet) -> str:
    more = f" (and {len(data.left_out) - 3} more)" if len(data.left_out) > 3 else ""
    reasons = "; ".join(data.left_out[:3])
    return f"Left out: {reasons}{more}" if reasons else "Annotate a task, then: tslab pull"


def _known(shelf: Shelf, version: str) -> ModelCard | None:
    """The card of a version that is stored and whole."""
    if version not in {card.version for card in shelf.store.cards(shelf.number)}:
        return None
    try:
        return shelf.store.check(shelf.number, version)
    except DataError:
        return None  # damaged: `save` replaces it


def _kept_trials(data: TrainingSet, shelf: Shelf, card: ModelCard) -> list[Trial] | None:
    if not card.scores:
        return None
    return trials_of(read_held_out(shelf.store.folder(shelf.number, card.version)), data.examples)


def _repeated(
    shelf: Shelf, card: ModelCard, options: Options, trials: Sequence[Trial] | None
) -> Verdict:
    """About a version that was stored before."""
    if shelf.store.current(shelf.number) == card.version:
        return Verdict(False, "nothing new to learn: it is the current model already")
    if options.promote:
        return Verdict(True, "nothing new to learn, but you said so")
    if options.judge_again:
        return _verdict(shelf, card, options, trials)
    return Verdict(False, "nothing new to learn: a model of that version is stored already")


def _verdict(
    shelf: Shelf, new: ModelCard, options: Options, trials: Sequence[Trial] | None
) -> Verdict:
    if options.promote is not None:
        return Verdict(options.promote, "you said so")
    try:
        old = _standing(shelf)
    except DataError as error:
        return Verdict(True, f"the current model cannot be used: {error}")
    return no_worse(new, old, trials, shelf.domain, options.tolerances)


def _standing(shelf: Shelf) -> Standing | None:
    """What serves the project.

    Raises:
        DataError: Its promoted model cannot be used.
    """
    current = promoted(shelf.store, shelf.number)
    if not current:
        return shelf.otherwise()
    old = open_model(shelf.store, shelf.number, current, shelf.specs, shelf.domain)
    return standing_model(shelf.store, shelf.number, current, old.segment)


def standing_model(
    store: ModelStore,
    number: int,
    version: str,
    segment: Callable[[Recording], Sequence[Span]],
) -> Standing:
    """A stored model as what serves.

    Args:
        store: Where it is.
        number: Whose model it is.
        version: Of the model; its files were compared with its card.
        segment: What it predicts.
    """
    kept = read_held_out(store.folder(number, version))
    return Standing(version, segment, store.card(number, version), kept)
