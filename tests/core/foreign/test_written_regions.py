"""Spans become results that the editor of a foreign project would have written."""

from __future__ import annotations

import pytest
from kit.foreign import editor_times, series
from kit.foreign_results import CONFIG, TENTHS, read, span, times

from tslab.label_studio.foreign.config import read_config
from tslab.label_studio.foreign.regions import write_regions
from tslab.spans import Span


def test_results_are_what_the_editor_would_have_written() -> None:
    (result,) = write_regions([span(0.2, 0.6, score=0.912345)], TENTHS, CONFIG)
    assert result.pop("id")
    assert result == {
        "from_name": "lab",
        "to_name": "ts",
        "type": "timeserieslabels",
        "value": {"start": 0.2, "end": 0.5, "instant": False, "timeserieslabels": ["Run"]},
        "score": 0.9123,
    }


def test_instants_go_to_the_nearest_row() -> None:
    (result,) = write_regions([span(0.33, 0.33)], TENTHS, CONFIG)
    assert result["value"]["start"] == result["value"]["end"] == 0.3
    assert result["value"]["instant"] is True
    assert "score" not in result


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (0.25, 0.65, 0.3, 0.6),  # borders between the rows
        (0.2, 0.3, 0.2, 0.3),  # one row: the editor could not show less than two
        (1.0, 1.1, 0.9, 1.0),
        (0.31, 0.34, 0.3, 0.4),  # no row
        (0.0, 1.1, 0.0, 1.0),
        (5.0, 6.0, 0.9, 1.0),
    ],
)
def test_ranges_are_drawn_over_at_least_two_rows(
    start: float, end: float, first: float, last: float
) -> None:
    (result,) = write_regions([span(start, end)], TENTHS, CONFIG)
    assert editor_times(result) == (first, last)
    assert result["value"]["instant"] is False


def test_spans_that_touch_are_drawn_touching() -> None:
    found = write_regions([span(0.2, 0.5), span(0.5, 0.9, "Walk")], TENTHS, CONFIG)
    assert [editor_times(result) for result in found] == [(0.2, 0.5), (0.5, 0.8)]
    assert times(read(*found)) == [(0.2, 0.5), (0.5, 0.9)]


def test_labels_that_the_config_does_not_have_are_not_written() -> None:
    gone = [span(0.2, 0.6, "Jump"), Span(0.2, 0.6, "Run", "other")]
    assert write_regions(gone, TENTHS, CONFIG) == []


def test_aliases_and_names_are_written_as_the_config_has_them() -> None:
    known = read_config(
        '<View><TimeSeriesLabels name="My Labels" toName="TS-1"><Label value="Run" alias="r"/>'
        '<Label value="a"/><Label value="A"/></TimeSeriesLabels>'
        '<TimeSeries name="TS-1" value="$csv"/></View>'
    )
    spans = [Span(0.2, 0.6, label, "my_labels") for label in ("Run", "A", "a (2)")]
    found = write_regions(spans, TENTHS, known)
    assert {result["value"]["timeserieslabels"][0] for result in found} == {"r", "A", "a"}
    assert {(result["from_name"], result["to_name"]) for result in found} == {("My Labels", "TS-1")}
    assert sorted(s.label for s in read(*found, known=known)) == ["A", "Run", "a (2)"]


def test_ids_are_unique_and_depend_on_the_content_alone() -> None:
    spans = [span(0.2, 0.6), span(0.2, 0.6), span(0.3, 0.6, score=0.5), span(0.3, 0.6, "Walk")]
    first = write_regions(spans, TENTHS, CONFIG)
    again = write_regions(spans[::-1], TENTHS, CONFIG)
    assert len({result["id"] for result in first}) == 4
    assert {result["id"] for result in first} == {result["id"] for result in again}
    alone = write_regions(spans[3:], TENTHS, CONFIG)
    assert alone[0]["id"] in {result["id"] for result in first}


def test_one_row_alone_can_only_be_an_instant() -> None:
    axis = series([3]).axis
    (result,) = write_regions([span(0, 1)], axis, CONFIG)
    assert result["value"]["instant"] is True
    assert editor_times(result) == (3, 3)


def test_rows_of_one_millisecond_are_drawn_to_the_next_one() -> None:
    cells = [f"2026-01-02 00:00:00.{i * 100:06d}" for i in range(40)]  # 10 kHz
    axis = series(cells, form="%Y-%m-%d %H:%M:%S.%f").axis
    (result,) = write_regions([span(0.0003, 0.0007)], axis, CONFIG)
    assert editor_times(result) == ("2026-01-02 00:00:00.000000", "2026-01-02 00:00:00.001000")
    (result,) = write_regions([span(0.0035, 0.0037)], axis, CONFIG)
    assert editor_times(result) == ("2026-01-02 00:00:00.002000", "2026-01-02 00:00:00.003000")
