"""Whatever a task holds, its series is read or refused with a DataError."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.foreign import config

from tslab.errors import DataError
from tslab.label_studio.foreign.data import ForeignSeries, read_series

CONFIGS = [
    config(),
    config(time=""),
    config(time="0", channels=("1", "2")),
    config(form="%Y-%m-%d %H:%M:%S", sep="auto"),
    config(form="%Q", channels=()),
    config(form="%d %b %y", sep=";"),
]
CELLS = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.text(max_size=6),
    st.sampled_from(["", "NaN", "null", '"', "2026-01-02", "2026-01-02T00:00:00Z", "1e999", " "]),
)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=8)


def check(payload: Any, which: int) -> ForeignSeries | None:
    """The series if it could be read; its parts fit together."""
    said = ""
    try:
        found = read_series(payload, CONFIGS[which % len(CONFIGS)])
    except DataError as error:
        said = str(error)
    assert said.isprintable()
    assert len(said) < 1000
    if said:
        return None
    axis, recording = found.axis, found.recording
    rows = len(axis.keys)
    assert rows > 0
    assert recording.signals
    assert all(note.isprintable() for note in recording.notes)
    assert 0 < recording.duration < math.inf
    for signal in recording.signals:
        assert len(signal.values()) == signal.sample_count == rows
        assert signal.duration == pytest.approx(recording.duration)
        assert signal.sampling_rate > 0
    assert (axis.keys[1:] >= axis.keys[:-1]).all()
    assert axis.nearest_row(0) == 0
    assert json.dumps(axis.written(axis.nearest_row(recording.duration)), allow_nan=False)
    return found


@settings(max_examples=100)
@given(payload=st.binary(max_size=200), which=st.integers(0, 5))
def test_any_bytes(payload: bytes, which: int) -> None:
    check(payload, which)


@settings(max_examples=100)
@given(payload=st.text(max_size=200) | st.text('{}[]",:01eE+-.\\ NaN\ud800\n', max_size=60))
def test_any_text(payload: str) -> None:
    check(payload, len(payload))


@settings(max_examples=120)
@given(
    rows=LINES,
    separator=st.sampled_from(",;\t |"),
    header=st.sampled_from(["time,a,b", "a,time", "date,b,a,x", ""]),
    which=st.integers(0, 5),
)
def test_any_table(rows: list[list[str]], separator: str, header: str, which: int) -> None:
    lines = [header.replace(",", separator), *(separator.join(row) for row in rows)]
    check("\n".join(lines).encode(errors="replace"), which)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from([10**400, "2026-01-02", "1", [1], {}, "\ud800", 1e308, -1e308]),
)  # fmt: skip


@settings(max_examples=120)
@given(
    columns=st.dictionaries(
        st.sampled_from(["time", "TIME", "a", "b", "0", "1", ""]),
        st.lists(VALUES, max_size=6) | VALUES,
        max_size=5,
    ),
    which=st.integers(0, 5),
)
def test_any_mapping(columns: dict[str, object], which: int) -> None:
    check(columns, which)
    check([columns, columns], which)


@settings(max_examples=100)
@given(
    times=st.lists(st.floats() | st.integers(-(10**22), 10**22), min_size=1, max_size=8),
    which=st.integers(0, 5),
)
def test_any_times(times: list[float], which: int) -> None:
    rows = list(range(len(times)))
    found = check({"time": times, "0": times, "a": rows, "b": rows, "1": rows}, which)
    if found is not None and found.axis.kind != "rows":
        usable = sum(1 for t in times if math.isfinite(t) and abs(t) <= 1e21)
        assert len(found.axis.keys) <= usable


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        b'{"time":[1,2],"a":[' + b"9" * 100_000 + b",1]}",
        b"time,a,b\n" + b"0," * 400_000,
        b"time,a,b\n" + b"0,1,2\n" * 20_000 + b'"' * 200_000,
        b"time,a,b\n" + b" " * 500_000 + b"\n0,1,2\n1,2,3\n",
        b"time,a,b\n" + b"2026-01-02 " * 80_000,
        b"\n" * 1_000_000,
        b'"' * 1_000_000,
        b"NaN," * 250_000,
        b"time,a,b\n" + b"--1,1,2\n" * 50_000,
    ],
)
@pytest.mark.parametrize("which", [0, 3, 5])
def test_large_nonsense_is_read_or_refused(payload: bytes, which: int) -> None:
    check(payload, which)
