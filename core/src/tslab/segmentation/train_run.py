"""One training from examples to a stored, judged model; `tslab train` and the backend share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tslab import files
from tslab.errors import DataError
from tslab.segmentation.choosing import maker, open_model
from tslab.segmentation.clock import clock_note
from tslab.segmentation.evaluation import Tolerances, cross_validate
from tslab.segmentation.folds import FOLDS
from tslab.segmentation.model_card import ModelCard, describe
from tslab.segmentation.model_damage import promoted
from tslab.segmentation.prior import own_prior, prior_note
from tslab.segmentation.promotion import Verdict, no_worse
from tslab.segmentation.report_page import page

if TYPE_CHECKING:
    from tslab.contracts import Progress, SegmenterSpec, TrainableSegmenter
    from tslab.domain import Domain
    from tslab.recording import Recording
    from tslab.segmentation.model_store import ModelStore
    from tslab.segmentation.report import Report
    from tslab.segmentation.training_set import TrainingSet
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
    """

    folds: int = FOLDS
    promote: bool | None = None
    tolerances: Tolerances = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left.

    Attributes:
        card: As it is stored.
        report: Held-out figures; None where nothing was evaluated.
        verdict: Whether it may be promoted, and why; the caller does it.
        is_new: False if a model of that version was there before; then nothing was written.
    """

    card: ModelCard
    report: Report | None
    verdict: Verdict
    is_new: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a model goes, and what it may be compared with.

    Attributes:
        store: Where models are.
        number: Of the Label Studio project, 0 for the study's own.
        domain: The effective domain.
        specs: All segmenters: the current model may be of another kind.
    """

    store: ModelStore
    number: int
    domain: Domain
    specs: Sequence[SegmenterSpec]


def train(
    data: TrainingSet, spec: SegmenterSpec, shelf: Shelf, options: Options, progress: Progress
) -> Trained:
    """Learns from all examples, evaluates by folds, stores the model, and judges it.

    It does not promote the model: the caller does, where the verdict says so.

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
    if known is not None:
        return Trained(known, None, _repeated(shelf, version, options), is_new=False)

    def told(done: float, text: str) -> None:
        progress(share + done * (1 - share), text)

    report = _evaluated(data, create, shelf.domain, options, told) if options.folds else None
    failed = prior.notes() if prior is not None else []
    if report:
        said = [note for note in (clock_note(notes), prior_note(notes)) if note]
        report = replace(report, notes=[*report.notes, *said])
    card = describe(
        (spec.name, segmenter.version),
        data.examples,
        (shelf.domain.name, data.data_hash, [*data.left_out, *failed]),
        notes,
        report.scores if report else {},
        time.monotonic() - began,
    )
    extra = {}
    if report:
        extra[REPORT] = files.json_bytes(report.document())
        extra[PAGE] = page(report, f"{shelf.domain.title}: {version}", card)
    # Judging takes a while: whoever interrupts it finds no model that nobody judged.
    verdict = _verdict(shelf, card, report, options)
    stored = shelf.store.save(shelf.number, segmenter, card, extra)
    return Trained(stored, report, verdict, is_new=True)


def _evaluated(
    data: TrainingSet,
    create: Callable[[], TrainableSegmenter],
    domain: Domain,
    options: Options,
    progress: Progress,
) -> Report:
    given = options.tolerances
    return cross_validate(data.examples, domain, create, options.folds, progress, given)


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


def _repeated(shelf: Shelf, version: str, options: Options) -> Verdict:
    if shelf.store.current(shelf.number) == version:
        return Verdict(False, "nothing new to learn: it is the current model already")
    if options.promote:
        return Verdict(True, "nothing new to learn, but you said so")
    return Verdict(False, "nothing new to learn: a model of that version is stored already")


def _verdict(shelf: Shelf, new: ModelCard, report: Report | None, options: Options) -> Verdict:
    if options.promote is not None:
        return Verdict(options.promote, "you said so")
    try:
        current = promoted(shelf.store, shelf.number)
        if not current:
            return no_worse(new, None, report, lambda _: (), shelf.domain)
        old = open_model(shelf.store, shelf.number, current, shelf.specs, shelf.domain)
        card = shelf.store.card(shelf.number, current)
    except DataError as error:
        return Verdict(True, f"the current model cannot be used: {error}")

    def segment_old(recording: Recording) -> Sequence[Span]:
        return old.segment(recording)

    return no_worse(new, card, report, segment_old, shelf.domain, options.tolerances)
