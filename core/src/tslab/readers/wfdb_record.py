"""One WFDB record: its segments, and the samples in them as physical values."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tslab.errors import DataError
from tslab.readers.file_checks import blaming, without_library

if TYPE_CHECKING:
    from tslab.recording import FloatArray, SampleReader

_KEPT_VALUES = 8_000_000
"""Values that are kept for the next channel of the same window (64 MB)."""
_SAMPLE_BYTES = {
    "8": 1.0, "16": 2.0, "24": 3.0, "32": 4.0, "61": 2.0, "80": 1.0, "160": 2.0, "212": 1.5,
    "310": 4 / 3, "311": 4 / 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a record that has a header of its own.

    Attributes:
        header: As wfdb reads it.
        base: Path without suffix.
        start: First frame, counted in the whole record.
        frames: Number of frames.
        channels: Channel of the segment for each signal of the record, None where it is absent.
    """

    header: Any
    base: Path
    start: int
    frames: int
    channels: tuple[int | None, ...]


@dataclass(slots=True)
class WfdbRecord:
    """A record with one or more segments.

    Attributes:
        place: Name of the header file, for errors.
        rate: Frames per second (Hz).
        frames: Number of frames.
        names: Name of each signal.
        units: Unit of each signal.
        per_frame: Samples of each signal in one frame.
        segments: Stretches that hold samples; what none covers is a gap.
        comments: Comment lines of the header.
        base_date: Day of the first sample, None where unknown.
        base_time: Time of day of the first sample, None where unknown.
    """

    place: str
    rate: float
    frames: int
    names: tuple[str, ...]
    units: tuple[str, ...]
    per_frame: tuple[int, ...]
    segments: tuple[Segment, ...]
    comments: tuple[str, ...]
    base_date: dt.date | None
    base_time: dt.time | None
    _last: tuple[int, int, list[FloatArray]] | None = field(default=None)

    def gaps(self) -> tuple[tuple[float, float], ...]:
        """Stretches in seconds that no segment covers."""
        edges, found = 0, []
        for segment in [*self.segments, None]:
            start = self.frames if segment is None else segment.start
            if start > edges:
                found.append((edges / self.rate, start / self.rate))
            if segment is not None:
                edges = segment.start + segment.frames
        return tuple(found)

    def reader(self, signal: int) -> SampleReader:
        """Reads samples of a signal; the last window is kept for the other signals."""
        per_frame = self.per_frame[signal]

        def read(first: int, last: int) -> FloatArray:
            if last <= first:
                return np.empty(0)
            start, stop = first // per_frame, -(-last // per_frame)
            offset, values = self._window(signal, start, stop)
            return values[first - offset * per_frame : last - offset * per_frame].copy()

        return read

    def _window(self, signal: int, start: int, stop: int) -> tuple[int, FloatArray]:
        kept = self._last
        if kept is not None and kept[0] <= start and stop <= kept[1]:
            return kept[0], kept[2][signal]
        if (stop - start) * sum(self.per_frame) > _KEPT_VALUES:
            return start, self._read([signal], start, stop)[0]
        values = self._read(range(len(self.names)), start, stop)
        self._last = (start, stop, values)
        return start, values[signal]

    def _read(self, signals: Sequence[int], start: int, stop: int) -> list[FloatArray]:
        """Samples of signals in the frames ``start`` to ``stop``, NaN where there are none."""
        result: list[FloatArray] = [
            np.full((stop - start) * self.per_frame[i], np.nan) for i in signals
        ]
        for segment in self.segments:
            first, last = max(start, segment.start), min(stop, segment.start + segment.frames)
            wanted = [
                (n, c) for n, i in enumerate(signals) if (c := segment.channels[i]) is not None
            ]
            if first >= last or not wanted:
                continue
            parts = _read_segment(segment, [c for _, c in wanted], first, last)
            for (number, _), part in zip(wanted, parts, strict=True):
                at = (first - start) * self.per_frame[signals[number]]
                result[number][at : at + len(part)] = part
        return result


def _read_segment(
    segment: Segment, channels: Sequence[int], first: int, last: int
) -> Sequence[FloatArray]:
    """Physical values of channels of a segment; frames are counted in the whole record."""
    name = f"{segment.base.name}.hea"
    _check_files(segment)
    try:
        with blaming(segment.base.with_suffix(".dat")):
            record = wfdb_library(name).rdrecord(
                str(segment.base),
                sampfrom=first - segment.start,
                sampto=last - segment.start,
                channels=list(channels),
                smooth_frames=False,
            )
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise DataError(
            f"samples of {name} cannot be read: {error}", "Copy its signal files again."
        ) from error
    values: Sequence[FloatArray] = record.e_p_signal
    return values


def wfdb_library(file: str) -> Any:
    """The wfdb library, imported on first use.

    Args:
        file: Name of the file that needs it, for the error.

    Raises:
        DataError: It is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # wfdb 4.3 uses what pandas 3.1 deprecates
            import wfdb
    except ImportError as error:
        raise without_library("wfdb", "wfdb", file) from error
    return wfdb


def open_record(path: Path) -> WfdbRecord:
    """A record with the headers of all its segments, samples unread.

    Args:
        path: The header file.

    Raises:
        DataError: A header is broken, a file is missing or cut off, or wfdb is not installed.
    """
    header = _header(path)
    segments, first = _segments(header, path)
    for segment in segments:
        _check_files(segment)
    frames = header.sig_len if hasattr(header, "seg_name") else segments[0].frames
    return WfdbRecord(
        place=path.name,
        rate=float(header.fs),
        frames=int(frames),
        names=_names(first),
        units=tuple(unit or "" for unit in first.units),
        per_frame=tuple(int(n or 1) for n in first.samps_per_frame),
        segments=tuple(segments),
        comments=tuple(header.comments or ()),
        base_date=header.base_date,
        base_time=header.base_time,
    )


def _names(header: Any) -> tuple[str, ...]:
    return tuple(name or f"channel {i}" for i, name in enumerate(header.sig_name))


def _header(path: Path) -> Any:
    wfdb = wfdb_library(path.name)
    with blaming(path):
        path.open("rb").close()
    try:
        header = wfdb.rdheader(str(path.with_suffix("")))
    except (ValueError, IndexError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path.name} is a broken WFDB header: {error}", "Copy it again."
        ) from error
    if not header.n_sig or not header.fs:
        raise DataError(
            f"{path.name} describes no signals", "Add the record's other header, or leave it out."
        )
    if not hasattr(header, "seg_name") and len(header.file_name or ()) != header.n_sig:
        raise DataError(
            f"{path.name} is a broken WFDB header: it describes {len(header.file_name or ())} of "
            f"{header.n_sig} signals",
            "Copy it again.",
        )
    return header


def _segments(header: Any, path: Path) -> tuple[list[Segment], Any]:
    """Segments that hold samples, and the header that names the signals of all."""
    if not hasattr(header, "seg_name"):
        frames = header.sig_len if header.sig_len is not None else _frames_on_disk(header, path)
        whole = tuple(range(header.n_sig))
        return [Segment(header, path.with_suffix(""), 0, int(frames), whole)], header
    present = [
        (name, int(length)) for name, length in zip(header.seg_name, header.seg_len, strict=True)
    ]
    named = [name for name, _ in present if name != "~"]
    if not named:
        raise DataError(f"{path.name} has no segment with samples", "Copy it again.")
    first = _header(path.with_name(f"{named[0]}.hea"))
    variable = header.layout == "variable"
    found, start = [], 0
    for name, length in present:
        if name != "~" and length > 0:
            segment_path = path.with_name(f"{name}.hea")
            own = _header(segment_path)
            channels = _matching(first, own) if variable else tuple(range(own.n_sig))
            found.append(Segment(own, segment_path.with_suffix(""), start, length, channels))
        start += length
    return found, first


def _matching(layout: Any, segment: Any) -> tuple[int | None, ...]:
    """Channel of the segment for each signal of the layout header."""
    own = list(segment.sig_name)
    return tuple(own.index(name) if name in own else None for name in layout.sig_name)


def _frames_on_disk(header: Any, path: Path) -> int:
    """Number of frames of a record whose header does not say it."""
    first = header.file_name[0]
    per_frame = sum(
        n for name, n in zip(header.file_name, header.samps_per_frame, strict=True) if name == first
    )
    with blaming(path.with_name(first)):
        size = path.with_name(first).stat().st_size - (header.byte_offset[0] or 0)
    if header.fmt[0] not in _SAMPLE_BYTES:
        raise DataError(
            f"{path.name} does not say how long the record is", "Add the length to its first line."
        )
    return int(size / _SAMPLE_BYTES[header.fmt[0]] + 1e-9) // int(per_frame)


def _check_files(segment: Segment) -> None:
    """Refuses a segment whose signal files are missing or too short.

    Raises:
        DataError: A file is.
    """
    header = segment.header
    for name in dict.fromkeys(header.file_name):
        if name == "~":
            continue
        path = segment.base.with_name(name)
        if not path.is_file():
            raise DataError(
                f"{segment.base.name}.hea needs the signal file {name}, which is not beside it",
                f"Copy {name} into the same folder.",
            )
        signals = [i for i, other in enumerate(header.file_name) if other == name]
        samples = segment.frames * sum(header.samps_per_frame[i] or 1 for i in signals)
        each = _SAMPLE_BYTES.get(header.fmt[signals[0]], 0.0)
        needed = int(samples * each) + (header.byte_offset[signals[0]] or 0)
        size = path.stat().st_size
        if size < needed:
            raise DataError(f"{name} is cut off: it has {size} of {needed} bytes", "Copy it again.")
