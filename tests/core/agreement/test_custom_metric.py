"""A user's function as a measure: what it gets, what it may answer, what its errors say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.core.agreement.test_attributes import KIND, MANY, NOTE, STARS, Mark, regions

from tslab.agreement.enterprise import evalme
from tslab.agreement.enterprise.controls import overlap_control
from tslab.agreement.enterprise.custom_metric import (
    CustomMetric,
    as_annotations,
    custom_rows,
    load_metric,
)
from tslab.agreement.values import NO_SCORE
from tslab.errors import DataError

MARKS: list[Mark] = [
    (0, 0, 0, 0, 10, {"kind": "x", "many": ("x", "y"), "stars": 4.0, "note": "so"}),
    (0, 0, 1, 20, 30, {}), (0, 1, 0, 0, 5, {}), (0, 1, 1, 25, 25, {}),
    (1, 0, 0, 3, 9, {}),
]  # fmt: skip


def test_annotations_look_like_label_studios() -> None:
    said = as_annotations(regions(MARKS, "AB", 2), [KIND, MANY, STARS, NOTE])
    assert set(said) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert said[1, 1]["result"] == []
    first = said[0, 0]
    assert (first["completed_by"], first["task"], first["ground_truth"]) == ("A", "t0", False)
    assert [r["type"] for r in first["result"]] == [
        *("timeserieslabels", "choices", "choices", "rating", "textarea", "timeserieslabels")
    ]
    time = {"start": 0.0, "end": 10.0, "instant": False}
    assert [r["value"] for r in first["result"][:5]] == [
        {**time, "timeserieslabels": ["a"]},
        {**time, "choices": ["x"]},
        {**time, "choices": ["x", "y"]},
        {**time, "rating": 4.0},
        {**time, "text": ["so"]},
    ]
    assert len({r["id"] for r in first["result"][:5]}) == 1
    assert said[0, 1]["result"][1]["value"]["instant"] is True


def test_ours_as_a_users_function_equals_our_rows(tmp_path: Path) -> None:
    given = regions(MARKS, "AB", 2)
    path = tmp_path / "mine.py"
    path.write_text("from tslab.agreement.enterprise.evalme import agreement\n")
    rows = custom_rows(load_metric(f"{path}:agreement"), given, [])
    found = {(r.by, r.of): r.value.value for r in rows}
    expected = overlap_control(given).scores
    assert found["task", ("t0",)] == expected["A", "B", "t0"][0] == 0.25
    assert found["task", ("t1",)] == expected["A", "B", "t1"][0] == 0
    assert found["overall", ()] == found["pair", ("A", "B")] == 0.125
    assert found["label", ("a",)] == 0.25
    assert found["label", ("b",)] == 0
    assert {r.metric for r in rows} == {"custom/agreement"}


def test_the_function_gets_what_label_studio_gives(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "def share(annotation_1, annotation_2, per_label=False):\n"
        "    if per_label:\n"
        "        return {}\n"
        "    a, b = len(annotation_1['result']), len(annotation_2['result'])\n"
        "    return float('nan') if not b else min(a, b) / max(a, b)\n"
    )
    rows = custom_rows(load_metric(f"{path}:share"), regions(MARKS, "AB", 2), [])
    assert {(r.by, r.of): r.value.value for r in rows if r.by == "task"} == {("task", ("t0",)): 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def f(a, b, per_label=False):\n    x = 1\n    return a['no'] / x\n",
         r"mine.py', line 3: 'f' failed: KeyError: 'no'"),
        ("def f(a, b, per_label=False):\n    return None\n", "answered NoneType, not a number"),
        ("def f(a, b, per_label=False):\n    return 7.5\n", "answered 7.5, which is not from 0"),
        ("def f(a, b, per_label=False):\n    return -0.1\n", "answered -0.1, which is not from 0"),
        ("def f(a, b):\n    return 1\n", "'f' failed: TypeError"),
        ("import nothing_like_this\n", "line 1: cannot be run: ModuleNotFoundError"),
        ("def f(:\n", "line 1: cannot be run: SyntaxError"),
        ("g = 1\n", "'mine.py' has no function 'f'"),
        ("f = 1\n", "'mine.py' has no function 'f'"),
    ],
)  # fmt: skip
def test_errors_name_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(DataError, match=told):
        custom_rows(load_metric(f"{path}:f"), regions(MARKS, "AB", 2), [])


@pytest.mark.parametrize(
    ("place", "told"),
    [("mine.py", "names no function"), ("x/no.py:f", "there is no file"), ("no:1f", "no function")],
)
def test_what_is_no_place(place: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        load_metric(place)


def test_a_file_that_is_no_python(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(DataError, match="is no Python file"):
        load_metric(f"{tmp_path / 'mine.txt'}:f")


def test_labels_may_be_left_out() -> None:
    def plain(one: dict[str, Any], other: dict[str, Any], per_label: bool = False) -> float:
        return 0.5

    metric = CustomMetric("plain", Path("x.py"), plain)
    assert metric.per_label({}, {}) == {}
    assert metric.score({}, {}) == 0.5
    assert CustomMetric("ours", Path("x.py"), evalme.agreement).score({}, {}) == 1


def test_what_the_function_prints_is_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loud.py"
    path.write_text(
        "print('loaded')\ndef loud(a, b, per_label=False):\n    print('called')\n    return 0.1\n"
    )
    custom_rows(load_metric(f"{path}:loud"), regions(MARKS, "AB", 2), [])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("loaded\ncalled")


def test_a_function_that_answers_nan_is_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def nan(a, b, per_label=False):\n    return float('nan')\n")
    found = custom_rows(load_metric(f"{path}:nan"), regions(MARKS, "AB", 2), [])
    assert {row.by for row in found} == {"overall", "annotator"}
    assert {row.value.reason for row in found} == {NO_SCORE}
