"""The defects of the reference backend that foreign series and regions must not have.

Numbers are those of the list of its defects.
"""

from __future__ import annotations

import pytest
from kit.foreign import config, config_xml, editor_times, region, series, table

from tslab.errors import DataError
from tslab.label_studio.foreign.config import read_config
from tslab.label_studio.foreign.data import read_series
from tslab.label_studio.foreign.regions import read_regions, write_regions
from tslab.spans import Span


def rows_within(found: object, span: Span) -> int:
    """Number of samples that a span covers."""
    signal = found.recording.signals[0]  # type: ignore[attr-defined]
    first, last = signal.index_range(span.start, span.end)
    return last - first


@pytest.mark.parametrize(
    ("payload", "channels"),
    [
        (b"time,a,b\n0,1,x\n1,2,y\n", ["a"]),
        (b"time,a\n0,1\n1,2\n", ["a"]),
        (b"time;a;b\n0;1;2\n1;2;3\n", ["a", "b"]),
        (b"time\ta\tb\n0\t1\t\n1\t2\tNaN\n", ["a"]),
    ],
)
def test_defect_06_a_bad_task_is_read_as_far_as_it_goes(
    payload: bytes, channels: list[str]
) -> None:
    found = read_series(payload, config())
    assert list(found.recording.channel_names) == channels
    assert found.recording.notes or len(channels) == 2


def test_defect_06_a_missing_time_column_is_one_error_that_names_it() -> None:
    with pytest.raises(DataError, match="no time column 'time'"):
        read_series(b"t,a,b\n0,1,2\n1,2,3\n", config())


@pytest.mark.parametrize("rows", [1, 2, 3, 16, 17, 49])
def test_defect_07_short_series_are_read_and_labelled_where_they_are(rows: int) -> None:
    found = series(range(rows))
    assert [len(signal.values()) for signal in found.recording.signals] == [rows, rows]
    spans, problems = read_regions([region(0, rows - 1, "Run")], found.axis, config())
    assert problems == []
    assert rows_within(found, spans[0]) == (rows if rows > 1 else 0)


def test_defect_07_a_table_without_rows_is_an_error_in_one_line() -> None:
    with pytest.raises(DataError, match="has no rows"):
        read_series(b"time,a,b\n", config())


@pytest.mark.parametrize(
    ("form", "cells", "start", "end"),
    [
        # month before year: as texts, 12/31/2025 comes after 01/01/2026
        (
            "%m/%d/%Y",
            ["12/30/2025", "12/31/2025", "01/01/2026", "01/02/2026"],
            "12/31/2025",
            "01/01/2026",
        ),
        # T against a blank, and Z
        (
            "%Y-%m-%d %H:%M:%S",
            [f"2026-01-02 00:00:0{i}" for i in range(4)],
            "2026-01-02T00:00:01",
            "2026-01-02T00:00:02Z",
        ),
        # epoch numbers against dates: ms, s and text of ms
        (
            "%Y-%m-%d %H:%M:%S",
            [f"2026-01-02 00:00:0{i}" for i in range(4)],
            1767312001000,
            "1767312002000",
        ),
        (
            "%Y-%m-%d %H:%M:%S",
            [f"2026-01-02 00:00:0{i}" for i in range(4)],
            1767312001,
            1767312002.0,
        ),
        # dates against epoch numbers
        (
            "",
            [1767312000 + i for i in range(4)],
            "2026-01-02 00:00:01",
            "2026-01-02T01:00:02+01:00",
        ),
        ("%Q", [1767312000000 + 1000 * i for i in range(4)], 1767312001000, "2026-01-02T00:00:02"),
        ("%s", [1767312000 + i for i in range(4)], 1767312001, "1767312002"),
        # numbers as texts and the other way round
        ("", [0, 1, 2, 3], "1", "2.0"),
    ],
)
def test_defect_09_times_are_compared_by_value(
    form: str, cells: list[object], start: object, end: object
) -> None:
    found = series(cells, form=form)
    spans, problems = read_regions([region(start, end, "Run")], found.axis, config(form=form))
    assert problems == []
    assert rows_within(found, spans[0]) == 2
    assert spans[0].start == pytest.approx(found.axis.row_start(1))


def test_defect_09_a_date_has_no_place_on_an_axis_that_starts_at_zero() -> None:
    found = series([0, 1, 2])
    spans, problems = read_regions(
        [region("2026-01-02", "2026-01-03", "Run")], found.axis, config()
    )
    assert spans == []
    assert "cannot be read" in problems[0]


def test_defect_10_an_instant_between_two_samples_is_kept() -> None:
    found = series([0, 0.1, 0.2, 0.3])
    spans, problems = read_regions([region(0.149, 0.149, "Run")], found.axis, config())
    assert problems == []
    assert (spans[0].start, spans[0].end) == (0.149, 0.149)
    (result,) = write_regions(spans, found.axis, config())
    assert editor_times(result) == (0.1, 0.1)
    assert result["value"]["instant"] is True


@pytest.mark.parametrize("times", [[i / 10 for i in range(11)], [i * 0.1 for i in range(11)]])
def test_defect_10_the_noise_of_arithmetic_loses_no_row(times: list[float]) -> None:
    found = series(times)
    for start, end in ((0.3, 0.6), (0.1 + 0.2, 0.1 * 6), (0.30000000000000004, 0.6000000000000001)):
        spans, _ = read_regions([region(start, end, "Run")], found.axis, config())
        assert rows_within(found, spans[0]) == 4
        instant, _ = read_regions([region(end, end, "Walk")], found.axis, config())
        assert instant[0].start == found.axis.row_start(6)


def test_defect_12_relations_and_labels_that_are_gone_disturb_nothing() -> None:
    results = [
        {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right", "labels": ["x"]},
        region(0, 1, "Gone"),
        region(1, 2, "Run", "Gone"),
        {**region(1, 2), "from_name": "note", "type": "textarea", "value": {"text": ["x"]}},
    ]
    spans, problems = read_regions(results, series(range(5)).axis, config())
    assert [(span.label, span.start) for span in spans] == [("Run", 1)]
    assert len(problems) == 3  # the relation, the labels, the control


def test_defect_13_labels_in_another_order_mean_the_same() -> None:
    axis = series(range(9)).axis
    for labels in (("Run", "Walk", "Stop"), ("Stop", "Walk", "Run"), ("Walk", "Run")):
        known = config(labels=labels)
        spans, problems = read_regions([region(2, 4, "Run")], axis, known)
        assert problems == []
        (result,) = write_regions(spans, axis, known)
        assert result["value"]["timeserieslabels"] == ["Run"]


def test_defect_13_a_label_that_was_removed_is_not_predicted() -> None:
    axis = series(range(9)).axis
    spans = [Span(2, 4, "Run", "lab"), Span(5, 7, "Walk", "lab")]
    results = write_regions(spans, axis, config(labels=("Walk",)))
    assert [result["value"]["timeserieslabels"] for result in results] == [["Walk"]]


def test_defect_14_channels_in_a_multichannel_count() -> None:
    xml = config_xml(channels=()).replace(
        "</TimeSeries>",
        '<MultiChannel><Channel column="a"/><Channel column="b"/></MultiChannel></TimeSeries>',
    )
    known = read_config(xml)
    assert known.channels == ("a", "b")
    assert read_series(table([0, 1]), known).recording.channel_names == ("a", "b")


def test_defect_14_no_channel_at_all_is_an_error() -> None:
    with pytest.raises(DataError, match="no channel 'x', 'y'"):
        series([0, 1], channels=("x", "y"))


def test_defect_16_unsorted_times_give_no_region_that_ends_before_it_starts() -> None:
    found = series([4, 2, 0, 3, 1, 5])
    (result,) = write_regions([Span(1, 4, "Run", "lab")], found.axis, config())
    assert editor_times(result) == (1, 3)
    assert found.recording.signals[0].values().tolist() == [2, 4, 1, 3, 0, 5]


def test_defect_16_duplicate_times_give_no_false_instant() -> None:
    found = series([0, 1, 1, 1, 2, 3])
    (result,) = write_regions([Span(1, 2, "Run", "lab")], found.axis, config())
    start, end = editor_times(result)
    assert start == 1
    assert end == 2
    assert result["value"]["instant"] is False
    spans, _ = read_regions([region(1, 2, "Run")], found.axis, config())
    assert rows_within(found, spans[0]) == 4
