"""Predictions: everything that the server takes although the editor cannot show it."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.lint.prediction_check import check_predictions

CONFIG = """<View>
  <TimeSeriesLabels name="rhythm" toName="ts">
    <Label value="Sinus"/><Label value="Flutter"/></TimeSeriesLabels>
  <TimeSeries name="ts" value="$csv" timeColumn="time" timeFormat="%Q"><Channel column="ii"/>
  </TimeSeries>
  <Choices name="grade" toName="ts" perRegion="true"><Choice value="good"/><Choice value="bad"/>
  </Choices>
  <Choices name="signs" toName="ts" perRegion="true" choice="multiple"><Choice value="p"/>
    <Choice value="q"/></Choices>
  <Rating name="sure" toName="ts" perRegion="true" maxRating="5"/>
  <Number name="rate" toName="ts" perRegion="true" min="0" max="300"/>
  <TextArea name="note" toName="ts" perRegion="true"/>
  <Taxonomy name="cause" toName="ts" perRegion="true"><Choice value="A"><Choice value="B"/></Choice>
  </Taxonomy>
  <Choices name="strip" toName="ts"><Choice value="usable"/><Choice value="unusable"/></Choices>
</View>"""
NUMERIC = CONFIG.replace(' timeFormat="%Q"', "")
WINDOWS = {"t1": (0, 5000)}
TIMES = {"start": "100", "end": "900", "instant": False}


def answer(control: str, kind: str, **value: object) -> dict[str, Any]:
    common = {"id": "r1", "to_name": "ts", "from_name": control, "type": kind}
    return {**common, "value": {**TIMES, **value}}


def good() -> dict[str, Any]:
    return {
        "task": "t1",
        "model_version": "m1",
        "score": 0.5,
        "result": [
            {**answer("rhythm", "timeserieslabels", timeserieslabels=["Sinus"]), "score": 0.9},
            answer("grade", "choices", choices=["good"]),
            answer("signs", "choices", choices=["p", "q"]),
            answer("sure", "rating", rating=4),
            answer("rate", "number", number=71.5),
            answer("note", "textarea", text=["seen"]),
            answer("cause", "taxonomy", taxonomy=[["A", "B"]]),
            {
                **answer("rhythm", "timeserieslabels", timeserieslabels=["Flutter"]),
                "id": "r2",
                "value": {
                    "start": "950",
                    "end": "950",
                    "instant": True,
                    "timeserieslabels": ["Flutter"],
                },
            },
            {
                "id": "s1",
                "to_name": "ts",
                "from_name": "strip",
                "type": "choices",
                "value": {"choices": ["usable"]},
            },
        ],
    }


def test_good_prediction_has_no_finding() -> None:
    assert check_predictions([good()], CONFIG, WINDOWS) == []
    assert check_predictions([good()], CONFIG) == []
    assert check_predictions([{"task": 1, "model_version": "m", "result": []}], CONFIG) == []


def test_numeric_axis_takes_numbers_only() -> None:
    prediction = good()
    assert {f.code for f in check_predictions([prediction], NUMERIC)} == {"TSL061"}
    for result in prediction["result"]:
        for key in ("start", "end"):
            if key in result["value"]:
                result["value"][key] = int(result["value"][key])
    assert check_predictions([prediction], NUMERIC, WINDOWS) == []
    assert check_predictions([prediction], CONFIG, WINDOWS) == []


REGION: list[str | int] = ["result", 0]
VALUE: list[str | int] = ["result", 0, "value"]
GONE = object()

# name, path in the prediction, new value, code, words of the finding
CASES: list[tuple[str, list[str | int], object, str, str]] = [
    ("unknown label", [*VALUE, "timeserieslabels"], ["Sinuss"], "TSL062",
     "Sinuss|Did you mean 'Sinus'|region 'r1'"),
    ("empty labels", [*VALUE, "timeserieslabels"], [], "TSL062", "empty"),
    ("no labels", [*VALUE, "timeserieslabels"], GONE, "TSL062", "timeserieslabels"),
    ("labels as text", [*VALUE, "timeserieslabels"], "Sinus", "TSL062", "no list"),
    ("label as number", [*VALUE, "timeserieslabels"], [7], "TSL062", "7"),
    ("wrong from_name", [*REGION, "from_name"], "rythm", "TSL068", "rythm|Did you mean 'rhythm'"),
    ("from_name missing", [*REGION, "from_name"], GONE, "TSL068", "from_name None"),
    ("from_name is the data", [*REGION, "from_name"], "ts", "TSL068", "'ts' is no control"),
    ("wrong to_name", [*REGION, "to_name"], "zzz", "TSL068", 'zzz|Write "ts"'),
    ("to_name missing", [*REGION, "to_name"], GONE, "TSL068", "to_name is None"),
    ("to_name as list", [*REGION, "to_name"], ["ts"], "TSL068", "to_name is ['ts']"),
    ("wrong type", [*REGION, "type"], "labels", "TSL068", "'labels'|timeserieslabels"),
    ("type missing", [*REGION, "type"], GONE, "TSL068", "type is None"),
    ("reversed", [*VALUE, "end"], "50", "TSL061", "ends at 50, before its start at 100"),
    ("NaN", [*VALUE, "start"], math.nan, "TSL061", "start is nan"),
    ("NaN as text", [*VALUE, "start"], "NaN", "TSL061", "'NaN'"),
    ("infinite", [*VALUE, "end"], math.inf, "TSL061", "end is inf"),
    ("huge", [*VALUE, "end"], 10**400, "TSL061", "end is 1000"),
    ("no time", [*VALUE, "start"], "foo", "TSL061", "'foo'|no time"),
    ("start missing", [*VALUE, "start"], GONE, "TSL061", "start is None"),
    ("start null", [*VALUE, "start"], None, "TSL061", "start is None"),
    ("start true", [*VALUE, "start"], True, "TSL061", "start is True"),
    ("negative start", [*VALUE, "start"], "-100", "TSL061", "leaves the window 0 to 5000"),
    ("after the window", [*VALUE, "end"], "5001", "TSL061", "leaves the window"),
    ("instant missing", [*VALUE, "instant"], GONE, "TSL060", "missing"),
    ("instant as text", [*VALUE, "instant"], "false", "TSL060", "'false'"),
    ("instant of a range", [*VALUE, "instant"], True, "TSL060", "instant is true"),
    ("range of an instant", ["result", 7, "value", "instant"], False, "TSL060",
     "instant is false|region 'r2'"),
    ("region score over one", [*REGION, "score"], 2.5, "TSL067", "2.5|region 'r1'"),
    ("region score as text", [*REGION, "score"], "high", "TSL067", "'high'"),
    ("region score NaN", [*REGION, "score"], math.nan, "TSL067", "nan"),
    ("region score true", [*REGION, "score"], True, "TSL067", "True"),
    ("task score", ["score"], 7, "TSL067", "7|task t1, prediction 'm1'"),
    ("negative score", ["score"], -0.1, "TSL067", "-0.1"),
    ("task score as text", ["score"], "x", "TSL067", "'x'"),
    ("id missing", [*REGION, "id"], GONE, "TSL063", "id is None"),
    ("id empty", [*REGION, "id"], "", "TSL063", "id is ''"),
    ("id as list", [*REGION, "id"], ["r1"], "TSL063", "['r1']"),
    ("id twice", ["result", 7, "id"], "r1", "TSL063", "'r1' has two results of 'rhythm'"),
    ("answer without region", ["result", 1, "id"], "zz", "TSL069", "'zz'"),
    ("answer without id", ["result", 1, "id"], GONE, "TSL069", "None"),
    ("answer without span", ["result", 1, "value"], {"choices": ["good"]}, "TSL069",
     "does not repeat"),
    ("answer elsewhere", ["result", 1, "value", "end"], "901", "TSL069", "100 to 900"),
    ("unknown choice", ["result", 1, "value", "choices"], ["goood"], "TSL062",
     "Did you mean 'good'"),
    ("no choice", ["result", 1, "value", "choices"], [], "TSL062", "empty"),
    ("two choices", ["result", 1, "value", "choices"], ["good", "bad"], "TSL095", "2 choices"),
    ("unknown choice of a task", ["result", 8, "value", "choices"], ["x"], "TSL062", "'x'"),
    ("rating too high", ["result", 3, "value", "rating"], 6, "TSL095", "6|1 to 5"),
    ("rating zero", ["result", 3, "value", "rating"], 0, "TSL095", "0"),
    ("rating a fraction", ["result", 3, "value", "rating"], 3.5, "TSL095", "3.5"),
    ("rating as text", ["result", 3, "value", "rating"], "4", "TSL095", "'4'"),
    ("rating true", ["result", 3, "value", "rating"], True, "TSL095", "True"),
    ("rating missing", ["result", 3, "value", "rating"], GONE, "TSL095", "None"),
    ("number too high", ["result", 4, "value", "number"], 301, "TSL095", "301|most, 300"),
    ("number too low", ["result", 4, "value", "number"], -1, "TSL095", "-1|least, 0"),
    ("number NaN", ["result", 4, "value", "number"], math.nan, "TSL095", "nan"),
    ("number as text", ["result", 4, "value", "number"], "71", "TSL095", "'71'"),
    ("text no list", ["result", 5, "value", "text"], "seen", "TSL095", "list of texts"),
    ("text of numbers", ["result", 5, "value", "text"], [1], "TSL095", "list of texts"),
    ("taxonomy flat", ["result", 6, "value", "taxonomy"], ["A", "B"], "TSL095", "list of paths"),
    ("taxonomy unknown", ["result", 6, "value", "taxonomy"], [["A", "C"]], "TSL062", "'C'"),
    ("value missing", [*REGION, "value"], GONE, "TSL081", "value is None"),
    ("result no object", ["result", 0], "x", "TSL096", "'x'"),
    ("result missing", ["result"], GONE, "TSL096", "None, not a list"),
    ("result no list", ["result"], {}, "TSL096", "not a list"),
    ("model_version missing", ["model_version"], GONE, "TSL097", "None"),
    ("model_version empty", ["model_version"], "", "TSL097", "''"),
    ("unknown task", ["task"], "t2", "TSL098", "no task 't2'"),
    ("task missing", ["task"], GONE, "TSL098", "None"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "code", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_broken_prediction(path: list[Any], value: object, code: str, words: str) -> None:
    prediction = good()
    holder: Any = prediction
    for step in path[:-1]:
        holder = holder[step]
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    findings = check_predictions([prediction], CONFIG, WINDOWS)
    found = [finding for finding in findings if finding.code == code]
    assert found, findings
    for word in words.split("|"):
        assert word in " ".join(map(str, found))
    assert all(finding.severity == "error" and finding.remedy for finding in found)


def test_two_predictions_of_one_model() -> None:
    assert check_predictions([good(), good() | {"model_version": "m2"}], CONFIG, WINDOWS) == []
    assert [f.code for f in check_predictions([good(), good()], CONFIG, WINDOWS)] == ["TSL064"]


def test_one_region_with_two_spans() -> None:
    prediction = good()
    other = copy.deepcopy(prediction["result"][0]) | {"from_name": "beat"}
    other["value"]["end"] = "800"
    prediction["result"].append(other)
    labels = '<TimeSeriesLabels name="beat" toName="ts"><Label value="Sinus"/></TimeSeriesLabels>'
    findings = check_predictions([prediction], CONFIG.replace("</View>", labels + "</View>"))
    assert "TSL063" in [f.code for f in findings]
    other["value"]["end"] = "900"
    assert check_predictions([prediction], CONFIG.replace("</View>", labels + "</View>")) == []


@pytest.mark.parametrize(
    ("pattern", "fits", "not_fits"),
    [
        ("%Y-%m-%dT%H:%M:%S.%L", "2026-01-02T03:04:05.100", "2026-01-02 03:04"),
        ("%Y-%m-%dT%H:%M:%S.%f", "2026-01-02T03:04:05.100000", "1767323045100"),
        ("%Y-%m-%dT%H:%M:%S%Z", "2026-01-02T03:04:05+0000", "2026-13-02T03:04:05+0000"),
        ("%s", "1767323045", "noon"),
        ("%Q", "1767323045100", ""),
    ],
)
def test_times_of_the_axis_format(pattern: str, fits: str, not_fits: str) -> None:
    xml = CONFIG.replace("%Q", pattern)
    prediction = good()
    prediction["result"] = prediction["result"][:1]
    prediction["result"][0]["value"] |= {"start": fits, "end": fits, "instant": True}
    assert check_predictions([prediction], xml) == []
    prediction["result"][0]["value"]["end"] = not_fits
    assert [f.code for f in check_predictions([prediction], xml)] == ["TSL061"]


def test_dates_in_the_wrong_order() -> None:
    xml = CONFIG.replace("%Q", "%d.%m.%Y %H:%M:%S.%L")
    prediction = good()
    prediction["result"] = prediction["result"][:1]
    value = prediction["result"][0]["value"]
    value |= {"start": "02.03.2026 00:00:00.000", "end": "30.01.2026 00:00:00.000"}
    assert [f.code for f in check_predictions([prediction], xml)] == ["TSL061"]


def test_labels_from_the_task_are_taken_as_they_are() -> None:
    xml = CONFIG.replace('name="rhythm"', 'name="rhythm" value="$labels"')
    prediction = good()
    prediction["result"][0]["value"]["timeserieslabels"] = ["Whatever"]
    assert check_predictions([prediction], xml, WINDOWS) == []


def test_answers_of_other_controls_are_left_alone() -> None:
    extra = '<DateTime name="when" toName="ts"/><Image name="i" value="$i"/>'
    extra += '<Rectangle name="box" toName="i"/></View>'
    prediction = good()
    common = {"id": "x1", "to_name": "ts", "from_name": "when", "type": "datetime"}
    prediction["result"].append({**common, "value": {"datetime": "2026-01-01"}})
    box = {"id": "x2", "to_name": "i", "from_name": "box", "type": "rectangle"}
    prediction["result"].append({**box, "value": {"x": 1, "y": 2, "width": 3, "height": 4}})
    assert check_predictions([prediction], CONFIG.replace("</View>", extra), WINDOWS) == []


def test_relations_and_other_controls_are_left_alone() -> None:
    prediction = good()
    prediction["result"].append({"type": "relation", "from_id": "r1", "to_id": "r2"})
    assert check_predictions([prediction], CONFIG, WINDOWS) == []


def test_broken_config_is_reported() -> None:
    assert [f.code for f in check_predictions([good()], "<View>")] == ["TSL015"]


def test_what_the_editor_saves_is_fine() -> None:
    folder = Path(__file__).parents[4] / "shared" / "label_studio" / "annotations"
    if not folder.exists():
        pytest.skip("the captured annotations are not beside this checkout")
    xml = """<View><TimeSeriesLabels name="lab" toName="ts"><Label value="Walk"/>
      <Label value="Event"/></TimeSeriesLabels><TimeSeries name="ts" value="$c" timeFormat="%Q">
      <Channel column="a"/></TimeSeries></View>"""
    saved = json.loads((folder / "ui_annotation_ms_Q.json").read_text())
    for annotation in saved:
        prediction = {"task": 1, "model_version": "editor", "result": annotation["result"]}
        assert check_predictions([prediction], xml) == []


def _many(label: str) -> list[dict[str, Any]]:
    result = []
    for number in range(50):
        times = {"start": str(number * 100), "end": str(number * 100 + 50), "instant": False}
        value = {**times, "timeserieslabels": [label]}
        region = answer("rhythm", "timeserieslabels") | {"id": f"r{number}", "value": value}
        grade = answer("sure", "rating") | {"id": f"r{number}", "value": {**times, "rating": 3}}
        result += [region, grade]
    return [{"task": t, "model_version": "m", "score": 0.5, "result": result} for t in range(1000)]


@pytest.mark.parametrize(("label", "expected"), [("Sinus", 0), ("Sinuss", 50_000)])
def test_every_region_of_a_thousand_tasks_is_checked(label: str, expected: int) -> None:
    predictions = _many(label)
    windows = dict.fromkeys(range(1000), (0.0, 5000.0))
    assert len(check_predictions(predictions, CONFIG, windows)) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=300)
@given(st.integers(0, 8), st.sampled_from(["id", "from_name", "to_name", "type", "value", "score"]),
       st.sampled_from(["", "start", "end", "instant", "timeserieslabels", "choices", "rating",
                        "number", "text", "taxonomy"]), JSON)  # fmt: skip
def test_any_json_gives_findings_never_an_exception(
    number: int, key: str, inner: str, value: object
) -> None:
    prediction = good()
    result = prediction["result"][number]
    if inner:
        result["value"][inner] = value
    else:
        result[key] = value
    check_predictions([prediction], CONFIG, WINDOWS)
    for name in ("task", "model_version", "score", "result"):
        check_predictions([good() | {name: value}], CONFIG, WINDOWS)
