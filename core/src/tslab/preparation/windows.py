"""Cuts recordings into tasks: windows that the editor opens quickly and shows undecimated."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.domain import Domain, View
from tslab.errors import DataError
from tslab.recording import Recording, Signal
from tslab.screens import usual_page
from tslab.task import Task

MAX_ROWS = 100_000
MAX_VALUES = 1_200_000
MAX_PAGES = 100
PAGE_SAMPLES = 15_000
"""The editor decimates a view of more points than ten times its width in pixels."""

PAGES_PER_WINDOW = 10
SHARE_OF_A_TAIL = 0.1
"""A rest shorter than this share of a window is added to the window before it."""


def make_tasks(recording: Recording, domain: Domain) -> list[Task]:
    """Tasks of a recording for every view of the domain.

    Args:
        recording: With mapped and derived channels; its id is set.
        domain: The effective domain.

    Raises:
        DataError: A view finds none of its channels, or sampling is too fast for the editor.
    """
    tasks: list[Task] = []
    for view in domain.views:
        signals = shown_signals(recording, view)
        grid = grid_signal(signals)
        length = window_seconds(view, domain, signals)
        tail = MAX_PAGES * page_seconds(view, domain, signals) / length - 1
        rows = most_rows(len(signals))
        borders = [
            part
            for start, end in segments(recording, domain)
            for border in cut(start, end, length, grid, min(tail, SHARE_OF_A_TAIL))
            for part in split_crowded(*border, rows, grid)
        ]
        for number, (start, end) in enumerate(borders, start=1):
            tasks.append(
                Task(
                    id=f"{recording.id}-{view.name}-{number:04d}",
                    recording=recording.id,
                    view=view.name,
                    start=start,
                    end=end,
                    channels=tuple(signal.name for signal in signals),
                    tick_us=tick_us(grid.sampling_rate),
                    part=(number, len(borders)),
                    metadata=dict(recording.metadata),
                )
            )
    return tasks


def shown_signals(recording: Recording, view: View) -> list[Signal]:
    """The signals that a view shows of a recording, in the view's order.

    Raises:
        DataError: The recording has none of them.
    """
    if not view.channels:
        return list(recording.signals)
    have = {signal.name: signal for signal in recording.signals}
    shown = [have[name] for name in view.channels if name in have]
    if not any(not signal.derived for signal in shown):
        raise DataError(
            f"view '{view.name}' finds none of its channels {', '.join(view.channels)} "
            f"among {', '.join(recording.channel_names)}",
            "Map the recording's channels in tslab.yaml under channels:.",
        )
    return shown


def grid_signal(signals: Sequence[Signal]) -> Signal:
    """The signal whose sample times become the rows: the fastest one that was recorded."""
    recorded = [signal for signal in signals if not signal.derived] or list(signals)
    return max(recorded, key=lambda signal: (signal.sampling_rate, signal.sample_count))


def tick_us(sampling_rate: float) -> int:
    """Microseconds of one unit of the time column: the coarsest of 1000, 10, 1 that will do.

    Args:
        sampling_rate: Hz of the fastest channel shown.

    Raises:
        DataError: Half a sample is shorter than a microsecond.
    """
    half_sample = 500_000 / sampling_rate
    for tick in (1000, 10, 1):
        if tick <= half_sample:
            return tick
    raise DataError(
        f"a sampling rate of {sampling_rate:g} Hz is more than the editor's time axis can hold",
        "Resample the recording to at most 500 kHz.",
    )


def page_seconds(view: View, domain: Domain, signals: Sequence[Signal]) -> float:
    """Length of the first screen: the domain's, or a round one of about 2000 samples.

    Never so long that the editor drops samples.
    """
    rate = grid_signal(signals).sampling_rate
    wanted = view.page_seconds or domain.page_seconds or usual_page(rate)
    return min(wanted, PAGE_SAMPLES / rate)


def window_seconds(view: View, domain: Domain, signals: Sequence[Signal]) -> float:
    """Length of a task: the view's or ten pages, within the editor's limits."""
    page = page_seconds(view, domain, signals)
    wanted = view.window_seconds or domain.window_seconds or PAGES_PER_WINDOW * page
    rows = most_rows(len(signals)) / (1 + SHARE_OF_A_TAIL)
    return min(wanted, MAX_PAGES * page, rows / grid_signal(signals).sampling_rate)


def most_rows(channels: int) -> int:
    """Samples that a task of so many channels may have, its first and last row left out."""
    return min(MAX_ROWS, MAX_VALUES // (channels + 1)) - 2


def segments(recording: Recording, domain: Domain) -> list[tuple[float, float]]:
    """Stretches ``(start, end)`` in seconds between gaps longer than the domain allows."""
    found, begin = [], 0.0
    limit = domain.max_gap_seconds
    for start, end in sorted(recording.gaps):
        if limit is None or end - start <= limit:
            continue
        if start > begin:
            found.append((begin, start))
        begin = max(begin, end)
    if recording.duration > begin:
        found.append((begin, recording.duration))
    return found


def cut(
    start: float, end: float, length: float, grid: Signal, tail: float = SHARE_OF_A_TAIL
) -> list[tuple[float, float]]:
    """Windows of about `length` seconds whose inner borders lie on sample times.

    A window has at least two samples; stretches with fewer give no window.

    Args:
        start: Seconds.
        end: Seconds.
        length: Seconds.
        grid: Its sample times become rows.
        tail: A rest shorter than this share of a window is added to the last one; where that is
            not allowed, windows of equal length take it.
    """
    first, last = grid.index_range(start, end)
    if last - first < 2:
        return []
    windows = (end - start) / length
    count = max(1, -int(-(windows - tail + 1e-9) // 1))
    if 0 < windows - (count - 1) < SHARE_OF_A_TAIL:
        length = (end - start) / count
    borders = [start]
    for number in range(1, count):
        index, _ = grid.index_range(start + number * length)
        at = float(grid.sample_times(index, index + 1)[0]) if index < last else end
        if index < last - 1 and _samples(grid, borders[-1], at) >= 2:
            borders.append(at)
    return list(zip(borders, [*borders[1:], end], strict=True))


def split_crowded(start: float, end: float, most: int, grid: Signal) -> list[tuple[float, float]]:
    """A window of more samples than `most` in parts: irregular sampling comes in bursts."""
    first, last = grid.index_range(start, end)
    parts = -(-(last - first) // most)
    if parts <= 1:
        return [(start, end)]
    step = -(-(last - first) // parts)
    borders = [start]
    for index in range(first + step, last - 1, step):
        at = float(grid.sample_times(index, index + 1)[0])
        if _samples(grid, borders[-1], at) >= 2:
            borders.append(at)
    return list(zip(borders, [*borders[1:], end], strict=True))


def _samples(grid: Signal, start: float, end: float) -> int:
    first, last = grid.index_range(start, end)
    return last - first
