"""Measures of time against scikit-learn, statsmodels, pyannote.metrics, krippendorff and irrCAC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.span_tables import random_table, study, table_of_runs
from numpy.typing import NDArray
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.detection import DetectionPrecisionRecallFMeasure
from pyannote.metrics.identification import IdentificationErrorRate
from sklearn.metrics import cohen_kappa_score, jaccard_score
from statsmodels.stats.inter_rater import fleiss_kappa

from tslab.agreement.panel import TimeSettings
from tslab.agreement.time.metrics import TimeAgreement, time_metrics
from tslab.agreement.values import Readers
from tslab.span_table import SpanTable

GOLDEN = json.loads((Path(__file__).parent / "golden" / "coincidence.json").read_text())
QUIET = TimeSettings(draws=0)


def measured(table: SpanTable, settings: TimeSettings = QUIET) -> TimeAgreement:
    return time_metrics("tier", table, Readers(table.annotators), settings)


def values(found: TimeAgreement, by: str, *of: str) -> dict[str, float | None]:
    """Values of one level by the name of the measure, without ``time/``."""
    return {
        row.metric.removeprefix("time/"): row.value.value
        for row in found.rows
        if row.by == by and row.of == of
    }


def intervals(table: SpanTable) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Elementary intervals: length ``(n,)`` and labels ``(annotators, n, labels)``, by brute force.

    All annotators reviewed everything; each task contributes its own borders.
    """
    lengths: list[int] = []
    cells: list[NDArray[np.bool_]] = []
    for task in range(len(table.tasks)):
        seen = table.reviewed.task == task
        low, high = int(table.reviewed.start[seen].min()), int(table.reviewed.end[seen].max())
        rows = np.flatnonzero((table.task == task) & (table.end > table.start))
        borders = np.unique([low, high, *table.start[rows], *table.end[rows]])
        on = np.zeros((len(table.annotators), len(borders) - 1, len(table.labels)), bool)
        for row in rows.tolist():
            inside = (borders[:-1] >= table.start[row]) & (borders[1:] <= table.end[row])
            on[table.annotator[row], inside, table.label[row]] = True
        lengths += np.diff(borders).tolist()
        cells.append(on)
    return np.array(lengths), np.concatenate(cells, axis=1)


def joint(on: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One number for each set of labels."""
    return np.asarray(on @ (1 << np.arange(on.shape[-1])))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("overlapping", [False, True])
def test_pairs_equal_scikit_learn(seed: int, overlapping: bool) -> None:
    table = random_table(seed, ticks=500, spans=20, overlapping=overlapping)
    length, on = intervals(table)
    found = measured(table)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        names = table.annotators[one], table.annotators[other]
        got = values(found, "pair", *names)
        a, b = on[one], on[other]
        kappa = cohen_kappa_score(joint(a), joint(b), sample_weight=length)
        assert got["cohen_kappa"] == pytest.approx(kappa, abs=4.5e-16)
        marked = (a | b).any(axis=1)
        alike = jaccard_score(a[marked], b[marked], average="samples", sample_weight=length[marked])
        assert got["jaccard"] == pytest.approx(alike, abs=4.5e-16)
        per_label = jaccard_score(a, b, average=None, sample_weight=length)
        assert got["iou"] == pytest.approx(per_label.mean(), abs=4.5e-16)
        pooled = jaccard_score(a, b, average="micro", sample_weight=length)
        assert got["iou_pooled"] == pytest.approx(pooled, abs=4.5e-16)
        for label, name in enumerate(table.labels):
            got = values(found, "pair-label", *names, name)
            kappa = cohen_kappa_score(a[:, label], b[:, label], sample_weight=length)
            assert got["iou"] == pytest.approx(per_label[label], abs=4.5e-16)
            assert got["cohen_kappa"] == pytest.approx(kappa, abs=4.5e-16)


def test_pairs_equal_scikit_learn_on_a_grid_of_milliseconds() -> None:
    table = study(1, tasks=2, annotators=2, seconds=600)
    grid = np.zeros((2, 2, 600_000), np.int8)
    for row in range(len(table)):
        at = table.annotator[row], table.task[row]
        grid[at][table.start[row] // 1000 : table.end[row] // 1000] = table.label[row] + 1
    a, b = grid.reshape(2, -1)
    got = values(measured(table), "pair", "a0", "a1")
    assert got["cohen_kappa"] == pytest.approx(cohen_kappa_score(a, b), abs=1.2e-16)
    iou = jaccard_score(a, b, labels=[1, 2, 3], average="macro")
    assert got["iou"] == pytest.approx(iou, abs=1.2e-16)
    assert got["percent_agreement"] == pytest.approx(np.mean(a == b), abs=1.2e-16)


@pytest.mark.parametrize("seed", range(5))
def test_fleiss_equals_statsmodels(seed: int) -> None:
    table = random_table(seed, annotators=4, ticks=300, spans=12, overlapping=False)
    length, on = intervals(table)
    classes = joint(on)
    counts = np.stack([(classes == c).sum(axis=0) for c in np.unique(classes)], axis=1)
    items = np.repeat(counts, length, axis=0)
    got = values(measured(table), "overall")
    assert got["fleiss_kappa"] == pytest.approx(fleiss_kappa(items), abs=2.3e-16)
    for label, name in enumerate(table.labels):
        said = on[:, :, label].sum(axis=0)
        binary = np.repeat(np.stack([4 - said, said], axis=1), length, axis=0)
        got = values(measured(table), "label", name)
        assert got["fleiss_kappa"] == pytest.approx(fleiss_kappa(binary), abs=2e-15)


def spoken(table: SpanTable, annotator: int, label: int | None = None) -> Annotation:
    out = Annotation(uri="t")
    for row in np.flatnonzero((table.annotator == annotator) & (table.task == 0)).tolist():
        if label is None or table.label[row] == label:
            segment = Segment(table.start[row] / 1e6, table.end[row] / 1e6)
            out[segment, row] = table.labels[table.label[row]]
    return out


def test_dice_and_coverage_equal_pyannote() -> None:
    table = study(3, tasks=1, annotators=2)
    extent = Timeline([Segment(0, 1800)])
    found = measured(table)
    for label, name in enumerate(table.labels):
        got = values(found, "pair-label", "a0", "a1", name)
        metric: Any = DetectionPrecisionRecallFMeasure()
        sides = spoken(table, 0, label), spoken(table, 1, label)
        assert got["dice"] == pytest.approx(metric(*sides, uem=extent), abs=9.8e-15)
        precision, recall, _ = metric.compute_metrics()
        assert got["coverage_first"] == pytest.approx(recall, abs=9.8e-15)
        assert got["coverage_second"] == pytest.approx(precision, abs=9.8e-15)


def test_confusion_equals_pyannote() -> None:
    table = study(4, tasks=1, annotators=2)
    found = measured(table)
    metric: Any = IdentificationErrorRate()
    parts = metric(
        spoken(table, 0), spoken(table, 1), uem=Timeline([Segment(0, 1800)]),
        detailed=True,
    )  # fmt: skip
    hours = next(table.hours for table in found.confusions if table.by == "pair") * 3600
    assert hours[1:].sum() == pytest.approx(parts["total"], abs=4e-11)
    assert np.trace(hours[1:, 1:]) == pytest.approx(parts["correct"], abs=4e-11)
    apart = hours[1:, 1:].sum() - np.trace(hours[1:, 1:])
    assert apart == pytest.approx(parts["confusion"], abs=4e-11)
    assert hours[1:, 0].sum() == pytest.approx(parts["missed detection"], abs=4e-11)
    assert hours[0, 1:].sum() == pytest.approx(parts["false alarm"], abs=4e-11)
    assert hours.sum() == pytest.approx(1800, abs=1e-9)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["seed"]))
def test_groups_equal_krippendorff_and_irrcac(case: dict[str, Any]) -> None:
    # What is left beyond the last place is irrCAC's: see test_oracle_digits.py.
    table = table_of_runs(case["readings"], GOLDEN["labels"])
    got = values(measured(table, TimeSettings(unit=1, draws=0)), "overall")
    assert got["krippendorff_alpha"] == pytest.approx(case["krippendorff.alpha"], abs=1.4e-15)
    assert got["krippendorff_alpha"] == pytest.approx(case["irrCAC.krippendorff"], abs=1.4e-15)
    assert got["gwet_ac1"] == pytest.approx(case["irrCAC.gwet"], abs=3e-15)
    if case["seed"] % 2 == 0:  # nobody is missing
        assert got["fleiss_kappa"] == pytest.approx(case["irrCAC.fleiss"], abs=5e-16)
    if len(case["readings"]) == 2 and case["seed"] % 2 == 0:
        assert got["cohen_kappa"] == pytest.approx(case["irrCAC.conger"], abs=5e-16)
        pair = values(measured(table, TimeSettings(unit=1, draws=0)), "pair", "a0", "a1")
        alpha = case["krippendorff.alpha"]
        assert pair["krippendorff_alpha"] == pytest.approx(alpha, abs=1.4e-15)
        assert pair["gwet_ac1"] == pytest.approx(case["irrCAC.gwet"], abs=4.5e-16)


def test_the_golden_cases_are_varied() -> None:
    cases = GOLDEN["cases"]
    assert {len(case["readings"]) for case in cases} == {2, 3, 4, 5}
    assert any(run[0] < 0 for case in cases for runs in case["readings"] for run in runs)
