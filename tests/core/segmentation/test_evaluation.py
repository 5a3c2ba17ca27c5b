"""Figures of reports against sklearn, and reasons where there is no figure."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.small_models import DOMAIN, example, known, tier, truth
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from tslab.segmentation.evaluation.report import LEAST_NOTHING, calibration
from tslab.segmentation.evaluation.scores import score
from tslab.segmentation.examples.matching import matched_events, matched_instants
from tslab.spans import Span
from tslab.tolerances import instant_tolerance


def states(dice: random.Random) -> list[Span]:
    cuts = sorted(dice.sample(range(601), 7))
    pairs = itertools.pairwise(cuts)
    labels = ["Up", "Down", None]
    chosen = [(a / 10, b / 10, dice.choice(labels)) for a, b in pairs]
    return [Span(a, b, label, "state", 0.5) for a, b, label in chosen if label]


def on_a_grid(spans: Sequence[Span], reviewed: Sequence[tuple[float, float]]) -> list[str]:
    """The label of each tenth of a second that was reviewed."""
    times = [i / 10 + 0.05 for i in range(600)]
    seen = [t for t in times if any(a <= t < b for a, b in reviewed)]
    return [next((s.label for s in spans if s.start <= t < s.end), "") for t in seen]


@given(st.randoms(use_true_random=False), st.booleans())
def test_time_figures_are_those_of_sklearn(dice: random.Random, partly: bool) -> None:
    reviewed = [(0.0, 12.3), (20.0, 51.7)] if partly else [(0.0, 60.0)]
    reference, hypothesis = states(dice), states(dice)
    if not reference and not hypothesis:
        return
    found = tier(
        score([known(*reference, reviewed={"state": reviewed})], {"r1": hypothesis}, DOMAIN),
        "state",
    )
    true, said = on_a_grid(reference, reviewed), on_a_grid(hypothesis, reviewed)
    names = sorted({*true, *said} - {""})
    if not names:
        assert found.macro_f1 is None
        return
    present = sorted(set(true) | set(said), key=lambda name: (not name, name))
    matrix = confusion_matrix(true, said, labels=present) / 10
    if 0 < true.count("") < LEAST_NOTHING * len(true):
        return  # slivers are no class here
    assert list(found.confusion.classes) == present
    assert np.allclose(found.confusion.seconds, matrix)
    recalls = [
        row[i] / row.sum() for i, row in enumerate(matrix) if row.sum()
    ]  # balanced_accuracy_score warns where a class was predicted and does not exist
    assert found.balanced_accuracy == pytest.approx(np.mean(recalls))
    if set(said) <= set(true):
        assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(true, said))
    each = f1_score(true, said, labels=names, average=None, zero_division=0)
    assert {x.label: x.time_f1 for x in found.labels if x.time_f1 is not None} == pytest.approx(
        dict(zip(names, each, strict=True))
    )
    assert found.macro_f1 == pytest.approx(np.mean(each))


def test_overlapping_intervals_share_their_time() -> None:
    reference = [Span(0, 10, "Leak", "event"), Span(0, 10, "Blip", "event")]
    found = tier(
        score(
            [known(*reference, reviewed={"event": [(0, 20)]})],
            {"r1": [Span(0, 10, "Leak", "event")]},
            DOMAIN,
        ),
        "event",
    )
    assert found.confusion.classes == ["Blip", "Leak", ""]
    assert found.confusion.seconds == [[0, 0, 5], [0, 5, 0], [0, 0, 10]]
    assert np.sum(found.confusion.seconds) == 20
    assert {x.label: x.time_f1 for x in found.labels} == {"Leak": 1, "Blip": 0}


def test_a_label_that_is_never_found_counts() -> None:
    """The reference's smallest class F1 leaves out classes with F1 0 (defect 8)."""
    spans = [Span(0, 10, "Up", "state"), Span(20, 30, "Down", "state")]
    found = tier(
        score([known(*spans, reviewed={"state": [(0, 60)]})], {"r1": spans[:1]}, DOMAIN), "state"
    )
    assert found.macro_f1 == 0.5
    assert found.balanced_accuracy == pytest.approx(2 / 3)
    assert found.event_f1 == pytest.approx(2 / 3)


borders = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8)


@given(borders, borders)
def test_events_match_one_to_one(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    reference = [(a, a + n) for a, n in left]
    hypothesis = [(a, a + n) for a, n in right]
    pairs = matched_events(reference, hypothesis)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    overlap = np.zeros((len(reference), len(hypothesis)))
    for i, one in enumerate(reference):
        for j, other in enumerate(hypothesis):
            common = max(0, min(one[1], other[1]) - max(one[0], other[0]))
            overlap[i, j] = common / (max(one[1], other[1]) - min(one[0], other[0]))
    assert all(overlap[pair] >= 0.5 for pair in pairs)
    taken = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, j in np.argwhere(overlap >= 0.5):
        assert i in taken[0] or j in taken[1], "a pair was left lying"
    if len(reference) and len(hypothesis):
        best = linear_sum_assignment(overlap < 0.5)
        most = int((overlap >= 0.5)[best].sum())
        assert 2 * len(pairs) >= most


@given(st.lists(st.integers(0, 99), max_size=9), st.lists(st.integers(0, 99), max_size=9))
def test_instants_match_as_often_as_they_can(left: list[int], right: list[int]) -> None:
    reference, hypothesis = sorted(left), sorted(right)
    pairs = matched_instants(reference, hypothesis, 7)
    assert all(abs(reference[i] - hypothesis[j]) <= 7 for i, j in pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    near = np.abs(np.subtract.outer(reference, hypothesis)) <= 7
    most = (maximum_bipartite_matching(csr_matrix(near)) >= 0).sum() if near.size else 0
    assert len(pairs) == most


@pytest.mark.parametrize(
    ("rows", "tolerance"),
    [
        ([[0, 800_000, 1_600_000]], 160_000),
        ([[0], [5]], 500_000),
        ([[0, 60_000_000]], 500_000),
        ([[0, 10_000, 20_000]], 20_000),
        ([[7, 7]], 500_000),
    ],
)
def test_the_tolerance_follows_the_distance(rows: list[list[int]], tolerance: int) -> None:
    assert instant_tolerance(rows) == tolerance


def test_instants_within_the_tolerance_are_found() -> None:
    beats = [Span(t, t, "N", "beat") for t in (1, 2, 3, 4)]
    said = [Span(t, t, "N", "beat", 0.8) for t in (1.19, 2.21, 3)] + [Span(4, 4, "V", "beat")]
    examples = [known(*beats, reviewed={"beat": [(0, 60)]})]
    found = tier(score(examples, {"r1": said}, DOMAIN), "beat")
    assert found.tolerance == 0.2
    assert found.instant_f1 == 0.5
    assert found.missing["balanced_accuracy"] == "no ranges, neither true nor predicted"
    assert found.confusion.classes == []
    wider = tier(score(examples, {"r1": said}, DOMAIN, {"beat": 0.3}), "beat")
    assert (wider.tolerance, wider.instant_f1) == (0.3, 0.75)


def test_only_reviewed_time_is_judged() -> None:
    """A prediction that lies mostly outside is not wrong; one that lies mostly inside is."""
    spans = [Span(10, 20, "Leak", "event")]
    said = [
        Span(10, 20, "Leak", "event"), Span(28, 60, "Leak", "event"), Span(26, 31, "Blip", "event"),
        Span(40, 41, "Blip", "event"),
    ]  # fmt: skip
    report = score([known(*spans, reviewed={"event": [(0, 30)]})], {"r1": said}, DOMAIN)
    found = tier(report, "event")
    assert found.event_f1 == pytest.approx(2 / 3)
    assert found.calibration.missing == "none of 2 regions has a score"
    assert report.missing["ece"] == "none of 2 regions has a score"


def test_events_that_disputes_cut_are_whole_again() -> None:
    """One long prediction is not right in each of the pieces that were reviewed."""
    reviewed = {"event": [(0, 10), (12, 14), (20, 30)]}
    pieces = [Span(8, 10, "Leak", "event"), Span(12, 14, "Leak", "event")]
    other = Span(22, 24, "Leak", "event")
    examples = [known(*pieces, other, reviewed=reviewed)]
    whole = tier(score(examples, {"r1": [Span(8, 14, "Leak", "event"), other]}, DOMAIN), "event")
    assert (whole.event_f1, whole.labels[0].events.reference) == (1, 2)
    everything = tier(score(examples, {"r1": [Span(0, 60, "Leak", "event")]}, DOMAIN), "event")
    assert everything.event_f1 == 0
    assert everything.labels[0].time_f1 == pytest.approx(2 * 6 / (6 + 22))


def test_calibration_is_the_mean_distance() -> None:
    found = calibration([(0.95, True), (1.0, False), (0.25, False), (0.25, False)])
    assert found.error == pytest.approx((2 * abs(0.975 - 0.5) + 2 * 0.25) / 4)
    assert [(b.count, b.right) for b in found.bins if b.count] == [(2, 0.0), (2, 0.5)]
    perfect = calibration([(0.5, True), (0.5, False)])
    assert perfect.error == 0
    assert calibration([]).missing == "no regions were predicted"


def test_undefined_figures_have_reasons_not_zeros() -> None:
    report = score([known(reviewed={"state": [(0, 60)]})], {}, DOMAIN)
    assert set(report.scores.values()) == {None}
    assert report.scores.keys() == report.missing.keys()
    assert all(report.missing.values())
    nothing = score([], {}, DOMAIN)
    assert nothing.tiers == []
    assert nothing.missing["overall"] == "nothing was compared"


def test_reports_are_json_without_nan() -> None:
    report = score([example()], {"r1": truth()}, DOMAIN)
    text = json.dumps(report.document(), allow_nan=False)
    assert json.loads(text)["scores"]["overall"] == 1
    assert "trials" not in json.loads(text)
