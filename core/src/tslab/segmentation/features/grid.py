"""Recordings on a uniform grid of cells, each channel freed from its own level and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tslab.domain import Domain, squeezed
from tslab.recording import Recording, Signal

if TYPE_CHECKING:
    from tslab.segmentation.features.hints import Hints

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_CELLS = 20_000_000
"""Cells of one recording; a longer one gets a coarser grid, so that memory stays bounded."""

KNEE = 4.0
"""Robust standard deviations from which on values are compressed: outliers rule no mean."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One recording as a model sees it.

    Attributes:
        values: Normalised samples, 0 is the channel's median, float32 ``(channels, cells)``; 0
            where nothing was measured.
        valid: Which cells were measured, None where all were.
        present: Which channels say anything: measured and not constant, ``(channels,)``.
        rate: Cells a second.
        hints: What the domain's own segmenter found, None where nobody asked it or it failed.
    """

    values: Float32
    valid: Mask | None
    present: Mask
    rate: float
    hints: Hints | None = None

    @property
    def cells(self) -> int:
        """Length in cells."""
        return self.values.shape[1]


def channel_key(name: str, domain: Domain) -> str:
    """What a channel is known by in a model: its role if it has one, whatever the case."""
    role = domain.channel(name)
    return squeezed(role.name if role else name)


def fastest(recording: Recording) -> Signal | None:
    """The signal with the most samples, the first one of equals; None without any."""
    return max(recording.signals, key=lambda s: s.sample_count, default=None)


def make_grid(recording: Recording, channels: Sequence[str], rate: float, domain: Domain) -> Grid:
    """The recording with the model's channels on the model's grid.

    Args:
        recording: Any recording.
        channels: Keys of the channels in the model's order; one that is missing stays neutral.
        rate: Cells a second.
        domain: Says which names mean the same channel.
    """
    cells = max(1, round(recording.duration * rate))
    if cells > MOST_CELLS:
        rate, cells = rate * MOST_CELLS / cells, MOST_CELLS
    values = np.zeros((len(channels), cells), np.float32)
    valid: Mask | None = None
    present = np.zeros(len(channels), bool)
    for row, signal in _rows(recording, channels, domain).items():
        line = _normalised(on_cells(signal, cells, rate))
        if line is None:
            continue
        missing = np.isnan(line)
        if missing.any():
            line[missing] = 0
            valid = np.ones(values.shape, bool) if valid is None else valid
            valid[row] = ~missing
        values[row], present[row] = line, True
    if valid is not None:
        valid[~present] = False
    return Grid(values, valid, present, rate)


def _rows(recording: Recording, channels: Sequence[str], domain: Domain) -> Mapping[int, Signal]:
    """Row of the grid -> signal; the first of several signals with one role counts."""
    wanted = {name: row for row, name in enumerate(channels)}
    found: dict[int, Signal] = {}
    for signal in recording.signals:
        row = wanted.get(channel_key(signal.name, domain))
        if row is not None and row not in found and signal.sample_count:
            found[row] = signal
    return found


def on_cells(signal: Signal, cells: int, rate: float) -> Float64:
    """A signal's mean in every cell, NaN where it has no sample nearby, float64 ``(cells,)``."""
    values = signal.values()
    if signal.times is None:
        ratio = signal.sampling_rate / rate
        whole = round(ratio)
        if whole >= 1 and abs(ratio - whole) * cells < 0.5 * whole:
            return _blocks(values, whole, cells)
    return _binned(signal, values, cells, rate)


def _blocks(values: Float64, size: int, cells: int) -> Float64:
    """Means of `size` samples a cell; NaN where one of them is missing."""
    used = min(len(values) // size, cells)
    out = np.full(cells, np.nan)
    part = values[: used * size]
    out[:used] = part if size == 1 else part.reshape(used, size).mean(axis=1)
    rest = values[used * size :]
    if used < cells and len(rest):
        out[used] = rest.mean()
    out[~np.isfinite(out)] = np.nan
    return out


def _binned(signal: Signal, values: Float64, cells: int, rate: float) -> Float64:
    """Means by time; cells between two neighbouring samples are filled, gaps are not."""
    times = signal.sample_times(0, signal.sample_count)
    known = np.isfinite(values)
    times, values = times[known], values[known]
    out = np.full(cells, np.nan)
    if not len(times):
        return out
    cell = np.clip((times * rate + 1e-6).astype(np.int64), 0, cells - 1)
    count = np.bincount(cell, minlength=cells)
    filled = count > 0
    out[filled] = np.bincount(cell, values, minlength=cells)[filled] / count[filled]
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 0.0
    centres = (np.flatnonzero(~filled) + 0.5) / rate
    after = np.searchsorted(times, centres)
    left, right = times[np.maximum(after - 1, 0)], times[np.minimum(after, len(times) - 1)]
    # Signals slower than the grid leave cells without a sample; only longer holes are gaps.
    near = np.maximum(right - left, np.abs(centres - left)) <= max(2.5 * usual, 2.5 / rate)
    held = signal.kind != "continuous"
    between = values[np.maximum(after - 1, 0)] if held else np.interp(centres, times, values)
    out[~filled] = np.where(near, between, np.nan)
    return out


def _quantiles(values: Float64, *shares: float) -> list[float]:
    """Quantiles as values that occur: a tenth of the time of numpy's on short series."""
    places = [min(int(share * len(values)), len(values) - 1) for share in shares]
    parted = np.partition(values, places)
    return [float(parted[place]) for place in places]


def _normalised(values: Float64) -> Float32 | None:
    """Values in robust standard deviations from the median, compressed; None if constant."""
    # A hundred thousand values tell the median as well as ten million.
    sample = values[:: max(1, len(values) // 65_536)]
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        sample = values[np.isfinite(values)]
    if not len(sample):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        middle = _quantiles(sample, 0.5)[0]
        away = np.abs(sample - middle)
        half, most = _quantiles(away, 0.5, 0.9)
        scale = max(1.4826 * half, 0.1 * most) or float(away.mean())
        if not np.isfinite(scale) or scale <= 1e-12 * max(abs(middle), 1e-290):
            return None
        scaled = ((values - middle) / scale).astype(np.float32)
    scaled /= KNEE
    np.arcsinh(scaled, out=scaled)
    scaled *= KNEE
    return scaled
