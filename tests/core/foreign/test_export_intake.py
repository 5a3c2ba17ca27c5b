"""A Label Studio JSON export becomes tables."""

from __future__ import annotations

from typing import Any

import pytest
from kit.foreign import config_xml
from kit.small_exports import annotation, read, region, rows, task

from tslab.agreement.measure import measure
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import GROUND_TRUTH
from tslab.agreement.values import Readers
from tslab.label_studio.exports.times import Axis, read_times
from tslab.task import DAY_ONE_MS


def test_people_ground_truth_and_models() -> None:
    found = read(
        task(
            7,
            annotation(1, {"id": 3, "email": "ann@x"}, [region(1.5, 2)]),
            annotation(2, 4, [region("1", "2.5", "Walk")]),
            annotation(3, 4, [region(1, 3)], ground_truth=True),
            predictions=[{"id": 1, "model_version": "m", "result": [region(0, 3, score=0.4)]}],
        )
    )
    assert found.tiers[0].name == "lab"
    assert found.tiers[0].readers == Readers(("ann@x", "user 4"), GROUND_TRUTH, ("m",))
    assert rows(found) == [
        ("7", "ann@x", "Run", 1.5, 2),
        ("7", "user 4", "Walk", 1, 2.5),
        ("7", "m", "Run", 0, 3),
        ("7", GROUND_TRUTH, "Run", 1, 3),
    ]
    seen = found.tiers[0].table.reviewed
    assert set(zip(seen.start.tolist(), seen.end.tolist(), strict=True)) == {(0, 3_000_000)}
    assert found.findings == ()
    assert len(found.notes) == 2


def test_numbers_in_names_of_readers_count() -> None:
    own = [region(1, 2)]
    people = [annotation(n, {"id": n, "email": f"r{n}@x"}, own) for n in (10, 2, 1)]
    models = [{"id": n, "model_version": f"m{n}", "result": own} for n in (10, 9)]
    readers = read(task(7, *people, predictions=models)).tiers[0].readers
    assert readers == Readers(("r1@x", "r2@x", "r10@x"), None, ("m9", "m10"))


def test_skipped_drafts_and_repeated_annotations_are_counted_and_left_out() -> None:
    found = read(
        task(
            1,
            annotation(5, 1, [region(1, 2)]),
            annotation(9, 1, [region(1, 4)]),
            annotation(7, 1, [region(1, 3)]),
            annotation(8, 2, [region(1, 2)], was_cancelled=True),
            annotation(10, 3, [], ground_truth=True),
            annotation(11, 3, [region(2, 3)], ground_truth=True),
            drafts=[{"result": []}, {"result": []}],
            predictions=[
                {"id": 2, "model_version": "m", "result": [region(2, 3)]},
                {"id": 1, "model_version": "m", "result": [region(1, 3)]},
                77,
            ],
        )
    )
    assert rows(found) == [
        ("1", "user 1", "Run", 1, 4),
        ("1", "m", "Run", 2, 3),
        ("1", GROUND_TRUTH, "Run", 2, 3),
    ]
    assert found.counts == {"TSL064": 1, "TSL089": 2, "TSL090": 1, "TSL092": 3, "TSL131": 1}
    (numbers,) = [finding for finding in found.findings if finding.code == "TSL131"]
    assert "only_id: false" in numbers.remedy
    assert "elete" not in numbers.remedy, "nothing is wrong with any region"
    assert found.tiers[0].readers.annotators == ("user 1",)


def test_reviewed_and_empty_is_not_the_same_as_not_there() -> None:
    found = read(
        task(1, annotation(1, 1, []), annotation(2, 2, [region(1, 2)])),
        task(2, annotation(3, 1, []), annotation(4, 2, [])),
        task(3, annotation(5, 1, [region(1, 2)])),
    )
    seen = found.tiers[0].table.reviewed
    assert list(zip(seen.task.tolist(), seen.annotator.tolist(), strict=True)) == [
        (0, 0), (0, 1), (1, 0), (1, 1), (2, 0),
    ]  # fmt: skip
    result = measure(found, AgreementSettings(draws=0))
    values = {row.of[0]: row.value for row in result.rows
              if row.by == "task" and row.metric == "event/f1@0.5"}  # fmt: skip
    assert values["1"].value == 0
    assert values["2"].reason == "nobody marked anything"
    assert "single coverage" in values["3"].reason


def test_several_controls_are_several_tiers() -> None:
    found = read(
        task(1, annotation(1, 1, [region(1, 2), region(2, 2, "Beat", from_name="mark")])),
        task(2, annotation(2, 2, [region(1, 2)])),
    )
    assert [(tier.name, tier.kind, len(tier.table)) for tier in found.tiers] == [
        ("lab", "intervals", 2),
        ("mark", "instants", 1),
    ]


def test_a_region_with_several_labels_stays_one_region() -> None:
    found = read(task(1, annotation(1, 1, [region(1, 2, "Run", "Walk"), region(1, 2)])))
    table = found.tiers[0].table
    assert table.labels == ("Run", "Walk")
    assert sorted(table.region.tolist()) == [0, 0, 1]


def test_answers_about_regions() -> None:
    answers = [
        {"id": "a", "from_name": "why", "type": "choices", "value": {"choices": ["x", "y"]}},
        {"id": "a", "from_name": "how", "type": "rating", "value": {"rating": 3}},
        {"id": "b", "from_name": "note", "type": "textarea", "value": {"text": ["p", "q"]}},
        {"id": "b", "from_name": "tax", "type": "taxonomy", "value": {"taxonomy": [["A", "B"]]}},
        {"id": "zz", "from_name": "why", "type": "choices", "value": {"choices": ["x"]}},
    ]
    found = read(
        task(
            1,
            annotation(1, 1, [*answers, region(1, 2), region(3, 4, id="a"), region(5, 6, id="b")]),
        )
    )
    assert found.tiers[0].fields == {
        1: {"why": ("x", "y"), "how": 3.0},
        2: {"note": "p\nq", "tax": "A / B"},
    }


def test_a_config_knows_labels_controls_and_format() -> None:
    texts = ("2020-01-01 10:00:00.500", "2020-01-01 10:00:01.500")
    found = read(
        task(
            1,
            annotation(1, 1, [region(*texts), region(*texts, "Fly"), region(*texts, "walk")]),
            annotation(2, 2, [region(*texts, from_name="else"), region("10:00", "2020", "Run")]),
        ),
        config=config_xml(form="%Y-%m-%d %H:%M:%S.%L"),
    )
    assert found.tiers[0].table.labels == ("Run", "Walk")
    assert rows(found) == [("1", "user 1", "Run", 0, 1), ("1", "user 1", "Walk", 0, 1)]
    assert found.counts == {"TSL082": 1, "TSL083": 1, "TSL093": 1, "TSL117": 1}


def test_what_begins_before_a_known_window_is_cut_to_it() -> None:
    """The window says where the recording begins, so that the rest of the region is no guess."""
    meta = {"tslab": 1, "start_us": 0, "end_us": 60_000_000, "tick_us": 1000}
    region_ = region(str(DAY_ONE_MS - 500), str(DAY_ONE_MS + 2000))
    found = read(task(1, annotation(1, 1, [region_]), meta=meta))
    assert rows(found) == [("1", "user 1", "Run", 0, 2)]
    assert found.counts == {"TSL084": 1}


def test_a_windows_axis_is_exact() -> None:
    meta = {"tslab": 1, "start_us": 60_000_000, "end_us": 120_000_000, "tick_us": 1000}
    first, last = str(DAY_ONE_MS + 61_500), str(DAY_ONE_MS + 62_000)
    late = str(DAY_ONE_MS + 130_000)
    found = read(
        task(1, annotation(1, 1, [region(first, last), region(last, late)]), meta=meta),
        task(2, annotation(2, 1, [region(3, 4)])),
    )
    assert rows(found) == [
        ("1", "user 1", "Run", 61.5, 62),
        ("1", "user 1", "Run", 62, 120),
        ("2", "user 1", "Run", 3, 4),
    ]
    seen = found.tiers[0].table.reviewed
    assert seen.start.tolist() == [60_000_000, 3_000_000]
    assert seen.end.tolist() == [120_000_000, 4_000_000]
    assert found.counts == {"TSL084": 1}


@pytest.mark.parametrize(
    ("times", "axis", "seconds"),
    [
        ([1, "2.5", None], Axis(), [1, 2.5, None]),
        ([1000, 2500], Axis(unit=1e-3), [1, 2.5]),
        ([1.6e12, 1.6e12 + 500], Axis(), [1.6e9, 1.6e9 + 0.5]),
        (["1600000000000"], Axis("%Q"), [1.6e9]),
        (["1600000000"], Axis("%s"), [1.6e9]),
        (["2020-09-13T12:26:40"], Axis(), [1.6e9]),
        (["2020-09-13 12:26:40.250"], Axis(), [1.6e9 + 0.25]),
        (["2020-09-13T14:26:40+02:00"], Axis(), [1.6e9]),
        (["13.09.2020 12:26:40", "2020-09-13T12:26:40Z"], Axis("%d.%m.%Y %H:%M:%S"), [1.6e9] * 2),
        (["13.09.2020 12:26:40", "2020-09-13T12:26:40"], Axis(), [None, 1.6e9]),
        (["nan", "Infinity", ""], Axis(), [None] * 3),
    ],
)
def test_times_of_any_kind(times: list[Any], axis: Axis, seconds: list[float | None]) -> None:
    found = read_times(times, axis).seconds.tolist()
    assert [None if value != value else value for value in found] == pytest.approx(seconds)


def test_microseconds_survive() -> None:
    found = read(task(1, annotation(1, 1, [region(0.123457, 1234.567891), region(0, 1)])))
    assert rows(found)[1][3:] == (0.123457, 1234.567891)


TWO_CONTROLS = """<View><TimeSeries name="ts" value="$csv" timeColumn="t"><Channel column="a"/>
</TimeSeries><TimeSeriesLabels name="lab" toName="ts"><Label value="Run"/></TimeSeriesLabels>
<TimeSeriesLabels name="beat" toName="ts"><Label value="N"/></TimeSeriesLabels></View>"""


def test_a_truth_that_is_silent_about_a_control_is_absent_or_says_nothing() -> None:
    beat = region(3, 3, "N", from_name="beat", id="b")
    given = task(
        1,
        annotation(1, 1, [region(1, 2), beat]),
        annotation(2, 2, [region(1, 2), beat]),
        annotation(3, 3, [region(1, 2)], ground_truth=True),
    )
    lab, silent = read(given).tiers
    assert (lab.readers.reference, silent.readers.reference) == (GROUND_TRUTH, None)
    assert [note for note in read(given).notes if "nobody is held against it there" in note]
    known = read(given, config=TWO_CONTROLS)
    assert [tier.readers.reference for tier in known.tiers] == [GROUND_TRUTH] * 2
    assert known.notes[-1].endswith("it says that nothing is there")


def test_an_empty_truth_of_the_only_control_says_that_nothing_is_there() -> None:
    found = read(task(1, annotation(1, 1, [region(1, 2)]), annotation(3, 3, [], ground_truth=True)))
    assert found.tiers[0].readers.reference == GROUND_TRUTH
    assert found.notes[-1].endswith("it says that nothing is there")
