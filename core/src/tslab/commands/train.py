"""tslab train: a segmenter that learned from the annotations of this study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tslab.commands.named_numbers import read_tolerances, tolerance_option
from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from tslab.contracts import SegmenterSpec
    from tslab.project import Project
    from tslab.segmentation.examples.training_set import TrainingSet
    from tslab.segmentation.models.train_run import Shelf, Trained


@click.command("train", help="Train a segmenter on the pulled annotations, and say how good it is.")
@click.option("--segmenter", "name", default="", metavar="NAME", help="learning or lstm.")
@click.option("--folds", default=5, metavar="N", type=click.IntRange(2, 100), help="Folds.")
@click.option("--no-evaluate", is_flag=True, help="Do not measure on held-out recordings.")
@click.option(
    "--promote/--keep",
    "promote",
    default=None,
    help="Whether it serves from now on; without either it does if it is no worse.",
)
@tolerance_option()
@shared_options
def command(
    output: Output,
    name: str,
    folds: int,
    no_evaluate: bool,
    promote: bool | None,
    tolerances: tuple[str, ...],
) -> int:
    """Writes models/project_0/VERSION/ with model card and report.

    A model that is worse than the current one is kept but does not serve; that is no error.
    """
    from tslab.segmentation.models.choosing import OWN
    from tslab.segmentation.models.train_run import Options, train

    # A training takes minutes, and pull and predict need not wait for it: what is learned from is
    # read at once, and nothing else is changed but the model's own folder.
    with output.changing() as project:
        spec = _wanted(project, name)
        given = read_tolerances([tier.name for tier in project.domain.tiers], tolerances)
        data = _data(output, project)
    shelf = _shelf(output, project)
    options = Options(0 if no_evaluate else folds, promote, given)
    doing = f"segmenter '{spec.name}', training"
    with output.alone(project, "training", "another training"):
        with output.shares("training") as told, project.plugins.calling(spec, doing):
            trained = train(data, spec, shelf, options, told)
        for line in trained.card.left_out:
            if line not in data.left_out:
                output.warn(line)
        if trained.verdict.promote:
            with output.alone(project):
                shelf.store.promote(OWN, trained.card.version)
        _show(output, project, trained, shelf.store.current(OWN))
    return 0


def _shelf(output: Output, project: Project) -> Shelf:
    """The study's models; the first has to be as good as what predicts without one."""
    from tslab.segmentation.models.choosing import OWN, model_store, own_segmenter, segment_views
    from tslab.segmentation.models.promotion import Standing
    from tslab.segmentation.models.train_run import Shelf

    def otherwise() -> Standing | None:
        own = own_segmenter(project)
        if own is None:
            return None
        return Standing(own.version, lambda r: segment_views(project, own.segmenter, r))

    specs = project.plugins.segmenters(project.domain)
    store = model_store(project)
    return Shelf(store, OWN, project.domain, specs, otherwise, lambda: output.alone(project))


def _wanted(project: Project, name: str) -> SegmenterSpec:
    """The segmenter to train: named, that of tslab.yaml if it learns, else core's default.

    Raises:
        UsageError: There is none of that name, or it does not learn.
    """
    from tslab.errors import UsageError
    from tslab.segmentation import SPECS
    from tslab.segmentation.models.choosing import find_spec

    specs = project.plugins.segmenters(project.domain)
    if name:
        spec = find_spec(specs, name)
        if not spec.trainable:
            able = ", ".join(spec.name for spec in specs if spec.trainable)
            raise UsageError(f"segmenter '{name}' does not learn", f"These do: {able}.")
        return spec
    if project.settings.segmenter:
        spec = find_spec(specs, project.settings.segmenter)
        if spec.trainable:
            return spec
    return find_spec(specs, SPECS[0].name)


def _data(output: Output, project: Project) -> TrainingSet:
    """What the annotations of the study say together; says what was left out.

    Raises:
        ProjectError: There are none.
    """
    from tslab.errors import ProjectError
    from tslab.segmentation.examples.training_set import training_set

    annotations = project.annotations_list()
    if not annotations:
        raise ProjectError(
            "there are no annotations to learn from", "Annotate some tasks, then run: tslab pull"
        )
    data = training_set(annotations, project.domain, project.recording)
    for line in data.left_out:
        output.warn(f"left out: {line}")
    return data


def _show(output: Output, project: Project, trained: Trained, current: str) -> None:
    from tslab.errors import counted
    from tslab.segmentation.evaluation.report_text import duration, report_text
    from tslab.segmentation.models.choosing import MODELS, OWN, model_store
    from tslab.segmentation.models.train_run import PAGE

    card = trained.card
    folder = model_store(project).folder(OWN, card.version)
    lines = []
    if trained.is_new:
        time = duration(card.reviewed_seconds)
        lines.append(
            f"{card.version}: learned from {counted(card.recordings, 'recordings')}, "
            f"{time} reviewed, {counted(card.spans, 'spans')}, in {duration(card.seconds)}"
        )
    if trained.report is not None:
        lines += [report_text(trained.report), ""]
        lines.append(f"report: {MODELS}/{folder.parent.name}/{folder.name}/{PAGE}")
    lines.append(_last_line(project, trained, current))
    document = {
        "version": card.version,
        "new": trained.is_new,
        "promoted": trained.verdict.promote,
        "reason": trained.verdict.reason,
        "current": current,
        "folder": str(folder.relative_to(project.root)),
        "left_out": card.left_out,
        "report": trained.report.document() if trained.report else None,
    }
    output.result(document, "\n".join(lines))


def _last_line(project: Project, trained: Trained, current: str) -> str:
    from tslab.segmentation.models.choosing import blind_note, own_segmenter

    version, reason = trained.card.version, trained.verdict.reason
    own, blind = own_segmenter(project), blind_note(project)
    if trained.verdict.promote:
        if blind:
            return f"{version} is promoted: {reason}; {blind}"
        if own is not None and own.name == project.settings.segmenter:
            return (
                f"{version} is promoted: {reason}. 'segmenter: {own.name}' of tslab.yaml goes on "
                f"predicting; without that line the model does"
            )
        return f"{version} serves from now on: {reason}. Next: tslab predict"
    if current == version:
        return f"{version}: {reason}."
    by_hand = f"To promote it all the same: tslab models promote '{version}'"
    standing = current or (own.version if own is not None else "")
    serving = f"'{standing}' goes on serving" if standing else "no model serves"
    return f"{version} was not promoted: {reason}; {blind or serving}. {by_hand}"
