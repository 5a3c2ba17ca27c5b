"""tslab evaluate: how good predictions are, ours or an outside model's, in the terms of train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.named_numbers import read_tolerances, tolerance_option
from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from tslab.project import Project
    from tslab.segmentation.evaluation.report import Report
    from tslab.segmentation.examples.training_set import TrainingSet
    from tslab.spans import Span


@click.command("evaluate", help="Score predictions against ground truth, or what annotators say.")
@click.option("--from", "file", metavar="FILE", help="Table or Label Studio JSON of a model.")
@click.option(
    "--model-version", default="", metavar="TEXT", help="Stored predictions; default: the current."
)
@click.option("--report", "page_file", metavar="FILE", help="Write a page with plots (.html).")
@tolerance_option()
@shared_options
def command(
    output: Output,
    file: str | None,
    model_version: str,
    page_file: str | None,
    tolerances: tuple[str, ...],
) -> int:
    """Compares with ground truth if there is any, else with the majority of the annotators.

    Exits with 1 if nothing could be compared.
    """
    from tslab import files
    from tslab.commands.page_target import page_target
    from tslab.segmentation.evaluation.report_page import page
    from tslab.segmentation.evaluation.report_text import report_text
    from tslab.segmentation.evaluation.scores import score

    project = output.project()
    target = page_target(page_file, "evaluate") if page_file else None
    given = read_tolerances([tier.name for tier in project.domain.tiers], tolerances)
    name, predicted = _predicted(project, file, model_version)
    data, against = _reference(output, project)
    report = score(data.examples, predicted, project.domain, given)
    notes = _notes(project, data, name, predicted)
    report = replace(report, method=f"{report.method} against {against}", notes=notes)
    if target is not None:
        files.write_bytes(target, page(report, f"{project.domain.title}: {name}"))
    text = f"{name}: {report_text(report)}"
    document = {"model_version": name, "against": against, **report.document()}
    output.result(document, text + (f"\nreport: {page_file}" if page_file else ""))
    if report.scores["overall"] is not None:
        return 0
    output.warn(_why_nothing(report))
    return 1


def _why_nothing(report: Report) -> str:
    """Why there is no score at all."""
    figures = ("macro_f1", "event_f1", "instant_f1")
    reasons = dict.fromkeys(report.missing[name] for name in figures)
    return f"{report.missing['overall']}: {'; '.join(reasons)}. Annotate more, then: tslab pull"


def _predicted(
    project: Project, file: str | None, model_version: str
) -> tuple[str, Mapping[str, Sequence[Span]]]:
    """Name of the model, and its spans by recording.

    Raises:
        UsageError: There are no predictions of that version.
        DataError: The file is not usable.
    """
    from tslab.commands.predict import outside_spans
    from tslab.errors import ProjectError, UsageError, did_you_mean
    from tslab.label_studio.predictions import current_version

    if file is not None:
        return model_version or Path(file).name, outside_spans(project, Path(file))[0]
    known = project.prediction_files()
    version = model_version or current_version(project)
    if not version:
        remedy = "Run 'tslab predict', or name a file: tslab evaluate --from FILE"
        raise ProjectError("this project has no predictions", remedy)
    if version not in known:
        hint = did_you_mean(version, known) or f"There are {', '.join(known) or 'none'}."
        raise UsageError(f"no predictions of '{version}'", hint)
    return version, project.predicted_spans(version)


def _reference(output: Output, project: Project) -> tuple[TrainingSet, str]:
    """What is known, and what that is, in words.

    Raises:
        ProjectError: Nothing is known.
    """
    from tslab.errors import ProjectError
    from tslab.segmentation.examples.training_set import training_set

    annotations = project.annotations_list()
    truth = [annotation for annotation in annotations if annotation.ground_truth]
    data = training_set(truth or annotations, project.domain, project.recording)
    for line in data.left_out:
        output.warn(f"left out: {line}")
    if not data.examples:
        raise ProjectError(
            "there are no annotations to compare with", "Annotate some tasks, then run: tslab pull"
        )
    if truth:
        return data, "ground truth"
    people = len({annotation.annotator for annotation in annotations})
    return data, f"the majority of {people} annotators" if people > 1 else "one annotator"


def _notes(
    project: Project, data: TrainingSet, name: str, predicted: Mapping[str, Sequence[Span]]
) -> list[str]:
    """What makes the figures better or worse than they should be."""
    from tslab.errors import counted
    from tslab.segmentation.models.choosing import OWN, model_store

    keys = {example.recording.id for example in data.examples}
    notes = []
    silent = sorted(keys - predicted.keys())
    if silent:
        without = counted(len(silent), "recordings")
        named = ", ".join(silent[:3]) + (", ..." if len(silent) > 3 else "")
        notes.append(f"{without} without a prediction, taken as silence: {named}")
    card = next((c for c in model_store(project).cards(OWN) if c.version == name), None)
    learned = keys & set(card.trained_on) if card else set()
    if learned:
        notes.append(
            f"the model learned from {len(learned)} of the {counted(len(keys), 'recordings')}: "
            "figures of new recordings will be lower; those of 'tslab train' are held out"
        )
    return notes
