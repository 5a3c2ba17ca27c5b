"""Takes one native file into a project: read, map, derive, cut, write."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tslab import files
from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.preparation.task_table import write_task_csv
from tslab.project import Project
from tslab.recording_table import TABLE_COLUMNS, RecordingEntry
from tslab.task import Task

JOIN_COLUMNS = ("file", "id", "recording")
"""Columns of ``--metadata`` that say whose row it is; the first one there is counts."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """One recording, taken in.

    Attributes:
        entry: Its row of recordings.csv.
        tasks: Its tasks; their CSVs are written.
        filled: Missing samples that were filled for the eye, by channel.
        dropped: Channels of the file that are not shown.
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
    reading: Mapping[str, Any] | None = None,
) -> Ingested:
    """Reads a file and writes the CSVs of its tasks; the project's tables are the caller's.

    Args:
        project: The project.
        path: The native file.
        options: How to read it; ``reading:`` of tslab.yaml by default.
        metadata: What stands beside the signal.
        reading: Those of `options` that tslab.yaml does not know, for reading the file again.

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
    recorded = [signal for signal in recording.signals if not signal.derived]
    if all(filled.get(signal.name, 0) >= signal.sample_count for signal in recorded):
        raise DataError(
            f"'{path.name}' holds no value at all",
            "Check the columns that were read: tslab peek.",
        )
    entry = RecordingEntry(
        id=recording.id,
        sha256=sha256,
        duration=recording.duration,
        channels=recording.channel_names,
        units=tuple(signal.unit.replace("|", "/") for signal in recording.signals),
        sampling_rates=tuple(signal.sampling_rate for signal in recording.signals),
        metadata=dict(recording.metadata),
        path=str(path.resolve()),
        reading=dict(reading or {}),
    )
    limit = project.domain.max_gap_seconds
    gaps = sum(limit is not None and end - start > limit for start, end in recording.gaps)
    dropped = _dropped(project.domain, source.channel_names)
    return Ingested(entry, tasks, filled, dropped, gaps, source.notes)


def _dropped(domain: Domain, names: Sequence[str]) -> list[str]:
    """Channels that are none of the domain's, or whose role another channel took first."""
    taken: set[str] = set()
    dropped = []
    for name in names:
        role = domain.channel(name)
        key = (role.name if role else name).lower()
        if key in taken or (role is None and not domain.open_channels):
            dropped.append(name)
        taken.add(key)
    return dropped


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


def source_files(path: Path, found: set[Path] | None = None) -> set[Path]:
    """The file itself, and for a WFDB header the signal files and segments that it names.

    Args:
        path: The file.
        found: Files that are known already; the new ones are added.

    Raises:
        DataError: A header cannot be read.
    """
    found = set() if found is None else found
    found.add(path)
    if path.suffix.lower() != ".hea":
        return found
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"cannot read '{path.name}': {error.strerror or error}") from error
    for line in text.splitlines()[1:]:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        named = path.parent / words[0]
        header = path.parent / f"{words[0]}.hea"
        if named.is_file():
            found.add(named)
        elif header.is_file() and header not in found:
            source_files(header, found)
    return found


def read_metadata(path: Path, domain: Domain) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Rows of ``--metadata`` by file name, file stem or recording id, and the columns left out.

    Health domains show only the columns that they declare, because any other may identify a
    person; ages above 89 become "90+".

    Raises:
        DataError: The table cannot be read or has no column to join by.
    """
    columns, table = _metadata_table(path)
    key = next((name for name in JOIN_COLUMNS if name in columns), None)
    if key is None:
        raise DataError(
            f"metadata '{path.name}' has the columns {', '.join(columns)}",
            "Add a column 'file' or 'id' that says which recording a row belongs to.",
        )
    shown = [name for name in columns if name not in JOIN_COLUMNS]
    clash = sorted({name for name in shown if name in TABLE_COLUMNS or shown.count(name) > 1})
    if clash:
        raise DataError(
            f"metadata '{path.name}': a column cannot be named {', '.join(clash)}",
            f"Rename it; recordings.csv has {', '.join(TABLE_COLUMNS)}, and names count once.",
        )
    left_out: list[str] = []
    if domain.health or domain.metadata:
        left_out = [name for name in shown if name not in domain.metadata]
        shown = [name for name in shown if name in domain.metadata]
    rows = {}
    for row in table:
        values = {name: _harmless(name, str(row[name]).strip()) for name in shown}
        rows[str(row[key]).strip()] = {name: value for name, value in values.items() if value}
    return rows, left_out


def _metadata_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Lower-case columns and rows; the separator is the one that the header has most of."""
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            lines = csv.reader(file, delimiter=max(",;\t|", key=header.count))
            cells = [line for line in lines if any(cell.strip() for cell in line)]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"cannot read metadata '{path.name}': {reason}", "Save it as CSV in UTF-8."
        ) from error
    if not cells:
        raise DataError(f"cannot read metadata '{path.name}': it is empty", "Fill it.")
    columns = [name.strip().lower() for name in cells[0]]
    for number, line in enumerate(cells[1:], start=1):
        if len(line) > len(columns):
            raise DataError(
                f"cannot read metadata '{path.name}': row {number} has {len(line)} cells where "
                f"the header has {len(columns)}",
                "Correct or delete the row.",
            )
    rows = [dict(itertools.zip_longest(columns, line, fillvalue="")) for line in cells[1:]]
    return columns, rows


def _harmless(name: str, value: str) -> str:
    if "age" not in re.split(r"[^a-z]+", name):
        return value
    age = re.match(r"\D{0,3}(\d+)", value)
    return "90+" if age and int(age[1]) > 89 else value


def metadata_of(
    path: Path, recording_id: str, rows: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The metadata row of a file, joined by name, stem, path or recording id."""
    for key in (path.name, path.stem, str(path), recording_id):
        if key in rows:
            return dict(rows[key])
    return {}


def unmatched_rows(
    paths: Sequence[Path], rows: Mapping[str, Mapping[str, str]], known: Collection[str]
) -> list[str]:
    """One line for the rows of ``--metadata`` that belong to no file of this run.

    Raises:
        DataError: A row's name is that of several files: their metadata would be mixed up.
    """
    left = []
    for key in rows:
        fitting = [path for path in paths if key in (path.name, path.stem, str(path))]
        if len(fitting) > 1 and key not in map(str, paths):
            raise DataError(
                f"metadata for '{key}' fits {len(fitting)} files: {fitting[0]} and {fitting[1]}",
                "Write their paths into the column 'file', as on the command line.",
            )
        if not fitting and key not in known:
            left.append(key)
    if not left:
        return []
    more = f" and {len(left) - 3} more" if len(left) > 3 else ""
    return [f"metadata rows that fit no file: {', '.join(left[:3])}{more}"]
