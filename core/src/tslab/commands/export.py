"""tslab export: labels in the formats that the domain lives in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.output import Output, shared_options, table
from tslab.errors import counted

if TYPE_CHECKING:
    from tslab.annotation import Annotation
    from tslab.contracts import Exporter
    from tslab.project import Project
    from tslab.recording import Recording


@click.command("export", help="Write pulled labels in native formats.")
@click.option("--to", "name", required=True, metavar="FORMAT", help="'?' lists the formats.")
@click.option("--verify", is_flag=True, help="Read the files back and compare.")
@click.option("--annotator", metavar="NAME", help="Only this annotator's labels.")
@click.option("--predictions", metavar="VERSION", help="A model's labels instead; '' = current.")
@shared_options
def command(
    output: Output, name: str, verify: bool, annotator: str | None, predictions: str | None
) -> int:
    """Writes exports/FORMAT/; with --verify exits with 1 if anything differs."""
    from tslab.errors import DataError, ProjectError

    project = output.project()
    exporters = project.plugins.exporters(project.domain)
    if name == "?":
        rows = [(exporter.name, exporter.title) for exporter in exporters]
        output.result([row[0] for row in rows], table(rows, ("format", "what it is")))
        return 0
    exporter = _choose(exporters, name)
    annotations = _wanted(project, annotator, predictions)
    if not annotations:
        raise ProjectError(
            "there are no labels to export",
            "Bring submitted ones back with 'tslab pull', or export a model's: --predictions ''",
        )
    folder = project.root / "exports" / name
    folder.mkdir(parents=True, exist_ok=True)
    recordings = {a.recording: project.recording(a.recording) for a in annotations}
    written: list[Path] = []
    different: list[str] = []
    for group in output.progress(list(_calls(exporter, annotations)), "exporting"):
        try:
            with project.plugins.calling(exporter, f"exporter '{name}', writing"):
                paths = exporter.write(group, recordings, folder, project.domain)
        except DataError as error:
            different.append(f"{group[0].recording}, {group[0].annotator}: {error}")
            continue
        written += paths
        if verify:
            different += _verify(exporter, group, paths, recordings, project)
    for line in different:
        output.warn(line)
    text = f"{counted(len(written), 'files')} in {folder.relative_to(project.root)}"
    text += ", read back and equal" if verify and not different else ""
    names = [path.relative_to(project.root).as_posix() for path in written]
    output.result({"files": names, "verified": verify, "different": different}, text)
    return 1 if different else 0


def _choose(exporters: Sequence[Exporter], name: str) -> Exporter:
    from tslab.errors import UsageError, did_you_mean

    for exporter in exporters:
        if exporter.name == name:
            return exporter
    names = [exporter.name for exporter in exporters]
    hint = did_you_mean(name, names) or f"There are {', '.join(names)}."
    raise UsageError(f"no export format '{name}'", hint)


def _wanted(project: Project, annotator: str | None, predictions: str | None) -> list[Annotation]:
    from tslab.annotation import Annotation
    from tslab.errors import UsageError, did_you_mean
    from tslab.label_studio.predictions import current_version

    if predictions is not None:
        version = predictions or current_version(project)
        known = project.prediction_files()
        if version not in known:
            hint = did_you_mean(version, known) or f"There are {', '.join(known) or 'none'}."
            raise UsageError(f"no predictions of '{version}'", hint)
        spans = project.predicted_spans(version)
        return [Annotation(key, version, found) for key, found in spans.items()]
    found = project.annotations_list()
    names = sorted({annotation.annotator for annotation in found})
    if annotator is not None and annotator not in names:
        hint = did_you_mean(annotator, names) or f"There are {', '.join(names) or 'none'}."
        raise UsageError(f"no labels of annotator '{annotator}'", hint)
    return [a for a in found if annotator in (None, a.annotator)]


def _calls(exporter: Exporter, annotations: Sequence[Annotation]) -> Iterable[list[Annotation]]:
    """What one call of `write` gets: everything, or one annotator's views of one recording."""
    if exporter.scope == "project":
        yield list(annotations)
        return
    groups: dict[tuple[str, str], list[Annotation]] = {}
    for annotation in annotations:
        groups.setdefault((annotation.recording, annotation.annotator), []).append(annotation)
    yield from (groups[key] for key in sorted(groups))


def _verify(
    exporter: Exporter,
    written: Sequence[Annotation],
    paths: Sequence[Path],
    recordings: dict[str, Recording],
    project: Project,
) -> list[str]:
    with project.plugins.calling(exporter, f"exporter '{exporter.name}', reading"):
        again = exporter.read(paths, recordings, project.domain)
    if again is None:
        return [f"format '{exporter.name}' cannot be read back"]
    before, after = _keys(written, recordings), _keys(again, recordings)
    if before == after:
        return []
    lost, new = before - after, after - before
    example = min(lost or new)
    name = paths[0].name if paths else exporter.name
    return [
        f"{name}: {counted(lost.total(), 'spans')} lost, {new.total()} new, for example {example}"
    ]


def _keys(
    annotations: Sequence[Annotation], recordings: dict[str, Recording]
) -> Counter[tuple[Any, ...]]:
    """What must survive an export: where, when (by sample) and which label, and how often."""
    keys: Counter[tuple[Any, ...]] = Counter()
    for annotation in annotations:
        rate = max(s.sampling_rate for s in recordings[annotation.recording].signals)
        for span in annotation.spans:
            times = (round(span.start * rate), round(span.end * rate))
            keys[(annotation.recording, span.tier, span.label, *times)] += 1
    return keys
