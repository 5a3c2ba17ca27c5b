"""Five scorers of sleep: kappas on runs equal those of scikit-learn on epochs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from kit.real_readings import SCORERS, STAGES, hypnograms, needs, sleep_table
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import time_metrics
from tslab.agreement.values import Readers

pytestmark = needs("sleep/dod_hypnograms")


def test_kappas_equal_scikit_learn() -> None:
    nights = hypnograms()
    assert len(nights) == 21
    table = sleep_table(nights)
    found = time_metrics("stage", table, Readers(SCORERS), TimeSettings(draws=200))
    value = {(row.metric, row.by, row.of): row.value for row in found.rows}
    whole = np.concatenate(list(nights.values()), axis=1)
    kappas = []
    for one, other in itertools.combinations(range(5), 2):
        both = (whole[one] >= 0) & (whole[other] >= 0)
        a, b = whole[one][both], whole[other][both]
        kappas.append(cohen_kappa_score(a, b))
        pair = SCORERS[one], SCORERS[other]
        got = value["time/cohen_kappa", "pair", pair]
        assert got.value == pytest.approx(kappas[-1], abs=1e-12)
        assert got.low is not None
        assert got.high is not None
        assert got.low < kappas[-1] < got.high
        for label, stage in enumerate(STAGES):
            got = value["time/cohen_kappa", "pair-label", (*pair, stage)]
            kappa = cohen_kappa_score(a == label, b == label)
            assert got.value == pytest.approx(kappa, abs=1e-12)
    overall = value["time/cohen_kappa", "overall", ()]
    assert overall.value == pytest.approx(np.mean(kappas), abs=1e-12)
    assert round(overall.value or 0, 3) == 0.711


def test_nights_equal_scikit_learn_and_statsmodels() -> None:
    nights = hypnograms()
    found = time_metrics("stage", sleep_table(nights), Readers(SCORERS), TimeSettings(draws=0))
    value = {(row.metric, row.of): row.value.value for row in found.rows if row.by == "task"}
    means = []
    for night, stages in nights.items():
        kappas = []
        for one, other in itertools.combinations(stages, 2):
            both = (one >= 0) & (other >= 0)
            kappas.append(cohen_kappa_score(one[both], other[both]))
        means.append(np.mean(kappas))
        assert value["time/cohen_kappa", (night,)] == pytest.approx(means[-1], abs=1e-12)
        all_there = stages[:, (stages >= 0).all(axis=0)]
        counts = np.stack([(all_there == stage).sum(axis=0) for stage in range(5)], axis=1)
        fleiss = fleiss_kappa(counts[:, counts.any(axis=0)])
        assert value["time/fleiss_kappa", (night,)] == pytest.approx(fleiss, abs=1e-12)
    # The README of the data names the outlier.
    assert round(min(means), 2) == 0.35
    assert list(nights)[int(np.argmin(means))].startswith("095d6e40")
