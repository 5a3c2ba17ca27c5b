"""Recordings: signals whose samples are read when asked for, by time range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tslab.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

SignalKind = Literal["continuous", "state", "count"]
SampleReader = Callable[[int, int], "FloatArray"]
"""Called with ``first, last`` (sample numbers, half-open); returns float64 ``(last - first,)``."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One channel of a recording.

    Attributes:
        name: Name in the source file, or the domain's channel name once it is mapped.
        unit: Unit of the samples as the source writes it ("mV", "degC"); may be "".
        sampling_rate: Hz; the mean rate where `times` is given.
        sample_count: Number of samples.
        reader: Reads samples; NaN is a missing value.
        times: Seconds of every sample, non-decreasing, float64 ``(sample_count,)``, for irregular
            sampling; None means sample ``i`` lies at ``i / sampling_rate``.
        kind: Whether the signal may be interpolated (`continuous`) or holds its value
            (`state`, `count`).
        derived: Whether the signal was computed from others (never exported as data).
    """

    name: str
    unit: str
    sampling_rate: float
    sample_count: int
    reader: SampleReader
    times: FloatArray | None = None
    kind: SignalKind = "continuous"
    derived: bool = False

    @property
    def duration(self) -> float:
        """Seconds from the start of the recording to the end of the last sample."""
        if self.sample_count == 0:
            return 0.0
        if self.times is None:
            return self.sample_count / self.sampling_rate
        return float(self.times[-1]) + 1 / self.sampling_rate

    def index_range(self, start: float = 0.0, end: float | None = None) -> tuple[int, int]:
        """Sample numbers ``first, last`` (half-open) of the samples in ``[start, end)``."""
        stop = self.duration if end is None else end
        if self.times is not None:
            import numpy as np

            # A hair of tolerance, so that a time that came back from microseconds finds its sample.
            edges = np.searchsorted(self.times, [start - 1e-6, stop - 1e-6], side="left")
            if end is None:
                edges[1] = self.sample_count
            return int(edges[0]), int(edges[1])
        first = max(0, -int(-(start - 1e-6) * self.sampling_rate // 1))
        if end is None:
            return min(first, self.sample_count), self.sample_count
        last = -int(-(stop - 1e-6) * self.sampling_rate // 1)
        return min(first, self.sample_count), max(min(last, self.sample_count), 0)

    def sample_times(self, first: int, last: int) -> FloatArray:
        """Seconds of the samples ``first`` to ``last`` (half-open), float64."""
        import numpy as np

        if self.times is not None:
            return self.times[first:last]
        return np.arange(first, last, dtype=np.float64) / self.sampling_rate

    def read(self, start: float = 0.0, end: float | None = None) -> tuple[FloatArray, FloatArray]:
        """Times (s) and values of the samples in ``[start, end)``; the whole signal by default."""
        first, last = self.index_range(start, end)
        return self.sample_times(first, last), self.reader(first, last)

    def values(self) -> FloatArray:
        """All samples, float64 ``(sample_count,)``."""
        return self.reader(0, self.sample_count)

    @classmethod
    def from_array(  # noqa: PLR0913 - a signal is described by that much
        cls,
        name: str,
        values: FloatArray,
        sampling_rate: float,
        unit: str = "",
        *,
        times: FloatArray | None = None,
        kind: SignalKind = "continuous",
        derived: bool = False,
    ) -> Signal:
        """A signal that is already in memory; `values` is float ``(n,)``."""
        return cls(
            name=name,
            unit=unit,
            sampling_rate=sampling_rate,
            sample_count=len(values),
            reader=lambda first, last: values[first:last].astype("float64", copy=False),
            times=times,
            kind=kind,
            derived=derived,
        )


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Recording:
    """Signals that were measured together, on one time axis that starts at 0 s.

    Attributes:
        id: The project's name of the recording, free of source names; "" until it has one.
        signals: Channels in the order in which they are shown.
        duration: Seconds; spans lie within ``[0, duration]``.
        start_time: Wall clock at 0 s, None where unknown. Stays on this machine, never in a task.
        gaps: Stretches ``(start, end)`` in seconds in which no channel has samples.
        metadata: What may be shown beside the signal (machine, site, age band).
        identity: Header fields that may identify a person, by name; `peek` names them, `add`
            drops them.
        notes: What the reader mended, for the person who adds the file.
    """

    id: str
    signals: Sequence[Signal]
    duration: float
    start_time: dt.datetime | None = None
    gaps: Sequence[tuple[float, float]] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the signals, in order."""
        return tuple(signal.name for signal in self.signals)

    def signal(self, name: str) -> Signal:
        """The signal of that name, whatever the case.

        Raises:
            DataError: The recording has no such signal.
        """
        for signal in self.signals:
            if signal.name.lower() == name.lower():
                return signal
        hint = did_you_mean(name, self.channel_names)
        raise DataError(
            f"recording '{self.id}' has no channel '{name}'",
            hint or f"It has {', '.join(self.channel_names) or 'none'}.",
        )

    def with_signals(self, signals: Sequence[Signal]) -> Recording:
        """The same recording with other signals."""
        return replace(self, signals=tuple(signals))
