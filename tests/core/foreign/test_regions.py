"""Results of foreign projects become spans."""

from __future__ import annotations

import math

import pytest
from kit.foreign import config, config_xml, region
from kit.foreign_results import CONFIG, TENTHS, problems, read, times

from tslab.label_studio.foreign.config import read_config
from tslab.label_studio.foreign.regions import read_regions


def test_the_row_at_the_end_belongs_to_a_range() -> None:
    assert times(read(region(0.2, 0.5, "Run"))) == [(0.2, 0.6)]


def test_a_range_may_end_on_the_last_row() -> None:
    (found,) = read(region(0.2, 1.0, "Run"))
    assert found.end == TENTHS.duration == 1.1


def test_an_instant_stays_an_instant() -> None:
    (found,) = read(region(0.3, 0.3, "Walk"))
    assert found.is_instant
    assert found.start == 0.3


def test_zero_length_is_a_range_of_one_row_only_where_the_editor_says_so() -> None:
    assert times(read(region(0.3, 0.3, "Run", value={"instant": False}))) == [(0.3, 0.4)]
    for odd in ({"instant": None}, {"instant": "no"}):
        assert read(region(0.3, 0.3, "Run", value=odd))[0].is_instant
    without = region(0.3, 0.3, "Run")
    del without["value"]["instant"]
    assert read(without)[0].is_instant


def test_times_count_more_than_the_instant_flag() -> None:
    assert times(read(region(0.3, 0.4, "Run", value={"instant": True}))) == [(0.3, 0.5)]


def test_ranges_drawn_side_by_side_share_no_row() -> None:
    found = read(region(0.2, 0.5, "Run"), region(0.5, 0.8, "Walk"), region(0.5, 0.5, "Run"))
    assert times(found) == [(0.2, 0.5), (0.5, 0.5), (0.5, 0.9)]
    other = read_config(
        config_xml().replace(
            "<TimeSeries ",
            '<TimeSeriesLabels name="x" toName="ts"><Label value="Q"/></TimeSeriesLabels>'
            "<TimeSeries ",
        )
    )
    apart = region(0.5, 0.8, "Q", from_name="x")
    assert times(read(region(0.2, 0.5, "Run"), apart, known=other)) == [(0.2, 0.6), (0.5, 0.9)]


def test_several_labels_become_several_spans() -> None:
    assert [s.label for s in read(region(0.2, 0.5, "Walk", "Run", "walk"))] == ["Run", "Walk"]


def test_names_count_whatever_their_case() -> None:
    (found,) = read(region(0.2, 0.5, " RUN", from_name="LAB"))
    assert (found.tier, found.label) == ("lab", "Run")


def test_ids_scores_and_origins_come_along() -> None:
    (found,) = read(region(0.2, 0.5, "Run", score=0.91, origin="prediction"))
    assert (found.id, found.score, found.origin) == ("r1", 0.91, "prediction")
    for odd in (7, "high", None, -1, math.nan, True, [0.5]):
        assert read_regions([region(0, 1, "Run", score=odd)], TENTHS, CONFIG)[0][0].score is None


def test_times_off_the_rows_are_kept() -> None:
    assert times(read(region(0.23, 0.57, "Run"), region(0.41, 0.44, "Run"))) == [
        (0.23, 0.57),
        (0.41, 0.44),
    ]


def test_answers_of_other_controls_are_passed_over_in_silence() -> None:
    known = config(
        more='<Choices name="q" toName="ts" perRegion="true"><Choice value="x"/></Choices>'
    )
    answer = {**region(0.2, 0.5), "from_name": "Q", "type": "choices", "value": {"choices": ["x"]}}
    whole = {"id": "n", "from_name": "q", "to_name": "ts", "type": "choices", "value": {}}
    assert len(read(region(0.2, 0.5, "Run"), answer, whole, known=known)) == 1


CASES: list[tuple[object, str]] = [
    ({"type": "relation", "from_id": "a", "to_id": "b"}, "1 result that are relations"),
    (region(0.2, 0.5, "Run", from_name="gone"), "controls that the labeling config does not have"),
    (region(0.2, 0.5, "Jump"), "labels that the labeling config does not have"),
    (region(0.2, 0.5), "without a label"),
    (region(0.2, 0.5, None, 3), "2 results without a label"),
    (region(0.2, 0.5, value={"timeserieslabels": "Jump"}), "Jump"),
    (region(0.5, 0.2, "Run"), "end before they start"),
    (region(math.nan, 0.2, "Run"), "times that cannot be read"),
    (region("soon", 0.2, "Run"), "times that cannot be read"),
    (region(None, [1], "Run"), "nothing to a list"),
    (region(True, {}, "Run"), "times that cannot be read"),
    (region(10**400, 0.2, "Run"), "times that cannot be read"),
    (region(5, 6, "Run"), "beyond the series"),
    (region(5, 5, "Run"), "beyond the series"),
    (region(-3, -2, "Run"), "beyond the series"),
    (None, "a NoneType in the list"),
    ([1], "a list in the list"),
    ({}, "a form that no editor writes"),
    ({"value": [], "from_name": "lab"}, "a form that no editor writes"),
    ({"value": {}, "from_name": 5}, "a form that no editor writes"),
    ({"value": {"start": 0, "end": 1}, "from_name": "lab", "type": 5}, "a form"),
]


@pytest.mark.parametrize(("result", "said"), CASES)
def test_what_cannot_be_used_is_left_out_and_counted(result: object, said: str) -> None:
    good = region(0.2, 0.5, "Run")
    spans, lines = read_regions([good, result], TENTHS, CONFIG)
    assert len(spans) == 1
    assert len(lines) == 1
    assert said in lines[0]
    assert "\n" not in lines[0]


def test_each_kind_of_problem_is_one_line_with_its_count() -> None:
    lines = problems(*[case for case, _ in CASES] * 3)
    assert len(lines) == 8
    assert lines[0].startswith("18 results")
    assert all(len(line) < 200 for line in lines)


@pytest.mark.parametrize("result", [None, [], ()])
def test_nothing_is_no_problem(result: object) -> None:
    assert read_regions(result, TENTHS, CONFIG) == ([], [])


@pytest.mark.parametrize("result", [5, "x", {}, {"result": []}])
def test_what_is_no_list_is_one_problem(result: object) -> None:
    spans, lines = read_regions(result, TENTHS, CONFIG)
    assert (spans, len(lines)) == ([], 1)


def test_a_range_that_an_arrow_key_threw_out_is_cut() -> None:
    spans, lines = read_regions([region(0.3, 1000.3, "Run")], TENTHS, CONFIG)
    assert times(spans) == [(0.3, 1.1)]
    assert lines == ["1 result that left the series were cut to it (0.3 to 1000.3)"]
    spans, _ = read_regions([region(-1000, 0.3, "Run")], TENTHS, CONFIG)
    assert times(spans) == [(0, 0.4)]


def test_a_range_that_touches_another_never_becomes_an_instant() -> None:
    spans, _ = read_regions([region(-3, 0, "Run"), region(0, 0.3, "Walk")], TENTHS, CONFIG)
    assert times(spans) == [(0, 0.1), (0, 0.4)]
