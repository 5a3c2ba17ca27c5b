"""Time columns of text tables: names, forms, units, zones, grids and gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tslab.errors import DataError
from tslab.readers.time_grid import find_grid
from tslab.recording import Recording

Read = Callable[..., Recording]
START = dt.datetime(2024, 12, 31, 13, 0, tzinfo=dt.UTC)


def column(name: str, cells: Sequence[object], separator: str = ";") -> str:
    rows = [f"{cell}{separator}{i}" for i, cell in enumerate(cells)]
    return "\n".join([f"{name}{separator}a", *rows]) + "\n"


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-12-31 13:00:00", "2024-12-31 13:00:01", "2024-12-31 13:00:02"],
        ["2024-12-31T13:00:00.000", "2024-12-31T13:00:01.000", "2024-12-31T13:00:02.000"],
        ["2024-12-31T13:00:00Z", "2024-12-31T13:00:01Z", "2024-12-31T13:00:02Z"],
        ["2024-12-31T14:00:00+01:00", "2024-12-31T14:00:01+01:00", "2024-12-31T14:00:02+01:00"],
        ["2024-12-31 14:00:00 +0100", "2024-12-31 14:00:01 +0100", "2024-12-31 14:00:02 +0100"],
        ["2024-12-31 13:00:00,000", "2024-12-31 13:00:01,000", "2024-12-31 13:00:02,000"],
        ["2024/12/31 13:00:00", "2024/12/31 13:00:01", "2024/12/31 13:00:02"],
        ["20241231T130000", "20241231T130001", "20241231T130002"],
        ["31.12.2024 13:00:00", "31.12.2024 13:00:01", "31.12.2024 13:00:02"],
        ["31/12/2024 13:00:00", "31/12/2024 13:00:01", "31/12/2024 13:00:02"],
        ["12/31/2024 13:00:00.0", "12/31/2024 13:00:01.0", "12/31/2024 13:00:02.0"],
        ["12/31/2024 01:00:00 PM", "12/31/2024 01:00:01 PM", "12/31/2024 01:00:02 PM"],
        ["31-Dec-2024 13:00:00", "31-Dec-2024 13:00:01", "31-Dec-2024 13:00:02"],
        [1735650000, 1735650001, 1735650002],
        ["1735650000.0", "1735650001.0", "1735650002.0"],
        [1735650000000, 1735650001000, 1735650002000],
        [1735650000000000, 1735650001000000, 1735650002000000],
        [1735650000000000000, 1735650001000000000, 1735650002000000000],
    ],
)
@pytest.mark.parametrize("name", ["time", "Timestamp", "when"])
def test_absolute_times(read_text: Read, cells: list[object], name: str) -> None:
    recording = read_text(column(name, cells))
    assert recording.start_time == START
    assert recording.signals[0].sampling_rate == 1
    assert recording.signals[0].times is None
    assert recording.duration == 3
    assert recording.channel_names == ("a",)


@pytest.mark.parametrize(
    ("name", "cells", "rate"),
    [
        ("time", [0, 0.25, 0.5, 0.75], 4),
        ("t", [5, 5.5, 6, 6.5], 2),
        ("time_ms", [0, 4, 8, 12], 250),
        ("time [ms]", [0, 4, 8, 12], 250),
        ("ms", [0, 4, 8, 12], 250),
        ("Time (us)", [0, 500, 1000], 2000),
        ("elapsed_ns", [0, 1000, 2000], 1e6),
        ("seconds", ["0", "0.002", "0.004"], 500),
        ("Zeit", ["0,0", "0,5", "1,0"], 2),
        ("0.0", ["0.5", "1.0", "1.5"], 2),
        ("clock", ["00:00:00.5", "00:00:01.0", "00:00:01.5"], 2),
    ],
)
def test_relative_times(read_text: Read, name: str, cells: list[object], rate: float) -> None:
    recording = read_text(column(name, cells).replace(";a", ";0" if name == "0.0" else ";a"))
    assert recording.start_time is None
    assert recording.signals[0].sampling_rate == pytest.approx(rate, rel=1e-12)
    assert recording.signals[0].read()[0][0] == 0


def test_unit_given_by_the_user(read_text: Read) -> None:
    assert read_text(column("time", [0, 4, 8]), time_unit="ms").signals[0].sampling_rate == 250


def test_strptime_format(read_text: Read) -> None:
    recording = read_text(
        column("stamp", ["311224_130000", "311224_130001"]),
        time_column="stamp",
        time_format="%d%m%y_%H%M%S",
    )
    assert recording.start_time == START


def test_strptime_format_with_zone(read_text: Read) -> None:
    cells = ["31~12~2024 14:00 +0100", "31~12~2024 14:01 +0100"]
    recording = read_text(
        column("time", cells), time_format="%d~%m~%Y %H:%M %z", time_zone="Asia/Tokyo"
    )
    assert recording.start_time == START


def test_late_row_tells_day_from_month(read_text: Read) -> None:
    cells = [f"{day:02d}/02/2024 00:00:00" for day in range(1, 20)]
    recording = read_text(column("time", cells))
    assert recording.start_time == dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    assert recording.signals[0].sampling_rate == pytest.approx(1 / 86400)


def test_date_and_time_in_two_columns(read_text: Read) -> None:
    recording = read_text("Date;Time;a\n31.12.2024;13:00:00;1\n31.12.2024;13:00:01;2\n")
    assert recording.start_time == START
    assert recording.channel_names == ("a",)
    spaced = read_text("2024-12-31 13:00:00  1.0\n2024-12-31 13:00:01  2.0\n", "a.txt")
    assert spaced.start_time == START
    assert spaced.signals[0].values().tolist() == [1, 2]


def test_time_of_day_goes_on_after_midnight(read_text: Read) -> None:
    recording = read_text(column("time", ["23:59:59", "00:00:00", "00:00:01"]))
    assert recording.duration == 3


def test_weak_name_that_does_not_rise_is_a_signal(read_text: Read) -> None:
    recording = read_text("time,T\n0,20.5\n1,20.1\n2,20.3\n")
    assert recording.channel_names == ("T",)
    assert read_text("T,p\n20.5,1\n20.1,2\n20.3,3\n", sampling_rate=1).channel_names == ("T", "p")


def test_nanoseconds_keep_their_digits(read_text: Read) -> None:
    first = 1735650000000000001
    recording = read_text(column("time", [first, first + 7, first + 20]))
    assert recording.signals[0].times is not None
    np.testing.assert_allclose(recording.signals[0].times, [0, 7e-9, 20e-9], atol=1e-15)


def test_zone_of_naive_times(read_text: Read) -> None:
    recording = read_text(
        column("time", ["2024-07-01 12:00:00", "2024-07-01 12:00:01"]), time_zone="Europe/Berlin"
    )
    assert recording.start_time == dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    assert str(recording.start_time) == "2024-07-01 12:00:00+02:00"


def berlin(start: dt.datetime, minutes: int) -> list[str]:
    """Wall clock in Berlin, every ten minutes."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    steps = [start + dt.timedelta(minutes=10 * i) for i in range(minutes // 10)]
    return [f"{step.astimezone(zone):%Y-%m-%d %H:%M:%S}" for step in steps]


@pytest.mark.parametrize(
    "start",
    [
        dt.datetime(2024, 10, 26, 22, tzinfo=dt.UTC),  # back to winter at 01:00 UTC
        dt.datetime(2024, 10, 27, 1, 30, tzinfo=dt.UTC),  # begins in the second round
        dt.datetime(2024, 3, 30, 22, tzinfo=dt.UTC),  # on to summer at 01:00 UTC
    ],
)
def test_change_of_daylight_saving_time(read_text: Read, start: dt.datetime) -> None:
    text = column("time", berlin(start, 480))
    recording = read_text(text, time_zone="Europe/Berlin")
    assert recording.start_time is not None
    assert recording.start_time.astimezone(dt.UTC) == start
    assert recording.signals[0].times is None
    assert recording.duration == pytest.approx(480 * 60)


def test_autumn_without_a_zone_runs_on(read_text: Read) -> None:
    text = column("time", berlin(dt.datetime(2024, 10, 26, 22, tzinfo=dt.UTC), 480))
    recording = read_text(text)
    assert recording.signals[0].times is None
    assert recording.duration == pytest.approx(480 * 60)
    assert "set back by one hour in row 19" in recording.notes[0]


def test_other_steps_back_are_refused(refusal: Callable[..., str]) -> None:
    stamps = berlin(dt.datetime(2024, 10, 26, 22, tzinfo=dt.UTC), 480)
    message = refusal(column("time", [*stamps[20:], *stamps[:20]]))
    assert "goes back by" in message
    assert "time_zone:" in message


def test_hour_that_spring_leaves_out(refusal: Callable[..., str]) -> None:
    text = column("time", ["2024-03-31 01:30:00", "2024-03-31 02:30:00", "2024-03-31 03:30:00"])
    message = refusal(text, time_zone="Europe/Berlin")
    assert "2024-03-31 02:30:00 in row 2 does not exist in Europe/Berlin" in message


@pytest.mark.parametrize("rate", [100, 128, 250, 256, 360, 500, 512, 600, 800, 1000])
@pytest.mark.parametrize("rounding", [np.round, np.floor])
def test_rates_behind_milliseconds(
    read_text: Read, rate: int, rounding: Callable[[object], object]
) -> None:
    cells = [f"{ms / 1000:.3f}" for ms in np.asarray(rounding(np.arange(5000) * 1000 / rate))]
    recording = read_text(column("time", cells))
    assert recording.signals[0].times is None
    assert recording.signals[0].sampling_rate == pytest.approx(rate, rel=1e-9)
    assert recording.gaps == ()


def test_many_rows_in_each_second(read_text: Read) -> None:
    cells = [f"2024-01-01 00:00:{i // 50:02d}" for i in range(2000)]
    recording = read_text(column("time", cells))
    assert recording.signals[0].times is None
    assert recording.signals[0].sampling_rate == pytest.approx(50, rel=0.03)


def test_jitter(read_text: Read) -> None:
    noise = np.random.default_rng(1).uniform(-4e-4, 4e-4, 3000)
    noise[[0, -1]] = 0
    cells = [f"{t:.6f}" for t in np.arange(3000) / 100 + noise]
    assert read_text(column("time", cells)).signals[0].sampling_rate == 100


def test_hole(read_text: Read) -> None:
    seconds = [i for i in range(2000) if not 500 <= i < 600]
    recording = read_text(column("time", seconds))
    signal = recording.signals[0]
    assert signal.times is not None
    assert signal.times.tolist() == seconds
    assert recording.gaps == ((500.0, 600.0),)
    assert signal.sampling_rate == pytest.approx(1)
    assert recording.duration == pytest.approx(2000)
    times, values = signal.read(498, 602)
    assert times.tolist() == [498, 499, 600, 601]
    assert values.tolist() == [498, 499, 500, 501]


@pytest.mark.parametrize("lost", [1, 500, 1998])
def test_one_missing_row_is_not_smeared(read_text: Read, lost: int) -> None:
    cells = [f"{i * 0.004:.3f}" for i in range(2000) if i != lost]
    signal = read_text(column("time", cells)).signals[0]
    assert signal.times is not None
    assert signal.times[-1] == pytest.approx(1999 * 0.004)


def test_duplicates_are_kept(read_text: Read) -> None:
    recording = read_text(column("time", [0, 1, 1, 2, 7, 30, 31]))
    assert recording.signals[0].sample_count == 7
    assert recording.signals[0].times is not None
    assert recording.signals[0].times.tolist() == [0, 1, 1, 2, 7, 30, 31]


def test_values_logged_when_they_change_have_few_gaps(read_text: Read) -> None:
    steps = np.random.default_rng(2).exponential(10, 4000)
    recording = read_text(column("time", [f"{t:.3f}" for t in np.cumsum(steps)]))
    assert recording.signals[0].times is not None
    assert len(recording.gaps) < 40


@given(
    st.integers(2, 400),
    st.sampled_from([1, 10, 50, 100, 125, 200, 250, 256, 360, 400, 500, 1000]),
    st.integers(0, 10**18),
)
def test_exact_grids_are_regular(count: int, rate: int, start: int) -> None:
    nanoseconds = start + np.round(np.arange(count) * (1e9 / rate)).astype(np.int64)
    grid = find_grid(nanoseconds, "f", "t")
    assert grid.times is None
    assert grid.rate == pytest.approx(rate, rel=1e-6)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=50))
def test_any_rising_times_are_kept_to_the_nanosecond(steps: list[int]) -> None:
    times = np.cumsum(np.array(steps, dtype=np.int64))
    if times[-1] == times[0]:
        with pytest.raises(DataError, match="does not advance"):
            find_grid(times, "f", "t")
        return
    grid = find_grid(times, "f", "t")
    seconds = np.arange(len(times)) / grid.rate if grid.times is None else grid.times
    resolution = np.gcd.reduce(np.diff(times)) / 1e9
    mean = (times[-1] - times[0]) / len(steps[1:]) / 1e9
    off = np.abs(seconds - (times - times[0]) / 1e9).max()
    assert off <= 1.1 * max(resolution, 0.1 * mean) + 1e-6
    assert grid.duration > seconds[-1]
