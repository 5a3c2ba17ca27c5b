"""Task CSVs: all shown channels on the sample times of the fastest one, as the editor needs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tslab import files
from tslab.domain import column_name
from tslab.errors import DataError
from tslab.preparation.windows import grid_signal
from tslab.recording import Recording, Signal
from tslab.task import TIME_COLUMN, Task

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from tslab.recording import FloatArray

    IntArray = npt.NDArray[np.int64]


LARGEST = float(np.finfo(np.float32).max)
"""Values beyond single precision would become "inf", which the editor takes for a text."""


def task_signals(task: Task, recording: Recording) -> list[Signal]:
    """The signals that the task shows, in its order."""
    return [recording.signal(name) for name in task.channels]


def row_times(task: Task, recording: Recording) -> FloatArray:
    """Seconds of the task's rows, float64 ``(rows,)``; the last one is the window's end.

    Derived channels decide nothing here, so the recording may have been opened without them.
    """
    grid = grid_signal([s for s in recording.signals if s.name in task.channels])
    times, last = grid.index_range(task.start, task.end)
    inside = grid.sample_times(times, last)
    if len(inside) == 0 or inside[0] - task.start > 0.5e-6:
        # A window after a gap may begin between two samples; a region must reach its start.
        inside = np.concatenate([[task.start], inside])
    return np.append(inside, task.end)


def row_ticks(task: Task, recording: Recording) -> IntArray:
    """The time column: int64 ``(rows,)``, non-decreasing, in units of ``task.tick_us``."""
    microseconds = np.rint(row_times(task, recording) * 1e6)
    ticks = np.rint(microseconds / task.tick_us).astype(np.int64)
    return np.maximum.accumulate(ticks) + task.axis_offset


def column_names(task: Task) -> list[str]:
    """Header of the task's CSV."""
    return [TIME_COLUMN, *(column_name(name) for name in task.channels)]


def write_task_csv(
    task: Task, recording: Recording, path: Path, more: Mapping[str, FloatArray] | None = None
) -> dict[str, int]:
    """Writes the task's CSV by the editor's rules: no empty cell, no NaN, no quotes.

    Args:
        task: The window.
        recording: Gives the signals.
        path: Where to.
        more: Further columns by name, each ``(rows,)``, finite.

    Returns:
        Number of missing samples that had to be filled for the eye, by channel.

    Raises:
        DataError: The signal cannot be read.
        ProjectError: The file cannot be written.
    """
    import pyarrow as pa

    ticks = row_ticks(task, recording)
    times = row_times(task, recording)
    columns: list[object] = [pa.array(ticks)]
    filled = {}
    for signal in task_signals(task, recording):
        values, missing = on_grid(signal, times, task)
        if missing:
            filled[signal.name] = missing
        columns.append(pa.array(np.clip(values, -LARGEST, LARGEST).astype(np.float32)))
    names = column_names(task)
    for name, values in (more or {}).items():
        names.append(name)
        columns.append(pa.array(np.asarray(values, dtype=np.float32)))
    if len(set(names)) != len(names):
        raise DataError(
            f"two channels of task '{task.id}' would share a column: {', '.join(names)}",
            "Rename one in tslab.yaml under channels:.",
        )
    table = pa.table(columns, names=names)
    files.write_whole(path, lambda beside: _write_csv(table, beside))
    return filled


def _write_csv(table: pa.Table, path: Path) -> None:
    """Header and numbers without quotes, because quoted names look like data to the editor."""
    import pyarrow.csv

    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write((",".join(table.column_names) + "\n").encode())
        pyarrow.csv.write_csv(table, file, options)


def on_grid(signal: Signal, times: FloatArray, task: Task) -> tuple[FloatArray, int]:
    """A signal at the rows' times, and how many of its samples in the window were missing.

    Continuous signals are interpolated linearly, states and counts hold their value. Missing
    samples hold the last value, because the editor would draw them as 0 or stop the line.

    Args:
        signal: Any rate.
        times: Seconds of the rows, float64 ``(rows,)``.
        task: The window, in seconds.

    Returns:
        Finite values, float64 ``(rows,)``, and the number of missing samples.
    """
    first, last = signal.index_range(task.start, task.end)
    first, last = max(0, first - 1), min(signal.sample_count, last + 1)
    if last <= first:
        return np.zeros(len(times)), len(times)
    own_times = signal.sample_times(first, last)
    values = np.asarray(signal.reader(first, last), dtype=np.float64)
    bad = ~np.isfinite(values)
    missing = int(bad[(own_times >= task.start) & (own_times < task.end)].sum())
    if missing or bad.any():
        values = _hold_last(values, bad)
    if len(own_times) == len(times) and np.array_equal(own_times, times):
        return values, missing
    if signal.kind == "continuous":
        return np.interp(times, own_times, values), missing
    index = np.searchsorted(own_times, times + 1e-6, side="right") - 1
    return values[np.clip(index, 0, len(values) - 1)], missing


def _hold_last(values: FloatArray, bad: npt.NDArray[np.bool_]) -> FloatArray:
    good = np.flatnonzero(~bad)
    if len(good) == 0:
        return np.zeros_like(values)
    position = np.where(bad, -1, np.arange(len(values)))
    held = np.maximum.accumulate(position)
    held[held < 0] = good[0]
    return np.asarray(values[held], dtype=np.float64)
