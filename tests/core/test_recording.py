"""Recordings: samples by time range, regular and irregular."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.errors import DataError
from tslab.recording import Recording, Signal


def regular(rate: float, count: int) -> Signal:
    return Signal.from_array("x", np.arange(count, dtype=np.float32), rate)


@settings(max_examples=1000)
@given(
    rate=st.sampled_from([1 / 300, 1, 125, 360, 25_600, 400_000]),
    count=st.integers(0, 50),
    first=st.integers(0, 60),
    last=st.integers(0, 60),
)
def test_ranges_between_sample_times(rate: float, count: int, first: int, last: int) -> None:
    signal = regular(rate, count)
    got = signal.index_range(first / rate, last / rate)
    assert got[0] == min(first, count)
    assert max(*got) == max(min(last, count), min(first, count))
    times, values = signal.read(first / rate, max(first, last) / rate)
    assert len(times) == len(values) == max(0, min(max(first, last), count) - min(first, count))


@settings(max_examples=1000)
@given(st.lists(st.sampled_from([0.0, 0.001, 0.5, 3.0]), min_size=1, max_size=20), st.data())
def test_irregular_ranges_hold_what_lies_in_them(steps: list[float], data: st.DataObject) -> None:
    times = np.cumsum(steps)
    signal = Signal.from_array("x", times.copy(), 2.0, times=times)
    start = data.draw(st.sampled_from([0.0, *times.tolist()]))
    end = data.draw(st.sampled_from([*times.tolist(), times[-1] + 1]))
    first, last = signal.index_range(start, end)
    inside = np.flatnonzero((times >= start - 1e-6) & (times < end - 1e-6))
    assert max(last - first, 0) == len(inside)
    assert signal.duration == times[-1] + 0.5


@pytest.mark.parametrize("rate", [0.003, 7.3, 250, 25_600, 999_999, 3_000_000])
@pytest.mark.parametrize("count", [0, 1, 999])
def test_reading_without_limits_gives_every_sample(rate: float, count: int) -> None:
    times, values = regular(rate, count).read()
    assert len(times) == len(values) == count
    assert values.dtype == np.float64


def test_samples_are_read_only_when_asked_for() -> None:
    asked: list[tuple[int, int]] = []

    def reader(first: int, last: int) -> Any:
        asked.append((first, last))
        return np.zeros(last - first)

    signal = Signal("x", "mV", 100.0, 10**9, reader)
    assert signal.duration == 10**7
    assert asked == []
    signal.read(50, 50.5)
    assert asked == [(5000, 5050)]


def test_beyond_the_end_there_is_nothing() -> None:
    signal = regular(10, 20)
    assert signal.index_range(5, 6) == (20, 20)
    assert signal.index_range(1.95, 100) == (20, 20)
    assert signal.index_range(-3, 0.1) == (0, 1)


def test_channels_are_found_whatever_the_case_or_named_with_a_hint() -> None:
    signals = [regular(10, 5), Signal.from_array("Pressure", np.zeros(5), 10.0)]
    recording = Recording("rec-a", signals, 0.5)
    assert recording.signal("PRESSURE").name == "Pressure"
    with pytest.raises(DataError, match="'rec-a' has no channel 'presure'") as caught:
        recording.signal("presure")
    assert caught.value.remedy == "did you mean 'Pressure'?"
    with pytest.raises(DataError, match="It has x, Pressure"):
        recording.signal("unlike")
    assert recording.with_signals(signals[:1]).channel_names == ("x",)
