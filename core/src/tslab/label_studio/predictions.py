"""Prediction files: spans of whole recordings, and the regions that each task gets of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tslab import files
from tslab.contracts import Finding
from tslab.domain import Domain
from tslab.errors import DataError, did_you_mean
from tslab.label_studio.regions import Exact, from_regions, to_regions
from tslab.preparation.stitching import cut, stitch, with_ids
from tslab.preparation.task_table import row_ticks
from tslab.project import Project
from tslab.recording import Recording
from tslab.segmentation.chain.typicality import Trust, weighed
from tslab.spans import Span
from tslab.task import Task

TRUSTED = Trust()

CURRENT = "CURRENT"
"""File in predictions/ that names the model version which annotators see first."""


@dataclass(frozen=True, slots=True)
class TaskPrediction:
    """One task's prediction as Label Studio gets it.

    Attributes:
        task: Id of the task.
        score: The lower, the more there is to learn from it, see `Trust.score`.
        result: Regions.
        exact: Exact times of the regions, by id.
    """

    task: str
    score: float | None
    result: Sequence[Mapping[str, Any]]
    exact: Exact


def predict_tasks(
    recording: Recording,
    spans: Sequence[Span],
    tasks: Sequence[Task],
    domain: Domain,
    seed: str,
    trust: Trust = TRUSTED,
) -> list[TaskPrediction]:
    """Cuts a recording's spans into the windows of its tasks, view by view.

    Args:
        recording: Gives the row times.
        spans: Of the whole recording.
        tasks: Of this recording.
        domain: The effective domain.
        seed: Makes region ids differ between model versions.
        trust: What makes a task's score of its regions' scores.
    """
    predictions = []
    named = with_ids(spans, f"{seed}|{recording.id}")
    for view in domain.views:
        tiers = set(view.tiers)
        windows = sorted((t for t in tasks if t.view == view.name), key=lambda t: t.start_us)
        parts = cut([span for span in named if span.tier in tiers], windows)
        for task in windows:
            result, exact = to_regions(parts[task.id], task, row_ticks(task, recording), domain)
            score = trust.score(parts[task.id])
            predictions.append(TaskPrediction(task.id, score, result, exact))
    return predictions


def scored(predictions: Iterable[TaskPrediction], trust: Trust) -> list[TaskPrediction]:
    """Predictions of one recording, scored before its pool was known, now that it is."""
    return [
        item if item.score is None else replace(item, score=weighed(item.score, trust.typicality))
        for item in predictions
    ]


def save_predictions(
    project: Project,
    model_version: str,
    spans: Mapping[str, Sequence[Span]],
    tasks: Sequence[TaskPrediction],
    trust: Mapping[str, Trust] | None = None,
    *,
    learned: bool = False,
) -> None:
    """Writes one model version's file and makes it the current one.

    Args:
        project: The project folder.
        model_version: Who predicted.
        spans: Of whole recordings, by recording id.
        tasks: The same, cut into tasks.
        trust: By recording id, for when windows change; a recording without is typical.
        learned: Whether it knows annotations of this project: a blind study does not show it.
    """
    _write(project, model_version, spans, tasks, trust or {}, learned)
    current = project.root / "predictions" / CURRENT
    files.write_bytes(current, f"{model_version}\n".encode())


def recut_predictions(project: Project, recordings: Collection[str]) -> None:
    """Cuts predictions of recordings anew after their windows changed, for every model version."""
    tasks = project.tasks()
    for version, known in load_predictions(project).items():
        spans = project.predicted_spans(version)
        path = project.prediction_files()[version]
        trust = _stored_trust(path)
        current = {task.id for task in tasks if task.recording not in recordings}
        kept = [item for name, item in known.items() if name in current]
        for key in sorted(spans.keys() & set(recordings)):
            own = [task for task in tasks if task.recording == key]
            recording = project.recording(key, derived=False)
            known_trust = trust.get(key, TRUSTED)
            kept += predict_tasks(recording, spans[key], own, project.domain, version, known_trust)
        _write(project, version, spans, kept, trust, is_learned(path))


def _stored_trust(path: Path) -> dict[str, Trust]:
    """Trust by recording id; none in files of segmenters that place no recording."""
    import msgspec

    document = files.read_json(path)
    stored = document.get("trust", {}) if isinstance(document, dict) else {}
    try:
        return msgspec.convert(stored, dict[str, Trust])
    except msgspec.ValidationError as error:
        raise DataError(
            f"'predictions/{path.name}' is damaged: {error}", "Run 'tslab predict' again."
        ) from error


def _write(
    project: Project,
    model_version: str,
    spans: Mapping[str, Sequence[Span]],
    tasks: Sequence[TaskPrediction],
    trust: Mapping[str, Trust],
    learned: bool,
) -> None:
    document: dict[str, Any] = {
        "model_version": model_version,
        "recordings": {key: list(spans[key]) for key in sorted(spans)},
        "tasks": {
            item.task: {"score": item.score, "result": item.result, "exact": item.exact}
            for item in sorted(tasks, key=lambda item: item.task)
        },
    }
    judged = {key: asdict(trust[key]) for key in sorted(trust) if trust[key] != TRUSTED}
    if judged:
        document["trust"] = judged
    if learned:
        document["learned"] = True
    folder = project.root / "predictions"
    path = folder / f"{_file_name(model_version)}.json"
    if path in {p for version, p in project.prediction_files().items() if version != model_version}:
        # Another version differs only in characters that a file name cannot have.
        digest = hashlib.sha256(model_version.encode()).hexdigest()[:8]
        path = folder / f"{_file_name(model_version)}-{digest}.json"
    files.write_bytes(path, files.json_bytes(document))


def _file_name(model_version: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model_version).strip("-.") or "model"


def current_version(project: Project, shown: Collection[str] | None = None) -> str:
    """The model version that annotators see first, "" without predictions.

    Args:
        project: The project folder.
        shown: Versions that may be it; None for all.
    """
    path = project.root / "predictions" / CURRENT
    known = project.prediction_files() if shown is None else shown
    name = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    return name if name in known else next(iter(known), "")


def is_learned(path: Path) -> bool:
    """Whether a file's predictions come from annotations of its own project."""
    document = files.read_json(path)
    return isinstance(document, dict) and bool(document.get("learned"))


def learned_versions(project: Project) -> list[str]:
    """Model versions whose predictions come from annotations of this project."""
    return [version for version, path in project.prediction_files().items() if is_learned(path)]


def load_predictions(project: Project) -> dict[str, dict[str, TaskPrediction]]:
    """Predictions by model version and task id.

    Raises:
        DataError: A file is damaged.
    """
    import msgspec

    found = {}
    for version, path in project.prediction_files().items():
        document = files.read_json(path)
        try:
            tasks = document["tasks"]  # type: ignore[index]
            found[version] = {
                key: TaskPrediction(
                    task=key,
                    score=item["score"],
                    result=item["result"],
                    exact=msgspec.convert(item["exact"], Exact),
                )
                for key, item in tasks.items()
            }
        except (KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
            raise DataError(
                f"'predictions/{path.name}' is damaged: {error}", "Run 'tslab predict' again."
            ) from error
    return found


def exact_times(predictions: Mapping[str, Mapping[str, TaskPrediction]], task: str) -> Exact:
    """Exact times of all predicted regions of a task, whatever the model version."""
    merged: Exact = {}
    for tasks in predictions.values():
        if task in tasks:
            merged |= tasks[task].exact
    return merged


def is_label_studio_json(document: object) -> bool:
    """Whether a JSON document is a list of Label Studio tasks."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(item, dict) and isinstance(item.get("data"), dict) for item in document)
    )


def spans_of_label_studio_json(
    document: Sequence[Mapping[str, Any]], tasks: Sequence[Task], domain: Domain
) -> tuple[dict[str, list[Span]], list[Finding]]:
    """Spans by recording of Label Studio tasks with predictions, matched by ``data.task``.

    Raises:
        DataError: A task is not one of the project's, or has predictions of several models.
    """
    known = {task.id: task for task in tasks}
    parts: dict[str, list[Span]] = {}
    findings: list[Finding] = []
    for item in document:
        name = str(item["data"].get("task", ""))
        if name not in known:
            raise DataError(
                f"the file has a task '{name}' that is not in tasks.json",
                did_you_mean(name, known) or "Export the tasks from this project.",
            )
        for prediction in _one_model(item.get("predictions") or (), name):
            reading = from_regions(prediction.get("result") or (), known[name], domain)
            parts.setdefault(name, []).extend(reading.spans)
            findings += reading.findings
    return _stitched(parts, tasks, domain), findings


def models_of_label_studio_json(document: Sequence[Mapping[str, Any]]) -> set[str]:
    """Model versions that predictions of Label Studio tasks name."""
    found = (prediction for item in document for prediction in item.get("predictions") or ())
    return {str(prediction.get("model_version", "")) for prediction in found}


def _one_model(predictions: Sequence[Any], task: str) -> list[Mapping[str, Any]]:
    found = [item for item in predictions if isinstance(item, Mapping)]
    if len(found) != len(predictions):
        raise DataError(f"a prediction of task '{task}' is no object", "Mend the file.")
    versions = sorted({str(item.get("model_version", "")) for item in found})
    if len(versions) > 1:
        raise DataError(
            f"task '{task}' has predictions of {len(versions)} models: {', '.join(versions)}",
            "Bring in one file for each, with --model-version.",
        )
    return found


def _stitched(
    parts: Mapping[str, Sequence[Span]], tasks: Sequence[Task], domain: Domain
) -> dict[str, list[Span]]:
    spans: dict[str, list[Span]] = {}
    for key in dict.fromkeys((task.recording, task.view) for task in tasks):
        windows = [task for task in tasks if (task.recording, task.view) == key]
        whole, _ = stitch({t.id: parts.get(t.id, ()) for t in windows}, windows, domain)
        spans.setdefault(key[0], []).extend(whole)
    return spans


def refuse_outside(
    spans: Iterable[Span], duration: float, recording: str, domain: Domain
) -> list[str]:
    """Why spans cannot be predictions of a recording: one line each.

    Args:
        spans: Of one recording.
        duration: Seconds.
        recording: Its id, for the message.
        domain: Knows tiers and labels.
    """
    tiers = {tier.name: tier for tier in domain.tiers}
    problems = []
    for span in spans:
        where = f"'{span.label}' at {span.start:g} s of {recording}"
        if span.end > duration + 1e-6:
            problems.append(f"{where} ends at {span.end:g} s, after the recording ({duration:g} s)")
        if span.tier not in tiers:
            problems.append(f"{where}: no tier '{span.tier}' {did_you_mean(span.tier, tiers)}")
        elif tiers[span.tier].label(span.label) is None:
            names = [label.name for label in tiers[span.tier].labels]
            problems.append(f"{where}: no such label {did_you_mean(span.label, names)}")
        elif tiers[span.tier].kind == "instants" and not span.is_instant:
            problems.append(f"{where} is a range, but '{span.tier}' holds instants")
        problems += [f"{where}: {text}" for text in _wrong_answers(span, domain)]
    return problems


def _wrong_answers(span: Span, domain: Domain) -> Iterator[str]:
    """Answers of fields that the editor could not show."""
    for item in domain.fields:
        answer = span.fields.get(item.name)
        if answer is None:
            continue
        if item.kind == "choice":
            offered = [choice.value for choice in item.choices]
            for part in answer if isinstance(answer, tuple) else (answer,):
                if part not in offered:
                    hint = did_you_mean(str(part), offered)
                    yield f"'{part}' is no choice of '{item.name}' {hint}".strip()
        elif item.kind in ("rating", "number"):
            low = item.minimum if item.kind == "number" else item.minimum or 1
            high = item.maximum if item.kind == "number" else item.maximum or 5
            value = float(answer)  # type: ignore[arg-type]
            if (low is not None and value < low) or (high is not None and value > high):
                yield f"{item.name} {value:g} is outside {low} to {high}"
