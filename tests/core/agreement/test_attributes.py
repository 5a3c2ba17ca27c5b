"""Answers about regions: matched ones, joint ones, levels, reasons; against scikit-learn."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from tslab.agreement.attributes.metrics import AttributeSettings, Regions, attribute_rows
from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.kernels.contingency import all_kinds
from tslab.agreement.panel import TimeSettings
from tslab.agreement.values import NO_ANSWER, NO_VARIATION, TOO_FEW, Readers, Row
from tslab.domain import Choice, RegionField
from tslab.span_table import Extents, SpanTable
from tslab.spans import FieldValue

LABELS = ("a", "b")
PLAIN = AttributeSettings(intervals=TimeSettings(draws=0))
KIND = RegionField(name="kind", kind="choice", choices=tuple(Choice(value=v) for v in "xyz"))
MANY = RegionField(
    name="many", kind="choice", multiple=True, choices=tuple(Choice(value=v) for v in "xyz")
)
STARS = RegionField(name="stars", kind="rating", maximum=5)
SIZE = RegionField(name="size", kind="number")
NOTE = RegionField(name="note", kind="text")

Mark = tuple[int, int, int, int, int, Mapping[str, FieldValue]]
"""Task, annotator, label, start and end in seconds, answers."""


def regions(marks: Sequence[Mark], names: Sequence[str] = ("A", "B"), tasks: int = 1) -> Regions:
    seen = np.array([(t, w, 0, 10**9) for t in range(tasks) for w in range(len(names))])
    rows = np.array([mark[:5] for mark in marks]).reshape(-1, 5).T
    columns = dict(zip(("task", "annotator", "label"), rows[:3], strict=True))
    columns |= {"start": rows[3] * 10**6, "end": rows[4] * 10**6, "region": np.arange(len(marks))}
    table = SpanTable.of(
        (tuple(f"t{n}" for n in range(tasks)), tuple(names), LABELS), columns, Extents.of(*seen.T)
    )
    answers = {number: mark[5] for number, mark in enumerate(marks) if mark[5]}
    return Regions("tier", table, Readers(tuple(names)), answers)


def rows_of(
    given: Regions, *fields: RegionField, settings: AttributeSettings = PLAIN, points: bool = False
) -> dict[tuple[str, str, tuple[str, ...]], Row]:
    pairs, _ = all_kinds(given.table, given.readers)
    matched = list(match_events(given.table, pairs, [Iou(0.5)]))
    if points:
        matched.append(match_instants(given.table, pairs, 10**6))
    found = attribute_rows(given, fields, matched, settings)
    keyed = {(r.metric.removeprefix("attribute/"), r.by, r.of): r for r in found}
    assert len(keyed) == len(found)
    return keyed


def overall(given: Regions, field: RegionField) -> dict[str, float | None]:
    rows = rows_of(given, field)
    return {m.split(":")[0]: r.value.value for (m, by, _), r in rows.items() if by == "overall"}


def pair(given: Regions, field: RegionField) -> dict[str, float | None]:
    rows = rows_of(given, field)
    return {m.split(":")[0]: r.value.value for (m, by, _), r in rows.items() if by == "pair"}


def both(first: Sequence[FieldValue | None], second: Sequence[FieldValue | None], name: str,
         ) -> Regions:  # fmt: skip
    """Two annotators with the same regions and these answers."""
    marks = [
        (0, who, 0, 10 * at, 10 * at + 5, {} if value is None else {name: value})
        for who, values in enumerate((first, second))
        for at, value in enumerate(values)
    ]
    return regions(marks)


def test_kappa_of_matched_regions_equals_scikit_learn() -> None:
    dice = np.random.default_rng(1)
    first = dice.choice(list("xyz"), 60).tolist()
    second = [v if dice.random() < 0.6 else str(dice.choice(list("xyz"))) for v in first]
    found = pair(both(first, second, "kind"), KIND)
    assert found["kappa"] == pytest.approx(cohen_kappa_score(first, second), abs=2e-16)
    assert found["percent"] == np.mean(np.array(first) == np.array(second))
    assert found["kappa_joint"] == pytest.approx(found["kappa"], abs=2e-16)


def test_a_region_without_partner_is_none_jointly() -> None:
    marks: list[Mark] = [
        (0, 0, 0, 0, 10, {"kind": "x"}), (0, 1, 0, 0, 10, {"kind": "x"}),
        (0, 0, 0, 20, 30, {"kind": "y"}), (0, 1, 0, 20, 30, {"kind": "x"}),
        (0, 0, 0, 40, 50, {"kind": "y"}), (0, 1, 0, 60, 70, {"kind": "z"}),
    ]  # fmt: skip
    found = pair(regions(marks), KIND)
    assert found["percent"] == 0.5
    assert found["percent_joint"] == 0.25
    expected = cohen_kappa_score(["x", "y", "y", "-"], ["x", "x", "-", "z"])
    assert found["kappa_joint"] == pytest.approx(expected, abs=2e-16)


def test_a_missing_answer_is_none_jointly_and_two_are_nothing() -> None:
    found = rows_of(both(["x", "y", None, None], ["x", None, "y", None], "kind"), KIND)
    assert found["percent:kind", "overall", ()].value.value == 1
    assert found["percent:kind", "overall", ()].events == 1
    assert found["percent_joint:kind", "overall", ()].value.value == 1 / 3
    assert found["percent_joint:kind", "overall", ()].events == 3


def test_sets_are_compared_by_what_they_share() -> None:
    given = both([("x", "y"), ("x",), ("z",)], [("y", "x"), ("x", "y"), ("x",)], "many")
    found = overall(given, MANY)
    assert found["percent"] == 1 / 3
    assert found["jaccard"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert found["jaccard_joint"] == found["jaccard"]
    apart = {"alpha_jaccard": 0 + 0.5 + 1, "alpha_masi": 0 + (1 - 0.5 * 2 / 3) + 1}
    for name, observed in apart.items():
        sets = [frozenset(v) for v in ("xy", "xy", "x", "xy", "z", "x")]
        expected = 0.0
        for one, other in itertools.permutations(sets, 2):
            shared = len(one & other) / len(one | other)
            nested = 1 if one == other else 2 / 3 if one <= other or other <= one else 0
            expected += 1 - shared * (nested if name == "alpha_masi" else 1)
        assert found[name] == pytest.approx(1 - 2 * observed / 6 / (expected / 30), abs=1e-15)


def test_ratings_have_weighted_kappas_and_icc() -> None:
    dice = np.random.default_rng(2)
    first = dice.integers(1, 6, 80)
    second = np.clip(first + dice.integers(-1, 2, 80), 1, 5)
    found = pair(both(first.astype(float).tolist(), second.astype(float).tolist(), "stars"), STARS)
    for weights in ("linear", "quadratic"):
        expected = cohen_kappa_score(first, second, weights=weights)
        assert found[f"kappa_{weights}"] == pytest.approx(expected, abs=3e-16)
        assert found[f"kappa_{weights}_joint"] == pytest.approx(expected, abs=3e-16)
    assert {"icc", "alpha_ordinal", "alpha_interval", "percent"} <= set(found)
    assert "bias" not in found


def test_a_missing_rating_is_as_far_as_the_scale_goes() -> None:
    found = pair(both([1.0, 5.0, 3.0, 2.0], [1.0, 4.0, None, 2.0], "stars"), STARS)
    codes = {1: 0, 2: 1, 3: 2, 4: 3, 5: 4}
    first, second = [0, 4, 2, 1], [0, 3, 5, 1]
    steps = np.full((6, 6), 4.0)
    steps[:5, :5] = np.abs(np.subtract.outer(list(codes.values()), list(codes.values())))
    steps[5, 5] = 0
    observed = np.mean([steps[a, b] for a, b in zip(first, second, strict=True)])
    chance = np.mean([steps[a, b] for a in first for b in second])
    assert found["kappa_linear_joint"] == pytest.approx(1 - observed / chance, abs=2e-16)


def test_numbers_have_bias_limits_and_a_tolerance() -> None:
    given = both([1.0, 3.0, 5.0, 7.0], [1.1, 3.0, 6.0, None], "size")
    found = pair(given, SIZE)
    assert found["bias"] == pytest.approx(1.1 / 3)
    spread = 1.96 * np.std([0.1, 0, 1], ddof=1)
    assert found["limit_low"] == pytest.approx(1.1 / 3 - spread)
    assert found["limit_high"] == pytest.approx(1.1 / 3 + spread)
    assert (found["within"], found["within_joint"]) == (1 / 3, 1 / 4)
    near = AttributeSettings({"size": 0.1}, TimeSettings(draws=0))
    rows = rows_of(given, SIZE, settings=near)
    assert rows["within:size", "overall", ()].value.value == 2 / 3


def test_texts_are_compared_by_edits() -> None:
    found = overall(both(["kitten", "same", "alone"], ["sitting", "same", None], "note"), NOTE)
    assert found["similarity"] == pytest.approx((1 - 3 / 7 + 1) / 2)
    assert found["similarity_joint"] == pytest.approx((1 - 3 / 7 + 1) / 3)
    assert (found["percent"], found["percent_joint"]) == (0.5, 1 / 3)


def test_a_field_for_some_labels_is_asked_about_those_only() -> None:
    asked = KIND.model_copy(update={"per_label": ("a",)})
    marks: list[Mark] = [
        (0, who, label, 20 * label, 20 * label + 10, {"kind": "x"})
        for who in (0, 1)
        for label in (0, 1)
    ]
    found = rows_of(regions(marks), asked)
    assert found["percent:kind", "overall", ()].events == 1
    assert found["percent:kind", "label", ("b",)].value.reason == NO_ANSWER


def test_reasons() -> None:
    same = rows_of(both(["x", "x"], ["x", "x"], "kind"), KIND)
    assert same["kappa:kind", "pair", ("A", "B")].value.reason == NO_VARIATION
    assert same["alpha:kind", "overall", ()].value.reason == NO_VARIATION
    assert same["percent:kind", "overall", ()].value.value == 1
    one = rows_of(both([2.0], [3.0], "size"), SIZE)
    assert one["icc:size", "pair", ("A", "B")].value.reason == TOO_FEW
    assert one["limit_low:size", "pair", ("A", "B")].value.reason == TOO_FEW
    apart = rows_of(
        regions([(0, 0, 0, 0, 5, {"kind": "x"}), (0, 1, 0, 9, 15, {"kind": "x"})]), KIND
    )
    assert apart["kappa:kind", "pair", ("A", "B")].value.reason == NO_ANSWER
    assert apart["percent_joint:kind", "overall", ()].value.value == 0


def test_a_field_that_nobody_answered_has_no_rows() -> None:
    assert rows_of(both(["x"], ["x"], "kind"), NOTE, SIZE, STARS) == {}
    assert rows_of(both(["  "], [" "], "note"), NOTE) == {}
    assert rows_of(both(["x"], ["y"], "size"), SIZE) == {}


def test_a_group_has_the_mean_kappa_of_its_pairs() -> None:
    dice = np.random.default_rng(3)
    marks: list[Mark] = [
        (at % 4, who, 0, 10 * at, 10 * at + 5, {"kind": str(dice.choice(list("xyz")))})
        for who in range(3)
        for at in range(40)
    ]
    settings = AttributeSettings(intervals=TimeSettings(draws=50))
    found = rows_of(regions(marks, "ABC", 4), KIND, settings=settings)
    kappas = [
        found["kappa:kind", "pair", of].value.value for of in (("A", "B"), ("A", "C"), ("B", "C"))
    ]
    whole = found["kappa:kind", "overall", ()]
    assert whole.value.value == pytest.approx(np.mean(np.array(kappas, float)))
    assert whole.value.low is not None
    assert whole.value.low < (whole.value.value or 0) < (whole.value.high or 0)
    assert (whole.events, whole.tasks) == (120, 4)
    own = found["kappa:kind", "annotator", ("A",)].value.value
    assert own == pytest.approx(np.mean(np.array(kappas[:2], float)))
    assert ("kappa:kind", "task", ("t0",)) not in found
    assert found["alpha:kind", "task", ("t0",)].events == 30


def test_instants_have_answers_too() -> None:
    marks: list[Mark] = [
        (0, 0, 0, 3, 3, {"kind": "x"}), (0, 1, 0, 4, 4, {"kind": "x"}),
        (0, 0, 0, 10, 20, {"kind": "y"}), (0, 1, 0, 10, 20, {"kind": "z"}),
        (0, 0, 0, 30, 30, {"kind": "y"}),
    ]  # fmt: skip
    found = rows_of(regions(marks), KIND, points=True)
    assert found["percent:kind", "overall", ()].value.value == 0.5
    assert found["percent_joint:kind", "overall", ()].value.value == 1 / 3
    ranges = rows_of(regions(marks), KIND)
    assert ranges["percent_joint:kind", "overall", ()].events == 1


def test_order_of_annotators_does_not_matter() -> None:
    first, second = ["x", "y", "z", "x"], ["x", "z", "z", "y"]
    assert overall(both(first, second, "kind"), KIND) == overall(both(second, first, "kind"), KIND)


def test_tasks_split_add_up() -> None:
    marks: list[Mark] = [
        (0, who, at % 2, 20 * at, 20 * at + 9, {"kind": "xyz"[(at * (who + 2)) % 3]})
        for at in range(12)
        for who in (0, 1)
    ]
    split = [(at // 6, *mark[1:]) for at, mark in zip(np.repeat(range(12), 2), marks, strict=True)]
    assert overall(regions(marks), KIND) == overall(regions(split, tasks=2), KIND)


def test_a_pair_that_shares_a_task_but_no_time_breaks_nobody_elses_numbers() -> None:
    marks: list[Mark] = [(0, who, 0, 10, 20, {"kind": "x"}) for who in (0, 1)]
    given = regions(marks, "ABC")
    reviewed = Extents.of([0, 0, 0], [0, 1, 2], [0, 0, 5 * 10**7], [5 * 10**7, 5 * 10**7, 10**9])
    found = rows_of(replace(given, table=replace(given.table, reviewed=reviewed)), KIND)
    assert found["percent:kind", "pair", ("A", "B")].value.value == 1
    assert found["percent:kind", "pair", ("A", "C")].value.reason == NO_ANSWER
