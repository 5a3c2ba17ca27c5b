"""Task scores of Label Studio Enterprise: the examples of its documentation, and weights."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.core.agreement.test_attributes import KIND, Mark, regions

from tslab.agreement.attributes.task_attributes import TaskAnswers
from tslab.agreement.enterprise.controls import (
    Control,
    choice_controls,
    overlap_control,
    task_controls,
)
from tslab.agreement.enterprise.evalme import score
from tslab.agreement.enterprise.scores import (
    CONSENSUS,
    PAIRWISE,
    EnterpriseSettings,
    combined,
    consensus,
    enterprise_rows,
)
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_PAIR, ONE_READER, Readers, Row
from tslab.domain import Choice, TaskField

STATE = TaskField(name="state", kind="choice", choices=(Choice(value="1"), Choice(value="2")))
PLAIN = EnterpriseSettings(intervals=TimeSettings(draws=0))
ABC = Readers(("A", "B", "C"))


def keyed(rows: list[Row]) -> dict[tuple[str, str, str, tuple[str, ...]], Row]:
    found = {(r.tier, r.metric, r.by, r.of): r for r in rows}
    assert len(found) == len(rows)
    return found


def answers(*said: str | None) -> TaskAnswers:
    names = tuple("ABCDE"[: len(said)])
    given = {(0, who): {"state": v} for who, v in enumerate(said) if v is not None}
    return TaskAnswers("view", ("t0",), names, Readers(names), given)


@pytest.mark.parametrize(
    ("said", "pairwise", "share"),
    [
        (("1", "2", "3"), 0, 1 / 3),
        (("1", "1", "2"), 1 / 3, 2 / 3),
        (("1", "1", "1"), 1, 1),
        (("1", "1", "2", "2"), 2 / 6, 0.5),
    ],
)
def test_the_examples_of_the_documentation(
    said: tuple[str, ...], pairwise: float, share: float
) -> None:
    given = answers(*said)
    rows = keyed(enterprise_rows("x", task_controls(given, [STATE]), given.readers, PLAIN))
    assert rows["x", PAIRWISE, "task", ("t0",)].value.value == pairwise
    assert rows["x", CONSENSUS, "task", ("t0",)].value.value == share
    assert rows["x", PAIRWISE, "overall", ()].value.value == pairwise


def test_the_weights_of_the_documentation() -> None:
    controls = [
        Control(name, {("A", "B", "t"): (score, 1)})
        for name, score in (("x", 0.83), ("y", 0.33), ("z", 0.33))
    ]
    found = combined(controls, {"x": 1.0, "y": 0.3, "z": 0.2}).scores["A", "B", "t"]
    assert found[0] == pytest.approx((0.83 + 0.3 * 0.33 + 0.2 * 0.33) / 1.5)
    assert found[1] == 3


def test_a_control_without_a_score_has_no_weight() -> None:
    one = Control("x", {("A", "B", "t"): (1.0, 1)})
    other = Control("y", {("A", "B", "u"): (0.5, 1)})
    assert combined([one, other], {"x": 0}).scores == {("A", "B", "u"): (0.5, 1)}


def overlaps(
    marks: list[Mark], names: str = "AB", tasks: int = 1
) -> dict[tuple[str, str, str], float]:
    control = overlap_control(regions(marks, names, tasks))
    return {key: value for key, (value, _) in control.scores.items()}


def test_overlap_of_the_documentation() -> None:
    marks: list[Mark] = [(0, 0, 0, 0, 14, {}), (0, 1, 0, 10, 14, {})]
    assert overlaps(marks) == {("A", "B", "t0"): 4 / 14}
    assert overlaps([marks[0], (0, 1, 1, 10, 14, {})]) == {("A", "B", "t0"): 0}


def test_nothing_marked_by_both_is_full_agreement_on_no_events() -> None:
    control = overlap_control(regions([(0, 0, 0, 1, 2, {})], "AB", 2))
    assert control.scores == {("A", "B", "t0"): (0.0, 1), ("A", "B", "t1"): (1.0, 0)}


def test_instants_match_within_the_tolerance() -> None:
    marks: list[Mark] = [(0, 0, 0, 5, 5, {}), (0, 1, 0, 6, 6, {})]
    assert overlap_control(regions(marks)).scores == {("A", "B", "t0"): (0.0, 2)}
    assert overlap_control(regions(marks), 10**6).scores == {("A", "B", "t0"): (1.0, 2)}


@pytest.mark.parametrize("seed", range(20))
def test_overlap_of_tables_equals_that_of_exports(seed: int) -> None:
    dice = np.random.default_rng(seed)
    marks: list[Mark] = []
    for who, task in itertools.product(range(3), range(4)):
        for start in dice.integers(0, 200, dice.integers(0, 9)).tolist():
            end = start + int(dice.integers(1, 40))
            marks.append((task, who, int(dice.integers(2)), start, end, {}))
    found = overlaps(marks, "ABC", 4)
    assert len(found) == 12
    for (one, other, named), value in found.items():
        sides = [
            [
                {
                    "from_name": "x",
                    "type": "timeserieslabels",
                    "value": {"start": s, "end": e, "timeserieslabels": ["ab"[label]]},
                }
                for t, who, label, s, e, _ in marks
                if (f"t{t}", "ABC"[who]) == (named, name)
            ]
            for name in (one, other)
        ]
        assert value == pytest.approx(score(sides[0], sides[1]), abs=1e-15)


def test_choices_about_regions_need_overlap_and_the_same_answer() -> None:
    marks: list[Mark] = [
        (0, 0, 0, 0, 10, {"kind": "x"}), (0, 1, 1, 0, 5, {"kind": "x"}),
        (0, 0, 0, 20, 30, {"kind": "y"}), (0, 1, 0, 20, 30, {"kind": "z"}),
        (0, 0, 0, 40, 50, {}),
    ]  # fmt: skip
    (control,) = choice_controls(regions(marks), [KIND])
    assert control.scores == {("A", "B", "t0"): (0.25, 4)}


def test_consensus_is_the_largest_group_that_agrees_throughout() -> None:
    # A with B, B with C, but not A with C: two agree, not three.
    chain = [[False, True, False], [True, False, True], [False, True, False]]
    assert consensus(chain) == 2 / 3
    dice = np.random.default_rng(0)
    for many in range(1, 9):
        table = np.triu(dice.random((many, many)) < 0.5, 1)
        table |= table.T
        best = max(
            len(group)
            for size in range(1, many + 1)
            for group in itertools.combinations(range(many), size)
            if all(table[a, b] for a, b in itertools.combinations(group, 2))
        )
        assert consensus(table.tolist()) == best / many


def test_levels_and_intervals() -> None:
    scores = {
        (one, other, f"t{t}"): (value, 2)
        for t, values in enumerate(((1.0, 0.5, 0.0), (0.6, 0.4, 0.2), (0.9, 0.7, 0.8)))
        for (one, other), value in zip((("A", "B"), ("A", "C"), ("B", "C")), values, strict=True)
    }
    scores["truth", "A", "t0"] = 0.25, 1
    scores["truth", "m", "t0"] = 0.75, 1
    readers = Readers(("A", "B", "C"), "truth", ("m",))
    rows = keyed(enterprise_rows("x", [Control("x", scores)], readers))
    whole = rows["x", PAIRWISE, "overall", ()]
    assert whole.value.value == pytest.approx((0.5 + 0.4 + 0.8) / 3)
    assert whole.value.low is not None
    assert (whole.tasks, whole.events) == (3, 18)
    assert rows["x", PAIRWISE, "pair", ("B", "C")].value.value == pytest.approx(1 / 3)
    assert rows["x", PAIRWISE, "annotator", ("A",)].value.value == pytest.approx(4.1 / 6)
    assert rows["x", PAIRWISE, "reference", ("A",)].value.value == 0.25
    assert rows["x", PAIRWISE, "model", ("truth", "m")].value.value == 0.75
    assert rows["x", CONSENSUS, "task", ("t0",)].value.value == 2 / 3
    assert rows["x", CONSENSUS, "task", ("t2",)].value.value == 1


def test_the_threshold_is_agreement() -> None:
    control = Control("x", {("A", "B", "t"): (0.5, 2)})
    for threshold, share in ((0.5, 1), (0.51, 0.5)):
        settings = EnterpriseSettings(threshold=threshold)
        rows = keyed(enterprise_rows("x", [control], Readers(("A", "B")), settings))
        assert rows["x", CONSENSUS, "overall", ()].value.value == share


def test_each_control_stands_beside_all_together() -> None:
    controls = [
        Control(name, {("A", "B", "t"): (score, 1)}) for name, score in (("y", 1.0), ("z", 0.0))
    ]
    settings = EnterpriseSettings({"y": 3.0})
    rows = keyed(enterprise_rows("x", controls, Readers(("A", "B")), settings))
    names = {name: rows["x", name, "overall", ()].value.value for name in
             (PAIRWISE, f"{PAIRWISE}:y", f"{PAIRWISE}:z", f"{CONSENSUS}:z")}  # fmt: skip
    assert list(names.values()) == [0.75, 1, 0, 0.5]


def test_nobody_to_compare_with() -> None:
    rows = keyed(enterprise_rows("x", [Control("x", {})], ABC, PLAIN))
    assert rows["x", PAIRWISE, "overall", ()].value.reason == ONE_READER
    assert rows["x", PAIRWISE, "annotator", ("A",)].value.reason == NO_PAIR
