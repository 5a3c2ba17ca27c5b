"""d3's date formats: what the editor writes is read, and what it reads is written."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.errors import DataError
from tslab.label_studio.foreign.formats import EPOCH, DateFormat, date_format
from tslab.lint.time_formats import read_time

WHOLE = 1_767_323_045_000.0  # 2026-01-02 03:04:05 UTC
EXACT = (
    "%Y-%m-%d %H:%M:%S.%L",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%S.%L%Z",
    "%d/%m/%y %H:%M:%S.%L",
    "%m/%d/%Y %I:%M:%S.%L %p",
    "%B %e, %Y %H:%M:%S.%L",
    "%a %b %d %H:%M:%S.%L %Y",
    "%Y%m%d%H%M%S%L",
    "%j %Y %H:%M:%S.%f",
    "%G-W%V-%u %H:%M:%S.%L",
    "%Y %U %w %H:%M:%S.%L",
    "%Y %W %A %H:%M:%S.%L",
    "%-d.%-m.%Y %_H:%M:%S.%L",
    "100%% %Q",
    "%Q",
)
"""Formats that keep a time to the millisecond."""


def both_ways(form: DateFormat, text: str) -> float:
    """The time as one text and as a column, which must agree."""
    one = form.read(text)
    many = form.read_all(pa.chunked_array([[text, "no time"], [text]]))
    assert np.array_equal(many, [one, math.nan, one], equal_nan=True)
    return one


@pytest.mark.parametrize("pattern", EXACT)
@settings(max_examples=30)
@given(milliseconds=st.integers(-30_000_000_000, 3_000_000_000_000))
def test_a_time_that_is_written_is_read_again(pattern: str, milliseconds: int) -> None:
    if "%y" in pattern:
        milliseconds %= 1_200_000_000_000  # two digits of a year mean 1969 to 2068
    form = date_format(pattern)
    assert both_ways(form, form.write(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("%Y-%m-%d %H:%M:%S", "2026-01-02 03:04:05"),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-01-02 03:04:05.000000"),
        ("%x, %X", "1/2/2026, 3:04:05 AM"),
        ("%c", "1/2/2026, 3:04:05 AM"),
        ("%s", "1767323045"),
        ("%d %b %y %H:%M:%S", "02 Jan 26 03:04:05"),
        ("%A %B", "Friday January"),
        ("%Y Q%q", "2026 Q1"),
        ("%g %y", "26 26"),
        ("%H:%M:%S%Z", "03:04:05+0000"),
    ],
)
def test_times_are_written_as_the_editor_writes_them(pattern: str, text: str) -> None:
    assert date_format(pattern).write(WHOLE + 0.9) == text


@pytest.mark.parametrize(
    ("pattern", "text", "milliseconds"),
    [
        ("%s", "1767323045", WHOLE),
        ("%s", "1767323045.25", WHOLE + 250),
        ("%Q", "1767323045100", WHOLE + 100),
        ("%Y-%m-%d %H:%M:%S.%L", "2026-01-02 03:04:05.1", WHOLE + 100),  # the editor pads to .100
        ("%Y-%m-%d %H:%M:%S.%f", "2026-01-02 03:04:05.100400", WHOLE + 100.4),
        ("%Y-%m-%d %H:%M:%S.%L", "2026-01-02 03:04:05.123456", WHOLE + 123.456),
        ("%Y-%m-%dT%H:%M:%S%Z", "2026-01-02T05:04:05+02:00", WHOLE),
        ("%Y-%m-%dT%H:%M:%S%Z", "2026-01-02T01:34:05-0130", WHOLE),
        ("%Y-%m-%dT%H:%M:%S%Z", "2026-01-02T03:04:05Z", WHOLE),
        ("%m/%d/%Y %I:%M:%S %p", "1/2/2026 12:00:00 am", WHOLE - 11_045_000),
        ("%m/%d/%Y %I:%M:%S %p", "1/2/2026 12:00:00 PM", WHOLE + 32_155_000),
        ("%y-%m-%d", "69-01-01", -31_536_000_000),
        ("%y-%m-%d", "68-01-01", 3_092_601_600_000),
        ("%Y-%m-%d", "2024-02-30", 1_709_251_200_000),  # d3: the first of March
        ("%Y-%m-%d %H", "2026-01-01 24", WHOLE - 11_045_000),
        ("%Y Q%q", "2026 Q3", 1_782_864_000_000),
        ("%H:%M", "00:01", -2_208_988_740_000),  # d3: of the year 1900
        ("%b %d %Y", " jan 2 2026 ", WHOLE - 11_045_000),
        ("%Y-%m-%d %Y", "1999-01-02 2026", 915_235_200_000),
    ],
)
def test_times_are_read_as_the_editor_reads_them(
    pattern: str, text: str, milliseconds: float
) -> None:
    assert both_ways(date_format(pattern), text) == pytest.approx(milliseconds, abs=1e-3)


@pytest.mark.parametrize("text", ["", "x", "2026-01-02", "2026-01-02 03:04:05 ", "9" * 500, "٢٠٢٦"])
def test_what_does_not_fit_is_no_time(text: str) -> None:
    assert math.isnan(both_ways(date_format("%d.%m.%Y %H:%M:%S.%L"), text))
    assert math.isnan(both_ways(date_format("%b %Y"), f"Xyz {text}"))


def test_both_readers_of_the_house_agree() -> None:
    text = "2026-01-02 03:04:05.250"
    for pattern in ("%Y-%m-%d %H:%M:%S.%L", "%Y-%m-%d %H:%M:%S.%f"):
        assert date_format(pattern).read(text) == read_time(text, pattern) == WHOLE + 250


def test_no_rows_at_all() -> None:
    empty = pa.chunked_array([pa.array([], pa.string())])
    for pattern in EXACT:
        assert len(date_format(pattern).read_all(empty)) == 0


def test_times_beyond_the_calendar_are_written_somehow() -> None:
    assert date_format("%Y").write(1e18) == "1000000000000000000"


@pytest.mark.parametrize("pattern", ["%Y-%k", "time", "%", "%Y" * 80, "%é"])
def test_formats_that_the_editor_does_not_know_are_refused(pattern: str) -> None:
    with pytest.raises(DataError, match="timeFormat"):
        date_format(pattern)


@given(pattern=st.text("%YmdHMSLfQsbBapIZjUVWuwGgyqe-_0 .:/TX()[]*+?\\", min_size=1, max_size=20))
def test_any_format_is_usable_or_refused(pattern: str) -> None:
    try:
        form = date_format(pattern)
    except DataError:
        return
    text = form.write(WHOLE)
    read = both_ways(form, text)
    assert math.isnan(read) or -1e18 < read < 1e18


@given(microseconds=st.integers(-(10**15), 10**16))
def test_dates_are_those_of_python(microseconds: int) -> None:
    time = EPOCH + dt.timedelta(microseconds=microseconds)
    form, pattern = date_format("%d/%m/%Y %H.%M.%S.%f"), "%d/%m/%Y %H.%M.%S.%f"
    expected = microseconds / 1000
    assert both_ways(form, time.strftime(pattern)) == pytest.approx(expected, abs=0.01)
    assert form.write(expected) == time.strftime(pattern)[:-3] + "000"
