"""CSV and its relatives: separators, headers, encodings, cells, columns."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.contracts import ReadOptions, Source
from tslab.domain import Domain
from tslab.readers import csv
from tslab.recording import Recording

Read = Callable[..., Recording]
PLAIN = "time,a,b\n0,1.5,10\n0.5,2.5,20\n1,3.5,30\n"


def values(recording: Recording, name: str) -> list[float]:
    return [float(value) for value in recording.signal(name).values()]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", "   "])
def test_separators_are_found(read_text: Read, separator: str) -> None:
    recording = read_text(PLAIN.replace(",", separator))
    assert recording.channel_names == ("a", "b")
    assert values(recording, "b") == [10, 20, 30]
    assert recording.signal("a").sampling_rate == 2


def test_separator_can_be_given(read_text: Read) -> None:
    assert read_text("x:y\n1:2\n3:4\n", separator=":", sampling_rate=1).channel_names == ("x", "y")
    tabbed = read_text("x\ty\n1\t2\n3\t4\n", separator="tab", sampling_rate=1)
    assert values(tabbed, "y") == [2, 4]


def test_excel_names_its_separator(read_text: Read) -> None:
    assert values(read_text("sep=|\ntime|a\n0|1\n1|2\n"), "a") == [1, 2]


def test_no_header(read_text: Read) -> None:
    recording = read_text("1,5\n2,6\n3,7\n", separator=",", sampling_rate=10)
    assert recording.channel_names == ("0", "1")
    assert values(recording, "1") == [5, 6, 7]


def test_columns_by_number(read_text: Read) -> None:
    text = "0.0;1;5\n0.1;2;6\n0.2;3;7\n"
    recording = read_text(text, time_column="0", columns=("2", "1"))
    assert recording.channel_names == ("2", "1")
    assert recording.signal("2").sampling_rate == 10


def test_columns_by_name_in_order(read_text: Read) -> None:
    recording = read_text("time,a [mV],b\n0,1,2\n1,3,4\n", columns=("b", "A"))
    assert recording.channel_names == ("b", "a")
    assert recording.signal("a").unit == "mV"


def test_ignored_columns_may_hold_text(read_text: Read) -> None:
    recording = read_text("time,a,who\n0,1,x\n1,2,y\n", ignore=("WHO", "not there"))
    assert recording.channel_names == ("a",)


def test_numpy_writes_the_header_as_a_comment(read_text: Read) -> None:
    recording = read_text("# made by us\n# time,a\n0,1\n0.5,2\n")
    assert recording.channel_names == ("a",)
    assert recording.identity == {"comment 1": "made by us", "comment 2": "time,a"}


def test_comments_between_rows_are_skipped(read_text: Read) -> None:
    rows = "".join(
        f"{i},{i * 2}\n" + ("# pause, here\n\n" if i % 100 == 0 else "") for i in range(5000)
    )
    recording = read_text("# top\ntime,a\n" + rows + "# end")
    assert recording.signal("a").sample_count == 5000
    assert values(recording, "a") == [i * 2 for i in range(5000)]


def test_names_are_unique(read_text: Read) -> None:
    assert read_text("time,x,X,x\n0,1,2,3\n1,1,2,3\n").channel_names == ("x", "X 2", "x 3")


def test_units_from_headers_and_from_the_user(read_text: Read) -> None:
    recording = read_text(
        "time,Current [A],Pressure (bar),Plain\n0,1,2,3\n1,1,2,3\n",
        units={"plain": "V", "current": "mA"},
    )
    assert [(s.name, s.unit) for s in recording.signals] == [
        ("Current", "mA"), ("Pressure", "bar"), ("Plain", "V"),
    ]  # fmt: skip


def test_decimal_comma(read_text: Read) -> None:
    recording = read_text("time;a;b\n0,0;1,5;2\n0,5;-2,25;1e2\n1,0;;3,0\n")
    assert recording.signal("a").sampling_rate == 2
    assert values(recording, "a")[:2] == [1.5, -2.25]
    assert values(recording, "b") == [2, 100, 3]


def test_quoted_cells(read_text: Read) -> None:
    recording = read_text('"time","a, left","b"\n"0","1,5","x\ny"\n"1","2,5","z"\n', ignore=("b",))
    assert recording.channel_names == ("a, left",)
    assert values(recording, "a, left") == [1.5, 2.5]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(read_text: Read, encoding: str) -> None:
    recording = read_text("time;Größe [µm]\n0;1,5\n1;2\n".encode(encoding))
    assert [(s.name, s.unit) for s in recording.signals] == [("Größe", "µm")]
    assert values(recording, "Größe") == [1.5, 2]


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_endings(read_text: Read, ending: str) -> None:
    assert values(read_text(PLAIN.replace("\n", ending)), "b") == [10, 20, 30]


def test_last_line_without_end(read_text: Read) -> None:
    assert values(read_text(PLAIN.rstrip()), "b") == [10, 20, 30]


def test_gzip(read_text: Read) -> None:
    assert values(read_text(gzip.compress(PLAIN.encode()), "table.csv.gz"), "b") == [10, 20, 30]


def test_missing_cells(read_text: Read) -> None:
    words = ["", "NA", "NaN", "null", "-", "Bad", "I/O Timeout", "Pt Created", " nan ", "inf"]
    rows = "".join(f"{i},{i},{word}\n" for i, word in enumerate(words))
    recording = read_text("time,a,b\n" + rows + "10,10,7\n")
    assert np.isnan(recording.signal("b").values()[:-1]).all()
    assert values(recording, "b")[-1] == 7


def test_blanks_and_signs_around_numbers(read_text: Read) -> None:
    assert values(read_text("time, a, b\n0, +1.5 , 2\n1, -3 , NA\n"), "a") == [1.5, -3]


def test_kinds(read_text: Read) -> None:
    recording = read_text(
        "time,words,flag,few,zero,on\n0,true,0,2,0,On\n1,False,1.0,3,0,off\n2,,0,2,0,ON\n"
    )
    assert [s.kind for s in recording.signals] == [
        "state", "state", "continuous", "continuous", "state",
    ]  # fmt: skip
    np.testing.assert_array_equal(recording.signal("words").values(), [1, 0, np.nan])
    assert values(recording, "on") == [1, 0, 1]


def test_a_late_fraction_makes_a_column_continuous(read_text: Read) -> None:
    rows = "".join(f"{i},{i % 2 if i != 2900 else 0.5}\n" for i in range(3000))
    assert read_text("time,a\n" + rows).signal("a").kind == "continuous"


def test_row_numbers_of_pandas_are_no_signal(read_text: Read) -> None:
    recording = read_text(",time,a\n0,5.0,7\n1,5.5,8\n2,6.0,9\n")
    assert recording.channel_names == ("a",)
    assert recording.signal("a").sampling_rate == 2


def test_empty_last_column_is_no_signal(read_text: Read) -> None:
    assert read_text("time;a;\n0;1;\n1;2;\n").channel_names == ("a",)


def test_one_column(read_text: Read) -> None:
    recording = read_text("emg\n1\n2\n3\n", "emg.txt", sampling_rate=1000)
    assert recording.duration == 0.003
    assert values(recording, "emg") == [1, 2, 3]


def test_other_suffixes_are_not_ours(domain: Domain) -> None:
    source = Source(Path("a.xyz"), b"time,a\n0,1\n")
    assert csv.read_recording(source, ReadOptions(), domain) is None


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(*[st.none() | st.floats(-1e6, 1e6).map(lambda x: round(x, 4))] * 3),
        min_size=2,
        max_size=30,
    ),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    ending=st.sampled_from(["\n", "\r\n"]),
    given_marks=st.booleans(),
)
def test_round_trip(
    read_text: Read,
    rows: list[tuple[float | None, ...]],
    separator: str,
    decimal: str,
    ending: str,
    given_marks: bool,
) -> None:
    quote = '"' if separator == decimal else ""

    def cell(value: float | None) -> str:
        return "" if value is None else quote + f"{value:.4f}".replace(".", decimal) + quote

    lines = [separator.join(["time", "a", "b", "c"])]
    lines += [separator.join([str(i), *map(cell, row)]) for i, row in enumerate(rows)]
    options = {"separator": separator, "decimal": decimal} if given_marks else {}
    recording = read_text(ending.join(lines) + ending, **options)
    expected = np.array(rows, dtype=np.float64)
    for index, name in enumerate("abc"):
        np.testing.assert_allclose(recording.signal(name).values(), expected[:, index], atol=1e-9)


def test_header_with_a_number_in_it(read_text: Read) -> None:
    recording = read_text("time,1,temp\n0,5,7\n1,6,8\n")
    assert recording.channel_names == ("1", "temp")


def test_text_in_the_first_row_of_data_is_no_header(read_text: Read) -> None:
    recording = read_text("1.5,ok\n2.5,ok\n", sampling_rate=1, ignore=("1",))
    assert values(recording, "0") == [1.5, 2.5]


def test_header_of_r_without_a_name_for_its_row_numbers(read_text: Read) -> None:
    recording = read_text('"time" "a"\n"1" 0 5\n"2" 0.5 6\n', "r.txt")
    assert recording.channel_names == ("a",)
    assert recording.signal("a").sampling_rate == 2


def test_many_rows_with_one_time(read_text: Read) -> None:
    rows = "".join(f"{second},{i}\n" for second in (0, 7, 8, 300) for i in range(9))
    recording = read_text("time,a\n" + rows)
    assert recording.signals[0].times is not None
    assert len(recording.gaps) == 1
