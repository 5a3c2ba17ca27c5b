"""A Label Studio JSON export becomes tables; broken regions are counted and left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.foreign import config_xml

from tslab.agreement.measure import measure
from tslab.agreement.report.result_text import agreement_text, rows_text
from tslab.agreement.settings import AgreementSettings
from tslab.agreement.tier_tables import GROUND_TRUTH, Intake
from tslab.agreement.values import Readers
from tslab.errors import DataError
from tslab.label_studio.exports.intake import export_intake
from tslab.label_studio.exports.times import Axis, read_times
from tslab.task import DAY_ONE_MS


def region(start: object, end: object, *labels: str, **more: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "start": start,
        "end": end,
        "instant": more.pop("instant", start == end),
        "timeserieslabels": list(labels or ("Run",)),
    }
    given = {"id": "r", "from_name": "lab", "to_name": "ts", "type": "timeserieslabels", **more}
    return {**given, "value": value}


def annotation(number: int, who: object, result: Sequence[object], **more: Any) -> dict[str, Any]:
    return {"id": number, "completed_by": who, "result": list(result), **more}


def task(number: int, *annotations: object, **more: Any) -> dict[str, Any]:
    return {"id": number, "data": {"csv": "x"}, "annotations": list(annotations), **more}


def read(*tasks: object, config: str | None = None) -> Intake:
    return export_intake(json.dumps(tasks).encode(), "e.json", config)


def rows(intake: Intake, tier: int = 0) -> list[tuple[str, str, str, float, float]]:
    table = intake.tiers[tier].table
    columns = (table.task, table.annotator, table.label, table.start, table.end)
    return [
        (table.tasks[t], table.annotators[who], table.labels[label], start / 1e6, end / 1e6)
        for t, who, label, start, end in zip(*(c.tolist() for c in columns), strict=True)
    ]


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


def test_broken_regions_are_counted_and_left_out() -> None:
    nothing = {"id": "x", "from_name": "lab", "type": "timeserieslabels"}
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    found = read(
        task(
            1,
            annotation(
                1,
                1,
                [
                    region(1, 2),
                    region("0NaN-NaN-NaN NaN:NaN:NaN", 2),
                    region(None, 2),
                    region(5, 4),
                    region("noon", 4),
                    region(3, 4, instant=True),
                    nothing,
                    relation,
                    {**region(1, 2), "value": {"start": 1, "end": 2, "timeserieslabels": []}},
                    region(1e300, 1e301),
                ],
            ),
        )
    )
    assert rows(found) == [("1", "user 1", "Run", 1, 2), ("1", "user 1", "Run", 3, 3)]
    assert found.counts == {"TSL061": 4, "TSL081": 2, "TSL086": 1, "TSL093": 1}
    assert all(finding.place.startswith("first in task 1") for finding in found.findings)


def test_an_export_with_nan_that_is_no_json_is_read_all_the_same() -> None:
    text = json.dumps([task(1, annotation(1, 1, [region(float("nan"), 2), region(1, 2)]))])
    assert "NaN" in text
    found = export_intake(text.encode(), "e.json")
    assert rows(found) == [("1", "user 1", "Run", 1, 2)]
    assert found.counts == {"TSL061": 1}


def test_records_of_another_shape_cost_themselves_only() -> None:
    odd = {"id": "x", "from_name": "lab", "type": "timeserieslabels", "value": [1, 2]}
    found = read(
        task(
            1,
            annotation(1, 1, [region(1, 2), odd, region([1], 3), "text"]),
            {"id": 2, "completed_by": 2, "result": "nothing"},
            {"id": 3, "completed_by": [5], "result": []},
            annotation(4, 4, [region(1, 3)]),
            drafts=[1],
        ),
        task(2, annotation(5, 1, [region(1, 2)])),
    )
    assert [row[:2] for row in rows(found)] == [("1", "user 1"), ("1", "user 4"), ("2", "user 1")]
    assert found.counts == {"TSL081": 5, "TSL092": 1}


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"tasks": []}', '[{"id": 1, "csv": "x", "lab": []}]', "\udcff"]
)
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"e\.json"):
        export_intake(text.encode(errors="surrogateescape"), "e.json")


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


def test_names_that_a_terminal_would_obey_are_only_printed() -> None:
    bad = "\x1b[2J\x07evil\n\r"
    found = read(
        task(
            1,
            annotation(
                1, {"email": bad}, [region(1, 2, bad, from_name=bad), region(2, 1, from_name="x")]
            ),
            annotation(2, 2, [region(1, 2, bad, from_name=bad)]),
        )
    )
    result = measure(found, AgreementSettings(draws=0))
    for text in (agreement_text(result), rows_text(list(result.rows)), str(found.findings)):
        assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "evil" in agreement_text(result)
    assert len(result.tiers) == 1, "a control without a usable region is no tier"


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.sampled_from(["", "1", "nan", "timeserieslabels", "lab", "2020-01-01", "\x00"]),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "value"]), inner)
    ),
    max_leaves=4,
)


@given(st.data())
def test_nothing_in_an_export_breaks_the_reader(data: st.DataObject) -> None:
    """Any value of a good export is replaced by anything: it is read, or refused."""
    good = task(
        1,
        annotation(1, 1, [region(1, 2), region(3, 3, "Walk")], was_cancelled=False),
        annotation(2, {"id": 2, "email": "b"}, [region("1", "2")], ground_truth=True),
        predictions=[{"id": 1, "model_version": "m", "result": [region(0, 3)]}],
        drafts=[],
        meta={"tslab": 1, "start_us": 0, "end_us": 10, "tick_us": 1},
    )
    whole: list[Any] = [good, task(2, annotation(3, 1, []))]
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = whole
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, (dict, list)) or data.draw(st.integers(0, 3)) == 0:
                place[key] = data.draw(VALUES)
                break
            place = inner
    xml = config_xml() if data.draw(st.booleans()) else None
    try:
        found = export_intake(json.dumps(whole).encode(), "e.json", xml)
    except DataError:
        return
    result = measure(found, AgreementSettings(draws=0))
    assert isinstance(agreement_text(result), str)


def test_one_odd_record_changes_nothing_for_the_others() -> None:
    """The careful way, which one odd record costs, gives what the fast way gives."""
    tasks = [
        task(
            number,
            *(
                annotation(
                    10 * number + who, who, [region(at + who / 10, at + 1) for at in range(5)]
                )
                for who in range(3)
            ),
            drafts=[{"result": []}],
        )
        for number in range(1, 4)
    ]
    fast = read(*tasks)
    odd = task(9, annotation(99, 7, [{**region(1, 2), "value": "odd"}]))
    slow = read(*tasks, odd)
    assert slow.counts == {**fast.counts, "TSL081": 1, "TSL117": 1}
    assert rows(slow) == rows(fast)


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
