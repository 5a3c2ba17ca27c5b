"""Data records of EDF and BDF files: where they lie, when they begin, the numbers in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tslab.errors import DataError
from tslab.readers.file_checks import blaming

if TYPE_CHECKING:
    import numpy.typing as npt

    from tslab.recording import FloatArray

_ANNOTATIONS = (b"EDF Annotations", b"BDF Annotations")
_ONSET = re.compile(rb"([+-]\d+(?:\.\d*)?)[\x14\x15]")


@dataclass(frozen=True, slots=True)
class EdfLayout:
    """How samples lie in the file.

    Attributes:
        path: The file.
        header_bytes: Size of the header.
        record_count: Number of data records.
        record_seconds: Length of one.
        samples: Samples of each signal in one record, annotations included.
        annotations: Numbers of the annotation signals.
        sample_bytes: 2 (EDF) or 3 (BDF).
        interrupted: Whether the file says that its records do not join (EDF+D).
    """

    path: Path
    header_bytes: int
    record_count: int
    record_seconds: float
    samples: tuple[int, ...]
    annotations: tuple[int, ...]
    sample_bytes: int
    interrupted: bool

    @property
    def record_bytes(self) -> int:
        """Size of one data record."""
        return sum(self.samples) * self.sample_bytes

    @property
    def duration(self) -> float:
        """Seconds of all records together."""
        return self.record_count * self.record_seconds

    @property
    def data_signals(self) -> tuple[int, ...]:
        """Numbers of the signals that hold samples."""
        return tuple(i for i in range(len(self.samples)) if i not in self.annotations)

    def raw(self, signal: int, first: int, last: int) -> npt.NDArray[np.uint8]:
        """Bytes of a signal in the records ``first`` to ``last`` (half-open).

        Copied from the file, uint8 ``(records, samples * sample_bytes)``.
        """
        start = sum(self.samples[:signal]) * self.sample_bytes
        stop = start + self.samples[signal] * self.sample_bytes
        with blaming(self.path):
            mapped = np.memmap(
                self.path,
                dtype=np.uint8,
                mode="r",
                offset=self.header_bytes + first * self.record_bytes,
                shape=(last - first, self.record_bytes),
            )
        return np.array(mapped[:, start:stop])

    def digital(self, signal: int, first: int, last: int) -> FloatArray:
        """Digital values of the samples ``first`` to ``last`` (half-open), float64."""
        if last <= first:
            return np.empty(0)
        per_record = self.samples[signal]
        start, stop = first // per_record, -(-last // per_record)
        raw = self.raw(signal, start, stop).reshape(-1, self.sample_bytes)
        numbers: npt.NDArray[np.signedinteger[Any]]
        if self.sample_bytes == 2:
            numbers = raw.view("<i2").ravel()
        else:  # 24 bits become the upper bytes of 32, and the shift brings the sign down
            wide = np.zeros((len(raw), 4), dtype=np.uint8)
            wide[:, 1:] = raw
            numbers = wide.view("<i4").ravel() >> 8
        return numbers[first - start * per_record : last - start * per_record].astype(np.float64)

    def onsets(self) -> tuple[FloatArray | None, tuple[tuple[float, float], ...]]:
        """When each record begins, and the gaps between them.

        Returns:
            Seconds of each record, float64 ``(record_count,)``, None where they join; and the
            stretches ``(start, end)`` in seconds between records that do not.

        Raises:
            DataError: Records of an interrupted file do not say when they begin, or overlap.
        """
        if not self.interrupted or not self.annotations:
            return None, ()
        rows = self.raw(self.annotations[0], 0, self.record_count)
        found = [_ONSET.match(row.tobytes()) for row in rows]
        if any(match is None for match in found):
            lost = found.index(None)
            raise DataError(
                f"{self.path.name}: data record {lost + 1} does not say when it begins (EDF+D)",
                "Export the recording again.",
            )
        times = np.array([float(match[1]) for match in found if match])
        times -= times[0]
        steps = np.diff(times) - self.record_seconds
        if (steps < -1e-6).any():
            late = int(np.flatnonzero(steps < -1e-6)[0]) + 2
            raise DataError(
                f"{self.path.name}: data record {late} begins before the one before it ends",
                "Export the recording again, as EDF+C.",
            )
        breaks = np.flatnonzero(steps > 1e-6)
        if not len(breaks):
            return None, ()
        ends = times[breaks] + self.record_seconds
        pairs = zip(ends.tolist(), times[breaks + 1].tolist(), strict=True)
        return times, tuple(pairs)

    def sample_times(self, signal: int, onsets: FloatArray) -> FloatArray:
        """Seconds of every sample of a signal in records that do not join, float64."""
        per_record = self.samples[signal]
        inside = np.arange(per_record) * (self.record_seconds / per_record)
        return np.asarray((onsets[:, None] + inside).ravel(), dtype=np.float64)


def read_layout(path: Path) -> EdfLayout:
    """Where the samples lie, from the header and the size of the file.

    Raises:
        DataError: The header is broken, the file is cut off or has no data record.
    """
    with blaming(path), path.open("rb") as file:
        size = path.stat().st_size
        fixed = file.read(256)
        count = _number(fixed[252:256], path, "number of signals")
        raw = file.read(256 * count)
    if len(raw) < 256 * count:
        raise DataError(f"{path.name} is cut off inside its header", "Copy it again.")
    labels = [raw[i * 16 : i * 16 + 16].strip() for i in range(count)]
    samples = tuple(
        _number(raw[216 * count + i * 8 : 216 * count + i * 8 + 8], path, "samples per record")
        for i in range(count)
    )
    layout = EdfLayout(
        path=path,
        header_bytes=256 * (count + 1),
        record_count=_number(fixed[236:244], path, "number of data records", lowest=-1),
        record_seconds=_seconds(fixed[244:252], path),
        samples=samples,
        annotations=tuple(i for i, label in enumerate(labels) if label in _ANNOTATIONS),
        sample_bytes=3 if fixed[:1] == b"\xff" else 2,
        interrupted=fixed[192:197] in (b"EDF+D", b"BDF+D"),
    )
    return _with_count(layout, size)


def _with_count(layout: EdfLayout, size: int) -> EdfLayout:
    from dataclasses import replace

    name, promised = layout.path.name, layout.record_count
    if not layout.samples or not layout.record_bytes:
        raise DataError(f"{name} has no signals", "Export it again.")
    if layout.data_signals and layout.record_seconds <= 0:
        raise DataError(f"{name} has data records of 0 s", "Export it again.")
    present = max(0, size - layout.header_bytes) // layout.record_bytes
    if present < promised:
        raise DataError(
            f"{name} is cut off: it holds {present} of {promised} data records", "Copy it again."
        )
    count = present if promised < 0 else promised
    if count == 0:
        raise DataError(f"{name} has no data records", "Export it again, or leave it out.")
    return replace(layout, record_count=count)


def _number(field: bytes, path: Path, what: str, lowest: int = 0) -> int:
    text = field.decode("ascii", errors="replace").strip()
    if not re.fullmatch(r"-?\d+", text) or int(text) < lowest:
        raise DataError(
            f"{path.name} has a broken EDF header: {what} is '{text}'", "Export it again."
        )
    return int(text)


def _seconds(field: bytes, path: Path) -> float:
    text = field.decode("ascii", errors="replace").strip()
    try:
        return float(text)
    except ValueError as error:
        raise DataError(
            f"{path.name} has a broken EDF header: record duration is '{text}'", "Export it again."
        ) from error
