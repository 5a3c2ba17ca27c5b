"""Regions: spans survive the way to the editor and back; what the editor can do is understood."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab import files
from tslab.domain import Domain
from tslab.label_studio.regions import Exact, Reading, from_regions, to_regions
from tslab.preparation.stitching import cut, stitch
from tslab.preparation.task_table import row_ticks, row_times
from tslab.recording import Recording
from tslab.spans import Span, sort_key
from tslab.task import DAY_ONE_MS, Task

SAVED = Path(__file__).resolve().parents[3] / "shared" / "label_studio" / "annotations"
IntArray = npt.NDArray[np.int64]
MS = Task("t-1", "rec-test", "all", 10.0, 20.0, ("x",), 1000)
TEN_US = dataclasses.replace(MS, tick_us=10)


def through_json(results: object, exact: Exact) -> tuple[list[dict[str, Any]], Exact]:
    """As a server stores the regions, and as predictions/ stores the exact times."""
    again = json.loads(json.dumps(results))
    return again, msgspec.convert(msgspec.json.decode(files.json_bytes(exact)), Exact)


def ms(seconds: float) -> str:
    return str(DAY_ONE_MS + round(seconds * 1000))


def region(start: object, end: object, *labels: str, **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "instant": start == end, "timeserieslabels": list(labels)}
    value |= more.pop("value", {})
    given = {"id": "a1", "from_name": "rhythm", "to_name": "ts", "type": "timeserieslabels"}
    return {**given, "origin": "manual", "value": value, **more}


def read(domain: Domain, *results: Any, task: Task = MS, exact: Exact | None = None) -> Reading:
    return from_regions(json.loads(json.dumps(list(results))), task, domain, exact)


def codes(reading: Reading) -> list[str]:
    return [finding.code for finding in reading.findings]


@settings(max_examples=1000)
@given(data=st.data())
def test_spans_survive_windows_regions_and_json(
    some_worlds: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    world = data.draw(some_worlds)
    back: dict[str, list[Span]] = {}
    for task in world.tasks:
        parts = cut(world.spans, world.tasks)[task.id]
        ticks = row_ticks(task, world.recording)
        results, exact = through_json(*to_regions(parts, task, ticks, world.domain))
        assert_drawable(results, parts, ticks)
        reading = from_regions(results, task, world.domain, exact)
        assert reading.findings == []
        assert reading.task_fields == {}
        assert reading.spans == [dataclasses.replace(part, origin="prediction") for part in parts]
        back[task.id] = reading.spans
    whole, findings = stitch(back, world.tasks, world.domain)
    assert findings == []
    wanted = sorted(world.spans, key=sort_key)
    assert [dataclasses.replace(span, origin="") for span in whole] == wanted


def assert_drawable(
    results: Sequence[Mapping[str, Any]], parts: Sequence[Span], ticks: Any
) -> None:
    """Rules of the editor: borders on rows, a range is never empty, an instant says so."""
    rows = set(ticks.tolist())
    for result in results:
        value = result["value"]
        start, end = int(value["start"]), int(value["end"])
        assert {start, end} <= rows
        part = next(part for part in parts if part.id == result["id"])
        assert value["instant"] is part.is_instant
        assert start == end if part.is_instant else start < end or len(rows) == 1


@settings(max_examples=1000)
@given(data=st.data())
def test_without_exact_times_spans_are_within_half_a_row(
    some_worlds: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    world = data.draw(some_worlds)
    for task in world.tasks:
        parts = cut(world.spans, world.tasks)[task.id]
        ticks = row_ticks(task, world.recording)
        rows = row_times(task, world.recording)
        results, _ = to_regions(parts, task, ticks, world.domain)
        reading = from_regions(json.loads(json.dumps(results)), task, world.domain)
        assert reading.findings == []
        for part, again in zip(parts, reading.spans, strict=True):
            row = row_at(rows, part.start), row_at(rows, part.end)
            tick = task.tick_us / 1e6
            short = part.duration <= max(row) + tick
            last = part.is_instant and part.start > rows[-2] - tick
            slack = 2 if last or (short and not part.is_instant) else 1
            assert abs(again.start - part.start) <= slack * (row[0] / 2 + tick / 2) + 1e-9
            assert abs(again.end - part.end) <= slack * (row[1] / 2 + tick / 2) + 1e-9


def row_at(rows: Any, time: float) -> float:
    """Length of the longest row that touches a time."""
    index = int(np.searchsorted(rows, time))
    around = np.diff(rows[max(index - 2, 0) : index + 3])
    return float(around.max())


@pytest.mark.parametrize(
    ("rate", "tick"),
    [(125, 1000), (500, 1000), (501, 10), (25_600, 10), (50_000, 10), (50_001, 1), (400_000, 1)],
)
def test_axis_is_a_date_in_ms_and_a_number_below(
    demo_domain: Domain, a_recording: Any, rate: float, tick: int
) -> None:
    from tslab.preparation.windows import tick_us

    assert tick_us(rate) == tick
    recording: Recording = a_recording(rate, 50)
    task = Task("t", "rec-test", "all", 0.0, recording.duration, ("x",), tick)
    spans = [Span(0, recording.duration, "N", "rhythm", id="i")]
    (result,), _ = to_regions(spans, task, row_ticks(task, recording), demo_domain)
    ends = round(recording.duration * 1e6 / tick)
    wanted = (str(DAY_ONE_MS), str(DAY_ONE_MS + ends)) if tick == 1000 else (0, ends)
    assert (result["value"]["start"], result["value"]["end"]) == wanted


def test_region_with_labels_of_two_controls_is_two_spans(demo_domain: Domain) -> None:
    reading = read(
        demo_domain,
        region(ms(11), ms(12), "N"),
        region(ms(11), ms(12), "Leak", from_name="event"),
        region(ms(11), ms(12), type="rating", from_name="severity", value={"rating": 4}),
    )
    assert [(s.tier, s.label, s.start, s.end, s.fields) for s in reading.spans] == [
        ("rhythm", "N", 11.0, 12.0, {"severity": 4.0}),
        ("event", "Leak", 11.0, 12.0, {"severity": 4.0}),
    ]
    assert reading.findings == []


def test_answers_of_every_kind(demo_domain: Domain) -> None:
    def answer(name: str, kind: str, key: str, value: object) -> dict[str, Any]:
        return region(ms(11), ms(12), type=kind, from_name=name, value={key: value})

    reading = read(
        demo_domain,
        region(ms(11), ms(12), "N"),
        answer("cause", "choices", "choices", ["pump, big"]),
        answer("causes", "choices", "choices", ["d", "a"]),
        answer("severity", "rating", "rating", 4),
        answer("depth", "number", "number", 12.5),
        answer("note", "textarea", "text", ["one", "two"]),
        answer("lead", "choices", "choices", ["x"]),
        {"id": "z", "from_name": "state", "to_name": "ts", "type": "choices",
         "value": {"choices": ["bad"]}},
    )  # fmt: skip
    assert reading.spans[0].fields == {
        "cause": "pump, big",
        "causes": ("d", "a"),
        "severity": 4.0,
        "depth": 12.5,
        "note": "one\ntwo",
        "lead": ("x",),
    }
    assert reading.task_fields == {"state": "bad"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (ms(12), ms(11)),
        ("NaN", ms(12)),
        (ms(11), "Infinity"),
        (None, ms(12)),
        ("2026-01-02 03:04:05.100000", "2026-01-02 03:04:05.300000"),
        ([], {}),
    ],
)
def test_impossible_times_are_findings(demo_domain: Domain, start: object, end: object) -> None:
    reading = read(demo_domain, region(start, end, "N"), region(ms(13), ms(14), "A", id="b"))
    assert [span.label for span in reading.spans] == ["A"]
    assert codes(reading) == ["TSL061"]


def test_missing_times_are_a_finding(demo_domain: Domain) -> None:
    item = region(ms(11), ms(12), "N")
    del item["value"]["start"]
    assert codes(read(demo_domain, item)) == ["TSL061"]


def test_arrow_key_overshoot_is_cut_to_the_window(demo_domain: Domain) -> None:
    sent: Exact = {"a1": (DAY_ONE_MS + 11_000, DAY_ONE_MS + 12_000, 11.0004, 11.9996)}
    over = region(DAY_ONE_MS + 11_000, DAY_ONE_MS + 1_012_000, "N", origin="prediction")
    reading = read(demo_domain, over, exact=sent)
    (span,) = reading.spans
    assert (span.start, span.end, span.origin) == (11.0004, 20.0, "prediction-changed")
    assert codes(reading) == ["TSL084"]


@pytest.mark.parametrize(("start", "end"), [(30, 31), (1, 2)])
def test_region_outside_its_window_is_left_out(
    demo_domain: Domain, start: float, end: float
) -> None:
    reading = read(demo_domain, region(ms(start), ms(end), "N"))
    assert reading.spans == []
    assert codes(reading) == ["TSL084"]


def test_unknown_labels_and_controls_are_named_with_a_hint(demo_domain: Domain) -> None:
    reading = read(
        demo_domain,
        region(ms(11), ms(12), "Leek", from_name="event"),
        region(ms(11), ms(12), "N", from_name="rythm"),
        region(ms(11), ms(12), type="choices", from_name="caus", value={"choices": ["valve"]}),
        region(ms(11), ms(12)),
    )
    assert reading.spans == []
    assert sorted(codes(reading)) == ["TSL082", "TSL082", "TSL083", "TSL083"]
    hints = " ".join(str(finding) for finding in reading.findings)
    for word in ("did you mean 'Leak'", "did you mean 'rhythm'", "did you mean 'cause"):
        assert word in hints


def test_relations_pass_and_rubbish_is_a_finding(demo_domain: Domain) -> None:
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    reading = read(
        demo_domain,
        relation,
        {"id": "x", "type": "timeserieslabels"},
        "text",
        None,
        region(ms(11), ms(12), type="rating", from_name="severity", value={"rating": "high"}),
        region(ms(11), ms(12), type="number", from_name="depth", value={"number": [1]}),
        region(ms(13), ms(14), value={"timeserieslabels": "A"}, id="b"),
        region(ms(14), ms(15), value={"timeserieslabels": 5}, id="c"),
    )
    assert [(span.label, span.id) for span in reading.spans] == [("A", "b")]
    assert codes(reading) == ["TSL081"] * 5 + ["TSL083"]


@pytest.mark.parametrize("number", ["NaN", "inf", None, [], ""])
def test_a_number_that_is_none_is_no_answer(demo_domain: Domain, number: object) -> None:
    item = region(ms(11), ms(12), type="number", from_name="depth", value={"number": number})
    reading = read(demo_domain, region(ms(11), ms(12), "N"), item)
    assert reading.spans[0].fields == {}


@pytest.mark.parametrize(("score", "kept"), [(0.25, 0.25), (7, None), ("high", None), (None, None)])
def test_scores_outside_the_scale_are_dropped(
    demo_domain: Domain, score: object, kept: float | None
) -> None:
    assert read(demo_domain, region(ms(11), ms(12), "N", score=score)).spans[0].score == kept


def test_copied_edited_and_untouched_regions(demo_domain: Domain) -> None:
    sent: Exact = {"a1": (DAY_ONE_MS + 11_000, DAY_ONE_MS + 12_000, 11.0004, 11.9996)}
    untouched = region(ms(11), ms(12), "N", origin="prediction")
    copied = {**untouched, "id": "copy"}  # Ctrl+D keeps the origin and gives a new id
    (one, two) = read(demo_domain, untouched, copied, exact=sent).spans
    assert (one.start, one.end, one.origin) == (11.0004, 11.9996, "prediction")
    assert (two.start, two.end, two.origin) == (11.0, 12.0, "manual")
    moved = region(ms(11), ms(12.5), "N", origin="prediction")
    (three,) = read(demo_domain, moved, exact=sent).spans
    assert (three.start, three.end, three.origin) == (11.0004, 12.5, "prediction-changed")


def test_numeric_axis_comes_back_as_numbers_or_texts(demo_domain: Domain) -> None:
    for start, end in ((1_100_000, 1_200_003), ("1100000", "1200003"), (1_100_000.0, 1_200_003.0)):
        (span,) = read(demo_domain, region(start, end, "N"), task=TEN_US).spans
        assert (span.start, span.end) == (11.0, 12.00003)


def test_borders_get_exactly_the_windows_time(demo_domain: Domain) -> None:
    task = dataclasses.replace(MS, start=10.0004, end=19.9997)
    (span,) = read(demo_domain, region(ms(10), ms(20), "N"), task=task).spans
    assert (span.start, span.end) == (10.0004, 19.9997)


def saved_regions(name: str) -> list[list[Mapping[str, Any]]]:
    path = SAVED / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    document = json.loads(path.read_text(encoding="utf-8"))
    entries = [a for item in document for a in item.get("annotations", [item])]
    return [entry["result"] for entry in entries if entry.get("result")]


def in_microseconds(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those examples have axes in seconds, which tslab never makes."""
    value = dict(result["value"])
    for side in ("start", "end"):
        if isinstance(value.get(side), (int, float)):
            value[side] = round(value[side] * 1_000_000)
    return {**result, "value": value}


@pytest.mark.parametrize(
    "name",
    [f"ui_annotation_{x}.json" for x in ("perregion", "ms_Q", "from_prediction", "notime", "nohdr")]
    + ["ui_annotation_iso_f.json", "export_json_sample.json"],
)
def test_what_the_editor_really_saved_is_read(make_domain: Any, name: str) -> None:
    names = ("Run", "Walk", "Event", "Noise")
    domain = make_domain(
        tiers=({"name": "lab", "kind": "intervals", "labels": [{"name": x} for x in names]},),
        fields=(
            {"name": "quality", "kind": "choice", "choices": [{"value": "Good"}]},
            {"name": "q", "kind": "choice", "choices": [{"value": "Good"}]},
            {"name": "conf", "kind": "rating"},
            {"name": "r", "kind": "rating"},
            {"name": "snr", "kind": "number"},
            {"name": "note", "kind": "text"},
            {"name": "n", "kind": "text"},
        ),
        task_fields=({"name": "overall", "kind": "choice", "choices": [{"value": "Abnormal"}]},),
        views=(),
    )
    start = 1_767_323_045.0 - DAY_ONE_MS / 1000 if "ms_Q" in name else 0.0
    task = Task("t", "r", "all", start, start + 3600, ("x",), 1000 if "ms_Q" in name else 1)
    found = [[in_microseconds(result) for result in results] for results in saved_regions(name)]
    assert found
    for results in found:
        reading = from_regions(results, task, domain)
        labelled = [r for r in results if r["value"].get("timeserieslabels", ["-"])[0] in names]
        if "iso" in name:
            assert codes(reading) == ["TSL061"] * len(labelled)
            continue
        assert len(reading.spans) == len(labelled)
        assert not {"TSL081", "TSL082"} & set(codes(reading))
    if "perregion" in name:
        assert reading.task_fields == {"overall": "Abnormal"}
        assert reading.spans[0].fields == {
            "quality": "Good", "conf": 4.0, "snr": 12.5, "note": "my note",
        }  # fmt: skip
