"""Whatever stands in an export, its reader says so and reads the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.foreign import config_xml
from kit.small_exports import annotation, read, region, rows, task

from tslab.agreement.measure import measure
from tslab.agreement.report.result_text import agreement_text, rows_text
from tslab.agreement.settings import AgreementSettings
from tslab.errors import DataError
from tslab.label_studio.exports.intake import export_intake


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


def test_times_before_the_recording_and_times_that_are_none_are_told_apart() -> None:
    own = [region(1, 2), region(-1000000, 5), region(1e13, 2e13), region(None, 3)]
    found = read(task(1, annotation(1, 1, own), annotation(2, 2, [region(1, 2)])))
    assert rows(found) == [("1", "user 1", "Run", 1, 2), ("1", "user 2", "Run", 1, 2)]
    assert sorted(
        str(finding).partition(": 1 ")[2].split(" is ")[0] for finding in found.findings
    ) == [
        "region that begins before time 0",
        "region whose time",
        "region without a time",
    ]
    measured = measure(found, AgreementSettings(draws=0))
    assert measured.row("lab", "event/f1@0.5").value.value == 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize("odd", [{"result": None}, {}])
def test_an_annotation_without_a_result_says_nothing_rather_than_that_nothing_is_there(
    odd: dict[str, Any],
) -> None:
    found = read(
        task(
            1,
            annotation(1, 1, [region(1, 2)]),
            {"id": 2, "completed_by": 2, **odd},
            annotation(3, 3, []),
            predictions=[{"id": 9, "model_version": "m", **odd}],
        )
    )
    assert found.counts == {"TSL081": 2}
    (tier,) = found.tiers
    assert tier.readers.annotators == ("user 1", "user 3")
    assert tier.readers.models == ()


def test_annotations_that_are_no_list_are_said() -> None:
    found = read({**task(1), "annotations": {"id": 1}}, task(2, annotation(2, 1, [region(1, 2)])))
    assert found.counts == {"TSL081": 1}
    assert rows(found) == [("2", "user 1", "Run", 1, 2)]


def test_whose_regions_all_have_unknown_labels_did_not_read_the_task() -> None:
    """Two who mark what the config does not know would agree perfectly that nothing is there."""
    config = config_xml(labels=["Walk"])
    first = [annotation(1, 1, [region(1, 2)]), annotation(2, 2, [region(1, 2)])]
    known = [region(5, 6, "Walk"), region(1, 2)]
    second = [annotation(3, 1, known), annotation(4, 2, [region(5, 6, "Walk")])]
    found = read(task(1, *first), task(2, *second), config=config)
    assert found.counts == {"TSL083": 3, "TSL117": 2}
    (tier,) = found.tiers
    assert [tier.table.tasks[n] for n in tier.table.reviewed.task.tolist()] == ["2", "2"]


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"tasks": []}', '[{"id": 1, "csv": "x", "lab": []}]', "\udcff"]
)
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"e\.json"):
        export_intake(text.encode(errors="surrogateescape"), "e.json")


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
