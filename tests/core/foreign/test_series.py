"""Series of foreign projects: tables as the editor parses them, with more patience."""

from __future__ import annotations

import datetime as dt
import json
import math

import numpy as np
import pytest
from kit.foreign import config, series, table

from tslab.errors import DataError
from tslab.label_studio.foreign import csv_text as foreign_csv
from tslab.label_studio.foreign import table as foreign_table
from tslab.label_studio.foreign.data import ForeignSeries, read_series

NAN = math.nan


def values(found: ForeignSeries) -> dict[str, list[float]]:
    return {signal.name: signal.values().tolist() for signal in found.recording.signals}


def same(left: list[float], right: list[float]) -> bool:
    return np.array_equal(left, right, equal_nan=True)


def test_a_plain_table() -> None:
    found = read_series(table([0, 0.1, 0.2, 0.3]), config(), "rec-1")
    assert found.recording.id == "rec-1"
    assert values(found) == {"a": [0, 1, 2, 3], "b": [0, 1, 4, 9]}
    assert found.recording.duration == pytest.approx(0.4)
    assert found.recording.notes == ()
    signal = found.recording.signal("A")
    assert (signal.sampling_rate, signal.times, signal.duration) == (10.0, None, 0.4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(encoding: str) -> None:
    payload = "time,größe,b\n0,1,2\n1,3,4\n".encode(encoding)
    assert values(read_series(payload, config(channels=("Größe",)))) == {"Größe": [1, 3]}


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends(ends: str) -> None:
    payload = ends.join(["", "time,a,b", "0,1,2", "", "1,3,4", ""]).encode()
    assert values(read_series(payload, config())) == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        *((None, sep) for sep in ",;\t |"),
        *(("auto", sep) for sep in ",;\t "),
        ("tab", "\t"), ("space", " "), ("comma", ","), (";", ";"), ("&#9;", "\t"), ("^", "^"),
        (";", ","), ("tab", ";"), ("--", "\t"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("header", [True, False])
def test_separators_declared_and_found(declared: str | None, used: str, header: bool) -> None:
    more = {"sep": declared} if declared else {}
    time, channels = ("time", ("a", "b")) if header else ("0", ("1", "2"))
    payload = table([0, 1, 2], used, header)
    found = read_series(payload, config(time=time, channels=channels, **more))
    assert list(values(found).values()) == [[0, 1, 2], [0, 1, 4]]


def test_columns_in_line_with_several_blanks() -> None:
    payload = b"time   a     b\n0      1    2\n  1    3   4 \n"
    assert values(read_series(payload, config(sep="space"))) == {"a": [1, 3], "b": [2, 4]}


def test_a_table_without_header_is_addressed_by_number() -> None:
    payload = table([0, 1, 2], header=False)
    found = read_series(payload, config(time="0", channels=("1", "2")))
    assert values(found) == {"1": [0, 1, 2], "2": [0, 1, 4]}


def test_a_table_with_header_may_be_addressed_by_number_too() -> None:
    assert list(values(series([0, 1], time="0", channels=("2",))).values()) == [[0, 1]]


def test_names_in_quotes_and_of_any_case() -> None:
    payload = b'"Time","A","b"\n0,1,2\n1,3,4\n'
    assert values(read_series(payload, config(time="TIME", channels=("a", "B")))) == {
        "a": [1, 3],
        "B": [2, 4],
    }


def test_without_channels_all_columns_but_the_time_count() -> None:
    assert values(series([0, 1], channels=())) == {"a": [0, 1], "b": [0, 1]}


def test_gaps_in_values_are_missing() -> None:
    payload = b'time,a,b\n0,,1\n1,NaN,"2"\n2,null,3\n3,"",4\n4,5,1e999\n'
    found = values(read_series(payload, config()))
    assert same(found["a"], [NAN, NAN, NAN, NAN, 5])
    assert same(found["b"], [1, 2, 3, 4, NAN])


def test_text_among_the_numbers_is_missing_and_counted() -> None:
    payload = b"time,a,b\n0,oops,+1\n1, 2 ,.5\n2,x,1.\n3,,-2e3\n"
    found = read_series(payload, config())
    assert same(values(found)["a"], [NAN, 2, NAN, NAN])
    assert values(found)["b"] == [1, 0.5, 1, -2000]
    assert found.recording.notes == ("channel 'a': text in 2 cells counts as missing",)


def test_a_channel_of_text_is_left_out() -> None:
    found = read_series(b"time,a,b\n0,low,1\n1,high,2\n", config())
    assert values(found) == {"b": [1, 2]}
    assert found.recording.notes == ("channel 'a' holds no number and was left out",)


def test_a_missing_channel_is_left_out_and_named() -> None:
    found = series([0, 1], channels=("a", "zz"))
    assert values(found) == {"a": [0, 1]}
    assert found.recording.notes == ("the series has no channel 'zz'",)


def test_rows_of_another_length_keep_their_place() -> None:
    payload = b"time,a,b\n0,1,1\n1,2\n\n2,3,3,9\n3,4,4\n4\n"
    found = read_series(payload, config(time=""))
    assert same(values(found)["a"], [1, 2, 3, 4, NAN])
    assert same(values(found)["b"], [1, NAN, 3, 4, NAN])


@pytest.mark.parametrize("payload", [b"time,a,b\n0,1,2,\n1,3,4,\n", b"time,a,b,,\n0,1,2\n1,3,4\n"])
def test_separators_at_the_end_of_rows_or_header(payload: bytes) -> None:
    assert values(read_series(payload, config())) == {"a": [1, 3], "b": [2, 4]}


def test_a_quotation_mark_that_nobody_closes_swallows_nothing() -> None:
    payload = b'time,a,b,note\n0,1,1,"5\n1,2,2,x\n2,3,3,"7\n'
    assert values(read_series(payload, config())) == {"a": [1, 2, 3], "b": [1, 2, 3]}
    payload = b'time,a,b\n0,"1,1\n1,2,2\n2,3,3\n'
    assert values(read_series(payload, config())) == {"a": [1, 2, 3], "b": [1, 2, 3]}


def test_a_quoted_cell_may_hold_the_separator() -> None:
    payload = b'time,note,a,b\n0,"x, y",1,2\n1,"z",3,oops\n'
    assert same(values(read_series(payload, config()))["a"], [1, 3])


def test_the_same_column_under_two_names() -> None:
    assert list(values(series([0, 1], channels=("a", "1"))).values()) == [[0, 1], [0, 1]]


# --- JSON


COLUMNS = {"time": [0, 1, 2], "a": [1.5, None, 3], "B": [1, 2, 3], "note": ["x", "y", "z"]}


@pytest.mark.parametrize("form", ["mapping", "text", "bytes", "bom", "rows"])
def test_json_in_every_form(form: str) -> None:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
    text = json.dumps(COLUMNS)
    payload = {
        "mapping": COLUMNS, "text": text, "bytes": text.encode(),
        "bom": b"\xef\xbb\xbf " + text.encode(), "rows": json.dumps(rows).encode(),
    }[form]  # fmt: skip
    found = values(read_series(payload, config(valueType="json")))  # type: ignore[arg-type]
    assert same(found["a"], [1.5, NAN, 3])
    assert found["b"] == [1, 2, 3]


def test_json_with_words_that_are_no_json() -> None:
    payload = b'{"time":[0,1,2],"a":[NaN,1,Infinity],"b":[-Infinity, 2 ,3]}'
    found = values(read_series(payload, config()))
    assert same(found["a"], [NAN, 1, NAN])
    assert same(found["b"], [NAN, 2, 3])


def test_json_values_of_any_type() -> None:
    odd = ["1.5", True, None, [1], {"x": 1}, "word", 10**400, " 2 ", NAN, ""]
    payload = {"time": list(range(10)), "a": odd, "b": [[1]] * 9 + [5]}
    found = read_series(payload, config())
    assert same(values(found)["a"], [1.5, 1, NAN, NAN, NAN, NAN, NAN, 2, NAN, NAN])
    assert found.recording.notes == ("channel 'a': text in 1 cells counts as missing",)


def test_json_columns_of_another_length_are_filled_or_cut() -> None:
    found = read_series({"time": [0, 1, 2], "a": [1], "b": [1, 2, 3, 4]}, config())
    assert same(values(found)["a"], [1, NAN, NAN])
    assert values(found)["b"] == [1, 2, 3]
    assert found.recording.notes == (
        "column 'a' has 1 values, not 3",
        "column 'b' has 4 values, not 3",
    )


def test_json_times_as_dates_and_as_strings() -> None:
    dates = ["2026-01-02 00:00:00", None, "2026-01-02 00:00:02"]
    found = read_series({"time": dates, "a": [1, 2, 3]}, config(form="%Y-%m-%d %H:%M:%S"))
    assert values(found) == {"a": [1, 3]}
    found = read_series({"time": ["0", "0.5", "1"], "a": [1, 2, 3]}, config())
    assert found.axis.rate == 2
    found = read_series({"time": [2001, 2002.0], "a": [1, 2]}, config(form="%Y"))
    assert found.axis.written(1) == "2002"


# --- times


def test_without_time_column_a_row_is_a_second() -> None:
    found = series([5, 6, 9], time="")
    assert found.recording.duration == 3
    axis = found.axis
    written = [axis.written(axis.nearest_row(s)) for s in (0, 1.2, 7)]
    assert written == [0, 1, 2]
    assert type(written[1]) is int


START = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def stamps(pattern: str, step: float = 0.1) -> list[str]:
    return [(START + dt.timedelta(seconds=step * i)).strftime(pattern) for i in range(5)]


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ("%Y-%m-%d %H:%M:%S.%L", stamps("%Y-%m-%d %H:%M:%S.%f")),
        ("%Y-%m-%dT%H:%M:%S.%LZ", stamps("%Y-%m-%dT%H:%M:%S.%fZ")),
        ("%m/%d/%Y %H:%M:%S.%L", stamps("%m/%d/%Y %H:%M:%S.%f")),
        ("%Q", [1767323045000 + 100 * i for i in range(5)]),
        ("%s", [1767323045 + i / 10 for i in range(5)]),
        ("", [1767323045000 + 100 * i for i in range(5)]),
        ("", [1767323045000000 + 100_000 * i for i in range(5)]),
        ("", [1767323045 + i / 10 for i in range(5)]),
        ("", stamps("%Y-%m-%dT%H:%M:%S.%f")),
        ("%Y-%m-%d %H:%M:%S", stamps("%Y-%m-%dT%H:%M:%S.%fZ")),  # the format does not fit
        ("%d.%m.%Y", stamps("%Y/%m/%d %H:%M:%S.%f")),
        ("%Y-%m-%d", [1767323045000 + 100 * i for i in range(5)]),
        ("%Y-%m-%d", [1767323045 + i / 10 for i in range(5)]),
        ("%Q", stamps("%Y-%m-%d %H:%M:%S.%f")),
    ],
)
def test_the_scale_is_seconds_however_times_are_written(form: str, cells: list[object]) -> None:
    found = series(cells, form=form)
    assert found.axis.rate == pytest.approx(10)
    assert found.axis.times is None
    assert found.recording.duration == pytest.approx(0.5)


def test_small_numbers_are_seconds_unless_shown_as_dates() -> None:
    assert series([0, 100, 200]).axis.rate == pytest.approx(0.01)
    assert series([0, 100, 200], timeDisplayFormat="date").axis.rate == pytest.approx(10)
    assert series([0, 100, 200], form="%Q").axis.rate == pytest.approx(10)


def test_a_fraction_may_be_missing_here_and_there() -> None:
    cells = ["2026-01-02T00:00:00", "2026-01-02T00:00:00.500000", "2026-01-02T00:00:01"]
    for form in ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S"):
        assert series(cells, form=form).axis.rate == 2


def test_unsorted_times_are_sorted_and_duplicates_kept_in_order() -> None:
    found = series([3, 1, 2, 1])
    assert values(found)["a"] == [1, 3, 2, 0]
    assert found.axis.keys.tolist() == [1, 1, 2, 3]
    assert found.recording.notes == ("the rows were not in order of time and were sorted",)


def test_rows_without_a_time_are_left_out_and_counted() -> None:
    found = series([0, "", "NaN", 3, 1e30])
    assert values(found)["a"] == [0, 3]
    assert found.recording.notes == ("3 rows have no time and were left out",)


def test_irregular_times_keep_their_place() -> None:
    found = series([0, 1, 2.5, 2.6, 7])
    assert found.axis.times is not None
    assert found.axis.times.tolist() == [0, 1, 2.5, 2.6, 7]
    signal = found.recording.signals[0]
    assert signal.times is found.axis.times
    assert found.recording.duration == pytest.approx(signal.duration)


def test_a_pause_becomes_a_gap() -> None:
    found = series([*range(50), *range(1000, 1050)])
    assert found.recording.gaps == ((50, 1000),)


def test_times_rounded_to_milliseconds_are_regular() -> None:
    found = series([round(1000 / 60 * i) for i in range(300)], form="%Q")
    assert found.axis.times is None
    assert found.axis.rate == pytest.approx(60, rel=1e-3)


@pytest.mark.parametrize("times", [[0], [5, 5, 5], [1767323045]])
def test_a_series_that_does_not_advance(times: list[float]) -> None:
    found = series(times)
    assert found.recording.duration == 1
    assert found.axis.written(found.axis.nearest_row(0.2)) == times[0]


def test_one_row_of_dates() -> None:
    found = series(["2026-01-02"], form="%Y-%m-%d")
    assert found.axis.written(found.axis.nearest_row(5)) == "2026-01-02"


# --- what cannot be read


@pytest.mark.parametrize(
    ("payload", "changes", "said"),
    [
        (b"", {}, "is empty"),
        (b"\n\n", {}, "is empty"),
        (b"time,a,b\n", {}, "has no rows"),
        (b"{}", {}, "no time column 'time'; its columns are none"),
        (b'{"time":[],"a":[]}', {}, "has no rows"),
        (b"[1,2]", {}, "no object with a list"),
        (b'{"time":[1,', {}, "no whole JSON"),
        (b"[" * 5000 + b"]" * 5000, {}, "no whole JSON|no object with a list"),
        (b"<!DOCTYPE html><html>", {}, "web page"),
        (b"\x89PNG\r\n\x1a\n\0\0", {}, "no text"),
        (b"tine,a,b\n0,1,2\n", {}, "Did you mean 'tine'"),
        (b"time,x,y\n0,1,2\n", {}, "no channel 'a', 'b'; its columns are 'time', 'x', 'y'"),
        (b"time,a,b\n0,x,y\n1,x,y\n", {}, "holds no number"),
        (b"time,a,b\n,1,1\n,2,2\n", {}, "no time in 2 rows"),
        (b"time,a,b\n0,1,1\nsoon,2,2\n", {}, "'soon' in row 2 is no number and no date"),
        (
            b"time,a,b\n2026-01-02,1,1\nsoon,2,2\n",
            {"form": "%Y-%m-%d"},
            "'soon' in row 2 is no time of the form %Y-%m-%d",
        ),
        (b"time,a,b\n0,1,1\n", {"form": "%k"}, "timeFormat '%k'"),
        (b"time,a,b\n" + b"1" * 3_000_000, {}, "characters"),
        (b"a," * 10_001 + b"a\n", {}, "10002 columns"),
    ],
)
def test_what_cannot_be_read_is_named_with_a_remedy(
    payload: bytes, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_series(payload, config(**changes))
    assert caught.value.remedy
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("payload", [None, 5, [1, 2], [{"a": 1}, 5], {"time": 5, "a": {}}])
def test_payloads_of_other_types_are_refused(payload: object) -> None:
    with pytest.raises(DataError):
        read_series(payload, config())  # type: ignore[arg-type]


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_table, "MAX_VALUES", 8)
    assert len(values(series([0, 1]))) == 2
    for payload in (table([0, 1, 2]), table([0, 1, 2]).replace(b"\n", b"\r")):
        with pytest.raises(DataError, match="values"):
            read_series(payload, config())
    with pytest.raises(DataError, match="values"):
        read_series({"time": [1, 2, 3], "a": [1], "b": [1]}, config())


def test_regular_numbers_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(foreign_csv, "_parse_texts")
    assert values(read_series(table(range(5)), config()))["a"] == [0, 1, 2, 3, 4]
    assert len(series(stamps("%Y-%m-%d %H:%M:%S.%f"), form="%Y-%m-%d %H:%M:%S.%f").axis.keys) == 5
