"""tslab predict: pre-annotations of the domain's segmenter, or of anybody's model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tslab.commands.output import Output, shared_options, table

if TYPE_CHECKING:
    from tslab.label_studio.predictions import TaskPrediction
    from tslab.project import Project
    from tslab.segmentation.features.grid import Float64
    from tslab.segmentation.models.choosing import Serving
    from tslab.spans import Span


@click.command("predict", help="Pre-annotate all tasks, by a segmenter or from a model's file.")
@click.option("--segmenter", "name", default="", metavar="NAME", help="'?' lists them.")
@click.option(
    "--model", default="", metavar="VERSION", help="A trained model, see 'tslab models list'."
)
@click.option("--from", "file", metavar="FILE", help="Table or Label Studio JSON of a model.")
@click.option("--model-version", default="", metavar="TEXT", help="Name of the model in --from.")
@shared_options
def command(output: Output, name: str, model: str, file: str | None, model_version: str) -> int:
    """Writes predictions/; exits with 1 if a recording failed.

    Without --segmenter and --model the promoted model predicts, and the domain's own segmenter
    while there is none, or where ``segmenter:`` in tslab.yaml names one that does not learn.
    """
    from tslab.errors import ProjectError
    from tslab.segmentation.models.choosing import serving

    with output.changing() as project:
        if name == "?":
            specs = project.plugins.segmenters(project.domain)
            rows = [(spec.name, spec.title) for spec in specs]
            output.result([spec.name for spec in specs], table(rows, ("segmenter", "what it does")))
            return 0
        if not project.tasks():
            raise ProjectError("this project has no tasks", "Add recordings first: tslab add FILES")
        if file is not None:
            return _from_file(output, project, Path(file), model_version)
        return _segment(output, project, serving(project, name, model))


def _segment(output: Output, project: Project, serving: Serving) -> int:
    from tslab.errors import DataError, PluginError, counted
    from tslab.label_studio.predictions import (
        predict_tasks,
        refuse_outside,
        save_predictions,
        scored,
    )
    from tslab.segmentation.chain.typicality import COIN, Trust, place_of, typicality
    from tslab.segmentation.models.choosing import segment_views

    segmenter, version = serving.segmenter, serving.version
    output.say(f"predicting with '{version}' ({serving.why})")
    if serving.lost:
        labels = counted(len(serving.lost), "labels")
        named = ", ".join(serving.lost[:3]) + (", ..." if len(serving.lost) > 3 else "")
        output.warn(
            f"'{version}' learned {labels} that this project no longer has, and predicts without: "
            f"{named}. Train again: tslab train"
        )
    spans: dict[str, Sequence[Span]] = {}
    cut: dict[str, list[TaskPrediction]] = {}
    places: dict[str, Float64] = {}
    failed: list[dict[str, str]] = []
    tasks = project.tasks()
    for key in output.progress(sorted({task.recording for task in tasks}), "predicting"):
        try:
            recording = project.recording(key)
            found = segment_views(project, segmenter, recording)
            problems = refuse_outside(found, recording.duration, key, project.domain)
            if problems:
                raise PluginError(f"segmenter '{serving.name}': {problems[0]}", "Report it.")
            place = place_of(segmenter, recording)
        except (DataError, PluginError) as error:
            failed.append({"recording": key, "error": str(error)})
            output.warn(str(error))
            continue
        if serving.prior is not None and (note := serving.prior.note_of(key)):
            output.warn(note)
        spans[key] = found
        own = [task for task in tasks if task.recording == key]
        alone = Trust() if place is None else Trust(silence=COIN)
        cut[key] = predict_tasks(recording, found, own, project.domain, version, alone)
        if place is not None:
            places[key] = place
    trust = {key: Trust(share, COIN) for key, share in typicality(places).items()}
    predictions = [item for key in cut for item in scored(cut[key], trust.get(key, Trust()))]
    if spans:
        specs = project.plugins.segmenters(project.domain)
        learned = any(spec.trainable for spec in specs if spec.name == serving.name)
        save_predictions(project, version, spans, predictions, trust, learned=learned)
    return _report(output, version, spans, failed)


def _report(
    output: Output, version: str, spans: dict[str, Sequence[Span]], failed: list[dict[str, str]]
) -> int:
    from tslab.errors import counted

    counts: dict[str, int] = {}
    for found in spans.values():
        for span in found:
            counts[span.label] = counts.get(span.label, 0) + 1
    regions = counted(sum(counts.values()), "regions")
    text = f"{version}: {regions} in {counted(len(spans), 'recordings')}"
    text += "".join(f"\n  {label}: {counts[label]}" for label in sorted(counts))
    document = {"model_version": version, "labels": counts, "recordings": len(spans)}
    output.result({**document, "failed": failed}, text)
    return 1 if failed else 0


def _from_file(output: Output, project: Project, path: Path, model_version: str) -> int:
    from tslab import files
    from tslab.label_studio.predictions import predict_tasks, save_predictions

    spans, makers = outside_spans(project, path)
    version = model_version or f"imported {files.content_hash(path)[:8]}"
    _refuse_own(project, version, makers)
    predictions: list[TaskPrediction] = []
    tasks = project.tasks()
    for key in output.progress(sorted(project.entries()), "predictions"):
        own = [task for task in tasks if task.recording == key]
        recording = project.recording(key)
        predictions += predict_tasks(recording, spans.get(key, []), own, project.domain, version)
    save_predictions(project, version, spans, predictions)
    return _report(output, version, dict(spans), [])


def _refuse_own(project: Project, version: str, makers: set[str]) -> None:
    """Keeps names apart: what goes by that of an outside model is shown in blind studies, too.

    Args:
        project: The project folder.
        version: What the model is to be called.
        makers: Who made it, as the file says.

    Raises:
        UsageError: That is the name of what comes from annotations of this study.
        DataError: In a blind study, the file says that it is made of them.
    """
    from tslab.errors import DataError, UsageError
    from tslab.label_studio.predictions import learned_versions
    from tslab.segmentation.models.choosing import model_store

    store = model_store(project)
    trained = {card.version for number in store.projects() for card in store.cards(number)}
    own = trained.union(learned_versions(project))
    people = {annotation.annotator for annotation in project.annotations_list()}
    if project.settings.review.blind and (made := sorted(makers & (own | people))):
        raise DataError(
            f"the file says that '{made[0]}' made it, which is of this study: raters of a blind "
            "study would see what others said",
            "Bring in predictions that nobody's labels of this study went into.",
        )
    if version in own:
        raise UsageError(
            f"'{version}' is the name of predictions that come from annotations of this study",
            "Give the outside model another name: --model-version NAME",
        )


def outside_spans(project: Project, path: Path) -> tuple[dict[str, list[Span]], set[str]]:
    """Spans of an outside model's file by recording id, all of them possible; and who made them.

    Raises:
        DataError: Nobody reads the file, or a span fits no recording, tier or label.
    """
    from tslab.errors import DataError
    from tslab.label_studio.predictions import refuse_outside

    spans, makers = _read_spans(project, path)
    entries = project.entries()
    problems = [
        problem
        for key, found in spans.items()
        for problem in refuse_outside(found, entries[key].duration, key, project.domain)
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise DataError(f"'{path.name}': {'; '.join(problems[:3])}{more}", "Mend the file.")
    return spans, makers


def _read_spans(project: Project, path: Path) -> tuple[dict[str, list[Span]], set[str]]:
    """Spans of a model's file by recording id, and who made them, where it says so.

    Raises:
        DataError: Nobody reads the file, or it names a recording that is not in the project.
    """
    from tslab import files
    from tslab.contracts import Source
    from tslab.errors import DataError
    from tslab.label_studio.predictions import (
        is_label_studio_json,
        models_of_label_studio_json,
        spans_of_label_studio_json,
    )

    try:
        source = Source.open(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot read '{path}': {reason}", "Check the path.") from error
    if source.suffix == ".json":
        document = files.read_json(path)
        if is_label_studio_json(document):
            tasks = project.tasks()
            spans, findings = spans_of_label_studio_json(document, tasks, project.domain)  # type: ignore[arg-type]
            if findings:
                raise DataError(f"'{path.name}': {findings[0]} ({len(findings)} in all)")
            return spans, models_of_label_studio_json(document)  # type: ignore[arg-type]
    options = project.settings.reading.options()
    annotations = project.plugins.read_annotations(source, options, project.domain)
    if annotations is None:
        raise DataError(
            f"no reader finds labels in '{path.name}'",
            "A table needs the columns recording, start, end, label (and tier, score if known).",
        )
    spans = {}
    for annotation in annotations:
        name = annotation.recording or path.stem
        key = project.find_recording(name)
        if key is None:
            raise DataError(
                f"'{path.name}': no recording '{name}' in this project",
                "Use the ids of recordings.csv or the names of the added files.",
            )
        spans.setdefault(key, []).extend(annotation.spans)
    return spans, {annotation.annotator for annotation in annotations}
