"""Labels in tables: columns, tiers, fields, and all problems at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tslab.annotation import Annotation
from tslab.contracts import ReadOptions
from tslab.domain import Domain
from tslab.errors import DataError
from tslab.readers import open_source
from tslab.readers.annotation_tables import read_annotations

Read = Callable[..., Sequence[Annotation]]
write_table: Any = pq.write_table  # has no types


@pytest.fixture
def read(tmp_path: Path, domain: Domain) -> Read:
    def read_text(text: str, name: str = "labels.csv", **options: object) -> Sequence[Annotation]:
        path = tmp_path / name
        path.write_text(text)
        found = read_annotations(open_source(path), ReadOptions(**options), domain)  # type: ignore[arg-type]
        assert found is not None
        return found

    return read_text


def test_spans_are_grouped_and_sorted(read: Read) -> None:
    found = read(
        "file,start,end,label,score,annotator,view\n"
        "a.csv,5,6,Leak,0.5,ann,all\na.csv,1,2,Run,,ann,all\n"
        "b.csv,0,1,Off,1,ann,all\na.csv,0,1,Off,,bob,\n"
    )
    assert [(a.recording, a.annotator, a.view, len(a.spans)) for a in found] == [
        ("a.csv", "ann", "all", 2), ("b.csv", "ann", "all", 1), ("a.csv", "bob", "", 1),
    ]  # fmt: skip
    first, second = found[0].spans
    assert (first.start, first.end, first.label, first.tier, first.score) == (
        1,
        2,
        "Run",
        "state",
        None,
    )
    assert (second.tier, second.score) == ("event", 0.5)


def test_onset_and_duration(read: Read) -> None:
    (found,) = read("onset\tduration\ttrial_type\n0.5\t1.5\tShock\n", "events.tsv")
    assert (found.recording, found.annotator) == ("", "")
    assert (found.spans[0].start, found.spans[0].end) == (0.5, 2.0)


def test_instants_need_no_end(read: Read) -> None:
    (found,) = read("time;label\n0,5;Peak\n1,5;Peak\n")
    assert [(s.start, s.end, s.tier) for s in found.spans] == [
        (0.5, 0.5, "mark"),
        (1.5, 1.5, "mark"),
    ]


def test_units(read: Read) -> None:
    assert read("start [ms],end [ms],label\n500,1500,Leak\n")[0].spans[0].end == 1.5
    assert read("start,end,label\n500,1500,Leak\n", time_unit="ms")[0].spans[0].start == 0.5


def test_codes_and_any_case(read: Read) -> None:
    spans = read("start,end,label\n0,1,R\n1,2,off\n")[0].spans
    assert [s.label for s in spans] == ["Run", "Off"]


def test_fields(read: Read) -> None:
    (found,) = read("start,end,label,severity,cause,other\n0,1,Leak,3,valve|pump,x\n1,2,Leak,,,\n")
    assert found.spans[0].fields == {"severity": 3.0, "cause": ("valve", "pump")}
    assert found.spans[1].fields == {}


def test_json_and_parquet(tmp_path: Path, domain: Domain, read: Read) -> None:
    rows = [
        {
            "recording": "r1",
            "start": 0,
            "end": 1.5,
            "label": "Leak",
            "cause": ["valve"],
            "score": 1,
        },
        {"recording": "r1", "start": 2, "end": 3, "label": "Run", "cause": None, "score": 0.25},
    ]
    from_json = read(json.dumps(rows), "labels.json")
    table = pa.Table.from_pylist(rows)
    write_table(table, tmp_path / "labels.parquet")
    source = open_source(tmp_path / "labels.parquet")
    assert read_annotations(source, ReadOptions(), domain) == from_json
    assert from_json[0].spans[0].fields == {"cause": ("valve",)}
    columns = {"start": [0, 2], "end": [1.5, 3], "label": ["Leak", "Run"]}
    assert len(read(json.dumps(columns), "labels.json")[0].spans) == 2


def refusal(read: Read, text: str) -> str:
    with pytest.raises(DataError) as caught:
        read(text)
    message = str(caught.value)
    assert message.startswith("labels.csv: ")
    assert "\n" not in message
    return message


def test_tier_column_settles_a_label_of_two_tiers(read: Read) -> None:
    spans = read("start,end,label,tier\n0,1,Both,event\n2,,Both,mark\n")[0].spans
    assert [s.tier for s in spans] == ["event", "mark"]
    message = refusal(read, "start,end,label\n0,1,Both\n")
    assert "row 1: label 'Both' is in tiers 'event' and 'mark', so a column 'tier'" in message


def test_all_problems_are_listed(read: Read) -> None:
    rows = [
        "0,1,Leek,event", "0,1,Leek,event", "0,1,Leak,evnt", "2,1,Leak,", "-1,1,Leak,",
        "soon,1,Leak,", ",1,Leak,", "0,,Leak,", "0,1,Leak,",
    ]  # fmt: skip
    message = refusal(read, "start,end,label,tier\n" + "\n".join(rows) + "\n")
    assert "8 rows cannot be used" in message
    assert "row 1 and 1 more: unknown label 'Leek', did you mean 'Leak'?" in message
    assert "row 3: unknown tier 'evnt', did you mean 'event'?" in message
    assert "row 4: span of 'Leak' runs from 2.0 s to 1.0 s" in message
    assert "and 2 other problems" in message


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("0,1,Leak,2,,all", "score 2.0"),
        ("0,1,Leak,,lots,all", "field 'severity' is 'lots', not a number"),
        ("0,1,Leak,,,al", "unknown view 'al', did you mean 'all'?"),
        ("2024-01-01,1,Leak,,,", "start is '2024-01-01', not a number (seconds from the start"),
        ("0,1,,,,", "unknown label ''"),
    ],
)
def test_refused_rows(read: Read, row: str, words: str) -> None:
    assert words in refusal(read, f"start,end,label,score,severity,view\n{row}\n")


def test_ragged(read: Read) -> None:
    assert "row 2 has 2 cells" in refusal(read, "start,end,label\n0,1,Leak\n0,1\n1,2,Leak\n")


def test_other_files_are_not_ours(tmp_path: Path, domain: Domain) -> None:
    for name, text in [
        ("a.csv", "time,a\n0,1\n"),
        ("a.json", "3"),
        ("a.txt", "hello\nworld\n"),
        ("a.atr", "x"),
    ]:
        path = tmp_path / name
        path.write_text(text)
        assert read_annotations(open_source(path), ReadOptions(), domain) is None
