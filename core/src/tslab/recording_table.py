"""recordings.csv: which recordings a project holds, without any name of a source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tslab.errors import DataError

TABLE = "recordings.csv"
TABLE_COLUMNS = ("id", "sha256", "duration", "channels", "units", "sampling_rates")
REMEDY = "Delete it and run 'tslab add' again."


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One row of recordings.csv together with where the recording came from.

    Attributes:
        id: Random, free of source names, stable for a file's content.
        sha256: Content hash of the source.
        duration: Seconds.
        channels: Channels under the domain's names, derived ones too.
        units: Unit of each channel, "" where unknown.
        sampling_rates: Hz, one for each channel.
        metadata: Columns of ``--metadata``.
        path: The source file; kept in ``.tslab/`` only.
        reading: Options of ``add`` that this file was read with; kept in ``.tslab/`` only.
    """

    id: str
    sha256: str
    duration: float
    channels: tuple[str, ...]
    units: tuple[str, ...]
    sampling_rates: tuple[float, ...]
    metadata: Mapping[str, str]
    path: str
    reading: Mapping[str, Any] = field(default_factory=dict)


def read_table(path: Path, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, RecordingEntry]:
    """The rows of recordings.csv by id.

    Args:
        path: The file, which exists.
        sources: What ``.tslab/`` knows of the source files, by id.

    Raises:
        DataError: The file is damaged.
    """
    import csv

    entries = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                entry = _entry(row, sources.get(row["id"], {}))
                entries[entry.id] = entry
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        what = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"'{TABLE}' is damaged: {what}", REMEDY) from error
    return entries


def table_bytes(entries: Sequence[RecordingEntry]) -> bytes:
    """The content of recordings.csv, one row for each entry."""
    import csv
    import io

    extra = sorted({key for entry in entries for key in entry.metadata})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*TABLE_COLUMNS, *extra])
    for entry in entries:
        rates = " ".join(f"{rate:.10g}" for rate in entry.sampling_rates)
        row = [entry.id, entry.sha256, f"{entry.duration:.6f}"]
        row += ["|".join(entry.channels), "|".join(entry.units), rates]
        writer.writerow([*row, *(entry.metadata.get(key, "") for key in extra)])
    return text.getvalue().encode()


def _entry(row: Mapping[str, str], source: Mapping[str, Any]) -> RecordingEntry:
    duration = float(row["duration"])
    if None in row or None in row.values() or not 0 < duration < math.inf:
        raise ValueError(f"the row of '{row['id']}' is not complete")
    metadata = {key: value for key, value in row.items() if key not in TABLE_COLUMNS and value}
    return RecordingEntry(
        id=row["id"],
        sha256=row["sha256"],
        duration=duration,
        channels=tuple(row["channels"].split("|")),
        units=tuple(row["units"].split("|")),
        sampling_rates=tuple(float(rate) for rate in row["sampling_rates"].split()),
        metadata=metadata,
        path=str(source.get("path", "")),
        reading=source.get("reading", {}),
    )
