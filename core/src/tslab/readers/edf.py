"""EDF, EDF+ and BDF: headers by edfio, samples by range of data records.

Format: https://www.edfplus.info/specs/edfplus.html. edfio cannot read BDF in parts, so the
samples of both are cut from the file here.
"""

from __future__ import annotations

import datetime as dt
import io
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tslab.contracts import ReadOptions, Source
from tslab.errors import DataError
from tslab.readers.file_checks import blaming, head_of, without_library

if TYPE_CHECKING:
    from pathlib import Path

    from tslab.domain import Domain
    from tslab.readers.edf_records import EdfLayout
    from tslab.recording import FloatArray, Recording, SampleReader, Signal

SUFFIXES = frozenset({".edf", ".bdf", ".rec"})
_EDF_MARK, _BDF_MARK = b"0       ", b"\xffBIOSEMI"


def read_recording(source: Source, options: ReadOptions, domain: Domain) -> Recording | None:
    """A recording from an EDF, EDF+ or BDF file.

    Args:
        source: The file.
        options: `columns`, `ignore` and `units` pick channels; `time_zone` is that of the start.
        domain: Not needed.

    Returns:
        The recording, samples unread; None where the file is neither EDF nor BDF.

    Raises:
        DataError: The file is cut off, broken or holds no signal, or edfio is not installed.
    """
    del domain
    named = source.suffix in SUFFIXES
    head = head_of(source) if named else source.head
    if not head.startswith((_EDF_MARK, _BDF_MARK)):
        if not named or source.suffix == ".rec":
            return None
        raise DataError(
            f"{source.path.name} does not begin like an EDF or BDF file",
            "Export it again, or give it the suffix of its format.",
        )
    return _open(source.path, options)


def _open(path: Path, options: ReadOptions) -> Recording:
    from tslab.readers.column_names import names_and_units, signal_columns
    from tslab.readers.edf_records import read_layout
    from tslab.readers.table import refuse_no_signals
    from tslab.recording import Recording

    layout = read_layout(path)
    header = _read_header(path, layout)
    labels = [signal.label.strip() or f"channel {i}" for i, signal in enumerate(header.signals)]
    picked = signal_columns(labels, [], options, path.name)
    if not labels:
        raise DataError(
            f"{path.name} holds annotations and no signal", "Add it as labels: --with-labels."
        )
    refuse_no_signals(path.name, picked)
    onsets, gaps = layout.onsets()
    names = names_and_units(labels, picked, options.units)
    signals = [
        _signal(layout, header.signals[i], layout.data_signals[i], name, unit, onsets)
        for i, (name, unit) in zip(picked, names, strict=True)
    ]
    return Recording(
        id="",
        signals=tuple(signals),
        duration=layout.duration if onsets is None else float(onsets[-1]) + layout.record_seconds,
        start_time=_start_time(header, options, path.name),
        gaps=gaps,
        identity=_identity(header),
    )


def _read_header(path: Path, layout: EdfLayout) -> Any:
    """The header as edfio reads it, with the first data record only."""
    try:
        import edfio
    except ImportError as error:
        raise without_library("edfio", "edf", path.name) from error
    with blaming(path), path.open("rb") as file:
        raw = file.read(layout.header_bytes)
        first = file.read(layout.record_bytes)
    # Old recorders write "µV" in Latin-1; the standard and edfio know ASCII only.
    rest = raw[1:].replace(b"\xb5", b"u")
    plain = raw[:1] + bytes(byte if byte < 128 else ord("?") for byte in rest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is one record of many
        try:
            if layout.sample_bytes == 3:
                return edfio.read_bdf(io.BytesIO(plain + first))
            return edfio.read_edf(io.BytesIO(plain + first), lazy_load_data=False)
        except (ValueError, IndexError, ArithmeticError, KeyError) as error:
            raise DataError(
                f"{path.name} has a broken EDF header: {error}", "Export it again."
            ) from error


def _signal(
    layout: EdfLayout,
    header: Any,
    number: int,
    name: str,
    unit: str,
    onsets: FloatArray | None,
) -> Signal:
    from tslab.recording import Signal

    per_record = layout.samples[number]
    return Signal(
        name=name,
        unit=unit or header.physical_dimension.strip(),
        sampling_rate=per_record / layout.record_seconds,
        sample_count=per_record * layout.record_count,
        reader=_reader(layout, header, number),
        times=None if onsets is None else layout.sample_times(number, onsets),
    )


def _reader(layout: EdfLayout, header: Any, number: int) -> SampleReader:
    """Reads physical values: the line through the digital and physical limits of the header."""
    try:
        digital_low, low = int(header.digital_min), float(header.physical_min)
        digital_span, span = header.digital_max - digital_low, header.physical_max - low
    except ValueError as error:
        raise DataError(
            f"{layout.path.name} has a broken EDF header: limits of '{header.label}': {error}",
            "Export it again.",
        ) from error
    gain = span / digital_span if digital_span else None

    def read(first: int, last: int) -> FloatArray:
        digital = layout.digital(number, first, last)
        if gain is None:  # a channel without a scale: nothing can be said about its values
            return digital * float("nan")
        physical: FloatArray = (digital - digital_low) * gain + low
        return physical

    return read


def _start_time(header: Any, options: ReadOptions, place: str) -> dt.datetime | None:
    from tslab.readers.time_zones import find_zone

    zone = find_zone(options.time_zone, place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two start dates that differ: the EDF+ one is taken
        try:
            start: dt.datetime = header.startdatetime
        except (ValueError, IndexError):  # anonymized, or never written
            return None
    return start.replace(tzinfo=zone)


def _identity(header: Any) -> Mapping[str, str]:
    """Everything in the header that may identify a person, by name."""
    found = {
        "patient": header.local_patient_identification.strip(),
        "recording": header.local_recording_identification.strip(),
    }
    parts = (
        ("patient code", "patient", "code"), ("patient name", "patient", "name"),
        ("sex", "patient", "sex"), ("birthdate", "patient", "birthdate"),
        ("administration code", "recording", "hospital_administration_code"),
        ("technician", "recording", "investigator_technician_code"),
        ("equipment", "recording", "equipment_code"),
    )  # fmt: skip
    for name, part, attribute in parts:
        with suppress(ValueError, IndexError):  # the plain EDF header has no parts
            found[name] = str(getattr(getattr(header, part), attribute))
    with suppress(ValueError, IndexError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["start date"] = header.startdate.isoformat()
    return {name: text for name, text in found.items() if text and text != "X"}
