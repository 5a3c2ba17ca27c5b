"""Writes generated recordings as files, so that they can be read like anybody's."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tslab import files

if TYPE_CHECKING:
    from tslab.contracts import SampleRecording
    from tslab.recording import Recording


def write_sample(sample: SampleRecording, folder: Path) -> Path | None:
    """The file to add: native if the sample can write itself, else a CSV.

    Returns:
        None where the signals do not share one time axis and the sample has no `write`.
    """
    if sample.write is not None:
        return sample.write(folder)
    if not shares_time_axis(sample.recording):
        return None
    path = folder / f"{sample.name}.csv"
    write_recording_csv(sample.recording, path)
    return path


def shares_time_axis(recording: Recording) -> bool:
    """Whether all signals are sampled at the same times."""
    first = recording.signals[0]
    times = first.sample_times(0, first.sample_count)
    return all(
        signal.sample_count == first.sample_count
        and np.allclose(signal.sample_times(0, signal.sample_count), times, rtol=0, atol=1e-6)
        for signal in recording.signals
    )


def write_recording_csv(recording: Recording, path: Path) -> None:
    """A table with a column ``time`` in seconds and one for each signal; NaN is an empty cell.

    Args:
        recording: Its signals share one time axis.
        path: Where to.
    """
    first = recording.signals[0]
    times = np.round(first.sample_times(0, first.sample_count), 6).tolist()
    columns = [signal.values().tolist() for signal in recording.signals]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", *recording.channel_names])
    for row in zip(times, *columns, strict=True):
        writer.writerow(["" if math.isnan(value) else f"{value:.12g}" for value in row])
    files.write_bytes(path, text.getvalue().encode())
