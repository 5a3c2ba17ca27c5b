"""The series of a task in a foreign project as a recording with its time axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tslab.errors import DataError
from tslab.label_studio.foreign.axis import TimeAxis
from tslab.label_studio.foreign.csv_text import read_csv
from tslab.label_studio.foreign.json_text import load_json, read_json
from tslab.label_studio.foreign.times import counted_rows, number_timeline, text_timeline
from tslab.recording import Recording, Signal

if TYPE_CHECKING:
    from tslab.label_studio.foreign.config import ForeignConfig
    from tslab.label_studio.foreign.table import ForeignTable
    from tslab.label_studio.foreign.times import Timeline


@dataclass(frozen=True, slots=True)
class ForeignSeries:
    """What a task shows.

    Attributes:
        recording: Its channels, named as the config names them; `notes` say what was mended.
        axis: Turns times in results into seconds of the recording and back.
    """

    recording: Recording
    axis: TimeAxis


def read_series(
    payload: bytes | str | Mapping[str, object], config: ForeignConfig, recording_id: str = ""
) -> ForeignSeries:
    """The series of a task.

    Args:
        payload: What the task's address gave (CSV or JSON), or what stands in the task itself. How
            many bytes are too many is for the caller to say.
        config: Which columns are meant, and how times are written.
        recording_id: Name of the recording.

    Raises:
        DataError: It cannot be read; the message names the column or cell and a remedy.
    """
    table = _read_table(payload, config)
    if table.count == 0:
        raise DataError("the series has no rows", "Check its address, or delete the task.")
    timeline = _read_times(table, config)
    axis = timeline.axis
    signals = [
        Signal.from_array(
            name,
            values if timeline.rows is None else values[timeline.rows],
            axis.rate,
            times=axis.times,
        )
        for name, values in table.channels.items()
    ]
    recording = Recording(
        recording_id,
        signals,
        axis.duration,
        gaps=timeline.gaps,
        notes=(*table.notes, *timeline.notes),
    )
    return ForeignSeries(recording, axis)


def _read_table(payload: object, config: ForeignConfig) -> ForeignTable:
    if isinstance(payload, str):
        payload = payload.encode(errors="replace")
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        return read_json(payload, config)
    data = bytes(payload)
    if data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return read_json(load_json(data.removeprefix(b"\xef\xbb\xbf")), config)
    return read_csv(data, config)


def _read_times(table: ForeignTable, config: ForeignConfig) -> Timeline:
    if table.times is None:
        return counted_rows(table.count)
    if isinstance(table.times, np.ndarray):
        return number_timeline(table.times, config)
    return text_timeline(table.times, config)
