"""Readers of native files: each takes a file and says None, or makes a recording of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError
from tslab.readers import csv, edf, json, parquet, wfdb
from tslab.readers.file_checks import open_source, refuse_empty

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.recording import Recording

Reader = Callable[["Source", "ReadOptions", "Domain"], "Recording | None"]

READERS: tuple[Reader, ...] = (
    parquet.read_recording,
    edf.read_recording,
    wfdb.read_recording,
    json.read_recording,
    csv.read_recording,
)
"""In asking order: formats that are known by their first bytes, then those known by suffix."""

FORMATS = (
    "CSV and other text tables (.csv .tsv .tab .txt .dat .asc), JSON (.json .jsonl .ndjson), "
    "Parquet (.parquet .pq), EDF and BDF (.edf .bdf .rec), WFDB (.hea .dat)"
)


def read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """A recording from any format that tslab knows, None where none of them is the file's.

    Raises:
        DataError: The file is of a known format and cannot be used, or is empty.
    """
    refuse_empty(source)
    for reader in READERS:
        recording = reader(source, options, domain)
        if recording is not None:
            return recording
    return None


def unreadable(path: Path) -> DataError:
    """The error for a file that no reader takes."""
    return DataError(
        f"{path.name} is of no format that tslab reads",
        f"Known are {FORMATS}; text and JSON may be gzipped; a plugin can add more.",
    )


__all__ = ["FORMATS", "READERS", "Reader", "open_source", "read_recording", "unreadable"]
