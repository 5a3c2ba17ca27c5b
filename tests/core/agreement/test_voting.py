"""Voting on patterns: against crowd-kit, SimpleITK and grids; presence, ties, weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.vote_tables import grid, table
from numpy.typing import NDArray

from tslab.agreement.consensus.dawid_skene import dawid_skene
from tslab.agreement.consensus.patterns import Votes, moments_of
from tslab.agreement.consensus.staple import staple
from tslab.agreement.consensus.voting import Rule, vote

GOLDEN = json.loads((Path(__file__).parent / "golden" / "consensus.json").read_text())
ITEMS, READERS, CLASSES = 400, 5, 4


def said(seed: int) -> NDArray[np.int64]:
    """The same labels as in tests/oracles/consensus.py."""
    dice = np.random.default_rng(seed)
    truth = dice.choice(CLASSES, ITEMS, p=[0.5, 0.25, 0.15, 0.1])
    out = np.empty((ITEMS, READERS), np.int64)
    for reader, skill in enumerate([0.95, 0.9, 0.8, 0.7, 0.55]):
        wrong = dice.random(ITEMS) > skill
        out[:, reader] = np.where(wrong, dice.integers(0, CLASSES, ITEMS), truth)
    absent = (dice.random((ITEMS, READERS)) < 0.1) & (np.arange(READERS) > 1)
    return np.where(absent, -1, out)


@pytest.mark.parametrize("study", GOLDEN["studies"], ids=lambda study: f"seed {study['seed']}")
def test_dawid_skene_equals_crowd_kit(study: dict[str, Any]) -> None:
    labels = said(study["seed"])
    for golden in study["dawid_skene"]:
        model = dawid_skene(labels, np.ones(ITEMS), CLASSES, rounds=golden["rounds"], tolerance=-1)
        assert model.rounds == golden["rounds"]
        assert np.abs(model.confusion - golden["confusion"]).max() <= 9e-15
        assert np.abs(model.priors - golden["priors"]).max() <= 9e-15


@pytest.mark.parametrize("study", GOLDEN["studies"], ids=lambda study: f"seed {study['seed']}")
def test_patterns_with_weights_equal_items_one_by_one(study: dict[str, Any]) -> None:
    labels = said(study["seed"])
    patterns, inverse, count = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    one = dawid_skene(labels, np.ones(ITEMS), CLASSES, rounds=20, tolerance=-1)
    few = dawid_skene(patterns, count.astype(float), CLASSES, rounds=20, tolerance=-1)
    np.testing.assert_allclose(few.posterior[inverse.ravel()], one.posterior, atol=1e-12)
    np.testing.assert_allclose(few.confusion, one.confusion, atol=1e-12)


@pytest.mark.parametrize("study", GOLDEN["studies"], ids=lambda study: f"seed {study['seed']}")
def test_staple_equals_simpleitk(study: dict[str, Any]) -> None:
    on, golden = said(study["seed"]) == 0, study["staple"]
    patterns, inverse, count = np.unique(on, axis=0, return_inverse=True, return_counts=True)
    found = staple(patterns, np.ones_like(patterns), count.astype(float))
    assert np.abs(found.posterior[inverse.ravel()] - golden["posterior"]).max() <= 3.1e-8
    assert np.abs(found.sensitivity - golden["sensitivity"]).max() <= 3.1e-8
    assert np.abs(found.specificity - golden["specificity"]).max() <= 3.1e-8


@pytest.mark.parametrize("seed", range(50))
def test_moments_say_what_a_grid_says(seed: int) -> None:
    marks = table(seed)
    on, there = grid(marks)
    moments = moments_of(marks)
    covered = np.zeros((2, 100), bool)
    for number in range(len(moments)):
        task, pattern = moments.task[number], moments.pattern[number]
        for time in range(moments.start[number], moments.end[number]):
            assert (moments.votes.on[pattern] == on[task, time]).all()
            assert (moments.votes.present[pattern] == there[task, time]).all()
            covered[task, time] = True
    assert (covered == there.any(axis=2)).all()
    assert moments.votes.weight.sum() == covered.sum()


@pytest.mark.parametrize("seed", range(20))
def test_majority_is_counted_as_on_a_grid(seed: int) -> None:
    marks = table(seed)
    on, there = grid(marks)
    moments = moments_of(marks)
    decided = vote(moments.votes, Rule("majority")).decided
    for number in range(len(moments)):
        task, time = moments.task[number], moments.start[number]
        votes, voters = on[task, time].sum(axis=0), there[task, time].sum()
        expected = np.where(2 * votes == voters, -1, (2 * votes > voters).astype(int))
        assert (decided[moments.pattern[number]] == expected).all()


def votes(*rows: str, weight: float = 1.0) -> Votes:
    """Patterns such as "x-_xy": who says x, nothing (-), is absent (_), says y."""
    letters = {"x": [1, 0], "y": [0, 1], "-": [0, 0], "_": [0, 0], "b": [1, 1]}
    on = np.array([[letters[who] for who in row] for row in rows], bool)
    present = np.array([[who != "_" for who in row] for row in rows])
    return Votes(present, on, np.full(len(rows), weight))


@pytest.mark.parametrize(
    ("row", "rule", "expected"),
    [
        ("xx-", Rule(exclusive=True), [1, 0]),
        ("x--", Rule(exclusive=True), [0, 0]),
        ("x-", Rule(exclusive=True), [-1, 0]),
        ("xy", Rule(exclusive=True), [-1, -1]),
        ("xxyy-", Rule(exclusive=True), [-1, -1]),
        ("xxyy", Rule(exclusive=True, exhaustive=True), [-1, -1]),
        ("xxy-", Rule(exclusive=True, exhaustive=True), [1, 0]),
        ("xxy---", Rule(exclusive=True, exhaustive=True), [1, 0]),
        ("x_", Rule(exclusive=True), [1, 0]),
        ("x___-", Rule(), [-1, 0]),
        ("b-x", Rule(), [1, 0]),
        ("bxy", Rule(exclusive=True), [-1, -1]),
        ("xxy", Rule(least=3), [0, 0]),
        ("xxy", Rule(least=2), [1, 0]),
        ("xxyy", Rule(least=2, exclusive=True), [-1, -1]),
        ("xx_", Rule("intersection"), [1, 0]),
        ("xx-", Rule("intersection"), [0, 0]),
        ("x-y", Rule("union"), [1, 1]),
        ("x--", Rule("union", exclusive=True), [1, 0]),
        ("x-y", Rule("union", exclusive=True), [-1, -1]),
        ("xxy", Rule("union", exclusive=True), [-1, -1]),
        ("xxy", Rule("union", exclusive=True, least=2), [1, 0]),
        ("xxyy", Rule("union", exclusive=True, least=2), [-1, -1]),
        ("x--", Rule("weighted", weights=np.array([3.0, 1.0, 1.0])), [1, 0]),
        ("x--", Rule("weighted", weights=np.array([2.0, 1.0, 1.0])), [-1, 0]),
        ("x-_", Rule("weighted", weights=np.array([1.5, 1.0, 9.0])), [1, 0]),
    ],
)
def test_decisions(row: str, rule: Rule, expected: list[int]) -> None:
    assert vote(votes(row), rule).decided[0].tolist() == expected


def test_thirds_are_counted_exactly() -> None:
    weights = np.array([0.1, 0.2, 0.3])
    assert vote(votes("xx-"), Rule("weighted", weights=weights)).decided[0, 0] == -1


@pytest.mark.parametrize("method", ["dawid-skene", "staple"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_models_follow_the_annotators_who_agree(method: Any, exclusive: bool) -> None:
    # The third annotator says x and y at random; the others agree nearly always.
    rows = ["xxx", "xxy", "yyx", "yyy", "--x", "--y", "---", "x-x", "xy-"]
    weights = np.array([100, 80, 90, 70, 100, 90, 200, 1, 2.0])
    plain = votes(*rows)
    outcome = vote(Votes(plain.present, plain.on, weights), Rule(method, exclusive))
    assert outcome.decided[1].tolist() == [1, 0]
    assert outcome.decided[4].tolist() == [0, 0]
    for values in outcome.quality.values():
        assert values[2] < values[0]


@pytest.mark.parametrize("method", ["dawid-skene", "staple"])
def test_the_unit_of_time_makes_no_difference(method: Any) -> None:
    rows = ["xx-", "x--", "---", "xxx", "yy-", "_yx"]
    one = vote(votes(*rows, weight=1e3), Rule(method, exclusive=True))
    other = vote(votes(*rows, weight=1e9), Rule(method, exclusive=True))
    np.testing.assert_allclose(one.support, other.support, atol=1e-9)


def test_a_class_that_nobody_says_takes_no_share() -> None:
    outcome = vote(votes("xx", "xy", "yy"), Rule("dawid-skene", exclusive=True, exhaustive=True))
    np.testing.assert_allclose(outcome.support.sum(axis=1), 1.0)
