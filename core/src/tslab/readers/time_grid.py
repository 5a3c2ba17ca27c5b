"""Whether times lie on a regular grid, at which rate, and where they leave gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tslab.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt

    from tslab.recording import FloatArray

    IntArray = npt.NDArray[np.int64]

_JITTER = 0.1
"""A time may lie this part of an interval off its place on a regular grid."""
_HOUR = 3_600_000_000_000
_SETTINGS_OF_A_CLOCK = 2
_EVEN_STEPS = 10
"""Steps that differ from the usual one before they count as rounding rather than missing rows."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Time axis of a table.

    Attributes:
        rate: Hz; where the times are irregular, the mean rate outside the gaps.
        times: Seconds from the first row, float64 ``(n,)``; None on a regular grid.
        gaps: Stretches in seconds without a row.
        duration: Seconds to the end of the last sample.
        notes: What was mended on the way, for people.
    """

    rate: float
    times: FloatArray | None
    gaps: tuple[tuple[float, float], ...]
    duration: float
    notes: tuple[str, ...] = ()


def regular_grid(rate: float, count: int) -> Grid:
    """The grid of a table that has no times."""
    return Grid(rate, None, (), count / rate)


def find_grid(nanoseconds: IntArray, place: str, column: str) -> Grid:
    """The grid that times lie on.

    Args:
        nanoseconds: Time of each row, int64 ``(n,)``.
        place: File name for errors.
        column: Name of the time column for errors.

    Raises:
        DataError: Times run backwards, never advance, or there is only one.
    """
    steps = np.diff(nanoseconds)
    notes: tuple[str, ...] = ()
    if len(steps) and steps.min() < 0:
        nanoseconds, notes = _undo_clock_set_back(nanoseconds, steps)
        steps = np.diff(nanoseconds)
        _refuse_backwards(steps, place, column)
    if not len(steps) or nanoseconds[-1] == nanoseconds[0]:
        raise DataError(
            f"{place}: time column '{column}' does not advance ({len(nanoseconds)} rows)",
            "Name the right one by `reading: time_column:` in tslab.yaml, or 'none' together with "
            "`sampling_rate:`.",
        )
    elapsed = nanoseconds - nanoseconds[0]
    rate = _regular_rate(elapsed, steps)
    if rate is not None:
        return replace(regular_grid(rate, len(elapsed)), notes=notes)
    seconds = elapsed / 1e9
    gaps = _gaps(seconds)
    held = sum(stop - start for start, stop in gaps)
    rate = len(steps) / (float(seconds[-1]) - held)
    return Grid(rate, seconds, gaps, float(seconds[-1]) + 1 / rate, notes)


def _undo_clock_set_back(
    nanoseconds: IntArray, steps: IntArray
) -> tuple[IntArray, tuple[str, ...]]:
    """Times in which a logger's clock, set back by one hour, runs on as time does.

    Only a step back of exactly an hour, less one usual step, is taken for that, and at most two of
    them; everything else that runs backwards stays an error.
    """
    back = np.flatnonzero(steps < 0)
    if len(back) > _SETTINGS_OF_A_CLOCK:
        return nanoseconds, ()
    usual = float(np.median(steps))
    if np.any(np.abs(steps[back] + _HOUR - usual) > _JITTER * usual):
        return nanoseconds, ()
    mended = nanoseconds.copy()
    for index in back:
        mended[index + 1 :] += _HOUR
    rows = ", ".join(str(int(index) + 2) for index in back)
    return mended, (f"the clock was set back by one hour in row {rows}; time runs on there",)


def _refuse_backwards(steps: IntArray, place: str, column: str) -> None:
    back = np.flatnonzero(steps < 0)
    if len(back):
        more = f" and {len(back) - 1} more" if len(back) > 1 else ""
        raise DataError(
            f"{place}: time column '{column}' goes back by {-steps[back[0]] / 1e9:g} s in row "
            f"{int(back[0]) + 2}{more}",
            "Sort the rows; for a clock set back in autumn give `reading: time_zone:` in "
            "tslab.yaml, for evenly sampled rows `time_column: none` and `sampling_rate:`.",
        )


def _regular_rate(elapsed: IntArray, steps: IntArray) -> float | None:
    """Rate of the regular grid that explains the times, None where none does.

    Times are rounded to whole milliseconds or seconds in many files, so a grid is accepted where
    every time lies within the resolution of its place. Rows that are missing here and there from
    a grid of exact times are no rounding: they leave few steps that are multiples of the others.
    """
    mean = float(elapsed[-1]) / len(steps)
    sizes, counts = _sizes(steps)
    resolution = float(np.gcd.reduce(sizes))
    usual = int(sizes[np.argmax(counts)])
    odd_steps = len(steps) - int(counts.max())
    rounded = usual != resolution or odd_steps >= max(_EVEN_STEPS, 0.02 * len(steps))
    tolerance = _JITTER * mean
    if rounded:
        tolerance = max(tolerance, resolution)
    off = _deviation(elapsed, mean)
    if off > tolerance * 1.001:
        return None
    return _plain_rate(elapsed, mean, max(off * 1.05, resolution if rounded else 0.0) + 1e3)


def _sizes(steps: IntArray) -> tuple[IntArray, IntArray]:
    """Sizes of steps, rising, and how often each occurs."""
    if steps.min() == steps.max():  # as is usual, and sorting takes longer
        return steps[:1], np.array([len(steps)])
    sizes, counts = np.unique(steps, return_counts=True)
    return sizes, counts


def _deviation(elapsed: IntArray, mean: float) -> float:
    """Largest distance (ns) of a time from its place on the grid of that interval (ns)."""
    return float(np.abs(elapsed - np.arange(len(elapsed)) * mean).max())


def _plain_rate(elapsed: IntArray, mean: float, tolerance: float) -> float:
    """The rate in Hz; a whole rate or interval is preferred where it fits the times as well."""
    rate = 1e9 / mean
    for candidate in (
        float(round(rate)), 1e9 / max(round(mean / 1e9) * 1e9, 1.0), round(rate, 1),
        1e9 / max(round(mean / 1e6) * 1e6, 1.0), round(rate, 2), 1e9 / max(round(mean), 1),
    ):  # fmt: skip
        near = candidate > 0 and abs(candidate / rate - 1) < 0.01
        if near and _deviation(elapsed, 1e9 / candidate) <= tolerance:
            return candidate
    return rate


def _gaps(seconds: FloatArray) -> tuple[tuple[float, float], ...]:
    """Intervals much longer than the usual ones.

    Three medians are much on a grid with holes. Times that come by chance (values logged when
    they change) spread widely, so an interval must also be twice the longest of 95 %.
    """
    steps = np.diff(seconds)
    usual = float(np.median(steps))
    limit = max(3 * usual, 2 * float(np.quantile(steps, 0.95)))
    if usual == 0:  # most rows share the time of the one before
        limit = max(limit, 3 * float(seconds[-1]) / len(steps))
    return tuple(
        (float(seconds[i]) + usual, float(seconds[i + 1])) for i in np.flatnonzero(steps > limit)
    )
