"""Events and instants of real annotators, next to what the reference packages say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import combinations

import numpy as np
import pytest
from kit.event_tables import table_of
from kit.real_readings import BLOCK, DATA, WAVES, needs, spindles, waves
from scipy.optimize import linear_sum_assignment

from tslab.agreement.events.criteria import AnyOverlap, Iou
from tslab.agreement.events.instant_metrics import InstantSettings, instant_metrics
from tslab.agreement.events.matching import match_events, match_instants
from tslab.agreement.events.metrics import EventSettings, event_metrics
from tslab.agreement.events.szcore import Detection, detections
from tslab.agreement.panel import TimeSettings
from tslab.agreement.unitizing.holistic import HolisticSettings, holistic_rows
from tslab.agreement.values import Readers
from tslab.span_table import SpanTable

QUICK = TimeSettings(draws=200)
SECOND = 1_000_000


@needs("eeg/moda_spindles")
def test_spindles_of_three_groups() -> None:
    table = spindles()
    assert len(table) == 1604 + 1402 + 1646
    pairs = list(combinations(range(3), 2))
    thresholds = (0.2, 0.5)
    found = match_events(table, pairs, [Iou(t) for t in thresholds])
    for matches, threshold in zip(found, thresholds, strict=True):
        counts = matches.counts.found.reshape(3, 200).sum(axis=1)
        for pair, (one, other) in enumerate(pairs):
            assert counts[pair] == _by_scipy(table, one, other, threshold)
    report = event_metrics("spindles", table, Readers(table.annotators), EventSettings())
    values = {(row.metric, row.by, row.of): row.value for row in report.rows}
    f1 = {
        of: round(value.value or 0, 3)
        for (name, by, of), value in values.items()
        if name == "event/f1@0.5" and by == "pair"
    }
    assert f1 == {("a0", "a1"): 0.742, ("a0", "a2"): 0.739, ("a1", "a2"): 0.727}
    overall = values[("event/f1@0.5", "overall", ())]
    assert overall.low is not None
    assert overall.value is not None
    assert overall.low < overall.value
    alpha = {row.metric: row.value.value for row in holistic_rows(
        "spindles", table, Readers(table.annotators), HolisticSettings(samples=3))
        if row.by == "overall"}  # fmt: skip
    assert 0.4 < (alpha["gamma"] or 0) < 1
    assert 0.4 < (alpha["unitizing/alpha_u"] or 0) < 1


def _by_scipy(table: SpanTable, one: int, other: int, threshold: float) -> int:
    total = 0
    for task in range(len(table.tasks)):
        sides = [(table.task == task) & (table.annotator == who) for who in (one, other)]
        a, b = ((table.start[own], table.end[own]) for own in sides)
        both = np.minimum(a[1][:, None], b[1]) - np.maximum(a[0][:, None], b[0])
        either = np.maximum(a[1][:, None], b[1]) - np.minimum(a[0][:, None], b[0])
        allowed = (both > 0) & (both / np.maximum(either, 1) >= threshold)
        rows, columns = linear_sum_assignment(allowed, maximize=True)
        total += int(allowed[rows, columns].sum())
    return total


@needs("eeg/moda_spindles")
def test_spindles_by_any_overlap_equal_timescoring() -> None:
    annotations = pytest.importorskip("timescoring.annotations")
    scoring = pytest.importorskip("timescoring.scoring")
    table = spindles()
    ours = detections(table, (0, 1), Detection())
    # timescoring works at 10 Hz and the spindles are at 100 Hz: a tenfold of every time is exact.
    wanted = np.zeros(3, int)
    for task in range(200):
        sides = [
            [
                (start / 1e5, end / 1e5)
                for start, end in zip(table.start[own].tolist(), table.end[own].tolist(),
                                      strict=True)
            ]
            for own in ((table.task == task) & (table.annotator == who) for who in (0, 1))
        ]  # fmt: skip
        readings = [annotations.Annotation(spans, 10, (BLOCK - 1) * 10 // 10) for spans in sides]
        score = scoring.EventScoring(*readings, scoring.EventScoring.Parameters(0, 0, 0, 10**9, 0))
        wanted += np.array([score.refTrue, score.tp, score.fp])
    counts = [int(part.sum()) for part in (ours.reference, ours.found, ours.alarms)]
    assert counts == wanted.tolist()


def wave_table() -> SpanTable:
    kinds = list(WAVES.values())
    rows = [
        (task, who, kinds.index(kind), at, at)
        for task, readings in enumerate(waves().values())
        for who, marks in enumerate(readings.values())
        for at, kind in marks
    ]
    return table_of(rows, tasks=5, labels=3, until=900 * SECOND)


@needs("ecg/qtdb")
def test_waves_of_two_readers() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    table = wave_table()
    tolerance = 150_000
    found = match_instants(table, (0, 1), tolerance)
    for task in range(5):
        for label in range(3):
            sides = [
                table.start[(table.task == task) & (table.annotator == who)
                            & (table.label == label)].astype(float)
                for who in (0, 1)
            ]  # fmt: skip
            wanted = len(mir_eval.util.match_events(*sides, tolerance))
            assert found.counts.found[task, label] == wanted
    # What README.md of the data measured: record, wave, mean of q2c - q1c in ms.
    bias = {(int(i), int(k)): [] for i in range(5) for k in range(3)}  # type: ignore[var-annotated]
    for item, label, error in zip(found.item, found.label, found.onset, strict=True):
        bias[(int(item), int(label))].append(error / 1000)
    for record, means in enumerate([(-3, -8, 2), (4, -13, 4), (1, -2, -3), (12, 11, 44),
                                    (22, 32, -72)]):  # fmt: skip
        assert [round(float(np.mean(bias[(record, k)]))) for k in range(3)] == list(means)
    settings = InstantSettings(tolerance, intervals=QUICK)
    report = instant_metrics("waves", table, Readers(table.annotators), settings)
    values = {(row.metric, row.by, row.of): row.value.value for row in report.rows}
    assert 0.9 < (values[("instant/f1", "overall", ())] or 0) <= 1
    assert 0.004 <= (values[("instant/median_error", "label", ("L0",))] or 0) <= 0.02


def anomalies() -> tuple[SpanTable, list[str]]:
    raw = [
        json.loads((DATA / "iot/nab/labels/raw" / f"{name}_labels_v1.0.json").read_text())
        for name in ("AL", "CB", "SA")
    ]
    files = sorted(set.intersection(*(set(part) for part in raw)))
    times = {
        (task, who): [_microseconds(text) for text in part[name]]
        for task, name in enumerate(files)
        for who, part in enumerate(raw)
    }
    rows = [(task, who, 0, at, at) for (task, who), own in times.items() for at in own]
    return table_of(rows, tasks=len(files), annotators=3, labels=1, until=2**51), files


def _microseconds(text: str) -> int:
    return round(datetime.fromisoformat(text + "+00:00").timestamp() * 1e6)


@needs("iot/nab")
def test_anomalies_of_three_raters() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    table, files = anomalies()
    assert len(files) == 7
    day = 86_400 * SECOND
    pairs = list(combinations(range(3), 2))
    found = match_instants(table, pairs, day)
    counts = found.counts.found.reshape(3, len(files))
    for pair, sides in enumerate(pairs):
        for task in range(len(files)):
            times = [
                table.start[(table.task == task) & (table.annotator == who)].astype(float)
                for who in sides
            ]
            assert counts[pair, task] == len(mir_eval.util.match_events(*times, day))
    rows = instant_metrics(
        "anomalies", table, Readers(table.annotators), InstantSettings(day, intervals=QUICK)
    ).rows
    overall = next(row for row in rows if (row.metric, row.by) == ("instant/f1", "overall"))
    both = int(found.counts.reference.sum() + found.counts.hypothesis.sum())
    assert overall.value.value == pytest.approx(2 * counts.sum() / both)
    assert overall.events == len(table)  # of each rater once, not once for each pair
    # A file in which two raters saw nothing has no F1 between them; it has a reason.
    tasks = [row for row in rows if (row.metric, row.by) == ("instant/f1", "task")]
    assert len(tasks) == len(files)
    assert all(row.value.value is not None or row.value.reason for row in tasks)


def gait() -> SpanTable:
    rows = []
    names = ("Test5_Trial1", "Test5_Trial2", "Test11_Trial1")
    for task, name in enumerate(names):
        text = (DATA / f"gait/mobgap/HA_001_{name}.json").read_text()
        systems = json.loads(text)["reference_systems"]
        for who, system in enumerate(("Stereophoto", "INDIP")):
            for bout in systems[system]["ContinuousWalkingPeriod"]:
                rows.append((task, who, 0, *(_ticks([bout["start_s"], bout["end_s"]]))))
                rows += [(task, who, 1, t, t) for t in _ticks(bout["initial_contacts_s"])]
    return table_of(rows, tasks=3, until=200 * SECOND)


def _ticks(seconds: Iterable[float | None]) -> list[int]:
    return [round(value * 1e6) for value in seconds if value is not None]


@needs("gait/mobgap")
def test_bouts_and_contacts_of_two_systems() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    table = gait()
    assert (table.label[~table.instants] == 0).sum() == 16
    any_overlap, half = match_events(table, (0, 1), [AnyOverlap(), Iou(0.5)])
    assert any_overlap.counts.found[:, 0].sum() >= half.counts.found[:, 0].sum() >= 6
    contacts = match_instants(table, (0, 1), 100_000)
    for task in range(3):
        times = [
            table.start[(table.task == task) & (table.annotator == who) & table.instants]
            for who in (0, 1)
        ]
        wanted = len(mir_eval.util.match_events(*(t.astype(float) for t in times), 100_000))
        assert contacts.counts.found[task, 1] == wanted
    # One of the 59 contacts has no time in the file.
    assert contacts.counts.reference[:, 1].tolist() == [10, 9, 58]
    assert contacts.counts.hypothesis[:, 1].tolist() == [9, 9, 63]
    assert abs(np.median(contacts.onset)) < 60_000
