"""Takes one native file into a project: read, map, derive, cut, write."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tslab import files
from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.preparation.task_table import write_task_csv
from tslab.project import Project, RecordingEntry
from tslab.task import Task


@dataclass(frozen=True, slots=True)
class Ingested:
    """One recording, taken in.

    Attributes:
        entry: Its row of recordings.csv.
        tasks: Its tasks; their CSVs are written.
        filled: Missing samples that were filled for the eye, by channel.
        dropped: Channels of the file that are none of the domain's.
        gaps: Stretches without samples that are longer than the domain allows.
        notes: What the reader mended.
    """

    entry: RecordingEntry
    tasks: Sequence[Task]
    filled: Mapping[str, int]
    dropped: Sequence[str]
    gaps: int
    notes: Sequence[str]


def ingest(
    project: Project,
    path: Path,
    options: ReadOptions | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Ingested:
    """Reads a file and writes the CSVs of its tasks; the project's tables are the caller's.

    Args:
        project: The project.
        path: The native file.
        options: Overrides of ``reading:`` in tslab.yaml.
        metadata: What stands beside the signal.

    Raises:
        DataError: The file cannot be used.
        PluginError: A plugin failed on it.
        ProjectError: A CSV cannot be written.
    """
    source = project.read_source(path, options)
    sha256 = source_hash(path)
    named = replace(source, id=project.id_for(sha256), metadata=dict(metadata or {}))
    recording = project.prepare(named, path.name)
    tasks = list(project.plugins.make_tasks(recording, project.domain))
    if not tasks:
        raise DataError(
            f"'{path.name}' is too short for a task: {recording.duration:g} s",
            "A task needs at least two samples.",
        )
    filled: dict[str, int] = {}
    for task in tasks:
        for name, count in write_task_csv(task, recording, project.root / task.csv).items():
            filled[name] = filled.get(name, 0) + count
    entry = RecordingEntry(
        id=recording.id,
        sha256=sha256,
        duration=recording.duration,
        channels=recording.channel_names,
        units=tuple(signal.unit.replace("|", "/") for signal in recording.signals),
        sampling_rates=tuple(signal.sampling_rate for signal in recording.signals),
        metadata=dict(recording.metadata),
        path=str(path.resolve()),
    )
    limit = project.domain.max_gap_seconds
    gaps = sum(limit is not None and end - start > limit for start, end in recording.gaps)
    kept = {signal.name for signal in recording.signals}
    dropped = [name for name in source.channel_names if not _taken(project.domain, name, kept)]
    return Ingested(entry, tasks, filled, dropped, gaps, source.notes)


def _taken(domain: Domain, name: str, kept: set[str]) -> bool:
    role = domain.channel(name)
    return (role.name if role else name) in kept


def source_hash(path: Path) -> str:
    """Hash of a recording's content; a WFDB header counts together with the files it names.

    Raises:
        DataError: A file cannot be read.
    """
    parts = sorted(source_files(path))
    if len(parts) == 1:
        return files.content_hash(path)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(files.content_hash(part).encode())
    return digest.hexdigest()


def source_files(path: Path) -> set[Path]:
    """The file itself, and for a WFDB header the signal files and segments that it names."""
    found = {path}
    if path.suffix.lower() != ".hea":
        return found
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        named = path.parent / words[0]
        header = path.parent / f"{words[0]}.hea"
        if named.is_file():
            found.add(named)
        elif header.is_file() and header not in found and header != path:
            found |= source_files(header)
    return found


def read_metadata(path: Path, domain: Domain) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Rows of ``--metadata`` by file name, file stem or recording id, and the columns left out.

    Health domains show only the columns that they declare, because any other may identify a
    person; ages above 89 become "90+".

    Raises:
        DataError: The table cannot be read or has no column to join by.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, sep=None, engine="python")
    except (OSError, ValueError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read metadata '{path.name}': {reason}") from error
    table.columns = [str(name).strip().lower() for name in table.columns]
    key = next((name for name in ("file", "id", "recording") if name in table.columns), None)
    if key is None:
        raise DataError(
            f"metadata '{path.name}' has the columns {', '.join(table.columns)}",
            "Add a column 'file' or 'id' that says which recording a row belongs to.",
        )
    shown = [name for name in table.columns if name != key]
    left_out: list[str] = []
    if domain.health or domain.metadata:
        left_out = [name for name in shown if name not in domain.metadata]
        shown = [name for name in shown if name in domain.metadata]
    rows = {}
    for row in table.to_dict("records"):
        values = {name: _harmless(name, str(row[name]).strip()) for name in shown}
        rows[str(row[key]).strip()] = {name: value for name, value in values.items() if value}
    return rows, left_out


def _harmless(name: str, value: str) -> str:
    if name == "age" and value.isdigit() and int(value) > 89:
        return "90+"
    return value


def metadata_of(
    path: Path, recording_id: str, rows: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The metadata row of a file, joined by name, stem, path or recording id."""
    for key in (path.name, path.stem, str(path), recording_id):
        if key in rows:
            return dict(rows[key])
    return {}
