"""Five scorers of sleep: kappas on runs equal those of scikit-learn on epochs."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from tslab.agreement.panel import TimeSettings
from tslab.agreement.time_metrics import time_metrics
from tslab.agreement.values import Readers
from tslab.span_table import Extents, SpanTable

DATA = Path(os.environ.get("TSLAB_DATA") or Path(__file__).parents[4] / "shared" / "data")
SCORERS = DATA / "sleep" / "dod_hypnograms" / "scorers"
EPOCH = 30_000_000
STAGES = ("W", "N1", "N2", "N3", "R")
NAMES = tuple(f"scorer_{number}" for number in range(1, 6))

pytestmark = pytest.mark.skipif(
    not SCORERS.is_dir(), reason=f"no hypnograms at {SCORERS}; set TSLAB_DATA"
)


def hypnograms() -> dict[str, NDArray[np.int64]]:
    """Stages of each night, int ``(scorers, epochs)``; -1 was not scored."""
    nights = sorted({path.name for path in SCORERS.glob("*/scorer_1/*.json")})
    out = {}
    for night in nights:
        (folder,) = (path.parents[1] for path in SCORERS.glob(f"*/scorer_1/{night}"))
        out[night] = np.array([json.loads((folder / who / night).read_text()) for who in NAMES])
    return out


def table_of(nights: dict[str, NDArray[np.int64]]) -> SpanTable:
    """One run for each stretch of a stage; what a scorer left out he did not review."""
    rows = []
    for task, stages in enumerate(nights.values()):
        for who, row in enumerate(stages):
            at = 0
            for stage, group in itertools.groupby(row.tolist()):
                end = at + len(list(group))
                if stage >= 0:
                    rows.append((task, who, stage, at * EPOCH, end * EPOCH))
                at = end
    task, who, stage, start, end = np.array(rows).T
    columns = {"task": task, "annotator": who, "label": stage, "start": start, "end": end}
    extents = Extents.of(task, who, start, end)
    return SpanTable.of((list(nights), NAMES, STAGES), columns, extents)


def test_kappas_equal_scikit_learn() -> None:
    nights = hypnograms()
    assert len(nights) == 21
    table = table_of(nights)
    found = time_metrics("stage", table, Readers(NAMES), TimeSettings(draws=200))
    value = {(row.metric, row.by, row.of): row.value for row in found.rows}
    whole = np.concatenate(list(nights.values()), axis=1)
    kappas = []
    for one, other in itertools.combinations(range(5), 2):
        both = (whole[one] >= 0) & (whole[other] >= 0)
        a, b = whole[one][both], whole[other][both]
        kappas.append(cohen_kappa_score(a, b))
        pair = NAMES[one], NAMES[other]
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


def test_nights_equal_scikit_learn_and_statsmodels() -> None:
    nights = hypnograms()
    found = time_metrics("stage", table_of(nights), Readers(NAMES), TimeSettings(draws=0))
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
