"""The benchmark of agreement measures what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmarks.agreement import (
    THRESHOLDS,
    Cost,
    compiled,
    main,
    numbers,
    plain_overlap,
    study,
    sums,
    verdict,
)
from benchmarks.agreement_peers import peers

from tslab.agreement.events.criteria import Iou
from tslab.agreement.events.matching import match_events
from tslab.agreement.kernels.contingency import pairs_of
from tslab.agreement.kernels.overlaps import overlaps
from tslab.agreement.kernels.runs import runs_of
from tslab.agreement.kernels.stream import items_of, stream
from tslab.agreement.values import Readers


def test_the_yardstick_finds_the_same_overlaps() -> None:
    table = study(4, 6, 30)
    pairs = pairs_of(table, Readers(table.annotators))
    runs = runs_of(table)
    batches = stream(runs, items_of(runs.presence, pairs))
    assert plain_overlap(table, pairs) == sum(len(batch.overlaps) for batch in batches)


def test_sums_are_the_matches_of_the_table() -> None:
    table = study(3, 5, 40)
    pairs = pairs_of(table, Readers(table.annotators))
    _, found, borders = sums(table, pairs)
    for one, other in zip(
        found, match_events(table, pairs, [Iou(t) for t in THRESHOLDS]), strict=True
    ):
        assert np.array_equal(one.counts.found, other.counts.found)
    assert len(borders.onset) == found[2].counts.found.sum() > 0


def test_numba_gives_the_same() -> None:
    kernel = compiled()
    if kernel is None:
        pytest.skip("numba is the extra tslab[fast]")
    table = study(3, 5, 40)
    pairs = pairs_of(table, Readers(table.annotators))
    plain, fast = (sums(table, pairs, each) for each in (overlaps, kernel))
    assert np.array_equal(plain[0].agreed, fast[0].agreed)
    assert plain[0].confusion is not None
    assert fast[0].confusion is not None
    assert np.array_equal(plain[0].confusion, fast[0].confusion)
    assert np.array_equal(plain[2].onset, fast[2].onset)
    assert numbers(table, pairs) == numbers(table, pairs, kernel)


def test_annotators_of_the_study_nearly_agree() -> None:
    table = study(2, 20, 50)
    assert 20 * 50 * 2 * 0.8 < len(table) < 20 * 50 * 2
    found, matches, _ = sums(table, pairs_of(table, Readers(table.annotators)))
    assert 0.6 < found.both.sum() / (found.label_first.sum()) < 0.99
    assert matches[0].counts.found.sum() > matches[4].counts.found.sum()


def test_it_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tasks", "4", "--rounds", "1", "--json"]) == 0
    (costs,) = json.loads(capsys.readouterr().out).values()
    assert {"plain overlap", "sums", "numbers", "result"} <= set(costs)
    assert all(second > 0 for pair in costs.values() for second in pair)


def test_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    good = {"plain overlap": Cost(0.1, 1), "numbers": Cost(0.14, 1)}
    assert verdict(good) == 0
    assert verdict({**good, "numbers": Cost(0.16, 1)}) == 1
    assert verdict({**good, "numbers": Cost(0.14, 1, ratio=1.6)}) == 1
    assert verdict({**good, "numbers, numba": Cost(0.3, 1)}) == 1
    assert "1.40 plain overlaps" in capsys.readouterr().out


def test_peers_are_measured() -> None:
    costs = peers(study(2, 1, 20))
    assert {"scikit-learn, kappa, 1 kHz", "pyannote, confusion"} <= set(costs)
    assert all(spent.processor > 0 for spent in costs.values())
