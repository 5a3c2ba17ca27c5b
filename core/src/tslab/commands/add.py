"""tslab add: native files become de-identified task windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tslab.commands.finite import FiniteRange
from tslab.commands.output import Output, shared_options

if TYPE_CHECKING:
    from tslab.contracts import ReadOptions
    from tslab.preparation.ingest import Ingested
    from tslab.project import Project
    from tslab.task import Task


@click.command("add", help="Read recordings, de-identify them and cut them into tasks.")
@click.argument("paths", nargs=-1, required=True, metavar="FILES...")
@click.option("--metadata", metavar="TABLE", help="CSV joined by its column 'file' or 'id'.")
@click.option(
    "--sampling-rate",
    type=FiniteRange(0, min_open=True),
    metavar="HZ",
    help="For tables without a time column.",
)
@click.option("--time-column", metavar="NAME", help="Name or number of the time column, or 'none'.")
@click.option("--time-zone", metavar="ZONE", help="Zone of times that carry none (Europe/Berlin).")
@click.option("--ignore", multiple=True, metavar="COLUMN", help="A column that is no signal.")
@shared_options
def command(output: Output, paths: tuple[str, ...], metadata: str | None, **reading: Any) -> int:
    """Adds files; goes on after a bad one and then exits with 1."""
    from tslab.errors import DataError, PluginError, counted
    from tslab.label_studio.predictions import recut_predictions
    from tslab.preparation.ingest import (
        ingest,
        metadata_of,
        read_metadata,
        source_hash,
        unmatched_rows,
    )

    with output.changing() as project:
        options = _options(project, reading)
        rows, left_out = read_metadata(Path(metadata), project.domain) if metadata else ({}, [])
        if left_out:
            output.warn(
                f"metadata columns not shown, because they may identify: {', '.join(left_out)}"
            )
        for problem in unmatched_rows(_native_files(paths), rows, project.entries().keys()):
            output.warn(problem)
        entries = project.entries()
        tasks = {task.id: task for task in project.tasks()}
        before = _windows(tasks.values())
        added: list[dict[str, Any]] = []
        failed: list[dict[str, str]] = []
        given = {key: value for key, value in reading.items() if value not in (None, ())}
        try:
            for path in output.progress(_native_files(paths), "adding"):
                try:
                    known = (
                        entries.get(project.id_for(source_hash(path))) if rows or entries else None
                    )
                    shown = metadata_of(path, known.id if known else "", rows)
                    shown = shown or dict(known.metadata if known else {})
                    taken = ingest(project, path, options, shown, given)
                except (DataError, PluginError) as error:
                    failed.append({"file": str(path), "error": str(error)})
                    output.warn(str(error))
                    continue
                entries[taken.entry.id] = taken.entry
                tasks = {k: t for k, t in tasks.items() if t.recording != taken.entry.id}
                tasks |= {task.id: task for task in taken.tasks}
                added.append(_report(output, path, taken))
        finally:
            if added:
                project.save_entries(entries)
                project.save_tasks(list(tasks.values()))
            _remove_orphans(project, {task.csv for task in tasks.values()})
        after = _windows(tasks.values())
        recut = {key for key in before.keys() & after.keys() if before[key] != after[key]}
        if recut and project.prediction_files():
            recut_predictions(project, recut)
            which = counted(len(recut), "recordings")
            output.say(f"Predictions of {which} were cut anew for the new windows.")
        text = f"{counted(len(added), 'recordings')} added, "
        text += f"{counted(len(tasks), 'tasks')} in the project."
        if failed:
            text += f" {counted(len(failed), 'files')} failed."
        output.result({"added": added, "failed": failed, "tasks": len(tasks)}, text)
        return 1 if failed else 0


def _windows(tasks: Iterable[Task]) -> dict[str, set[tuple[str, int, int]]]:
    """What the tasks of each recording show of it."""
    found: dict[str, set[tuple[str, int, int]]] = {}
    for task in tasks:
        found.setdefault(task.recording, set()).add((task.id, task.start_us, task.end_us))
    return found


def _options(project: Project, reading: dict[str, Any]) -> ReadOptions:
    given = {key: value for key, value in reading.items() if value not in (None, ())}
    return replace(project.settings.reading.options(), **given)


def _native_files(paths: tuple[str, ...]) -> list[Path]:
    """The files to read: a WFDB record named by header and signal file counts once."""
    found = []
    for name in dict.fromkeys(paths):
        path = Path(name)
        if path.suffix.lower() == ".dat" and path.with_suffix(".hea").exists():
            path = path.with_suffix(".hea")
        found.append(path)
    return list(dict.fromkeys(found))


def _report(output: Output, path: Path, taken: Ingested) -> dict[str, Any]:
    from tslab.errors import counted

    entry = taken.entry
    note = f"{path.name} -> {entry.id}: {entry.duration:.1f} s, {', '.join(entry.channels)}, "
    note += counted(len(taken.tasks), "tasks")
    if taken.gaps:
        note += f", split at {counted(taken.gaps, 'gaps')}"
    if taken.dropped:
        note += f"; not shown: {', '.join(taken.dropped)}"
    if taken.filled:
        missing = ", ".join(f"{count} in {name}" for name, count in sorted(taken.filled.items()))
        note += f"; missing samples filled: {missing}"
    note += "".join(f"; {text}" for text in taken.notes)
    output.say(note)
    return {
        "file": str(path),
        "id": entry.id,
        "duration": entry.duration,
        "channels": list(entry.channels),
        "tasks": [task.id for task in taken.tasks],
        "dropped": list(taken.dropped),
        "filled": dict(taken.filled),
        "gaps": taken.gaps,
        "notes": list(taken.notes),
    }


def _remove_orphans(project: Project, listed: set[str]) -> None:
    """Deletes task CSVs that no task names, left by an earlier window length or a crash."""
    for path in (project.root / "tasks").rglob("*.csv"):
        of_review = path.name.startswith("review-")  # tasks of another Label Studio project
        if not of_review and path.relative_to(project.root).as_posix() not in listed:
            path.unlink()
