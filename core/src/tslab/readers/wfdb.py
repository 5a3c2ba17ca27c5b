"""WFDB records: headers and samples through the wfdb library, by range, never from the network."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError
from tslab.readers.file_checks import blaming, head_of

if TYPE_CHECKING:
    from tslab.domain import Domain
    from tslab.readers.wfdb_record import WfdbRecord
    from tslab.recording import Recording

_RECORD_LINE = re.compile(rb"^[\w.\-/]+[ \t]+\d+", re.MULTILINE)


def read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """A recording from a WFDB header, or from a signal file beside its header.

    Args:
        source: The ``.hea`` or ``.dat`` file.
        options: `columns`, `ignore` and `units` pick signals; `time_zone` is that of the start.
        domain: Not needed.

    Returns:
        The recording, samples unread, each signal at its own rate; None where the file is no
        WFDB record.

    Raises:
        DataError: A signal file is missing or cut off, the header is broken, or wfdb is not
            installed.
    """
    del domain
    header = _header_of(source)
    if header is None:
        return None
    from tslab.readers.wfdb_record import open_record

    return _to_recording(open_record(header), options)


def _header_of(source: Source) -> Path | None:
    if source.suffix == ".hea":
        lines = [x for x in head_of(source).splitlines() if x.strip() and not x.startswith(b"#")]
        if not lines or not _RECORD_LINE.match(lines[0]):
            raise DataError(
                f"{source.path.name} is no WFDB header: its first line names no record",
                "Copy it again, or leave it out.",
            )
        return source.path
    if source.suffix != ".dat":
        return None
    header = source.path.with_suffix(".hea")
    with blaming(source.path):
        if header.is_file():
            return header
    from tslab.readers.text_bytes import looks_like_text

    if looks_like_text(head_of(source)):
        return None
    raise DataError(
        f"{source.path.name} has no header {header.name} beside it",
        f"Copy {header.name} into the same folder and add that.",
    )


def _to_recording(record: WfdbRecord, options: ReadOptions) -> Recording:
    from tslab.readers.column_names import find_column, signal_columns, unique_names
    from tslab.readers.table import refuse_no_signals
    from tslab.recording import Recording, Signal

    place = record.place
    picked = signal_columns(record.names, [], options, place)
    refuse_no_signals(place, picked)
    names = unique_names([record.names[i] for i in picked])
    given = {find_column(name, record.names): unit for name, unit in options.units.items()}
    signals = [
        Signal(
            name=name,
            unit=given.get(i, record.units[i]),
            sampling_rate=record.rate * record.per_frame[i],
            sample_count=record.frames * record.per_frame[i],
            reader=record.reader(i),
        )
        for name, i in zip(names, picked, strict=True)
    ]
    return Recording(
        id="",
        signals=tuple(signals),
        duration=record.frames / record.rate,
        start_time=_start_time(record, options),
        gaps=record.gaps(),
        identity=_identity(record),
    )


def _start_time(record: WfdbRecord, options: ReadOptions) -> dt.datetime | None:
    from tslab.readers.time_zones import find_zone

    zone = find_zone(options.time_zone, record.place)
    if record.base_date is None or record.base_time is None:
        return None
    return dt.datetime.combine(record.base_date, record.base_time, tzinfo=zone)


def _identity(record: WfdbRecord) -> Mapping[str, str]:
    found = {f"comment {i}": text for i, text in enumerate(record.comments, 1) if text.strip()}
    if record.base_date is not None:
        found["base date"] = record.base_date.isoformat()
    if record.base_time is not None:
        found["base time"] = record.base_time.isoformat()
    return found
