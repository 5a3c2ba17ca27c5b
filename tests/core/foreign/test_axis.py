"""The axis of a foreign series: scale, rows and ranges, and times that are odd."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.foreign import config, series

from tslab.errors import DataError
from tslab.label_studio.foreign import times as foreign_times
from tslab.label_studio.foreign.axis import TimeAxis, iso_milliseconds, to_number

TENTHS = series([i / 10 for i in range(11)]).axis
JUMPS = series([0, 1, 2, 10, 11, 11, *range(12, 60), 100]).axis  # 55 rows


def test_times_are_read_whatever_their_form() -> None:
    assert [TENTHS.to_seconds(v) for v in (0.5, "0.5", " 5e-1 ", "+.5")] == [0.5] * 4
    for odd in (None, True, "", "x", "nan", "inf", [], {}, b"1", "1" * 200, "1_0", 10**400):
        assert math.isnan(TENTHS.to_seconds(odd))


def test_seconds_between_and_beyond_the_rows() -> None:
    axis = series([5, 15, 25, 35], timeDisplayFormat="date").axis  # milliseconds
    assert axis.to_seconds(20) == pytest.approx(0.015)
    assert axis.to_seconds(0) == pytest.approx(-0.005)
    assert axis.to_seconds(45) == pytest.approx(0.04)
    assert JUMPS.to_seconds(6) == pytest.approx(6)


def test_the_end_of_a_row_is_at_most_one_usual_step_away() -> None:
    step = 1 / JUMPS.rate
    assert step == pytest.approx(1, abs=0.02)
    assert JUMPS.row_end(2) == 2 + step
    assert JUMPS.row_end(4) == 11  # of the same time as the next one
    assert JUMPS.row_end(54) == JUMPS.duration == 100 + step
    assert JUMPS.range_of(1, 2) == (1, 2 + step)


def test_rows_within_a_range() -> None:
    assert JUMPS.rows_of(1, 11) == (1, 3)
    assert JUMPS.rows_of(11, 12) == (4, 5)
    assert JUMPS.rows_of(3, 9) == (2, 2)  # no row in between
    assert TENTHS.rows_of(0.3, 0.6) == (3, 5)
    assert TENTHS.rows_of(0.1 * 3, 0.1 * 6) == (3, 5)


def test_the_nearest_row() -> None:
    assert [JUMPS.nearest_row(s) for s in (-5, 0.6, 5.9, 6.1, 11, 400)] == [0, 1, 2, 3, 4, 54]
    assert [TENTHS.nearest_row(s) for s in (-5, 0.34, 400)] == [0, 3, 10]
    assert JUMPS.written(JUMPS.nearest_row(5.9)) == 2


@pytest.mark.parametrize(
    ("value", "written"), [(0, 0), (0.5, 0.5), (-0.0, 0), (1e15, 10**15), (-2.25, -2.25)]
)
def test_numbers_are_written_as_javascript_does(value: float, written: float) -> None:
    axis = series([value, value + 1]).axis
    assert axis.written(0) == written
    assert type(axis.written(0)) is type(written)


def test_an_epoch_that_is_no_date_is_looked_for_in_every_unit() -> None:
    axis = series([f"2026-01-02 00:00:0{i}" for i in range(9)], form="%Y-%m-%d %H:%M:%S").axis
    for epoch in (1767312003, 1767312003e3, 1767312003e6, 1767312003e9, "1767312003"):
        assert axis.to_seconds(epoch) == 3
    assert axis.to_seconds(5) < -1e9  # of the year 1970, far outside


def test_dates_without_any_form_are_written_in_iso() -> None:
    axis = series(["2026-01-02 00:00:00", "2026-01-02 00:00:00.5"]).axis
    assert axis.written(axis.nearest_row(0.6)) == "2026-01-02T00:00:00.500"


def test_cells_of_several_forms_in_one_column() -> None:
    cells = ["01.01.2026", "2026-01-02", "1767398400", "2026-01-04T00:00:00Z"]
    axis = series(cells, form="%d.%m.%Y").axis
    assert axis.rate == pytest.approx(1 / 86400)
    assert [axis.written(row) for row in range(4)] == [f"0{i}.01.2026" for i in range(1, 5)]


def test_too_many_odd_cells_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_times, "_CELLS_ONE_BY_ONE", 2)
    cells = ["01.01.2026", *(f"2026-01-0{i}" for i in range(2, 7))]
    with pytest.raises(DataError, match="'2026-01-04' in row 4"):
        series(cells, form="%d.%m.%Y")


@pytest.mark.parametrize("cells", [["01/02/2026", "02/02/2026"], ["12:00", "13:00"], ["x", "y"]])
def test_dates_that_may_mean_two_days_are_an_error(cells: list[str]) -> None:
    with pytest.raises(DataError, match="in row 1 is no time of the form"):
        series(cells, form="%Y-%m-%d")


def test_years_beyond_the_calendar_are_no_times() -> None:
    with pytest.raises(DataError, match="no time in 2 rows"):
        series([10**18, 10**18 + 1], form="%Q")


@given(
    step=st.floats(1e-5, 1e4),
    start=st.floats(-1e6, 1e9),
    rows=st.integers(2, 200),
)
@settings(max_examples=60)
def test_even_steps_give_the_rate(step: float, start: float, rows: int) -> None:
    times = [start + step * i for i in range(rows)]
    steps = np.diff(times)
    axis = series(times).axis
    assert axis.rate == pytest.approx(1 / float(steps.mean()), rel=2e-3)
    if np.ptp(steps) < 1e-5 * step:
        assert axis.times is None
    assert [axis.to_seconds(t) for t in times] == [axis.row_start(i) for i in range(rows)]


@given(times=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30))
@settings(max_examples=100)
def test_rows_lie_within_the_duration_and_do_not_overlap(times: list[float]) -> None:
    axis = series(times).axis
    ends = [axis.row_end(row) for row in range(len(times))]
    starts = [axis.row_start(row) for row in range(len(times))]
    assert starts[0] == 0
    assert all(start <= end for start, end in zip(starts, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert ends[-1] == axis.duration


def test_numbers_and_dates_in_text() -> None:
    assert to_number(" -1.5e3 ") == -1500
    assert iso_milliseconds("1970-01-01T01:00:00+01:00") == 0
    for odd in ("", "20260102", "2026", "x-y", "2026-13-01", "9" * 200 + "-"):
        assert math.isnan(iso_milliseconds(odd))


def test_config_and_axis_say_how_times_are_written() -> None:
    axis = series([0, 1000], form="%Q").axis
    assert isinstance(axis, TimeAxis)
    assert (axis.kind, axis.time_format, axis.unit) == ("date", config(form="%Q").time_format, 1e-3)
