"""JSON: lists by column, rows, lines, signals with a rate, refusals."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.readers import open_source, read_recording
from tslab.recording import Recording

Read = Callable[..., Recording]
ROWS = [
    {"time": 0, "a": 1.5, "on": True},
    {"time": 0.5, "a": None, "on": False},
    {"time": 1, "a": 2},
]


def check(recording: Recording) -> None:
    assert recording.channel_names == ("a", "on")
    assert recording.signal("a").sampling_rate == 2
    assert recording.signal("on").kind == "state"
    np.testing.assert_array_equal(recording.signal("a").values(), [1.5, np.nan, 2])
    np.testing.assert_array_equal(recording.signal("on").values()[:2], [1, 0])


def test_rows(read_text: Read) -> None:
    check(read_text(json.dumps(ROWS), "a.json"))
    check(read_text(json.dumps(ROWS, indent=1).encode("utf-8-sig"), "a.json"))
    check(read_text(gzip.compress(json.dumps(ROWS).encode()), "a.json.gz"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json"])
def test_lines(read_text: Read, name: str) -> None:
    check(read_text("\n".join(map(json.dumps, ROWS)) + "\n", name))


def test_column_lists(read_text: Read) -> None:
    document = {"time": [0, 0.5, 1], "a": [1.5, None, 2], "on": [True, False, None], "note": "x"}
    check(read_text(json.dumps(document), "a.json"))


def test_nan_as_python_writes_it(read_text: Read) -> None:
    document = {"time": [0, 0.5, 1], "a": [1.5, float("nan"), 2], "on": [True, False, None]}
    check(read_text(json.dumps(document), "a.json"))


def test_signals_with_a_rate(read_text: Read) -> None:
    document = {"sampling_rate": 50, "signals": {"II": [1, 2], "V5": [3, 4]}, "units": {"II": "mV"}}
    recording = read_text(json.dumps(document), "a.json")
    assert [(s.name, s.unit, s.sampling_rate) for s in recording.signals] == [
        ("II", "mV", 50), ("V5", "", 50),
    ]  # fmt: skip
    assert read_text(json.dumps(document), "a.json", sampling_rate=10).duration == 0.2
    timed = read_text(json.dumps({**document, "time": [0, 1]}), "a.json")
    assert timed.signals[0].sampling_rate == 1


def test_absolute_times(read_text: Read) -> None:
    for times in (["2024-12-31T13:00:00Z", "2024-12-31T13:00:01Z"], [1735650000000, 1735650001000]):
        recording = read_text(json.dumps({"ts": times, "a": ["1", "Bad"]}), "a.json")
        assert recording.start_time == dt.datetime(2024, 12, 31, 13, tzinfo=dt.UTC)
        np.testing.assert_array_equal(recording.signal("a").values(), [1, np.nan])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ('{"time": [0, 1', "no whole JSON"),
        ('{"time": 0}\n{"time"', "no whole JSON"),
        ('{"time": [0, 1], "a": [1]}', "differ in length ('time' 2, 'a' 1)"),
        ('{"time": [], "a": []}', "no rows"),
        ('{"time": [0, 1]}', "no column of samples"),
        ('{"a": [0, 1]}', "no sampling rate"),
        ('{"time": [0, 1], "a": [1, "oops"]}', "'oops' in row 2"),
        ('{"time": [0, null], "a": [1, 2]}', "nothing in row 2"),
        ('{"time": [1, 0], "a": [1, 2]}', "goes back by 1 s in row 2"),
        ('{"time": ["2024-01-01", "x", "2024-01-02"], "a": [1, 2, 3]}', "'x' in row 2"),
    ],
)
def test_refused(refusal: Callable[..., str], text: str, words: str) -> None:
    assert words in refusal(text, "bad.json")


@pytest.mark.parametrize(
    "text",
    ["3", "[1, 2]", "{}", '{"a.csv": ["2014-04-10"], "b.csv": []}', '[{"data": {"task": 1}}]',
     '[{"data": 1, "annotations": 2}]'],
)  # fmt: skip
def test_other_documents_are_not_ours(tmp_path: Path, domain: Domain, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    assert read_recording(open_source(path), ReadOptions(), domain) is None
